// Package blosclz compresses and decodes streams of BloscLZ, the codec of Blosc
// that descends from FastLZ level 2 (source: c-blosc and c-blosc2,
// blosc/blosclz.c; format version 1, the only one). It holds no state and is
// safe for concurrent use.
//
// A stream is a row of instructions; the first byte of each tells its kind:
//
//	000lllll                       l+1 literal bytes follow
//	lllooooo oooooooo              match of l+2 bytes (l < 7), o+1 back
//	111ooooo llllllll… oooooooo    match of 9 + the sum of the length bytes, which end at one below 255
//	lll11111 (…) 11111111 hi lo    match 8192 + hi·256 + lo back
//
// The first instruction is always one of literals: its upper bits carry a mark.
package blosclz

import (
	"gables/hdf5/filter/internal/lz77"
	"gables/hdf5/h5err"
)

const (
	minMatch    = 2
	maxNear     = 8191 // greatest distance of the short form
	lengthMore  = 6    // length of the short form that goes on in further bytes, minus 1
	literalMask = 31
	step        = 16
)

// Decode decodes the stream src into exactly dst, which must not overlap src.
// Bytes that break the format, or that give more or fewer than len(dst) bytes,
// give ErrCorrupt; dst then holds anything.
func Decode(dst, src []byte) error {
	if len(src) == 0 {
		return corrupt("empty stream")
	}
	s, d := 1, 0
	ctrl := int(src[0]) & literalMask
	for {
		if ctrl <= literalMask {
			n := ctrl + 1
			if n > len(src)-s || n > len(dst)-d {
				return corrupt("literals of %d bytes: %d remain, %d wanted", n, len(src)-s, len(dst)-d)
			}
			if s+2*step <= len(src) && d+2*step <= len(dst) {
				// Moving the greatest length beats moving the exact one.
				*(*[2 * step]byte)(dst[d:]) = *(*[2 * step]byte)(src[s:])
			} else {
				copy(dst[d:d+n], src[s:s+n])
			}
			s += n
			d += n
		} else {
			var n, back int
			if n, back, s = match(src, s, ctrl); s < 0 {
				return corrupt("match is cut off")
			}
			if n > len(dst)-d || back > d {
				return corrupt("match of %d bytes, %d back at byte %d of %d", n, back, d, len(dst))
			}
			if back >= step && n <= step && d+step <= len(dst) {
				*(*[step]byte)(dst[d:]) = *(*[step]byte)(dst[d-back:])
				d += n
			} else {
				d = lz77.Copy(dst, d, back, n)
			}
		}
		if s >= len(src) {
			break
		}
		ctrl = int(src[s])
		s++
	}
	if d != len(dst) {
		return corrupt("%d bytes decoded, %d wanted", d, len(dst))
	}
	return nil
}

// match reads the rest of a match instruction at s: its length, its distance
// and the position behind it, which is negative when src ends first.
func match(src []byte, s, ctrl int) (n, back, next int) {
	n = ctrl>>5 - 1
	high := ctrl & literalMask << 8
	if n == lengthMore {
		for {
			if s >= len(src) || n > 1<<30 {
				return 0, 0, -1
			}
			b := src[s]
			s++
			n += int(b)
			if b != 255 {
				break
			}
		}
	}
	if s >= len(src) {
		return 0, 0, -1
	}
	low := int(src[s])
	s++
	back = high + low + 1
	if low == 255 && high == literalMask<<8 {
		if s+2 > len(src) {
			return 0, 0, -1
		}
		back = int(src[s])<<8 + int(src[s+1]) + maxNear + 1
		s += 2
	}
	return n + minMatch + 1, back, s
}

func corrupt(format string, args ...any) error {
	return h5err.Corrupt("BloscLZ stream", "", format, args...)
}
