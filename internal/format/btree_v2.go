package format

import (
	"encoding/binary"
	"math"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// Record types of a version 2 B-tree that index chunks (Spec: III.A.2).
const (
	BTreeV2Chunks         = 10 // address, scaled offsets 8 each
	BTreeV2FilteredChunks = 11 // address, stored size, filter mask 4, scaled offsets 8 each
)

// btreeV2Types is the number of record types; 0 and above are known (0 is for tests).
const btreeV2Types = 12

// btreeV2Prefix is signature, version and type, and the checksum, of a node.
const btreeV2Prefix = 4 + 1 + 1 + 4

// BTreeV2Header describes a version 2 B-tree: "BTHD", version, type, node size
// 4, record size 2, depth 2, split percent, merge percent, root address,
// records in the root 2, records in the tree (length), checksum 4.
// Spec: III.A.2.
type BTreeV2Header struct {
	Type        uint8
	NodeSize    uint32
	RecordSize  int // bytes
	Depth       int // 0 when the root is a leaf
	Split       uint8
	Merge       uint8
	Root        wire.Address
	RootRecords uint64
	Total       uint64
	offset      int            // width of an address
	countWidth  int            // width of a child's record count
	levels      []btreeV2Level // [Depth+1], leaves first
}

// btreeV2Level bounds the nodes of one depth.
type btreeV2Level struct {
	maxRecords uint64 // records in one node
	maxTotal   uint64 // records in one node and all below it
	totalWidth int    // width of a total in pointers to nodes of this level; 0 for leaves
}

// BTreeV2HeaderSize is the number of bytes of a header.
func BTreeV2HeaderSize(s wire.Sizes) uint64 {
	return uint64(4 + 1 + 1 + 4 + 2 + 2 + 2 + s.Offset + 2 + s.Length + 4)
}

// DecodeBTreeV2Header reads exactly a header. Spec: III.A.2.
func DecodeBTreeV2Header(b []byte, s wire.Sizes) (*BTreeV2Header, error) {
	const name = "B-tree v2 header"
	if _, err := verifyTagged(name, "BTHD", b); err != nil {
		return nil, err
	}
	return LoadBTreeV2Header(b, s)
}

// LoadBTreeV2Header reads a header whose checksum was verified, or is owed.
// Spec: III.A.2.
func LoadBTreeV2Header(b []byte, s wire.Sizes) (*BTreeV2Header, error) {
	const name = "B-tree v2 header"
	if string(b[:4]) != "BTHD" {
		return nil, h5err.Corrupt(name, "signature", "got %q, want %q", b[:4], "BTHD")
	}
	r := wire.NewReader(b, s)
	r.Skip(4)
	if v := r.U8(); v != 0 {
		return nil, unknownVersion(name, v, "0")
	}
	h := &BTreeV2Header{Type: r.U8(), NodeSize: r.U32(), RecordSize: int(r.U16()), Depth: int(r.U16()),
		Split: r.U8(), Merge: r.U8(), Root: r.Address(), RootRecords: uint64(r.U16()), Total: r.Length(), offset: s.Offset}
	if r.Err() != nil {
		return nil, inRecord(name, r.Err())
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	return h, h.measure()
}

func (h *BTreeV2Header) check() error {
	const name = "B-tree v2 header"
	switch {
	case h.Type >= btreeV2Types:
		return h5err.Unsupported(name, "type", "%d", h.Type)
	case h.RecordSize == 0:
		return h5err.Corrupt(name, "record size", "0")
	case h.Split > 100 || h.Merge > 100:
		return h5err.Corrupt(name, "split and merge percent", "%d and %d", h.Split, h.Merge)
	case h.Depth >= 64:
		// An inner node has two children or more, so such a tree holds over 2^64 records.
		return h5err.Corrupt(name, "depth", "%d", h.Depth)
	case !h.Root.Defined() && (h.Total != 0 || h.RootRecords != 0):
		return h5err.Corrupt(name, "root", "undefined in a tree of %d records", h.Total)
	case h.Depth == 0 && h.Root.Defined() && h.Total != h.RootRecords:
		return h5err.Corrupt(name, "number of records", "%d in a tree whose only node has %d", h.Total, h.RootRecords)
	}
	return nil
}

// NewBTreeV2Header describes an empty tree. split and merge are percentages of
// a full node.
func NewBTreeV2Header(kind uint8, nodeSize uint32, recordSize int, split, merge uint8, s wire.Sizes) (*BTreeV2Header, error) {
	h := &BTreeV2Header{Type: kind, NodeSize: nodeSize, RecordSize: recordSize, Split: split, Merge: merge, Root: wire.Undefined, offset: s.Offset}
	if err := h.check(); err != nil {
		return nil, err
	}
	return h, h.measure()
}

// AppendBTreeV2Header appends a header. Spec: III.A.2.
func AppendBTreeV2Header(b []byte, h *BTreeV2Header, s wire.Sizes) ([]byte, error) {
	e := newEncoder("B-tree v2 header", b, s)
	from := e.Len()
	e.String("BTHD")
	e.U8(0)
	e.U8(h.Type)
	e.U32(h.NodeSize)
	e.uint("record size", uint64(h.RecordSize), 2)
	e.uint("depth", uint64(h.Depth), 2)
	e.U8(h.Split)
	e.U8(h.Merge)
	e.address("root", h.Root)
	e.uint("records in root", h.RootRecords, 2)
	e.length("number of records", h.Total)
	e.U32(0)
	seal(e.Buf[from:])
	return e.done(b)
}

// Reload takes what changes as a tree is edited from the verified header b.
func (h *BTreeV2Header) Reload(b []byte, s wire.Sizes) error {
	at := btreeV2RootAt + s.Offset
	depth := int(binary.LittleEndian.Uint16(b[btreeV2DepthAt:]))
	h.Root = addressFrom(b[btreeV2RootAt:at])
	h.RootRecords = uint64(binary.LittleEndian.Uint16(b[at:]))
	h.Total = wire.Uint(b[at+2 : at+2+s.Length])
	return h.setDepth(depth)
}

// setDepth makes the tree higher or lower; the widths of fields follow.
func (h *BTreeV2Header) setDepth(depth int) error {
	if depth == h.Depth {
		if most := h.levels[depth].maxRecords; h.RootRecords > most {
			return h5err.Corrupt("B-tree v2 header", "records in root", "%d, at most %d fit", h.RootRecords, most)
		}
		return nil
	}
	h.Depth = depth
	if err := h.check(); err != nil {
		return err
	}
	return h.measure()
}

// The places of the fields that change as a tree is edited.
const (
	btreeV2DepthAt = 12
	btreeV2RootAt  = 16
)

// SetRoot names another root, which may lie higher or lower than the one before.
func (h *BTreeV2Header) SetRoot(root wire.Address, records uint64, depth int) error {
	h.Root, h.RootRecords = root, records
	return h.setDepth(depth)
}

// Store writes what changes as a tree is edited over the header b, without the
// checksum; b begins at the depth and ends before the checksum.
func (h *BTreeV2Header) Store(b []byte, s wire.Sizes) error {
	at := btreeV2RootAt - btreeV2DepthAt
	wire.PutUint(b[:2], uint64(h.Depth))
	if err := PutAddress(b[at:at+s.Offset], h.Root); err != nil {
		return err
	}
	wire.PutUint(b[at+s.Offset:at+s.Offset+2], h.RootRecords)
	wire.PutUint(b[at+s.Offset+2:at+s.Offset+2+s.Length], h.Total)
	return nil
}

// BTreeV2StoreAt is where Store begins.
const BTreeV2StoreAt = btreeV2DepthAt

// measure derives the bounds and field widths of each level from the node size.
func (h *BTreeV2Header) measure() error {
	size := uint64(h.NodeSize)
	if size < btreeV2Prefix+uint64(h.RecordSize) {
		return h5err.Corrupt("B-tree v2 header", "node size", "%d bytes can't hold a record of %d", size, h.RecordSize)
	}
	leaf := (size - btreeV2Prefix) / uint64(h.RecordSize)
	h.countWidth = wire.UintWidth(leaf)
	h.levels = make([]btreeV2Level, 1, h.Depth+1)
	h.levels[0] = btreeV2Level{maxRecords: leaf, maxTotal: leaf}
	for d := 1; d <= h.Depth; d++ {
		below := h.levels[d-1]
		pointer := uint64(h.offset + h.countWidth + below.totalWidth)
		if size < btreeV2Prefix+2*pointer+uint64(h.RecordSize) {
			return h5err.Corrupt("B-tree v2 header", "node size", "%d bytes can't hold a record and two children", size)
		}
		n := (size - btreeV2Prefix - pointer) / (uint64(h.RecordSize) + pointer)
		total := btreeV2Total(n, below.maxTotal)
		h.levels = append(h.levels, btreeV2Level{maxRecords: n, maxTotal: total, totalWidth: wire.UintWidth(total)})
	}
	if most := h.levels[h.Depth].maxRecords; h.RootRecords > most {
		return h5err.Corrupt("B-tree v2 header", "records in root", "%d, at most %d fit", h.RootRecords, most)
	}
	return nil
}

// btreeV2Total is (n+1)·below + n, at most 2^64-1.
func btreeV2Total(n, below uint64) uint64 {
	p, ok := wire.Mul(n+1, below)
	t, fits := wire.Add(p, n)
	if !ok || !fits {
		return math.MaxUint64
	}
	return t
}

// MaxRecords is how many records a node at that depth may hold, 0 ≤ depth ≤ Depth.
func (h *BTreeV2Header) MaxRecords(depth int) uint64 { return h.levels[depth].maxRecords }

// UsedBytes is the size of a node at that depth with its checksum, without
// the unused space behind it. records must not exceed MaxRecords.
func (h *BTreeV2Header) UsedBytes(depth int, records uint64) uint64 {
	n := btreeV2Prefix + records*uint64(h.RecordSize)
	if depth > 0 {
		n += (records + 1) * uint64(h.pointerSize(depth))
	}
	return n
}

// pointerSize is the size of a pointer to a child in a node at that depth.
func (h *BTreeV2Header) pointerSize(depth int) int {
	return h.offset + h.countWidth + h.levels[depth-1].totalWidth
}

// SplitRecords is how many records make a node at that depth split.
func (h *BTreeV2Header) SplitRecords(depth int) int {
	return int(h.MaxRecords(depth) * uint64(h.Split) / 100)
}

// MergeRecords is how many records a node at that depth, which is not the root,
// must have at least.
func (h *BTreeV2Header) MergeRecords(depth int) int {
	return int(h.MaxRecords(depth) * uint64(h.Merge) / 100)
}

// RecordAt is the place of record i in a node.
func (h *BTreeV2Header) RecordAt(i int) int { return btreeV2Head + i*h.RecordSize }

// ChildAt is the place of the pointer to child i in a node at that depth with
// so many records.
func (h *BTreeV2Header) ChildAt(depth, records, i int) int {
	return h.RecordAt(records) + i*h.pointerSize(depth)
}

// PointerSize is the number of bytes of a pointer in a node at that depth.
func (h *BTreeV2Header) PointerSize(depth int) int { return h.pointerSize(depth) }

// btreeV2Head is signature, version and type.
const btreeV2Head = 4 + 1 + 1

// AppendBTreeV2NodeHead appends what stands before the records of a node at
// that depth.
func (h *BTreeV2Header) AppendBTreeV2NodeHead(b []byte, depth int) []byte {
	return append(append(b, btreeV2Tag(depth)...), 0, h.Type)
}

func btreeV2Tag(depth int) string {
	if depth > 0 {
		return "BTIN"
	}
	return "BTLF"
}

// CheckHead judges the start of a node that is to be edited.
func (h *BTreeV2Header) CheckHead(b []byte, depth int) error {
	const name = "B-tree v2 node"
	switch tag := btreeV2Tag(depth); {
	case string(b[:4]) != tag:
		return h5err.Corrupt(name, "signature", "got %q, want %q", b[:4], tag)
	case b[4] != 0:
		return unknownVersion(name, b[4], "0")
	case b[5] != h.Type:
		return h5err.Corrupt(name, "type", "got %d, want %d", b[5], h.Type)
	}
	return nil
}

// LoadChild reads a pointer in a node at that depth. More records than fit are
// ErrCorrupt.
func (h *BTreeV2Header) LoadChild(p []byte, depth int) (BTreeV2Child, error) {
	at := h.offset + h.countWidth
	c := BTreeV2Child{Address: addressFrom(p[:h.offset]), Records: wire.Uint(p[h.offset:at])}
	c.Total = c.Records
	if depth > 1 {
		c.Total = wire.Uint(p[at : at+h.levels[depth-1].totalWidth])
	}
	if most := h.MaxRecords(depth - 1); c.Records > most {
		return c, h5err.Corrupt("B-tree v2 internal node", "records of child", "%d, at most %d fit", c.Records, most)
	}
	return c, nil
}

// StoreChild writes a pointer in a node at that depth.
func (h *BTreeV2Header) StoreChild(p []byte, depth int, c BTreeV2Child) error {
	at := h.offset + h.countWidth
	wire.PutUint(p[h.offset:at], c.Records)
	if depth > 1 {
		wire.PutUint(p[at:at+h.levels[depth-1].totalWidth], c.Total)
	}
	return PutAddress(p[:h.offset], c.Address)
}

// BTreeV2Node is a node of a version 2 B-tree: "BTIN" or "BTLF", version,
// type, records, in inner nodes records+1 children (address, records, and
// above the lowest inner level all records below), checksum 4. Spec: III.A.2.
type BTreeV2Node struct {
	Depth    int
	Count    int // records
	header   *BTreeV2Header
	records  []byte
	children []byte
}

// BTreeV2Child points to a node.
type BTreeV2Child struct {
	Address wire.Address
	Records uint64 // in that node
	Total   uint64 // in that node and all below it; Node.Child leaves it out
}

// DecodeBTreeV2Node reads exactly the used bytes of a node at that depth, which
// must not change while the node is in use. Spec: III.A.2.
func DecodeBTreeV2Node(b []byte, h *BTreeV2Header, depth int, records uint64) (*BTreeV2Node, error) {
	name, tag := "B-tree v2 leaf node", btreeV2Tag(depth)
	if depth > 0 {
		name = "B-tree v2 internal node"
	}
	if want := h.UsedBytes(depth, records); uint64(len(b)) != want {
		return nil, h5err.Corrupt(name, "size", "%d bytes, want %d", len(b), want)
	}
	body, err := verifyTagged(name, tag, b)
	if err != nil {
		return nil, err
	}
	if body[4] != 0 {
		return nil, unknownVersion(name, body[4], "0")
	}
	if body[5] != h.Type {
		return nil, h5err.Corrupt(name, "type", "got %d, want %d", body[5], h.Type)
	}
	end := 6 + int(records)*h.RecordSize
	return &BTreeV2Node{Depth: depth, Count: int(records), header: h, records: body[6:end], children: body[end:]}, nil
}

// AppendBTreeV2Node appends the used bytes of a node. Spec: III.A.2.
func AppendBTreeV2Node(b []byte, n *BTreeV2Node) []byte {
	from := len(b)
	b = n.header.AppendBTreeV2NodeHead(b, n.Depth)
	b = append(append(append(b, n.records...), n.children...), 0, 0, 0, 0)
	seal(b[from:])
	return b
}

// Record gives record i, 0 ≤ i < Count, as a part of the node.
func (n *BTreeV2Node) Record(i int) []byte {
	size := n.header.RecordSize
	return n.records[i*size : (i+1)*size : (i+1)*size]
}

// Child gives child i of an inner node, 0 ≤ i ≤ Count. A child with more
// records than fit is ErrCorrupt.
func (n *BTreeV2Node) Child(i int) (BTreeV2Child, error) {
	h := n.header
	size := h.pointerSize(n.Depth)
	p := n.children[i*size : (i+1)*size]
	c := BTreeV2Child{Address: addressFrom(p[:h.offset]), Records: wire.Uint(p[h.offset : h.offset+h.countWidth])}
	if most := h.MaxRecords(n.Depth - 1); c.Records > most {
		return c, h5err.Corrupt("B-tree v2 internal node", "records of child", "%d, at most %d fit", c.Records, most)
	}
	return c, nil
}

// Fits tells whether n is what a pointer of tree h at that depth asks for.
func (n *BTreeV2Node) Fits(h *BTreeV2Header, depth int, records uint64) bool {
	return n.Depth == depth && uint64(n.Count) == records && n.header.Type == h.Type &&
		n.header.RecordSize == h.RecordSize && n.header.NodeSize == h.NodeSize
}

// verifyTagged is verify for a record that begins with a signature, which is
// compared first as it tells more than a wrong checksum.
func verifyTagged(name, tag string, b []byte) ([]byte, error) {
	if len(b) < len(tag)+4 {
		return nil, h5err.Corrupt(name, "size", "%d bytes", len(b))
	}
	if string(b[:len(tag)]) != tag {
		return nil, h5err.Corrupt(name, "signature", "got %q, want %q", b[:len(tag)], tag)
	}
	return verify(name, b)
}
