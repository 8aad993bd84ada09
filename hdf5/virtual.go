package hdf5

import "gables/internal/chunkio"

type virtualInfo struct{ mappings *chunkio.Virtual }

func (v *virtualInfo) sources() []VirtualSource { return nil }

func (d *Dataset) decodeVirtual() error { d.virtual = &virtualInfo{}; return nil }
