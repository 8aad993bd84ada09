"""Tells what libhdf5 has to say of files, a line of JSON for each object: its
path, facts about it as short texts, and the SHA-256 of its canonical bytes.
usage: tell_file.py FOLDER FILE…"""
import ctypes
import hashlib
import json
import os
import sys

import h5py
import hdf5plugin  # noqa: F401 registers the filters
from h5py import h5, h5a, h5d, h5g, h5l, h5o, h5s, h5t, h5z

import canon
from h5plans import LIB

INDEX = {0: "btree_v1", 1: "single", 2: "implicit", 3: "fixed_array", 4: "extensible_array", 5: "btree_v2"}
LAYOUT = {h5d.COMPACT: "compact", h5d.CONTIGUOUS: "contiguous", h5d.CHUNKED: "chunked", h5d.VIRTUAL: "virtual"}
FILL_TIME = {h5d.FILL_TIME_IFSET: "ifset", h5d.FILL_TIME_ALLOC: "alloc", h5d.FILL_TIME_NEVER: "never"}
ALLOC = {h5d.ALLOC_TIME_EARLY: "early", h5d.ALLOC_TIME_LATE: "late", h5d.ALLOC_TIME_INCR: "incr"}
CSET = {h5t.CSET_ASCII: "ascii", h5t.CSET_UTF8: "utf8"}
PAD = {h5t.STR_NULLTERM: "term", h5t.STR_NULLPAD: "null", h5t.STR_SPACEPAD: "space"}
NORM = {h5t.NORM_IMPLIED: "implied", h5t.NORM_MSBSET: "msbset", h5t.NORM_NONE: "none"}


def sha(b):
    return hashlib.sha256(b).hexdigest()


def order(tid):
    return "be" if LIB.H5Tget_order(ctypes.c_int64(tid.id)) == h5t.ORDER_BE else "le"


def words(*w):
    return " ".join(str(x) for x in w)


def number(tid):
    return words(tid.get_size(), order(tid), LIB.H5Tget_precision(ctypes.c_int64(tid.id)), LIB.H5Tget_offset(ctypes.c_int64(tid.id)))


def name_of(tid):
    """A datatype as text; committed ones begin with an asterisk."""
    return ("*" if tid.committed() else "") + shape_of_type(tid)


def shape_of_type(tid):
    c = tid.get_class()
    if c == h5t.INTEGER:
        return "int " + number(tid) + (" signed" if tid.get_sign() == h5t.SGN_2 else " unsigned")
    if c == h5t.BITFIELD:
        return "bits " + number(tid)
    if c == h5t.TIME:
        return words("time", tid.get_size(), order(tid))
    if c == h5t.FLOAT:
        return words("float", number(tid), *tid.get_fields(), tid.get_ebias(), NORM[tid.get_norm()])
    if c == h5t.STRING:
        size = "variable" if tid.is_variable_str() else words(tid.get_size(), PAD[tid.get_strpad()])
        return words("string", size, CSET[tid.get_cset()])
    if c == h5t.OPAQUE:
        return words("opaque", tid.get_size(), tid.get_tag().decode())
    if c == h5t.ENUM:
        members = ["%s=%d" % (tid.get_member_name(i).decode(), tid.get_member_value(i)) for i in range(tid.get_nmembers())]
        return "enum(%s){%s}" % (name_of(tid.get_super()), ",".join(members))
    if c == h5t.COMPOUND:
        members = ["%s@%d:%s" % (tid.get_member_name(i).decode(), tid.get_member_offset(i), name_of(tid.get_member_type(i)))
                   for i in range(tid.get_nmembers())]
        return "compound %d{%s}" % (tid.get_size(), ",".join(members))
    if c == h5t.ARRAY:
        return "array%s(%s)" % (list(tid.get_array_dims()), name_of(tid.get_super()))
    if c == h5t.VLEN:
        return "vlen(%s)" % name_of(tid.get_super())
    if c == h5t.REFERENCE:
        return "ref region" if tid.equal(h5t.STD_REF_DSETREG) else "ref object"
    return "class %d" % c


def space_of(s):
    kind = s.get_simple_extent_type()
    if kind == h5s.NULL:
        return "null"
    if kind == h5s.SCALAR:
        return "scalar"
    most = ["unlimited" if m == h5s.UNLIMITED else m for m in s.get_simple_extent_dims(maxdims=True)]
    return "%s of %s" % (words(*s.get_simple_extent_dims()), words(*most))


def value_of(f, obj):
    """What a dataset or attribute holds, and its canonical bytes' digest."""
    canonical = sha(canon.value(f, obj))
    if canon.stored(obj.get_type()):
        return "stored " + sha(canon.raw(obj)), canonical
    return "canonical " + canonical, canonical


def raw_attribute(a):
    return "stored " + sha(canon.raw(a))


def attributes(f, obj, facts):
    canonical = {}
    for i in range(h5a.get_num_attrs(obj)):
        a = h5a.open(obj, index=i)
        name = a.name.decode()
        value, canonical[name] = value_of(f, a)
        facts["attribute " + name] = "; ".join([name_of(a.get_type()), space_of(a.get_space()), value])
    return canonical


def user_link(g, name, info):
    buf = ctypes.create_string_buffer(max(1, info.u))
    if LIB.H5Lget_val(ctypes.c_int64(g.id), name, buf, ctypes.c_size_t(info.u), ctypes.c_int64(0)) < 0:
        raise RuntimeError("link value")
    return "user %d %s" % (info.type, buf.raw[:info.u].hex())


