package heap

import (
	"gables/hdf5/h5err"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/wire"
)

// FractalParams are what a fractal heap is made with.
type FractalParams struct {
	IDLength   int
	MaxManaged uint32 // larger objects are huge
	TableWidth uint64
	StartBlock uint64
	MaxDirect  uint64
	HeapBits   int
	StartRows  int
	Checksums  bool // of direct blocks
}

// LinkHeap and AttributeHeap are libhdf5's parameters for dense links and
// dense attributes. Source: H5Gdense.c, H5Adense.c.
var (
	LinkHeap      = FractalParams{7, 4096, 4, 512, 65536, 32, 1, true}
	AttributeHeap = FractalParams{8, 4096, 4, 1024, 65536, 40, 1, true}
)

// FractalEdit edits a fractal heap on a draft. It keeps nothing but addresses,
// so it outlives operations that were undone. Heaps with filters are
// ErrUnsupported. Spec: III.F.
type FractalEdit struct {
	d    *draft.Draft
	addr wire.Address
}

// NewFractal makes an empty heap and gives the address of its header.
func NewFractal(d *draft.Draft, p FractalParams) (wire.Address, error) {
	h := &format.FractalHeap{IDLength: p.IDLength, MaxManaged: p.MaxManaged, HugeTree: wire.Undefined, Manager: wire.Undefined,
		TableWidth: p.TableWidth, StartBlock: p.StartBlock, MaxDirect: p.MaxDirect, MaxHeapBits: p.HeapBits, StartRows: p.StartRows,
		Root: wire.Undefined, ChecksumPresent: p.Checksums}
	if p.Checksums {
		h.Flags = 2
	}
	s := d.Sizes()
	if err := h.Derive(s); err != nil {
		return 0, err
	}
	if uint64(p.MaxManaged)+uint64(h.DirectOverhead(s)) > p.MaxDirect {
		return 0, h5err.Limit("fractal heap", "largest managed object", "%d bytes in blocks of %d", p.MaxManaged, p.MaxDirect)
	}
	head, err := d.New(int(format.FractalHeapSize(nil, s)))
	if err != nil {
		return 0, err
	}
	_, err = format.AppendFractalHeap(head.Edit(0, head.Len())[:0], h, s)
	return head.Address(), err
}

// EditFractal edits the heap whose header is at addr.
func EditFractal(d *draft.Draft, addr wire.Address) (*FractalEdit, error) {
	e := &FractalEdit{d, addr}
	_, err := e.open()
	return e, e.at(err)
}

func (e *FractalEdit) at(err error) error { return h5err.At(err, "fractal heap", uint64(e.addr)) }

// fractalState is a heap as it is during one call.
type fractalState struct {
	*FractalEdit
	s    wire.Sizes
	h    *format.FractalHeap
	head *draft.Block
	size int // of the header
}

func (e *FractalEdit) open() (*fractalState, error) {
	st := &fractalState{FractalEdit: e, s: e.d.Sizes()}
	b, err := e.d.Block(e.addr, format.FractalHeapPrefix)
	if err != nil {
		return nil, err
	}
	st.size = int(format.FractalHeapSize(b.Bytes()[:format.FractalHeapPrefix], st.s))
	if st.head, err = e.d.Block(e.addr, st.size); err != nil {
		return nil, err
	}
	if err := st.head.Verify(st.size, "fractal heap"); err != nil {
		return nil, err
	}
	if st.h, err = format.LoadFractalHeap(st.head.Bytes()[:st.size], st.s); err != nil {
		return nil, err
	}
	if st.h.HasFilters {
		return nil, h5err.Unsupported("fractal heap", "filters", "can't be edited")
	}
	if st.h.StartBlock <= uint64(st.h.DirectOverhead(st.s)) {
		return nil, h5err.Corrupt("fractal heap", "starting block", "%d bytes have no room", st.h.StartBlock)
	}
	return st, nil
}

// close writes the header.
func (st *fractalState) close() error {
	if _, err := format.AppendFractalHeap(st.head.Edit(0, st.size)[:0], st.h, st.s); err != nil {
		return err
	}
	st.head.Seal(st.size)
	return nil
}

// IDLength is the bytes of an ID of this heap.
func (e *FractalEdit) IDLength() (int, error) {
	st, err := e.open()
	if err != nil {
		return 0, e.at(err)
	}
	return st.h.IDLength, nil
}

// Insert puts data into the heap and gives its ID, of IDLength bytes. Objects
// that fit the ID lie in it; those above the heap's limit lie by themselves.
func (e *FractalEdit) Insert(data []byte) (id []byte, err error) {
	err = e.edit(func(st *fractalState) error {
		id, err = st.insert(data)
		return err
	})
	return id, err
}

// edit runs an operation on the heap and writes its header.
func (e *FractalEdit) edit(f func(st *fractalState) error) error {
	return e.at(e.d.Do(func() error {
		st, err := e.open()
		if err == nil {
			err = f(st)
		}
		if err == nil {
			err = st.close()
		}
		return err
	}))
}

func (st *fractalState) insert(data []byte) ([]byte, error) {
	switch {
	case len(data) == 0:
		return nil, h5err.Limit("fractal heap", "object", "of 0 bytes")
	case uint64(len(data)) > uint64(st.h.MaxManaged):
		return st.insertHuge(data)
	case len(data) <= st.tinyMost():
		return st.insertTiny(data), nil
	}
	return st.insertManaged(data)
}

// tinyMost is the size of the largest object that lies in its ID.
func (st *fractalState) tinyMost() int {
	if st.h.TinyExtended {
		return min(st.h.IDLength-2, 1<<12)
	}
	return min(st.h.IDLength-1, 16)
}

