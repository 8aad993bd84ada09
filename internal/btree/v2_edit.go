package btree

import (
	"fmt"

	"gables/hdf5/h5err"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/wire"
)

// V2Params are the properties that a version 2 B-tree is made with.
type V2Params struct {
	Type       uint8 // what it indexes
	NodeSize   uint32
	RecordSize int   // bytes
	Split      uint8 // percent of a full node, at which it is split
	Merge      uint8 // percent of a full node, below which it is merged
}

// NewV2 makes an empty tree and gives the address of its header. Errors:
// ErrCorrupt (parameters that no tree can have), ErrLimit.
func NewV2(d *draft.Draft, p V2Params) (wire.Address, error) {
	h, err := format.NewBTreeV2Header(p.Type, p.NodeSize, p.RecordSize, p.Split, p.Merge, d.Sizes())
	if err != nil {
		return wire.Undefined, err
	}
	n := int(format.BTreeV2HeaderSize(d.Sizes()))
	b, err := d.New(n)
	if err != nil {
		return wire.Undefined, err
	}
	if _, err := format.AppendBTreeV2Header(b.Edit(0, n)[:0], h, d.Sizes()); err != nil {
		return wire.Undefined, err
	}
	b.Seal(n)
	return b.Address(), nil
}

// V2Edit edits a version 2 B-tree where it stands. Nodes but the root hold as
// many records as libhdf5 needs them to. The header never moves. It belongs to
// one goroutine and may be kept over operations of the draft. Spec: III.A.2.
type V2Edit struct {
	d    *draft.Draft
	addr wire.Address
	h    *format.BTreeV2Header
	head *draft.Block // of the operation under way

	path    []v2Step // from the root to the node at hand
	records []byte   // of the nodes between which records are moved
	pointer []byte   // to their children
}

// v2Step is a node on the way from the root.
type v2Step struct {
	b     *draft.Block
	depth int // 0 for leaves
	n     int // records
	i     int // the child on the way
}

// leastRecords is how many records a node must take before it is split.
const leastRecords = 4

// EditV2 edits the tree whose header is at addr. Errors: ErrChecksum,
// ErrCorrupt, ErrTruncated, ErrUnsupported, ErrLimit (depth).
func EditV2(d *draft.Draft, addr wire.Address) (*V2Edit, error) {
	t := &V2Edit{d: d, addr: addr}
	n := int(format.BTreeV2HeaderSize(d.Sizes()))
	b, err := d.Block(addr, n)
	if err == nil {
		err = b.Verify(n, v2HeaderName)
	}
	if err != nil {
		return nil, h5err.At(err, v2HeaderName, uint64(addr))
	}
	if t.h, err = format.LoadBTreeV2Header(b.Bytes()[:n], d.Sizes()); err != nil {
		return nil, h5err.At(err, v2HeaderName, uint64(addr))
	}
	return t, t.begin()
}

// Type is the record type: what the tree indexes.
func (t *V2Edit) Type() uint8 { return t.h.Type }

// RecordSize is the number of bytes of each record.
func (t *V2Edit) RecordSize() int { return t.h.RecordSize }

// Params gives the properties that the tree was made with.
func (t *V2Edit) Params() V2Params {
	return V2Params{t.h.Type, t.h.NodeSize, t.h.RecordSize, t.h.Split, t.h.Merge}
}

// Address is that of the header.
func (t *V2Edit) Address() wire.Address { return t.addr }

// Count is the number of records.
func (t *V2Edit) Count() (uint64, error) {
	err := t.begin()
	return t.h.Total, err
}

// begin reads the header as it is now: an operation may have been undone.
func (t *V2Edit) begin() error {
	n := int(format.BTreeV2HeaderSize(t.d.Sizes()))
	b, err := t.d.Block(t.addr, n)
	if err == nil {
		err = b.Verify(n, v2HeaderName)
	}
	if err == nil {
		err = t.h.Reload(b.Bytes(), t.d.Sizes())
	}
	if err == nil {
		err = t.checkDepth()
	}
	t.head, t.path = b, t.path[:0]
	return h5err.At(err, v2HeaderName, uint64(t.addr))
}

