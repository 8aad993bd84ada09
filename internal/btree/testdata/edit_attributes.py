"""Checks dense attributes whose indexes gables edited, and edits them further: edit_attributes.py FILE"""
import sys
import h5py

with h5py.File(sys.argv[1], "r+") as f:
    assert list(f.attrs) == [f"a{i:03}" for i in range(200)]
    assert [f.attrs[f"a{i:03}"] for i in range(200)] == list(range(200))
    for i in range(200, 400):
        f.attrs[f"a{i:03}"] = i
    for i in range(0, 400, 2):
        del f.attrs[f"a{i:03}"]
with h5py.File(sys.argv[1], "r") as f:
    assert [f.attrs[f"a{i:03}"] for i in range(1, 400, 2)] == list(range(1, 400, 2))
    assert len(f.attrs) == 200
