"""Describes files as internal/workload does: python3 read_workload.py [--lines] FILE…

For each file one line of JSON: its checksum, or why it was refused. --pytables
opens them with PyTables, and reads every leaf that it knows."""
import json
import struct
import sys
import zlib

import h5py
import numpy as np


def value(obj):
    """What obj, a low-level dataset or attribute, holds: kind, shape, checksum."""
    t, space = obj.get_type(), obj.get_space()
    shape = space.get_simple_extent_dims() if space.get_simple_extent_ndims() else ()
    a = np.empty(shape, dtype=t.dtype)
    text = t.get_class() == h5py.h5t.STRING and t.is_variable_str()
    if isinstance(obj, h5py.h5a.AttrID):
        obj.read(a, mtype=None if text else t)
    elif a.size:
        obj.read(h5py.h5s.ALL, h5py.h5s.ALL, a, mtype=None if text else t)
    if text:
        kind, data = 'text', b''
        for s in a.ravel():
            s = s or b''
            if isinstance(s, str):
                s = s.encode()
            data += struct.pack('<I', len(s)) + s
    else:
        kind, data = f'{t.get_class()}:{t.get_size()}', a.tobytes()
    return f"{kind} [{','.join(str(n) for n in shape)}] {zlib.crc32(data):08x}"


def lines(f):
    """Everything in a file, in the order of the paths."""
    out, seen = [], {}

    def visit(obj, path):
        name = path or '/'
        addr = h5py.h5o.get_info(obj.id).addr
        if addr in seen:
            out.append(f'same {name} {seen[addr]}')
            return
        seen[addr] = name
        if isinstance(obj, h5py.Dataset):
            out.append(f'dataset {name} {value(obj.id)}')
        else:
            out.append(f'group {name}')
        for a in sorted((n.encode() for n in obj.attrs), key=bytes):
            out.append(f'attribute {name} {a.decode()} {value(h5py.h5a.open(obj.id, a))}')
        if isinstance(obj, h5py.Group):
            for n in sorted(obj, key=str.encode):
                link = obj.get(n, getlink=True)
                if isinstance(link, h5py.SoftLink):
                    out.append(f'soft {path}/{n} {link.path}')
                else:
                    visit(obj[n], f'{path}/{n}')

    visit(f['/'], '')
    return out


def main(args):
    show = '--lines' in args
    tables = None
    if '--pytables' in args:
        import warnings
        import tables
        warnings.simplefilter('ignore')
    for name in (a for a in args if not a.startswith('--')):
        if tables:
            with tables.open_file(name) as f:
                n = sum(1 for leaf in f.walk_nodes('/', 'Leaf') if isinstance(leaf, tables.UnImplemented) or leaf.read() is not None)
            print(json.dumps({'leaves': n}))
            continue
        try:
            f = h5py.File(name, 'r')
        except OSError as e:
            print(json.dumps({'refused': str(e)}))
            continue
        with f:
            text = lines(f)
        print(json.dumps({'sum': zlib.crc32('\n'.join(text).encode()), 'lines': text if show else None}))


main(sys.argv[1:])
