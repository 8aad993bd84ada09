"""Checks a root group of soft links that gables edited, and edits it further: edit_group.py FILE NAME,NAME,..."""
import subprocess, sys
import h5py

path, want = sys.argv[1], sorted(sys.argv[2].split(","))
with h5py.File(path, "r+") as f:
    assert sorted(f) == want, (len(f), len(want))
    for name in want:
        assert f.get(name, getlink=True).path == "/", name
    for name in [f"name{i}" for i in range(900)]:
        assert (name in f.keys()) == (name in set(want)), name
with h5py.File(path, "r+") as f:
    for i in range(500):
        f[f"more{i * 7919 % 500}"] = h5py.SoftLink("/")
    for name in want[::2]:
        del f[name]
with h5py.File(path, "r+") as f:
    assert sorted(f) == sorted(want[1::2] + [f"more{i}" for i in range(500)])
    for name in list(f):
        del f[name]
    assert len(f) == 0
    f["again"] = 1
