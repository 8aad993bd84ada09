package testkit

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/wire"
)

// Write is a chunk that libhdf5 was given and what it made of it.
type Write struct {
	User     []uint32 // parameters
	Dataset  filter.Described
	Values   []uint32 // client data stored; nil where libhdf5 refused the dataset
	Mask     uint32
	Elements []byte
	Raw      []byte // as stored
}

// Written reads chunks in the form of hdf5/filter/testdata/make_encode.py, of
// which there are to be at least so many.
func Written(t testing.TB, name string, least int) []Write {
	t.Helper()
	var all []Write
	for _, name := range places(name) {
		z, err := gzip.NewReader(bytes.NewReader(read(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		for d := json.NewDecoder(z); ; {
			var w struct {
				User, Values          []uint32
				Type, Fill, Src, Want []byte
				Chunk                 []uint64
				Unset                 bool
				Mask                  uint32
			}
			err := d.Decode(&w)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			limits := wire.DefaultLimits()
			typ, err := format.DecodeDatatype(wire.NewReader(w.Type[2:], wire.Sizes{Offset: 8, Length: 8}), &limits)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, Write{w.User, filter.Described{Type: typ, Chunk: w.Chunk, Fill: w.Fill, Unset: w.Unset}, w.Values, w.Mask, w.Want, w.Src})
		}
	}
	if len(all) < least {
		t.Fatalf("only %d written chunks, want %d", len(all), least)
	}
	return all
}

// Encodes tries that e stores what libhdf5 stored: the same client data, and
// the same bytes unless free says that libhdf5's differ for a reason. same
// compares stored bytes; nil means all of them.
func Encodes(t *testing.T, e filter.Encoder, all []Write, same func(got, want []byte) bool) {
	if same == nil {
		same = bytes.Equal
	}
	bad := 0
	for i, w := range all {
		fail := func(format string, args ...any) {
			t.Helper()
			t.Errorf("case %d, user %d, type %+v, chunk %d: "+format, append([]any{i, w.User, w.Dataset.Type, w.Dataset.Chunk}, args...)...)
			if bad++; bad > 10 {
				t.FailNow()
			}
		}
		values, err := e.Local(w.User, w.Dataset)
		if w.Values == nil {
			if !errors.Is(err, h5err.ErrUnsupported) && !errors.Is(err, h5err.ErrSelection) {
				fail("libhdf5 refuses it: %v", err)
			}
			continue
		}
		if err != nil || !slices.Equal(values, w.Values) {
			fail("stored client data %d, want %d: %v", values, w.Values, err)
			continue
		}
		before := Sum(w.Elements)
		got, err := e.Encode(bytes.Repeat([]byte{0xa5}, len(w.Elements)/2), w.Elements, filter.Chunk{Values: values, Size: len(w.Elements), ElementSize: w.Dataset.Type.Size})
		switch {
		case w.Mask != 0:
			if err == nil {
				fail("libhdf5 skips the filter, got %d bytes for %d", len(got), len(w.Elements))
			}
		case err != nil || !same(got, w.Raw):
			fail("%d bytes %x…, want %d %x…: %v", len(got), got[:min(40, len(got))], len(w.Raw), w.Raw[:min(40, len(w.Raw))], err)
		}
		if Sum(w.Elements) != before {
			t.Fatalf("case %d: the source was written to", i)
		}
	}
}

// BenchElements encodes elements, warm, into one buffer.
func BenchElements(b *testing.B, e filter.Encoder, values []uint32, elements []byte) {
	dst := make([]byte, 0, 2*len(elements)+100)
	b.SetBytes(int64(len(elements)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Encode(dst, elements, filter.Chunk{Values: values, Size: len(elements)}); err != nil {
			b.Fatal(err)
		}
	}
}
