"""Layouts and filters of the matrix, and the dataset that one case asks for."""
import ctypes
import glob
import os

import h5py
import hdf5plugin
import numpy as np
from h5py import h5d, h5p, h5s, h5z

# The library inside the h5py wheel, for what h5py has no call for.
LIB = ctypes.CDLL(glob.glob(os.path.join(os.path.dirname(os.path.dirname(h5py.__file__)), "h5py.libs", "libhdf5-*.so*"))[0])
UNLIMITED = h5s.UNLIMITED
EARLY, LATE, INCREMENTAL = h5d.ALLOC_TIME_EARLY, h5d.ALLOC_TIME_LATE, h5d.ALLOC_TIME_INCR
OLD, NEW = "old", "new"  # file formats before and from 1.10


# Types for layouts that take long, or that do not depend on the type.
FEW = ("int32le", "float64be", "compound_nested", "vlstring_utf8", "string6_nullterm", "ref_object")
SMALL = FEW + ("uint8le", "float32le", "bool", "vlen_i4", "array3_i32", "complex128le")


class Layout:
    """written: all, part (so that chunks are missing) or none. index: what the
    chunk index must be in a new file."""

    def __init__(self, name, shape, chunk=None, maxshape=None, index=None, alloc=None, written="all", formats=(NEW,), **more):
        self.name, self.shape, self.chunk, self.maxshape = name, shape, chunk, maxshape
        self.index, self.alloc, self.written, self.formats, self.more = index, alloc, written, formats, more


BOTH = (OLD, NEW)
LAYOUTS = [
    Layout("compact", (5, 7), compact=True, formats=BOTH),
    Layout("contiguous", (5, 7), formats=BOTH),
    Layout("contiguous", (4, 3), alloc=EARLY, written="none", formats=BOTH, tail="early"),
    Layout("contiguous", (4, 3), written="none", formats=BOTH, tail="late", fill=True),
    Layout("contiguous", (), formats=BOTH, tail="scalar"),
    Layout("null", None, formats=BOTH),
    Layout("contiguous", (0, 3), formats=BOTH, tail="empty"),
    Layout("external", (6, 4), external=True, formats=BOTH),
    Layout("btree_v1", (7, 11), (3, 4), index="btree_v1", formats=(OLD,)),
    Layout("btree_v1", (7, 11), (3, 4), (UNLIMITED, UNLIMITED), index="btree_v1", written="part", fill=True, formats=(OLD,), tail="part"),
    Layout("btree_v1", (0, 5), (2, 2), (UNLIMITED, 5), index="btree_v1", formats=(OLD,), tail="empty"),
    Layout("single", (7, 5), (7, 5), index="single"),
    Layout("fixed_array", (5, 4), (6, 5), (6, 5), index="fixed_array", tail="one_edge"),
    Layout("implicit", (7, 5), (3, 2), index="implicit", alloc=EARLY),
    Layout("implicit", (7, 5), (3, 2), (11, 9), index="implicit", alloc=EARLY, tail="max"),
    Layout("fixed_array", (7, 11), (3, 4), index="fixed_array"),
    Layout("fixed_array", (7, 11), (3, 4), (9, 20), index="fixed_array", written="part", fill=True, tail="part"),
    Layout("fixed_array", (2500,), (2,), index="fixed_array", written="part", fill=True, tail="paged", only=SMALL),
    Layout("extensible_array", (7, 11), (3, 4), (UNLIMITED, 11), index="extensible_array"),
    Layout("extensible_array", (5, 4, 6), (2, 3, 2), (5, UNLIMITED, 6), index="extensible_array", written="part", fill=True, tail="part"),
    Layout("extensible_array", (700,), (1,), (UNLIMITED,), index="extensible_array", tail="blocks", only=SMALL),
    Layout("extensible_array", (150000,), (1,), (UNLIMITED,), index="extensible_array", written="part", tail="paged", only=("int32le", "float64be")),
    Layout("btree_v2", (7, 11), (3, 4), (UNLIMITED, UNLIMITED), index="btree_v2"),
    Layout("btree_v2", (3, 0), (2, 2), (UNLIMITED, UNLIMITED), index="btree_v2", tail="empty"),
    Layout("btree_v2", (60, 50), (1, 2), (UNLIMITED, UNLIMITED), index="btree_v2", written="part", fill=True, tail="deep", only=SMALL),
    Layout("fixed_array", (7, 11), (3, 4), index="fixed_array", raw_edges=True, tail="raw_edges"),
]
for rank in (1, 3, 4, 5):
    dims = (5, 3, 4, 2, 3)[:rank]
    LAYOUTS.append(Layout("contiguous", dims, formats=BOTH, tail="rank%d" % rank, only=FEW))
    LAYOUTS.append(Layout("fixed_array", dims, (2,) * rank, index="fixed_array", tail="rank%d" % rank, only=FEW))
    LAYOUTS.append(Layout("btree_v1", dims, (2,) * rank, index="btree_v1", formats=(OLD,), tail="rank%d" % rank, only=FEW))
