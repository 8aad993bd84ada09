package heap

import (
	"bytes"
	"cmp"
	"slices"

	"gables/hdf5/h5err"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/wire"
)

// noFree is the head of a free list without blocks, and the next of the last
// block. Source: libhdf5's H5HLpkg.h.
const noFree = 1

// scan is how many free blocks an insertion or removal looks at.
const scan = 16

// LocalEdit edits the local heap of an old-style group on a draft. It keeps
// nothing but addresses, so it outlives operations that were undone. A free
// block is: offset of the next one, size; the first is the largest that the
// editor knows of. Each call is an operation of the draft. Spec: III.D.
type LocalEdit struct {
	d    *draft.Draft
	addr wire.Address

	seen    *localState // what Name found at a version of the draft: a lookup compares a dozen names
	version uint64
}

// freeBlock is a range of a local heap's data that no name uses.
type freeBlock struct{ at, size uint64 }

func align8(n uint64) uint64 { return (n + 7) &^ 7 }

// localFree is the size of the smallest free block: it holds two lengths.
func localFree(s wire.Sizes) uint64 { return align8(uint64(2 * s.Length)) }

// localHead is the bytes that a header takes: libhdf5 writes it with padding.
func localHead(s wire.Sizes) uint64 { return align8(format.LocalHeapSize(s)) }

// NewLocal makes a heap whose data has size bytes, at least those of the empty
// name at offset 0 that every group's heap begins with, and gives its address.
func NewLocal(d *draft.Draft, size int) (wire.Address, error) {
	s := d.Sizes()
	n := max(align8(uint64(max(size, 0))), 8)
	if n > uint64(d.Limits().Metadata) {
		return 0, h5err.Limit("local heap", "data size", "%d bytes", n)
	}
	head, err := d.New(int(localHead(s)))
	if err != nil {
		return 0, err
	}
	data, err := d.New(int(n))
	if err != nil {
		return 0, err
	}
	h := &format.LocalHeap{DataSize: n, FreeList: noFree, Data: data.Address()}
	if n-8 >= localFree(s) {
		h.FreeList = 8
		putFree(data, s, freeBlock{8, n - 8}, noFree)
	}
	_, err = format.AppendLocalHeap(head.Edit(0, int(format.LocalHeapSize(s)))[:0], h, s)
	return head.Address(), err
}

// EditLocal edits the heap whose header is at addr.
func EditLocal(d *draft.Draft, addr wire.Address) (*LocalEdit, error) {
	e := &LocalEdit{d: d, addr: addr}
	_, err := e.open()
	return e, err
}

// localState is a heap as it is during one call.
type localState struct {
	*LocalEdit
	s    wire.Sizes
	h    *format.LocalHeap
	head *draft.Block
	data *draft.Block
}

func (e *LocalEdit) open() (*localState, error) {
	st := &localState{LocalEdit: e, s: e.d.Sizes()}
	var err error
	if st.head, err = e.d.Block(e.addr, int(format.LocalHeapSize(st.s))); err != nil {
		return nil, e.at(err)
	}
	if st.h, err = format.DecodeLocalHeap(st.head.Bytes(), st.s); err != nil {
		return nil, e.at(err)
	}
	if st.h.DataSize == 0 {
		return st, nil
	}
	if st.h.DataSize > uint64(e.d.Limits().Metadata) {
		return nil, e.at(h5err.Limit("local heap", "data size", "%d bytes", st.h.DataSize))
	}
	if at, head := uint64(st.h.Data), uint64(e.addr); at < head+format.LocalHeapSize(st.s) && (at > head || head-at < st.h.DataSize) {
		return nil, e.at(h5err.Corrupt("local heap", "data", "at 0x%x overlap the header", at))
	}
	st.data, err = e.d.Block(st.h.Data, int(st.h.DataSize))
	return st, e.at(err)
}

func (e *LocalEdit) at(err error) error { return h5err.At(err, "local heap", uint64(e.addr)) }

// look is open for who only reads.
func (e *LocalEdit) look() (*localState, error) {
	if e.seen != nil && e.version == e.d.Version() {
		return e.seen, nil
	}
	st, err := e.open()
	if err != nil {
		return nil, err
	}
	e.seen, e.version = st, e.d.Version()
	return st, nil
}

// Name gives the bytes at an offset without their NUL, valid until the heap
// is edited.
func (e *LocalEdit) Name(offset uint64) ([]byte, error) {
	st, err := e.look()
	if err != nil {
		return nil, err
	}
	if offset >= st.h.DataSize {
		return nil, e.at(h5err.Corrupt("local heap", "name offset", "%d, heap has %d bytes", offset, st.h.DataSize))
	}
	b := st.data.Bytes()[offset:st.h.DataSize]
	end := bytes.IndexByte(b, 0)
	if end < 0 {
		return nil, e.at(h5err.Corrupt("local heap", "name", "at offset %d has no end", offset))
	}
	return b[:end:end], nil
}

