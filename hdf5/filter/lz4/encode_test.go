package lz4

import (
	"testing"

	"gables/internal/testkit"
)

var (
	sizes  = []int{0, 1, 2, 5, 12, 13, 14, 63, 64, 65, 128, 129, 1000, 4096, 4099, 70_000}
	values = [][]uint32{nil, {0}, {1}, {13}, {64}, {1000}, {4096}, {1 << 20}}
)

func most(n int) int { return headerSize + 5*n }

func TestEncoderKeepsItsContract(t *testing.T) {
	testkit.Encoding{Filter: New(), Values: values, Sizes: sizes, Most: most}.Run(t)
}

func FuzzEncode(f *testing.F) {
	testkit.FuzzEncode(f, New(), func(block uint32) []uint32 { return Values(block % 5000) })
}

func BenchmarkEncode(b *testing.B) { testkit.BenchEncode(b, New(), 0) }
