package hdf5

import (
	"slices"

	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/heap"
	"gables/internal/object"
	"gables/internal/wire"
)

// Storage says how the copy of a dataset is stored. The zero value is as it was.
type Storage struct {
	Chunk      []uint64       // [rank], elements; nil: as it was, or chosen where filters need chunks
	Contiguous bool           // not chunked and without filters
	Filters    []filter.Stage // with the user's parameters; nil: as they were, empty: none
}

// datasetCopy is a dataset and how its copy is stored.
type datasetCopy struct {
	x        *copied
	src      *Dataset
	space    *dataspace.Dataspace
	dtype    *datatype.Datatype
	layout   *format.Layout
	chunk    []uint64       // nil unless the copy is chunked
	stages   []filter.Stage // as stored
	pipe     *filter.Pipeline
	fill     *format.Fill
	values   *translation // how elements are rewritten
	asStored bool         // chunks move without decoding
}

// makeDataset makes the copy of a dataset, with its raw data unless that refers
// to copies that may not be made yet.
func (c *copyRun) makeDataset(x *copied, n *node) error {
	d := &Dataset{node: n}
	if err := d.describe(); err != nil {
		return err
	}
	p := &datasetCopy{x: x, src: d, space: normalSpace(d.space)}
	var err error
	if p.dtype, err = c.typeFor(x, d.dtype); err != nil {
		return err
	}
	if p.values, err = newTranslation(d.dtype, p.dtype, n.s.sb.Sizes, c.w.sb.Sizes); err != nil {
		return err
	}
	if err := c.decide(p); err != nil {
		return err
	}
	if err := c.fillFor(p); err != nil {
		return err
	}
	small, err := c.smallData(p)
	if err != nil {
		return err
	}
	o := object.DatasetOptions{Type: p.dtype, Space: p.space, Fill: p.fill, Filters: heap.Specs(p.stages)}
	if o.HeaderOptions, err = c.headerOptions(n); err != nil {
		return err
	}
	o.Spare = 64
	if err := c.make(x, func() (wire.Address, error) { return c.newDataset(p, o, small) }); err != nil {
		return err
	}
	switch {
	case small != nil || !p.stored():
		c.report(p, 1)
	case p.values.refers:
		x.data = p
	default:
		return c.move(p)
	}
	return nil
}

// newDataset makes header and layout, inside an operation.
func (c *copyRun) newDataset(p *datasetCopy, o object.DatasetOptions, small []byte) (wire.Address, error) {
	n := &newDataset1{w: c.w, t: p.dtype, s: p.space, chunk: p.chunk}
	n.o.UnfilteredEdge = p.src.layout.UnfilteredEdge
	if p.fill.Alloc == uint8(AllocEarly) {
		n.o.Alloc = AllocEarly
	}
	var err error
	switch p.src.layout.Class {
	case format.LayoutVirtual:
		p.layout, err = c.virtualLayout(p)
	case format.LayoutCompact:
		p.layout = &format.Layout{Class: format.LayoutCompact, Version: format.LayoutVersion(format.LayoutCompact, false, c.w.editor.Low), Data: small}
	default:
		p.layout, err = n.layout(len(p.stages) > 0)
		if err == nil && small != nil {
			err = c.w.putSmall(p.layout, small)
		}
	}
	if err != nil {
		return 0, err
	}
	if n.o.External, err = p.src.externalFiles(); err != nil {
		return 0, err
	}
	if len(n.o.External) > 0 {
		if o.External, err = n.external(); err != nil {
			return 0, err
		}
	}
	o.Layout = p.layout
	return c.w.editor.NewDataset(o)
}

