package lz4block

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

func TestBlockSequencesAreThoseOfTheDescription(t *testing.T) {
	for _, c := range []struct {
		name, src, want string
	}{
		{"nothing", "\x00", ""},
		{"literals", "\x30abc", "abc"},
		{"15 literals", "\xf0\x00" + strings.Repeat("x", 15), strings.Repeat("x", 15)},
		{"270 literals", "\xf0\xff\x00" + strings.Repeat("x", 270), strings.Repeat("x", 270)},
		{"match", "\x31ab,\x03\x00\x10z", "ab,ab,abz"},
		{"match that overlaps itself", "\x1fa\x01\x00\x00\x10z", strings.Repeat("a", 20) + "z"},
		{"match of 274", "\x1fa\x01\x00\xff\x00\x10z", strings.Repeat("a", 275) + "z"},
	} {
		got := make([]byte, len(c.want))
		if err := Decode(got, []byte(c.src), nil); err != nil || string(got) != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}

func TestBrokenBlockIsCorrupt(t *testing.T) {
	for name, src := range map[string]string{
		"empty":                 "",
		"distance 0":            "\x31abc\x00\x00\x10z",
		"from before the start": "\x31abc\x04\x00\x10z",
		"ends with a match":     "\x31abc\x03\x00",
		"literals cut off":      "\x90abc",
		"distance cut off":      "\x31abc\x03",
		"length cut off":        "\xf0\xff",
		"bytes behind the end":  "\x90abcdefghi\x00",
	} {
		if err := Decode(make([]byte, 9), []byte(src), nil); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// model decodes byte by byte, as the format's text reads; nil for bad blocks and
// for those of more than limit bytes.
func model(src, dict []byte, limit int) []byte {
	out := bytes.Clone(dict)
	take := func() int {
		if len(src) == 0 {
			return -1
		}
		b := src[0]
		src = src[1:]
		return int(b)
	}
	more := func(n int) int {
		for b := 255; n >= 15 && n <= limit && b == 255; n += b {
			if b = take(); b < 0 {
				return -1
			}
		}
		return n
	}
	for {
		token := take()
		if token < 0 {
			return nil
		}
		lit := more(token >> 4)
		if lit < 0 || lit > len(src) || len(out)-len(dict)+lit > limit {
			return nil
		}
		out, src = append(out, src[:lit]...), src[lit:]
		if len(src) == 0 {
			break
		}
		low, high := take(), take()
		match := more(token & 15)
		offset := low + high<<8
		if high < 0 || match < 0 || offset == 0 || offset > len(out) || len(out)-len(dict)+match+4 > limit {
			return nil
		}
		for range match + 4 {
			out = append(out, out[len(out)-offset])
		}
	}
	return append([]byte{}, out[len(dict):]...)
}

// randomBlock gives a block of random but fitting instructions and its length.
func randomBlock(r *rand.Rand, dict int) (src []byte, n int) {
	length := func(v int) {
		for v -= 15; v >= 0; v -= 255 {
			src = append(src, byte(min(v, 255)))
			if v < 255 {
				return
			}
		}
	}
	lens := []int{0, 1, 3, 11, 14, 15, 16, 17, 40, 269, 270, 600}
	for range r.IntN(40) {
		lit, match := lens[r.IntN(len(lens))], lens[r.IntN(len(lens))]
		if n+lit+dict == 0 {
			lit = 1
		}
		src = append(src, byte(min(lit, 15)<<4|min(match, 15)))
		length(lit)
		for range lit {
			src = append(src, byte(r.Uint32()))
		}
		n += lit
		far := min(n+dict, 65535)
		offset := 1 + r.IntN(min(far, []int{1, 3, 8, 17, 40, 1 << 16}[r.IntN(6)]))
		src = append(src, byte(offset), byte(offset>>8))
		length(match)
		n += match + 4
	}
	return append(src, 0x30, 'e', 'n', 'd'), n + 3
}

// compare decodes with both decoders.
func compare(t *testing.T, src, dict []byte, n int) {
	t.Helper()
	want := model(src, dict, n)
	if len(want) != n {
		want = nil
	}
	buf := bytes.Repeat([]byte{0xAA}, n+64)
	err := Decode(buf[:n:n], src, dict)
	switch {
	case want == nil && !errors.Is(err, h5err.ErrCorrupt):
		t.Fatalf("bad block gives %v", err)
	case want != nil && (err != nil || !bytes.Equal(buf[:n], want)):
		t.Fatalf("good block of %d bytes: %v, or other bytes", n, err)
	}
	if !bytes.Equal(buf[n:], bytes.Repeat([]byte{0xAA}, 64)) {
		t.Fatal("bytes behind the destination were written")
	}
}

func TestDecodeAgreesWithTheByteWiseModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	dict := make([]byte, 70)
	for i := range dict {
		dict[i] = byte(r.Uint32())
	}
	for range 3000 {
		d := dict[:r.IntN(len(dict))]
		src, n := randomBlock(r, len(d))
		if model(src, d, n) == nil {
			t.Fatal("the test's own block is bad")
		}
		compare(t, src, d, n)
		compare(t, src, d, n+1)
		compare(t, src, d, n-1)
		compare(t, src[:r.IntN(len(src))], d, n)
	}
}

func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		src, n := randomBlock(r, 20)
		f.Add(src, make([]byte, 20), uint16(n))
	}
	// Real blocks stand behind the framing of HDF5's plugin: 12 bytes, then 4.
	for _, s := range testkit.Lists(f, "../../lz4/testdata") {
		if len(s.Raw) > 16 && len(s.Raw) < 1500 {
			f.Add(s.Raw[16:], []byte{}, uint16(min(s.Size, 1<<16-1)))
		}
	}
	f.Fuzz(func(t *testing.T, src, dict []byte, n uint16) {
		compare(t, src, dict, int(n))
		if want := model(src, dict, 1<<16); want != nil {
			compare(t, src, dict, len(want))
			compare(t, src, dict, len(want)+1)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	var src []byte
	n := 0
	for n < 1<<16 { // short literals and matches, as shuffled numbers give
		lit, offset := 1+r.IntN(8), 16+r.IntN(2000)
		if n == 0 {
			lit, offset = 14, 9
		}
		offset = min(offset, n+lit)
		match := 4 + r.IntN(14)
		src = append(src, byte(lit<<4|(match-4)))
		src = append(src, make([]byte, lit)...)
		src = append(src, byte(offset), byte(offset>>8))
		n += lit + match
	}
	src, n = append(src, 0x50, 1, 2, 3, 4, 5), n+5
	dst := make([]byte, n)
	b.SetBytes(int64(n))
	for b.Loop() {
		if err := Decode(dst, src, nil); err != nil {
			b.Fatal(err)
		}
	}
}
