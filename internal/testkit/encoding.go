package testkit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"gables/hdf5/filter"
)

// Encoding is what filter.Encoder asks of an Encoder that loses nothing, tried
// on data of every kind.
type Encoding struct {
	Filter filter.Filter
	Values [][]uint32 // client data as stored; each is tried
	Sizes  []int      // bytes of a chunk
	Skips  bool       // ErrNoGain is right where a chunk would not shrink
	Most   func(n int) int
}

// Run tries the whole of it, each part as a test of its own.
func (e Encoding) Run(t *testing.T) {
	for _, part := range []struct {
		name string
		test func(t *testing.T)
	}{
		{"WhatIsEncodedComesBack", e.roundTrips},
		{"EncodeUsesTheMemoryGivenAndNoMore", e.memory},
		{"EncodeTakesNoMemory", e.allocations},
		{"ManyGoroutinesEncodeAtOnceAndAlike", e.goroutines},
	} {
		t.Run(part.name, part.test)
	}
}

// encoder is the Filter as an Encoder.
func (e Encoding) encoder(t *testing.T) filter.Encoder {
	t.Helper()
	f, ok := e.Filter.(filter.Encoder)
	if !ok {
		t.Fatalf("%s does not encode", e.Filter.Name())
	}
	return f
}

// each runs try for all client data and all kinds and sizes of data.
func (e Encoding) each(try func(name string, src []byte, c filter.Chunk)) {
	for _, values := range e.Values {
		for kind := range Kinds {
			for _, n := range e.Sizes {
				c := filter.Chunk{Values: values, Size: n, Limit: 1 << 28}
				try(fmt.Sprintf("values %v, kind %d, %d bytes", values, kind, n), Data(kind, n), c)
			}
		}
	}
}

func (e Encoding) roundTrips(t *testing.T) {
	f, skipped, all := e.encoder(t), 0, 0
	e.each(func(name string, src []byte, c filter.Chunk) {
		before := bytes.Clone(src)
		all++
		for _, dst := range [][]byte{nil, make([]byte, 1), bytes.Repeat([]byte{0xa5}, 2*len(src)+100)} {
			raw, err := f.Encode(dst, src, c)
			if !bytes.Equal(src, before) {
				t.Fatalf("%s: the source was written to", name)
			}
			if errors.Is(err, filter.ErrNoGain) && e.Skips {
				skipped++
				return
			}
			if err != nil || e.Skips && len(raw) >= len(src) || len(raw) > e.Most(len(src)) {
				t.Fatalf("%s: %d bytes, %v", name, len(raw), err)
			}
			for _, size := range []int{len(src), -1} {
				c.Size = size
				got, err := f.Decode(nil, raw, c)
				if err != nil || !bytes.Equal(got, src) {
					t.Fatalf("%s: %d of %d bytes, %v", name, len(got), len(src), err)
				}
			}
			c.Size = len(src)
		}
	})
	if all == 0 || skipped > 3*all/4 {
		t.Fatalf("%d of %d chunks were skipped", skipped, all)
	}
}

func (e Encoding) memory(t *testing.T) {
	f := e.encoder(t)
	e.each(func(name string, src []byte, c filter.Chunk) {
		whole := bytes.Repeat([]byte{0xee}, e.Most(len(src))+50)
		raw, err := f.Encode(whole[:0:len(whole)-50], src, c)
		if errors.Is(err, filter.ErrNoGain) {
			return
		}
		if err != nil || len(src) > 0 && len(raw) == 0 || len(raw) > 0 && &raw[0] != &whole[0] && !within(raw, src) {
			t.Fatalf("%s: new memory was taken although dst suffices, or %v", name, err)
		}
		if !bytes.Equal(whole[len(whole)-50:], bytes.Repeat([]byte{0xee}, 50)) {
			t.Fatalf("%s: bytes behind dst changed", name)
		}
	})
}

func (e Encoding) allocations(t *testing.T) {
	f, n := e.encoder(t), slices.Max(e.Sizes)
	src, dst := Data(Walk, n), make([]byte, 0, e.Most(n))
	for _, values := range e.Values {
		c, least := filter.Chunk{Values: values, Size: n, Limit: 1 << 28}, math.Inf(1)
		for range 20 {
			least = min(least, testing.AllocsPerRun(1, func() {
				if _, err := f.Encode(dst, src, c); err != nil {
					t.Fatal(err)
				}
			}))
		}
		if least > 0 {
			t.Errorf("values %v: %v allocations", values, least)
		}
	}
}

