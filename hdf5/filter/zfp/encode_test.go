package zfp

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"

	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// The words are what H5Z-ZFP 1.1.1 stored for the same parameters.
func TestClientDataAreThePlugins(t *testing.T) {
	for i, tt := range []struct {
		kind  Type
		shape []uint64
		mode  []uint32
		want  []uint32
	}{
		{Float64, []uint64{100}, Rate(16), []uint32{0x10105111, 0x0570667a, 0x00000633, 0x03f00000}},
		{Float64, []uint64{5, 7}, Rate(0.1), []uint32{0x10105111, 0x0570667a, 0x40000067, 0x00b00000}},
		{Int32, []uint64{5, 7}, Rate(0.1), []uint32{0x10105111, 0x0570667a, 0x40000064, 0x00100000}},
		{Float32, []uint64{1, 5, 1, 7, 9}, Rate(3.7), []uint32{0x10105111, 0x0570667a, 0x0060008a, 0x0ec00040}},
		{Float64, []uint64{4, 5, 6, 7}, Rate(7.99), []uint32{0x10105111, 0x0570667a, 0x4005006f, 0x7fc00300}},
		{Float64, []uint64{4, 5, 6, 7}, Rate(8.01), []uint32{0x10105111, 0x0570667a, 0x4005006f, 0xfff00300, 0xc4010802, 0x000787af}},
		{Float64, []uint64{4, 5, 6, 7}, Rate(64), []uint32{0x10105111, 0x0570667a, 0x4005006f, 0xfff00300, 0xdfffbfff, 0x000787af}},
		{Int64, []uint64{4000, 5000}, Precision(20), []uint32{0x10105111, 0x0570667a, 0xf0013875, 0x813000f9}},
		{Int64, []uint64{4000}, Precision(64), []uint32{0x10105111, 0x0570667a, 0x0000f9f1, 0xfff00000, 0xe0888000, 0x000787af}},
		{Float32, []uint64{9, 9}, Precision(1), []uint32{0x10105111, 0x0570667a, 0x80000086, 0x80000000}},
		{Float32, []uint64{9, 9}, Accuracy(1e-3), []uint32{0x10105111, 0x0570667a, 0x80000086, 0xca900000}},
		{Float64, []uint64{9, 9}, Accuracy(0.25), []uint32{0x10105111, 0x0570667a, 0x80000087, 0xcb100000}},
		{Float64, []uint64{9, 9}, Accuracy(1e300), []uint32{0x10105111, 0x0570667a, 0x80000087, 0xfff00000, 0xe0888000, 0x00088a6f}},
		{Float64, []uint64{9, 9}, Accuracy(1e-320), []uint32{0x10105111, 0x0570667a, 0x80000087, 0x88b00000}},
		{Float64, []uint64{3, 65535, 2}, Reversible(), []uint32{0x10105111, 0x0570667a, 0xffe0001b, 0x8800002f}},
		{Float64, []uint64{9, 9}, Expert(1, 16658, 64, -1074), []uint32{0x10105111, 0x0570667a, 0x80000087, 0xfff00000, 0xe0888000, 0x000787af}},
		{Float64, []uint64{9, 9}, Expert(1, 20000, 64, -1074), []uint32{0x10105111, 0x0570667a, 0x80000087, 0x83f00000}},
		{Float64, []uint64{9, 9}, Expert(1, 40000, 30, -2000), []uint32{0x10105111, 0x0570667a, 0x80000087, 0xfff00000, 0x7fff8000, 0x000713e7}},
		{Float64, []uint64{9, 9}, Expert(17, 33, 20, 5), []uint32{0x10105111, 0x0570667a, 0x80000087, 0xfff00000, 0xc0100010, 0x00080e84}},
		{Float64, []uint64{9, 9}, Expert(0, 33, 20, 5), []uint32{0x10105111, 0x0570667a, 0x80000087, 0xfff00000, 0xc0100000, 0x00080e84}},
		{Float64, []uint64{9, 9}, Expert(3000, 3000, 64, -1074), []uint32{0x10105111, 0x0570667a, 0x80000087, 0xfff00000, 0xc5db8bb7, 0x000787af}},
		{Float64, []uint64{9, 9}, Expert(0, 40000, 64, 900), []uint32{0x10105111, 0x0570667a, 0x80000087, 0xfff00000, 0xffff8000, 0x00087e6f}},
	} {
		got, err := ClientData(tt.kind, tt.shape, tt.mode)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("case %d: %08x, want %08x, %v", i, got, tt.want, err)
		}
	}
}

