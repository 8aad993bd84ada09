package compute

import "math"

// float is what stored floats become in memory.
type float interface{ float32 | float64 }

// floats folds floats. Every sum goes in the same order, whatever the worker:
// 128 elements (64 of moments) in eight (four) lanes by plain additions, the
// lanes pairwise, and these leaves into a double.
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

// minMaxFloats gives the least and the greatest key. Integer keys need no
// branch, settle -0 against 0, and tell of a NaN without looking for one.
func minMaxFloats[T float](xs []T) (lo, hi int64) {
	lo, hi = math.MaxInt64, math.MinInt64
	lo1, hi1 := lo, hi
	for ; len(xs) >= 2; xs = xs[2:] {
		a, b := floatKey(float64(xs[0])), floatKey(float64(xs[1]))
		lo, hi = min(lo, a), max(hi, a)
		lo1, hi1 = min(lo1, b), max(hi1, b)
	}
	if len(xs) > 0 {
		a := floatKey(float64(xs[0]))
		lo, hi = min(lo, a), max(hi, a)
	}
	return min(lo, lo1), max(hi, hi1)
}

// statsTile adds sum, extremes and moments. Distances are taken from a pivot,
// the mean so far, so that one look at the tile does; when the tile's own mean
// lies far from it, for its spread, the tile is looked at again.
func (k *floats[T]) statsTile(s *state, xs []T) {
	if len(xs) == 0 {
		return
	}
	pivot := s.sum.over(s.n).hi
	if s.n == 0 || pivot-pivot != 0 {
		pivot = sumFloats(xs).over(uint64(len(xs))).hi
	}
	m := momentsOf(xs, pivot)
	if m.min < ^keyInf || m.max > keyInf {
		if xs = k.withoutNaNs(s, xs); len(xs) == 0 {
			return
		}
		pivot = sumFloats(xs).over(uint64(len(xs))).hi
		m = momentsOf(xs, pivot)
	}
	n := float64(len(xs))
	if shift := m.s1.hi / n; float64(2*float64(shift*m.s1.hi)) > m.s2.hi {
		pivot += shift
		m = momentsOf(xs, pivot)
	}
	t := state{n: uint64(len(xs)), min: m.min, max: m.max}
	if t.sum = times(t.n, pivot).plus(m.s1); !t.sum.finite() || t.sum.hi == 0 {
		t.sum = sumFloats(xs) // has the infinity, or the sign of zero
	}
	t.m2 = double{hi: max(0, m.s2.hi-float64(m.s1.hi*(m.s1.hi/n)))}
	s.merge(&t, floating, opStats)
}

// moments are sums over elements x of d = x - pivot.
type moments struct {
	s1, s2   double // of d and d²
	min, max int64  // keys of x
}

// momentsLeaf is a quarter of 64 in each of four lanes.
const momentsLeaf = 64

// momentsOf is one look at the elements: distances from the pivot and keys.
func momentsOf[T float](xs []T, pivot float64) moments {
	m := moments{s1: double{hi: negZero}, min: math.MaxInt64, max: math.MinInt64}
	for len(xs) >= 4 {
		leaf := xs[:min(momentsLeaf, len(xs))&^3]
		momentsLeafOf(&m, leaf, pivot)
		xs = xs[len(leaf):]
	}
	for _, x := range xs {
		v := float64(x)
		d := v - pivot
		m.add(d, float64(d*d))
		key := floatKey(v)
		m.min, m.max = min(m.min, key), max(m.max, key)
	}
	m.s1, m.s2 = m.s1.fix(), m.s2.fix()
	return m
}

func (m *moments) add(s1, s2 float64) {
	var e1, e2 float64
	m.s1.hi, e1 = twoSum(m.s1.hi, s1)
	m.s2.hi, e2 = twoSum(m.s2.hi, s2)
	m.s1.lo += e1
	m.s2.lo += e2
}

// momentsLeafOf adds a leaf, a multiple of four elements.
func momentsLeafOf[T float](m *moments, leaf []T, pivot float64) {
	var a1, b1, c1, d1, a2, b2, c2, d2 float64
	lo, hi := m.min, m.max
	for ; len(leaf) >= 4; leaf = leaf[4:] {
		va, vb, vc, vd := float64(leaf[0]), float64(leaf[1]), float64(leaf[2]), float64(leaf[3])
		a, b, c, d := va-pivot, vb-pivot, vc-pivot, vd-pivot
		a1 += a
		b1 += b
		c1 += c
		d1 += d
		a2 += float64(a * a)
		b2 += float64(b * b)
		c2 += float64(c * c)
		d2 += float64(d * d)
		ka, kb, kc, kd := floatKey(va), floatKey(vb), floatKey(vc), floatKey(vd)
		lo, hi = min(lo, ka), max(hi, ka)
		lo, hi = min(lo, kb), max(hi, kb)
		lo, hi = min(lo, kc), max(hi, kc)
		lo, hi = min(lo, kd), max(hi, kd)
	}
	m.min, m.max = lo, hi
	m.add((a1+b1)+(c1+d1), (a2+b2)+(c2+d2))
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
