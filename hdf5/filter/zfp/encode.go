package zfp

import (
	"math/bits"

	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

var _ filter.Encoder = codec{}

// Local turns what Rate and the like give into the client data for d, as
// ClientData does. Big-endian types get the words that a big-endian machine
// stores, from which every reader gets values of that order.
func (codec) Local(values []uint32, d filter.Described) ([]uint32, error) {
	t, err := typeOf(d.Type)
	if err != nil {
		return nil, err
	}
	words, err := ClientData(t, d.Chunk, values)
	if err == nil && d.Type.Order == datatype.BigEndian {
		for i, w := range words[1:] {
			words[i+1] = bits.ReverseBytes32(w)
		}
	}
	return words, err
}

// typeOf is the type as which zfp codes values of d: integers of 4 and 8 bytes,
// unsigned ones as if signed, and floats of IEEE 754.
func typeOf(d *datatype.Datatype) (Type, error) {
	t := Int32
	switch {
	case d.Size == 8:
		t = Int64
	case d.Size != 4:
		return 0, h5err.Unsupported("ZFP filter", "datatype", "%d bytes, want 4 or 8", d.Size)
	}
	switch {
	case d.Order == datatype.VAX:
	case d.Class == datatype.Integer:
		return t, nil
	case d.Class == datatype.Float && isIEEE(d):
		return t + Float32, nil
	}
	return 0, h5err.Unsupported("ZFP filter", "datatype", "neither integer nor IEEE 754")
}

// isIEEE tells whether d's bits are those of a binary32 or binary64.
func isIEEE(d *datatype.Datatype) bool {
	expSize, width := 8, 8*d.Size
	if d.Size == 8 {
		expSize = 11
	}
	mant := width - 1 - expSize
	return d.Precision == width && d.BitOffset == 0 && d.SignPos == width-1 && d.ExpPos == mant && d.ExpSize == expSize &&
		d.MantPos == 0 && d.MantSize == mant && d.Bias == 1<<(expSize-1)-1
}

// Encode is the package's Encode with c's client data, as filter.Encoder says.
// A chunk is stored even where it grows.
func (codec) Encode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	return Encode(dst, src, c.Values)
}
