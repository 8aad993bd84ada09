package compute

import (
	"math/rand/v2"
	"testing"
	"unsafe"
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
	kf8 := newFloats[float64](source{stride: 8}, opStats, false)
	kf4 := newFloats[float32](source{}, opStats, false)
	h := newBins([]float64{-4, -3, -2, -1, 0, 1, 2, 3, 4}, floating)
	for name, f := range map[string]func(){
		"f8/sum":    func() { kf8.sumTile(&s, f8) },
		"f8/minmax": func() { kf8.minMaxTile(&s, f8) },
		"f8/stats":  func() { kf8.statsTile(&s, f8) },
		"f8/histogram": func() {
			p := unsafe.Slice((*byte)(unsafe.Pointer(&f8[0])), 8*len(f8))
			if err := kf8.count(h, p, len(f8)); err != nil {
				b.Fatal(err)
			}
		},
		"f4/sum":     func() { kf4.sumTile(&s, f4) },
		"f4/stats":   func() { kf4.statsTile(&s, f4) },
		"i8/sum":     func() { keep(sumInts(i8)) },
		"i8/minmax":  func() { keepTwo(minMaxInts(i8)) },
		"i8/squares": func() { keep(squares(i8)) },
		"i4/sum":     func() { keep(sumInts(i4)) },
		"i4/minmax":  func() { keepTwo(minMaxInts(i4)) },
		"i4/squares": func() { keep(squares(i4)) },
		"i2/sum":     func() { keep(sumInts(i2)) },
		"i2/minmax":  func() { keepTwo(minMaxInts(i2)) },
		"i2/squares": func() { keep(squares(i2)) },
		"i1/sum":     func() { keep(sumInts(i1)) },
		"i1/minmax":  func() { keepTwo(minMaxInts(i1)) },
		"i1/squares": func() { keep(squares(i1)) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/tileLen, "ns/elem")
		})
	}
}

// kept and its writers keep the compiler from dropping work.
var kept uint64

func keep[W [2]uint64 | [3]uint64](w W) {
	for i := range len(w) {
		kept += w[i]
	}
}
func keepTwo[T integer](a, b T) { kept += uint64(a) + uint64(b) }
