// Package draft keeps the state of a file that a writer is about to commit:
// blocks of metadata that are being edited, over the last committed state. It
// gives out space, and undoes an operation that failed half-way. A Draft
// belongs to one goroutine at a time; ReadAt may be called by many while no one
// edits.
package draft

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/freespace"
	"gables/internal/wire"
)

// Target is where a draft's raw data goes at once, past the blocks.
type Target interface {
	// WriteFresh writes to space that no committed state uses.
	WriteFresh(p []byte, at uint64) error
	// Stage keeps p, which shall replace visible bytes when the transaction is
	// committed, in the log. The draft's source shows it from then on.
	Stage(p []byte, at uint64) error
}

// Draft is the next state of a file. Positions are relative to its base address.
type Draft struct {
	Space  *freespace.Manager
	src    driver.Driver // the last commit, with what is staged
	target Target
	sizes  wire.Sizes
	limits wire.Limits

	blocks  map[wire.Address]*Block
	pages   map[uint64][]*Block // the blocks that lie in a page, for readers of any range
	size    int64               // bytes of all blocks
	touched []*Block            // those that were edited since the last commit, and some that are gone
	version uint64              // rises with every change
	undone  uint64              // counts operations and transactions that were undone

	seals seals

	undo []change
	past past
	made []*Block
	seen []*Block // read in the operation
	gone []*Block
	inOp bool
	op   uint64 // counts operations
}

// change is what a part of a block held before an operation edited it: the
// bytes and spans of past from there up to those of the next change.
type change struct {
	b      *Block
	at     int
	bytes  int
	spans  int
	sealed int
	sound  int
}

// past keeps what changes replaced: one piece of memory for all of them.
type past struct {
	bytes []byte
	spans []span
}

// keepPast is how much of past outlives an operation.
const keepPast = 1 << 20

func (p *past) reset() {
	p.bytes, p.spans = p.bytes[:0], p.spans[:0]
	if cap(p.bytes) > keepPast {
		*p = past{}
	}
}

// New makes a draft over src. Both src and target have their position 0 at the
// file's base address.
func New(src driver.Driver, target Target, space *freespace.Manager, sizes wire.Sizes, limits wire.Limits) *Draft {
	return &Draft{Space: space, src: src, target: target, sizes: sizes, limits: limits,
		blocks: map[wire.Address]*Block{}, pages: map[uint64][]*Block{}}
}

// Sizes gives the widths of addresses and lengths.
func (d *Draft) Sizes() wire.Sizes { return d.sizes }

// Limits gives the bounds that decoders must keep.
func (d *Draft) Limits() *wire.Limits { return &d.limits }

// Version rises with every change, so that what was decoded can be told to be
// out of date.
func (d *Draft) Version() uint64 { return d.version }

// Touch tells that something beside the draft has changed that is to be
// committed with it.
func (d *Draft) Touch() { d.version++ }

// Undone rises when an operation or a transaction was undone, so that what an
// editor remembers of its own edits can be told to be out of date.
func (d *Draft) Undone() uint64 { return d.undone }

// New gives out n bytes of metadata, zero and wholly dirty.
func (d *Draft) New(n int) (*Block, error) {
	if n <= 0 || int64(n) > d.limits.Metadata {
		return nil, h5err.Limit("metadata", "size", "a record of %d bytes", n)
	}
	at := wire.Address(d.Space.Alloc(freespace.Metadata, uint64(n)))
	b := &Block{d: d, addr: at, data: make([]byte, n), fresh: true, dirty: []span{{0, n}}, born: d.op}
	d.keep(b)
	b.touch()
	d.version++
	if d.inOp {
		d.made = append(d.made, b)
	}
	return b, nil
}

// Alloc gives out n bytes without a block, as raw data needs them. n may be 0,
// which gives Undefined.
func (d *Draft) Alloc(k freespace.Kind, n uint64) wire.Address {
	if n == 0 {
		return wire.Undefined
	}
	d.version++
	return wire.Address(d.Space.Alloc(k, n))
}

// Free takes a range back, with the block that lies there.
func (d *Draft) Free(k freespace.Kind, at wire.Address, n uint64) {
	if !at.Defined() || n == 0 {
		return
	}
	if b := d.blocks[at]; b != nil {
		d.drop(b)
		if d.inOp {
			d.gone = append(d.gone, b)
		}
	}
	d.version++
	d.Space.Free(k, uint64(at), n)
}

