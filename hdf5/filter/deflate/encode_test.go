package deflate

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/filter/shuffle"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

// written gives chunks of many kinds.
func written() map[string][]byte {
	r := rand.New(rand.NewPCG(3, 4))
	all := map[string][]byte{"empty": {}, "one": {7}, "two": {7, 7}}
	for _, n := range []int{3, 9, 100, 257, 259, 8193, 65536, 140000} {
		noise := make([]byte, n)
		few := make([]byte, n)
		for i := range noise {
			noise[i] = byte(r.Uint32())
			few[i] = byte(r.ExpFloat64() * 3)
		}
		all[fmt.Sprint("noise", n)] = noise
		all[fmt.Sprint("few", n)] = few
		all[fmt.Sprint("zeros", n)] = make([]byte, n)
		all[fmt.Sprint("period", n)] = bytes.Repeat(noise[:min(n, 37)], n/37+1)[:n]
		all[fmt.Sprint("far", n)] = slices.Concat(noise, few, noise, make([]byte, 300), noise)
	}
	for _, kind := range kinds {
		src := doubles(kind, 6000)
		sh := make([]byte, len(src))
		shuffle.Shuffle(sh, src, 8)
		all[kind], all[kind+" shuffled"] = src, sh
	}
	return all
}

// inflate is the standard library's decoder.
func inflate(t testing.TB, z []byte) []byte {
	t.Helper()
	r, err := zlib.NewReader(bytes.NewReader(z))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestStreamsDecodeToWhatWasCompressed(t *testing.T) {
	for name, src := range written() {
		for level := range 10 {
			z := Append([]byte("before"), src, level)[6:]
			if !bytes.Equal(inflate(t, z), src) {
				t.Fatalf("%s, level %d: other bytes", name, level)
			}
			got, err := Decode(nil, z, len(src), len(src))
			if err != nil || !bytes.Equal(got, src) {
				t.Fatalf("%s, level %d: %v", name, level, err)
			}
		}
	}
}

// libhdf5 gives zlib a buffer of this size and no more.
func TestStreamsAreNoLargerThanLibhdf5s(t *testing.T) {
	for name, src := range written() {
		for level := range 10 {
			most := int(math.Ceil(float64(len(src))*1.001)) + 12
			if n := len(Append(nil, src, level)); n > most {
				t.Errorf("%s, level %d: %d bytes for %d", name, level, n, len(src))
			}
		}
	}
}

// The numbers are what zlib 1.2.13 makes of the same bytes.
func TestRatioIsZlibs(t *testing.T) {
	for _, c := range []struct {
		kind  string
		level int
		zlib  float64
	}{
		{"walk", 1, 1.758}, {"walk", 4, 1.818}, {"walk", 6, 1.820}, {"walk", 9, 1.821},
		{"single", 1, 2.758}, {"single", 4, 2.814}, {"single", 6, 2.832},
		{"smooth", 1, 1.449}, {"smooth", 4, 1.458}, {"smooth", 6, 1.474},
		{"noise", 1, 1.128}, {"noise", 4, 1.138}, {"noise", 6, 1.140},
		{"whole", 1, 5.302}, {"whole", 4, 5.539}, {"whole", 6, 5.556},
	} {
		src := doubles(c.kind, 1<<17)
		sh := make([]byte, len(src))
		shuffle.Shuffle(sh, src, 8)
		if got := float64(len(src)) / float64(len(Append(nil, sh, c.level))); got < 0.97*c.zlib {
			t.Errorf("%s, level %d: %.3f, zlib %.3f", c.kind, c.level, got, c.zlib)
		}
	}
}

func TestEncodeTakesNoMemoryOnceThePoolIsFull(t *testing.T) {
	src := doubles("walk", 8192)
	dst := make([]byte, 0, len(src)+len(src)/500+100)
	e, c, least := New().(filter.Encoder), filter.Chunk{Values: []uint32{1}}, math.Inf(1)
	for range 20 {
		least = min(least, testing.AllocsPerRun(1, func() {
			out, err := e.Encode(dst, src, c)
			if err != nil || &out[0] != &dst[:1][0] {
				t.Fatal(err)
			}
		}))
	}
	if least > 0 {
		t.Errorf("%v allocations", least)
	}
}

func TestLevelIsTheOnlyParameter(t *testing.T) {
	e := New().(filter.Encoder)
	d := filter.Described{Type: &datatype.Datatype{Class: datatype.Integer, Size: 4}, Chunk: []uint64{4}}
	if got, err := e.Local([]uint32{7}, d); err != nil || !slices.Equal(got, []uint32{7}) {
		t.Error(got, err)
	}
	for _, v := range [][]uint32{nil, {10}, {1, 1}} {
		if _, err := e.Local(v, d); !errors.Is(err, h5err.ErrSelection) {
			t.Errorf("%d: %v", v, err)
		}
		if _, err := e.Encode(nil, []byte{1}, filter.Chunk{Values: v}); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%d: %v", v, err)
		}
	}
}

