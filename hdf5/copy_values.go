package hdf5

import (
	"encoding/binary"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/wire"
)

// translation rewrites elements from one file's form into another's: what lies
// in heaps goes into the other file's heaps, and references lead to copies.
type translation struct {
	from, to int // bytes of an element
	class    datatype.Class
	parts    []translatedPart // compound
	count    int              // array
	base     *translation     // array, vlen and string of variable length
	kind     datatype.ReferenceKind
	special  bool // has something to be rewritten
	refers   bool // references are among it
	src, dst wire.Sizes
}

// translatedPart is a member of a compound.
type translatedPart struct {
	src, dst int // offsets
	t        *translation
}

// newTranslation takes the types of an element in both files, which differ in
// the widths of addresses alone.
func newTranslation(s, d *datatype.Datatype, src, dst wire.Sizes) (*translation, error) {
	t := &translation{from: s.Size, to: d.Size, class: s.Class, src: src, dst: dst}
	var err error
	switch {
	case s.Class == datatype.Compound:
		for i, m := range s.Members {
			p := translatedPart{src: m.Offset, dst: d.Members[i].Offset}
			if p.t, err = newTranslation(m.Type, d.Members[i].Type, src, dst); err != nil {
				return nil, err
			}
			if !p.t.special && t.from == t.to {
				continue // copied with the whole
			}
			t.special, t.refers = t.special || p.t.special, t.refers || p.t.refers
			t.parts = append(t.parts, p)
		}
		t.special = t.special || t.from != t.to
	case s.Class == datatype.Array:
		if t.base, err = newTranslation(s.Base, d.Base, src, dst); err != nil {
			return nil, err
		}
		t.special, t.refers, t.count = t.base.special, t.base.refers, s.Size/max(1, s.Base.Size)
	case s.Class == datatype.VLen, s.Class == datatype.String && s.Variable:
		t.special, t.base = true, &translation{from: 1, to: 1}
		if s.Base != nil {
			t.base, err = newTranslation(s.Base, d.Base, src, dst)
			t.refers = t.base != nil && t.base.refers
		}
	case s.Class == datatype.Reference:
		t.special, t.refers, t.kind = true, true, s.RefKind
	case t.from != t.to:
		err = h5err.New(h5err.ErrType, "", "", "%s of %d bytes has %d in the copy", s, t.from, t.to)
	}
	return t, err
}

// same tells whether the bytes of an element stay as they are.
func (t *translation) same() bool { return !t.special }

// apply rewrites one element; what must go into a heap is noted in b.
func (t *translation) apply(dst, src []byte, b *valueBatch) error {
	switch {
	case t.parts != nil:
		if t.from == t.to {
			copy(dst[:t.to], src[:t.from])
		}
		for _, p := range t.parts {
			if err := p.t.apply(dst[p.dst:], src[p.src:], b); err != nil {
				return err
			}
		}
		return nil
	case !t.special:
		copy(dst[:t.to], src[:t.from])
		return nil
	case t.class == datatype.Array:
		for i := range t.count {
			if err := t.base.apply(dst[i*t.base.to:], src[i*t.base.from:], b); err != nil {
				return err
			}
		}
		return nil
	case t.class == datatype.Reference:
		return t.reference(dst[:t.to], src[:t.from], b)
	}
	return t.sequence(dst[:t.to], src[:t.from], b)
}

// valueBatch is elements on their way into the copy: what they refer to is read,
// and not yet in the copy's heaps.
type valueBatch struct {
	c       *copyRun
	x       *copied
	heap    *heapReader
	depth   int
	pending [][]pendingValue // by depth: the innermost go into the heap first
	bytes   int
	count   int
}

// pendingValue is an object of the copy's heap. Its place goes to at: address,
// index 4.
type pendingValue struct{ at, data []byte }

func (c *copyRun) batch(x *copied) *valueBatch { return &valueBatch{c: c, x: x} }

// full tells whether the batch should be settled.
func (b *valueBatch) full() bool { return b.bytes > batchBytes || b.count > batchValues }

