package hdf5_test

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"testing"
	"testing/fstest"

	"gables/hdf5"
)

func open(t *testing.T, name string, opts ...hdf5.Option) *hdf5.File {
	t.Helper()
	f, err := hdf5.Open("testdata/"+name, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestFSKeepsTheRulesOfFileSystems(t *testing.T) {
	for name, want := range map[string][]string{
		"userblock.h5": {"ints", "chunked", "sub/n07", "sub/soft"},
		"links.h5":     {"ints", "ordered/k5", "sub/hard"},
		"table.h5":     {"zlib"},
	} {
		if err := fstest.TestFS(open(t, name).FS(), want...); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFSHidesALinkBackToAGroupAbove(t *testing.T) {
	view := open(t, "userblock.h5").FS()
	for _, name := range []string{"sub/up", "sub/loop", "sub/dangling"} {
		if _, err := fs.Stat(view, name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v, want fs.ErrNotExist", name, err)
		}
	}
}

func TestFSFilesAreTheStoredElements(t *testing.T) {
	file, err := open(t, "userblock.h5").FS().Open("ints")
	if err != nil {
		t.Fatal(err)
	}
	r := file.(io.ReaderAt)
	// Offsets and lengths that begin and end inside elements and rows.
	for off := int64(0); off < 240; off += 7 {
		p := make([]byte, min(61, 240-off))
		if n, err := r.ReadAt(p, off); n != len(p) || err != nil {
			t.Fatalf("offset %d: %d of %d bytes: %v", off, n, len(p), err)
		}
		for i, got := range p {
			var want [4]byte
			binary.LittleEndian.PutUint32(want[:], uint32((off+int64(i))/4))
			if got != want[(off+int64(i))%4] {
				t.Fatalf("byte %d: got %d, want %d", off+int64(i), got, want[(off+int64(i))%4])
			}
		}
	}
	if n, err := r.ReadAt(make([]byte, 8), 236); n != 4 || err != io.EOF {
		t.Errorf("over the end: %d bytes, %v", n, err)
	}
}
