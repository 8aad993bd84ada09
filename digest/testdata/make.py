"""Makes canonical.h5, repacked.h5 (the same data in another layout), odd.h5
and canonical.json: for each path, or path@attribute, the canonical bytes in
hexadecimal, put together here by struct and numpy from the rules.

Usage: python make.py          needs h5py
"""
import ctypes, glob, json, os, struct
import h5py, numpy as np
from h5py import h5a, h5d, h5p, h5s, h5t

here = os.path.dirname(os.path.abspath(__file__))
want = {}
# h5py has no set_precision for bitfields.
lib = ctypes.CDLL(glob.glob(os.path.join(os.path.dirname(os.path.dirname(h5py.__file__)), "h5py.libs", "libhdf5-*.so*"))[0])


def narrow(t, size, precision, offset, order):
    t = t.copy()
    lib.H5Tset_size(ctypes.c_int64(t.id), ctypes.c_size_t(size))
    lib.H5Tset_order(ctypes.c_int64(t.id), ctypes.c_int(order))
    lib.H5Tset_precision(ctypes.c_int64(t.id), ctypes.c_size_t(precision))
    lib.H5Tset_offset(ctypes.c_int64(t.id), ctypes.c_size_t(offset))
    return t


def text(b): return struct.pack("<I", len(b)) + b


def raw(f, path, t, data, n, chunk=None, cset=None):
    """A dataset whose stored bytes are data: memory type = file type."""
    s = h5s.create_simple((n,))
    pl = h5p.create(h5p.DATASET_CREATE)
    if chunk: pl.set_chunk((chunk,))
    d = h5d.create(f.id, path.encode(), t, s, pl)
    d.write(h5s.ALL, h5s.ALL, np.frombuffer(data, "u1"), t)
    return d


def integers(f):
    for order in "<>":
        for kind in "iu":
            for size in (1, 2, 4, 8):
                a = (np.arange(7) * 0x1122334455667788 % 251 - 3).astype(kind + str(size))
                name = f"/{kind}{size}{'le' if order == '<' else 'be'}"
                f.create_dataset(name, data=a.astype(order + kind + str(size)))
                want[name] = a.astype("<" + kind + str(size)).tobytes()
    values = [0, 1, -1, -(1 << 19), (1 << 19) - 1]
    for order, name in ((h5t.ORDER_LE, "le"), (h5t.ORDER_BE, "be")):
        for kind, base in (("int", h5t.STD_I32LE), ("uint", h5t.STD_U32LE), ("bits", h5t.STD_B32LE)):
            t = narrow(base, 3, 20, 2, order)
            b = b"".join(((v & 0xfffff) << 2 | 0xc00001).to_bytes(3, "little" if name == "le" else "big") for v in values)
            raw(f, f"/{kind}24{name}", t, b, 5)
            want[f"/{kind}24{name}"] = b"".join(struct.pack("<i", v) if kind == "int" else struct.pack("<I", v & 0xfffff) for v in values)
        t = narrow(h5t.STD_I64LE, 12, 90, 3, order)
        wide = [0, -1, 1 << 88, -(1 << 89), 12345678901234567890123]
        b = b"".join(((v & (1 << 90) - 1) << 3).to_bytes(12, "little" if name == "le" else "big") for v in wide)
        raw(f, f"/int96{name}", t, b, 5)
        want[f"/int96{name}"] = b"".join(v.to_bytes(16, "little", signed=True) for v in wide)


