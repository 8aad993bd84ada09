// Package bitshuf undoes the byte and bit transpositions that compressors put
// before their codec: element i's byte j lies at plane j, position i (byte
// shuffle), or its bit b of byte j lies at bit i of row 8j+b (bit shuffle, as
// in Masui et al. 2015, doi:10.1016/j.ascom.2015.07.002). Bits count from the
// lowest. The functions keep no state and are safe for concurrent use.
package bitshuf

import "encoding/binary"

// Unshuffle undoes the byte shuffle of elements of size bytes. Bytes behind the
// last whole element are copied. dst and src are equally long and don't
// overlap; size is positive.
func Unshuffle(dst, src []byte, size int) {
	n := len(src) / size
	whole := n * size
	copy(dst[whole:len(src)], src[whole:])
	if size == 1 {
		copy(dst[:whole], src)
		return
	}
	planes(dst[:whole], src[:whole], n, size)
}

// planes walks tiles of elements so that the lines of a tile stay in cache
// while its planes are taken eight, four, two and one at a time.
func planes(dst, src []byte, n, size int) {
	tile := max(lanes, tileBytes/size&^(lanes-1))
	for i := 0; i < n; i += tile {
		count := min(tile, n-i)
		j := 0
		for ; j+8 <= size; j += 8 {
			unshuffle8(dst[i*size+j:], src[j*n+i:], n, size, count)
		}
		if size-j >= 4 {
			unshuffle4(dst[i*size+j:], src[j*n+i:], n, size, count)
			j += 4
		}
		if size-j >= 2 {
			unshuffle2(dst[i*size+j:], src[j*n+i:], n, size, count)
			j += 2
		}
		if j < size {
			unshuffleRest(dst[i*size+j:], src[j*n+i:], n, size, 0, count, 1)
		}
	}
}

// tileBytes keeps a tile's source and destination in the first-level cache.
const tileBytes = 8 << 10

// unshuffle8 takes 8 planes that lie n apart to count elements size apart.
func unshuffle8(dst, src []byte, n, size, count int) {
	i := 0
	for ; i+lanes <= count; i += lanes {
		a, b, c, d, e, f, g, h := load8(src[i:], n)
		store8(dst[i*size:], size, a, b, c, d, e, f, g, h)
	}
	unshuffleRest(dst, src, n, size, i, count, 8)
}

// unshuffle4 is unshuffle8 for 4 planes.
func unshuffle4(dst, src []byte, n, size, count int) {
	le := binary.LittleEndian
	i := 0
	for ; i+lanes <= count; i += lanes {
		store4(dst[i*size:], size, le.Uint64(src[i:]), le.Uint64(src[n+i:]),
			le.Uint64(src[2*n+i:]), le.Uint64(src[3*n+i:]))
	}
	unshuffleRest(dst, src, n, size, i, count, 4)
}

// unshuffle2 is unshuffle8 for 2 planes.
func unshuffle2(dst, src []byte, n, size, count int) {
	le := binary.LittleEndian
	i := 0
	for ; i+lanes <= count; i += lanes {
		store2(dst[i*size:], size, le.Uint64(src[i:]), le.Uint64(src[n+i:]))
	}
	unshuffleRest(dst, src, n, size, i, count, 2)
}

// unshuffleRest moves elements from to count of some planes byte by byte.
func unshuffleRest(dst, src []byte, n, size, from, count, planes int) {
	for j := 0; j < planes; j++ {
		for i := from; i < count; i++ {
			dst[i*size+j] = src[j*n+i]
		}
	}
}
