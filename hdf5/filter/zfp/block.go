package zfp

import "sync"

// blockDecoder holds what the decoding of a field's blocks needs.
type blockDecoder[I integer] struct {
	src    []byte // the stream, or its end with padding
	pos    uint64 // of the next bit in src
	end    uint64 // bits of the stream in src
	header header
	format format
	order  []byte // [4^dims]
	rows   planes
	wide   planesWide // for rank 4 alone
	values [256]I     // the block's values, floats as their bits
}

// tailBytes is more than any block takes, 16658 bits, and peek's 8.
const tailBytes = 2200

// tail holds the end of a stream, and as much padding.
type tail [2 * tailBytes]byte

var tails = sync.Pool{New: func() any { return new(tail) }}

func newBlockDecoder[I integer](src []byte, h header) *blockDecoder[I] {
	return &blockDecoder[I]{src: src, end: uint64(len(src)) * 8, header: h, format: formatOf(h.kind), order: order[h.dims-1]}
}

// block is the part of values that a block of this rank fills.
func (d *blockDecoder[I]) block() []I { return d.values[:len(d.order)] }

// nearEnd says that src may end inside the next block.
func (d *blockDecoder[I]) nearEnd() bool { return d.end-d.pos < tailBytes*8 }

// moveTo puts what is left of the stream into tail, zeros behind it, so that
// the last blocks can be read as all others are.
func (d *blockDecoder[I]) moveTo(tail *tail) {
	first := d.pos >> 3
	clear(tail[copy(tail[:], d.src[first:]):])
	d.src = tail[:]
	d.pos -= first * 8
	d.end -= first * 8
}

// next decodes one block into d.values and steps over its padding.
func (d *blockDecoder[I]) next() {
	start, mode := d.pos, &d.header.mode
	switch {
	case !d.header.kind.float() && mode.reversible():
		d.exact(start)
	case !d.header.kind.float():
		d.lossy(start, mode.maxPrec)
	case mode.reversible():
		d.exactFloats()
	default:
		d.lossyFloats()
	}
	d.pos = max(d.pos, start+uint64(mode.minBits))
}

func (d *blockDecoder[I]) read(n uint) uint64 {
	v := peek(d.src, d.pos) & (1<<n - 1)
	d.pos += uint64(n)
	return v
}

// lossyFloats: a bit whether any value is not zero, then exponent and integers.
func (d *blockDecoder[I]) lossyFloats() {
	start := d.pos
	if d.read(1) == 0 {
		clear(d.block())
		return
	}
	exp, mode := int(d.read(d.format.expBits))-d.format.bias, &d.header.mode
	planes := exp - int(mode.minExp) + 2*d.header.dims + 2
	d.lossy(start, min(mode.maxPrec, uint32(max(planes, 0))))
	scaleBlock(d.block(), exp)
}

// exactFloats: as lossyFloats, but a second bit says that the values' own bits
// follow, for blocks that a common exponent would round.
func (d *blockDecoder[I]) exactFloats() {
	start := d.pos
	if d.read(1) == 0 {
		clear(d.block())
		return
	}
	if d.read(1) == 1 {
		d.exact(start)
		unsignBlock(d.block())
		return
	}
	exp := int(d.read(d.format.expBits)) - d.format.bias
	d.exact(start)
	if exp == -d.format.bias {
		clear(d.block())
		return
	}
	scaleBlock(d.block(), exp)
}

// lossy decodes the integers of a block that began at start.
func (d *blockDecoder[I]) lossy(start uint64, prec uint32) {
	d.coefficients(start, uint(prec))
	inverse(d.block())
}

// exact decodes the count of bit planes and the integers that they rebuild.
func (d *blockDecoder[I]) exact(start uint64) {
	prec := uint(d.read(d.format.precBits)) + 1
	d.coefficients(start, prec)
	inverseExact(d.block())
}

// coefficients decodes prec bit planes into d.values, in two's complement.
func (d *blockDecoder[I]) coefficients(start uint64, prec uint) {
	width := widthOf[I]()
	low := width - min(prec, width)
	// The C library's unsigned budget wraps where the fields before it took
	// more than maxBits; such blocks are in effect unbounded.
	budget := uint(d.header.mode.maxBits - uint32(d.pos-start))
	if len(d.order) == 256 {
		d.coefficientsWide(width, low, budget)
		return
	}
	size := uint(len(d.order))
	d.rows = planes{}
	d.pos = decodePlanes(&d.rows, d.src, d.pos, size, width, low, budget)
	d.rows.transpose(min(size, width))
	place(d.values[:], d.order, &d.rows)
}

func (d *blockDecoder[I]) coefficientsWide(width, low, budget uint) {
	d.wide = planesWide{}
	d.pos = decodePlanesWide(&d.wide, d.src, d.pos, width, low, budget)
	for i := range d.wide {
		rows := &d.wide[i]
		rows.transpose(width)
		place(d.values[:], d.order[64*i:64*i+64], rows)
	}
}

// negabinary has ones at the places of negative weight.
const negabinary = -0x5555555555555556

// place puts the coefficients in rows where order says, from negabinary to
// two's complement. Rows of 32 bits hold coefficient i+32 in their upper half.
func place[I integer](values []I, order []byte, rows *planes) {
	mask := int64(negabinary)
	values = values[:256]
	for i, at := range order {
		v := rows[i&63]
		if !isWide[I]() && len(order) == 64 {
			v = rows[i&31] >> (i & 32)
		}
		values[at] = (I(v) ^ I(mask)) - I(mask)
	}
}
