package lz4block

import (
	"math/bits"
	"sync"
	"unsafe"

	"gables/hdf5/filter/internal/lz77"
)

const (
	chainLog    = 15
	window      = 1 << 16
	longMatch   = 256 // a match that is not worth beating
	skipHC      = 7   // literals at one pace, as a power of two, and more at higher levels
	maxAttempts = 10  // as a power of two
)

// CompressHC is Compress with a search for the longest match: level 1 to 9, and
// up to 12, doubles with each step how many places are looked at.
func CompressHC(dst, src []byte, level int) []byte {
	w := writer{dst: dst, src: src}
	if len(src) > matchMargin {
		c := chainPool.Get().(*chains)
		ok := c.compress(&w, 1<<min(max(1, level), maxAttempts))
		chainPool.Put(c)
		if !ok {
			return nil
		}
	}
	if !w.literals() {
		return nil
	}
	return dst[:w.d]
}

var chainPool = sync.Pool{New: func() any { return new(chains) }}

// chains leads from each place to the last one before it with the same hash of
// four bytes. Places count from base, so that those of earlier blocks are known
// without clearing the table.
type chains struct {
	head [1 << chainLog]uint32 // place, base included
	back [window]uint16        // [place modulo window] to the place before; 0 for none
	base uint32
	next int // first place that is not entered
}

// reset forgets all places.
func (c *chains) reset(n int) {
	if c.base == 0 || uint64(c.base)+uint64(n)+2*window >= 1<<32 {
		clear(c.head[:])
		c.base = window
	}
	c.next = 0
}

// enter takes in all places before s.
func (c *chains) enter(p unsafe.Pointer, s int) {
	for ; c.next < s; c.next++ {
		h := hash4(lz77.Load32(p, c.next))
		place := c.base + uint32(c.next)
		d := place - c.head[h]
		if d > maxOffset {
			d = 0
		}
		c.back[c.next&(window-1)] = uint16(d)
		c.head[h] = place
	}
}

// longest is the longest match at s that beats best bytes.
func (c *chains) longest(w *writer, s, best, attempts int) (ref, n int) {
	p := unsafe.Pointer(unsafe.SliceData(w.src))
	c.enter(p, s)
	v, last := lz77.Load32(p, s), len(w.src)-lastLiterals
	i := int(int64(c.head[hash4(v)]) - int64(c.base))
	for ; attempts > 0 && i >= 0 && s-i <= maxOffset && s+best < last; attempts-- {
		if lz77.Byte(p, i+best) == lz77.Byte(p, s+best) && lz77.Load32(p, i) == v {
			if k := w.matchLength(s+minMatch, i+minMatch) + minMatch; k > best {
				ref, n, best = i, k, k
			}
		}
		d := int(c.back[i&(window-1)])
		if d == 0 {
			break
		}
		i -= d
	}
	return ref, n
}

// compress compresses all but the last literals.
func (c *chains) compress(w *writer, attempts int) bool {
	c.reset(len(w.src))
	defer func() { c.base += uint32(len(w.src)) + window }()
	limit := len(w.src) - matchMargin
	skip := skipHC + bits.Len(uint(attempts))/2
	p := unsafe.Pointer(unsafe.SliceData(w.src))
	for s := 1; s <= limit; {
		ref, n := c.longest(w, s, minMatch-1, attempts)
		if n == 0 {
			c.enter(p, s+1)
			s += 1 + (s-w.anchor)>>skip
			c.next = s // little worth finding is stepped over
			continue
		}
		// A longer match one byte on is worth that byte.
		for n < longMatch && s < limit {
			r, k := c.longest(w, s+1, n, attempts)
			if k == 0 {
				break
			}
			s, ref, n = s+1, r, k
		}
		for s > w.anchor && ref > 0 && lz77.Byte(p, s-1) == lz77.Byte(p, ref-1) {
			s, ref, n = s-1, ref-1, n+1
		}
		if !w.sequence(s, s-ref, n) {
			return false
		}
		s += n
		if n > longMatch {
			c.next = s - longMatch/8 // of a long match the end will do
		}
	}
	return true
}

// hash4 hashes four bytes.
func hash4(v uint32) uint32 { return v * 2654435761 >> (32 - chainLog) }
