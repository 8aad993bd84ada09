"""Floats of many formats as libhdf5 converts them to binary64.

usage: make_floats.py OUT COUNT SEED
One line for each format: the encoded datatype message (hex, without the two
bytes that H5Tencode puts before it), the elements (hex), the results (hex of
big-endian binary64, 16 digits each). Needs h5py with HDF5 2.0 on x86-64.
"""
import random, sys
import numpy as np
from h5py import h5t


def custom(rng, size=None, norm=None):
    """A float type with random fields; positions count from bit 0."""
    size = size or rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 20])
    while True:
        total = 8 * size
        es = rng.randint(2, min(total - 2, rng.choice([4, 8, 11, 15, 20])))
        ms = rng.randint(1, total - es - 1)
        room = total - es - ms - 1
        off = rng.choice([0, 0, rng.randint(0, room)])
        fields = rng.choice([("m", "e", "s")] * 5 + [("e", "m", "s"), ("s", "e", "m")])
        pos, p = {}, off
        for f in fields:
            pos[f] = p
            p += {"m": ms, "e": es, "s": 1}[f]
        if p <= total and p < 256:
            break
    bias = (1 << (es - 1)) - 1 if rng.random() < 0.6 else rng.randrange(0, 1 << min(es, 31))
    norm = norm if norm is not None else rng.choice([2, 2, 2, 0])
    order = rng.choice([0x00, 0x01] + ([0x41] if size % 4 == 0 else []))
    return raw(3, order | norm << 4, pos["s"], size, off, p - off, pos["e"], es, pos["m"], ms, bias)


def raw(ver, flags, spos, size, off, prec, epos, es, mpos, ms, bias):
    return (bytes([ver << 4 | 1, flags, spos, 0]) + size.to_bytes(4, "little") + off.to_bytes(2, "little")
            + prec.to_bytes(2, "little") + bytes([epos, es, mpos, ms]) + bias.to_bytes(4, "little"))


def formats(rng, n):
    names = ["IEEE_F16LE", "IEEE_F16BE", "IEEE_F32LE", "IEEE_F32BE", "IEEE_F64LE", "IEEE_F64BE", "LDOUBLE_LE",
             "LDOUBLE_BE", "IEEE_F128LE", "IEEE_F128BE"]
    out = [getattr(h5t, x).encode()[2:] for x in names if hasattr(h5t, x)]
    for o in (0x20, 0x21):
        out.append(raw(1, o, 15, 2, 0, 16, 7, 8, 0, 7, 127))  # bfloat16
    out.append(raw(1, 0x20, 7, 1, 0, 8, 3, 4, 0, 3, 7))  # FP8 E4M3
    out.append(raw(1, 0x20, 7, 1, 0, 8, 2, 5, 0, 2, 15))  # FP8 E5M2
    for size, es, ms, bias in ((4, 8, 23, 129), (8, 8, 55, 129), (8, 11, 52, 1025), (16, 15, 112, 16385)):
        out.append(raw(3, 0x61, 8 * size - 1, size, 0, 8 * size, ms, es, 0, ms, bias))  # VAX F, D, G, H
    for o in (0, 1):
        out.append(raw(1, o, 79, 10, 0, 80, 64, 15, 0, 64, 16383))  # x87 without padding
        out.append(raw(1, o, 79, 12, 0, 80, 64, 15, 0, 64, 16383))  # x87 of 32-bit ABIs
    while len(out) < n:
        out.append(custom(rng))
    return out


def elements(rng, msg, count):
    """Random bits, with exponents drawn near the edges of binary64."""
    size = int.from_bytes(msg[4:8], "little")
    order, spos = msg[1] & 0x41, msg[2]
    epos, es, mpos, ms = msg[12:16]
    bias = int.from_bytes(msg[16:20], "little")
    out = []
    for i in range(count):
        v = rng.getrandbits(8 * size)
        kind = rng.randrange(6)
        emask, mmask = (1 << es) - 1, (1 << ms) - 1
        e = v >> epos & emask
        m = v >> mpos & mmask
        if kind == 0:
            e = rng.choice([0, 1, emask, emask - 1])
        elif kind >= 2:
            e = bias + rng.choice([0, 1, -1, -1022, -1023, -1075, -1074, -1050, 1023, 1024, rng.randint(-1080, 1030)])
            e = min(max(e, 0), emask)
        if rng.random() < 0.5:
            m = rng.choice([0, 1, mmask, mmask - 1, 1 << (ms - 1), mmask >> 1, m >> rng.randrange(ms),
                            mmask << rng.randrange(ms) & mmask, (m | ((1 << max(ms - 52, 0)) - 1)),
                            m >> max(ms - 53, 0) << max(ms - 53, 0) & mmask])
        if msg[1] >> 4 & 3 == 0 and rng.random() < 0.6:
            m |= 1 << (ms - 1)
        if msg[1] >> 4 & 3 == 0 and m == 0:
            e = 0  # libhdf5 asserts that this can't be
        v &= ~(emask << epos | mmask << mpos)
        v |= e << epos | m << mpos
        b = v.to_bytes(size, "little")
        if order == 1:
            b = b[::-1]
        elif order == 0x41:
            b = b"".join(b[k:k + 2] for k in range(size - 2, -1, -2))
        out.append(b)
    return out


def convert(msg, elems):
    t = h5t.decode(b"\x03\x00" + msg)
    size = len(elems[0])
    buf = np.zeros(len(elems) * max(size, 8), "u1")
    buf[:len(elems) * size] = np.frombuffer(b"".join(elems), "u1")
    h5t.convert(t, h5t.IEEE_F64LE, len(elems), buf)
    return buf[:8 * len(elems)].view("<u8")


def main(path, count, seed, nformats):
    rng = random.Random(seed)
    with open(path, "w") as f:
        for msg in formats(rng, nformats):
            elems = elements(rng, msg, count)
            try:
                got = convert(msg, elems)
            except Exception as e:
                print("skipped", msg.hex(), e)
                continue
            f.write(msg.hex() + " " + b"".join(elems).hex() + " " + "".join("%016x" % x for x in got) + "\n")


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 60)
