package chunkindex

import (
	"gables/hdf5/h5err"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/wire"
)

const (
	eaIndexName = "extensible array index block"
	eaSuperName = "extensible array secondary block"
	eaDataName  = "extensible array data block"
)

// extensibleArrayEdit edits an array whose blocks are made with the first chunk
// in each. The array never becomes shorter. Spec: VII.D.
type extensibleArrayEdit struct {
	arrayEdit
	header *format.ExtensibleArrayHeader // nil: not read
	at     wire.Address                  // of that header
	head   *draft.Block                  // of the operation under way
	super  []format.ExtensibleArraySuperBlock
}

func editExtensibleArray(e *editor) (Editor, error) {
	axis, err := unlimitedAxis(e.p.MaxDims)
	if err != nil {
		return nil, err
	}
	a, err := newArrayEdit(e, axis)
	if err != nil {
		return nil, err
	}
	x := &extensibleArrayEdit{arrayEdit: a}
	if !e.p.Address.Defined() {
		return x, nil
	}
	return x, x.load()
}

func (x *extensibleArrayEdit) headerBytes() uint64 {
	return format.ExtensibleArrayHeaderSize(x.d.Sizes())
}

// load reads the header as it is now.
func (x *extensibleArrayEdit) load() (err error) {
	addr := x.p.Address
	if x.head, err = x.open(eaHeaderName, addr, x.headerBytes(), nil); err != nil {
		return err
	}
	b := x.head.Bytes()[:x.headerBytes()]
	if x.header != nil && x.at == addr {
		return x.header.Reload(b, x.d.Sizes())
	}
	h, err := format.LoadExtensibleArrayHeader(b, x.d.Sizes(), addr, x.shape)
	if err == nil {
		err = (&extensibleArray{header: h}).agree(&x.p)
	}
	if err != nil {
		return h5err.At(err, eaHeaderName, uint64(addr))
	}
	x.header, x.at, x.super = h, addr, x.super[:0]
	for s := range h.SuperBlocks() {
		x.super = append(x.super, h.SuperBlock(s))
	}
	return nil
}

// store writes what changed in the header.
func (x *extensibleArrayEdit) store() error {
	end := int(x.headerBytes())
	err := x.header.StoreCounts(x.head.Edit(format.ExtensibleArrayCountsAt, end-4), x.d.Sizes())
	x.head.Seal(end)
	return err
}

func (x *extensibleArrayEdit) Create() error {
	if x.p.Address.Defined() {
		return nil
	}
	return x.do(func() error {
		addr, err := x.alloc(x.headerBytes())
		if err != nil {
			return err
		}
		h, err := format.NewExtensibleArrayHeader(addr, x.shape, format.ExtensibleArrayHeader{MaxBits: x.p.MaxBits,
			IndexElements: x.p.IndexElements, MinElements: x.p.MinElements, MinPointers: x.p.MinPointers, PageBits: x.p.PageBits})
		if err != nil {
			return err
		}
		_, err = x.block(addr, x.headerBytes(), func(b []byte) ([]byte, error) {
			return format.AppendExtensibleArrayHeader(b, h, x.d.Sizes())
		})
		x.p.Address, x.header = addr, nil
		return err
	})
}

// index gives the index block; nil when there is none and none is to be made.
func (x *extensibleArrayEdit) index(make bool) (*draft.Block, error) {
	h := x.header
	if h.IndexBlock.Defined() {
		return x.open(eaIndexName, h.IndexBlock, h.IndexBlockSize(), h.CheckIndexBlock)
	}
	if !make {
		return nil, nil
	}
	b, err := x.newBlock(h.IndexBlockSize(), func(b []byte) ([]byte, error) {
		return format.AppendExtensibleArrayIndexBlock(b, h)
	})
	if err != nil {
		return nil, err
	}
	h.IndexBlock = b.Address()
	h.Stats.Elements += uint64(h.IndexElements)
	return b, nil
}

