//go:build interop

package interop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"gables/hdf5"
)

// datasetCase says what a dataset of the matrix is.
type datasetCase struct {
	File   string `json:"file"`
	Path   string `json:"path"`
	Type   string `json:"type"`
	Layout string `json:"layout"`
	Index  string `json:"index"` // what h5py must have made; empty for any
	Filter string `json:"filter"`
	Name   string `json:"name"` // of the filter with its parameters
}

func cases(t *testing.T, dir string) map[string][]datasetCase {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []datasetCase
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	byFile := map[string][]datasetCase{}
	for _, c := range list {
		byFile[c.File] = append(byFile[c.File], c)
	}
	return byFile
}

// writers make files and cases.json; readers say what they read in them.
var writers = []struct{ make, read string }{
	{"make_matrix.py", "read_files.py"},
	{"make_structure.py", "read_files.py"},
	{"make_pytables.py", "read_pytables.py"},
}

// TestFilesReadAsTheirWriterReadsThem also counts what docs/support.md claims.
func TestFilesReadAsTheirWriterReadsThem(t *testing.T) {
	found := newTable()
	for _, w := range writers {
		t.Run(w.make, func(t *testing.T) {
			dir := made(t, w.make)
			all := cases(t, dir)
			for _, name := range files(t, dir) {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					s := open(t, dir, name)
					good := s.compare(witnessed(t, w.read, dir, name))
					for _, c := range all[name] {
						s.isCase(c, found)
						if good[c.Path] {
							found.count(c)
						}
					}
				})
			}
		})
	}
	if !t.Failed() {
		found.check(t)
	}
}

// isCase tells whether the dataset is a case of what it is meant to be, and
// notes when its filters have really changed a chunk.
func (s *subject) isCase(c datasetCase, found *table) {
	s.t.Helper()
	d, err := s.f.Dataset(c.Path)
	if err != nil {
		s.fault(c.Path, "%v", err)
		return
	}
	l, err := d.Layout()
	if err != nil || c.Index != "" && l.Index != c.Index {
		s.fault(c.Path, "chunk index %s, want %s: %v", l.Index, c.Index, err)
	}
	if c.Filter == "none" != (len(d.Filters()) == 0) {
		s.fault(c.Path, "%d filters for %s", len(d.Filters()), c.Name)
	}
	if c.Filter == "none" {
		return
	}
	err = d.Chunks(s.t.Context(), func(k hdf5.Chunk) error {
		found.filtered(c, k.FilterMask == 0)
		return nil
	})
	if err != nil {
		s.fault(c.Path, "%v", err)
	}
}
