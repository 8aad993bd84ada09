"""Chunks as real writers store them: the witnesses of the packages lzf, lzo,
bzip2, lz4, zstd and bitshuffle.

    make_chunks.py CODEC STEM CASES SEED MOST

writes STEM.bin (stored chunks in a row) and STEM.json (client data, element
size, decoded size, place in STEM.bin, SHA-256 of what was given to the writer).
MOST bounds the decoded bytes of a chunk. The committed files were made with

    for c in lzf lzo bzip2 lz4 zstd bitshuffle: make_chunks.py $c ../../$c/testdata/chunks 40 1 6000

Needs h5py and hdf5plugin, for bzip2 PyTables, for zstd libzstd.so.1, for lzo
the python-lzo module and, in LZO_FILTER, PyTables' _comp_lzo shared object
(Debian: python3-tables-lib), whose filter function is called as libhdf5 would.
"""
import ctypes, hashlib, json, os, sys, tempfile
import h5py, hdf5plugin, numpy as np

DTYPES = ["u1", "i2", "<u4", ">i4", "f4", "<f8", ">f8", "c16", "S3", "S5", "V7", "V12", "V24", "V31", "V100", "V1000"]


def content(rng, nbytes):
    kind = rng.integers(9)
    n = max(nbytes, 1)
    if kind == 0:
        b = np.zeros(n, "u1")
    elif kind == 1:
        b = rng.integers(0, 256, n, dtype="u1")
    elif kind == 2:
        b = rng.integers(0, 3, n, dtype="u1")
    elif kind == 3:
        b = np.arange(n, dtype="<u4").view("u1")
    elif kind == 4:
        b = np.cumsum(rng.normal(size=n)).astype("<f4").view("u1")
    elif kind == 5:
        b = (np.cumsum(rng.integers(-2, 3, n)) + 1000).astype("<i2").view("u1")
    elif kind == 6:
        period = rng.integers(0, 256, rng.integers(1, 80), dtype="u1")
        b = np.resize(period, n)
    elif kind == 7:
        b = np.where(rng.random(n) < 0.02, rng.integers(0, 256, n), 7).astype("u1")
    else:
        words = [bytes(rng.integers(97, 123, rng.integers(2, 12), dtype="u1")) for _ in range(40)]
        t, size = [], 0
        while size < n:
            w = words[rng.integers(40)] + b" "
            if rng.random() < 0.1:
                w += bytes(rng.integers(0, 256, rng.integers(1, 300), dtype="u1"))
            t.append(w)
            size += len(w)
        b = np.frombuffer(b"".join(t), "u1")
    return b[:nbytes].tobytes()


def through_h5py(rng, data, dtype, chunks, **kw):
    """(client data, stored chunk), or None where the filter was skipped."""
    a = np.frombuffer(data, dtype)
    with tempfile.TemporaryDirectory() as d:
        name = os.path.join(d, "a.h5")
        with h5py.File(name, "w") as f:
            f.create_dataset("a", data=a, chunks=a.shape, **kw)
        with h5py.File(name) as f:
            assert f["a"][:].tobytes() == data
            mask, raw = f["a"].id.read_direct_chunk((0,))
            _, _, values, _ = f["a"].id.get_create_plist().get_filter(0)
            return None if mask else (list(values), raw)


def lzf(rng, data, dtype):
    return through_h5py(rng, data, dtype, None, compression="lzf")


def lz4(rng, data, dtype):
    block = int(rng.choice([0, 64, 1000, 4096, 1 << 16, 1 << 20]))
    return through_h5py(rng, data, dtype, None, **hdf5plugin.LZ4(nbytes=block))


def bitshuffle(rng, data, dtype):
    block = int(rng.choice([0, 0, 8, 64, 120, 1024, 4096]))
    cname = str(rng.choice(["none", "lz4", "zstd"]))
    return through_h5py(rng, data, dtype, None, **hdf5plugin.Bitshuffle(nelems=block, cname=cname))