func TestClientDataRefuseWhatZFPCannotCode(t *testing.T) {
	for name, tt := range map[string]struct {
		kind  Type
		shape []uint64
		mode  []uint32
		want  error
	}{
		"no dimension above 1":   {Float64, []uint64{1, 1}, Rate(8), h5err.ErrUnsupported},
		"five dimensions":        {Float64, []uint64{2, 2, 2, 2, 2}, Rate(8), h5err.ErrUnsupported},
		"4097 along one of 4":    {Float64, []uint64{4097, 2, 2, 2}, Rate(8), h5err.ErrUnsupported},
		"unknown type":           {Float64 + 1, []uint64{8}, Rate(8), h5err.ErrUnsupported},
		"reversible of 2 bits":   {Float64, []uint64{8}, Expert(2, 900, 64, -1075), h5err.ErrUnsupported},
		"least above most bits":  {Float64, []uint64{8}, Expert(9, 8, 64, 0), h5err.ErrSelection},
		"no bit planes":          {Float64, []uint64{8}, Expert(1, 8, 0, 0), h5err.ErrSelection},
		"65 bit planes":          {Float64, []uint64{8}, Expert(1, 8, 65, 0), h5err.ErrSelection},
		"no rate":                {Float64, []uint64{8}, Rate(0), h5err.ErrSelection},
		"rate of no number":      {Float64, []uint64{8}, Rate(math.NaN()), h5err.ErrSelection},
		"boundless rate":         {Float64, []uint64{8}, Rate(math.Inf(1)), h5err.ErrSelection},
		"tolerance of no number": {Float64, []uint64{8}, Accuracy(math.NaN()), h5err.ErrSelection},
		"tolerance below 0":      {Float64, []uint64{8}, Accuracy(-1), h5err.ErrSelection},
		"boundless tolerance":    {Float64, []uint64{8}, Accuracy(math.Inf(1)), h5err.ErrSelection},
		"mode 0":                 {Float64, []uint64{8}, []uint32{0}, h5err.ErrSelection},
		"mode 6":                 {Float64, []uint64{8}, []uint32{6}, h5err.ErrSelection},
		"seven values":           {Float64, []uint64{8}, []uint32{5, 0, 0, 0, 0, 0, 0}, h5err.ErrSelection},
	} {
		if got, err := ClientData(tt.kind, tt.shape, tt.mode); !errors.Is(err, tt.want) {
			t.Errorf("%s: %08x, %v", name, got, err)
		}
	}
}

func TestLocalKnowsTheTypesOfTheDataset(t *testing.T) {
	f4 := datatype.Datatype{Class: datatype.Float, Size: 4, Precision: 32, SignPos: 31, ExpPos: 23, ExpSize: 8, MantSize: 23, Bias: 127}
	big, vax, odd := f4, f4, f4
	big.Order, vax.Order, odd.Bias = datatype.BigEndian, datatype.VAX, 128
	f8 := datatype.Datatype{Class: datatype.Float, Size: 8, Precision: 64, SignPos: 63, ExpPos: 52, ExpSize: 11, MantSize: 52, Bias: 1023}
	for i, c := range []struct {
		of   datatype.Datatype
		want []uint32 // nil where it is refused
	}{
		{f4, []uint32{0x10105111, 0x0570667a, 0x90000066, 0x88000000}},
		{big, []uint32{0x10105111, 0x7a667005, 0x66000090, 0x00000088}},
		{f8, []uint32{0x10105111, 0x0570667a, 0x90000067, 0x88000000}},
		{datatype.Datatype{Class: datatype.Integer, Size: 4}, []uint32{0x10105111, 0x0570667a, 0x90000064, 0x88000000}},
		{datatype.Datatype{Class: datatype.Integer, Size: 8}, []uint32{0x10105111, 0x0570667a, 0x90000065, 0x88000000}},
		{vax, nil},
		{odd, nil},
		{datatype.Datatype{Class: datatype.Integer, Size: 2}, nil},
		{datatype.Datatype{Class: datatype.String, Size: 4}, nil},
	} {
		got, err := New().(filter.Encoder).Local(Reversible(), filter.Described{Type: &c.of, Chunk: []uint64{10, 7}})
		if !slices.Equal(got, c.want) || (c.want == nil) != errors.Is(err, h5err.ErrUnsupported) {
			t.Errorf("case %d: %08x, want %08x, %v", i, got, c.want, err)
		}
	}
}

