package compute

import (
	"math"
	"unsafe"
)

// float is what stored floats become in memory.
type float interface{ float32 | float64 }

// floats folds floats. Every sum goes in the same order, whatever the worker:
// 128 elements in eight lanes (of moments four) by plain additions, the lanes
// pairwise, and these leaves into a double.
//
// Eight lanes hide the four cycles of an addition: a mean of float64s in memory
// then runs at the memory's speed. A compensated sum of each element costs six
// additions more and halves that speed.
type floats[T float] struct {
	loader[T]
	op   op
	skip bool
	kept []T // [≤ tileLen], a tile without its NaNs
}

func newFloats[T float](s source, o op, skip bool) *floats[T] {
	return &floats[T]{loader: loader[T]{source: s}, op: o, skip: skip}
}

func (k *floats[T]) fold(s *state, data []byte, at, step, n int) error {
	return k.eachTile(data, at, step, n, func(xs []T) {
		switch k.op {
		case opSum:
			k.sumTile(s, xs)
		case opMinMax:
			k.minMaxTile(s, xs)
		case opStats:
			k.statsTile(s, xs)
		}
	})
}

// withoutNaNs counts the NaNs of xs and drops them under skip.
func (k *floats[T]) withoutNaNs(s *state, xs []T) []T {
	k.kept = k.kept[:0]
	for _, x := range xs {
		if x == x {
			k.kept = append(k.kept, x)
		}
	}
	s.nans += uint64(len(xs) - len(k.kept))
	if k.skip {
		return k.kept
	}
	return xs
}

func (k *floats[T]) sumTile(s *state, xs []T) {
	sum := sumFloats(xs)
	if sum.hi != sum.hi {
		xs = k.withoutNaNs(s, xs)
		sum = sumFloats(xs)
	}
	s.sum = s.sum.plus(sum)
	s.n += uint64(len(xs))
}

// sumLeaf is how many elements are added by plain additions; 15 in a lane and
// 3 to join the lanes are the bound that the package documents.
const sumLeaf = 128

// sumFloats adds up.
func sumFloats[T float](xs []T) double {
	t := double{hi: negZero}
	for len(xs) >= 8 {
		leaf := xs[:min(sumLeaf, len(xs))]
		a, b, c, d := float64(leaf[0]), float64(leaf[1]), float64(leaf[2]), float64(leaf[3])
		e, f, g, h := float64(leaf[4]), float64(leaf[5]), float64(leaf[6]), float64(leaf[7])
		xs = xs[len(leaf)&^7:]
		for leaf = leaf[8:]; len(leaf) >= 8; leaf = leaf[8:] {
			a += float64(leaf[0])
			b += float64(leaf[1])
			c += float64(leaf[2])
			d += float64(leaf[3])
			e += float64(leaf[4])
			f += float64(leaf[5])
			g += float64(leaf[6])
			h += float64(leaf[7])
		}
		var err float64
		t.hi, err = twoSum(t.hi, ((a+b)+(c+d))+((e+f)+(g+h)))
		t.lo += err
	}
	for _, x := range xs {
		var err float64
		t.hi, err = twoSum(t.hi, float64(x))
		t.lo += err
	}
	return t.fix()
}

func (k *floats[T]) minMaxTile(s *state, xs []T) {
	lo, hi := minMaxFloats(xs)
	if lo < ^keyInf || hi > keyInf {
		xs = k.withoutNaNs(s, xs)
		lo, hi = minMaxFloats(xs)
	}
	s.min, s.max = min(s.min, lo), max(s.max, hi)
	s.n += uint64(len(xs))
}

// minMaxFloats gives the least and the greatest key.
func minMaxFloats[T float](xs []T) (lo, hi int64) {
	if len(xs) == 0 {
		return math.MaxInt64, math.MinInt64
	}
	p := unsafe.Pointer(unsafe.SliceData(xs))
	if unsafe.Sizeof(xs[0]) == 4 {
		a, b := extremeBits[int32](unsafe.Slice((*uint32)(p), len(xs)))
		return floatKey(float64(math.Float32frombits(a))), floatKey(float64(math.Float32frombits(b)))
	}
	a, b := extremeBits[int64](unsafe.Slice((*uint64)(p), len(xs)))
	return floatKey(math.Float64frombits(a)), floatKey(math.Float64frombits(b))
}

