"""Makes encode.jsonl.gz: what libhdf5 stores for chunks that it is given.

Each line holds the user's parameters, the dataset's type (as H5Tencode gives
it), chunk shape and fill value; the client data that libhdf5 stored, or null
where it refused to make the dataset; the chunk's elements, the filter mask and
the stored bytes.

usage: make_encode.py nbit|scaleoffset|szip|deflate OUT COUNT SEED [small]
"""
import base64
import ctypes
import gzip
import json
import random
import re
import sys

import h5py
import numpy as np
from h5py import h5d, h5f, h5p, h5s, h5t, h5z

codec, out, count, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
small = len(sys.argv) > 5
rng, rnd = np.random.default_rng(seed), random.Random(seed)
lib = ctypes.CDLL(re.search(r"/\S*libhdf5-[^\s/]*\.so\S*", open("/proc/self/maps").read()).group(0))
lib.H5Pset_fill_value.argtypes = [ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p]
lib.H5Eset_auto2.argtypes = [ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p]
lib.H5Tencode.argtypes = [ctypes.c_int64, ctypes.c_void_p, ctypes.POINTER(ctypes.c_size_t)]
INTS = [h5t.STD_I8LE, h5t.STD_U8LE, h5t.STD_I16LE, h5t.STD_U16BE, h5t.STD_I16BE, h5t.STD_I32LE, h5t.STD_U32BE, h5t.STD_U32LE, h5t.STD_I32BE, h5t.STD_I64LE, h5t.STD_U64BE, h5t.STD_U64LE, h5t.STD_I64BE]
FLOATS = [h5t.IEEE_F32LE, h5t.IEEE_F32BE, h5t.IEEE_F64LE, h5t.IEEE_F64BE]


def integer(odd=0.3, partial=0.85):
    t = rnd.choice(INTS).copy()
    order = t.get_order()
    if rnd.random() < odd:
        t.set_size(rnd.choice([3, 5, 6, 7, 9, 16, 12]))
        if t.get_order() != order:
            t.set_order(order)
    bits = t.get_size() * 8
    prec = rnd.randint(1, bits) if rnd.random() < partial else bits
    t.set_precision(prec)
    t.set_offset(rnd.randint(0, bits - prec) if rnd.random() < 0.7 else 0)
    return t


def real(partial=0.8):
    t = rnd.choice(FLOATS).copy()
    size = t.get_size() * 8
    if rnd.random() < partial:
        exp = rnd.randint(3, 8)
        man = rnd.randint(2, size - exp - 2)
        t.set_fields(exp + man, man, exp, 0, man)
        off = rnd.randint(0, size - exp - man - 1)
        t.set_precision(exp + man + 1)
        t.set_offset(off)
        t.set_fields(off + exp + man, off + man, exp, off, man)
        t.set_ebias((1 << (exp - 1)) - 1)
    return t


def plain():
    r = rnd.randint(0, 5)
    if r == 0:
        t = h5t.C_S1.copy()
        t.set_size(rnd.randint(1, 20))
        return t
    if r == 1:
        t = h5t.create(h5t.OPAQUE, rnd.randint(1, 9))
        t.set_tag(b"tag")
        return t
    if r == 2:
        t = h5t.enum_create(rnd.choice(INTS))
        t.enum_insert(b"A", 1)
        return t
    if r == 3:
        return rnd.choice([h5t.STD_B8LE, h5t.STD_B16BE, h5t.STD_B32LE, h5t.STD_B64BE]).copy()
    if r == 4:
        return h5t.py_create(np.dtype(rnd.choice(["<c8", ">c16"])), logical=True)
    return h5t.STD_REF_OBJ.copy()


def any_type(depth):
    r = rnd.random()
    if depth >= 3 or r < 0.45:
        return integer()
    if r < 0.55:
        return real()
    if r < 0.65:
        return plain()
    if r < 0.8:
        return h5t.array_create(any_type(depth + 1), tuple(rnd.randint(1, 5) for _ in range(rnd.randint(1, 2))))
    return record(depth)


