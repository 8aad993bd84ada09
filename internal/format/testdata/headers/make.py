"""Writes one file for each lower bound of libhdf5's format versions, and one by
PyTables, with object headers of all kinds. Run: python make.py FOLDER"""
import ctypes, gzip, os, re, sys
import h5py, numpy as np, tables
from h5py import h5d, h5f, h5g, h5l, h5o, h5p, h5s, h5t

folder = sys.argv[1]
# What h5py has no name for is called in the libhdf5 that it has loaded.
with open("/proc/self/maps") as maps:
    lib = ctypes.CDLL(next(m for m in re.findall(r"/\S*h5py\S*libhdf5-\S*", maps.read())))


def call(name, o, *args):
    """libhdf5's function on an object of h5py's."""
    kinds = [ctypes.c_int64] + [ctypes.c_char_p if isinstance(a, bytes) else ctypes.c_uint for a in args]
    f = getattr(lib, name)
    f.argtypes = kinds
    if f(o.id, *args) < 0:
        raise RuntimeError(name)


def attributes(o):
    a = o.attrs
    a["int"] = np.int32(7)
    a["real"] = np.arange(6.0).reshape(2, 3)
    a["fixed"] = np.bytes_(b"abc")
    a["variable"] = "text"
    a["\u00e9t\u00e9"] = 1
    a["null"] = h5py.Empty("f4")
    a["record"] = np.zeros(2, dtype=[("a", "i1"), ("bc", "f8"), ("d", "S3")])
    a["empty"] = np.zeros((0, 3), "i2")


def fill(path, low, high, sizes=None, **fcpl):
    cpl = h5p.create(h5p.FILE_CREATE)
    if sizes:
        cpl.set_sizes(*sizes)
    for name, args in fcpl.items():
        if hasattr(cpl, "set_" + name):
            getattr(cpl, "set_" + name)(*args)
        else:
            call("H5Pset_" + name, cpl, *args)
    apl = h5p.create(h5p.FILE_ACCESS)
    apl.set_libver_bounds(low, high)
    f = h5py.File(h5f.create(path.encode(), h5f.ACC_TRUNC, fcpl=cpl, fapl=apl))
    attributes(f)
    f["type"] = np.dtype([("x", "i4"), ("y", "f8")])
    attributes(f["type"])
    g = f.create_group("group")
    g["soft"] = h5py.SoftLink("/group/nowhere")
    t = f.create_group("tracked", track_order=True)
    for name in ("z", "b", "\u00e9", "m" * 300):
        t.create_group(name)
    t["soft"] = h5py.SoftLink("x")
    t["external"] = h5py.ExternalLink("other.h5", "/a/b")
    t.attrs["one"], t.attrs["two"] = 1, 2
    t["hard"] = f["type"]
    gcpl = h5p.create(h5p.GROUP_CREATE)
    call("H5Pset_link_phase_change", gcpl, 3, 2)
    call("H5Pset_est_link_info", gcpl, 5, 12)
    gcpl.set_attr_phase_change(4, 2)
    gcpl.set_link_creation_order(h5p.CRT_ORDER_TRACKED)
    p = h5py.Group(h5g.create(f.id, b"phases", gcpl=gcpl))
    p.create_group("1")
    p.attrs["x"] = 1
    p.attrs["y"] = np.float32(3)
    dense = f.create_group("dense", track_order=True)
    for i in range(12):
        dense.create_group("g%d" % i)
        dense.attrs["a%d" % i] = i
    kinds = {
        "scalar": dict(data=np.int64(5)), "simple": dict(data=np.arange(10, dtype=">u2")),
        "null": dict(data=h5py.Empty("i4")), "compact": None,
        "chunked": dict(shape=(10, 6), maxshape=(None, 20), chunks=(4, 3), dtype="f4", compression="gzip", shuffle=True, fletcher32=True),
        "filled": dict(shape=(4,), dtype="i4", fillvalue=-1), "growing": dict(shape=(4,), maxshape=(None,), dtype="u1", fillvalue=9),
        "lossy": dict(shape=(40,), chunks=(8,), dtype="i4", scaleoffset=3), "lzf": dict(shape=(40,), chunks=(8,), dtype="i4", compression="lzf"),
        "untimed": dict(shape=(2,), dtype="i4", track_times=False), "timed": dict(shape=(2,), dtype="i4", track_times=True),
        "outside": dict(shape=(6,), dtype="i4", external=[("a.raw", 0, 8), ("b.raw", 4, h5f.UNLIMITED)]),
        "committed": dict(shape=(3,), dtype=f["type"]), "variable": dict(data=["a", "bc"]), "late": dict(shape=(0,), maxshape=(7,), dtype="i4", chunks=(3,)),
    }
    for name, how in kinds.items():
        if how is not None:
            attributes(f.create_dataset(name, **how))
    for i, (alloc, time) in enumerate([(h5d.ALLOC_TIME_EARLY, h5d.FILL_TIME_ALLOC), (h5d.ALLOC_TIME_INCR, h5d.FILL_TIME_NEVER), (h5d.ALLOC_TIME_LATE, h5d.FILL_TIME_IFSET)]):
        dcpl = h5p.create(h5p.DATASET_CREATE)
        dcpl.set_chunk((2,))
        dcpl.set_alloc_time(alloc)
        dcpl.set_fill_time(time)
        dcpl.set_attr_creation_order(h5p.CRT_ORDER_TRACKED | (h5p.CRT_ORDER_INDEXED if i else 0)) if low != h5f.LIBVER_EARLIEST or i else None
        d = h5py.Dataset(h5d.create(f.id, b"fill%d" % i, h5t.STD_I16LE, h5s.create_simple((4,), (h5s.UNLIMITED,)), dcpl))
        attributes(d)
    cpl = h5p.create(h5p.DATASET_CREATE)
    cpl.set_layout(h5d.COMPACT)
    h5d.create(f.id, b"compact", h5t.STD_I32LE, h5s.create_simple((3,)), cpl)
    # An attribute of a committed type, and a name with an odd length.
    f["simple"].attrs.create("shared", np.zeros((), f["type"].dtype), dtype=f["type"])
    call("H5Oset_comment", f["simple"].id, b"a comment")
    call("H5Oset_comment", f["group"].id, b"comment")
    f["twice"] = f["simple"]
    f["thrice"] = f["simple"]
    # Messages that are removed and that outgrow their header leave NIL and continuations.
    for i in range(5):
        f["filled"].attrs["late%d" % i] = np.arange(i * 3)
    del f["filled"].attrs["real"], f["filled"].attrs["late2"]
    f["growing"].resize((50,))
    f.close()


