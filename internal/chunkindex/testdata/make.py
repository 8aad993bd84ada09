"""Writes HDF5 files with every chunk index and, beside each, what libhdf5 says of its chunks.

    make.py small DIR        the files of testdata (gzipped)
    make.py bulk DIR [SEED]  many random ones, for WITNESS=DIR go test

NAME.json: parameters of the layout message (parsed here, not by libhdf5), and chunks as
[scaled coordinates..., size, mask, address or -1, CRC-32 of the stored bytes]. Address is -1 where
libhdf5's own chunk iterator has wrong coordinates: extensible arrays whose unlimited dimension is not the first.
"""
import gzip, itertools, json, os, random, struct, sys, zlib
import h5py
import numpy as np

KINDS = ["btree_v1", "single", "implicit", "fixed_array", "extensible_array", "btree_v2"]


def uint(b):
    return int.from_bytes(b, "little")


class Header:
    """Messages of one object header."""

    def __init__(self, data, base, addr, off, length):
        self.data, self.base, self.off, self.length = data, base, off, length
        self.messages = []
        at = base + addr
        if data[at:at + 4] == b"OHDR":
            flags = data[at + 5]
            self.order = bool(flags & 4)
            at += 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
            width = 1 << (flags & 3)
            self.v2(at + width, uint(data[at:at + width]))
        else:
            self.v1(at + 16, uint(data[at + 8:at + 12]))

    def add(self, kind, body):
        if kind == 0x10:
            addr, size = uint(body[:self.off]), uint(body[self.off:self.off + self.length])
            at = self.base + addr
            if self.data[at:at + 4] == b"OCHK":
                self.v2(at + 4, size - 8)
            else:
                self.v1(at, size)
        else:
            self.messages.append((kind, body))

    def v2(self, at, size):
        end = at + size
        while at + 4 <= end:
            kind, n = self.data[at], uint(self.data[at + 1:at + 3])
            at += 6 if self.order else 4
            self.add(kind, self.data[at:at + n])
            at += n

    def v1(self, at, size):
        end = at + size
        while at + 8 <= end:
            kind, n = uint(self.data[at:at + 2]), uint(self.data[at + 2:at + 4])
            self.add(kind, self.data[at + 8:at + 8 + n])
            at += 8 + n


def undefined(v, width):
    return -1 if v == (1 << (8 * width)) - 1 else v


def layout(body, off, length):
    p = {"LayoutVersion": body[0]}
    if body[0] == 3:
        assert body[1] == 2
        p.update(Kind=0, Address=undefined(uint(body[3:3 + off]), off))
        return p
    version, cls, flags, rank, width = body[:5]
    assert version in (4, 5) and cls == 2
    at = 5 + rank * width
    kind = body[at]
    p["Kind"] = kind
    at += 1
    if kind == 1 and flags & 2:
        p.update(FilteredSize=uint(body[at:at + length]), FilterMask=uint(body[at + length:at + length + 4]))
        at += length + 4
    elif kind == 3:
        p.update(PageBits=body[at])
        at += 1
    elif kind == 4:
        p.update(zip(["MaxBits", "IndexElements", "MinPointers", "MinElements", "PageBits"], body[at:at + 5]))
        at += 5
    elif kind == 5:
        p.update(NodeSize=uint(body[at:at + 4]), Split=body[at + 4], Merge=body[at + 5])
        at += 6
    p["Address"] = undefined(uint(body[at:at + off]), off)
    return p


