// Package bitshuf applies and undoes the bit transposition that compressors put
// before their codec: bit b of byte j of element i lies at bit i of row 8j+b,
// bits counted from the lowest (Masui et al. 2015,
// doi:10.1016/j.ascom.2015.07.002). The functions keep no state and are safe for
// concurrent use.
package bitshuf

// Multiple is how many elements are transposed together; those behind the last
// such group stay as they are.
const Multiple = 8

// Unshuffle undoes the bit shuffle of the leading elements of size bytes whose
// count is a multiple of 8. The bytes behind them are copied. dst and src are
// of one length and don't overlap; it panics where dst is shorter than src or
// size is not positive.
func Unshuffle(dst, src []byte, size int) { move(dst, src, size, false) }

// Shuffle applies the bit shuffle that Unshuffle undoes, under the same terms.
func Shuffle(dst, src []byte, size int) { move(dst, src, size, true) }

// move moves all bytes: rows too short for a word by single steps, others by
// groups of planes. Calls of a function value would bring words to the heap.
func move(dst, src []byte, size int, apply bool) {
	dst = dst[:len(src)]
	row := len(src) / size / Multiple // bytes
	whole := row * Multiple * size
	copy(dst[whole:], src[whole:])
	dst, src = dst[:whole], src[:whole]
	if row < wordBytes {
		for i := range row {
			if apply {
				step(dst, src, i, row, size)
			} else {
				unstep(dst, src, i, row, size)
			}
		}
		return
	}
	g := group{planes: size, row: row, size: size, step: wordBytes}
	if size%8 == 0 || size > mostWords/8 {
		g.planes, g.step = 8, size
	}
	line := min(mostLine, mostWords/(8*g.planes))
	var words [mostWords]uint64
	for at := 0; at < row; {
		// The last word of a row again, where it is cut: cheaper than single steps.
		at = min(at, row-wordBytes)
		count := min(line, (row-at)/wordBytes)
		for j := 0; j < size; j += g.planes {
			if first := min(j, size-g.planes); apply {
				g.apply(dst, src, at, first, words[:], count)
			} else {
				g.undo(dst, src, at, first, words[:], count)
			}
		}
		at += count * wordBytes
	}
}

const (
	wordBytes = 8
	mostLine  = 8      // words of one cache line
	mostWords = 64 * 8 // of scratch: a line of 8 planes
)

// group is some planes of bytes: all, or 8, of the size bytes of an element. A
// line of each row is taken at once, since rows of blocks whose length is a
// power of two push one another out of the cache.
type group struct {
	planes int
	row    int // bytes of a row
	size   int
	step   int // bytes from one word of 8 elements to the next
}

// undo undoes count words of each row, which stand for 64·count elements. at is
// the first byte of the row, first the first plane.
func (g group) undo(dst, src []byte, at, first int, words []uint64, count int) {
	src, dst = src[first*8*g.row+at:], dst[at*8*g.size+first:]
	for q := range g.planes {
		g.bits(words[q:], src[q*8*g.row:], count)
	}
	for t := range count {
		g.bytes(dst[t*64*g.size:], words[t*8*g.planes:(t+1)*8*g.planes])
	}
}

// apply is the reverse of undo.
func (g group) apply(dst, src []byte, at, first int, words []uint64, count int) {
	dst, src = dst[first*8*g.row+at:], src[at*8*g.size+first:]
	for t := range count {
		g.unbytes(words[t*8*g.planes:(t+1)*8*g.planes], src[t*64*g.size:])
	}
	for q := range g.planes {
		g.unbits(dst[q*8*g.row:], words[q:], count)
	}
}
