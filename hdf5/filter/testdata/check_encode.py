"""Holds what our encoders write against the libraries that read it.

    check_encode.py ENCODE CASES SEED [LIST]

ENCODE is the program of the folder encode, built by go build. Each case is a
dataset of one chunk that h5py creates with the filter: the client data must be
those that we would store, and h5py (hdf5plugin; for bzip2 PyTables too) must
read the bytes that we put there. Chunks of ZFP must be the plugin's own, byte
for byte. LIST gets the client data, one JSON object a line; local.jsonl was
made with CASES 240 and SEED 1, without LZO.

LZO is read by liblzo2 and by PyTables' own filter function where LZO_LIBRARY
and LZO_FILTER name them (Debian: liblzo2-2 and python3-tables-lib).
"""
import base64, collections, ctypes, io, json, os, subprocess, sys, tempfile
import h5py, hdf5plugin, numpy as np, tables

TYPES = ["u1", "i2", "<u4", ">i4", "<i8", "<f4", ">f4", "<f8", ">f8", "c16", "S3", "V7", "V24", "V100", "V1000"]
SOME_ZFP = ["<f4", "<f8", "<i4", "<i8", "<u4", "<u8", ">f4", ">f8", ">i4", ">i8"]


def content(rng, nbytes):
    n = max(nbytes, 1)
    kind = rng.integers(9)
    if kind == 0:
        b = np.zeros(n, "u1")
    elif kind == 1:
        b = rng.integers(0, 256, n, dtype="u1")
    elif kind == 2:
        b = rng.integers(0, 3, n, dtype="u1")
    elif kind == 3:
        b = np.arange(n, dtype="<u4").view("u1")
    elif kind == 4:
        b = np.cumsum(rng.normal(size=n)).astype(rng.choice(["<f4", "<f8"])).view("u1")
    elif kind == 5:
        b = (np.cumsum(rng.integers(-2, 3, n)) + 1000).astype("<i2").view("u1")
    elif kind == 6:
        b = np.resize(rng.integers(0, 256, rng.integers(1, 300), dtype="u1"), n)
    elif kind == 7:
        b = np.where(rng.random(n) < 0.02, rng.integers(0, 256, n), 7).astype("u1")
    else:
        words = [bytes(rng.integers(97, 123, rng.integers(2, 12), dtype="u1")) for _ in range(40)]
        t, size = [], 0
        while size < n:
            w = words[rng.integers(40)] + b" "
            if rng.random() < 0.1:
                w += bytes(rng.integers(0, 256, rng.integers(1, 600), dtype="u1"))
            t.append(w)
            size += len(w)
        b = np.frombuffer(b"".join(t), "u1")
    return b[:nbytes].tobytes()


def shape_of(rng, most):
    rank = int(rng.integers(1, 5))
    n = np.exp(rng.uniform(0, np.log(most)))
    shape = [1] * rank
    for i in rng.permutation(rank):
        shape[i] = int(rng.integers(1, max(2, int(n ** (1 / (1 + rng.integers(rank)))) + 1)))
        n = max(n / shape[i], 1)
    return tuple(shape)


def words(*numbers):
    return tuple(int(w) for w in np.array(numbers, "<f8").view("<u4"))


def zfp_mode(rng, dtype):
    size = dtype.itemsize
    mode = rng.integers(6)
    if mode == 0:
        return ()
    if mode == 1:
        return (1, 0) + words(rng.choice([rng.uniform(1, 8 * size), rng.integers(1, 8 * size)]))
    if mode == 2:
        return (2, 0, int(rng.integers(1, 65)))
    if mode == 3:
        return (3, 0) + words(2.0 ** rng.integers(-40, 20) * rng.uniform(1, 2))
    if mode == 4:
        high = int(rng.choice([40, 100, 500, 4000, 16658]))
        low = min(high, int(rng.choice([1, 2, 9, 100, 500])))
        exps = [-1074, -200, -20, 0, 5] + [-1075] * (dtype.kind in "iu")
        return (4, 0, low, high, int(rng.integers(1, 65)), int(rng.choice(exps)) & 0xFFFFFFFF)
    return (5,)


CODECS = {
    "lzf": (32000, lambda rng, t: [(), (), (9, 8, 7, 6), (0, 8)][rng.integers(4)]),
    "lz4": (32004, lambda rng, t: [(), (0,), (int(rng.integers(1, 5000)),), (1 << 20,)][rng.integers(4)]),
    "zstd": (32015, lambda rng, t: [(), (int(rng.integers(-9, 23)) & 0xFFFFFFFF,)][rng.integers(2)]),
    "bzip2": (307, lambda rng, t: [(), (int(rng.integers(1, 10)),), (int(rng.integers(1, 10)), 27, 0)][rng.integers(3)]),
    "lzo": (305, lambda rng, t: (int(rng.integers(1, 10)), 11, 4)),
    "bitshuffle": (32008, lambda rng, t: [
        (), (64,), (0, 0), (0, 2), (int(rng.integers(0, 300)) * 8, 2), (int(rng.integers(0, 300)) * 8, 3, int(rng.integers(23))),
        (0, 3)][rng.integers(7)]),
    "zfp": (32013, zfp_mode),
}


