package shuffle

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// plain is the definition: byte k of element i lies at k·n + i.
func plain(src []byte, size int) []byte {
	dst := bytes.Clone(src)
	n := len(src) / size
	for i := range n {
		for k := range size {
			dst[i*size+k] = src[k*n+i]
		}
	}
	return dst
}

func random(n int, seed uint64) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestEverySizeAndLengthFollowsTheDefinition(t *testing.T) {
	for size := 1; size <= 40; size++ {
		for _, n := range []int{0, 1, 2, 7, 8, 9, 15, 16, 17, 63, 64, 200} {
			for rest := range min(size, 3) {
				checkBoth(t, random(n*size+rest, uint64(n*size)), size)
			}
		}
	}
}

func TestBlocksOfLargeChunksJoin(t *testing.T) {
	for _, size := range []int{2, 3, 4, 5, 8, 12, 16, 100, 1000, 9000, 20000} {
		checkBoth(t, random(40001+size, uint64(size)), size)
	}
}

func checkBoth(t *testing.T, src []byte, size int) {
	t.Helper()
	got, back := make([]byte, len(src)), make([]byte, len(src))
	Unshuffle(got, src, size)
	if !bytes.Equal(got, plain(src, size)) {
		t.Fatalf("unshuffle of %d bytes, size %d", len(src), size)
	}
	Shuffle(back, got, size)
	if !bytes.Equal(back, src) {
		t.Fatalf("shuffle of %d bytes, size %d", len(src), size)
	}
}

func TestDecodeRefusesWhatBreaksTheFilter(t *testing.T) {
	for name, c := range map[string]struct {
		chunk filter.Chunk
		want  error
	}{
		"no client data":   {filter.Chunk{Size: -1, Limit: 100}, h5err.ErrCorrupt},
		"two values":       {filter.Chunk{Values: []uint32{4, 4}, Size: -1, Limit: 100}, h5err.ErrCorrupt},
		"element of 0":     {filter.Chunk{Values: []uint32{0}, Size: -1, Limit: 100}, h5err.ErrCorrupt},
		"wrong length":     {filter.Chunk{Values: []uint32{4}, Size: 11, Limit: 100}, h5err.ErrCorrupt},
		"over the limit":   {filter.Chunk{Values: []uint32{4}, Size: -1, Limit: 9}, h5err.ErrLimit},
		"size above limit": {filter.Chunk{Values: []uint32{4}, Size: 10, Limit: 9}, h5err.ErrLimit},
	} {
		if _, err := New().Decode(nil, make([]byte, 10), c.chunk); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDecodeWritesOnlyItsResult(t *testing.T) {
	src := random(83, 1)
	dst := bytes.Repeat([]byte{0xee}, 100)
	got, err := New().Decode(dst[:0:90], src, filter.Chunk{Values: []uint32{8}, Size: 83, Limit: 83})
	if err != nil || !bytes.Equal(got, plain(src, 8)) || &got[0] != &dst[0] {
		t.Fatal(err)
	}
	if !bytes.Equal(dst[83:], bytes.Repeat([]byte{0xee}, 17)) {
		t.Error("bytes behind the result changed")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("abcdefghijklmnop"), uint32(4))
	f.Add([]byte("abc"), uint32(0xffffffff))
	f.Fuzz(func(t *testing.T, src []byte, size uint32) {
		got, err := New().Decode(nil, src, filter.Chunk{Values: []uint32{size}, Size: -1, Limit: 1 << 20})
		if err != nil {
			if size != 0 && len(src) <= 1<<20 {
				t.Fatal(err)
			}
			return
		}
		if want := plain(src, int(min(size, 1<<30))); !bytes.Equal(got, want) {
			t.Fatalf("size %d: got %x, want %x", size, got, want)
		}
	})
}

var sink []byte

func BenchmarkUnshuffle(b *testing.B) {
	for _, size := range []int{2, 3, 4, 6, 8, 12, 16, 48} {
		for _, length := range []int{64 << 10, 1 << 20} {
			src, dst := random(length, 1), make([]byte, length)
			b.Run(fmt.Sprintf("%d/%dK", size, length>>10), func(b *testing.B) {
				b.SetBytes(int64(length))
				for b.Loop() {
					Unshuffle(dst, src, size)
				}
			})
		}
	}
	src := random(1<<20, 1)
	b.Run("plain loop/8", func(b *testing.B) {
		b.SetBytes(1 << 20)
		for b.Loop() {
			sink = plain(src, 8)
		}
	})
}

func BenchmarkShuffle(b *testing.B) {
	for _, size := range []int{2, 4, 8, 12, 16} {
		src, dst := random(1<<20, 1), make([]byte, 1<<20)
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.SetBytes(1 << 20)
			for b.Loop() {
				Shuffle(dst, src, size)
			}
		})
	}
}
