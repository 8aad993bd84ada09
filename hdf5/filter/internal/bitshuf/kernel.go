package bitshuf

import "encoding/binary"

// Steps that are written out within their loop beat calls of a function of
// eight words by a sixth.

// swap exchanges the bits of a above the mask with those of b inside it.
func swap(a, b uint64, shift uint, mask uint64) (uint64, uint64) {
	t := (a>>shift ^ b) & mask
	return a ^ t<<shift, b ^ t
}

func load(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i : i+8]) }

func store(b []byte, i int, v uint64) { binary.LittleEndian.PutUint64(b[i:i+8], v) }

// bits takes the 8 rows of one plane of bytes and gives, for each word of
// theirs, 8 words: byte p of word k is the plane's byte of element 8p+k.
func (g group) bits(words []uint64, src []byte, count int) {
	row, n, by := g.row, count*wordBytes, g.planes
	r0, r1, r2, r3 := src[:n], src[row:row+n], src[2*row:2*row+n], src[3*row:3*row+n]
	r4, r5, r6, r7 := src[4*row:4*row+n], src[5*row:5*row+n], src[6*row:6*row+n], src[7*row:7*row+n]
	for i := 0; i < len(r0)-7; i += wordBytes {
		a, b, c, d := load(r0, i), load(r1, i), load(r2, i), load(r3, i)
		e, f, g, h := load(r4, i), load(r5, i), load(r6, i), load(r7, i)
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
		w := words[i*by:]
		w = w[:7*by+1]
		w[0] = a
		w[by] = b
		w[2*by] = c
		w[3*by] = d
		w[4*by] = e
		w[5*by] = f
		w[6*by] = g
		w[7*by] = h
	}
}

// bytes exchanges byte p of word k with byte k of word p in each 8 words, and
// writes the words of 8 elements to where those lie.
func (g group) bytes(dst []byte, words []uint64) {
	stride, step := 8*g.size, g.step
	for at := 0; len(words) >= 8; at += step {
		w := (*[8]uint64)(words)
		words = words[8:]
		a, b, c, d, e, f, g, h := w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]
		a, e = swap(a, e, 32, 0x00000000ffffffff)
		b, f = swap(b, f, 32, 0x00000000ffffffff)
		c, g = swap(c, g, 32, 0x00000000ffffffff)
		d, h = swap(d, h, 32, 0x00000000ffffffff)
		a, c = swap(a, c, 16, 0x0000ffff0000ffff)
		b, d = swap(b, d, 16, 0x0000ffff0000ffff)
		e, g = swap(e, g, 16, 0x0000ffff0000ffff)
		f, h = swap(f, h, 16, 0x0000ffff0000ffff)
		a, b = swap(a, b, 8, 0x00ff00ff00ff00ff)
		c, d = swap(c, d, 8, 0x00ff00ff00ff00ff)
		e, f = swap(e, f, 8, 0x00ff00ff00ff00ff)
		g, h = swap(g, h, 8, 0x00ff00ff00ff00ff)
		t := dst[at : at+7*stride+8]
		store(t, 0, a)
		store(t, stride, b)
		store(t, 2*stride, c)
		store(t, 3*stride, d)
		store(t, 4*stride, e)
		store(t, 5*stride, f)
		store(t, 6*stride, g)
		store(t, 7*stride, h)
	}
}

// flip exchanges the bits of x inside the mask with those shift above them:
// three steps of a transposition of 8 bytes of 8 bits.
func flip(x uint64, shift uint, mask uint64) uint64 {
	t := (x>>shift ^ x) & mask
	return x ^ t<<shift ^ t
}

// transpose transposes 8 bytes of 8 bits.
func transpose(x uint64) uint64 {
	return flip(flip(flip(x, 7, 0x00aa00aa00aa00aa), 14, 0x0000cccc0000cccc), 28, 0x00000000f0f0f0f0)
}

// unstep undoes 8 elements: byte i of each row.
func unstep(dst, src []byte, i, row, size int) {
	dst = dst[i*Multiple*size:]
	for j := range size {
		var x uint64
		for b := range 8 {
			x |= uint64(src[(8*j+b)*row+i]) << (8 * b)
		}
		x = transpose(x)
		for e := range 8 {
			dst[e*size+j] = byte(x >> (8 * e))
		}
	}
}

// step is the reverse of unstep.
func step(dst, src []byte, i, row, size int) {
	src = src[i*Multiple*size:]
	for j := range size {
		var x uint64
		for e := range 8 {
			x |= uint64(src[e*size+j]) << (8 * e)
		}
		x = transpose(x)
		for b := range 8 {
			dst[(8*j+b)*row+i] = byte(x >> (8 * b))
		}
	}
}
