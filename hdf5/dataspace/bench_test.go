package dataspace

import (
	"math/rand"
	"testing"
)

// benchRuns measures Boxes and Runs over all chunks; bytes are the selected
// elements at 8 bytes each, no data set, nothing cached but what Bind keeps.
func benchRuns(b *testing.B, s Selection, dims, chunk []uint64) {
	bound := mustBind(b, s, dims...)
	b.SetBytes(int64(bound.Count() * 8))
	b.ReportAllocs()
	origin := make([]uint64, len(dims))
	runs := 0
	count := func(Run) bool { runs++; return true }
	for b.Loop() {
		bound.Boxes(chunk, func(scaled []uint64) bool {
			for k := range origin {
				origin[k] = scaled[k] * chunk[k]
			}
			bound.Runs(origin, chunk, count)
			return true
		})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(runs), "ns/run")
}

func benchMask(n int) []bool {
	r, mask := rand.New(rand.NewSource(1)), make([]bool, n)
	for i := range mask {
		mask[i] = r.Intn(2) == 0
	}
	return mask
}

func BenchmarkRuns(b *testing.B) {
	dims, chunk := []uint64{4000, 2500}, []uint64{100, 100}
	mask := benchMask(4000 * 2500)
	r := rand.New(rand.NewSource(2))
	coords := make([]uint64, 2_000_000)
	for i := range coords {
		coords[i] = uint64(r.Intn(2500))
	}
	b.Run("all", func(b *testing.B) { benchRuns(b, All(), dims, chunk) })
	b.Run("box", func(b *testing.B) { benchRuns(b, MustParse("50:3950, 50:2450"), dims, chunk) })
	b.Run("steps", func(b *testing.B) { benchRuns(b, MustParse("::2, ::3"), dims, chunk) })
	b.Run("blocks", func(b *testing.B) {
		benchRuns(b, Hyperslab([]uint64{0, 0}, []uint64{3, 5}, []uint64{1000, 500}, []uint64{2, 3}), dims, chunk)
	})
	b.Run("axismask", func(b *testing.B) { benchRuns(b, Axes(Full(), AxisMask(mask[:2500])), dims, chunk) })
	b.Run("mask", func(b *testing.B) { benchRuns(b, Mask(dims, mask), dims, chunk) })
	b.Run("points", func(b *testing.B) { benchRuns(b, Points(2, coords), dims, chunk) })
}

func BenchmarkBind(b *testing.B) {
	dims := []uint64{4000, 2500}
	mask := benchMask(4000 * 2500)
	r := rand.New(rand.NewSource(2))
	coords := make([]uint64, 2_000_000)
	for i := range coords {
		coords[i] = uint64(r.Intn(2500))
	}
	var blocks []Block
	for i := range uint64(10_000) {
		x, y := i*37%3990, i*101%2490
		blocks = append(blocks, Block{[]uint64{x, y}, []uint64{x + 9, y + 9}})
	}
	masked, points, union := Mask(dims, mask), Points(2, coords), Union(2, blocks)
	run := func(name string, s func() Selection, n int) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				bound := mustBind(b, s(), dims...)
				bound.Boxes([]uint64{100, 100}, func([]uint64) bool { return false })
			}
		})
	}
	run("all", All, 1)
	run("mask", func() Selection { return masked }, len(mask))
	run("newmask", func() Selection { return Mask(dims, mask) }, len(mask))
	run("points", func() Selection { return points }, 8*len(coords))
	run("union", func() Selection { return union }, len(blocks))
}
