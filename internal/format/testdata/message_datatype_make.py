"""Datatype messages as libhdf5 writes them, each beside its description.

usage: message_datatype_make.py OUT COUNT SEED
A line is the message in hex, a tab, and what Datatype.String must say. The
types are random, built through h5py's low-level interface, committed to a file
under a random choice of format bounds, and taken from the object header.
"""
import random, sys, tempfile, os
import numpy as np
import h5py
from h5py import h5t, h5o

ORDERS = [("le", h5t.ORDER_LE), ("be", h5t.ORDER_BE)]


def integer(rng):
    n, signed = rng.choice([1, 2, 4, 8]), rng.random() < 0.5
    suffix, order = rng.choice(ORDERS)
    t = (h5t.STD_I8LE if signed else h5t.STD_U8LE).copy()
    if rng.random() < 0.3:
        n = rng.choice([3, 4, 5, 8, 16, 7])
    t.set_size(n)
    t.set_precision(8 * n)
    t.set_order(order)
    s = ("int" if signed else "uint") + str(8 * n) + suffix
    if rng.random() < 0.3:
        prec = rng.randint(1, 8 * n)
        off = rng.randint(0, 8 * n - prec)
        t.set_precision(prec)
        t.set_offset(off)
        if prec != 8 * n:
            s += "(%d bits at %d)" % (prec, off)
    return t, s


def bitfield(rng):
    n = rng.choice([8, 16, 32, 64])
    suffix, _ = rng.choice(ORDERS)
    return getattr(h5t, "STD_B%d%s" % (n, suffix.upper())), "bits%d%s" % (n, suffix)


def floating(rng):
    suffix, order = rng.choice(ORDERS)
    k = rng.randrange(4)
    if k < 3:
        n = rng.choice([16, 32, 64])
        return getattr(h5t, "IEEE_F%d%s" % (n, suffix.upper())), "float%d%s" % (n, suffix)
    t = h5t.IEEE_F32LE.copy()
    off = rng.randint(0, 4)
    es, ms = rng.randint(2, 8), rng.randint(3, 15)
    t.set_fields(off + ms + es, off + ms, es, off, ms)
    t.set_ebias((1 << (es - 1)) - 1)
    t.set_offset(off)  # may make the size greater
    t.set_precision(1 + es + ms)
    t.set_order(order)
    return t, "float%d%s(%d bits at %d, sign %d, exponent %d at %d, mantissa %d at %d, bias %d, implied)" % (
        8 * t.get_size(), suffix, 1 + es + ms, off, off + ms + es, es, off + ms, ms, off, (1 << (es - 1)) - 1)


def time(rng):
    n, (suffix, _) = rng.choice([32, 64]), rng.choice(ORDERS)
    return getattr(h5t, "UNIX_D%d%s" % (n, suffix.upper())), "time%d%s" % (n, suffix)


def text(rng):
    t = h5t.C_S1.copy()
    n = rng.randint(1, 300)
    var = rng.random() < 0.4
    t.set_size(h5t.VARIABLE if var else n)
    cset = rng.choice([0, 1])
    pad = rng.choice([0, 1, 2])
    t.set_cset(cset)
    t.set_strpad(pad)
    return t, ("vlstring" if var else "string[%d]" % n) + [" ascii", " utf8"][cset] + ["", " nullpad", " spacepad"][pad]


def opaque(rng):
    n = rng.randint(1, 70000)
    tag = "".join(rng.choice("abcdefghij") for _ in range(rng.randint(1, 30)))
    t = h5t.create(h5t.OPAQUE, n)
    t.set_tag(tag.encode())
    return t, 'opaque[%d] "%s"' % (n, tag)


def reference(rng):
    return rng.choice([(h5t.STD_REF_OBJ, "reference(object)"), (h5t.STD_REF_DSETREG, "reference(region)")])


def name(rng, i):
    return "m%d" % i + "x" * rng.randint(0, 20)


