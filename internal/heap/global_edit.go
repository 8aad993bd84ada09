package heap

import (
	"bytes"
	"encoding/binary"
	"slices"

	"gables/hdf5/h5err"
	"gables/internal/draft"
	"gables/internal/freespace"
	"gables/internal/wire"
)

// Sizes of collections, how many with room a writer remembers, and the bounds
// of what an object's header can say. Source: libhdf5's H5HGpkg.h.
const (
	minCollection = 4096
	maxCollection = 65536 // unless one object needs more
	maxRoomy      = 16
	maxIndex      = 0xffff
	maxLinks      = 0xffff
)

// GlobalEdit puts objects into global heap collections on a draft and takes
// them out. There is one for a file: it remembers which collections have room.
// Spec: III.E.
type GlobalEdit struct {
	d      *draft.Draft
	roomy  []*room // the latest last
	undone uint64  // the draft's count when roomy was true
	next   uint64  // size of the next collection
}

// room is the end of a collection that no object uses.
type room struct {
	addr wire.Address
	size uint64 // of the collection
	at   uint64 // where the free space begins
	last uint16 // no object has a larger index
}

func (r *room) free() uint64 { return r.size - r.at }

// EditGlobal edits the global heap of a file.
func EditGlobal(d *draft.Draft) *GlobalEdit {
	return &GlobalEdit{d: d, undone: d.Undone(), next: minCollection}
}

// check forgets what undoing has made wrong.
func (e *GlobalEdit) check() {
	if u := e.d.Undone(); u != e.undone {
		e.undone, e.roomy, e.next = u, e.roomy[:0], minCollection
	}
}

// Insert puts data into a collection with room, or a new one, and gives the
// collection's address and the object's index. Its reference count is 0, as
// libhdf5 has it for variable-length data.
func (e *GlobalEdit) Insert(data []byte) (wire.Address, uint16, error) {
	var addr wire.Address
	var index uint16
	err := e.InsertAll([][]byte{data}, func(_ int, a wire.Address, i uint16) { addr, index = a, i })
	return addr, index, err
}

// InsertAll inserts many values, which is cheaper than one by one, and tells
// put where each is; after an error none is inserted.
func (e *GlobalEdit) InsertAll(values [][]byte, put func(i int, addr wire.Address, index uint16)) error {
	return e.d.Do(func() error { return e.insertAll(values, put) })
}

func (e *GlobalEdit) insertAll(values [][]byte, put func(i int, addr wire.Address, index uint16)) error {
	e.check()
	head := uint64(globalHead(e.d.Sizes()))
	for done := 0; done < len(values); {
		need := head + align8(uint64(len(values[done])))
		r, err := e.roomFor(need, values[done:])
		if err != nil {
			return err
		}
		n, err := e.fill(r, values[done:], done, put)
		if err != nil {
			return err
		}
		done += n
	}
	return nil
}

// roomFor finds need bytes that may be used up to an index of maxIndex. The
// rest of the values tell how large a new collection should be.
func (e *GlobalEdit) roomFor(need uint64, values [][]byte) (*room, error) {
	for i := len(e.roomy) - 1; i >= 0; i-- {
		if r := e.roomy[i]; r.free() >= need && r.last < maxIndex {
			return r, nil
		}
	}
	s := e.d.Sizes()
	head := uint64(globalHead(s))
	size := e.next
	if len(values) > 1 {
		size = head
		for _, v := range values {
			if size += head + align8(uint64(len(v))); size >= maxCollection {
				break
			}
		}
		size = max(min(size, maxCollection), e.next)
	}
	size = max(size, head+need)
	if s.Length < 8 && size>>(8*s.Length) != 0 || size > uint64(e.d.Limits().Metadata) {
		return nil, h5err.Limit("global heap collection", "size", "%d bytes", size)
	}
	b, err := e.d.New(int(size))
	if err != nil {
		return nil, err
	}
	e.next = min(2*e.next, maxCollection)
	a := wire.NewAppender(b.Edit(0, int(head))[:0], s)
	a.String("GCOL\x01\x00\x00\x00")
	a.Length(size)
	r := &room{addr: b.Address(), size: size, at: head}
	putObject(b.Edit(int(head), int(2*head)), 0, size-head, s)
	e.remember(r)
	return r, nil
}

