package zfp

import (
	"encoding/binary"
	"math/bits"
)

// The stream's first bit is the lowest of its first byte. Positions count bits
// in 64 bits, as a chunk of 512 MiB and more overflows 32.

// peekBits is how many bits peek gives at least.
const peekBits = 57

// peek gives the bits from pos on, the next one lowest. All of p's bits but the
// last 64 can be had, so what is read is padded by that much; then it gives 0.
// A call at the end of p in place of padding would keep it from being inlined.
func peek(p []byte, pos uint64) uint64 {
	if i := pos >> 3; i+8 <= uint64(len(p)) {
		return binary.LittleEndian.Uint64(p[i:]) >> (pos & 7)
	}
	return 0
}

// peekFull gives all of the n bits from pos on, n up to 64.
func peekFull(p []byte, pos uint64, n uint) uint64 {
	v := peek(p, pos)
	if n > peekBits {
		const low = 1<<56 - 1
		v = v&low | peek(p, pos+56)<<56
	}
	return v & (1<<n - 1)
}

// zeroRun counts the zero bits from pos on before the first one bit, up to limit.
func zeroRun(p []byte, pos uint64, limit uint) uint {
	for done := uint(0); done < limit; done += peekBits {
		if v := peek(p, pos+uint64(done)); v != 0 {
			return min(done+uint(bits.TrailingZeros64(v)), limit)
		}
	}
	return limit
}

// bitReader reads small fields one after the other.
type bitReader struct {
	data []byte // with 8 bytes of padding
	pos  uint64
}

// read gives the next n bits, n up to 64.
func (r *bitReader) read(n uint) uint64 {
	v := peekFull(r.data, r.pos, n)
	r.pos += uint64(n)
	return v
}

// overrun says that bits of the padding were taken.
func (r *bitReader) overrun() bool { return r.pos+64 > uint64(len(r.data))*8 }