// Block gives the n bytes at addr for editing. The same block is given each
// time, also when n is smaller than it.
func (d *Draft) Block(addr wire.Address, n int) (*Block, error) {
	if b := d.blocks[addr]; b != nil && len(b.data) >= n {
		return b, nil
	}
	if !addr.Defined() {
		return nil, fmt.Errorf("address is undefined: %w", h5err.ErrCorrupt)
	}
	if n <= 0 || int64(n) > d.limits.Metadata {
		return nil, fmt.Errorf("metadata record of %d bytes: %w", n, h5err.ErrLimit)
	}
	if end, ok := wire.Add(uint64(addr), uint64(n)); !ok || end > d.Size() {
		return nil, fmt.Errorf("%d bytes at 0x%x lie beyond the end of the file (%d bytes): %w", n, uint64(addr), d.Size(), h5err.ErrTruncated)
	}
	return d.load(addr, n)
}

// load reads a block, or makes a shorter one longer, which keeps its edits.
func (d *Draft) load(addr wire.Address, n int) (*Block, error) {
	data := make([]byte, n)
	if _, err := d.read(data, uint64(addr)); err != nil {
		return nil, err
	}
	b := d.blocks[addr]
	if b != nil {
		d.drop(b)
		b.data = data
	} else {
		b = &Block{d: d, addr: addr, data: data, fresh: d.Space.Fresh(uint64(addr), uint64(n))}
		if d.inOp {
			d.seen = append(d.seen, b)
		}
	}
	for _, o := range d.overlapping(uint64(addr), n) {
		return nil, h5err.At(h5err.Corrupt("metadata", "address", "the record overlaps the one at 0x%x", uint64(o.addr)), "", uint64(addr))
	}
	d.keep(b)
	return b, nil
}

const pageBits = 12

func (d *Draft) keep(b *Block) {
	d.blocks[b.addr] = b
	d.size += int64(len(b.data))
	for p := uint64(b.addr) >> pageBits; p <= (b.end()-1)>>pageBits; p++ {
		d.pages[p] = append(d.pages[p], b)
	}
}

func (d *Draft) drop(b *Block) {
	delete(d.blocks, b.addr)
	d.size -= int64(len(b.data))
	for p := uint64(b.addr) >> pageBits; p <= (b.end()-1)>>pageBits; p++ {
		list := d.pages[p]
		if i := slices.Index(list, b); i >= 0 {
			list[i] = list[len(list)-1]
			list = list[:len(list)-1]
		}
		if len(list) == 0 {
			delete(d.pages, p)
		} else {
			d.pages[p] = list
		}
	}
}

// overlapping gives the blocks that have bytes of a range.
func (d *Draft) overlapping(at uint64, n int) []*Block {
	if n == 0 {
		return nil
	}
	var found []*Block
	for p := at >> pageBits; p <= (at+uint64(n)-1)>>pageBits; p++ {
		for _, b := range d.pages[p] {
			if b.end() > at && uint64(b.addr) < at+uint64(n) && !slices.Contains(found, b) {
				found = append(found, b)
			}
		}
	}
	return found
}

// Size is the end of the file as the draft has it.
func (d *Draft) Size() uint64 { return max(d.Space.End(), d.src.Size()) }

// Close does nothing: what the draft reads from is its owner's.
func (d *Draft) Close() error { return nil }

// ReadAt reads the draft's state. It is a driver.Driver's.
func (d *Draft) ReadAt(p []byte, off uint64) (int, error) {
	d.seal()
	return d.read(p, off)
}

// read reads the state without the checksums that are due.
func (d *Draft) read(p []byte, off uint64) (int, error) {
	if off >= d.Size() {
		return 0, io.EOF
	}
	short := error(nil)
	if left := d.Size() - off; uint64(len(p)) > left {
		p, short = p[:left], io.EOF
	}
	blocks := d.overlapping(off, len(p))
	if len(blocks) == 1 && uint64(blocks[0].addr) <= off && blocks[0].end() >= off+uint64(len(p)) {
		return copy(p, blocks[0].data[off-uint64(blocks[0].addr):]), short
	}
	// What was given out and not yet written lies behind the end of the source.
	if n, err := d.src.ReadAt(p, off); err != nil {
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		clear(p[n:])
	}
	for _, b := range blocks {
		if at := uint64(b.addr); at >= off {
			copy(p[at-off:], b.data)
		} else {
			copy(p, b.data[off-at:])
		}
	}
	return len(p), short
}

// WriteRaw writes raw data: at once where no committed state uses the space,
// into the log elsewhere.
func (d *Draft) WriteRaw(p []byte, at wire.Address) error {
	if len(p) == 0 {
		return nil
	}
	d.version++
	if d.Space.Fresh(uint64(at), uint64(len(p))) {
		return d.target.WriteFresh(p, uint64(at))
	}
	return d.target.Stage(p, uint64(at))
}

// WriteFresh writes raw data to space that was given out since the last commit,
// which the caller knows. Unlike everything else it may be called while others
// use the draft.
func (d *Draft) WriteFresh(p []byte, at wire.Address) error {
	return d.target.WriteFresh(p, uint64(at))
}
