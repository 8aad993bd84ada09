package format

import (
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
	body, err := verifyTagged(name, "BTHD", b)
	if err != nil {
		return nil, err
	}
	r := wire.NewReader(body, s)
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
}

// DecodeBTreeV2Node reads exactly the used bytes of a node at that depth, which
// must not change while the node is in use. Spec: III.A.2.
func DecodeBTreeV2Node(b []byte, h *BTreeV2Header, depth int, records uint64) (*BTreeV2Node, error) {
	name, tag := "B-tree v2 leaf node", "BTLF"
	if depth > 0 {
		name, tag = "B-tree v2 internal node", "BTIN"
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
