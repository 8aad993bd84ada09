"""Integers, bitfields and floats as libhdf5 converts them to native numbers.

usage: make_numbers.py OUT ELEMENTS SEED CASES
A line is: encoded source type (hex, without H5Tencode's prefix), elements
(hex), numpy name of the target, results (hex, little-endian).
libhdf5 clamps, truncates and makes NaN 0: what the Lossy options allow.
"""
import random, sys
import numpy as np
from h5py import h5t

TARGETS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"]
NATIVE = dict(zip(TARGETS, [h5t.STD_I8LE, h5t.STD_I16LE, h5t.STD_I32LE, h5t.STD_I64LE, h5t.STD_U8LE, h5t.STD_U16LE,
                            h5t.STD_U32LE, h5t.STD_U64LE, h5t.IEEE_F32LE, h5t.IEEE_F64LE]))


def source(rng):
    k = rng.randrange(4)
    if k == 0:
        return rng.choice([h5t.IEEE_F32LE, h5t.IEEE_F32BE, h5t.IEEE_F64LE, h5t.IEEE_F64BE, h5t.IEEE_F16LE, h5t.IEEE_F16BE])
    signed = rng.random() < 0.5
    t = (h5t.STD_I8LE if signed else h5t.STD_U8LE).copy()
    n = rng.choice([1, 2, 4, 8]) if k < 3 else rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 24])
    t.set_size(n)
    t.set_precision(8 * n)
    if k == 3:
        prec = rng.randint(1, 8 * n)
        t.set_precision(prec)
        t.set_offset(rng.randint(0, 8 * n - prec))
    t.set_order(rng.choice([h5t.ORDER_LE, h5t.ORDER_BE]))
    return t


def elements(rng, t, count):
    n, out = t.get_size(), []
    for _ in range(count):
        if isinstance(t, h5t.TypeFloatID):
            x = rng.choice([0.0, -0.0, float("inf"), float("-inf"), float("nan"), rng.randint(-300, 300), rng.gauss(0, 100),
                            rng.choice([-1, 1]) * 2.0 ** rng.randint(0, 70) + rng.randint(-1, 1), 0.5, -0.5, -0.99,
                            2.0 ** 63, -2.0 ** 63, 2.0 ** 64, 255.9, 1e300, 1e-320])
            with np.errstate(over="ignore"):
                b = np.array(x, "<f%d" % n).tobytes()
        else:
            v = rng.choice([rng.getrandbits(8 * n), rng.getrandbits(8 * n) >> rng.randrange(8 * n), 0, (1 << 8 * n) - 1,
                            rng.getrandbits(8) << t.get_offset(), 1 << (8 * n - 1), (1 << (8 * n - 1)) - 1])
            if rng.random() < 0.3:
                v = (1 << 8 * n) - 1 ^ v
            b = (v & (1 << 8 * n) - 1).to_bytes(n, "little")
        out.append(b if t.get_order() == h5t.ORDER_LE else b[::-1])
    return out


def main(path, count, seed, cases):
    rng = random.Random(seed)
    with open(path, "w") as f:
        for _ in range(cases):
            t, to = source(rng), rng.choice(TARGETS)
            if t.equal(h5t.IEEE_F16LE) and to[0] != "f":
                continue  # a plain C cast there, undefined out of range
            big = t.get_order() == h5t.ORDER_BE
            if big and isinstance(t, h5t.TypeFloatID) and to[0] != "f":
                continue  # the software conversion gives the least integer for small negative fractions
            if big and t.get_size() == int(to[1]) and t.get_precision() < 8 * t.get_size():
                continue  # bytes are swapped only, padding bits become part of the value
            if to == "f4" and (t.equal(h5t.IEEE_F64BE) or t.get_size() > 8):
                continue  # halves away from zero; integers beyond the range become NaN
            elems, w = elements(rng, t, count), int(to[1])
            buf = np.zeros(count * max(t.get_size(), w), "u1")
            raw = b"".join(elems)
            buf[:len(raw)] = np.frombuffer(raw, "u1")
            h5t.convert(t, NATIVE[to], count, buf)
            f.write("%s %s %s %s\n" % (t.encode()[2:].hex(), raw.hex(), to, buf[:count * w].tobytes().hex()))


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
