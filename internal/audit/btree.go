package audit

import (
	"cmp"

	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/wire"
)

// treeV1 walks a version 1 B-tree. Spec: III.A.1.
type treeV1 struct {
	a        *auditor
	path     string
	kind     Kind
	nodeType uint8
	keySize  int
	slots    int // children that a node has room for
	// visit is told each child of a leaf and the keys around it.
	visit   func(left, right []byte, child wire.Address)
	compare func(x, y []byte) int // of keys; negative when they can't be read
	seen    map[wire.Address]bool
}

func (t *treeV1) root(addr wire.Address) {
	t.seen = map[wire.Address]bool{}
	t.node(addr, -1, nil, nil)
}

// node checks one node and what is below it. level is what its parent wants, -1
// for the root; lo and hi are the keys around it, nil for the root.
func (t *treeV1) node(addr wire.Address, level int, lo, hi []byte) {
	a := t.a
	if t.seen[addr] {
		a.damage(t.path, t.kind, addr, "children", "the node is reached twice")
		return
	}
	t.seen[addr] = true
	size := format.BTreeV1NodeSize(a.sizes, t.keySize, t.slots)
	if a.ctx.Err() != nil || !a.claim(t.path, t.kind, addr, size) {
		return
	}
	b, err := a.cache.Bytes(addr, size)
	var n *format.BTreeV1Node
	if err == nil {
		n, err = format.DecodeBTreeV1Node(b, a.sizes, t.nodeType, t.keySize)
	}
	switch {
	case err != nil:
		a.fault(t.path, t.kind, addr, err)
		return
	case n.Entries > t.slots:
		a.damage(t.path, t.kind, addr, "entries", "%d, at most %d fit", n.Entries, t.slots)
		return
	case level >= 0 && int(n.Level) != level:
		a.damage(t.path, t.kind, addr, "level", "got %d, want %d", n.Level, level)
		return
	}
	t.keys(addr, n, lo, hi)
	for i := range n.Entries {
		if n.Level == 0 {
			t.visit(n.Key(i), n.Key(i+1), n.Child(i))
		} else {
			t.node(n.Child(i), int(n.Level)-1, n.Key(i), n.Key(i+1))
		}
	}
}

// keys holds a node's keys to their order and to those of its parent.
func (t *treeV1) keys(addr wire.Address, n *format.BTreeV1Node, lo, hi []byte) {
	for i := range n.Entries {
		if t.compare(n.Key(i), n.Key(i+1)) >= 0 {
			t.a.damage(t.path, t.kind, addr, "order of keys", "key %d is not below its successor", i)
		}
	}
	if lo != nil && n.Entries > 0 && (t.compare(lo, n.Key(0)) > 0 || t.compare(n.Key(n.Entries), hi) > 0) {
		t.a.damage(t.path, t.kind, addr, "keys", "they are not between those of the parent")
	}
}

// treeV2 claims and checks a version 2 B-tree, whose records are of a type, and
// shows them to visit in order. Spec: III.A.2.
func (a *auditor) treeV2(path string, addr wire.Address, kind uint8, visit func(record []byte) error) {
	n := format.BTreeV2HeaderSize(a.sizes)
	if !a.claim(path, BTreeV2, addr, n) {
		return
	}
	b, err := a.cache.Bytes(addr, n)
	t := walkV2{a: a, path: path, visit: visit, seen: map[wire.Address]bool{}}
	if err == nil {
		t.h, err = format.DecodeBTreeV2Header(b, a.sizes)
	}
	if err == nil && t.h.Type != kind {
		err = h5err.Corrupt(BTreeV2.String(), "type", "got %d, want %d", t.h.Type, kind)
	}
	if err == nil && t.h.RecordSize < a.leastRecord(kind) {
		err = h5err.Corrupt(BTreeV2.String(), "record size", "%d bytes", t.h.RecordSize)
	}
	if err != nil {
		a.fault(path, BTreeV2, addr, err)
		return
	}
	if !t.h.Root.Defined() {
		return
	}
	t.compare = a.recordOrder(kind, t.h.RecordSize)
	got := t.node(format.BTreeV2Child{Address: t.h.Root, Records: t.h.RootRecords, Total: t.h.Total}, t.h.Depth)
	if got != t.h.Total && !t.broken {
		a.damage(path, BTreeV2, addr, "number of records", "%d, the tree has %d", t.h.Total, got)
	}
}

