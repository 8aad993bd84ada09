package scaleoffset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"

	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

var encoderOf = New().(filter.Encoder)

// The chunks come from ../testdata/make_encode.py. Where all numbers are the
// least one, libhdf5 2.0 leaves the last byte as its memory was.
func TestStoresWhatLibhdf5Stores(t *testing.T) {
	testkit.Encodes(t, encoderOf, testkit.Written(t, "testdata/encode.jsonl.gz", 80), func(got, want []byte) bool {
		if len(want) == headerSize+1 && len(got) == len(want) && want[0] == 0 {
			got, want = got[:headerSize], want[:headerSize]
		}
		return bytes.Equal(got, want)
	})
}

func singles(v ...float32) []byte {
	var b []byte
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}

// single is client data for count little-endian float32 and a fill value.
func single(count, power int, fill float32) []uint32 {
	v := make([]uint32, valueCount)
	v[1], v[2], v[3], v[4], v[7], v[8] = uint32(power), uint32(count), classFloat, 4, 1, math.Float32bits(fill)
	return v
}

// libhdf5 stores the least value for a NaN, and writes outside its memory where
// it is the first number or where products are infinite.
func TestNumbersThatLibhdf5GarblesAreStoredWhole(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, v := range [][]float32{{1, 2, nan}, {nan, 1}, {inf, inf}, {1e38, 2e38}} {
		src := singles(v...)
		c := filter.Chunk{Values: single(len(v), 10, 0), Size: len(src), Limit: len(src)}
		z, err := encoderOf.Encode(nil, src, c)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := New().Decode(nil, z, c); err != nil || !bytes.Equal(got, src) {
			t.Errorf("%v: %x, want %x: %v", v, got, src, err)
		}
	}
}

// 0.01 is nearer than 1/100 to 0 in double precision, but not in single; here
// libhdf5 takes it for the fill value when it looks for the least number, and
// for a number when it stores it.
func TestNumberAtTheEdgeOfTheFillValueIsKept(t *testing.T) {
	src := singles(0.01, 5, 5.5, 0)
	c := filter.Chunk{Values: single(4, 2, 0), Size: len(src), Limit: len(src)}
	z, err := encoderOf.Encode(nil, src, c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := New().Decode(nil, z, c)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0.01, 5, 5.5, 0} {
		if v := float64(math.Float32frombits(binary.LittleEndian.Uint32(got[4*i:]))); math.Abs(v-want) > 0.005 {
			t.Errorf("number %d is %v, want %v", i, v, want)
		}
	}
}

func TestLocalRefusesBadParametersAndTypes(t *testing.T) {
	number := &datatype.Datatype{Class: datatype.Integer, Size: 4}
	real := &datatype.Datatype{Class: datatype.Float, Size: 4}
	for name, c := range map[string]struct {
		user []uint32
		typ  *datatype.Datatype
		want error
	}{
		"no parameters":       {nil, number, h5err.ErrSelection},
		"33 bits":             {[]uint32{2, 33}, number, h5err.ErrSelection},
		"decimals of integer": {[]uint32{0, 2}, number, h5err.ErrSelection},
		"bits of float":       {[]uint32{2, 2}, real, h5err.ErrSelection},
		"binary scaling":      {[]uint32{1, 2}, real, h5err.ErrUnsupported},
		"float of 2 bytes":    {[]uint32{0, 2}, &datatype.Datatype{Class: datatype.Float, Size: 2}, h5err.ErrUnsupported},
		"integer of 3 bytes":  {[]uint32{2, 0}, &datatype.Datatype{Class: datatype.Integer, Size: 3}, h5err.ErrUnsupported},
		"VAX":                 {[]uint32{0, 2}, &datatype.Datatype{Class: datatype.Float, Size: 4, Order: datatype.VAX}, h5err.ErrUnsupported},
		"string":              {[]uint32{2, 0}, &datatype.Datatype{Class: datatype.String, Size: 4}, h5err.ErrUnsupported},
	} {
		if _, err := encoderOf.Local(c.user, filter.Described{Type: c.typ, Chunk: []uint64{4}}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLocalTakesItsOwnResult(t *testing.T) {
	d := filter.Described{Type: &datatype.Datatype{Class: datatype.Integer, Size: 2, Signed: true, Order: datatype.BigEndian}, Chunk: []uint64{5, 9}, Fill: []byte{0xff, 0x01}}
	first, err := encoderOf.Local([]uint32{2, 3}, d)
	if err != nil || first[8] != 0xff01 {
		t.Fatal(first, err)
	}
	again, err := encoderOf.Local(first, d)
	if err != nil || !slices.Equal(first, again) {
		t.Error(first, again, err)
	}
}

func FuzzEncode(f *testing.F) {
	for i := range uint8(16) {
		f.Add(i, i, i > 4, i > 8, []byte("0123456789abcdef0123456789abcdef"), uint64(0x3736353433323130))
	}
	f.Fuzz(func(t *testing.T, kind, factor uint8, filled, big bool, src []byte, fill uint64) {
		v := make([]uint32, valueCount)
		size := 1 << (kind & 3)
		v[0], v[3] = scaleInteger, classInteger
		if kind&4 != 0 {
			v[0], v[3] = scaleDecimal, classFloat
		}
		src = src[:len(src)/size*size]
		v[1], v[2], v[4], v[5], v[8], v[9] = uint32(int32(int8(factor))), uint32(len(src)/size), uint32(size), uint32(kind>>3&1), uint32(fill), uint32(fill>>32)
		if filled {
			v[7] = 1
		}
		if big {
			v[6] = 1
		}
		c := filter.Chunk{Values: v, Size: len(src), Limit: len(src)}
		z, err := encoderOf.Encode(nil, src, c)
		if err != nil {
			return
		}
		got, err := New().Decode(nil, z, c)
		if err != nil || v[3] == classInteger && int8(factor) <= 0 && !bytes.Equal(got, src) {
			t.Fatalf("%v: %x, want %x", err, got, src)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	const n = 1 << 17
	var ints, floats []byte
	for i := range uint64(n) {
		ints = binary.LittleEndian.AppendUint64(ints, i*i%100000)
		floats = binary.LittleEndian.AppendUint64(floats, math.Float64bits(float64(i*i%100000)/1000))
	}
	for _, c := range []struct {
		name   string
		src    []byte
		change func(v []uint32)
	}{
		{"i8", ints, func(v []uint32) { v[2], v[4] = n, 8 }},
		{"i8 fill", ints, func(v []uint32) { v[2], v[4], v[7] = n, 8, 1 }},
		{"f8", floats, func(v []uint32) { v[0], v[1], v[2], v[3], v[4] = 0, 3, n, 1, 8 }},
		{"f8 fill", floats, func(v []uint32) { v[0], v[1], v[2], v[3], v[4], v[7] = 0, 3, n, 1, 8, 1 }},
	} {
		b.Run(c.name, func(b *testing.B) { testkit.BenchElements(b, encoderOf, values(c.change), c.src) })
	}
}
