//go:build interop

package interop

import (
	"slices"
	"testing"

	"gables/hdf5"
)

// bounds are the styles of files that can be written.
var bounds = []hdf5.Libver{hdf5.Earliest, hdf5.V18, hdf5.V110, hdf5.V112, hdf5.V114}

// TestTypesInAllLayoutsAreReadByAll writes the matrix datatype × layout × library
// bound.
func TestTypesInAllLayoutsAreReadByAll(t *testing.T) {
	dir := t.TempDir()
	var files []*expected
	for _, low := range bounds {
		m := newMaker(t, dir, "layouts_"+low.String()+".h5", low)
		for _, k := range kinds {
			// These two bounds differ from their neighbours in the types' encodings alone.
			if (low == hdf5.V18 || low == hdf5.V112) && !slices.Contains(some, k.name) {
				continue
			}
			for _, p := range plans() {
				m.add(k, p, pack{})
			}
		}
		files = append(files, m.done())
	}
	witness(t, dir, files)
}

// TestFiltersAreReadByAll writes every kind with every filter that takes it, the
// layouts in turn, and a few kinds with all.
func TestFiltersAreReadByAll(t *testing.T) {
	dir := t.TempDir()
	var files []*expected
	for _, low := range []hdf5.Libver{hdf5.Earliest, hdf5.V110} {
		m := newMaker(t, dir, "filters_"+low.String()+".h5", low)
		var chunked []plan
		for _, p := range plans() {
			if p.o.Chunk != nil && p.only == nil && p.index != "implicit" && p.tail != "empty" && m.fits(kinds[0], p, pack{}) {
				chunked = append(chunked, p)
			}
		}
		turn := 0
		for _, k := range kinds {
			for _, c := range packs() {
				if k.name == "int32le" || k.name == "float64le" || k.name == "compound_nested" {
					for _, p := range chunked {
						m.add(k, p, c)
					}
					continue
				}
				m.add(k, chunked[turn%len(chunked)], c)
				turn++
			}
		}
		files = append(files, m.done())
		for _, c := range packs() {
			if m.e.packs[c.name] == 0 {
				t.Errorf("%s: no chunk went through %s: its cases prove nothing", m.e.name, c.name)
			}
		}
	}
	witness(t, dir, files)
}

// witness holds files against all witnesses, each in its own process.
func witness(t *testing.T, dir string, files []*expected) {
	t.Helper()
	names := make([]string, len(files))
	for i, e := range files {
		names[i] = e.name
	}
	saveWanted(t, dir, files)
	t.Run("witnesses", func(t *testing.T) {
		t.Run("h5py", func(t *testing.T) {
			t.Parallel()
			list := h5pyTells(t, dir, names...)
			objects, facts := 0, 0
			for _, e := range files {
				facts += e.hold(t, list[e.name])
				objects += len(e.objects)
				reads(t, dir, e.name, list[e.name])
			}
			t.Logf("%d objects, %d facts", objects, facts)
		})
		t.Run("PyTables", func(t *testing.T) {
			t.Parallel()
			list, leaves := pytablesTells(t, dir, names...), 0
			for _, e := range files {
				leaves += e.tabled(t, list[e.name])
			}
			t.Logf("%d datasets", leaves)
		})
		t.Run("h5dump", func(t *testing.T) {
			t.Parallel()
			values := 0
			for _, e := range files {
				if reason := h5dumpCannotOpen(e); reason != "" {
					t.Logf("%s: %s", e.name, reason)
					continue
				}
				values += e.dumped(t, dir)
			}
			t.Logf("%d datasets", values)
		})
	})
	if !t.Failed() {
		countWritten(files)
	}
}
