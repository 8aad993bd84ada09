// Package lzf applies and undoes filter 32000, the LZF that h5py brings. Source:
// the liblzf stream as Marc Lehmann describes it in lzf.h and lzf_c.c, without
// the "ZV" block header of its command line tool. It takes and gives bytes and
// opens no file. Everything here is safe for any number of goroutines.
package lzf

import (
	"gables/hdf5/filter"
)

// structure names the codec in errors.
const structure = "LZF stream"

// maxRatio is the most output bytes that one input byte can stand for: three
// bytes give at most 264.
const maxRatio = 88

type lzf struct{}

// New is the LZF filter. Its client data (filter version, LZF version, chunk
// size) say nothing that decoding needs.
func New() filter.Filter { return lzf{} }

// ID is 32000.
func (lzf) ID() filter.ID { return filter.LZF }

// Name is "lzf".
func (lzf) Name() string { return "lzf" }

// Decode undoes LZF as filter.Filter says. Where c.Size is not known, the
// stream is measured before memory is taken.
func (lzf) Decode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	size := c.Size
	if size < 0 {
		n, err := DecodedLen(src)
		if err != nil {
			return nil, err
		}
		size = n
	}
	if err := c.CheckFrom(structure, uint64(size), len(src), maxRatio); err != nil {
		return nil, err
	}
	out, err := c.Room(dst, structure, uint64(size))
	if err != nil {
		return nil, err
	}
	if err := DecodeInto(out, src); err != nil {
		return nil, err
	}
	return out, nil
}