files = {}
V = {"earliest": h5f.LIBVER_EARLIEST, "v108": h5f.LIBVER_V18, "v110": h5f.LIBVER_V110, "latest": h5f.LIBVER_LATEST}
for name, low in V.items():
    files[name] = (low, low if name not in ("earliest",) else h5f.LIBVER_LATEST, {})
files["narrow_old"] = (V["earliest"], V["latest"], dict(sizes=(4, 8)))
files["narrow_new"] = (V["v110"], V["v110"], dict(sizes=(8, 4)))
files["space"] = (V["earliest"], V["latest"], dict(file_space_strategy=(h5f.FSPACE_STRATEGY_PAGE, True, 1)))
files["spacenew"] = (V["v110"], V["v110"], dict(file_space_strategy=(h5f.FSPACE_STRATEGY_FSM_AGGR, True, 7)))
files["userblock"] = (V["earliest"], V["latest"], dict(userblock=(1024,), sym_k=(20, 6), istore_k=(40,)))
files["shared"] = (V["earliest"], V["latest"], dict(shared_mesg_nindexes=(1,), shared_mesg_index=(0, 0x1F, 10)))
files["knew"] = (V["v108"], V["v108"], dict(sym_k=(20, 6), istore_k=(40,)))


def pytables(path):
    with tables.open_file(path, "w", title="t", filters=tables.Filters(5, "zlib", fletcher32=True)) as f:
        class Row(tables.IsDescription):
            name = tables.StringCol(7, dflt=b"x")
            x = tables.Float64Col(dflt=2.5)
            t = tables.Time64Col()
            b = tables.BoolCol()
        t = f.create_table("/", "table", Row, "titled")
        for i in range(20):
            t.row["x"] = i
            t.row.append()
        t.flush()
        t.cols.x.create_csindex()
        del t
        f.create_array("/", "array", np.arange(9, dtype="u2").reshape(3, 3), "a title")
        f.create_carray("/", "carray", tables.Int32Atom(dflt=3), (5, 5))
        f.create_earray("/g", "earray", tables.StringAtom(5), (0, 2), createparents=True).append([[b"ab", b"cd"]])
        f.create_vlarray("/g", "vl", tables.Int8Atom(), filters=tables.Filters(0)).append([1, 2, 3])
        f.create_vlarray("/g", "obj", tables.ObjectAtom(), filters=tables.Filters(0)).append({"a": 1})
        f.create_soft_link("/g", "soft", "/array")
        f.create_hard_link("/g", "hard", "/array")
        f.create_external_link("/h", "ext", "other.h5:/x", createparents=True)
        f.root.array.attrs.user = [1, 2]
        f.root.array.attrs.text = ""
        for i in range(30):
            f.create_group("/many", "group%02d" % i, "title %d" % i, createparents=True)
        f.remove_node("/g/obj")


def keep(name, make):
    path = os.path.join(folder, name + ".h5")
    make(path)
    with open(path, "rb") as f:
        data = f.read()
    os.remove(path)
    with open(path + ".gz", "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as z:
        z.write(data)


for name, (low, high, how) in files.items():
    keep(name, lambda path: fill(path, low, high, **how))
keep("pytables", pytables)
