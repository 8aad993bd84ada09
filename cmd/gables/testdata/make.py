"""Makes kinds.h5 (h5py) and tables.h5 (PyTables), the files that the golden
tests show, and what pandas and numpy make of exports of them."""
import h5py
import numpy as np
import tables

with h5py.File("kinds.h5", "w", libver=("earliest", "v110")) as f:
    f.attrs["title"] = "kinds of values"
    f.attrs["limits"] = np.array([-np.inf, 1.5, np.nan])
    f.attrs["words"] = ["a b", "c\x1b[31m"]
    f.attrs["nothing"] = h5py.Empty("f4")
    f["ints"] = np.arange(12, dtype=">i4").reshape(3, 4)
    f["cube"] = np.arange(24, dtype="u1").reshape(2, 3, 4)
    f["big"] = np.array([2**63 - 1, -2**63, 2**53 + 1])
    f["floats"] = np.array([0.1, 1e16, 1e-5, np.nan, np.inf, -np.inf, -0.0])
    f["halves"] = np.array([0.1, 65504, 6e-8, 1 / 3], "f2")
    f["wide"] = np.array([np.longdouble(1) / 3, np.longdouble("1e4000")])
    f["complex"] = np.array([1 + 2j, -1.5 - 0.25j], "c8")
    f["bools"] = np.array([True, False, True])
    f["bits"] = np.arange(3, dtype="u2")
    enum = h5py.enum_dtype({"RED": 0, "GREEN": 1, "DARK BLUE": 42}, "i2")
    f.create_dataset("enums", data=[0, 42, 7], dtype=enum)
    f["strings"] = np.array([b"plain", b"\xe9\xff", b'quo"te,'], "S8")
    f.create_dataset("texts", data=["é", "a\x1b]0;evil\x07b", "line\nbreak", ""], dtype=h5py.string_dtype())
    f.create_dataset("ragged", shape=(3,), dtype=h5py.vlen_dtype("f4"))
    f["ragged"][0], f["ragged"][2] = [1, 2.5], [np.nan]
    f["opaque"] = np.array([b"\x00\x01", b"\xfe\xff"], "V2")
    f["scalar"] = 42
    f["null"] = h5py.Empty("i4")
    f["zero"] = np.zeros((0, 3))
    f.create_dataset("packed", data=np.arange(2000, dtype="f4").reshape(100, 20), chunks=(10, 20), shuffle=True,
                     compression="gzip", fletcher32=True, maxshape=(None, 20), fillvalue=-1)
    row = np.dtype([("id", "i8"), ("x", "f8"), ("name", "S6"), ("pos", "f4", (2,)),
                    ("sub", [("a", "u1"), ("ok", bool)])])
    t = np.zeros(15, row)
    t["id"], t["x"] = 2**53 + np.arange(15), np.linspace(0, 1, 15)
    t["name"], t["pos"] = [b"n%d" % i for i in range(15)], np.arange(30).reshape(15, 2) / 4
    t["sub"]["a"], t["sub"]["ok"] = np.arange(15), np.arange(15) % 2
    t["x"][3] = np.nan
    f["table"] = t
    g = f.create_group("group")
    g.attrs["units"] = "mm"
    g["inner"] = np.arange(5.0)
    g["again"] = f["group"]
    g["same"] = f["ints"]
    g["soft"] = h5py.SoftLink("/ints")
    g["dangling"] = h5py.SoftLink("/nowhere")
    g["external"] = h5py.ExternalLink("other.h5", "/x")
    g["named"] = np.dtype("f4")
    g["with space\x1b[2J"] = 1
    f["refs"] = np.array([f["group/inner"].ref, None], h5py.ref_dtype)
    f["regions"] = np.array([f["ints"].regionref[0:2, 1:3]], h5py.regionref_dtype)

with tables.open_file("tables.h5", "w", title="a title", filters=tables.Filters(5, "blosc")) as f:

    class Row(tables.IsDescription):
        key = tables.StringCol(5)
        ok = tables.BoolCol()
        n = tables.Int32Col()
        t = tables.Time32Col()

        class deep(tables.IsDescription):
            y = tables.Float32Col(shape=(2,))

    t = f.create_table("/", "events", Row, expectedrows=10)
    for i in range(6):
        r = t.row
        r["key"], r["ok"], r["n"], r["t"], r["deep/y"] = b"k%d" % i, i % 2, i * i, 1000 + i, [i, i / 3]
        r.append()
    t.flush()
    t.cols.n.create_index()
    f.create_array("/", "flags", np.array([True, False]))
    f.create_vlarray("/", "words", tables.VLStringAtom()).append(b"hello")

# numpy's own .npy of what --npy must write, byte for byte.
with h5py.File("kinds.h5") as f:
    for name in ["ints", "cube", "complex", "halves", "wide", "bools", "bits", "table", "scalar", "zero"]:
        np.save(f"{name}.npy", f[name][()])
    np.save("enums.npy", f["enums"][()].astype("<i2"))
    np.save("opaque.npy", f["opaque"][()])
    np.save("slice.npy", f["packed"][3:90:7, -2:])
with tables.open_file("tables.h5") as f:
    np.save("flags.npy", f.root.flags[:])
