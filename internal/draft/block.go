package draft

import (
	"slices"

	"gables/internal/wire"
)

// Block is a record of metadata, or a part of one, that is being edited.
type Block struct {
	d      *Draft
	addr   wire.Address
	data   []byte
	fresh  bool
	dirty  []span // ascending, apart
	listed bool   // in the draft's touched
	born   uint64 // the operation that made it

	sealed int  // bytes of the record that ends in a checksum; 0 when there is none
	sound  int  // bytes of the record whose checksum was seen to be right, or will be
	sumAt  int  // place of the checksum where that is not the record's end
	due    bool // the checksum has not been written since the last edit
}

// span is the bytes of a block from lo up to, without, hi.
type span struct{ lo, hi int }

// Address is the block's position.
func (b *Block) Address() wire.Address { return b.addr }

// Len is the number of bytes.
func (b *Block) Len() int { return len(b.data) }

// Bytes gives all bytes, which must not be written to; they change with edits.
func (b *Block) Bytes() []byte { return b.data }

func (b *Block) end() uint64 { return uint64(b.addr) + uint64(len(b.data)) }

// Edit gives the bytes from lo up to, without, hi for writing. What they held
// is remembered until the operation ends.
func (b *Block) Edit(lo, hi int) []byte {
	b.d.version++
	b.remember(lo, hi)
	b.mark(lo, hi)
	return b.data[lo:hi:hi]
}

// remember keeps what the bytes from lo up to hi hold until the operation ends.
func (b *Block) remember(lo, hi int) {
	if b.d.inOp && b.born != b.d.op {
		u := &b.d.past
		b.d.undo = append(b.d.undo, change{b, lo, len(u.bytes), len(u.spans), b.sealed, b.sound})
		u.bytes = append(u.bytes, b.data[lo:hi]...)
		u.spans = append(u.spans, b.dirty...)
	}
}

// Put writes p at offset at.
func (b *Block) Put(at int, p []byte) { copy(b.Edit(at, at+len(p)), p) }

// touch lists the block among those that a commit looks at.
func (b *Block) touch() {
	if !b.listed {
		b.listed = true
		b.d.touched = append(b.d.touched, b)
	}
}

// mark joins a span with those that it touches, or nearly does: a record in the
// log costs more than a few bytes.
func (b *Block) mark(lo, hi int) {
	b.touch()
	const near = 32
	i := 0
	for i < len(b.dirty) && b.dirty[i].hi+near < lo {
		i++
	}
	j := i
	for j < len(b.dirty) && b.dirty[j].lo <= hi+near {
		lo, hi = min(lo, b.dirty[j].lo), max(hi, b.dirty[j].hi)
		j++
	}
	b.dirty = slices.Replace(b.dirty, i, j, span{lo, hi})
}
