package btree

import (
	"cmp"
	"encoding/binary"
	"fmt"

	"gables/hdf5/h5err"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/wire"
)

// V1Chunk is what a version 1 B-tree knows of a chunk.
type V1Chunk struct {
	Address wire.Address
	Size    uint32 // stored bytes
	Mask    uint32 // filters that were skipped
}

// V1Chunks edits the version 1 B-tree of a dataset's chunks. The root's address
// never changes. It belongs to one goroutine and may be kept over operations of
// the draft. Spec: III.A.1.
type V1Chunks struct {
	tree v1Edit
	dims []uint64 // of a chunk in elements, with the size of an element as the last
	key  []byte   // room for one
}

// DefaultChunkK is half the children of a chunk tree's node, unless the
// superblock extension says otherwise.
const DefaultChunkK = 32

func chunkShape(s wire.Sizes, rank, k int) format.BTreeV1Shape {
	return format.BTreeV1Shape{Type: format.BTreeV1Chunks, Sizes: s, KeySize: 8 + 8*(rank+1), Slots: 2 * k}
}

// NewV1Chunks makes an empty tree for chunks of that rank and gives its address.
func NewV1Chunks(d *draft.Draft, rank, k int) (wire.Address, error) {
	shape := chunkShape(d.Sizes(), rank, k)
	return createV1(d, &shape)
}

// EditV1Chunks edits the tree at root. dims are a chunk's dimensions, of which
// the last is the size of an element in bytes.
func EditV1Chunks(d *draft.Draft, root wire.Address, dims []uint64, k int) (*V1Chunks, error) {
	rank := len(dims) - 1
	if rank < 1 || rank > 32 || k < 1 || k > 1<<14 {
		return nil, h5err.Corrupt(v1Name, "shape", "rank %d, K %d", rank, k)
	}
	t := &V1Chunks{tree: v1Edit{d: d, root: root, shape: chunkShape(d.Sizes(), rank, k)}, dims: dims}
	t.key = make([]byte, t.tree.shape.KeySize)
	return t, nil
}

// compare orders wanted offsets, of which the missing last one is 0, and a key.
func (t *V1Chunks) compare(offset []uint64, key []byte) int {
	for u, w := range offset {
		if side := cmp.Compare(w, binary.LittleEndian.Uint64(key[8+8*u:])); side != 0 {
			return side
		}
	}
	return cmp.Compare(0, binary.LittleEndian.Uint64(key[len(key)-8:]))
}

// locate descends to the entry for a chunk and tells how the chunk lies to the
// key of that entry. offset are the first element's coordinates, [rank].
func (t *V1Chunks) locate(offset []uint64) (side int, err error) {
	if len(offset) != len(t.dims)-1 {
		return 0, h5err.New(h5err.ErrSelection, v1Name, "coordinates", "got %d, want %d", len(offset), len(t.dims)-1)
	}
	err = t.tree.descend(func(key []byte) (bool, error) { return t.compare(offset, key) >= 0, nil })
	if err != nil || t.tree.leaf().n == 0 {
		return 1, err
	}
	return t.compare(offset, t.tree.key(t.tree.leaf().i)), nil
}

// Find gives the chunk whose first element is at offset, [rank].
func (t *V1Chunks) Find(offset []uint64) (c V1Chunk, ok bool, err error) {
	side, err := t.locate(offset)
	if err != nil || side != 0 {
		return c, false, err
	}
	return t.found(), true, nil
}

func (t *V1Chunks) found() V1Chunk {
	key := t.tree.key(t.tree.leaf().i)
	return V1Chunk{t.tree.child(), binary.LittleEndian.Uint32(key), binary.LittleEndian.Uint32(key[4:])}
}

// encode makes the key of a chunk; end adds the chunk's dimensions.
func (t *V1Chunks) encode(c V1Chunk, offset []uint64, end bool) ([]byte, error) {
	binary.LittleEndian.PutUint32(t.key, c.Size)
	binary.LittleEndian.PutUint32(t.key[4:], c.Mask)
	for u, d := range t.dims {
		v := uint64(0)
		if u < len(offset) {
			v = offset[u]
		}
		if end {
			var ok bool
			if v, ok = wire.Add(v, d); !ok {
				return nil, h5err.Limit(v1Name, "key", "offset %d in dimension %d", offset[u], u)
			}
		}
		binary.LittleEndian.PutUint64(t.key[8+8*u:], v)
	}
	return t.key, nil
}

