"""Changes files as changes.json says, through h5py: for each file a list of
changes (see op in write_model_test.go). A file that is absent is made.
usage: change_file.py FOLDER"""
import json
import os
import sys

import h5py
import numpy as np
from h5py import h5o

BOUNDS = {"earliest": "earliest", "v18": "v108", "v110": "v110", "v112": "v112", "v114": "v114"}
# how files are made whose names say so
NEW = {
    "fsm.h5": {"fs_strategy": "fsm", "fs_persist": True},
    "page.h5": {"fs_strategy": "page", "fs_persist": True, "fs_page_size": 4096},
    "block.h5": {"userblock_size": 1024},
}


def values(c, n, text):
    v = c["seed"] * 1000003 + np.arange(n, dtype="i8")
    if not text:
        return v
    return np.array([str(x) * (x % 9 + 1) if x else "" for x in v.tolist()], dtype=object)


def dataset(f, c):
    most = [None if o else n for o, n in zip(c["open"], c["shape"])] if c.get("open") else None
    text = c.get("text", False)
    d = f.create_dataset(c["path"], c["shape"], h5py.string_dtype() if text else "<i8", chunks=tuple(c["chunk"]) if c.get("chunk") else None,
                         maxshape=most, compression=c.get("filter") or None, shuffle=bool(c.get("filter")) and not text)
    if d.size:
        d[...] = values(c, d.size, text).reshape(d.shape)


def put(d, c, start, size):
    where = tuple(slice(s, s + n) for s, n in zip(start, size))
    n = int(np.prod(size))
    if n:
        d[where] = values(c, n, d.dtype.kind == "O").reshape(size)


def append(f, c):
    d = f[c["path"]]
    start, size = [0] * d.ndim, list(d.shape)
    start[c["axis"]], size[c["axis"]] = d.shape[c["axis"]], c["n"]
    d.resize(d.shape[c["axis"]] + c["n"], axis=c["axis"])
    put(d, c, start, size)


def attribute(f, c):
    v = values(c, max(1, c["n"]), False)
    f[c["path"]].attrs.create(c["name"], v if c["n"] else v[0], dtype="<i8")


def link(f, c, target):
    f[c["path"]] = target


DO = {
    "group": lambda f, c: f.create_group(c["path"], track_order=c.get("track", False)),
    "dataset": dataset,
    "append": append,
    "resize": lambda f, c: f[c["path"]].resize(c["shape"]),
    "write": lambda f, c: put(f[c["path"]], c, c["start"], c["shape"]),
    "remove": lambda f, c: f.__delitem__(c["path"]),
    "move": lambda f, c: f.move(c["path"], c["to"]),
    "attribute": attribute,
    "no attribute": lambda f, c: f[c["path"]].attrs.__delitem__(c["name"]),
    "rename attribute": lambda f, c: h5py.h5a.rename(f[c["path"]].id, c["name"].encode(), c["to"].encode()),
    "comment": lambda f, c: h5o.set_comment(f[c["path"]].id, c["name"].encode()),
    "soft": lambda f, c: link(f, c, h5py.SoftLink(c["to"])),
    "hard": lambda f, c: link(f, c, f[c["to"]]),
    "external": lambda f, c: link(f, c, h5py.ExternalLink("elsewhere.h5", c["to"])),
}


def main(folder):
    os.chdir(folder)
    with open("changes.json") as f:
        todo = json.load(f)
    for name, changes in todo.items():
        low = BOUNDS[name.split("_")[0]]
        new = {} if os.path.exists(name) else NEW.get(name.split("_")[1], {})
        with h5py.File(name, "r+" if os.path.exists(name) else "w", libver=(low, "latest"), **new) as f:
            for c in changes:
                try:
                    DO[c["do"]](f, c)
                except Exception as e:
                    raise RuntimeError("%s: %s: %s" % (name, c, e)) from e


if __name__ == "__main__":
    main(sys.argv[1])
