"""Makes values.h5 and numpy's answers in values.json, for the tests."""
import itertools
import gzip
import json
import os

import h5py
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(7)
want = {}


def num(v):
    v = v.item() if hasattr(v, "item") else v
    return int(v) if isinstance(v, int) else float(v).hex() if np.isfinite(v) else str(float(v))


def answers(a, nan=False, every=True):
    """numpy's reductions of a in wide types, over all and along every set of axes."""
    out = {}
    ints = a.dtype.kind in "iub"
    wide = a.astype(object) if ints else a.astype(np.longdouble)
    fl = a.astype(np.longdouble)
    s, mean, var, lo, hi = (np.nansum, np.nanmean, np.nanvar, np.nanmin, np.nanmax) if nan else (np.sum, np.mean, np.var, np.min, np.max)
    sets = [tuple(range(a.ndim))] + [c for r in range(1, a.ndim) for c in itertools.combinations(range(a.ndim), r) if every or c == (1,)]
    for axes in sets:
        with np.errstate(all="ignore"):
            flat = lambda x: [num(v) for v in np.asarray(x).ravel()]
            out[",".join(map(str, axes))] = dict(
                shape=[n for k, n in enumerate(a.shape) if k not in axes],
                sum=flat(np.sum(wide, axis=axes) if ints else s(wide, axis=axes).astype(float)),
                mean=flat(mean(fl, axis=axes).astype(float)),
                var=flat(var(fl, axis=axes).astype(float)),
                min=flat(lo(a, axis=axes)), max=flat(hi(a, axis=axes)))
    if not nan and np.isfinite(a.astype(float)).all():
        n, e = np.histogram(a.astype(float), bins=10)
        out["histogram"] = dict(count=n.tolist(), edges=[num(v) for v in e])
        out["argmin"], out["argmax"] = int(a.argmin()), int(a.argmax())
    return out


with h5py.File(os.path.join(here, "values.h5"), "w", libver="latest") as f:
    def put(name, a, **kw):
        f.create_dataset(name, data=a, **kw)
        want[name] = answers(np.asarray(a), every=name in ("contiguous/f8", "chunked/f8", "chunked/i4", "contiguous/u2be"))

    x = rng.standard_normal((7, 5, 4)) * 100
    for code in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "f2"):
        a = (np.abs(x) if code[0] == "u" else x).clip(-127, 127)
        for order in "<>":
            if code[1] == "1" and order == ">":
                continue
            put(f"contiguous/{code}{'be' if order == '>' else ''}", a.astype(order + code))
        put(f"chunked/{code}", a.astype("<" + code), chunks=(3, 4, 3), compression="gzip")
    info = [("i8", -2**63, 2**63 - 1), ("u8", 0, 2**64 - 1), ("i4", -2**31, 2**31 - 1), ("u4", 0, 2**32 - 1), ("i2", -2**15, 2**15 - 1), ("i1", -128, 127), ("u1", 0, 255), ("u2", 0, 65535)]
    for code, lo, hi in info:
        v = np.array([lo, hi, hi, hi, lo, hi] * 3, dtype=code)
        f[f"extreme/{code}"] = v
        w = answers(v)
        ints = [int(t) for t in v]
        n, s, q = len(ints), sum(ints), sum(t * t for t in ints)
        from fractions import Fraction
        w["0"]["mean"] = [float(Fraction(s, n)).hex()]
        w["0"]["var"] = [float(Fraction(n * q - s * s, n * n)).hex()]
        w.pop("histogram")
        want[f"extreme/{code}"] = w
    put("bool", x[0] > 0)
    e = h5py.enum_dtype({"red": 3, "green": -5}, basetype="i2")
    a = np.where(x[0] > 0, 3, -5).astype("i2")
    f.create_dataset("enum", data=a, dtype=e)
    want["enum"] = answers(a)
    put("compact_longdouble", x[:2, :2].astype(np.float64).astype(np.longdouble))
    odd = h5py.h5t.STD_I32LE.copy()
    odd.set_precision(13)
    odd.set_offset(3)
    a = (x[0] * 10).clip(-4095, 4095).astype("i4")
    d = h5py.h5d.create(f.id, b"odd13", odd, h5py.h5s.create_simple(a.shape))
    d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(a))
    want["odd13"] = answers(a)

    y = x.copy()
    y[rng.random(y.shape) < 0.2] = np.nan
    y[3, :, 2] = np.nan
    f.create_dataset("nan", data=y, chunks=(3, 4, 3))
    f["nan4"] = y.astype("f4")
    for name, a in (("nan", y), ("nan4", y.astype("f4"))):
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            want[name], want[name + " skip"] = answers(a), answers(a, nan=True)
    for p, name in ((np.array([np.inf, 1, 2]), "inf"), (np.array([np.inf, -np.inf, 1]), "infs"), (np.array([-0.0, -0.0]), "negzero"), (np.array([0.0, -0.0, 0.0]), "zeros")):
        put("special/" + name, p)

    t = np.zeros(300, dtype=[("id", "<i4"), ("x", "<f8"), ("in", [("y", ">f4"), ("k", "u1")]), ("z", "<c16"), ("name", "S5")])
    t["id"], t["x"], t["in"]["y"], t["in"]["k"] = np.arange(300) - 100, rng.standard_normal(300), rng.standard_normal(300), rng.integers(0, 256, 300)
    t["z"] = rng.standard_normal(300) + 1j * rng.standard_normal(300)
    f.create_dataset("table", data=t, chunks=(64,), compression="gzip", shuffle=True)
    for c, a in (("id", t["id"]), ("x", t["x"]), ("in/y", t["in"]["y"]), ("in/k", t["in"]["k"])):
        want["table:" + c] = answers(a)
    z = t["z"].copy()
    f["complex"] = z
    z2 = z.copy()
    z2[5] = complex(np.nan, 1)
    z2[7] = complex(1, np.nan)
    f["complex_nan"] = z2
    want["complex"] = dict(sum=[num(z.sum().real), num(z.sum().imag)], nansum=[num(np.nansum(z2).real), num(np.nansum(z2).imag)])

    f["empty"] = np.zeros((0, 3))
    f["scalar"] = 42.5
    f["null"] = h5py.Empty("f8")
    f["text"] = b"abc"
    # Magnitudes from 1e-300 to 1e300 in wild order, so that any change of the
    # order of additions shows.
    w = rng.standard_normal(1500) * 10.0 ** rng.integers(-300, 300, 1500)
    f.create_dataset("wild", data=w, chunks=(7,))
    w2 = rng.standard_normal((30, 30)) * 10.0 ** rng.integers(-8, 8, (30, 30))
    f.create_dataset("wild2", data=w2, chunks=(3, 4), compression="gzip")
    f["offset"] = 1e8 + rng.standard_normal(1000)
    f.create_dataset("sparse", shape=(1000,), dtype="f8", chunks=(10,), fillvalue=2.5)
    f["sparse"][95:105] = 1
    f.create_dataset("unwritten", shape=(100,), dtype="<i4", fillvalue=7)

for k in list(want):
    if k.startswith("special") or k.startswith("extreme"):
        want[k].pop("histogram", None)
with open(os.path.join(here, "values.json.gz"), "wb") as out:
    out.write(gzip.compress(json.dumps(want, separators=(",", ":")).encode(), mtime=0))
