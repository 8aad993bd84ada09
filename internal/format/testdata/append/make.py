"""Records that libhdf5 writes under each low bound: datatypes, selections of
region references, mappings of virtual datasets, layouts, H5T_STD_REF.

usage: make.py OUT COUNT SEED
A line is: kind, bound, hex of the record, JSON of what was asked for, with tabs
between. Needs h5py over HDF5 2.0; H5T_STD_REF is made through ctypes.
"""
import ctypes, glob, json, os, random, sys, tempfile
import numpy as np
import h5py
from h5py import h5d, h5o, h5p, h5r, h5s, h5t

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import message_datatype_make as types

BOUNDS = ["earliest", "v108", "v110", "v112", "v114", "v200"]
UNLIMITED = h5s.UNLIMITED
BIG = 1 << 34


def heap_objects(b):
    """The objects of all global heap collections, in order."""
    i = b.find(b"GCOL")
    while i >= 0:
        end = i + int.from_bytes(b[i + 8:i + 16], "little")
        p = i + 16
        while p + 16 <= end and b[p:p + 2] != b"\0\0":
            n = int.from_bytes(b[p + 8:p + 16], "little")
            yield int.from_bytes(b[p:p + 2], "little"), b[p + 16:p + 16 + n]
            p += 16 + (n + 7) // 8 * 8
        i = b.find(b"GCOL", i + 1)


def message(b, at, kind):
    """The first message of a kind in the object header at a position."""
    if b[at:at + 4] == b"OHDR":
        flags = b[at + 5]
        p = at + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        w = 1 << (flags & 3)
        end = p + w + int.from_bytes(b[p:p + w], "little")
        p += w
        head = 4 + (2 if flags & 4 else 0)
        while p + head <= end:
            n = int.from_bytes(b[p + 1:p + 3], "little")
            if b[p] == kind:
                return b[p + head:p + head + n]
            p += head + n
    blocks = [(at + 16, int.from_bytes(b[at + 8:at + 12], "little"))]
    for p, size in blocks:
        end = p + size
        while p + 8 <= end:
            k, n = (int.from_bytes(b[p + j:p + j + 2], "little") for j in (0, 2))
            if k == kind:
                return b[p + 8:p + 8 + n]
            if k == 16:
                blocks.append(tuple(int.from_bytes(b[p + 8 + j:p + 16 + j], "little") for j in (0, 8)))
            p += 8 + n
    raise ValueError("no message")


def slab(rng, rank, high):
    """A random regular hyperslab that fits 2^33 or a few hundred."""
    start, stride, count, block = [], [], [], []
    for _ in range(rank):
        b = rng.choice([1, 1, 2, 5])
        c = rng.choice([1, 1, 2, 3, 5])
        s = rng.choice([b, b, b + 1, b + 3])
        if c == 1 and rng.random() < 0.5:
            s = rng.choice([1, b, 9, 300])
            s = max(s, 1)
        start.append(rng.choice([0, 1, 7, 200] + ([70000, 65535, 1 << 33] if high else [])))
        stride.append(s)
        count.append(c)
        block.append(b)
    if high and rng.random() < 0.3:
        k = rng.randrange(rank)
        block[k], stride[k] = rng.choice([(65534, 65534), (65534, 70000), (65535, 70001), (1, 65536), (66000, 70000)])
    return start, stride, count, block


def selection(rng, high):
    """A dataspace with a selection, and the description of that."""
    rank = rng.randint(1, 3)
    space = h5s.create_simple((BIG,) * rank)
    kind = rng.choice(["regular", "regular", "regular", "points", "blocks", "all", "none"])
    say = {"kind": kind, "rank": rank}
    if kind == "regular":
        p = slab(rng, rank, high)
        space.select_hyperslab(*[tuple(p[k]) for k in (0, 2, 1, 3)])
        say.update(zip(("start", "stride", "count", "block"), p))
    elif kind == "points":
        pts = [[rng.choice([0, 3, 500] + ([65535, 65536, 1 << 32, (1 << 32) - 1] if high else [])) for _ in range(rank)]
               for _ in range(rng.randint(1, 4))]
        space.select_elements(np.array(pts, "u8"))
        say["points"] = pts
    elif kind == "blocks":
        at, blocks = 0, []
        for i in range(rng.choice([2, 3, 5])):
            at += rng.choice([3, 10, 11]) * (i + 1)
            start = [at] + [rng.randint(0, 9) for _ in range(rank - 1)]
            size = [rng.randint(1, 2 + i)] + [rng.randint(1, 5) for _ in range(rank - 1)]
            if high and rng.random() < 0.2:
                size[-1] = rng.choice([65530, 1 << 33])
                if rank == 1:
                    at += size[0]
            blocks.append([start, [a + n - 1 for a, n in zip(start, size)]])
            space.select_hyperslab(tuple(start), (1,) * rank, None, tuple(size), op=h5s.SELECT_OR)if i else \
                space.select_hyperslab(tuple(start), (1,) * rank, None, tuple(size))
        if space.is_regular_hyperslab():
            return selection(rng, high)
        say["blocks"] = space.get_select_hyper_blocklist().reshape(-1, 2, rank).tolist()
    elif kind == "all":
        space.select_all()
    else:
        space.select_none()
    return space, say


