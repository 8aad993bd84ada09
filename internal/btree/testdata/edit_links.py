"""Checks a group of dense links that gables edited, and edits it further: edit_links.py FILE NAME,NAME,..."""
import random, sys
import h5py

path, want = sys.argv[1], sys.argv[2].split(",")
random.seed(1)
with h5py.File(path, "r+") as f:
    g = f["g"]
    assert list(g) == want, (len(g), len(want))
    for name in random.sample(want, 300):
        assert g.get(name, getlink=True).path == "/", name
    more = [f"more{i}" for i in range(2000)]
    random.shuffle(more)
    for name in more:
        g[name] = h5py.SoftLink("/")
    gone = random.sample(want, len(want) * 9 // 10)
    for name in gone:
        del g[name]
with h5py.File(path, "r+") as f:
    g = f["g"]
    left = set(want) - set(gone)
    assert list(g) == [n for n in want if n in left] + more
    assert all(n in g for n in more)
    last = list(g)
    random.shuffle(last)
    for name in last:
        del g[name]
    assert len(g) == 0
