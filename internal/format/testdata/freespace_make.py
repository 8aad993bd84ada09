"""Writes freespace.txt: free-space managers of files that libhdf5 made, a line for
each: address of the manager, its header, its list of sections, in hexadecimal."""
import os
import struct
import tempfile

import h5py
import numpy as np

lines = []
with tempfile.TemporaryDirectory() as d:
    for strategy in ("fsm", "page"):
        for step in (2, 3):
            page = {"fs_page_size": 4096} if strategy == "page" else {}
            name = os.path.join(d, "x.h5")
            with h5py.File(name, "w", libver="latest", fs_strategy=strategy, fs_persist=True, fs_threshold=1, **page) as f:
                for i in range(40):
                    f.create_dataset(f"d{i}", data=np.arange(i * 37 + 1))
                    f[f"d{i}"].attrs["a"] = i
                    f[f"link{i}" + "x" * (i * i * 3)] = h5py.SoftLink("/d1")
                for i in range(0, 40, step):
                    del f[f"d{i}"]
                    if i % 4 == 0:
                        del f[f"link{i}" + "x" * (i * i * 3)]
            b = open(name, "rb").read()
            at = -1
            while (at := b.find(b"FSHD", at + 1)) >= 0:
                head = b[at : at + 82]
                where, size = struct.unpack_from("<2Q", head, 54)
                if b[where : where + 4] == b"FSSE":
                    lines.append(f"{at:x} {head.hex()} {b[where:where + size].hex()}\n")
with open(os.path.join(os.path.dirname(__file__), "freespace.txt"), "w") as f:
    f.writelines(lines)
