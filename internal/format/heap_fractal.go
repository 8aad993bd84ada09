package format

import (
	"encoding/binary"
	"math/bits"

	"gables/hdf5/h5err"
	"gables/internal/checksum"
	"gables/internal/wire"
)

// FractalHeap is the header of a fractal heap. Spec: III.F.
type FractalHeap struct {
	IDLength        int
	Flags           uint8  // bit 1: direct blocks have checksums
	MaxManaged      uint32 // largest object in a managed block
	NextHuge        uint64 // the ID that a huge object got last
	HugeTree        wire.Address
	FreeSpace       uint64       // bytes of the table's direct blocks, also of those that are not there yet, that no object uses
	Manager         wire.Address // free-space manager
	Managed         uint64       // bytes of the heap's address space that the table covers
	Allocated       uint64       // bytes of its direct blocks
	Iterator        uint64       // offset of the direct block that is made next
	Objects         uint64       // in managed blocks
	HugeSize        uint64
	HugeObjects     uint64
	TinySize        uint64
	TinyObjects     uint64
	TableWidth      uint64
	StartBlock      uint64 // bytes of the first direct blocks
	MaxDirect       uint64 // bytes of the largest direct blocks
	MaxHeapBits     int    // bits of the heap's address space
	StartRows       int    // rows that the root indirect block begins with
	Root            wire.Address
	RootRows        int // rows of the root indirect block; 0: the root is a direct block
	Filters         []FilterSpec
	RootSize        uint64 // stored bytes of a filtered root direct block
	RootMask        uint32
	OffsetSize      int // bytes of an offset in an ID and a block header
	LengthSize      int // bytes of a length in an ID
	MaxDirectRows   int
	HugeDirect      bool // IDs of huge objects hold address and length
	HugeIDSize      int
	TinyExtended    bool // IDs of tiny objects have 12 bits of length
	HasFilters      bool
	ChecksumPresent bool
}

// FractalHeapPrefix is the bytes of a header up to and with the length of its
// filter information.
const FractalHeapPrefix = 9

// FractalHeapSize is the size of the header whose first FractalHeapPrefix
// bytes are b.
func FractalHeapSize(b []byte, s wire.Sizes) uint64 {
	n := uint64(4 + 1 + 2 + 2 + 1 + 4 + 12*s.Length + 3*s.Offset + 2 + 2 + 2 + 2 + 4)
	if len(b) >= FractalHeapPrefix {
		if f := uint64(binary.LittleEndian.Uint16(b[7:])); f > 0 {
			n += f + uint64(s.Length) + 4
		}
	}
	return n
}

// DecodeFractalHeap reads "FRHP", version, ID length 2, filter length 2, flags,
// largest managed object 4, next huge ID, huge tree, free space, its manager,
// managed space, allocated, iterator, objects; huge size and objects, tiny
// size and objects; table width 2, starting block, largest direct block, heap
// bits 2, starting rows 2, root, current rows 2, [stored root size, mask 4,
// filters], checksum 4. Spec: III.F.
func DecodeFractalHeap(b []byte, s wire.Sizes) (*FractalHeap, error) {
	const name = "fractal heap"
	body, err := verify(name, b)
	if err != nil {
		return nil, err
	}
	return loadFractalHeap(body, s)
}

// LoadFractalHeap is DecodeFractalHeap for a record whose checksum has been
// looked after.
func LoadFractalHeap(b []byte, s wire.Sizes) (*FractalHeap, error) {
	return loadFractalHeap(b[:max(len(b)-4, 0)], s)
}

func loadFractalHeap(body []byte, s wire.Sizes) (*FractalHeap, error) {
	const name = "fractal heap"
	var err error
	r := wire.NewReader(body, s)
	r.Signature("FRHP")
	if v := r.U8(); v != 0 && r.Err() == nil {
		return nil, unknownVersion(name, v, "0")
	}
	h := &FractalHeap{IDLength: int(r.U16())}
	filterLen := int(r.U16())
	h.Flags, h.MaxManaged = r.U8(), r.U32()
	h.ChecksumPresent, h.HasFilters = h.Flags&2 != 0, filterLen > 0
	h.NextHuge, h.HugeTree = r.Length(), r.Address()
	h.FreeSpace, h.Manager = r.Length(), r.Address()
	h.Managed, h.Allocated, h.Iterator, h.Objects = r.Length(), r.Length(), r.Length(), r.Length()
	h.HugeSize, h.HugeObjects, h.TinySize, h.TinyObjects = r.Length(), r.Length(), r.Length(), r.Length()
	h.TableWidth, h.StartBlock, h.MaxDirect = uint64(r.U16()), r.Length(), r.Length()
	h.MaxHeapBits = int(r.U16())
	h.StartRows = int(r.U16())
	h.Root, h.RootRows = r.Address(), int(r.U16())
	if h.HasFilters {
		h.RootSize, h.RootMask = r.Length(), r.U32()
		if h.Filters, err = DecodePipeline(r.Bytes(filterLen)); err != nil {
			return nil, err
		}
	}
	if r.Err() != nil {
		return nil, inRecord(name, r.Err())
	}
	return h, h.derive(s)
}

