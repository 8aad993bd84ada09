#!/usr/bin/env python3
"""Makes the files of this folder and expect.json, which is what h5py reads
from them: python3 make.py. Needs h5py; the calls that h5py lacks are made in
the libhdf5 that it brought. The files are stored gzipped, as most of them are
mostly zeros."""
import ctypes
import glob
import gzip
import hashlib
import json
import os

import h5py
import numpy as np
from h5py import h5d, h5g, h5p, h5r, h5s, h5t

os.chdir(os.path.dirname(os.path.abspath(__file__)))
os.makedirs('/tmp/traps', exist_ok=True)
LIB = ctypes.CDLL(glob.glob(os.path.dirname(h5py.__file__) + '/../h5py.libs/libhdf5-*')[0])
ID, U = ctypes.c_int64, ctypes.c_uint
for name in ('H5Pset_shared_mesg_nindexes H5Pset_shared_mesg_index H5Pset_shared_mesg_phase_change H5Pset_istore_k '
             'H5Pset_sym_k H5Pset_deflate H5Pset_fletcher32 H5Pset_chunk_opts H5Pset_fill_value H5Pset_link_phase_change').split():
    getattr(LIB, name).restype = ctypes.c_int
NAMES = []


def call(name, obj, *args):
    if getattr(LIB, name)(ID(obj.id), *args) < 0:
        raise RuntimeError(name)


class File:
    """A new file, which is gzipped in the end."""

    def __init__(self, name, low='latest', high='latest', fcpl=None):
        self.name = name
        fapl = h5p.create(h5p.FILE_ACCESS)
        bounds = {'earliest': h5py.h5f.LIBVER_EARLIEST, 'v18': h5py.h5f.LIBVER_V18, 'v110': h5py.h5f.LIBVER_V110,
                  'v114': h5py.h5f.LIBVER_V114, 'latest': h5py.h5f.LIBVER_LATEST}
        fapl.set_libver_bounds(bounds[low], bounds[high])
        fcpl = fcpl or h5p.create(h5p.FILE_CREATE)
        self.path = '/tmp/traps/' + name + '.h5'
        self.f = h5py.File(h5py.h5f.create(self.path.encode(), h5py.h5f.ACC_TRUNC, fcpl, fapl))

    def __enter__(self):
        return self.f

    def __exit__(self, kind, *_):
        self.f.close()
        if kind is None:
            NAMES.append(self.name)


def fcpl(**calls):
    p = h5p.create(h5p.FILE_CREATE)
    for k, v in calls.items():
        getattr(p, k)(*v)
    return p


# --- shared messages -------------------------------------------------------
# A bit for each type of message that an index takes.
SPACE, TYPE, FILL, PLINE, ATTR = 1 << 1, 1 << 3, 1 << 5, 1 << 11, 1 << 12


def sohm(indexes, max_list, min_btree):
    p = h5p.create(h5p.FILE_CREATE)
    call('H5Pset_shared_mesg_nindexes', p, U(len(indexes)))
    for i, kinds in enumerate(indexes):
        call('H5Pset_shared_mesg_index', p, U(i), U(kinds), U(16))
    call('H5Pset_shared_mesg_phase_change', p, U(max_list), U(min_btree))
    return p


def shared_content(f):
    for i in range(12):
        d = f.create_dataset(f'd{i:02d}', data=np.arange(40, dtype='>i4').reshape(4, 10) * (i + 1), chunks=(3, 7),
                             compression='gzip', compression_opts=4, shuffle=True, fillvalue=0x01020304)
        for k in range(i):
            d.attrs[f'long enough a name to be shared {k}'] = np.arange(6, dtype='f8') + k
    g = f.create_group('many')
    for k in range(30):
        g.attrs[f'dense and shared {k:02d}'] = np.arange(5, dtype='i8') * k
    t = f['committed'] = np.dtype([('x', '<f4'), ('label', 'S12'), ('y', '>u2', (2, 3))])
    f.create_dataset('typed', (2,), f['committed'])[...] = np.zeros(2, f['committed'].dtype)
    f['typed'].attrs['same type'] = np.zeros(1, f['committed'].dtype)


for name, indexes, most, least in (('sohm_list', [SPACE | TYPE | FILL | PLINE | ATTR], 200, 100),
                                   ('sohm_btree', [SPACE | TYPE, FILL | PLINE, ATTR], 2, 1)):
    with File(name, fcpl=sohm(indexes, most, least)) as f:
        shared_content(f)
