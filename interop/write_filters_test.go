//go:build interop

package interop

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gables/hdf5"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// filterCase is a dataset of filters.h5 and what its user said of the filters.
type filterCase struct {
	Path    string `json:"path"`
	Family  string `json:"family"`
	Filters []struct {
		ID       uint16   `json:"id"`
		Optional bool     `json:"optional"`
		Values   []uint32 `json:"values"`
	} `json:"filters"`
}

// reference names whose client data a filter has.
func reference(family string) string {
	if slices.Contains([]string{"gzip", "shuffle", "fletcher32", "szip", "nbit", "scaleoffset"}, family) {
		return "libhdf5"
	}
	if family == "lzf" {
		return "h5py"
	}
	return "hdf5plugin"
}

// testFilters also counts what docs/support.md claims.
func testFilters(t *testing.T) {
	dir := made(t, "make_filters.py")
	b, err := os.ReadFile(filepath.Join(dir, "filters.json"))
	must(t, err)
	var all []filterCase
	must(t, json.Unmarshal(b, &all))
	theirs, err := hdf5.Open(filepath.Join(dir, "filters.h5"))
	must(t, err)
	defer theirs.Close()
	ours, err := hdf5.CreateMemory(hdf5.WithLibver(hdf5.V110))
	must(t, err)
	defer ours.Close()
	for _, c := range all {
		d, err := theirs.Dataset(c.Path)
		must(t, err)
		var stages []filter.Stage
		for _, f := range c.Filters {
			stages = append(stages, filter.Stage{ID: filter.ID(f.ID), Optional: f.Optional, Flags: uint16(btoi(f.Optional)), Values: f.Values})
		}
		l, err := d.Layout()
		must(t, err)
		own, err := ours.CreateDataset(c.Path, d.Type(), d.Shape(), hdf5.DatasetOptions{Parents: true, Chunk: l.Chunk, Filters: stages})
		if strings.Contains(c.Path, "/blosc2_") && strings.HasSuffix(c.Path, "_3") {
			if !errors.Is(err, h5err.ErrUnsupported) { // Blosc2's delta filter
				t.Errorf("%s: %v", c.Path, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.Path, err)
			continue
		}
		if sameStages(t, c.Path, own.Filters(), d.Filters()) {
			for family := range strings.SplitSeq(c.Family, " + ") {
				claims.count(pipelines, family, reference(family), 1)
			}
		}
	}
}

func sameStages(t *testing.T, path string, got, want []filter.Stage) bool {
	t.Helper()
	same := slices.EqualFunc(got, want, func(a, b filter.Stage) bool {
		return a.ID == b.ID && a.Optional == b.Optional && slices.Equal(a.Values, b.Values)
	})
	if !same {
		t.Errorf("%s: %+v, the reference stores %+v", path, got, want)
	}
	return same
}
