package fletcher32

import (
	"encoding/binary"
	"math/bits"
)

const (
	// blockWords is the most words of 8 bytes whose sums of sums fit lanes of
	// 32 bits, 361·362/2·65535 < 1<<32, made even for the unrolled loop.
	blockWords = 360
	blockSize  = 8 * blockWords
	lanes      = 0x0000ffff0000ffff
)

// Sum is the Fletcher-32 checksum of b as HDF5 computes it.
//
// It sums little-endian words, which are quicker to load: modulo 65535 a swap
// of a word's bytes is a product with 256, so that swapping the two sums in
// the end does the same.
func Sum(b []byte) uint32 {
	var s1, s2 uint64
	for len(b) >= 8 {
		k := min(len(b), blockSize) &^ 7
		s1, s2 = add(s1, s2, b[:k])
		b = b[k:]
	}
	for len(b) >= 2 {
		s1 += uint64(binary.LittleEndian.Uint16(b))
		s2 += s1
		b = b[2:]
	}
	if len(b) == 1 {
		s1 += uint64(b[0])
		s2 += s1
	}
	return uint32(bits.ReverseBytes16(fold(s2)))<<16 | uint32(bits.ReverseBytes16(fold(s1)))
}

// fold reduces s modulo 65535 and keeps it above 0 unless it is 0, as the
// format's end-around carries do.
func fold(s uint64) uint16 {
	if s == 0 {
		return 0
	}
	return uint16((s-1)%0xffff + 1)
}

// add sums the words of b, at most blockSize bytes and a multiple of 8. Each
// lane sums the words of one residue of the position modulo 4; sums of sums
// give the weight 4 to each group that follows.
func add(s1, s2 uint64, b []byte) (uint64, uint64) {
	var even, odd, evens, odds uint64
	s2 += uint64(len(b)/2) * s1
	for ; len(b) >= 16; b = b[16:] {
		v, w := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		even += v & lanes
		evens += even
		odd += v >> 16 & lanes
		odds += odd
		even += w & lanes
		evens += even
		odd += w >> 16 & lanes
		odds += odd
	}
	if len(b) >= 8 {
		v := binary.LittleEndian.Uint64(b)
		even += v & lanes
		evens += even
		odd += v >> 16 & lanes
		odds += odd
	}
	// A word at residue r of its group weighs 4·(groups from it to the end) − r.
	s2 += 4 * (sumLanes(evens) + sumLanes(odds))
	s2 -= odd&0xffffffff + 2*(even>>32) + 3*(odd>>32)
	s1 += sumLanes(even) + sumLanes(odd)
	return reduce(s1), reduce(s2)
}

func sumLanes(v uint64) uint64 { return v&0xffffffff + v>>32 }

// reduce makes s small and keeps its remainder modulo 65535, and whether it is 0.
func reduce(s uint64) uint64 { return s&0xffff + s>>16&0xffff + s>>32 }
