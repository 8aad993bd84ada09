package format

import (
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// maxArrayPageBits bounds a page of an array index to 2^32 elements; libhdf5 uses 10.
const maxArrayPageBits = 32

// FixedArrayHeader describes a fixed array: "FAHD", version, client, element
// size 1, page bits 1, number of elements (length), data block address,
// checksum 4. Spec: VII.C.
type FixedArrayHeader struct {
	PageBits uint8
	Elements uint64 // as many as the chunks of the dataset at its maximum size
	Block    wire.Address
	Shape    ChunkElementShape
	address  wire.Address
	filtered bool
}

// FixedArrayHeaderSize is the number of bytes of a header.
func FixedArrayHeaderSize(s wire.Sizes) uint64 { return uint64(4 + 4 + s.Length + s.Offset + 4) }

// DecodeFixedArrayHeader reads exactly the header at addr of an index whose
// elements have that shape. Spec: VII.C.
func DecodeFixedArrayHeader(b []byte, s wire.Sizes, addr wire.Address, shape ChunkElementShape) (*FixedArrayHeader, error) {
	const name = "fixed array header"
	if _, err := verifyTagged(name, "FAHD", b); err != nil {
		return nil, err
	}
	return LoadFixedArrayHeader(b, s, addr, shape)
}

// LoadFixedArrayHeader reads a header whose checksum was verified, or is owed.
// Spec: VII.C.
func LoadFixedArrayHeader(b []byte, s wire.Sizes, addr wire.Address, shape ChunkElementShape) (*FixedArrayHeader, error) {
	const name = "fixed array header"
	if string(b[:4]) != "FAHD" {
		return nil, h5err.Corrupt(name, "signature", "got %q, want %q", b[:4], "FAHD")
	}
	r := wire.NewReader(b, s)
	r.Skip(4)
	version, client, size := r.U8(), r.U8(), int(r.U8())
	h := &FixedArrayHeader{PageBits: r.U8(), Elements: r.Length(), Block: r.Address(), Shape: shape,
		address: addr, filtered: shape.Size > 0}
	if r.Err() != nil {
		return nil, inRecord(name, r.Err())
	}
	if version != 0 {
		return nil, unknownVersion(name, version, "0")
	}
	if err := checkArrayClient(name, client, h.filtered); err != nil {
		return nil, err
	}
	if size != shape.Bytes() {
		return nil, h5err.Corrupt(name, "element size", "got %d, want %d", size, shape.Bytes())
	}
	return h, h.check()
}

// check holds the creation parameters to what the arithmetic below needs.
func (h *FixedArrayHeader) check() error {
	const name = "fixed array header"
	if h.PageBits == 0 || h.PageBits > maxArrayPageBits {
		return h5err.Corrupt(name, "page bits", "%d", h.PageBits)
	}
	// Twice, so that no sum over the elements overflows.
	if _, fits := wire.Mul(h.Elements, uint64(2*h.Shape.Bytes())); !fits {
		return h5err.Corrupt(name, "number of elements", "%d", h.Elements)
	}
	return nil
}

// NewFixedArrayHeader describes an array at addr that has no data block yet.
func NewFixedArrayHeader(addr wire.Address, shape ChunkElementShape, elements uint64, pageBits uint8) (*FixedArrayHeader, error) {
	h := &FixedArrayHeader{PageBits: pageBits, Elements: elements, Block: wire.Undefined, Shape: shape,
		address: addr, filtered: shape.Size > 0}
	return h, h.check()
}

// AppendFixedArrayHeader appends a header. Spec: VII.C.
func AppendFixedArrayHeader(b []byte, h *FixedArrayHeader, s wire.Sizes) ([]byte, error) {
	e := newEncoder("fixed array header", b, s)
	from := e.Len()
	e.String("FAHD")
	e.U8(0)
	e.U8(arrayClient(h.filtered))
	e.uint("element size", uint64(h.Shape.Bytes()), 1)
	e.U8(h.PageBits)
	e.length("number of elements", h.Elements)
	e.address("data block", h.Block)
	e.U32(0)
	seal(e.Buf[from:])
	return e.done(b)
}

// AppendFixedArrayBlock appends a data block, without its pages, of which no
// element is set. Spec: VII.C.
func AppendFixedArrayBlock(b []byte, h *FixedArrayHeader) ([]byte, error) {
	e := newEncoder("fixed array data block", b, wire.Sizes{Offset: h.Shape.Address})
	from := e.Len()
	e.arrayPrefix("FADB", h.filtered, h.address)
	if h.Paged() {
		e.Zero(int(h.Pages()+7) / 8)
	} else {
		e.Buf = AppendChunkElements(e.Buf, h.Shape, h.Elements)
	}
	e.U32(0)
	seal(e.Buf[from:])
	return e.done(b)
}

// CheckBlock judges the start of a data block that is to be edited.
func (h *FixedArrayHeader) CheckBlock(b []byte) error {
	return checkArrayBlock("fixed array data block", "FADB", b, h.Shape.Address, h.filtered, h.address)
}

// ElementAt is the place of element i in a data block without pages.
func (h *FixedArrayHeader) ElementAt(i uint64) int {
	return 6 + h.Shape.Address + int(i)*h.Shape.Bytes()
}

// PageBit gives the byte of a data block, and the bit in it, that says whether
// page i was ever written.
func (h *FixedArrayHeader) PageBit(i uint64) (at int, bit byte) {
	return 6 + h.Shape.Address + int(i/8), bitMask(i)
}

// PageElements is how many elements a page holds.
func (h *FixedArrayHeader) PageElements() uint64 { return 1 << h.PageBits }

// Paged tells whether the elements stand in pages behind the data block.
func (h *FixedArrayHeader) Paged() bool { return h.Elements > h.PageElements() }

// Pages is the number of pages.
func (h *FixedArrayHeader) Pages() uint64 { return (h.Elements-1)>>h.PageBits + 1 }

// BlockSize is the number of bytes of the data block without pages.
func (h *FixedArrayHeader) BlockSize() uint64 {
	prefix := uint64(4 + 1 + 1 + h.Shape.Address)
	if h.Paged() {
		return prefix + (h.Pages()+7)/8 + 4
	}
	return prefix + h.Elements*uint64(h.Shape.Bytes()) + 4
}

// Page gives the position and the number of elements of page i, i < Pages.
// ok is false when no file reaches that far.
func (h *FixedArrayHeader) Page(i uint64) (addr wire.Address, elements uint64, ok bool) {
	size := uint64(h.Shape.Bytes())
	at, fits := wire.Mul(i, h.PageElements()*size+4)
	start, ok := wire.Add(uint64(h.Block), h.BlockSize())
	pos, ok2 := wire.Add(start, at)
	elements = min(h.PageElements(), h.Elements-i<<h.PageBits)
	return wire.Address(pos), elements, fits && ok && ok2
}

// FixedArrayBlock is a fixed array's data block: "FADB", version, client,
// header address, then either a bitmap of initialised pages or all elements,
// checksum 4. Spec: VII.C.
type FixedArrayBlock struct {
	Elements *ChunkElements // nil when paged
	bitmap   []byte
}

// DecodeFixedArrayBlock reads exactly BlockSize bytes. Spec: VII.C.
func DecodeFixedArrayBlock(b []byte, h *FixedArrayHeader) (*FixedArrayBlock, error) {
	const name = "fixed array data block"
	if uint64(len(b)) != h.BlockSize() {
		return nil, h5err.Corrupt(name, "size", "%d bytes, want %d", len(b), h.BlockSize())
	}
	body, err := verifyTagged(name, "FADB", b)
	if err != nil {
		return nil, err
	}
	r := wire.NewReader(body, wire.Sizes{Offset: h.Shape.Address})
	if err := decodeArrayPrefix(name, r, h.filtered, h.address); err != nil {
		return nil, err
	}
	if h.Paged() {
		return &FixedArrayBlock{bitmap: r.Rest()}, nil
	}
	e, err := newChunkElements(name, r.Rest(), h.Shape)
	return &FixedArrayBlock{Elements: e}, err
}

// Initialised tells whether page i was ever written; a page that was not has
// no allocated chunk and its bytes mean nothing.
func (b *FixedArrayBlock) Initialised(page uint64) bool { return bitAt(b.bitmap, page) }

// Pages is how many pages the bitmap has room for; 0 when not paged.
func (b *FixedArrayBlock) Pages() uint64 { return 8 * uint64(len(b.bitmap)) }
