package szip

import (
	"encoding/binary"
	"math/bits"
)

// bitReader takes bits from src, most significant first. acc holds the next
// bits at its top, of which n are accounted for; those below are either zero or
// what src really has there, so that refill may or them in again.
type bitReader struct {
	src []byte
	pos int // next byte of src that is not accounted for in n
	acc uint64
	n   uint
}

// refill brings n to 57 or more unless src ends before.
func (r *bitReader) refill() {
	if r.pos+8 <= len(r.src) {
		r.acc |= binary.BigEndian.Uint64(r.src[r.pos:]) >> r.n
		take := (64 - r.n) >> 3
		r.pos += int(take)
		r.n += take << 3
		return
	}
	for r.n <= 56 && r.pos < len(r.src) {
		r.acc |= uint64(r.src[r.pos]) << (56 - r.n)
		r.pos++
		r.n += 8
	}
}

// take gives the next count bits, at most 32; false at the end of src.
func (r *bitReader) take(count uint) (uint32, bool) {
	if r.n < count {
		if r.refill(); r.n < count {
			return 0, false
		}
	}
	v := r.acc >> (64 - count)
	r.acc <<= count
	r.n -= count
	return uint32(v), true
}

// zeros counts the 0 bits before the next 1 bit and takes them all, a
// fundamental sequence; false at the end of src.
func (r *bitReader) zeros() (uint64, bool) {
	var count uint64
	for {
		if z := uint(bits.LeadingZeros64(r.acc)); z < r.n {
			r.acc = r.acc << z << 1
			r.n -= z + 1
			return count + uint64(z), true
		}
		count += uint64(r.n)
		r.acc, r.n = 0, 0
		if r.refill(); r.n == 0 {
			return 0, false
		}
	}
}
