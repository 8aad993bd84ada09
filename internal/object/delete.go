package object

import (
	"gables/hdf5/dataspace"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/chunkindex"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/heap"
	"gables/internal/wire"
)

// delete gives back an object that nothing leads to any more, and what only it
// led to. A list takes the place of recursion: groups may be nested deeper than
// a stack is.
func (e *Editor) delete(first *HeaderEdit) error {
	work := []wire.Address{first.Address}
	for len(work) > 0 {
		at := work[len(work)-1]
		work = work[:len(work)-1]
		h, err := e.header(at)
		if err != nil {
			return err
		}
		orphans, err := e.dismantle(h)
		if err != nil {
			return h5err.At(err, "object header", uint64(at))
		}
		h.Free()
		e.forget(at)
		if e.Deleted != nil {
			e.Deleted(at)
		}
		work = append(work, orphans...)
	}
	return nil
}

// dismantle gives back what a header points to, and the addresses of objects
// that nothing leads to any more.
func (e *Editor) dismantle(h *HeaderEdit) ([]wire.Address, error) {
	targets, err := e.takeApart(h)
	if err != nil {
		return nil, err
	}
	return e.release(h.Address, targets)
}

// takeApart gives back what a header points to, and the addresses of the objects
// that it refers to, once for each link or use.
func (e *Editor) takeApart(h *HeaderEdit) ([]wire.Address, error) {
	var targets []wire.Address
	graph := e.Graph()
	r, err := graph.Open(h.Address)
	if err != nil {
		return nil, err
	}
	switch r.Kind() {
	case KindGroup:
		for l, err := range graph.Links(r) {
			if err != nil {
				return nil, err
			}
			if l.Type == format.LinkHard {
				targets = append(targets, l.Header)
			}
		}
	case KindDataset:
		if err := e.freeRaw(graph, r); err != nil {
			return nil, err
		}
		fallthrough
	case KindDatatype:
		m := r.Find(format.MsgDatatype)
		if _, committed, err := graph.Body(m); err != nil {
			return nil, err
		} else if committed.Defined() {
			targets = append(targets, committed)
		}
	}
	attributes, err := e.attributeTypes(graph, r)
	if err != nil {
		return nil, err
	}
	targets = append(targets, attributes...)
	return targets, e.freeStorage(h)
}

// attributeTypes gives the committed datatypes that attributes refer to.
func (e *Editor) attributeTypes(graph *Graph, r *Header) ([]wire.Address, error) {
	var list []wire.Address
	for a, err := range graph.Attributes(r) {
		if err != nil {
			return nil, err
		}
		if a.Type != nil && a.Type.Committed != 0 {
			list = append(list, wire.Address(a.Type.Committed))
		}
	}
	return list, nil
}

// freeStorage gives back the structures of links and attributes.
func (e *Editor) freeStorage(h *HeaderEdit) error {
	g := &groupEdit{e: e, h: h}
	if h.Find(format.MsgLinkInfo) >= 0 || h.Find(format.MsgSymbolTable) >= 0 {
		if err := g.decode(); err != nil {
			return err
		}
		if g.table != nil {
			if err := g.freeSymbols(); err != nil {
				return err
			}
		} else if err := e.freeDense(g.info); err != nil {
			return err
		}
	}
	if i := h.Find(format.MsgAttributeInfo); i >= 0 {
		info, err := format.DecodeAttributeInfo(h.At(i).Data, e.Draft.Sizes())
		if err != nil {
			return err
		}
		return e.freeDense(info)
	}
	return nil
}

// release counts one link less for each target, and gives those that nothing
// leads to any more. A group may hold a link to itself.
func (e *Editor) release(self wire.Address, targets []wire.Address) ([]wire.Address, error) {
	var orphans []wire.Address
	for _, t := range targets {
		if t == self {
			continue
		}
		h, err := e.header(t)
		if err != nil {
			return nil, err
		}
		n, err := h.References()
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, h5err.At(h5err.Corrupt("object header", "reference count", "less than the links that lead here"), "", uint64(t))
		}
		if n == 1 {
			orphans = append(orphans, t)
		}
		if err := h.SetReferences(n - 1); err != nil {
			return nil, err
		}
		if err := h.Save(); err != nil {
			return nil, err
		}
	}
	return orphans, nil
}

