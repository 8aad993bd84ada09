"""The datatypes of the matrix. Each has a stored form that is written without
conversion, so that the file holds the very bytes that were drawn."""
import numpy as np
import h5py
from h5py import h5t

TYPES = {}  # name → Type


class Type:
    """name: of the case; family: row of the table; tid: stored datatype.
    draw(rng, n) gives n elements: stored bytes [n, size] (plain types), or
    objects for h5py to convert. tags: what filters and slices may do with it."""

    def __init__(self, name, family, tid, draw, tags=()):
        self.name, self.family, self.tid, self.draw, self.tags = name, family, tid, draw, set(tags)
        TYPES[name] = self

    def memory(self, v):
        """The type of objects that draw gave; numpy forgets that of arrays."""
        mem = h5t.py_create(v.dtype)
        return h5t.array_create(mem, self.tid.get_array_dims()) if self.tid.get_class() == h5t.ARRAY else mem

    def write(self, ds, rng, shape, space=None, refs=None):
        n = int(np.prod(shape, dtype=np.int64))
        if "refs" in self.tags:
            v = self.draw(rng, n, refs)
        else:
            v = self.draw(rng, n)
        file_space = space or h5py.h5s.ALL
        if v.dtype.hasobject:
            mem = h5py.h5s.create_simple((n,)) if n else h5py.h5s.create(h5py.h5s.NULL)
            if n == 0:
                return
            target = file_space if space else ds.get_space()
            ds.write(mem, target, v, self.memory(v))
            return
        if n == 0:
            return
        v = np.ascontiguousarray(v).view("V%d" % self.tid.get_size()).reshape(n)
        ds.write(h5py.h5s.create_simple((n,)), file_space if space else ds.get_space(), v, self.tid)


def noise(rng, n, size):
    return rng.integers(0, 256, (n, size), dtype=np.uint8)


def smooth(dtype):
    """Half of the elements walk slowly, so that compressors find something; the
    others are random bits."""
    dtype = np.dtype(dtype)

    def draw(rng, n):
        raw = noise(rng, n, dtype.itemsize)
        k = n // 2
        walk = np.cumsum(rng.integers(-1, 3, k)).astype(np.int64)
        with np.errstate(over="ignore"):
            raw[:k] = walk.astype(dtype).view(np.uint8).reshape(k, dtype.itemsize)
        return raw
    return draw


def plain(name, family, dtype, tags):
    dtype = np.dtype(dtype)
    return Type(name, family, h5t.py_create(dtype), smooth(dtype), tags)


def special_floats(dtype):
    """Like smooth, with infinities, zeros of both signs, NaNs and subnormals."""
    dtype = np.dtype(dtype)
    base = smooth(dtype)
    info = np.finfo(dtype)
    odd = np.array([np.inf, -np.inf, 0.0, -0.0, np.nan, info.tiny, info.smallest_subnormal, info.max], dtype=dtype)

    def draw(rng, n):
        raw = base(rng, n)
        k = min(n, 8)
        raw[n - k:] = odd[:k].view(np.uint8).reshape(k, dtype.itemsize)
        return raw
    return draw


def numbers():
    for order, o in (("le", "<"), ("be", ">")):
        for size in (1, 2, 4, 8):
            for kind, word in (("i", "int"), ("u", "uint")):
                if size > 1 or order == "le":
                    plain("%s%d%s" % (word, 8 * size, order), word, o + kind + str(size), ("int", "flat"))
        for size in (2, 4, 8):
            dt = np.dtype("%sf%d" % (o, size))
            Type("float%d%s" % (8 * size, order), "float", h5t.py_create(dt), special_floats(dt), ("float", "flat"))
        for size in (8, 16):
            plain("complex%d%s" % (8 * size, order), "complex compound", "%sc%d" % (o, size), ("flat",))
    long = np.dtype("longdouble")

    def extended(rng, n):
        v = rng.normal(size=n) * 10.0 ** rng.integers(-300, 300, n)
        return np.asarray(v, long).view(np.uint8).reshape(n, long.itemsize)
    Type("longdouble", "float, other formats", h5t.py_create(long), extended, ("flat",))
    for base in ("F16LE", "F32LE", "F64BE"):
        tid = getattr(h5t, "COMPLEX_IEEE_" + base).copy()
        Type("native_complex_" + base.lower(), "complex", tid,
             lambda rng, n, s=tid.get_size(): noise(rng, n, s), ("flat", "v200"))


