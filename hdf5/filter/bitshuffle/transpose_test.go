package bitshuffle

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// transposed is the definition, bit by bit.
func transposed(src []byte, elementSize int) []byte {
	n := len(src) / elementSize
	dst := make([]byte, len(src))
	for i := range n {
		for j := range elementSize {
			for b := range 8 {
				bit := src[i*elementSize+j] >> b & 1
				dst[(8*j+b)*(n/8)+i/8] |= bit << (i % 8)
			}
		}
	}
	return dst
}

func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestUntransposeUndoesTheDefinition(t *testing.T) {
	for _, elementSize := range []int{1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 31, 100} {
		for _, n := range []int{0, 8, 16, 56, 64, 72, 120, 128, 1000, 1024} {
			want := noise(n * elementSize)
			got := make([]byte, len(want))
			Untranspose(got, transposed(want, elementSize), elementSize)
			if !bytes.Equal(got, want) {
				t.Fatalf("%d elements of %d bytes differ", n, elementSize)
			}
		}
	}
}

func TestUntransposeRefusesACountThatIsNoMultipleOf8(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Fatal("no panic")
		}
	}()
	Untranspose(make([]byte, 12), make([]byte, 12), 1)
}

func TestDefaultBlockSize(t *testing.T) {
	for elementSize, want := range map[int]int{1: 8192, 2: 4096, 3: 2728, 8: 1024, 64: 128, 65: 128, 1000: 128} {
		if got := DefaultBlockSize(elementSize); got != want {
			t.Errorf("element size %d: got %d, want %d", elementSize, got, want)
		}
	}
}

// BenchmarkUntranspose does one block of 8 KiB, in cache.
func BenchmarkUntranspose(b *testing.B) {
	for _, elementSize := range []int{1, 2, 3, 4, 8, 16, 24} {
		b.Run(fmt.Sprint(elementSize), func(b *testing.B) {
			src := noise(DefaultBlockSize(elementSize) * elementSize)
			dst := make([]byte, len(src))
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				Untranspose(dst, src, elementSize)
			}
		})
	}
}
