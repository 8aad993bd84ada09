package heap

import (
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/btree"
	"gables/internal/format"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// Types of heap IDs, in bits 4 and 5 of their first byte. Spec: III.F.
const (
	idManaged = 0
	idHuge    = 1
	idTiny    = 2
)

// Fractal is an open fractal heap. Spec: III.F.
type Fractal struct {
	c    *metacache.Cache
	addr wire.Address
	h    *format.FractalHeap
	pipe *filter.Pipeline
}

// OpenFractal reads the header of the fractal heap at addr. Filters of the
// heap are looked up in reg.
func OpenFractal(c *metacache.Cache, addr wire.Address, reg *filter.Registry) (*Fractal, error) {
	return metacache.Load(c, metacache.FractalHeap, addr, func() (*Fractal, int64, error) {
		f, err := openFractal(c, addr, reg)
		return f, 512, h5err.At(err, "fractal heap", uint64(addr))
	})
}

func openFractal(c *metacache.Cache, addr wire.Address, reg *filter.Registry) (*Fractal, error) {
	b, err := c.Bytes(addr, format.FractalHeapPrefix)
	if err != nil {
		return nil, err
	}
	if b, err = c.Bytes(addr, format.FractalHeapSize(b, c.Sizes())); err != nil {
		return nil, err
	}
	h, err := format.DecodeFractalHeap(b, c.Sizes())
	if err != nil {
		return nil, err
	}
	f := &Fractal{c: c, addr: addr, h: h}
	if h.HasFilters {
		f.pipe = filter.NewPipeline(reg, Stages(h.Filters))
	}
	return f, nil
}

// Stages turns stored filters into those of a pipeline.
func Stages(specs []format.FilterSpec) []filter.Stage {
	stages := make([]filter.Stage, len(specs))
	for i, s := range specs {
		stages[i] = filter.Stage{ID: filter.ID(s.ID), Name: s.Name, Optional: s.Flags&1 != 0, Flags: s.Flags, Values: s.Values}
	}
	return stages
}

// IDLength is the bytes of an ID of this heap.
func (f *Fractal) IDLength() int { return f.h.IDLength }

// Object gives the bytes of the object with that ID, which must not be written
// to. Spec: III.F, "fractal heap ID".
func (f *Fractal) Object(id []byte) ([]byte, error) {
	b, err := f.object(id)
	return b, h5err.At(err, "fractal heap", uint64(f.addr))
}

func (f *Fractal) object(id []byte) ([]byte, error) {
	if len(id) == 0 || id[0]>>6 != 0 {
		return nil, h5err.Corrupt("fractal heap ID", "version", "ID % x", id)
	}
	switch id[0] >> 4 & 3 {
	case idManaged:
		r := wire.NewReader(id[1:], f.c.Sizes())
		offset, n := r.Uint(f.h.OffsetSize), r.Uint(f.h.LengthSize)
		if r.Err() != nil {
			return nil, r.Err()
		}
		return f.managed(offset, n)
	case idHuge:
		return f.huge(id[1:])
	case idTiny:
		return f.tiny(id)
	}
	return nil, h5err.Corrupt("fractal heap ID", "type", "%d", id[0]>>4&3)
}

// tiny objects lie in the ID itself.
func (f *Fractal) tiny(id []byte) ([]byte, error) {
	n, at := int(id[0]&0x0f)+1, 1
	if f.h.TinyExtended {
		if len(id) < 2 {
			return nil, h5err.Corrupt("fractal heap ID", "tiny object", "ID of %d bytes", len(id))
		}
		n, at = (int(id[0]&0x0f)<<8|int(id[1]))+1, 2
	}
	if n > len(id)-at {
		return nil, h5err.Corrupt("fractal heap ID", "tiny object", "%d bytes in an ID of %d", n, len(id))
	}
	return id[at : at+n], nil
}

// managed objects lie in the direct blocks of a doubling table.
func (f *Fractal) managed(offset, n uint64) ([]byte, error) {
	block := format.HeapBlock{Address: f.h.Root, Size: f.h.RootSize, Mask: f.h.RootMask}
	size, within := f.h.StartBlock, offset
	if f.h.RootRows > 0 {
		var err error
		if block, size, within, err = f.descend(offset); err != nil {
			return nil, err
		}
	}
	b, err := f.directBlock(block, size)
	if err != nil {
		return nil, err
	}
	if end, ok := wire.Add(within, n); !ok || end > uint64(len(b)) {
		return nil, h5err.Corrupt("fractal heap ID", "managed object", "%d bytes at %d of a block of %d", n, within, len(b))
	}
	return b[within : within+n], nil
}

// descend goes from the root indirect block to the direct block that holds
// offset, and gives its size and the offset in it.
func (f *Fractal) descend(offset uint64) (b format.HeapBlock, size, within uint64, err error) {
	addr, rows := f.h.Root, f.h.RootRows
	for range 64 {
		entries, err := f.indirectBlock(addr, rows)
		if err != nil {
			return b, 0, 0, err
		}
		row, col := f.h.Locate(offset)
		at := uint64(row)*f.h.TableWidth + col
		if row >= rows || at >= uint64(len(entries)) {
			return b, 0, 0, h5err.Corrupt("fractal heap ID", "offset", "row %d, the block has %d", row, rows)
		}
		size = f.h.RowBlockSize(row)
		offset -= f.h.RowOffset(row) + col*size
		if row < f.h.MaxDirectRows {
			return entries[at], size, offset, nil
		}
		if size < f.h.StartBlock*f.h.TableWidth {
			return b, 0, 0, h5err.Corrupt("fractal heap", "doubling table", "indirect block of %d bytes", size)
		}
		addr, rows = entries[at].Address, f.h.ChildRows(row)
	}
	return b, 0, 0, h5err.Corrupt("fractal heap", "indirect block", "nested too deeply")
}

func (f *Fractal) indirectBlock(addr wire.Address, rows int) ([]format.HeapBlock, error) {
	list, err := metacache.Load(f.c, metacache.FractalHeapIndirect, addr, func() ([]format.HeapBlock, int64, error) {
		b, err := f.c.Bytes(addr, f.h.IndirectBlockSize(rows, f.c.Sizes()))
		if err != nil {
			return nil, 0, err
		}
		list, err := f.h.DecodeIndirectBlock(b, rows, f.c.Sizes())
		return list, int64(len(list)) * 24, err
	})
	return list, h5err.At(err, "fractal heap indirect block", uint64(addr))
}

// directBlock gives the whole block, unfiltered, whose size the table says.
func (f *Fractal) directBlock(e format.HeapBlock, size uint64) ([]byte, error) {
	b, err := metacache.Load(f.c, metacache.FractalHeapBlock, e.Address, func() ([]byte, int64, error) {
		stored := size
		if f.pipe != nil {
			stored = e.Size
		}
		b, err := f.c.Bytes(e.Address, stored)
		if err != nil {
			return nil, 0, err
		}
		if f.pipe != nil {
			if b, err = f.unfilter(b, size, e.Mask); err != nil {
				return nil, 0, err
			}
		}
		return b, int64(len(b)), f.h.CheckDirectBlock(b, f.c.Sizes())
	})
	return b, h5err.At(err, "fractal heap direct block", uint64(e.Address))
}

// unfilter undoes the heap's pipeline.
func (f *Fractal) unfilter(b []byte, size uint64, mask uint32) ([]byte, error) {
	limit := uint64(f.c.Limits().Metadata)
	if size > limit {
		return nil, h5err.Limit("fractal heap", "block size", "%d bytes", size)
	}
	out := make([]byte, size)
	return out, f.pipe.Decode(out, b, mask, 1, int(limit))
}

// huge objects lie by themselves: the ID holds their place, or the key of a
// record in a B-tree that does. Spec: III.F and III.A.2, types 1 to 4.
func (f *Fractal) huge(id []byte) ([]byte, error) {
	s := f.c.Sizes()
	r := wire.NewReader(id, s)
	if !f.h.HugeDirect {
		record, err := f.findHuge(r.Uint(f.h.HugeIDSize))
		if err != nil {
			return nil, err
		}
		r = wire.NewReader(record, s)
	}
	addr, n := r.Address(), r.Length()
	if !f.h.HasFilters {
		if r.Err() != nil {
			return nil, r.Err()
		}
		return f.c.Bytes(addr, n)
	}
	mask, size := r.U32(), r.Length()
	if r.Err() != nil {
		return nil, r.Err()
	}
	b, err := f.c.Bytes(addr, n)
	if err != nil {
		return nil, err
	}
	return f.unfilter(b, size, mask)
}

func (f *Fractal) findHuge(id uint64) ([]byte, error) {
	tree, err := btree.OpenV2(f.c, f.h.HugeTree)
	if err != nil {
		return nil, err
	}
	want := uint8(1)
	if f.h.HasFilters {
		want = 2
	}
	if tree.Type() != want {
		return nil, h5err.Corrupt("fractal heap", "huge object B-tree", "type %d, want %d", tree.Type(), want)
	}
	l := f.c.Sizes().Length
	record, ok, err := tree.Find(func(rec []byte) (int, error) {
		if len(rec) < l {
			return 0, h5err.Corrupt("fractal heap", "huge object record", "%d bytes", len(rec))
		}
		switch key := wire.Uint(rec[len(rec)-l:]); {
		case id < key:
			return -1, nil
		case id > key:
			return 1, nil
		}
		return 0, nil
	})
	if err == nil && !ok {
		err = h5err.Corrupt("fractal heap", "huge object", "no record for ID %d", id)
	}
	return record, err
}
