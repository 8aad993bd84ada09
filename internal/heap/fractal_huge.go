package heap

import (
	"cmp"

	"gables/hdf5/h5err"
	"gables/internal/btree"
	"gables/internal/freespace"
	"gables/internal/wire"
)

const noAddress = wire.Undefined

// Types of the B-trees of huge objects without filters: records hold address,
// length and, where IDs can't hold those, the object's number. Spec: III.A.2.
const (
	hugeIndirect = 1
	hugeDirect   = 3
)

// hugeTree gives the B-tree of the huge objects.
func (st *fractalState) hugeTree() (*btree.V2Edit, error) {
	kind, n := st.hugeKind()
	if !st.h.HugeTree.Defined() {
		addr, err := btree.NewV2(st.d, btree.V2Params{Type: kind, NodeSize: 512, RecordSize: n, Split: 100, Merge: 40})
		if err != nil {
			return nil, err
		}
		st.h.HugeTree = addr
	}
	t, err := btree.EditV2(st.d, st.h.HugeTree)
	if err == nil && (t.Type() != kind || t.RecordSize() != n) {
		err = h5err.Corrupt("fractal heap", "huge object B-tree", "type %d, records of %d bytes", t.Type(), t.RecordSize())
	}
	return t, err
}

// hugeKind is the type and the size of the records of that tree.
func (st *fractalState) hugeKind() (uint8, int) {
	if st.h.HugeDirect {
		return hugeDirect, st.s.Offset + st.s.Length
	}
	return hugeIndirect, st.s.Offset + 2*st.s.Length
}

// byHuge compares with the record of an ID: by number, or by place.
func (st *fractalState) byHuge(want []byte) func([]byte) (int, error) {
	return func(record []byte) (int, error) {
		if len(record) != len(want) {
			return 0, h5err.Corrupt("fractal heap", "huge object record", "%d bytes", len(record))
		}
		o, l := st.s.Offset, st.s.Length
		if !st.h.HugeDirect {
			return cmp.Compare(wire.Uint(want[o+l:]), wire.Uint(record[o+l:])), nil
		}
		return cmp.Or(cmp.Compare(wire.Uint(want[:o]), wire.Uint(record[:o])),
			cmp.Compare(wire.Uint(want[o:]), wire.Uint(record[o:]))), nil
	}
}

// hugeRecord is a record with the fields that an ID has.
func (st *fractalState) hugeRecord(id []byte) []byte {
	_, n := st.hugeKind()
	record := make([]byte, n)
	if st.h.HugeDirect {
		copy(record, id[1:1+n])
	} else {
		wire.PutUint(record[st.s.Offset+st.s.Length:], wire.Uint(id[1:1+st.h.HugeIDSize]))
	}
	return record
}

func (st *fractalState) insertHuge(data []byte) ([]byte, error) {
	t, err := st.hugeTree()
	if err != nil {
		return nil, err
	}
	id := make([]byte, st.h.IDLength)
	id[0] = idHuge << 4
	n := uint64(len(data))
	addr := st.d.Alloc(freespace.Raw, n)
	if err := st.d.WriteRaw(data, addr); err != nil {
		return nil, err
	}
	o, l := st.s.Offset, st.s.Length
	if st.h.HugeDirect {
		wire.PutUint(id[1:1+o], uint64(addr))
		wire.PutUint(id[1+o:1+o+l], n)
	} else {
		st.h.NextHuge++
		if k := st.h.HugeIDSize; k < 8 && st.h.NextHuge>>(8*k) != 0 || l < 8 && st.h.NextHuge>>(8*l) != 0 {
			return nil, h5err.Limit("fractal heap", "huge object ID", "%d", st.h.NextHuge)
		}
		wire.PutUint(id[1:1+st.h.HugeIDSize], st.h.NextHuge)
	}
	record := st.hugeRecord(id)
	wire.PutUint(record[:o], uint64(addr))
	wire.PutUint(record[o:o+l], n)
	st.h.HugeObjects++
	st.h.HugeSize += n
	return id, t.Insert(record, st.byHuge(record))
}

// hugePlace is where a huge object lies, and its size.
func (st *fractalState) hugePlace(id []byte) (wire.Address, uint64, error) {
	record := st.hugeRecord(id)
	if !st.h.HugeTree.Defined() {
		return 0, 0, h5err.Corrupt("fractal heap", "huge object", "in a heap without any")
	}
	t, err := st.hugeTree()
	if err != nil {
		return 0, 0, err
	}
	found, ok, err := t.Find(st.byHuge(record))
	if err == nil && !ok {
		err = h5err.Corrupt("fractal heap", "huge object", "no record for ID % x", id)
	}
	if err != nil {
		return 0, 0, err
	}
	r := wire.NewReader(found, st.s)
	addr, n := r.Address(), r.Length()
	return addr, n, r.Err()
}

func (st *fractalState) hugeBytes(id []byte) ([]byte, error) {
	addr, n, err := st.hugePlace(id)
	if err != nil {
		return nil, err
	}
	if n > uint64(st.d.Limits().Alloc) {
		return nil, h5err.Limit("fractal heap", "huge object", "%d bytes", n)
	}
	if end, ok := wire.Add(uint64(addr), n); !ok || end > st.d.Size() {
		return nil, h5err.New(h5err.ErrTruncated, "fractal heap", "huge object", "%d bytes at 0x%x", n, uint64(addr))
	}
	b := make([]byte, n)
	_, err = st.d.ReadAt(b, uint64(addr))
	return b, err
}

func (st *fractalState) removeHuge(id []byte) error {
	addr, n, err := st.hugePlace(id)
	if err != nil {
		return err
	}
	if st.h.HugeObjects == 0 || st.h.HugeSize < n {
		return orCorrupt(nil, "huge objects")
	}
	t, err := st.hugeTree()
	if err != nil {
		return err
	}
	if _, err := t.Remove(st.byHuge(st.hugeRecord(id))); err != nil {
		return err
	}
	st.d.Free(freespace.Raw, addr, n)
	st.h.HugeObjects--
	if st.h.HugeSize -= n; st.h.HugeObjects == 0 {
		return st.freeHuge()
	}
	return nil
}

// freeHuge gives back all huge objects and their B-tree.
func (st *fractalState) freeHuge() error {
	if !st.h.HugeTree.Defined() {
		return nil
	}
	t, err := st.hugeTree()
	if err != nil {
		return err
	}
	err = t.Free(func(record []byte) error {
		r := wire.NewReader(record, st.s)
		addr, n := r.Address(), r.Length()
		if end, ok := wire.Add(uint64(addr), n); !ok || end > st.d.Size() {
			return h5err.Corrupt("fractal heap", "huge object", "%d bytes at 0x%x", n, uint64(addr))
		}
		st.d.Free(freespace.Raw, addr, n)
		return r.Err()
	})
	st.h.HugeTree, st.h.NextHuge, st.h.HugeObjects, st.h.HugeSize = noAddress, 0, 0, 0
	return err
}
