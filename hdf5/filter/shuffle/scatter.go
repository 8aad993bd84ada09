package shuffle

import "encoding/binary"

// shuffle2 parts elements into two planes.
func shuffle2(dst, src []byte, n int) {
	low, high := dst[:n], dst[n:2*n]
	src = src[:2*n]
	i := 0
	for ; i+8 <= n; i += 8 {
		a, b := swap32(load(src, 2*i), load(src, 2*i+8))
		a, b = swap16(a, b)
		a, b = swap8(a, b)
		store(low, i, a)
		store(high, i, b)
	}
	for ; i < n; i++ {
		low[i], high[i] = src[2*i], src[2*i+1]
	}
}

func shuffleAny(dst, src []byte, n, size int) {
	eachSpan(n, size,
		func(s span) { scatter8(dst, src, s) },
		func(s span) { scatter4(dst, src, s) },
		func(s span, planes int) { scatter(dst, src, s, planes) })
}

// scatter8 parts a number of elements that 8 divides into eight planes.
func scatter8(dst, src []byte, s span) {
	p0, p1, p2, p3 := s.plane(dst, 0), s.plane(dst, 1), s.plane(dst, 2), s.plane(dst, 3)
	p4, p5, p6, p7 := s.plane(dst, 4), s.plane(dst, 5), s.plane(dst, 6), s.plane(dst, 7)
	size := s.size
	j := s.from*size + s.first
	for i := 0; i < len(p0)-7; i += 8 {
		a, b, c, d := load(src, j), load(src, j+size), load(src, j+2*size), load(src, j+3*size)
		j += 4 * size
		e, f, g, h := load(src, j), load(src, j+size), load(src, j+2*size), load(src, j+3*size)
		j += 4 * size
		a, b = swap8(a, b)
		c, d = swap8(c, d)
		e, f = swap8(e, f)
		g, h = swap8(g, h)
		a, c = swap16(a, c)
		b, d = swap16(b, d)
		e, g = swap16(e, g)
		f, h = swap16(f, h)
		a, e = swap32(a, e)
		b, f = swap32(b, f)
		c, g = swap32(c, g)
		d, h = swap32(d, h)
		store(p0, i, a)
		store(p1, i, b)
		store(p2, i, c)
		store(p3, i, d)
		store(p4, i, e)
		store(p5, i, f)
		store(p6, i, g)
		store(p7, i, h)
	}
}

// scatter4 parts a number of elements that 8 divides into four planes.
func scatter4(dst, src []byte, s span) {
	p0, p1, p2, p3 := s.plane(dst, 0), s.plane(dst, 1), s.plane(dst, 2), s.plane(dst, 3)
	size := s.size
	j := s.from*size + s.first
	for i := 0; i < len(p0)-7; i += 8 {
		far := j + 4*size
		a := load32(src, j) | load32(src, far)<<32
		b := load32(src, j+size) | load32(src, far+size)<<32
		c := load32(src, j+2*size) | load32(src, far+2*size)<<32
		d := load32(src, j+3*size) | load32(src, far+3*size)<<32
		a, c = swap16(a, c)
		b, d = swap16(b, d)
		a, b = swap8(a, b)
		c, d = swap8(c, d)
		store(p0, i, a)
		store(p1, i, b)
		store(p2, i, c)
		store(p3, i, d)
		j += 8 * size
	}
}

func load32(b []byte, i int) uint64 { return uint64(binary.LittleEndian.Uint32(b[i : i+4])) }

// scatter moves the span byte by byte.
func scatter(dst, src []byte, s span, planes int) {
	for k := range planes {
		j := s.from*s.size + k
		p := s.plane(dst, k)
		for i := range p {
			p[i] = src[j]
			j += s.size
		}
	}
}
