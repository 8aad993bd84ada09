package deflate

import "math/bits"

// A table entry describes what the next bits mean:
//
//	bits 0–5    how many bits it takes, extra bits included
//	bits 6–7    number of literals, 0 for anything else
//	bits 8–31   the literals, the first one lowest
//
// or, where the number of literals is 0:
//
//	bits 8–11   bits of the code without the extra bits; of a subtable: its index bits
//	bit  13     end of block
//	bit  14     subtable
//	bit  15     special: end of block, subtable, or a code without a meaning
//	bits 16–31  base of a length or distance; of a subtable: its first entry
const (
	literals   = 3 << 6
	oneLiteral = 1 << 6
	endOfBlock = 1 << 13
	subtable   = 1 << 14
	special    = 1 << 15
)

// Widths of the tables. A literal/length code needs at most 2342 entries at
// 11 bits and a distance code 402 at 8 (zlib's examples/enough.c); the powers
// of two above let a mask stand for a bounds check.
const (
	litBits  = 11
	litMask  = 1<<litBits - 1
	litSize  = 4096
	distBits = 8
	distMask = 1<<distBits - 1
	distSize = 512
	preBits  = 7
	preSize  = 1 << preBits

	maxCode = 15  // bits of the longest code
	maxLit  = 286 // symbols of a dynamic literal/length code
	maxDist = 30  // symbols of a dynamic distance code
)

// tables are what a block's symbols are decoded with; in one struct, as the
// fast loop is short of registers.
type tables struct {
	lit  litTable
	dist distTable
}

type (
	litTable  [litSize]uint32
	distTable [distSize]uint32
	preTable  [preSize]uint32
)

// value is the length or distance that e and the bits in front of e's mean.
func value(e uint32, saved uint64) int {
	return int(e>>16) + int(saved&(1<<(e&63)-1)>>(e>>8&15))
}

// litEntries, distEntries and preEntries are the entries without their codes'
// lengths (RFC 1951, 3.2.5).
var litEntries, distEntries, preEntries = makeLit(), makeDist(), makePre()

func makeLit() (t [288]uint32) {
	for i := range 256 {
		t[i] = oneLiteral | uint32(i)<<8
	}
	t[256] = special | endOfBlock
	base := uint32(3)
	for i := 257; i < 285; i++ {
		extra := uint32(max(0, (i-261)/4))
		t[i] = base<<16 | extra
		base += 1 << extra
	}
	t[285] = 258 << 16
	t[286], t[287] = special, special
	return t
}

func makeDist() (t [32]uint32) {
	base := uint32(1)
	for i := range maxDist {
		extra := uint32(max(0, (i-2)/2))
		t[i] = base<<16 | extra
		base += 1 << extra
	}
	t[30], t[31] = special, special
	return t
}

func makePre() (t [19]uint32) {
	for i := range t {
		t[i] = uint32(i) << 16
	}
	return t
}

// lengthCounts tells how many codes have each length; entry 0 is 0.
type lengthCounts [maxCode + 1]int

func (c *lengthCounts) add(lens []uint8) {
	for _, l := range lens {
		c[l&maxCode]++
	}
	c[0] = 0
}

// room is the code space left over, in codes of maxCode bits: 0 for a complete
// code, negative for one with too many codes.
func (c *lengthCounts) room() int {
	left := 1
	for _, n := range c[1:] {
		left = left<<1 - n
		if left < 0 {
			return left
		}
	}
	return left
}

// total is how many codes there are.
func (c *lengthCounts) total() (t int) {
	for _, n := range c {
		t += n
	}
	return t
}

