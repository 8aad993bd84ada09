// Package zstd applies and undoes filter 32015, Zstandard: one or more frames of
// RFC 8878, skippable ones among them, with or without their content size. It
// takes and gives bytes, opens no file and starts no goroutine. Everything here
// is safe for any number of goroutines.
package zstd

import (
	"gables/hdf5/filter"
	"gables/hdf5/filter/internal/zstdframe"
)

// structure names the codec in errors.
const structure = "Zstandard chunk"

type codec struct{}

// New is the Zstandard filter. Its client data (level) say nothing that
// decoding needs.
func New() filter.Filter { return codec{} }

// ID is 32015.
func (codec) ID() filter.ID { return filter.Zstd }

// Name is "zstd".
func (codec) Name() string { return "zstd" }

// Decode undoes Zstandard as filter.Filter says. Frames that want a dictionary
// are ErrUnsupported.
func (codec) Decode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	if c.Size < 0 {
		return zstdframe.DecodeUpTo(dst, src, c.Limit)
	}
	size := uint64(c.Size)
	if err := c.CheckFrom(structure, size, len(src), zstdframe.MaxRatio); err != nil {
		return nil, err
	}
	out, err := c.Room(dst, structure, size)
	if err != nil {
		return nil, err
	}
	if err := zstdframe.Decode(out, src); err != nil {
		return nil, err
	}
	return out, nil
}
