package zstdframe

import (
	"bytes"
	"errors"
	"testing"

	"github.com/klauspost/compress/zstd"

	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

// text is a dictionary of text, and data what it helps with.
var (
	text = bytes.Repeat([]byte("gables and chunks, "), 8)
	data = []byte("chunks, gables and chunks, gables and gables and chunks, g")
)

// frame is data as the module's own encoder makes it with text of that number.
func frame(t *testing.T, id uint32) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderDictRaw(id, text))
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

func TestDictionaryServesItsFramesAndNoneAfterwards(t *testing.T) {
	src, got := frame(t, 0), make([]byte, len(data))
	for range 20 { // so that decoders come back from the pool
		if err := Decode(got, src); err == nil {
			t.Fatal("decoded without the dictionary")
		}
		z, err := OpenDict(text)
		if err != nil {
			t.Fatal(err)
		}
		clear(got)
		if err := z.Decode(got, src); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%q, %v", got, err)
		}
		z.Close()
		z.Close() // a second time does nothing
	}
}

func TestFrameOfAnotherDictionaryIsUnsupported(t *testing.T) {
	z, err := OpenDict(text)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if err := z.Decode(make([]byte, len(data)), frame(t, 7)); !errors.Is(err, h5err.ErrUnsupported) {
		t.Error(err)
	}
}

func TestBrokenDictionaryIsCorrupt(t *testing.T) {
	if _, err := OpenDict(append(bytes.Clone(dictMagic), "no tables"...)); !errors.Is(err, h5err.ErrCorrupt) {
		t.Error(err)
	}
	var none *Dict
	none.Close()
}

func FuzzDecode(f *testing.F) {
	for _, s := range testkit.Lists(f, "../../zstd/testdata") {
		if len(s.Raw) < 1500 {
			f.Add(s.Raw, []byte{}, uint16(s.Size))
		}
	}
	f.Add([]byte{}, text, uint16(len(data)))
	f.Fuzz(func(t *testing.T, src, dict []byte, n uint16) {
		got := make([]byte, n)
		plain := Decode(got, src)
		if whole, err := DecodeUpTo(nil, src, 1<<20); plain == nil && (err != nil || !bytes.Equal(whole, got)) {
			t.Fatalf("without the size: %d bytes, %v", len(whole), err)
		}
		z, err := OpenDict(dict)
		if err == nil {
			err = z.Decode(got, src)
			z.Close()
		}
		for _, err := range []error{plain, err} {
			if err != nil && !errors.Is(err, h5err.ErrCorrupt) && !errors.Is(err, h5err.ErrUnsupported) &&
				!errors.Is(err, h5err.ErrChecksum) && !errors.Is(err, h5err.ErrLimit) {
				t.Fatalf("no sentinel: %v", err)
			}
		}
	})
}
