package audit

import (
	"encoding/binary"

	"gables/hdf5/h5err"
	"gables/internal/chunkindex"
	"gables/internal/format"
	"gables/internal/wire"
)

// index is a chunk index that is walked. Spec: III.A, VII.
type index struct {
	*auditor
	path  string
	kind  Kind
	p     chunkindex.Params
	yield func(chunkindex.Chunk) bool
	ended bool // yield wants no more

	shape  format.ChunkElementShape
	total  uint64
	scaled func(n uint64, out []uint64)
	at     []uint64
}

// walk claims the structures of the index and yields its chunks.
func (x *index) walk() {
	if !x.p.Address.Defined() {
		return
	}
	x.at = make([]uint64, len(x.p.Dims))
	x.shape = format.ChunkElementShape{Address: x.sizes.Offset}
	if x.p.Filtered {
		x.shape.Size = format.ChunkSizeWidth(x.p.LayoutVersion, x.p.ChunkBytes, x.sizes)
	}
	switch x.p.Kind {
	case chunkindex.BTreeV1:
		x.btreeV1()
	case chunkindex.BTreeV2:
		x.btreeV2()
	case chunkindex.Single:
		c := chunkindex.Chunk{Scaled: x.at, Address: x.p.Address, Size: x.p.ChunkBytes}
		if x.p.Filtered {
			c.Size, c.Mask = x.p.FilteredSize, x.p.FilterMask
		}
		x.give(c)
	default:
		var err error
		if x.total, x.scaled, err = x.p.Numbering(); err != nil {
			x.fault(x.path, x.kind, x.p.Address, err)
			return
		}
		x.numbered()
	}
}

// numbered walks an index that numbers its chunks.
func (x *index) numbered() {
	switch x.p.Kind {
	case chunkindex.Implicit:
		x.implicit()
	case chunkindex.FixedArray:
		x.fixedArray()
	case chunkindex.ExtensibleArray:
		x.extensibleArray()
	}
}

func (x *index) give(c chunkindex.Chunk) {
	if !x.ended && x.ctx.Err() == nil {
		x.ended = !x.yield(c)
	}
}

// btreeV1: keys are size 4, mask 4, offsets 8 each, the last that of the element.
func (x *index) btreeV1() {
	rank := len(x.p.Dims)
	const head = 8
	t := treeV1{a: x.auditor, path: x.path, kind: ChunkBTree, nodeType: format.BTreeV1Chunks, keySize: head + 8*(rank+1), slots: 2 * x.p.ChunkK}
	t.compare = func(a, b []byte) int { return keyOrder(a, b, head) }
	t.visit = func(key, _ []byte, child wire.Address) {
		for i, d := range x.p.ChunkDims {
			offset := binary.LittleEndian.Uint64(key[head+8*i:])
			if offset%d != 0 {
				x.damage(x.path, ChunkBTree, x.p.Address, "key", "offset %d in dimension %d is no multiple of the chunk's %d", offset, i, d)
				return
			}
			x.at[i] = offset / d
		}
		size := binary.LittleEndian.Uint32(key)
		if size != 0 || !x.p.Filtered {
			x.give(chunkindex.Chunk{Scaled: x.at, Address: child, Size: uint64(size), Mask: binary.LittleEndian.Uint32(key[4:])})
		}
	}
	t.root(x.p.Address)
}

// btreeV2: records are an element and the scaled coordinates, 8 bytes each.
func (x *index) btreeV2() {
	kind, head, rank := uint8(format.BTreeV2Chunks), x.shape.Bytes(), len(x.p.Dims)
	if x.p.Filtered {
		kind = format.BTreeV2FilteredChunks
	}
	var last []byte
	x.treeV2(x.path, x.p.Address, kind, func(r []byte) error {
		if len(r) != head+8*rank {
			return h5err.Corrupt(BTreeV2.String(), "record size", "got %d, want %d", len(r), head+8*rank)
		}
		if last != nil && keyOrder(last, r, head) >= 0 {
			x.damage(x.path, BTreeV2, x.p.Address, "order of records", "% x behind % x", r[head:], last[head:])
		}
		last = r
		for i := range x.at {
			x.at[i] = binary.LittleEndian.Uint64(r[head+8*i:])
		}
		x.element(r, nil)
		return nil
	})
}

// element yields the chunk of an element; n is its number, nil where x.at is set.
func (x *index) element(b []byte, n *uint64) {
	addr, size, mask := x.shape.Decode(b)
	if x.shape.Size == 0 {
		size = x.p.ChunkBytes
	}
	if !addr.Defined() || size == 0 {
		return
	}
	if n != nil {
		if *n >= x.total {
			x.damage(x.path, x.kind, x.p.Address, "element", "%d is set, of %d", *n, x.total)
			return
		}
		x.scaled(*n, x.at)
	}
	x.give(chunkindex.Chunk{Scaled: x.at, Address: addr, Size: size, Mask: mask})
}

// elements yields the chunks of a run of elements that begins with number n.
func (x *index) elements(e *format.ChunkElements, n uint64) {
	room := make([]byte, x.shape.Bytes())
	for i := range e.Len() {
		addr, size, mask := e.At(i)
		if addr.Defined() && x.shape.Store(room, addr, size, mask) == nil {
			at := n + uint64(i)
			x.element(room, &at)
		}
	}
}

