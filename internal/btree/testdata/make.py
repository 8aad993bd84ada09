"""Writes files with B-trees of groups.

links.h5.gz: group "g" of 3000 links named link00000 …, with creation order, of which those divisible by 7 were
deleted; version 2 B-trees of types 5 (name) and 6 (creation order).
attributes.h5.gz: 200 attributes a000 … on the root in dense storage; types 8 and 9.
group.h5.gz: 900 links name0 … in an old-style root group; version 1 B-tree.
"""
import gzip, os, sys
import h5py

out = sys.argv[1]


def zipped(name):
    path = os.path.join(out, name)
    with open(path, "rb") as f, gzip.GzipFile(path + ".gz", "wb", mtime=0) as g:
        g.write(f.read())
    os.remove(path)


with h5py.File(os.path.join(out, "links.h5"), "w", libver="latest") as f:
    g = f.create_group("g", track_order=True)
    for i in range(3000):
        g[f"link{i:05}"] = h5py.SoftLink("/")
    for i in range(0, 3000, 7):
        del g[f"link{i:05}"]
zipped("links.h5")
with h5py.File(os.path.join(out, "attributes.h5"), "w", libver="latest", track_order=True) as f:
    for i in range(200):
        f.attrs[f"a{i:03}"] = i
zipped("attributes.h5")
with h5py.File(os.path.join(out, "group.h5"), "w", libver="earliest") as f:
    for i in range(900):
        f[f"name{i}"] = h5py.SoftLink("/")
zipped("group.h5")
