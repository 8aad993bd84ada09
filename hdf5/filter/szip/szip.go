// Package szip undoes and applies HDF5's szip filter: the lossless adaptive entropy coder
// of CCSDS 121.0-B-3 in the form that szlib and libaec's szlib layer store.
//
// A filtered chunk is
//
//	offset  size  field
//	0       4     bytes that the rest decodes into, little-endian
//	4       …     coded data sets, most significant bit first
//
// and its client data holds four values, taken as they are stored: options
// mask, pixels per block, bits per pixel, pixels per scanline. One scanline is
// one reference sample interval, filled up to whole blocks; the filling is
// coded but is no part of the chunk. Pixels of 32 and 64 bits are coded as
// their bytes, all first bytes, then all second bytes and so on.
//
// The package does no I/O. A Filter is safe for any number of goroutines.
package szip

import (
	"encoding/binary"
	"sync"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// structure names this filter's chunk in errors.
const structure = "szip chunk"

// Filter is the szip filter. The zero value is ready to use.
type Filter struct{}

// New gives the filter.
func New() filter.Filter { return Filter{} }

// ID is filter.Szip.
func (Filter) ID() filter.ID { return filter.Szip }

// Name is "szip".
func (Filter) Name() string { return "szip" }

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// Decode undoes the filter as filter.Filter says. A stream that ends before the
// chunk is full, or that codes a sample wider than its bits per pixel, is
// ErrCorrupt; bytes behind the last sample are left alone.
func (Filter) Decode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	p, err := parseParams(c.Values)
	if err != nil {
		return nil, err
	}
	size, err := decodedSize(src, c, &p)
	if err != nil {
		return nil, err
	}
	if dst, err = c.Room(dst, structure, size); err != nil {
		return nil, err
	}
	d := decoders.Get().(*decoder)
	d.reset(&p, src[4:], dst)
	err = d.run()
	d.release()
	decoders.Put(d)
	if err != nil {
		return nil, err
	}
	return dst, nil
}

// decodedSize reads the prefix and holds it against what the chunk may have.
func decodedSize(src []byte, c filter.Chunk, p *params) (uint64, error) {
	if len(src) < 4 {
		return 0, h5err.Corrupt(structure, "decoded size", "%d bytes, want at least 4", len(src))
	}
	size := uint64(binary.LittleEndian.Uint32(src))
	if err := c.Check(structure, size); err != nil {
		return 0, err
	}
	if size%uint64(p.pixelBytes()) != 0 {
		return 0, h5err.Corrupt(structure, "decoded size", "%d bytes are not whole pixels of %d", size, p.pixelBytes())
	}
	// No coded data set is shorter than idBits+2 bits or gives more than 64 blocks.
	sets := uint64(len(src)-4) * 8 / uint64(p.idBits+2)
	if most := sets * segment * uint64(p.block*p.sampleBytes); size > most {
		return 0, h5err.Corrupt(structure, "decoded size", "%d bytes can't come from %d coded bytes", size, len(src)-4)
	}
	return size, nil
}
