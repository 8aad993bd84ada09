// Package zfp is HDF5's ZFP filter (32013, as the H5Z-ZFP plugin writes it):
// floats and integers of 32 and 64 bits in 1 to 4 dimensions, cut into blocks
// of 4 values a side that are coded one bit plane after the other. All modes
// of codec version 5 (zfp 0.5 to 1.0) are known: fixed rate, precision and
// accuracy, expert, reversible. Values are those of the C library, bit for bit.
// It opens no file; everything here is safe for any number of goroutines.
//
// Encode and ClientData are the way back, with the same bytes as the C library.
//
// Sources: P. Lindstrom, Fixed-Rate Compressed Floating-Point Arrays (IEEE TVCG
// 20, 2014), the zfp 1.0 manual (algorithm, bit stream) and the H5Z-ZFP manual.
package zfp

import (
	"slices"

	"gables/hdf5/filter"
)

const structure = "ZFP chunk"

type codec struct{}

// New gives the ZFP filter. Its Decode returns ErrCorrupt for client data or a
// stream that breaks a rule, ErrUnsupported for another codec version and
// ErrLimit for more than the chunk may hold.
func New() filter.Filter { return codec{} }

func (codec) ID() filter.ID { return filter.ZFP }

func (codec) Name() string { return "zfp" }

func (codec) Decode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	h, err := parseValues(c.Values)
	if err != nil {
		return nil, err
	}
	if err := c.Check(structure, h.bytes()); err != nil {
		return nil, err
	}
	if err := h.checkStream(len(src)); err != nil {
		return nil, err
	}
	if dst, err = c.Room(dst, structure, h.bytes()); err != nil {
		return nil, err
	}
	if h.kind.wide() {
		err = decodeField[int64](dst, src, h)
	} else {
		err = decodeField[int32](dst, src, h)
	}
	if err != nil {
		return nil, err
	}
	if h.bigEndian {
		swapBytes(dst, h.kind.size())
	}
	return dst, nil
}

// swapBytes turns around each element of size 4 or 8: the plugin gives data of
// the writer's byte order, which HDF5 then converts by the dataset's datatype.
func swapBytes(p []byte, size int) {
	for ; len(p) >= size; p = p[size:] {
		slices.Reverse(p[:size])
	}
}
