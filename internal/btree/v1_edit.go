package btree

import (
	"gables/hdf5/h5err"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/wire"
)

// maxV1Levels bounds the height of a tree that is edited.
const maxV1Levels = 32

// v1Edit edits the nodes of a version 1 B-tree where they stand. Neighbours
// share the key between them, as do a node and its parent. The root never
// moves. Source: the behaviour of libhdf5's H5B.
type v1Edit struct {
	d     *draft.Draft
	root  wire.Address
	shape format.BTreeV1Shape
	right bool // a child's own key is the one to its right (groups), else to its left (chunks)

	path   [maxV1Levels]v1Step // of the latest descent, leaf first
	height int
}

// v1Step is a node on the way to a leaf.
type v1Step struct {
	b *draft.Block
	n int // entries
	i int // the child on the way
}

// createV1 makes an empty tree and gives its address.
func createV1(d *draft.Draft, shape *format.BTreeV1Shape) (wire.Address, error) {
	b, err := newV1Node(d, shape, 0)
	if err != nil {
		return wire.Undefined, err
	}
	return b.Address(), nil
}

// newV1Node makes a node without entries and siblings.
func newV1Node(d *draft.Draft, shape *format.BTreeV1Shape, level int) (*draft.Block, error) {
	b, err := d.New(shape.Size())
	if err != nil {
		return nil, err
	}
	if err := fits(b.Address(), shape.Sizes); err != nil {
		return nil, err
	}
	p := b.Edit(0, shape.KeyAt(0))
	copy(p, "TREE")
	p[4], p[format.BTreeV1LevelAt] = shape.Type, uint8(level)
	for i := format.BTreeV1LeftAt; i < len(p); i++ {
		p[i] = 0xff
	}
	return b, nil
}

// fits refuses an address that is too high for the file.
func fits(addr wire.Address, s wire.Sizes) error {
	var room [8]byte
	return format.PutAddress(room[:s.Offset], addr)
}

// node gives a node and what its header says.
func (t *v1Edit) node(addr wire.Address) (b *draft.Block, level, entries int, err error) {
	b, err = t.d.Block(addr, t.shape.Size())
	if err == nil {
		level, entries, err = t.shape.Check(b.Bytes())
	}
	return b, level, entries, h5err.At(err, v1Name, uint64(addr))
}

// descend finds the way to the child below which the wanted key belongs: beyond
// tells whether it lies behind a key that stands between two children. The
// height is 1 in an empty tree, whose root has no entries.
func (t *v1Edit) descend(beyond func(key []byte) (bool, error)) error {
	addr, edge := t.root, true
	for above := -1; ; above-- {
		b, level, n, err := t.node(addr)
		if err != nil {
			return err
		}
		switch {
		case above == -1:
			if level >= maxV1Levels {
				return h5err.At(h5err.Limit(v1Name, "level", "%d", level), v1Name, uint64(addr))
			}
			above = level
			t.height = level + 1
		case level != above:
			err = h5err.Corrupt(v1Name, "level", "got %d, want %d", level, above)
		}
		if err == nil && n == 0 && (above > 0 || addr != t.root) {
			err = h5err.Corrupt(v1Name, "entries", "none")
		}
		if err != nil {
			return h5err.At(err, v1Name, uint64(addr))
		}
		i, err := t.search(b.Bytes(), n, edge, beyond)
		if err != nil {
			return err
		}
		t.path[above] = v1Step{b, n, i}
		if above == 0 {
			return nil
		}
		edge = edge && i == n-1
		addr = t.shape.Child(b.Bytes(), i)
	}
}

// search counts the inner keys of a node that the wanted one lies behind. edge
// says that all nodes above were followed at their right end.
func (t *v1Edit) search(b []byte, n int, edge bool, beyond func([]byte) (bool, error)) (int, error) {
	lo, hi := 0, n-1 // keys 1 … lo lie before, those behind hi do not
	if edge && hi > 0 {
		// What is appended is found with one comparison.
		if ok, err := beyond(t.shape.Key(b, hi)); ok || err != nil {
			return hi, err
		}
		hi--
	}
	for lo < hi {
		mid := int(uint(lo+hi+1) / 2)
		ok, err := beyond(t.shape.Key(b, mid))
		switch {
		case err != nil:
			return 0, err
		case ok:
			lo = mid
		default:
			hi = mid - 1
		}
	}
	return max(lo, 0), nil
}

