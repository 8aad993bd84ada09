package lz4block

import (
	"unsafe"

	"gables/hdf5/filter/internal/lz77"
)

const (
	// lastLiterals is how many bytes at the end of a block are always literals,
	// and matchMargin how far before the end the last match may begin.
	lastLiterals = 5
	matchMargin  = 12
	maxOffset    = 65535

	hashLog   = 12
	skipShift = 6 // attempts at one pace, as a power of two
)

// Bound is the most bytes that n bytes compress to.
func Bound(n int) int { return n + n/255 + 16 }

// Compress compresses src to one block in dst, which must not overlap it, and
// gives the part of dst that it takes; nil where it does not fit len(dst). An
// acceleration above 1 looks at fewer places: faster, and less dense.
func Compress(dst, src []byte, acceleration int) []byte {
	w := writer{dst: dst, src: src}
	if len(src) > matchMargin && !w.fast(max(1, acceleration)) {
		return nil
	}
	if !w.literals() {
		return nil
	}
	return dst[:w.d]
}

// fast compresses all but the last literals with a table of the places where
// each hash of five bytes was last seen.
func (w *writer) fast(acceleration int) bool {
	var table [1 << hashLog]uint32
	p := unsafe.Pointer(unsafe.SliceData(w.src))
	limit, pace := len(w.src)-matchMargin, acceleration<<skipShift
	for s := 1; ; {
		ref := 0
		for count := pace; ; {
			v := lz77.Load64(p, s)
			h := hash5(v)
			ref = int(table[h])
			table[h] = uint32(s)
			if uint32(v) == lz77.Load32(p, ref) && s-ref <= maxOffset {
				break
			}
			s += count >> skipShift
			count++
			if s > limit {
				return true
			}
		}
		for s > w.anchor && ref > 0 && lz77.Byte(p, s-1) == lz77.Byte(p, ref-1) {
			s--
			ref--
		}
		for {
			n := w.matchLength(s+minMatch, ref+minMatch) + minMatch
			if !w.sequence(s, s-ref, n) {
				return false
			}
			s += n
			if s > limit {
				return true
			}
			table[hash5(lz77.Load64(p, s-2))] = uint32(s - 2)
			v := lz77.Load64(p, s)
			h := hash5(v)
			ref = int(table[h])
			table[h] = uint32(s)
			if uint32(v) != lz77.Load32(p, ref) || s-ref > maxOffset {
				break
			}
		}
		s++
		if s > limit {
			return true
		}
	}
}

// writer writes sequences.
type writer struct {
	dst, src []byte
	d        int // bytes written
	anchor   int // first byte of src that no sequence covers yet
}

// matchLength is how many bytes at s equal those at ref before it, the last
// literals left out.
func (w *writer) matchLength(s, ref int) int {
	return lz77.Match(unsafe.Pointer(unsafe.SliceData(w.src)), ref, s, len(w.src)-lastLiterals)
}

// sequence writes the literals before s and a match of n bytes, offset back,
// and tells whether they fit.
func (w *writer) sequence(s, offset, n int) bool {
	lit := s - w.anchor
	n -= minMatch
	// Token, offset and the lengths' further bytes.
	if w.d+lit+lit/255+n/255+5 > len(w.dst) {
		return false
	}
	d := w.d
	token := d
	d++
	if lit < nibble {
		w.dst[token] = byte(lit << 4)
		if w.anchor+step <= len(w.src) && d+step <= len(w.dst) {
			*(*[step]byte)(w.dst[d:]) = *(*[step]byte)(w.src[w.anchor:])
		} else {
			copy(w.dst[d:], w.src[w.anchor:s])
		}
	} else {
		w.dst[token] = nibble << 4
		d = putLength(w.dst, d, lit-nibble)
		copy(w.dst[d:], w.src[w.anchor:s])
	}
	d += lit
	w.dst[d], w.dst[d+1] = byte(offset), byte(offset>>8)
	d += 2
	w.anchor = s + n + minMatch
	if n < nibble {
		w.dst[token] |= byte(n)
	} else {
		w.dst[token] |= nibble
		d = putLength(w.dst, d, n-nibble)
	}
	w.d = d
	return true
}

// literals writes the last sequence, which has no match, and tells whether it
// fits.
func (w *writer) literals() bool {
	lit := len(w.src) - w.anchor
	more := 0
	if lit >= nibble {
		more = (lit-nibble)/255 + 1
	}
	if w.d+1+more+lit > len(w.dst) {
		return false
	}
	w.dst[w.d] = byte(min(lit, nibble) << 4)
	w.d++
	if more > 0 {
		w.d = putLength(w.dst, w.d, lit-nibble)
	}
	w.d += copy(w.dst[w.d:], w.src[w.anchor:])
	return true
}

// putLength writes what a nibble of 15 leaves of a length.
func putLength(dst []byte, d, n int) int {
	for ; n >= 255; n -= 255 {
		dst[d] = 255
		d++
	}
	dst[d] = byte(n)
	return d + 1
}

// hash5 hashes the low five bytes.
func hash5(v uint64) uint32 {
	return uint32(v << 24 * 0x9e3779b185ebca87 >> (64 - hashLog))
}
