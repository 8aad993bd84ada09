package chunkindex

import (
	"gables/hdf5/h5err"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/wire"
)

const (
	faHeaderName = "fixed array header"
	faBlockName  = "fixed array data block"
	pageName     = "chunk index page"
)

// element is where the element of a chunk stands.
type element struct {
	b    *draft.Block // nil: never written
	at   int
	size uint64 // of the record that is sealed
}

// arrayEdit is what editors of fixed and extensible arrays share.
type arrayEdit struct {
	*editor
	grid  *grid
	shape format.ChunkElementShape
}

func newArrayEdit(e *editor, axis int) (arrayEdit, error) {
	g, err := newGrid(e.p.MaxDims, e.p.ChunkDims, axis)
	return arrayEdit{e, g, elementShape(e.d.Sizes(), &e.p)}, err
}

// get decodes an element.
func (a *arrayEdit) get(x element) (Chunk, bool) {
	if x.b == nil {
		return Chunk{}, false
	}
	return elementChunk(a.shape, x.b.Bytes()[x.at:], a.p.ChunkBytes)
}

// set writes an element.
func (a *arrayEdit) set(x element, addr wire.Address, size uint64, mask uint32) error {
	err := a.shape.Store(x.b.Edit(x.at, x.at+a.shape.Bytes()), addr, size, mask)
	x.b.Seal(int(x.size))
	return err
}

// pageBytes is the size of a page of n elements.
func (a *arrayEdit) pageBytes(n uint64) uint64 { return n*uint64(a.shape.Bytes()) + 4 }

// page gives a page of n elements, which is made if it is new.
func (a *arrayEdit) page(addr wire.Address, n uint64, fresh bool) (*draft.Block, error) {
	if !fresh {
		return a.open(pageName, addr, a.pageBytes(n), nil)
	}
	return a.block(addr, a.pageBytes(n), func(b []byte) ([]byte, error) {
		return format.AppendChunkPage(b, a.shape, n), nil
	})
}

// fixedArrayEdit edits an array whose data block is made with the first chunk,
// and each page of it with the first chunk there. Spec: VII.C.
type fixedArrayEdit struct {
	arrayEdit
	header *format.FixedArrayHeader
}

func editFixedArray(e *editor) (Editor, error) {
	for u, d := range e.p.MaxDims {
		if d == unlimited {
			return nil, h5err.Corrupt(faHeaderName, "dimensions", "dimension %d is unlimited", u)
		}
	}
	a, err := newArrayEdit(e, 0)
	if err != nil {
		return nil, err
	}
	x := &fixedArrayEdit{arrayEdit: a}
	if !e.p.Address.Defined() {
		return x, nil
	}
	_, err = x.load()
	return x, err
}

func (x *fixedArrayEdit) headerBytes() uint64 { return format.FixedArrayHeaderSize(x.d.Sizes()) }

// load reads the header as it is now.
func (x *fixedArrayEdit) load() (*draft.Block, error) {
	addr := x.p.Address
	b, err := x.open(faHeaderName, addr, x.headerBytes(), nil)
	if err != nil {
		return nil, err
	}
	x.header, err = format.LoadFixedArrayHeader(b.Bytes()[:x.headerBytes()], x.d.Sizes(), addr, x.shape)
	if err == nil && x.header.Elements != x.grid.total {
		err = h5err.Corrupt(faHeaderName, "number of elements", "got %d, want %d", x.header.Elements, x.grid.total)
	}
	if err == nil {
		err = agree(faHeaderName, "page bits", uint64(x.p.PageBits), uint64(x.header.PageBits))
	}
	return b, h5err.At(err, faHeaderName, uint64(addr))
}

func (x *fixedArrayEdit) Create() error {
	if x.p.Address.Defined() {
		return nil
	}
	return x.do(func() error {
		addr, err := x.alloc(x.headerBytes())
		if err != nil {
			return err
		}
		h, err := format.NewFixedArrayHeader(addr, x.shape, x.grid.total, x.p.PageBits)
		if err != nil {
			return err
		}
		_, err = x.block(addr, x.headerBytes(), func(b []byte) ([]byte, error) {
			return format.AppendFixedArrayHeader(b, h, x.d.Sizes())
		})
		x.p.Address = addr
		return err
	})
}

