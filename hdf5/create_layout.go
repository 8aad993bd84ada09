package hdf5

import (
	"slices"

	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/chunkindex"
	"gables/internal/format"
	"gables/internal/heap"
	"gables/internal/wire"
)

// newDataset1 works out how a new dataset is stored.
type newDataset1 struct {
	w     *writer
	t     *datatype.Datatype
	s     *dataspace.Dataspace
	o     DatasetOptions
	chunk []uint64 // nil unless it is chunked
}

// Bounds on a chunk: its bytes have a 32-bit size.
const maxChunkBytes = 1<<32 - 1

// maxCompact is the most raw data that a layout message holds.
const maxCompactBytes = 65520

// check refuses what can't be stored, before anything is changed.
func (n *newDataset1) check() error {
	if err := n.s.Validate(); err != nil {
		return err
	}
	if n.o.Fill != nil && len(n.o.Fill) != n.t.Size {
		return h5err.New(h5err.ErrType, "", "", "a fill value of %d bytes, an element has %d", len(n.o.Fill), n.t.Size)
	}
	grows := n.s.Kind == dataspace.Simple && !slices.Equal(n.s.Dims, n.s.MaxDims)
	chunked := n.o.Chunk != nil || len(n.o.Filters) > 0 || grows && len(n.o.External) == 0 && len(n.o.Virtual) == 0
	if !chunked {
		return nil
	}
	if n.s.Kind != dataspace.Simple || len(n.s.Dims) == 0 {
		return h5err.New(h5err.ErrSelection, "", "", "a %s dataset can't be chunked, filtered or resized", n.s)
	}
	if n.o.Compact || len(n.o.External) > 0 || len(n.o.Virtual) > 0 {
		return h5err.New(h5err.ErrSelection, "", "", "chunks, filters and maximum extents beyond the extents need the chunked layout")
	}
	n.chunk = n.o.Chunk
	if n.chunk == nil {
		n.chunk = guessChunk(n.s, uint64(n.t.Size))
	}
	return n.checkChunk()
}

func (n *newDataset1) checkChunk() error {
	if len(n.chunk) != len(n.s.Dims) {
		return h5err.New(h5err.ErrSelection, "", "", "a chunk of rank %d for a dataset of rank %d", len(n.chunk), len(n.s.Dims))
	}
	bytes := uint64(n.t.Size)
	for i, c := range n.chunk {
		if c == 0 {
			return h5err.New(h5err.ErrSelection, "", "", "chunk extent 0 in dimension %d", i)
		}
		var ok bool
		if bytes, ok = wire.Mul(bytes, c); !ok || bytes > maxChunkBytes {
			return h5err.Limit("chunk", "size", "%v of %d bytes, a chunk has less than 4 GiB", n.chunk, n.t.Size)
		}
		if most := n.s.MaxDims[i]; most != dataspace.Unlimited && c > most && n.s.Dims[i] == most && n.w.editor.Low != format.BoundEarliest && most > 0 {
			return h5err.New(h5err.ErrSelection, "", "", "chunk extent %d in dimension %d, which has at most %d", c, i, most)
		}
	}
	return nil
}

// Sizes between which guessChunk looks for a chunk's bytes.
const (
	chunkLeast = 16 << 10
	chunkMost  = 1 << 20
)

// guessChunk halves the extents, the longest first, until a chunk has a
// sensible size; what is unlimited counts as 1024 where it is empty.
func guessChunk(s *dataspace.Dataspace, size uint64) []uint64 {
	c := make([]uint64, len(s.Dims))
	bytes := float64(size)
	for i, n := range s.Dims {
		c[i] = n
		if n == 0 {
			c[i] = 1024
			if s.MaxDims[i] != dataspace.Unlimited {
				c[i] = min(1024, max(1, s.MaxDims[i]))
			}
		}
		bytes *= float64(c[i])
	}
	goal := min(max(bytes/64, chunkLeast), chunkMost)
	for bytes > goal {
		k := 0
		for i := range c {
			if c[i] > c[k] {
				k = i
			}
		}
		if c[k] == 1 {
			break
		}
		bytes = bytes / float64(c[k]) * float64((c[k]+1)/2)
		c[k] = (c[k] + 1) / 2
	}
	return c
}