// Bounds on a batch.
const (
	batchBytes  = 16 << 20
	batchValues = 1 << 16
)

func (b *valueBatch) add(at, data []byte) {
	for len(b.pending) <= b.depth {
		b.pending = append(b.pending, nil)
	}
	b.pending[b.depth] = append(b.pending[b.depth], pendingValue{at, data})
	b.bytes += len(data)
	b.count++
}

// object reads an object of the source's heap.
func (b *valueBatch) object(addr wire.Address, index uint32) ([]byte, error) {
	if b.heap == nil {
		s, err := b.c.source(b.x.f)
		if err != nil {
			return nil, err
		}
		b.heap = s.newHeap()
	}
	return b.heap.Object(uint64(addr), index)
}

// insert puts the pending values into the copy's heap, inside an operation.
func (b *valueBatch) insert() error {
	w := b.c.w
	for d := len(b.pending) - 1; d >= 0; d-- {
		list := b.pending[d]
		values := make([][]byte, len(list))
		for i := range list {
			values[i] = list[i].data
		}
		err := w.editor.Heap.InsertAll(values, func(i int, addr wire.Address, index uint16) {
			at := list[i].at
			n := w.sb.Sizes.Offset
			wire.PutUint(at[:n], uint64(addr))
			binary.LittleEndian.PutUint32(at[n:], uint32(index))
		})
		if err != nil {
			return err
		}
	}
	*b = valueBatch{c: b.c, x: b.x}
	return nil
}

// settleValues is insert as an operation of its own.
func (c *copyRun) settleValues(b *valueBatch) error {
	if b.count == 0 {
		b.heap = nil
		return nil
	}
	return c.w.edit(b.insert)
}

// translate rewrites elements of a dataset.
func (c *copyRun) translate(p *datasetCopy, dst, src []byte) error {
	t := p.values
	b := c.batch(p.x)
	for len(src) >= t.from && t.from > 0 {
		if err := t.apply(dst[:t.to], src[:t.from], b); err != nil {
			return err
		}
		dst, src = dst[t.to:], src[t.from:]
		if b.full() {
			if err := c.settleValues(b); err != nil {
				return err
			}
		}
	}
	return c.settleValues(b)
}

// sequence rewrites the descriptor of variable-length data: count 4, address,
// index 4. Spec: VIII.
func (t *translation) sequence(dst, src []byte, b *valueBatch) error {
	clear(dst)
	r := wire.NewReader(src, t.src)
	count, addr, index := r.U32(), r.Address(), r.U32()
	if r.Err() != nil {
		return r.Err()
	}
	if addr == 0 || !addr.Defined() {
		return nil
	}
	if count == 0 {
		b.add(dst[4:], nil) // libhdf5 tells an empty string from none by the address
		return nil
	}
	obj, err := b.object(addr, index)
	if err != nil {
		return err
	}
	need, ok := wire.Mul(uint64(count), uint64(t.base.from))
	if !ok || t.base.from < 1 || need > uint64(len(obj)) {
		return h5err.At(h5err.Corrupt("global heap collection", "object", "%d bytes for %d elements of %d", len(obj), count, t.base.from), "", uint64(addr))
	}
	data := make([]byte, int(count)*t.base.to)
	b.depth++
	for i := range int(count) {
		if t.base.same() {
			copy(data, obj[:need])
			break
		}
		if err := t.base.apply(data[i*t.base.to:], obj[i*t.base.from:], b); err != nil {
			return err
		}
	}
	b.depth--
	binary.LittleEndian.PutUint32(dst, count)
	b.add(dst[4:], data)
	return nil
}

// reference rewrites a reference; one that has no counterpart becomes null.
func (t *translation) reference(dst, src []byte, b *valueBatch) error {
	clear(dst)
	switch t.kind {
	case datatype.ObjectReference:
		addr := wire.NewReader(src, t.src).Address()
		to, ok, err := b.c.counterpart(b.x, addr)
		if err != nil || !ok {
			return err
		}
		return format.PutAddress(dst[:t.dst.Offset], to)
	case datatype.RegionReference:
		r := wire.NewReader(src, t.src)
		return t.inHeap(dst, b, r.Address(), r.U32(), 0)
	}
	return t.stdReference(dst, src, b)
}

