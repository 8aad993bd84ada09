"""Virtual datasets and what libhdf5 (h5py 3.16, HDF5 2.0) reads from them.

Run in this folder. Where mappings overlap, libhdf5 may leave gaps without their
fill value, so such datasets have none here; numbers are small where datatypes
are mixed, as libhdf5's conversions of what does not fit differ with the machine.
"""
import glob, hashlib, json, os, random
import h5py, numpy as np
from h5py import h5s, h5p, h5d, h5t

U = h5s.UNLIMITED
DT = ['<i1', '<u1', '<i2', '>i2', '<u2', '<i4', '>i4', '<u4', '<i8', '>i8', '<u8', '<f4', '>f4', '<f8', '>f8', '<f2']
rng = random.Random(7)
cases = []


def slab(n, want=None):
    """start, stride, count, block within n; of want elements if given."""
    for _ in range(200):
        block = rng.choice([1, 1, 1, 2, 3])
        if want is not None and want % block:
            continue
        count = want // block if want is not None else rng.randint(1, 4)
        stride = block + rng.choice([0, 0, 1, 2])
        span = (count - 1) * stride + block
        if span <= n:
            return rng.randint(0, n - span), stride, count, block


def unlimited(block=None):
    start = rng.randint(0, 3)
    if block is None and rng.random() < .25:
        return start, 1, 1, U
    block = block or rng.choice([1, 1, 2, 3])
    return start, block + rng.choice([0, 0, 1, 2]), U, block


def select(space, slabs, op=h5s.SELECT_SET):
    space.select_hyperslab(*[tuple(s[i] for s in slabs) for i in (0, 2, 1, 3)], op=op)


def space(dims, slabs=None, more=None, maxdims=None):
    s = h5s.create_simple(tuple(dims), maxdims and tuple(maxdims))
    if slabs:
        select(s, slabs)
    if more:
        select(s, more, h5s.SELECT_OR)
    return s


def values(shape, dt):
    return np.array([rng.randint(0, 127) for _ in range(int(np.prod(shape)))]).astype(dt).reshape(shape)


def digest(a):
    return hashlib.sha256(a.tobytes()).hexdigest()[:16]


def virtual(f, name, dims, dt, maps, fill=None, maxdims=None):
    dc = h5p.create(h5p.DATASET_CREATE)
    if fill is not None:
        dc.set_fill_value(np.array(fill, dt))
    for vs, file, dset, ss in maps:
        dc.set_virtual(vs, file.encode(), dset.encode(), ss)
    sp = h5s.create_simple(tuple(dims), maxdims and tuple(maxdims)) if dims is not None else h5s.create(h5s.SCALAR)
    h5d.create(f.id, name.encode(), h5t.py_create(np.dtype(dt), logical=True), sp, dc)


def grid_maps(vdims, sources):
    """Random limited mappings, regular and irregular."""
    maps, cover = [], np.zeros(vdims, int)
    for _ in range(rng.randint(1, 5)):
        file, dset, sd = rng.choice(sources)
        for _ in range(100):
            v = [slab(n) for n in vdims]
            vs = space(vdims, v, [slab(n) for n in vdims] if rng.random() < .2 else None)
            if len(sd) == len(vdims) and rng.random() < .8:
                s = [slab(n, x[2] * x[3]) for n, x in zip(sd, v)]
            else:
                s = [slab(n) for n in sd]
            if None in s:
                continue
            ss = space(sd, s, [slab(n) for n in sd] if rng.random() < .2 else None)
            if ss.get_select_npoints() == vs.get_select_npoints():
                break
        else:
            continue
        maps.append((vs, file, dset, ss))
        for lo, hi in vs.get_select_hyper_blocklist():
            cover[tuple(slice(int(a), int(b) + 1) for a, b in zip(lo, hi))] += 1
    return maps, cover.max() < 2


