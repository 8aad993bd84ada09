package audit

import (
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/heap"
	"gables/internal/wire"
)

// fractalHeap is a fractal heap that is walked. Spec: III.F.
type fractalHeap struct {
	*format.FractalHeap
	a    *auditor
	path string
	addr wire.Address
	pipe *filter.Pipeline
	seen map[wire.Address]bool
}

// fractal claims and checks a fractal heap with its blocks, huge objects and
// free-space manager; nil when the header can't be read.
func (a *auditor) fractal(path string, addr wire.Address) *format.FractalHeap {
	b, err := a.cache.Prefix(addr, format.FractalHeapPrefix)
	var h *format.FractalHeap
	if err == nil {
		n := format.FractalHeapSize(b, a.sizes)
		if !a.claim(path, FractalHeap, addr, n) {
			return nil
		}
		if b, err = a.cache.Bytes(addr, n); err == nil {
			h, err = format.DecodeFractalHeap(b, a.sizes)
		}
	}
	if err != nil {
		a.fault(path, FractalHeap, addr, err)
		return nil
	}
	f := &fractalHeap{h, a, path, addr, nil, map[wire.Address]bool{}}
	if h.HasFilters {
		f.pipe = filter.NewPipeline(a.Graph.Filters, heap.Stages(h.Filters))
	}
	switch {
	case !h.Root.Defined():
	case h.RootRows == 0:
		f.direct(format.HeapBlock{Address: h.Root, Size: h.RootSize, Mask: h.RootMask}, h.StartBlock, 0)
	default:
		f.indirect(h.Root, h.RootRows, 0)
	}
	if h.HugeTree.Defined() {
		f.huge()
	}
	if h.Manager.Defined() {
		f.sections()
	}
	return h
}

// indirect checks an indirect block that begins at an offset of the heap, and
// the blocks below it.
func (f *fractalHeap) indirect(addr wire.Address, rows int, offset uint64) {
	a := f.a
	n := f.IndirectBlockSize(rows, a.sizes)
	if f.twice(addr) || a.ctx.Err() != nil || !a.claim(f.path, FractalHeap, addr, n) {
		return
	}
	b, err := a.cache.Bytes(addr, n)
	var list []format.HeapBlock
	if err == nil {
		list, err = f.DecodeIndirectBlock(b, rows, a.sizes)
	}
	if err == nil {
		err = f.belongs(b, offset)
	}
	if err != nil {
		a.fault(f.path, FractalHeap, addr, err)
		return
	}
	for i, e := range list {
		if !e.Address.Defined() {
			continue
		}
		row := i / int(f.TableWidth)
		at := offset + f.RowOffset(row) + uint64(i)%f.TableWidth*f.RowBlockSize(row)
		if row < f.MaxDirectRows {
			f.direct(e, f.RowBlockSize(row), at)
			continue
		}
		if below := f.ChildRows(row); below <= row {
			f.indirect(e.Address, below, at)
		} else {
			a.damage(f.path, FractalHeap, addr, "doubling table", "%d rows below row %d", below, row)
		}
	}
}

// twice tells whether a block was met before.
func (f *fractalHeap) twice(addr wire.Address) bool {
	if f.seen[addr] {
		f.a.damage(f.path, FractalHeap, addr, "block", "it is reached twice")
		return true
	}
	f.seen[addr] = true
	return false
}

// belongs compares the heap's address and the offset that a block holds.
func (f *fractalHeap) belongs(b []byte, offset uint64) error {
	s := f.a.sizes
	r := wire.NewReader(b, s)
	r.Skip(5)
	heapAt, at := r.Address(), r.Uint(f.OffsetSize)
	switch {
	case r.Err() != nil:
		return r.Err()
	case heapAt != f.addr:
		return h5err.Corrupt(FractalHeap.String(), "heap address", "0x%x, want 0x%x", uint64(heapAt), uint64(f.addr))
	case at != offset:
		return h5err.Corrupt(FractalHeap.String(), "block offset", "%d, want %d", at, offset)
	}
	return nil
}

// direct checks a direct block of so many bytes.
func (f *fractalHeap) direct(e format.HeapBlock, size, offset uint64) {
	a := f.a
	stored := size
	if f.pipe != nil {
		stored = e.Size
	}
	if f.twice(e.Address) || a.ctx.Err() != nil || !a.claim(f.path, FractalHeap, e.Address, stored) {
		return
	}
	b, err := a.cache.Bytes(e.Address, stored)
	if err == nil && f.pipe != nil {
		b, err = f.unfilter(b, size, e.Mask)
	}
	if err == nil {
		err = f.CheckDirectBlock(b, a.sizes)
	}
	if err == nil {
		err = f.belongs(b, offset)
	}
	a.fault(f.path, FractalHeap, e.Address, err)
}

func (f *fractalHeap) unfilter(b []byte, size uint64, mask uint32) ([]byte, error) {
	limit := uint64(f.a.cache.Limits().Metadata)
	if size > limit {
		return nil, h5err.Limit(FractalHeap.String(), "block size", "%d bytes", size)
	}
	out := make([]byte, size)
	return out, f.pipe.Decode(out, b, mask, 1, int(limit))
}

// huge checks the B-tree of objects that lie by themselves.
func (f *fractalHeap) huge() {
	kind := uint8(1)
	if f.HugeDirect {
		kind = 3
	}
	if f.HasFilters {
		kind++
	}
	count, bytes := uint64(0), uint64(0)
	f.a.treeV2(f.path, f.HugeTree, kind, func(record []byte) error {
		r := wire.NewReader(record, f.a.sizes)
		addr, n := r.Address(), r.Length()
		if r.Err() != nil {
			return r.Err()
		}
		f.a.claim(f.path, HugeObject, addr, n)
		if f.HasFilters {
			r.Skip(4)
			n = r.Length()
		}
		count, bytes = count+1, bytes+n
		return nil
	})
	if count != f.HugeObjects {
		f.a.damage(f.path, FractalHeap, f.addr, "huge objects", "%d, the B-tree has %d", f.HugeObjects, count)
	}
}

// sections checks what the heap remembers as free in itself.
func (f *fractalHeap) sections() {
	h, list := f.a.manager(f.path, f.Manager, format.FreeSpaceOfHeap)
	if h == nil {
		return
	}
	for _, s := range list {
		if s.Class == format.SectionSingle && (s.At > f.Managed || s.Size > f.Managed-s.At) {
			f.a.damage(f.path, FreeSpaceManager, f.Manager, "section", "%d bytes at %d of a heap of %d", s.Size, s.At, f.Managed)
		}
	}
}
