package blosc2

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

var codec = New().(filter.Encoder)

// stored is client data for elements of size bytes, in chunks of that shape if
// there is one.
func stored(c Codec, level int, s Shuffle, size uint32, chunk ...uint32) []uint32 {
	v := []uint32{filterVersion, 0, size, 0, uint32(level), uint32(s), uint32(c)}
	if len(chunk) == 0 {
		return v
	}
	v[posChunkBytes] = size
	for _, n := range chunk {
		v[posChunkBytes] *= n
	}
	return append(append(v, uint32(len(chunk))), chunk...)
}

var codecs = []Codec{BloscLZ, LZ4, LZ4HC, Zlib, Zstd}

// overhead is the most that a frame takes besides its data.
const overhead = 600

func TestEncoderKeepsItsContract(t *testing.T) {
	var values [][]uint32
	for _, c := range codecs {
		values = append(values, stored(c, 5, ByteShuffle, 4), stored(c, 1, Shuffle(c%2)*2, 3))
	}
	values = append(values, stored(LZ4, 9, ByteShuffle, 255), stored(LZ4, 3, BitShuffle, 8), stored(LZ4, 9, BitShuffle, 300), stored(Zstd, 0, ByteShuffle, 8),
		stored(LZ4, 5, ByteShuffle, 4, 25, 10), stored(LZ4, 5, ByteShuffle, 1, 41, 100), nil, []uint32{1, 1000, 17, 0, 2})
	testkit.Encoding{
		Filter: New(), Values: values, Most: func(n int) int { return n + overhead },
		Sizes: []int{0, 1, 31, 32, 33, 1000, 4100, 40_001},
	}.Run(t)
}

func TestTiledChunksComeBack(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 700 {
		size := []uint32{1, 2, 3, 4, 8, 12, 40, 255, 256}[r.IntN(9)]
		rank := 2 + r.IntN(4)
		chunk, n := make([]uint32, rank), int(size)
		for d := range chunk {
			chunk[d] = 1 + r.Uint32N(uint32(60/(rank*rank)+3))
			n *= int(chunk[d])
		}
		values := stored(codecs[r.IntN(5)], r.IntN(10), Shuffle(r.IntN(3)), size, chunk...)
		if r.IntN(2) == 0 {
			values[posBlock] = r.Uint32N(5000)
		}
		src := testkit.Data(r.IntN(len(testkit.Kinds)), n)
		c := filter.Chunk{Values: values, Size: n, Limit: n}
		raw, err := codec.Encode(nil, src, c)
		if err != nil {
			t.Fatalf("%v: %v", values, err)
		}
		if f, err := parseFrame(raw); err != nil || (f.array != nil) != (size < 256) {
			t.Fatalf("%v: tiled is %v, %v", values, f.array != nil, err)
		}
		got, err := codec.Decode(nil, raw, c)
		if err != nil || !bytes.Equal(got, src) {
			t.Fatalf("%v: %d of %d bytes, %v", values, len(got), n, err)
		}
	}
}

func TestBlocksOfAnArrayFitTheTarget(t *testing.T) {
	for _, c := range []struct {
		most        int
		chunk, want []int
	}{
		{32768, []int{1000, 600}, []int{128, 256}}, // as PyTables 3.11.1 has them
		{65536, []int{1000, 600}, []int{256, 256}},
		{131072, []int{1000, 600}, []int{256, 512}},
		{524288, []int{1000, 600}, []int{512, 600}},
		{1, []int{5, 1, 7}, []int{2, 1, 2}},
		{1 << 29, []int{5, 1, 7}, []int{5, 1, 7}},
	} {
		a := array{rank: len(c.chunk)}
		copy(a.chunk[:], c.chunk)
		a.chooseBlock(c.most)
		if got := a.block[:a.rank]; !slices.Equal(got, c.want) {
			t.Errorf("%d elements of %v: %v, want %v", c.most, c.chunk, got, c.want)
		}
	}
}

