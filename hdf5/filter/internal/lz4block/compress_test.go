package lz4block

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// pieces makes n bytes out of literals, repetitions and runs.
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

// noise is n random bytes.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(5, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// compressors are all of them at some levels.
func compressors() map[string]func(dst, src []byte) []byte {
	m := map[string]func(dst, src []byte) []byte{}
	for _, k := range []int{1, 5, 9} {
		m[fmt.Sprintf("fast %d", k)] = func(dst, src []byte) []byte { return Compress(dst, src, k) }
		m[fmt.Sprintf("HC %d", k)] = func(dst, src []byte) []byte { return CompressHC(dst, src, k) }
	}
	return m
}

func TestCompressedBlocksDecodeByTheModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, compress := range compressors() {
		for i := range 400 {
			src := pieces(r, r.IntN(2000))
			if i%40 == 0 {
				src = pieces(r, 60000+r.IntN(200000))
			}
			b := compress(make([]byte, Bound(len(src))), src)
			if b == nil {
				t.Fatalf("%s: %d bytes do not fit the bound", name, len(src))
			}
			if got := model(b, nil, len(src)); !bytes.Equal(got, src) {
				t.Fatalf("%s: %d bytes differ", name, len(src))
			}
			if len(src) > matchMargin {
				checkEnd(t, b, src)
			}
		}
	}
}

// checkEnd checks the rules of the block's end, which fast decoders count on.
func checkEnd(t *testing.T, b, src []byte) {
	t.Helper()
	s, d := 0, 0
	for {
		lit, match := int(b[s]>>4), int(b[s]&nibble)
		s++
		if lit == nibble {
			lit, s = length(b, s)
		}
		s, d = s+lit, d+lit
		if s == len(b) {
			if lit < lastLiterals && d != lit {
				t.Fatalf("%d literals at the end", lit)
			}
			return
		}
		if d > len(src)-matchMargin {
			t.Fatalf("match begins at %d of %d", d, len(src))
		}
		s += 2
		if match == nibble {
			match, s = length(b, s)
		}
		d += match + minMatch
	}
}

func TestBlockThatDoesNotFitIsNil(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for name, compress := range compressors() {
		for range 30 {
			src := pieces(r, 1+r.IntN(400))
			whole := compress(make([]byte, Bound(len(src))), src)
			for n := range Bound(len(src)) {
				dst := make([]byte, n+8)
				b := compress(dst[:n:n], src)
				if b == nil && n > len(whole)+len(src)/100+8 || b != nil && !bytes.Equal(b, whole) {
					t.Fatalf("%s: %d bytes in room for %d of %d", name, len(b), n, len(whole))
				}
				if !bytes.Equal(dst[n:], make([]byte, 8)) {
					t.Fatalf("%s: bytes behind the room changed", name)
				}
			}
		}
	}
}

func TestCompressTakesNoMemory(t *testing.T) {
	src := pieces(rand.New(rand.NewPCG(1, 1)), 30000)
	dst := make([]byte, Bound(len(src)))
	for name, compress := range compressors() {
		if n := testing.AllocsPerRun(20, func() { compress(dst, src) }); n >= 1 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func FuzzCompress(f *testing.F) {
	f.Add([]byte("abcabcabcabcabcabcabcabc"), uint8(3))
	f.Add(noise(100), uint8(1))
	f.Fuzz(func(t *testing.T, src []byte, level uint8) {
		dst := make([]byte, Bound(len(src)))
		got := make([]byte, len(src))
		for _, b := range [][]byte{Compress(dst, src, int(level)), CompressHC(make([]byte, Bound(len(src))), src, int(level))} {
			if err := Decode(got, b, nil); err != nil || !bytes.Equal(got, src) {
				t.Fatalf("%v", err)
			}
		}
	})
}

func BenchmarkCompress(b *testing.B) {
	for name, src := range map[string][]byte{
		"pieces": pieces(rand.New(rand.NewPCG(1, 1)), 64<<10), "noise": noise(64 << 10), "zeros": make([]byte, 64<<10),
	} {
		dst := make([]byte, Bound(len(src)))
		for how, compress := range compressors() {
			b.Run(name+"/"+how, func(b *testing.B) {
				b.SetBytes(int64(len(src)))
				for b.Loop() {
					compress(dst, src)
				}
				b.ReportMetric(float64(len(src))/float64(len(compress(dst, src))), "ratio")
			})
		}
	}
}
