package heap

import (
	"bytes"

	"gables/hdf5/h5err"
	"gables/internal/draft"
	"gables/internal/freespace"
	"gables/internal/wire"
)

// indirect gives an indirect block of that many rows.
func (st *fractalState) indirect(addr wire.Address, rows int) (*draft.Block, error) {
	const name = "fractal heap indirect block"
	n := st.h.IndirectBlockSize(rows, st.s)
	if n > uint64(st.d.Limits().Metadata) {
		return nil, h5err.Limit(name, "size", "%d bytes", n)
	}
	b, err := st.d.Block(addr, int(n))
	if err == nil {
		err = b.Verify(int(n), name)
	}
	if err == nil {
		err = blockHead(b, "FHIB", name)
	}
	return b, h5err.At(err, name, uint64(addr))
}

func blockHead(b *draft.Block, signature, name string) error {
	if p := b.Bytes(); !bytes.HasPrefix(p, []byte(signature)) {
		return h5err.Corrupt(name, "signature", "got %q, want %q", p[:4], signature)
	} else if p[4] != 0 {
		return h5err.Unsupported(name, "version", "got %d, know 0", p[4])
	}
	return nil
}

// entry is the address in the i-th entry of an indirect block.
func (st *fractalState) entry(b *draft.Block, i int) wire.Address {
	at := st.h.IndirectEntryAt(i, st.s)
	return wire.NewReader(b.Bytes()[at:at+st.s.Offset], st.s).Address()
}

func (st *fractalState) setEntry(b *draft.Block, rows, i int, addr wire.Address) {
	at := st.h.IndirectEntryAt(i, st.s)
	wire.PutUint(b.Edit(at, at+st.s.Offset), uint64(addr))
	b.Seal(int(st.h.IndirectBlockSize(rows, st.s)))
}

// direct gives a direct block.
func (st *fractalState) direct(addr wire.Address, size uint64) (*draft.Block, error) {
	const name = "fractal heap direct block"
	if size > uint64(st.d.Limits().Metadata) {
		return nil, h5err.Limit(name, "size", "%d bytes", size)
	}
	b, err := st.d.Block(addr, int(size))
	if err == nil && st.h.ChecksumPresent {
		err = b.VerifyAt(int(size), st.sumAt(), name)
	}
	if err == nil {
		err = blockHead(b, "FHDB", name)
	}
	return b, h5err.At(err, name, uint64(addr))
}

// sumAt is the place of the checksum in a direct block.
func (st *fractalState) sumAt() int { return st.h.DirectOverhead(st.s) - 4 }

func (st *fractalState) sealDirect(b *draft.Block, size uint64) {
	if st.h.ChecksumPresent {
		b.SealAt(int(size), st.sumAt())
	}
}

// find gives the direct block that holds an offset of the heap, its size, and
// the offset at which it begins.
func (st *fractalState) find(offset uint64) (b *draft.Block, begin, size uint64, err error) {
	h := st.h
	if h.RootRows == 0 {
		b, err = st.direct(h.Root, h.StartBlock)
		return b, 0, h.StartBlock, err
	}
	addr, rows := h.Root, h.RootRows
	for {
		row, col := h.Locate(offset - begin)
		if row >= rows {
			return nil, 0, 0, h5err.Corrupt("fractal heap", "offset", "%d lies in row %d, the block has %d", offset, row, rows)
		}
		ib, err := st.indirect(addr, rows)
		if err != nil {
			return nil, 0, 0, err
		}
		addr, size = st.entry(ib, row*int(h.TableWidth)+int(col)), h.RowBlockSize(row)
		begin += h.RowOffset(row) + col*size
		if row < h.MaxDirectRows {
			b, err = st.direct(addr, size)
			return b, begin, size, err
		}
		if rows = h.ChildRows(row); rows > row {
			return nil, 0, 0, h5err.Corrupt("fractal heap", "doubling table", "%d rows below row %d", rows, row)
		}
	}
}

// spot is where n bytes of a heap lie.
type spot struct {
	b    *draft.Block
	at   int
	size uint64 // of the block
}

// place gives the direct block that holds n bytes at an offset of the heap,
// and where in it they are.
func (st *fractalState) place(offset, n uint64) (spot, error) {
	b, begin, size, err := st.find(offset)
	if err != nil {
		return spot{}, err
	}
	at := offset - begin
	if at < uint64(st.h.DirectOverhead(st.s)) || at > size || n > size-at || n == 0 {
		return spot{}, h5err.Corrupt("fractal heap", "managed object", "%d bytes at %d of a block of %d", n, at, size)
	}
	return spot{b, int(at), size}, nil
}

