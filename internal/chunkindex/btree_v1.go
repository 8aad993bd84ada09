package chunkindex

import (
	"encoding/binary"
	"iter"

	"gables/hdf5/h5err"
	"gables/internal/btree"
	"gables/internal/format"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// btreeV1 is the index of layout messages up to version 3. A key is stored
// size 4, filter mask 4, and the chunk's offsets in elements, 8 bytes each,
// with one more for the element size. Spec: III.A.1.
type btreeV1 struct {
	tree     *btree.V1
	root     wire.Address
	dims     []uint64 // of a chunk, [rank]
	filtered bool
}

func openBTreeV1(c *metacache.Cache, p Params) Index {
	x := &btreeV1{root: p.Address, dims: p.ChunkDims, filtered: p.Filtered}
	x.tree = btree.NewV1(c, p.Address, format.BTreeV1Chunks, 8+8*(len(p.Dims)+1), x.check)
	return x
}

// check judges a node's keys, as no checksum does: they rise, and those of
// children are multiples of the chunk's dimensions.
func (x *btreeV1) check(n *format.BTreeV1Node) error {
	for i := range n.Entries {
		key := n.Key(i)
		for u, d := range x.dims {
			if offset := keyOffset(key, u); offset%d != 0 {
				return h5err.Corrupt("B-tree v1 node", "key", "offset %d in dimension %d is no multiple of the chunk's %d", offset, u, d)
			}
		}
		if x.compareKeys(key, n.Key(i+1)) >= 0 {
			return h5err.Corrupt("B-tree v1 node", "key", "key %d is not below its successor", i)
		}
	}
	return nil
}

func keyOffset(key []byte, u int) uint64 { return binary.LittleEndian.Uint64(key[8+8*u:]) }

// compareKeys orders two keys by all their offsets.
func (x *btreeV1) compareKeys(a, b []byte) int {
	for u := range len(x.dims) + 1 {
		switch v, w := keyOffset(a, u), keyOffset(b, u); {
		case v < w:
			return -1
		case v > w:
			return 1
		}
	}
	return 0
}

// compare orders wanted offsets, whose last one is 0, and a key.
func compareOffsets(offsets []uint64, key []byte) int {
	for u, w := range offsets {
		switch v := keyOffset(key, u); {
		case w < v:
			return -1
		case w > v:
			return 1
		}
	}
	return 0
}

func (x *btreeV1) Kind() string { return BTreeV1.String() }

func (x *btreeV1) Find(scaled []uint64) (Chunk, bool, error) {
	if err := checkRank(scaled, len(x.dims)); err != nil {
		return Chunk{}, false, err
	}
	var room [maxRank + 1]uint64
	offsets := room[:len(scaled)+1]
	for u, s := range scaled {
		var ok bool
		if offsets[u], ok = wire.Mul(s, x.dims[u]); !ok {
			return Chunk{}, false, nil
		}
	}
	e, ok, err := x.tree.Find(func(left, right []byte) (int, error) {
		if compareOffsets(offsets, left) < 0 {
			return -1, nil
		}
		if compareOffsets(offsets, right) >= 0 {
			return 1, nil
		}
		return 0, nil
	})
	if err != nil || !ok || compareOffsets(offsets[:len(scaled)], e.Key) != 0 {
		return Chunk{}, false, err
	}
	c, ok := x.chunk(e)
	return c, ok, nil
}

// chunk decodes an entry without its coordinates.
func (x *btreeV1) chunk(e btree.V1Entry) (Chunk, bool) {
	c := Chunk{Address: e.Child, Size: uint64(binary.LittleEndian.Uint32(e.Key)), Mask: binary.LittleEndian.Uint32(e.Key[4:])}
	return c, c.Address.Defined() && (c.Size != 0 || !x.filtered)
}

// All yields the chunks in row-major order; keys out of order are ErrCorrupt.
func (x *btreeV1) All() iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		scaled := make([]uint64, len(x.dims))
		var previous []byte
		for e, err := range x.tree.Leaves() {
			if err == nil && previous != nil && x.compareKeys(previous, e.Key) >= 0 {
				err = h5err.At(h5err.Corrupt("B-tree v1 node", "key", "leaves are out of order"), "B-tree v1 node", uint64(x.root))
			}
			if err != nil {
				yield(Chunk{}, err)
				return
			}
			previous = e.Key
			for u, d := range x.dims {
				scaled[u] = keyOffset(e.Key, u) / d
			}
			c, ok := x.chunk(e)
			c.Scaled = scaled
			if ok && !yield(c, nil) {
				return
			}
		}
	}
}
