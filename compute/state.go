package compute

import (
	"math"
	"math/big"
	"math/bits"
)

// op is how much a pass works out.
type op uint8

const (
	opSum op = iota
	opMinMax
	opStats
)

// state is what is known of some elements. States of parts merge into the
// state of the whole.
type state struct {
	n, nans  uint64
	min, max int64 // keys; valid when n > 0

	sum double // floats
	m2  double // floats: sum of squared distances from the mean

	isum [2]uint64 // integers: the sum, two's complement, low word first
	isq  [3]uint64 // integers: the sum of squares, low word first
}

// newState is the state of no element.
func newState() state {
	return state{sum: double{hi: negZero}, min: math.MaxInt64, max: math.MinInt64}
}

// merge adds the state of the elements behind s's.
func (s *state) merge(t *state, c class, o op) {
	if t.n == 0 {
		s.nans += t.nans
		return
	}
	if s.n == 0 {
		nans := s.nans
		*s = *t
		s.nans += nans
		return
	}
	if o != opSum {
		s.min, s.max = min(s.min, t.min), max(s.max, t.max)
	}
	if c == floating {
		s.mergeFloats(t, o)
	} else if o != opMinMax {
		s.addInts(t.isum, t.isq)
	}
	s.n += t.n
	s.nans += t.nans
}

// mergeFloats joins sums and moments (Chan, Golub, LeVeque 1979).
func (s *state) mergeFloats(t *state, o op) {
	if o == opStats {
		s.m2 = s.m2.plus(t.m2)
		if s.sum.finite() && t.sum.finite() {
			a, b := s.sum.over(s.n), t.sum.over(t.n)
			d, e := twoSum(a.hi, -b.hi)
			d += e + (a.lo - b.lo)
			na, nb := float64(s.n), float64(t.n)
			s.m2 = s.m2.plus(double{hi: float64(float64(d*d) * float64(na*(nb/(na+nb))))})
		} else {
			s.m2 = double{hi: math.NaN()}
		}
	}
	if o != opMinMax {
		s.sum = s.sum.plus(t.sum)
	}
}

// addInts adds to the exact sums.
func (s *state) addInts(sum [2]uint64, sq [3]uint64) {
	var c uint64
	s.isum[0], c = bits.Add64(s.isum[0], sum[0], 0)
	s.isum[1], _ = bits.Add64(s.isum[1], sum[1], c)
	s.isq[0], c = bits.Add64(s.isq[0], sq[0], 0)
	s.isq[1], c = bits.Add64(s.isq[1], sq[1], c)
	s.isq[2] += sq[2] + c
}

// bigSum is the exact integer sum.
func (s *state) bigSum() *big.Int {
	if int64(s.isum[1]) >= 0 {
		return bigWords(s.isum[0], s.isum[1])
	}
	lo, borrow := bits.Sub64(0, s.isum[0], 0)
	hi, _ := bits.Sub64(0, s.isum[1], borrow)
	v := bigWords(lo, hi)
	return v.Neg(v)
}

// bigWords puts 64-bit words together, the lowest first.
func bigWords(words ...uint64) *big.Int {
	v := new(big.Int)
	for i := len(words) - 1; i >= 0; i-- {
		v.Lsh(v, 64)
		v.Or(v, new(big.Int).SetUint64(words[i]))
	}
	return v
}

// total gives the sum.
func (s *state) total(c class) Total {
	t := Total{Count: s.n, NaNs: s.nans}
	switch {
	case c != floating:
		t.Exact = s.bigSum()
		t.Value, _ = new(big.Float).SetInt(t.Exact).Float64()
	case s.n > 0:
		t.Value = plainNaN(s.sum.value())
	}
	return t
}

// smallSum is an integer sum that a float64 holds exactly.
func (s *state) smallSum() (int64, bool) {
	v := int64(s.isum[0])
	return v, int64(s.isum[1]) == v>>63 && v <= 1<<53 && v >= -1<<53
}

// mean is NaN of no element, and correctly rounded for integers.
func (s *state) mean(c class) float64 {
	if s.n == 0 {
		return math.NaN()
	}
	if c == floating {
		return plainNaN(s.sum.over(s.n).value())
	}
	if v, ok := s.smallSum(); ok && s.n <= 1<<53 {
		return float64(v) / float64(s.n)
	}
	v, _ := new(big.Rat).SetFrac(s.bigSum(), new(big.Int).SetUint64(s.n)).Float64()
	return v
}

// variance divides by n-ddof; NaN when that is not positive. It is correctly
// rounded for integers.
func (s *state) variance(c class, ddof uint64) float64 {
	if s.n == 0 || s.n <= ddof {
		return math.NaN()
	}
	if c == floating {
		return plainNaN(s.m2.over(s.n - ddof).value())
	}
	if v, ok := s.smallVariance(ddof); ok {
		return v
	}
	n := new(big.Int).SetUint64(s.n)
	num := bigWords(s.isq[:]...)
	sum := s.bigSum()
	num.Mul(num, n).Sub(num, sum.Mul(sum, sum))
	v, _ := new(big.Rat).SetFrac(num, n.Mul(n, new(big.Int).SetUint64(s.n-ddof))).Float64()
	return v
}

// smallVariance is the variance where n·Σx² - (Σx)² and n·(n-ddof) are exact as
// float64: of most small images, a microsecond sooner.
func (s *state) smallVariance(ddof uint64) (float64, bool) {
	const exact = 1 << 53
	v, ok := s.smallSum()
	if !ok || s.isq[1]|s.isq[2] != 0 || s.n > 1<<26 {
		return 0, false
	}
	hi, lo := bits.Mul64(s.n, s.isq[0])
	a := uint64(max(v, -v))
	hi2, lo2 := bits.Mul64(a, a)
	lo, borrow := bits.Sub64(lo, lo2, 0)
	if hi, _ = bits.Sub64(hi, hi2, borrow); hi != 0 || lo > exact {
		return 0, false
	}
	return float64(lo) / float64(s.n*(s.n-ddof)), true
}

// extremes gives minimum and maximum; NaN of no element, and of elements of
// which one is NaN.
func (s *state) extremes(c class) (lo, hi Number) {
	if s.n == 0 || c == floating && (s.max > keyInf || s.min < ^keyInf) {
		return nan(), nan()
	}
	return numberOf(c, s.min), numberOf(c, s.max)
}

// plainNaN gives every NaN the same bits: which one comes out of a sum depends
// on the processor.
func plainNaN(v float64) float64 {
	if v != v {
		return math.NaN()
	}
	return v
}
