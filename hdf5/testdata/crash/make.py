#!/usr/bin/env python3
"""Makes the files of this folder: python3 make.py. Needs h5py."""
import os
import h5py
import numpy as np

os.chdir(os.path.dirname(os.path.abspath(__file__)))

for name, strategy, options in (('persist.h5', 'fsm', {}), ('paged.h5', 'page', {'fs_page_size': 1024})):
    with h5py.File(name, 'w', libver=('v110', 'v110'), fs_strategy=strategy, fs_persist=True, fs_threshold=1, **options) as f:
        for i in range(6):
            f[f'gone{i}'] = np.arange(100 + 60 * i)
            f.create_dataset(f'kept{i}', data=np.arange(40) * i, chunks=(8,), maxshape=(None,), compression='gzip' if i % 2 else None)
        f['kept0'].attrs['unit'] = 'm'
        f['text'] = ['one', 'two', 'three']
    with h5py.File(name, 'r+', libver=('v110', 'v110')) as f:
        for i in range(6):
            del f[f'gone{i}']
