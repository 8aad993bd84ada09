"""Reads files in a process of its own and prints a line of JSON for each value:
file, path, attr, the SHA-256 of its canonical bytes and, for types without
sequences and references, of random selections of its stored bytes.
usage: read_files.py FOLDER FILE…"""
import hashlib
import json
import os
import sys
import zlib

import h5py
import hdf5plugin  # noqa: F401 registers the filters
import numpy as np
from h5py import h5a, h5d, h5l

import canon


def sha(b):
    return hashlib.sha256(b).hexdigest()


def boxes(rng, shape):
    """Hyperslabs with steps and blocks."""
    for _ in range(3):
        start, stride, count, block = [], [], [], []
        for d in shape:
            s = int(rng.integers(0, d))
            k = int(rng.integers(1, min(3, d - s) + 1))
            step = k + int(rng.integers(0, 4))
            n = int(rng.integers(1, (d - s - k) // step + 2))
            start.append(s), stride.append(step), count.append(n), block.append(k)
        yield start, stride, count, block


def selections(ds, rng):
    """Boxes, points in any order and a mask: what is selected, and its bytes."""
    shape = ds.get_space().shape
    if not shape or 0 in shape or len(shape) > 8 or not canon.stored(ds.get_type()):
        return []
    out = []
    for start, stride, count, block in boxes(rng, shape):
        space = ds.get_space()
        space.select_hyperslab(tuple(start), tuple(count), tuple(stride), tuple(block))
        axes = [np.add.outer(np.arange(n) * step + s, np.arange(k)).ravel() for s, step, n, k in zip(start, stride, count, block)]
        out.append({"box": [start, stride, count, block], "sha256": part(ds, space, np.ix_(*axes))})
    points = np.stack([rng.integers(0, d, 7) for d in shape], axis=1)
    out.append({"points": points.ravel().tolist(), "sha256": picked(ds, points)})
    total = int(np.prod(shape))
    mask = np.sort(rng.choice(total, min(total, 9), replace=False))
    out.append({"mask": mask.tolist(), "sha256": picked(ds, np.stack(np.unravel_index(mask, shape), axis=1))})
    return out


def picked(ds, points):
    space = ds.get_space()
    space.select_elements(points)
    return part(ds, space, tuple(points.T))


def part(ds, space, index):
    """The SHA-256 of what space selects. libhdf5 2.0 crashes on parts of virtual
    datasets that grow, so these are read as a whole and cut by numpy."""
    if ds.get_create_plist().get_layout() == h5d.VIRTUAL:
        whole = np.frombuffer(canon.raw(ds), "V%d" % ds.get_type().get_size()).reshape(ds.shape)
        return sha(whole[index].tobytes())
    return sha(canon.raw(ds, space.get_select_npoints(), space))


def emit(**line):
    sys.stdout.write(json.dumps(line) + "\n")


def attributes(f, name, path, obj):
    for i in range(h5a.get_num_attrs(obj)):
        a = h5a.open(obj, index=i)
        v = canon.value(f, a)
        emit(file=name, path=path, attr=a.name.decode(), nbytes=len(v), sha256=sha(v))


def links(group, file, path):
    kinds = {h5l.TYPE_HARD: "hard", h5l.TYPE_SOFT: "soft", h5l.TYPE_EXTERNAL: "external"}
    out = []
    for n in sorted(group):
        link = {"name": n.decode(), "kind": kinds[group.links.get_info(n).type]}
        if link["kind"] == "soft":
            link["target"] = group.links.get_val(n).decode()
        elif link["kind"] == "external":
            link["in"], link["target"] = [x.decode() for x in group.links.get_val(n)]
        out.append(link)
    emit(file=file, path=path, links=out)


def opened(name):
    """The file that begins with the member of this name."""
    if name == "family_0.h5":
        return h5py.File("family_%d.h5", "r", driver="family", memb_size=20000)
    if name == "split-m.h5":
        return h5py.File("split", "r", driver="split")
    return h5py.File(name, "r", swmr=name == "swmr_flagged.h5")


def read_file(name):
    with opened(name) as h:
        f = canon.File(h)
        for path, obj in f.objects:
            attributes(f, name, path, obj)
            if isinstance(obj, h5py.h5g.GroupID):
                links(obj, name, path)
            if isinstance(obj, h5py.h5t.TypeID):
                emit(file=name, path=path)
            if isinstance(obj, h5py.h5d.DatasetID):
                try:
                    v = canon.value(f, obj)
                except TypeError:  # h5py knows no sequences of times; PyTables does
                    emit(file=name, path=path)
                    continue
                rng = np.random.default_rng(zlib.crc32((name + path).encode()))
                emit(file=name, path=path, nbytes=len(v), sha256=sha(v), select=selections(obj, rng))


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    for name in sys.argv[2:]:
        read_file(name)
