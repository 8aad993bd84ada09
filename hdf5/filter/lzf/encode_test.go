package lzf

import (
	"testing"

	"gables/internal/testkit"
)

// sizes are those at which instructions change, and some larger ones.
var sizes = []int{0, 1, 2, 3, 4, 5, 31, 32, 33, 64, 65, 66, 100, 264, 265, 266, 300, 1000, 8191, 8194, 9000, 70_000}

func TestEncoderKeepsItsContract(t *testing.T) {
	testkit.Encoding{
		Filter: New(), Values: [][]uint32{nil}, Sizes: sizes, Skips: true, Most: func(n int) int { return n },
	}.Run(t)
}

func FuzzEncode(f *testing.F) {
	testkit.FuzzEncode(f, New(), func(uint32) []uint32 { return nil })
}

func BenchmarkEncode(b *testing.B) { testkit.BenchEncode(b, New()) }
