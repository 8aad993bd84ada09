package compute

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkKernels works on one tile in the first-level cache: what is left is
// arithmetic.
func BenchmarkKernels(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	f8, f4 := make([]float64, tileLen), make([]float32, tileLen)
	i8, i4, i2, i1 := make([]int64, tileLen), make([]int32, tileLen), make([]int16, tileLen), make([]int8, tileLen)
	for i := range f8 {
		f8[i], f4[i] = r.NormFloat64(), float32(r.NormFloat64())
		i8[i], i4[i], i2[i], i1[i] = r.Int64(), r.Int32(), int16(r.Int32()), int8(r.Int32())
	}
	s := newState()
	kf8 := newFloats[float64](source{}, opStats, false)
	kf4 := newFloats[float32](source{}, opStats, false)
	h := newBins([]float64{-4, -3, -2, -1, 0, 1, 2, 3, 4}, floating)
	for name, f := range map[string]func(){
		"f8/sum":    func() { kf8.sumTile(&s, f8) },
		"f8/minmax": func() { kf8.minMaxTile(&s, f8) },
		"f8/stats":  func() { kf8.statsTile(&s, f8) },
		"f8/place": func() {
			for _, x := range f8 {
				h.count[h.place(x)]++
			}
		},
		"f4/sum":     func() { kf4.sumTile(&s, f4) },
		"f4/stats":   func() { kf4.statsTile(&s, f4) },
		"i8/sum":     func() { sumInts(i8) },
		"i8/minmax":  func() { minMaxInts(i8) },
		"i8/squares": func() { squares(i8) },
		"i4/sum":     func() { sumInts(i4) },
		"i4/minmax":  func() { minMaxInts(i4) },
		"i4/squares": func() { squares(i4) },
		"i2/sum":     func() { sumInts(i2) },
		"i2/minmax":  func() { minMaxInts(i2) },
		"i2/squares": func() { squares(i2) },
		"i1/sum":     func() { sumInts(i1) },
		"i1/minmax":  func() { minMaxInts(i1) },
		"i1/squares": func() { squares(i1) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/tileLen, "ns/elem")
		})
	}
}