func (t *V2Edit) checkDepth() error {
	if t.h.Depth > t.d.Limits().Depth {
		return h5err.Limit(v2HeaderName, "depth", "%d", t.h.Depth)
	}
	for depth := range t.h.Depth + 1 {
		if t.h.SplitRecords(depth) < leastRecords {
			return h5err.Unsupported(v2HeaderName, "node size", "%d bytes for records of %d, split at %d %%", t.h.NodeSize, t.h.RecordSize, t.h.Split)
		}
	}
	return nil
}

// finish writes the header.
func (t *V2Edit) finish() error {
	end := int(format.BTreeV2HeaderSize(t.d.Sizes()))
	err := t.h.Store(t.head.Edit(format.BTreeV2StoreAt, end-4), t.d.Sizes())
	t.head.Seal(end)
	return err
}

// node gives the node that a pointer names.
func (t *V2Edit) node(at format.BTreeV2Child, depth int) (v2Step, error) {
	b, err := t.d.Block(at.Address, int(t.h.NodeSize))
	if err == nil {
		err = b.Verify(int(t.h.UsedBytes(depth, at.Records)), v2NodeName)
	}
	if err == nil {
		err = t.h.CheckHead(b.Bytes(), depth)
	}
	return v2Step{b: b, depth: depth, n: int(at.Records)}, h5err.At(err, v2NodeName, uint64(at.Address))
}

// newNode makes a node that has room and no record.
func (t *V2Edit) newNode(depth int) (v2Step, error) {
	b, err := t.d.New(int(t.h.NodeSize))
	if err != nil {
		return v2Step{}, err
	}
	t.h.AppendBTreeV2NodeHead(b.Edit(0, t.h.RecordAt(0))[:0], depth)
	return v2Step{b: b, depth: depth}, fits(b.Address(), t.d.Sizes())
}

func (t *V2Edit) root() (v2Step, error) {
	return t.node(format.BTreeV2Child{Address: t.h.Root, Records: t.h.RootRecords}, t.h.Depth)
}

func (t *V2Edit) record(s *v2Step, i int) []byte {
	at := t.h.RecordAt(i)
	return s.b.Bytes()[at : at+t.h.RecordSize : at+t.h.RecordSize]
}

// child reads the pointer to child i.
func (t *V2Edit) child(s *v2Step, i int) (format.BTreeV2Child, error) {
	at := t.h.ChildAt(s.depth, s.n, i)
	c, err := t.h.LoadChild(s.b.Bytes()[at:at+t.h.PointerSize(s.depth)], s.depth)
	return c, h5err.At(err, v2NodeName, uint64(s.b.Address()))
}

// below gives the node of child i.
func (t *V2Edit) below(s *v2Step, i int) (v2Step, error) {
	c, err := t.child(s, i)
	if err != nil {
		return v2Step{}, err
	}
	return t.node(c, s.depth-1)
}

func (t *V2Edit) setChild(s *v2Step, i int, c format.BTreeV2Child) error {
	at := t.h.ChildAt(s.depth, s.n, i)
	err := t.h.StoreChild(s.b.Edit(at, at+t.h.PointerSize(s.depth)), s.depth, c)
	t.seal(s)
	return err
}

func (t *V2Edit) seal(s *v2Step) { s.b.Seal(int(t.h.UsedBytes(s.depth, uint64(s.n)))) }

// search gives the wanted record's place, or the child below which it would be.
// What is appended is found with one comparison in each node.
func (t *V2Edit) search(s *v2Step, edge bool, cmp func(record []byte) (int, error)) (int, bool, error) {
	lo, hi := 0, s.n
	if edge && hi > 0 {
		side, err := cmp(t.record(s, hi-1))
		if err != nil || side >= 0 {
			return hi - 1 + min(side, 1), side == 0, err
		}
		hi--
	}
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		side, err := cmp(t.record(s, mid))
		switch {
		case err != nil:
			return 0, false, err
		case side == 0:
			return mid, true, nil
		case side < 0:
			hi = mid
		default:
			lo = mid + 1
		}
	}
	return lo, false, nil
}

