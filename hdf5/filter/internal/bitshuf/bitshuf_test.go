package bitshuf

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// shuffle is the definition, written out byte by byte.
func shuffle(src []byte, size int) []byte {
	n := len(src) / size
	dst := bytes.Clone(src)
	for i := 0; i < n; i++ {
		for j := 0; j < size; j++ {
			dst[j*n+i] = src[i*size+j]
		}
	}
	return dst
}

// bitShuffle is the definition, written out bit by bit.
func bitShuffle(src []byte, size int) []byte {
	n := len(src) / size / 8 * 8
	dst := bytes.Clone(src)
	clear(dst[:n*size])
	for i := 0; i < n; i++ {
		for bit := 0; bit < 8*size; bit++ {
			v := src[i*size+bit/8] >> (bit % 8) & 1
			dst[bit*(n/8)+i/8] |= v << (i % 8)
		}
	}
	return dst
}

func randomBytes(n int) []byte {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestUnshuffleInvertsTheDefinition(t *testing.T) {
	for size := 1; size <= 41; size++ {
		for _, n := range []int{0, 1, 7, 8, 9, 15, 64, 65, 127, 200, 1031, 4096} {
			want := randomBytes(n*size + n%size)
			got := make([]byte, len(want))
			Unshuffle(got, shuffle(want, size), size)
			if !bytes.Equal(got, want) {
				t.Fatalf("size %d, %d elements: bytes differ", size, n)
			}
		}
	}
}

func TestBitUnshuffleInvertsTheDefinition(t *testing.T) {
	for size := 1; size <= 41; size++ {
		for _, n := range []int{0, 1, 7, 8, 9, 16, 63, 64, 65, 72, 128, 136, 200, 511, 512, 648, 1031} {
			want := randomBytes(n*size + n%size)
			got := make([]byte, len(want))
			BitUnshuffle(got, bitShuffle(want, size), size)
			if !bytes.Equal(got, want) {
				t.Fatalf("size %d, %d elements: bytes differ", size, n)
			}
		}
	}
}

func BenchmarkUnshuffle(b *testing.B) {
	for _, size := range []int{2, 4, 8, 12, 16} {
		benchKernel(b, Unshuffle, size)
	}
}

func BenchmarkBitUnshuffle(b *testing.B) {
	for _, size := range []int{1, 2, 4, 8, 12} {
		benchKernel(b, BitUnshuffle, size)
	}
}

func benchKernel(b *testing.B, f func(dst, src []byte, size int), size int) {
	b.Run(fmt.Sprintf("size%d", size), func(b *testing.B) {
		src := randomBytes(256 << 10 / size * size)
		dst := make([]byte, len(src))
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			f(dst, src, size)
		}
	})
}