// implicit chunks lie one behind the other, for the maximum dimensions.
func (x *index) implicit() {
	size, ok := wire.Mul(x.total, x.p.ChunkBytes)
	if !ok || !x.claim(x.path, ChunkData, x.p.Address, size) {
		return
	}
	x.report.Chunks += x.total
}

// block claims and reads a block of an array; nil when it can't be had.
func (x *index) block(addr wire.Address, n uint64) []byte {
	if x.ctx.Err() != nil || x.ended || !x.claim(x.path, x.kind, addr, n) {
		return nil
	}
	b, err := x.cache.Bytes(addr, n)
	if err != nil {
		x.fault(x.path, x.kind, addr, err)
		return nil
	}
	return b
}

// fixedArray: Spec: VII.C.
func (x *index) fixedArray() {
	b := x.block(x.p.Address, format.FixedArrayHeaderSize(x.sizes))
	if b == nil {
		return
	}
	h, err := format.DecodeFixedArrayHeader(b, x.sizes, x.p.Address, x.shape)
	if err != nil {
		x.fault(x.path, x.kind, x.p.Address, err)
		return
	}
	if !h.Block.Defined() {
		return
	}
	if b = x.block(h.Block, h.BlockSize()); b == nil {
		return
	}
	fb, err := format.DecodeFixedArrayBlock(b, h)
	if err != nil {
		x.fault(x.path, x.kind, h.Block, err)
		return
	}
	if !h.Paged() {
		x.elements(fb.Elements, 0)
		return
	}
	for i := range h.Pages() {
		addr, n, ok := h.Page(i)
		if !ok {
			x.damage(x.path, x.kind, h.Block, "pages", "page %d lies beyond 64 bits", i)
			return
		}
		if !x.page(addr, n, fb.Initialised(i), i<<h.PageBits) {
			return
		}
	}
}

// page claims a page, and reads it if it was ever written; false ends the walk.
func (x *index) page(addr wire.Address, elements uint64, written bool, first uint64) bool {
	n := elements*uint64(x.shape.Bytes()) + 4
	if !written {
		return x.claim(x.path, x.kind, addr, n) && x.ctx.Err() == nil
	}
	b := x.block(addr, n)
	if b == nil {
		return false
	}
	e, err := format.DecodeChunkPage(b, x.shape)
	if err != nil {
		x.fault(x.path, x.kind, addr, err)
		return true
	}
	x.elements(e, first)
	return !x.ended
}

// extensibleArray: Spec: VII.D.
func (x *index) extensibleArray() {
	b := x.block(x.p.Address, format.ExtensibleArrayHeaderSize(x.sizes))
	if b == nil {
		return
	}
	h, err := format.DecodeExtensibleArrayHeader(b, x.sizes, x.p.Address, x.shape)
	if err != nil {
		x.fault(x.path, x.kind, x.p.Address, err)
		return
	}
	if !h.IndexBlock.Defined() {
		return
	}
	if b = x.block(h.IndexBlock, h.IndexBlockSize()); b == nil {
		return
	}
	ib, err := format.DecodeExtensibleArrayIndexBlock(b, h)
	if err != nil {
		x.fault(x.path, x.kind, h.IndexBlock, err)
		return
	}
	x.elements(ib.Elements, 0)
	for s := range h.SuperBlocks() {
		x.superBlock(h, ib, s)
	}
}

// superBlock walks the data blocks of one super block.
func (x *index) superBlock(h *format.ExtensibleArrayHeader, ib *format.ExtensibleArrayIndexBlock, s int) {
	sb := h.SuperBlock(s)
	place := func(i uint64) wire.Address { return ib.Block(sb.FirstBlock + i) }
	written := func(block, page uint64) bool { return true }
	if !sb.Direct {
		addr := ib.SuperBlock(s)
		if !addr.Defined() {
			return
		}
		b := x.block(addr, h.SuperBlockSize(sb))
		if b == nil {
			return
		}
		blocks, err := format.DecodeExtensibleArrayBlocks(b, h, sb)
		if err != nil {
			x.fault(x.path, x.kind, addr, err)
			return
		}
		place, written = blocks.Block, blocks.Initialised
	}
	for i := range sb.Blocks {
		if addr := place(i); addr.Defined() {
			x.dataBlock(h, sb, addr, i, written)
		}
	}
}

// dataBlock walks one data block, and its pages where it has some.
func (x *index) dataBlock(h *format.ExtensibleArrayHeader, sb format.ExtensibleArraySuperBlock, addr wire.Address, i uint64, written func(block, page uint64) bool) {
	first := uint64(h.IndexElements) + sb.First + i*sb.BlockElements
	if sb.BlockPages == 0 {
		b := x.block(addr, h.DataBlockSize(sb.BlockElements))
		if b == nil {
			return
		}
		e, err := format.DecodeExtensibleArrayDataBlock(b, h, sb.BlockElements)
		if err != nil {
			x.fault(x.path, x.kind, addr, err)
			return
		}
		x.elements(e, first)
		return
	}
	b := x.block(addr, h.DataBlockSize(0))
	if b == nil {
		return
	}
	if _, err := format.DecodeExtensibleArrayDataBlock(b, h, 0); err != nil {
		x.fault(x.path, x.kind, addr, err)
		return
	}
	for p := range sb.BlockPages {
		at, ok := h.Page(addr, p)
		if !ok || !x.page(at, h.PageElements(), written(i, p), first+p<<h.PageBits) {
			return
		}
	}
}
