package btree

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"testing"

	"gables/internal/metacache"
	"gables/internal/wire"
)

// memory is a driver over the bytes of a file.
type memory []byte

func (m memory) ReadAt(p []byte, off uint64) (int, error) {
	if off > uint64(len(m)) {
		return 0, io.EOF
	}
	n := copy(p, m[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
func (m memory) Size() uint64 { return uint64(len(m)) }
func (m memory) Close() error { return nil }

func open(file []byte) *metacache.Cache {
	return metacache.New(memory(file), wire.Sizes{Offset: 8, Length: 8}, wire.DefaultLimits())
}

func slurp(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open("testdata/" + name + ".h5.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// find gives the positions of a signature.
func find(file []byte, sig string) []int {
	var at []int
	for i := 0; ; i++ {
		j := bytes.Index(file[i:], []byte(sig))
		if j < 0 {
			return at
		}
		i += j
		at = append(at, i)
	}
}
