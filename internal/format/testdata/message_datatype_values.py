"""Stored elements of random h5py datasets, and the values that h5py reads.

usage: message_datatype_values.py OUT COUNT SEED
A line: datatype message, raw bytes, the heap's objects as address.index=bytes
(comma-separated, "-" for none), and the values, all hex but the last. Values:
integers in decimal, floats as the hex of a big-endian binary64, strings as
"hex", lists [a b], compounds {a b}.
"""
import os, random, struct, sys, tempfile
import numpy as np
import h5py
from h5py import h5o
from message_datatype_make import message


def dtype(rng, depth):
    k = rng.randrange(11 if depth else 8)
    e = rng.choice("<>")
    if k < 2:
        return np.dtype(e + rng.choice(["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]))
    if k == 2:
        return np.dtype(e + rng.choice(["f2", "f4", "f8"]))
    if k == 3:
        return np.dtype("S%d" % rng.randint(1, 9))
    if k == 4:
        return h5py.string_dtype()
    if k == 5:
        return h5py.enum_dtype({"A": 1, "B": 7, "C": 100}, basetype=e + rng.choice(["i1", "i2", "u4"]))
    if k == 6:
        return rng.choice([np.dtype("?"), np.dtype(e + "c8"), np.dtype(e + "c16")])
    if k == 7:
        return h5py.vlen_dtype(np.dtype(rng.choice(["<i4", "<i2", "<f8", "u1"])))  # big-endian ones come out of h5py 3.16 swapped
    if k == 8:
        base = dtype(rng, 0)
        return np.dtype((base, tuple(rng.randint(1, 3) for _ in range(rng.randint(1, 2))))) if base.kind != "O" else base
    return np.dtype([("f%d" % i, dtype(rng, depth - 1)) for i in range(rng.randint(1, 4))])


def value(rng, t):
    if t.subdtype:
        base, shape = t.subdtype
        a = np.empty(shape, base)
        for i in np.ndindex(*shape):
            a[i] = value(rng, base)
        return a
    if t.names:
        return tuple(value(rng, t[n]) for n in t.names)
    s, v = h5py.check_string_dtype(t), h5py.check_vlen_dtype(t)
    if v is not None and s is None:
        return np.array([value(rng, v) for _ in range(rng.choice([0, 1, 5]))], v)
    if s is not None and s.length is None:
        return "".join(rng.choice("abc\u00e9\u4e2d ") for _ in range(rng.choice([0, 1, 7])))
    if s is not None:
        return bytes(rng.choice(b"ab c\0") for _ in range(t.itemsize))
    if h5py.check_enum_dtype(t):
        return rng.choice([1, 7, 100, 3])
    if t.kind == "b":
        return rng.random() < 0.5
    if t.kind == "c":
        return complex(rng.gauss(0, 9), rng.choice([0, float("inf"), -1.5]))
    if t.kind == "f":
        return rng.choice([0.0, -0.0, 1.5, float("-inf"), float("nan"), rng.gauss(0, 100)])
    i = np.iinfo(t)
    return rng.choice([i.min, i.max, rng.randint(int(i.min), int(i.max))])


def bits(x):
    x = float(x)
    return "nan" if x != x else struct.pack(">d", x).hex()


def text(v, t):
    if t.subdtype:
        base, shape = t.subdtype
        return nested(v, base, len(shape))
    if t.names:
        return "{" + " ".join(text(v[n], t[n]) for n in t.names) + "}"
    if h5py.check_string_dtype(t) is not None:
        return '"' + bytes(v).hex() + '"'
    vl = h5py.check_vlen_dtype(t)
    if vl is not None:
        return nested(v, vl, 1)
    if t.kind == "c":
        return "{%s %s}" % (bits(v.real), bits(v.imag))
    return bits(v) if t.kind == "f" else str(int(v))


def nested(v, base, rank):
    if rank == 0:
        return text(v, base)
    return "[" + " ".join(nested(x, base, rank - 1) for x in v) + "]"


def heap(b):
    """All objects of all global heap collections in the file's bytes."""
    at = b.find(b"GCOL\1\0\0\0")
    while at >= 0:
        end, p = at + int.from_bytes(b[at + 8:at + 16], "little"), at + 16
        while p + 16 <= end:
            index, size = int.from_bytes(b[p:p + 2], "little"), int.from_bytes(b[p + 8:p + 16], "little")
            if index == 0:
                break
            yield "%x.%x=%s" % (at, index, b[p + 16:p + 16 + size].hex())
            p += 16 + (size + 7) // 8 * 8
        at = b.find(b"GCOL\1\0\0\0", at + 8)


def main(path, count, seed):
    rng = random.Random(seed)
    with open(path, "w") as out, tempfile.TemporaryDirectory() as d:
        fn = os.path.join(d, "t.h5")
        for _ in range(count):
            t, n = np.dtype([("a", dtype(rng, 2))]), rng.randint(1, 4)
            with h5py.File(fn, "w", libver=(rng.choice(["earliest", "v108", "v112", "latest"]), "latest")) as f:
                ds = f.create_dataset("d", (n,), t)
                ds[...] = np.array([value(rng, t) for _ in range(n)], t)
            with h5py.File(fn, "r") as f:
                ds = f["d"]
                vals = nested(ds[...], ds.dtype, 1)
                at, size, addr = ds.id.get_offset(), ds.id.get_storage_size(), h5o.get_info(ds.id).addr
            b = open(fn, "rb").read()
            objs = ",".join(heap(b)) or "-"
            out.write("%s\t%s\t%s\t%s\n" % (message(b, addr).hex(), b[at:at + size].hex(), objs, vals))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
