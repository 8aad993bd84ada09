"""Writes raw chunks as libhdf5 stores them, with what libhdf5 reads back from them.

usage: witness.py filter-set count seed outdir
Needs h5py and numpy. Each chunk lies in chunks.bin at the offset that witness.json gives.
"""
import hashlib, json, os, sys, zlib
import h5py, numpy as np
from h5py import h5p, h5s, h5d, h5t

SETS = {  # filters in the order of writing
    "deflate": [["deflate"], ["shuffle", "deflate"], ["deflate", "fletcher32"], ["shuffle", "deflate", "fletcher32"],
                ["fletcher32", "deflate"], ["shuffle", "fletcher32", "deflate"], ["deflate", "deflate"]],
    "shuffle": [["shuffle"]],
    "fletcher32": [["fletcher32"], ["fletcher32", "fletcher32"]],
}
TYPES = ["u1", "<i2", ">i2", "<i4", "<f4", ">f8", "<f8", "<i8", "<c8", "<c16", "S3", "S5", "S11", "S13", "V40",
         [("a", "<i4"), ("b", "<f8")], [("a", "<i2"), ("b", "u1"), ("c", "<f4")], [("x", "<f8", 5), ("k", "S3")]]


def values(rng, dtype, shape):
    n = int(np.prod(shape)) * dtype.itemsize
    kind = rng.integers(5)
    if kind == 0:
        raw = rng.integers(0, 256, n, np.uint8)
    elif kind == 1:
        raw = np.zeros(n, np.uint8)
    elif kind == 2:
        raw = rng.geometric(0.1, n).astype(np.uint8)
    elif kind == 3:
        raw = np.resize(rng.integers(0, 256, int(rng.integers(1, 40)), np.uint8), n)
    else:
        steps = np.round(np.cumsum(rng.normal(0, 1, n // 8 + 1)), int(rng.integers(0, 6)))
        raw = np.frombuffer(steps.astype("<f8").tobytes()[:n], np.uint8)
    return np.frombuffer(raw.tobytes(), dtype).reshape(shape)


def one(rng, names, path, big):
    dtype = np.dtype(TYPES[rng.integers(len(TYPES))])
    shape = tuple(int(x) for x in rng.integers(1, big, rng.integers(1, 3)))
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk(shape)
    level = int(rng.integers(0, 10))
    for name in names:
        if name == "deflate":
            plist.set_filter(h5py.h5z.FILTER_DEFLATE, 0, (level,))
        elif name == "shuffle":
            plist.set_shuffle()
        else:
            plist.set_filter(h5py.h5z.FILTER_FLETCHER32, 0, ())
    with h5py.File(path, "w") as f:
        d = h5py.Dataset(h5d.create(f.id, b"d", h5t.py_create(dtype, logical=True), h5s.create_simple(shape), plist))
        d[...] = values(rng, dtype, shape)
    with h5py.File(path) as f:
        d = f["d"]
        mask, raw = d.id.read_direct_chunk((0,) * len(shape))
        assert mask == 0
        p = d.id.get_create_plist()
        filters = [p.get_filter(i) for i in range(p.get_nfilters())]
        data = d[...].tobytes()
    return raw, {"filters": [{"id": int(i), "values": [int(x) for x in v]} for i, _, v, _ in filters],
                 "size": len(data), "elementSize": dtype.itemsize, "sha256": hashlib.sha256(data).hexdigest()}


def main():
    kind, count, seed, out = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    big = int(sys.argv[5]) if len(sys.argv) > 5 else 60
    rng = np.random.default_rng(seed)
    path = os.path.join(out, "scratch.h5")
    offset, cases = 0, []
    with open(os.path.join(out, "chunks.bin"), "wb") as bin:
        for i in range(count):
            raw, case = one(rng, SETS[kind][i % len(SETS[kind])], path, big)
            bin.write(raw)
            cases.append({"offset": offset, "length": len(raw)} | case)
            offset += len(raw)
    os.remove(path)
    with open(os.path.join(out, "witness.json"), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
    print(kind, count, offset)


main()
