package bitshuffle

import (
	"encoding/binary"
	"sync"
)

// Masks of the halves that the three steps of an 8×8 transpose exchange.
const (
	bits4  = 0x0f0f0f0f0f0f0f0f
	bits2  = 0x3333333333333333
	bits1  = 0x5555555555555555
	bytes4 = 0x00000000ffffffff
	bytes2 = 0x0000ffff0000ffff
	bytes1 = 0x00ff00ff00ff00ff
)

// stackElement is the largest element size whose words fit the stack array.
const stackElement = 16

// Untranspose undoes the bit transpose of one block of n elements, n a multiple
// of 8. src holds 8·elementSize rows of n bits, row 8·j+b with bit b of byte j
// of each element, first element in the lowest bit; dst gets the elements. Both
// have n·elementSize bytes and must not overlap; it panics where they differ or
// the count is no multiple of 8.
func Untranspose(dst, src []byte, elementSize int) {
	row := len(src) / (8 * elementSize) // bytes of a row; each is of 8 elements
	if len(dst) != len(src) || row*8*elementSize != len(src) {
		panic("bitshuffle: block is not 8 elements times a row")
	}
	if row < 8 {
		untransposeNarrow(dst, src, elementSize, row)
		return
	}
	var fixed [8 * stackElement]uint64
	words := fixed[:]
	if elementSize > stackElement {
		big := takeWords(8 * elementSize)
		defer wordPool.Put(big)
		words = *big
	}
	words = words[:8*elementSize]
	at := 0
	for ; at+8 <= row; at += 8 {
		untranspose64(dst[at*8*elementSize:], src[at:], elementSize, row, words)
	}
	if at < row {
		// The last 64 elements again: cheaper than a narrow step.
		at = row - 8
		untranspose64(dst[at*8*elementSize:], src[at:], elementSize, row, words)
	}
}

// untranspose64 does 64 elements: the first 8 bytes of each row of src. words
// holds, for each byte p of 8 elements in a row, that byte of 8 such groups.
func untranspose64(dst, src []byte, elementSize, row int, words []uint64) {
	for j := 0; j < elementSize; j++ {
		r := src[j*8*row:]
		r = r[:7*row+8]
		b0, b1, b2, b3, b4, b5, b6, b7 := transposeBits(
			binary.LittleEndian.Uint64(r), binary.LittleEndian.Uint64(r[row:]),
			binary.LittleEndian.Uint64(r[2*row:]), binary.LittleEndian.Uint64(r[3*row:]),
			binary.LittleEndian.Uint64(r[4*row:]), binary.LittleEndian.Uint64(r[5*row:]),
			binary.LittleEndian.Uint64(r[6*row:]), binary.LittleEndian.Uint64(r[7*row:]))
		storeStrided(words[j:], elementSize, b0, b1, b2, b3, b4, b5, b6, b7)
	}
	stride := 8 * elementSize
	for w := 0; w < elementSize; w++ {
		v := (*[8]uint64)(words[8*w:])
		b0, b1, b2, b3, b4, b5, b6, b7 := transposeBytes(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7])
		d := dst[8*w:]
		d = d[:7*stride+8]
		binary.LittleEndian.PutUint64(d, b0)
		binary.LittleEndian.PutUint64(d[stride:], b1)
		binary.LittleEndian.PutUint64(d[2*stride:], b2)
		binary.LittleEndian.PutUint64(d[3*stride:], b3)
		binary.LittleEndian.PutUint64(d[4*stride:], b4)
		binary.LittleEndian.PutUint64(d[5*stride:], b5)
		binary.LittleEndian.PutUint64(d[6*stride:], b6)
		binary.LittleEndian.PutUint64(d[7*stride:], b7)
	}
}

// storeStrided puts the words of one byte of the element where those bytes lie
// in 8 elements.
func storeStrided(words []uint64, elementSize int, b0, b1, b2, b3, b4, b5, b6, b7 uint64) {
	words = words[:7*elementSize+1]
	words[0] = b0
	words[elementSize] = b1
	words[2*elementSize] = b2
	words[3*elementSize] = b3
	words[4*elementSize] = b4
	words[5*elementSize] = b5
	words[6*elementSize] = b6
	words[7*elementSize] = b7
}