// typeFor gives the datatype that a copy has for one of its object's: committed
// where that is, in the same file or with the copies.
func (c *copyRun) typeFor(x *copied, t *datatype.Datatype) (*datatype.Datatype, error) {
	fitted, err := format.FitDatatype(t, c.w.editor.Low, c.w.sb.Sizes)
	if err != nil || t.Committed == 0 {
		return fitted, err
	}
	addr := wire.Address(t.Committed)
	if c.items[objectKey{x.f.home, addr}] == nil && sameFile(x.f, c.f) {
		return t, nil
	}
	to, err := c.place(c.add(x.f, addr, ""))
	fitted.Committed = uint64(to)
	return fitted, err
}

// virtualLayout stores the mappings of a virtual dataset.
func (c *copyRun) virtualLayout(p *datasetCopy) (*format.Layout, error) {
	l := *p.src.layout
	l.Version = format.LayoutVersion(format.LayoutVirtual, false, c.w.editor.Low)
	if !l.HeapAddress.Defined() {
		return &l, nil
	}
	g := p.src.s.graph
	b, err := heap.GlobalObject(g.Cache, l.HeapAddress, l.HeapIndex)
	if err != nil {
		return nil, err
	}
	list, err := format.DecodeVirtual(b, g.Cache.Sizes())
	if err != nil {
		return nil, err
	}
	if b, err = format.AppendVirtual(nil, list, c.w.editor.Low, c.w.sb.Sizes); err != nil {
		return nil, err
	}
	addr, index, err := c.w.editor.Heap.Insert(b)
	l.HeapAddress, l.HeapIndex = addr, uint32(index)
	return &l, err
}

// fillFor gives the copy the fill value.
func (c *copyRun) fillFor(p *datasetCopy) error {
	f := p.src.fill
	if f.Alloc == 0 || f.Alloc == defaultAlloc(p.src.layout) {
		f.Alloc = defaultAlloc(&format.Layout{Class: p.class()})
	}
	if f.State == format.FillUser && !p.values.same() {
		b := c.batch(p.x)
		value := make([]byte, p.dtype.Size)
		if err := p.values.apply(value, f.Value, b); err != nil {
			return err
		}
		if err := c.settleValues(b); err != nil {
			return err
		}
		f.Value = value
	}
	p.fill = &f
	return nil
}

// class is how the copy is stored.
func (p *datasetCopy) class() format.LayoutClass {
	switch {
	case p.chunk != nil:
		return format.LayoutChunked
	case p.src.layout.Class == format.LayoutChunked:
		return format.LayoutContiguous
	}
	return p.src.layout.Class
}

// stored tells whether there is raw data to be moved.
func (p *datasetCopy) stored() bool {
	l := p.src.layout
	switch l.Class {
	case format.LayoutChunked:
		return l.Address.Defined()
	case format.LayoutContiguous:
		return l.Address.Defined() && p.src.h.Find(format.MsgExternalFiles) == nil
	}
	return false
}

// decide settles layout and filters of the copy.
func (c *copyRun) decide(p *datasetCopy) error {
	d := p.src
	want := Storage{}
	chunked := d.layout.Class == format.LayoutChunked
	plain := d.layout.Class == format.LayoutContiguous && d.h.Find(format.MsgExternalFiles) == nil && p.space.Kind == dataspace.Simple && len(p.space.Dims) > 0
	if c.o.Storage != nil && (chunked || plain) {
		var err error
		if want, err = c.o.Storage(d); err != nil {
			return err
		}
	}
	if chunked {
		p.chunk = d.layout.ChunkDims
	}
	p.stages = d.pipe.Stages()
	switch {
	case want.Contiguous && len(want.Filters) > 0:
		return h5err.New(h5err.ErrSelection, "", "", "contiguous data can't be filtered")
	case want.Contiguous && !slices.Equal(p.space.Dims, p.space.MaxDims):
		return h5err.New(h5err.ErrSelection, "", "", "a dataset that can grow must be chunked")
	case want.Contiguous:
		p.chunk, p.stages = nil, nil
	case want.Chunk != nil:
		p.chunk = slices.Clone(want.Chunk)
	case p.chunk == nil && len(want.Filters) > 0:
		p.chunk = guessChunk(p.space, uint64(p.dtype.Size))
	}
	return c.filtersFor(p, want.Filters)
}

