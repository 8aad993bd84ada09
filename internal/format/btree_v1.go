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
