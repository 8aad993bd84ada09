package format

import (
	"encoding/binary"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// Node types of a version 1 B-tree (Spec: III.A.1).
const (
	BTreeV1Group  = 0 // children are symbol table nodes; a key is a name's offset in the local heap
	BTreeV1Chunks = 1 // children are chunks; a key is stored size 4, filter mask 4, offsets 8 each
)

// BTreeV1Node is a node of a version 1 B-tree, which has no checksum: "TREE",
// node type 1, level 1, entries used 2, left sibling, right sibling, then
// key 0, child 0, key 1, … child n-1, key n. Its siblings are not kept, as
// trees are walked from the root. Spec: III.A.1.
type BTreeV1Node struct {
	Type    uint8
	Level   uint8 // 0 for leaves
	Entries int
	keySize int
	offset  int
	body    []byte // keys and children
}

// BTreeV1NodeSize is the number of bytes of a node with that many entries.
func BTreeV1NodeSize(s wire.Sizes, keySize, entries int) uint64 {
	return uint64(8+2*s.Offset) + uint64(entries)*uint64(keySize+s.Offset) + uint64(keySize)
}

// BTreeV1Entries reads how many entries the node at the start of b uses, after
// its signature was checked. Spec: III.A.1.
func BTreeV1Entries(b []byte) (int, error) {
	r := wire.NewReader(b, wire.Sizes{})
	r.Signature("TREE")
	r.Skip(2)
	n := int(r.U16())
	return n, inRecord("B-tree v1 node", r.Err())
}

// DecodeBTreeV1Node reads a node with keys of keySize bytes; b may be longer
// and must not change while the node is in use. Spec: III.A.1.
func DecodeBTreeV1Node(b []byte, s wire.Sizes, nodeType uint8, keySize int) (*BTreeV1Node, error) {
	const name = "B-tree v1 node"
	r := wire.NewReader(b, s)
	r.Signature("TREE")
	n := &BTreeV1Node{Type: r.U8(), Level: r.U8(), Entries: int(r.U16()), keySize: keySize, offset: s.Offset}
	r.Skip(2 * s.Offset)
	n.body = r.Bytes(n.Entries*(keySize+s.Offset) + keySize)
	if r.Err() == nil && n.Type != nodeType {
		return nil, h5err.Corrupt(name, "node type", "got %d, want %d", n.Type, nodeType)
	}
	return n, inRecord(name, r.Err())
}

// KeySize is the number of bytes of each key.
func (n *BTreeV1Node) KeySize() int { return n.keySize }

// Size is the number of bytes that the node takes in the file.
func (n *BTreeV1Node) Size() uint64 { return uint64(8 + 2*n.offset + len(n.body)) }

// Key gives key i, 0 ≤ i ≤ Entries, as a part of the node.
func (n *BTreeV1Node) Key(i int) []byte {
	at := i * (n.keySize + n.offset)
	return n.body[at : at+n.keySize : at+n.keySize]
}

// Child gives the address of child i, 0 ≤ i < Entries.
func (n *BTreeV1Node) Child(i int) wire.Address {
	at := i*(n.keySize+n.offset) + n.keySize
	return addressFrom(n.body[at : at+n.offset])
}

// AppendBTreeV1Node appends n as a node with room for slots children, between
// its siblings. Spec: III.A.1.
func AppendBTreeV1Node(b []byte, n *BTreeV1Node, left, right wire.Address, slots int, s wire.Sizes) ([]byte, error) {
	e := newEncoder("B-tree v1 node", b, s)
	if n.Entries > slots || n.offset != s.Offset {
		e.fail(h5err.Limit("", "entries", "%d with addresses of %d bytes, the node has room for %d of %d", n.Entries, n.offset, slots, s.Offset))
		return e.done(b)
	}
	e.String("TREE")
	e.U8(n.Type)
	e.U8(n.Level)
	e.uint("entries", uint64(n.Entries), 2)
	e.address("left sibling", left)
	e.address("right sibling", right)
	e.Bytes(n.body)
	e.Zero((slots - n.Entries) * (n.keySize + s.Offset))
	return e.done(b)
}

// BTreeV1Shape gives the places of a node's fields, for those who edit it where
// it stands. Spec: III.A.1.
type BTreeV1Shape struct {
	Type    uint8
	Sizes   wire.Sizes
	KeySize int
	Slots   int // children that a node has room for
}

// The places of the fields that every node has.
const (
	BTreeV1LevelAt   = 5
	BTreeV1EntriesAt = 6
	BTreeV1LeftAt    = 8 // the right sibling stands behind it
)

// Size is the number of bytes of a node.
func (s *BTreeV1Shape) Size() int { return int(BTreeV1NodeSize(s.Sizes, s.KeySize, s.Slots)) }

// Pair is the number of bytes of a key and a child.
func (s *BTreeV1Shape) Pair() int { return s.KeySize + s.Sizes.Offset }

// KeyAt is the place of key i, 0 ≤ i ≤ Slots.
func (s *BTreeV1Shape) KeyAt(i int) int { return 8 + 2*s.Sizes.Offset + i*s.Pair() }

// ChildAt is the place of child i, 0 ≤ i < Slots.
func (s *BTreeV1Shape) ChildAt(i int) int { return s.KeyAt(i) + s.KeySize }

// Key gives key i of the node b as a part of it.
func (s *BTreeV1Shape) Key(b []byte, i int) []byte { return b[s.KeyAt(i):s.ChildAt(i):s.ChildAt(i)] }

// Child gives the address of child i of the node b.
func (s *BTreeV1Shape) Child(b []byte, i int) wire.Address {
	return addressFrom(b[s.ChildAt(i):s.KeyAt(i+1)])
}

// Siblings gives the nodes to the left and right of the node b.
func (s *BTreeV1Shape) Siblings(b []byte) (left, right wire.Address) {
	w := s.Sizes.Offset
	return addressFrom(b[BTreeV1LeftAt : BTreeV1LeftAt+w]), addressFrom(b[BTreeV1LeftAt+w : BTreeV1LeftAt+2*w])
}

// Check judges a node that is to be edited and gives its level and entries.
func (s *BTreeV1Shape) Check(b []byte) (level, entries int, err error) {
	const name = "B-tree v1 node"
	if string(b[:4]) != "TREE" {
		return 0, 0, h5err.Corrupt(name, "signature", "got %q, want %q", b[:4], "TREE")
	}
	level, entries = int(b[BTreeV1LevelAt]), int(binary.LittleEndian.Uint16(b[BTreeV1EntriesAt:]))
	if b[4] != s.Type {
		return 0, 0, h5err.Corrupt(name, "node type", "got %d, want %d", b[4], s.Type)
	}
	if entries > s.Slots {
		return 0, 0, h5err.Corrupt(name, "entries", "%d, at most %d fit", entries, s.Slots)
	}
	return level, entries, nil
}

// PutAddress writes addr over b, which is as wide as the file's addresses; one
// that does not fit is ErrLimit.
func PutAddress(b []byte, addr wire.Address) error {
	if n := len(b); n < 8 && addr.Defined() && uint64(addr) >= 1<<(8*n)-1 {
		return h5err.Limit("", "address", "0x%x does not fit the %d bytes that the file gives it", uint64(addr), n)
	}
	wire.PutUint(b, uint64(addr))
	return nil
}

// addressFrom is Reader.Address for records that are decoded in place.
func addressFrom(b []byte) wire.Address {
	if len(b) == 8 {
		return wire.Address(binary.LittleEndian.Uint64(b))
	}
	v := wire.Uint(b)
	if v == 1<<(8*len(b))-1 {
		return wire.Undefined
	}
	return wire.Address(v)
}