// build fills table, whose first 1<<width entries are indexed by the next bits
// of the stream, from the lengths of the codes. It tells whether the lengths
// make a code that zlib accepts: complete, or a single code of one bit, or
// (where empty is set) none.
func build(table []uint32, width uint, lens []uint8, count *lengthCounts, entries []uint32, sorted []uint16, empty bool) bool {
	if room := count.room(); room != 0 {
		total := count.total()
		if !empty && total == 0 || total > 1 || total == 1 && count[1] != 1 {
			return false
		}
		fillSpecial(table[:1<<width])
		if total == 0 {
			return true
		}
	}
	n := sortSymbols(sorted, lens, count)
	b := builder{table: table, width: width, count: count, entries: entries}
	rest := b.primary(sorted[:n])
	b.secondary(rest)
	return true
}

// fillSpecial marks all codes as meaningless; they take one bit so that a
// truncated stream is told from a wrong one.
func fillSpecial(t []uint32) {
	for i := range t {
		t[i] = special | 1
	}
}

// sortSymbols orders the symbols by code, and gives their number.
func sortSymbols(sorted []uint16, lens []uint8, count *lengthCounts) int {
	var next [maxCode + 1]int
	n := 0
	for l, c := range count {
		next[l] = n
		n += c
	}
	for s, l := range lens {
		if l != 0 {
			l &= maxCode
			sorted[next[l]] = uint16(s)
			next[l]++
		}
	}
	return n
}

// builder assigns codes in canonical order. Codes are kept bit-reversed, as
// they lie in the stream.
type builder struct {
	table   []uint32
	width   uint
	count   *lengthCounts
	entries []uint32
	code    uint32 // next code
	len     uint   // its length
}

// entry is the symbol's entry for a code of which l bits are still to be taken.
func (b *builder) entry(s uint16, l uint) uint32 {
	e := b.entries[s]
	if e&literals != 0 {
		return e | uint32(l)
	}
	return e + uint32(l)*0x101
}

// advance steps to the next code of the same length.
func (b *builder) advance() {
	zero := ^b.code & (1<<b.len - 1)
	if zero == 0 {
		return
	}
	top := uint32(1) << (bits.Len32(zero) - 1)
	b.code = b.code&(top-1) | top
}

// primary enters the codes that the first table holds whole, and gives the
// symbols left. A code of l bits is written once; the copy that doubles the
// table for each further bit repeats it.
func (b *builder) primary(sorted []uint16) []uint16 {
	single := len(sorted) == 1
	for b.len = 1; b.len <= b.width; b.len++ {
		for range b.count[b.len] {
			b.table[b.code] = b.entry(sorted[0], b.len)
			sorted = sorted[1:]
			b.advance()
		}
		if b.len < b.width && !single {
			copy(b.table[1<<b.len:2<<b.len], b.table[:1<<b.len])
		}
	}
	if single {
		for i := uint32(2); i < 1<<b.width; i += 2 {
			b.table[i] = b.table[0]
		}
	}
	return sorted
}

// secondary enters the longer codes into subtables behind the first table.
func (b *builder) secondary(sorted []uint16) {
	prefix, start, width := ^uint32(0), uint32(0), uint(0)
	free := uint32(1) << b.width
	for b.len = b.width + 1; b.len <= maxCode; b.len++ {
		for left := b.count[b.len]; left > 0; left-- {
			if p := b.code & (1<<b.width - 1); p != prefix {
				prefix, start = p, free
				width = b.subtableWidth(left)
				free += 1 << width
				b.table[p] = special | subtable | start<<16 | uint32(width)<<8 | uint32(b.width)
			}
			l := b.len - b.width
			e := b.entry(sorted[0], l)
			for i := b.code >> b.width; i < 1<<width; i += 1 << l {
				b.table[start+i] = e
			}
			sorted = sorted[1:]
			b.advance()
		}
	}
}

// subtableWidth is how many bits index the subtable that begins at the current
// code, of whose length left codes remain.
func (b *builder) subtableWidth(left int) uint {
	w := b.len - b.width
	for room := left; room < 1<<w && b.width+w < maxCode; {
		w++
		room = room<<1 + b.count[b.width+w]
	}
	return w
}
