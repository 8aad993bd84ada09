"""Writes files as PyTables and pandas do.  usage: make_pytables.py FOLDER"""
import json
import os
import sys
import warnings

import numpy as np
import pandas as pd
import tables as tb
from tables.nodes import filenode

warnings.simplefilter("ignore")
CASES = []


def case(file, path, kind, layout, index, filters):
    CASES.append({"file": file, "path": path, "type": kind, "layout": layout, "index": index, "filter": filters, "name": filters})


def values(atom, shape, rng):
    """Half walks slowly, half is noise, in the type of an atom."""
    n = int(np.prod(shape, dtype=int)) * int(np.prod(atom.shape, dtype=int))
    kind, full = atom.kind, tuple(shape) + atom.shape
    walk = np.cumsum(rng.integers(0, 3, n))
    if kind == "bool":
        return (walk % 2 == 0).reshape(full)
    if kind == "string":
        return np.array([b"w%d" % (w * 7 % 1000) for w in walk], atom.dtype.base).reshape(full)
    if kind in ("time", "float", "complex"):
        v = np.where(np.arange(n) % 2, walk / 8, rng.normal(size=n) * 100)
        if atom.type == "time64":
            v = np.round(v, 6)
        v = v + 1j * walk[::-1] if kind == "complex" else v
        return v.astype(atom.dtype.base).reshape(full)
    if kind == "enum":
        return rng.choice(np.array([0, 1, 5], atom.dtype.base), full)
    return walk.astype(atom.dtype.base).reshape(full)


