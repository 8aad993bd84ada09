package bitshuf

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// shuffle is the definition, written out bit by bit.
func shuffle(src []byte, size int) []byte {
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

func TestShuffleIsTheDefinitionAndUnshuffleInvertsIt(t *testing.T) {
	for _, size := range sizes() {
		for _, n := range []int{0, 1, 7, 8, 9, 16, 63, 64, 65, 72, 128, 136, 200, 511, 512, 648, 1031} {
			want := randomBytes(n*size + n%size)
			got := make([]byte, len(want))
			Unshuffle(got, shuffle(want, size), size)
			if !bytes.Equal(got, want) {
				t.Fatalf("size %d, %d elements: bytes differ", size, n)
			}
			Shuffle(got, want, size)
			if !bytes.Equal(got, shuffle(want, size)) {
				t.Fatalf("size %d, %d elements: shuffled bytes differ", size, n)
			}
		}
	}
}

// sizes are those of small elements and some at which the grouping changes.
func sizes() []int {
	all := []int{48, 63, 64, 65, 71, 72, 100, 257}
	for size := 1; size <= 41; size++ {
		all = append(all, size)
	}
	return all
}

func TestUnshuffleLeavesWhatLiesBehindAlone(t *testing.T) {
	for _, size := range sizes() {
		dst := bytes.Repeat([]byte{0xee}, 129*size+50)
		Unshuffle(dst, randomBytes(129*size), size)
		Shuffle(dst, randomBytes(129*size), size)
		if !bytes.Equal(dst[129*size:], bytes.Repeat([]byte{0xee}, 50)) {
			t.Fatalf("size %d: bytes behind the result changed", size)
		}
	}
}

func FuzzUnshuffle(f *testing.F) {
	f.Add(randomBytes(2000), uint8(12))
	f.Add(randomBytes(65*8), uint8(1))
	f.Fuzz(func(t *testing.T, want []byte, size uint8) {
		got := make([]byte, len(want))
		Unshuffle(got, shuffle(want, int(size)+1), int(size)+1)
		if !bytes.Equal(got, want) {
			t.Fatalf("size %d, %d bytes differ", size, len(want))
		}
	})
}

// benchmark does blocks of 8 KiB, as bitshuffle has them, and of 256 KiB and
// 1 MiB, as Blosc has them.
func benchmark(b *testing.B, move func(dst, src []byte, size int)) {
	for _, size := range []int{1, 2, 3, 4, 8, 12, 16, 24} {
		for _, block := range []int{8 << 10, 256 << 10, 1 << 20} {
			b.Run(fmt.Sprintf("%d/%dK", size, block>>10), func(b *testing.B) {
				src := randomBytes(block / size / 64 * 64 * size)
				dst := make([]byte, len(src))
				b.SetBytes(int64(len(src)))
				for b.Loop() {
					move(dst, src, size)
				}
			})
		}
	}
}

func BenchmarkUnshuffle(b *testing.B) { benchmark(b, Unshuffle) }

func BenchmarkShuffle(b *testing.B) { benchmark(b, Shuffle) }