with File('sohm_old', low='earliest', high='v18', fcpl=sohm([SPACE, TYPE, FILL | PLINE | ATTR], 0, 0)) as f:
    shared_content(f)

# --- superblock and its extension ------------------------------------------
for name, low in (('btreek_v1', 'earliest'), ('btreek_ext', 'v110')):
    p = h5p.create(h5p.FILE_CREATE)
    call('H5Pset_istore_k', p, U(3))
    call('H5Pset_sym_k', p, U(2), U(3))
    with File(name, low=low, high='v110', fcpl=p) as f:
        # The old B-trees need the K values to be right where nodes split.
        f.create_dataset('chunks', data=np.arange(900, dtype='i2').reshape(30, 30), chunks=(2, 3))
        for i in range(90):
            f[f'g/n{i * 37 % 90:02d}'] = i
for strategy, number in (('page', h5py.h5f.FSPACE_STRATEGY_PAGE), ('none', h5py.h5f.FSPACE_STRATEGY_NONE)):
    p = fcpl(set_file_space_strategy=(number, strategy == 'page', 3))
    if strategy == 'page':
        p.set_file_space_page_size(1024)
    with File('space_' + strategy, fcpl=p) as f:
        f['x'] = np.arange(9, dtype='i8')
        f['y'] = np.arange(900, dtype='i2')
        del f['y']

# --- attributes ------------------------------------------------------------
for name, low, order in (('attrs_old', 'earliest', False), ('attrs_new', 'latest', False), ('attrs_order', 'latest', True)):
    with File(name, low=low) as f:
        for n in (0, 1, 8, 9, 100):
            g = f.create_group(f'n{n:03d}', track_order=order)
            for i in range(n):
                g.attrs[f'a{i * 61 % 101:03d}'] = np.arange(i % 5 + 1, dtype='>i2') + i
        g = f.create_group('fewer', track_order=order)
        for i in range(60):
            g.attrs[f'a{i:03d}'] = np.int64(i)
        for i in range(60):
            if i % 7 != 3:
                del g.attrs[f'a{i:03d}']
        for i in range(4):
            del g.attrs[f'a{i * 7 + 3:03d}']
        g = f.create_group('again', track_order=order)
        for i in range(40):
            g.attrs[f'a{i:03d}'] = np.int64(i)
        for i in range(0, 40, 3):
            del g.attrs[f'a{i:03d}']
        for i in range(0, 40, 6):
            g.attrs[f'a{i:03d}'] = np.int64(-i)
with File('attrs_phase', low='latest') as f:
    p = h5p.create(h5p.GROUP_CREATE)
    p.set_attr_phase_change(0, 0)
    p.set_attr_creation_order(h5p.CRT_ORDER_TRACKED)  # tracked, not indexed
    g = h5py.Group(h5g.create(f.id, b'dense from the first', gcpl=p))
    for i in (4, 2, 3):
        g.attrs[f'a{i}'] = np.int32(i)
with File('attrs_sizes', low='latest') as f:
    g = f.create_group('g')
    # Managed heap objects up to 4 KiB, huge ones above; 65,535 bytes fill a message.
    for n in (1, 4000, 4096, 4200, 65000, 65536, 200000):
        g.attrs[f'n{n}'] = np.arange(n).astype('u1')
    for i in range(10):
        g.attrs[f'more {i}'] = np.float32(i)
with File('attrs_kinds', low='latest') as f:
    g = f.create_group('g')
    g.attrs['null'] = h5py.Empty('f8')
    g.attrs['none'] = np.zeros((0, 3), 'i4')
    g.attrs['scalar'] = np.uint16(65535)
    g.attrs['text'] = 'päivää'
    g.attrs['bytes'] = np.bytes_(b'abc')
    g.attrs['strings'] = ['one', '', 'three']
    g.attrs.create('cube', np.arange(24, dtype='>f8').reshape(2, 3, 4))
    g.attrs[''.join(map(chr, range(1, 128))).replace('/', '')] = 1
    f['type'] = np.dtype('>i8')
    h5py.h5a.create(g.id, b'committed', f['type'].id, h5s.create(h5s.SCALAR)).write(np.array(-5, '>i8'))

