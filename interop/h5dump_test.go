//go:build interop

package interop

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gables/hdf5"
)

// h5dump of Debian is libhdf5 1.10: a witness from another decade, which reads
// what h5py wrote for old libraries.
const oldFile = "layouts_earliest.h5"

func TestNumbersAndTextAreThoseOfH5dump(t *testing.T) {
	dir := made(t, "make_matrix.py")
	s := open(t, dir, oldFile)
	for _, kind := range []string{"int8le", "uint16be", "int32le", "uint64be", "float32le", "float64be", "bits32be"} {
		for _, layout := range []string{"compact", "contiguous", "contiguous_scalar", "btree_v1", "btree_v1_part"} {
			path := "/" + kind + "/" + layout + "/none"
			out := filepath.Join(t.TempDir(), "values")
			run(t, "h5dump", "-d", path, "-b", "LE", "-o", out, filepath.Join(dir, oldFile))
			b, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			n := uint64(len(b))
			s.value(path, s.objects[path].Value, "", line{Path: path, Bytes: &n, SHA256: sum(b)})
		}
	}
}

// quotedText are the strings that h5dump prints, escaped as in C.
var quotedText = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)

func TestTextIsThatOfH5dump(t *testing.T) {
	dir := made(t, "make_matrix.py")
	s := open(t, dir, oldFile)
	for _, kind := range []string{"vlstring_utf8", "vlstring_ascii", "string17_nullterm", "string6_nullterm"} {
		for _, layout := range []string{"compact", "contiguous", "btree_v1"} {
			path := "/" + kind + "/" + layout + "/none"
			want := dumpedText(t, path, filepath.Join(dir, oldFile))
			d, err := s.f.Dataset(path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := hdf5.Read[string](t.Context(), d)
			if err != nil || len(want) == 0 || !slices.Equal(got, want) {
				t.Errorf("%s: got %q, h5dump has %q: %v", path, got, want, err)
			}
		}
	}
}

// signExtended are the escapes of bytes above 127: h5dump 1.10 prints them as
// negative numbers, so that 0303 becomes 037777777703.
var signExtended = strings.NewReplacer(`\377777774`, `\0`, `\377777775`, `\1`, `\377777776`, `\2`, `\377777777`, `\3`)

// dumpedText are the strings that h5dump prints for a dataset.
func dumpedText(t *testing.T, path, file string) []string {
	t.Helper()
	dump := string(run(t, "h5dump", "-y", "-w", "0", "-d", path, file))
	_, data, ok := strings.Cut(dump, "DATA {")
	if !ok {
		t.Fatalf("h5dump says %q", dump)
	}
	var list []string
	for _, m := range quotedText.FindAllStringSubmatch(data, -1) {
		v, err := strconv.Unquote(`"` + signExtended.Replace(m[1]) + `"`)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}
