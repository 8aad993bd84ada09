package bzip2

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

func TestEncoderKeepsItsContract(t *testing.T) {
	most := func(n int) int { return n + n/100 + 600 }
	testkit.Encoding{
		Filter: New(), Values: [][]uint32{nil, {5, 27, 0}}, Most: most,
		Sizes: []int{0, 1, 2, 3, 4, 5, 100, 254, 255, 256, 259, 260, 600, 3000},
	}.Run(t)
	testkit.Encoding{Filter: New(), Values: [][]uint32{Values(1)}, Most: most, Sizes: []int{110_000}}.Run(t)
}

func TestLocalChecksTheLevel(t *testing.T) {
	f := New().(filter.Encoder)
	for _, values := range [][]uint32{{}, {1}, {9}, {5, 27, 0}} {
		if got, err := f.Local(values, filter.Described{}); err != nil || !slices.Equal(got, values) {
			t.Errorf("%v: %v, %v", values, got, err)
		}
	}
	for _, values := range [][]uint32{{0}, {10}, {5, 27, 0, 1}} {
		if got, err := f.Local(values, filter.Described{}); !errors.Is(err, h5err.ErrSelection) {
			t.Errorf("%v: %v, %v", values, got, err)
		}
	}
}

// Weights that grow as Fibonacci's numbers give the longest codes.
func TestCodesAreNotTooLong(t *testing.T) {
	frequency := make([]uint32, 40)
	frequency[0], frequency[1] = 1, 1
	for i := 2; i < len(frequency); i++ {
		frequency[i] = frequency[i-1] + frequency[i-2]
	}
	var b builder
	lengths := make([]byte, len(frequency))
	b.build(lengths, frequency)
	sum := 0
	for _, n := range lengths {
		if n < 1 || n > mostBits {
			t.Fatalf("lengths %v", lengths)
		}
		sum += 1 << (mostBits - n)
	}
	if sum != 1<<mostBits {
		t.Fatalf("lengths %v are no code that is full", lengths)
	}
}

func TestLeastRotation(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
	}{{"", 0}, {"a", 0}, {"ba", 1}, {"bab", 1}, {"cabcab", 1}, {"aaaa", 0}, {"bbabba", 2}, {"bbabab", 2}} {
		if got := leastRotation([]byte(c.text)); got != c.want {
			t.Errorf("%q: %d, want %d", c.text, got, c.want)
		}
	}
}

func FuzzEncode(f *testing.F) {
	f.Add(bytes.Repeat([]byte("abab"), 400), uint32(3))
	testkit.FuzzEncode(f, New(), func(choice uint32) []uint32 { return Values(1 + int(choice%9)) })
}

func BenchmarkEncode(b *testing.B) { testkit.BenchEncode(b, New(), 9) }
