package hdf5

import (
	"slices"
	"strconv"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/chunkio"
	"gables/internal/format"
)

// maxBlocks bounds the numbered sources of one mapping.
const maxBlocks = 1 << 20

// extender gives a virtual dataset the extents of its sources: as libhdf5 does
// by default, up to the last element that a source has, and without a gap in the
// numbers of numbered sources.
type extender struct {
	d       *Dataset
	waiting *waiting
	least   []uint64 // [rank] what limited selections need
	grown   []uint64 // [rank] what unlimited selections have; noExtent where there is none
	parts   []virtualPart
}

const noExtent = dataspace.Unlimited

// leastDims holds the stored extents to what the limited selections need.
func (x *extender) leastDims() error {
	dims := x.d.space.Dims
	x.least, x.grown = make([]uint64, len(dims)), make([]uint64, len(dims))
	for k := range x.grown {
		x.grown[k] = noExtent
	}
	for i := range x.d.virtual.list {
		m := &x.d.virtual.list[i]
		if m.Virtual.Kind != format.SelectionHyperslab {
			continue
		}
		if m.Virtual.Rank != len(dims) {
			return h5err.Corrupt("virtual dataset mappings", "virtual selection", "rank %d, the dataspace has %d", m.Virtual.Rank, len(dims))
		}
		g, ok, err := chunkio.NewGrid(m.Virtual, dims)
		if err != nil {
			return err
		}
		for k := range dims {
			end := uint64(0)
			if !ok {
				for _, b := range m.Virtual.Blocks {
					end = max(end, b.End[k]+1)
				}
			} else if k != m.VirtualAxis {
				_, end, _ = g[k].Clip(g[k].N)
			}
			if x.least[k] = max(x.least[k], end); end > dims[k] {
				return h5err.Corrupt("virtual dataset mappings", "virtual selection", "up to %d in dimension %d of extent %d", end, k, dims[k])
			}
		}
	}
	return nil
}

// extend limits all mappings and sets the dataset's extents.
func (x *extender) extend() error {
	list := x.d.virtual.list
	for i := range list {
		m := &list[i]
		var err error
		switch {
		case m.VirtualAxis < 0:
			x.parts = append(x.parts, limited(m))
		case m.Blocks:
			err = x.numbered(m)
		default:
			err = x.unlimited(m)
		}
		if err != nil {
			return err
		}
	}
	space, err := x.space()
	if err == nil {
		x.d.space, x.d.virtual.parts = space, x.parts
	}
	return err
}

// limited is a mapping that does not depend on its source's extents.
func limited(m *format.VirtualMapping) virtualPart {
	return virtualPart{m: m, file: m.FilePattern.With(""), name: m.DatasetPattern.With("")}
}

// source opens a source whose extents, or existence, count.
func (x *extender) source(file, name string) (*Dataset, error) {
	s, err := x.d.sourceDataset(file, name, x.waiting)
	if err == nil && s != nil && s.virtual != nil {
		err = s.virtual.err
	}
	return s, inSource(err, file, name)
}

// unlimited is a mapping of an unlimited part of the source: both are cut to
// what the source has.
func (x *extender) unlimited(m *format.VirtualMapping) error {
	x.grow(m.VirtualAxis, 0)
	s, err := x.source(m.FilePattern.With(""), m.DatasetPattern.With(""))
	if err != nil || s == nil {
		return err
	}
	v, _, err := chunkio.NewGrid(m.Virtual, x.d.space.Dims)
	if err != nil {
		return err
	}
	g, _, err := chunkio.NewGrid(m.Source, s.space.Dims)
	if err != nil {
		return err
	}
	n := g[m.SourceAxis].Find(s.space.Dims[m.SourceAxis])
	var end uint64
	var ok, fits bool
	if v[m.VirtualAxis], end, ok = v[m.VirtualAxis].Clip(n); !ok {
		return h5err.Limit("virtual dataset mappings", "virtual selection", "%d elements in dimension %d", n, m.VirtualAxis)
	}
	g[m.SourceAxis], _, fits = g[m.SourceAxis].Clip(n)
	if !fits {
		return h5err.Limit("virtual dataset mappings", "source selection", "%d elements in dimension %d", n, m.SourceAxis)
	}
	x.grow(m.VirtualAxis, end)
	l := limited(m)
	l.grid, l.sourceGrid = v, g
	x.parts = append(x.parts, l)
	return nil
}

// numbered is a mapping whose blocks are sources of their own, up to the first
// that is absent.
func (x *extender) numbered(m *format.VirtualMapping) error {
	x.grow(m.VirtualAxis, 0)
	v, _, err := chunkio.NewGrid(m.Virtual, x.d.space.Dims)
	if err != nil {
		return err
	}
	sel, k := m.Virtual, m.VirtualAxis
	for i := uint64(0); ; i++ {
		number := strconv.FormatUint(i, 10)
		file, name := m.FilePattern.With(number), m.DatasetPattern.With(number)
		s, err := x.source(file, name)
		if err != nil || s == nil {
			return err
		}
		block, end, ok := chunkio.BlockAt(sel.Start[k], sel.Stride[k], sel.Block[k], i)
		if i >= maxBlocks || !ok {
			return h5err.Limit("virtual dataset mappings", "numbered sources", "more than %d", i)
		}
		x.grow(k, end)
		g := slices.Clone(v)
		g[k] = block
		x.parts = append(x.parts, virtualPart{m: m, file: file, name: name, grid: g})
	}
}

// grow makes room for an unlimited selection.
func (x *extender) grow(axis int, end uint64) {
	if x.grown[axis] == noExtent {
		x.grown[axis] = x.least[axis]
	}
	x.grown[axis] = max(x.grown[axis], end)
}

// space is the dataspace with its new extents.
func (x *extender) space() (*dataspace.Dataspace, error) {
	old := x.d.space
	s := &dataspace.Dataspace{Kind: old.Kind, Dims: slices.Clone(old.Dims), MaxDims: old.MaxDims}
	for k, n := range x.grown {
		if n == noExtent {
			continue
		}
		if s.Dims[k] = n; s.MaxDims != nil && n > s.MaxDims[k] {
			return nil, h5err.Corrupt("virtual dataset mappings", "extent", "%d in dimension %d, whose maximum is %d", n, k, s.MaxDims[k])
		}
	}
	return s, nil
}