func TestChunksOfZerosAreToldByTheIndex(t *testing.T) {
	for _, values := range [][]uint32{stored(LZ4, 5, ByteShuffle, 4), stored(Zstd, 1, NoShuffle, 4, 100, 100)} {
		src := make([]byte, 40_000)
		raw, err := codec.Encode(nil, src, filter.Chunk{Values: values, Size: len(src)})
		if err != nil || binary.BigEndian.Uint64(raw[posCBytes:]) != 0 || len(raw) > 300 {
			t.Fatalf("%d bytes, %v", len(raw), err)
		}
		got, err := codec.Decode(nil, raw, filter.Chunk{Size: len(src), Limit: len(src)})
		if err != nil || !bytes.Equal(got, src) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
}

// local is one case of local.json (testdata/local.py).
type local struct {
	Values, Want []uint32
	Size, Times  int
	Chunk        []uint64
	Front        string // in hex; empty where the library was not asked
}

func (l local) described() filter.Described {
	typ := &datatype.Datatype{Class: datatype.Opaque, Size: l.Size}
	if l.Times > 1 {
		typ = &datatype.Datatype{Class: datatype.Array, Size: l.Size * l.Times, Dims: []int{l.Times}, Base: typ}
	}
	return filter.Described{Type: typ, Chunk: l.Chunk}
}

func TestClientDataAndHeadersAreThoseOfTheLibrary(t *testing.T) {
	text, err := os.ReadFile("testdata/local.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []local
	if err := json.Unmarshal(text, &cases); err != nil || len(cases) < 50 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	fronts := 0
	for _, l := range cases {
		d := l.described()
		values, err := codec.Local(l.Values, d)
		if err != nil || !slices.Equal(values, l.Want) {
			t.Errorf("%v: %v, %v", l, values, err)
		}
		if l.Front == "" || l.Size > 255 && len(l.Chunk) > 1 {
			continue
		}
		fronts++
		src := make([]byte, d.ChunkBytes())
		for i := range src {
			src[i] = byte(i / 7)
		}
		want, err := hex.DecodeString(l.Front)
		if err != nil {
			t.Fatal(err)
		}
		got, err := codec.Encode(nil, src, filter.Chunk{Values: values, Size: len(src)})
		if err != nil || front(got, len(want)-32) != front(want, len(want)-32) {
			t.Errorf("%v: %v\n%x\n%x", l, err, got[:min(len(got), len(want))], want)
		}
	}
	if fronts < 20 {
		t.Errorf("%d fronts", fronts)
	}
}

// front is the headers of a frame and of its chunk without what depends on how
// well the codec did, and without the numbers of threads.
func front(raw []byte, header int) string {
	if len(raw) < header+32 {
		return fmt.Sprint(len(raw))
	}
	f := bytes.Clone(raw[:header+32])
	clear(f[posFrameLen : posFrameLen+8])
	clear(f[posCBytes : posCBytes+8])
	clear(f[63:68])
	f[header+2] &^= 2 // stored as is
	clear(f[header+12 : header+16])
	return string(f)
}

func TestLocalOfVariableLengthDataLeavesValuesAlone(t *testing.T) {
	d := filter.Described{Type: &datatype.Datatype{Class: datatype.VLen, Size: 16}, Chunk: []uint64{10, 3}}
	got, err := codec.Local(Values(LZ4, 5, ByteShuffle), d)
	if want := []uint32{0, 0, 0, 0, 5, 1, 1}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestParametersOutOfRangeAreRefused(t *testing.T) {
	d := filter.Described{Type: &datatype.Datatype{Size: 4}, Chunk: []uint64{1000}}
	for _, c := range []struct {
		values     []uint32
		local, enc error
	}{
		{Values(3, 5, ByteShuffle), h5err.ErrSelection, h5err.ErrCorrupt},
		{Values(Zstd+1, 5, ByteShuffle), h5err.ErrSelection, h5err.ErrCorrupt},
		{Values(LZ4, 10, ByteShuffle), h5err.ErrSelection, h5err.ErrCorrupt},
		{Values(LZ4, 5, 3), h5err.ErrUnsupported, h5err.ErrUnsupported},
	} {
		if _, err := codec.Local(c.values, d); !errors.Is(err, c.local) {
			t.Errorf("%v: %v", c.values, err)
		}
		if _, err := codec.Encode(nil, make([]byte, 4000), filter.Chunk{Values: c.values}); !errors.Is(err, c.enc) {
			t.Errorf("%v: %v", c.values, err)
		}
	}
	for _, values := range [][]uint32{
		append(stored(LZ4, 5, ByteShuffle, 4), 1, 10), append(stored(LZ4, 5, ByteShuffle, 4), 17), append(stored(LZ4, 5, ByteShuffle, 4), 2, 10),
	} {
		if _, err := codec.Encode(nil, make([]byte, 400), filter.Chunk{Values: values}); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%v: %v", values, err)
		}
	}
	d.Chunk[0] = 1 << 29
	if _, err := codec.Local(Values(LZ4, 5, ByteShuffle), d); !errors.Is(err, h5err.ErrUnsupported) {
		t.Errorf("2 GiB: %v", err)
	}
}

func FuzzEncode(f *testing.F) {
	testkit.FuzzEncode(f, New(), func(k uint32) []uint32 {
		v := stored(codecs[k%5], int(k>>4%10), Shuffle(k>>8%3), k>>10%300, k>>20%8, k>>23%16)
		v[posBlock] = k >> 16 % 512
		if k>>31 == 0 {
			return v[:posRank]
		}
		return v
	})
}

func BenchmarkEncode(b *testing.B) {
	for name, c := range map[string]Codec{"BloscLZ": BloscLZ, "LZ4": LZ4, "Zstd": Zstd} {
		b.Run(name, func(b *testing.B) { testkit.BenchEncode(b, New(), stored(c, 5, ByteShuffle, 8)...) })
		b.Run(name+"/tiled", func(b *testing.B) { testkit.BenchEncode(b, New(), stored(c, 5, ByteShuffle, 8, 300, 400)...) })
	}
}
