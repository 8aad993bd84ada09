package format

import (
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// LayoutClass is how a dataset's raw data is stored. Spec: IV.A.2.i.
type LayoutClass uint8

// The layout classes, numbered as in the file.
const (
	LayoutCompact LayoutClass = iota
	LayoutContiguous
	LayoutChunked
	LayoutVirtual
)

// String is the class's customary name.
func (c LayoutClass) String() string {
	return [...]string{"compact", "contiguous", "chunked", "virtual", "unknown"}[min(c, 4)]
}

// ChunkIndexType numbers the chunk indexes of layout versions 4 and 5; 0 is
// the version 1 B-tree of the layouts before them. Spec: IV.A.2.i.
type ChunkIndexType uint8

// The chunk indexes.
const (
	IndexBTreeV1 ChunkIndexType = iota
	IndexSingle
	IndexImplicit
	IndexFixedArray
	IndexExtensibleArray
	IndexBTreeV2
)

// Layout is the data layout message. Spec: IV.A.2.i.
type Layout struct {
	Version uint8
	Class   LayoutClass
	Data    []byte       // compact: the raw data
	Address wire.Address // contiguous: the data; chunked: the index
	Size    uint64       // contiguous: bytes; only where HasSize
	HasSize bool         // contiguous: versions 1 and 2 store no size

	// Chunked.
	ChunkDims      []uint64 // [rank], in elements
	ElementSize    uint64   // the last "dimension" of the chunk
	Index          ChunkIndexType
	UnfilteredEdge bool   // chunks that stick out of the dataset are not filtered
	FilteredSize   uint64 // single chunk with filters
	FilterMask     uint32 // single chunk with filters
	HasFiltered    bool   // single chunk: FilteredSize and FilterMask are stored
	PageBits       uint8  // fixed and extensible array
	MaxBits        uint8  // extensible array: bits of the largest number of elements
	IndexElements  uint8  // extensible array: elements in the index block
	MinPointers    uint8  // extensible array: data block pointers in a super block
	MinElements    uint8  // extensible array: elements in a data block
	NodeSize       uint32 // B-tree v2
	Split, Merge   uint8  // B-tree v2, percent

	// Virtual: the mappings are in a global heap object.
	HeapAddress wire.Address
	HeapIndex   uint32
}

// LayoutVersion is the version of the message that libhdf5 writes for a new
// dataset under the low bound; filtered says that chunks go through filters.
func LayoutVersion(c LayoutClass, filtered bool, low Bound) uint8 {
	switch {
	case c == LayoutVirtual, c == LayoutChunked && low >= BoundV110 && !filtered:
		return 4
	case c == LayoutChunked && low >= BoundV110:
		return low.of([...]uint8{3, 3, 4, 4, 4, 5})
	}
	return 3
}

// DecodeLayout reads a data layout message of any version. Spec: IV.A.2.i.
func DecodeLayout(b []byte, s wire.Sizes) (*Layout, error) {
	const name = "data layout message"
	r := wire.NewReader(b, s)
	l := &Layout{Version: r.U8(), Address: wire.Undefined}
	if r.Err() != nil {
		return nil, inRecord(name, r.Err())
	}
	var err error
	switch l.Version {
	case 1, 2:
		err = l.decodeV1(r)
	case 3, 4, 5:
		err = l.decodeV3(r)
	default:
		err = unknownVersion(name, l.Version, "1 to 5")
	}
	if err == nil {
		err = r.Err()
	}
	return l, inRecord(name, err)
}

// AppendLayout appends a data layout message of l.Version. ErrUnsupported says
// that this version has no such layout, or has fields that Layout does not keep:
// of versions 1 and 2 only chunked layouts can be written. ErrLimit says that a
// number does not fit its field. Spec: IV.A.2.i.
func AppendLayout(b []byte, l *Layout, s wire.Sizes) ([]byte, error) {
	e := newEncoder("data layout message", b, s)
	e.U8(l.Version)
	switch {
	case l.Version < 1 || l.Version > 5:
		e.fail(unknownVersion("", l.Version, "1 to 5"))
	case l.Class > LayoutVirtual, l.Version < 4 && (l.Class == LayoutVirtual || l.Index != IndexBTreeV1):
		e.fail(noForm("class", "%v with chunk index %d in version %d", l.Class, l.Index, l.Version))
	case l.Version < 3:
		e.layoutV1(l)
	default:
		e.layoutV3(l)
	}
	return e.done(b)
}

// layoutV1 appends a chunked layout.
func (e *encoder) layoutV1(l *Layout) {
	if l.Class != LayoutChunked {
		e.fail(noForm("class", "%v in version %d", l.Class, l.Version))
		return
	}
	e.U8(uint8(len(l.ChunkDims) + 1))
	e.U8(uint8(l.Class))
	e.Zero(5)
	e.address("address", l.Address)
	e.chunkDims(l, 4)
}

// layoutV3 appends class and what it stores.
func (e *encoder) layoutV3(l *Layout) {
	e.U8(uint8(l.Class))
	switch {
	case l.Class == LayoutCompact:
		e.uint("size", uint64(len(l.Data)), 2)
		e.Bytes(l.Data)
	case l.Class == LayoutContiguous:
		e.address("address", l.Address)
		e.length("size", l.Size)
	case l.Class == LayoutVirtual:
		e.address("heap address", l.HeapAddress)
		e.U32(l.HeapIndex)
	case l.Version == 3:
		e.U8(uint8(len(l.ChunkDims) + 1))
		e.address("address", l.Address)
		e.chunkDims(l, 4)
	default:
		e.layoutChunkedV4(l)
	}
}

// layoutChunkedV4 appends a chunk's sizes, all as wide as the greatest needs,
// and the index's parameters.
func (e *encoder) layoutChunkedV4(l *Layout) {
	if l.HasFiltered && l.Index != IndexSingle {
		e.fail(noForm("filtered size", "of chunk index %d", l.Index))
	}
	width := wire.UintWidth(l.ElementSize)
	for _, n := range l.ChunkDims {
		width = max(width, wire.UintWidth(n))
	}
	e.U8(uint8(bit(l.UnfilteredEdge, 0) | bit(l.HasFiltered, 1)))
	e.U8(uint8(len(l.ChunkDims) + 1))
	e.U8(uint8(width))
	e.chunkDims(l, width)
	e.U8(uint8(l.Index))
	switch l.Index {
	case IndexSingle:
		if l.HasFiltered {
			e.length("filtered size", l.FilteredSize)
			e.U32(l.FilterMask)
		}
	case IndexImplicit:
	case IndexFixedArray:
		e.U8(l.PageBits)
	case IndexExtensibleArray:
		e.Bytes([]byte{l.MaxBits, l.IndexElements, l.MinPointers, l.MinElements, l.PageBits})
	case IndexBTreeV2:
		e.U32(l.NodeSize)
		e.Bytes([]byte{l.Split, l.Merge})
	default:
		e.fail(noForm("chunk index", "type %d in version %d", l.Index, l.Version))
	}
	e.address("address", l.Address)
}

// chunkDims appends a chunk's sizes and that of an element.
func (e *encoder) chunkDims(l *Layout, width int) {
	if n := len(l.ChunkDims); n < 1 || n > maxRank {
		e.fail(noForm("dimensionality", "%d", n))
	}
	for i, n := range l.ChunkDims {
		if n == 0 {
			e.fail(noForm("dimension size", "chunk dimension %d is 0", i))
		}
		e.uint("dimension size", n, width)
	}
	if l.ElementSize == 0 {
		e.fail(noForm("element size", "0"))
	}
	e.uint("element size", l.ElementSize, width)
}

// decodeV1: dimensionality, class, reserved 5, [address], sizes 4 each,
// [compact: size 4, data].
func (l *Layout) decodeV1(r *wire.Reader) error {
	n := int(r.U8())
	l.Class = LayoutClass(r.U8())
	r.Skip(5)
	if l.Class > LayoutChunked {
		return h5err.Corrupt("", "class", "%d", l.Class)
	}
	if l.Class != LayoutCompact {
		l.Address = r.Address()
	}
	if l.Class == LayoutChunked {
		return l.chunkDims(r, n, 4)
	}
	if n > maxRank+1 {
		return h5err.Corrupt("", "dimensionality", "%d", n)
	}
	r.Skip(4 * n)
	if l.Class == LayoutCompact {
		l.Data = r.Bytes(int(min(r.U32(), 1<<30)))
	}
	return nil
}

// decodeV3: class, then what that class stores.
func (l *Layout) decodeV3(r *wire.Reader) error {
	l.Class = LayoutClass(r.U8())
	switch l.Class {
	case LayoutCompact:
		l.Data = r.Bytes(int(r.U16()))
	case LayoutContiguous:
		l.Address, l.Size, l.HasSize = r.Address(), r.Length(), true
	case LayoutChunked:
		if l.Version == 3 {
			n := int(r.U8())
			l.Address = r.Address()
			return l.chunkDims(r, n, 4)
		}
		return l.decodeChunkedV4(r)
	case LayoutVirtual:
		if l.Version < 4 {
			return h5err.Corrupt("", "class", "virtual in version %d", l.Version)
		}
		l.HeapAddress, l.HeapIndex = r.Address(), r.U32()
	default:
		return h5err.Corrupt("", "class", "%d", l.Class)
	}
	return nil
}

// decodeChunkedV4: flags, dimensionality, width of sizes, sizes, index type,
// the index's parameters, address.
func (l *Layout) decodeChunkedV4(r *wire.Reader) error {
	flags, n, width := r.U8(), int(r.U8()), int(r.U8())
	if flags&^uint8(3) != 0 {
		return h5err.Corrupt("", "flags", "0x%02x", flags)
	}
	if r.Err() == nil && (width < 1 || width > 8) {
		return h5err.Corrupt("", "dimension size encoded length", "%d", width)
	}
	l.UnfilteredEdge = flags&1 != 0
	if err := l.chunkDims(r, n, width); err != nil {
		return err
	}
	l.Index = ChunkIndexType(r.U8())
	switch l.Index {
	case IndexSingle:
		if flags&2 != 0 {
			l.FilteredSize, l.FilterMask, l.HasFiltered = r.Length(), r.U32(), true
		}
	case IndexImplicit:
	case IndexFixedArray:
		l.PageBits = r.U8()
	case IndexExtensibleArray:
		l.MaxBits, l.IndexElements, l.MinPointers, l.MinElements, l.PageBits = r.U8(), r.U8(), r.U8(), r.U8(), r.U8()
	case IndexBTreeV2:
		l.NodeSize, l.Split, l.Merge = r.U32(), r.U8(), r.U8()
	default:
		if r.Err() == nil {
			return h5err.Unsupported("", "chunk index", "type %d", l.Index)
		}
	}
	l.Address = r.Address()
	return nil
}

// chunkDims reads n sizes, of which the last is that of an element in bytes.
func (l *Layout) chunkDims(r *wire.Reader, n, width int) error {
	if r.Err() != nil {
		return r.Err()
	}
	if n < 2 || n > 33 {
		return h5err.Corrupt("", "dimensionality", "%d, want 2 to 33", n)
	}
	dims := make([]uint64, n)
	for i := range dims {
		dims[i] = r.Uint(width)
		if dims[i] == 0 && r.Err() == nil {
			return h5err.Corrupt("", "dimension size", "chunk dimension %d is 0", i)
		}
	}
	l.ChunkDims, l.ElementSize = dims[:n-1], dims[n-1]
	return nil
}