# --- groups ----------------------------------------------------------------
for name, low in (('groups_old', 'earliest'), ('groups_new', 'latest')):
    with File(name, low=low) as f:
        for n in (0, 1, 8, 9, 256, 257, 300):
            g = f.create_group(f'n{n:03d}')
            for i in range(n):
                g[f'{i * 89 % 307:03d}'] = h5py.SoftLink(f'/n008/{i}') if i % 3 else f['n000']
        g = f.create_group('fewer')
        for i in range(300):
            g[f'{i:03d}'] = f['n000']
        for i in range(300):
            if i % 50:
                del g[f'{i:03d}']
        g['soft'] = h5py.SoftLink('a/../path that is not there')
        g['cycle'] = f['/']
        f['n001/back'] = f['fewer']
    # Names are bytes: all but "/" and NUL, of any length.
with File('names', low='latest') as f:
    for n in (b'\xff\xfe', b' ', b'.hidden', b'...', b'new\nline', '\u00e9'.encode(), 'e\u0301'.encode(), b'\x01', b'a' * 255, b'b' * 256, b'c' * 65536):
        h5g.create(f.id, n)
for name, tracked in (('order_compact', 5), ('order_dense', 60)):
    with File(name, low='latest') as f:
        for kind in ('tracked', 'indexed'):
            p = h5p.create(h5p.GROUP_CREATE)
            p.set_link_creation_order(h5p.CRT_ORDER_TRACKED | (h5p.CRT_ORDER_INDEXED if kind == 'indexed' else 0))
            g = h5py.Group(h5g.create(f.id, kind.encode(), gcpl=p))
            for i in range(tracked):
                g[f'k{i * 41 % 61:02d}'] = h5py.SoftLink(str(i))
            del g['k41']
            g['k41'] = h5py.SoftLink('again')

# --- fractal heaps ---------------------------------------------------------
for filters in ('plain', 'filtered'):
    with File('heap_' + filters, low='latest') as f:
        p = h5p.create(h5p.GROUP_CREATE)
        if filters == 'filtered':
            call('H5Pset_deflate', p, U(6))
            call('H5Pset_fletcher32', p)
        g = h5py.Group(h5g.create(f.id, b'g', gcpl=p))
        # 700 KiB of names: the direct rows end at 512 KiB, indirect blocks of several rows follow.
        for i in range(700):
            g[f'{i * 509 % 709:03d}' + 'x' * 1000] = h5py.SoftLink(f't{i}')
        h = h5py.Group(h5g.create(f.id, b'huge', gcpl=p))
        for i in range(12):
            h[f'{i:02d}' + 'y' * (100 if i % 2 else 6000)] = h5py.SoftLink(f'h{i}')
        # One direct block, which is the root.
        k = h5py.Group(h5g.create(f.id, b'root block', gcpl=p))
        for i in range(9):
            k[f'n{i}'] = h5py.SoftLink(f'r{i}')
with File('heap_tiny', low='latest', fcpl=fcpl(set_sizes=(2, 4))) as f:
    # A hard link of 6 bytes fits an ID; a huge object's place does as well.
    g = h5g.create(f.id, b'g')
    for c in 'abcdefghijkl':
        h5g.create(g, c.encode())
    for n in (b'two', b'x' * 5000):
        h5g.create(g, n)

# --- raw data --------------------------------------------------------------
rng = np.random.default_rng(1)
with File('edges', low='latest') as f:
    a = np.arange(7 * 11 * 5, dtype='>i4').reshape(7, 11, 5)
    for name, kw in (('plain', {}), ('gzip', dict(compression='gzip', shuffle=True)), ('check', dict(fletcher32=True)), ('lzf', dict(compression='lzf'))):
        for grow in (None, (None, 11, 5), (None, None, 5), (20, 20, 20)):
            rank = 'fixed' if grow is None else '_'.join(str(x) for x in grow)
            f.create_dataset(f'{name} {rank}', data=a, chunks=(3, 4, 2), maxshape=grow, **kw)
    for grow in (None, (None, 11, 5), (None, None, 5)):
        p = h5p.create(h5p.DATASET_CREATE)
        p.set_chunk((3, 4, 2))
        p.set_shuffle()
        p.set_deflate(5)
        call('H5Pset_chunk_opts', p, U(2))  # H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS
        space = h5s.create_simple(a.shape, tuple(h5s.UNLIMITED if x is None else x for x in grow or a.shape))
        rank = 'fixed' if grow is None else '_'.join(str(x) for x in grow)
        d = h5d.create(f.id, f'unfiltered edge {rank}'.encode(), h5t.STD_I32BE, space, p)
        h5py.Dataset(d)[...] = a
