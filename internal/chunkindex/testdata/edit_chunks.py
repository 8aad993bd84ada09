"""Checks the chunks of a dataset whose index gables edited, and edits it further: edit_chunks.py FILE WANT.json

WANT: [scaled coordinates..., size, mask, CRC-32 of the stored bytes] of each chunk.
"""
import itertools, json, random, sys, zlib
import h5py
import numpy as np

path, want = sys.argv[1], json.load(open(sys.argv[2])) or []
random.seed(len(want))


def scaled_to_offset(d, scaled):
    return tuple(s * c for s, c in zip(scaled, d.chunks))


def check(d, model):
    assert d.id.get_num_chunks() == len(model), (d.id.get_num_chunks(), len(model))
    for scaled, (size, mask, crc) in model.items():
        m, raw = d.id.read_direct_chunk(scaled_to_offset(d, scaled))
        assert (len(raw), m, zlib.crc32(raw)) == (size, mask, crc), scaled


with h5py.File(path, "r") as f:
    rank = f["d"].ndim
    model = {tuple(row[:rank]): tuple(row[rank:]) for row in want}
    check(f["d"], model)
with h5py.File(path, "r+") as f:
    d = f["d"]
    if d.size < 50_000_000:
        d[...]
    if not model:
        sys.exit()
    first = min(model)
    mask, raw = d.id.read_direct_chunk(scaled_to_offset(d, first))
    counts = [-(-n // c) for n, c in zip(d.shape, d.chunks)]

    def put(scaled):
        d.id.write_direct_chunk(scaled_to_offset(d, scaled), raw, mask)
        model[scaled] = (len(raw), mask, zlib.crc32(raw))

    for _ in range(300):
        put(tuple(random.randrange(n) for n in counts))
    check(d, model)
    for u, most in enumerate(d.maxshape):
        if most is None:
            d.resize(d.shape[u] + 40 * d.chunks[u], axis=u)
            counts = [-(-n // c) for n, c in zip(d.shape, d.chunks)]
            for _ in range(200):
                put(tuple(random.randrange(n) for n in counts))
            if d.id.get_create_plist().get_alloc_time() != h5py.h5d.ALLOC_TIME_EARLY:
                check(d, model)
    for u, most in enumerate(d.maxshape):
        if most is None:
            d.resize(max(1, d.shape[u] // 2), axis=u)
            model = {s: v for s, v in model.items() if s[u] * d.chunks[u] < d.shape[u]}
with h5py.File(path, "r") as f:
    d = f["d"]
    have = []
    d.id.chunk_iter(lambda i: have.append(i.chunk_offset))
    assert len(set(have)) == len(have) == d.id.get_num_chunks()
    # Shrinking rewrites the chunks at the new edge, also those that were not allocated.
    edge = sum(any(o + c > n for o, c, n in zip(at, d.chunks, d.shape)) for at in have)
    if d.id.get_create_plist().get_alloc_time() != h5py.h5d.ALLOC_TIME_EARLY:
        assert len(model) <= len(have) <= len(model) + edge, (len(have), len(model), edge)
    for scaled in random.sample(sorted(model), min(len(model), 300)):
        d.id.read_direct_chunk(scaled_to_offset(d, scaled))
with h5py.File(path, "r+") as f:
    del f["d"]
