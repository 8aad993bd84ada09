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

// btreeV2 is the index for two or more unlimited dimensions: records of an
// address, for filtered chunks stored size and mask, and the scaled
// coordinates, 8 bytes each, by which they are sorted. Spec: VII.E.
type btreeV2 struct {
	tree       *btree.V2
	addr       wire.Address
	rank       int
	shape      format.ChunkElementShape
	chunkBytes uint64
}

func openBTreeV2(c *metacache.Cache, p Params) (Index, error) {
	t, err := btree.OpenV2(c, p.Address)
	if err != nil {
		return nil, err
	}
	x := &btreeV2{tree: t, addr: p.Address, rank: len(p.Dims), shape: elementShape(c.Sizes(), &p), chunkBytes: p.ChunkBytes}
	return x, h5err.At(x.check(&p), "B-tree v2 header", uint64(p.Address))
}

// check compares the tree with the layout message.
func (x *btreeV2) check(p *Params) error {
	const name = "B-tree v2 header"
	want := uint8(format.BTreeV2Chunks)
	if p.Filtered {
		want = format.BTreeV2FilteredChunks
	}
	if got := x.tree.Type(); got != want {
		return h5err.Corrupt(name, "type", "got %d, want %d", got, want)
	}
	if got, want := x.tree.RecordSize(), x.shape.Bytes()+8*x.rank; got != want {
		return h5err.Corrupt(name, "record size", "got %d, want %d", got, want)
	}
	size, split, merge := x.tree.Parameters()
	if err := agree(name, "node size", uint64(p.NodeSize), uint64(size)); err != nil {
		return err
	}
	if err := agree(name, "split percent", uint64(p.Split), uint64(split)); err != nil {
		return err
	}
	return agree(name, "merge percent", uint64(p.Merge), uint64(merge))
}

func (x *btreeV2) Kind() string { return BTreeV2.String() }

func (x *btreeV2) Find(scaled []uint64) (Chunk, bool, error) {
	if err := checkRank(scaled, x.rank); err != nil {
		return Chunk{}, false, err
	}
	record, ok, err := x.tree.Find(func(record []byte) (int, error) { return x.compare(scaled, record), nil })
	if err != nil || !ok {
		return Chunk{}, false, err
	}
	c, ok := x.chunk(record)
	return c, ok, nil
}

// compare orders wanted coordinates and a record's.
func (x *btreeV2) compare(scaled []uint64, record []byte) int {
	return compareScaled(scaled, record[x.shape.Bytes():])
}

// compareScaled orders wanted coordinates and those in b, 8 bytes each.
func compareScaled(scaled []uint64, b []byte) int {
	for u, w := range scaled {
		switch v := binary.LittleEndian.Uint64(b[8*u:]); {
		case w < v:
			return -1
		case w > v:
			return 1
		}
	}
	return 0
}

// chunk decodes a record without its coordinates.
func (x *btreeV2) chunk(record []byte) (Chunk, bool) {
	return elementChunk(x.shape, record, x.chunkBytes)
}

// All yields the chunks in row-major order; records out of order are ErrCorrupt.
func (x *btreeV2) All() iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		scaled := make([]uint64, x.rank)
		first := true
		for record, err := range x.tree.All() {
			if err == nil && !first && x.compare(scaled, record) >= 0 {
				err = h5err.At(h5err.Corrupt("B-tree v2 node", "records", "out of order"), "B-tree v2 header", uint64(x.addr))
			}
			if err != nil {
				yield(Chunk{}, err)
				return
			}
			first = false
			for u := range scaled {
				scaled[u] = binary.LittleEndian.Uint64(record[x.shape.Bytes()+8*u:])
			}
			c, ok := x.chunk(record)
			c.Scaled = scaled
			if ok && !yield(c, nil) {
				return
			}
		}
	}
}
