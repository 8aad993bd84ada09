package compute

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

// exactMoments are sum, sum of absolutes and variance without rounding.
func exactMoments(xs []float64) (sum, abs, m2 *big.Float) {
	const prec = 4400
	zero := func() *big.Float { return new(big.Float).SetPrec(prec) }
	sum, abs, m2 = zero(), zero(), zero()
	for _, x := range xs {
		v := zero().SetFloat64(x)
		sum.Add(sum, v)
		abs.Add(abs, v.Abs(v))
	}
	mean := zero().Quo(sum, zero().SetInt64(int64(len(xs))))
	for _, x := range xs {
		d := zero().Sub(zero().SetFloat64(x), mean)
		m2.Add(m2, d.Mul(d, d))
	}
	return sum, abs, m2
}

// off is |got - want| / scale.
func off(got float64, want, scale *big.Float) float64 {
	d := new(big.Float).SetPrec(want.Prec()).SetFloat64(got)
	d.Sub(d, want)
	d.Abs(d)
	if scale.Sign() == 0 {
		v, _ := d.Float64()
		return v
	}
	v, _ := d.Quo(d, scale).Float64()
	return v
}

// shapes of data that are hard to sum.
var hard = map[string]func(r *rand.Rand, i int) float64{
	"normal":   func(r *rand.Rand, _ int) float64 { return r.NormFloat64() },
	"uniform":  func(r *rand.Rand, _ int) float64 { return r.Float64() },
	"offset":   func(r *rand.Rand, _ int) float64 { return 1e12 + r.NormFloat64() },
	"constant": func(_ *rand.Rand, _ int) float64 { return 0.1 },
	"ramp":     func(_ *rand.Rand, i int) float64 { return float64(i) * 0.1 },
	"wild":     func(r *rand.Rand, _ int) float64 { return r.NormFloat64() * math.Pow(10, float64(r.IntN(200)-100)) },
	"cancel":   func(r *rand.Rand, i int) float64 { return float64(1-2*(i&1)) * (1e10 + r.Float64()) },
	"tiny":     func(r *rand.Rand, _ int) float64 { return r.Float64() * 1e-150 },
	"outlier": func(r *rand.Rand, i int) float64 {
		if i == 0 {
			return 1e9
		}
		return r.Float64()
	},
}

func TestFloatSumsStayWithinTheDocumentedBound(t *testing.T) {
	const u = 1.0 / (1 << 53)
	r := rand.New(rand.NewPCG(3, 4))
	worstSum, worstVar := 0.0, 0.0
	for name, gen := range hard {
		for _, n := range []int{1, 2, 3, 7, 8, 9, 63, 64, 127, 128, 129, 1000, tileLen, tileLen + 1, 3*tileLen + 5, 50_000} {
			xs := make([]float64, n)
			for i := range xs {
				xs[i] = gen(r, i)
			}
			sum, abs, m2 := exactMoments(xs)
			s, v := foldAll(t, opSum, xs, 10_000), foldAll(t, opStats, xs, 10_000)
			const bound = 19 * u
			e := off(s.total(floating).Value, sum, abs)
			if e > bound {
				t.Errorf("%s, %d elements: sum off by %v u of Σ|x|", name, n, e/u)
			}
			worstSum = max(worstSum, e/u)
			if e := off(v.total(floating).Value, sum, abs); e > bound {
				t.Errorf("%s, %d elements: sum of Stats off by %v u", name, n, e/u)
			}
			if n == 1 {
				continue
			}
			want := new(big.Float).Quo(m2, big.NewFloat(float64(n)))
			e = off(v.variance(floating, 0), want, want)
			if name == "constant" {
				e = 0 // exact: checked below
				if v.variance(floating, 0) != 0 {
					t.Errorf("constant, %d elements: variance %v", n, v.variance(floating, 0))
				}
			}
			if e > 40*u {
				t.Errorf("%s, %d elements: variance off by %v u, got %v want %v", name, n, e/u, v.variance(floating, 0), want)
			}
			worstVar = max(worstVar, e/u)
		}
	}
	t.Logf("worst: sum %.2f u of Σ|x|, variance %.2f u", worstSum, worstVar)
}

// foldAll folds blocks of floats and merges them as a scan does.
func foldAll(t *testing.T, o op, xs []float64, block int) state {
	k := newFloats[float64](source{}, o, false)
	tr := newTree(floating, o)
	for seq := uint64(0); len(xs) > 0; seq++ {
		n := min(block, len(xs))
		s := newState()
		for at := 0; at < n; at += tileLen {
			tile := xs[at:min(at+tileLen, n)]
			if o == opSum {
				k.sumTile(&s, tile)
			} else {
				k.statsTile(&s, tile)
			}
		}
		tr.add(node[state]{index: seq, s: s})
		xs = xs[n:]
	}
	s, ok := tr.total()
	if !ok {
		t.Fatal("no blocks")
	}
	return s
}

func TestIntegerSumsAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		n := r.IntN(3 * tileLen)
		testInts(t, n, func() int64 { return r.Int64() - r.Int64() })
		testInts(t, n, func() uint64 { return r.Uint64() | r.Uint64() })
		testInts(t, n, func() int32 { return int32(r.Uint32()) })
		testInts(t, n, func() uint32 { return r.Uint32() | r.Uint32() })
		testInts(t, n, func() int16 { return int16(r.Uint32()) })
		testInts(t, n, func() uint16 { return uint16(r.Uint32() | r.Uint32()) })
		testInts(t, n, func() int8 { return int8(r.Uint32()) })
		testInts(t, n, func() uint8 { return 255 - uint8(r.IntN(2)) })
		testInts(t, n, func() int64 { return math.MinInt64 })
		testInts(t, n, func() uint64 { return math.MaxUint64 })
		testInts(t, n, func() int8 { return math.MinInt8 })
		testInts(t, n, func() int32 { return math.MinInt32 })
	}
}

func testInts[T integer](t *testing.T, n int, gen func() T) {
	t.Helper()
	sum, sq := new(big.Int), new(big.Int)
	s := newState()
	for n > 0 {
		xs := make([]T, min(n, tileLen))
		for i := range xs {
			xs[i] = gen()
			v := new(big.Int).SetUint64(uint64(xs[i]))
			if isSigned[T]() {
				v.SetInt64(int64(xs[i]))
			}
			sum.Add(sum, v)
			sq.Add(sq, v.Mul(v, v))
		}
		s.addInts(sumInts(xs), squares(xs))
		n -= len(xs)
	}
	if got := s.bigSum(); got.Cmp(sum) != 0 {
		t.Errorf("%T: sum %v, want %v", *new(T), got, sum)
	}
	if got := bigWords(s.isq[:]...); got.Cmp(sq) != 0 {
		t.Errorf("%T: squares %v, want %v", *new(T), got, sq)
	}
}

func TestSmallVarianceIsTheExactOne(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	small := 0
	for range 2000 {
		var s state
		for range 1 + r.IntN(50) {
			v := int64(r.IntN(1<<r.IntN(26))) - 1<<7
			s.addInts(wide(v), [3]uint64{uint64(v * v)})
			s.n++
		}
		got, ok := s.smallVariance(0)
		if !ok {
			continue
		}
		small++
		n := new(big.Int).SetUint64(s.n)
		num := new(big.Int).Mul(bigWords(s.isq[:]...), n)
		num.Sub(num, new(big.Int).Mul(s.bigSum(), s.bigSum()))
		want, _ := new(big.Rat).SetFrac(num, n.Mul(n, n)).Float64()
		if got != want {
			t.Fatalf("variance %v, want %v", got, want)
		}
	}
	if small < 500 || small == 2000 {
		t.Errorf("only %d small cases", small)
	}
}

func TestTreeMergesInOneOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for n := 1; n < 70; n++ {
		want := ""
		for range 20 {
			tr := tree[string]{merge: func(a, b string) string { return "(" + a + b + ")" }}
			for _, i := range r.Perm(n) {
				tr.add(node[string]{index: uint64(i), s: string(rune('0' + i))})
			}
			got, ok := tr.total()
			if want == "" {
				want = got
			}
			if !ok || got != want {
				t.Fatalf("%d blocks: %s, before %s", n, got, want)
			}
		}
		for i := range n - 1 {
			if strings.Index(want, string(rune('0'+i))) > strings.Index(want, string(rune('0'+i+1))) {
				t.Fatalf("%d blocks out of order: %s", n, want)
			}
		}
	}
}

func TestKeysOrderFloats(t *testing.T) {
	vs := []float64{math.Inf(-1), -math.MaxFloat64, -1, -math.SmallestNonzeroFloat64, negZero, 0, math.SmallestNonzeroFloat64, 1, math.MaxFloat64, math.Inf(1)}
	for i, v := range vs {
		if k := floatKey(v); math.Float64bits(floatOfKey(k)) != math.Float64bits(v) || i > 0 && k <= floatKey(vs[i-1]) {
			t.Errorf("key %d of %v", k, v)
		}
	}
	if floatKey(math.Inf(1)) != keyInf || floatKey(math.NaN()) <= keyInf || floatKey(math.Copysign(math.NaN(), -1)) >= ^keyInf || floatKey(math.Inf(-1)) != ^keyInf {
		t.Error("infinities and NaNs are out of order")
	}
}

func TestDoublesKeepTwiceThePrecision(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for range 10000 {
		v := func() double {
			hi, lo := twoSum(r.NormFloat64()*math.Pow(2, float64(r.IntN(80))), r.NormFloat64()*math.Pow(2, -float64(r.IntN(60))))
			return double{hi, lo}
		}
		a, b := v(), v()
		n := r.Uint64N(1 << 40)
		exact := func(x double) *big.Float {
			z := new(big.Float).SetPrec(500).SetFloat64(x.hi)
			return z.Add(z, new(big.Float).SetFloat64(x.lo))
		}
		sum := exact(a)
		sum.Add(sum, exact(b))
		if got := exact(a.plus(b)); sum.Sign() != 0 {
			d := new(big.Float).Sub(got, sum)
			if f, _ := d.Quo(d, sum).Float64(); math.Abs(f) > 0x1p-100 {
				t.Fatalf("%v + %v off by %v", a, b, f)
			}
		}
		q := exact(a)
		q.Quo(q, new(big.Float).SetUint64(n+1))
		d := new(big.Float).Sub(exact(a.over(n+1)), q)
		if f, _ := d.Quo(d, q).Float64(); math.Abs(f) > 0x1p-98 {
			t.Fatalf("%v / %d off by %v", a, n+1, f)
		}
	}
}