def loses_its_place(t):
    """libhdf5 2.0.0 packs nothing sensible behind such a member (and may crash)."""
    if t.get_class() == h5t.ARRAY:
        return t.get_super().get_class() in (h5t.ARRAY, h5t.COMPOUND)
    return t.get_class() == h5t.COMPOUND and any(loses_its_place(t.get_member_type(i)) for i in range(t.get_nmembers()))


def record(depth):
    members = []
    for _ in range(rnd.randint(1, 5)):
        members.append(any_type(depth + 1))
        if loses_its_place(members[-1]):
            break
    gaps = [rnd.choice([0, 0, 1, 4]) for _ in members]
    t = h5t.create(h5t.COMPOUND, sum(m.get_size() for m in members) + sum(gaps) + rnd.choice([0, 3]))
    at, places = 0, []
    for i, m in enumerate(members):
        at += gaps[i]
        places.append((b"m%d" % i, at, m))
        at += m.get_size()
    if rnd.random() < 0.2 and not loses_its_place(members[-1]):
        rnd.shuffle(places)
    for p in places:
        t.insert(*p)
    return t


def shape(n):
    rank = rnd.randint(1, 3)
    return tuple(rnd.randint(1, max(1, int((2 * n) ** (1 / rank)))) for _ in range(rank))


def values(t):
    if t.get_class() == h5t.ARRAY:
        return 2 + values(t.get_super())
    if t.get_class() == h5t.COMPOUND:
        return 3 + sum(1 + values(t.get_member_type(i)) for i in range(t.get_nmembers()))
    return 5


def nbit(plist):
    while True:
        t = rnd.choice([integer, integer, real, lambda: any_type(0), lambda: record(0)])()
        if values(t) < 250:  # h5py reads no more
            break
    s = shape(25 if small else 800)
    plist.set_filter(h5z.FILTER_NBIT, 1, ())
    return (), t, s, rng.integers(0, 256, int(np.prod(s)) * t.get_size(), dtype=np.uint8).tobytes()


def mask_significant(raw, t):
    """Clears what a value of type t can't have set."""
    v = np.frombuffer(raw, np.uint8).reshape(-1, t.get_size())
    bits = np.unpackbits(v if t.get_order() == h5t.ORDER_BE else v[:, ::-1], axis=1)
    w = bits.shape[1]
    keep = np.zeros(w, np.uint8)
    keep[w - t.get_offset() - t.get_precision() : w - t.get_offset()] = 1
    v = np.packbits(bits * keep, axis=1)
    return (v if t.get_order() == h5t.ORDER_BE else v[:, ::-1]).tobytes()