class Ours:
    def __init__(self, program):
        self.p = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def encode(self, number, dtype, shape, user, data):
        r = dict(ID=number, Float=dtype.kind == "f", BigEndian=dtype.byteorder == ">", Size=dtype.itemsize,
                 Chunk=shape, User=user, Data=base64.b64encode(data).decode())
        self.p.stdin.write(json.dumps(r).encode() + b"\n")
        self.p.stdin.flush()
        a = json.loads(self.p.stdout.readline())
        assert not a["Error"], (number, dtype, shape, user, a["Error"])
        return tuple(a["Stored"] or ()), base64.b64decode(a["Encoded"] or ""), a["Skipped"]


def turned(values):
    return values[:1] + tuple(int.from_bytes(v.to_bytes(4, "little"), "big") for v in values[1:])


def big_endian(image, values, dtype):
    """The file as a big-endian machine would have written it."""
    pack = lambda v: np.array(v, "<u4").tobytes()
    def replace(old, new):
        nonlocal image
        assert image.count(old) == 1
        image = image.replace(old, new)
    replace(pack(values), pack(turned(values)))
    size = dtype.itemsize
    head = bytes([0x11, 0x20, 8 * size - 1, 0]) if dtype.kind == "f" else bytes([0x10, 0x08, 0, 0])
    tail = size.to_bytes(4, "little")
    replace(head + tail, bytes([head[0], head[1] | 1]) + head[2:] + tail)
    return image


def lzo_reads(values, raw, data):
    lib = ctypes.CDLL(os.environ["LZO_LIBRARY"], ctypes.RTLD_GLOBAL)
    n, out = ctypes.c_size_t(len(data)), ctypes.create_string_buffer(len(data))
    assert lib.lzo1x_decompress_safe(raw, ctypes.c_size_t(len(raw)), out, ctypes.byref(n), None) == 0
    assert out.raw[:n.value] == data
    f, libc = ctypes.CDLL(os.environ["LZO_FILTER"]), ctypes.CDLL(None)
    libc.malloc.restype, f.lzo_deflate.restype = ctypes.c_void_p, ctypes.c_size_t
    room = ctypes.c_size_t(len(raw))
    buf = ctypes.c_void_p(libc.malloc(room))
    ctypes.memmove(buf, raw, len(raw))
    used = f.lzo_deflate(0x100, ctypes.c_size_t(len(values)), (ctypes.c_uint * len(values))(*values),
                         ctypes.c_size_t(len(raw)), ctypes.byref(room), ctypes.byref(buf))
    assert ctypes.string_at(buf, used) == data


def case(rng, ours, name, seen):
    number, users = CODECS[name]
    dtype = np.dtype(str(rng.choice(SOME_ZFP if name == "zfp" else TYPES)))
    shape = shape_of(rng, 40_000 // dtype.itemsize ** 0.5)
    if name == "zfp" and (np.prod(shape) < 2):
        return None
    user, count = users(rng, dtype), int(np.prod(shape))
    data = content(rng, count * dtype.itemsize)
    stored, raw, skipped = ours.encode(number, dtype, shape, user, data)
    mask = int(skipped)
    seen[name, "skipped"] += skipped
    if skipped:
        raw = data
    if name == "lzo":
        if not skipped:
            lzo_reads(stored, raw, data)
        return None
    swap = name == "zfp" and dtype.byteorder == ">"
    native = dtype.newbyteorder("<") if swap else dtype
    image = io.BytesIO()
    with h5py.File(image, "w") as f:
        d = f.create_dataset("a", shape, native, chunks=shape, compression=number, compression_opts=user or None)
        theirs = d.id.get_create_plist().get_filter(0)[2]
        assert stored == (turned(theirs) if swap else theirs), (name, dtype, shape, user, stored, theirs)
        if name == "zfp":
            d[...] = np.frombuffer(data, dtype).reshape(shape).astype(native)
            f.flush()
            _, want = d.id.read_direct_chunk((0,) * len(shape))
            assert raw == want, (name, dtype, shape, user, len(raw), len(want))
            back = d[...]
        d.id.write_direct_chunk((0,) * len(shape), raw, mask)
    bytes_ = image.getvalue()
    if swap:
        bytes_ = big_endian(bytes_, theirs, native)
    with h5py.File(io.BytesIO(bytes_)) as f:
        got = f["a"][...]
        assert got.dtype == dtype, (got.dtype, dtype)
        if name == "zfp":
            same = got.astype(native).tobytes() == back.tobytes()
        else:
            same = got.tobytes() == data
        assert same, (name, dtype, shape, user, mask)
    if name == "bzip2" and dtype.kind in "iuf" and not swap:
        with tables.open_file("a.h5", driver="H5FD_CORE", driver_core_image=bytes_, driver_core_backing_store=0) as f:
            assert np.ascontiguousarray(f.root.a[...]).astype(dtype).tobytes() == data
            seen[name, "PyTables"] += 1
    return dict(id=number, float=dtype.kind == "f", big=dtype.byteorder == ">", size=dtype.itemsize,
                chunk=shape, user=user, stored=stored)


def main(program, cases, seed, listing=None):
    rng, ours, seen, listed = np.random.default_rng(int(seed)), Ours(program), collections.Counter(), []
    names = [n for n in CODECS if n != "lzo" or "LZO_LIBRARY" in os.environ]
    for i in range(int(cases)):
        name = names[i % len(names)]
        c = case(rng, ours, name, seen)
        seen[name, "cases"] += 1
        if c:
            listed.append(c)
    if listing:
        with open(listing, "w") as f:
            for c in listed:
                f.write(json.dumps(c) + "\n")
    for key in sorted(seen):
        print(*key, seen[key])


main(*sys.argv[1:])