// filtersFor works out the stages as the copy stores them. Those that stay on
// chunks that stay keep their client data.
func (c *copyRun) filtersFor(p *datasetCopy, want []filter.Stage) error {
	d := p.src
	n := &newDataset1{w: c.w, t: p.dtype, s: p.space, chunk: p.chunk}
	if p.chunk != nil && (d.layout.Class != format.LayoutChunked || !slices.Equal(p.chunk, d.layout.ChunkDims)) {
		if err := n.checkChunk(); err != nil {
			return err
		}
	}
	same := slices.Equal(p.chunk, d.layout.ChunkDims) && p.dtype.Size == d.dtype.Size
	switch {
	case want != nil && p.chunk != nil:
		p.stages = want
	case !same && len(p.stages) > 0:
		var err error
		if p.stages, err = userStages(p.stages); err != nil {
			return err
		}
	default:
		want = nil
	}
	if len(p.stages) > 0 && (want != nil || !same) {
		var err error
		desc := filter.Described{Type: p.dtype, Chunk: p.chunk, Fill: d.fill.Value, Unset: d.fill.State == format.FillUndefined}
		if p.stages, err = filter.Local(c.w.home.conf.filters, p.stages, desc); err != nil {
			return err
		}
	}
	p.pipe = filter.NewPipeline(c.w.home.conf.filters, p.stages)
	if len(p.stages) == 0 {
		p.pipe = nil
	}
	p.asStored = same && p.values.same() && p.chunk != nil && sameStages(p.stages, d.pipe.Stages()) && c.sameEdges(p)
	return nil
}

// Applicable tells whether d can be stored so: nil, or why not. ErrUnsupported: a
// filter of either pipeline is not known or can't be applied to such data;
// ErrSelection: parameters that make no sense. What changes nothing can always be
// done.
func (d *Dataset) Applicable(s Storage) error {
	d = d.now()
	chunk, stages, space := d.layout.ChunkDims, d.pipe.Stages(), normalSpace(d.space)
	moved := s.Contiguous || s.Chunk != nil && !slices.Equal(s.Chunk, chunk)
	if s.Chunk != nil {
		chunk = s.Chunk
	}
	switch {
	case s.Contiguous:
		stages = nil
	case s.Filters != nil:
		stages = s.Filters
	case moved:
		var err error
		if stages, err = userStages(stages); err != nil {
			return d.wrap(err)
		}
	}
	if chunk == nil && len(stages) > 0 && space.Kind == dataspace.Simple && len(space.Dims) > 0 {
		chunk = guessChunk(space, uint64(d.dtype.Size))
	}
	if !moved && s.Filters == nil {
		return nil
	}
	known := d.s.conf.filters
	for _, old := range d.pipe.Stages() {
		if _, err := known.Lookup(old.ID, old.Name); err != nil {
			return d.wrap(err)
		}
	}
	_, err := filter.Local(known, stages, filter.Described{Type: d.dtype, Chunk: chunk, Fill: d.fill.Value, Unset: d.fill.State == format.FillUndefined})
	return d.wrap(err)
}

// sameEdges tells whether chunks that stick out are filtered in both or neither.
func (c *copyRun) sameEdges(p *datasetCopy) bool {
	keeps := format.LayoutVersion(format.LayoutChunked, len(p.stages) > 0, c.w.editor.Low) >= 4
	return len(p.stages) == 0 || !p.src.layout.UnfilteredEdge || keeps
}

// sameStages tells whether both pipelines give the same bytes.
func sameStages(a, b []filter.Stage) bool {
	return slices.EqualFunc(a, b, func(a, b filter.Stage) bool {
		return a.ID == b.ID && slices.Equal(a.Values, b.Values)
	})
}
