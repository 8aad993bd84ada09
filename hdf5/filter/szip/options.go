package szip

import (
	"math/bits"

	"gables/hdf5/h5err"
)

// uncompressed reads a block whose samples stand as they are.
func (d *decoder) uncompressed() error {
	clear(d.blk[:d.block])
	if _, ok := d.low(d.blk[:d.block], d.params.bits); !ok {
		return d.ended()
	}
	return nil
}

// low adds to each value of blk its k lower bits, at least 1; it gives every
// bit that any of them has, and false at the end of the stream.
func (d *decoder) low(blk []uint32, k uint) (uint64, bool) {
	var seen uint64
	r := &d.r
	acc, n := r.acc, r.n
	for i := range blk {
		if n < k {
			r.acc, r.n = acc, n
			if r.refill(); r.n < k {
				return 0, false
			}
			acc, n = r.acc, r.n
		}
		v := acc >> ((64 - k) & 63)
		acc <<= k & 63
		n -= k
		seen |= v
		blk[i] |= uint32(v)
	}
	r.acc, r.n = acc, n
	return seen, true
}

// split reads a block whose values have their upper bits as fundamental
// sequences, all of them first, and their k lower bits as they are.
func (d *decoder) split(k uint) error {
	blk := d.blk[d.first():d.block]
	var seen uint64 // every bit that any value has
	r := &d.r
	acc, n := r.acc, r.n
	for i := range blk {
		z := uint64(bits.LeadingZeros64(acc))
		if z < uint64(n) {
			acc = acc << (z & 63) << 1 // masked: no test for wide shifts
			n -= uint(z) + 1
		} else {
			var ok bool
			r.acc, r.n = acc, n
			if z, ok = r.zeros(); !ok {
				return d.ended()
			}
			acc, n = r.acc, r.n
		}
		seen |= z << (k & 63)
		blk[i] = uint32(z << (k & 63))
	}
	r.acc, r.n = acc, n
	if k > 0 {
		low, ok := d.low(blk, k)
		if !ok {
			return d.ended()
		}
		seen |= low
	}
	if seen > uint64(d.max) {
		return d.wide()
	}
	return nil
}

// secondExtension reads a block whose values are coded in pairs: a pair (a, b)
// is the number (a+b)(a+b+1)/2 + b.
func (d *decoder) secondExtension() error {
	if d.block%2 != 0 {
		return h5err.Unsupported(structure, "coded data sets", "pairs of values in blocks of %d samples", d.block)
	}
	first := d.first()
	var seen uint32
	for i := 0; i < d.block; i += 2 {
		z, ok := d.r.zeros()
		if !ok {
			return d.ended()
		}
		if z >= uint64(len(pairs)) {
			return h5err.Corrupt(structure, "coded data sets", "pair number %d, want at most %d", z, len(pairs)-1)
		}
		pair := pairs[z]
		d.blk[i+1] = uint32(pair[1])
		seen |= d.blk[i+1]
		if i >= first {
			d.blk[i] = uint32(pair[0])
			seen |= d.blk[i]
		}
	}
	if seen > d.max {
		return d.wide()
	}
	return nil
}

// pairs is a and b by their number, for sums up to 12 as encoders use them.
var pairs = func() (t [91][2]uint8) {
	at := 0
	for sum := range 13 {
		for b := range sum + 1 {
			t[at] = [2]uint8{uint8(sum - b), uint8(b)}
			at++
		}
	}
	return t
}()

// remainder is the count of zero blocks that says: all up to the end of the
// segment.
const remainder = 5

// zeroBlocks clears blk and reads how many blocks of zeros there are.
func (d *decoder) zeroBlocks() (int, error) {
	z, ok := d.r.zeros()
	if !ok {
		return 0, d.ended()
	}
	before := d.line / d.block
	left := d.interval/d.block - before
	var count int
	switch {
	case z+1 < remainder:
		count = int(z) + 1
	case z+1 == remainder:
		count = min(left, segment-before%segment)
	default:
		count = int(min(z, uint64(left)+1))
	}
	if count > left {
		return 0, h5err.Corrupt(structure, "coded data sets", "%d zero blocks, %d left of the scanline", z, left)
	}
	clear(d.blk[d.first():d.block])
	return count, nil
}

// undoDifferences turns the mapped differences of blk into samples: where
// a difference is small enough to go both ways it is stored doubled, odd when
// it goes down; otherwise it counts from the nearer end of the range.
func (d *decoder) undoDifferences() {
	first := d.first()
	if first == 1 {
		d.last = d.blk[0]
	}
	last, top, sign := d.last, d.max, d.bits-1
	blk := d.blk[first:d.block]
	for i, v := range blk {
		// Noise makes both choices unpredictable; without jumps it is twice as fast.
		flip := top & -(last >> sign)
		near, far := last+(v>>1^-(v&1)), flip^v
		if v>>1+v&1 <= flip^last {
			far = near
		}
		last = far
		blk[i] = last
	}
	d.last = last
}
