package btree

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"gables/hdf5/driver"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// nowhere refuses raw data, which trees do not write.
type nowhere struct{}

func (nowhere) WriteFresh(p []byte, at uint64) error { panic("raw data") }
func (nowhere) Stage(p []byte, at uint64) error      { panic("raw data") }

// edit makes a draft over a file.
func edit(file []byte, s wire.Sizes) *draft.Draft {
	return draft.New(driver.Memory(file), nowhere{}, freespace.NewWith(uint64(len(file)), freespace.Options{}), s, wire.DefaultLimits())
}

// inUse is how many bytes are given out.
func inUse(d *draft.Draft) uint64 { return d.Space.End() - d.Space.FreeSpace() }

// over reads the state of a draft with nothing cached.
func over(d *draft.Draft) *metacache.Cache {
	return metacache.New(d, d.Sizes(), wire.DefaultLimits())
}

// applied is the file that a draft stands for, with its end in the superblock.
func applied(t testing.TB, file []byte, d *draft.Draft) []byte {
	t.Helper()
	out := append(bytes.Clone(file), make([]byte, d.Size()-uint64(len(file)))...)
	fresh, over := d.Changes()
	for _, e := range append(fresh, over...) {
		copy(out[e.At:], e.Data)
	}
	s, err := format.DecodeSuperblock(out)
	if err != nil {
		t.Fatal(err)
	}
	s.EndOfFile = wire.Address(len(out))
	b, err := format.AppendSuperblock(nil, s)
	if err != nil {
		t.Fatal(err)
	}
	copy(out, b)
	return out
}

// witness runs a script of testdata with h5py on a file, if there is an h5py.
func witness(t *testing.T, script string, file []byte, args ...string) {
	t.Helper()
	python := os.Getenv("GABLES_PYTHON")
	if python == "" {
		t.Skip("GABLES_PYTHON names no interpreter with h5py")
	}
	path := filepath.Join(t.TempDir(), "edited.h5")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, append([]string{filepath.Join("testdata", script), path}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
