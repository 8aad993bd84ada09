package driver_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
)

// folders are those that the contract is tried on.
func folders(t *testing.T) map[string]driver.Folder {
	dir, err := driver.OpenDir(t.TempDir(), driver.LockBestEffort, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	return map[string]driver.Folder{"disk": dir, "memory": driver.NewShelf()}
}

func make1(t *testing.T, f driver.Folder, name, content string) {
	t.Helper()
	s, err := f.Open(name, true)
	if err == nil {
		_, err = s.WriteAt([]byte(content), 0)
	}
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, f driver.Folder, name string) string {
	t.Helper()
	s, err := f.Open(name, false)
	if errors.Is(err, fs.ErrNotExist) {
		return "absent"
	}
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, s.Size())
	if _, err := s.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestStorageIsAsWrittenAndGapsAreZero(t *testing.T) {
	for name, f := range folders(t) {
		s, err := f.Open("a", true)
		if err != nil {
			t.Fatal(name, err)
		}
		var want []byte
		r := rand.New(rand.NewPCG(1, 1))
		for i := range 300 {
			off, n := r.IntN(5000), r.IntN(300)
			if i%7 == 3 {
				if err := s.Truncate(uint64(off)); err != nil {
					t.Fatal(name, err)
				}
				want = append(want, make([]byte, max(0, off-len(want)))...)[:off:off]
				continue
			}
			p := make([]byte, n)
			for k := range p {
				p[k] = byte(r.Uint32())
			}
			if got, err := s.WriteAt(p, uint64(off)); got != n || err != nil {
				t.Fatal(name, got, err)
			}
			if n > 0 {
				want = append(want, make([]byte, max(0, off+n-len(want)))...)
				copy(want[off:], p)
			}
		}
		got := make([]byte, len(want)+10)
		n, err := s.ReadAt(got, 0)
		if n != len(want) || !errors.Is(err, io.EOF) || !bytes.Equal(got[:n], want) || s.Size() != uint64(len(want)) {
			t.Errorf("%s: %d of %d bytes, %v, or others", name, n, len(want), err)
		}
		if _, err := s.ReadAt(got[:1], math.MaxUint64); !errors.Is(err, io.EOF) {
			t.Errorf("%s: read far behind the end: %v", name, err)
		}
		if _, err := s.WriteAt(got[:1], math.MaxInt64); err == nil {
			t.Errorf("%s: written where no file has bytes", name)
		}
		if err := errors.Join(s.Sync(), f.Sync(), s.Close()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestManyGoroutinesWriteApart(t *testing.T) {
	for name, f := range folders(t) {
		s, err := f.Open("a", true)
		if err != nil {
			t.Fatal(name, err)
		}
		var wait sync.WaitGroup
		for i := range 8 {
			wait.Go(func() {
				for k := range 50 {
					at := uint64(k*8+i) * 100
					if _, err := s.WriteAt(bytes.Repeat([]byte{byte(i + 1)}, 100), at); err != nil {
						t.Error(name, err)
					}
					got := make([]byte, 100)
					if _, err := s.ReadAt(got, at); err != nil || got[99] != byte(i+1) {
						t.Error(name, err, got[99])
					}
				}
			})
		}
		wait.Wait()
		if err := s.Close(); err != nil || len(content(t, f, "a")) != 40000 {
			t.Error(name, err)
		}
	}
}

func TestNamesChangeInOneStep(t *testing.T) {
	for name, f := range folders(t) {
		make1(t, f, "a", "first")
		make1(t, f, "b", "second")
		if err := f.RenameNew("a", "b"); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: onto a file that exists: %v", name, err)
		}
		if content(t, f, "a") != "first" || content(t, f, "b") != "second" {
			t.Errorf("%s: a rename that was refused changed something", name)
		}
		if err := f.Rename("a", "b"); err != nil || content(t, f, "a") != "absent" || content(t, f, "b") != "first" {
			t.Errorf("%s: rename: %v", name, err)
		}
		if err := f.RenameNew("b", "c"); err != nil || content(t, f, "b") != "absent" || content(t, f, "c") != "first" {
			t.Errorf("%s: rename to a new name: %v", name, err)
		}
		if err := f.Remove("c"); err != nil || content(t, f, "c") != "absent" {
			t.Errorf("%s: remove: %v", name, err)
		}
		for what, err := range map[string]error{"remove": f.Remove("c"), "rename": f.Rename("c", "d"), "new": f.RenameNew("c", "d")} {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %s of nothing: %v", name, what, err)
			}
		}
		for _, bad := range []string{"", ".", "..", "x/y", "../x", `x\y`} {
			if _, err := f.Open(bad, true); !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("%s: name %q: %v", name, bad, err)
			}
		}
	}
}

func TestLocksKeepOthersOut(t *testing.T) {
	for name, f := range folders(t) {
		if name == "disk" && (runtime.GOOS == "js" || runtime.GOOS == "wasip1") {
			continue
		}
		open := func() driver.Storage {
			s, err := f.Open("a", true)
			if err != nil {
				t.Fatal(name, err)
			}
			return s
		}
		a, b, c := open(), open(), open()
		locked := func(err error) bool { return errors.Is(err, h5err.ErrLocked) }
		steps := []struct {
			err    error
			refuse bool
		}{
			{a.Lock(false), false}, {b.Lock(false), false}, {c.Lock(true), true},
			{a.Lock(true), true}, // and its own is lost
			{b.Lock(true), false}, {a.Lock(false), true}, {b.Lock(false), false}, {a.Lock(false), false},
			{errors.Join(a.Unlock(), b.Unlock()), false}, {c.Lock(true), false}, {a.Lock(false), true}, {c.Close(), false}, {a.Lock(true), false},
		}
		for i, s := range steps {
			if locked(s.err) != s.refuse || s.err != nil && !s.refuse {
				t.Errorf("%s: step %d: %v, refused should be %v", name, i, s.err, s.refuse)
			}
		}
		if !a.(driver.Samer).Same(b) {
			t.Errorf("%s: one file is told to be two", name)
		}
		make1(t, f, "other", "")
		if o, err := f.Open("other", false); err != nil || a.(driver.Samer).Same(o) {
			t.Errorf("%s: two files are told to be one: %v", name, err)
		}
		if err := errors.Join(a.Close(), b.Close()); err != nil {
			t.Error(err)
		}
	}
}

func TestEnvironmentSwitchesLocksOffAsForLibhdf5(t *testing.T) {
	for value, want := range map[string]driver.Locking{"": driver.LockBestEffort, "TRUE": driver.LockAlways, "1": driver.LockAlways,
		"FALSE": driver.LockNever, "0": driver.LockNever, "BEST_EFFORT": driver.LockBestEffort, "nonsense": driver.LockBestEffort} {
		t.Setenv("HDF5_USE_FILE_LOCKING", value)
		if got := driver.LockingFromEnvironment(); got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d, err := driver.OpenDisk(path, driver.LockNever)
		if err == nil {
			err = d.Lock(true)
		}
		if err != nil {
			t.Error(err)
		}
		defer d.Close()
	}
}

func TestReplacedFileKeepsItsPermissions(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "wasip1" {
		t.Skip("no permission bits")
	}
	path := t.TempDir()
	dir, err := driver.OpenDir(path, driver.LockBestEffort, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	make1(t, dir, "new", "x")
	mode := func(name string) fs.FileMode {
		info, err := os.Stat(filepath.Join(path, name))
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	if got := mode("new"); got != 0o600 {
		t.Errorf("created with %o", got)
	}
	if err := os.WriteFile(filepath.Join(path, "old"), nil, 0o640); err != nil {
		t.Fatal(err)
	}
	want := mode("old")
	if err := dir.Rename("new", "old"); err != nil || mode("old") != want {
		t.Errorf("replaced with %o, want %o: %v", mode("old"), want, err)
	}
	if err := dir.Close(); err != nil {
		t.Error(err)
	}
}

func TestStorageIsARegularFileOfTheFolder(t *testing.T) {
	path := t.TempDir()
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(path, "link")); err != nil {
		t.Skip(err)
	}
	if err := os.Mkdir(filepath.Join(path, "sub"), 0o777); err != nil {
		t.Fatal(err)
	}
	dir, err := driver.OpenDir(path, driver.LockBestEffort, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link", "sub"} {
		if s, err := dir.Open(name, true); err == nil {
			t.Errorf("%s was opened as %v", name, s)
		}
	}
	if _, err := driver.OpenDisk(path, driver.LockBestEffort); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a directory is a file: %v", err)
	}
	if err := dir.Close(); err != nil {
		t.Error(err)
	}
}