// untransposeNarrow does rows of fewer than 8 bytes, where words would take
// more memory than the block.
func untransposeNarrow(dst, src []byte, elementSize, row int) {
	for j := 0; j < elementSize; j++ {
		var in, out [8]uint64
		for b := range in {
			for g, x := range src[(8*j+b)*row : (8*j+b+1)*row] {
				in[b] |= uint64(x) << (8 * g)
			}
		}
		out[0], out[1], out[2], out[3], out[4], out[5], out[6], out[7] =
			transposeBits(in[0], in[1], in[2], in[3], in[4], in[5], in[6], in[7])
		for i := 0; i < 8*row; i++ {
			dst[i*elementSize+j] = byte(out[i%8] >> (i / 8 * 8))
		}
	}
}

// transposeBits exchanges bit k of byte g of word b with bit b of byte g of
// word k.
func transposeBits(a, b, c, d, e, f, g, h uint64) (_, _, _, _, _, _, _, _ uint64) {
	a, e = a&bits4|e&bits4<<4, a>>4&bits4|e&^bits4
	b, f = b&bits4|f&bits4<<4, b>>4&bits4|f&^bits4
	c, g = c&bits4|g&bits4<<4, c>>4&bits4|g&^bits4
	d, h = d&bits4|h&bits4<<4, d>>4&bits4|h&^bits4
	a, c = a&bits2|c&bits2<<2, a>>2&bits2|c&^bits2
	b, d = b&bits2|d&bits2<<2, b>>2&bits2|d&^bits2
	e, g = e&bits2|g&bits2<<2, e>>2&bits2|g&^bits2
	f, h = f&bits2|h&bits2<<2, f>>2&bits2|h&^bits2
	a, b = a&bits1|b&bits1<<1, a>>1&bits1|b&^bits1
	c, d = c&bits1|d&bits1<<1, c>>1&bits1|d&^bits1
	e, f = e&bits1|f&bits1<<1, e>>1&bits1|f&^bits1
	g, h = g&bits1|h&bits1<<1, g>>1&bits1|h&^bits1
	return a, b, c, d, e, f, g, h
}

// transposeBytes exchanges byte k of word b with byte b of word k.
func transposeBytes(a, b, c, d, e, f, g, h uint64) (_, _, _, _, _, _, _, _ uint64) {
	a, e = a&bytes4|e<<32, a>>32|e&^bytes4
	b, f = b&bytes4|f<<32, b>>32|f&^bytes4
	c, g = c&bytes4|g<<32, c>>32|g&^bytes4
	d, h = d&bytes4|h<<32, d>>32|h&^bytes4
	a, c = a&bytes2|c&bytes2<<16, a>>16&bytes2|c&^bytes2
	b, d = b&bytes2|d&bytes2<<16, b>>16&bytes2|d&^bytes2
	e, g = e&bytes2|g&bytes2<<16, e>>16&bytes2|g&^bytes2
	f, h = f&bytes2|h&bytes2<<16, f>>16&bytes2|h&^bytes2
	a, b = a&bytes1|b&bytes1<<8, a>>8&bytes1|b&^bytes1
	c, d = c&bytes1|d&bytes1<<8, c>>8&bytes1|d&^bytes1
	e, f = e&bytes1|f&bytes1<<8, e>>8&bytes1|f&^bytes1
	g, h = g&bytes1|h&bytes1<<8, g>>8&bytes1|h&^bytes1
	return a, b, c, d, e, f, g, h
}

// wordPool holds *[]uint64 for elements too large for the stack.
var wordPool sync.Pool

func takeWords(n int) *[]uint64 {
	w, ok := wordPool.Get().(*[]uint64)
	if !ok || cap(*w) < n {
		s := make([]uint64, n)
		w = &s
	}
	*w = (*w)[:n]
	return w
}