def link_of(f, g, name):
    info = g.links.get_info(name)
    if info.type == h5l.TYPE_HARD:
        return "hard " + f.paths[h5o.get_info(h5o.open(g, name)).addr]
    if info.type == h5l.TYPE_SOFT:
        return "soft " + g.links.get_val(name).decode()
    if info.type == h5l.TYPE_EXTERNAL:
        return "external %s %s" % tuple(x.decode() for x in g.links.get_val(name))
    return user_link(g, name, info)


def group(f, g, facts):
    flags = g.get_create_plist().get_link_creation_order()
    facts["order"] = "tracked" * bool(flags & 1) + " indexed" * bool(flags & 2)
    names = []
    g.links.iterate(lambda n: names.append(n) and None, idx_type=h5.INDEX_CRT_ORDER if flags & 1 else h5.INDEX_NAME)
    for i, n in enumerate(names):
        facts["link " + n.decode()] = (str(i) + " " if flags & 1 else "") + link_of(f, g, n)
        if not g.links.exists(n):
            facts["link " + n.decode()] += " but is not found"


def filters(d):
    out = []
    for i in range(d.get_nfilters()):
        code, flags, values, _ = d.get_filter(i)
        out.append("%d %d [%s]" % (code, flags, words(*values)))
    return ", ".join(out)


def fill(d, tid):
    if d.fill_value_defined() != h5d.FILL_VALUE_USER_DEFINED:
        return ["undefined", "default"][d.fill_value_defined() == h5d.FILL_VALUE_DEFAULT]
    if not canon.stored(tid):
        return "user"
    buf = ctypes.create_string_buffer(tid.get_size())
    if LIB.H5Pget_fill_value(ctypes.c_int64(d.id), ctypes.c_int64(tid.id), buf) < 0:
        raise RuntimeError("fill value")
    return "user " + buf.raw.hex()


def place_of(chunk):
    return words(*chunk.chunk_offset)


def chunks(ds, facts):
    """The chunks there are: where, how large, and what filters were left out."""
    kind = ctypes.c_int(-1)
    if LIB.H5Dget_chunk_index_type(ctypes.c_int64(ds.id), ctypes.byref(kind)) < 0:
        raise RuntimeError("chunk index")
    facts["index"] = INDEX[kind.value]
    # libhdf5 2.0 gives wrong places where the first axis is not the one that grows.
    placed = facts["index"] != "extensible_array" or ds.get_space().get_simple_extent_dims(maxdims=True)[0] == h5s.UNLIMITED
    lines = []
    ds.chunk_iter(lambda c: lines.append("%s: %d %x\n" % (place_of(c) if placed else "?", c.size, c.filter_mask)) and None)
    facts["chunks"] = "%d %s" % (len(lines), sha("".join(sorted(lines)).encode()))


def virtual(d):
    out = []
    for i in range(d.get_virtual_count()):
        parts = [d.get_virtual_filename(i), d.get_virtual_dsetname(i)]
        for s in (d.get_virtual_vspace(i), d.get_virtual_srcspace(i)):
            if s.get_select_type() == h5s.SEL_ALL:
                parts.append("all")
            else:
                parts += [words(*["unlimited" if x == h5s.UNLIMITED else x for x in v]) for v in s.get_regular_hyperslab()]
        out.append(" | ".join(parts))
    return "; ".join(out)


def dataset(f, ds, facts):
    d, tid = ds.get_create_plist(), ds.get_type()
    layout = d.get_layout()
    facts.update(type=name_of(tid), space=space_of(ds.get_space()), layout=LAYOUT[layout], filters=filters(d), fill=fill(d, tid),
                 when="%s %s" % (FILL_TIME[d.get_fill_time()], ALLOC[d.get_alloc_time()]))
    if layout == h5d.CHUNKED:
        facts["chunk"] = words(*d.get_chunk())
        chunks(ds, facts)
    if layout == h5d.VIRTUAL:
        facts["virtual"] = virtual(d)
    if d.get_external_count():
        facts["external"] = ", ".join("%s %d %s" % (n.decode(), at, "unlimited" if size == h5s.UNLIMITED else size)
                                      for n, at, size in (d.get_external(i) for i in range(d.get_external_count())))
    facts["value"], canonical = value_of(f, ds)
    return canonical


def tell(f, path, obj):
    facts = {"references": str(h5o.get_info(obj).rc)}
    line = {"path": path, "facts": facts}
    size = LIB.H5Oget_comment(ctypes.c_int64(obj.id), None, ctypes.c_size_t(0))
    if size > 0:  # h5py 3.16 gives what was in memory before
        buf = ctypes.create_string_buffer(size + 1)
        LIB.H5Oget_comment(ctypes.c_int64(obj.id), buf, ctypes.c_size_t(size + 1))
        facts["comment"] = buf.value.decode()
    if isinstance(obj, h5g.GroupID):
        facts["kind"] = "group"
        group(f, obj, facts)
    elif isinstance(obj, h5t.TypeID):
        facts["kind"], facts["type"] = "type", name_of(obj)
    else:
        facts["kind"] = "dataset"
        line["value"] = dataset(f, obj, facts)
    line["attributes"] = attributes(f, obj, facts)
    return line


def tell_file(name):
    with h5py.File(name, "r", locking=False) as h:
        f = canon.File(h)
        for path, obj in f.objects:
            try:
                line = tell(f, path, obj)
            except Exception as e:
                line = {"path": path, "error": "%s: %s" % (type(e).__name__, e)}
            line["file"] = name
            sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    for name in sys.argv[2:]:
        try:
            tell_file(name)
        except Exception as e:
            sys.stdout.write(json.dumps({"file": name, "path": "", "error": "%s: %s" % (type(e).__name__, e)}) + "\n")