def unlimited_maps(f, other, name):
    """Random mappings along one unlimited dimension; gives their rank's extents too."""
    rank = rng.randint(1, 3)
    ax = rng.randint(0, rank - 1)
    vdims = [rng.randint(4, 7) for _ in range(rank)]
    vmax = [U if i == ax else n for i, n in enumerate(vdims)]
    dt = rng.choice(DT)
    maps = []
    for k in range(rng.randint(1, 2)):
        v = [slab(n) for n in vdims]
        per = [x[2] * x[3] for x in v]
        file, where = rng.choice([('.', f), (os.path.basename(other.filename), other)])
        dset = f'{name}_{k}'
        if rng.random() < .6:
            v[ax] = unlimited()
            sax = rng.randint(0, rank - 1)
            cnt = [n for i, n in enumerate(per) if i != ax]
            cnt.insert(sax, None)
            sd = [rng.randint(1, 12) if n is None else rng.randint(n, 8 + n) for n in cnt]
            s = [unlimited() if c is None else slab(n, c) or (0, 1, c, 1) for n, c in zip(sd, cnt)]
            if rng.random() < .85:
                where.create_dataset(dset, data=values(sd, dt), maxshape=tuple(None if i == sax else n for i, n in enumerate(sd)), chunks=tuple(sd))
            maps.append((space(vdims, v, maxdims=vmax), file, dset, space(sd, s, maxdims=[U if i == sax else n for i, n in enumerate(sd)])))
        else:
            b = rng.randint(1, 3)
            v[ax], per[ax] = unlimited(b), b
            for q in range(rng.choice([0, 1, 2, 4, 11])):
                where[f'{dset}%{q}'] = values(per, dt)
            maps.append((space(vdims, v, maxdims=vmax), file, dset + '%%%b', space(per)))
    virtual(f, name, vdims, dt, maps, rng.randint(1, 100) if len(maps) == 1 else None, vmax)


def record(file, names):
    with h5py.File(file) as f:
        for name in names:
            try:
                a = f[name][()]
            except OSError:
                continue
            a = np.asarray(a, dtype=f[name].dtype)
            c = dict(file=file, path=name, shape=list(a.shape), value=digest(a), reads=[])
            for _ in range(4):
                sel = []
                for n in a.shape:
                    i = rng.randint(0, max(0, n - 1))
                    j = rng.randint(i, n)
                    sel.append(rng.choice([':', f'{i}:{j}', f'{i}:{j}:{rng.randint(2, 3)}'] + ([str(i)] if n else [])))
                if sel:
                    text = ', '.join(sel)
                    c['reads'].append(dict(sel=text, value=digest(np.asarray(eval(f'a[{text}]'), dtype=a.dtype))))
            cases.append(c)


def random_file(tag, libver, count):
    file, other = f'random_{tag}.h5', f'source_{tag}.h5'
    names = []
    with h5py.File(file, 'w', libver=libver) as f, h5py.File(other, 'w', libver=libver) as g:
        sources = []
        for k in range(6):
            sd = [rng.randint(4, 8) for _ in range(k % 3 + 1)]
            where, fn = rng.choice([(f, '.'), (g, other)])
            kw = dict(chunks=tuple(rng.randint(1, n) for n in sd)) if rng.random() < .5 else {}
            if kw and rng.random() < .5:
                kw['compression'] = 'gzip'
            where.create_dataset(f's{k}', data=values(sd, rng.choice(DT)), **kw)
            sources.append((fn, f's{k}', sd))
        sources += [('missing.h5', 's', [6, 6]), (other, 'absent', [5])]
        for i in range(count):
            name = f'v{i}'
            names.append(name)
            if i % 3 == 2:
                unlimited_maps(f, g, name)
                continue
            dims = [rng.randint(3, 7) for _ in range(rng.randint(1, 3))]
            dt = rng.choice(DT)
            maps, apart = grid_maps(dims, sources)
            virtual(f, name, dims, dt, maps, rng.randint(1, 100) if apart else None)
            if rng.random() < .3:
                names.append('w' + name)
                virtual(f, 'w' + name, dims, rng.choice(DT), [(space(dims), '.', name, space(dims))], 3)
    record(file, names)


