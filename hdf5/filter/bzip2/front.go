package bzip2

import "bytes"

// alphabet holds the bytes that occur in a block.
type alphabet struct {
	occurs [256]bool
	used   int // how many
}

// The first two symbols are digits, 1 and 2, of the count of repetitions of the
// byte in front, lowest first; the others say how far behind it a byte stands.
const (
	runA = 0
	runB = 1
)

// front puts into symbols the place of each byte of block in a list in which a
// byte, once it occurred, moves to the front; the last symbol ends the block.
func (a *alphabet) front(block []byte, symbols *[]uint16) {
	var list [256]byte
	a.list(block, &list)
	out, run := (*symbols)[:0], 0
	for _, c := range block {
		if c == list[0] {
			run++
			continue
		}
		out = appendRun(out, run)
		run = 0
		out = append(out, uint16(toFront(&list, c)+1))
	}
	out = appendRun(out, run)
	*symbols = append(out, uint16(a.used+1))
}

// toFront moves c to the front of list and gives where it stood, not the front.
func toFront(list *[256]byte, c byte) int {
	const short = 8 // steps that cost less than the calls
	moved := list[0]
	for at := 1; at <= short; at++ {
		list[at], moved = moved, list[at]
		if moved == c {
			list[0] = c
			return at
		}
	}
	at := short + 1 + bytes.IndexByte(list[short+1:], c)
	copy(list[short+2:at+1], list[short+1:at])
	list[short+1], list[0] = moved, c
	return at
}

// list fills list with the bytes of block, in the order of their values.
func (a *alphabet) list(block []byte, list *[256]byte) {
	a.occurs, a.used = [256]bool{}, 0
	for _, c := range block {
		a.occurs[c] = true
	}
	for c, occurs := range a.occurs {
		if occurs {
			list[a.used] = byte(c)
			a.used++
		}
	}
}

// appendRun appends n in digits 1 and 2, lowest first; none for 0.
func appendRun(out []uint16, n int) []uint16 {
	for ; n > 0; n = (n - 1) >> 1 {
		if n&1 != 0 {
			out = append(out, runA)
		} else {
			out = append(out, runB)
		}
	}
	return out
}

// writeUsed writes which bytes occur: a bit for each 16 of which any does, then
// a bit for each of those.
func (e *encoder) writeUsed() {
	var rows [16]uint64
	some := uint64(0)
	for c, occurs := range e.occurs {
		if occurs {
			rows[c>>4] |= 1 << (15 - c&15)
			some |= 1 << (15 - c>>4)
		}
	}
	e.write(some, 16)
	for _, row := range rows {
		if row != 0 {
			e.write(row, 16)
		}
	}
}
