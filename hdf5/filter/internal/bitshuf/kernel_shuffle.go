package bitshuf

// unbits is the reverse of bits: it writes the 8 rows of one plane.
func (g group) unbits(dst []byte, words []uint64, count int) {
	row, n, by := g.row, count*wordBytes, g.planes
	r0, r1, r2, r3 := dst[:n], dst[row:row+n], dst[2*row:2*row+n], dst[3*row:3*row+n]
	r4, r5, r6, r7 := dst[4*row:4*row+n], dst[5*row:5*row+n], dst[6*row:6*row+n], dst[7*row:7*row+n]
	for i := 0; i < len(r0)-7; i += wordBytes {
		w := words[i*by:]
		w = w[:7*by+1]
		a, b, c, d := w[0], w[by], w[2*by], w[3*by]
		e, f, g, h := w[4*by], w[5*by], w[6*by], w[7*by]
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
		store(r0, i, a)
		store(r1, i, b)
		store(r2, i, c)
		store(r3, i, d)
		store(r4, i, e)
		store(r5, i, f)
		store(r6, i, g)
		store(r7, i, h)
	}
}

// unbytes is the reverse of bytes: it reads words of 8 elements.
func (g group) unbytes(words []uint64, src []byte) {
	stride, step := 8*g.size, g.step
	for at := 0; len(words) >= 8; at += step {
		w := (*[8]uint64)(words)
		words = words[8:]
		t := src[at : at+7*stride+8]
		a, b, c, d := load(t, 0), load(t, stride), load(t, 2*stride), load(t, 3*stride)
		e, f, g, h := load(t, 4*stride), load(t, 5*stride), load(t, 6*stride), load(t, 7*stride)
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
		w[0], w[1], w[2], w[3] = a, b, c, d
		w[4], w[5], w[6], w[7] = e, f, g, h
	}
}
