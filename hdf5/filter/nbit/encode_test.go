package nbit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

var encoderOf = New().(filter.Encoder)

// The chunks come from ../testdata/make_encode.py.
func TestStoresWhatLibhdf5Stores(t *testing.T) {
	testkit.Encodes(t, encoderOf, testkit.Written(t, "testdata/encode.jsonl.gz", 80), nil)
}

func TestDecodedChunksEncodeToTheSameBytes(t *testing.T) {
	for _, w := range witnesses(t) {
		src, err := New().Decode(nil, w.Raw, w.Chunk())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := encoderOf.Encode(nil, src, w.Chunk()); err != nil || !bytes.Equal(got, w.Raw) {
			t.Fatalf("%s: %d bytes, want %d: %v", w.Name, len(got), len(w.Raw), err)
		}
	}
}

var five = &datatype.Datatype{Class: datatype.Integer, Size: 2, Precision: 5}

// The values are HDF5 2.0's for the same compound.
func TestVariableLengthMemberEndsWhereTheNextBegins(t *testing.T) {
	for _, v := range []*datatype.Datatype{{Class: datatype.VLen, Size: 16, Base: five}, {Class: datatype.String, Size: 16, Variable: true}} {
		d := filter.Described{Chunk: []uint64{10}, Type: &datatype.Datatype{Class: datatype.Compound, Size: 20, Members: []datatype.Member{
			{Name: "a", Type: five}, {Name: "b", Offset: 2, Type: v}, {Name: "c", Offset: 18, Type: five}}}}
		got, err := encoderOf.Local(nil, d)
		if want := []uint32{21, 0, 10, 3, 20, 3, 0, 1, 2, 0, 5, 0, 2, 4, 16, 18, 1, 2, 0, 5, 0}; err != nil || !slices.Equal(got, want) {
			t.Error(got, err)
		}
	}
}

func TestLocalRefusesWhatLibhdf5CannotPack(t *testing.T) {
	nested := &datatype.Datatype{Class: datatype.Array, Size: 4, Base: &datatype.Datatype{Class: datatype.Array, Size: 2, Base: five}}
	long := &datatype.Datatype{Class: datatype.Compound, Size: 2000}
	for i := range 1000 {
		long.Members = append(long.Members, datatype.Member{Offset: 2 * i, Type: five})
	}
	for name, typ := range map[string]*datatype.Datatype{
		"array of sequences": {Class: datatype.Array, Size: 32, Base: &datatype.Datatype{Class: datatype.VLen, Size: 16}},
		"VAX":                {Class: datatype.Float, Size: 4, Precision: 32, Order: datatype.VAX},
		"precision":          {Class: datatype.Integer, Size: 2, Precision: 9, BitOffset: 8},
		"many values":        long,
		"member that is lost": {Class: datatype.Compound, Size: 6, Members: []datatype.Member{
			{Type: nested}, {Offset: 4, Type: five}}},
	} {
		if got, err := encoderOf.Local(nil, filter.Described{Type: typ, Chunk: []uint64{4}}); !errors.Is(err, h5err.ErrUnsupported) {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
}

func TestEncodeRefusesAnotherSize(t *testing.T) {
	v := []uint32{8, 0, 4, 1, 2, 0, 5, 0}
	for n := range 12 {
		if _, err := encoderOf.Encode(nil, make([]byte, n), filter.Chunk{Values: v}); (err == nil) != (n == 8) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func FuzzEncode(f *testing.F) {
	for _, w := range testkit.Written(f, "testdata/encode.jsonl.gz", 80)[:20] {
		var b []byte
		for _, v := range w.Values[1:] {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		f.Add(b, w.Elements)
	}
	f.Fuzz(func(t *testing.T, raw, src []byte) {
		v := []uint32{0}
		for ; len(raw) >= 4; raw = raw[4:] {
			v = append(v, binary.LittleEndian.Uint32(raw))
		}
		v[0] = uint32(len(v))
		c := filter.Chunk{Values: v, Size: len(src), Limit: len(src)}
		z, err := encoderOf.Encode(nil, src, c)
		if err != nil || len(v) < 2 || v[1] != 0 {
			return
		}
		back, err := New().Decode(nil, z, c)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := encoderOf.Encode(nil, back, c); err != nil || !bytes.Equal(again, z) {
			t.Fatalf("%v: %x, then %x", err, z, again)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	src := make([]byte, 1<<20)
	for i := range src {
		src[i] = byte(i * i)
	}
	for name, v := range map[string][]uint32{
		"i2 12 bits": {8, 0, 1 << 19, 1, 2, 0, 12, 0},
		"i4 20 bits": {8, 0, 1 << 18, 1, 4, 0, 20, 3},
		"record":     {24, 0, 1 << 16, 3, 16, 3, 0, 1, 4, 0, 17, 0, 4, 1, 2, 0, 9, 0, 8, 1, 8, 1, 40, 0},
	} {
		b.Run(name, func(b *testing.B) { testkit.BenchElements(b, encoderOf, v, src) })
	}
}
