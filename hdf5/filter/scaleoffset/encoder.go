package scaleoffset

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"sync"

	"gables/hdf5/filter"
	"gables/hdf5/filter/internal/bitpack"
	"gables/hdf5/h5err"
)

// Encode applies the filter as filter.Encoder says, with libhdf5's bytes. Where
// libhdf5 would store garbage (single precision) or the least value in place of
// a NaN, the chunk's numbers are stored whole; it reads that as well.
func (Filter) Encode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	p, err := parseParams(c.Values)
	if err != nil {
		return nil, err
	}
	if p.asIs() {
		return src, nil
	}
	if size := uint64(p.count) * uint64(p.size); size != uint64(len(src)) || p.count == 0 {
		return nil, h5err.Corrupt(structure, "size", "%d bytes, want %d elements of %d", len(src), p.count, p.size)
	}
	if !p.packable() {
		return nil, h5err.Unsupported(structure, "datatype", "class %d of %d bytes", p.class, p.size)
	}
	e := encoders.Get().(*encoder)
	e.params = p
	if p.class == classFloat {
		e.p32, e.p64, e.near32, e.near64 = power32(p.factor), power64(p.factor), power32(-p.factor), power64(-p.factor)
	}
	h := e.measure(src)
	dst = e.write(dst, src, h)
	e.w.Reset(nil)
	encoders.Put(e)
	return dst, nil
}

