package zfp

import (
	"math/bits"
	"slices"
)

// blockEncoder holds what the encoding of a field's blocks needs.
type blockEncoder[I integer] struct {
	out    bitWriter
	header header
	format format
	order  []byte // [4^dims]
	rows   planes
	wide   planesWide // for rank 4 alone
	values [256]I     // the block's values, floats as their bits
	ints   [256]I     // what is coded for them
	again  [256]I     // what these decode to, for the reversible mode
}

func newBlockEncoder[I integer](dst []byte, h header) *blockEncoder[I] {
	return &blockEncoder[I]{
		out: bitWriter{out: dst[:0]}, header: h, format: formatOf(h.kind), order: order[h.dims-1],
	}
}

// next encodes the block in e.values.
func (e *blockEncoder[I]) next() {
	start, mode := e.out.tell(), &e.header.mode
	size := len(e.order)
	switch {
	case !e.header.kind.float() && mode.reversible():
		copy(e.ints[:size], e.values[:size])
		e.exact(start)
	case !e.header.kind.float():
		copy(e.ints[:size], e.values[:size])
		e.lossy(start, mode.maxPrec)
	case mode.reversible():
		if !e.exactFloats(start) {
			return // the C library does not pad these
		}
	default:
		e.lossyFloats(start)
	}
	if used := e.out.tell() - start; used < uint64(mode.minBits) {
		e.out.zeros(uint64(mode.minBits) - used)
	}
}

func (e *blockEncoder[I]) lossyFloats(start uint64) {
	size, mode := len(e.order), &e.header.mode
	exp := blockExponent(e.values[:size], e.format.bias)
	planes := exp - int(mode.minExp) + 2*e.header.dims + 2
	prec := min(mode.maxPrec, uint32(max(planes, 0)))
	if prec == 0 || exp == -e.format.bias {
		e.out.write(0, 1)
		return
	}
	e.out.write(uint64(exp+e.format.bias)<<1|1, 1+e.format.expBits)
	unscaleBlock(e.ints[:size], e.values[:size], exp)
	e.lossy(start, prec)
}

// exactFloats says whether the block has more than one bit.
func (e *blockEncoder[I]) exactFloats(start uint64) bool {
	size := len(e.order)
	floats, ints, again := e.values[:size], e.ints[:size], e.again[:size]
	exp := blockExponent(floats, e.format.bias)
	if exp == -e.format.bias {
		clear(ints)
	} else {
		unscaleBlock(ints, floats, exp)
	}
	copy(again, ints)
	scaleBlock(again, exp)
	switch {
	case !slices.Equal(again, floats):
		e.out.write(3, 2)
		copy(ints, floats)
		unsignBlock(ints)
	case exp == -e.format.bias:
		e.out.write(0, 1)
		return false
	default:
		e.out.write(1, 2)
		e.out.write(uint64(exp+e.format.bias), e.format.expBits)
	}
	e.exact(start)
	return true
}

// lossy encodes e.ints in a block that began at start.
func (e *blockEncoder[I]) lossy(start uint64, prec uint32) {
	forward(e.ints[:len(e.order)])
	e.arrange()
	e.coefficients(start, uint(prec))
}

// exact encodes e.ints with as many bit planes as they have.
func (e *blockEncoder[I]) exact(start uint64) {
	forwardExact(e.ints[:len(e.order)])
	all := e.arrange()
	width := widthOf[I]()
	prec := width - min(uint(bits.TrailingZeros64(all)), width)
	prec = max(min(prec, uint(e.header.mode.maxPrec)), 1)
	e.out.write(uint64(prec-1), e.format.precBits)
	e.coefficients(start, prec)
}

// arrange puts e.ints into rows in negabinary and coded order and gives the
// union of their bits.
func (e *blockEncoder[I]) arrange() uint64 {
	if len(e.order) < 256 {
		e.rows = planes{}
		return arrange(e.ints[:], e.order, &e.rows)
	}
	all := uint64(0)
	e.wide = planesWide{}
	for i := range e.wide {
		all |= arrange(e.ints[:], e.order[64*i:64*i+64], &e.wide[i])
	}
	return all
}

// arrange is place's counterpart.
func arrange[I integer](ints []I, order []byte, rows *planes) uint64 {
	mask := int64(negabinary)
	all := uint64(0)
	ints = ints[:256]
	for i, at := range order {
		v := uint64((ints[at] + I(mask)) ^ I(mask))
		if !isWide[I]() {
			v &= 1<<32 - 1
		}
		all |= v
		if !isWide[I]() && len(order) == 64 {
			rows[i&31] |= v << (i & 32)
		} else {
			rows[i&63] = v
		}
	}
	return all
}

// coefficients encodes prec bit planes of rows.
func (e *blockEncoder[I]) coefficients(start uint64, prec uint) {
	width := widthOf[I]()
	low := width - min(prec, width)
	// It wraps as the C library's does; see blockDecoder.coefficients.
	budget := uint(e.header.mode.maxBits - uint32(e.out.tell()-start))
	size := uint(len(e.order))
	if size < 256 {
		e.rows.transpose(min(size, width))
		encodePlanes(&e.rows, &e.out, size, width, low, budget)
		return
	}
	for i := range e.wide {
		e.wide[i].transpose(width)
	}
	encodePlanesWide(&e.wide, &e.out, width, low, budget)
}