// freeRaw gives a dataset's raw data and its index back. Variable-length data
// stays in its heaps, as libhdf5 leaves it.
func (e *Editor) freeRaw(graph *Graph, r *Header) error {
	m := r.Find(format.MsgLayout)
	if m == nil {
		return nil
	}
	body, _, err := graph.Body(m)
	if err != nil {
		return err
	}
	l, err := format.DecodeLayout(body, e.Draft.Sizes())
	if err != nil {
		return err
	}
	if m := r.Find(format.MsgExternalFiles); m != nil {
		x, err := format.DecodeExternalFiles(m.Data, e.Draft.Sizes())
		if err != nil {
			return err
		}
		names, err := heap.EditLocal(e.Draft, x.Heap)
		if err != nil {
			return err
		}
		return names.Free()
	}
	switch l.Class {
	case format.LayoutContiguous:
		return e.freeContiguous(graph, r, l)
	case format.LayoutChunked:
		return e.freeChunks(graph, r, l)
	case format.LayoutVirtual:
		if l.HeapAddress.Defined() {
			return e.Heap.Remove(l.HeapAddress, uint16(l.HeapIndex))
		}
	}
	return nil
}

func (e *Editor) freeContiguous(graph *Graph, r *Header, l *format.Layout) error {
	if !l.Address.Defined() {
		return nil
	}
	size := l.Size
	if !l.HasSize {
		space, err := graph.Dataspace(r)
		if err != nil {
			return err
		}
		t, err := graph.Datatype(r)
		if err != nil {
			return err
		}
		n, err := space.Count()
		if err != nil {
			return err
		}
		size = n * uint64(t.Size)
	}
	e.Draft.Free(freespace.Raw, l.Address, size)
	return nil
}

func (e *Editor) freeChunks(graph *Graph, r *Header, l *format.Layout) error {
	space, err := graph.Dataspace(r)
	if err != nil {
		return err
	}
	pipe, err := e.pipeline(graph, r)
	if err != nil {
		return err
	}
	index, err := e.ChunkIndex(l, space, pipe)
	if err != nil {
		return err
	}
	if l.Index != format.IndexImplicit { // which frees its chunks itself
		for c, err := range index.All() {
			if err != nil {
				return err
			}
			e.Draft.Free(freespace.Raw, c.Address, c.Size)
		}
	}
	return index.Free()
}

// pipeline gives the filters of a dataset, or nil.
func (e *Editor) pipeline(graph *Graph, r *Header) (*filter.Pipeline, error) {
	m := r.Find(format.MsgFilterPipeline)
	if m == nil {
		return nil, nil
	}
	body, _, err := graph.Body(m)
	if err != nil {
		return nil, err
	}
	specs, err := format.DecodePipeline(body)
	if err != nil {
		return nil, err
	}
	return filter.NewPipeline(e.Filters, heap.Stages(specs)), nil
}

// ChunkIndex opens a dataset's chunk index for changes.
func (e *Editor) ChunkIndex(l *format.Layout, space *dataspace.Dataspace, pipe *filter.Pipeline) (chunkindex.Editor, error) {
	bytes := l.ElementSize
	for _, n := range l.ChunkDims {
		bytes *= n
	}
	p := IndexParams(l, space, bytes, !pipe.Empty())
	p.ChunkK = e.ChunkK
	return chunkindex.NewEditor(e.Draft, p)
}

// IndexParams gives what opens the chunk index of a layout.
func IndexParams(l *format.Layout, space *dataspace.Dataspace, chunkBytes uint64, filtered bool) chunkindex.Params {
	return chunkindex.Params{
		Kind: chunkindex.Kind(l.Index), Address: l.Address, Dims: space.Dims, MaxDims: space.MaxDims,
		ChunkDims: l.ChunkDims, ChunkBytes: chunkBytes, Filtered: filtered, LayoutVersion: l.Version,
		FilteredSize: l.FilteredSize, FilterMask: l.FilterMask, PageBits: l.PageBits, MaxBits: l.MaxBits,
		IndexElements: l.IndexElements, MinPointers: l.MinPointers, MinElements: l.MinElements,
		NodeSize: l.NodeSize, Split: l.Split, Merge: l.Merge}
}