for low in ('earliest', 'latest'):
    with File('masks_' + low, low=low) as f:
        d = f.create_dataset('masks', (40,), '<u4', chunks=(10,), shuffle=True, compression='gzip', fletcher32=True)
        whole = np.arange(40, dtype='<u4') * 70001
        d[:10] = whole[:10]
        shuffled = whole[10:20].view('u1').reshape(10, 4).T.tobytes()
        d.id.write_direct_chunk((10,), shuffled, 0b110)
        d.id.write_direct_chunk((20,), whole[20:30].tobytes(), 0b111)
        d.id.write_direct_chunk((30,), __import__('zlib').compress(whole[30:40].tobytes()), 0b101)
        # Filters that could not help leave their bits set.
        noise = rng.integers(0, 256, 4000).astype('u1')
        for c in ('gzip', 'lzf'):
            f.create_dataset('optional ' + c, data=noise, chunks=(1000,), compression=c)
        f.create_dataset('vl', data=[b'one', b'', b'three' * 9], dtype=h5py.string_dtype(), chunks=(2,), shuffle=True, compression='gzip')
        p = h5p.create(h5p.DATASET_CREATE)
        p.set_chunk((10,))
        p.set_filter(300, h5py.h5z.FLAG_OPTIONAL, (1, 2, 3))
        u = h5py.Dataset(h5d.create(f.id, b'unknown', h5t.STD_I32LE, h5s.create_simple((20,)), p))
        u.id.write_direct_chunk((0,), np.arange(10, dtype='i4').tobytes(), 1)
        u.id.write_direct_chunk((10,), b'nobody knows', 0)

for low in ('earliest', 'latest'):
    with File('fill_' + low, low=low) as f:
        for layout in ('contig', 'chunk'):
            for time, t in (('never', h5d.FILL_TIME_NEVER), ('ifset', h5d.FILL_TIME_IFSET), ('alloc', h5d.FILL_TIME_ALLOC)):
                for alloc, a in (('early', h5d.ALLOC_TIME_EARLY), ('late', h5d.ALLOC_TIME_LATE), ('incr', h5d.ALLOC_TIME_INCR)):
                    for kind in ('default', 'user', 'undefined'):
                        p = h5p.create(h5p.DATASET_CREATE)
                        if layout == 'chunk':
                            p.set_chunk((3,))
                        p.set_fill_time(t)
                        p.set_alloc_time(a)
                        if kind == 'user':
                            p.set_fill_value(np.array(-7, '>i2'))
                        if kind == 'undefined':
                            call('H5Pset_fill_value', p, ID(h5t.STD_I16BE.id), None)
                        try:
                            d = h5d.create(f.id, f'{layout} {time} {alloc} {kind}'.encode(), h5t.STD_I16BE, h5s.create_simple((8,)), p)
                        except ValueError:
                            continue  # "alloc" of an undefined value is refused
                        if layout == 'chunk':
                            h5py.Dataset(d)[4:5] = 500
        f.create_dataset('record', (3,), np.dtype([('a', '<i4'), ('b', 'S3')]), fillvalue=np.array((5, b'xy'), np.dtype([('a', '<i4'), ('b', 'S3')])))
        f.create_dataset('whole never', (3,), 'f4', chunks=(2,), maxshape=(None,), fillvalue=2.5)
        f.create_dataset('null', data=h5py.Empty('i4'))
        f.create_dataset('none', (0, 4), 'i4', maxshape=(None, 4))
        f.create_dataset('scalar', data=np.float64(-0.0))
        p = h5p.create(h5p.DATASET_CREATE)
        p.set_layout(h5d.COMPACT)
        h5py.Dataset(h5d.create(f.id, b'compact', h5t.STD_U8LE, h5s.create_simple((5,)), p))[...] = [1, 2, 3, 4, 5]
        h5d.create(f.id, b'compact scalar', h5t.STD_U8LE, h5s.create(h5s.SCALAR), p)

for low in ('earliest', 'latest'):
    with File('graph_' + low, low=low) as f:
        f['type'] = np.dtype([('x', '>f4'), ('n', '<i8')])
        d = f.create_dataset('typed', data=np.array([(0.5, -1), (1e30, 1 << 60)], f['type'].dtype), dtype=f['type'])
        d.attrs.create('typed', np.array((2.5, 3), f['type'].dtype), dtype=f['type'])
        f['a/b/c'] = np.arange(3)
        for i in range(5):
            f[f'a/hard {i}'] = f['a/b/c']
        f['a/b/up'] = f['a']
        f['a/b/self'] = f['a/b']
        f['a/b/root'] = f['/']
        r = f.create_dataset('refs', (4,), h5py.ref_dtype)
        r[0], r[2] = f['a/b/c'].ref, f['/'].ref
        q = f.create_dataset('regions', (3,), h5py.regionref_dtype)
        q[1] = f['a/b/c'].regionref[1:3]
        v = f.create_dataset('vl', (4,), h5py.vlen_dtype('<i4'))
        v[0], v[2] = [1, 2, 3], [-4]
        f.create_dataset('text', data=['first', '', 'third'], dtype=h5py.string_dtype())
        h5py.h5o.set_comment(f['a'].id, b'a comment')

