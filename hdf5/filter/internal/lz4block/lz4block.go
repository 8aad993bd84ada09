// Package lz4block compresses and decodes blocks of the LZ4 format (LZ4 Block Format
// Description, github.com/lz4/lz4, doc/lz4_Block_format.md), without the frame
// around them. It holds no state and is safe for concurrent use.
package lz4block

import (
	"encoding/binary"
	"unsafe"

	"gables/hdf5/filter/internal/lz77"
	"gables/hdf5/h5err"
)

// MaxRatio is more output bytes than one input byte can stand for.
const MaxRatio = 255

const (
	minMatch = 4
	nibble   = 15 // a length of 15 in the token goes on in the bytes behind it
	step     = 16 // bytes moved at once where both buffers have room
	half     = step / 2
)

// Decode decodes the block src into exactly dst. dict, which may be empty, is
// what stood before dst: matches may reach into its end. dst must not overlap
// src or dict. Bytes that break the format, or that give more or fewer than
// len(dst) bytes, give ErrCorrupt; dst then holds anything.
func Decode(dst, src, dict []byte) error {
	s, d := 0, 0
	for {
		s, d = short(dst, src, s, d)
		if s >= len(src) {
			return corrupt("no token at byte %d", s)
		}
		token := int(src[s])
		s++
		lit := token >> 4
		if lit == nibble {
			if lit, s = length(src, s); s < 0 {
				return corrupt("endless literal length")
			}
		}
		if lit > len(src)-s || lit > len(dst)-d {
			return corrupt("literals of %d bytes: %d remain, %d wanted", lit, len(src)-s, len(dst)-d)
		}
		copy(dst[d:d+lit], src[s:s+lit])
		s += lit
		d += lit
		if s == len(src) {
			break // the last sequence has no match
		}
		if s+2 > len(src) {
			return corrupt("match without offset")
		}
		offset := int(binary.LittleEndian.Uint16(src[s:]))
		s += 2
		match := token & nibble
		if match == nibble {
			if match, s = length(src, s); s < 0 {
				return corrupt("endless match length")
			}
		}
		match += minMatch
		if offset == 0 || match > len(dst)-d || offset > d+len(dict) {
			return corrupt("match of %d bytes, %d back at byte %d of %d", match, offset, d, len(dst))
		}
		d = repeat(dst, dict, d, offset, match)
	}
	if d != len(dst) {
		return corrupt("%d bytes decoded, %d wanted", d, len(dst))
	}
	return nil
}

// short decodes sequences whose lengths fit the token and whose match is at
// least 8 back, as far as there is room to move whole words, and gives the
// positions of the first other sequence. Without the bounds checks that it
// makes needless, such data decodes five times as fast.
func short(dst, src []byte, s, d int) (int, int) {
	pd, ps := unsafe.Pointer(unsafe.SliceData(dst)), unsafe.Pointer(unsafe.SliceData(src))
	// A sequence reads at most a token, 16 bytes and an offset, which begins
	// inside those 16, and writes at most 14 + 24 bytes.
	lastS, lastD := len(src)-step-2, len(dst)-nibble-3*half
	for s <= lastS && d <= lastD {
		token := int(*(*byte)(unsafe.Add(ps, s)))
		lit := token >> 4
		if lit == nibble || token&nibble == nibble {
			break
		}
		at := s + 1 + lit
		low := (*[2]byte)(unsafe.Add(ps, at))
		offset := int(low[0]) | int(low[1])<<8
		if offset < half || offset > d+lit {
			break
		}
		*(*[step]byte)(unsafe.Add(pd, d)) = *(*[step]byte)(unsafe.Add(ps, s+1))
		d += lit
		to, from := unsafe.Add(pd, d), unsafe.Add(pd, d-offset)
		*(*[half]byte)(to) = *(*[half]byte)(from)
		*(*[half]byte)(unsafe.Add(to, half)) = *(*[half]byte)(unsafe.Add(from, half))
		*(*[half]byte)(unsafe.Add(to, 2*half)) = *(*[half]byte)(unsafe.Add(from, 2*half))
		d += token&nibble + minMatch
		s = at + 2
	}
	return s, d
}

// length reads the rest, at s, of a length whose nibble is full; the position
// is negative when src ends first or the length passes what fits an int32.
func length(src []byte, s int) (int, int) {
	n := nibble
	for s < len(src) && n < 1<<30 {
		b := src[s]
		s++
		n += int(b)
		if b != 255 {
			return n, s
		}
	}
	return 0, -1
}

// repeat copies n bytes from offset before dst[d], first from the end of dict,
// and gives the position behind them. The lengths were checked.
func repeat(dst, dict []byte, d, offset, n int) int {
	if offset > d {
		from := len(dict) - (offset - d)
		k := copy(dst[d:d+n], dict[from:])
		d += k
		if n -= k; n == 0 {
			return d
		}
	}
	return lz77.Copy(dst, d, offset, n)
}

func corrupt(format string, args ...any) error {
	return h5err.Corrupt("LZ4 block", "", format, args...)
}
