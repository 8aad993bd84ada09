"""Makes the files that the benchmark reads: files.py FOLDER BYTES NODES."""

import json
import os
import sys

import h5py
import hdf5plugin
import numpy as np
import tables

CHUNK = (256, 256)


def shape_of(size):
    """A power of two of columns, at most as many as rows."""
    count = size // 8
    columns = 1 << ((count.bit_length() - 1) // 2)
    return count // columns, columns


def slabs(shape, step=256):
    """Noise summed up along the rows and rounded: what instruments give."""
    random, last = np.random.default_rng(1), 0.0
    for start in range(0, shape[0], step):
        rows = min(step, shape[0] - start)
        flat = np.cumsum(random.normal(scale=0.3, size=rows * shape[1])) + last
        last = flat[-1]
        yield start, flat.round(3).reshape(rows, shape[1])


def arrays(folder, shape):
    chunk = tuple(min(c, s) for c, s in zip(CHUNK, shape))
    plain = tables.open_file(os.path.join(folder, "contiguous.h5"), "w")
    gzip = tables.open_file(os.path.join(folder, "gzip.h5"), "w")
    blosc2 = tables.open_file(os.path.join(folder, "blosc2.h5"), "w")
    zstd = h5py.File(os.path.join(folder, "zstd.h5"), "w")
    atom = tables.Float64Atom()
    targets = [
        plain.create_array("/", "array", atom=atom, shape=shape),
        gzip.create_carray("/", "array", atom, shape, chunkshape=chunk,
                           filters=tables.Filters(complevel=4, complib="zlib", shuffle=True)),
        blosc2.create_carray("/", "array", atom, shape, chunkshape=chunk,
                             filters=tables.Filters(complevel=5, complib="blosc2:zstd", shuffle=True)),
        zstd.create_dataset("array", shape, "f8", chunks=chunk, shuffle=True, **hdf5plugin.Zstd(clevel=3)),
    ]
    for start, rows in slabs(shape):
        for target in targets:
            target[start:start + len(rows)] = rows
    for file in (plain, gzip, blosc2, zstd):
        file.close()
    return chunk


def nodes(path, count):
    """Groups with up to 99 arrays each, count nodes below the root in all."""
    with tables.open_file(path, "w") as file:
        made = 0
        while made < count:
            group = file.create_group("/", f"group{made // 100:05}")
            arrays = min(99, count - made - 1)
            for i in range(arrays):
                file.create_array(group, f"array{i:03}", np.arange(i, i + 4.0))
            made += 1 + arrays


TABLE = np.dtype([("flag", "u1"), ("id", "<i8"), ("x", "<f8"), ("count", "<i4"), ("y", "<f8"), ("name", "S11")])


def table(path, size):
    """Records of an instrument, as many as make up size bytes, in whole 65536s."""
    step = 1 << 16
    with tables.open_file(path, "w") as file:
        node = file.create_table("/", "array", TABLE, expectedrows=size // TABLE.itemsize, chunkshape=(step,))
        random = np.random.default_rng(3)
        for start in range(0, max(size // TABLE.itemsize // step, 1) * step, step):
            rows = np.zeros(step, TABLE)
            rows["id"] = np.arange(start, start + step)
            rows["flag"] = random.integers(0, 4, step)
            rows["x"] = np.cumsum(random.normal(scale=0.3, size=step)).round(3)
            rows["count"] = random.poisson(20, step)
            rows["y"] = np.cumsum(random.normal(scale=0.3, size=step)).round(3)
            rows["name"] = np.char.mod("sensor-%03d", random.integers(0, 200, step)).astype("S11")
            node.append(rows)


def main():
    folder, size, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    os.makedirs(folder, exist_ok=True)
    shape = shape_of(size)
    chunk = arrays(folder, shape)
    nodes(os.path.join(folder, "nodes.h5"), count)
    table(os.path.join(folder, "table.h5"), size // 4)
    with tables.open_file(os.path.join(folder, "small.h5"), "w") as file:
        file.create_array("/", "array", np.random.default_rng(2).random((100, 100)))
    whole = shape[0] * shape[1] * 8
    ratios = {n: whole / os.path.getsize(os.path.join(folder, n + ".h5")) for n in ("contiguous", "gzip", "blosc2", "zstd")}
    # Written last: its presence says that the files are complete.
    with open(os.path.join(folder, "facts.json"), "w") as out:
        json.dump({"shape": shape, "chunk": chunk, "ratios": ratios, "nodes": count}, out)


main()