// write puts data into a direct block.
func (st *fractalState) write(p spot, data []byte) {
	p.b.Put(p.at, data)
	st.sealDirect(p.b, p.size)
}

// total is what the direct blocks in the first rows have free when they are
// empty, also those in the indirect blocks below.
func (st *fractalState) total(rows int) (uint64, error) {
	sum := make([]uint64, rows+1)
	for row := range rows {
		free := st.h.RowBlockSize(row) - uint64(st.h.DirectOverhead(st.s))
		if row >= st.h.MaxDirectRows {
			below := st.h.ChildRows(row)
			if below > row {
				return 0, h5err.Corrupt("fractal heap", "doubling table", "%d rows below row %d", below, row)
			}
			free = sum[below]
		}
		sum[row+1] = sum[row] + st.h.TableWidth*free
	}
	return sum[rows], nil
}

// newDirect makes a direct block at an offset of the heap.
func (st *fractalState) newDirect(offset, size uint64) (wire.Address, error) {
	if size > uint64(st.d.Limits().Metadata) {
		return 0, h5err.Limit("fractal heap direct block", "size", "%d bytes", size)
	}
	b, err := st.d.New(int(size))
	if err != nil {
		return 0, err
	}
	if _, err := st.h.AppendBlockHead(b.Edit(0, st.h.DirectOverhead(st.s))[:0], "FHDB", st.addr, offset, st.s); err != nil {
		return 0, err
	}
	st.sealDirect(b, size)
	st.h.Allocated += size
	return b.Address(), nil
}

// newIndirect makes an indirect block without entries.
func (st *fractalState) newIndirect(offset uint64, rows int) (*draft.Block, error) {
	n := int(st.h.IndirectBlockSize(rows, st.s))
	b, err := st.d.New(n)
	if err != nil {
		return nil, err
	}
	p := b.Edit(0, n)
	if _, err := st.h.AppendBlockHead(p[:0], "FHIB", st.addr, offset, st.s); err != nil {
		return nil, err
	}
	for i := st.h.IndirectEntryAt(0, st.s); i < n-4; i++ {
		p[i] = 0xff
	}
	b.Seal(n)
	return b, nil
}

// grow makes the next direct block that has room for n bytes and gives its
// offset and size. Blocks that are too small are passed over.
func (st *fractalState) grow(n uint64) (offset, size uint64, err error) {
	h := st.h
	least := h.RowBlockSize(h.RowOf(n + uint64(st.h.DirectOverhead(st.s))))
	if least > h.MaxDirect {
		return 0, 0, h5err.Corrupt("fractal heap", "largest managed object", "%d bytes need a block of %d", n, least)
	}
	if h.RootRows == 0 {
		if !h.Root.Defined() && least == h.StartBlock {
			h.Root, err = st.newDirect(0, least)
			h.Managed, h.FreeSpace, h.Iterator = least, st.firstFree(), 0
			return 0, least, err
		}
		if err := st.newRoot(h.RowOf(least) + 1); err != nil {
			return 0, 0, err
		}
	}
	for {
		if h.Iterator >= h.RowOffset(h.RootRows) {
			if err := st.double(h.RowOf(least) + 1); err != nil {
				return 0, 0, err
			}
		}
		offset, size, made, err := st.step(least)
		if made || err != nil {
			return offset, size, err
		}
	}
}

// firstFree is what the first direct block has free when it is empty.
func (st *fractalState) firstFree() uint64 {
	return st.h.StartBlock - uint64(st.h.DirectOverhead(st.s))
}

// newRoot makes the root indirect block, in which the root direct block, if
// there is one, becomes the first.
func (st *fractalState) newRoot(least int) error {
	h := st.h
	rows := min(max(h.StartRows, least), h.MaxRows())
	b, err := st.newIndirect(0, rows)
	if err != nil {
		return err
	}
	before := uint64(0)
	h.Iterator = 0
	if h.Root.Defined() {
		st.setEntry(b, rows, 0, h.Root)
		before, h.Iterator = st.firstFree(), h.StartBlock
	}
	all, err := st.total(rows)
	if err != nil {
		return err
	}
	h.Root, h.RootRows = b.Address(), rows
	h.Managed = h.RowOffset(rows)
	h.FreeSpace += all - before
	return nil
}

