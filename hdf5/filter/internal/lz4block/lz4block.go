// Package lz4block decodes blocks of the LZ4 format (LZ4 Block Format
// Description, github.com/lz4/lz4, doc/lz4_Block_format.md), without the frame
// around them. It holds no state and is safe for concurrent use.
package lz4block

import (
	"encoding/binary"
	"unsafe"

	"gables/hdf5/h5err"
)

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
	return Overlap(dst, d, offset, n)
}

// Overlap copies n bytes from offset before dst[d], where the copy may read
// what it wrote, and gives the position behind them. 1 ≤ offset ≤ d and
// d+n ≤ len(dst).
func Overlap(dst []byte, d, offset, n int) int {
	last, from := d+n, d-offset
	if offset >= step && n <= 4*step && last+step <= len(dst) {
		for ; d < last; d += step {
			*(*[step]byte)(dst[d:]) = *(*[step]byte)(dst[d-offset:])
		}
		return last
	}
	if offset < 2*step && last+half <= len(dst) {
		// Small pieces by words: copy's call costs more than they do.
		stop := last
		if n > longRun {
			stop = d + longRun - longRun%offset
		}
		if offset >= half {
			for ; d < stop; d += half {
				*(*[half]byte)(dst[d:]) = *(*[half]byte)(dst[d-offset:])
			}
		} else {
			word, period := pattern(dst[from:d])
			for ; d < stop; d += period {
				binary.LittleEndian.PutUint64(dst[d:], word)
			}
		}
		d = stop
	}
	// The part that repeats doubles with each round.
	for d < last {
		d += copy(dst[d:last], dst[from:d])
	}
	return last
}

// longRun is where doubling a run beats writing it by words.
const longRun = 128

// pattern repeats p, of less than 8 bytes, in a word, and tells how many bytes
// of the word are whole repetitions.
func pattern(p []byte) (word uint64, period int) {
	switch len(p) {
	case 1:
		return uint64(p[0]) * 0x0101010101010101, half
	case 2:
		return uint64(binary.LittleEndian.Uint16(p)) * 0x0001000100010001, half
	case 4:
		return uint64(binary.LittleEndian.Uint32(p)) * 0x0000000100000001, half
	}
	for i := half - 1; i >= 0; i-- {
		word = word<<8 | uint64(p[i%len(p)])
	}
	return word, half - half%len(p)
}

func corrupt(format string, args ...any) error {
	return h5err.Corrupt("LZ4 block", "", format, args...)
}
