package shuffle

import "encoding/binary"

// The kernels take eight elements a round and transpose their bytes within
// 64-bit words, which is several times as fast as moving single bytes. Words
// are read and written little-endian, so that any machine gives the same.

const (
	mask8  = 0x00ff00ff00ff00ff
	mask16 = 0x0000ffff0000ffff
	mask32 = 0x00000000ffffffff
)

// swap8, swap16 and swap32 exchange the odd lanes of a with the even ones of b.
func swap8(a, b uint64) (uint64, uint64) {
	t := (a>>8 ^ b) & mask8
	return a ^ t<<8, b ^ t
}

func swap16(a, b uint64) (uint64, uint64) {
	t := (a>>16 ^ b) & mask16
	return a ^ t<<16, b ^ t
}

func swap32(a, b uint64) (uint64, uint64) {
	t := (a>>32 ^ b) & mask32
	return a ^ t<<32, b ^ t
}

func load(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i : i+8]) }

func store(b []byte, i int, v uint64) { binary.LittleEndian.PutUint64(b[i:i+8], v) }

// span is a rectangle to move: the planes first and following of the elements
// from ≤ i < to, out of n elements of size bytes. A plane is one byte position
// of all elements.
type span struct {
	n, size  int
	first    int
	from, to int
}

// plane is the part of plane k of the span.
func (s span) plane(shuffled []byte, k int) []byte {
	at := (s.first + k) * s.n
	return shuffled[at+s.from : at+s.to]
}

// blockBytes is how much of the elements' side is moved before the next group
// of planes: it stays in the first-level cache meanwhile.
const blockBytes = 8192

// eachSpan covers elements of size bytes, not 1 or 2, with groups of eight or
// four planes; the last group of an odd size overlaps the one before it.
func eachSpan(n, size int, eight, four func(span), one func(s span, planes int)) {
	block := max(8, blockBytes/size&^7)
	for from := 0; from < n; from += block {
		s := span{n: n, size: size, from: from, to: min(n, from+block)}
		whole := s
		whole.to = s.from + (s.to-s.from)&^7
		for k := 0; k < size; {
			left := size - k
			switch {
			case left > 4 && size >= 8:
				whole.first = min(k, size-8)
				eight(whole)
				k += 8
			case size >= 4:
				whole.first = min(k, size-4)
				four(whole)
				k += 4
			default:
				one(s, size)
				k, whole.to = size, s.to
			}
		}
		s.from = whole.to
		one(s, size)
	}
}