// double gives the root indirect block twice as many rows, and at least least
// more than none.
func (st *fractalState) double(least int) error {
	h := st.h
	rows := min(max(2*h.RootRows, least), h.MaxRows())
	if rows <= h.RootRows {
		return h5err.Limit("fractal heap", "heap bits", "%d: the heap is full", h.MaxHeapBits)
	}
	old, err := st.indirect(h.Root, h.RootRows)
	if err != nil {
		return err
	}
	b, err := st.newIndirect(0, rows)
	if err != nil {
		return err
	}
	lo, hi := st.h.IndirectEntryAt(0, st.s), int(h.IndirectBlockSize(h.RootRows, st.s))-4
	b.Put(lo, old.Bytes()[lo:hi])
	b.Seal(b.Len())
	st.d.Free(freespace.Metadata, h.Root, uint64(hi+4))
	was, err := st.total(h.RootRows)
	if err != nil {
		return err
	}
	all, err := st.total(rows)
	if err != nil {
		return err
	}
	h.FreeSpace += all - was
	h.Root, h.RootRows, h.Managed = b.Address(), rows, h.RowOffset(rows)
	return nil
}

// step makes the direct block at the iterator if it has least bytes, or moves
// the iterator on.
func (st *fractalState) step(least uint64) (offset, size uint64, made bool, err error) {
	h := st.h
	base, addr, rows := uint64(0), h.Root, h.RootRows
	for {
		b, err := st.indirect(addr, rows)
		if err != nil {
			return 0, 0, false, err
		}
		row, col := h.Locate(h.Iterator - base)
		if row >= rows {
			return 0, 0, false, h5err.Corrupt("fractal heap", "iterator", "%d lies in row %d, the block has %d", h.Iterator, row, rows)
		}
		i, size := row*int(h.TableWidth)+int(col), h.RowBlockSize(row)
		start := base + h.RowOffset(row) + col*size
		if row < h.MaxDirectRows {
			if size < least {
				h.Iterator = base + h.RowOffset(min(h.RowOf(least), rows))
				return 0, 0, false, nil
			}
			return st.makeDirect(b, rows, i, start, size)
		}
		below := h.ChildRows(row)
		if below > row {
			return 0, 0, false, h5err.Corrupt("fractal heap", "doubling table", "%d rows below row %d", below, row)
		}
		child := st.entry(b, i)
		if !child.Defined() {
			if h.RowBlockSize(min(below, h.MaxDirectRows)-1) < least {
				h.Iterator = start + size
				return 0, 0, false, nil
			}
			c, err := st.newIndirect(start, below)
			if err != nil {
				return 0, 0, false, err
			}
			child = c.Address()
			st.setEntry(b, rows, i, child)
		}
		base, addr, rows = start, child, below
	}
}

func (st *fractalState) makeDirect(b *draft.Block, rows, i int, start, size uint64) (uint64, uint64, bool, error) {
	if st.entry(b, i).Defined() {
		return 0, 0, false, h5err.Corrupt("fractal heap", "iterator", "%d, where a block is", st.h.Iterator)
	}
	addr, err := st.newDirect(start, size)
	if err != nil {
		return 0, 0, false, err
	}
	st.setEntry(b, rows, i, addr)
	st.h.Iterator = start + size
	return start, size, true, nil
}

// empty gives back all blocks, and the records of what was free in them.
func (st *fractalState) empty() error {
	h := st.h
	left := int64(st.d.Size())
	if h.Root.Defined() {
		if err := st.freeBlocks(h.Root, h.RootRows, h.StartBlock, &left); err != nil {
			return err
		}
	}
	if h.Manager.Defined() {
		f, err := loadSections(st.d, h.Manager, 0)
		if err != nil {
			return err
		}
		f.free(st.d)
	}
	h.Root, h.RootRows, h.Manager = wire.Undefined, 0, wire.Undefined
	h.Managed, h.Allocated, h.Iterator, h.FreeSpace, h.Objects = 0, 0, 0, 0, 0
	return nil
}

// freeBlocks gives back a block and all below it; rows is 0 for a direct one.
// left bounds their bytes to those of the file, where blocks can't be shared.
func (st *fractalState) freeBlocks(addr wire.Address, rows int, size uint64, left *int64) error {
	h := st.h
	if rows > 0 {
		b, err := st.indirect(addr, rows)
		if err != nil {
			return err
		}
		for i := range rows * int(h.TableWidth) {
			child := st.entry(b, i)
			if !child.Defined() {
				continue
			}
			row, below := i/int(h.TableWidth), 0
			if row >= h.MaxDirectRows {
				if below = h.ChildRows(row); below > row {
					return h5err.Corrupt("fractal heap", "doubling table", "%d rows below row %d", below, row)
				}
			}
			if err := st.freeBlocks(child, below, h.RowBlockSize(row), left); err != nil {
				return err
			}
		}
		size = h.IndirectBlockSize(rows, st.s)
	}
	if *left -= int64(size); *left < 0 || size > st.d.Size() {
		return h5err.Corrupt("fractal heap", "blocks", "take more than the file has")
	}
	st.d.Free(freespace.Metadata, addr, size)
	return nil
}