// walkV2 is one walk.
type walkV2 struct {
	a       *auditor
	path    string
	h       *format.BTreeV2Header
	visit   func([]byte) error
	compare func(a, b []byte) int
	last    []byte
	seen    map[wire.Address]bool
	broken  bool // a part of the tree could not be read
}

// node checks a node and what is below it, and gives the number of records.
func (t *walkV2) node(at format.BTreeV2Child, depth int) uint64 {
	a := t.a
	if t.seen[at.Address] {
		t.fail(at.Address, h5err.Corrupt(BTreeV2.String(), "children", "the node is reached twice"))
		return 0
	}
	t.seen[at.Address] = true
	if a.ctx.Err() != nil || !a.claim(t.path, BTreeV2, at.Address, uint64(t.h.NodeSize)) {
		t.broken = true
		return 0
	}
	b, err := a.cache.Bytes(at.Address, t.h.UsedBytes(depth, at.Records))
	var n *format.BTreeV2Node
	if err == nil {
		n, err = format.DecodeBTreeV2Node(b, t.h, depth, at.Records)
	}
	if err != nil {
		t.fail(at.Address, err)
		return 0
	}
	count := uint64(n.Count)
	for i := 0; ; i++ {
		if depth > 0 {
			p := t.h.ChildAt(depth, n.Count, i)
			c, err := t.h.LoadChild(b[p:p+t.h.PointerSize(depth)], depth)
			if err != nil {
				t.fail(at.Address, err)
				return count
			}
			got := t.node(c, depth-1)
			if got != c.Total && !t.broken {
				a.damage(t.path, BTreeV2, at.Address, "records below a child", "%d, it has %d", c.Total, got)
			}
			count += got
		}
		if i == n.Count {
			return count
		}
		t.record(at.Address, n.Record(i))
	}
}

func (t *walkV2) fail(addr wire.Address, err error) {
	t.broken = true
	t.a.fault(t.path, BTreeV2, addr, err)
}

func (t *walkV2) record(node wire.Address, r []byte) {
	if t.last != nil && t.compare != nil && t.compare(t.last, r) > 0 {
		t.a.damage(t.path, BTreeV2, node, "order of records", "% x behind % x", r, t.last)
	}
	t.last = r
	t.a.fault(t.path, BTreeV2, node, t.visit(r))
}

// recordOrder compares records of a type; nil where their order is not told by
// the record itself. Spec: III.A.2.
func (a *auditor) recordOrder(kind uint8, size int) func(x, y []byte) int {
	number := func(at, width int) func(x, y []byte) int {
		return func(x, y []byte) int {
			return cmp.Compare(wire.Uint(x[at:at+width]), wire.Uint(y[at:at+width]))
		}
	}
	o, l := a.sizes.Offset, a.sizes.Length
	switch kind {
	case 1, 2:
		return number(size-l, l)
	case 3, 4:
		return number(0, o)
	case 5:
		return number(0, 4)
	case 6:
		return number(0, 8)
	case 8:
		return number(13, 4)
	case 9:
		return number(9, 4)
	}
	return nil
}

// leastRecord is how long records of a type are at least.
func (a *auditor) leastRecord(kind uint8) int {
	o, l := a.sizes.Offset, a.sizes.Length
	switch kind {
	case 1:
		return o + 2*l
	case 2:
		return o + 2*l + 4 + l
	case 3:
		return o + l
	case 4:
		return o + 2*l + 4
	case 5:
		return 4 + 3
	case 6:
		return 8 + 3
	case 8:
		return 8 + 1 + 4 + 4
	case 9:
		return 8 + 1 + 4
	}
	return 1
}

// keyOrder compares chunk keys by coordinates, 8 bytes each from a place on.
func keyOrder(x, y []byte, from int) int {
	for i := from; i+8 <= len(x) && i+8 <= len(y); i += 8 {
		if c := cmp.Compare(wire.Uint(x[i:i+8]), wire.Uint(y[i:i+8])); c != 0 {
			return c
		}
	}
	return 0
}
