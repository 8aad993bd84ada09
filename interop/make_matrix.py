"""Writes the files of the matrix datatype × layout × filter into a folder, and
cases.json that says what each dataset is.  usage: make_matrix.py FOLDER"""
import json
import os
import sys
import zlib

import h5py
import numpy as np
from h5py import h5f, h5p

from h5plans import FILTERS, LAYOUTS, NEW, OLD, make
from h5types import TYPES

# bounds of the library version, and what they make of the file format
BOUNDS = {
    "earliest": (h5f.LIBVER_EARLIEST, OLD), "v18": (h5f.LIBVER_V18, OLD), "v110": (h5f.LIBVER_V110, NEW),
    "v112": (h5f.LIBVER_V112, NEW), "v114": (h5f.LIBVER_V114, NEW), "v200": (h5f.LIBVER_V200, NEW),
}

class Maker:
    def __init__(self, folder):
        self.folder, self.cases = folder, []

    def open(self, name, bounds):
        fapl = h5p.create(h5p.FILE_ACCESS)
        low, self.format = BOUNDS[bounds]
        # The upper bound keeps the earliest file free of newer records.
        fapl.set_libver_bounds(low, h5f.LIBVER_LATEST)
        self.name, self.bounds = name, bounds
        fid = h5f.create(os.path.join(self.folder, name).encode(), h5f.ACC_TRUNC, fapl=fapl)
        self.file = h5py.File(fid)
        target = self.file.create_dataset("target", data=np.arange(60).reshape(6, 10))
        self.file.create_group("group").create_group("inner")
        null = h5py.Reference()
        self.refs = {
            "object": [target.ref, self.file["group"].ref, self.file["group/inner"].ref, null, self.file.ref],
            "region": [target.regionref[1:3, ::4], target.regionref[...], target.regionref[np.arange(60).reshape(6, 10) % 7 == 0]],
        }

    def add(self, t, lay, flt):
        if t.name not in lay.more.get("only", (t.name,)):
            return
        if "v200" in t.tags and self.bounds != "v200" or self.format not in lay.formats:
            return
        if t.tid.get_size() * int(np.prod(lay.shape or (1,))) > 60000 and lay.more.get("compact"):
            return
        if lay.more.get("external") and "vl" in t.tags:
            return
        leaf = lay.name + ("_" + lay.more["tail"] if "tail" in lay.more else "")
        path = "/".join([t.name, leaf, flt.name if flt else "none"])
        rng = np.random.default_rng(zlib.crc32((self.name + path).encode()))
        group = self.file.require_group(t.name + "/" + leaf)
        try:
            make(group, path.rsplit("/", 1)[1], t, lay, flt, rng, self.folder, self.name + path, self.refs)
        except Exception as e:
            raise RuntimeError("%s: %s: %s" % (self.name, path, e)) from e
        self.cases.append({"file": self.name, "path": "/" + path, "type": t.family, "layout": lay.name,
                           "index": lay.index or "", "filter": flt.family if flt else "none", "name": flt.name if flt else "none"})

    def layouts(self, bounds):
        self.open("layouts_%s.h5" % bounds, bounds)
        for t in TYPES.values():
            for lay in LAYOUTS:
                if not lay.more.get("raw_edges"):
                    self.add(t, lay, None)
        self.file.close()

    def filters(self, bounds):
        """Every type with every filter, the layouts in turn; a few types with all."""
        self.open("filters_%s.h5" % bounds, bounds)
        chunked = [l for l in LAYOUTS if l.chunk and self.format in l.formats and l.index != "implicit"
                   and "only" not in l.more and l.more.get("tail") != "empty"]
        turn = 0
        for t in TYPES.values():
            for flt in FILTERS:
                if not flt.takes(t):
                    continue
                if t.name in ("int32le", "float64le", "compound_nested"):
                    for lay in chunked:
                        self.add(t, lay, flt)
                else:
                    self.add(t, chunked[turn % len(chunked)], flt)
                    turn += 1
        self.file.close()


def main(folder):
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
    m = Maker(".")
    for bounds in BOUNDS:
        m.layouts(bounds)
    for bounds in ("earliest", "v110", "v200"):
        m.filters(bounds)
    with open("cases.json", "w") as f:
        json.dump(m.cases, f)
    print(len(m.cases), "datasets")


if __name__ == "__main__":
    main(sys.argv[1])
