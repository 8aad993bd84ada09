package scaleoffset

import (
	"bytes"
	"errors"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

// witnesses are chunks that libhdf5 wrote (testdata/make_witness.py).
func witnesses(t testing.TB) []testkit.Stored {
	t.Helper()
	return testkit.Lines(t, "testdata/witness.jsonl.gz", 200)
}

func TestFilterKeepsItsContract(t *testing.T) {
	testkit.Contract{Filter: New(), ID: filter.ScaleOffset, Name: "scaleoffset", Stored: witnesses(t), Padded: true, Damaged: 3000}.Run(t)
}

func TestAStreamWithoutItsLastBytesIsCorrupt(t *testing.T) {
	for _, w := range witnesses(t) {
		if w.Values[0] == scaleInteger && int(w.Values[1]) == 8*w.ElementSize {
			continue // left as it is
		}
		packed := (w.Size/w.ElementSize*int(w.Raw[0]) + 7) / 8
		for n := range headerSize + packed {
			if _, err := New().Decode(nil, w.Raw[:n], w.Chunk()); !errors.Is(err, h5err.ErrCorrupt) {
				t.Fatalf("%s cut to %d of %d: %v", w.Name, n, len(w.Raw), err)
			}
		}
	}
}

// values is client data for four little-endian int32 without fill value.
func values(change func(v []uint32)) []uint32 {
	v := make([]uint32, 20)
	v[0], v[2], v[4], v[5] = 2, 4, 4, 1
	if change != nil {
		change(v)
	}
	return v
}

// packed is a chunk of the given width and least value, with 32 bytes of ones.
func packed(bits, least byte) []byte {
	src := append([]byte{bits, 0, 0, 0, 8, least}, make([]byte, 15)...)
	return append(src, bytes.Repeat([]byte{0xff}, 32)...)
}

func TestNoBitsMeanTheLeastValueOrTheFillValue(t *testing.T) {
	c := filter.Chunk{Values: values(nil), Size: 16, Limit: 16}
	got, err := New().Decode(nil, packed(0, 7), c)
	if err != nil || !bytes.Equal(got, bytes.Repeat([]byte{7, 0, 0, 0}, 4)) {
		t.Error(got, err)
	}
	c.Values = values(func(v []uint32) { v[7], v[8] = 1, 9 })
	got, err = New().Decode(nil, packed(0, 7), c)
	if err != nil || !bytes.Equal(got, bytes.Repeat([]byte{9, 0, 0, 0}, 4)) {
		t.Error(got, err)
	}
}

func TestShortLeastValueIsNotExtended(t *testing.T) {
	src := packed(0, 0xff)
	src[4] = 1
	got, err := New().Decode(nil, src, filter.Chunk{Values: values(nil), Size: 16, Limit: 16})
	if err != nil || !bytes.Equal(got, bytes.Repeat([]byte{0xff, 0, 0, 0}, 4)) {
		t.Error(got, err)
	}
}

func TestChunkThatWasLeftAloneIsTheSource(t *testing.T) {
	v := values(func(v []uint32) { v[1], v[4] = 24, 3 })
	src := make([]byte, 12)
	got, err := New().Decode(nil, src, filter.Chunk{Values: v, Size: 12, Limit: 12})
	if err != nil || &got[0] != &src[0] || len(got) != 12 {
		t.Error(got, err)
	}
	if _, err := New().Decode(nil, src, filter.Chunk{Values: v, Size: 15, Limit: 15}); !errors.Is(err, h5err.ErrCorrupt) {
		t.Error(err)
	}
	if _, err := New().Decode(nil, src, filter.Chunk{Values: v, Size: -1, Limit: 11}); !errors.Is(err, h5err.ErrLimit) {
		t.Error(err)
	}
}

func TestRefusesBadClientDataAndHeaders(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(v []uint32)
		src    []byte
		want   error
	}{
		{"19 values", nil, packed(8, 0), h5err.ErrCorrupt},
		{"binary scaling", func(v []uint32) { v[0], v[3] = 1, 1 }, packed(8, 0), h5err.ErrUnsupported},
		{"binary scaling of integers", func(v []uint32) { v[0] = 1 }, packed(8, 0), h5err.ErrCorrupt},
		{"integer scaling of floats", func(v []uint32) { v[3] = 1 }, packed(8, 0), h5err.ErrCorrupt},
		{"scale 3", func(v []uint32) { v[0] = 3 }, packed(8, 0), h5err.ErrCorrupt},
		{"class 2", func(v []uint32) { v[3] = 2 }, packed(8, 0), h5err.ErrCorrupt},
		{"size 0", func(v []uint32) { v[4] = 0 }, packed(8, 0), h5err.ErrCorrupt},
		{"huge size", func(v []uint32) { v[4] = 1 << 31 }, packed(8, 0), h5err.ErrCorrupt},
		{"size 3", func(v []uint32) { v[4] = 3 }, packed(8, 0), h5err.ErrUnsupported},
		{"float of 2 bytes", func(v []uint32) { v[0], v[3], v[4] = 0, 1, 2 }, packed(8, 0), h5err.ErrUnsupported},
		{"sign 2", func(v []uint32) { v[5] = 2 }, packed(8, 0), h5err.ErrCorrupt},
		{"order 2", func(v []uint32) { v[6] = 2 }, packed(8, 0), h5err.ErrCorrupt},
		{"fill 2", func(v []uint32) { v[7] = 2 }, packed(8, 0), h5err.ErrCorrupt},
		{"33 bits asked for", func(v []uint32) { v[1] = 33 }, packed(8, 0), h5err.ErrCorrupt},
		{"33 bits", func(v []uint32) {}, packed(33, 0), h5err.ErrCorrupt},
		{"many elements", func(v []uint32) { v[2] = 1<<32 - 1 }, packed(8, 0), h5err.ErrLimit},
		{"no header", func(v []uint32) {}, packed(8, 0)[:20], h5err.ErrCorrupt},
		{"few bits", func(v []uint32) { v[2] = 12 }, packed(31, 0), h5err.ErrCorrupt},
	} {
		v := values(c.change)
		if c.change == nil {
			v = v[:19]
		}
		_, err := New().Decode(nil, c.src, filter.Chunk{Values: v, Size: -1, Limit: 64})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestRefusesACountThatIsNotTheChunks(t *testing.T) {
	c := filter.Chunk{Values: values(nil), Size: 20, Limit: 64}
	if _, err := New().Decode(nil, packed(8, 0), c); !errors.Is(err, h5err.ErrCorrupt) {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	testkit.FuzzValues(f, New(), witnesses(f), nil)
}
