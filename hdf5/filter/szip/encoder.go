package szip

import (
	"encoding/binary"
	"slices"
	"sync"

	"gables/hdf5/filter"
	"gables/hdf5/filter/internal/bitpack"
	"gables/hdf5/h5err"
)

// Encode applies the filter as filter.Encoder says, with szlib's bytes:
// filter.ErrNoGain where the coded data sets are longer than the chunk. Samples
// wider than the bits per pixel are ErrUnsupported; szlib makes garbage of them.
func (Filter) Encode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	p, err := parseParams(c.Values)
	if err != nil {
		return nil, err
	}
	if p.block%2 != 0 {
		return nil, h5err.Unsupported(structure, "pixels per block", "%d, want an even number", p.block)
	}
	if len(src)%p.pixelBytes() != 0 || uint64(len(src)) > 1<<32-1 {
		return nil, h5err.Unsupported(structure, "size", "%d bytes in pixels of %d", len(src), p.pixelBytes())
	}
	e := encoders.Get().(*encoder)
	defer e.release()
	dst = slices.Grow(dst[:0], 4+len(src)+slack)[:4+len(src)+slack]
	binary.LittleEndian.PutUint32(dst, uint32(len(src)))
	e.reset(&p, dst[4:], src)
	if err := e.run(); err != nil {
		return nil, err
	}
	return dst[:4+max(1, e.w.Written())], nil
}

// slack is room for the word that the writer's last bits are in.
const slack = 8

// encoder turns the samples of one chunk into coded data sets. It belongs to
// one goroutine.
type encoder struct {
	params
	w     bitpack.Writer
	max   uint32 // largest value of a sample
	kmax  uint
	k     uint     // the lower bits that the last block was split at
	room  uint64   // bits that are left
	src   []byte   //
	at    int      // where in src the next sample is
	left  int      // samples of src that are left
	raw   []uint32 // one interval, filling included
	vals  []uint32 // the same as differences
	first uint32   // the interval's reference sample
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// reset makes e ready to write src into out.
func (e *encoder) reset(p *params, out, src []byte) {
	e.params = *p
	e.w.Reset(out)
	e.max = uint32(uint64(1)<<p.bits - 1)
	e.kmax, e.k = 1<<p.idBits-3, 0
	e.room = 8 * uint64(len(src))
	e.src, e.at, e.left = src, 0, len(src)/p.sampleBytes
	e.raw = slices.Grow(e.raw[:0], p.interval)[:p.interval]
	e.vals = slices.Grow(e.vals[:0], p.interval)[:p.interval]
}

// release gives e back without the slices that it must not keep.
func (e *encoder) release() {
	e.w.Reset(nil)
	e.src = nil
	encoders.Put(e)
}

// run codes one interval after the other. Each is filled up: with its last
// sample where differences are coded, else with zeros.
func (e *encoder) run() error {
	for e.left > 0 {
		n := min(e.left, e.scanline)
		e.left -= n
		e.load(e.raw[:n])
		var wide uint32
		for _, v := range e.raw[:n] {
			wide |= v
		}
		if wide > e.max {
			return h5err.Unsupported(structure, "samples", "one has more than %d bits", e.bits)
		}
		vals := e.raw
		if e.nn {
			for i := n; i < len(e.raw); i++ {
				e.raw[i] = e.raw[n-1]
			}
			e.differences()
			vals = e.vals
		} else {
			clear(e.raw[n:])
		}
		if err := e.interval(vals); err != nil {
			return err
		}
	}
	e.w.Bytes()
	return nil
}

// load takes the next samples, those of wide pixels byte by byte.
func (e *encoder) load(raw []uint32) {
	switch {
	case e.planes > 1:
		at := e.at
		for i := range raw {
			raw[i] = uint32(e.src[at])
			if at += e.planes; at >= len(e.src) {
				at -= len(e.src) - 1
			}
		}
		e.at = at
		return
	case e.sampleBytes == 1:
		for i, v := range e.src[e.at : e.at+len(raw)] {
			raw[i] = uint32(v)
		}
	default:
		loadWide(raw, e.src[e.at:e.at+len(raw)*e.sampleBytes], e.sampleBytes, e.msb)
	}
	e.at += len(raw) * e.sampleBytes
}

// loadWide reads samples of 2 or 4 bytes.
func loadWide(raw []uint32, src []byte, size int, msb bool) {
	switch {
	case size == 2 && msb:
		for i := range raw {
			raw[i] = uint32(binary.BigEndian.Uint16(src[2*i:]))
		}
	case size == 2:
		for i := range raw {
			raw[i] = uint32(binary.LittleEndian.Uint16(src[2*i:]))
		}
	case msb:
		for i := range raw {
			raw[i] = binary.BigEndian.Uint32(src[4*i:])
		}
	default:
		for i := range raw {
			raw[i] = binary.LittleEndian.Uint32(src[4*i:])
		}
	}
}

// differences maps each sample's difference from the one before to a number of
// no more bits: doubled, odd where it goes down, while both directions have
// room; beyond that it is the distance from the nearer end of the range.
func (e *encoder) differences() {
	last, top, sign := e.raw[0], e.max, e.bits-1
	e.first, e.vals[0] = last, 0
	raw, vals := e.raw[1:], e.vals[1:len(e.raw)]
	for i, v := range raw {
		// Noise makes each choice unpredictable: without jumps.
		d := int64(v) - int64(last)
		down := uint32(d >> 63) // all ones where v < last
		size := uint32(d)
		size = (size ^ down) - down
		flip := top & -(last >> sign) // 0 where the lower end is nearer
		near, far := size<<1+down, v^flip
		if size > last^flip {
			near = far
		}
		vals[i] = near
		last = v
	}
}