// Insert puts a name, without NULs, into the heap and gives its offset. Free
// blocks near the head of the list are used first, then the largest; only then
// does the heap grow to at least twice its size.
func (e *LocalEdit) Insert(name []byte) (offset uint64, err error) {
	err = e.d.Do(func() error {
		st, err := e.open()
		if err != nil {
			return err
		}
		need := align8(uint64(len(name)) + 1)
		if offset, err = st.take(need); err != nil {
			return e.at(err)
		}
		b := st.data.Edit(int(offset), int(offset+need))
		clear(b[copy(b, name):])
		return nil
	})
	return offset, err
}

// take finds need bytes.
func (st *localState) take(need uint64) (uint64, error) {
	if at, ok, err := st.fit(need); ok || err != nil {
		return at, err
	}
	list, err := st.tidy()
	if err != nil {
		return 0, err
	}
	if len(list) == 0 || !st.fits(list[0], need) {
		if err := st.grow(list, need); err != nil {
			return 0, err
		}
	}
	at, ok, err := st.fit(need)
	if err == nil && !ok {
		err = h5err.Corrupt("local heap", "free list", "no %d bytes after the heap grew", need)
	}
	return at, err
}

// fits tells whether need bytes can be cut from f with nothing left that is
// too small for the list.
func (st *localState) fits(f freeBlock, need uint64) bool {
	return f.size == need || f.size >= need+localFree(st.s)
}

// fit takes need bytes from the second to scan-th free block, or from the
// first, which is the largest.
func (st *localState) fit(need uint64) (uint64, bool, error) {
	first, next, err := st.freeAt(st.h.FreeList)
	if err != nil || first.size == 0 {
		return 0, false, err
	}
	before, at := first.at, next
	for range scan {
		if at == noFree {
			break
		}
		f, next, err := st.freeAt(at)
		if err != nil {
			return 0, false, err
		}
		if st.fits(f, need) {
			return st.cut(f, before, next, need), true, nil
		}
		before, at = f.at, next
	}
	if !st.fits(first, need) {
		return 0, false, nil
	}
	return st.cut(first, noFree, next, need), true, nil
}

// cut takes the first need bytes of f; before is the block before it in the
// list.
func (st *localState) cut(f freeBlock, before, next, need uint64) uint64 {
	if f.size == need {
		st.link(before, next)
	} else {
		st.link(before, f.at+need)
		putFree(st.data, st.s, freeBlock{f.at + need, f.size - need}, next)
	}
	return f.at
}

// link lets the block at before, or the header, lead to next.
func (st *localState) link(before, next uint64) {
	l := st.s.Length
	if before != noFree {
		wire.PutUint(st.data.Edit(int(before), int(before)+l), next)
		return
	}
	st.h.FreeList = next
	wire.PutUint(st.head.Edit(8+l, 8+2*l), next)
}

// freeAt reads the free block at an offset; noFree gives one of no bytes.
func (st *localState) freeAt(at uint64) (f freeBlock, next uint64, err error) {
	if at == noFree {
		return freeBlock{noFree, 0}, noFree, nil
	}
	l := uint64(st.s.Length)
	if st.h.DataSize < 2*l || at > st.h.DataSize-2*l {
		return f, 0, h5err.Corrupt("local heap", "free list", "offset %d, heap has %d bytes", at, st.h.DataSize)
	}
	b := st.data.Bytes()[at:]
	next, f = wire.Uint(b[:l]), freeBlock{at, wire.Uint(b[l : 2*l])}
	if f.size < 2*l || f.size > st.h.DataSize-at {
		return f, 0, h5err.Corrupt("local heap", "free list", "%d bytes at %d, heap has %d", f.size, at, st.h.DataSize)
	}
	return f, next, nil
}

func putFree(data *draft.Block, s wire.Sizes, f freeBlock, next uint64) {
	b := data.Edit(int(f.at), int(f.at)+2*s.Length)
	wire.PutUint(b[:s.Length], next)
	wire.PutUint(b[s.Length:], f.size)
}

// list gives all free blocks.
func (st *localState) list() ([]freeBlock, error) {
	var list []freeBlock
	total := uint64(0)
	for at := st.h.FreeList; at != noFree; {
		f, next, err := st.freeAt(at)
		if err != nil {
			return nil, err
		}
		if total += f.size; total > st.h.DataSize {
			return nil, h5err.Corrupt("local heap", "free list", "has more than the %d bytes of the heap", st.h.DataSize)
		}
		list = append(list, f)
		at = next
	}
	return list, nil
}