// locate gives the element of chunk n; make says that it is to be written.
func (x *extensibleArrayEdit) locate(n uint64, make bool) (element, error) {
	h := x.header
	index, err := x.index(make)
	if err != nil || index == nil {
		return element{}, err
	}
	if n < uint64(h.IndexElements) {
		return element{index, h.IndexElementAt(n), h.IndexBlockSize()}, nil
	}
	n -= uint64(h.IndexElements)
	s := h.SuperBlockOf(n)
	if s >= h.SuperBlocks() {
		if make {
			return element{}, h5err.Limit(eaHeaderName, "elements", "chunk %d of at most 2^%d", n, h.MaxBits)
		}
		return element{}, nil
	}
	sb := &x.super[s]
	i := (n - sb.First) / sb.BlockElements
	from := slot{index, 0, h.IndexBlockSize()}
	if sb.Direct {
		from.at = h.IndexDataAt(sb.FirstBlock + i)
	} else {
		from.at = h.IndexSuperAt(s)
		super, err := x.superBlock(from, sb, make)
		if err != nil || super == nil {
			return element{}, err
		}
		from = slot{super, h.SuperDataAt(sb, i), h.SuperBlockSize(*sb)}
	}
	return x.inBlock(from, sb, i, n-sb.First-i*sb.BlockElements, make)
}

// slot is where the address of a block stands.
type slot struct {
	b    *draft.Block
	at   int
	size uint64 // of the record that is sealed
}

// superBlock gives the super block that a slot names; nil when there is none
// and none is to be made.
func (x *extensibleArrayEdit) superBlock(from slot, sb *format.ExtensibleArraySuperBlock, make bool) (*draft.Block, error) {
	h, n := x.header, x.header.SuperBlockSize(*sb)
	if addr := x.pointer(from.b, from.at); addr.Defined() {
		return x.open(eaSuperName, addr, n, h.CheckSuperBlock)
	}
	if !make {
		return nil, nil
	}
	b, err := x.newBlock(n, func(b []byte) ([]byte, error) { return format.AppendExtensibleArrayBlocks(b, h, *sb) })
	if err != nil {
		return nil, err
	}
	h.Stats.SuperBlocks++
	h.Stats.SuperBlockBytes += n
	return b, x.setPointer(from.b, from.at, b.Address(), from.size)
}

// inBlock gives element n of data block i of a super block.
func (x *extensibleArrayEdit) inBlock(from slot, sb *format.ExtensibleArraySuperBlock, i, n uint64, make bool) (element, error) {
	h := x.header
	addr := x.pointer(from.b, from.at)
	if !addr.Defined() {
		if !make {
			return element{}, nil
		}
		var err error
		if addr, err = x.dataBlock(from, sb, i); err != nil {
			return element{}, err
		}
	}
	if sb.BlockPages == 0 {
		size := h.DataBlockSize(sb.BlockElements)
		b, err := x.open(eaDataName, addr, size, h.CheckDataBlock)
		return element{b, h.DataElementAt(n), size}, err
	}
	page := n >> h.PageBits
	at, bit := h.SuperPageBit(sb, i, page)
	fresh := from.b.Bytes()[at]&bit == 0
	if fresh && !make {
		return element{}, nil
	}
	where, ok := h.Page(addr, page)
	if !ok {
		return element{}, h5err.At(h5err.Corrupt(eaDataName, "pages", "page %d lies beyond 64 bits", page), eaDataName, uint64(addr))
	}
	b, err := x.page(where, h.PageElements(), fresh)
	if err != nil {
		return element{}, err
	}
	if fresh {
		from.b.Edit(at, at+1)[0] |= bit
		from.b.Seal(int(from.size))
	}
	return element{b, int(n&(h.PageElements()-1)) * x.shape.Bytes(), x.pageBytes(h.PageElements())}, nil
}

// dataBlock makes data block i of a super block, whose pages come later.
func (x *extensibleArrayEdit) dataBlock(from slot, sb *format.ExtensibleArraySuperBlock, i uint64) (wire.Address, error) {
	h, own, number := x.header, x.ownBytes(sb), i
	if sb.Direct {
		number += sb.FirstBlock
	}
	addr, err := x.alloc(h.DataBytes(sb))
	if err != nil {
		return addr, err
	}
	if _, err := x.block(addr, own, func(b []byte) ([]byte, error) {
		return format.AppendExtensibleArrayDataBlock(b, h, *sb, number)
	}); err != nil {
		return addr, err
	}
	h.Stats.DataBlocks++
	h.Stats.DataBlockBytes += h.DataBytes(sb)
	h.Stats.Elements += sb.BlockElements
	return addr, x.setPointer(from.b, from.at, addr, from.size)
}

