"""Changes files as changes.json says, through PyTables: see change_file.py.
usage: change_pytables.py FOLDER"""
import json
import os
import posixpath
import sys
import warnings

import numpy as np
import tables as tb

warnings.simplefilter("ignore")


def values(c, n):
    return c["seed"] * 1000003 + np.arange(n, dtype="i8")


def split(path):
    return posixpath.split(path)


def dataset(f, c):
    where, name = split(c["path"])
    flt = tb.Filters(4, "zlib") if c.get("filter") else None
    v = values(c, int(np.prod(c["shape"]))).reshape(c["shape"])
    if not c.get("chunk"):
        d = f.create_array(where, name, v)
    elif not c.get("open"):
        d = f.create_carray(where, name, tb.Int64Atom(), c["shape"], chunkshape=c["chunk"], filters=flt)
        d[...] = v
    else:
        shape = [0 if o else n for o, n in zip(c["open"], c["shape"])]
        d = f.create_earray(where, name, tb.Int64Atom(), shape, chunkshape=c["chunk"], filters=flt)
        d.append(v)
    d.close()


def append(f, c):
    d = f.get_node(c["path"])
    size = list(d.shape)
    size[c["axis"]] = c["n"]
    d.append(values(c, int(np.prod(size))).reshape(size))
    d.close()


def write(f, c):
    d = f.get_node(c["path"])
    where = tuple(slice(s, s + n) for s, n in zip(c["start"], c["shape"]))
    n = int(np.prod(c["shape"]))
    if n:
        d[where] = values(c, n).reshape(c["shape"])
    d.close()


def shut(f, c):
    """Closes a leaf: a node of another path to it would keep the old shape."""
    if isinstance(f.get_node(c["path"]), tb.Leaf):
        f.get_node(c["path"]).close()


def attribute(f, c):
    v = values(c, max(1, c["n"]))
    f.set_node_attr(c["path"], c["name"], v if c["n"] else v[0])
    shut(f, c)


def hard(f, c):
    f.create_hard_link(*split(c["path"]), c["to"])
    f.get_node(c["to"]).close()


DO = {
    "group": lambda f, c: f.create_group(*split(c["path"])),
    "dataset": dataset,
    "append": append,
    "write": write,
    "remove": lambda f, c: f.remove_node(c["path"], recursive=True),
    "move": lambda f, c: f.move_node(c["path"], *split(c["to"])),
    "attribute": attribute,
    "no attribute": lambda f, c: (f.del_node_attr(c["path"], c["name"]), shut(f, c)),
    "rename attribute": lambda f, c: (f.get_node(c["path"])._v_attrs._f_rename(c["name"], c["to"]), shut(f, c)),
    "soft": lambda f, c: f.create_soft_link(*split(c["path"]), c["to"]),
    "hard": hard,
}


def main(folder):
    os.chdir(folder)
    with open("changes.json") as f:
        todo = json.load(f)
    for name, changes in todo.items():
        with tb.open_file(name, "a") as f:
            for c in changes:
                try:
                    DO[c["do"]](f, c)
                except Exception as e:
                    raise RuntimeError("%s: %s: %s" % (name, c, e)) from e


if __name__ == "__main__":
    main(sys.argv[1])