// Put inserts a chunk, or replaces what the tree has for its place; old is that.
// The caller frees the old chunk's bytes.
func (t *V1Chunks) Put(offset []uint64, c V1Chunk) (old V1Chunk, replaced bool, err error) {
	if err := fits(c.Address, t.tree.shape.Sizes); err != nil {
		return old, false, err
	}
	err = t.tree.d.Do(func() error {
		side, err := t.locate(offset)
		if err != nil {
			return err
		}
		leaf := t.tree.leaf()
		switch {
		case leaf.n == 0:
			return t.first(offset, c)
		case side == 0:
			old, replaced = t.found(), true
			return t.replace(c)
		case side < 0:
			return t.insertFirst(offset, c)
		}
		if leaf.i == leaf.n-1 && t.compare(offset, t.tree.key(leaf.n)) >= 0 {
			key, err := t.encode(V1Chunk{}, offset, true)
			if err != nil {
				return err
			}
			if err := t.tree.setKey(leaf.n, key); err != nil {
				return err
			}
		}
		key, err := t.encode(c, offset, false)
		if err != nil {
			return err
		}
		return t.tree.insert(leaf.i+1, key, c.Address)
	})
	return old, replaced, err
}

func (t *V1Chunks) first(offset []uint64, c V1Chunk) error {
	right, err := t.encode(V1Chunk{}, offset, true)
	if err != nil {
		return err
	}
	right = append([]byte(nil), right...)
	left, err := t.encode(c, offset, false)
	if err != nil {
		return err
	}
	t.tree.first(left, c.Address, right)
	return nil
}

// replace writes size, mask and address over those of the entry that was found,
// which all nodes that share its key repeat.
func (t *V1Chunks) replace(c V1Chunk) error {
	leaf, shape := t.tree.leaf(), &t.tree.shape
	copy(t.key, t.tree.key(leaf.i))
	binary.LittleEndian.PutUint32(t.key, c.Size)
	binary.LittleEndian.PutUint32(t.key[4:], c.Mask)
	wire.PutUint(leaf.b.Edit(shape.ChildAt(leaf.i), shape.KeyAt(leaf.i+1)), uint64(c.Address))
	return t.tree.setKey(leaf.i, t.key)
}

// insertFirst puts a chunk before the first one of a leaf; no leaf lies further
// left that could take it.
func (t *V1Chunks) insertFirst(offset []uint64, c V1Chunk) error {
	// The key moves with its child into the gap, so that the nodes above and
	// beside can be told before any is split.
	key, err := t.encode(c, offset, false)
	if err != nil {
		return err
	}
	leaf, shape := t.tree.leaf(), &t.tree.shape
	var room [maxV1Key]byte
	old := room[:copy(room[:], t.tree.key(0))]
	child := t.tree.child()
	if err := t.tree.setKey(0, key); err != nil {
		return err
	}
	wire.PutUint(leaf.b.Edit(shape.ChildAt(0), shape.KeyAt(1)), uint64(c.Address))
	return t.tree.insert(1, old, child)
}

// Remove takes a chunk out and gives it. ErrNotFound if there is none. The
// caller frees its bytes.
func (t *V1Chunks) Remove(offset []uint64) (old V1Chunk, err error) {
	err = t.tree.d.Do(func() error {
		side, err := t.locate(offset)
		if err != nil {
			return err
		}
		if side != 0 {
			return fmt.Errorf("chunk at %d: %w", offset, h5err.ErrNotFound)
		}
		old = t.found()
		return t.tree.remove()
	})
	return old, err
}

// Each visits all chunks in row-major order; offset is valid until the next
// one. visit must not edit the tree.
func (t *V1Chunks) Each(visit func(offset []uint64, c V1Chunk) error) error {
	offset := make([]uint64, len(t.dims)-1)
	return t.tree.each(func(e V1Entry) error {
		for u := range offset {
			offset[u] = binary.LittleEndian.Uint64(e.Key[8+8*u:])
		}
		return visit(offset, V1Chunk{e.Child, binary.LittleEndian.Uint32(e.Key), binary.LittleEndian.Uint32(e.Key[4:])})
	}, nil)
}

// Free frees every node, but no chunk.
func (t *V1Chunks) Free() error {
	return t.tree.d.Do(func() error {
		var nodes []wire.Address
		err := t.tree.each(func(V1Entry) error { return nil }, func(a wire.Address) { nodes = append(nodes, a) })
		if err != nil {
			return err
		}
		for _, a := range nodes {
			t.tree.free(a)
		}
		return nil
	})
}
