package draft

import (
	"cmp"
	"slices"

	"gables/hdf5/driver"
)

// Do runs an operation: when it gives an error, every edit, allocation and
// release of it is undone. Operations do not nest: an inner one is a part of
// the outer.
func (d *Draft) Do(operation func() error) error {
	if d.inOp {
		return operation()
	}
	d.inOp = true
	d.op++
	d.Space.Begin()
	err := operation()
	d.inOp = false
	if err != nil {
		d.rollback()
	} else {
		d.Space.Finish()
	}
	d.past.reset()
	clear(d.undo)
	clear(d.made)
	clear(d.seen)
	clear(d.gone)
	d.undo, d.made, d.seen, d.gone = d.undo[:0], d.made[:0], d.seen[:0], d.gone[:0]
	return err
}

func (d *Draft) rollback() {
	d.version++
	d.undone++
	for _, b := range d.made {
		if d.blocks[b.addr] == b {
			d.drop(b)
		}
	}
	for _, b := range d.gone {
		if b.born != d.op {
			d.keep(b)
		}
	}
	// What the operation read may lie in space that it was given.
	for _, b := range d.seen {
		if d.blocks[b.addr] == b {
			d.drop(b)
		}
	}
	for i := len(d.undo) - 1; i >= 0; i-- {
		c := d.undo[i]
		copy(c.b.data[c.at:], d.past.bytes[c.bytes:])
		c.b.dirty = slices.Clone(d.past.spans[c.spans:])
		d.past.bytes, d.past.spans = d.past.bytes[:c.bytes], d.past.spans[:c.spans]
		c.b.sealed, c.b.sound = c.sealed, c.sound
		d.owe(c.b)
	}
	d.Space.Rollback()
}

// Extent is bytes and their position.
type Extent struct {
	At   uint64
	Data []byte
}

// Changes gives what must be written to make the draft the file's state: fresh
// is space that no committed state uses; over replaces visible bytes. Both
// ascend and are copies.
func (d *Draft) Changes() (fresh, over []Extent) {
	return d.collect(func(b *Block) bool { return b.fresh }), d.collect(func(b *Block) bool { return !b.fresh })
}

// piece is a span of a block on its way into an extent.
type piece struct {
	at   uint64
	data []byte
}

// collect copies the edits of the blocks that are wanted, those that touch into
// one extent.
func (d *Draft) collect(want func(*Block) bool) []Extent {
	d.seal()
	var list []piece
	for _, b := range d.touched {
		if d.blocks[b.addr] != b || !want(b) {
			continue
		}
		for _, s := range b.dirty {
			list = append(list, piece{uint64(b.addr) + uint64(s.lo), b.data[s.lo:s.hi]})
		}
	}
	slices.SortFunc(list, func(a, b piece) int { return cmp.Compare(a.at, b.at) })
	var out []Extent
	for i := 0; i < len(list); {
		j, end := i, list[i].at
		for j < len(list) && list[j].at == end {
			end += uint64(len(list[j].data))
			j++
		}
		e := Extent{list[i].at, make([]byte, 0, end-list[i].at)}
		for ; i < j; i++ {
			e.Data = append(e.Data, list[i].data...)
		}
		out = append(out, e)
	}
	return out
}

// Pending gives copies of all that differs from what the draft is over.
func (d *Draft) Pending() []Extent {
	return d.collect(func(*Block) bool { return true })
}

// keepBlocks is how many bytes of clean blocks outlive a commit.
const keepBlocks = 32 << 20

// Committed tells the draft that its changes are the state that src shows.
func (d *Draft) Committed(src driver.Driver) {
	d.src = src
	if d.size > keepBlocks {
		d.forget()
		return
	}
	for _, b := range d.touched {
		b.dirty, b.fresh, b.listed = b.dirty[:0], false, false
	}
	d.touched = d.touched[:0]
}

// Abort forgets every change since the last commit, which src shows.
func (d *Draft) Abort(src driver.Driver) {
	d.src = src
	d.version++
	d.undone++
	d.forget()
	d.Space.Abort()
}

func (d *Draft) forget() {
	d.seals.forget()
	clear(d.blocks)
	clear(d.pages)
	d.size, d.touched = 0, nil
}

// Spill writes the fresh blocks to the file and forgets the clean ones, where
// they take more than limit bytes, so that a large transaction needs little
// memory.
func (d *Draft) Spill(limit int64) error {
	if d.size <= limit || d.inOp {
		return nil
	}
	d.seal()
	for _, e := range d.collect(func(b *Block) bool { return b.fresh }) {
		if err := d.target.WriteFresh(e.Data, e.At); err != nil {
			return err
		}
	}
	for _, b := range d.blocks {
		if b.fresh {
			b.dirty = b.dirty[:0]
		}
		if len(b.dirty) == 0 {
			d.drop(b)
		}
	}
	return nil
}
