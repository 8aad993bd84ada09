package zstd

import (
	"testing"

	"gables/hdf5/filter/internal/zstdframe"
	"gables/internal/testkit"
)

var (
	sizes  = []int{0, 1, 2, 15, 16, 17, 100, 255, 256, 257, 1000, 4096, 20_000, 140_000}
	values = [][]uint32{nil, {0}, Values(-5), Values(7), Values(22)}
)

func TestEncoderKeepsItsContract(t *testing.T) {
	levels := values
	if testing.Short() {
		levels = values[:3] // the best takes minutes under the race detector
	}
	testkit.Encoding{Filter: New(), Values: levels, Sizes: sizes, Most: zstdframe.Bound}.Run(t)
}

func FuzzEncode(f *testing.F) {
	testkit.FuzzEncode(f, New(), func(level uint32) []uint32 { return Values(int(level%30) - 7) })
}

func BenchmarkEncode(b *testing.B) { testkit.BenchEncode(b, New(), 3) }
