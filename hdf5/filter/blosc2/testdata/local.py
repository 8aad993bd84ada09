"""Makes local.json here and in ../../blosc/testdata: the client data that
set_local of the libraries stores for the user's values, and the front of the
chunk that they write for byte i being (i // 7) % 256. Run in this folder:
python local.py"""
import json, random, tempfile, os
import h5py, hdf5plugin, numpy as np, tables

rng = random.Random(20)
path = os.path.join(tempfile.mkdtemp(), "a.h5")
names = {0: "blosclz", 1: "lz4", 2: "lz4hc", 3: "snappy", 4: "zlib", 5: "zstd"}


def pattern(n):
    return ((np.arange(n) // 7) % 256).astype("u1").tobytes()


def front(raw, filter_id):
    if filter_id == 32001:
        return raw[:16]
    return raw[: int.from_bytes(raw[11:15], "big") + 32]


def shape(rank, most):
    while True:
        chunk = [rng.randrange(1, 1 + int(2 * most ** (1 / rank))) for _ in range(rank)]
        if most // 20 < np.prod(chunk) < most:
            return chunk


def opaque(size):
    t = h5py.h5t.create(h5py.h5t.OPAQUE, size)
    t.set_tag(b"x")
    return t


def via_h5py(filter_id, values, size, times, chunk):
    t = opaque(size) if times == 1 else h5py.h5t.array_create(opaque(size), (times,))
    with h5py.File(path, "w") as f:
        p = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        p.set_chunk(tuple(chunk))
        p.set_filter(filter_id, 1, tuple(values))
        d = h5py.h5d.create(f.id, b"d", t, h5py.h5s.create_simple(tuple(chunk)), p)
        data = pattern(size * times * int(np.prod(chunk)))
        d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.frombuffer(data, f"V{size * times}").reshape(chunk), t)
        d.flush()
        mask, raw = d.read_direct_chunk((0,) * len(chunk))
        return d.get_create_plist().get_filter(0)[2], "" if mask else front(raw, filter_id).hex()


def via_tables(filter_id, values, size, chunk):
    library = "blosc" if filter_id == 32001 else "blosc2"
    if len(values) > 6:
        library += ":" + names[values[6]]
    filters = tables.Filters(complevel=values[4], complib=library, shuffle=values[5] == 1, bitshuffle=values[5] == 2)
    with tables.open_file(path, "w") as f:
        f.create_carray("/", "d", atom=tables.StringAtom(size), shape=tuple(chunk), chunkshape=tuple(chunk), filters=filters)
    with h5py.File(path) as f:
        return f["d"].id.get_create_plist().get_filter(0)[2], ""


cases = {32001: [], 32026: []}
for k in range(120):
    filter_id = (32001, 32026)[k % 2]
    size, times = rng.choice((1, 2, 4, 8, 8, 12, 17, 24, 256, 300)), rng.choice((1, 1, 1, 3))
    rank = rng.choice((1, 1, 2, 3))
    chunk = shape(rank, rng.choice((300, 5000, 80000)))
    codec = rng.choice((0, 1, 2, 4, 5) + ((3,) if k % 2 == 0 else ()))
    values = [0, 0, 0, 0, rng.randrange(1, 10), rng.randrange(3), codec]
    if k % 3 == 0 and codec != 3:
        values = values[: rng.choice((6, 7, 7))]
        got, head = via_tables(filter_id, values, size, chunk)
        times = 1
        if filter_id == 32026:
            values[1] = 2**32 - 1
    else:
        values = values[: rng.choice((0, 4, 5, 6, 7, 7, 7, 7, 7))]
        got, head = via_h5py(filter_id, values, size, times, chunk)
    cases[filter_id].append(dict(values=values, size=size, times=times, chunk=chunk, want=got, front=head))
for filter_id, folder in ((32001, "../../blosc/testdata"), (32026, ".")):
    with open(os.path.join(folder, "local.json"), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c) for c in cases[filter_id]) + "\n]\n")
