package dataspace

import (
	"fmt"

	"gables/hdf5/h5err"
)

// Window is the part of the result that lies in the box at start with extents
// count, in indices of Shape; it keeps the rank. A result of one axis that
// points, a mask or a union gave can't be windowed, nor a box outside of it:
// ErrSelection.
func (b *Bound) Window(start, count []uint64) (*Bound, error) {
	g, ok := b.form.(*grid)
	if !ok || len(start) != len(b.shape) || len(count) != len(b.shape) {
		return nil, fmt.Errorf("no window of %d axes in a selection of shape %v: %w", len(start), b.shape, h5err.ErrSelection)
	}
	axes := make([]axis, len(g.axes))
	r := 0
	for k := range axes {
		if axes[k] = g.axes[k]; axes[k].drop {
			continue
		}
		if start[r] > axes[k].n || count[r] > axes[k].n-start[r] {
			return nil, outside(r, "window to", addSat(start[r], count[r]), axes[k].n)
		}
		if count[r] == 0 {
			axes[k] = axis{}
		} else {
			axes[k] = axes[k].window(start[r], count[r])
		}
		r++
	}
	return bindGrid(b.dims, axes)
}

// Selection gives b as a Selection, which binds to the shape that b was bound
// to and no other.
func (b *Bound) Selection() Selection { return Selection{boundRule{b}} }

type boundRule struct{ b *Bound }

func (r boundRule) bind(dims []uint64) (*Bound, error) {
	if len(dims) != len(r.b.dims) {
		return nil, fmt.Errorf("a selection in %v for a shape of %v: %w", r.b.dims, dims, h5err.ErrSelection)
	}
	for k, n := range dims {
		if n != r.b.dims[k] {
			return nil, fmt.Errorf("a selection in %v for a shape of %v: %w", r.b.dims, dims, h5err.ErrSelection)
		}
	}
	return r.b, nil
}
