package lz77

import (
	"math"
	"sync"
)

// TableBits is how many bits of a hash a Table takes.
const TableBits = 14

// Table tells where in the source each hash was last seen. It is for one
// goroutine at a time, from TakeTable to Release.
type Table struct {
	base  uint32 // entries below it are of earlier sources
	after uint32 // the base of the next source
	at    [1 << TableBits]uint32
}

var tables = sync.Pool{New: func() any { return &Table{after: 1} }}

// TakeTable gives a table for a source of n bytes, in which nothing was seen.
// It need not be cleared each time: what a source left lies before the next.
func TakeTable(n int) *Table {
	t := tables.Get().(*Table)
	if uint64(n) > uint64(math.MaxUint32-t.after) {
		*t = Table{after: 1}
	}
	t.base = t.after
	t.after += uint32(n)
	return t
}

// Release ends the use of t.
func (t *Table) Release() { tables.Put(t) }

// Swap gives how far before place i the hash h was last seen, and notes that it
// is at i now. The distance may be anything above i where it was not seen; in
// sources of 4 GiB and more, or where hashes meet, the bytes there differ.
func (t *Table) Swap(h uint32, i int) uint32 {
	now := t.base + uint32(i)
	e := &t.at[h&(1<<TableBits-1)]
	back := now - *e
	*e = now
	return back
}
