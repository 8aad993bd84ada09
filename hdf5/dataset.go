package hdf5

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/chunkindex"
	"gables/internal/chunkio"
	"gables/internal/format"
	"gables/internal/heap"
	"gables/internal/wire"
)

// Dataset is an array in a file: a shape, a datatype and how its elements are
// stored.
type Dataset struct {
	*node
	space  *dataspace.Dataspace
	dtype  *datatype.Datatype
	layout *format.Layout
	pipe   *filter.Pipeline
	fill   format.Fill

	once    sync.Once // guards the making of raw
	raw     *chunkio.Dataset
	err     error
	virtual *virtualInfo // nil unless the layout is virtual

	later atomic.Pointer[Dataset] // of the state that a later call met
}

// enter begins a call on the state that is valid now, in which the dataset may
// have another shape; leave of what it gives must follow when it gives no
// error.
func (d *Dataset) enter() (*Dataset, error) {
	if d.f.w != nil {
		if err := d.f.w.settle(context.Background(), d); err != nil {
			return nil, d.wrap(err)
		}
	}
	s, err := d.f.enter()
	if err != nil {
		return nil, err
	}
	m, err := d.at(s)
	if err != nil {
		d.f.leave(s)
		return nil, err
	}
	return m, nil
}

// at is the dataset in another state of the file.
func (d *Dataset) at(s *store) (*Dataset, error) {
	if s == d.s {
		return d, nil
	}
	if m := d.later.Load(); m != nil && m.s == s {
		return m, nil
	}
	n, err := d.node.at(s)
	if err != nil {
		return nil, err
	}
	m := &Dataset{node: n}
	if err := m.decode(nil); err != nil {
		return nil, d.wrap(err)
	}
	d.later.Store(m)
	return m, nil
}

// now is the dataset in the state that is valid now, or in the one it was
// opened in where that can't be had.
func (d *Dataset) now() *Dataset {
	m, err := d.enter()
	if err != nil {
		return d
	}
	m.leave()
	return m
}

// newDataset decodes the messages that describe a dataset; no data is read.
func newDataset(n *node) (Object, error) {
	d := &Dataset{node: n}
	if err := d.decode(nil); err != nil {
		return nil, err
	}
	return d, nil
}

// decode takes the virtual datasets that wait for this one's extents.
func (d *Dataset) decode(waiting *waiting) error {
	if err := d.describe(); err != nil || d.layout.Class != format.LayoutVirtual {
		return err
	}
	return d.decodeVirtual(waiting)
}

// describe decodes what the object's own messages say.
func (d *Dataset) describe() error {
	g := d.s.graph
	var err error
	if d.space, err = g.Dataspace(d.h); err != nil {
		return err
	}
	if d.dtype, err = g.Datatype(d.h); err != nil {
		return err
	}
	m := d.h.Find(format.MsgLayout)
	if m == nil {
		return h5err.Corrupt("object header", "message", "no data layout")
	}
	body, _, err := g.Body(m)
	if err != nil {
		return err
	}
	if d.layout, err = format.DecodeLayout(body, g.Cache.Sizes()); err != nil {
		return err
	}
	if err := d.decodePipeline(); err != nil {
		return err
	}
	return d.decodeFill()
}

func (d *Dataset) decodePipeline() error {
	m := d.h.Find(format.MsgFilterPipeline)
	if m == nil {
		return nil
	}
	body, _, err := d.s.graph.Body(m)
	if err != nil {
		return err
	}
	specs, err := format.DecodePipeline(body)
	if err != nil {
		return err
	}
	d.pipe = filter.NewPipeline(d.s.conf.filters, heap.Stages(specs))
	return nil
}

// decodeFill takes the new message before the old one. Without any, libhdf5
// calls the fill value undefined.
func (d *Dataset) decodeFill() error {
	d.fill = format.Fill{State: format.FillUndefined, Alloc: defaultAlloc(d.layout), Time: format.FillTimeIfSet}
	for _, t := range []format.MessageType{format.MsgFill, format.MsgFillOld} {
		m := d.h.Find(t)
		if m == nil {
			continue
		}
		body, _, err := d.s.graph.Body(m)
		if err != nil {
			return err
		}
		var f *format.Fill
		if t == format.MsgFill {
			f, err = format.DecodeFill(body)
		} else {
			f, err = format.DecodeFillOld(body)
			f.Alloc = defaultAlloc(d.layout)
		}
		if err != nil {
			return err
		}
		if f.State == format.FillUser && len(f.Value) != d.dtype.Size {
			return h5err.Corrupt("fill value message", "size", "%d bytes, an element has %d", len(f.Value), d.dtype.Size)
		}
		d.fill = *f
		return nil
	}
	return nil
}

