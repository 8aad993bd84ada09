"""Writes a dataset for each filter and each flat type into filters.h5, and
filters.json with what the user said of its filters.  usage: make_filters.py FOLDER"""
import json
import os
import sys

import h5py
from h5py import h5d, h5f, h5p, h5s

from h5plans import FILTERS
from h5types import TYPES


def said(d):
    return [{"id": c, "optional": bool(f & 1), "values": list(v)} for c, f, v, _ in map(d.get_filter, range(d.get_nfilters()))]


def main(folder):
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
    fapl = h5p.create(h5p.FILE_ACCESS)
    fapl.set_libver_bounds(h5f.LIBVER_V110, h5f.LIBVER_LATEST)
    f = h5py.File(h5f.create(b"filters.h5", h5f.ACC_TRUNC, fapl=fapl))
    cases = []
    for t in TYPES.values():
        for flt in FILTERS:
            if "flat" not in t.tags or "v200" in t.tags or not flt.takes(t):
                continue
            path = "/%s/%s" % (t.name, flt.name)
            d = h5p.create(h5p.DATASET_CREATE)
            d.set_chunk((7, 11))
            flt.add(d)
            user = said(d)
            h5d.create(f.require_group(t.name).id, flt.name.encode(), t.tid, h5s.create_simple((14, 22)), d)
            cases.append({"path": path, "family": flt.family, "filters": user})
    f.close()
    with open("filters.json", "w") as out:
        json.dump(cases, out)
    print(len(cases), "datasets")


if __name__ == "__main__":
    main(sys.argv[1])
