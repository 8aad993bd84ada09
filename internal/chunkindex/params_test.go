package chunkindex

import (
	"errors"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

func TestParametersAreJudged(t *testing.T) {
	for _, c := range []struct {
		name, file string
		edit       func(*Params)
		want       error
	}{
		{"rank 0", "single", func(p *Params) { p.Dims, p.MaxDims, p.ChunkDims = nil, nil, nil }, h5err.ErrCorrupt},
		{"rank above 32", "single", func(p *Params) { p.Dims, p.MaxDims, p.ChunkDims = make([]uint64, 33), nil, make([]uint64, 33) }, h5err.ErrCorrupt},
		{"ranks differ", "btree1", func(p *Params) { p.Dims = p.Dims[:1] }, h5err.ErrCorrupt},
		{"chunk dimension 0", "btree1", func(p *Params) { p.ChunkDims[1] = 0 }, h5err.ErrCorrupt},
		{"dimension above maximum", "fixed", func(p *Params) { p.Dims[0] = 100 }, h5err.ErrCorrupt},
		{"kind", "single", func(p *Params) { p.Kind = 6 }, h5err.ErrUnsupported},
		{"single of two chunks", "single", func(p *Params) { p.ChunkDims[0]-- }, h5err.ErrCorrupt},
		{"implicit and filtered", "implicit", func(p *Params) { p.Filtered = true }, h5err.ErrCorrupt},
		{"implicit and unlimited", "implicit", func(p *Params) { p.MaxDims[0] = unlimited }, h5err.ErrCorrupt},
		{"implicit beyond 64 bits", "implicit", func(p *Params) { p.MaxDims[0] = 1 << 60; p.ChunkBytes = 1 << 20 }, h5err.ErrCorrupt},
		{"number of chunks beyond 64 bits", "implicit", func(p *Params) { p.MaxDims[0], p.MaxDims[1] = 1<<60, 1<<60 }, h5err.ErrCorrupt},
		{"fixed and unlimited", "fixed", func(p *Params) { p.MaxDims[1] = unlimited }, h5err.ErrCorrupt},
		{"fixed of other size", "fixed", func(p *Params) { p.MaxDims[1] += 3 }, h5err.ErrCorrupt},
		{"fixed and filtered", "fixed", func(p *Params) { p.Filtered = true }, h5err.ErrCorrupt},
		{"fixed of other element size", "fixed_gzip_v110", func(p *Params) { p.ChunkBytes = 1 << 30 }, h5err.ErrCorrupt},
		{"fixed page bits", "fixed", func(p *Params) { p.PageBits = 9 }, h5err.ErrCorrupt},
		{"extensible and limited", "extensible", func(p *Params) { p.MaxDims[0] = 1000 }, h5err.ErrCorrupt},
		{"extensible twice unlimited", "extensible", func(p *Params) { p.MaxDims[1] = unlimited }, h5err.ErrCorrupt},
		{"extensible min elements", "extensible", func(p *Params) { p.MinElements = 32 }, h5err.ErrCorrupt},
		{"extensible is no fixed array", "extensible", func(p *Params) { p.Kind = FixedArray; p.MaxDims = nil }, h5err.ErrCorrupt},
		{"btree2 filtered", "btree2", func(p *Params) { p.Filtered = true }, h5err.ErrCorrupt},
		{"btree2 record size", "btree2_gzip", func(p *Params) { p.LayoutVersion = 4 }, h5err.ErrCorrupt},
		{"btree2 node size", "btree2", func(p *Params) { p.NodeSize = 4096 }, h5err.ErrCorrupt},
		{"address behind the end", "btree2", func(p *Params) { p.Address = 1 << 50 }, h5err.ErrTruncated},
	} {
		w := loadWitness(t, "testdata/"+c.file+".json.gz")
		p := w.params()
		c.edit(&p)
		if _, err := Open(w.cache(w.file), p); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestDimensionOfSizeZeroHasNoChunks(t *testing.T) {
	w := loadWitness(t, "testdata/extensible.json.gz")
	p := w.params()
	p.Dims[1], p.MaxDims[1] = 0, 0
	x, err := Open(w.cache(w.file), p)
	if err != nil {
		t.Fatal(err)
	}
	for c, err := range x.All() {
		t.Fatal(c, err)
	}
	if _, ok, err := x.Find([]uint64{0, 0}); ok || err != nil {
		t.Fatal(ok, err)
	}
}

func TestTwoIndexesOverOneStructureDoNotPanic(t *testing.T) {
	// The cache holds one decoded record for an address; a second reader with
	// other widths must get an error, not the first one's elements.
	w := loadWitness(t, "testdata/extensible_axis2_gzip.json.gz")
	c, p := w.cache(w.file), w.params()
	if err := exercise(c, p, len(w.file)); err != nil {
		t.Fatal(err)
	}
	p.LayoutVersion = 4
	if err := exercise(c, p, len(w.file)); !errors.Is(err, h5err.ErrCorrupt) {
		t.Fatal(err)
	}
}

func TestUnallocatedIndexHasNoChunks(t *testing.T) {
	for k := BTreeV1; k <= BTreeV2; k++ {
		x, err := Open(nil, Params{Kind: k, Address: wire.Undefined, Dims: []uint64{4}, ChunkDims: []uint64{2}})
		if err != nil || x.Kind() != k.String() {
			t.Fatal(k, err)
		}
		if _, ok, err := x.Find([]uint64{0}); ok || err != nil {
			t.Fatal(k, ok, err)
		}
		for range x.All() {
			t.Fatal(k)
		}
	}
}

func TestV1KeysAreJudged(t *testing.T) {
	w := loadWitness(t, "testdata/btree1.json.gz")
	leaf := w.records(t)[1].off
	key := leaf + 24 + 8 // offsets of the first key
	for name, edit := range map[string]func(b []byte){
		"no multiple of the chunk": func(b []byte) { b[key+8] = 1 },
		"out of order":             func(b []byte) { b[key+1] = 0x40 },
	} {
		file := append([]byte(nil), w.file...)
		edit(file)
		if err := exercise(w.cache(file), w.params(), len(file)); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
