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
	clear(d.undo)
	clear(d.made)
	clear(d.gone)
	d.undo, d.made, d.gone = d.undo[:0], d.made[:0], d.gone[:0]
	return err
}

func (d *Draft) rollback() {
	d.version++
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
	for i := len(d.undo) - 1; i >= 0; i-- {
		c := d.undo[i]
		copy(c.b.data[c.at:], c.old)
		c.b.dirty = c.dirty
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
	for _, b := range d.blocks {
		for _, s := range b.dirty {
			e := Extent{uint64(b.addr) + uint64(s.lo), slices.Clone(b.data[s.lo:s.hi])}
			if b.fresh {
				fresh = append(fresh, e)
			} else {
				over = append(over, e)
			}
		}
	}
	return coalesce(fresh), coalesce(over)
}

// coalesce sorts extents and joins those that touch.
func coalesce(list []Extent) []Extent {
	slices.SortFunc(list, func(a, b Extent) int { return cmp.Compare(a.At, b.At) })
	out := list[:0]
	for _, e := range list {
		if n := len(out); n > 0 && out[n-1].At+uint64(len(out[n-1].Data)) == e.At {
			out[n-1].Data = append(out[n-1].Data, e.Data...)
			continue
		}
		out = append(out, e)
	}
	return out
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
	for _, b := range d.blocks {
		b.dirty, b.fresh = b.dirty[:0], false
	}
}

// Abort forgets every change since the last commit, which src shows.
func (d *Draft) Abort(src driver.Driver) {
	d.src = src
	d.version++
	d.forget()
	d.Space.Abort()
}

func (d *Draft) forget() {
	clear(d.blocks)
	clear(d.pages)
	d.size = 0
}

// Spill writes the fresh blocks to the file and forgets the clean ones, where
// they take more than limit bytes, so that a large transaction needs little
// memory.
func (d *Draft) Spill(limit int64) error {
	if d.size <= limit || d.inOp {
		return nil
	}
	var fresh []Extent
	for _, b := range d.blocks {
		if !b.fresh {
			continue
		}
		for _, s := range b.dirty {
			fresh = append(fresh, Extent{uint64(b.addr) + uint64(s.lo), slices.Clone(b.data[s.lo:s.hi])})
		}
	}
	for _, e := range coalesce(fresh) {
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