// encoder turns the elements of one chunk into packed numbers. It belongs to
// one goroutine.
type encoder struct {
	params
	w      bitpack.Writer
	p32    float32 // the power of ten
	p64    float64
	near32 float32 // what is nearer to the fill value counts as it
	near64 float64
	vals   [batch]uint64
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// measure finds the least value and how many bits the distances from it need.
func (e *encoder) measure(src []byte) header {
	switch {
	case e.class == classInteger:
		return e.measureIntegers(src)
	case e.size == 4:
		return e.measureFloats32(src)
	}
	return e.measureFloats64(src)
}

// write gives the chunk with its header.
func (e *encoder) write(dst, src []byte, h header) []byte {
	whole := h.bits == uint(8*e.size)
	size := headerSize + len(src)
	if !whole {
		// libhdf5 has one byte more than the bits fill where they fill whole bytes.
		size = headerSize + int(uint64(e.count)*uint64(h.bits)/8) + 1
	}
	dst = slices.Grow(dst[:0], size)[:size]
	clear(dst[:headerSize])
	binary.LittleEndian.PutUint32(dst, uint32(h.bits))
	dst[4] = minvalMax
	binary.LittleEndian.PutUint64(dst[5:], h.min)
	if whole {
		copyElements(dst[headerSize:], src, e.size, e.big)
		return dst
	}
	e.w.Reset(dst[headerSize:])
	if h.bits > 0 {
		e.pack(src, h)
	}
	e.w.Bytes()
	return dst
}

// pack writes the distances from the least value.
func (e *encoder) pack(src []byte, h header) {
	for len(src) > 0 {
		vals := e.next(src)
		switch {
		case e.class == classInteger:
			e.distances(vals, h)
		case e.size == 4:
			e.distances32(vals, h)
		default:
			e.distances64(vals, h)
		}
		e.w.PutAll(vals, h.bits)
		src = src[len(vals)*e.size:]
	}
}

// next loads the next elements.
func (e *encoder) next(src []byte) []uint64 {
	vals := e.vals[:min(batch, len(src)/e.size)]
	bitpack.Load(vals, src, e.size, e.big)
	return vals
}

// log2 is the logarithm of n, at least 1, rounded up.
func log2(n uint64) uint { return uint(bits.Len64(n - 1)) }

// measureIntegers leaves out fill values. Signed numbers are compared with
// their sign bit turned, so that their order is that of unsigned ones.
func (e *encoder) measureIntegers(src []byte) header {
	width := uint(8 * e.size)
	turn := uint64(0)
	if e.signed {
		turn = 1 << (width - 1)
	}
	fill := e.fill & (^uint64(0) >> (64 - width))
	least, most, any := ^uint64(0), uint64(0), false
	for len(src) > 0 {
		vals := e.next(src)
		src = src[len(vals)*e.size:]
		if !e.filled {
			any = true
			for _, v := range vals {
				v ^= turn
				least, most = min(least, v), max(most, v)
			}
			continue
		}
		for _, v := range vals {
			if v != fill {
				any = true
				v ^= turn
				least, most = min(least, v), max(most, v)
			}
		}
	}
	if !any { // as libhdf5: the least value is then 0
		least, most = turn, turn
	}
	h := header{min: least ^ turn}
	if e.signed { // the sign goes through all 64 bits
		h.min = uint64(int64(h.min<<(64-width)) >> (64 - width))
	}
	return e.integerBits(h, most-least, width)
}

// integerBits decides on the bits, given the greatest distance.
func (e *encoder) integerBits(h header, span uint64, width uint) header {
	switch {
	case e.factor > 0:
		h.bits = uint(e.factor)
	case span > ^uint64(0)>>(64-width)-2:
		h.bits = width
		// libhdf5 returns early and leaves the least value 0, but for signed bytes.
		if e.size > 1 || !e.signed || e.filled {
			h.min = 0
		}
	case e.filled:
		h.bits = log2(span + 2) // one more for the mark of the fill value
	default:
		h.bits = log2(span + 1)
	}
	return h
}

// distances turns elements into their distances, and fill values into ones.
func (e *encoder) distances(vals []uint64, h header) {
	least := h.min
	if !e.filled {
		for i := range vals {
			vals[i] -= least
		}
		return
	}
	fill := e.fill & (^uint64(0) >> (64 - uint(8*e.size)))
	for i, v := range vals {
		if v == fill {
			v = least - 1 // whose distance is all ones
		}
		vals[i] = v - least
	}
}

// floatBits decides on the bits, given the greatest scaled distance; limit is
// above what an integer of width bits holds.
func (e *encoder) floatBits(h header, span, limit float64, width uint) header {
	span = math.Round(span)
	switch {
	case span > limit:
		return header{bits: width} // libhdf5 returns early: the least value is 0
	case !(span < limit): // a NaN or the limit
		h.bits = width
		return h
	}
	n := uint64(span) + 1
	if e.filled {
		n++ // for the mark of the fill value
	}
	h.bits = log2(n)
	return h
}

// measureFloats32 rounds to single precision after each step, as libhdf5 does.
func (e *encoder) measureFloats32(src []byte) header {
	fill, near := math.Float32frombits(uint32(e.fill)), e.near32
	var least, most float32
	any := false
	for len(src) > 0 {
		vals := e.next(src)
		src = src[len(vals)*e.size:]
		for _, u := range vals {
			v := math.Float32frombits(uint32(u))
			switch {
			case v != v:
				return header{bits: 32}
			case e.filled && abs32(v-fill) < near:
			case !any:
				least, most, any = v, v, true
			default:
				least, most = min32(least, v), max32(most, v)
			}
		}
	}
	p := e.p32
	// The products must not be fused with the difference.
	span := float64(float32(most*p) - float32(least*p))
	return e.floatBits(header{min: uint64(math.Float32bits(least))}, span, 1<<31, 32)
}

// measureFloats64 is measureFloats32 in double precision.
func (e *encoder) measureFloats64(src []byte) header {
	fill, near := math.Float64frombits(e.fill), e.near64
	var least, most float64
	any := false
	for len(src) > 0 {
		vals := e.next(src)
		src = src[len(vals)*e.size:]
		for _, u := range vals {
			v := math.Float64frombits(u)
			switch {
			case v != v:
				return header{bits: 64}
			case e.filled && math.Abs(v-fill) < near:
			case !any:
				least, most, any = v, v, true
			default:
				if v > most {
					most = v
				}
				if v < least {
					least = v
				}
			}
		}
	}
	p := e.p64
	span := float64(most*p) - float64(least*p)
	return e.floatBits(header{min: math.Float64bits(least)}, span, 1<<63, 64)
}

// distances32 turns numbers into their scaled distances and those near the
// fill value into ones.
func (e *encoder) distances32(vals []uint64, h header) {
	fill, near := math.Float32frombits(uint32(e.fill)), e.near32
	p := e.p32
	least := float32(math.Float32frombits(uint32(h.min)) * p)
	for i, u := range vals {
		v := math.Float32frombits(uint32(u))
		if e.filled && abs32(v-fill) < near {
			vals[i] = ^uint64(0)
			continue
		}
		vals[i] = uint64(int64(math.Round(float64(float32(v*p) - least))))
	}
}

// distances64 is distances32 in double precision.
func (e *encoder) distances64(vals []uint64, h header) {
	fill, near := math.Float64frombits(e.fill), e.near64
	p := e.p64
	least := float64(math.Float64frombits(h.min) * p)
	for i, u := range vals {
		v := math.Float64frombits(u)
		if e.filled && math.Abs(v-fill) < near {
			vals[i] = ^uint64(0)
			continue
		}
		vals[i] = uint64(int64(math.Round(float64(v*p) - least)))
	}
}

func abs32(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }

// min32 and max32 keep the first of equal values, hence the sign of a zero, as
// libhdf5 does.
func min32(a, b float32) float32 {
	if b < a {
		return b
	}
	return a
}

func max32(a, b float32) float32 {
	if b > a {
		return b
	}
	return a
}