def enum(rng):
    base, s = h5t.STD_I8LE, "int8le"
    k = rng.choice([("I", 1), ("U", 2), ("I", 4), ("I", 8)])
    o = rng.choice(["LE", "BE"])
    base = getattr(h5t, "STD_%s%d%s" % (k[0], 8 * k[1], o))
    s = ("int" if k[0] == "I" else "uint") + str(8 * k[1]) + o.lower()
    t = h5t.enum_create(base)
    vals = rng.sample(range(0, 100), rng.randint(1, 8))
    names = []
    for i, v in enumerate(vals):
        n = name(rng, i)
        # h5py takes native values and stores them in the base's order
        t.enum_insert(n.encode(), v)
        names.append("%s=%d" % (n, v))
    return t, "enum(%s){%s}" % (s, ", ".join(names))


def compound(rng, depth):
    members = [(name(rng, i),) + any_type(rng, depth - 1) for i in range(rng.randint(1, 5))]
    if depth == 3 and rng.random() < 0.1:
        members += [("w%d" % i, h5t.STD_I8LE, "int8le") for i in range(300)]
    gaps = rng.choice([0, 0, 3])
    t = h5t.create(h5t.COMPOUND, sum(m[1].get_size() + gaps for m in members) + gaps)
    at = gaps
    for n, mt, _ in members:
        t.insert(n.encode(), at, mt)
        at += mt.get_size() + gaps
    return t, "compound{%s}" % ", ".join("%s:%s" % (n, s) for n, _, s in members)


def array(rng, depth):
    base, s = any_type(rng, depth - 1)
    dims = tuple(rng.randint(1, 4) for _ in range(rng.randint(1, 4)))
    return h5t.array_create(base, dims), "array[%s](%s)" % (",".join(map(str, dims)), s)


def vlen(rng, depth):
    base, s = any_type(rng, depth - 1)
    return h5t.vlen_create(base), "vlen(%s)" % s


def complexes(rng):
    n, o = rng.choice([16, 32, 64]), rng.choice(["LE", "BE"])
    return getattr(h5t, "COMPLEX_IEEE_F%d%s" % (n, o)), "complex(float%d%s)" % (n, o.lower())


def any_type(rng, depth):
    flat = [integer, bitfield, floating, time, text, opaque, reference, enum, complexes]
    if depth > 0 and rng.random() < 0.5:
        return rng.choice([compound, array, vlen])(rng, depth)
    return rng.choice(flat)(rng)


def message(b, at):
    """The datatype message of the object header at a position of the file."""
    if b[at:at + 4] == b"OHDR":
        flags = b[at + 5]
        p = at + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        w = 1 << (flags & 3)
        end = p + w + int.from_bytes(b[p:p + w], "little")
        p += w
        head = 4 + (2 if flags & 4 else 0)
        while p + head <= end:
            n = int.from_bytes(b[p + 1:p + 3], "little")
            if b[p] == 3:
                return b[p + head:p + head + n]
            p += head + n
    else:
        assert b[at] == 1
        blocks = [(at + 16, int.from_bytes(b[at + 8:at + 12], "little"))]
        for p, size in blocks:
            end = p + size
            while p + 8 <= end:
                kind, n = (int.from_bytes(b[p + k:p + k + 2], "little") for k in (0, 2))
                if kind == 3:
                    return b[p + 8:p + 8 + n]
                if kind == 16:
                    blocks.append(tuple(int.from_bytes(b[p + 8 + k:p + 16 + k], "little") for k in (0, 8)))
                p += 8 + n
    raise ValueError("no datatype message")


def main(path, count, seed):
    rng = random.Random(seed)
    bounds = ["earliest", "v108", "v110", "v112", "v114", "latest"]
    with open(path, "w") as out, tempfile.TemporaryDirectory() as d:
        while count > 0:
            lv = rng.choice(bounds)
            fn = os.path.join(d, "t.h5")
            with h5py.File(fn, "w", libver=(lv, "latest")) as f:
                made = []
                for i in range(20):
                    t, s = any_type(rng, 3)
                    try:
                        t = t.copy()
                        t.commit(f.id, b"t%d" % i)
                    except Exception as e:
                        print(lv, s[:60], e)
                        continue
                    made.append((h5o.get_info(t).addr, s))
            b = open(fn, "rb").read()
            for at, s in made:
                m = message(b, at)
                if len(m) < 3000:
                    out.write(m.hex() + "\t" + s + "\n")
                    count -= 1


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
