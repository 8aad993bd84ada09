"""Changes a large group through h5py, if asked to, and tells what is in it: the
number of links, the SHA-256 of their names in order, and how they are stored.
usage: large_group.py FILE GROUP [FROM TO STEP add|remove]"""
import ctypes
import hashlib
import json
import sys

import h5py

from h5plans import LIB


class Info(ctypes.Structure):
    _fields_ = [("storage", ctypes.c_int), ("nlinks", ctypes.c_uint64), ("max_corder", ctypes.c_int64), ("mounted", ctypes.c_bool)]


def main(name, path, change):
    with h5py.File(name, "r+" if change else "r") as f:
        g = f[path]
        if change:
            for i in range(*map(int, change[:3])):
                if change[3] == "add":
                    g["n%06d" % i] = h5py.SoftLink("/target") if i % 3 == 0 else f["target"]
                else:
                    del g["n%06d" % i]
    with h5py.File(name, "r") as f:
        g = f[path]
        names = list(g)
        missing = [n for n in names[::97] if g.get(n) is None]
        info = Info()
        if LIB.H5Gget_info(ctypes.c_int64(g.id.id), ctypes.byref(info)) < 0:
            raise RuntimeError("group info")
        print(json.dumps({"links": len(g), "sha256": hashlib.sha256("\n".join(names).encode()).hexdigest(), "missing": missing,
                          "storage": ["table", "compact", "dense"][info.storage], "references": h5py.h5o.get_info(f["target"].id).rc}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