// inHeap rewrites a reference whose heap object begins with the address of the
// object, behind the size of the address in the newer kinds (head is 1).
func (t *translation) inHeap(dst []byte, b *valueBatch, addr wire.Address, index uint32, head int) error {
	if addr == 0 || !addr.Defined() {
		return nil
	}
	obj, err := b.object(addr, index)
	if err != nil {
		return err
	}
	width := t.src.Offset
	if head == 1 && len(obj) > 0 {
		width = int(obj[0])
	}
	if len(obj) < head+width || width < 1 || width > 8 {
		return h5err.At(h5err.Corrupt("global heap collection", "reference", "an address of %d bytes in %d", width, len(obj)), "", uint64(addr))
	}
	target := wire.NewReader(obj[head:], wire.Sizes{Offset: width}).Address()
	to, ok, err := b.c.counterpart(b.x, target)
	if err != nil || !ok {
		return err
	}
	a := wire.NewAppender(make([]byte, 0, len(obj)+8), t.dst)
	if head == 1 {
		a.U8(uint8(t.dst.Offset))
	}
	a.Address(to)
	a.Bytes(obj[head+width:])
	b.add(dst, a.Buf)
	return nil
}

// stdReference rewrites an element of H5T_STD_REF.
func (t *translation) stdReference(dst, src []byte, b *valueBatch) error {
	if len(src) < 2 || src[0] == 0 {
		return nil
	}
	r, n, id, err := format.DecodeStdReference(src, t.src)
	if err != nil {
		return err
	}
	if !r.InHeap() {
		to, ok, err := b.c.counterpart(b.x, r.Object)
		if err != nil || !ok {
			return err
		}
		r.Object = to
		element, err := format.AppendStdReference(nil, r, 0, format.HeapID{}, t.dst)
		copy(dst, element)
		return err
	}
	before := b.count
	if r.File != "" {
		obj, err := b.object(id.Address, id.Index)
		if err != nil {
			return err
		}
		if uint64(n) > uint64(len(obj)) {
			return h5err.Corrupt("reference", "size", "%d bytes, the heap object has %d", n, len(obj))
		}
		b.add(dst[6:], append([]byte(nil), obj[:n]...))
	} else if err := t.inHeap(dst[6:], b, id.Address, id.Index, 1); err != nil {
		return err
	}
	if b.count == before {
		return nil // null
	}
	list := b.pending[b.depth]
	size := len(list[len(list)-1].data)
	dst[0], dst[1] = src[0], src[1]
	binary.LittleEndian.PutUint32(dst[2:], uint32(size))
	return nil
}

// counterpart gives what takes the place of the object at an address of x's
// file; ok is false where a reference to it becomes null.
func (c *copyRun) counterpart(x *copied, addr wire.Address) (to wire.Address, ok bool, err error) {
	if addr == 0 || !addr.Defined() {
		return 0, false, nil
	}
	y := c.items[objectKey{x.f.home, addr}]
	if y == nil {
		if sameFile(x.f, c.f) {
			return addr, true, nil
		}
		if !c.o.ExpandReferences {
			return 0, false, nil
		}
		if y, err = c.expand(x, addr); err != nil || y == nil {
			return 0, false, err
		}
	}
	to, err = c.place(y)
	return to, err == nil && to.Defined(), err
}

// expand puts an object that a reference leads to on the list, nil where there
// is none.
func (c *copyRun) expand(x *copied, addr wire.Address) (*copied, error) {
	s, err := c.source(x.f)
	if err != nil {
		return nil, err
	}
	if h, err := s.graph.Open(addr); err != nil || h.Kind() == 0 {
		return nil, nil // a reference that leads nowhere leads nowhere in the copy
	}
	first := len(c.order)
	y := c.add(x.f, addr, "")
	if !c.toRoot {
		c.aside = append(c.aside, y)
	}
	return y, c.scan(first)
}