def floats(f):
    nan = {2: 0x7e55, 4: 0x7fc12345, 8: 0x7ff8123456789abc}
    for size in (2, 4, 8):
        a = np.array([0, -0.0, 1.5, -2.25, np.inf, 6e-8, 1], "<f" + str(size))
        bits = a.view("<u" + str(size)); bits[-1] = nan[size]
        for order, name in (("<", "le"), (">", "be")):
            f.create_dataset(f"/f{size}{name}", data=bits.view("<f" + str(size)).byteswap().view(">f" + str(size)) if order == ">" else a)
            want[f"/f{size}{name}"] = bits.tobytes()
    t = h5t.IEEE_F32LE.copy(); t.set_fields(15, 7, 8, 0, 7); t.set_precision(16); t.set_size(2); t.set_ebias(127)
    f32 = np.array([1.5, -0.25, 3e38, 1e-20, 0], "<f4")
    b = (f32.view("<u4") >> 16).astype("<u2")
    raw(f, "/bfloat16", t, b.tobytes(), 5)
    want["/bfloat16"] = (b.astype("<u4") << 16).view("<f4").astype("<f8").tobytes()
    x = np.array([1.5 + 2j, -3 - 0.5j])
    f.create_dataset("/complex_pair", data=x)
    want["/complex_pair"] = x.astype("<c16").tobytes()


def plain(f):
    f.create_dataset("/fixed", data=np.array([b"ab", b"abcde", b""], "S5"))
    want["/fixed"] = b"ab\0\0\0abcde" + bytes(5)
    f.create_dataset("/opaque", data=np.array([b"\1\2\3", b"\0\0\4"], "V3"))
    want["/opaque"] = b"\1\2\3\0\0\4"
    e = h5py.enum_dtype({"RED": -2, "BLUE": 300}, basetype=">i2")
    f.create_dataset("/enum", data=np.array([-2, 300, 7], e), dtype=e)
    want["/enum"] = struct.pack("<3h", -2, 300, 7)
    d = f.create_dataset("/array", (2,), np.dtype((">i4", (2, 3))))
    d[...] = np.arange(12).reshape(2, 2, 3)
    want["/array"] = np.arange(12, dtype="<i4").tobytes()
    for order, c in ((h5t.UNIX_D32LE, "le"), (h5t.UNIX_D64BE, "be")):
        size = order.get_size()
        raw(f, "/time" + c, order, bytes(range(2 * size)), 2)
        b = bytes(range(2 * size))
        want["/time" + c] = b if c == "le" else b[:size][::-1] + b[size:][::-1]
    f.create_dataset("/scalar", data=np.float32(2.5)); want["/scalar"] = struct.pack("<f", 2.5)
    f["/null"] = h5py.Empty("f8"); want["/null"] = b""
    f.create_dataset("/none", (3, 0), "i4"); want["/none"] = b""
    f.create_dataset("/unwritten", (5,), ">i2", fillvalue=-7); want["/unwritten"] = struct.pack("<5h", *[-7] * 5)


def nested(f):
    c = np.dtype({"names": ["b", "a"], "formats": [">i2", "<f4"], "offsets": [7, 1], "itemsize": 12})
    v = np.zeros(3, c); v["a"] = [1, 2, 3]; v["b"] = [-1, -2, -3]
    f.create_dataset("/compound", data=v)
    order = f["/compound"].id.get_type().get_member_name(0)
    want["/compound"] = b"".join(struct.pack("<hf", -i, i) if order == b"b" else struct.pack("<fh", i, -i) for i in (1, 2, 3))
    p = np.dtype([("x", "<i4"), ("y", "<f8")])
    v = np.zeros(2, p); v["x"] = [5, 6]; v["y"] = [0.5, 0.25]
    f.create_dataset("/packed", data=v); want["/packed"] = v.tobytes()
    words = ["", "grün", "x" * 40, "end"]
    f.create_dataset("/words", data=words, dtype=h5py.string_dtype())
    want["/words"] = b"".join(text(w.encode()) for w in words)
    d = f.create_dataset("/lists", (4,), h5py.vlen_dtype(">i2"))
    want["/lists"] = b""
    for i in range(4):
        if i != 2: d[i] = np.arange(i + 1)
        k = 0 if i == 2 else i + 1
        want["/lists"] += struct.pack(f"<I{k}h", k, *range(k))
    m = np.dtype([("name", h5py.string_dtype()), ("n", ">i4")])
    v = np.array([("one", 1), ("three", 3)], m)
    f.create_dataset("/mixed", data=v)
    want["/mixed"] = text(b"one") + struct.pack("<i", 1) + text(b"three") + struct.pack("<i", 3)


