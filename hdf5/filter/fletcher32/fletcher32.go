// Package fletcher32 appends, verifies and removes the checksum that HDF5's Fletcher-32
// filter appends to a chunk. It takes and gives bytes only, and is safe for
// any number of goroutines.
//
// Source: HDF5 File Format Specification IV.A.2.l, filter 3; J. Fletcher, "An
// Arithmetic Checksum for Serial Transmissions", 1982. Words are big-endian,
// an odd last byte is the high half of a word, and the sum itself is stored
// little-endian.
package fletcher32

import (
	"encoding/binary"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

const (
	structure = "Fletcher-32 chunk"
	sumSize   = 4 // bytes of the stored checksum
)

type codec struct{}

// New gives the Fletcher-32 filter. It has no client data.
func New() filter.Filter { return codec{} }

func (codec) ID() filter.ID { return filter.Fletcher32 }

func (codec) Name() string { return "fletcher32" }

// Decode gives src without its checksum; dst is not used.
func (codec) Decode(_, src []byte, c filter.Chunk) ([]byte, error) {
	n := len(src) - sumSize
	if n < 0 {
		return nil, h5err.Corrupt(structure, "checksum", "chunk of %d bytes has none", len(src))
	}
	if err := c.Check(structure, uint64(n)); err != nil {
		return nil, err
	}
	stored := binary.LittleEndian.Uint32(src[n:])
	// HDF5 up to 1.6.2 swapped the bytes of both halves on little-endian machines.
	if got := Sum(src[:n]); got != stored && swapHalves(got) != stored {
		return nil, h5err.New(h5err.ErrChecksum, structure, "checksum", "got 0x%08x, stored 0x%08x", got, stored)
	}
	return src[:n:n], nil
}

// swapHalves swaps the bytes within each half of v.
func swapHalves(v uint32) uint32 {
	return v>>8&0x00ff00ff | v&0x00ff00ff<<8
}
