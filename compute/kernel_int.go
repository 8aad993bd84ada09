package compute

import (
	"encoding/binary"
	"math"
	"math/bits"
	"unsafe"
)

// integer is what stored integers become in memory.
type integer interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

// ints folds integers, exactly.
type ints[T integer] struct {
	loader[T]
	op   op
	flip int64 // makes a key of a value
}

func newInts[T integer](s source, o op) *ints[T] {
	k := &ints[T]{loader: loader[T]{source: s}, op: o}
	if s.class() == unsigned {
		k.flip = math.MinInt64
	}
	return k
}

func (k *ints[T]) fold(s *state, data []byte, at, step, n int) error {
	return k.eachTile(data, at, step, n, func(xs []T) {
		if k.op != opMinMax {
			sum := sumInts(xs)
			var sq [3]uint64
			if k.op == opStats {
				sq = squares(xs)
			}
			s.addInts(sum, sq)
		}
		if k.op != opSum && len(xs) > 0 {
			lo, hi := minMaxInts(xs)
			s.min = min(s.min, int64(lo)^k.flip)
			s.max = max(s.max, int64(hi)^k.flip)
		}
		s.n += uint64(len(xs))
	})
}

// wide is v as two's complement in two words.
func wide(v int64) [2]uint64 { return [2]uint64{uint64(v), uint64(v >> 63)} }

// sumInts adds up at most tileLen integers.
func sumInts[T integer](xs []T) [2]uint64 {
	var zero T
	switch unsafe.Sizeof(zero) {
	case 1:
		return wide(sumBytes(xs))
	case 8:
		p := unsafe.Pointer(unsafe.SliceData(xs))
		if isSigned[T]() {
			return sumWords(unsafe.Slice((*int64)(p), len(xs)))
		}
		return sumWords(unsafe.Slice((*uint64)(p), len(xs)))
	}
	var a, b, c, d int64
	for ; len(xs) >= 4; xs = xs[4:] {
		a += int64(xs[0])
		b += int64(xs[1])
		c += int64(xs[2])
		d += int64(xs[3])
	}
	for _, x := range xs {
		a += int64(x)
	}
	return wide(a + b + c + d)
}

// sumWords adds up 64-bit integers by halves, so that no carry is passed on.
func sumWords[T int64 | uint64](xs []T) [2]uint64 {
	var lo, hi, lo1, hi1 int64
	for ; len(xs) >= 2; xs = xs[2:] {
		lo += int64(uint32(xs[0]))
		hi += int64(xs[0] >> 32)
		lo1 += int64(uint32(xs[1]))
		hi1 += int64(xs[1] >> 32)
	}
	for _, x := range xs {
		lo += int64(uint32(x))
		hi += int64(x >> 32)
	}
	hi += hi1
	low, c := bits.Add64(uint64(hi)<<32, uint64(lo+lo1), 0)
	return [2]uint64{low, uint64(hi>>32) + c}
}

// sumBytes adds up eight bytes with one addition: those in even and in odd
// places as lanes of 16 bits, which hold 128 pairs. That is six times as fast
// as byte by byte.
func sumBytes[T integer](xs []T) int64 {
	const even, half = 0x00ff00ff00ff00ff, 0x8080808080808080
	flip := uint64(0)
	if isSigned[T]() {
		flip = half
	}
	sum, n := int64(0), len(xs)&^7
	words := unsafe.Slice((*[8]byte)(unsafe.Pointer(unsafe.SliceData(xs))), n/8)
	for len(words) > 0 {
		m := min(len(words), 128)
		lanes := uint64(0)
		for i := range words[:m] {
			w := binary.NativeEndian.Uint64(words[i][:]) ^ flip
			lanes += w&even + w>>8&even
		}
		for ; lanes != 0; lanes >>= 16 {
			sum += int64(lanes & 0xffff)
		}
		words = words[m:]
	}
	if flip != 0 {
		sum -= 128 * int64(n)
	}
	for _, x := range xs[n:] {
		sum += int64(x)
	}
	return sum
}

// isSigned tells signed types.
func isSigned[T integer]() bool {
	var zero T
	return zero-1 < zero
}

// squares adds up the squares of at most tileLen integers.
func squares[T integer](xs []T) [3]uint64 {
	var zero T
	switch unsafe.Sizeof(zero) {
	case 8:
		return squareWords(xs)
	case 4:
		var lo, hi uint64
		for _, x := range xs {
			q := uint64(int64(x) * int64(x))
			lo += q & math.MaxUint32
			hi += q >> 32
		}
		low, c := bits.Add64(hi<<32, lo, 0)
		return [3]uint64{low, hi>>32 + c}
	}
	var a, b uint64
	for ; len(xs) >= 2; xs = xs[2:] {
		a += uint64(int64(xs[0]) * int64(xs[0]))
		b += uint64(int64(xs[1]) * int64(xs[1]))
	}
	for _, x := range xs {
		a += uint64(int64(x) * int64(x))
	}
	return [3]uint64{a + b}
}

// squareWords adds up squares of 128 bits.
func squareWords[T integer](xs []T) (sq [3]uint64) {
	for _, x := range xs {
		m := uint64(x)
		if x < 0 {
			m = -m
		}
		hi, lo := bits.Mul64(m, m)
		var c uint64
		sq[0], c = bits.Add64(sq[0], lo, 0)
		sq[1], c = bits.Add64(sq[1], hi, c)
		sq[2] += c
	}
	return sq
}

// minMaxInts gives the least and the greatest of at least one integer.
func minMaxInts[T integer](xs []T) (lo, hi T) {
	lo, hi = xs[0], xs[0]
	lo1, hi1 := lo, hi
	for ; len(xs) >= 2; xs = xs[2:] {
		lo, hi = min(lo, xs[0]), max(hi, xs[0])
		lo1, hi1 = min(lo1, xs[1]), max(hi1, xs[1])
	}
	if len(xs) > 0 {
		lo, hi = min(lo, xs[0]), max(hi, xs[0])
	}
	return min(lo, lo1), max(hi, hi1)
}

func (k *ints[T]) find(key int64, data []byte, n int) (int, error) {
	want := T(key ^ k.flip)
	at, seen := -1, 0
	err := k.eachTile(data, 0, 1, n, func(xs []T) {
		for i := 0; at < 0 && i < len(xs); i++ {
			if xs[i] == want {
				at = seen + i
			}
		}
		seen += len(xs)
	})
	return at, err
}