for low, high in (('earliest', 'v18'), ('v18', 'v18'), ('latest', 'latest')):
    # One of each structure that has a checksum, and of those without.
    with File('checks_' + low, low=low, high=high) as f:
        for i in range(40):
            f[f'dense/link {i}'] = h5py.SoftLink('x')
            f['dense'].attrs[f'attribute {i}'] = i
        for i in range(150):
            f[f'deep/{i:04d} name'] = h5py.SoftLink('y')
        a = np.arange(240, dtype='i4').reshape(20, 12)
        for name, limit in (('fixed', None), ('extensible', (None, 12)), ('tree', (None, None))):
            for kw in ({}, dict(fletcher32=True)):
                f.create_dataset(name + (' checked' if kw else ''), data=a, chunks=(1, 3), maxshape=limit, **kw)
        n = 2600 if low == 'latest' else 160
        f.create_dataset('paged', data=np.arange(n, dtype='i2'), chunks=(1,))
        f.create_dataset('long', data=np.arange(n, dtype='i2'), chunks=(1,), maxshape=(None,))
        for i in range(9):
            f['fixed'].attrs[f'continued {i}'] = np.zeros(40)


def std_references():
    """References of HDF5 1.12's kind, which h5py knows nothing of."""
    LIB.H5Dcreate2.restype = LIB.H5Screate_simple.restype = ID
    path = '/tmp/traps/std_references.h5'
    with h5py.File(path, 'w', libver='latest') as f:
        f['g/x'] = np.arange(12).reshape(3, 4)
        f['g/x'].attrs['unit'] = 'm'
        kind = ID.in_dll(LIB, 'H5T_STD_REF_g')
        dims = (ctypes.c_uint64 * 1)(4)
        space = ID(LIB.H5Screate_simple(1, dims, None))
        d = ID(LIB.H5Dcreate2(ID(f.id.id), b'refs', kind, space, ID(0), ID(0), ID(0)))
        buf = (ctypes.c_ubyte * 256)()
        at = [ctypes.byref(buf, 64 * i) for i in range(4)]
        part = h5s.create_simple((3, 4))
        part.select_hyperslab((1, 1), (2, 2))
        ok = [LIB.H5Rcreate_object(ID(f.id.id), b'/g/x', ID(0), at[1]), LIB.H5Rcreate_region(ID(f.id.id), b'/g/x', ID(part.id), ID(0), at[2]),
              LIB.H5Rcreate_attr(ID(f.id.id), b'/g/x', b'unit', ID(0), at[3]), LIB.H5Dwrite(d, kind, ID(0), ID(0), ID(0), buf)]
        assert min(ok) >= 0, ok
        LIB.H5Dclose(d)
    pack('std_references')


def pack(n):
    with open(f'/tmp/traps/{n}.h5', 'rb') as f, gzip.GzipFile(n + '.h5.gz', 'wb', 9, mtime=0) as z:
        z.write(f.read())


def stored(d):
    """The bytes of a dataset in the type of the file."""
    a = d[()]
    return np.ascontiguousarray(a).tobytes()


def digest(b):
    return b.hex() if len(b) <= 96 else 'sha256:' + hashlib.sha256(b).hexdigest()


def value(x):
    """What is read of a dataset or an attribute, in a form that JSON takes."""
    dtype = x.dtype
    if h5py.check_string_dtype(dtype) and dtype.kind == 'O' or dtype.kind == 'O' and not h5py.check_vlen_dtype(dtype) and not h5py.check_ref_dtype(dtype):
        return {'text': [s.decode() if isinstance(s, bytes) else s for s in np.ravel(x[()])]}
    if h5py.check_vlen_dtype(dtype):
        return {'lists': [[int(i) for i in s] for s in np.ravel(x[()])]}
    if h5py.check_ref_dtype(dtype):
        return {'refs': [bool(r) for r in np.ravel(x[()])]}
    if x.shape is None:
        return {'hex': ''}
    return {'hex': digest(stored(x))}