def describe(path, want=None, extra=()):
    """Reopens the file and asks libhdf5 about every chunk."""
    data = open(path, "rb").read()
    with h5py.File(path, "r") as f:
        d = f["d"]
        off, length = f.id.get_create_plist().get_sizes()
        base = f.id.get_create_plist().get_userblock()
        addr = h5py.h5o.get_info(d.id).addr
        if data[addr + base:addr + base + 4] != b"OHDR" and data[addr + base] != 1:
            addr -= base
        body = next(b for k, b in Header(data, base, addr, off, length).messages if k == 8)
        p = layout(body, off, length)
        p.update(Dims=list(d.shape), MaxDims=[-1 if m is None else m for m in d.maxshape], ChunkDims=list(d.chunks),
                 ChunkBytes=int(np.prod(d.chunks, dtype=np.int64)) * d.dtype.itemsize,
                 Filtered=d.id.get_create_plist().get_nfilters() > 0)
        found = {}
        swizzled = p["Kind"] == 4 and d.maxshape[0] is not None

        def visit(info):
            found[tuple(o // c for o, c in zip(info.chunk_offset, d.chunks))] = info
        d.id.chunk_iter(visit)
        count = d.id.get_num_chunks()
        counts = [-(-n // c) for n, c in zip(d.shape, d.chunks)]
        grid = int(np.prod(counts, dtype=np.float64))
        coords = itertools.product(*map(range, counts)) if grid <= 30000 else sorted(set(want) | set(extra))
        chunks, absent = [], []
        for scaled in coords:
            try:
                mask, raw = d.id.read_direct_chunk(tuple(s * c for s, c in zip(scaled, d.chunks)))
            except (OSError, RuntimeError, ValueError, MemoryError):
                absent.append(list(scaled))
                continue
            at = -1
            if not swizzled:
                info = found[tuple(scaled)]
                assert (info.size, info.filter_mask) == (len(raw), mask), (path, scaled)
                at = info.byte_offset
                at -= base if data[at:at + len(raw)] == raw and base else 0
            chunks.append([*scaled, len(raw), mask, at, zlib.crc32(raw)])
        assert len(chunks) == count, (path, len(chunks), count)
    return {"Kind": KINDS[p["Kind"]], "OffsetSize": off, "LengthSize": length, "Base": base, "Params": p,
            "Chunks": chunks, "Absent": absent[:200]}


def make(path, *, shape, maxshape, chunks, libver="latest", dtype="<i4", filters=None, early=False, write=None,
         resize=None, sizes=None, userblock=0, seed=0, shrink=None, masks=False, btree_k=None):
    """One file with one dataset; write is the list of scaled coordinates to fill, None for all."""
    fcpl = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    if sizes:
        fcpl.set_sizes(*sizes)
    if userblock:
        fcpl.set_userblock(userblock)
    fapl = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    vers = {"earliest": h5py.h5f.LIBVER_EARLIEST, "v110": h5py.h5f.LIBVER_V110, "v114": h5py.h5f.LIBVER_V114,
            "latest": h5py.h5f.LIBVER_LATEST}
    fapl.set_libver_bounds(vers[libver], h5py.h5f.LIBVER_LATEST)
    rng = random.Random(seed)
    with h5py.File(h5py.h5f.create(path.encode(), h5py.h5f.ACC_TRUNC, fcpl, fapl)) as f:
        dcpl = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        dcpl.set_chunk(chunks)
        if filters == "gzip":
            dcpl.set_deflate(1)
        elif filters == "shuffle+fletcher":
            dcpl.set_shuffle()
            dcpl.set_fletcher32()
        if early:
            dcpl.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        space = h5py.h5s.create_simple(shape, tuple(h5py.h5s.UNLIMITED if m is None else m for m in maxshape))
        d = h5py.Dataset(h5py.h5d.create(f.id, b"d", h5py.h5t.py_create(np.dtype(dtype)), space, dcpl))
        if resize:
            d.resize(resize)
        counts = [-(-n // c) for n, c in zip(d.shape, d.chunks)]
        coords = list(itertools.product(*map(range, counts))) if write is None else list(write)
        rng.shuffle(coords)
        for scaled in coords:
            n = zlib.crc32(repr(scaled).encode())
            block = (np.arange(int(np.prod(chunks)), dtype=np.int64).reshape(chunks) * 7 + n).astype(d.dtype)
            if masks and rng.random() < 0.3:
                d.id.write_direct_chunk(tuple(s * c for s, c in zip(scaled, chunks)), block.tobytes(), filter_mask=1)
                continue
            where = tuple(slice(s * c, min((s + 1) * c, n)) for s, c, n in zip(scaled, chunks, d.shape))
            d[where] = block[tuple(slice(0, w.stop - w.start) for w in where)]
        if shrink:
            d.resize(shrink)
            coords = [c for c in coords if all(s * k < n for s, k, n in zip(c, chunks, shrink))]
    return coords


def store(out, name, extra=(), zipped=False, **kw):
    path = os.path.join(out, name + ".h5")
    want = make(path, **kw)
    text = json.dumps(describe(path, want, extra), separators=(",", ":"))
    with open(os.path.join(out, name + ".json"), "w") as f:
        f.write(text)
    if zipped:
        for n in (path, os.path.join(out, name + ".json")):
            with open(n, "rb") as f, gzip.GzipFile(n + ".gz", "wb", mtime=0) as g:
                g.write(f.read())
            os.remove(n)


def some(rng, shape, chunks, n):
    counts = [-(-s // c) for s, c in zip(shape, chunks)]
    return sorted({tuple(rng.randrange(c) for c in counts) for _ in range(n)})


def small(out):
    rng = random.Random(5)
    put = lambda name, **kw: store(out, name, zipped=True, **kw)
    put("btree1", shape=(30, 20), maxshape=(None, None), chunks=(1, 3), libver="earliest", seed=1)
    put("btree1_gzip_masks", shape=(50, 9), maxshape=(50, 9), chunks=(4, 4), libver="earliest", filters="gzip", masks=True)
    put("btree1_sizes48", shape=(9, 9, 9), maxshape=(None, 9, 9), chunks=(2, 4, 5), libver="earliest", sizes=(4, 8), userblock=512)
    put("single", shape=(5, 4), maxshape=(5, 4), chunks=(5, 4))
    put("single_gzip", shape=(50, 4), maxshape=(50, 4), chunks=(50, 4), libver="v110", filters="gzip")
    put("implicit", shape=(5, 7), maxshape=(9, 11), chunks=(2, 3), early=True)
    put("fixed", shape=(9, 7), maxshape=(11, 12), chunks=(2, 3), write=[(0, 1), (2, 2), (4, 0)])
    put("fixed_gzip_v110", shape=(9, 7), maxshape=(11, 12), chunks=(2, 3), libver="v110", filters="gzip", masks=True)
    put("fixed_paged", shape=(3000, 2), maxshape=(3000, 3), chunks=(1, 1), write=some(rng, (600, 2), (1, 1), 60) + [(2999, 1), (1500, 0)])
    put("fixed_paged_fletcher", shape=(70, 70), maxshape=(70, 70), chunks=(2, 2), filters="shuffle+fletcher",
        write=some(rng, (70, 70), (2, 2), 50), sizes=(8, 4))
    put("extensible", shape=(40, 3), maxshape=(None, 5), chunks=(1, 2), libver="v110")
    put("extensible_axis1", shape=(4, 30, 3), maxshape=(5, None, 7), chunks=(2, 3, 2))
    put("extensible_axis2_gzip", shape=(4, 5, 30), maxshape=(4, 9, None), chunks=(2, 2, 3), filters="gzip", masks=True)
    put("extensible_axis2_v110", shape=(4, 5, 30), maxshape=(4, 9, None), chunks=(2, 2, 3), filters="gzip", libver="v110", sizes=(4, 8), userblock=1024)
    put("extensible_shrunk", shape=(0, 3), maxshape=(None, 3), chunks=(2, 2), resize=(90, 3), shrink=(33, 3))
    sparse = sorted(set(some(rng, (900,), (1,), 80) + some(rng, (60000,), (1,), 100) + [(59999,)]))
    put("extensible_paged", shape=(60000,), maxshape=(None,), chunks=(1,), write=sparse, extra=some(rng, (60000,), (1,), 300))
    put("extensible_paged_fletcher", shape=(2, 30000), maxshape=(2, None), chunks=(1, 1), filters="shuffle+fletcher",
        write=some(rng, (2, 30000), (1, 1), 100), extra=some(rng, (2, 30000), (1, 1), 300))
    put("btree2", shape=(40, 40), maxshape=(None, None), chunks=(1, 2), seed=3)
    put("btree2_gzip", shape=(30, 4, 9), maxshape=(None, 4, None), chunks=(2, 3, 2), filters="gzip", masks=True)
    put("btree2_v110", shape=(30, 4, 9), maxshape=(None, 4, None), chunks=(2, 3, 2), filters="gzip", libver="v110", sizes=(4, 8), shrink=(12, 4, 5))
    for libver in ("earliest", "latest"):
        put("nothing_" + libver, shape=(5,), maxshape=(None,), chunks=(2,), libver=libver, write=[])


def bulk(out, seed):
    rng = random.Random(seed)
    for i in range(250):
        rank = rng.choice([1, 1, 2, 2, 3, 4])
        chunks = tuple(rng.randint(1, 4) for _ in range(rank))
        many = rng.random() < 0.15
        side = (20000 if rank == 1 else 220 if rank == 2 else 30 if rank == 3 else 12) if many else (300, 30, 12, 6)[rank - 1]
        shape = tuple(rng.randint(1, side * c) for c in chunks)
        kind = rng.choice(["fixed", "fixed", "one", "one", "one", "two", "two", "early"])
        maxshape = [s + rng.choice([0, 0, rng.randint(0, 20)]) for s in shape]
        if kind != "fixed" and kind != "early":
            for u in rng.sample(range(rank), min(rank, 1 if kind == "one" else 2)):
                maxshape[u] = None
        chunks = tuple(c if m is None else min(c, max(1, s)) for c, s, m in zip(chunks, shape, maxshape))
        if rng.random() < 0.07:
            chunks = tuple(min(s, 20) for s in shape)
            shape = chunks
            maxshape = list(chunks)
        kw = dict(shape=shape, maxshape=tuple(maxshape), chunks=chunks, libver=rng.choice(["earliest", "v110", "v114", "latest", "latest"]),
                  filters=rng.choice([None, None, "gzip", "shuffle+fletcher"]), early=kind == "early" or rng.random() < 0.1,
                  sizes=rng.choice([None, (4, 4), (4, 8), (8, 4)]), userblock=rng.choice([0, 0, 512]), seed=i,
                  dtype=rng.choice(["<i4", "<i8", "u1", "<i2"]))
        kw["masks"] = kw["filters"] == "gzip" and rng.random() < 0.5
        grid = int(np.prod([-(-s // c) for s, c in zip(shape, chunks)]))
        extra = ()
        if rng.random() < 0.5 or grid > 8000:
            kw["write"] = some(rng, shape, chunks, min(grid, rng.choice([1, 10, 300, 3000])))
            extra = some(rng, shape, chunks, 300)
        if rng.random() < 0.2:
            kw["shrink"] = tuple(rng.randint(max(1, s // 2), s) for s in shape)
        if kw["sizes"] and None in maxshape and kw["sizes"][1] == 4:
            kw["sizes"] = (4, 8)  # libhdf5 doesn't know "unlimited" in 4 bytes when it reads
        if kw["early"] and (kw["sizes"] and grid > 8000 or grid > 30000):
            continue
        store(out, f"r{seed}_{i}", extra=extra, **kw)
    store(out, f"big{seed}", shape=(120000,), maxshape=(None,), chunks=(1,), write=[(i,) for i in range(0, 120000, 3)] , extra=[(i,) for i in range(1, 120000, 1000)])
    store(out, f"bigb2{seed}", shape=(300, 300), maxshape=(None, None), chunks=(1, 1), write=[(i, j) for i in range(0, 300) for j in range(0, 300, 2)], extra=[(i, 1) for i in range(300)])
    store(out, f"bigb1{seed}", shape=(300, 300), maxshape=(None, None), chunks=(1, 1), libver="earliest", write=[(i, j) for i in range(0, 300) for j in range(0, 300, 2)], extra=[(i, 1) for i in range(300)])


if __name__ == "__main__":
    os.makedirs(sys.argv[2], exist_ok=True)
    if sys.argv[1] == "small":
        small(sys.argv[2])
    else:
        bulk(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 1)
