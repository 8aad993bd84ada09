"""Makes check_old.h5 and check_new.h5: small files that have every structure of
the format that libhdf5 writes, in its old and new style."""
import sys
import numpy as np, h5py
from h5py import h5p, h5f, h5s, h5t, h5d

folder = sys.argv[1] if len(sys.argv) > 1 else "."


def fill(f, new):
    g = f.create_group("many")
    for i in range(20):
        g.create_group("child %02d" % i)
    f["soft"] = h5py.SoftLink("/many/child 03")
    d = f.create_dataset("contiguous", data=np.arange(50.0))
    for i in range(12 if new else 4):
        d.attrs["attribute %d" % i] = "value %d" % i
    d.attrs["numbers"] = np.arange(5)
    f.create_dataset("gzip", data=np.arange(600).reshape(30, 20), chunks=(5, 5), compression="gzip", shuffle=True, fletcher32=True)
    f.create_dataset("grows", data=np.arange(90.0), chunks=(4,), maxshape=(None,))
    f.create_dataset("both", data=np.arange(90).reshape(9, 10), chunks=(2, 3), maxshape=(None, None))
    f.create_dataset("strings", data=["alpha", "beta", "gamma" * 20], dtype=h5py.string_dtype())
    f.create_dataset("refs", data=[f["gzip"].ref, f["many"].ref], dtype=h5py.ref_dtype)
    f.create_dataset("one", data=np.arange(64), chunks=(64,), compression="gzip")
    f["type"] = np.dtype([("a", "<i4"), ("b", "<f8")])
    f.create_dataset("typed", data=np.zeros(3, f["type"].dtype), dtype=f["type"])


with h5py.File(folder + "/check_old.h5", "w", libver="earliest") as f:
    fill(f, False)

fcpl = h5p.create(h5p.FILE_CREATE)
fcpl.set_file_space_strategy(h5f.FSPACE_STRATEGY_FSM_AGGR, True, 1)
fapl = h5p.create(h5p.FILE_ACCESS)
fapl.set_libver_bounds(h5f.LIBVER_LATEST, h5f.LIBVER_LATEST)
with h5py.File(h5f.create((folder + "/check_new.h5").encode(), h5f.ACC_TRUNC, fcpl, fapl)) as f:
    fill(f, True)
    f.create_dataset("gone", data=np.arange(700.0))
    del f["gone"]
