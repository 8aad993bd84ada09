#!/usr/bin/env python3
"""Makes the files of this folder: python3 make.py. Needs h5py, hdf5plugin, tables."""
import os
import h5py
import hdf5plugin
import numpy as np
import tables

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def sizes(name, offset, length, userblock=0, libver='earliest'):
    """A file whose addresses and lengths have these widths."""
    fcpl = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    fcpl.set_sizes(offset, length)
    if userblock:
        fcpl.set_userblock(userblock)
    fapl = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    low = {'earliest': h5py.h5f.LIBVER_EARLIEST, 'latest': h5py.h5f.LIBVER_LATEST}[libver]
    fapl.set_libver_bounds(low, h5py.h5f.LIBVER_LATEST)
    fid = h5py.h5f.create(name.encode(), h5py.h5f.ACC_TRUNC, fcpl, fapl)
    with h5py.File(fid) as f:
        fill(f)
    if userblock:
        with open(name, 'r+b') as f:
            f.write(b'user block')


def fill(f):
    f['ints'] = np.arange(60, dtype='i4').reshape(5, 12)
    f['ints'].attrs['unit'] = 'm'
    f.create_dataset('chunked', data=np.arange(100, dtype='f8').reshape(10, 10), chunks=(3, 4), compression='gzip', shuffle=True, fletcher32=True)
    f.create_dataset('text', data=['one', 'two', 'three'], dtype=h5py.string_dtype())
    f.create_dataset('grow', data=np.arange(30, dtype='i8'), chunks=(7,), maxshape=(None,))
    g = f.create_group('sub')
    for i in range(20):
        g[f'n{i:02d}'] = np.float32(i)
    g['soft'] = h5py.SoftLink('/ints')
    g['abs'] = h5py.SoftLink('n03')
    g['dangling'] = h5py.SoftLink('/nowhere')
    g['loop'] = h5py.SoftLink('loop')
    g['up'] = f['/']
    g['hard'] = f['ints']


for o in (4, 8):
    for l in (4, 8):
        sizes(f'sizes_{o}_{l}_v0.h5', o, l)
        sizes(f'sizes_{o}_{l}_v3.h5', o, l, libver='latest')
sizes('userblock.h5', 8, 8, userblock=1024)
sizes('offset2.h5', 2, 4)

with h5py.File('links.h5', 'w', libver='latest') as f:
    fill(f)
    f['ext'] = h5py.ExternalLink('userblock.h5', '/sub/n07')
    f['ext_absent'] = h5py.ExternalLink('absent.h5', '/x')
    f['ext_outside'] = h5py.ExternalLink('../testdata/userblock.h5', '/ints')
    f['ext_self'] = h5py.ExternalLink('links.h5', '/ext_self')
    t = f.create_group('ordered', track_order=True)
    for i in (5, 3, 9, 1, 7):
        t[f'k{i}'] = i
    d = f.create_group('dense', track_order=True)
    for i in range(300):
        d[f'link {299 - i:03d}'] = h5py.SoftLink(f'/target {i}')
    a = f.create_group('attrs', track_order=True)
    for i in range(30):
        a.attrs[f'a{29 - i:02d}'] = np.arange(i)
    a.attrs['big'] = np.arange(20000, dtype='i8')
    f['type'] = np.dtype([('x', 'f8'), ('id', 'i4')])
    f.create_dataset('typed', data=np.array([(1.5, 2), (3.5, 4)], dtype=f['type'].dtype), dtype=f['type'])
    r = f.create_dataset('refs', (3,), dtype=h5py.ref_dtype)
    r[0], r[1] = f['ints'].ref, f['sub'].ref
    q = f.create_dataset('regions', (2,), dtype=h5py.regionref_dtype)
    q[0] = f['ints'].regionref[1:3, 2:5]

with tables.open_file('table.h5', 'w') as f:
    class Row(tables.IsDescription):
        id = tables.Int32Col(pos=0)
        x = tables.Float64Col(pos=1)
        name = tables.StringCol(8, pos=2)
        ok = tables.BoolCol(pos=3)
        pos = tables.Float32Col(shape=(3,), pos=4)
    for lib in ('blosc:lz4', 'blosc2:zstd', 'bzip2', 'zlib'):
        t = f.create_table('/', lib.replace(':', '_'), Row, filters=tables.Filters(5, lib, shuffle=True), chunkshape=(64,))
        rows = np.zeros(500, dtype=t.dtype)
        rows['id'] = np.arange(500)
        rows['x'] = rows['id'] / 4
        rows['name'] = [f'row {i}' for i in range(500)]
        rows['ok'] = rows['id'] % 3 == 0
        rows['pos'] = np.arange(1500).reshape(500, 3)
        t.append(rows)

with h5py.File('raw.h5', 'w') as f:
    np.arange(10, dtype='i4').tofile('raw_a.bin')
    np.arange(10, 15, dtype='i4').tofile('raw_b.bin')
    f.create_dataset('short', (20,), 'i4', external=[('raw_a.bin', 8, 32), ('raw_b.bin', 0, 48)])
    f.create_dataset('absent', (4,), 'i4', external=[('no.bin', 0, 16)])
    f.create_dataset('outside', (4,), 'i4', external=[('/etc/passwd', 0, 16)])
    f.create_dataset('never', (4, 3), 'i2', fillvalue=7)
    f.create_dataset('sparse', (100, 100), 'f4', chunks=(10, 10), fillvalue=-1)[25:27, 31:33] = 5
    f.create_dataset('huge', (1 << 40,), 'f8', chunks=(1 << 16,))
