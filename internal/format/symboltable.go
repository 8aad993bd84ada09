package format

import (
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// Cache types of a symbol table entry (Spec: III.C).
const (
	CacheNone     = 0
	CacheGroup    = 1 // scratch holds B-tree and local heap addresses
	CacheSoftLink = 2 // scratch holds the offset of the link's value in the local heap
)

// SymbolTableEntry is one link of an old-style group: name offset, header
// address, cache type 4, reserved 4, scratch 16. Spec: III.C.
type SymbolTableEntry struct {
	NameOffset uint64 // in the local heap; as wide as a length, where the text of the specification has an offset
	Header     wire.Address
	CacheType  uint32
	BTree      wire.Address // CacheGroup
	Heap       wire.Address // CacheGroup
	LinkOffset uint32       // CacheSoftLink: offset of the value in the local heap
}

// DecodeSymbolTableEntry takes one entry from r. Spec: III.C.
func DecodeSymbolTableEntry(r *wire.Reader) SymbolTableEntry {
	e := SymbolTableEntry{NameOffset: r.Uint(r.Sizes().Length), Header: r.Address(), CacheType: r.U32()}
	r.Skip(4)
	scratch := wire.NewReader(r.Bytes(16), r.Sizes())
	switch e.CacheType {
	case CacheNone:
	case CacheGroup:
		e.BTree, e.Heap = scratch.Address(), scratch.Address()
	case CacheSoftLink:
		e.LinkOffset = scratch.U32()
	default:
		r.Fail(h5err.Corrupt("symbol table entry", "cache type", "%d", e.CacheType))
	}
	return e
}

// AppendSymbolTableEntry appends one entry; fields that its cache type does not
// store are left out. Spec: III.C.
func AppendSymbolTableEntry(b []byte, t *SymbolTableEntry, s wire.Sizes) ([]byte, error) {
	e := newEncoder("symbol table entry", b, s)
	e.symbolTableEntry(t)
	return e.done(b)
}

func (e *encoder) symbolTableEntry(t *SymbolTableEntry) {
	e.uint("name offset", t.NameOffset, e.Sizes.Length)
	e.address("object header", t.Header)
	e.U32(t.CacheType)
	e.Zero(4)
	scratch := e.Len()
	switch t.CacheType {
	case CacheNone:
	case CacheGroup:
		e.address("B-tree", t.BTree)
		e.address("local heap", t.Heap)
	case CacheSoftLink:
		e.U32(t.LinkOffset)
	default:
		e.fail(noForm("cache type", "%d", t.CacheType))
	}
	e.Bytes(zeros[:16-(e.Len()-scratch)])
}

// SymbolTableEntrySize is the size of an entry in a file of these widths.
func SymbolTableEntrySize(s wire.Sizes) int { return s.Length + s.Offset + 24 }

// DecodeSymbolNode reads a symbol table node: "SNOD", version, reserved,
// number of symbols 2, entries. b may be longer. Spec: III.B.
func DecodeSymbolNode(b []byte, s wire.Sizes) ([]SymbolTableEntry, error) {
	const name = "symbol table node"
	r := wire.NewReader(b, s)
	r.Signature("SNOD")
	if v := r.U8(); v != 1 && r.Err() == nil {
		return nil, unknownVersion(name, v, "1")
	}
	r.Skip(1)
	n := int(r.U16())
	if r.Err() == nil && n*SymbolTableEntrySize(s) > r.Len() {
		return nil, h5err.Corrupt(name, "number of symbols", "%d need more than the %d bytes of the node", n, r.Len())
	}
	entries := make([]SymbolTableEntry, 0, n)
	for i := 0; i < n && r.Err() == nil; i++ {
		entries = append(entries, DecodeSymbolTableEntry(r))
	}
	return entries, inRecord(name, r.Err())
}

// AppendSymbolNode appends a node with room for slots entries. Spec: III.B.
func AppendSymbolNode(b []byte, entries []SymbolTableEntry, slots int, s wire.Sizes) ([]byte, error) {
	e := newEncoder("symbol table node", b, s)
	e.String("SNOD")
	e.U8(1)
	e.U8(0)
	if len(entries) > slots {
		e.fail(h5err.Limit("", "number of symbols", "%d, the node has room for %d", len(entries), slots))
	}
	e.uint("number of symbols", uint64(len(entries)), 2)
	for i := range entries {
		e.symbolTableEntry(&entries[i])
	}
	e.Zero((slots - len(entries)) * SymbolTableEntrySize(s))
	return e.done(b)
}

// SymbolNodeSize is the number of bytes of a node with room for slots entries.
func SymbolNodeSize(s wire.Sizes, slots int) int { return 8 + slots*SymbolTableEntrySize(s) }

// SymbolNodeCountAt is the place of a symbol table node's number of symbols.
const SymbolNodeCountAt = 6

// CheckSymbolNode judges a node that is to be edited and has room for slots
// entries, and gives its number of symbols.
func CheckSymbolNode(b []byte, slots int) (int, error) {
	const name = "symbol table node"
	if string(b[:4]) != "SNOD" {
		return 0, h5err.Corrupt(name, "signature", "got %q, want %q", b[:4], "SNOD")
	}
	if b[4] != 1 {
		return 0, unknownVersion(name, b[4], "1")
	}
	n := int(b[SymbolNodeCountAt]) | int(b[SymbolNodeCountAt+1])<<8
	if n > slots {
		return 0, h5err.Corrupt(name, "number of symbols", "%d, at most %d fit", n, slots)
	}
	return n, nil
}

// LocalHeap holds the names of an old-style group: "HEAP", version, 3
// reserved, data size, head of the free list, address of the data. It has no
// checksum. Spec: III.D.
type LocalHeap struct {
	DataSize uint64
	FreeList uint64 // offset of the first free block; 1 when none
	Data     wire.Address
}

// DecodeLocalHeap reads the header of a local heap. Spec: III.D.
func DecodeLocalHeap(b []byte, s wire.Sizes) (*LocalHeap, error) {
	const name = "local heap"
	r := wire.NewReader(b, s)
	r.Signature("HEAP")
	if v := r.U8(); v != 0 && r.Err() == nil {
		return nil, unknownVersion(name, v, "0")
	}
	r.Skip(3)
	h := &LocalHeap{DataSize: r.Length(), FreeList: r.Length(), Data: r.Address()}
	return h, inRecord(name, r.Err())
}

// LocalHeapSize is the size of a local heap's header.
func LocalHeapSize(s wire.Sizes) uint64 { return uint64(8 + 2*s.Length + s.Offset) }

// AppendLocalHeap appends the header of a local heap. Spec: III.D.
func AppendLocalHeap(b []byte, h *LocalHeap, s wire.Sizes) ([]byte, error) {
	e := newEncoder("local heap", b, s)
	e.String("HEAP")
	e.Zero(4)
	e.length("data size", h.DataSize)
	e.length("free list", h.FreeList)
	e.address("data", h.Data)
	return e.done(b)
}