LAYOUTS.append(Layout("contiguous", (1, 2) * 4 + (1,) * 24, formats=BOTH, tail="rank32", only=FEW))
LAYOUTS.append(Layout("fixed_array", (1, 2) * 4 + (1,) * 23, (1,) * 31, index="fixed_array", tail="rank31", only=FEW))


class Filter:
    """add puts the filter into a creation list; takes tells which types it is for."""

    def __init__(self, name, family, add, takes=lambda t: True):
        self.name, self.family, self.add, self.takes = name, family, add, takes


def numeric(t):
    return t.tags & {"int", "float"} and t.tid.get_size() in (1, 2, 4, 8)


def plugin(p):
    return lambda d: d.set_filter(p.filter_id, h5z.FLAG_OPTIONAL, p.filter_options)


def both(*adds):
    def add(d):
        for a in adds:
            a(d)
    return add


def shuffle(d):
    d.set_shuffle()


def fletcher(d):
    d.set_fletcher32()


def deflate(level):
    return lambda d: d.set_deflate(level)


FILTERS = [Filter("gzip%d" % n, "gzip", deflate(n)) for n in (1, 4, 9)]
FILTERS += [
    Filter("shuffle", "shuffle", shuffle),
    Filter("shuffle_gzip", "shuffle + gzip", both(shuffle, deflate(4))),
    Filter("fletcher32", "fletcher32", fletcher, lambda t: "vl" not in t.tags),
    Filter("shuffle_gzip_fletcher32", "shuffle + gzip + fletcher32", both(shuffle, deflate(6), fletcher), lambda t: "vl" not in t.tags),
    Filter("lzf", "lzf", lambda d: d.set_filter(h5z.FILTER_LZF, h5z.FLAG_OPTIONAL, ())),
    Filter("shuffle_lzf", "shuffle + lzf", both(shuffle, lambda d: d.set_filter(h5z.FILTER_LZF, h5z.FLAG_OPTIONAL, ()))),
    Filter("nbit", "nbit", lambda d: d.set_filter(h5z.FILTER_NBIT, h5z.FLAG_OPTIONAL, ()),
           lambda t: t.tags & {"int", "float", "nbit", "compound"} or t.family in ("array", "string", "enum", "opaque")),
    Filter("scaleoffset_int", "scaleoffset", lambda d: d.set_scaleoffset(h5z.SO_INT, 0), lambda t: "int" in t.tags),
    Filter("scaleoffset_int_bits", "scaleoffset", lambda d: d.set_scaleoffset(h5z.SO_INT, 5), lambda t: "int" in t.tags),
    Filter("scaleoffset_float", "scaleoffset", lambda d: d.set_scaleoffset(h5z.SO_FLOAT_DSCALE, 3),
           lambda t: "float" in t.tags and t.tid.get_size() > 2),
]
FILTERS += [Filter("szip_%s%d" % (m, p), "szip", lambda d, o=o, p=p: d.set_szip(o, p), numeric)
            for m, o in (("nn", 32), ("ec", 4)) for p in (4, 8)]


def blosc_takes(t):
    """The plugins divide by zero for variable-length strings."""
    return "vl" not in t.tags


def blosc2_takes(t):
    """The plugin can't read what it writes for elements above 255 bytes."""
    return "vl" not in t.tags and t.tid.get_size() <= 255


for codec in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
    for s in (0, 1, 2):
        FILTERS.append(Filter("blosc_%s_%d" % (codec, s), "blosc", plugin(hdf5plugin.Blosc(cname=codec, clevel=1 + 4 * s, shuffle=s)), blosc_takes))
    for s in (0, 1, 2, 3):
        FILTERS.append(Filter("blosc2_%s_%d" % (codec, s), "blosc2", plugin(hdf5plugin.Blosc2(cname=codec, clevel=9 - 2 * s, filters=s)), blosc2_takes))
