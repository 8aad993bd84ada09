package format

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/checksum"
	"gables/internal/wire"
)

func readBlock(t testing.TB, name string) ([]byte, wire.Sizes) {
	t.Helper()
	b, err := os.ReadFile("testdata/virtual/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(name, "length4") {
		return b, wire.Sizes{Offset: 8, Length: 4}
	}
	return b, wire.Sizes{Offset: 8, Length: 8}
}

// sealed puts the checksum behind a block's fields.
func sealed(fields []byte) []byte {
	return binary.LittleEndian.AppendUint32(slices.Clone(fields), checksum.Lookup3(fields))
}

func TestVirtualMappingsShareNamesInVersion1(t *testing.T) {
	for _, name := range []string{"length4.bin", "shared_2.bin"} {
		b, s := readBlock(t, name)
		list, err := DecodeVirtual(b, s)
		if err != nil || b[0] != 1 {
			t.Fatalf("%s: version %d, %v", name, b[0], err)
		}
		for i, m := range list {
			if m.File != list[1].File && m.File != "." || m.Dataset != list[0].Dataset || len(m.Dataset) < 10 {
				t.Errorf("%s: mapping %d is of %q in %q", name, i, m.Dataset, m.File)
			}
			if m.Virtual.Kind != SelectionHyperslab || m.Source.Rank != 1 || m.Blocks || m.VirtualAxis != -1 {
				t.Errorf("%s: mapping %d: %+v", name, i, m)
			}
		}
	}
}

func TestVirtualMappingsOfEveryWriterDecode(t *testing.T) {
	names, err := filepath.Glob("testdata/virtual/*.bin")
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		b, s := readBlock(t, filepath.Base(name))
		list, err := DecodeVirtual(b, s)
		if err != nil || uint64(len(list)) != wire.Uint(b[1:1+s.Length]) {
			t.Errorf("%s: %d mappings, %v", name, len(list), err)
		}
		// Any byte that is changed is noticed.
		for i := range b {
			b[i] ^= 0x40
			if _, err := DecodeVirtual(b, s); err == nil {
				t.Errorf("%s: byte %d may be anything", name, i)
			}
			b[i] ^= 0x40
		}
	}
}

func TestVirtualMappingsThatBreakARuleAreRefused(t *testing.T) {
	good, s := readBlock(t, "shared_2.bin")
	good = good[:len(good)-4]
	change := func(at int, b ...byte) []byte {
		out := slices.Clone(good)
		copy(out[at:], b)
		return sealed(out)
	}
	all := string([]byte{3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	unlimited := string([]byte{2, 0, 0, 0, 3, 0, 0, 0, 1, 2, 1, 0, 0, 0, 0, 0, 1, 0, 0xff, 0xff, 1, 0})
	block := func(names, source, virtual string) []byte {
		return sealed([]byte("\x00\x01\x00\x00\x00\x00\x00\x00\x00" + names + source + virtual))
	}
	if _, err := DecodeVirtual(block("f%b\x00d\x00", all, unlimited), s); err != nil {
		t.Errorf("numbered sources: %v", err)
	}
	for what, c := range map[string]struct {
		b    []byte
		want error
	}{
		"version":               {change(0, 2), h5err.ErrUnsupported},
		"count":                 {change(1, 0xff, 0xff, 0xff, 0xff, 0xff), h5err.ErrCorrupt},
		"one mapping less":      {change(1, good[1]-1), h5err.ErrCorrupt},
		"unknown flag":          {change(9, 0x08), h5err.ErrUnsupported},
		"two places of a name":  {change(9, 0x05), h5err.ErrCorrupt},
		"name of itself":        {change(9, 0x01, 0, 0, 0, 0, 0, 0, 0, 0), h5err.ErrCorrupt},
		"checksum":              {append(slices.Clone(good), 1, 2, 3, 4), h5err.ErrChecksum},
		"cut":                   {sealed(good[:len(good)-1]), h5err.ErrCorrupt},
		"nothing":               {nil, h5err.ErrCorrupt},
		"a byte too many":       {sealed(append(slices.Clone(good), 0)), h5err.ErrCorrupt},
		"percent sign":          {block("f%d\x00d\x00", all, all), h5err.ErrCorrupt},
		"number for one source": {block("f%b\x00d\x00", all, all), h5err.ErrCorrupt},
		"sources without one":   {block("f%%b\x00d\x00", all, unlimited), h5err.ErrCorrupt},
		"unlimited source":      {block("f\x00d\x00", unlimited, all), h5err.ErrCorrupt},
	} {
		if _, err := DecodeVirtual(c.b, s); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", what, err, c.want)
		}
	}
}

func TestVirtualNamesTakeNumbers(t *testing.T) {
	for stored, want := range map[string]string{"a": "a", "%b": "12", "x%b-%b.h5": "x12-12.h5", "100%%": "100%", "%%b%b%%": "%b12%"} {
		n, err := parseVirtualName(stored)
		if got := n.With("12"); err != nil || got != want || n.Numbered() != strings.Contains(want, "12") {
			t.Errorf("%q gives %q, %v, want %q", stored, got, err, want)
		}
	}
	for _, bad := range []string{"%", "a%", "%d", "%%%"} {
		if _, err := parseVirtualName(bad); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}

func FuzzDecodeVirtual(f *testing.F) {
	names, err := filepath.Glob("testdata/virtual/*.bin")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		b, s := readBlock(f, filepath.Base(name))
		f.Add(b[:len(b)-4], s.Length == 4)
	}
	f.Fuzz(func(t *testing.T, fields []byte, narrow bool) {
		s := wire.Sizes{Offset: 8, Length: 8}
		if narrow {
			s.Length = 4
		}
		list, err := DecodeVirtual(sealed(fields), s)
		if err != nil {
			if !errors.Is(err, h5err.ErrCorrupt) && !errors.Is(err, h5err.ErrUnsupported) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		if len(list)*minVirtualMapping > len(fields) {
			t.Fatalf("%d mappings in %d bytes", len(list), len(fields))
		}
		for _, m := range list {
			if m.Blocks && m.Virtual.Count[m.VirtualAxis] != dataspace.Unlimited {
				t.Fatalf("numbered sources of a limited selection: %+v", m)
			}
		}
	})
}
