package bitshuf

import "encoding/binary"

// lanes is how many elements one step of the kernels takes: the bytes of a
// 64-bit word.
const lanes = 8

// transposeBytes8 swaps rows and columns of the 8x8 matrix of bytes whose row r
// is the r-th word, lowest byte first. Words that stay in registers beat an
// array of them twice.
func transposeBytes8(a, b, c, d, e, f, g, h uint64) (_, _, _, _, _, _, _, _ uint64) {
	a, e = a&lo32|e<<32, a>>32|e&^lo32
	b, f = b&lo32|f<<32, b>>32|f&^lo32
	c, g = c&lo32|g<<32, c>>32|g&^lo32
	d, h = d&lo32|h<<32, d>>32|h&^lo32
	a, c = swap(a, c, 16, 0x0000ffff0000ffff)
	b, d = swap(b, d, 16, 0x0000ffff0000ffff)
	e, g = swap(e, g, 16, 0x0000ffff0000ffff)
	f, h = swap(f, h, 16, 0x0000ffff0000ffff)
	a, b = swap(a, b, 8, 0x00ff00ff00ff00ff)
	c, d = swap(c, d, 8, 0x00ff00ff00ff00ff)
	e, f = swap(e, f, 8, 0x00ff00ff00ff00ff)
	g, h = swap(g, h, 8, 0x00ff00ff00ff00ff)
	return a, b, c, d, e, f, g, h
}

const lo32 = 1<<32 - 1

// swap exchanges the bits of a above the mask with those of b inside it.
func swap(a, b uint64, shift uint, mask uint64) (uint64, uint64) {
	t := (a>>shift ^ b) & mask
	return a ^ t<<shift, b ^ t
}

// transposeBits8 swaps, in each of the 8 byte columns, bit k of word b with bit
// b of word k: eight 8x8 bit matrices at once.
func transposeBits8(a, b, c, d, e, f, g, h uint64) (_, _, _, _, _, _, _, _ uint64) {
	a, e = swap(a, e, 4, 0x0f0f0f0f0f0f0f0f)
	b, f = swap(b, f, 4, 0x0f0f0f0f0f0f0f0f)
	c, g = swap(c, g, 4, 0x0f0f0f0f0f0f0f0f)
	d, h = swap(d, h, 4, 0x0f0f0f0f0f0f0f0f)
	a, c = swap(a, c, 2, 0x3333333333333333)
	b, d = swap(b, d, 2, 0x3333333333333333)
	e, g = swap(e, g, 2, 0x3333333333333333)
	f, h = swap(f, h, 2, 0x3333333333333333)
	a, b = swap(a, b, 1, 0x5555555555555555)
	c, d = swap(c, d, 1, 0x5555555555555555)
	e, f = swap(e, f, 1, 0x5555555555555555)
	g, h = swap(g, h, 1, 0x5555555555555555)
	return a, b, c, d, e, f, g, h
}

// transposeBitsWord swaps rows and columns of the 8x8 bit matrix in x, whose
// row r is byte r.
func transposeBitsWord(x uint64) uint64 {
	t := (x>>7 ^ x) & 0x00aa00aa00aa00aa
	x ^= t<<7 ^ t
	t = (x>>14 ^ x) & 0x0000cccc0000cccc
	x ^= t<<14 ^ t
	t = (x>>28 ^ x) & 0x00000000f0f0f0f0
	return x ^ t<<28 ^ t
}

// spread2 interleaves the bytes of a and b: low half, high half.
func spread2(a, b uint64) (lo, hi uint64) {
	return spreadBytes(uint32(a)) | spreadBytes(uint32(b))<<8,
		spreadBytes(uint32(a>>32)) | spreadBytes(uint32(b>>32))<<8
}

// spreadBytes puts byte i of v into byte 2i.
func spreadBytes(v uint32) uint64 {
	x := uint64(v)
	x = (x | x<<16) & 0x0000ffff0000ffff
	return (x | x<<8) & 0x00ff00ff00ff00ff
}

// spreadPairs puts 16-bit pair i of v into pair 2i.
func spreadPairs(v uint32) uint64 {
	return uint64(v)&0xffff | uint64(v)>>16<<32
}

// store4 writes 8 elements of 4 bytes, of which w[j] holds byte j, at dst with
// the given stride.
func store4(dst []byte, stride int, a, b, c, d uint64) {
	ab0, ab1 := spread2(a, b)
	cd0, cd1 := spread2(c, d)
	put := func(i int, lo, hi uint64) {
		// Two elements of 16-bit halves: low halves from ab, high from cd.
		x := spreadPairs(uint32(lo)) | spreadPairs(uint32(hi))<<16
		binary.LittleEndian.PutUint32(dst[i*stride:], uint32(x))
		binary.LittleEndian.PutUint32(dst[(i+1)*stride:], uint32(x>>32))
	}
	put(0, ab0, cd0)
	put(2, ab0>>32, cd0>>32)
	put(4, ab1, cd1)
	put(6, ab1>>32, cd1>>32)
}

// store2 is store4 for 2 bytes.
func store2(dst []byte, stride int, a, b uint64) {
	lo, hi := spread2(a, b)
	for i := 0; i < 4; i++ {
		binary.LittleEndian.PutUint16(dst[i*stride:], uint16(lo>>(16*i)))
		binary.LittleEndian.PutUint16(dst[(i+4)*stride:], uint16(hi>>(16*i)))
	}
}

// store1 is store4 for 1 byte.
func store1(dst []byte, stride int, a uint64) {
	for i := 0; i < lanes; i++ {
		dst[i*stride] = byte(a >> (8 * i))
	}
}

// store8 is store4 for 8 bytes.
func store8(dst []byte, stride int, a, b, c, d, e, f, g, h uint64) {
	le := binary.LittleEndian
	a, b, c, d, e, f, g, h = transposeBytes8(a, b, c, d, e, f, g, h)
	le.PutUint64(dst, a)
	le.PutUint64(dst[stride:], b)
	le.PutUint64(dst[2*stride:], c)
	le.PutUint64(dst[3*stride:], d)
	le.PutUint64(dst[4*stride:], e)
	le.PutUint64(dst[5*stride:], f)
	le.PutUint64(dst[6*stride:], g)
	le.PutUint64(dst[7*stride:], h)
}

// load8 takes a word from each of 8 rows.
func load8(src []byte, row int) (_, _, _, _, _, _, _, _ uint64) {
	le := binary.LittleEndian
	return le.Uint64(src), le.Uint64(src[row:]), le.Uint64(src[2*row:]), le.Uint64(src[3*row:]),
		le.Uint64(src[4*row:]), le.Uint64(src[5*row:]), le.Uint64(src[6*row:]), le.Uint64(src[7*row:])
}