def atoms():
    sizes = [tb.BoolAtom(), tb.Time32Atom(), tb.Time64Atom(), tb.StringAtom(7), tb.Float16Atom(), tb.Float32Atom(), tb.Float64Atom(),
             tb.Float128Atom(), tb.ComplexAtom(8), tb.ComplexAtom(16), tb.ComplexAtom(32)]
    for n in (8, 16, 32, 64):
        sizes += [tb.Atom.from_kind("int", n // 8), tb.Atom.from_kind("uint", n // 8)]
    return sizes + [tb.EnumAtom({"a": 0, "b": 1, "c": 5}, "a", base="int16"), tb.Int32Atom(shape=(2, 3)), tb.StringAtom(3, shape=(2,))]


FAMILY = {"bool": "bitfield", "time": "time", "string": "string", "float": "float", "complex": "complex compound", "int": "int",
          "uint": "uint", "enum": "enum"}


def family(atom):
    if atom.shape:
        return "array"
    if atom.type in ("float128",):
        return "float, other formats"
    return FAMILY[atom.kind]


def packers():
    """Filters and what they are called in the table."""
    yield None, "none"
    for lib, name in (("zlib", "gzip"), ("bzip2", "bzip2")):
        for level in (1, 5, 9):
            yield tb.Filters(level, lib, shuffle=False), name
            yield tb.Filters(level, lib, shuffle=True), "shuffle + " + name
        yield tb.Filters(3, lib, shuffle=True, fletcher32=True), "shuffle + %s + fletcher32" % name
    yield tb.Filters(0, fletcher32=True), "fletcher32"
    for codec in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
        for lib in ("blosc", "blosc2"):
            for level, how in ((1, {"shuffle": False}), (5, {"shuffle": True}), (9, {"bitshuffle": True})):
                yield tb.Filters(level, "%s:%s" % (lib, codec), **how), lib
    yield tb.Filters(5, "blosc", shuffle=True, fletcher32=True), "blosc + fletcher32"
    yield tb.Filters(5, "blosc2", shuffle=True, fletcher32=True), "blosc2 + fletcher32"


def arrays(rng):
    name = "pytables_arrays.h5"
    with tb.open_file(name, "w", title="arrays") as f:
        for i, atom in enumerate(atoms()):
            for shape in ((), (5,), (3, 4), (0,)):
                v = values(atom, shape, rng)
                path = "/a%d_%s" % (i, "x".join(map(str, shape)) or "scalar")
                f.create_array("/", path[1:], v if atom.kind != "enum" else v.astype("i2"))
            if atom.kind != "enum":
                f.create_array("/", "big%d" % i, values(atom, (4,), rng), byteorder="big")
            pair(f, name, i, atom, rng)


def pair(f, name, i, atom, rng):
    """A CArray and an EArray for each byte order."""
    for order in ("little", "big"):
        if order == "big" and atom.kind == "enum":
            continue  # PyTables 3.11 swaps the members' values on disk
        c = f.create_carray("/", "c%d_%s" % (i, order), atom, (11, 7), chunkshape=(4, 3), byteorder=order)
        c[:9] = values(atom, (9, 7), rng)
        case(name, c._v_pathname, family(atom), "btree_v1", "btree_v1", "none")
        for axis in (0, 1):
            shape = (0, 6) if axis == 0 else (6, 0)
            e = f.create_earray("/", "e%d_%s_%d" % (i, order, axis), atom, shape, chunkshape=(3, 4), byteorder=order)
            for n in (1, 5, 2):
                e.append(values(atom, (n, 6) if axis == 0 else (6, n), rng))
            case(name, e._v_pathname, family(atom), "btree_v1", "btree_v1", "none")


def packed(rng):
    name = "pytables_filters.h5"
    record = np.dtype([("i", "<i4"), ("f", "<f8"), ("s", "S5"), ("a", "<i2", (3,))])
    with tb.open_file(name, "w") as f:
        for n, (flt, called) in enumerate(packers()):
            g = f.create_group("/", "f%d" % n)
            for i, atom in enumerate(atoms()):
                if atom.type == "float128" or atom.kind == "enum":
                    continue
                c = f.create_carray(g, "c%d" % i, atom, (50, 9), chunkshape=(20, 6), filters=flt)
                c[:] = values(atom, (50, 9), rng)
                case(name, c._v_pathname, family(atom), "btree_v1", "btree_v1", called)
            e = f.create_earray(g, "e", tb.Int64Atom(), (0, 3, 4), chunkshape=(40, 2, 4), filters=flt)
            e.append(np.arange(1200).reshape(100, 3, 4))
            case(name, e._v_pathname, "int", "btree_v1", "btree_v1", called)
            t = f.create_table(g, "t", record, chunkshape=90, filters=flt)
            rows = np.zeros(400, record)
            rows["i"], rows["f"], rows["s"] = np.arange(400), rng.normal(size=400), [b"r%d" % (k % 7) for k in range(400)]
            rows["a"] = rng.integers(0, 9, (400, 3))
            t.append(rows)
            case(name, t._v_pathname, "compound", "btree_v1", "btree_v1", called)


class Row(tb.IsDescription):
    flag = tb.BoolCol(pos=0)
    ident = tb.Int64Col(pos=1, dflt=7)
    when = tb.Time64Col(pos=2)
    day = tb.Time32Col(pos=3)
    state = tb.EnumCol({"on": 1, "off": 0}, "on", base="uint8", pos=4)
    name = tb.StringCol(9, pos=5)
    wave = tb.ComplexCol(16, pos=6)
    half = tb.Float16Col(pos=7)
    grid = tb.Float32Col(shape=(2, 2), pos=8)

    class inner(tb.IsDescription):
        _v_pos = 9
        x = tb.UInt16Col(pos=0)

        class deeper(tb.IsDescription):
            y = tb.Int8Col(shape=3)


def tables(rng):
    name = "pytables_tables.h5"
    with tb.open_file(name, "w") as f:
        for order in ("little", "big"):
            if order == "big":
                del Row.columns["state"]
            t = f.create_table("/", "records_" + order, Row, chunkshape=64, byteorder=order)
            for i in range(300):
                r = t.row
                r["flag"], r["ident"], r["when"], r["day"] = i % 3 == 0, i << 33, i + 0.25, i
                r["name"], r["wave"], r["half"] = b"name%d" % i, complex(i, -i), i / 4
                r["grid"], r["inner/x"], r["inner/deeper/y"] = np.full((2, 2), i), i, [i % 100, 1, 2]
                r.append()
            case(name, t._v_pathname, "compound", "btree_v1", "btree_v1", "none")
        f.create_table("/", "empty", Row)
        for kind in ("ultralight", "light", "medium", "full"):
            t = f.create_table("/", "indexed_" + kind, {"k": tb.Int32Col(), "v": tb.Float64Col()}, expectedrows=200000)
            rows = np.zeros(140000 if kind == "full" else 3000, [("k", "<i4"), ("v", "<f8")])
            rows["k"], rows["v"] = rng.permutation(len(rows)), rng.normal(size=len(rows))
            t.append(rows)
            t.cols.k.create_index(optlevel=9 if kind == "full" else 6, kind=kind, filters=tb.Filters(1, "blosc"))
            t.cols.v.create_index(kind=kind)


def sequences(rng):
    name = "pytables_vlarrays.h5"
    with tb.open_file(name, "w") as f:
        for i, atom in enumerate([tb.Int32Atom(), tb.Float64Atom(), tb.StringAtom(4), tb.BoolAtom(), tb.Int16Atom(shape=(2,)), tb.Time32Atom()]):
            for lib in (None, "zlib", "blosc:lz4"):
                flt = tb.Filters(5, lib) if lib else None
                v = f.create_vlarray("/", "v%d_%s" % (i, (lib or "none").replace(":", "_")), atom, filters=flt, chunkshape=5)
                for n in (3, 0, 1, 4, 2, 0, 7):
                    v.append(values(atom, (n,), rng))
                case(name, v._v_pathname, "VL sequence", "btree_v1", "btree_v1", {None: "none", "zlib": "shuffle + gzip"}.get(lib, "blosc"))
        texts = f.create_vlarray("/", "vlstring", tb.VLStringAtom())
        unicode = f.create_vlarray("/", "vlunicode", tb.VLUnicodeAtom())
        objects = f.create_vlarray("/", "objects", tb.ObjectAtom())
        for w in ("", "abc", "żółć", "日本語" * 5):
            texts.append(w.encode()), unicode.append(w), objects.append({"w": w, "n": [1, 2.5]})


def others():
    with tb.open_file("pytables_others.h5", "w") as f:
        g = f.create_group("/", "group", "a title")
        a = f.create_array(g, "data", np.arange(6).reshape(2, 3))
        f.create_hard_link("/", "hard", a)
        f.create_soft_link("/", "soft", "/group/data")
        f.create_external_link("/", "external", "pytables_arrays.h5:/a0_5")
        for i, v in enumerate([1, 2.5, 1j, True, "text", "π", b"bytes", None, [1, "x"], {"a": 1}, (1, 2), 10**30, np.int16(3), np.float32(1.5),
                               np.arange(5), np.array(["a", "bc"]), np.array([b"a", b"bc"]), np.zeros(2, [("x", "i4"), ("y", "S2")]), np.bool_(1),
                               tb.Filters(5, "blosc"), np.array([]), np.datetime64("2020-01-01")]):
            g._v_attrs["v%d" % i] = v
        for i in range(70):
            a.attrs["many%d" % i] = i
        node = filenode.new_node(f, where="/", name="file")
        node.write(b"line\n" * 100)
        node.close()
        f.enable_undo()
        f.create_array("/", "undone", [1, 2])
        f.mark("m")
        f.remove_node("/undone")
        f.undo()


def frames(rng):
    n = 120
    frame = pd.DataFrame({"i": np.arange(n), "f": rng.normal(size=n), "s": ["t%d" % (k % 9) for k in range(n)], "b": np.arange(n) % 3 == 0,
                          "d": pd.date_range("2024-01-01", periods=n, freq="h")})
    multi = frame[["i", "f"]].set_index(pd.MultiIndex.from_product([range(12), list("abcdefghij")], names=["p", "q"]))
    for form in ("fixed", "table"):
        for lib in (None, "zlib", "blosc:zstd", "bzip2"):
            with pd.HDFStore("pandas_%s_%s.h5" % (form, (lib or "none").replace(":", "_")), "w", complevel=5 if lib else None, complib=lib) as s:
                s.put("frame", frame, format=form)
                s.put("series", frame["f"], format=form)
                s.put("multi", multi, format=form)
                if form == "table":
                    s.append("columns", frame, data_columns=["i", "s"], min_itemsize={"s": 12})
                    s.append("columns", frame)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
    rng = np.random.default_rng(3)
    for step in (arrays, packed, tables, sequences):
        step(rng)
    others()
    frames(rng)
    with open("cases.json", "w") as f:
        json.dump(CASES, f)
    print(len(CASES), "datasets")


if __name__ == "__main__":
    main(sys.argv[1])
