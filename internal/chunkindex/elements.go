package chunkindex

import (
	"iter"
	"sync/atomic"

	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// run is a piece of an array index: elements from number first on.
type run struct {
	first    uint64
	elements *format.ChunkElements
}

// array is what fixed and extensible arrays share.
type array struct {
	cache      *metacache.Cache
	grid       *grid
	shape      format.ChunkElementShape
	chunkBytes uint64
	last       atomic.Pointer[run] // of the latest Find
}

// newArray numbers the chunks; the axis is that dimension that may be unlimited.
func newArray(c *metacache.Cache, p *Params, axis int) (*array, error) {
	g, err := newGrid(p.MaxDims, p.ChunkDims, axis)
	return &array{cache: c, grid: g, shape: elementShape(c.Sizes(), p), chunkBytes: p.ChunkBytes}, err
}

// elementShape gives the widths of an index's elements.
func elementShape(w wire.Sizes, p *Params) format.ChunkElementShape {
	s := format.ChunkElementShape{Address: w.Offset}
	if p.Filtered {
		s.Size = format.ChunkSizeWidth(p.LayoutVersion, p.ChunkBytes, w)
	}
	return s
}

// elementChunk decodes an element or the start of a record; ok is false when
// its chunk is not allocated.
func elementChunk(s format.ChunkElementShape, b []byte, chunkBytes uint64) (c Chunk, ok bool) {
	addr, size, mask := s.Decode(b)
	if s.Size == 0 {
		return Chunk{Address: addr, Size: chunkBytes}, addr.Defined()
	}
	return Chunk{Address: addr, Size: size, Mask: mask}, addr.Defined() && size != 0
}

// recent gives the chunk if the latest run holds it; neighbours are mostly read
// one after the other, so this saves the cache's lock.
func (a *array) recent(n uint64) (c Chunk, ok, hit bool) {
	r := a.last.Load()
	if r == nil || n < r.first || n-r.first >= uint64(r.elements.Len()) {
		return Chunk{}, false, false
	}
	c, ok = a.at(r.elements, int(n-r.first))
	return c, ok, true
}

// in gives chunk n of a run that starts at first, and remembers the run.
func (a *array) in(e *format.ChunkElements, first, n uint64) (Chunk, bool) {
	a.last.Store(&run{first, e})
	return a.at(e, int(n-first))
}

// at decodes one element; ok is false when its chunk is not allocated.
func (a *array) at(e *format.ChunkElements, i int) (Chunk, bool) {
	addr, size, mask := e.At(i)
	if a.shape.Size == 0 {
		return Chunk{Address: addr, Size: a.chunkBytes}, addr.Defined()
	}
	return Chunk{Address: addr, Size: size, Mask: mask}, addr.Defined() && size != 0
}

// page gives a page of elements.
func (a *array) page(addr wire.Address, elements uint64) (*format.ChunkElements, error) {
	const name = "chunk index page"
	size := elements*uint64(a.shape.Bytes()) + 4
	e, err := loadBlock(a.cache, name, addr, size, func(b []byte) (*format.ChunkElements, error) {
		return format.DecodeChunkPage(b, a.shape)
	})
	return a.expect(e, err, name, addr, elements)
}

// expect refuses elements that the cache has for another index.
func (a *array) expect(e *format.ChunkElements, err error, name string, addr wire.Address, elements uint64) (*format.ChunkElements, error) {
	if err == nil && (e.Shape() != a.shape || uint64(e.Len()) != elements) {
		return nil, otherOwner(name, addr)
	}
	return e, err
}

// sweep is one pass over all elements of an array.
type sweep struct {
	array  *array
	left   uint64 // bytes of blocks that may still be read: blocks do not overlap
	scaled []uint64
	yield  func(Chunk, error) bool
}

// all runs walk with a fresh sweep.
func (a *array) all(walk func(*sweep)) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		if a.grid.total == 0 {
			return // a dimension of size 0: no element has coordinates
		}
		walk(&sweep{array: a, left: a.cache.End(), scaled: make([]uint64, len(a.grid.max)), yield: yield})
	}
}

// run yields the allocated chunks among elements first, first+1, … below limit,
// and tells whether to go on. A nil e has none.
func (s *sweep) run(e *format.ChunkElements, err error, first, limit uint64, addr wire.Address) bool {
	if err != nil {
		return s.fail(err)
	}
	if size := uint64(e.Size()); size <= s.left {
		s.left -= size
	} else {
		return s.fail(h5err.At(h5err.Corrupt("chunk index block", "address", "blocks overlap"), "chunk index block", uint64(addr)))
	}
	for i := range e.Len() {
		if first+uint64(i) >= limit {
			return true
		}
		c, ok := s.array.at(e, i)
		if !ok {
			continue
		}
		s.array.grid.scaled(first+uint64(i), s.scaled)
		c.Scaled = s.scaled
		if !s.yield(c, nil) {
			return false
		}
	}
	return true
}

// fail yields the error that ends the sweep.
func (s *sweep) fail(err error) bool {
	s.yield(Chunk{}, err)
	return false
}

// loadHeader gives the decoded header at addr, read at most once.
func loadHeader[T any](c *metacache.Cache, name string, addr wire.Address, size uint64, decode func([]byte) (*T, error)) (*T, error) {
	return loadAs(c, metacache.ChunkIndexHeader, name, addr, size, decode)
}

// loadBlock gives the decoded block of size bytes at addr, read at most once.
func loadBlock[T any](c *metacache.Cache, name string, addr wire.Address, size uint64, decode func([]byte) (*T, error)) (*T, error) {
	return loadAs(c, metacache.ChunkIndexBlock, name, addr, size, decode)
}

// loadAs keeps records of several types under one kind: which of them stands
// at an address is up to the file, so the type found is looked at.
func loadAs[T any](c *metacache.Cache, kind metacache.Kind, name string, addr wire.Address, size uint64, decode func([]byte) (*T, error)) (*T, error) {
	v, err := metacache.Load[any](c, kind, addr, func() (any, int64, error) {
		b, err := c.Bytes(addr, size)
		if err != nil {
			return nil, 0, err
		}
		t, err := decode(b)
		return t, int64(len(b)), err
	})
	if err != nil {
		return nil, h5err.At(err, name, uint64(addr))
	}
	t, ok := v.(*T)
	if !ok {
		return nil, otherOwner(name, addr)
	}
	return t, nil
}

// otherOwner is the error for a block that two indexes claim.
func otherOwner(name string, addr wire.Address) error {
	return h5err.At(h5err.Corrupt(name, "address", "block belongs to another index"), name, uint64(addr))
}
