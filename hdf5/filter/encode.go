package filter

import (
	"errors"

	"gables/hdf5/datatype"
)

// Encoder is a Filter that can also be applied. Its output is what the
// reference implementation reads; its client data is what that writes.
type Encoder interface {
	Filter
	// Encode applies the filter to src. It writes into dst[:0] while the
	// capacity suffices and takes new memory otherwise, as append does; the
	// result may instead be src itself. src is never written to and neither
	// slice is kept. c.Values is the client data, c.Size is len(src), c.Limit
	// does not matter. ErrNoGain when the result would not be smaller than src
	// and the filter's reference implementation then skips the chunk.
	Encode(dst, src []byte, c Chunk) ([]byte, error)
	// Local turns the user's parameters into the client data that is stored
	// for one dataset, as the set_local callback of the reference does.
	// ErrUnsupported when the filter can't be applied to the dataset, and
	// ErrSelection for parameters that make no sense.
	Local(values []uint32, d Described) ([]uint32, error)
}

// Described is what a filter may know of a dataset when it is created.
type Described struct {
	Type  *datatype.Datatype
	Chunk []uint64 // extent of a chunk, in elements, [rank]
	Fill  []byte   // the user-defined fill value, one element as stored; nil when there is none
	Unset bool     // there is no fill value at all; else a nil Fill means zeros
}

// ChunkBytes is the size of an unfiltered chunk.
func (d Described) ChunkBytes() uint64 {
	n := uint64(d.Type.Size)
	for _, c := range d.Chunk {
		n *= c
	}
	return n
}

// ErrNoGain says that encoding would not make a chunk smaller. An optional
// filter is then skipped for this chunk and its bit set in the filter mask.
var ErrNoGain = errors.New("encoding does not make the chunk smaller")
