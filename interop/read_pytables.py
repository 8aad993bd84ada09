"""Like read_files.py, and says what PyTables itself reads in each leaf as well.
usage: read_pytables.py FOLDER FILE…"""
import os
import struct
import sys
import warnings

import h5py
import numpy as np
import tables as tb
from h5py import h5t

import canon
import read_files

warnings.simplefilter("ignore")


def fit(tid, a):
    """Values that PyTables read, as the canonical bytes of a stored type."""
    c = tid.get_class()
    if c == h5t.TIME and tid.get_size() == 8:
        return clock(np.asarray(a, "f8"))
    if c == h5t.TIME:
        return np.asarray(a, "<i4")
    _, dt = canon.memory(tid)
    a = np.asarray(a)
    if c == h5t.COMPOUND:
        fields = ("real", "imag") if a.dtype.kind == "c" else None
        out = np.zeros(a.shape, packed(tid))
        for i in range(tid.get_nmembers()):
            name = tid.get_member_name(i).decode()
            out[name] = fit(tid.get_member_type(i), getattr(a, fields[i]) if fields else a[name])
        return out
    if c == h5t.ARRAY:
        return fit(tid.get_super(), a)
    if c == h5t.STRING:
        return a.astype("S%d" % tid.get_size())
    return a.astype(dt)


def packed(tid):
    """canon.memory's type with text and times as numpy has them."""
    c = tid.get_class()
    if c == h5t.COMPOUND:
        return np.dtype([(tid.get_member_name(i).decode(), packed(tid.get_member_type(i))) for i in range(tid.get_nmembers())])
    if c == h5t.ARRAY:
        return np.dtype((packed(tid.get_super()), tid.get_array_dims()))
    if c == h5t.TIME:
        return np.dtype("<i%d" % tid.get_size())
    return np.dtype("S%d" % tid.get_size()) if c == h5t.STRING else canon.memory(tid)[1]


def clock(seconds):
    """PyTables keeps seconds above and microseconds below, both signed."""
    whole = np.trunc(seconds).astype("i8")
    micro = np.round((seconds - whole) * 1e6).astype("i8")
    return ((whole << 32) | (micro & 0xFFFFFFFF)).astype("<i8")


def rows(node, tid):
    base = tid.get_super()
    for row in node:
        if isinstance(row, str):
            row = np.frombuffer(row.encode("utf-32-le"), "<u4")
        elif isinstance(row, bytes):
            row = np.frombuffer(row, "u1")
        yield struct.pack("<I", len(row)) + fit(base, row).tobytes()


def leaf(node, tid):
    if isinstance(node, tb.VLArray):
        return b"".join(rows(node, tid))
    return fit(tid, node.read()).tobytes()


def read_leaves(name):
    with tb.open_file(name) as t, h5py.File(name) as h:
        seen = {path for path, _ in canon.walk(h)}
        for node in t.walk_nodes("/", "Leaf"):
            path = node._v_pathname
            unread = isinstance(node, tb.UnImplemented) or getattr(getattr(node, "atom", None), "kind", "") == "object"
            if path not in seen or unread:
                continue
            v = leaf(node, h5py.h5d.open(h.id, path.encode()).get_type())
            read_files.emit(path=path, witness="PyTables", nbytes=len(v), sha256=read_files.sha(v))


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    for name in sys.argv[2:]:
        read_files.read_file(name)
        read_leaves(name)