// defaultAlloc is when libhdf5 takes space for a layout: compact early,
// contiguous late, chunked and virtual incrementally.
func defaultAlloc(l *format.Layout) uint8 {
	switch l.Class {
	case format.LayoutCompact:
		return 1
	case format.LayoutContiguous:
		return 2
	}
	return 3
}

// Space is the dataset's dataspace; it must not be changed.
func (d *Dataset) Space() *dataspace.Dataspace { return d.now().space }

// Shape is the extent of each dimension, in elements; empty for a scalar. The
// slice is the caller's.
func (d *Dataset) Shape() []uint64 { return slices.Clone(d.now().space.Dims) }

// Type is the stored datatype; it must not be changed.
func (d *Dataset) Type() *datatype.Datatype { return d.dtype }

// Layout says how a dataset's raw data is stored (Spec: IV.A.2.i).
type Layout struct {
	Class          string         // compact, contiguous, chunked or virtual
	Version        int            // of the message
	Chunk          []uint64       // chunked: extent of a chunk, in elements
	Index          string         // chunked: btree_v1, single, implicit, fixed_array, extensible_array, btree_v2
	Address        uint64         // contiguous: of the data; chunked: of the index
	Allocated      bool           // contiguous and chunked: whether Address means anything
	External       []ExternalFile // contiguous: raw files that hold the data
	Virtual        []VirtualSource
	UnfilteredEdge bool // chunked: chunks that stick out of the dataset are not filtered
}

// ExternalFile is one part of a dataset's data in a raw file.
type ExternalFile struct {
	Name      string // as stored
	Offset    uint64 // bytes, in the raw file
	Size      uint64 // bytes
	Unlimited bool   // the part takes all that follows
}

// VirtualSource names what one mapping of a virtual dataset takes elements from.
type VirtualSource struct {
	File    string // as stored; "." is the file itself
	Dataset string
}

// Layout describes the storage. An error concerns the names of external files.
func (d *Dataset) Layout() (Layout, error) {
	d, fault := d.enter()
	if fault != nil {
		return Layout{}, fault
	}
	defer d.leave()
	l := Layout{Class: d.layout.Class.String(), Version: int(d.layout.Version), Address: uint64(d.layout.Address),
		Allocated: d.layout.Address.Defined(), UnfilteredEdge: d.layout.UnfilteredEdge}
	switch d.layout.Class {
	case format.LayoutChunked:
		l.Chunk, l.Index = slices.Clone(d.layout.ChunkDims), chunkindex.Kind(d.layout.Index).String()
	case format.LayoutVirtual:
		l.Virtual = d.virtual.names()
	case format.LayoutContiguous:
		var err error
		l.External, err = d.externalFiles()
		return l, d.wrap(err)
	}
	return l, nil
}

// Filters are the stages of the pipeline in the order in which writing applies
// them; the slice must not be changed.
func (d *Dataset) Filters() []filter.Stage { return d.pipe.Stages() }

// FillValue describes what elements hold that were never written.
type FillValue struct {
	Defined string // undefined, default (zeros) or user
	Time    string // when it is written: alloc, never or ifset
	Alloc   string // when space is taken: default, early, late or incr
	Value   []byte // user: one element as stored
}

// FillValue gives the fill value (Spec: IV.A.2.f).
func (d *Dataset) FillValue() FillValue {
	return FillValue{
		Defined: [...]string{"undefined", "default", "user"}[d.fill.State],
		Time:    [...]string{"alloc", "never", "ifset", "unknown"}[d.fill.Time&3],
		Alloc:   [...]string{"default", "early", "late", "incr"}[d.fill.Alloc&3],
		Value:   slices.Clone(d.fill.Value),
	}
}

// reader makes what reads the raw data, once.
func (d *Dataset) reader() (*chunkio.Dataset, error) {
	d.once.Do(func() { d.raw, d.err = d.newReader() })
	return d.raw, d.err
}

// chunkReader makes a reader that still lacks what its layout needs.
func (d *Dataset) chunkReader() (*chunkio.Dataset, error) {
	s := d.s
	r := &chunkio.Dataset{Cache: s.graph.Cache, Dims: d.space.Dims, ElementSize: d.dtype.Size, Layout: d.layout,
		Pipeline: d.pipe, Fill: d.fill.Value, Chunks: s.chunks, Epoch: s.transaction, Pool: s.pool}
	return r, r.Init()
}