def special():
    with h5py.File('special.h5', 'w', libver='latest') as f:
        one = np.arange(1, 9, dtype='i4')
        f['one'], f['hundred'], f['scalar'] = one, one * 100, np.int32(7)
        f['group/inner'] = one
        f['soft'] = h5py.SoftLink('/group/inner')
        f['dangling'] = h5py.SoftLink('/nowhere')
        f['text'] = np.array([b'abcde', b'ab', b''])
        f['points'] = np.array([(1, 2.5, b'x'), (100, 3.5, b'yz')], [('a', 'i4'), ('b', 'f8'), ('c', 'S2')])
        f['bools'] = np.array([True, False])
        f['complex'] = np.array([1 + 2j, 3 - 4j])
        f['arrays'] = np.zeros(2, [('a', '<i4', (2,))])
        f['wide'] = np.array([1, 1000, -1000, 2**40], 'i8')
        f['floats'] = np.array([1.9, -1.9, 1e20, -1e20])
        f['doubles'] = np.array([1.1, 1e300, -1e300, np.inf, 1e-50, 2049, 2051, 70000, 6e-8, 1e-7])
        v = lambda name, n, dt, maps, **kw: virtual(f, name, (n,), dt, maps, **kw)
        s8 = lambda: space([8])
        v('v_soft', 8, 'i4', [(s8(), '.', '/soft', s8())])
        v('v_dangling', 8, 'i4', [(s8(), '.', 'dangling', s8())], fill=-5)
        v('v_path', 8, 'i4', [(s8(), '.', '/group/inner', s8())])
        v('v_nopath', 8, 'i4', [(s8(), '.', '/group/none/inner', s8())], fill=4)
        v('v_empty', 8, 'i4', [], fill=9)
        v('v_own_name', 8, 'i4', [(s8(), 'special.h5', 'one', s8())])
        v('v_later_wins', 8, 'i4', [(space([8], [(0, 1, 5, 1)]), '.', 'one', space([8], [(0, 1, 5, 1)])), (space([8], [(3, 1, 5, 1)]), '.', 'hundred', space([8], [(0, 1, 5, 1)]))])
        none = [s8(), s8()]
        [s.select_none() for s in none]
        v('v_none', 8, 'i4', [(none[0], '.', 'one', none[1])], fill=-1)
        virtual(f, 'v_scalar', None, 'i4', [(h5s.create(h5s.SCALAR), '.', 'scalar', h5s.create(h5s.SCALAR))])
        v('v_of_scalar', 3, 'i4', [(space([3], [(1, 1, 1, 1)]), '.', 'scalar', h5s.create(h5s.SCALAR))], fill=-1)
        v('v_cut', 3, 'S3', [(space([3]), '.', 'text', space([3]))])
        v('v_pad', 3, 'S7', [(space([3]), '.', 'text', space([3]))])
        v('v_same_text', 3, 'S5', [(space([3]), '.', 'text', space([3]))])
        v('v_points', 2, [('b', 'f4'), ('a', '>i2')], [(space([2]), '.', 'points', space([2]))])
        v('v_bools', 2, bool, [(space([2]), '.', 'bools', space([2]))])
        v('v_bool_int', 2, 'i4', [(space([2]), '.', 'bools', space([2]))])
        v('v_complex', 2, 'c8', [(space([2]), '.', 'complex', space([2]))])
        v('v_arrays', 2, [('a', '>i8', (2,))], [(space([2]), '.', 'arrays', space([2]))])
        for dt in ('i1', 'u1', '<i2', 'f4'):
            v('v_wide_' + dt.strip('<'), 4, dt, [(space([4]), '.', 'wide', space([4]))])
        v('v_floats', 4, 'i4', [(space([4]), '.', 'floats', space([4]))])
        for dt in ('f4', '>f4', 'f2'):
            v('v_doubles_' + dt.replace('>', 'be_'), 10, dt, [(space([10]), '.', 'doubles', space([10]))])
        names = [n for n in f if n.startswith('v_')]
        # What follows is an error here, whatever libhdf5 makes of it.
        v('e_group', 8, 'i4', [(s8(), '.', 'group', s8())])
        v('e_count', 8, 'i4', [(s8(), '.', 'wide', s8())])
        v('e_outside', 8, 'i4', [(s8(), '../elsewhere.h5', 'one', s8())])
        v('e_absolute', 8, 'i4', [(s8(), '/nowhere/elsewhere.h5', 'one', s8())])
        v('e_damaged', 8, 'i4', [(s8(), 'damaged.h5', 'one', s8())])
        v('e_damaged_unlimited', 8, 'i4', [(space([8], [(0, 1, U, 1)], maxdims=[U]), 'damaged.h5', 'one', space([8], [(0, 1, U, 1)], maxdims=[U]))], maxdims=[U])
        v('e_self', 8, 'i4', [(s8(), '.', 'e_self', s8())])
        v('e_self_unlimited', 8, 'i4', [(space([8], [(0, 1, U, 1)], maxdims=[U]), '.', 'e_self_unlimited', space([8], [(0, 1, U, 1)], maxdims=[U]))], maxdims=[U])
        v('e_ring_a', 8, 'i4', [(s8(), '.', 'e_ring_b', s8())])
        v('e_ring_b', 8, 'i4', [(s8(), 'special.h5', 'e_ring_a', s8())])
        v('e_max', 4, 'i4', [(space([4], [(0, 1, U, 1)], maxdims=[6]), '.', 'grows', space([8], [(0, 1, U, 1)], maxdims=[U]))], maxdims=[6])
        f.create_dataset('grows', data=one, maxshape=(None,), chunks=(8,))
        f.create_dataset('vl', data=['a', 'bc'], dtype=h5py.string_dtype())
        v('vl_same', 2, h5py.string_dtype(), [(space([2]), '.', 'vl', space([2]))])
        v('e_vl', 2, h5py.string_dtype(), [(space([2]), 'text.h5', 'vl', space([2]))])
        v('e_type', 8, 'S4', [(s8(), '.', 'one', s8())])
        v('e_member', 2, [('a', 'i4'), ('z', 'i4')], [(space([2]), '.', 'points', space([2]))])
        # A source that is smaller than what is mapped: fill value.
        f.create_dataset('short', data=one[:5], chunks=(5,))
        v('x_short', 8, 'i4', [(space([8], [(0, 1, 8, 1)]), '.', 'short', space([8], [(0, 1, 8, 1)]))], fill=-3)
        v('x_gap_text', 4, 'S3', [(space([4], [(0, 1, 3, 1)]), '.', 'text', space([3]))])
        # Nested 20 deep.
        f['deep0'] = one
        for i in range(1, 18):
            v(f'deep{i}', 8, 'i4', [(s8(), '.', f'deep{i-1}', s8())])
        names += ['deep10']
        f.create_dataset('large', data=np.arange(5000, dtype='u2').reshape(100, 50) % 251, dtype='u1')
        virtual(f, 'x_large', (200, 60), 'u1', [(space([200, 60], [(50, 1, 100, 1), (5, 1, 50, 1)]), '.', 'large', space([100, 50]))])
    with h5py.File('text.h5', 'w') as f:
        f.create_dataset('vl', data=['a', 'bc'], dtype=h5py.string_dtype())
    b = bytearray(open('text.h5', 'rb').read())
    b[13:60] = b'\xee' * 47
    open('damaged.h5', 'wb').write(b[:200])
    record('special.h5', names)