def references(f):
    g = f.create_group("/z"); f["/z/again"] = f["/words"]
    grid = f.create_dataset("/grid", data=np.arange(12).reshape(3, 4).astype("i1")); want["/grid"] = bytes(range(12))
    gone = f.create_group("/gone"); r = gone.ref; other = f.create_dataset("/hidden", data=[1]); keep = other.ref
    d = f.create_dataset("/refs", (5,), h5py.ref_dtype)
    d[0], d[1], d[2] = f["/words"].ref, f.ref, g.ref
    d[4] = r
    del f["/gone"], f["/hidden"]
    want["/refs"] = text(b"/words") + text(b"/") + text(b"/z") + text(b"") + text(b"@dangling")
    q = f.create_dataset("/regions", (4,), h5py.regionref_dtype)
    q[0] = grid.regionref[1:3, 0:4:2]
    q[1] = grid.regionref[...]
    sp = h5s.create_simple((3, 4)); sp.select_elements(np.array([[0, 1], [2, 3], [1, 0]], "u8"))
    from h5py import h5r
    q[3] = h5r.create(f.id, b"grid", h5r.DATASET_REGION, sp)
    box = lambda t, n, lo, hi: struct.pack("<BIQ4Q", t, 2, n, *lo, *hi)
    whole = h5r.get_region(q[1], f.id).get_select_type()
    want["/regions"] = (text(b"/grid") + box(2, 4, (1, 0), (2, 2)) + text(b"/grid") + box(whole, 12, (0, 0), (2, 3)) + text(b"")
                        + text(b"/grid") + box(1, 3, (0, 0), (2, 3)))


def attributes(f):
    a = f["/words"].attrs
    a["numbers"] = np.array([1, -2], ">i8"); want["/words@numbers"] = struct.pack("<2q", 1, -2)
    a["text"] = "κ"; want["/words@text"] = text("κ".encode())
    a["nothing"] = h5py.Empty("i4"); want["/words@nothing"] = b""
    a["to"] = f["/grid"].ref; want["/words@to"] = text(b"/grid")
    f["/z"].attrs["b"] = np.float16(1); want["/z@b"] = struct.pack("<e", 1)


def same(name, **how):
    """The same data, chunked and filtered or not, and in either byte order."""
    order = how.pop("order")
    with h5py.File(os.path.join(here, name), "w", libver=how.pop("libver", None)) as f:
        rng = np.random.default_rng(4)
        f.create_dataset("/a", data=rng.integers(0, 9, (20, 30)).astype(order + "i4"), **how)
        f.create_dataset("/g/b", data=(np.arange(50) / 3).astype(order + "f8"), **({k: v for k, v in how.items() if k != "chunks"}))
        f["/g/b"].attrs["unit"] = "m"
        f["/g/soft"] = h5py.SoftLink("/a")
        f["/g/ext"] = h5py.ExternalLink("x.h5", "/y")


def odd():
    with h5py.File(os.path.join(here, "odd.h5"), "w", userblock_size=512, libver="latest") as f:
        f.create_dataset(b"caf\xe9", data=[1])
        f.create_dataset("esc\x1b[1m", data=[2])
        f["g/up"] = f["/"]; f["loop"] = h5py.SoftLink("/loop"); f["lost"] = h5py.SoftLink("/nowhere")
        f.create_dataset("big", (1 << 40,), "i4", chunks=(1024,), fillvalue=3)
        f.create_dataset("big2", (1 << 20, 3, 1 << 20), "i2", chunks=(16, 3, 16), fillvalue=1)
        f["type"] = np.dtype([("x", "<i4")]); f.create_dataset("typed", (2,), dtype=f["type"])


with h5py.File(os.path.join(here, "canonical.h5"), "w") as f:
    for part in (integers, floats, plain, nested, references, attributes): part(f)
same("layout_le.h5", order="<")
same("layout_be.h5", order=">", chunks=(7, 11), compression="gzip", shuffle=True, libver="latest")
odd()
with open(os.path.join(here, "canonical.json"), "w") as j:
    json.dump({k: v.hex() for k, v in sorted(want.items())}, j, indent=0)
