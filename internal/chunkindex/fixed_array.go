package chunkindex

import (
	"iter"

	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/metacache"
)

// fixedArray is an array with an element for each chunk of the dataset at its
// maximum size; above 2^PageBits elements it has pages. Spec: VII.C.
type fixedArray struct {
	*array
	header *format.FixedArrayHeader
	block  *format.FixedArrayBlock // nil: nothing is allocated
}

func openFixedArray(c *metacache.Cache, p Params) (Index, error) {
	const name = "fixed array header"
	for u, d := range p.MaxDims {
		if d == unlimited {
			return nil, h5err.Corrupt(name, "dimensions", "dimension %d is unlimited", u)
		}
	}
	a, err := newArray(c, &p, 0)
	if err != nil {
		return nil, err
	}
	x := &fixedArray{array: a}
	x.header, err = loadHeader(c, name, p.Address, format.FixedArrayHeaderSize(c.Sizes()), func(b []byte) (*format.FixedArrayHeader, error) {
		return format.DecodeFixedArrayHeader(b, c.Sizes(), p.Address, a.shape)
	})
	if err != nil {
		return nil, err
	}
	h := x.header
	if h.Shape != a.shape {
		return nil, otherOwner(name, p.Address)
	}
	if h.Elements != a.grid.total {
		return nil, h5err.At(h5err.Corrupt(name, "number of elements", "got %d, want %d", h.Elements, a.grid.total), name, uint64(p.Address))
	}
	if err := agree(name, "page bits", uint64(p.PageBits), uint64(h.PageBits)); err != nil {
		return nil, h5err.At(err, name, uint64(p.Address))
	}
	if h.Block.Defined() {
		x.block, err = x.readBlock()
	}
	return x, err
}

// readBlock reads the data block: all elements, or the bitmap of pages.
func (x *fixedArray) readBlock() (*format.FixedArrayBlock, error) {
	const name = "fixed array data block"
	h := x.header
	return loadBlock(x.cache, name, h.Block, h.BlockSize(), func(b []byte) (*format.FixedArrayBlock, error) {
		return format.DecodeFixedArrayBlock(b, h)
	})
}

func (x *fixedArray) Kind() string { return FixedArray.String() }

func (x *fixedArray) Find(scaled []uint64) (Chunk, bool, error) {
	n, ok, err := x.grid.number(scaled)
	if err != nil || !ok || x.block == nil {
		return Chunk{}, false, err
	}
	if !x.header.Paged() {
		c, ok := x.at(x.block.Elements, int(n))
		return c, ok, nil
	}
	if c, ok, hit := x.recent(n); hit {
		return c, ok, nil
	}
	e, err := x.pageOf(n >> x.header.PageBits)
	if err != nil || e == nil {
		return Chunk{}, false, err
	}
	c, ok := x.in(e, n&^(x.header.PageElements()-1), n)
	return c, ok, nil
}

// pageOf gives page i, or nil if it was never written.
func (x *fixedArray) pageOf(i uint64) (*format.ChunkElements, error) {
	if !x.block.Initialised(i) {
		return nil, nil
	}
	addr, n, ok := x.header.Page(i)
	if !ok {
		return nil, h5err.At(h5err.Corrupt("fixed array data block", "pages", "page %d lies beyond 64 bits", i), "", uint64(x.header.Block))
	}
	return x.page(addr, n)
}

// All yields the chunks in row-major order.
func (x *fixedArray) All() iter.Seq2[Chunk, error] {
	return x.all(func(s *sweep) {
		h := x.header
		switch {
		case x.block == nil:
			return
		case !h.Paged():
			s.run(x.block.Elements, nil, 0, h.Elements, h.Block)
			return
		}
		for i := range h.Pages() {
			e, err := x.pageOf(i)
			if e == nil && err == nil {
				continue
			}
			if !s.run(e, err, i<<h.PageBits, h.Elements, h.Block) {
				return
			}
		}
	})
}
