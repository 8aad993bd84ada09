package audit

import (
	"errors"
	"sync/atomic"

	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/chunkindex"
	"gables/internal/chunkio"
	"gables/internal/format"
	"gables/internal/heap"
	"gables/internal/object"
	"gables/internal/wire"
)

// dataset is one that is checked.
type dataset struct {
	a      *auditor
	path   string
	h      *object.Header
	space  *dataspace.Dataspace
	dtype  *datatype.Datatype
	layout *format.Layout
	pipe   *filter.Pipeline
}

// dataset checks layout and raw data. What a message's decoding finds has been
// told already.
func (a *auditor) dataset(path string, h *object.Header) {
	d := &dataset{a: a, path: path, h: h}
	if err := d.decode(); err != nil {
		a.fault(path, ObjectHeader, h.Address, err)
		return
	}
	d.fill()
	switch l := d.layout; l.Class {
	case format.LayoutCompact:
		n, err := d.bytes()
		if err == nil && n > uint64(len(l.Data)) {
			err = h5err.Corrupt(ObjectHeader.String(), "compact data", "%d bytes, want %d", len(l.Data), n)
		}
		if err != nil {
			a.fault(path, ObjectHeader, h.Address, err)
			return
		}
		a.values.elements(path, d.dtype, l.Data[:n])
	case format.LayoutContiguous:
		d.contiguous()
	case format.LayoutChunked:
		d.chunked()
	case format.LayoutVirtual:
		d.virtual()
	}
}

func (d *dataset) decode() (err error) {
	g := d.a.Graph
	if d.space, err = g.Dataspace(d.h); err != nil {
		return err
	}
	if d.dtype, err = g.Datatype(d.h); err != nil {
		return err
	}
	m := d.h.Find(format.MsgLayout)
	if m == nil {
		return h5err.Corrupt(ObjectHeader.String(), "message", "no data layout")
	}
	body, _, err := g.Body(m)
	if err != nil {
		return err
	}
	if d.layout, err = format.DecodeLayout(body, d.a.sizes); err != nil {
		return err
	}
	if m = d.h.Find(format.MsgFilterPipeline); m == nil {
		return nil
	}
	if body, _, err = g.Body(m); err != nil {
		return err
	}
	specs, err := format.DecodePipeline(body)
	d.pipe = filter.NewPipeline(g.Filters, heap.Stages(specs))
	return err
}

// bytes is the size of all elements.
func (d *dataset) bytes() (uint64, error) {
	n, err := d.space.Count()
	if err != nil {
		return 0, err
	}
	size, ok := wire.Mul(n, uint64(d.dtype.Size))
	if !ok {
		err = h5err.Limit("dataspace message", "size", "%v of %d bytes overflow", d.space.Dims, d.dtype.Size)
	}
	return size, err
}

// fill looks at the fill value, which may refer to variable-length data.
func (d *dataset) fill() {
	for _, t := range []format.MessageType{format.MsgFill, format.MsgFillOld} {
		m := d.h.Find(t)
		if m == nil {
			continue
		}
		body, _, err := d.a.Graph.Body(m)
		if err != nil {
			return
		}
		decode := format.DecodeFill
		if t == format.MsgFillOld {
			decode = format.DecodeFillOld
		}
		f, err := decode(body)
		if err != nil || f.State != format.FillUser {
			return
		}
		if len(f.Value) != d.dtype.Size {
			d.a.damage(d.path, ObjectHeader, d.h.Address, "fill value", "%d bytes, an element has %d", len(f.Value), d.dtype.Size)
			return
		}
		d.a.values.elements(d.path+" (fill value)", d.dtype, f.Value)
		return
	}
}

// contiguous claims data in one piece, or the names of the files that have it.
func (d *dataset) contiguous() {
	a, l := d.a, d.layout
	if m := d.h.Find(format.MsgExternalFiles); m != nil {
		d.external(m)
		return
	}
	n, err := d.bytes()
	if err != nil {
		a.fault(d.path, ObjectHeader, d.h.Address, err)
		return
	}
	size := n
	if l.HasSize {
		size = l.Size
	}
	if !l.Address.Defined() || size == 0 {
		return
	}
	if size < n {
		a.damage(d.path, ContiguousData, l.Address, "size", "%d bytes, want %d", size, n)
		return
	}
	if !a.claim(d.path, ContiguousData, l.Address, size) || !a.values.holds(d.dtype) {
		return
	}
	es := uint64(d.dtype.Size)
	step := max(1, (1<<20)/es) * es
	for at := uint64(0); at < n && a.ctx.Err() == nil; at += step {
		b := make([]byte, min(step, n-at))
		if err := a.cache.ReadFull(b, l.Address+wire.Address(at)); err != nil {
			a.fault(d.path, ContiguousData, l.Address, err)
			return
		}
		a.values.elements(d.path, d.dtype, b)
	}
}