FILTERS += [Filter("bitshuffle_%s" % (c or "none"), "bitshuffle", plugin(hdf5plugin.Bitshuffle(cname=c))) for c in ("none", "lz4", "zstd")]
FILTERS += [
    Filter("lz4", "lz4", plugin(hdf5plugin.LZ4())),
    Filter("lz4_blocks", "lz4", plugin(hdf5plugin.LZ4(nbytes=64))),
    Filter("zstd", "zstd", plugin(hdf5plugin.Zstd())),
    Filter("zstd_19", "zstd", plugin(hdf5plugin.Zstd(clevel=19))),
    Filter("bzip2", "bzip2", plugin(hdf5plugin.BZip2(blocksize=9))),
    Filter("bzip2_1", "bzip2", plugin(hdf5plugin.BZip2(blocksize=1))),
]


def zfp_takes(t):
    return t.name in ("float32le", "float64le", "int32le", "int64le")


def zfp_real(t):
    return t.name in ("float32le", "float64le")


FILTERS += [
    Filter("zfp_rate", "zfp", plugin(hdf5plugin.Zfp(rate=12)), zfp_takes),
    Filter("zfp_precision", "zfp", plugin(hdf5plugin.Zfp(precision=17)), zfp_takes),
    Filter("zfp_accuracy", "zfp", plugin(hdf5plugin.Zfp(accuracy=1e-3)), zfp_real),
    Filter("zfp_reversible", "zfp", plugin(hdf5plugin.Zfp(reversible=True)), zfp_takes),
    Filter("zfp_expert", "zfp", plugin(hdf5plugin.Zfp(minbits=16, maxbits=2000, maxprec=23, minexp=-40)), zfp_real),
]


def creation_list(t, lay, flt, rng, folder, label):
    d = h5p.create(h5p.DATASET_CREATE)
    if lay.chunk:
        d.set_chunk(lay.chunk)
    elif lay.more.get("compact"):
        d.set_layout(h5d.COMPACT)
    if lay.alloc is not None:
        d.set_alloc_time(lay.alloc)
    if lay.more.get("external"):
        total = int(np.prod(lay.shape)) * t.tid.get_size()
        name = label.replace("/", "_") + ".raw"
        d.set_external((name + "1").encode(), 3, total // 2)
        d.set_external((name + "2").encode(), 0, UNLIMITED)
        # One part is longer than what is in it: the rest reads as zeros.
        with open(os.path.join(folder, name + "1"), "wb") as f:
            f.write(b"xyz")
        open(os.path.join(folder, name + "2"), "wb").close()
    if lay.more.get("raw_edges"):
        LIB.H5Pset_chunk_opts(ctypes.c_int64(d.id), ctypes.c_uint(2))
    if lay.more.get("fill") and "flat" in t.tags:
        raw = np.ascontiguousarray(t.draw(rng, 1)).tobytes()
        if LIB.H5Pset_fill_value(ctypes.c_int64(d.id), ctypes.c_int64(t.tid.id), raw) < 0:
            raise RuntimeError("fill value of " + t.name)
    if flt is not None:
        flt.add(d)
    return d


def make(group, name, t, lay, flt, rng, folder, label, refs):
    """Writes the dataset of one case."""
    if lay.shape is None:
        space = h5s.create(h5s.NULL)
    elif lay.shape == ():
        space = h5s.create(h5s.SCALAR)
    else:
        space = h5s.create_simple(lay.shape, lay.maxshape or lay.shape)
    ds = h5d.create(group.id, name.encode(), t.tid, space, creation_list(t, lay, flt, rng, folder, label))
    if lay.shape is None or lay.written == "none":
        return
    if lay.written == "all":
        t.write(ds, rng, lay.shape, refs=refs)
        return
    # Two boxes: one in the middle, one in the last corner.
    for at in (0.3, 1.0):
        count = [min(max(1, d // 4), 40) for d in lay.shape]
        start = [int(at * (d - c)) for d, c in zip(lay.shape, count)]
        box = h5s.create_simple(lay.shape, lay.maxshape or lay.shape)
        box.select_hyperslab(tuple(start), tuple(count))
        t.write(ds, rng, count, box, refs)
