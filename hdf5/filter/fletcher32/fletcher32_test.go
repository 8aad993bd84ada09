package fletcher32

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// plain sums one big-endian word at a time with end-around carry.
func plain(b []byte) uint32 {
	var s1, s2 uint32
	carry := func(s uint32) uint32 { return s&0xffff + s>>16 }
	for ; len(b) > 0; b = b[min(2, len(b)):] {
		w := uint32(b[0]) << 8
		if len(b) > 1 {
			w |= uint32(b[1])
		}
		s1 = carry(s1 + w)
		s2 = carry(s2 + s1)
	}
	return s2<<16 | s1
}

func random(n int, r *rand.Rand) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestSumFollowsTheDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 200 {
		check(t, random(n, r))
	}
	for _, n := range []int{2879, 2880, 2881, 2888, 2895, 2896, 5760, 5768, 100003} {
		check(t, random(n, r))
		check(t, make([]byte, n))
		check(t, bytes.Repeat([]byte{0xff}, n))
		check(t, append(make([]byte, n), 0xff))
	}
}

func check(t *testing.T, b []byte) {
	t.Helper()
	if got, want := Sum(b), plain(b); got != want {
		t.Errorf("%d bytes: got %08x, want %08x", len(b), got, want)
	}
}

func sealed(b []byte, sum uint32) []byte {
	return binary.LittleEndian.AppendUint32(bytes.Clone(b), sum)
}

func TestDecodeTakesBothByteOrdersOfTheSum(t *testing.T) {
	data := []byte("The quick brown fox")
	sum := Sum(data)
	for _, s := range []uint32{sum, swapHalves(sum)} {
		got, err := New().Decode(nil, sealed(data, s), filter.Chunk{Size: -1, Limit: 100})
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%08x: %q, %v", s, got, err)
		}
	}
}

func TestDecodeFindsEveryFlippedBit(t *testing.T) {
	whole := sealed([]byte("0123456789abcdefghi"), Sum([]byte("0123456789abcdefghi")))
	for i := range len(whole) * 8 {
		b := bytes.Clone(whole)
		b[i/8] ^= 1 << (i % 8)
		if _, err := New().Decode(nil, b, filter.Chunk{Size: -1, Limit: 100}); !errors.Is(err, h5err.ErrChecksum) {
			t.Errorf("bit %d: %v", i, err)
		}
	}
}

func TestDecodeRefusesWrongLengths(t *testing.T) {
	whole := sealed([]byte("abcdef"), Sum([]byte("abcdef")))
	for name, c := range map[string]struct {
		src  []byte
		c    filter.Chunk
		want error
	}{
		"no room for the sum": {whole[:3], filter.Chunk{Size: -1, Limit: 100}, h5err.ErrCorrupt},
		"too long":            {whole, filter.Chunk{Size: 5, Limit: 100}, h5err.ErrCorrupt},
		"too short":           {whole, filter.Chunk{Size: 7, Limit: 100}, h5err.ErrCorrupt},
		"over the limit":      {whole, filter.Chunk{Size: -1, Limit: 5}, h5err.ErrLimit},
	} {
		if _, err := New().Decode(nil, c.src, c.c); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("abcdef"), true)
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, src []byte, seal bool) {
		want := plain(src)
		if seal {
			src = sealed(src, want)
		}
		got, err := New().Decode(nil, src, filter.Chunk{Size: -1, Limit: 1 << 20})
		if seal && err != nil {
			t.Fatal(err)
		}
		if err == nil {
			s, n := binary.LittleEndian.Uint32(src[len(got):]), plain(got)
			if s != n && s != swapHalves(n) {
				t.Fatalf("took %08x for %08x", s, n)
			}
		}
	})
}

func BenchmarkSum(b *testing.B) {
	p := random(1<<20, rand.New(rand.NewPCG(1, 2)))
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		Sum(p)
	}
}
