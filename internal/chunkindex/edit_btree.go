package chunkindex

import (
	"encoding/binary"
	"math"

	"gables/hdf5/h5err"
	"gables/internal/btree"
	"gables/internal/format"
	"gables/internal/wire"
)

// btreeV1Edit is the index of layout messages up to version 3. Spec: III.A.1.
type btreeV1Edit struct {
	*editor
	dims   []uint64 // of a chunk, with the size of an element
	k      int
	tree   *btree.V1Chunks
	offset []uint64 // room for one
}

func editBTreeV1(e *editor) (Editor, error) {
	elements, ok := wire.Product(e.p.ChunkDims)
	if !ok || elements == 0 || e.p.ChunkBytes%elements != 0 || e.p.ChunkBytes == 0 {
		return nil, h5err.Corrupt("B-tree v1", "chunk dimensions", "%d elements in %d bytes", elements, e.p.ChunkBytes)
	}
	t := &btreeV1Edit{editor: e, k: e.p.ChunkK, offset: make([]uint64, len(e.p.ChunkDims))}
	t.dims = append(append(t.dims, e.p.ChunkDims...), e.p.ChunkBytes/elements)
	if t.k == 0 {
		t.k = btree.DefaultChunkK
	}
	if !e.p.Address.Defined() {
		return t, nil
	}
	return t, t.open()
}

func (t *btreeV1Edit) open() (err error) {
	t.tree, err = btree.EditV1Chunks(t.d, t.p.Address, t.dims, t.k)
	return err
}

func (t *btreeV1Edit) Create() error {
	if t.p.Address.Defined() {
		return nil
	}
	return t.do(func() (err error) {
		if t.p.Address, err = btree.NewV1Chunks(t.d, len(t.p.ChunkDims), t.k); err != nil {
			return err
		}
		return t.open()
	})
}

// place turns scaled coordinates into those of a chunk's first element.
func (t *btreeV1Edit) place(scaled []uint64) (ok bool, err error) {
	if err := checkRank(scaled, len(t.offset)); err != nil {
		return false, err
	}
	for u, s := range scaled {
		if t.offset[u], ok = wire.Mul(s, t.dims[u]); !ok || t.offset[u] >= t.p.MaxDims[u] {
			return false, nil
		}
	}
	return true, nil
}

func (t *btreeV1Edit) Get(scaled []uint64) (Chunk, bool, error) {
	ok, err := t.place(scaled)
	if err != nil || !ok || !t.p.Address.Defined() {
		return Chunk{}, false, err
	}
	v, ok, err := t.tree.Find(t.offset)
	c := Chunk{Address: v.Address, Size: uint64(v.Size), Mask: v.Mask}
	return c, ok && c.Address.Defined() && (c.Size != 0 || !t.p.Filtered), err
}

func (t *btreeV1Edit) Put(c Chunk) error {
	if c.Size > math.MaxUint32 {
		return h5err.Limit("B-tree v1 node", "size", "a chunk of %d bytes", c.Size)
	}
	ok, err := t.place(c.Scaled)
	if err != nil {
		return err
	}
	if !ok {
		return outside(c.Scaled)
	}
	return t.do(func() error {
		if err := t.Create(); err != nil {
			return err
		}
		_, _, err := t.tree.Put(t.offset, btree.V1Chunk{Address: c.Address, Size: uint32(c.Size), Mask: c.Mask})
		return err
	})
}

func (t *btreeV1Edit) Remove(scaled []uint64) error {
	ok, err := t.place(scaled)
	if err != nil {
		return err
	}
	if !ok || !t.p.Address.Defined() {
		return absent(scaled)
	}
	_, err = t.tree.Remove(t.offset)
	return err
}

func (t *btreeV1Edit) Free() error {
	if !t.p.Address.Defined() {
		return nil
	}
	if err := t.tree.Free(); err != nil {
		return err
	}
	t.tree, t.p.Address = nil, wire.Undefined
	return nil
}

