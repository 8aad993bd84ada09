package btree

import (
	"iter"
	"sync/atomic"

	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/metacache"
	"gables/internal/wire"
)

const v1Name = "B-tree v1 node"

// V1Entry is one child of a leaf with the keys around it, which are parts of
// the cached node.
type V1Entry struct {
	Key, NextKey []byte
	Child        wire.Address
}

// V1 is a version 1 B-tree: node type 0 (groups; a key is a name's offset in
// the local heap, and child i has the names above key i up to key i+1) or 1
// (chunks; child i begins at key i). Safe for any number of goroutines.
type V1 struct {
	cache    *metacache.Cache
	root     wire.Address
	nodeType uint8
	keySize  int
	check    func(*format.BTreeV1Node) error
	last     atomic.Pointer[format.BTreeV1Node] // the leaf of the latest Find
}

// NewV1 names a tree without reading it. check, which may be nil, judges each
// node once when it is read: such nodes have no checksum.
func NewV1(c *metacache.Cache, root wire.Address, nodeType uint8, keySize int, check func(*format.BTreeV1Node) error) *V1 {
	return &V1{cache: c, root: root, nodeType: nodeType, keySize: keySize, check: check}
}

// V1Leaves yields the entries of all leaves, left to right. A fault is yielded
// as an error and ends the iteration: ErrCorrupt, ErrTruncated, ErrLimit.
func V1Leaves(c *metacache.Cache, root wire.Address, nodeType uint8, keySize int) iter.Seq2[V1Entry, error] {
	return NewV1(c, root, nodeType, keySize, nil).Leaves()
}

// V1Find descends to one entry of a leaf. See V1.Find.
func V1Find(c *metacache.Cache, root wire.Address, nodeType uint8, keySize int, cmp func(left, right []byte) (int, error)) (V1Entry, bool, error) {
	return NewV1(c, root, nodeType, keySize, nil).Find(cmp)
}

// Find descends to the entry between whose keys the wanted one lies: cmp says
// < 0 when it lies before left, 0 when between, > 0 when behind right. ok is
// false when no entry is like that.
func (t *V1) Find(cmp func(left, right []byte) (int, error)) (entry V1Entry, ok bool, err error) {
	if n := t.last.Load(); n != nil {
		// Neighbours are mostly read one after the other: no descent then.
		side, err := cmp(n.Key(0), n.Key(n.Entries))
		if err != nil {
			return V1Entry{}, false, err
		}
		if side == 0 {
			return t.within(n, cmp)
		}
	}
	n, err := t.node(t.root)
	if err != nil {
		return V1Entry{}, false, err
	}
	for n.Level > 0 {
		i, ok, err := searchV1(n, cmp)
		if err != nil || !ok {
			return V1Entry{}, false, err
		}
		if n, err = t.child(n, i); err != nil {
			return V1Entry{}, false, err
		}
	}
	if n.Entries > 0 {
		t.last.Store(n)
	}
	return t.within(n, cmp)
}

// within finds the entry in a leaf.
func (t *V1) within(n *format.BTreeV1Node, cmp func(left, right []byte) (int, error)) (V1Entry, bool, error) {
	i, ok, err := searchV1(n, cmp)
	if err != nil || !ok {
		return V1Entry{}, false, err
	}
	return V1Entry{Key: n.Key(i), NextKey: n.Key(i + 1), Child: n.Child(i)}, true, nil
}

// searchV1 is a binary search for the child for which cmp is 0.
func searchV1(n *format.BTreeV1Node, cmp func(left, right []byte) (int, error)) (int, bool, error) {
	lo, hi := 0, n.Entries
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		side, err := cmp(n.Key(mid), n.Key(mid+1))
		switch {
		case err != nil:
			return 0, false, err
		case side < 0:
			hi = mid
		case side > 0:
			lo = mid + 1
		default:
			return mid, true, nil
		}
	}
	return 0, false, nil
}

// Leaves yields the entries of all leaves, left to right. A fault is yielded
// as an error and ends the iteration.
func (t *V1) Leaves() iter.Seq2[V1Entry, error] {
	return func(yield func(V1Entry, error) bool) {
		left := budget(t.cache.End())
		n, err := t.node(t.root)
		if err == nil && int(n.Level) > t.cache.Limits().Depth {
			err = h5err.At(h5err.Limit(v1Name, "level", "%d", n.Level), v1Name, uint64(t.root))
		}
		if err != nil {
			yield(V1Entry{}, err)
			return
		}
		t.walk(n, t.root, &left, yield)
	}
}

// walk yields the entries below n and tells whether to go on.
func (t *V1) walk(n *format.BTreeV1Node, addr wire.Address, left *budget, yield func(V1Entry, error) bool) bool {
	if err := left.spend(n.Size(), v1Name, addr); err != nil {
		yield(V1Entry{}, err)
		return false
	}
	for i := range n.Entries {
		if n.Level == 0 {
			if !yield(V1Entry{Key: n.Key(i), NextKey: n.Key(i + 1), Child: n.Child(i)}, nil) {
				return false
			}
			continue
		}
		c, err := t.child(n, i)
		if err != nil {
			yield(V1Entry{}, err)
			return false
		}
		if !t.walk(c, n.Child(i), left, yield) {
			return false
		}
	}
	return true
}

// child gives child i of an inner node, one level lower.
func (t *V1) child(n *format.BTreeV1Node, i int) (*format.BTreeV1Node, error) {
	addr := n.Child(i)
	c, err := t.node(addr)
	if err != nil {
		return nil, err
	}
	if c.Level+1 != n.Level {
		return nil, h5err.At(h5err.Corrupt(v1Name, "level", "got %d below a node of level %d", c.Level, n.Level), v1Name, uint64(addr))
	}
	return c, nil
}

// node gives the node at addr, read at most once.
func (t *V1) node(addr wire.Address) (*format.BTreeV1Node, error) {
	n, err := load(t.cache, metacache.BTreeV1Node, v1Name, addr, func() (*format.BTreeV1Node, int64, error) {
		b, err := t.read(addr)
		if err != nil {
			return nil, 0, err
		}
		n, err := format.DecodeBTreeV1Node(b, t.cache.Sizes(), t.nodeType, t.keySize)
		if err == nil && t.check != nil {
			err = t.check(n)
		}
		return n, int64(len(b)), err
	})
	if err != nil {
		return nil, err
	}
	if n.Type != t.nodeType || n.KeySize() != t.keySize {
		return nil, h5err.At(h5err.Corrupt(v1Name, "node type", "node belongs to another tree"), v1Name, uint64(addr))
	}
	return n, nil
}

// read gives at least the used bytes of a node: in one read where the file has
// the default fan-out of 32 entries.
func (t *V1) read(addr wire.Address) ([]byte, error) {
	s := t.cache.Sizes()
	usual := 64
	if t.nodeType == format.BTreeV1Group {
		usual = 32
	}
	b, err := t.cache.Prefix(addr, format.BTreeV1NodeSize(s, t.keySize, usual))
	if err != nil {
		return nil, err
	}
	entries, err := format.BTreeV1Entries(b)
	if err != nil {
		return nil, err
	}
	size := format.BTreeV1NodeSize(s, t.keySize, entries)
	if size > uint64(len(b)) {
		return t.cache.Bytes(addr, size)
	}
	return b[:size:size], nil
}