// putObject writes an object's header.
func putObject(b []byte, index uint16, size uint64, s wire.Sizes) {
	binary.LittleEndian.PutUint64(b, uint64(index))
	clear(b[8:globalHead(s)])
	wire.PutUint(b[8:8+s.Length], size)
}

// remember puts r among the collections with room, in the place of the one
// that has least.
func (e *GlobalEdit) remember(r *room) {
	if i := slices.IndexFunc(e.roomy, func(o *room) bool { return o.addr == r.addr }); i >= 0 {
		*e.roomy[i] = *r
		return
	}
	if len(e.roomy) == maxRoomy {
		least := 0
		for i, o := range e.roomy {
			if o.free() < e.roomy[least].free() {
				least = i
			}
		}
		e.roomy = slices.Delete(e.roomy, least, least+1)
	}
	e.roomy = append(e.roomy, r)
}

// fill inserts as many values as r has room for, and tells how many.
func (e *GlobalEdit) fill(r *room, values [][]byte, first int, put func(int, wire.Address, uint16)) (int, error) {
	s := e.d.Sizes()
	head := uint64(globalHead(s))
	n, end := 0, r.at
	for n < len(values) && n < maxIndex-int(r.last) {
		need := head + align8(uint64(len(values[n])))
		if need > r.size-end {
			break
		}
		end += need
		n++
	}
	b, err := e.d.Block(r.addr, int(r.size))
	if err != nil {
		return 0, err
	}
	p := b.Edit(int(r.at), int(min(end+head, r.size)))
	for i, v := range values[:n] {
		r.last++
		putObject(p, r.last, uint64(len(v)), s)
		used := head + align8(uint64(len(v)))
		clear(p[int(head)+copy(p[head:], v) : used])
		p = p[used:]
		put(first+i, r.addr, r.last)
	}
	r.at = end
	if r.free() >= head {
		putObject(p, 0, r.free(), s)
	} else {
		clear(p) // too little for an object's header
	}
	return n, nil
}

// Remove takes an object out, whatever its reference count: those that follow
// move down, and a collection without objects is given back.
func (e *GlobalEdit) Remove(addr wire.Address, index uint16) error {
	err := e.d.Do(func() error { return e.remove(addr, index) })
	return h5err.At(err, "global heap collection", uint64(addr))
}

func (e *GlobalEdit) remove(addr wire.Address, index uint16) error {
	b, r, o, err := e.find(addr, index)
	if err != nil {
		return err
	}
	s := e.d.Sizes()
	head := uint64(globalHead(s))
	after := o.at + o.size
	if r.at -= o.size; r.at == head {
		e.roomy = slices.DeleteFunc(e.roomy, func(o *room) bool { return o.addr == addr })
		e.d.Free(freespace.Metadata, addr, r.size)
		return nil
	}
	p := b.Edit(int(o.at), int(min(r.at+o.size+head, r.size)))
	n := copy(p, b.Bytes()[after:r.at+o.size])
	if r.free() >= head {
		putObject(p[n:], 0, r.free(), s)
	} else {
		clear(p[n:])
	}
	if r.last == maxIndex {
		e.renew(b, r)
	}
	e.remember(r)
	return nil
}

// renew lets indexes be used again where the largest are gone.
func (e *GlobalEdit) renew(b *draft.Block, r *room) {
	r.last = 0
	_ = eachObject(b.Bytes()[:r.size], e.d.Sizes(), func(o globalObject) bool {
		r.last = max(r.last, o.index)
		return true
	})
}