// ownBytes is the size of a data block without its pages.
func (x *extensibleArrayEdit) ownBytes(sb *format.ExtensibleArraySuperBlock) uint64 {
	if sb.BlockPages > 0 {
		return x.header.DataBlockSize(0)
	}
	return x.header.DataBlockSize(sb.BlockElements)
}

func (x *extensibleArrayEdit) Get(scaled []uint64) (Chunk, bool, error) {
	n, ok, err := x.grid.number(scaled)
	if err != nil || !ok || !x.p.Address.Defined() {
		return Chunk{}, false, err
	}
	if err := x.load(); err != nil || n >= x.header.Used {
		return Chunk{}, false, err
	}
	e, err := x.locate(n, false)
	if err != nil {
		return Chunk{}, false, err
	}
	c, ok := x.get(e)
	return c, ok, nil
}

func (x *extensibleArrayEdit) Put(c Chunk) error {
	n, ok, err := x.grid.number(c.Scaled)
	if err != nil {
		return err
	}
	if !ok {
		return outside(c.Scaled)
	}
	return x.do(func() error {
		if err := x.Create(); err != nil {
			return err
		}
		if err := x.load(); err != nil {
			return err
		}
		stats, index := x.header.Stats, x.header.IndexBlock
		e, err := x.locate(n, true)
		if err != nil {
			return err
		}
		if err := x.set(e, c.Address, c.Size, c.Mask); err != nil {
			return err
		}
		if n < x.header.Used && stats == x.header.Stats && index == x.header.IndexBlock {
			return nil
		}
		x.header.Used = max(x.header.Used, n+1)
		return x.store()
	})
}

func (x *extensibleArrayEdit) Remove(scaled []uint64) error {
	n, ok, err := x.grid.number(scaled)
	if err != nil {
		return err
	}
	if !ok || !x.p.Address.Defined() {
		return absent(scaled)
	}
	return x.do(func() error {
		if err := x.load(); err != nil {
			return err
		}
		if n >= x.header.Used {
			return absent(scaled)
		}
		e, err := x.locate(n, false)
		if err != nil {
			return err
		}
		if _, ok := x.get(e); !ok {
			return absent(scaled)
		}
		return x.set(e, wire.Undefined, 0, 0)
	})
}

func (x *extensibleArrayEdit) Free() error {
	if !x.p.Address.Defined() {
		return nil
	}
	return x.do(func() error {
		if err := x.load(); err != nil {
			return err
		}
		index, err := x.index(false)
		if err != nil {
			return err
		}
		if index != nil {
			if err := x.freeBelow(index); err != nil {
				return err
			}
		}
		x.free(x.p.Address, x.headerBytes())
		x.p.Address, x.header = wire.Undefined, nil
		return nil
	})
}

// freeBelow frees the index block and all that it names.
func (x *extensibleArrayEdit) freeBelow(index *draft.Block) error {
	h := x.header
	for s := range x.super {
		sb := &x.super[s]
		if sb.Direct {
			for i := range sb.Blocks {
				if err := x.freeData(x.pointer(index, h.IndexDataAt(sb.FirstBlock+i)), sb); err != nil {
					return err
				}
			}
			continue
		}
		super, err := x.superBlock(slot{index, h.IndexSuperAt(s), h.IndexBlockSize()}, sb, false)
		if err != nil {
			return err
		}
		if super == nil {
			continue
		}
		for i := range sb.Blocks {
			if err := x.freeData(x.pointer(super, h.SuperDataAt(sb, i)), sb); err != nil {
				return err
			}
		}
		x.free(super.Address(), h.SuperBlockSize(*sb))
	}
	x.free(h.IndexBlock, h.IndexBlockSize())
	return nil
}

// freeData frees a data block and its pages.
func (x *extensibleArrayEdit) freeData(addr wire.Address, sb *format.ExtensibleArraySuperBlock) error {
	if !addr.Defined() {
		return nil
	}
	if _, err := x.open(eaDataName, addr, x.ownBytes(sb), x.header.CheckDataBlock); err != nil {
		return err
	}
	x.free(addr, x.ownBytes(sb))
	for page := range sb.BlockPages {
		if at, ok := x.header.Page(addr, page); ok {
			x.free(at, x.pageBytes(x.header.PageElements()))
		}
	}
	return nil
}
