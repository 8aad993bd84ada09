package format

import (
	"math/bits"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// ExtensibleArrayHeader describes an extensible array: "EAHD", version, client,
// element size 1, max bits 1, index elements 1, min elements 1, min pointers 1,
// page bits 1, six lengths (super blocks, their bytes, data blocks, their
// bytes, 1 + the highest element set, elements), index block address,
// checksum 4. Spec: VII.D.
type ExtensibleArrayHeader struct {
	MaxBits       uint8 // the array holds fewer than 2^MaxBits elements
	IndexElements uint8 // elements in the index block
	MinElements   uint8 // elements in the smallest data block
	MinPointers   uint8 // data blocks of the smallest super block
	PageBits      uint8
	Used          uint64 // elements from here on are not set
	IndexBlock    wire.Address
	Stats         ExtensibleArrayStats
	Shape         ChunkElementShape
	address       wire.Address
	filtered      bool
}

// ExtensibleArrayStats count what was made for an extensible array.
type ExtensibleArrayStats struct {
	SuperBlocks     uint64
	SuperBlockBytes uint64
	DataBlocks      uint64
	DataBlockBytes  uint64
	Elements        uint64 // there is room for, with those of the index block
}

// ExtensibleArrayHeaderSize is the number of bytes of a header.
func ExtensibleArrayHeaderSize(s wire.Sizes) uint64 { return uint64(4 + 8 + 6*s.Length + s.Offset + 4) }

// DecodeExtensibleArrayHeader reads exactly the header at addr of an index
// whose elements have that shape. Spec: VII.D.
func DecodeExtensibleArrayHeader(b []byte, s wire.Sizes, addr wire.Address, shape ChunkElementShape) (*ExtensibleArrayHeader, error) {
	const name = "extensible array header"
	if _, err := verifyTagged(name, "EAHD", b); err != nil {
		return nil, err
	}
	return LoadExtensibleArrayHeader(b, s, addr, shape)
}

// LoadExtensibleArrayHeader reads a header whose checksum was verified, or is
// owed. Spec: VII.D.
func LoadExtensibleArrayHeader(b []byte, s wire.Sizes, addr wire.Address, shape ChunkElementShape) (*ExtensibleArrayHeader, error) {
	const name = "extensible array header"
	if string(b[:4]) != "EAHD" {
		return nil, h5err.Corrupt(name, "signature", "got %q, want %q", b[:4], "EAHD")
	}
	r := wire.NewReader(b, s)
	r.Skip(4)
	version, client, size := r.U8(), r.U8(), int(r.U8())
	h := &ExtensibleArrayHeader{MaxBits: r.U8(), IndexElements: r.U8(), MinElements: r.U8(), MinPointers: r.U8(),
		PageBits: r.U8(), Shape: shape, address: addr, filtered: shape.Size > 0}
	h.counts(r)
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

// counts reads what changes as an array is edited.
func (h *ExtensibleArrayHeader) counts(r *wire.Reader) {
	t := &h.Stats
	t.SuperBlocks, t.SuperBlockBytes, t.DataBlocks, t.DataBlockBytes = r.Length(), r.Length(), r.Length(), r.Length()
	h.Used, t.Elements, h.IndexBlock = r.Length(), r.Length(), r.Address()
}

// check holds the creation parameters to what the arithmetic below needs.
func (h *ExtensibleArrayHeader) check() error {
	const name = "extensible array header"
	powers := bits.OnesCount8(h.MinElements) == 1 && bits.OnesCount8(h.MinPointers) == 1
	switch {
	case h.MaxBits == 0 || h.MaxBits > 64:
		return h5err.Corrupt(name, "max bits", "%d", h.MaxBits)
	case h.MaxBits > 60:
		return h5err.Unsupported(name, "max bits", "%d", h.MaxBits)
	case !powers || h.MinPointers < 2:
		return h5err.Corrupt(name, "min elements and pointers", "%d and %d must be powers of two", h.MinElements, h.MinPointers)
	case h.PageBits == 0 || h.PageBits > maxArrayPageBits:
		return h5err.Corrupt(name, "page bits", "%d", h.PageBits)
	case int(h.MaxBits) < h.log2MinElements():
		return h5err.Corrupt(name, "max bits", "%d is too small for data blocks of %d", h.MaxBits, h.MinElements)
	case h.SuperBlocks() < h.directSuperBlocks():
		return h5err.Corrupt(name, "min pointers", "%d in an array of %d super blocks", h.MinPointers, h.SuperBlocks())
	case h.SuperBlock(h.directSuperBlocks()-1).BlockElements > h.PageElements():
		return h5err.Corrupt(name, "page bits", "%d are too small for the data blocks of the index block", h.PageBits)
	}
	return nil
}

func (h *ExtensibleArrayHeader) log2MinElements() int { return bits.Len8(h.MinElements) - 1 }

// PageElements is how many elements a page of a data block holds.
func (h *ExtensibleArrayHeader) PageElements() uint64 { return 1 << h.PageBits }

// SuperBlocks is the number of super blocks of the full array.
func (h *ExtensibleArrayHeader) SuperBlocks() int { return 1 + int(h.MaxBits) - h.log2MinElements() }

// directSuperBlocks is how many super blocks have no record of their own, as
// the index block holds the addresses of their data blocks.
func (h *ExtensibleArrayHeader) directSuperBlocks() int { return 2 * (bits.Len8(h.MinPointers) - 1) }

// ExtensibleArraySuperBlock tells the shape of a super block, which follows
// from its position alone.
type ExtensibleArraySuperBlock struct {
	Direct        bool   // its data blocks are listed in the index block
	First         uint64 // its first element, counted behind those of the index block
	Blocks        uint64 // data blocks
	BlockElements uint64 // elements in each of its data blocks
	BlockPages    uint64 // pages in each data block; 0 when not paged
	FirstBlock    uint64 // its first data block among those of the index block, if Direct
}

// SuperBlock gives the shape of super block s, 0 ≤ s < SuperBlocks.
func (h *ExtensibleArrayHeader) SuperBlock(s int) ExtensibleArraySuperBlock {
	sb := ExtensibleArraySuperBlock{
		Direct:        s < h.directSuperBlocks(),
		First:         (1<<s - 1) << h.log2MinElements(),
		Blocks:        1 << (s / 2),
		BlockElements: 1 << ((s+1)/2 + h.log2MinElements()),
		FirstBlock:    2*(1<<(s/2)-1) + uint64(s%2)<<(s/2),
	}
	if sb.BlockElements > h.PageElements() {
		sb.BlockPages = sb.BlockElements >> h.PageBits
	}
	return sb
}

// SuperBlockOf gives the super block that holds element i, counted behind
// those of the index block; it may be SuperBlocks or above.
func (h *ExtensibleArrayHeader) SuperBlockOf(i uint64) int {
	return bits.Len64(i>>h.log2MinElements()+1) - 1
}

// blockPrefix is signature, version, client and header address.
func (h *ExtensibleArrayHeader) blockPrefix() uint64 { return uint64(4 + 1 + 1 + h.Shape.Address) }

// offsetWidth is the width of a block's offset in the array.
func (h *ExtensibleArrayHeader) offsetWidth() uint64 { return uint64(h.MaxBits+7) / 8 }

// ExtensibleArrayIndexBlock is the index block: "EAIB", version, client, header
// address, elements, data block addresses, super block addresses, checksum 4.
// Spec: VII.D.
type ExtensibleArrayIndexBlock struct {
	Elements *ChunkElements
	offset   int
	blocks   []byte
	supers   []byte
	direct   int
}

// IndexBlockSize is the number of bytes of the index block.
func (h *ExtensibleArrayHeader) IndexBlockSize() uint64 {
	addresses := 2*(int(h.MinPointers)-1) + h.SuperBlocks() - h.directSuperBlocks()
	return h.blockPrefix() + uint64(int(h.IndexElements)*h.Shape.Bytes()+addresses*h.Shape.Address) + 4
}

// DecodeExtensibleArrayIndexBlock reads exactly IndexBlockSize bytes. Spec: VII.D.
func DecodeExtensibleArrayIndexBlock(b []byte, h *ExtensibleArrayHeader) (*ExtensibleArrayIndexBlock, error) {
	const name = "extensible array index block"
	r, err := h.open(name, "EAIB", b, h.IndexBlockSize())
	if err != nil {
		return nil, err
	}
	e, err := newChunkElements(name, r.Bytes(int(h.IndexElements)*h.Shape.Bytes()), h.Shape)
	if err != nil {
		return nil, err
	}
	blocks := r.Bytes(2 * (int(h.MinPointers) - 1) * h.Shape.Address)
	return &ExtensibleArrayIndexBlock{Elements: e, offset: h.Shape.Address, blocks: blocks, supers: r.Rest(),
		direct: h.directSuperBlocks()}, nil
}

// Block gives the address of data block i of the super blocks that are Direct.
func (b *ExtensibleArrayIndexBlock) Block(i uint64) wire.Address {
	at := int(i) * b.offset
	return addressFrom(b.blocks[at : at+b.offset])
}

// SuperBlock gives the address of super block s, which is not Direct.
func (b *ExtensibleArrayIndexBlock) SuperBlock(s int) wire.Address {
	at := (s - b.direct) * b.offset
	return addressFrom(b.supers[at : at+b.offset])
}

// ExtensibleArrayBlocks is a super block: "EASB", version, client, header
// address, offset in the array, a bitmap of initialised pages for all data
// blocks if they are paged, data block addresses, checksum 4. Spec: VII.D.
type ExtensibleArrayBlocks struct {
	Shape  ExtensibleArraySuperBlock
	offset int
	bitmap []byte
	blocks []byte
}

// SuperBlockSize is the number of bytes of a super block's record.
func (h *ExtensibleArrayHeader) SuperBlockSize(sb ExtensibleArraySuperBlock) uint64 {
	return h.blockPrefix() + h.offsetWidth() + sb.bitmapBytes() + sb.Blocks*uint64(h.Shape.Address) + 4
}

// bitmapBytes has whole bytes for each data block, though bits are counted
// through all of them.
func (sb ExtensibleArraySuperBlock) bitmapBytes() uint64 {
	return sb.Blocks * ((sb.BlockPages + 7) / 8)
}

// DecodeExtensibleArrayBlocks reads exactly SuperBlockSize bytes. Spec: VII.D.
func DecodeExtensibleArrayBlocks(b []byte, h *ExtensibleArrayHeader, sb ExtensibleArraySuperBlock) (*ExtensibleArrayBlocks, error) {
	const name = "extensible array secondary block"
	r, err := h.open(name, "EASB", b, h.SuperBlockSize(sb))
	if err != nil {
		return nil, err
	}
	r.Skip(int(h.offsetWidth()))
	bitmap := r.Bytes(int(sb.bitmapBytes()))
	return &ExtensibleArrayBlocks{Shape: sb, offset: h.Shape.Address, bitmap: bitmap, blocks: r.Rest()}, inRecord(name, r.Err())
}

// Block gives the address of data block i.
func (b *ExtensibleArrayBlocks) Block(i uint64) wire.Address {
	at := int(i) * b.offset
	return addressFrom(b.blocks[at : at+b.offset])
}

// Initialised tells whether that page of data block i was ever written.
func (b *ExtensibleArrayBlocks) Initialised(i, page uint64) bool {
	return bitAt(b.bitmap, i*b.Shape.BlockPages+page)
}

// Size is the number of bytes that are kept alive.
func (b *ExtensibleArrayBlocks) Size() int { return len(b.bitmap) + len(b.blocks) }

// DataBlockSize is the number of bytes of a data block that is not paged.
func (h *ExtensibleArrayHeader) DataBlockSize(elements uint64) uint64 {
	return h.blockPrefix() + h.offsetWidth() + elements*uint64(h.Shape.Bytes()) + 4
}

// DecodeExtensibleArrayDataBlock reads exactly DataBlockSize bytes: "EADB",
// version, client, header address, offset in the array, elements, checksum 4.
// The offset is not compared: libhdf5 writes others than the specification
// says. Spec: VII.D.
func DecodeExtensibleArrayDataBlock(b []byte, h *ExtensibleArrayHeader, elements uint64) (*ChunkElements, error) {
	const name = "extensible array data block"
	r, err := h.open(name, "EADB", b, h.DataBlockSize(elements))
	if err != nil {
		return nil, err
	}
	r.Skip(int(h.offsetWidth()))
	return newChunkElements(name, r.Rest(), h.Shape)
}

// Page gives the position of a page of the paged data block at block; ok is
// false when no file reaches that far.
func (h *ExtensibleArrayHeader) Page(block wire.Address, page uint64) (wire.Address, bool) {
	at, fits := wire.Mul(page, h.PageElements()*uint64(h.Shape.Bytes())+4)
	start, ok := wire.Add(uint64(block), h.DataBlockSize(0))
	pos, ok2 := wire.Add(start, at)
	return wire.Address(pos), fits && ok && ok2
}

// open verifies a block of this array up to its header address.
func (h *ExtensibleArrayHeader) open(name, tag string, b []byte, want uint64) (*wire.Reader, error) {
	if uint64(len(b)) != want {
		return nil, h5err.Corrupt(name, "size", "%d bytes, want %d", len(b), want)
	}
	body, err := verifyTagged(name, tag, b)
	if err != nil {
		return nil, err
	}
	r := wire.NewReader(body, wire.Sizes{Offset: h.Shape.Address})
	return r, decodeArrayPrefix(name, r, h.filtered, h.address)
}
