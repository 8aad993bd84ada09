package btree

import (
	"iter"
	"sync/atomic"

	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/metacache"
	"gables/internal/wire"
)

const (
	v2HeaderName = "B-tree v2 header"
	v2NodeName   = "B-tree v2 node"
)

// V2 is an open version 2 B-tree. Safe for any number of goroutines.
type V2 struct {
	cache  *metacache.Cache
	addr   wire.Address
	header *format.BTreeV2Header
	last   atomic.Pointer[format.BTreeV2Node] // the leaf of the latest Find
}

// OpenV2 reads the header at addr. Errors: ErrChecksum, ErrCorrupt,
// ErrTruncated, ErrUnsupported (version or record type), ErrLimit (depth).
func OpenV2(c *metacache.Cache, addr wire.Address) (*V2, error) {
	return load(c, metacache.BTreeV2Header, v2HeaderName, addr, func() (*V2, int64, error) {
		n := format.BTreeV2HeaderSize(c.Sizes())
		b, err := c.Bytes(addr, n)
		if err != nil {
			return nil, 0, err
		}
		h, err := format.DecodeBTreeV2Header(b, c.Sizes())
		if err != nil {
			return nil, 0, err
		}
		if h.Depth > c.Limits().Depth {
			return nil, 0, h5err.Limit(v2HeaderName, "depth", "%d", h.Depth)
		}
		return &V2{cache: c, addr: addr, header: h}, int64(n) + 256, nil
	})
}

// Type is the record type: what the tree indexes.
func (t *V2) Type() uint8 { return t.header.Type }

// RecordSize is the number of bytes of each record.
func (t *V2) RecordSize() int { return t.header.RecordSize }

// Count is the number of records as the header has it.
func (t *V2) Count() uint64 { return t.header.Total }

// Parameters gives the node size in bytes and the percentages of a full node
// at which nodes are split and merged.
func (t *V2) Parameters() (nodeSize uint32, split, merge uint8) {
	return t.header.NodeSize, t.header.Split, t.header.Merge
}

// Find gives the record for which cmp is 0: cmp says < 0 when the wanted key
// sorts before the record's, > 0 when behind. The record is part of a cached
// node. ok is false when there is none.
func (t *V2) Find(cmp func(record []byte) (int, error)) (record []byte, ok bool, err error) {
	h := t.header
	if !h.Root.Defined() {
		return nil, false, nil
	}
	if n, err := t.near(cmp); err != nil {
		return nil, false, err
	} else if n != nil {
		_, record, err := searchV2(n, cmp)
		return record, record != nil, err
	}
	at, depth := format.BTreeV2Child{Address: h.Root, Records: h.RootRecords}, h.Depth
	for {
		n, err := t.node(at, depth)
		if err != nil {
			return nil, false, err
		}
		i, record, err := searchV2(n, cmp)
		if err != nil {
			return nil, false, err
		}
		if depth == 0 && n.Count > 0 {
			t.last.Store(n)
		}
		if record != nil || depth == 0 {
			return record, record != nil, nil
		}
		if at, err = n.Child(i); err != nil {
			return nil, false, h5err.At(err, v2NodeName, uint64(at.Address))
		}
		depth--
	}
}

// near gives the latest leaf if the wanted key lies within it: neighbours are
// mostly wanted one after the other, and no descent is needed then.
func (t *V2) near(cmp func([]byte) (int, error)) (*format.BTreeV2Node, error) {
	n := t.last.Load()
	if n == nil || t.header.Depth == 0 {
		return n, nil
	}
	if side, err := cmp(n.Record(0)); err != nil || side < 0 {
		return nil, err
	}
	if side, err := cmp(n.Record(n.Count - 1)); err != nil || side > 0 {
		return nil, err
	}
	return n, nil
}

// searchV2 gives the wanted record, or the child below which it would be.
func searchV2(n *format.BTreeV2Node, cmp func([]byte) (int, error)) (int, []byte, error) {
	lo, hi := 0, n.Count
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		record := n.Record(mid)
		side, err := cmp(record)
		switch {
		case err != nil:
			return 0, nil, err
		case side < 0:
			hi = mid
		case side > 0:
			lo = mid + 1
		default:
			return mid, record, nil
		}
	}
	return lo, nil, nil
}

// walker is one pass over a tree.
type walker struct {
	tree  *V2
	left  budget
	count uint64
	yield func([]byte, error) bool
}

// All yields all records in key order; each is part of a cached node. A fault
// is yielded as an error and ends the iteration; so is a number of records
// that differs from the header's.
func (t *V2) All() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		h := t.header
		if !h.Root.Defined() {
			return
		}
		w := walker{tree: t, left: budget(t.cache.End()), yield: yield}
		if !w.walk(format.BTreeV2Child{Address: h.Root, Records: h.RootRecords}, h.Depth) {
			return
		}
		if w.count != h.Total {
			w.fail(h5err.Corrupt(v2HeaderName, "number of records", "got %d, tree has %d", h.Total, w.count), t.addr)
		}
	}
}

// walk yields what is at and below a node, and tells whether to go on.
func (w *walker) walk(at format.BTreeV2Child, depth int) bool {
	n, err := w.tree.node(at, depth)
	if err == nil {
		err = w.left.spend(w.tree.header.UsedBytes(depth, at.Records), v2NodeName, at.Address)
	}
	if err != nil {
		return w.fail(err, at.Address)
	}
	for i := 0; ; i++ {
		if depth > 0 {
			c, err := n.Child(i)
			if err != nil {
				return w.fail(err, at.Address)
			}
			if !w.walk(c, depth-1) {
				return false
			}
		}
		if i == n.Count {
			return true
		}
		if w.count++; !w.yield(n.Record(i), nil) {
			return false
		}
	}
}

// fail yields an error seen at addr; the walk does not go on.
func (w *walker) fail(err error, addr wire.Address) bool {
	w.yield(nil, h5err.At(err, v2NodeName, uint64(addr)))
	return false
}

// node gives the node that a pointer names, read at most once.
func (t *V2) node(at format.BTreeV2Child, depth int) (*format.BTreeV2Node, error) {
	n, err := load(t.cache, metacache.BTreeV2Node, v2NodeName, at.Address, func() (*format.BTreeV2Node, int64, error) {
		b, err := t.cache.Bytes(at.Address, t.header.UsedBytes(depth, at.Records))
		if err != nil {
			return nil, 0, err
		}
		n, err := format.DecodeBTreeV2Node(b, t.header, depth, at.Records)
		return n, int64(len(b)), err
	})
	if err != nil {
		return nil, err
	}
	if !n.Fits(t.header, depth, at.Records) {
		err := h5err.Corrupt(v2NodeName, "children", "node has two parents that disagree on its size or depth")
		return nil, h5err.At(err, v2NodeName, uint64(at.Address))
	}
	return n, nil
}
