"""Lets h5py with hdf5plugin, python-blosc2 and PyTables read what this package
and ../../../blosc encode, and compares client data and headers with theirs.
Run in this folder: python witness.py [seed [cases]]"""
import collections, json, os, random, subprocess, sys, tempfile
import blosc2, h5py, hdf5plugin, numpy as np, tables

seed, cases = int(sys.argv[1]) if len(sys.argv) > 1 else 1, int(sys.argv[2]) if len(sys.argv) > 2 else 500
rng, noise = random.Random(seed), np.random.default_rng(seed)
folder = tempfile.mkdtemp()
path, program = os.path.join(folder, "a.h5"), os.path.join(folder, "witness")
subprocess.run(["go", "build", "-o", program, "."], check=True)
encoder = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
names = {0: "blosclz", 1: "lz4", 2: "lz4hc", 3: "snappy", 4: "zlib", 5: "zstd"}
count = collections.Counter()


def check(what, ok, *details):
    count[what if ok else "FAILED: " + what] += 1
    if not ok:
        print(what, *details)


def encode(data, **q):
    encoder.stdin.write(json.dumps(dict(q, N=len(data))).encode() + b"\n" + data)
    encoder.stdin.flush()
    a = json.loads(encoder.stdout.readline())
    return a, encoder.stdout.read(a["N"])