def numbers(n, bits, kind):
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
        v = np.concatenate([numbers(n // 6 + 1, bits, k) for k in ("noise", "walk", "zero", "few", "runs", "sparse")])[:n]
    return v.astype(np.int64).astype(np.uint64) & np.uint64(top)


KINDS = ["noise", "walk", "steep", "sparse", "zero", "runs", "few", "mixed"]


def whole_pixels(t):
    base = t
    while base.get_class() in (h5t.ARRAY, h5t.ENUM):
        base = base.get_super()
    if base.get_class() not in (h5t.INTEGER, h5t.FLOAT, h5t.BITFIELD):
        return True
    bits = base.get_precision() if base.get_class() != h5t.BITFIELD else 8 * base.get_size()
    if bits < 8 * t.get_size() and base.get_offset() != 0:
        bits = 8 * t.get_size()
    return bits <= 64 and t.get_size() % next(n for n, most in ((1, 8), (2, 16), (4, 32), (8, 64)) if bits <= most) == 0


def szip(plist):
    while True:
        r = rnd.random()
        t = integer(0.05, 0.5) if r < 0.6 else real(0.4) if r < 0.8 else plain() if r < 0.9 else h5t.array_create(integer(0, 0.5), (rnd.randint(1, 4),))
        if whole_pixels(t):  # else libhdf5 reads outside its memory
            break
    s = shape(300 if small else 9000)
    n, size = int(np.prod(s)), t.get_size()
    kind = rnd.choice(KINDS)
    width = size if size in (1, 2, 4, 8) else 1
    order = ">" if t.get_class() in (h5t.INTEGER, h5t.FLOAT) and t.get_order() == h5t.ORDER_BE else "<"
    raw = numbers(n * size // width, 8 * width, kind).astype(order + "u%d" % width)
    if kind == "walk" and rnd.random() < 0.5:
        raw = (raw & raw.dtype.type(0x3F)).astype(raw.dtype)
    raw = raw.tobytes()
    base = t
    while base.get_class() == h5t.ARRAY:
        base = base.get_super()
    if base.get_class() in (h5t.INTEGER, h5t.FLOAT):
        raw = mask_significant(raw, base)
    params = (rnd.choice([4, 32]), 2 * rnd.randint(1, 16))
    plist.set_szip(*params)
    return params, t, s, raw


def spread(dt, n):
    info = np.iinfo(dt)
    width = rnd.randint(0, dt.itemsize * 8)
    low = rnd.choice([info.min, 0, info.max - (1 << width) + 1, rnd.randint(info.min, info.max)])
    low = max(info.min, min(low, info.max - (1 << width) + 1))
    top = min(low + (1 << width) - 1 - rnd.choice([0, 0, 1, 2, 3]), info.max)
    return rng.integers(low, max(low, top), n, dtype=dt.newbyteorder("="), endpoint=True).astype(dt)


def decimals(dt, n, power):
    unit = 10.0 ** -power
    wide = 10.0 ** rnd.uniform(0, 8 if dt.itemsize == 4 else 17)
    v = rng.normal(size=n) * wide * unit + rnd.choice([0, 1, -1, 1000]) * wide * unit
    if rnd.random() < 0.3:
        v = np.round(v, min(max(power, -20), 20))
    if rnd.random() < 0.05 and dt.itemsize == 8:  # in single precision libhdf5 may write outside its memory
        v[rng.integers(0, n)] = rnd.choice([np.inf, -np.inf])
    with np.errstate(all="ignore"):
        return v.astype(dt)


def scaleoffset(plist):
    s = shape(30 if small else 1500)
    n = int(np.prod(s))
    if rnd.random() < 0.05:
        t = rnd.choice([plain, lambda: integer(1)])()
        params = (rnd.choice([0, 2]), 0)
        plist.set_filter(h5z.FILTER_SCALEOFFSET, 1, params)
        return params, t, s, bytes(n * t.get_size())
    dt = np.dtype(rnd.choice("<>") + rnd.choice(["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f4", "f4", "f8", "f8"]))
    t = h5t.py_create(dt)
    if dt.kind == "f":
        factor = rnd.choice([rnd.randint(-5, 9), rnd.randint(-5, 9), rnd.randint(-30, 30), 23, 210 if dt.itemsize == 8 else 10])
        a, params = decimals(dt, n, factor), (0, factor & 0xFFFFFFFF)
    else:
        factor = rnd.choice([0, 0, 0, rnd.randint(1, dt.itemsize * 8), dt.itemsize * 8])
        a, params = spread(dt, n), (2, factor)
    plist.set_filter(h5z.FILTER_SCALEOFFSET, 1, params)
    if rnd.random() < 0.1:
        a[:] = a[0]
    fill = rnd.choice(["default", "undefined", "set", "set"])
    if fill == "undefined":
        assert lib.H5Pset_fill_value(plist.id, t.id, None) >= 0
    elif fill == "set":
        value = rnd.choice([a[0], np.array(-3 if dt.kind != "u" else 3, dt), a.max(), np.array(99, dt)])
        plist.set_fill_value(np.array(value, dt))
        a[rng.random(n) < rnd.choice([0, 0.3, 1])] = value
        if dt.kind == "f" and rnd.random() < 0.3:
            with np.errstate(all="ignore"):
                a[0] = value + dt.type(10.0 ** -factor)
    elif rnd.random() < 0.5:
        a[rng.random(n) < 0.3] = 0
    if dt.kind == "f" and dt.itemsize == 4:
        if not np.isfinite(a).all():  # libhdf5 may write outside its memory
            a[:] = 1
        if defined(plist):  # it has two ideas of what is next to the fill value
            v = np.zeros((), t.dtype)
            plist.get_fill_value(v)
            d, unit = np.abs(a - v), 10.0 ** -factor
            with np.errstate(all="ignore"):
                a[(d.astype("f8") < unit) & ~(d < np.float32(unit))] = v
    return params, t, s, a.tobytes()


def defined(plist):
    return plist.fill_value_defined() != h5d.FILL_VALUE_UNDEFINED


def deflate(plist):
    s = shape(3000)
    raw = rng.integers(0, rnd.choice([2, 4, 50, 256]), int(np.prod(s)), dtype=np.uint8).tobytes()
    level = rnd.randint(0, 9)
    plist.set_filter(h5z.FILTER_DEFLATE, 1, (level,))
    return (level,), h5t.STD_U8LE.copy(), s, raw


def by_reference(t):
    if t.get_class() == h5t.ARRAY:
        return by_reference(t.get_super())
    if t.get_class() == h5t.COMPOUND:
        return any(by_reference(t.get_member_type(i)) for i in range(t.get_nmembers()))
    return t.get_class() == h5t.REFERENCE


def encoded(t):
    n = ctypes.c_size_t(0)
    assert lib.H5Tencode(t.id, None, n) >= 0
    b = ctypes.create_string_buffer(n.value)
    assert lib.H5Tencode(t.id, b, n) >= 0
    return b.raw


def case():
    plist = h5p.create(h5p.DATASET_CREATE)
    params, t, s, raw = globals()[codec](plist)
    plist.set_chunk(s)
    fapl = h5p.create(h5p.FILE_ACCESS)
    fapl.set_fapl_core(backing_store=False)
    fid = h5f.create(b"w", h5f.ACC_TRUNC, fapl=fapl)
    b = lambda x: base64.b64encode(x).decode()
    fill = None
    if plist.fill_value_defined() == h5d.FILL_VALUE_USER_DEFINED:
        v = np.zeros((), t.dtype)
        plist.get_fill_value(v)
        fill = b(v.tobytes())
    line = dict(user=[int(x) for x in params], type=b(encoded(t)), chunk=s, size=t.get_size(), fill=fill, unset=not defined(plist), want=b(raw))
    try:
        d = h5d.create(fid, b"d", t, h5s.create_simple(s), plist)
    except (ValueError, RuntimeError, TypeError, OSError):
        d = h5d.create(fid, b"plain", t, h5s.create_simple(s))
        return json.dumps(dict(line, type=b(encoded(d.get_type())), values=None))
    line["type"] = b(encoded(d.get_type()))
    if by_reference(t):  # what these elements are in memory and in the file differs, but not for zeros
        line["size"] = d.get_type().get_size()
        line["want"] = b(bytes(int(np.prod(s)) * line["size"]))
        raw = bytes(int(np.prod(s)) * t.get_size())
    d.write(h5s.ALL, h5s.ALL, np.frombuffer(raw, np.uint8).copy(), t)
    h5f.flush(fid)
    mask, src = d.read_direct_chunk((0,) * len(s))
    cd = [int(x) for x in d.get_create_plist().get_filter(0)[2]]
    return json.dumps(dict(line, values=cd, mask=mask, src=b(src)))


with gzip.GzipFile(out, "wb", 9, mtime=0) as z:
    for _ in range(count):
        z.write(case().encode() + b"\n")