def odd_numbers():
    def integer(name, base, precision, offset):
        tid = base.copy()
        tid.set_precision(precision)
        tid.set_offset(offset)
        s = tid.get_size()
        Type(name, "int of odd precision", tid, lambda rng, n: noise(rng, n, s), ("flat", "nbit"))
    integer("int12le", h5t.STD_I16LE, 12, 0)
    integer("uint12be_at3", h5t.STD_U16BE, 12, 3)
    integer("int24le", h5t.STD_I32LE, 24, 0)
    integer("uint17be_at9", h5t.STD_U32BE, 17, 9)
    integer("int50le_at5", h5t.STD_I64LE, 50, 5)
    integer("uint5", h5t.STD_U8LE, 5, 2)

    def real(name, base, size, fields, bias):
        tid = base.copy()
        # The fields must fit at each step, so the order depends on growth.
        if size > tid.get_size():
            tid.set_size(size)
            tid.set_precision(8 * size)
            tid.set_fields(*fields)
        else:
            tid.set_fields(*fields)
            tid.set_precision(fields[0] + 1)
            tid.set_size(size)
        tid.set_ebias(bias)
        Type(name, "float, other formats", tid, lambda rng, n: noise(rng, n, size), ("flat",))
    real("bfloat16le", h5t.IEEE_F32LE, 2, (15, 7, 8, 0, 7), 127)
    real("bfloat16be", h5t.IEEE_F32BE, 2, (15, 7, 8, 0, 7), 127)
    real("float8e5m2", h5t.IEEE_F32LE, 1, (7, 2, 5, 0, 2), 15)
    real("float24le", h5t.IEEE_F32LE, 3, (23, 16, 7, 0, 16), 63)
    for order in ("LE", "BE"):
        Type("float128" + order.lower(), "float, other formats", getattr(h5t, "IEEE_F128" + order).copy(),
             quad(order), ("flat",))


def quad(order):
    """binary128 numbers that binary64 holds to its precision, and some that it does not."""
    def draw(rng, n):
        raw = noise(rng, n, 16)
        exp = (16383 + rng.integers(-900, 900, n)) | (rng.integers(0, 2, n) << 15)
        raw[:, 14], raw[:, 15] = exp & 255, exp >> 8
        return raw if order == "LE" else raw[:, ::-1].copy()
    return draw


def enums():
    def enum(name, base, members):
        tid = h5t.enum_create(base)
        for k, v in members.items():
            tid.enum_insert(k.encode(), v)
        dt = base.dtype

        def draw(rng, n):
            return rng.choice(np.array(list(members.values()), dt), n).astype(dt).view(np.uint8).reshape(n, dt.itemsize)
        Type(name, "bool" if name == "bool" else "enum", tid, draw, ("flat",))
    enum("bool", h5t.STD_I8LE, {"FALSE": 0, "TRUE": 1})
    enum("enum_u8", h5t.STD_U8LE, {"red": 1, "green": 2, "blü": 200})
    enum("enum_i32be", h5t.STD_I32BE, {"low": -70000, "high": 70000, "mid": 0})
    enum("enum_i64", h5t.STD_I64LE, {"a": -(1 << 40), "b": 1 << 50})