// filters gives the stages as they are stored.
func (n *newDataset1) filters() ([]format.FilterSpec, error) {
	if len(n.o.Filters) == 0 {
		return nil, nil
	}
	if len(n.o.Filters) > 32 {
		return nil, h5err.Limit("filter pipeline", "filters", "%d, at most 32", len(n.o.Filters))
	}
	stages, err := filter.Local(n.w.home.conf.filters, n.o.Filters, filter.Described{Type: n.t, Chunk: n.chunk, Fill: n.o.Fill})
	if err != nil {
		return nil, err
	}
	return heap.Specs(stages), nil
}

// layout makes the layout message, with what it points to.
func (n *newDataset1) layout(filtered bool) (*format.Layout, error) {
	low := n.w.editor.Low
	l := &format.Layout{Class: format.LayoutContiguous, Version: format.LayoutVersion(format.LayoutContiguous, false, low), Address: wire.Undefined, HasSize: true}
	switch {
	case n.chunk != nil:
		return n.chunked(filtered)
	case len(n.o.Virtual) > 0:
		return n.virtual()
	case n.o.Compact:
		size, err := n.bytes()
		if err != nil {
			return nil, err
		}
		if size > maxCompactBytes {
			return nil, h5err.Limit("compact layout", "size", "%d bytes, at most %d", size, maxCompactBytes)
		}
		l.Class, l.Data = format.LayoutCompact, make([]byte, size)
		for at := 0; at < len(l.Data) && len(n.o.Fill) > 0; at += len(n.o.Fill) {
			copy(l.Data[at:], n.o.Fill)
		}
		return l, nil
	}
	var err error
	l.Size, err = n.bytes()
	return l, err
}

func (n *newDataset1) bytes() (uint64, error) {
	count, err := n.s.Count()
	if err != nil {
		return 0, err
	}
	size, ok := wire.Mul(count, uint64(n.t.Size))
	if !ok {
		return 0, h5err.Limit("dataspace", "size", "%s of %d bytes overflow", n.s, n.t.Size)
	}
	return size, nil
}

func (n *newDataset1) chunked(filtered bool) (*format.Layout, error) {
	l := &format.Layout{Class: format.LayoutChunked, Version: format.LayoutVersion(format.LayoutChunked, filtered, n.w.editor.Low),
		Address: wire.Undefined, ChunkDims: slices.Clone(n.chunk), ElementSize: uint64(n.t.Size)}
	l.UnfilteredEdge = n.o.UnfilteredEdge && filtered && l.Version >= 4
	p := chunkindex.Params{Kind: chunkindex.Choose(n.s.Dims, n.s.MaxDims, n.chunk, filtered, n.o.Alloc == AllocEarly, l.Version)}.Usual()
	l.Index, l.HasFiltered = format.ChunkIndexType(p.Kind), p.Kind == chunkindex.Single && filtered
	l.PageBits, l.MaxBits, l.IndexElements, l.MinPointers, l.MinElements = p.PageBits, p.MaxBits, p.IndexElements, p.MinPointers, p.MinElements
	l.NodeSize, l.Split, l.Merge = p.NodeSize, p.Split, p.Merge
	return l, nil
}

// fill makes the fill value message.
func (n *newDataset1) fill(c format.LayoutClass) *format.Fill {
	f := &format.Fill{State: format.FillDefault, Time: format.FillTimeIfSet, Value: n.o.Fill}
	if n.o.Fill != nil {
		f.State = format.FillUser
	}
	switch n.o.FillTime {
	case FillAtAlloc:
		f.Time = format.FillTimeAlloc
	case FillNever:
		f.Time = format.FillTimeNever
	}
	switch n.o.Alloc {
	case AllocEarly, AllocLate, AllocIncremental:
		f.Alloc = uint8(n.o.Alloc)
	default:
		f.Alloc = defaultAlloc(&format.Layout{Class: c})
	}
	return f
}