func (e Encoding) goroutines(t *testing.T) {
	f := e.encoder(t)
	type coded struct {
		src, raw []byte
		c        filter.Chunk
	}
	var all []coded
	e.each(func(_ string, src []byte, c filter.Chunk) {
		if len(all) >= 200 || len(src) > 20_000 {
			return
		}
		if raw, err := f.Encode(nil, src, c); err == nil {
			all = append(all, coded{src, raw, c})
		}
	})
	var g sync.WaitGroup
	for k := range 4 {
		g.Go(func() {
			for i := range all {
				a := all[(i*7+k*31)%len(all)]
				if raw, err := f.Encode(nil, a.src, a.c); err != nil || !bytes.Equal(raw, a.raw) {
					t.Errorf("other bytes than before for %d, %v", len(a.src), err)
					return
				}
			}
		})
	}
	g.Wait()
}

// BenchEncode encodes a MiB of each of some kinds of data, warm.
func BenchEncode(b *testing.B, f filter.Filter, values ...uint32) {
	const n = 1 << 20
	dst := make([]byte, 0, 2*n)
	for _, kind := range []int{Steps, Walk, Text, Noise} {
		src := Data(kind, n)
		b.Run(Kinds[kind], func(b *testing.B) {
			b.SetBytes(n)
			b.ReportAllocs()
			c := filter.Chunk{Values: values, Size: n, Limit: 1 << 28}
			for b.Loop() {
				raw, err := f.(filter.Encoder).Encode(dst, src, c)
				if err != nil && !errors.Is(err, filter.ErrNoGain) {
					b.Fatal(err)
				}
				b.ReportMetric(float64(100*len(raw))/n, "%")
			}
		})
	}
}

// FuzzEncode tries that whatever src is encoded comes back.
func FuzzEncode(f *testing.F, codec filter.Filter, values func(choice uint32) []uint32) {
	for kind := range Kinds {
		for _, n := range []int{0, 1, 7, 100, 1000} {
			f.Add(Data(kind, n), uint32(kind))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, choice uint32) {
		c := filter.Chunk{Values: values(choice), Size: len(src), Limit: 1 << 28}
		raw, err := codec.(filter.Encoder).Encode(nil, src, c)
		if errors.Is(err, filter.ErrNoGain) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := codec.Decode(nil, raw, c)
		if err != nil || !bytes.Equal(got, src) {
			t.Fatalf("%d of %d bytes, %v", len(got), len(src), err)
		}
	})
}

// The kinds of data that Data makes.
const (
	Steps    = iota // of 32-bit integers, by one
	Walk            // of 64-bit floats
	Text            // words, some rare bytes between them
	Periodic        // a few bytes, over and over
	Sparse          // one byte, now and then another
	Few             // three bytes in disorder
	Zeros
	Noise
)

// Kinds names them.
var Kinds = []string{"steps", "walk", "text", "periodic", "sparse", "few", "zeros", "noise"}

// Data is n bytes of that kind, the same each time.
func Data(kind, n int) []byte {
	r := rand.New(rand.NewPCG(uint64(kind), uint64(n)))
	b := make([]byte, 0, n+300)
	period, at := noisy(r, 1+r.IntN(70)), 0.0
	for i := 0; len(b) < n; i++ {
		switch kind {
		case Steps:
			b = binary.LittleEndian.AppendUint32(b, uint32(i))
		case Walk:
			at += math.Round(r.NormFloat64() * 8)
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(at))
		case Text:
			w := rand.New(rand.NewPCG(1, r.Uint64N(60)))
			for range 2 + w.IntN(9) {
				b = append(b, byte('a'+w.IntN(26)))
			}
			b = append(b, ' ')
			if r.IntN(20) == 0 {
				b = append(b, noisy(r, r.IntN(200))...)
			}
		case Periodic:
			b = append(b, period...)
		case Sparse:
			b = append(b, 7)
			if r.IntN(40) == 0 {
				b[len(b)-1] = byte(r.Uint32())
			}
		case Few:
			b = append(b, byte(r.IntN(3)))
		case Zeros:
			b = append(b, 0)
		default:
			b = append(b, byte(r.Uint32()))
		}
	}
	return b[:n]
}

// noisy is n random bytes.
func noisy(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}
