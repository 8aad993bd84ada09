package bloscchunk

import (
	"encoding/binary"
)

// checkSpecial checks a chunk that has one value for all elements.
func (c *Chunk) checkSpecial() error {
	value := c.cbytes - c.size
	switch c.Special {
	case Zeros, Uninitialised:
		return nil
	case NaNs:
		return checkNaN(c.TypeSize, c.NBytes)
	case Repeated:
		// The value's own length counts: element sizes may pass the header's byte.
		if value == 0 || c.NBytes%value != 0 {
			return corrupt("special value", "%d bytes repeated in %d", value, c.NBytes)
		}
		return nil
	}
	return unsupported("special value", "kind %d", c.Special)
}

// Fill writes the value of a special chunk all over dst: its one value for any
// number of elements. Regular chunks give ErrUnsupported.
func (c *Chunk) Fill(dst []byte) error {
	if c.Special == Repeated {
		return repeat(dst, c.src[c.size:])
	}
	return Fill(dst, c.Special, c.TypeSize)
}

// Fill writes zeros, or NaNs of size bytes, all over dst. Bytes that were never
// initialised become zeros. Other kinds give ErrUnsupported, NaNs of a length
// that no float has ErrCorrupt.
func Fill(dst []byte, kind Special, size int) error {
	switch kind {
	case Zeros, Uninitialised:
		clear(dst)
		return nil
	case NaNs:
		if err := checkNaN(size, len(dst)); err != nil {
			return err
		}
		// The quiet NaN of C's nan("").
		var nan [8]byte
		if size == 4 {
			binary.LittleEndian.PutUint32(nan[:], 0x7fc00000)
		} else {
			binary.LittleEndian.PutUint64(nan[:], 0x7ff8000000000000)
		}
		return repeat(dst, nan[:size])
	}
	return unsupported("special value", "kind %d", kind)
}

// checkNaN tells whether n bytes can hold NaNs of size bytes.
func checkNaN(size, n int) error {
	if size != 4 && size != 8 || n%size != 0 {
		return corrupt("special value", "NaNs of %d bytes in %d", size, n)
	}
	return nil
}

// repeat fills dst with copies of value.
func repeat(dst, value []byte) error {
	if len(value) == 0 || len(dst)%len(value) != 0 {
		return corrupt("special value", "%d bytes repeated in %d", len(value), len(dst))
	}
	for n := copy(dst, value); n < len(dst); n *= 2 {
		copy(dst[n:], dst[:n])
	}
	return nil
}