def bytes_and_bits():
    for b in ("B8LE", "B16LE", "B32BE", "B64LE"):
        tid = getattr(h5t, "STD_" + b)
        Type("bits" + b[1:].lower(), "bitfield", tid.copy(), lambda rng, n, s=tid.get_size(): noise(rng, n, s), ("flat",))
    for size, tag in ((1, b""), (7, b"seven bytes"), (40, b"NUMPY:M8[ns]")):
        tid = h5t.create(h5t.OPAQUE, size)
        tid.set_tag(tag)
        Type("opaque%d" % size, "opaque", tid, lambda rng, n, s=size: noise(rng, n, s), ("flat",))
    for t in ("UNIX_D32LE", "UNIX_D32BE", "UNIX_D64LE"):
        tid = getattr(h5t, t)
        Type(t.lower(), "time", tid.copy(), lambda rng, n, s=tid.get_size(): noise(rng, n, s), ("flat",))


WORDS = ["", "a", "bc", "temperature", "π≈3", "naïve", "x" * 60, "日本語", "tail ", " head"]


def strings():
    pads = {"nullterm": h5t.STR_NULLTERM, "nullpad": h5t.STR_NULLPAD, "spacepad": h5t.STR_SPACEPAD}
    for pad, code in pads.items():
        for size, cset in ((1, h5t.CSET_ASCII), (6, h5t.CSET_UTF8), (17, h5t.CSET_ASCII)):
            tid = h5t.C_S1.copy()
            tid.set_size(size)
            tid.set_strpad(code)
            tid.set_cset(cset)

            def draw(rng, n, size=size, end=b" " if pad == "spacepad" else b"\0"):
                words = [rng.choice(WORDS).encode()[:size].ljust(size, end) for _ in range(n)]
                return np.frombuffer(b"".join(words), np.uint8).reshape(n, size)
            Type("string%d_%s" % (size, pad), "string", tid, draw, ("flat",))
    for name, cset in (("ascii", "ascii"), ("utf8", "utf-8")):
        dt = h5py.string_dtype(cset)
        Type("vlstring_" + name, "VL string", h5t.py_create(dt, logical=True),
             lambda rng, n, dt=dt, c=cset: objects([w if c == "utf-8" else w.encode("ascii", "replace").decode()
                                                    for w in rng.choice(WORDS, n)], dt), ("vl",))


def objects(values, dt):
    a = np.empty(len(values), dtype=dt)
    for i, v in enumerate(values):
        a[i] = v
    return a


def insert(size, *members):
    tid = h5t.create(h5t.COMPOUND, size)
    for name, offset, member in members:
        tid.insert(name.encode(), offset, member)
    return tid


def compounds():
    string = h5t.C_S1.copy()
    string.set_size(5)
    array = h5t.array_create(h5t.IEEE_F32LE, (2, 3))
    inner = insert(6, ("x", 0, h5t.STD_I16BE), ("y", 2, h5t.STD_U32LE))
    shapes = {
        "compound": insert(12, ("id", 0, h5t.STD_I32LE), ("value", 4, h5t.IEEE_F64LE)),
        "compound_padded": insert(29, ("a", 1, h5t.STD_I8LE), ("b", 8, h5t.IEEE_F64BE), ("c", 20, h5t.STD_U16LE)),
        "compound_nested": insert(27, ("n", 0, inner), ("s", 6, string), ("deep", 11, insert(16, ("m", 2, inner), ("z", 8, h5t.STD_I64LE)))),
        "compound_array": insert(36, ("t", 0, h5t.STD_B32LE), ("pos", 4, array), ("q", 28, h5t.STD_I64BE)),
    }
    for name, tid in shapes.items():
        Type(name, "compound", tid, lambda rng, n, s=tid.get_size(): noise(rng, n, s), ("flat", "compound"))
    wide = h5t.create(h5t.COMPOUND, 600)
    for i in range(150):
        wide.insert(b"column_%d" % i, 4 * i, h5t.STD_I32LE)
    Type("compound_150", "compound", wide, lambda rng, n: noise(rng, n, 600), ("flat", "compound"))

    def array_type(name, base, dims):
        tid = h5t.array_create(base, dims)
        Type(name, "array", tid, lambda rng, n, s=tid.get_size(): noise(rng, n, s), ("flat",))
    array_type("array3_i32", h5t.STD_I32LE, (3,))
    array_type("array2x3_f32be", h5t.IEEE_F32BE, (2, 3))
    array_type("array4_string", string, (4,))
    array_type("array2_compound", inner, (2,))
    array_type("array_of_array", h5t.array_create(h5t.STD_U16BE, (2,)), (3, 1))


