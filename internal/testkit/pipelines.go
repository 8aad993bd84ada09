package testkit

import (
	"path/filepath"
	"testing"

	"gables/hdf5/filter"
)

// pipelined is a chunk that went through several filters.
type pipelined struct {
	Offset, Length, Size, ElementSize int
	SHA256                            string
	Filters                           []struct {
		ID     filter.ID
		Values []uint32
	}
}

func pipelines(t testing.TB, dir string, use func(p pipelined, raw []byte)) {
	t.Helper()
	n := 0
	for _, dir := range places(dir) {
		var all []pipelined
		parse(t, read(t, filepath.Join(dir, "witness.json")), &all)
		chunks := read(t, filepath.Join(dir, "chunks.bin"))
		for _, p := range all {
			use(p, chunks[p.Offset:][:p.Length])
			n++
		}
	}
	if n < 40 {
		t.Fatalf("only %d stored chunks", n)
	}
}

// Pipelines holds the pipeline of the given filters against the chunks in dir.
func Pipelines(t *testing.T, dir string, filters ...filter.Filter) {
	known := filter.NewRegistry(filters...)
	pipelines(t, dir, func(p pipelined, raw []byte) {
		var stages []filter.Stage
		for _, f := range p.Filters {
			stages = append(stages, filter.Stage{ID: f.ID, Values: f.Values})
		}
		got := make([]byte, p.Size)
		err := filter.NewPipeline(known, stages).Decode(got, raw, 0, p.ElementSize, p.Size+1000)
		if err != nil || Sum(got) != p.SHA256 {
			t.Errorf("chunk at %d, %v: %v, or other bytes", p.Offset, p.Filters, err)
		}
	})
}

// Alone gives those chunks in dir that went through the filter id only.
func Alone(t testing.TB, dir string, id filter.ID) []Stored {
	t.Helper()
	var all []Stored
	pipelines(t, dir, func(p pipelined, raw []byte) {
		if len(p.Filters) == 1 && p.Filters[0].ID == id {
			all = append(all, Stored{"", p.Filters[0].Values, p.ElementSize, p.Size, raw, p.SHA256})
		}
	})
	return enough(t, all, 1)
}
