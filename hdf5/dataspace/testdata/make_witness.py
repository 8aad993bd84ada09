"""Writes numpy.json and hdf5.json: what numpy and libhdf5 (through h5py) select.

Each case holds the shape selected from, the selection, and the row-major
positions of the selected elements in result order, or "error".
Run: python make_witness.py   (numpy 2.4, h5py 3.16)
"""
import json
import random

import h5py
import numpy as np

rnd = random.Random(20240607)


def index(text, dims):
    """numpy's answer; an integer beside a list is applied as an axis of its own,
    because numpy would move the list's axis to the front (h5py does not)."""
    a = np.arange(int(np.prod(dims))).reshape(dims)
    key = eval("np.index_exp[" + text + "]")
    if not any(isinstance(k, list) for k in key) or not any(isinstance(k, int) for k in key):
        return a[key]
    missing = len(dims) - sum(k is not Ellipsis for k in key)
    full = []
    for k in key:
        full += [slice(None)] * missing if k is Ellipsis else [k]
    if Ellipsis not in [k for k in key if not isinstance(k, list)]:
        full += [slice(None)] * missing
    for axis in reversed(range(len(full))):
        if isinstance(full[axis], int):
            a = np.take(a, [full[axis]], axis)
    drop = tuple(i for i, k in enumerate(full) if isinstance(k, int))
    key = tuple(slice(None) if isinstance(k, int) else k for k in full)
    return a[key].squeeze(drop)


def number(n):
    return rnd.choice([str(rnd.randint(-2 * n - 2, 2 * n + 2)), str(rnd.randint(0, max(n, 1))), "+1"])


def axis_text(n, lists):
    kind = rnd.randrange(5 if lists else 4)
    if kind == 0:
        return str(rnd.randint(-n - (rnd.random() < .05), n - (rnd.random() > .05)) if n else 0)
    if kind == 4:
        return "[" + ",".join(str(rnd.randint(-n, n - 1)) for _ in range(rnd.randint(0, 5) if n else 0)) + "]"
    part = lambda: number(n) if rnd.random() < .5 else ""
    step = rnd.choice(["", ":", ":2", ":-1", ":-2", ":3", ":-7", ": 1"])
    return rnd.choice([":", part() + ":" + part() + step, part() + " : " + part() + step])


def numpy_cases():
    fixed = [([10, 4, 3], t) for t in (
        "0:10, :, ::2", "5", "-1", "...", "[1,4,7], :", "::-1", "5,", "..., 0", "0, ...", "1, ..., 2", "()", "10", "-11",
        "::0", "[]", "[0,0,9,-1]", "[10]", "0,0,0", "0,0,0,0", "...,...", "[3, 2, 1], 0", "1, :, [2,0]",
        "0:99999999999999999999", "-99999999999999999999:", "::99999999999999999999", "::-99999999999999999999",
        "99999999999999999999", "8:2:-3, 3:-9:-1", "3:3", " 1 , 2 ", "\t:\n,1", "[1,2,]", "[-1,-2], ..., ::-1",
        "9223372036854775807", "0:9223372036854775807", "0:0,1", "-3:-1", "[1 , 2]")]
    fixed += [([], "..."), ([], "()"), ([], "0"), ([0], ":"), ([0], "0"), ([0], "::-1"), ([0, 3], ":,1"), ([1], "-1")]
    cases = []
    while len(cases) < 700:
        if fixed:
            dims, text = fixed.pop(0)
        else:
            dims = [rnd.randint(0, 6) if rnd.random() < .1 else rnd.randint(1, 6) for _ in range(rnd.randint(1, 4))]
            parts, lists = [], True
            for n in dims[:rnd.randint(1, len(dims))]:
                parts.append(axis_text(n, lists))
                lists = lists and not parts[-1].startswith("[")
            if rnd.random() < .2:
                parts.insert(rnd.randint(0, len(parts)), "...")
            text = rnd.choice([",", ", "]).join(parts)
        try:
            got = index(text, dims)
            case = {"dims": dims, "text": text, "shape": list(got.shape), "flat": got.ravel().tolist()}
        except (IndexError, ValueError):
            case = {"dims": dims, "text": text, "error": True}
        cases.append(case)
    return cases


