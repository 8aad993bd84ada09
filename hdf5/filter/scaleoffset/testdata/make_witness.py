"""Makes witness.jsonl.gz: chunks that libhdf5's scale-offset filter really wrote.

Each line holds client data, element size, stored chunk and decoded bytes, the
latter as libhdf5 itself reads them back.

usage: make_witness.py OUT COUNT SEED [small]
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

out, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
small = len(sys.argv) > 4
rng, rnd = np.random.default_rng(seed), random.Random(seed)
maps = open("/proc/self/maps").read()
lib = ctypes.CDLL(re.search(r"/\S*libhdf5-[^\s/]*\.so\S*", maps).group(0))
lib.H5Pset_fill_value.argtypes = [ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p]


def integers(dt, n):
    info = np.iinfo(dt)
    width = rnd.randint(0, dt.itemsize * 8)
    low = rnd.choice([info.min, 0, info.max - (1 << width) + 1, rnd.randint(info.min, info.max)])
    low = max(info.min, min(low, info.max - (1 << width) + 1))
    top = min(low + (1 << width) - 1 - rnd.choice([0, 0, 1, 2]), info.max)
    return rng.integers(low, max(low, top), n, dtype=dt.newbyteorder("="), endpoint=True).astype(dt)


def reals(dt, n, power):
    unit = 10.0 ** -power
    spread = 10.0 ** rnd.uniform(0, 8 if dt.itemsize == 4 else 17)
    v = rng.normal(size=n) * spread * unit + rnd.choice([0, 1, -1, 1000]) * spread * unit
    with np.errstate(all="ignore"):
        return v.astype(dt)


def case():
    dt = np.dtype(rnd.choice("<>") + rnd.choice(["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f4", "f8", "f8"]))
    n = rnd.choice([1, 2, 7, rnd.randint(1, 60 if small else 3000), rnd.randint(1, 60 if small else 3000)])
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_chunk((n,))
    if dt.kind == "f":
        factor = rnd.choice([rnd.randint(-5, 9), rnd.randint(-5, 9), rnd.randint(-30, 30), 23, 210 if dt.itemsize == 8 else 10])
        a = reals(dt, n, factor)
        plist.set_filter(h5z.FILTER_SCALEOFFSET, 0, (h5z.SO_FLOAT_DSCALE, factor & 0xFFFFFFFF))  # set_scaleoffset refuses factor < 0
    else:
        a = integers(dt, n)
        factor = rnd.choice([0, 0, 0, rnd.randint(1, dt.itemsize * 8), dt.itemsize * 8])
        plist.set_scaleoffset(h5z.SO_INT, factor)
    tid = h5t.py_create(dt)
    fill = rnd.choice(["default", "undefined", "set", "set"])
    if rnd.random() < 0.1:
        a[:] = a[0]
    if fill == "undefined":
        assert lib.H5Pset_fill_value(plist.id, tid.id, None) >= 0
    elif fill == "set":
        value = rnd.choice([a[0], np.array(-3 if dt.kind != "u" else 3, dt), a.max(), np.array(99, dt)])
        plist.set_fill_value(np.array(value, dt))
        a[rng.random(n) < rnd.choice([0, 0.3, 1])] = value
    elif rnd.random() < 0.5:
        a[rng.random(n) < 0.3] = 0
    fapl = h5p.create(h5p.FILE_ACCESS)
    fapl.set_fapl_core(backing_store=False)
    fid = h5f.create(b"w", h5f.ACC_TRUNC, fapl=fapl)
    d = h5d.create(fid, b"d", tid, h5s.create_simple((n,)), plist)
    d.write(h5s.ALL, h5s.ALL, a, tid)
    h5f.flush(fid)
    cd = d.get_create_plist().get_filter(0)[2]
    mask, src = d.read_direct_chunk((0,))
    if mask:
        return None
    image = fid.get_file_image()
    del d
    fid.close()
    back = np.zeros(n * dt.itemsize, np.uint8)
    h5d.open(h5f.open_file_image(image), b"d").read(h5s.ALL, h5s.ALL, back, tid)
    b = lambda x: base64.b64encode(x).decode()
    return json.dumps(dict(name="%s factor %d fill %s" % (dt.str, factor, fill), values=[int(x) for x in cd], size=dt.itemsize, src=b(src), want=b(back.tobytes())))


with gzip.GzipFile(out, "wb", 9, mtime=0) as z:
    made = 0
    while made < count:
        line = case()
        if line:
            z.write(line.encode() + b"\n")
            made += 1
