// Package nbit undoes and applies HDF5's n-bit filter, which stores only those bits of
// each number that its datatype calls significant.
//
// A filtered chunk is one string of bits, most significant first, without any
// header: for each element, for each number in it in the order of the client
// data, its precision bits. What is no number is stored as whole bytes. The
// bits outside the precision come back as zeros.
//
// The client data describes the datatype:
//
//	index  field
//	0      count of values, this one included
//	1      1 where nothing was packed and the chunk is stored as it is
//	2      elements of the chunk
//	3…     description: 1, size, byte order, precision, bit offset  (number)
//	                    2, size, description of the base type       (array)
//	                    3, size, count, then for each member its
//	                       byte offset and its description          (compound)
//	                    4, size                                     (bytes)
//
// It is specified by libhdf5's behaviour; the format specification only names
// the filter (Spec: IV.A.2.l). The package does no I/O. A Filter is safe for
// any number of goroutines.
package nbit

import (
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// structure names this filter's chunk in errors.
const structure = "nbit chunk"

// Filter is the n-bit filter. The zero value is ready to use.
type Filter struct{}

// New gives the filter.
func New() filter.Filter { return Filter{} }

// ID is filter.NBit.
func (Filter) ID() filter.ID { return filter.NBit }

// Name is "nbit".
func (Filter) Name() string { return "nbit" }

// Decode undoes the filter as filter.Filter says. A chunk that was not packed
// comes back as src itself. A description that contradicts itself or the chunk,
// and a chunk with too few bits, are ErrCorrupt.
func (Filter) Decode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	v := c.Values
	if len(v) < 3 || uint64(v[0]) != uint64(len(v)) {
		return nil, h5err.Corrupt(structure, "client data", "%d values", len(v))
	}
	if v[1] != 0 {
		return src, c.Check(structure, uint64(len(src)))
	}
	p := plans.Get().(*plan)
	defer plans.Put(p)
	if err := p.parse(v[3:], c.Limit); err != nil {
		return nil, err
	}
	root := &p.nodes[0]
	count := uint64(v[2])
	size := count * uint64(root.size)
	if err := c.Check(structure, size); err != nil {
		return nil, err
	}
	if have := uint64(len(src)) * 8; count*root.bits > have {
		return nil, h5err.Corrupt(structure, "packed bits", "%d, want %d", have, count*root.bits)
	}
	dst, err := c.Room(dst, structure, size)
	if err != nil {
		return nil, err
	}
	u := unpacker{src: src, nodes: p.nodes}
	u.elements(dst, int(count))
	return dst, nil
}
