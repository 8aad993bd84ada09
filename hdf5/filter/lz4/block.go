package lz4

import (
	"encoding/binary"

	"gables/hdf5/h5err"
)

// MaxRatio is more output bytes than one input byte of a block can stand for.
const MaxRatio = 255

const (
	blockStructure = "LZ4 block"
	minMatch       = 4  // a match length of 0 stands for this
	extended       = 15 // a length of 15 goes on in the following bytes
)

// DecodeBlock decodes the one LZ4 block src, which must fill dst exactly;
// ErrCorrupt otherwise. The two must not overlap. A block is a row of
// sequences: token (literals<<4 | match), literals, two bytes of distance; the
// last one ends with its literals.
func DecodeBlock(dst, src []byte) error {
	si, di := 0, 0
	for si < len(src) {
		token := int(src[si])
		si++
		n := token >> 4
		// Copies of fixed length compile to plain moves; what is too much gets overwritten.
		if n < extended && len(src)-si >= 18 && len(dst)-di >= 16 {
			*(*[16]byte)(dst[di:]) = *(*[16]byte)(src[si:])
			si += n
			di += n
		} else {
			if n == extended {
				n, si = extend(src, si, len(dst))
			}
			if n > len(src)-si || n > len(dst)-di {
				return badBlock("literals", si, di)
			}
			copy(dst[di:di+n], src[si:])
			si += n
			di += n
			if si == len(src) && di == len(dst) {
				return nil
			}
			if len(src)-si < 2 {
				return badBlock("distance", si, di)
			}
		}
		back := int(binary.LittleEndian.Uint16(src[si:]))
		si += 2
		if back-1 < 0 || back > di {
			return badBlock("distance", si, di)
		}
		n = token & 15
		if n < extended && back >= 8 && len(dst)-di >= 24 {
			near := dst[di-back : di+24]
			*(*[8]byte)(near[back:]) = *(*[8]byte)(near)
			*(*[8]byte)(near[back+8:]) = *(*[8]byte)(near[8:])
			*(*[8]byte)(near[back+16:]) = *(*[8]byte)(near[16:])
			di += n + minMatch
			continue
		}
		if n == extended {
			n, si = extend(src, si, len(dst))
		}
		n += minMatch
		if n > len(dst)-di {
			return badBlock("match", si, di)
		}
		repeat(dst[di-back:di+n], back)
		di += n
	}
	return badBlock("token", si, di)
}

// extend reads the rest of a length of 15: bytes are added until one is not
// 255. The sum stops growing past limit, which callers refuse; so does it where
// src ends.
func extend(src []byte, si, limit int) (n, next int) {
	n = extended
	for si < len(src) && n <= limit {
		b := src[si]
		si++
		n += int(b)
		if b != 255 {
			return n, si
		}
	}
	return limit + 1, si
}

// repeat fills b from the period in its first bytes.
func repeat(b []byte, period int) {
	for n := period; n < len(b); {
		n += copy(b[n:], b[:n])
	}
}

func badBlock(field string, si, di int) error {
	return h5err.Corrupt(blockStructure, field, "leaves the block at input byte %d or output byte %d", si, di)
}