// AppendFractalHeap appends the header of a heap without filters; one that has
// some is ErrUnsupported. Spec: III.F.
func AppendFractalHeap(b []byte, h *FractalHeap, s wire.Sizes) ([]byte, error) {
	e := newEncoder("fractal heap", b, s)
	if h.HasFilters {
		e.fail(noForm("filters", "%d", len(h.Filters)))
	}
	e.String("FRHP")
	e.U8(0)
	e.uint("ID length", uint64(h.IDLength), 2)
	e.U16(0) // length of the filters
	e.U8(h.Flags)
	e.U32(h.MaxManaged)
	e.length("next huge ID", h.NextHuge)
	e.address("huge object B-tree", h.HugeTree)
	e.length("free space", h.FreeSpace)
	e.address("free-space manager", h.Manager)
	for _, v := range [...]uint64{h.Managed, h.Allocated, h.Iterator, h.Objects, h.HugeSize, h.HugeObjects, h.TinySize, h.TinyObjects} {
		e.length("statistics", v)
	}
	e.uint("table width", h.TableWidth, 2)
	e.length("starting block", h.StartBlock)
	e.length("largest direct block", h.MaxDirect)
	e.uint("heap bits", uint64(h.MaxHeapBits), 2)
	e.uint("starting rows", uint64(h.StartRows), 2)
	e.address("root", h.Root)
	e.uint("current rows", uint64(h.RootRows), 2)
	e.U32(0)
	if e.err == nil {
		seal(e.Buf[len(b):])
	}
	return e.done(b)
}

// Derive checks the header of a heap that is to be made, and computes what
// follows from it.
func (h *FractalHeap) Derive(s wire.Sizes) error { return h.derive(s) }

// derive checks the doubling table and computes what follows from the header.
func (h *FractalHeap) derive(s wire.Sizes) error {
	const name = "fractal heap"
	pow2 := func(v uint64) bool { return v != 0 && v&(v-1) == 0 }
	if !pow2(h.TableWidth) || !pow2(h.StartBlock) || !pow2(h.MaxDirect) || h.MaxDirect < h.StartBlock ||
		h.MaxHeapBits < 1 || h.MaxHeapBits > 64 || h.MaxDirect > 1<<32 {
		return h5err.Corrupt(name, "doubling table", "width %d, blocks %d to %d, %d bits", h.TableWidth, h.StartBlock, h.MaxDirect, h.MaxHeapBits)
	}
	if h.IDLength < 3 || h.IDLength > 4096 {
		return h5err.Corrupt(name, "heap ID length", "%d", h.IDLength)
	}
	log := func(v uint64) int { return bits.Len64(v) - 1 }
	h.MaxDirectRows = log(h.MaxDirect) - log(h.StartBlock) + 2
	if maxRows := h.MaxHeapBits - log(h.StartBlock*h.TableWidth) + 1; h.RootRows > maxRows {
		return h5err.Corrupt(name, "current rows", "%d, at most %d", h.RootRows, maxRows)
	}
	h.OffsetSize = (h.MaxHeapBits + 7) / 8
	h.LengthSize = min((log(h.MaxDirect)+7)/8, wire.UintWidth(uint64(h.MaxManaged)))
	direct := s.Offset + s.Length
	if h.HasFilters {
		direct += 4 + s.Length
	}
	h.HugeDirect = direct <= h.IDLength-1
	h.HugeIDSize = min(8, h.IDLength-1)
	// An ID of 18 would need the longer form for 17 bytes alone: it keeps the short one.
	h.TinyExtended = h.IDLength > 18
	return nil
}

// RowBlockSize is the bytes of each block in a row of the doubling table.
func (h *FractalHeap) RowBlockSize(row int) uint64 {
	if row == 0 {
		return h.StartBlock
	}
	return h.StartBlock << (row - 1)
}

// RowOffset is the heap offset of a row's first block, relative to its table.
func (h *FractalHeap) RowOffset(row int) uint64 {
	if row == 0 {
		return 0
	}
	return h.StartBlock * h.TableWidth << (row - 1)
}

// Locate gives row and column of the block that holds an offset of a table.
func (h *FractalHeap) Locate(offset uint64) (row int, col uint64) {
	if first := h.StartBlock * h.TableWidth; offset >= first {
		row = bits.Len64(offset / first)
	}
	return row, (offset - h.RowOffset(row)) / h.RowBlockSize(row)
}

