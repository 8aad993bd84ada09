package blosclz

import (
	"unsafe"

	"gables/hdf5/filter/internal/lz77"
)

const (
	hashLog      = 13
	skipShift    = 5 // attempts at one pace, as a power of two
	margin       = 12
	lastLiterals = 5 // at the end: no match may be the last instruction
	leastNear    = 4 // bytes of a match that pays
	leastFar     = 6
	maxFar       = maxNear + 65535
	maxLiterals  = literalMask + 1 // of one instruction
	mark         = 1 << 5          // in the first instruction
)

// paces is how fast the search strides through data without matches, by level.
var paces = [10]int{8, 8, 6, 4, 3, 2, 1, 1, 1, 1}

// Compress compresses src to one stream in dst, which must not overlap it, and
// gives the part of dst that it takes; nil where it does not fit len(dst). The
// level goes from 1, the fastest, to 9.
func Compress(dst, src []byte, level int) []byte {
	if len(src) == 0 {
		return nil
	}
	w := writer{dst: dst, src: src}
	if len(src) > margin && !w.matches(paces[min(max(level, 0), 9)]) || !w.literals(len(src)) {
		return nil
	}
	dst[0] |= mark
	return dst[:w.d]
}

// writer writes instructions.
type writer struct {
	dst, src []byte
	d        int // bytes written
	anchor   int // first byte of src that no instruction covers yet
}

// matches compresses all but the last literals with a table of the places where
// each hash of five bytes was last seen.
func (w *writer) matches(pace int) bool {
	var table [1 << hashLog]uint32
	p := unsafe.Pointer(unsafe.SliceData(w.src))
	limit, end := len(w.src)-margin, len(w.src)-lastLiterals
	for s := 1; s <= limit; {
		ref := 0
		for count := pace << skipShift; ; {
			v := lz77.Load64(p, s)
			h := hash5(v)
			ref = int(table[h])
			table[h] = uint32(s)
			if uint32(v) == lz77.Load32(p, ref) && s-ref <= maxFar {
				break
			}
			s += count >> skipShift
			count++
			if s > limit {
				return true
			}
		}
		from := s
		s += leastNear + lz77.Match(p, ref+leastNear, s+leastNear, end)
		for from > w.anchor && ref > 0 && lz77.Byte(p, from-1) == lz77.Byte(p, ref-1) {
			from--
			ref--
		}
		if from-ref > maxNear && s-from < leastFar {
			s = from + 1 + (s-from)/2
			continue
		}
		if !w.literals(from) || !w.match(from-ref, s-from) {
			return false
		}
		if s <= limit {
			table[hash5(lz77.Load64(p, s-2))] = uint32(s - 2)
		}
	}
	return true
}

// literals writes the bytes before s and tells whether they fit.
func (w *writer) literals(s int) bool {
	n := s - w.anchor
	if w.d+n+(n+maxLiterals-1)/maxLiterals > len(w.dst) {
		return false
	}
	for n > 0 {
		k := min(n, maxLiterals)
		w.dst[w.d] = byte(k - 1)
		w.d++
		if w.d+maxLiterals <= len(w.dst) && w.anchor+maxLiterals <= len(w.src) {
			*(*[maxLiterals]byte)(w.dst[w.d:]) = *(*[maxLiterals]byte)(w.src[w.anchor:])
		} else {
			copy(w.dst[w.d:], w.src[w.anchor:w.anchor+k])
		}
		w.d += k
		w.anchor += k
		n -= k
	}
	return true
}

// match writes a match of n bytes and tells whether it fits.
func (w *writer) match(back, n int) bool {
	d, dst := w.d, w.dst
	if d+n/255+6 > len(dst) {
		return false
	}
	w.anchor += n
	n -= minMatch
	back--
	high, far := back>>8, 0
	if back >= maxNear {
		high, far = literalMask, back-maxNear
	}
	if n <= lengthMore {
		dst[d] = byte(n<<5 | high)
		d++
	} else {
		dst[d] = byte((lengthMore+1)<<5 | high)
		d++
		for n -= lengthMore + 1; n >= 255; n -= 255 {
			dst[d] = 255
			d++
		}
		dst[d] = byte(n)
		d++
	}
	if back < maxNear {
		dst[d] = byte(back)
		w.d = d + 1
		return true
	}
	dst[d], dst[d+1], dst[d+2] = 255, byte(far>>8), byte(far)
	w.d = d + 3
	return true
}

// hash5 hashes the low five bytes.
func hash5(v uint64) uint32 {
	return uint32(v << 24 * 0x9e3779b185ebca87 >> (64 - hashLog))
}
