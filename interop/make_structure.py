"""Writes files whose groups, links, attributes, containers and virtual datasets
are out of the ordinary.  usage: make_structure.py FOLDER"""
import ctypes
import json
import os
import shutil
import sys

import h5py
import numpy as np
from h5py import h5a, h5d, h5f, h5p, h5s, h5t

from h5plans import LIB, UNLIMITED
from h5types import TYPES, noise

BOUNDS = {"earliest": h5f.LIBVER_EARLIEST, "v110": h5f.LIBVER_V110, "v200": h5f.LIBVER_V200}


def create(name, bounds="earliest", fcpl=None, **driver):
    fapl = h5p.create(h5p.FILE_ACCESS)
    fapl.set_libver_bounds(BOUNDS[bounds], h5f.LIBVER_LATEST)
    return h5py.File(h5f.create(name.encode(), h5f.ACC_TRUNC, fcpl=fcpl, fapl=fapl))


def call(name, plist, *args):
    """A property that h5py has no name for."""
    if getattr(LIB, name)(ctypes.c_int64(plist.id), *args) < 0:
        raise RuntimeError(name)


def sample(f):
    """A bit of everything that a container must keep together. libhdf5 2.0 can
    read neither references with addresses of 4 bytes, nor unlimited extents with
    lengths of 4."""
    addresses, lengths = f.id.get_create_plist().get_sizes()
    unlimited = None if lengths == 8 else 60
    f.attrs["title"] = "container"
    f["plain"] = np.arange(40, dtype="i4").reshape(5, 8)
    f.create_dataset("chunked", data=np.arange(900.0).reshape(30, 30), chunks=(7, 8), compression="gzip", maxshape=(unlimited, 30))
    f.create_dataset("two", data=np.arange(900).reshape(30, 30), chunks=(7, 8), maxshape=(unlimited, unlimited))
    f.create_dataset("text", data=["a", "", "π" * 300, "d"], dtype=h5py.string_dtype())
    f.create_dataset("seq", (3,), h5py.vlen_dtype("i2"))[:] = np.array([[1, 2], [], [3]], dtype=object)
    g = f.create_group("a/b")
    for i in range(20):
        g.attrs["k%d" % i] = i
        g.create_group("child%d" % i)
    if addresses == 8:
        refs = f.create_dataset("refs", (2,), h5py.ref_dtype)
        refs[0], refs[1] = f["plain"].ref, g.ref


def groups():
    for bounds in BOUNDS:
        with create("groups_%s.h5" % bounds, bounds) as f:
            for track in (False, True):
                for n in (0, 1, 8, 9, 300):
                    g = f.create_group("%s%d" % ("tracked" if track else "plain", n), track_order=track)
                    for i in range(n):
                        g.create_group("link %d" % (i * 7919 % 1000))
            wide = f.create_group("wide")
            for i in range(3000):
                wide["%x" % (i * 2654435761 % 2**32)] = h5py.SoftLink("/" + "t" * (i % 50))
            names = f.create_group("names")
            for n in ("ü", "日本", "a b", "dot.", "..x", "n" * 400, "tab\t", "\u202e"):
                names.create_group(n)
            deep = f
            for i in range(60):
                deep = deep.create_group("d%d" % i)


def links():
    for bounds in BOUNDS:
        with create("links_%s.h5" % bounds, bounds) as f:
            f["data"] = np.arange(5)
            g = f.create_group("g")
            g["hard"], g["up"] = f["data"], f["/"]
            f["cycle"] = g
            g["soft"], g["dangling"] = h5py.SoftLink("/data"), h5py.SoftLink("nowhere/at/all")
            g["relative"], g["self"] = h5py.SoftLink("../data"), h5py.SoftLink("self")
            g["outside"] = h5py.ExternalLink("groups_%s.h5" % bounds, "/plain9")
            g["lost"] = h5py.ExternalLink("absent.h5", "/x")
            f.copy("data", "copied")
            del f["copied"]
            f["type"] = np.dtype([("a", "<i4"), ("b", "S5")])
            f.create_dataset("committed", data=np.zeros(3, f["type"].dtype), dtype=f["type"])
            f["data"].attrs.create("committed", np.zeros((), f["type"].dtype), dtype=f["type"])


def attribute(obj, name, t, shape, rng, refs):
    n = int(np.prod(shape)) if shape is not None else 0
    space = h5s.create(h5s.NULL) if shape is None else h5s.create(h5s.SCALAR) if shape == () else h5s.create_simple(shape)
    a = h5a.create(obj.id, name.encode(), t.tid, space)
    if n == 0:
        return
    v = t.draw(rng, n, refs) if "refs" in t.tags else t.draw(rng, n)
    if v.dtype.hasobject:
        a.write(v.reshape(shape + v.shape[1:]), t.memory(v))
    else:
        a.write(np.ascontiguousarray(v).view("V%d" % t.tid.get_size()).reshape(shape), t.tid)