// extremeBits gives the bits of the least and the greatest float, -0 below 0; a
// NaN is one of them. As signed integers the bits of positive floats have the
// floats' order and stand above negative ones; as unsigned integers those of
// negative floats have the reverse order and stand above positive ones: two
// conditional moves for an element, twice as fast as comparing floats.
func extremeBits[S int32 | int64, U uint32 | uint64](xs []U) (lo, hi U) {
	least, u := S(xs[0]), xs[0]
	s, s1, u1 := least, least, u
	rest := xs
	for ; len(rest) >= 2; rest = rest[2:] {
		s, u = max(s, S(rest[0])), max(u, rest[0])
		s1, u1 = max(s1, S(rest[1])), max(u1, rest[1])
	}
	if len(rest) > 0 {
		s, u = max(s, S(rest[0])), max(u, rest[0])
	}
	s, u = max(s, s1), max(u, u1)
	lo, hi = u, U(s)
	switch {
	case S(u) >= 0: // all are positive
		lo = leastBits(xs)
	case s < 0: // all are negative
		hi = leastBits(xs)
	}
	return lo, hi
}

func leastBits[U uint32 | uint64](xs []U) U {
	a, b := xs[0], xs[0]
	for ; len(xs) >= 2; xs = xs[2:] {
		a, b = min(a, xs[0]), min(b, xs[1])
	}
	if len(xs) > 0 {
		a = min(a, xs[0])
	}
	return min(a, b)
}

// statsTile adds sum, extremes and moments. Distances are taken from a pivot,
// the mean so far, so that one look at the tile does; when the tile's own mean
// lies far from it, for its spread, the tile is looked at again.
func (k *floats[T]) statsTile(s *state, xs []T) {
	if len(xs) == 0 {
		return
	}
	lo, hi := minMaxFloats(xs)
	if lo < ^keyInf || hi > keyInf {
		if xs = k.withoutNaNs(s, xs); len(xs) == 0 {
			return
		}
		lo, hi = minMaxFloats(xs)
	}
	pivot := s.sum.over(s.n).hi
	if s.n == 0 || pivot-pivot != 0 {
		pivot = sumFloats(xs).over(uint64(len(xs))).hi
	}
	m := momentsOf(xs, pivot)
	n := float64(len(xs))
	if shift := m.s1.hi / n; float64(2*float64(shift*m.s1.hi)) > m.s2.hi {
		pivot += shift
		m = momentsOf(xs, pivot)
	}
	t := state{n: uint64(len(xs)), min: lo, max: hi}
	if t.sum = times(t.n, pivot).plus(m.s1); !t.sum.finite() || t.sum.hi == 0 {
		t.sum = sumFloats(xs) // has the infinity, or the sign of zero
	}
	t.m2 = double{hi: max(0, m.s2.hi-float64(m.s1.hi*(m.s1.hi/n)))}
	s.merge(&t, floating, opStats)
}

// moments are sums over elements x of d = x - pivot.
type moments struct{ s1, s2 double } // of d and d²

// momentsLeaf is how many elements go into four lanes.
const momentsLeaf = 128

// momentsOf takes distances from the pivot.
func momentsOf[T float](xs []T, pivot float64) moments {
	var m moments
	for len(xs) >= 4 {
		leaf := xs[:min(momentsLeaf, len(xs))&^3]
		xs = xs[len(leaf):]
		var a1, b1, c1, d1, a2, b2, c2, d2 float64
		for ; len(leaf) >= 4; leaf = leaf[4:] {
			a, b, c, d := float64(leaf[0])-pivot, float64(leaf[1])-pivot, float64(leaf[2])-pivot, float64(leaf[3])-pivot
			a1 += a
			b1 += b
			c1 += c
			d1 += d
			a2 += float64(a * a)
			b2 += float64(b * b)
			c2 += float64(c * c)
			d2 += float64(d * d)
		}
		m.add((a1+b1)+(c1+d1), (a2+b2)+(c2+d2))
	}
	for _, x := range xs {
		d := float64(x) - pivot
		m.add(d, float64(d*d))
	}
	return moments{m.s1.fix(), m.s2.fix()}
}

func (m *moments) add(s1, s2 float64) {
	var e1, e2 float64
	m.s1.hi, e1 = twoSum(m.s1.hi, s1)
	m.s2.hi, e2 = twoSum(m.s2.hi, s2)
	m.s1.lo += e1
	m.s2.lo += e2
}

func (k *floats[T]) find(key int64, data []byte, n int) (int, error) {
	want := floatOfKey(key)
	at, seen := -1, 0
	err := k.eachTile(data, 0, 1, n, func(xs []T) {
		for i := 0; at < 0 && i < len(xs); i++ {
			if v := float64(xs[i]); v == want || v != v && want != want {
				at = seen + i
			}
		}
		seen += len(xs)
	})
	return at, err
}
