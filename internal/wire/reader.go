// Package wire reads the little-endian fields of which HDF5's records are
// made, never past the end of the bytes it was given. It does no I/O. A Reader
// belongs to one goroutine.
package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"gables/hdf5/h5err"
)

// Address is a position in the file, relative to the base address.
type Address uint64

// Undefined is the address of something that has not been allocated: all ones
// in whatever width the file stores (Spec: I.A).
const Undefined = ^Address(0)

// Defined tells whether a points anywhere.
func (a Address) Defined() bool { return a != Undefined }

// Sizes are the widths in bytes (2, 4 or 8) of addresses and of lengths, from
// the superblock.
type Sizes struct {
	Offset int // "size of offsets"
	Length int // "size of lengths"
}

// Reader takes fields from a bounded slice. The first field that does not fit
// sets Err and every later one reads as zero, so a decoder checks Err once.
type Reader struct {
	buf   []byte
	pos   int
	err   error
	sizes Sizes
}

// NewReader reads b with the widths of the file that b is from.
func NewReader(b []byte, s Sizes) *Reader { return &Reader{buf: b, sizes: s} }

// Err gives the first failure: ErrCorrupt, as a record is shorter than its fields.
func (r *Reader) Err() error { return r.err }

// Sizes gives the widths of addresses and lengths.
func (r *Reader) Sizes() Sizes { return r.sizes }

// Pos is the offset of the next byte.
func (r *Reader) Pos() int { return r.pos }

// Len is how many bytes remain.
func (r *Reader) Len() int { return len(r.buf) - r.pos }

// Fail sets the error unless one is set.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// take gives the next n bytes, or nil after a failure.
func (r *Reader) take(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n < 0 || n > len(r.buf)-r.pos {
		r.err = fmt.Errorf("record ends at byte %d of the %d it needs: %w", len(r.buf), r.pos+n, h5err.ErrCorrupt)
		return nil
	}
	b := r.buf[r.pos : r.pos+n : r.pos+n]
	r.pos += n
	return b
}

// U8 reads one byte.
func (r *Reader) U8() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

// U16 reads two bytes.
func (r *Reader) U16() uint16 {
	if b := r.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// U32 reads four bytes.
func (r *Reader) U32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// U64 reads eight bytes.
func (r *Reader) U64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Uint reads an unsigned integer of n bytes, 0 ≤ n ≤ 8.
func (r *Reader) Uint(n int) uint64 {
	if n > 8 {
		r.Fail(fmt.Errorf("integer of %d bytes: %w", n, h5err.ErrCorrupt))
		return 0
	}
	return Uint(r.take(n))
}

// Uint is the little-endian value of at most 8 bytes.
func Uint(b []byte) uint64 {
	var v uint64
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

// Address reads a file address; all ones gives Undefined whatever the width.
func (r *Reader) Address() Address {
	n := r.sizes.Offset
	v := r.Uint(n)
	if n < 8 && v == 1<<(8*n)-1 {
		return Undefined
	}
	return Address(v)
}

// Length reads a length; all ones in a narrow width gives all ones in 64 bits,
// which is how "unlimited" and "undefined" are told.
func (r *Reader) Length() uint64 {
	n := r.sizes.Length
	v := r.Uint(n)
	if n < 8 && v == 1<<(8*n)-1 {
		return ^uint64(0)
	}
	return v
}

// Bytes gives the next n bytes without copying; nil after a failure.
func (r *Reader) Bytes(n int) []byte { return r.take(n) }

// Skip passes over n bytes.
func (r *Reader) Skip(n int) { r.take(n) }

// Rest gives all remaining bytes without copying.
func (r *Reader) Rest() []byte { return r.take(r.Len()) }

// CString reads up to a NUL, which it consumes.
func (r *Reader) CString() string {
	if r.err != nil {
		return ""
	}
	i := bytes.IndexByte(r.buf[r.pos:], 0)
	if i < 0 {
		r.err = fmt.Errorf("string without its terminating NUL: %w", h5err.ErrCorrupt)
		return ""
	}
	s := string(r.buf[r.pos : r.pos+i])
	r.pos += i + 1
	return s
}

// Signature fails with ErrCorrupt unless the next bytes are sig.
func (r *Reader) Signature(sig string) {
	if b := r.take(len(sig)); b != nil && string(b) != sig {
		r.err = h5err.Corrupt("", "signature", "got %q, want %q", b, sig)
	}
}