func (d *dataset) external(m *format.Message) {
	x, err := format.DecodeExternalFiles(m.Data, d.a.sizes)
	if err != nil {
		d.a.fault(d.path, ObjectHeader, d.h.Address, err)
		return
	}
	names := d.a.localHeap(d.path, x.Heap)
	if names == nil {
		return
	}
	for _, f := range x.Files {
		name, err := names.Name(f.NameOffset)
		if err != nil {
			d.a.fault(d.path, LocalHeap, x.Heap, err)
			continue
		}
		if d.a.Raw != nil {
			if err := d.a.Raw(string(name)); err != nil {
				d.a.add(Note, d.path, err)
			}
		}
	}
}

// virtual checks the mappings, which lie in the global heap.
func (d *dataset) virtual() {
	a, l := d.a, d.layout
	if !l.HeapAddress.Defined() {
		return
	}
	b, err := a.values.object(d.path, l.HeapAddress, l.HeapIndex)
	if err == nil {
		_, err = format.DecodeVirtual(b, a.sizes)
	}
	a.fault(d.path, GlobalHeap, l.HeapAddress, err)
}

// chunked claims the index and every chunk, and decodes chunks.
func (d *dataset) chunked() {
	a := d.a
	r := &chunkio.Dataset{Cache: a.cache, Dims: d.space.Dims, ElementSize: d.dtype.Size, Layout: d.layout, Pipeline: d.pipe, Pool: a.Pool}
	if err := r.Init(); err != nil {
		a.fault(d.path, ObjectHeader, d.h.Address, err)
		return
	}
	p := object.IndexParams(d.layout, d.space, uint64(r.ChunkBytes()), !d.pipe.Empty())
	if p.MaxDims == nil {
		p.MaxDims = p.Dims
	}
	p.ChunkK = a.ChunkK
	if _, err := chunkindex.Open(a.cache, p); err != nil {
		a.fault(d.path, d.indexKind(), p.Address, err)
	}
	vl := a.values.holds(d.dtype)
	decode := vl || !a.o.Quick && !d.pipe.Empty()
	list := func(yield func(chunkindex.Chunk) bool) {
		x := &index{auditor: a, path: d.path, kind: d.indexKind(), p: p, yield: func(c chunkindex.Chunk) bool {
			return !d.chunk(c) || !decode || yield(c)
		}}
		x.walk()
	}
	if !decode {
		list(nil)
		return
	}
	var unknown atomic.Bool
	err := r.Verify(a.ctx, list, a.o.Workers, func(c chunkindex.Chunk, data []byte, err error) error {
		if err != nil {
			// A filter that we lack is told once for each dataset.
			if !errors.Is(err, h5err.ErrUnsupported) || !unknown.Swap(true) {
				a.fault(d.path, ChunkData, c.Address, err)
			}
			return nil
		}
		a.decoded(uint64(len(data)))
		if vl {
			d.inside(c, data)
		}
		return nil
	})
	a.fault(d.path, d.indexKind(), p.Address, err)
}

// indexKind is what the index's structures are.
func (d *dataset) indexKind() Kind {
	switch d.layout.Index {
	case format.IndexBTreeV1:
		return ChunkBTree
	case format.IndexFixedArray:
		return FixedArray
	case format.IndexExtensibleArray:
		return ExtensibleArray
	case format.IndexBTreeV2:
		return BTreeV2
	}
	return ObjectHeader
}

// chunk claims a chunk and tells whether the file has its bytes.
func (d *dataset) chunk(c chunkindex.Chunk) bool {
	a := d.a
	a.report.Chunks++
	if a.report.Chunks%1024 == 0 {
		a.progress(d.path)
	}
	ok := a.claim(d.path, ChunkData, c.Address, c.Size)
	for i, n := range d.space.Dims {
		if size := d.layout.ChunkDims[i]; c.Scaled[i] > 0 && c.Scaled[i] > (n-1)/size || n == 0 {
			a.add(Note, d.path, h5err.At(h5err.New(errOutside, ChunkData.String(), "", "chunk %v", c.Scaled), "", uint64(c.Address)))
			return false
		}
	}
	if d.pipe.Empty() && c.Size != d.chunkBytes() {
		a.damage(d.path, ChunkData, c.Address, "size", "chunk %v: %d bytes stored without filters, want %d", c.Scaled, c.Size, d.chunkBytes())
		return false
	}
	return ok
}

func (d *dataset) chunkBytes() uint64 {
	n := d.layout.ElementSize
	for _, c := range d.layout.ChunkDims {
		n *= c
	}
	return n
}

// inside looks at the values of a chunk that lie within the dataset: what is
// beyond its edge means nothing.
func (d *dataset) inside(c chunkindex.Chunk, data []byte) {
	dims, rank := d.layout.ChunkDims, len(d.layout.ChunkDims)
	size := make([]uint64, rank)
	for i := range size {
		size[i] = min(dims[i], d.space.Dims[i]-c.Scaled[i]*dims[i])
	}
	es := uint64(d.dtype.Size)
	at := make([]uint64, rank)
	for {
		n := uint64(0)
		for i := range at {
			n = n*dims[i] + at[i]
		}
		d.a.values.elements(d.path, d.dtype, data[n*es:(n+size[rank-1])*es])
		i := rank - 2
		for ; i >= 0; i-- {
			if at[i]++; at[i] < size[i] {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return
		}
	}
}
