package zfp

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"strings"
	"testing"

	"gables/hdf5/filter"
)

// witness is one case of testdata/make_cases.py.
type witness struct {
	values               []uint32
	chunk, want, written []byte
	ours                 bool // chunk is the plugin's encoding of written
}

func readWitnesses(t testing.TB, name string) []witness {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	word := func() uint32 {
		v := binary.LittleEndian.Uint32(data)
		data = data[4:]
		return v
	}
	text := func() []byte {
		n := word()
		b := data[:n:n]
		data = data[n:]
		return b
	}
	var cases []witness
	for len(data) > 0 {
		var w witness
		for range word() {
			w.values = append(w.values, word())
		}
		w.chunk, w.want = text(), text()
		w.ours = word() == 1
		w.written = text()
		cases = append(cases, w)
	}
	return cases
}

// witnessFiles are those of testdata and of GABLES_WITNESS, separated by commas.
func witnessFiles() []string {
	files := []string{"testdata/plugin.gz", "testdata/noise.gz"}
	if more := os.Getenv("GABLES_WITNESS"); more != "" {
		files = append(files, strings.Split(more, ",")...)
	}
	return files
}

func chunkOf(w witness) filter.Chunk {
	return filter.Chunk{Values: w.values, Size: len(w.want), Limit: 1 << 28}
}

func TestDecodeGivesThePluginsBytes(t *testing.T) {
	for _, name := range witnessFiles() {
		cases := readWitnesses(t, name)
		bad := 0
		for i, w := range cases {
			got, err := New().Decode(nil, w.chunk, chunkOf(w))
			if err == nil && bytes.Equal(got, w.want) {
				continue
			}
			h, _ := parseValues(w.values)
			if bad++; bad < 10 {
				t.Errorf("%s case %d, %+v: %v, first difference at byte %d", name, i, h, err, difference(got, w.want))
			}
		}
		t.Logf("%s: %d of %d cases equal", name, len(cases)-bad, len(cases))
	}
}

func difference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

func TestEncodeGivesThePluginsBytes(t *testing.T) {
	for _, name := range witnessFiles() {
		cases, bad, seen := readWitnesses(t, name), 0, 0
		for i, w := range cases {
			if !w.ours {
				continue
			}
			seen++
			got, err := Encode(nil, w.written, w.values)
			if err == nil && bytes.Equal(got, w.chunk) {
				continue
			}
			h, _ := parseValues(w.values)
			if bad++; bad < 10 {
				t.Errorf("%s case %d, %+v: %v, %d of %d bytes, first difference at byte %d", name, i, h, err, len(got), len(w.chunk), difference(got, w.chunk))
			}
		}
		t.Logf("%s: %d of %d cases equal", name, seen-bad, seen)
	}
}
