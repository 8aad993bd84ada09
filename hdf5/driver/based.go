package driver

import "io"

// Based is d seen from a base address: its position 0 is base in d. A file
// with a user block, or one embedded in another, is read through it
// (Spec: II.A, base address).
func Based(d Driver, base uint64) Driver {
	if base == 0 {
		return d
	}
	if v, ok := d.(Viewer); ok {
		return basedViewer{based{d, base}, v}
	}
	return based{d, base}
}

type based struct {
	Driver
	base uint64
}

func (b based) Size() uint64 {
	if s := b.Driver.Size(); s > b.base {
		return s - b.base
	}
	return 0
}

func (b based) ReadAt(p []byte, off uint64) (int, error) {
	if off > ^uint64(0)-b.base {
		return 0, io.EOF
	}
	return b.Driver.ReadAt(p, b.base+off)
}

type basedViewer struct {
	based
	v Viewer
}

func (b basedViewer) View(off uint64, n int) []byte {
	if off > ^uint64(0)-b.base {
		return nil
	}
	return b.v.View(b.base+off, n)
}