// btreeV2Edit is the index for two or more unlimited dimensions. Spec: VII.E.
type btreeV2Edit struct {
	*editor
	shape  format.ChunkElementShape
	tree   *btree.V2Edit
	record []byte // room for one
}

func editBTreeV2(e *editor) (Editor, error) {
	t := &btreeV2Edit{editor: e, shape: elementShape(e.d.Sizes(), &e.p)}
	t.record = make([]byte, t.shape.Bytes()+8*len(e.p.ChunkDims))
	if !e.p.Address.Defined() {
		return t, nil
	}
	return t, t.open()
}

// kind is the type of the records.
func (t *btreeV2Edit) kind() uint8 {
	if t.p.Filtered {
		return format.BTreeV2FilteredChunks
	}
	return format.BTreeV2Chunks
}

func (t *btreeV2Edit) open() (err error) {
	const name = "B-tree v2 header"
	if t.tree, err = btree.EditV2(t.d, t.p.Address); err != nil {
		return err
	}
	if t.tree.Type() != t.kind() || t.tree.RecordSize() != len(t.record) {
		err = h5err.Corrupt(name, "type", "%d with records of %d bytes, want %d of %d", t.tree.Type(), t.tree.RecordSize(), t.kind(), len(t.record))
	}
	return h5err.At(err, name, uint64(t.p.Address))
}

func (t *btreeV2Edit) Create() error {
	if t.p.Address.Defined() {
		return nil
	}
	return t.do(func() (err error) {
		t.p.Address, err = btree.NewV2(t.d, btree.V2Params{Type: t.kind(), NodeSize: t.p.NodeSize,
			RecordSize: len(t.record), Split: t.p.Split, Merge: t.p.Merge})
		if err != nil {
			return err
		}
		return t.open()
	})
}

// order compares wanted coordinates with a record's.
func (t *btreeV2Edit) order(scaled []uint64) func([]byte) (int, error) {
	return func(record []byte) (int, error) { return compareScaled(scaled, record[t.shape.Bytes():]), nil }
}

func (t *btreeV2Edit) Get(scaled []uint64) (Chunk, bool, error) {
	if err := checkRank(scaled, len(t.p.Dims)); err != nil || !t.p.Address.Defined() {
		return Chunk{}, false, err
	}
	record, ok, err := t.tree.Find(t.order(scaled))
	if err != nil || !ok {
		return Chunk{}, false, err
	}
	c, ok := elementChunk(t.shape, record, t.p.ChunkBytes)
	return c, ok, nil
}

func (t *btreeV2Edit) Put(c Chunk) error {
	if err := checkRank(c.Scaled, len(t.p.Dims)); err != nil {
		return err
	}
	n := t.shape.Bytes()
	if err := t.shape.Store(t.record[:n], c.Address, c.Size, c.Mask); err != nil {
		return err
	}
	for u, s := range c.Scaled {
		if at, ok := wire.Mul(s, t.p.ChunkDims[u]); !ok || at >= t.p.MaxDims[u] {
			return outside(c.Scaled)
		}
		binary.LittleEndian.PutUint64(t.record[n+8*u:], s)
	}
	return t.do(func() error {
		if err := t.Create(); err != nil {
			return err
		}
		return t.tree.Put(t.record, t.order(c.Scaled))
	})
}

func (t *btreeV2Edit) Remove(scaled []uint64) error {
	if err := checkRank(scaled, len(t.p.Dims)); err != nil {
		return err
	}
	if !t.p.Address.Defined() {
		return absent(scaled)
	}
	_, err := t.tree.Remove(t.order(scaled))
	return err
}

func (t *btreeV2Edit) Free() error {
	if !t.p.Address.Defined() {
		return nil
	}
	if err := t.tree.Free(nil); err != nil {
		return err
	}
	t.tree, t.p.Address = nil, wire.Undefined
	return nil
}
