package blosclz

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// pieces makes n bytes out of literals, repetitions near and far, and runs.
func pieces(r *rand.Rand, n int) []byte {
	var b []byte
	for len(b) < n {
		switch k := 1 + r.IntN(40); r.IntN(4) {
		case 0:
			for range k {
				b = append(b, byte(r.Uint32()))
			}
		case 1:
			b = append(b, bytes.Repeat([]byte{byte(r.Uint32())}, k*r.IntN(50))...)
		case 2:
			if len(b) > 0 {
				from := r.IntN(len(b))
				b = append(b, b[from:min(len(b), from+k)]...)
			}
		default:
			for range k {
				b = append(b, byte(r.IntN(3)))
			}
		}
	}
	return b[:n]
}

// most is the most bytes that n bytes compress to.
func most(n int) int { return n + n/maxLiterals + 1 }

func TestCompressedStreamsDecodeByTheModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		src := pieces(r, 1+r.IntN(2000))
		if i%40 == 0 {
			src = pieces(r, 60000+r.IntN(200000))
		}
		b := Compress(make([]byte, most(len(src))), src, i%10)
		if b == nil {
			t.Fatalf("%d bytes do not fit", len(src))
		}
		if got := model(b, len(src)); !bytes.Equal(got, src) {
			t.Fatalf("%d bytes at level %d differ", len(src), i%10)
		}
	}
}

func TestMatchesReachAsFarAsTheFormatAllows(t *testing.T) {
	const word, other = "the word that repeats", "xq1+zp5-yk8*wj3%vl6&ua"
	for _, gap := range []int{8189, 8190, 8191, 8192, 8193, 73724, 73725, 73726, 73727, 73728} {
		stem := word + string(make([]byte, gap-len(word)))
		size := func(end string) int {
			src := []byte(stem + end[:len(word)] + "the end")
			b := Compress(make([]byte, most(len(src))), src, 9)
			if got := model(b, len(src)); !bytes.Equal(got, src) {
				t.Fatalf("%d bytes back: bytes differ", gap)
			}
			return len(b)
		}
		if found := size(word) < size(other)-len(word)/2; found != (gap <= maxFar) {
			t.Errorf("%d bytes back: found is %v", gap, found)
		}
	}
}

func TestStreamThatDoesNotFitIsNil(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		src := pieces(r, 1+r.IntN(400))
		whole := Compress(make([]byte, most(len(src))), src, 5)
		for n := range most(len(src)) {
			dst := make([]byte, n+8)
			b := Compress(dst[:n:n], src, 5)
			if b == nil && n > len(whole)+len(src)/100+8 || b != nil && !bytes.Equal(b, whole) {
				t.Fatalf("%d bytes in room for %d of %d", len(b), n, len(whole))
			}
			if !bytes.Equal(dst[n:], make([]byte, 8)) {
				t.Fatal("bytes behind the room changed")
			}
		}
	}
}

func TestCompressTakesNoMemory(t *testing.T) {
	src := pieces(rand.New(rand.NewPCG(1, 1)), 30000)
	dst := make([]byte, most(len(src)))
	if n := testing.AllocsPerRun(20, func() { Compress(dst, src, 5) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzCompress(f *testing.F) {
	f.Add([]byte("abcabcabcabcabcabcabcabc"), uint8(3))
	f.Add([]byte("0"), uint8(1))
	f.Fuzz(func(t *testing.T, src []byte, level uint8) {
		if len(src) == 0 {
			return
		}
		got := make([]byte, len(src))
		b := Compress(make([]byte, most(len(src))), src, int(level))
		if err := Decode(got, b); err != nil || !bytes.Equal(got, src) {
			t.Fatalf("%v", err)
		}
	})
}

func BenchmarkCompress(b *testing.B) {
	src := pieces(rand.New(rand.NewPCG(1, 1)), 64<<10)
	dst := make([]byte, most(len(src)))
	for _, level := range []int{1, 5, 9} {
		b.Run(fmt.Sprint(level), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				Compress(dst, src, level)
			}
			b.ReportMetric(float64(len(src))/float64(len(Compress(dst, src, level))), "ratio")
		})
	}
}
