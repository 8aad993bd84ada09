package deflate

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"gables/hdf5/filter/shuffle"
)

// doubles is n float64 of a kind.
func doubles(kind string, n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 0, 8*n)
	v := 0.0
	for i := range n {
		x := 0.0
		switch kind {
		case "walk": // hundredths
			v += r.NormFloat64()
			x = math.Round(v*100) / 100
		case "single": // single precision, kept as double
			x = float64(float32(math.Sin(float64(i)/1000)*100 + r.NormFloat64()))
		case "smooth":
			x = math.Sin(float64(i)/1000) * 100
		case "noise":
			x = r.NormFloat64()
		case "whole":
			x = float64(r.IntN(1000))
		}
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	return b
}

var kinds = []string{"walk", "single", "smooth", "noise", "whole"}

// BenchmarkShuffledDoubles gives, beside the mean, the best speed in MB/s (on a
// shared machine the mean says little) and the ratio. The chunk is 1 MB, and
// the time is that of shuffle and deflate.
func BenchmarkShuffledDoubles(b *testing.B) {
	for _, kind := range kinds {
		src := doubles(kind, 1<<17)
		shuffled, dst := make([]byte, len(src)), make([]byte, 0, 2*len(src))
		for level := 1; level <= 9; level++ {
			b.Run(fmt.Sprintf("%s/%d", kind, level), func(b *testing.B) {
				b.SetBytes(int64(len(src)))
				out, best := dst, time.Hour
				for b.Loop() {
					start := time.Now()
					shuffle.Shuffle(shuffled, src, 8)
					out = Append(dst, shuffled, level)
					best = min(best, time.Since(start))
				}
				b.ReportMetric(float64(len(src))/best.Seconds()/1e6, "best-MB/s")
				b.ReportMetric(float64(len(src))/float64(len(out)), "ratio")
			})
		}
	}
}
