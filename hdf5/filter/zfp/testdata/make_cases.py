"""Writes ZFP chunks with HDF5's own plugin and records what it reads back.

usage: make_cases.py OUT.gz COUNT SEED [MAXVALUES] [noise]

Needs h5py, hdf5plugin, numpy. Each case, little-endian words of 32 bits:
count of client values, values, length of the chunk, chunk, length of the
decoded bytes, decoded bytes, 1 where the chunk is the plugin's own output
(0 where it is noise that only the decoder saw), length of the original, original.
"""
import gzip
import io
import struct
import sys

import h5py
import hdf5plugin
import numpy as np

TYPES = ["<f4", "<f8", "<i4", "<i8"]


def shape_of(rng, most):
    rank = int(rng.integers(1, 5))
    while True:
        side = {1: most, 2: 40, 3: 14, 4: 8}[rank]
        s = [int(rng.integers(1, side + 1)) for _ in range(rank)]
        for _ in range(int(rng.integers(0, 2)) * int(rng.integers(0, 3))):
            s.insert(int(rng.integers(0, len(s) + 1)), 1)
        if 2 <= np.prod(s) <= most:
            return tuple(s)


def smooth(rng, shape):
    a = np.zeros(shape)
    for i, n in enumerate(shape):
        x = np.linspace(0, rng.uniform(0.1, 3), n)
        a = a + np.sin(x * rng.uniform(0, 9) + rng.uniform(0, 6)).reshape([-1 if j == i else 1 for j in range(len(shape))])
    return a


def values_of(rng, dtype, shape):
    kind = rng.choice(["smooth", "normal", "bits", "const", "zeros", "sparse", "tiny", "huge", "special", "ramp"])
    dt = np.dtype(dtype)
    n = int(np.prod(shape))
    if kind == "bits":
        return np.frombuffer(rng.bytes(n * dt.itemsize), dt).reshape(shape)
    if kind == "zeros":
        return np.zeros(shape, dt)
    if kind == "const":
        return np.full(shape, rng.integers(-100, 100), dt)
    if kind == "ramp":
        return (np.arange(n) % 1000).reshape(shape).astype(dt)
    a = rng.normal(size=shape) if kind in ("normal", "special") else smooth(rng, shape)
    if kind == "sparse":
        a = a * (rng.random(shape) < 0.1)
    if dt.kind == "i":
        return (a * 2.0 ** rng.integers(1, 8 * dt.itemsize - 4)).astype(dt)
    info = np.finfo(dt)
    with np.errstate(all="ignore"):
        if kind == "tiny":
            a = a * (float(info.tiny) * 2.0 ** rng.integers(-20, 6))
        elif kind == "huge":
            a = a * (float(info.max) / 16 * 2.0 ** rng.integers(-3, 3))
        elif kind != "smooth":
            a = a * 2.0 ** rng.integers(-30, 30)
        a = a.astype(dt)
    if kind == "special":
        flat = a.reshape(-1)
        for v in (np.nan, np.inf, -np.inf, -0.0, info.smallest_subnormal, info.max):
            flat[rng.integers(0, n)] = v
    return a


def mode_of(rng, dtype, bare):
    m = "expert" if bare else rng.choice(["rate", "precision", "accuracy", "reversible", "expert"])
    size = np.dtype(dtype).itemsize
    if m == "rate":
        return dict(rate=float(rng.choice([rng.uniform(0.1, 8 * size), rng.integers(1, 8 * size + 1)])))
    if m == "precision":
        return dict(precision=int(rng.integers(1, 65)))
    if m == "accuracy":
        return dict(accuracy=float(2.0 ** rng.integers(-40, 20) * rng.uniform(1, 2)))
    if m == "reversible":
        return dict(reversible=True)
    # Below 13 bits a block the plugin's encoder writes past its buffer.
    hi = int(rng.choice([1, 2, 9, 12] if bare else [13, 30, 100, 500, 1500, 4000, 16658]))
    lo = min(hi, int(rng.choice([1, 2, 9, 30, 100, 500, 1500])))
    return dict(minbits=lo, maxbits=hi, maxprec=int(rng.integers(1, 65)), minexp=int(rng.choice([-1074, -200, -20, 0, 5])))


def disturb(rng, chunk, shape):
    """Keeps some of chunk, behind it noise, behind that zeros enough for any mode."""
    blocks = int(np.prod([-(-n // 4) for n in shape]))
    mask = int(rng.choice([255, 60, 1]))
    junk = bytearray(chunk) + bytes(b & mask for b in rng.bytes(blocks * int(rng.integers(1, 300))))
    for _ in range(int(rng.integers(0, 20))):
        junk[rng.integers(0, len(junk))] ^= 1 << int(rng.integers(0, 8))
    return bytes(junk) + bytes(blocks * 4100)


def swapped(f, vals):
    """Reads d from a copy of f whose client data are those of a big-endian writer."""
    turned = vals[:1] + tuple(int.from_bytes(v.to_bytes(4, "little"), "big") for v in vals[1:])
    old, new = (struct.pack("<%dI" % len(v), *v) for v in (vals, turned))
    image = f.id.get_file_image()
    assert image.count(old) == 1
    with h5py.File(io.BytesIO(image.replace(old, new)), "r") as g:
        return turned, g["d"][...].tobytes()


def case(rng, most, noise):
    dtype, shape = str(rng.choice(TYPES)), shape_of(rng, most)
    data = np.ascontiguousarray(values_of(rng, dtype, shape))
    bare = noise and rng.random() < 0.3
    ours = not noise
    with h5py.File("x.h5", "w", driver="core", backing_store=False) as f:
        ds = f.create_dataset("d", shape, dtype, chunks=shape, **hdf5plugin.Zfp(**mode_of(rng, dtype, bare)))
        chunk = b""
        if not bare:
            ds[...] = data
            f.flush()
            mask, chunk = ds.id.read_direct_chunk((0,) * len(shape))
            assert mask == 0
        if noise:
            chunk = disturb(rng, chunk, shape)
            ds.id.write_direct_chunk((0,) * len(shape), chunk)
        f.flush()
        back = ds[...].tobytes()
        vals = ds.id.get_create_plist().get_filter(0)[2]
        if rng.random() < 0.1:
            ours = False
            vals, back = swapped(f, vals)
    w = struct.pack("<I%dI" % len(vals), len(vals), *vals)
    orig = data.tobytes() if ours else b""
    for b in (chunk, back):
        w += struct.pack("<I", len(b)) + b
    return w + struct.pack("<II", int(ours), len(orig)) + orig


def main():
    out, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    most = int(sys.argv[4]) if len(sys.argv) > 4 else 4000
    rng = np.random.default_rng(seed)
    with gzip.GzipFile(out, "wb", mtime=0) as g:
        for _ in range(count):
            g.write(case(rng, most, "noise" in sys.argv))


main()