def escaped(b):
    b = b.encode('utf-8', 'surrogateescape') if isinstance(b, str) else b
    return b.decode('latin-1')


class Attr:
    def __init__(self, o, name):
        self.a = h5py.h5a.open(o.id, name.encode('utf-8', 'surrogateescape'))
        self.dtype, self.shape, self.owner, self.name = self.a.dtype, self.a.shape, o, name

    def __getitem__(self, _):
        if h5py.check_string_dtype(self.dtype) and self.dtype.kind == 'O':
            return np.array(self.owner.attrs[self.name], dtype=object)
        out = np.zeros(self.shape, self.dtype)
        if out.size:
            self.a.read(out)
        return out


def attributes(o):
    names = [escaped(h5py.h5a.open(o.id, index=i, index_type=h5py.h5.INDEX_NAME).name) for i in range(h5py.h5a.get_num_attrs(o.id))]
    return {n: value(Attr(o, n.encode('latin-1').decode('utf-8', 'surrogateescape'))) for n in names}


def expect(name):
    """Every object that hard links reach, by the first path breadth first, names in the order of their bytes."""
    objects, seen = {}, {}
    with h5py.File('/tmp/traps/' + name + '.h5', 'r') as f:
        queue = [('', f['/'])]
        objects['/'] = None
        seen[h5py.h5o.get_info(f['/'].id).addr] = '/'
        while queue:
            path, g = queue.pop(0)
            links = {}
            for raw in sorted(g.id):
                info = g.id.links.get_info(raw)
                if info.type == h5py.h5l.TYPE_SOFT:
                    links[escaped(raw)] = 'soft ' + escaped(g.id.links.get_val(raw))
                    continue
                oid = h5py.h5o.open(g.id, raw)
                o = {h5g.GroupID: h5py.Group, h5d.DatasetID: h5py.Dataset}.get(type(oid), h5py.Datatype)(oid)
                key = (h5py.h5o.get_info(oid).addr)
                if key not in seen:
                    seen[key] = path + '/' + escaped(raw)
                    objects[seen[key]] = None
                    if isinstance(o, h5py.Group):
                        queue.append((seen[key], o))
                    else:
                        objects[seen[key]] = describe(o)
                links[escaped(raw)] = 'hard ' + seen[key]
            at = path or '/'
            objects[at] = describe(g)
            flat = json.dumps(links, sort_keys=True)
            objects[at]['links'] = links if len(flat) < 1000 else {'': f'{len(links)} ' + hashlib.sha256('\n'.join(f'{k} {links[k]}' for k in sorted(links)).encode('latin-1')).hexdigest()}
    return objects


def describe(o):
    info = h5py.h5o.get_info(o.id)
    d = {'kind': {h5py.Group: 'group', h5py.Dataset: 'dataset'}.get(type(o), 'datatype'), 'references': info.rc}
    attrs = attributes(o)
    flat = '\n'.join(f'{k} {json.dumps(attrs[k])}' for k in sorted(attrs))
    d['attributes'] = attrs if len(flat) < 3000 else {'': {'hex': f'{len(attrs)} ' + hashlib.sha256('\n'.join(f"{k} {attrs[k]['hex']}" for k in sorted(attrs)).encode('latin-1')).hexdigest()}}
    if isinstance(o, h5py.Dataset):
        d['shape'] = None if o.shape is None else list(o.shape)
        try:
            d['value'] = value(o)
        except OSError:
            d['value'] = {'error': True}
    return d


def members():
    """Files of several members, which are not gzipped: they are opened by name."""
    for name, kw in (('family%02d.h5', dict(driver='family', memb_size=1500)), ('split', dict(driver='split', meta_ext=b'-m.h5', raw_ext=b'-r.h5'))):
        with h5py.File(name, 'w', **kw) as f:
            f['g/x'] = np.arange(600, dtype='>u2')
            f['g'].attrs['unit'] = 'm'
            f.create_dataset('chunks', data=np.arange(50, dtype='i4'), chunks=(7,), compression='gzip')


if __name__ == '__main__':
    members()
    manifest = {}
    for n in NAMES:
        manifest[n] = expect(n)
        pack(n)
    std_references()
    with gzip.GzipFile('expect.json.gz', 'wb', 9, mtime=0) as z:
        z.write(json.dumps(manifest, sort_keys=True, separators=(',', ':')).encode())
