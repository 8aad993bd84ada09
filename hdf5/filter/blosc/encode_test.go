package blosc

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"

	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

var codec = New().(filter.Encoder)

// stored is Values as Local would store them for elements of size bytes.
func stored(c Codec, level int, s Shuffle, size uint32) []uint32 {
	v := Values(c, level, s)
	v[0], v[1], v[posTypeSize] = filterVersion, formatVersion, size
	return v
}

func TestEncoderKeepsItsContract(t *testing.T) {
	var values [][]uint32
	for c := BloscLZ; c <= Zstd; c++ {
		values = append(values, stored(c, 5, ByteShuffle, 4), stored(c, 1, Shuffle(c%2)*2, 3))
	}
	values = append(values, stored(LZ4, 9, ByteShuffle, 255), stored(LZ4, 3, BitShuffle, 8), stored(BloscLZ, 9, BitShuffle, 300), nil, []uint32{2, 2, 17, 0, 2})
	testkit.Encoding{
		Filter: New(), Values: values, Skips: true, Most: func(n int) int { return n },
		Sizes: []int{0, 1, 127, 128, 129, 1000, 4099, 40_001},
	}.Run(t)
}

func TestChunksThatDoNotShrinkAreSkipped(t *testing.T) {
	for n, src := range map[string][]byte{
		"noise":      testkit.Data(testkit.Noise, 5000),
		"127 bytes":  make([]byte, 127),
		"no bytes":   {},
		"an element": make([]byte, 200),
	} {
		c := filter.Chunk{Values: stored(LZ4, 5, ByteShuffle, 240), Size: len(src), Limit: 1 << 20}
		if got, err := codec.Encode(nil, src, c); !errors.Is(err, filter.ErrNoGain) {
			t.Errorf("%s: %d bytes, %v", n, len(got), err)
		}
	}
	zeros := make([]byte, 5000)
	c := filter.Chunk{Values: stored(LZ4, 0, ByteShuffle, 4), Size: len(zeros), Limit: 1 << 20}
	if _, err := codec.Encode(nil, zeros, c); !errors.Is(err, filter.ErrNoGain) {
		t.Errorf("level 0: %v", err)
	}
}

// local is one case of local.json (../blosc2/testdata/local.py).
type local struct {
	Values, Want []uint32
	Size, Times  int
	Chunk        []uint64
	Front        string // in hex; empty where the library skipped the chunk or was not asked
}

func (l local) described() filter.Described {
	typ := &datatype.Datatype{Class: datatype.Opaque, Size: l.Size}
	if l.Times > 1 {
		typ = &datatype.Datatype{Class: datatype.Array, Size: l.Size * l.Times, Dims: []int{l.Times}, Base: typ}
	}
	return filter.Described{Type: typ, Chunk: l.Chunk}
}

func TestClientDataAndHeaderAreThoseOfTheLibrary(t *testing.T) {
	raw, err := os.ReadFile("testdata/local.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []local
	if err := json.Unmarshal(raw, &cases); err != nil || len(cases) < 50 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, l := range cases {
		d := l.described()
		values, err := codec.Local(l.Values, d)
		if err != nil || !slices.Equal(values, l.Want) {
			t.Errorf("%v: %v, %v", l, values, err)
		}
		if l.Front == "" {
			continue
		}
		src := make([]byte, d.ChunkBytes())
		for i := range src {
			src[i] = byte(i / 7)
		}
		want, err := hex.DecodeString(l.Front)
		if err != nil {
			t.Fatal(err)
		}
		got, err := codec.Encode(nil, src, filter.Chunk{Values: values, Size: len(src), Limit: len(src)})
		// Lengths of what the codecs made may differ.
		if err != nil || !bytes.Equal(got[:12], want[:12]) {
			t.Errorf("%v: header %x, %v", l, got[:min(len(got), 16)], err)
		}
	}
}

func TestLocalOfVariableLengthDataLeavesValuesAlone(t *testing.T) {
	values := []uint32{5, 14, 3, 0, 5, 1, 5} // as PyTables gives them for a VLArray
	for _, typ := range []*datatype.Datatype{{Class: datatype.VLen, Size: 16}, {Class: datatype.String, Variable: true, Size: 16}} {
		got, err := codec.Local(values, filter.Described{Type: typ, Chunk: []uint64{10}})
		if err != nil || !slices.Equal(got, values) {
			t.Errorf("%v, %v", got, err)
		}
	}
}

func TestParametersOutOfRangeAreRefused(t *testing.T) {
	d := filter.Described{Type: &datatype.Datatype{Size: 4}, Chunk: []uint64{1000}}
	for _, values := range [][]uint32{
		Values(Zstd+1, 5, ByteShuffle), Values(LZ4, 10, ByteShuffle), Values(LZ4, -1, ByteShuffle), Values(LZ4, 5, BitShuffle+1),
	} {
		if _, err := codec.Local(values, d); !errors.Is(err, h5err.ErrSelection) {
			t.Errorf("%v: %v", values, err)
		}
		if _, err := codec.Encode(nil, make([]byte, 4000), filter.Chunk{Values: values}); !errors.Is(err, h5err.ErrCorrupt) {
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
		return stored(Codec(k%6), int(k>>8%10), Shuffle(k>>16%3), k>>20%300)
	})
}

func BenchmarkEncode(b *testing.B) {
	for name, c := range map[string]Codec{"BloscLZ": BloscLZ, "LZ4": LZ4, "Zstd": Zstd} {
		b.Run(name, func(b *testing.B) { testkit.BenchEncode(b, New(), stored(c, 5, ByteShuffle, 8)...) })
	}
}
