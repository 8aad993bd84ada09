package zstdframe

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// sines is n bytes of a noisy sine, which compress by a half or so.
func sines(n int) []byte {
	r := rand.New(rand.NewPCG(3, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(100*math.Sin(float64(i)/50)) + byte(r.IntN(4))
	}
	return b
}

func TestEncodedFramesTellTheirSizeAndDecode(t *testing.T) {
	for _, n := range []int{0, 1, 5, 255, 256, 1000, 70000, 131072, 131073, 400000} {
		for level := -1; level <= MaxLevel; level += 3 {
			for _, src := range [][]byte{sines(n), make([]byte, n)} {
				room := make([]byte, Bound(n))
				b, err := Encode(room, src, level)
				if err != nil || len(b) == 0 || &b[0] != &room[0] {
					t.Fatalf("level %d, %d bytes: %v", level, n, err)
				}
				got := make([]byte, n)
				if err := Decode(got, b); err != nil || !bytes.Equal(got, src) {
					t.Fatalf("level %d, %d bytes: %v", level, n, err)
				}
				if bound, err := decodedBound(b); err != nil || bound != uint64(n) {
					t.Fatalf("level %d: bound %d of %d bytes, %v", level, bound, n, err)
				}
			}
		}
	}
}

func TestBoundHoldsForNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	src := make([]byte, 600000)
	for i := range src {
		src[i] = byte(r.Uint32())
	}
	for _, n := range []int{1, 2, 100, 300, 5000, 131071, 131072, 262144, len(src)} {
		for level := 1; level <= MaxLevel; level += 3 {
			b, err := Encode(nil, src[:n], level)
			if err != nil || len(b) > Bound(n) {
				t.Errorf("level %d: %d bytes of %d, %v", level, len(b), n, err)
			}
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, n := range []int{32 << 10, 1 << 20} {
		src := sines(n)
		for _, level := range []int{1, 3, 9, 17} {
			b.Run(fmt.Sprintf("%dK/%d", n>>10, level), func(b *testing.B) {
				dst := make([]byte, Bound(n))
				b.SetBytes(int64(n))
				b.ReportAllocs()
				for b.Loop() {
					out, _ := Encode(dst, src, level)
					b.ReportMetric(float64(n)/float64(len(out)), "ratio")
				}
			})
		}
	}
}
