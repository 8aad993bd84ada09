"""Makes the witness files: frames as written by c-blosc2 through blosc2,
PyTables and hdf5plugin, and manifest.txt with the length and SHA-256 of what
the library reads back. Run in this folder: python make.py"""
import hashlib, os, tempfile
import blosc2, h5py, hdf5plugin, numpy as np, tables
from blosc2 import Codec, Filter, SplitMode


def pattern(n, size):
    """n elements of size bytes: a parabola with noise and zeros in it."""
    i = np.arange(n, dtype=np.uint64)
    v = i * i // 7 + 3 * i
    noise = (i * np.uint64(6364136223846793005)) ^ (i << np.uint64(23))
    v = np.where((i % 97 < 5), noise, v)
    v = np.where((i > n // 3) & (i < n // 2), 0, v)
    b = np.zeros((n, size), np.uint8)
    for j in range(size):
        b[:, j] = (v >> np.uint64(8 * (j % 8))) & np.uint64(255)
    return b.tobytes()


def save(name, frame, got):
    with open(name, "wb") as f:
        f.write(bytes(frame))
    manifest.write(f"{name} {len(got)} {hashlib.sha256(bytes(got)).hexdigest()}\n")


def schunk(name, n, size, chunk, data=None, **params):
    data = pattern(n, size) if data is None else data
    s = blosc2.SChunk(chunksize=chunk * size, data=data, cparams=dict(typesize=size, nthreads=1, **params))
    assert s[:] == data or Filter.TRUNC_PREC in params["filters"], f"{name}: the library lost data in writing"
    save(name, s.to_cframe(), s[:])


def array(name, shape, chunks, blocks, size=4, dtype=None, **params):
    a = np.frombuffer(pattern(int(np.prod(shape)), size), dtype or f"V{size}").reshape(shape)
    x = blosc2.asarray(a, chunks=chunks, blocks=blocks, cparams=dict(nthreads=1, **params))
    got = np.ascontiguousarray(x[...]).tobytes()
    assert got == a.tobytes() or Filter.NDMEAN in params["filters"], f"{name}: the library lost data in writing"
    save(name, x.to_cframe(), got)


def dataset(name, make):
    path = os.path.join(tempfile.mkdtemp(), "a.h5")
    make(path)
    with h5py.File(path) as f:
        d = f["d"]
        mask, raw = d.id.read_direct_chunk((0,) * d.ndim)
        assert mask == 0
        save(name, raw, d[tuple(slice(0, c) for c in d.chunks)].tobytes())


def via_pytables(shape, dtype, **filters):
    def make(path):
        with tables.open_file(path, "w") as f:
            a = np.frombuffer(pattern(int(np.prod(shape)), np.dtype(dtype).itemsize), dtype).reshape(shape)
            f.create_carray("/", "d", obj=a, chunkshape=shape, filters=tables.Filters(**filters))
    return make


def via_hdf5plugin(shape, size, **options):
    def make(path):
        a = np.frombuffer(pattern(int(np.prod(shape)), size), f"V{size}").reshape(shape)
        with h5py.File(path, "w") as f:
            f.create_dataset("d", data=a, chunks=shape, **hdf5plugin.Blosc2(**options))
    return make


manifest = open("manifest.txt", "w")
codecs = dict(blosclz=Codec.BLOSCLZ, lz4=Codec.LZ4, lz4hc=Codec.LZ4HC, zlib=Codec.ZLIB, zstd=Codec.ZSTD)
for name, codec in codecs.items():
    schunk(f"{name}_plain.b2", 400, 5, 400, codec=codec, filters=[Filter.NOFILTER], clevel=5)
    schunk(f"{name}_shuffle.b2", 703, 4, 500, codec=codec, filters=[Filter.SHUFFLE], clevel=9, blocksize=512)
    schunk(f"{name}_bits.b2", 703, 2, 300, codec=codec, filters=[Filter.BITSHUFFLE], clevel=1)
zstd = dict(codec=Codec.ZSTD, clevel=5)
schunk("delta.b2", 700, 8, 700, filters=[Filter.DELTA, Filter.SHUFFLE], blocksize=1024, **zstd)
schunk("delta_alone.b2", 700, 3, 333, filters=[Filter.DELTA], blocksize=300, **zstd)
schunk("delta_width2.b2", 900, 2, 900, filters=[Filter.DELTA, Filter.BITSHUFFLE], blocksize=512, **zstd)
schunk("bytedelta.b2", 700, 4, 500, filters=[Filter.SHUFFLE, Filter.BYTEDELTA], filters_meta=[0, 4], **zstd)
schunk("bytedelta_meta0.b2", 701, 6, 500, filters=[Filter.SHUFFLE, Filter.BYTEDELTA], **zstd)
schunk("trunc.b2", 700, 4, 700, data=np.linspace(0, 9, 700, dtype="f4").tobytes(),
       filters=[Filter.TRUNC_PREC, Filter.SHUFFLE], filters_meta=[9, 0], **zstd)
# Not three: c-blosc2 3.3.5 stores other bytes than the definition gives when
# three or more filters change the data, and loses it.
schunk("two.b2", 700, 8, 700, filters=[Filter.SHUFFLE, Filter.BITSHUFFLE], filters_meta=[3, 0], **zstd)
schunk("split.b2", 700, 4, 500, codec=Codec.LZ4, filters=[Filter.SHUFFLE], splitmode=SplitMode.ALWAYS_SPLIT, clevel=5)
schunk("level0.b2", 300, 4, 200, filters=[Filter.SHUFFLE], codec=Codec.LZ4, clevel=0)
schunk("noise.b2", 500, 4, 500, data=np.random.default_rng(1).bytes(2000), filters=[Filter.SHUFFLE], **zstd)
schunk("runs.b2", 900, 4, 500, data=b"\0" * 1000 + b"\7" * 1500 + bytes(range(220)) * 5, filters=[Filter.SHUFFLE],
       codec=Codec.LZ4, blocksize=256, clevel=5)
schunk("typesize300.b2", 40, 300, 25, filters=[Filter.SHUFFLE], **zstd)
text = b"".join(b"item %d of the list, colour %d; " % (k * k, k % 7) for k in range(1200))
schunk("dict_zstd.b2", len(text), 1, len(text), data=text, filters=[Filter.NOFILTER], use_dict=True, blocksize=2048, **zstd)
schunk("dict_lz4.b2", len(text), 1, len(text), data=text, filters=[Filter.NOFILTER], use_dict=True, blocksize=2048,
       codec=Codec.LZ4, clevel=5)
save("chunk.b2", blosc2.compress2(pattern(300, 4), typesize=4, filters=[Filter.SHUFFLE], **zstd), pattern(300, 4))

array("nd_edges.b2", (13, 17), (13, 17), (5, 6), filters=[Filter.SHUFFLE], **zstd)
array("nd_chunks.b2", (13, 17, 9), (6, 7, 9), (4, 3, 5), size=2, filters=[Filter.BITSHUFFLE], **zstd)
array("nd_rows.b2", (20, 30), (10, 30), (3, 30), filters=[Filter.SHUFFLE], **zstd)
array("nd_delta.b2", (30, 21), (30, 21), (8, 9), filters=[Filter.DELTA, Filter.SHUFFLE], **zstd)
array("nd_four.b2", (5, 4, 6, 7), (3, 4, 6, 5), (2, 2, 3, 5), filters=[Filter.SHUFFLE], codec=Codec.LZ4, clevel=5)
array("nd_cells.b2", (20, 23), (20, 23), (10, 11), filters=[Filter.NDCELL, Filter.SHUFFLE], filters_meta=[4, 0], **zstd)
array("nd_mean.b2", (20, 23), (20, 23), (10, 11), size=8, dtype="f8", filters=[Filter.NDMEAN, Filter.SHUFFLE],
      filters_meta=[4, 0], **zstd)
array("nd_v300.b2", (7, 9), (5, 9), (3, 4), size=300, filters=[Filter.SHUFFLE], **zstd)
for kind, x in dict(
    zeros=blosc2.zeros((40, 50), dtype="i4", chunks=(13, 17), blocks=(5, 6)),
    nans=blosc2.nans((40, 50), dtype="f8", chunks=(13, 17), blocks=(5, 6)),
    full=blosc2.full((40, 50), 7, dtype="i2", chunks=(13, 17), blocks=(5, 6)),
    full300=blosc2.full((90,), b"abc" * 100, dtype="S300", chunks=(40,), blocks=(20,)),
    line_nans=blosc2.nans((900,), dtype="f4", chunks=(300,), blocks=(100,)),
).items():
    save(f"special_{kind}.b2", x.to_cframe(), np.ascontiguousarray(x[...]).tobytes())

dataset("pytables_line.b2", via_pytables((700,), "i4", complevel=5, complib="blosc2:lz4", shuffle=True))
dataset("pytables_cube.b2", via_pytables((9, 11, 13), "u2", complevel=5, complib="blosc2:zstd", bitshuffle=True))
dataset("pytables_plane.b2", via_pytables((31, 45), "u8", complevel=9, complib="blosc2:blosclz", shuffle=True))
dataset("hdf5plugin_delta.b2", via_hdf5plugin((500,), 4, cname="lz4", filters=hdf5plugin.Blosc2.DELTA))
dataset("hdf5plugin_plane.b2", via_hdf5plugin((33, 20), 12, cname="zlib", filters=hdf5plugin.Blosc2.SHUFFLE))