// ChildRows is the rows of the indirect block in the given row.
func (h *FractalHeap) ChildRows(row int) int {
	return bits.Len64(h.RowBlockSize(row)/(h.StartBlock*h.TableWidth)-1) + 1
}

// HeapBlock is one entry of an indirect block.
type HeapBlock struct {
	Address wire.Address
	Size    uint64 // stored bytes of a filtered direct block
	Mask    uint32
}

// IndirectBlockSize is the bytes of an indirect block of that many rows.
func (h *FractalHeap) IndirectBlockSize(rows int, s wire.Sizes) uint64 {
	direct := uint64(min(rows, h.MaxDirectRows)) * h.TableWidth
	indirect := uint64(rows)*h.TableWidth - direct
	entry := uint64(s.Offset)
	if h.HasFilters {
		entry += uint64(s.Length) + 4
	}
	return uint64(4+1+s.Offset+h.OffsetSize) + direct*entry + indirect*uint64(s.Offset) + 4
}

// DirectOverhead is the bytes of a direct block before its objects.
func (h *FractalHeap) DirectOverhead(s wire.Sizes) int {
	n := 4 + 1 + s.Offset + h.OffsetSize
	if h.ChecksumPresent {
		n += 4
	}
	return n
}

// IndirectEntryAt is the place of the i-th entry in an indirect block of a heap
// without filters.
func (h *FractalHeap) IndirectEntryAt(i int, s wire.Sizes) int {
	return 4 + 1 + s.Offset + h.OffsetSize + i*s.Offset
}

// RowOf is the first row whose blocks have at least size bytes.
func (h *FractalHeap) RowOf(size uint64) int {
	if size <= h.StartBlock {
		return 0
	}
	return bits.Len64((size-1)/h.StartBlock) + 1
}

// MaxRows is the most rows that a root indirect block may have.
func (h *FractalHeap) MaxRows() int {
	return h.MaxHeapBits - (bits.Len64(h.StartBlock*h.TableWidth) - 1) + 1
}

// AppendBlockHead appends what direct and indirect blocks of the heap at addr
// begin with; offset is where they begin in the heap's address space.
func (h *FractalHeap) AppendBlockHead(b []byte, signature string, addr wire.Address, offset uint64, s wire.Sizes) ([]byte, error) {
	e := newEncoder("fractal heap block", b, s)
	e.String(signature)
	e.U8(0)
	e.address("heap", addr)
	e.uint("block offset", offset, h.OffsetSize)
	return e.done(b)
}

// DecodeIndirectBlock reads "FHIB", version, heap address, block offset, direct
// entries, indirect entries, checksum 4. Spec: III.F.
func (h *FractalHeap) DecodeIndirectBlock(b []byte, rows int, s wire.Sizes) ([]HeapBlock, error) {
	const name = "fractal heap indirect block"
	body, err := verify(name, b)
	if err != nil {
		return nil, err
	}
	r := wire.NewReader(body, s)
	r.Signature("FHIB")
	if v := r.U8(); v != 0 && r.Err() == nil {
		return nil, unknownVersion(name, v, "0")
	}
	r.Address()
	r.Skip(h.OffsetSize)
	n := rows * int(h.TableWidth)
	blocks := make([]HeapBlock, 0, n)
	for i := range n {
		e := HeapBlock{Address: r.Address()}
		if h.HasFilters && i < h.MaxDirectRows*int(h.TableWidth) {
			e.Size, e.Mask = r.Length(), r.U32()
		}
		blocks = append(blocks, e)
	}
	return blocks, inRecord(name, r.Err())
}

// CheckDirectBlock compares signature, version and, where the heap has them,
// the checksum of an unfiltered direct block: "FHDB", version, heap address,
// block offset, [checksum 4], objects. Offsets count from the block's start.
// Spec: III.F.
func (h *FractalHeap) CheckDirectBlock(b []byte, s wire.Sizes) error {
	const name = "fractal heap direct block"
	r := wire.NewReader(b, s)
	r.Signature("FHDB")
	if v := r.U8(); v != 0 && r.Err() == nil {
		return unknownVersion(name, v, "0")
	}
	r.Address()
	r.Skip(h.OffsetSize)
	if !h.ChecksumPresent || r.Err() != nil {
		return inRecord(name, r.Err())
	}
	at := r.Pos()
	stored := r.U32()
	if r.Err() != nil {
		return inRecord(name, r.Err())
	}
	// The sum was taken while its own field was zero.
	copyOf := append([]byte(nil), b...)
	clear(copyOf[at : at+4])
	if got := checksum.Lookup3(copyOf); got != stored {
		return h5err.New(h5err.ErrChecksum, name, "checksum", "stored 0x%08x, bytes have 0x%08x", stored, got)
	}
	return nil
}
