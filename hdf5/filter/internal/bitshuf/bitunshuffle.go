package bitshuf

// BitUnshuffle undoes the bit shuffle of the leading elements of size bytes
// whose count is a multiple of 8. The bytes behind them are copied. dst and src
// are equally long and don't overlap; size is positive.
func BitUnshuffle(dst, src []byte, size int) {
	n := len(src) / size &^ (lanes - 1)
	whole := n * size
	copy(dst[whole:len(src)], src[whole:])
	row := n / 8 // bytes of one row of bits
	wide := n &^ (wordElements - 1)
	var w words
	for i := 0; i < wide; {
		k := min(lineWords, (wide-i)/wordElements)
		w.undo(dst[i*size:], src[i/8:whole], row, size, k)
		i += k * wordElements
	}
	for i := wide; i < n; i += lanes {
		bitStep(dst[i*size:], src[i/8:whole], row, size)
	}
}

const (
	wordElements = 64 // elements that one word of a row holds a bit of
	lineWords    = 8  // words of one cache line
)

// words are planes of bytes: of word t of the rows, byte plane q, elements
// modulo 8, of which byte g belongs to element 8g+k. A line of each row is
// taken whole, since rows of blocks whose length is a power of two push one
// another out of the cache.
type words [lineWords][lanes][lanes]uint64

// undo undoes the bit shuffle of count words of each row.
func (w *words) undo(dst, src []byte, row, size, count int) {
	for j := 0; j < size; {
		group := 8
		for group > size-j {
			group /= 2
		}
		for q := range group {
			for t := range count {
				loadBits(&w[t][q], src[(j+q)*8*row+t*lineWords:], row)
			}
		}
		for t := range count {
			store(dst[t*wordElements*size+j:], size, group, &w[t])
		}
		j += group
	}
}

// store writes group planes of bytes of 64 elements.
func store(dst []byte, size, group int, p *[lanes][lanes]uint64) {
	stride := lanes * size
	for k := range lanes {
		out := dst[k*size:]
		switch group {
		case 8:
			store8(out, stride, p[0][k], p[1][k], p[2][k], p[3][k], p[4][k], p[5][k], p[6][k], p[7][k])
		case 4:
			store4(out, stride, p[0][k], p[1][k], p[2][k], p[3][k])
		case 2:
			store2(out, stride, p[0][k], p[1][k])
		default:
			store1(out, stride, p[0][k])
		}
	}
}

// loadBits takes a word from each of the 8 rows of one plane of bytes and gives
// the plane.
func loadBits(w *[lanes]uint64, src []byte, row int) {
	a, b, c, d, e, f, g, h := load8(src, row)
	w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7] = transposeBits8(a, b, c, d, e, f, g, h)
}

// bitStep undoes 8 elements: the next byte of each row.
func bitStep(dst, src []byte, row, size int) {
	for j := 0; j < size; j++ {
		var x uint64
		for b := 0; b < 8; b++ {
			x |= uint64(src[(8*j+b)*row]) << (8 * b)
		}
		store1(dst[j:], size, transposeBitsWord(x))
	}
}