// leaf is the lowest node of the way.
func (t *v1Edit) leaf() *v1Step { return &t.path[0] }

// key gives key i of the leaf.
func (t *v1Edit) key(i int) []byte { return t.shape.Key(t.path[0].b.Bytes(), i) }

// child gives the child that was found.
func (t *v1Edit) child() wire.Address {
	return t.shape.Child(t.path[0].b.Bytes(), t.path[0].i)
}

// setKey writes key j of the leaf, and of all nodes that share it.
func (t *v1Edit) setKey(j int, key []byte) error { return t.setKeyFrom(0, j, key) }

func (t *v1Edit) setKeyFrom(level, j int, key []byte) error {
	for ; level < t.height; level++ {
		s := &t.path[level]
		s.b.Put(t.shape.KeyAt(j), key)
		left, right := t.shape.Siblings(s.b.Bytes())
		var err error
		switch j {
		case 0:
			err = t.setEdge(left, level, true, key)
		case s.n:
			err = t.setEdge(right, level, false, key)
		default:
			return nil
		}
		if err != nil {
			return err
		}
		if level+1 < t.height {
			if j == 0 {
				j = t.path[level+1].i
			} else {
				j = t.path[level+1].i + 1
			}
		}
	}
	return nil
}

// setEdge writes the first or last key of a sibling, if there is one.
func (t *v1Edit) setEdge(addr wire.Address, level int, last bool, key []byte) error {
	b, n, err := t.sibling(addr, level)
	if b == nil || err != nil {
		return err
	}
	if !last {
		n = 0
	}
	b.Put(t.shape.KeyAt(n), key)
	return nil
}

// sibling gives a node on that level; nil when addr is undefined.
func (t *v1Edit) sibling(addr wire.Address, level int) (*draft.Block, int, error) {
	if !addr.Defined() {
		return nil, 0, nil
	}
	b, got, n, err := t.node(addr)
	if err == nil && got != level {
		err = h5err.At(h5err.Corrupt(v1Name, "sibling", "has level %d, want %d", got, level), v1Name, uint64(addr))
	}
	return b, n, err
}

// insert puts a child with the key to its left at place q of the leaf, and
// splits the nodes on the way that are full.
func (t *v1Edit) insert(q int, key []byte, child wire.Address) error {
	var room [maxV1Key]byte
	for level := 0; ; level++ {
		s := &t.path[level]
		if s.n < t.shape.Slots {
			t.put(s.b, s.n, q, key, child)
			return nil
		}
		twin, err := t.split(level, q, key, child)
		if err != nil {
			return err
		}
		// The parent is edited after its child, so the key must not be a part of it.
		key = room[:copy(room[:], t.shape.Key(twin.Bytes(), 0))]
		child = twin.Address()
		if level+1 == t.height {
			return t.raise(twin)
		}
		q = t.path[level+1].i + 1
	}
}

// maxV1Key is the size of the largest key: 33 offsets, size and mask.
const maxV1Key = 8 + 8*33

// put makes room for a pair at place q of a node with n < Slots entries.
func (t *v1Edit) put(b *draft.Block, n, q int, key []byte, child wire.Address) {
	at, pair := t.shape.KeyAt(q), t.shape.Pair()
	p := b.Edit(at, t.shape.KeyAt(n+1)+t.shape.KeySize)
	copy(p[pair:], p)
	copy(p, key)
	wire.PutUint(p[t.shape.KeySize:pair], uint64(child))
	setV1Entries(b, n+1)
}

func setV1Entries(b *draft.Block, n int) {
	wire.PutUint(b.Edit(format.BTreeV1EntriesAt, format.BTreeV1EntriesAt+2), uint64(n))
}

