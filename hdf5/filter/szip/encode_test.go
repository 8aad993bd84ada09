package szip

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
	testkit.Encodes(t, encoderOf, testkit.Written(t, "testdata/encode.jsonl.gz", 50), nil)
}

// These chunks have parameters that HDF5 never asks szlib for.
func TestStoresWhatSzlibStores(t *testing.T) {
	for _, w := range witnesses(t) {
		src, err := New().Decode(nil, w.Raw, w.Chunk())
		if err != nil {
			t.Fatal(err)
		}
		got, err := encoderOf.Encode(nil, src, w.Chunk())
		if len(w.Raw) > len(src)+4 {
			if !errors.Is(err, filter.ErrNoGain) {
				t.Fatalf("%s %d grew to %d bytes: %v", w.Name, w.Values, len(w.Raw), err)
			}
			continue
		}
		if err != nil || !bytes.Equal(got, w.Raw) {
			t.Fatalf("%s %d: %d bytes, want %d: %v", w.Name, w.Values, len(got), len(w.Raw), err)
		}
	}
}

func TestRefusesWhatSzlibWouldGarble(t *testing.T) {
	for name, c := range map[string]struct {
		values []uint32
		src    []byte
	}{
		"sample wider than its bits": {[]uint32{169, 8, 7, 16}, bytes.Repeat([]byte{0x80}, 16)},
		"part of a pixel":            {[]uint32{169, 8, 32, 16}, make([]byte, 17)},
		"odd block":                  {[]uint32{169, 7, 8, 16}, make([]byte, 16)},
	} {
		if _, err := encoderOf.Encode(nil, c.src, filter.Chunk{Values: c.values}); !errors.Is(err, h5err.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLocalRefusesBadParametersAndTypes(t *testing.T) {
	number := &datatype.Datatype{Class: datatype.Integer, Size: 4, Precision: 32}
	for name, c := range map[string]struct {
		user  []uint32
		typ   *datatype.Datatype
		chunk []uint64
		want  error
	}{
		"no parameters":     {nil, number, []uint64{64}, h5err.ErrSelection},
		"odd block":         {[]uint32{4, 7}, number, []uint64{64}, h5err.ErrSelection},
		"block of 34":       {[]uint32{4, 34}, number, []uint64{64}, h5err.ErrSelection},
		"unknown option":    {[]uint32{64, 8}, number, []uint64{64}, h5err.ErrSelection},
		"few elements":      {[]uint32{4, 8}, number, []uint64{7}, h5err.ErrUnsupported},
		"no dimensions":     {[]uint32{4, 8}, number, nil, h5err.ErrUnsupported},
		"string":            {[]uint32{4, 8}, &datatype.Datatype{Class: datatype.String, Size: 4}, []uint64{64}, h5err.ErrUnsupported},
		"three bytes":       {[]uint32{4, 8}, &datatype.Datatype{Class: datatype.Integer, Size: 3, Precision: 24}, []uint64{64}, h5err.ErrUnsupported},
		"more than 64 bits": {[]uint32{4, 8}, &datatype.Datatype{Class: datatype.Integer, Size: 16, Precision: 100}, []uint64{64}, h5err.ErrUnsupported},
		"VAX":               {[]uint32{4, 8}, &datatype.Datatype{Class: datatype.Float, Size: 4, Precision: 32, Order: datatype.VAX}, []uint64{64}, h5err.ErrUnsupported},
	} {
		if _, err := encoderOf.Local(c.user, filter.Described{Type: c.typ, Chunk: c.chunk}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLocalTakesItsOwnResult(t *testing.T) {
	d := filter.Described{Type: &datatype.Datatype{Class: datatype.Integer, Size: 2, Precision: 16, Order: datatype.BigEndian}, Chunk: []uint64{5, 9000}}
	first, err := encoderOf.Local([]uint32{32, 16}, d)
	if err != nil {
		t.Fatal(err)
	}
	again, err := encoderOf.Local(first, d)
	if err != nil || !slices.Equal(first, again) {
		t.Error(first, again, err)
	}
}

func FuzzEncode(f *testing.F) {
	f.Add(uint8(169), uint8(8), uint8(64), uint16(300), bytes.Repeat([]byte("01234567"), 50))
	f.Add(uint8(132), uint8(32), uint8(12), uint16(64), make([]byte, 700))
	f.Fuzz(func(t *testing.T, mask, block, bits uint8, line uint16, src []byte) {
		c := filter.Chunk{Values: []uint32{uint32(mask), uint32(block), uint32(bits), uint32(line)}, Size: len(src), Limit: len(src)}
		z, err := encoderOf.Encode(nil, src, c)
		if err != nil {
			return
		}
		if got, err := New().Decode(nil, z, c); err != nil || !bytes.Equal(got, src) {
			t.Fatalf("%v: %x, want %x", err, got, src)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	var src []byte
	for i := range uint32(1 << 18) {
		src = binary.LittleEndian.AppendUint32(src, 1000*i+i*i*i%700)
	}
	for name, v := range map[string][]uint32{
		"i4":         {169, 32, 32, 1024},
		"12 bits":    {141, 16, 12, 1024},
		"i4 entropy": {141, 32, 32, 1024},
	} {
		b.Run(name, func(b *testing.B) {
			src := bytes.Clone(src)
			if v[2] == 12 {
				for i := range src {
					src[i] &= 15 >> (i % 2 * 2) // 10 bits in 12
				}
			}
			testkit.BenchElements(b, encoderOf, v, src)
		})
	}
}