// createBlock makes the data block, whose pages come later.
func (x *fixedArrayEdit) createBlock(head *draft.Block) (*draft.Block, error) {
	h := x.header
	addr, err := x.alloc(x.wholeBlock())
	if err != nil {
		return nil, err
	}
	b, err := x.block(addr, h.BlockSize(), func(b []byte) ([]byte, error) { return format.AppendFixedArrayBlock(b, h) })
	if err != nil {
		return nil, err
	}
	h.Block = addr
	n := x.headerBytes()
	return b, x.setPointer(head, int(n)-4-x.d.Sizes().Offset, addr, n)
}

// wholeBlock is the size of the data block with its pages.
func (x *fixedArrayEdit) wholeBlock() uint64 {
	h := x.header
	if !h.Paged() {
		return h.BlockSize()
	}
	return h.BlockSize() + h.Elements*uint64(x.shape.Bytes()) + 4*h.Pages()
}

// locate gives the element of chunk n; make says that it is to be written.
func (x *fixedArrayEdit) locate(n uint64, make bool) (element, error) {
	head, err := x.load()
	if err != nil {
		return element{}, err
	}
	h := x.header
	var b *draft.Block
	switch {
	case h.Block.Defined():
		b, err = x.open(faBlockName, h.Block, h.BlockSize(), h.CheckBlock)
	case make:
		b, err = x.createBlock(head)
	}
	if err != nil || b == nil {
		return element{}, err
	}
	if !h.Paged() {
		return element{b, h.ElementAt(n), h.BlockSize()}, nil
	}
	page := n >> h.PageBits
	at, bit := h.PageBit(page)
	fresh := b.Bytes()[at]&bit == 0
	if fresh && !make {
		return element{}, nil
	}
	addr, elements, ok := h.Page(page)
	if !ok {
		return element{}, h5err.At(h5err.Corrupt(faBlockName, "pages", "page %d lies beyond 64 bits", page), faBlockName, uint64(h.Block))
	}
	p, err := x.page(addr, elements, fresh)
	if err != nil {
		return element{}, err
	}
	if fresh {
		b.Edit(at, at+1)[0] |= bit
		b.Seal(int(h.BlockSize()))
	}
	return element{p, int(n&(h.PageElements()-1)) * x.shape.Bytes(), x.pageBytes(elements)}, nil
}

func (x *fixedArrayEdit) Get(scaled []uint64) (Chunk, bool, error) {
	n, ok, err := x.grid.number(scaled)
	if err != nil || !ok || !x.p.Address.Defined() {
		return Chunk{}, false, err
	}
	e, err := x.locate(n, false)
	if err != nil {
		return Chunk{}, false, err
	}
	c, ok := x.get(e)
	return c, ok, nil
}

func (x *fixedArrayEdit) Put(c Chunk) error {
	n, ok, err := x.grid.number(c.Scaled)
	if err != nil {
		return err
	}
	if !ok {
		return outside(c.Scaled)
	}
	return x.do(func() error {
		if err := x.Create(); err != nil {
			return err
		}
		e, err := x.locate(n, true)
		if err != nil {
			return err
		}
		return x.set(e, c.Address, c.Size, c.Mask)
	})
}

func (x *fixedArrayEdit) Remove(scaled []uint64) error {
	n, ok, err := x.grid.number(scaled)
	if err != nil {
		return err
	}
	if !ok || !x.p.Address.Defined() {
		return absent(scaled)
	}
	return x.do(func() error {
		e, err := x.locate(n, false)
		if err != nil {
			return err
		}
		if _, ok := x.get(e); !ok {
			return absent(scaled)
		}
		return x.set(e, wire.Undefined, 0, 0)
	})
}

func (x *fixedArrayEdit) Free() error {
	if !x.p.Address.Defined() {
		return nil
	}
	return x.do(func() error {
		if _, err := x.load(); err != nil {
			return err
		}
		h := x.header
		if h.Block.Defined() {
			if _, err := x.open(faBlockName, h.Block, h.BlockSize(), h.CheckBlock); err != nil {
				return err
			}
			x.free(h.Block, h.BlockSize())
			for i := uint64(0); h.Paged() && i < h.Pages(); i++ {
				addr, n, ok := h.Page(i)
				if !ok {
					return h5err.At(h5err.Corrupt(faBlockName, "pages", "page %d lies beyond 64 bits", i), faBlockName, uint64(h.Block))
				}
				x.free(addr, x.pageBytes(n))
			}
		}
		x.free(x.p.Address, x.headerBytes())
		x.p.Address = wire.Undefined
		return nil
	})
}
