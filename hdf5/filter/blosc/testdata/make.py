"""Makes the witness files: chunks as written by c-blosc 1.21 through h5py and
hdf5plugin, and manifest.txt with the length and SHA-256 of what the library
reads back. Run in this folder: python make.py"""
import hashlib, os, tempfile
import h5py, hdf5plugin, numpy as np


def pattern(n, size):
    """n elements of size bytes: a parabola with noise, zeros and text in it."""
    i = np.arange(n, dtype=np.uint64)
    v = i * i // 7 + 3 * i
    noise = (i * np.uint64(6364136223846793005)) ^ (i << np.uint64(23))
    v = np.where((i % 97 < 5), noise, v)
    v = np.where((i > n // 3) & (i < n // 2), 0, v)
    b = np.zeros((n, size), np.uint8)
    for j in range(size):
        b[:, j] = (v >> np.uint64(8 * (j % 8))) & np.uint64(255)
    b.reshape(-1)[-min(n * size, 200):] = np.frombuffer(b"lorem ipsum dolor sit amet, " * 8, np.uint8)[:min(n * size, 200)]
    return b


def write(name, n, size, noise=False, **options):
    a = pattern(n, size)
    if noise:
        a = np.random.default_rng(n).integers(0, 256, (n, size), dtype=np.uint8)
    a = np.ascontiguousarray(a).reshape(-1).view(f"V{size}")
    path = os.path.join(tempfile.mkdtemp(), "a.h5")
    with h5py.File(path, "w") as f:
        d = f.create_dataset("d", shape=(n,), dtype=a.dtype, chunks=(n,), **hdf5plugin.Blosc(**options))
        d[...] = a
        mask, raw = d.id.read_direct_chunk((0,))
        assert mask == 0, name
        got = d[...].tobytes()
        assert got == a.tobytes()
    with open(name, "wb") as f:
        f.write(raw)
    manifest.write(f"{name} {len(got)} {hashlib.sha256(got).hexdigest()}\n")


manifest = open("manifest.txt", "w")
sizes = {0: 3, 1: 4, 2: 2}
for codec in ["blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"]:
    for shuffle in (0, 1, 2):
        size = sizes[shuffle]
        write(f"{codec}_s{shuffle}.b1", 1003, size, cname=codec, clevel=5, shuffle=shuffle)
write("blocks.b1", 21001, 8, cname="zstd", clevel=3, shuffle=1)
write("blocks_split.b1", 20003, 4, cname="lz4", clevel=1, shuffle=1)
write("blocks_bits.b1", 9001, 8, cname="zstd", clevel=1, shuffle=2)
write("bits_multiple.b1", 1000, 5, cname="lz4", clevel=5, shuffle=2)
write("bytes17.b1", 700, 17, cname="blosclz", clevel=9, shuffle=1)
write("bytes16.b1", 2100, 16, cname="blosclz", clevel=9, shuffle=1)
write("bytes255.b1", 60, 255, cname="lz4", clevel=9, shuffle=1)
write("bytes300.b1", 60, 300, cname="lz4", clevel=9, shuffle=1)