func TestHeaderTellsTheLevelAsZlibDoes(t *testing.T) {
	for level := range 10 {
		var b bytes.Buffer
		w, err := zlib.NewWriterLevel(&b, level)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := Append(nil, nil, level); !bytes.Equal(got[:2], b.Bytes()[:2]) {
			t.Errorf("level %d: %x, want %x", level, got[:2], b.Bytes()[:2])
		}
	}
}

// Weights that grow as Fibonacci's numbers make the longest codes; zlib refuses
// a code that is not complete.
func TestLimitedCodesAreComplete(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for round := range 1500 {
		n := 2 + r.IntN(maxLit-1)
		most := uint(maxCode)
		if round%2 == 0 {
			n, most = 2+r.IntN(18), 7
		}
		weights := make([]uint32, n)
		a, b := uint32(1), uint32(1)
		for i := range weights {
			switch round % 3 {
			case 0:
				weights[i] = a
			case 1:
				weights[i] = 1 + uint32(r.ExpFloat64()*30)
			default:
				weights[i] = 1 << r.IntN(18)
			}
			if a+b < 1<<17 {
				a, b = b, a+b
			}
		}
		r.Shuffle(n, func(i, j int) { weights[i], weights[j] = weights[j], weights[i] })
		checkCode(t, weights, most)
	}
}

func checkCode(t *testing.T, weights []uint32, most uint) {
	t.Helper()
	lengths, c := make([]uint8, len(weights)), make(code, len(weights))
	new(sorter).build(c, lengths, weights, most)
	sum := 0
	for i, l := range lengths {
		if l == 0 || uint(l) > most {
			t.Fatalf("weight %d got %d bits", weights[i], l)
		}
		sum += 1 << (most - uint(l))
	}
	if sum != 1<<most {
		t.Fatalf("code fills %d of %d: %d", sum, 1<<most, weights)
	}
}

func TestPositionsSurviveTheirCounterTurningOver(t *testing.T) {
	src := doubles("walk", 4000)
	c := compressors.Get().(*compressor)
	c.base = 1<<32 - 100000
	compressors.Put(c)
	for range 10 {
		if got := inflate(t, Append(nil, src, 6)); !bytes.Equal(got, src) {
			t.Fatal("other bytes")
		}
	}
}

func FuzzAppend(f *testing.F) {
	f.Add([]byte("abcabcabcabcabcaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), uint8(1), uint16(3))
	f.Add([]byte{0, 1, 2, 3}, uint8(9), uint16(60000))
	f.Fuzz(func(t *testing.T, src []byte, level uint8, times uint16) {
		src = bytes.Repeat(src, 1+min(int(times), 1<<18/(len(src)+1)))
		z := Append(nil, src, int(level%10))
		if !bytes.Equal(inflate(t, z), src) {
			t.Fatal("other bytes")
		}
		if got, err := Decode(nil, z, len(src), len(src)); err != nil || !bytes.Equal(got, src) {
			t.Fatal(err)
		}
	})
}

func TestEncoderKeepsItsContract(t *testing.T) {
	testkit.Encoding{
		Filter: New(),
		Values: [][]uint32{{0}, {1}, {4}, {9}},
		Sizes:  []int{0, 1, 300, 8191, 30000},
		Most:   func(n int) int { return n + n/500 + 64 },
	}.Run(t)
}
