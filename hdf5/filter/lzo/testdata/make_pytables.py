"""The LZO chunks of PyTables' own test files, with python-lzo as the witness:
make_pytables.py STEM FILE... (see lzf/testdata/make_chunks.py for the form)."""
import hashlib, json, sys
import h5py, lzo, numpy as np

listed, blob = [], b""


def visit(name, d):
    global blob
    if not isinstance(d, h5py.Dataset) or d.chunks is None:
        return
    p = d.id.get_create_plist()
    filters = [p.get_filter(i) for i in range(p.get_nfilters())]
    if not filters or filters[-1][0] != 305:
        return
    size = int(np.prod(d.chunks)) * d.dtype.itemsize
    for k in range(d.id.get_num_chunks()):
        info = d.id.get_chunk_info(k)
        if info.filter_mask:
            continue
        _, raw = d.id.read_direct_chunk(info.chunk_offset)
        data = lzo.decompress(raw, False, size)
        assert len(data) == size
        listed.append(dict(values=list(filters[-1][2]), element_size=d.dtype.itemsize, size=size, at=len(blob),
                           stored=len(raw), sha256=hashlib.sha256(data).hexdigest()))
        blob += raw


for f in sys.argv[2:]:
    h5py.File(f).visititems(visit)
with open(sys.argv[1] + ".bin", "wb") as f:
    f.write(blob)
with open(sys.argv[1] + ".json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c) for c in listed) + "\n]\n")
