package shuffle

import "encoding/binary"

// unshuffle2 joins two planes.
func unshuffle2(dst, src []byte, n int) {
	low, high := src[:n], src[n:2*n]
	dst = dst[:2*n]
	i := 0
	for ; i+8 <= n; i += 8 {
		a, b := swap8(load(low, i), load(high, i))
		a, b = swap16(a, b)
		a, b = swap32(a, b)
		store(dst, 2*i, a)
		store(dst, 2*i+8, b)
	}
	for ; i < n; i++ {
		dst[2*i], dst[2*i+1] = low[i], high[i]
	}
}

func unshuffleAny(dst, src []byte, n, size int) {
	eachSpan(n, size,
		func(s span) { gather8(dst, src, s) },
		func(s span) { gather4(dst, src, s) },
		func(s span, planes int) { gather(dst, src, s, planes) })
}

// gather8 joins eight planes of a number of elements that 8 divides.
func gather8(dst, src []byte, s span) {
	p0, p1, p2, p3 := s.plane(src, 0), s.plane(src, 1), s.plane(src, 2), s.plane(src, 3)
	p4, p5, p6, p7 := s.plane(src, 4), s.plane(src, 5), s.plane(src, 6), s.plane(src, 7)
	size := s.size
	j := s.from*size + s.first
	for i := 0; i < len(p0)-7; i += 8 {
		a, b, c, d := load(p0, i), load(p1, i), load(p2, i), load(p3, i)
		e, f, g, h := load(p4, i), load(p5, i), load(p6, i), load(p7, i)
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
		store(dst, j, a)
		store(dst, j+size, b)
		store(dst, j+2*size, c)
		store(dst, j+3*size, d)
		store(dst, j+4*size, e)
		store(dst, j+5*size, f)
		store(dst, j+6*size, g)
		store(dst, j+7*size, h)
		j += 8 * size
	}
}

// gather4 joins four planes of a number of elements that 8 divides.
func gather4(dst, src []byte, s span) {
	p0, p1, p2, p3 := s.plane(src, 0), s.plane(src, 1), s.plane(src, 2), s.plane(src, 3)
	size := s.size
	j := s.from*size + s.first
	for i := 0; i < len(p0)-7; i += 8 {
		a, b := swap8(load(p0, i), load(p1, i))
		c, d := swap8(load(p2, i), load(p3, i))
		a, c = swap16(a, c)
		b, d = swap16(b, d)
		store32(dst, j, uint32(a))
		store32(dst, j+size, uint32(b))
		store32(dst, j+2*size, uint32(c))
		store32(dst, j+3*size, uint32(d))
		store32(dst, j+4*size, uint32(a>>32))
		store32(dst, j+5*size, uint32(b>>32))
		store32(dst, j+6*size, uint32(c>>32))
		store32(dst, j+7*size, uint32(d>>32))
		j += 8 * size
	}
}

func store32(b []byte, i int, v uint32) { binary.LittleEndian.PutUint32(b[i:i+4], v) }

// gather moves the span byte by byte.
func gather(dst, src []byte, s span, planes int) {
	for k := range planes {
		j := s.from*s.size + k
		for _, v := range s.plane(src, k) {
			dst[j] = v
			j += s.size
		}
	}
}
