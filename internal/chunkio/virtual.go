package chunkio

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/format"
)

// Virtual holds the mappings of a virtual dataset. It is safe for concurrent
// use once its mappings have been added.
type Virtual struct {
	id   any
	dims []uint64
	maps []*Mapping // where they overlap, later ones win

	once     sync.Once // guards disjoint
	disjoint bool      // all are grids that certainly do not overlap
}

// NewVirtual is for a virtual dataset of extents dims. id is equal for all that
// stand for one dataset, so that a dataset that is its own source is found.
func NewVirtual(id any, dims []uint64) *Virtual {
	return &Virtual{id: id, dims: slices.Clone(dims)}
}

// VirtualSource reads a source dataset.
type VirtualSource interface {
	// Dims is the extent of each dimension.
	Dims() []uint64
	// Read delivers elements in the virtual dataset's datatype, as Dataset.Read does.
	Read(ctx context.Context, b *dataspace.Bound, s Sink, workers int) error
}

// Mapping is one mapping of a virtual dataset with limited selections.
type Mapping struct {
	Selection *format.Selection // in the virtual dataset
	Source    *format.Selection // in the source
	// Grids to take instead of the selections, which unlimited ones were clipped to.
	Grid, SourceGrid Grid
	// Open gives the source when it is first needed; nil when there is none.
	Open func() (VirtualSource, error)

	bound  *dataspace.Bound // of Selection, where it is no grid
	lo, hi []uint64         // bounding box in the virtual dataset, hi behind the end
	count  uint64

	once sync.Once // guards what open sets
	open *openSource
	err  error
}

// openSource is a source and what a mapping takes of it.
type openSource struct {
	VirtualSource
	dims    []uint64
	grid    Grid           // nil: windows
	windows []sourceWindow // of an irregular selection
	pair    []int          // [rank of the virtual dataset] dimension of the source that goes with each, or -1; nil where the shapes differ
}

// Add takes a mapping, after those before it.
func (v *Virtual) Add(m *Mapping) error {
	if m.Grid == nil && m.Selection.Kind == format.SelectionNone {
		return nil
	}
	rank, ok, err := len(v.dims), true, error(nil)
	if m.Grid == nil {
		m.Grid, ok, err = NewGrid(m.Selection, v.dims)
	}
	if err != nil {
		return err
	}
	m.lo, m.hi = make([]uint64, rank), make([]uint64, rank)
	if !ok {
		if m.bound, err = m.Selection.Selection.Bind(v.dims); err != nil {
			return misfit("virtual selection", err)
		}
		m.Grid, m.count = nil, m.bound.Count()
		if lo, hi, some := m.bound.Bounds(); some {
			m.lo, m.hi = lo, hi
		}
		for k := range m.hi {
			m.hi[k]++
		}
	} else if m.count, ok = m.Grid.Count(); !ok {
		return h5err.Corrupt("virtual dataset mappings", "selection", "more than 2^64-1 elements")
	} else if m.count > 0 {
		for k, s := range m.Grid {
			if m.lo[k], m.hi[k] = s.At(0), s.At(s.N-1)+1; m.hi[k] > v.dims[k] {
				return h5err.Corrupt("virtual dataset mappings", "selection", "up to %d in dimension %d of extent %d", m.hi[k], k, v.dims[k])
			}
		}
	}
	if m.count > 0 {
		v.maps = append(v.maps, m)
	}
	return nil
}

// misfit is the error of a stored selection that does not fit its dataspace.
func misfit(what string, err error) error {
	if errors.Is(err, h5err.ErrLimit) {
		return fmt.Errorf("%s: %w", what, err)
	}
	return h5err.Corrupt("virtual dataset mappings", what, "%v", err)
}

// source opens the source, once; nil when there is none.
func (m *Mapping) source() (*openSource, error) {
	m.once.Do(func() {
		src, err := m.Open()
		if err != nil || src == nil {
			m.err = err
			return
		}
		m.open, m.err = m.bind(src)
	})
	return m.open, m.err
}

// bind applies the source selection to the source's extents.
func (m *Mapping) bind(src VirtualSource) (*openSource, error) {
	o := &openSource{VirtualSource: src, dims: src.Dims()}
	count, ok := uint64(0), true
	if o.grid = m.SourceGrid; o.grid == nil {
		var err error
		if o.grid, ok, err = NewGrid(m.Source, o.dims); err != nil {
			return nil, err
		}
	}
	if len(o.grid) != len(o.dims) && ok {
		return nil, h5err.Corrupt("virtual dataset mappings", "source selection", "rank %d, the source has %d", len(o.grid), len(o.dims))
	}
	if ok {
		if count, ok = o.grid.Count(); !ok {
			return nil, h5err.Corrupt("virtual dataset mappings", "source selection", "more than 2^64-1 elements")
		}
		o.pair = pairAxes(m.Grid, o.grid)
	} else {
		var err error
		o.grid = nil
		if o.windows, count, err = bindBlocks(m.Source, o.dims); err != nil {
			return nil, err
		}
	}
	if count != m.count {
		return nil, h5err.Corrupt("virtual dataset mappings", "source selection", "%d elements for %d", count, m.count)
	}
	return o, nil
}

// pairAxes matches the dimensions in which two grids take more than one
// element; nil where their shapes differ.
func pairAxes(v, s Grid) []int {
	if v == nil {
		return nil
	}
	pair := make([]int, len(v))
	next := 0
	for k := range v {
		pair[k] = -1
		if v[k].N == 1 {
			continue
		}
		for next < len(s) && s[next].N == 1 {
			next++
		}
		if next == len(s) || s[next].N != v[k].N {
			return nil
		}
		pair[k] = next
		next++
	}
	for ; next < len(s); next++ {
		if s[next].N != 1 {
			return nil
		}
	}
	return pair
}

// overlapChecks bounds how many pairs of mappings are compared.
const overlapChecks = 1 << 24

// apart tells whether no two mappings share an element, as far as that is
// cheaply known.
func (v *Virtual) apart() bool {
	v.once.Do(func() { v.disjoint = v.compare() })
	return v.disjoint
}

func (v *Virtual) compare() bool {
	for _, m := range v.maps {
		if m.Grid == nil {
			return false
		}
	}
	if len(v.maps) < 2 {
		return true
	}
	if len(v.dims) == 0 {
		return false
	}
	// Sweep over the first dimension: only those that are side by side in it are compared.
	sorted := slices.Clone(v.maps)
	slices.SortFunc(sorted, func(a, b *Mapping) int { return cmp.Compare(a.lo[0], b.lo[0]) })
	var active []*Mapping
	checks := 0
	for _, m := range sorted {
		keep := active[:0]
		for _, o := range active {
			if o.hi[0] <= m.lo[0] {
				continue
			}
			keep = append(keep, o)
			if checks++; checks > overlapChecks || !gridsApart(o.Grid, m.Grid) {
				return false
			}
		}
		active = append(keep, m)
	}
	return true
}

func gridsApart(a, b Grid) bool {
	for k := range a {
		if a[k].apart(b[k]) {
			return true
		}
	}
	return false
}
