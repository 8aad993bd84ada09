package format

import "gables/internal/wire"

// NewExtensibleArrayHeader describes an array at addr that has no index block
// yet. Only the creation parameters of like are looked at.
func NewExtensibleArrayHeader(addr wire.Address, shape ChunkElementShape, like ExtensibleArrayHeader) (*ExtensibleArrayHeader, error) {
	h := &ExtensibleArrayHeader{MaxBits: like.MaxBits, IndexElements: like.IndexElements, MinElements: like.MinElements,
		MinPointers: like.MinPointers, PageBits: like.PageBits, IndexBlock: wire.Undefined, Shape: shape, address: addr,
		filtered: shape.Size > 0}
	return h, h.check()
}

// ExtensibleArrayCountsAt is where the fields of a header begin that change as
// the array is edited; they end before the checksum.
const ExtensibleArrayCountsAt = 4 + 8

// AppendExtensibleArrayHeader appends a header. Spec: VII.D.
func AppendExtensibleArrayHeader(b []byte, h *ExtensibleArrayHeader, s wire.Sizes) ([]byte, error) {
	e := newEncoder("extensible array header", b, s)
	from := e.Len()
	e.String("EAHD")
	e.U8(0)
	e.U8(arrayClient(h.filtered))
	e.uint("element size", uint64(h.Shape.Bytes()), 1)
	e.U8(h.MaxBits)
	e.U8(h.IndexElements)
	e.U8(h.MinElements)
	e.U8(h.MinPointers)
	e.U8(h.PageBits)
	h.appendCounts(&e)
	e.U32(0)
	seal(e.Buf[from:])
	return e.done(b)
}

func (h *ExtensibleArrayHeader) appendCounts(e *encoder) {
	t := &h.Stats
	for _, v := range [...]uint64{t.SuperBlocks, t.SuperBlockBytes, t.DataBlocks, t.DataBlockBytes, h.Used, t.Elements} {
		e.length("statistics", v)
	}
	e.address("index block", h.IndexBlock)
}

// StoreCounts writes what changes as the array is edited over b, which begins
// at ExtensibleArrayCountsAt.
func (h *ExtensibleArrayHeader) StoreCounts(b []byte, s wire.Sizes) error {
	e := newEncoder("extensible array header", b[:0], s)
	h.appendCounts(&e)
	return e.err
}

// Reload takes what changes as the array is edited from the verified header b.
func (h *ExtensibleArrayHeader) Reload(b []byte, s wire.Sizes) error {
	r := wire.NewReader(b, s)
	r.Skip(ExtensibleArrayCountsAt)
	h.counts(r)
	return inRecord("extensible array header", r.Err())
}

// block begins a block of this array, of which s is the tag.
func (h *ExtensibleArrayHeader) block(name, tag string, b []byte) encoder {
	e := newEncoder(name, b, wire.Sizes{Offset: h.Shape.Address})
	e.arrayPrefix(tag, h.filtered, h.address)
	return e
}

// undefined appends n addresses of what was not made yet.
func (e *encoder) undefined(n int) {
	for range n {
		e.Address(wire.Undefined)
	}
}

// AppendExtensibleArrayIndexBlock appends an index block of which nothing is
// set. Spec: VII.D.
func AppendExtensibleArrayIndexBlock(b []byte, h *ExtensibleArrayHeader) ([]byte, error) {
	e := h.block("extensible array index block", "EAIB", b)
	e.Buf = AppendChunkElements(e.Buf, h.Shape, uint64(h.IndexElements))
	e.undefined(2*(int(h.MinPointers)-1) + h.SuperBlocks() - h.directSuperBlocks())
	e.U32(0)
	seal(e.Buf[len(b):])
	return e.done(b)
}