def shared_names():
    """Version 1 of the mapping block, which shares names."""
    with h5py.File('shared.h5', 'w', libver=('v200', 'v200')) as f:
        f['a_dataset_with_a_long_name'] = np.arange(8, dtype='i4')
        for tag, file in (('v', '.'), ('w', 'a_file_with_a_long_name.h5'), ('x', 'a_file_with_a_long_name.h5')):
            maps = [(space([16], [(i, 1, 1, 1)]), file if tag != 'x' or i % 3 else '.', 'a_dataset_with_a_long_name', space([8], [(i // 2, 1, 1, 1)])) for i in range(12)]
            virtual(f, tag, (16,), 'i4', maps, -1)
    with h5py.File('a_file_with_a_long_name.h5', 'w', libver=('v200', 'v200')) as f:
        f['a_dataset_with_a_long_name'] = np.arange(8, dtype='i4') * 5
    record('shared.h5', ['v', 'w', 'x'])


random_file('earliest', ('earliest', 'v110'), 10)
random_file('v110', ('v110', 'v110'), 6)
random_file('latest', 'latest', 10)
special()
shared_names()
json.dump(cases, open('cases.json', 'w'), separators=(',', ':'))
print(len(cases), 'cases', sum(os.path.getsize(p) for p in glob.glob('*')), 'bytes')
