// Package heap reads and edits HDF5's heaps: local (names of old-style groups),
// global (variable-length data, references) and fractal (dense links and
// attributes, shared messages), and the records of free space in a file and in
// fractal heaps. What reads is safe for any number of goroutines; what edits
// works on a draft and belongs to its goroutine.
package heap

import (
	"bytes"

	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// Local is the data of a local heap. Spec: III.D.
type Local struct {
	addr wire.Address
	data []byte
}

// OpenLocal reads the local heap whose header is at addr.
func OpenLocal(c *metacache.Cache, addr wire.Address) (*Local, error) {
	return metacache.Load(c, metacache.LocalHeap, addr, func() (*Local, int64, error) {
		b, err := c.Bytes(addr, format.LocalHeapSize(c.Sizes()))
		if err != nil {
			return nil, 0, h5err.At(err, "local heap", uint64(addr))
		}
		h, err := format.DecodeLocalHeap(b, c.Sizes())
		if err != nil {
			return nil, 0, h5err.At(err, "local heap", uint64(addr))
		}
		l := &Local{addr: addr}
		if h.DataSize > 0 {
			if l.data, err = c.Bytes(h.Data, h.DataSize); err != nil {
				return nil, 0, h5err.At(err, "local heap data", uint64(h.Data))
			}
		}
		return l, int64(len(l.data)), nil
	})
}

// Name gives the NUL-terminated bytes at an offset, valid while the heap is.
func (l *Local) Name(offset uint64) ([]byte, error) {
	if offset >= uint64(len(l.data)) {
		return nil, h5err.At(h5err.Corrupt("local heap", "name offset", "%d, heap has %d bytes", offset, len(l.data)), "", uint64(l.addr))
	}
	b := l.data[offset:]
	end := bytes.IndexByte(b, 0)
	if end < 0 {
		return nil, h5err.At(h5err.Corrupt("local heap", "name", "at offset %d has no end", offset), "", uint64(l.addr))
	}
	return b[:end:end], nil
}
