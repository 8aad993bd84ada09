"""Chunks of runs of 4 equal bytes, by libbz2: make_runs.py STEM (see chunks.json
of lzf/testdata/make_chunks.py for the form)."""
import bz2, hashlib, json, sys
import numpy as np

rng = np.random.default_rng(5)
listed, blob = [], b""
for size in (79_996, 80_000, 80_004, 159_996, 160_000, 399_996, 719_996):
    steps = np.where(rng.random(size // 4) < 0.002, 2, 1)
    data = np.repeat((np.cumsum(steps) % 3).astype("u1"), 4).tobytes()
    raw = bz2.compress(data, 9)
    listed.append(dict(values=[9], element_size=1, size=len(data), at=len(blob), stored=len(raw),
                       sha256=hashlib.sha256(data).hexdigest()))
    blob += raw
with open(sys.argv[1] + ".bin", "wb") as f:
    f.write(blob)
with open(sys.argv[1] + ".json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c) for c in listed) + "\n]\n")