func TestEncodeTakesNoMemory(t *testing.T) {
	for _, w := range readWitnesses(t, "testdata/plugin.gz") {
		if !w.ours {
			continue
		}
		dst, c, least := make([]byte, 0, len(w.chunk)+8), chunkOf(w), math.Inf(1)
		for range 10 {
			least = min(least, testing.AllocsPerRun(1, func() {
				if _, err := New().(filter.Encoder).Encode(dst, w.written, c); err != nil {
					t.Fatal(err)
				}
			}))
		}
		if least > 0 {
			t.Fatalf("values %08x: %v allocations", w.values, least)
		}
	}
}

func TestReversibleFloatsOfALeastSizeAreRefused(t *testing.T) {
	values, err := ClientData(Int32, []uint64{8}, Expert(2, 900, 64, -1075))
	if err != nil {
		t.Fatal(err) // integers are padded
	}
	values[2] |= uint32(Float32)
	if _, err := Encode(nil, make([]byte, 32), values); !errors.Is(err, h5err.ErrUnsupported) {
		t.Error(err)
	}
}

func TestEncodeRefusesAnotherSize(t *testing.T) {
	values, err := ClientData(Float64, []uint64{8}, Rate(8))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 63, 65} {
		if _, err := Encode(nil, make([]byte, n), values); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if _, err := Encode(nil, nil, nil); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("no client data: %v", err)
	}
}

func TestEncodeKeepsTheWritersByteOrder(t *testing.T) {
	values, err := ClientData(Int32, []uint64{5}, Reversible())
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range values[1:] {
		values[i+1] = v<<24 | v>>24 | v>>8&0xff00 | v<<8&0xff0000
	}
	src := []byte("0123456789abcdefghij")
	chunk, err := Encode(nil, src, values)
	if err != nil {
		t.Fatal(err)
	}
	got, err := New().Decode(nil, chunk, filter.Chunk{Values: values, Size: len(src), Limit: 100})
	if err != nil || !bytes.Equal(got, src) {
		t.Errorf("%q, %v", got, err)
	}
}

// FuzzEncode holds that what is encoded can be decoded, and comes back as it
// was where the mode is reversible and leaves room for it.
func FuzzEncode(f *testing.F) {
	for _, w := range readWitnesses(f, "testdata/plugin.gz") {
		if len(w.written) < 3000 {
			f.Add(wordsBytes(w.values), w.written)
		}
	}
	f.Fuzz(func(t *testing.T, words, src []byte) {
		values := bytesWords(words)
		chunk, err := Encode(nil, src, values)
		if err != nil {
			return
		}
		h, err := parseValues(values)
		if err != nil {
			t.Fatal(err)
		}
		got, err := New().Decode(nil, chunk, filter.Chunk{Values: values, Size: len(src), Limit: 1 << 28})
		if err != nil {
			t.Fatalf("%+v: %v", h, err)
		}
		if h.mode.reversible() && h.mode.maxBits >= mostBits && h.mode.maxPrec == mostPrec && !bytes.Equal(got, src) {
			t.Fatalf("%+v: first difference at byte %d", h, difference(got, src))
		}
	})
}