def sequences():
    def vlen(name, base, element):
        dt = h5py.vlen_dtype(base)

        def draw(rng, n):
            return objects([element(rng, int(rng.integers(0, 6))) for _ in range(n)], dt)
        Type(name, "VL sequence", h5t.py_create(dt, logical=True), draw, ("vl",))
    for base in ("<i4", ">f8", "u1"):
        vlen("vlen_" + base.strip("<>") + ("be" if base[0] == ">" else ""), np.dtype(base),
             lambda rng, k, b=base: rng.integers(0, 100, k).astype(b))
    text = h5py.string_dtype()
    for name, base, element in (("array_vlstring", text, lambda rng: rng.choice(WORDS)),
                                ("array_vlen", h5py.vlen_dtype("<i4"), lambda rng: rng.integers(0, 99, 3).astype("<i4"))):
        def draw(rng, n, base=base, element=element):
            return objects([element(rng) for _ in range(2 * n)], base).reshape(n, 2)
        Type(name, "array with VL", h5t.array_create(h5t.py_create(base, logical=True), (2,)), draw, ("vl",))
    rec = np.dtype([("a", "<i2"), ("b", ">f4"), ("c", "S3")])

    def records(rng, k):
        v = np.zeros(k, rec)
        v["a"], v["b"] = rng.integers(-9, 9, k), rng.normal(size=k)
        v["c"] = [b"ab", b"xyz", b""][k % 3]
        return v
    vlen("vlen_compound", rec, records)
    vlen("vlen_vlstring", text, lambda rng, k: objects(list(rng.choice(WORDS, k)), text))
    vlen("vlen_vlen", h5py.vlen_dtype("<i2"),
         lambda rng, k: objects([rng.integers(0, 9, j).astype("<i2") for j in range(k)], h5py.vlen_dtype("<i2")))

    mixed = np.dtype([("id", "<i4"), ("name", text), ("seq", h5py.vlen_dtype("<f4")), ("end", ">i2")])

    def mix(rng, n):
        v = np.zeros(n, mixed)
        for i in range(n):
            v[i] = (i, rng.choice(WORDS), rng.normal(size=i % 4).astype("f4"), -i)
        return v
    Type("compound_vl", "compound with VL", h5t.py_create(mixed, logical=True), mix, ("vl",))


def references():
    def draw(kind):
        def f(rng, n, refs):
            return objects([refs[kind][int(i)] for i in rng.integers(0, len(refs[kind]), n)],
                           h5py.ref_dtype if kind == "object" else h5py.regionref_dtype)
        return f
    Type("ref_object", "reference", h5t.STD_REF_OBJ.copy(), draw("object"), ("refs",))
    Type("ref_region", "reference", h5t.STD_REF_DSETREG.copy(), draw("region"), ("refs", "vl"))
    dt = np.dtype([("r", h5py.ref_dtype), ("k", "<i4")])

    def pair(rng, n, refs):
        v = np.zeros(n, dt)
        for i in range(n):
            v[i] = (refs["object"][i % len(refs["object"])], i)
        return v
    Type("compound_ref", "reference", h5t.py_create(dt, logical=True), pair, ("refs",))


for make in (numbers, odd_numbers, enums, bytes_and_bits, strings, compounds, sequences, references):
    make()