def read(file, dims, select):
    """The values, which are positions, that libhdf5 reads through a selection."""
    name = "d%d" % len(file)
    chunks = tuple(rnd.randint(1, n) for n in dims)
    d = file.create_dataset(name, data=np.arange(int(np.prod(dims))).reshape(dims), chunks=chunks)
    space = d.id.get_space()
    select(space)
    n = space.get_select_npoints()
    out = np.zeros(n, dtype=d.dtype)
    if n:
        d.id.read(h5py.h5s.create_simple((n,)), space, out)
    return out.tolist()


def union_case(file):
    dims = [rnd.randint(1, 7) for _ in range(rnd.randint(1, 4))]
    blocks = []
    for _ in range(rnd.randint(1, 6)):
        start = [rnd.randrange(n) for n in dims]
        blocks.append([start, [rnd.randint(s, n - 1) for s, n in zip(start, dims)]])

    def select(space):
        space.select_none()
        for start, end in blocks:
            size = tuple(e - s + 1 for s, e in zip(start, end))
            space.select_hyperslab(tuple(start), (1,) * len(dims), None, size, op=h5py.h5s.SELECT_OR)
    return {"kind": "union", "dims": dims, "blocks": blocks, "flat": read(file, dims, select)}


def slab_case(file):
    dims = [rnd.randint(1, 12) for _ in range(rnd.randint(1, 3))]
    start = [rnd.randrange(n + 1) for n in dims]
    block = [rnd.randint(1, 3) for _ in dims]
    stride = [rnd.randint(1, 5) for _ in dims]
    count = [rnd.randint(1, 4) for _ in dims]
    if rnd.random() < .75:  # one that fits
        start = [rnd.randrange(n) for n in dims]
        block = [rnd.randint(1, min(3, n - s)) for n, s in zip(dims, start)]
        stride = [b + rnd.randint(0, 2) for b in block]
        count = [rnd.randint(1, (n - s - b) // t + 1) for n, s, b, t in zip(dims, start, block, stride)]
    case = {"kind": "slab", "dims": dims, "start": start, "stride": stride, "count": count, "block": block}
    try:
        case["flat"] = read(file, dims, lambda s: s.select_hyperslab(tuple(start), tuple(count), tuple(stride), tuple(block)))
    except Exception:
        case["error"] = True
    return case


def points_case(file):
    dims = [rnd.randint(1, 9) for _ in range(rnd.randint(1, 4))]
    coords = [[rnd.randrange(n) for n in dims] for _ in range(rnd.randint(1, 9))]
    return {"kind": "points", "dims": dims, "coords": sum(coords, []),
            "flat": read(file, dims, lambda s: s.select_elements(coords))}


def unlimited_case(file):
    """Where a virtual dataset puts the elements of its source, by an unlimited count."""
    start, block, n = rnd.randint(0, 3), rnd.randint(1, 4), rnd.randint(1, 12)
    stride = block + rnd.randint(0, 3)
    name = "d%d" % len(file)
    file.create_dataset(name, data=np.arange(1, n + 1), maxshape=(None,), chunks=(4,))
    source = h5py.h5s.create_simple((n,), (h5py.h5s.UNLIMITED,))
    source.select_hyperslab((0,), (h5py.h5s.UNLIMITED,), (block,), (block,))
    virtual = h5py.h5s.create_simple((start + n,), (h5py.h5s.UNLIMITED,))
    virtual.select_hyperslab((start,), (h5py.h5s.UNLIMITED,), (stride,), (block,))
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_virtual(virtual, b".", name.encode(), source)
    space = h5py.h5s.create_simple((start + n,), (h5py.h5s.UNLIMITED,))
    d = h5py.h5d.create(file.id, ("v" + name).encode(), h5py.h5t.NATIVE_INT64, space, plist)
    got = h5py.Dataset(d)[...]
    flat = np.nonzero(got)[0].tolist()
    return {"kind": "slab", "dims": list(got.shape), "start": [start], "stride": [stride], "count": [-1], "block": [block],
            "flat": flat, "unlimited": True}


def dump(name, cases):
    with open(name, "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")


with h5py.File("witness.h5", "w", driver="core", backing_store=False) as file:
    cases = [union_case(file) for _ in range(120)] + [slab_case(file) for _ in range(150)]
    cases += [points_case(file) for _ in range(60)]
    cases += [unlimited_case(file) for _ in range(60)]
    dump("hdf5.json", cases)
dump("numpy.json", numpy_cases())