func (st *fractalState) insertTiny(data []byte) []byte {
	id := make([]byte, st.h.IDLength)
	n, at := len(data)-1, 1
	id[0] = idTiny<<4 | byte(n)
	if st.h.TinyExtended {
		id[0], id[1], at = idTiny<<4|byte(n>>8), byte(n), 2
	}
	copy(id[at:], data)
	st.h.TinyObjects++
	st.h.TinySize += uint64(len(data))
	return id
}

func (st *fractalState) insertManaged(data []byte) ([]byte, error) {
	offset, err := st.take(uint64(len(data)))
	if err != nil {
		return nil, err
	}
	p, err := st.place(offset, uint64(len(data)))
	if err != nil {
		return nil, err
	}
	st.write(p, data)
	st.h.Objects++
	st.h.FreeSpace -= min(st.h.FreeSpace, uint64(len(data)))
	id := make([]byte, st.h.IDLength)
	if 1+st.h.OffsetSize+st.h.LengthSize > len(id) {
		return nil, h5err.Corrupt("fractal heap", "heap ID length", "%d, managed objects need %d", len(id), 1+st.h.OffsetSize+st.h.LengthSize)
	}
	wire.PutUint(id[1:1+st.h.OffsetSize], offset)
	wire.PutUint(id[1+st.h.OffsetSize:][:st.h.LengthSize], uint64(len(data)))
	return id, nil
}

// parse gives type, and for managed objects offset and length, of an ID.
func (st *fractalState) parse(id []byte) (kind byte, offset, n uint64, err error) {
	if len(id) < st.h.IDLength || id[0]>>6 != 0 {
		return 0, 0, 0, h5err.Corrupt("fractal heap ID", "version", "ID % x", id)
	}
	kind = id[0] >> 4 & 3
	if kind == idManaged {
		r := wire.NewReader(id[1:st.h.IDLength], st.s)
		offset, n = r.Uint(st.h.OffsetSize), r.Uint(st.h.LengthSize)
		err = r.Err()
	}
	return kind, offset, n, err
}

// Object gives the bytes of an object as the draft has it, valid until the
// next edit; they must not be written to.
func (e *FractalEdit) Object(id []byte) ([]byte, error) {
	st, err := e.open()
	if err != nil {
		return nil, e.at(err)
	}
	b, err := st.object(id)
	return b, e.at(err)
}

func (st *fractalState) object(id []byte) ([]byte, error) {
	kind, offset, n, err := st.parse(id)
	if err != nil {
		return nil, err
	}
	switch kind {
	case idManaged:
		p, err := st.place(offset, n)
		if err != nil {
			return nil, err
		}
		return p.b.Bytes()[p.at : p.at+int(n)], nil
	case idTiny:
		return (&Fractal{h: st.h}).tiny(id[:st.h.IDLength])
	case idHuge:
		return st.hugeBytes(id)
	}
	return nil, h5err.Corrupt("fractal heap ID", "type", "%d", kind)
}

// Replace puts data in the place of an object: where it is if that is managed
// and the size is the same, which leaves the ID as it was, else as a new object.
// It gives the ID.
func (e *FractalEdit) Replace(id, data []byte) (now []byte, err error) {
	err = e.edit(func(st *fractalState) error {
		if done, err := st.overwrite(id, data); done || err != nil {
			now = id
			return err
		}
		if err := st.remove(id); err != nil {
			return err
		}
		now, err = st.insert(data)
		return err
	})
	return now, err
}

// overwrite replaces a managed object of the same size. Huge ones can't be:
// raw data that is written is not undone.
func (st *fractalState) overwrite(id, data []byte) (bool, error) {
	kind, offset, n, err := st.parse(id)
	if err != nil || kind != idManaged || n != uint64(len(data)) {
		return false, err
	}
	p, err := st.place(offset, n)
	if err != nil {
		return false, err
	}
	st.write(p, data)
	return true, nil
}

// Remove takes an object out. A heap without managed objects gives all its
// blocks back.
func (e *FractalEdit) Remove(id []byte) error {
	return e.edit(func(st *fractalState) error { return st.remove(id) })
}

func (st *fractalState) remove(id []byte) error {
	kind, offset, n, err := st.parse(id)
	if err != nil {
		return err
	}
	switch kind {
	case idHuge:
		return st.removeHuge(id)
	case idTiny:
		data, err := (&Fractal{h: st.h}).tiny(id[:st.h.IDLength])
		if err != nil || st.h.TinyObjects == 0 || st.h.TinySize < uint64(len(data)) {
			return orCorrupt(err, "tiny objects")
		}
		st.h.TinyObjects--
		st.h.TinySize -= uint64(len(data))
		return nil
	case idManaged:
		return st.removeManaged(offset, n)
	}
	return h5err.Corrupt("fractal heap ID", "type", "%d", kind)
}

func orCorrupt(err error, field string) error {
	if err == nil {
		err = h5err.Corrupt("fractal heap", field, "fewer than were removed")
	}
	return err
}

func (st *fractalState) removeManaged(offset, n uint64) error {
	if _, err := st.place(offset, n); err != nil {
		return err
	}
	if st.h.Objects == 0 {
		return orCorrupt(nil, "managed objects")
	}
	// Also of the last object, which tells whether it is free already.
	if err := st.release(offset, n); err != nil {
		return err
	}
	st.h.FreeSpace += n
	if st.h.Objects--; st.h.Objects == 0 {
		return st.empty()
	}
	return nil
}

// Free gives back the whole heap.
func (e *FractalEdit) Free() error {
	return e.at(e.d.Do(func() error {
		st, err := e.open()
		if err == nil {
			err = st.empty()
		}
		if err == nil {
			err = st.freeHuge()
		}
		if err == nil {
			st.d.Free(freespace.Metadata, e.addr, uint64(st.size))
		}
		return err
	}))
}
