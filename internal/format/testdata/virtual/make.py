"""Mapping blocks of virtual datasets, as libhdf5 writes them: taken out of the
witnesses of package hdf5, and one with lengths of 4 bytes. Run in this folder."""
import os, tempfile
from h5py import h5s, h5p, h5d, h5t, h5f


def objects(path, width=8):
    b = open(path, 'rb').read()
    i = b.find(b'GCOL')
    while i >= 0:
        end = i + int.from_bytes(b[i + 8:i + 8 + width], 'little')
        p = i + 16  # both headers are padded to 8
        while p + 16 <= end and b[p:p + 2] != b'\0\0':
            n = int.from_bytes(b[p + 8:p + 8 + width], 'little')
            p += 16
            yield b[p:p + n]
            p += (n + 7) // 8 * 8
        i = b.find(b'GCOL', i + 1)


for name in ('random_earliest', 'random_v110', 'random_latest', 'shared'):
    found = sorted((o for o in objects(f'../../../../hdf5/testdata/virtual/{name}.h5') if len(o) < 900), key=len)
    for i, o in enumerate(found[:1] + found[-2:]):
        open(f'{name}_{i}.bin', 'wb').write(o)

path = os.path.join(tempfile.mkdtemp(), 'x.h5')
fc, fa, dc = (h5p.create(c) for c in (h5p.FILE_CREATE, h5p.FILE_ACCESS, h5p.DATASET_CREATE))
fc.set_sizes(8, 4)
fa.set_libver_bounds(h5f.LIBVER_LATEST, h5f.LIBVER_LATEST)
f = h5f.create(path.encode(), h5f.ACC_TRUNC, fc, fa)
for i in range(6):
    v, s = h5s.create_simple((8,)), h5s.create_simple((8,))
    v.select_hyperslab((i,), (1,))
    s.select_hyperslab((0,), (1,))
    dc.set_virtual(v, b'a_source_file_name.h5', b'a_dataset_name', s)
h5d.create(f, b'v', h5t.NATIVE_INT32, h5s.create_simple((8,)), dc)
f.close()
open('length4.bin', 'wb').write(next(objects(path, 4)))
