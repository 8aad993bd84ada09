// Package scaleoffset undoes and applies HDF5's scale-offset filter: whole numbers
// are stored as their distance from the least one, in as few bits as the greatest
// distance needs; floating-point numbers are first multiplied by a power of ten
// and rounded.
//
// A filtered chunk is
//
//	offset  size  field
//	0       4     bits of each number (0: all are the least one), little-endian
//	4       1     significant bytes of the next field
//	5       16    least value, little-endian; for floating point, its bits
//	21      …     the numbers, most significant bit first; where they have as
//	              many bits as the datatype, the elements themselves
//
// A number whose bits are all ones is the fill value, if one is defined. The
// client data has 20 values:
//
//	index  field
//	0      0: decimal scaling, 1: binary scaling (never implemented), 2: integer
//	1      power of ten, or bits asked for; as many bits as the datatype has
//	       mean that the chunk was left as it is, without header
//	2      elements of the chunk
//	3      0: integer, 1: floating point
//	4      size of the datatype in bytes
//	5      0: unsigned, 1: two's complement
//	6      0: little-endian, 1: big-endian
//	7      1 where a fill value is defined
//	8…     fill value, least significant word first
//
// It is specified by libhdf5's behaviour; the format specification only names
// the filter (Spec: IV.A.2.l). The package does no I/O. A Filter is safe for
// any number of goroutines.
package scaleoffset

import (
	"encoding/binary"
	"sync"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// structure names this filter's chunk in errors.
const structure = "scaleoffset chunk"

const (
	headerSize = 21
	minvalMax  = 8 // bytes of the least value that anybody uses
)

// Filter is the scale-offset filter. The zero value is ready to use.
type Filter struct{}

// New gives the filter.
func New() filter.Filter { return Filter{} }

// ID is filter.ScaleOffset.
func (Filter) ID() filter.ID { return filter.ScaleOffset }

// Name is "scaleoffset".
func (Filter) Name() string { return "scaleoffset" }

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// Decode undoes the filter as filter.Filter says; floating-point numbers come
// out with the bits that libhdf5 gives them. A chunk that was left as it is
// comes back as src itself. Client data that contradicts itself or the chunk,
// and a chunk with too few bits, are ErrCorrupt; binary scaling and numbers
// that are not of 1, 2, 4 or 8 bytes are ErrUnsupported.
func (Filter) Decode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	p, err := parseParams(c.Values)
	if err != nil {
		return nil, err
	}
	if p.asIs() {
		return src, c.Check(structure, uint64(len(src)))
	}
	size := uint64(p.count) * uint64(p.size)
	if err := c.Check(structure, size); err != nil {
		return nil, err
	}
	h, err := parseHeader(src, &p)
	if err != nil {
		return nil, err
	}
	if dst, err = c.Room(dst, structure, size); err != nil {
		return nil, err
	}
	if h.bits == uint(8*p.size) {
		copyElements(dst, src[headerSize:], p.size, p.big)
		return dst, nil
	}
	d := decoders.Get().(*decoder)
	d.reset(&p, h, src[headerSize:])
	d.run(dst)
	d.src = nil
	decoders.Put(d)
	return dst, nil
}

// header is what precedes the numbers of a chunk.
type header struct {
	bits uint   // of each number
	min  uint64 // the least value, or its bits
}

// parseHeader reads the header and sees that the numbers follow.
func parseHeader(src []byte, p *params) (header, error) {
	if len(src) < headerSize {
		return header{}, h5err.Corrupt(structure, "header", "%d bytes, want %d", len(src), headerSize)
	}
	bits := binary.LittleEndian.Uint32(src)
	if uint64(bits) > 8*uint64(p.size) {
		return header{}, h5err.Corrupt(structure, "bits of each number", "%d in a datatype of %d bytes", bits, p.size)
	}
	if whole := uint64(bits) == 8*uint64(p.size); !whole && !p.packable() {
		return header{}, h5err.Unsupported(structure, "datatype", "class %d of %d bytes", p.class, p.size)
	}
	need := uint64(p.count) * uint64(bits)
	if have := uint64(len(src)-headerSize) * 8; have < need {
		return header{}, h5err.Corrupt(structure, "packed bits", "%d, want %d", have, need)
	}
	var least [minvalMax]byte
	copy(least[:], src[5:5+min(int(src[4]), minvalMax)])
	return header{bits: uint(bits), min: binary.LittleEndian.Uint64(least[:])}, nil
}