def selections(rng, bound, path, n):
    with h5py.File(path, "w", libver=(bound, "latest")) as f:
        made = []
        ds = {r: f.create_dataset("d%d" % r, (BIG,) * r, "i1", chunks=(64,) * r) for r in (1, 2, 3)}
        refs = f.create_dataset("r", (n,), h5py.regionref_dtype)
        for i in range(n):
            try:
                space, say = selection(rng, rng.random() < 0.5)
                ref = h5r.create(ds[say["rank"]].id, b".", h5r.DATASET_REGION, space)
            except (ValueError, RuntimeError, TypeError) as e:
                print(bound, say, e)
                continue
            refs[i] = h5py.RegionReference() if ref is None else ref
            say["address"] = h5o.get_info(ds[say["rank"]].id).addr
            made.append((i, say))
        where = refs.id.get_offset()
    b = open(path, "rb").read()
    objects = {}
    i = b.find(b"GCOL")
    while i >= 0:
        end, p = i + int.from_bytes(b[i + 8:i + 16], "little"), i + 16
        while p + 16 <= end and b[p:p + 2] != b"\0\0":
            m = int.from_bytes(b[p + 8:p + 16], "little")
            objects[i, int.from_bytes(b[p:p + 2], "little")] = b[p + 16:p + 16 + m]
            p += 16 + (m + 7) // 8 * 8
        i = b.find(b"GCOL", i + 1)
    for i, say in made:
        e = b[where + 12 * i:where + 12 * i + 12]
        o = objects[int.from_bytes(e[:8], "little"), int.from_bytes(e[8:], "little")]
        yield "region", o, say


def datatypes(rng, bound, path, n):
    with h5py.File(path, "w", libver=(bound, "latest")) as f:
        made = []
        for i in range(n):
            t, s = types.any_type(rng, 3)
            try:
                t = t.copy()
                t.commit(f.id, b"t%d" % i)
            except Exception as e:
                print(bound, s[:60], e)
                continue
            made.append((h5o.get_info(t).addr, s))
    b = open(path, "rb").read()
    for at, s in made:
        m = message(b, at, 3)
        if len(m) < 500:
            yield "datatype", m, s


def virtual(rng, bound, path):
    """One virtual dataset of random mappings, some of them unlimited."""
    rank = rng.randint(1, 2)
    top = (UNLIMITED,) * rank
    dcpl, say = h5p.create(h5p.DATASET_CREATE), []
    names = rng.choice([["f", "."], ["a_long_name_of_a_file.h5", "."], ["f", "g", "a_long_name_of_a_file.h5"],
                        ["sixsix", "seven77", "eight888", "nine99999"]])
    for k in range(rng.randint(1, 5)):
        v, s = h5s.create_simple((900,) * rank, top), h5s.create_simple((900,) * rank, top)
        start, stride, count, block = slab(rng, rank, False)
        start[0] = 100 * k
        form, file, dataset = rng.randrange(4) if k == 0 else 0, rng.choice(names), rng.choice(["d", "seven__", "eight___", "a_long_name_of_a_dataset"])
        source = [list(x) for x in (start, stride, count, block)]
        source[0][0] = 3
        if form == 1:  # both without end
            count[0] = source[2][0] = UNLIMITED
            stride[0] = source[1][0] = max(stride[0], block[0])
        elif form == 2:  # a block without end
            count[0] = source[2][0] = 1
            block[0] = source[3][0] = UNLIMITED
            stride[0] = source[1][0] = 1
        elif form == 3:  # a source for each block
            dataset = "b%b"
            count[0], stride[0] = UNLIMITED, max(stride[0], block[0])
            source[2][0] = 1
        try:
            v.select_hyperslab(*[tuple(x) for x in (start, count, stride, block)])
            s.select_hyperslab(*[tuple(source[i]) for i in (0, 2, 1, 3)])
            dcpl.set_virtual(v, file.encode(), dataset.encode(), s)
        except (ValueError, RuntimeError) as e:
            print(bound, form, e)
            return
        wide = lambda p: [[-1 if x == UNLIMITED else x for x in q] for q in p]
        say.append({"file": file, "dataset": dataset, "virtual": wide((start, stride, count, block)), "source": wide(source)})
    with h5py.File(path, "w", libver=(bound, "latest")) as f:
        try:
            h5d.create(f.id, b"v", h5t.NATIVE_INT32, h5s.create_simple((900,) * rank, top), dcpl)
        except (ValueError, RuntimeError) as e:
            print(bound, say, e)
            return
    b = open(path, "rb").read()
    yield "virtual", next(heap_objects(b))[1], {"rank": rank, "mappings": say}


