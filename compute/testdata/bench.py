"""Makes the file of the benchmarks: bench.py OUT.h5 (about 1 GiB)."""
import sys

import h5py
import numpy as np

rng = np.random.default_rng(1)
N = 1 << 24
x = rng.standard_normal(N)
with h5py.File(sys.argv[1], "w") as f:
    f["f8"] = x
    f["f4"] = x.astype("<f4")
    f["f2"] = x.astype("<f2")
    f["f8be"] = x.astype(">f8")
    for code in ("i8", "i4", "i2", "i1", "u8"):
        f[code] = (x * 20).astype("<" + code if code[1] != "1" else code)
    f.create_dataset("gzip", data=np.round(x, 2), chunks=(1 << 16,), compression="gzip", shuffle=True)
    t = np.zeros(N // 2, dtype=[("id", "<i4"), ("x", "<f8"), ("y", "<f4")])
    t["x"] = x[: N // 2]
    f.create_dataset("table", data=t, chunks=(1 << 15,))
    f["image"] = x.reshape(4096, 4096)
    f.create_dataset("image_gzip", data=np.round(x, 2).reshape(4096, 4096), chunks=(128, 256), compression="gzip", shuffle=True)
    f["three"] = x[: N // 3 * 3].reshape(-1, 3)