def bzip2(rng, data, dtype):
    level = int(rng.integers(1, 10))
    if rng.random() < 0.5:
        return through_h5py(rng, data, dtype, None, **hdf5plugin.BZip2(blocksize=level))
    import tables
    with tempfile.TemporaryDirectory() as d:
        name = os.path.join(d, "a.h5")
        a = np.frombuffer(data, "u1")
        with tables.open_file(name, "w") as f:
            f.create_carray("/", "a", obj=a, chunkshape=a.shape,
                            filters=tables.Filters(level, "bzip2", shuffle=False))
        with h5py.File(name) as f:
            mask, raw = f["a"].id.read_direct_chunk((0,))
            _, _, values, _ = f["a"].id.get_create_plist().get_filter(0)
            return None if mask else (list(values), raw)


def zstd_frame(data, level, size, checksum):
    lib = ctypes.CDLL("libzstd.so.1")
    lib.ZSTD_createCCtx.restype = ctypes.c_void_p
    lib.ZSTD_compress2.restype = lib.ZSTD_compressBound.restype = ctypes.c_size_t
    c = ctypes.c_void_p(lib.ZSTD_createCCtx())
    for parameter, value in ((100, level), (200, size), (201, checksum)):
        lib.ZSTD_CCtx_setParameter(c, parameter, value)
    n = lib.ZSTD_compressBound(ctypes.c_size_t(len(data)))
    out = ctypes.create_string_buffer(n)
    n = lib.ZSTD_compress2(c, out, ctypes.c_size_t(n), data, ctypes.c_size_t(len(data)))
    lib.ZSTD_freeCCtx(c)
    return out.raw[:n]


def zstd(rng, data, dtype):
    level = int(rng.integers(1, 20))
    if rng.random() < 0.5:
        return through_h5py(rng, data, dtype, None, **hdf5plugin.Zstd(clevel=level))
    raw, at = b"", 0
    while at < len(data) or not raw:
        n = len(data) - at if rng.random() < 0.5 else int(rng.integers(1, len(data) + 1))
        raw += zstd_frame(data[at:at + n], level, int(rng.integers(2)), int(rng.integers(2)))
        at += n
        if rng.random() < 0.3:
            k = int(rng.integers(40))
            raw += (0x184D2A50 + int(rng.integers(16))).to_bytes(4, "little") + k.to_bytes(4, "little") + bytes(k)
    return [level], raw


def lzo(rng, data, dtype):
    import lzo as lzo_module
    if rng.random() < 0.4:
        return [], lzo_module.compress(data, int(rng.choice([1, 9])), False)
    lib = ctypes.CDLL(os.environ["LZO_FILTER"])
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    lib.lzo_deflate.restype = ctypes.c_size_t
    lib.register_lzo(ctypes.byref(ctypes.c_void_p()), ctypes.byref(ctypes.c_void_p()))
    values = [[], [1], [1, 19], [1, 20], [1, 19, 0], [5, 23, 0], [1, 10, 1], [9, 13, 2], [1, 10, 4]][rng.integers(9)]
    n = ctypes.c_size_t(len(data))
    buf = ctypes.c_void_p(libc.malloc(n))
    ctypes.memmove(buf, data, len(data))
    used = lib.lzo_deflate(0, ctypes.c_size_t(len(values)), (ctypes.c_uint * 3)(*values), n,
                           ctypes.byref(n), ctypes.byref(buf))
    raw = ctypes.string_at(buf, used)
    libc.free(buf)
    return (values, raw) if used else None


def main(codec, stem, cases, seed, most):
    rng = np.random.default_rng(int(seed))
    listed, blob = [], b""
    while len(listed) < int(cases):
        dtype = np.dtype(str(rng.choice(DTYPES)))
        nbytes = int(np.exp(rng.uniform(0, np.log(int(most)))))
        nbytes = max(nbytes // dtype.itemsize, 1) * dtype.itemsize
        if nbytes > int(most) and len(listed) % 4:
            continue
        data = content(rng, nbytes)
        got = globals()[codec](rng, data, dtype)
        if got is None:
            continue
        values, raw = got
        listed.append(dict(values=[int(v) for v in values], element_size=dtype.itemsize, size=nbytes,
                           at=len(blob), stored=len(raw), sha256=hashlib.sha256(data).hexdigest()))
        blob += raw
    with open(stem + ".bin", "wb") as f:
        f.write(blob)
    with open(stem + ".json", "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c) for c in listed) + "\n]\n")


main(*sys.argv[1:])