// split moves the right part of a full node to a new one and puts the pair into
// one of them. The right-most node keeps nine tenths, as most trees grow there.
func (t *v1Edit) split(level, q int, key []byte, child wire.Address) (*draft.Block, error) {
	s := &t.path[level]
	left, right := t.shape.Siblings(s.b.Bytes())
	n := s.n
	keep := n / 2
	switch {
	case !right.Defined():
		keep = n * 9 / 10
	case !left.Defined():
		keep = n / 10
	}
	keep = min(max(keep, 1), n-1)
	twin, err := newV1Node(t.d, &t.shape, level)
	if err != nil {
		return nil, err
	}
	from := t.shape.KeyAt(keep)
	twin.Put(t.shape.KeyAt(0), s.b.Bytes()[from:t.shape.KeyAt(n)+t.shape.KeySize])
	setV1Entries(twin, n-keep)
	clear(s.b.Edit(t.shape.ChildAt(keep), t.shape.Size()))
	setV1Entries(s.b, keep)
	if err := t.link(twin, s.b, right, level); err != nil {
		return nil, err
	}
	if q <= keep {
		t.put(s.b, keep, q, key, child)
	} else {
		t.put(twin, n-keep, q-keep, key, child)
	}
	return twin, nil
}

// link puts twin between b and its former right sibling.
func (t *v1Edit) link(twin, b *draft.Block, right wire.Address, level int) error {
	w := t.shape.Sizes.Offset
	at := format.BTreeV1LeftAt
	p := twin.Edit(at, at+2*w)
	wire.PutUint(p[:w], uint64(b.Address()))
	wire.PutUint(p[w:], uint64(right))
	wire.PutUint(b.Edit(at+w, at+2*w), uint64(twin.Address()))
	r, _, err := t.sibling(right, level)
	if r == nil || err != nil {
		return err
	}
	wire.PutUint(r.Edit(at, at+w), uint64(twin.Address()))
	return nil
}

// raise moves the root, which was split, to a new place and makes a higher one
// where it was.
func (t *v1Edit) raise(twin *draft.Block) error {
	root := t.path[t.height-1].b
	if t.height == maxV1Levels {
		return h5err.At(h5err.Limit(v1Name, "level", "%d", t.height), v1Name, uint64(t.root))
	}
	moved, err := newV1Node(t.d, &t.shape, 0)
	if err != nil {
		return err
	}
	moved.Put(0, root.Bytes()[:t.shape.Size()])
	w, at := t.shape.Sizes.Offset, format.BTreeV1LeftAt
	wire.PutUint(twin.Edit(at, at+w), uint64(moved.Address()))

	_, _, n, err := t.node(twin.Address())
	if err != nil {
		return err
	}
	p := root.Edit(0, t.shape.Size())
	p[format.BTreeV1LevelAt]++
	wire.PutUint(p[format.BTreeV1EntriesAt:format.BTreeV1EntriesAt+2], 2)
	for i := at; i < at+2*w; i++ {
		p[i] = 0xff
	}
	clear(p[t.shape.ChildAt(0):])
	wire.PutUint(p[t.shape.ChildAt(0):t.shape.KeyAt(1)], uint64(moved.Address()))
	copy(p[t.shape.KeyAt(1):], t.shape.Key(twin.Bytes(), 0))
	wire.PutUint(p[t.shape.ChildAt(1):t.shape.KeyAt(2)], uint64(twin.Address()))
	copy(p[t.shape.KeyAt(2):], t.shape.Key(twin.Bytes(), n))
	return nil
}

// first makes an entry in an empty tree.
func (t *v1Edit) first(left []byte, child wire.Address, right []byte) {
	b := t.path[0].b
	b.Put(t.shape.KeyAt(0), left)
	wire.PutUint(b.Edit(t.shape.ChildAt(0), t.shape.KeyAt(1)), uint64(child))
	b.Put(t.shape.KeyAt(1), right)
	setV1Entries(b, 1)
}