def attributes():
    rng = np.random.default_rng(5)
    for bounds in BOUNDS:
        with create("attributes_%s.h5" % bounds, bounds) as f:
            target = f.create_dataset("target", data=np.arange(60).reshape(6, 10))
            refs = {"object": [target.ref, f.ref, h5py.Reference()], "region": [target.regionref[1:3, ::4], target.regionref[...]]}
            for name, t in TYPES.items():
                if "v200" in t.tags and bounds != "v200":
                    continue
                g = f.create_group(name)
                for shape in ((), (3,), (2, 2), (0,), None):
                    attribute(g, "shape %s" % (shape,), t, shape, rng, refs)
            for track in (False, True):
                for n in (0, 8, 9, 100):
                    for make in (f.create_group, lambda p, **k: f.create_dataset(p, data=1, **k)):
                        o = make("%s%d_%s" % ("tracked" if track else "plain", n, len(f)), track_order=track)
                        for i in range(n):
                            o.attrs["attribute %d" % (i * 7919 % 1000)] = np.arange(i)
            text = f.create_group("text")
            text.attrs["long name " * 20] = "x" * 5000
            text.attrs["empty"], text.attrs["utf8"] = "", "żółć"
            if bounds != "earliest":
                big = f.create_group("big")
                for n in (70_000, 600_000):
                    big.attrs["bytes%d" % n] = np.frombuffer(noise(rng, n, 1).tobytes(), np.uint8)
            gone = f.create_group("gone")
            for i in range(40):
                gone.attrs["a%d" % i] = i
            for i in range(0, 40, 3):
                del gone.attrs["a%d" % i]
            gone.attrs["a1"] = "another size"


def containers():
    def made(name, bounds, setup):
        fcpl = h5p.create(h5p.FILE_CREATE)
        setup(fcpl)
        with create(name + ".h5", bounds, fcpl) as f:
            sample(f)
    for bounds in BOUNDS:
        for size in (512, 1024, 65536):
            made("userblock%d_%s" % (size, bounds), bounds, lambda p: p.set_userblock(size))
        for o, l in ((4, 4), (4, 8), (8, 4)):
            made("sizes%d%d_%s" % (o, l, bounds), bounds, lambda p: p.set_sizes(o, l))
        for s in ("FSM_AGGR", "PAGE", "AGGR", "NONE"):
            for persist in (False, True):
                made("space_%s_%d_%s" % (s.lower(), persist, bounds), bounds,
                     lambda p: p.set_file_space_strategy(getattr(h5f, "FSPACE_STRATEGY_" + s), persist and s in ("FSM_AGGR", "PAGE"), 1))
        made("page_size_" + bounds, bounds, lambda p: (p.set_file_space_strategy(h5f.FSPACE_STRATEGY_PAGE, True, 1), p.set_file_space_page_size(512)))
        made("tree_k_" + bounds, bounds, lambda p: (call("H5Pset_sym_k", p, ctypes.c_uint(3), ctypes.c_uint(2)), call("H5Pset_istore_k", p, ctypes.c_uint(2))))

        def shared(p):
            call("H5Pset_shared_mesg_nindexes", p, ctypes.c_uint(2))
            call("H5Pset_shared_mesg_index", p, ctypes.c_uint(0), ctypes.c_uint(0x82a), ctypes.c_uint(20))
            call("H5Pset_shared_mesg_index", p, ctypes.c_uint(1), ctypes.c_uint(0x1000), ctypes.c_uint(30))
            call("H5Pset_shared_mesg_phase_change", p, ctypes.c_uint(10), ctypes.c_uint(4))
        made("shared_messages_" + bounds, bounds, shared)
    for driver, more in (("family", {"memb_size": 20000}), ("split", {})):
        name = "family_%d.h5" if driver == "family" else "split"
        with h5py.File(name, "w", driver=driver, **more) as f:
            sample(f)
    with h5py.File("swmr_open.h5", "w", libver="latest") as f:
        sample(f)
        f.swmr_mode = True
        f["chunked"].resize((33, 30))
        f["chunked"][30:] = 5
        f.flush()
        # The copy still says that a writer has it open.
        shutil.copy("swmr_open.h5", "swmr_flagged.h5")