func (d *Dataset) newReader() (*chunkio.Dataset, error) {
	r, err := d.chunkReader()
	if err != nil {
		return nil, err
	}
	// What was never written is zeros then, whatever the fill value: so reads
	// libhdf5 into cleared memory.
	if d.fill.Time == format.FillTimeNever && d.layout.Class != format.LayoutVirtual {
		r.Fill = nil
	}
	switch d.layout.Class {
	case format.LayoutContiguous:
		r.External, err = d.openExternal()
	case format.LayoutVirtual:
		r.Mappings, err = d.mappings(d.dtype)
	case format.LayoutChunked:
		r.Index, err = d.openIndex(r)
	}
	return r, err
}

func (d *Dataset) openIndex(r *chunkio.Dataset) (chunkindex.Index, error) {
	l := d.layout
	return chunkindex.Open(d.s.graph.Cache, chunkindex.Params{
		Kind: chunkindex.Kind(l.Index), Address: l.Address, Dims: d.space.Dims, MaxDims: d.space.MaxDims,
		ChunkDims: l.ChunkDims, ChunkBytes: uint64(r.ChunkBytes()), Filtered: !d.pipe.Empty(), LayoutVersion: l.Version,
		FilteredSize: l.FilteredSize, FilterMask: l.FilterMask, PageBits: l.PageBits, MaxBits: l.MaxBits,
		IndexElements: l.IndexElements, MinPointers: l.MinPointers, MinElements: l.MinElements,
		NodeSize: l.NodeSize, Split: l.Split, Merge: l.Merge})
}

// Chunk is one allocated chunk as it is stored.
type Chunk struct {
	Offset     []uint64 // of its first element in the dataset
	Address    uint64   // relative to the base address
	Size       uint64   // stored bytes
	FilterMask uint32   // bit i set: filter i was skipped
}

// Chunks calls visit for each allocated chunk, in the order of the index; the
// chunk is valid during the call. An error of visit ends it and is given.
// ErrType when the dataset is not chunked.
func (d *Dataset) Chunks(ctx context.Context, visit func(Chunk) error) error {
	d, err := d.enterFrozen()
	if err != nil {
		return err
	}
	defer d.leave()
	if d.layout.Class != format.LayoutChunked {
		return d.wrap(h5err.New(h5err.ErrType, "dataset", "layout", "%s, not chunked", d.layout.Class))
	}
	r, err := d.reader()
	if err != nil {
		return d.wrap(err)
	}
	c := Chunk{Offset: make([]uint64, len(d.space.Dims))}
	for k, err := range r.Index.All() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return d.wrap(err)
		}
		for i := range c.Offset {
			c.Offset[i] = k.Scaled[i] * d.layout.ChunkDims[i]
		}
		c.Address, c.Size, c.FilterMask = uint64(k.Address), k.Size, k.Mask
		if err := visit(c); err != nil {
			return err
		}
	}
	return nil
}

// StorageSize is the bytes that the raw data takes in the file, as filtered.
func (d *Dataset) StorageSize(ctx context.Context) (uint64, error) {
	d, err := d.enter()
	if err != nil {
		return 0, err
	}
	defer d.leave()
	n, err := d.storageSize(ctx)
	return n, d.wrap(err)
}

// storageSize is StorageSize inside a call.
func (d *Dataset) storageSize(ctx context.Context) (uint64, error) {
	switch d.layout.Class {
	case format.LayoutCompact:
		return uint64(len(d.layout.Data)), nil
	case format.LayoutContiguous:
		if !d.layout.Address.Defined() {
			return 0, nil
		}
		return d.bytes()
	case format.LayoutChunked:
		r, err := d.reader()
		if err != nil {
			return 0, err
		}
		total := uint64(0)
		for c, err := range r.Index.All() {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return 0, err
			}
			total += c.Size
		}
		return total, nil
	}
	return 0, nil
}

// bytes is the size of all elements as stored, unfiltered.
func (d *Dataset) bytes() (uint64, error) {
	n, err := d.space.Count()
	if err != nil {
		return 0, d.wrap(err)
	}
	size, ok := wire.Mul(n, uint64(d.dtype.Size))
	if !ok {
		return 0, d.wrap(h5err.Limit("dataspace message", "size", "%v of %d bytes overflow", d.space.Dims, d.dtype.Size))
	}
	return size, nil
}