// remove takes the child that was found out of the leaf, with its own key, and
// frees the nodes that become empty. The tree does not become lower before it
// is empty.
func (t *v1Edit) remove() error {
	for level := range t.height {
		s := &t.path[level]
		if s.n > 1 {
			return t.take(level)
		}
		if level+1 == t.height {
			p := s.b.Edit(0, t.shape.Size())
			p[format.BTreeV1LevelAt] = 0
			clear(p[format.BTreeV1EntriesAt : format.BTreeV1EntriesAt+2])
			clear(p[t.shape.KeyAt(0):])
			return nil
		}
		if err := t.unlink(level); err != nil {
			return err
		}
	}
	return nil
}

// take closes the gap of the child on the way, which is not the node's last one.
func (t *v1Edit) take(level int) error {
	s := &t.path[level]
	at, pair, end := t.shape.KeyAt(s.i), t.shape.Pair(), t.shape.KeyAt(s.n)+t.shape.KeySize
	if t.right {
		at = t.shape.ChildAt(s.i)
	}
	p := s.b.Edit(at, end)
	copy(p, p[pair:])
	clear(p[len(p)-pair:])
	s.n--
	setV1Entries(s.b, s.n)
	edge := 0
	switch {
	case t.right && s.i == s.n:
		edge = s.n
	case t.right || s.i > 0:
		return nil
	}
	var room [maxV1Key]byte
	key := room[:copy(room[:], t.shape.Key(s.b.Bytes(), edge))]
	return t.setKeyFrom(level, edge, key)
}

// unlink frees a node that loses its last entry. The neighbour that is to cover
// its range takes over the key at its far end.
func (t *v1Edit) unlink(level int) error {
	s := &t.path[level]
	left, right := t.shape.Siblings(s.b.Bytes())
	l, _, err := t.sibling(left, level)
	if err != nil {
		return err
	}
	r, _, err := t.sibling(right, level)
	if err != nil {
		return err
	}
	var room [maxV1Key]byte
	if t.right {
		err = t.setEdge(right, level, false, room[:copy(room[:], t.shape.Key(s.b.Bytes(), 0))])
	} else {
		err = t.setEdge(left, level, true, room[:copy(room[:], t.shape.Key(s.b.Bytes(), s.n))])
	}
	if err != nil {
		return err
	}
	w, at := t.shape.Sizes.Offset, format.BTreeV1LeftAt
	if l != nil {
		wire.PutUint(l.Edit(at+w, at+2*w), uint64(right))
	}
	if r != nil {
		wire.PutUint(r.Edit(at, at+w), uint64(left))
	}
	t.free(s.b.Address())
	return nil
}

func (t *v1Edit) free(addr wire.Address) {
	t.d.Free(freespaceMetadata, addr, uint64(t.shape.Size()))
}

// each visits the entries of all leaves, left to right, and then each node.
func (t *v1Edit) each(entry func(V1Entry) error, node func(wire.Address)) error {
	left := budget(t.d.Size())
	return t.eachBelow(t.root, -1, &left, entry, node)
}

func (t *v1Edit) eachBelow(addr wire.Address, want int, left *budget, entry func(V1Entry) error, node func(wire.Address)) error {
	b, level, n, err := t.node(addr)
	switch {
	case err != nil:
		return err
	case want < 0 && level >= maxV1Levels:
		return h5err.At(h5err.Limit(v1Name, "level", "%d", level), v1Name, uint64(addr))
	case want >= 0 && level != want:
		return h5err.At(h5err.Corrupt(v1Name, "level", "got %d, want %d", level, want), v1Name, uint64(addr))
	}
	if err := left.spend(uint64(t.shape.Size()), v1Name, addr); err != nil {
		return err
	}
	for i := range n {
		child := t.shape.Child(b.Bytes(), i)
		if level > 0 {
			err = t.eachBelow(child, level-1, left, entry, node)
		} else {
			err = entry(V1Entry{Key: t.shape.Key(b.Bytes(), i), NextKey: t.shape.Key(b.Bytes(), i+1), Child: child})
		}
		if err != nil {
			return err
		}
	}
	if node != nil {
		node(addr)
	}
	return nil
}