def data(n, size):
    kind = rng.randrange(6)
    if kind == 0:
        return noise.bytes(n)
    if kind == 1:
        return bytes([rng.choice((0, 0, 7))]) * n
    if kind == 2:
        return bytes((i // size * 3 + i % size * 17) & 255 for i in range(n))
    if kind == 3:
        return np.cumsum(noise.integers(-3, 4, n // 8 + 1)).astype("<i8").tobytes()[:n]
    if kind == 4:
        return noise.integers(0, 3, n, dtype="u1").tobytes()
    b = np.zeros(n, "u1")
    b[noise.integers(0, n, n // 50 + 1)] = 201
    return b.tobytes()


def headers(raw, filter_id):
    """The front of a chunk without what depends on how well the codec did."""
    at = int.from_bytes(raw[11:15], "big") if filter_id == 32026 else 0
    h = bytearray(raw[: at + (32 if at else 16)])
    if at:
        h[17:25], h[39:47], h[63:68] = bytes(8), bytes(8), bytes(5)
    if at and raw[39:47] == bytes(8):
        return h[:53] + h[57:at]  # the index alone tells of zeros
    h[at + 2] &= ~2
    h[at + 12:at + 16] = bytes(4)
    return h


def draw():
    filter_id = rng.choice((32001, 32026, 32026))
    size, times = rng.choice((1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 24, 100, 255, 256, 1000)), rng.choice((1, 1, 1, 1, 3))
    chunk, most = [1] * rng.choice((1, 1, 2, 3, 4)), rng.choice((40, 500, 3000, 30000, 200000, 1000000))
    while np.prod(chunk) * size * times * 2 < most:
        d = rng.randrange(len(chunk))
        chunk[d] = chunk[d] * 2 - rng.randrange(2) if chunk[d] > 1 else 2
    codec = rng.choice((0, 1, 2, 4, 5) + ((3,) if filter_id == 32001 else ()))
    return filter_id, size, times, chunk, [0, 0, 0, 0, rng.randrange(10), rng.randrange(3), codec]


def with_h5py(filter_id, size, times, chunk, values):
    values = values[: rng.choice((7, 7, 7, 6, 5, 4, 0))]
    src = data(int(np.prod(chunk)) * size * times, size)
    a, raw = encode(src, Filter=filter_id, Values=values, Size=size * times, Base=size * (times > 1), Chunk=chunk)
    what, whole = (filter_id, size, times, chunk, values), (0,) * len(chunk)
    check("encoded", not a["Err"], what, a["Err"])
    t = h5py.h5t.create(h5py.h5t.OPAQUE, size)
    t.set_tag(b"x")
    t = t if times == 1 else h5py.h5t.array_create(t, (times,))
    with h5py.File(path, "w") as f:
        p = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        p.set_chunk(tuple(chunk))
        p.set_filter(filter_id, 1, tuple(values))
        ours, theirs = (h5py.h5d.create(f.id, n, t, h5py.h5s.create_simple(tuple(chunk)), p) for n in (b"ours", b"theirs"))
        got = ours.get_create_plist().get_filter(0)[2]
        check("client data", list(got) == a["Values"], what, got, a["Values"])
        theirs.write(h5py.h5s.ALL, h5py.h5s.ALL, np.frombuffer(src, f"V{size * times}").reshape(chunk), t)
        theirs.flush()
        mask, reference = theirs.read_direct_chunk(whole)
        if a["NoGain"]:
            check("no gain in Blosc1 only", filter_id == 32001, what)
            return
        ours.write_direct_chunk(whole, raw)
        zeros = filter_id == 32026 and (raw[39:47] == bytes(8)) != (reference[39:47] == bytes(8))
        # c-blosc2 3.3.5 can't read its own tiles of elements above 255 bytes.
        if not mask and not zeros and (size < 256 or len(chunk) == 1):
            check("headers", headers(raw, filter_id) == headers(reference, filter_id), what, raw[:200], reference[:200])
    with h5py.File(path) as f:
        back = np.zeros(chunk, f"V{size * times}")
        f["ours"].id.read(h5py.h5s.ALL, h5py.h5s.ALL, back, t)
        check("h5py", back.tobytes() == src, what)
    if filter_id == 32026:
        if len(chunk) > 1 and times == 1 and size < 256:
            back = np.ascontiguousarray(blosc2.ndarray_from_cframe(raw)[...]).tobytes()
        else:
            back = blosc2.schunk_from_cframe(raw)[:]
        check("python-blosc2", back == src, what)


def with_tables(filter_id, size, times, chunk, values):
    _, _, _, _, level, shuffle, codec = values
    if level == 0 or codec == 3:
        return
    library = ("blosc", "blosc2")[filter_id == 32026]
    library, values = rng.choice(((library, values[:6]), (library + ":" + names[codec], values)))
    filters = tables.Filters(complevel=level, complib=library, shuffle=shuffle == 1, bitshuffle=shuffle == 2)
    atom, table = tables.Atom.from_dtype(np.dtype((f"S{size}", (times,)))), len(chunk) == times == 1
    with tables.open_file(path, "w") as f:
        if table:
            t = f.create_table("/", "d", description=np.dtype([("x", f"S{size}")]), filters=filters, chunkshape=chunk[0])
            t.append(np.zeros(chunk[0], [("x", f"S{size}")]))
        else:
            f.create_carray("/", "d", atom=atom, shape=tuple(chunk), chunkshape=tuple(chunk), filters=filters)
    src = bytes(b | 1 for b in data(int(np.prod(chunk)) * size * times, size))
    if filter_id == 32026:
        values[1] = 2**32 - 1
    a, raw = encode(src, Filter=filter_id, Values=values, Size=size * times, Base=size * (times > 1), Chunk=chunk)
    what = (filter_id, size, times, chunk, values)
    with h5py.File(path, "r+") as f:
        d = f["d"].id
        got = d.get_create_plist().get_filter(0)[2]
        check("client data of PyTables", list(got) == a["Values"], what, got, a["Values"])
        if a["NoGain"]:
            return
        d.write_direct_chunk((0,) * len(chunk), raw)
    with tables.open_file(path) as f:
        check("PyTables, table" if table else "PyTables, array", f.root.d[:].tobytes() == src, what)
        part = tuple(slice(rng.randrange(c), None) for c in chunk)
        whole = np.frombuffer(src, f.root.d.dtype.base).reshape(chunk + [times] * (times > 1))
        check("PyTables, a part", f.root.d[part if not table else part[0]].tobytes() == whole[part].tobytes(), what)


for _ in range(cases):
    rng.choice((with_h5py, with_h5py, with_tables))(*draw())
for what, n in sorted(count.items()):
    print(n, what)