def layouts(rng, bound, path):
    with h5py.File(path, "w", libver=(bound, "latest")) as f:
        made = []
        for i in range(6):
            rank = rng.randint(1, 3)
            chunk = tuple(rng.choice([1, 4, 5, 255, 256] if k == 0 else [1, 2, 3]) for k in range(rank)) if rng.random() < 0.8 else None
            dtype = rng.choice(["i1", "<f8", "S300"])
            more = {}
            if chunk:
                more = {"chunks": chunk, "compression": rng.choice([None, "gzip"])}
                shape = tuple(rng.choice([n, n + 3]) for n in chunk)
                more["maxshape"] = rng.choice([None, (None,) * rank, (None,) + shape[1:]])
            else:
                shape = (3,) * rank
            d = f.create_dataset("d%d" % i, shape, dtype, **more)
            if rng.random() < 0.7:
                d[(0,) * rank] = np.zeros((), dtype)
            made.append((h5o.get_info(d.id).addr, bool(more.get("compression"))))
        dcpl = h5p.create(h5p.DATASET_CREATE)
        dcpl.set_layout(h5d.COMPACT)
        d = h5d.create(f.id, b"c", h5t.NATIVE_INT16, h5s.create_simple((rng.randint(1, 9),)), dcpl)
        made.append((h5o.get_info(d).addr, False))
    b = open(path, "rb").read()
    for at, filtered in made:
        yield "layout", message(b, at, 8), {"filtered": filtered}


def std_references(bound, path, lib):
    """Elements of H5T_STD_REF and their heap objects, through the C library."""
    with h5py.File(path, "w", libver=(bound, "latest")) as f:
        d = f.create_dataset("d", (20, 30), "i4")
        d.attrs["an_attribute"] = 1
        f.create_group("g")
        address = {n: h5o.get_info(f[n].id).addr for n in ("d", "g")}
        hid, ref = ctypes.c_int64, (ctypes.c_uint8 * 64)
        std = hid.in_dll(lib, "H5T_STD_REF_g")
        space = h5s.create_simple((20, 30))
        refs = (ref * 5)()
        fid, default = hid(f.id.id), hid(0)
        lib.H5Rcreate_object(fid, b"g", default, ctypes.byref(refs[0]))
        space.select_hyperslab((1, 2), (3, 2), (4, 5), (2, 3))
        lib.H5Rcreate_region(fid, b"d", hid(space.id), default, ctypes.byref(refs[1]))
        space.select_all()
        lib.H5Rcreate_region(fid, b"d", hid(space.id), default, ctypes.byref(refs[2]))
        lib.H5Rcreate_attr(fid, b"d", b"an_attribute", default, ctypes.byref(refs[3]))
        lib.H5Dcreate2.restype = ctypes.c_int64
        s5 = h5s.create_simple((5,))
        ds = lib.H5Dcreate2(fid, b"r", std, hid(s5.id), default, default, default)
        assert lib.H5Dwrite(hid(ds), std, default, default, default, refs) >= 0
        lib.H5Dclose(hid(ds))
        r = h5d.open(f.id, b"r")
        where, at = r.get_offset(), h5o.get_info(r).addr
    b = open(path, "rb").read()
    objects = dict(heap_objects(b))
    yield "datatype", message(b, at, 3), "reference(object2)"
    slab = {"kind": "regular", "rank": 2, "start": [1, 2], "stride": [4, 5], "count": [3, 2], "block": [2, 3]}
    for i, say in enumerate([{"object": "g"}, {"object": "d", "region": slab}, {"object": "d", "region": {"kind": "all", "rank": 2}},
                             {"object": "d", "attribute": "an_attribute"}]):
        e = b[where + 18 * i:where + 18 * i + 18]
        say["address"] = address[say["object"]]
        o = b""
        if i:
            o = objects[int.from_bytes(e[14:], "little")]
        yield "reference", e + o, say


def main(path, count, seed):
    rng = random.Random(seed)
    lib = ctypes.CDLL(glob.glob(os.path.join(os.path.dirname(h5py.__file__), "../h5py.libs/libhdf5-*"))[0])
    with open(path, "w") as out, tempfile.TemporaryDirectory() as d:
        for i in range(count):
            for bound in BOUNDS:
                fn = os.path.join(d, "t.h5")
                made = [*selections(rng, bound, fn, 6), *datatypes(rng, bound, fn, 5), *layouts(rng, bound, fn)]
                made += virtual(rng, bound, fn) or []
                if i == 0:
                    made += std_references(bound, fn, lib)
                for kind, b, say in made:
                    out.write("\t".join([kind, bound, b.hex(), json.dumps(say)]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
