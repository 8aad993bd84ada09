"""Canonical bytes of values, made from what h5py reads: the same that package
digest defines, by other means. Numbers are converted by libhdf5; sequences and
references are followed element by element."""
import struct

import h5py
import numpy as np
from h5py import h5l, h5o, h5r, h5s, h5t


def wide(size):
    n = 1
    while n < size:
        n *= 2
    return n


IEEE = {2: (15, 10, 5, 0, 10), 4: (31, 23, 8, 0, 23), 8: (63, 52, 11, 0, 52)}
BIAS = {2: 15, 4: 127, 8: 1023}


def memory(tid):
    """The type to read as, and numpy's view of it. Types without sequences and
    references give their canonical bytes at once."""
    c, size = tid.get_class(), tid.get_size()
    if c == h5t.INTEGER:
        dt = np.dtype("<%s%d" % ("i" if tid.get_sign() == h5t.SGN_2 else "u", wide(size)))
        return h5t.py_create(dt), dt
    if c == h5t.BITFIELD:
        return getattr(h5t, "STD_B%dLE" % (8 * wide(size))), np.dtype("<u%d" % wide(size))
    if c == h5t.FLOAT:
        plain = (size in IEEE and tid.get_fields() == IEEE[size] and tid.get_ebias() == BIAS[size]
                 and tid.get_norm() == h5t.NORM_IMPLIED and tid.get_precision() == 8 * size)
        dt = np.dtype("<f%d" % (size if plain else 8))
        return h5t.py_create(dt), dt
    if c == h5t.COMPLEX:
        base = size // 2
        return getattr(h5t, "COMPLEX_IEEE_F%dLE" % (8 * base)), np.dtype("V%d" % size)
    if c == h5t.ENUM:
        return memory(tid.get_super())
    if c == h5t.COMPOUND:
        members = []
        for i in range(tid.get_nmembers()):
            members.append((tid.get_member_name(i), *memory(tid.get_member_type(i))))
        dt = np.dtype([(n.decode(), d) for n, _, d in members])
        mem = h5t.create(h5t.COMPOUND, max(1, dt.itemsize))
        for n, m, d in members:
            mem.insert(n, dt.fields[n.decode()][1], m)
        return mem, dt
    if c == h5t.ARRAY:
        m, d = memory(tid.get_super())
        dims = tid.get_array_dims()
        return h5t.array_create(m, dims), np.dtype((d, dims))
    if c == h5t.TIME and (tid.equal(h5t.UNIX_D32BE) or tid.equal(h5t.UNIX_D64BE)):
        return tid.copy(), np.dtype(">u%d" % size)  # libhdf5 converts no times
    if c == h5t.VLEN or c == h5t.REFERENCE or c == h5t.STRING and tid.is_variable_str():
        return h5t.py_create(tid.dtype), tid.dtype
    return tid.copy(), np.dtype("V%d" % size)  # string, opaque, time


def text(b):
    return struct.pack("<I", len(b)) + b


class File:
    """An open file and the path of every object: libhdf5 itself searches the
    whole file for the name of a reference's target."""

    def __init__(self, f):
        self.id, self.objects = f.id, list(walk(f))
        self.paths = {h5o.get_info(o).addr: path for path, o in self.objects}

    def target(self, ref):
        return text(self.paths[h5o.get_info(h5r.dereference(ref, self.id)).addr].encode())


def walk(f):
    """All objects: breadth first, each by the first hard link to it."""
    seen, paths = {h5o.get_info(f.id).addr}, ["/"]
    for path in paths:
        obj = h5o.open(f.id, path.encode())
        yield path, obj
        if not isinstance(obj, h5py.h5g.GroupID):
            continue
        for n in sorted(obj):
            if obj.links.get_info(n).type != h5l.TYPE_HARD:
                continue
            addr = h5o.get_info(h5o.open(obj, n)).addr
            if addr not in seen:
                seen.add(addr)
                paths.append(path.rstrip("/") + "/" + n.decode())


def region(f, ref):
    s = h5r.get_region(ref, f.id)
    rank, n = s.get_simple_extent_ndims(), s.get_select_npoints()
    out = struct.pack("<BIQ", s.get_select_type(), rank, n)
    if n and rank:
        lo, hi = s.get_select_bounds()
        out += struct.pack("<%dQ" % (2 * rank), *lo, *hi)
    return out


def one(f, tid, x):
    """The canonical bytes of one element that h5py gave as x."""
    c = tid.get_class()
    if c == h5t.STRING and tid.is_variable_str():
        x = x.encode("utf-8", "surrogateescape") if isinstance(x, str) else x or b""
        return text(x.split(b"\0")[0])
    if c == h5t.VLEN:
        base = tid.get_super()
        if base.get_class() in (h5t.INTEGER, h5t.FLOAT) and isinstance(x, np.ndarray):
            x = x.view(base.dtype)  # h5py 3.16 gives big-endian ones unswapped
        return struct.pack("<I", len(x)) + b"".join(one(f, base, e) for e in x)
    if c == h5t.REFERENCE:
        if not x:
            return text(b"")
        return f.target(x) + (region(f, x) if isinstance(x, h5py.RegionReference) else b"")
    if c == h5t.COMPOUND:
        return b"".join(one(f, tid.get_member_type(i), x[i]) for i in range(tid.get_nmembers()))
    if c == h5t.ARRAY:
        base, n = tid.get_super(), len(tid.get_array_dims())
        x = np.asarray(x)
        return b"".join(one(f, base, e) for e in x.reshape((-1,) + x.shape[n:]))
    _, dt = memory(tid)
    if dt.kind == "V":
        return bytes(x).ljust(dt.itemsize, b"\0") if isinstance(x, bytes) else x.tobytes()
    return np.asarray(x).astype(dt).tobytes()


def stored(tid):
    """Whether elements have all of their value in the dataset itself."""
    c = tid.get_class()
    if c == h5t.COMPOUND:
        return all(stored(tid.get_member_type(i)) for i in range(tid.get_nmembers()))
    if c == h5t.ARRAY:
        return stored(tid.get_super())
    return not (c in (h5t.VLEN, h5t.REFERENCE) or c == h5t.STRING and tid.is_variable_str())


def elements(obj):
    space = obj.get_space()
    return 0 if space.get_simple_extent_type() == h5s.NULL else space.get_simple_extent_npoints()


def read(obj, n, mem, dt, file_space=None):
    """n elements of a dataset or an attribute, as mem."""
    out = np.zeros(n, dt)
    if isinstance(obj, h5py.h5a.AttrID):
        out = out.reshape(obj.shape + out.shape[1:])
        obj.read(out, mem)
        return out
    space = h5s.create_simple((n,))
    obj.read(space, file_space or obj.get_space(), out, mem)
    return out


def value(f, obj):
    """The canonical bytes of all elements of a dataset or an attribute."""
    n, tid = elements(obj), obj.get_type()
    if n == 0:
        return b""
    mem, dt = memory(tid)
    a = read(obj, n, mem, dt)
    if stored(tid):
        return a.astype("<u%d" % dt.itemsize).tobytes() if dt.kind == "u" else a.tobytes()
    inner = tid.get_array_dims() if tid.get_class() == h5t.ARRAY else ()
    a = a.reshape((-1,) + tuple(inner))
    return b"".join(one(f, tid, x) for x in a)


def raw(obj, n=None, file_space=None):
    """The bytes of elements as the file has them, for types that are stored."""
    n, tid = elements(obj) if n is None else n, obj.get_type()
    if n == 0:
        return b""
    return read(obj, n, tid, np.dtype("V%d" % tid.get_size()), file_space).tobytes()
