package bloscchunk

import (
	"crypto/subtle"

	"gables/hdf5/filter/internal/bitshuf"
	"gables/hdf5/filter/shuffle"
)

// Numbers of filters (c-blosc2, include/blosc2.h and blosc2/filters-registry.h).
const (
	filterNone       = 0
	filterShuffle    = 1
	filterBitShuffle = 2
	filterDelta      = 3
	filterTruncPrec  = 4
	filterNDCell     = 32
	filterNDMean     = 33
	filterBuggyDelta = 34
	filterByteDelta  = 35
	filterIntTrunc   = 36
)

// pipeline is the filters of a chunk in the order in which they are undone.
type pipeline struct {
	ops   [maxFilters]op
	n     int
	moves int  // ops that need another buffer
	delta bool // the last op is delta
}

// op undoes one filter.
type op struct {
	filter byte
	size   int // bytes of one element, or streams, or edge of a cell
}

// moves tells whether the op writes to another buffer than it reads.
func (o op) moves() bool { return o.filter != filterDelta && o.filter != filterByteDelta }

// plan checks the chunk's filters and leaves out those with nothing to undo.
func (c *Chunk) plan() error {
	p := &c.pipeline
	for i := maxFilters - 1; i >= 0; i-- {
		o, err := c.op(c.filters[i], int(c.filtersMeta[i]))
		if err != nil {
			return err
		}
		if o.filter == filterNone {
			continue
		}
		if p.delta {
			// Its reference is the chunk as decoded, which only the first
			// filter of the writer saw.
			return unsupported("filter", "delta behind filter %d", o.filter)
		}
		p.delta = o.filter == filterDelta
		if o.moves() {
			p.moves++
		}
		p.ops[p.n] = o
		p.n++
	}
	return nil
}

// op is how a filter is undone; filterNone when nothing is to be done.
func (c *Chunk) op(filter byte, meta int) (op, error) {
	switch filter {
	case filterNone, filterTruncPrec, filterIntTrunc:
		return op{}, nil
	case filterShuffle:
		size := c.TypeSize
		if meta != 0 {
			size = meta
		}
		if size == 1 {
			return op{}, nil
		}
		return op{filter, size}, nil
	case filterBitShuffle:
		return op{filter, c.TypeSize}, nil
	case filterDelta:
		return op{filter, deltaWidth(c.TypeSize)}, nil
	case filterByteDelta:
		if meta == 0 {
			meta = max(c.env.TypeSize, c.TypeSize)
		}
		return op{filter, meta}, nil
	case filterNDCell, filterNDMean:
		return op{filter, meta}, c.checkCells(filter, meta)
	}
	if filter == filterBuggyDelta {
		// Its bytes depend on the vector unit of the writer's processor.
		return op{}, unsupported("filter", "%d (bytedelta, first version)", filter)
	}
	return op{}, unsupported("filter", "%d", filter)
}

// target is where the streams of a block go: dst itself when every op works in
// place.
func (p *pipeline) target(c *Chunk, dst []byte) []byte {
	if p.moves == 0 {
		return dst
	}
	return c.buffer(0, len(dst))
}

// buffer is n bytes of scratch memory.
func (c *Chunk) buffer(i, n int) []byte {
	c.scratch[i] = resize(c.scratch[i], n)
	return c.scratch[i]
}

// undo runs the ops from target's buffer to dst.
func (p *pipeline) undo(c *Chunk, dst []byte, first bool) error {
	cur, left := p.target(c, dst), p.moves
	for k, o := range p.ops[:p.n] {
		if !o.moves() {
			if o.filter == filterDelta {
				undoDelta(cur, c.ref, o.size, first)
			} else {
				undoByteDelta(cur, o.size)
			}
			continue
		}
		left--
		out := dst
		if left > 0 {
			out = c.buffer((p.moves-left)%2, len(dst))
		}
		if err := p.ops[k].move(c, out, cur); err != nil {
			return err
		}
		cur = out
	}
	return nil
}

// move undoes a filter from src to dst.
func (o op) move(c *Chunk, dst, src []byte) error {
	switch o.filter {
	case filterShuffle:
		shuffle.Unshuffle(dst, src, o.size)
	case filterBitShuffle:
		if c.Version <= versionBlosc1 && len(src)/o.size%8 != 0 {
			// Blosc1 left such blocks as they were.
			copy(dst, src)
			return nil
		}
		bitshuf.Unshuffle(dst, src, o.size)
	default:
		return c.undoCells(dst, src, o.size)
	}
	return nil
}

// deltaWidth is the width of the words that delta takes differences of.
func deltaWidth(typeSize int) int {
	switch typeSize {
	case 1, 2, 4, 8:
		return typeSize
	}
	if typeSize%8 == 0 {
		return 8
	}
	return 1
}

// undoDelta undoes the exclusive or with the first block, or, in that block,
// with the word before. Bytes behind the last whole word are left alone.
func undoDelta(b, ref []byte, width int, first bool) {
	b = b[:len(b)/width*width]
	if !first {
		subtle.XORBytes(b, b, ref)
		return
	}
	for i := width; i < len(b); i++ {
		b[i] ^= b[i-width]
	}
}

// undoByteDelta sums up each of the streams of bytes that b holds one behind
// the other. Bytes behind the last whole stream are left alone.
func undoByteDelta(b []byte, streams int) {
	n := len(b) / streams
	for ; streams > 0; streams-- {
		var sum byte
		for i, v := range b[:n] {
			sum += v
			b[i] = sum
		}
		b = b[n:]
	}
}