// tidy joins free blocks that touch, and orders them from the largest down.
func (st *localState) tidy() ([]freeBlock, error) {
	list, err := st.list()
	if err != nil || len(list) < 2 {
		return list, err
	}
	slices.SortFunc(list, func(a, b freeBlock) int { return cmp.Compare(a.at, b.at) })
	out := list[:1]
	for _, f := range list[1:] {
		switch last := &out[len(out)-1]; {
		case last.at+last.size > f.at:
			return nil, h5err.Corrupt("local heap", "free list", "blocks at %d and %d overlap", last.at, f.at)
		case last.at+last.size == f.at:
			last.size += f.size
		default:
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b freeBlock) int { return cmp.Compare(b.size, a.size) })
	st.chain(out)
	return out, nil
}

// chain writes the list.
func (st *localState) chain(list []freeBlock) {
	next := uint64(noFree)
	for _, f := range slices.Backward(list) {
		putFree(st.data, st.s, f, next)
		next = f.at
	}
	st.link(noFree, next)
}

// grow moves the data to a range at least twice as large, whose new end is
// the first of the free blocks.
func (st *localState) grow(list []freeBlock, need uint64) error {
	old := st.h.DataSize
	whole := align8(old)
	size, ok := wire.Add(max(2*whole, whole+64), align8(need)+localFree(st.s))
	if !ok || size > uint64(st.d.Limits().Metadata) || st.s.Length < 8 && size>>(8*st.s.Length) != 0 {
		return h5err.Limit("local heap", "data size", "a name of %d bytes in a heap of %d", need, old)
	}
	data, err := st.d.New(int(size))
	if err != nil {
		return err
	}
	added := freeBlock{whole, size - whole}
	if old > 0 {
		copy(data.Edit(0, data.Len()), st.data.Bytes()[:old])
		st.d.Free(freespace.Metadata, st.h.Data, old)
	}
	for i, f := range list {
		if f.at+f.size == old {
			added = freeBlock{f.at, size - f.at}
			list = slices.Delete(list, i, i+1)
			break
		}
	}
	st.h.DataSize, st.h.Data, st.data = size, data.Address(), data
	st.chain(slices.Insert(list, 0, added))
	_, err = format.AppendLocalHeap(st.head.Edit(0, int(format.LocalHeapSize(st.s)))[:0], st.h, st.s)
	return err
}

// Remove takes the name at offset out; name must be what is there. Blocks that
// touch are joined where they are near the head of the list; the rest are when
// the heap would grow.
func (e *LocalEdit) Remove(offset uint64, name []byte) error {
	have, err := e.Name(offset)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, name) {
		return e.at(h5err.Corrupt("local heap", "name", "at offset %d is %q, want %q", offset, have, name))
	}
	st, err := e.open()
	if err != nil {
		return err
	}
	f := freeBlock{offset, align8(uint64(len(name)) + 1)}
	if f.at%8 != 0 || f.size > st.h.DataSize-f.at {
		return e.at(h5err.Corrupt("local heap", "name", "of %d bytes at offset %d of %d", len(name), offset, st.h.DataSize))
	}
	return e.at(e.d.Do(func() error { return st.release(f) }))
}

// release joins f with free blocks that it touches and puts it in the list:
// in front if it is larger than the first, else behind it. What is too small
// for the list is lost, as it is to libhdf5.
func (st *localState) release(f freeBlock) error {
	before, at := uint64(noFree), st.h.FreeList
	for range scan {
		if at == noFree {
			break
		}
		g, next, err := st.freeAt(at)
		if err != nil {
			return err
		}
		switch {
		case g.at < f.at+f.size && f.at < g.at+g.size:
			return h5err.Corrupt("local heap", "free list", "%d bytes at %d are free and in use", g.size, g.at)
		case g.at+g.size == f.at || f.at+f.size == g.at:
			f = freeBlock{min(f.at, g.at), f.size + g.size}
			st.link(before, next)
		default:
			before = g.at
		}
		at = next
	}
	if f.size < localFree(st.s) {
		return nil
	}
	first, next, err := st.freeAt(st.h.FreeList)
	if err != nil {
		return err
	}
	if first.size > f.size {
		putFree(st.data, st.s, f, next)
		st.link(first.at, f.at)
	} else {
		putFree(st.data, st.s, f, st.h.FreeList)
		st.link(noFree, f.at)
	}
	return nil
}

// Free gives back the header and the data.
func (e *LocalEdit) Free() error {
	st, err := e.open()
	if err != nil {
		return err
	}
	st.d.Free(freespace.Metadata, st.h.Data, st.h.DataSize)
	st.d.Free(freespace.Metadata, e.addr, localHead(st.s))
	return nil
}
