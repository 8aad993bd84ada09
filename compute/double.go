package compute

import "math"

// double is the unevaluated sum hi + lo, a number of about 106 bits: what
// totals are kept in, so that only the leaves of a sum round. Where hi is not
// finite lo is 0. Products are rounded explicitly (float64(a*b)) throughout the
// package: otherwise the compiler may fuse them into sums on some processors,
// and results would differ between machines.
type double struct{ hi, lo float64 }

// negZero begins sums, as -0 + -0 is -0 and -0 + x is x.
var negZero = math.Copysign(0, -1)

// twoSum is a + b without error (Knuth, TAOCP 2, 4.2.2).
func twoSum(a, b float64) (s, err float64) {
	s = a + b
	t := s - a
	return s, (a - (s - t)) + (b - t)
}

// fix makes lo the error of hi after errors were added up in it, and drops it
// from what is not finite: there it is NaN.
func (x double) fix() double {
	switch {
	case x.hi-x.hi != 0:
		x.lo = 0
	case x.lo != 0:
		x.hi, x.lo = twoSum(x.hi, x.lo)
	}
	return x
}

// finite tells numbers from infinities and NaNs.
func (x double) finite() bool { return x.hi-x.hi == 0 }

// plus is x + y, with a relative error below 3·2^-106 (Joldes, Muller, Popescu
// 2017, algorithm 6).
func (x double) plus(y double) double {
	s, e := twoSum(x.hi, y.hi)
	t, f := twoSum(x.lo, y.lo)
	s, e = fastSum(s, e+t)
	s, e = fastSum(s, e+f)
	if s-s != 0 {
		// The steps above lose the infinity; the plain sum has it.
		return double{hi: x.hi + y.hi}
	}
	if s == 0 && e == 0 {
		return double{hi: x.hi + y.hi} // keeps the sign of zero
	}
	return double{s, e}
}

// fastSum is a + b without error where |a| ≥ |b| or a is 0.
func fastSum(a, b float64) (s, err float64) {
	s = a + b
	return s, b - (s - a)
}

// value rounds to a float64.
func (x double) value() float64 {
	if x.lo == 0 {
		return x.hi // hi + 0 would lose the sign of -0
	}
	return x.hi + x.lo
}

// over is x / n; n is exact below 2^53.
func (x double) over(n uint64) double {
	d := float64(n)
	q := x.hi / d
	if q-q != 0 || q == 0 {
		return double{hi: q}
	}
	r := math.FMA(-q, d, x.hi) + x.lo
	hi, lo := fastSum(q, r/d)
	return double{hi, lo}
}

// times is n·v without error where it neither overflows nor underflows.
func times(n uint64, v float64) double {
	d := float64(n)
	p := float64(d * v)
	return double{p, math.FMA(d, v, -p)}.fix()
}
