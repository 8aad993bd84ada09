package driver

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"gables/hdf5/h5err"
)

// counted tells how often a driver was closed.
type counted struct {
	Driver
	closed int
}

func (c *counted) Close() error {
	c.closed++
	return c.Driver.Close()
}

func sample(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7)
	}
	return b
}

func tempFile(t *testing.T, content []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// drivers are all that show the same 300 bytes.
func drivers(t *testing.T, content []byte) map[string]Driver {
	t.Helper()
	file, err := OpenFile(tempFile(t, content))
	if err != nil {
		t.Fatal(err)
	}
	unmapped, err := OpenFile(tempFile(t, content))
	if err != nil {
		t.Fatal(err)
	}
	if err := unmapFile(unmapped.data); err != nil {
		t.Fatal(err)
	}
	unmapped.data = nil
	reader, err := NewReaderAt(bytes.NewReader(append(content[:len(content):len(content)], 1, 2, 3)), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	fsys, err := OpenFS(fstest.MapFS{"a/b": {Data: content}}, "a/b", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	joined, err := Join([]Part{{100, 250, Memory(content[100:])}, {0, 100, Memory(content[:100])}})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]Driver{"file": file, "unmapped": unmapped, "memory": Memory(content), "reader": reader, "fs": fsys, "joined": joined,
		"based":  Based(Memory(append(sample(13), content...)), 13),
		"based0": Based(Memory(content), 0)}
}

func TestEveryDriverShowsTheSameBytes(t *testing.T) {
	content := sample(300)
	for name, d := range drivers(t, content) {
		if d.Size() != 300 {
			t.Errorf("%s: %d bytes", name, d.Size())
		}
		for _, c := range []struct{ off, n int }{{0, 300}, {0, 1}, {99, 2}, {100, 200}, {299, 1}, {37, 150}, {5, 0}} {
			p := make([]byte, c.n)
			if n, err := d.ReadAt(p, uint64(c.off)); n != c.n || err != nil || !bytes.Equal(p, content[c.off:c.off+c.n]) {
				t.Errorf("%s: %d bytes at %d: %d, %v", name, c.n, c.off, n, err)
			}
		}
		for _, off := range []uint64{300, 301, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64} {
			if n, err := d.ReadAt(make([]byte, 4), off); n != 0 || err == nil {
				t.Errorf("%s: %d bytes at 0x%x, %v", name, n, off, err)
			}
		}
		p := make([]byte, 20)
		if n, err := d.ReadAt(p, 290); n != 10 || err == nil || !bytes.Equal(p[:10], content[290:]) {
			t.Errorf("%s: %d bytes at the end, %v", name, n, err)
		}
		if err := d.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAViewIsWithinTheBytes(t *testing.T) {
	content := sample(300)
	for name, d := range drivers(t, content) {
		v, ok := d.(Viewer)
		if !ok {
			continue
		}
		if b := v.View(290, 10); b != nil && (!bytes.Equal(b, content[290:]) || cap(b) != 10) {
			t.Errorf("%s: % x with room for %d", name, b, cap(b))
		}
		for _, c := range []struct {
			off uint64
			n   int
		}{{290, 11}, {301, 0}, {0, -1}, {math.MaxUint64, 1}, {math.MaxUint64 - 5, 10}, {0, math.MaxInt}} {
			if b := v.View(c.off, c.n); b != nil {
				t.Errorf("%s: %d bytes at 0x%x: %d shown", name, c.n, c.off, len(b))
			}
		}
		d.Close()
	}
	if _, ok := Based(Memory(content), 8).(Viewer); !ok {
		t.Error("a base address hides that memory can be shown")
	}
	reader, _ := NewReaderAt(bytes.NewReader(content), 300)
	if _, ok := Based(reader, 8).(Viewer); ok {
		t.Error("a reader can't be shown")
	}
}

func TestABaseBehindTheEndLeavesNothing(t *testing.T) {
	d := Based(Memory(sample(10)), 11)
	if n, err := d.ReadAt(make([]byte, 1), 0); d.Size() != 0 || n != 0 || err == nil {
		t.Errorf("size %d, read %d, %v", d.Size(), n, err)
	}
}

func TestOnlyRegularFilesAreOpened(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenFile(dir); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("folder: %v", err)
	}
	if _, err := OpenFile(filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
	if _, err := OpenFS(fstest.MapFS{"d/x": {}}, "d", 10); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("folder of a file system: %v", err)
	}
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewFile(f); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("open folder: %v", err)
	}
	if _, err := f.Stat(); !errors.Is(err, fs.ErrClosed) {
		t.Error("a file that was refused stays open")
	}
	if _, err := NewReaderAt(nil, -1); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("negative size: %v", err)
	}
}

func TestAnEmptyFileCanBeOpened(t *testing.T) {
	d, err := OpenFile(tempFile(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if n, err := d.ReadAt(make([]byte, 1), 0); d.Size() != 0 || n != 0 || err != io.EOF {
		t.Errorf("size %d, read %d, %v", d.Size(), n, err)
	}
}

// stream is a file system whose files have no random access.
type stream struct{ fstest.MapFS }

func (s stream) Open(name string) (fs.File, error) {
	f, err := s.MapFS.Open(name)
	return struct{ fs.File }{f}, err
}

func TestAFileWithoutRandomAccessIsReadUpToTheLimit(t *testing.T) {
	fsys := stream{fstest.MapFS{"x": {Data: sample(100)}}}
	d, err := OpenFS(fsys, "x", 100)
	if err != nil || d.Size() != 100 {
		t.Fatalf("%v", err)
	}
	if _, err := OpenFS(fsys, "x", 99); !errors.Is(err, h5err.ErrLimit) {
		t.Errorf("got %v, want ErrLimit", err)
	}
}

func TestPartsThatOverlapAreRefusedAndClosed(t *testing.T) {
	for _, c := range [][2]Part{
		{{0, 101, nil}, {100, 50, nil}},
		{{math.MaxUint64 - 5, 10, nil}, {0, 1, nil}},
		{{7, 5, nil}, {7, 5, nil}},
	} {
		a, b := &counted{Driver: Memory(sample(200))}, &counted{Driver: Memory(sample(50))}
		c[0].Driver, c[1].Driver = a, b
		if _, err := Join(c[:]); !errors.Is(err, h5err.ErrCorrupt) || a.closed != 1 || b.closed != 1 {
			t.Errorf("%v: %v, closed %d and %d times", c, err, a.closed, b.closed)
		}
	}
}

func TestGapsBetweenPartsAreNotThere(t *testing.T) {
	a, b := &counted{Driver: Memory(sample(10))}, &counted{Driver: Memory(sample(20))}
	// The first part has fewer bytes than its region, the second more.
	j, err := Join([]Part{{0, 30, a}, {1 << 40, 15, b}})
	if err != nil {
		t.Fatal(err)
	}
	if j.Size() != 1<<40+15 {
		t.Errorf("size 0x%x", j.Size())
	}
	for off, want := range map[uint64]int{5: 5, 10: 0, 29: 0, 30: 0, 1 << 39: 0, 1 << 40: 10, 1<<40 + 12: 3, 1<<40 + 15: 0} {
		if n, err := j.ReadAt(make([]byte, 10), off); n != want || (n < 10 && err == nil) {
			t.Errorf("0x%x: %d bytes, %v; want %d", off, n, err, want)
		}
	}
	if err := j.Close(); err != nil || a.closed != 1 || b.closed != 1 {
		t.Errorf("%v, closed %d and %d times", err, a.closed, b.closed)
	}
}

func TestGuardPassesOnWhatIsNoFault(t *testing.T) {
	broken := errors.New("broken")
	if err := Guard(func() error { return broken }); err != broken {
		t.Errorf("got %v", err)
	}
	if err := Guard(func() error { return nil }); err != nil {
		t.Errorf("got %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a bug was swallowed")
		}
	}()
	_ = Guard(func() error {
		var list []int
		return errors.New(string(rune(list[len(os.Args)])))
	})
}