def changes():
    """Datasets that have shrunk and grown, objects that have gone, filtered heaps."""
    for bounds in BOUNDS:
        with create("changes_%s.h5" % bounds, bounds) as f:
            for name, maxshape in (("one", (None, 12)), ("both", (None, None)), ("other", (12, None))):
                d = f.create_dataset(name, data=np.arange(144).reshape(12, 12), chunks=(5, 5), maxshape=maxshape, fillvalue=-7)
                if name == "other":
                    d.resize((12, 4))
                    d.resize((12, 20))
                else:
                    d.resize((4, 12))
                    d.resize((19, 12))
            for i in range(30):
                f["gone%d" % i] = np.arange(i * 40)
            for i in range(0, 30, 2):
                del f["gone%d" % i]
            f["late"] = np.arange(1000)
            f.create_dataset("never", (4, 4), "f4", fillvalue=2.5, chunks=(2, 2), fill_time="never")
            f.create_dataset("text_fill", (3,), h5py.string_dtype(), fillvalue="unset", chunks=(2,))
            f.create_dataset("text_default", (3,), h5py.string_dtype(), chunks=(2,))
            if bounds != "earliest":
                gcpl = h5p.create(h5p.GROUP_CREATE)
                call("H5Pset_deflate", gcpl, ctypes.c_uint(6))
                call("H5Pset_link_phase_change", gcpl, ctypes.c_uint(0), ctypes.c_uint(0))
                g = h5py.Group(h5py.h5g.create(f.id, b"filtered_heap", gcpl=gcpl))
                for i in range(200):
                    g["a link with a name that repeats itself %d" % i] = h5py.SoftLink("/nowhere")
                gcpl = h5p.create(h5p.GROUP_CREATE)
                call("H5Pset_link_phase_change", gcpl, ctypes.c_uint(0), ctypes.c_uint(0))
                g = h5py.Group(h5py.h5g.create(f.id, b"huge_objects", gcpl=gcpl))
                for i in range(3):
                    g["l%d" % i] = h5py.SoftLink("/" + "x" * (20000 * (i + 1)))


def virtuals():
    for i in range(4):
        with h5py.File("source%d.h5" % i, "w", libver="latest") as f:
            f.create_dataset("x", data=np.arange(24).reshape(4, 6) + 100 * i, maxshape=(None, 6), chunks=(3, 3))
    with h5py.File("virtual.h5", "w", libver="latest") as f:
        f["own"] = np.arange(10.0)
        rows = h5py.VirtualLayout((4, 4, 6), "i8")
        for i in range(4):
            rows[i] = h5py.VirtualSource("source%d.h5" % i, "x", (4, 6))
        f.create_virtual_dataset("stacked", rows)
        odd = h5py.VirtualLayout((8, 12), "f8")
        odd[1:8:2, 0:6] = h5py.VirtualSource("source1.h5", "x", (4, 6))
        odd[0:3, 6:12:3] = h5py.VirtualSource("source2.h5", "x", (4, 6))[1:4, ::3]
        f.create_virtual_dataset("strided", odd, fillvalue=-1.5)
        lost = h5py.VirtualLayout((2, 10), "f4")
        lost[0] = h5py.VirtualSource("absent.h5", "x", (10,))
        lost[1] = h5py.VirtualSource(".", "own", (10,))
        f.create_virtual_dataset("lost", lost, fillvalue=9)
        unlimited(f, "grows", "source0.h5", (4, 6), (UNLIMITED, 6), (0, 0), (1, 0), (4, 6))
        unlimited(f, "numbered", "source%b.h5", (4, 4, 6), (UNLIMITED, 4, 6), (0, 0, 0), (1, 0, 0), (1, 4, 6))


def unlimited(f, name, source, shape, maxshape, start, open_axis, block):
    """A mapping whose count is unlimited along an axis; %b numbers the sources."""
    space = h5s.create_simple(shape, maxshape)
    count = tuple(UNLIMITED if o else 1 for o in open_axis)
    printf = "%b" in source
    stride = tuple(b for b in block)
    if printf:
        space.select_hyperslab(start, count, stride, block)
        src = h5s.create_simple((4, 6))
    else:
        space.select_hyperslab(start, tuple(1 for _ in block), stride, (UNLIMITED,) + block[1:])
        src = h5s.create_simple((4, 6), (UNLIMITED, 6))
        src.select_hyperslab((0, 0), (1, 1), (4, 6), (UNLIMITED, 6))
    dcpl = h5p.create(h5p.DATASET_CREATE)
    dcpl.set_virtual(space, source.encode(), b"x", src)
    h5d.create(f.id, name.encode(), h5t.NATIVE_INT64, space, dcpl)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
    for step in (groups, links, attributes, containers, changes, virtuals):
        step()
    cases = [{"file": "virtual.h5", "path": "/" + name, "type": kind, "layout": "virtual", "index": "", "filter": "none", "name": "none"}
             for name, kind in (("stacked", "int"), ("strided", "float"), ("lost", "float"), ("grows", "int"), ("numbered", "int"))]
    with open("cases.json", "w") as f:
        json.dump(cases, f)
    print(len([n for n in os.listdir(".") if n.endswith(".h5")]), "files")


if __name__ == "__main__":
    main(sys.argv[1])
