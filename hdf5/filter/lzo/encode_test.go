package lzo

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"gables/internal/testkit"
)

// sizes are those at which instructions change, and some larger ones.
var sizes = []int{0, 1, 2, 3, 4, 5, 7, 18, 19, 33, 34, 100, 237, 238, 239, 272, 273, 274, 1000, 2050, 17_000, 80_000}

func TestEncoderKeepsItsContract(t *testing.T) {
	testkit.Encoding{Filter: New(), Values: [][]uint32{nil}, Sizes: sizes, Skips: true, Most: Bound}.Run(t)
}

func TestNothingIsLargerThanTheBound(t *testing.T) {
	// 19 literals, then 4 bytes that stood 20000 before: all that grows most.
	r := rand.New(rand.NewPCG(1, 1))
	src := make([]byte, 20_000, 60_000)
	for i := range src {
		src[i] = byte(r.Uint32())
	}
	for at := 0; len(src) < 57_000; at += 4 {
		for range 19 {
			src = append(src, byte(r.Uint32()))
		}
		src = append(src, src[at:at+4]...)
	}
	for n := 0; n <= len(src); n += 1 + n/50 {
		raw := Compress(make([]byte, Bound(n)), src[:n])
		got := make([]byte, n)
		if _, _, err := Decode(got, raw); err != nil || !bytes.Equal(got, src[:n]) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
}

func FuzzEncode(f *testing.F) {
	testkit.FuzzEncode(f, New(), func(uint32) []uint32 { return nil })
}

func BenchmarkEncode(b *testing.B) { testkit.BenchEncode(b, New()) }