// find gives the node that holds the wanted record and its place there.
func (t *V2Edit) find(cmp func(record []byte) (int, error)) (s v2Step, i int, ok bool, err error) {
	if err := t.begin(); err != nil || !t.h.Root.Defined() {
		return s, 0, false, err
	}
	s, err = t.root()
	for edge := true; err == nil; {
		if i, ok, err = t.search(&s, edge, cmp); err != nil || ok || s.depth == 0 {
			return s, i, ok, err
		}
		edge = edge && i == s.n
		s, err = t.below(&s, i)
	}
	return s, 0, false, err
}

// Find gives a copy of the record for which cmp is 0: cmp says < 0 when the
// wanted key sorts before the record's, > 0 when behind.
func (t *V2Edit) Find(cmp func(record []byte) (int, error)) (record []byte, ok bool, err error) {
	s, i, ok, err := t.find(cmp)
	if err != nil || !ok {
		return nil, false, err
	}
	return append([]byte(nil), t.record(&s, i)...), true, nil
}

// Update lets change write over the record for which cmp is 0. It must stay
// where it is in the order. ErrNotFound if there is none.
func (t *V2Edit) Update(cmp func(record []byte) (int, error), change func(record []byte)) error {
	return t.d.Do(func() error {
		s, i, ok, err := t.find(cmp)
		if err != nil {
			return err
		}
		if !ok {
			return errNotInTree
		}
		at := t.h.RecordAt(i)
		change(s.b.Edit(at, at+t.h.RecordSize))
		t.seal(&s)
		return nil
	})
}

var errNotInTree = fmt.Errorf("record: %w", h5err.ErrNotFound)

// Each visits all records in key order; they are valid until visit returns,
// which must not edit the tree.
func (t *V2Edit) Each(visit func(record []byte) error) error { return t.each(visit, nil) }

// Free visits all records, if visit is not nil, and frees the header and all
// nodes.
func (t *V2Edit) Free(visit func(record []byte) error) error {
	return t.d.Do(func() error {
		var nodes []wire.Address
		if err := t.each(visit, func(a wire.Address) { nodes = append(nodes, a) }); err != nil {
			return err
		}
		for _, a := range nodes {
			t.free(a)
		}
		t.d.Free(freespace.Metadata, t.addr, format.BTreeV2HeaderSize(t.d.Sizes()))
		return nil
	})
}

func (t *V2Edit) free(addr wire.Address) {
	t.d.Free(freespace.Metadata, addr, uint64(t.h.NodeSize))
}

func (t *V2Edit) each(visit func([]byte) error, node func(wire.Address)) error {
	if err := t.begin(); err != nil || !t.h.Root.Defined() {
		return err
	}
	left := budget(t.d.Size())
	return t.eachBelow(format.BTreeV2Child{Address: t.h.Root, Records: t.h.RootRecords}, t.h.Depth, &left, visit, node)
}

func (t *V2Edit) eachBelow(at format.BTreeV2Child, depth int, left *budget, visit func([]byte) error, node func(wire.Address)) error {
	s, err := t.node(at, depth)
	if err == nil {
		err = left.spend(uint64(t.h.NodeSize), v2NodeName, at.Address)
	}
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		if depth > 0 {
			c, err := t.child(&s, i)
			if err != nil {
				return err
			}
			if err := t.eachBelow(c, depth-1, left, visit, node); err != nil {
				return err
			}
		}
		if i == s.n {
			break
		}
		if visit != nil {
			if err := visit(t.record(&s, i)); err != nil {
				return err
			}
		}
	}
	if node != nil {
		node(at.Address)
	}
	return nil
}
