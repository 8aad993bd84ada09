package chunkindex

import (
	"iter"

	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// extensibleArray is an array that grows along one unlimited dimension: some
// elements in the index block, then data blocks that the index block lists,
// then super blocks of data blocks, which may be paged. Spec: VII.D.
type extensibleArray struct {
	*array
	header *format.ExtensibleArrayHeader
	index  *format.ExtensibleArrayIndexBlock // nil: nothing is allocated
}

const eaHeaderName = "extensible array header"

func openExtensibleArray(c *metacache.Cache, p Params) (Index, error) {
	axis, err := unlimitedAxis(p.MaxDims)
	if err != nil {
		return nil, err
	}
	a, err := newArray(c, &p, axis)
	if err != nil {
		return nil, err
	}
	x := &extensibleArray{array: a}
	x.header, err = loadHeader(c, eaHeaderName, p.Address, format.ExtensibleArrayHeaderSize(c.Sizes()), func(b []byte) (*format.ExtensibleArrayHeader, error) {
		return format.DecodeExtensibleArrayHeader(b, c.Sizes(), p.Address, a.shape)
	})
	if err != nil {
		return nil, err
	}
	if x.header.Shape != a.shape {
		return nil, otherOwner(eaHeaderName, p.Address)
	}
	if err := x.agree(&p); err != nil {
		return nil, h5err.At(err, eaHeaderName, uint64(p.Address))
	}
	if x.header.IndexBlock.Defined() {
		x.index, err = x.readIndex()
	}
	return x, err
}

// unlimitedAxis finds the one dimension that may grow.
func unlimitedAxis(dims []uint64) (int, error) {
	axis := -1
	for u, d := range dims {
		if d != unlimited {
			continue
		}
		if axis >= 0 {
			return 0, h5err.Corrupt(eaHeaderName, "dimensions", "dimensions %d and %d are unlimited", axis, u)
		}
		axis = u
	}
	if axis < 0 {
		return 0, h5err.Corrupt(eaHeaderName, "dimensions", "none is unlimited")
	}
	return axis, nil
}

// agree compares the creation parameters of layout message and header.
func (x *extensibleArray) agree(p *Params) error {
	h := x.header
	for _, v := range [...]struct {
		field       string
		layout, own uint8
	}{
		{"max bits", p.MaxBits, h.MaxBits},
		{"index elements", p.IndexElements, h.IndexElements},
		{"min elements", p.MinElements, h.MinElements},
		{"min pointers", p.MinPointers, h.MinPointers},
		{"page bits", p.PageBits, h.PageBits},
	} {
		if err := agree(eaHeaderName, v.field, uint64(v.layout), uint64(v.own)); err != nil {
			return err
		}
	}
	return nil
}

func (x *extensibleArray) readIndex() (*format.ExtensibleArrayIndexBlock, error) {
	h := x.header
	return loadBlock(x.cache, "extensible array index block", h.IndexBlock, h.IndexBlockSize(), func(b []byte) (*format.ExtensibleArrayIndexBlock, error) {
		return format.DecodeExtensibleArrayIndexBlock(b, h)
	})
}

func (x *extensibleArray) Kind() string { return ExtensibleArray.String() }

func (x *extensibleArray) Find(scaled []uint64) (Chunk, bool, error) {
	n, ok, err := x.grid.number(scaled)
	if err != nil || !ok || x.index == nil || n >= x.header.Used {
		return Chunk{}, false, err
	}
	if n < uint64(x.header.IndexElements) {
		c, ok := x.at(x.index.Elements, int(n))
		return c, ok, nil
	}
	if c, ok, hit := x.recent(n); hit {
		return c, ok, nil
	}
	e, first, err := x.locate(n)
	if err != nil || e == nil {
		return Chunk{}, false, err
	}
	c, ok := x.in(e, first, n)
	return c, ok, nil
}

// locate gives the data block or page that holds element n and the number of
// its first element; nil if it was never written.
func (x *extensibleArray) locate(n uint64) (*format.ChunkElements, uint64, error) {
	h := x.header
	n -= uint64(h.IndexElements)
	s := h.SuperBlockOf(n)
	if s >= h.SuperBlocks() {
		return nil, 0, nil
	}
	sb := h.SuperBlock(s)
	block := (n - sb.First) / sb.BlockElements
	first := sb.First + block*sb.BlockElements
	blocks, err := x.superBlock(s, sb)
	if err != nil || blocks == nil && !sb.Direct {
		return nil, 0, err
	}
	page := (n - first) >> h.PageBits
	e, _, err := x.elements(sb, blocks, block, page)
	if sb.BlockPages > 0 {
		first += page << h.PageBits
	}
	return e, first + uint64(h.IndexElements), err
}

// superBlock reads the record of super block s; nil when it has none.
func (x *extensibleArray) superBlock(s int, sb format.ExtensibleArraySuperBlock) (*format.ExtensibleArrayBlocks, error) {
	const name = "extensible array secondary block"
	if sb.Direct {
		return nil, nil
	}
	addr := x.index.SuperBlock(s)
	if !addr.Defined() {
		return nil, nil
	}
	b, err := loadBlock(x.cache, name, addr, x.header.SuperBlockSize(sb), func(b []byte) (*format.ExtensibleArrayBlocks, error) {
		return format.DecodeExtensibleArrayBlocks(b, x.header, sb)
	})
	if err == nil && b.Shape != sb {
		return nil, otherOwner(name, addr)
	}
	return b, err
}

// elements reads a data block of a super block, or one page of it; nil if it
// was never written. blocks is nil for a super block that is Direct.
func (x *extensibleArray) elements(sb format.ExtensibleArraySuperBlock, blocks *format.ExtensibleArrayBlocks, block, page uint64) (*format.ChunkElements, wire.Address, error) {
	var addr wire.Address
	if blocks == nil {
		addr = x.index.Block(sb.FirstBlock + block)
	} else {
		addr = blocks.Block(block)
	}
	if !addr.Defined() {
		return nil, addr, nil
	}
	if sb.BlockPages == 0 {
		e, err := x.dataBlock(addr, sb.BlockElements)
		return e, addr, err
	}
	if !blocks.Initialised(block, page) {
		return nil, addr, nil
	}
	at, ok := x.header.Page(addr, page)
	if !ok {
		return nil, addr, h5err.At(h5err.Corrupt("extensible array data block", "pages", "page %d lies beyond 64 bits", page), "", uint64(addr))
	}
	e, err := x.page(at, x.header.PageElements())
	return e, at, err
}

// dataBlock reads a data block without pages.
func (x *extensibleArray) dataBlock(addr wire.Address, n uint64) (*format.ChunkElements, error) {
	const name = "extensible array data block"
	e, err := loadBlock(x.cache, name, addr, x.header.DataBlockSize(n), func(b []byte) (*format.ChunkElements, error) {
		return format.DecodeExtensibleArrayDataBlock(b, x.header, n)
	})
	return x.expect(e, err, name, addr, n)
}

// All yields the chunks in row-major order, with the unlimited dimension as
// the slowest.
func (x *extensibleArray) All() iter.Seq2[Chunk, error] {
	return x.all(func(s *sweep) {
		h := x.header
		if x.index == nil || !s.run(x.index.Elements, nil, 0, h.Used, h.IndexBlock) {
			return
		}
		for i := range h.SuperBlocks() {
			sb := h.SuperBlock(i)
			if sb.First+uint64(h.IndexElements) >= h.Used {
				return
			}
			blocks, err := x.superBlock(i, sb)
			if err != nil {
				s.fail(err)
				return
			}
			if (blocks != nil || sb.Direct) && !x.sweepBlocks(s, sb, blocks) {
				return
			}
		}
	})
}

// sweepBlocks yields the chunks of one super block.
func (x *extensibleArray) sweepBlocks(s *sweep, sb format.ExtensibleArraySuperBlock, blocks *format.ExtensibleArrayBlocks) bool {
	h := x.header
	for block := range sb.Blocks {
		first := sb.First + block*sb.BlockElements + uint64(h.IndexElements)
		for page := range max(1, sb.BlockPages) {
			at := first + page<<h.PageBits
			if at >= h.Used {
				return true
			}
			e, addr, err := x.elements(sb, blocks, block, page)
			if e == nil && err == nil {
				continue
			}
			if !s.run(e, err, at, h.Used, addr) {
				return false
			}
		}
	}
	return true
}
