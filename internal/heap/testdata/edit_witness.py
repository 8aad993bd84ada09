"""Steps in which libhdf5 judges heaps that gables edited, and edits them further."""
import subprocess
import sys

import h5py
import numpy as np


def local_make(name):
    with h5py.File(name, "w", libver=("earliest", "v108")) as f:
        g = f.create_group("g")
        for i in range(20):
            g.create_group(f"first{i}")


def local_edit(name, round):
    r = int(round)
    with h5py.File(name, "r+", libver=("earliest", "v108")) as f:
        g = f["g"]
        have = {f"first{i}" for i in range(20)} | {n for k in range(r) for n in names(k)}
        have -= {n for k in range(r) for n in names(k)[::2]}
        assert set(g) == have, set(g) ^ have
        for n in names(r):
            g.create_group(n)
        for n in names(r)[::2]:
            del g[n]
    subprocess.run(["h5dump", "-H", name], check=True, stdout=subprocess.DEVNULL)


def names(k):
    return [f"round{k}-{i}" + "y" * (i * 7 % 50) for i in range(60)]


def values(k, n):
    return [("v%d-%d-" % (k, i)) + "w" * (i * 13 % 90) for i in range(n)]


def global_make(name):
    with h5py.File(name, "w", libver="latest") as f:
        d = f.create_dataset("v", (400,), maxshape=(None,), dtype=h5py.string_dtype())
        d[:] = values(0, 400)
        f["big"] = "B" * 10000


def global_edit(name, round):
    r = int(round)
    with h5py.File(name, "r+") as f:
        d = f["v"]
        want = values(0, 400)
        for k in range(1, r + 1):
            want[::k + 1] = values(k, 400)[::k + 1]
        got = [s.decode() for s in d[:]]
        assert got == want
        assert f["big"][()].decode() == "B" * 10000
        for i in range(0, 400, r + 2):
            d[i] = values(r + 1, 400)[i]
        f[f"more{r}"] = np.array(values(r, 200), dtype=h5py.string_dtype())
        for k in range(r):
            assert [s.decode() for s in f[f"more{k}"][:]] == values(k, 200)
    subprocess.run(["h5dump", name], check=True, stdout=subprocess.DEVNULL)


def space_make(name, strategy, version):
    page = {"fs_page_size": 4096} if strategy == "page" else {}
    with h5py.File(name, "w", libver=version, fs_strategy=strategy, fs_persist=True, fs_threshold=1, **page) as f:
        for i in range(40):
            f.create_dataset(f"d{i}", data=np.arange(i * 37 + 1))
            f[f"d{i}"].attrs["a"] = i
        f["v"] = np.array(["x" * i for i in range(100)], dtype=h5py.string_dtype())
        for i in range(0, 40, 2):
            del f[f"d{i}"]
    with h5py.File(name, "r") as f:
        print(f.id.get_freespace())


def space_edit(name, free, round):
    r = int(round)
    with h5py.File(name, "r") as f:
        assert f.id.get_freespace() == int(free), (f.id.get_freespace(), free)
    out = subprocess.run(["h5stat", "-S", name], check=True, stdout=subprocess.PIPE).stdout
    assert b"Amount/Percent of tracked free space: %d bytes" % int(free) in out, out
    with h5py.File(name, "r+") as f:
        for i in range(1, 40, 2):
            assert (f[f"d{i}"][:] == np.arange(i * 37 + 1)).all()
            assert f[f"d{i}"].attrs["a"] == i
        assert len(f["v"][99]) == 99
        for k in range(r):
            assert (f[f"more{k}"][:] == k).all() and len(f[f"group{k}"]) == 30 - 10
        f[f"more{r}"] = np.full(3000 * r + 10, r)
        g = f.create_group(f"group{r}")
        for i in range(30):
            g[f"{i}"] = np.arange(i)
        for i in range(0, 30, 3):
            del g[f"{i}"]
    with h5py.File(name, "r") as f:
        print(f.id.get_freespace())


def fractal_make(name, links):
    with h5py.File(name, "w", libver="latest") as f:
        f.create_dataset("target", data=1)
        g = f.create_group("g", track_order=True)
        for i in range(int(links)):
            g[f"link{i}" + "x" * (i * 37 % 300)] = h5py.SoftLink(f"/target{i}" if i % 2 else "/target")
        g["huge" + "h" * 5000] = h5py.SoftLink("/target")
        for i in range(int(links) // 3):
            del g[f"link{i}" + "x" * (i * 37 % 300)]
        a = f.create_group("a")
        for i in range(int(links) // 4 + 20):
            a.attrs[f"attr{i}"] = np.full(i * 7 % 400 + 1, i)
        for i in range(20):
            del a.attrs[f"attr{i}"]


def fractal_edit(name, links, round):
    """Links of the group were moved to a heap of gables."""
    n, r = int(links), int(round)
    want = {f"link{i}" + "x" * (i * 37 % 300): f"/target{i}" if i % 2 else "/target" for i in range(n // 3, n)}
    want["huge" + "h" * 5000] = "/target"
    more = lambda k, i: f"more{k}-{i}" + "m" * (i * 13 % 500)
    for k in range(r):
        for i in range(0, 200, 2):
            want[more(k, i)] = f"/m{i}"
        want[f"huge{k}" + "q" * 6000] = "/target"
    with h5py.File(name, "r") as f:
        g = f["g"]
        have = {k: g.get(k, getlink=True).path for k in g}
        assert have == want, (len(have), len(want), list(set(have) ^ set(want))[:5])
        a = f["a"].attrs
        attrs = {f"attr{i}": i for i in range(20, n // 4 + 20)}
        attrs.update({f"more{k}-{i}": i for k in range(r) for i in range(0, 60, 2)})
        assert set(a) == set(attrs)
        for k, v in attrs.items():
            assert (a[k] == v).all()
    with h5py.File(name, "r+") as f:
        g = f["g"]
        for i in range(200):
            g[more(r, i)] = h5py.SoftLink(f"/m{i}")
        for i in range(1, 200, 2):
            del g[more(r, i)]
        g[f"huge{r}" + "q" * 6000] = h5py.SoftLink("/target")
        for i in range(60):
            f["a"].attrs[f"more{r}-{i}"] = np.full(i * 29 % 600 + 1, i)
        for i in range(1, 60, 2):
            del f["a"].attrs[f"more{r}-{i}"]
    subprocess.run(["h5dump", "-H", name], check=True, stdout=subprocess.DEVNULL)
    out = subprocess.run(["h5stat", name], check=True, stdout=subprocess.PIPE).stdout
    assert b"Heap" in out


def fractal_end(name, links, rounds):
    """All is removed again, then written again."""
    with h5py.File(name, "r+") as f:
        for k in list(f["g"]):
            del f["g"][k]
        for k in list(f["a"].attrs):
            del f["a"].attrs[k]
        for i in range(50):
            f["g"][f"again{i}"] = h5py.SoftLink("/target")
            f["a"].attrs[f"again{i}"] = i
    with h5py.File(name, "r+") as f:
        assert len(f["g"]) == 50 and len(f["a"].attrs) == 50
        del f["g"]
        del f["a"]


globals()[sys.argv[1].replace("-", "_")](*sys.argv[2:])
