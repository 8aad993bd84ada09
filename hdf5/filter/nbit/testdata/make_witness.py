"""Makes witness.jsonl.gz: chunks that libhdf5's n-bit filter really wrote.

Each line holds client data, element size, stored chunk and decoded bytes, the
latter as libhdf5 itself reads them back.

usage: make_witness.py OUT COUNT SEED [small]
"""
import base64
import gzip
import json
import random
import sys

import h5py
import numpy as np
from h5py import h5d, h5f, h5p, h5s, h5t, h5z

out, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
small = len(sys.argv) > 4
rng, rnd = np.random.default_rng(seed), random.Random(seed)
INTS = [h5t.STD_I8LE, h5t.STD_U8LE, h5t.STD_I16LE, h5t.STD_U16BE, h5t.STD_I16BE, h5t.STD_I32LE, h5t.STD_U32BE, h5t.STD_U32LE, h5t.STD_I32BE, h5t.STD_I64LE, h5t.STD_U64BE]

def integer():
    t = rnd.choice(INTS).copy()
    order = t.get_order()
    if rnd.random() < 0.3:
        t.set_size(rnd.choice([3, 5, 6, 7, 9, 16, 12]))
        if t.get_order() != order:
            t.set_order(order)
    bits = t.get_size() * 8
    prec = rnd.randint(1, bits) if rnd.random() < 0.85 else bits
    t.set_precision(prec)
    t.set_offset(rnd.randint(0, bits - prec))
    return t


def real():
    t = rnd.choice([h5t.IEEE_F32LE, h5t.IEEE_F32BE, h5t.IEEE_F64LE, h5t.IEEE_F64BE]).copy()
    size = t.get_size() * 8
    if rnd.random() < 0.8:
        exp = rnd.randint(3, 8)
        man = rnd.randint(2, size - exp - 2)
        t.set_fields(exp + man, man, exp, 0, man)
        off = rnd.randint(0, size - exp - man - 1)
        t.set_precision(exp + man + 1)
        t.set_offset(off)
        t.set_fields(off + exp + man, off + man, exp, off, man)
        t.set_ebias((1 << (exp - 1)) - 1)
    return t


def any_type(depth):
    r = rnd.random()
    if depth >= 3 or r < 0.45:
        return integer()
    if r < 0.55:
        return real()
    if r < 0.65:
        t = h5t.C_S1.copy()
        t.set_size(rnd.randint(1, 20))
        return t
    if r < 0.8:
        rank = rnd.randint(1, 2)
        return h5t.array_create(any_type(depth + 1), tuple(rnd.randint(1, 5) for _ in range(rank)))
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
    size = sum(m.get_size() for m in members) + sum(gaps) + rnd.choice([0, 3])
    t = h5t.create(h5t.COMPOUND, size)
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


def case():
    t = rnd.choice([integer, integer, real, lambda: any_type(0), lambda: record(0)])()
    if t.get_class() == h5t.STRING:
        return None
    n = rnd.randint(1, 30 if small else 1500)
    data = rng.integers(0, 256, n * t.get_size(), dtype=np.uint8)
    fid = h5f.create(b"w", h5f.ACC_TRUNC, fapl=core())
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((n,))
    plist.set_filter(h5z.FILTER_NBIT, 0, ())
    d = h5d.create(fid, b"d", t, h5s.create_simple((n,)), plist)
    d.write(h5s.ALL, h5s.ALL, data, t)
    back = np.zeros(n * t.get_size(), dtype=np.uint8)
    h5f.flush(fid)
    cd = d.get_create_plist().get_filter(0)[2]
    mask, src = d.read_direct_chunk((0,))
    if mask:
        return None
    image = fid.get_file_image()
    del d
    fid.close()
    again = h5f.open_file_image(image)  # past the chunk cache
    h5d.open(again, b"d").read(h5s.ALL, h5s.ALL, back, t)
    b = lambda x: base64.b64encode(x).decode()
    return json.dumps(dict(name="class %d" % t.get_class(), values=[int(x) for x in cd], size=t.get_size(), src=b(src), want=b(back.tobytes())))


def core():
    p = h5p.create(h5p.FILE_ACCESS)
    p.set_fapl_core(backing_store=False)
    return p


with gzip.GzipFile(out, "wb", 9, mtime=0) as z:
    made = 0
    while made < count:
        line = case()
        if line:
            z.write(line.encode() + b"\n")
            made += 1
