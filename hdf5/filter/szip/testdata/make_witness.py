"""Makes witness.jsonl.gz: chunks that szlib and libhdf5 really wrote.

Each line holds client data, element size, stored chunk and decoded bytes. The
chunks come from libhdf5 (h5py) where HDF5 can ask for the parameters, else from
szlib's own SZ_BufftoBuffCompress (libsz.so.2), decoded by the same library.

usage: make_witness.py OUT COUNT SEED [small]
"""
import base64
import ctypes
import gzip
import json
import random
import struct
import sys

import h5py
import numpy as np

out, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
small = len(sys.argv) > 4
rng, rnd = np.random.default_rng(seed), random.Random(seed)
NN, EC = 32, 4


class Param(ctypes.Structure):
    _fields_ = [(n, ctypes.c_int) for n in ("mask", "bpp", "ppb", "pps")]


sz = ctypes.CDLL("libsz.so.2")
for f in (sz.SZ_BufftoBuffCompress, sz.SZ_BufftoBuffDecompress):
    f.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_size_t), ctypes.c_char_p, ctypes.c_size_t, ctypes.POINTER(Param)]


def values(n, bits, kind):
    top = (1 << bits) - 1
    if kind == "noise":
        v = rng.integers(0, top, n, dtype=np.uint64, endpoint=True)
    elif kind == "walk":
        v = np.cumsum(rng.integers(-3, 4, n)).astype(np.int64) + (top >> 1)
    elif kind == "steep":
        v = np.cumsum(rng.integers(-(top // 8) - 1, top // 8 + 2, n)).astype(np.int64)
    elif kind == "sparse":
        v = np.where(rng.random(n) < 0.01, rng.integers(0, min(top, 9), n, endpoint=True), 0)
    elif kind == "zero":
        v = np.zeros(n)
    elif kind == "runs":
        v = np.repeat(rng.integers(0, top, n // 50 + 1, dtype=np.uint64, endpoint=True), 50)[:n]
    elif kind == "few":
        v = rng.integers(0, 2, n, endpoint=True)
    else:  # mixed
        v = np.concatenate([values(n // 6 + 1, bits, k) for k in ("noise", "walk", "zero", "few", "runs", "sparse")])[:n]
    return v.astype(np.int64).astype(np.uint64) & np.uint64(top)


KINDS = ["noise", "walk", "steep", "sparse", "zero", "runs", "few", "mixed"]


def case(name, cd, size, src, want):
    b = lambda x: base64.b64encode(x).decode()
    return json.dumps(dict(name=name, values=[int(x) for x in cd], size=size, src=b(src), want=b(want)))


def from_szlib():
    bpp = rnd.choice(list(range(1, 32)) + [32, 64, 8, 16, 32, 64])
    ppb = rnd.choice([2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 8, 16, 32])
    pps = rnd.choice([ppb, ppb * rnd.randint(1, 128), rnd.randint(ppb, ppb * 128), rnd.randint(ppb, ppb * 8)])
    mask = rnd.choice([NN, EC]) | rnd.choice([8, 16]) | rnd.choice([128, 129])
    n = rnd.randint(1, 400 if small else 20000)
    size = 8 if bpp == 64 else 4 if bpp > 16 else 2 if bpp > 8 else 1
    kind = rnd.choice(KINDS)
    order = ">" if mask & 16 else "<"
    raw = values(n, bpp, kind).astype(order + "u%d" % size).tobytes()
    p = Param(mask, bpp, ppb, pps)
    comp = ctypes.create_string_buffer(len(raw) * 6 + 100000)
    clen = ctypes.c_size_t(len(comp))
    if sz.SZ_BufftoBuffCompress(comp, clen, raw, len(raw), p) != 0:
        return None
    back = ctypes.create_string_buffer(len(raw))
    blen = ctypes.c_size_t(len(raw))
    assert sz.SZ_BufftoBuffDecompress(back, blen, comp.raw[: clen.value], clen.value, p) == 0
    assert back.raw == raw and blen.value == len(raw)
    return case("szlib %s %d bit" % (kind, bpp), [mask, ppb, bpp, pps], size, struct.pack("<I", len(raw)) + comp.raw[: clen.value], raw)


def from_libhdf5():
    dt = np.dtype(rnd.choice(["<", ">"]) + rnd.choice(["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]))
    rank = rnd.randint(1, 3)
    shape = tuple(rnd.randint(1, [400, 20, 7][rank - 1] if small else [30000, 150, 30][rank - 1]) for _ in range(rank))
    n = int(np.prod(shape))
    ppb = 2 * rnd.randint(1, 16)
    if ppb > n:
        return None
    kind = rnd.choice(KINDS)
    bits = dt.itemsize * 8
    a = values(n, bits, kind)
    a = np.cumsum(rng.normal(size=n)).astype(dt) if dt.kind == "f" else a.astype(dt)
    a = a.reshape(shape)
    with h5py.File("w", "w", driver="core", backing_store=False) as f:
        d = f.create_dataset("d", data=a, chunks=shape, compression="szip", compression_opts=(rnd.choice(["nn", "ec"]), ppb))
        cd = d.id.get_create_plist().get_filter(0)[2]
        fmask, src = d.id.read_direct_chunk((0,) * rank)
        if fmask:
            return None
        return case("libhdf5 %s %s" % (dt.str, kind), cd, dt.itemsize, src, d[...].tobytes())


with gzip.GzipFile(out, "wb", 9, mtime=0) as z:
    made = 0
    while made < count:
        line = from_szlib() if made % 2 else from_libhdf5()
        if line:
            z.write(line.encode() + b"\n")
            made += 1