// AppendExtensibleArrayBlocks appends a super block of which nothing is set.
// Spec: VII.D.
func AppendExtensibleArrayBlocks(b []byte, h *ExtensibleArrayHeader, sb ExtensibleArraySuperBlock) ([]byte, error) {
	e := h.block("extensible array secondary block", "EASB", b)
	e.uint("block offset", sb.First, int(h.offsetWidth()))
	e.Zero(int(sb.bitmapBytes()))
	e.undefined(int(sb.Blocks))
	e.U32(0)
	seal(e.Buf[len(b):])
	return e.done(b)
}

// AppendExtensibleArrayDataBlock appends data block i of a super block, counted
// from the first of the index block if sb is Direct, of which no element is
// set; a paged one without its pages. Spec: VII.D.
func AppendExtensibleArrayDataBlock(b []byte, h *ExtensibleArrayHeader, sb ExtensibleArraySuperBlock, i uint64) ([]byte, error) {
	e := h.block("extensible array data block", "EADB", b)
	// libhdf5 counts data blocks of the index block through all super blocks
	// here, unlike the specification.
	e.uint("block offset", sb.First+i*sb.BlockElements, int(h.offsetWidth()))
	if sb.BlockPages == 0 {
		e.Buf = AppendChunkElements(e.Buf, h.Shape, sb.BlockElements)
	}
	e.U32(0)
	seal(e.Buf[len(b):])
	return e.done(b)
}

// CheckIndexBlock judges the start of an index block that is to be edited.
func (h *ExtensibleArrayHeader) CheckIndexBlock(b []byte) error {
	return checkArrayBlock("extensible array index block", "EAIB", b, h.Shape.Address, h.filtered, h.address)
}

// CheckSuperBlock judges the start of a super block that is to be edited.
func (h *ExtensibleArrayHeader) CheckSuperBlock(b []byte) error {
	return checkArrayBlock("extensible array secondary block", "EASB", b, h.Shape.Address, h.filtered, h.address)
}

// CheckDataBlock judges the start of a data block that is to be edited.
func (h *ExtensibleArrayHeader) CheckDataBlock(b []byte) error {
	return checkArrayBlock("extensible array data block", "EADB", b, h.Shape.Address, h.filtered, h.address)
}

// IndexElementAt is the place of element i in the index block.
func (h *ExtensibleArrayHeader) IndexElementAt(i uint64) int {
	return int(h.blockPrefix()) + int(i)*h.Shape.Bytes()
}

// IndexDataAt is the place of the address of data block i in the index block.
func (h *ExtensibleArrayHeader) IndexDataAt(i uint64) int {
	return h.IndexElementAt(uint64(h.IndexElements)) + int(i)*h.Shape.Address
}

// IndexSuperAt is the place of the address of super block s, which is not
// Direct, in the index block.
func (h *ExtensibleArrayHeader) IndexSuperAt(s int) int {
	return h.IndexDataAt(2*(uint64(h.MinPointers)-1)) + (s-h.directSuperBlocks())*h.Shape.Address
}

// SuperPageBit gives the byte of a super block, and the bit in it, that says
// whether that page of data block i was ever written.
func (h *ExtensibleArrayHeader) SuperPageBit(sb *ExtensibleArraySuperBlock, i, page uint64) (at int, bit byte) {
	n := i*sb.BlockPages + page
	return int(h.blockPrefix()+h.offsetWidth()) + int(n/8), bitMask(n)
}

// SuperDataAt is the place of the address of data block i in a super block.
func (h *ExtensibleArrayHeader) SuperDataAt(sb *ExtensibleArraySuperBlock, i uint64) int {
	return int(h.blockPrefix()+h.offsetWidth()+sb.bitmapBytes()) + int(i)*h.Shape.Address
}

// DataElementAt is the place of element i in a data block without pages.
func (h *ExtensibleArrayHeader) DataElementAt(i uint64) int {
	return int(h.blockPrefix()+h.offsetWidth()) + int(i)*h.Shape.Bytes()
}

// DataBytes is the number of bytes of a data block of sb with all its pages.
func (h *ExtensibleArrayHeader) DataBytes(sb *ExtensibleArraySuperBlock) uint64 {
	return h.DataBlockSize(sb.BlockElements) + 4*sb.BlockPages
}