// Link adds n to the reference count of an object and gives the new one, which
// must lie in 0 to 65535. Nothing happens to an object whose count gets 0.
func (e *GlobalEdit) Link(addr wire.Address, index uint16, n int) (int, error) {
	b, _, o, err := e.find(addr, index)
	if err == nil && (n < -o.refs || n > maxLinks-o.refs) {
		err = h5err.Limit("global heap collection", "reference count", "%d%+d", o.refs, n)
	}
	if err != nil {
		return 0, h5err.At(err, "global heap collection", uint64(addr))
	}
	if n != 0 {
		binary.LittleEndian.PutUint16(b.Edit(int(o.at)+2, int(o.at)+4), uint16(o.refs+n))
	}
	return o.refs + n, nil
}

// Object gives an object's data as the draft has it, valid until the next edit.
func (e *GlobalEdit) Object(addr wire.Address, index uint16) ([]byte, error) {
	b, _, o, err := e.find(addr, index)
	if err != nil {
		return nil, h5err.At(err, "global heap collection", uint64(addr))
	}
	at := int(o.at) + globalHead(e.d.Sizes())
	return b.Bytes()[at : at+o.data], nil
}

// find loads a collection and finds an object in it.
func (e *GlobalEdit) find(addr wire.Address, index uint16) (*draft.Block, *room, globalObject, error) {
	e.check()
	var found globalObject
	b, r, err := e.load(addr)
	if err != nil {
		return nil, nil, found, err
	}
	err = eachObject(b.Bytes()[:r.size], e.d.Sizes(), func(o globalObject) bool {
		r.at, r.last = o.at+o.size, max(r.last, o.index)
		if o.index == index {
			found = o
		}
		return true
	})
	if err == nil && found.index == 0 {
		err = h5err.Corrupt("global heap collection", "object index", "no object %d", index)
	}
	return b, r, found, err
}

func (e *GlobalEdit) load(addr wire.Address) (*draft.Block, *room, error) {
	s := e.d.Sizes()
	head := globalHead(s)
	b, err := e.d.Block(addr, head)
	if err != nil {
		return nil, nil, err
	}
	if p := b.Bytes(); !bytes.HasPrefix(p, []byte("GCOL")) || p[4] != 1 {
		return nil, nil, h5err.Corrupt("global heap collection", "signature", "or version: % x", p[:5])
	}
	size := wire.Uint(b.Bytes()[8 : 8+s.Length])
	if size < uint64(2*head) || size%8 != 0 {
		return nil, nil, h5err.Corrupt("global heap collection", "size", "%d bytes", size)
	}
	if size > uint64(e.d.Limits().Metadata) {
		return nil, nil, h5err.Limit("global heap collection", "size", "%d bytes", size)
	}
	if b, err = e.d.Block(addr, int(size)); err != nil {
		return nil, nil, err
	}
	return b, &room{addr: addr, size: size, at: uint64(head)}, nil
}

// globalObject is where an object lies in its collection.
type globalObject struct {
	at, size uint64 // with its header and padding
	index    uint16
	refs     int
	data     int // bytes without them
}

// eachObject goes through the objects of a whole collection up to its free
// space, while f says so.
func eachObject(b []byte, s wire.Sizes, f func(globalObject) bool) error {
	head := uint64(globalHead(s))
	for at := head; at+head <= uint64(len(b)); {
		index := binary.LittleEndian.Uint16(b[at:])
		if index == 0 {
			return nil
		}
		n := wire.Uint(b[at+8 : at+8+uint64(s.Length)])
		if left := uint64(len(b)) - at - head; n > left || align8(n) > left {
			return h5err.Corrupt("global heap collection", "object size", "object %d: %d bytes, %d remain", index, n, left)
		}
		refs := int(binary.LittleEndian.Uint16(b[at+2:]))
		o := globalObject{at: at, size: head + align8(n), index: index, refs: refs, data: int(n)}
		if !f(o) {
			return nil
		}
		at += o.size
	}
	return nil
}
