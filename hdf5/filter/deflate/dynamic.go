package deflate

import (
	"sync"

	"gables/hdf5/h5err"
)

// preOrder is the order in which the lengths of the code length code are
// stored (RFC 1951, 3.2.7).
var preOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readTables reads the head of a dynamic block and builds its tables.
func (d *decoder) readTables() error {
	d.fill()
	nLit, nDist, nPre := int(d.buf&31)+257, int(d.buf>>5&31)+1, int(d.buf>>10&15)+4
	if !d.drop(14) {
		return errTruncated()
	}
	if nLit > maxLit || nDist > maxDist {
		return h5err.Corrupt(structure, "dynamic block", "%d length and %d distance symbols", nLit, nDist)
	}
	if err := d.readPre(nPre); err != nil {
		return err
	}
	lens := d.lens[:nLit+nDist]
	if err := d.readLengths(lens); err != nil {
		return err
	}
	if lens[256] == 0 {
		return errLengths("no end of block")
	}
	var lit, dist lengthCounts
	lit.add(lens[:256])
	merge := worthMerging(&lit) && len(d.src)-d.pos > mergeFrom
	lit.add(lens[256:nLit])
	dist.add(lens[nLit:])
	if !build(d.own.lit[:], litBits, lens[:nLit], &lit, litEntries[:], d.sorted[:], false) {
		return errLengths("literal/length code is not complete")
	}
	if !build(d.own.dist[:], distBits, lens[nLit:], &dist, distEntries[:], d.sorted[:], true) {
		return errLengths("distance code is not complete")
	}
	if merge {
		mergeLiterals(&d.own.lit)
	}
	return nil
}

func errLengths(what string) error {
	return h5err.Corrupt(structure, "code lengths", "%s", what)
}

// readPre reads the code in which the lengths of the other codes are stored.
func (d *decoder) readPre(n int) error {
	var lens [19]uint8
	for _, s := range preOrder[:n] {
		d.fill()
		lens[s] = uint8(d.buf & 7)
		if !d.drop(3) {
			return errTruncated()
		}
	}
	var count lengthCounts
	count.add(lens[:])
	if count.room() != 0 || !build(d.pre[:], preBits, lens[:], &count, preEntries[:], d.sorted[:], false) {
		return errLengths("code length code is not complete")
	}
	return nil
}

// readLengths reads the run-length coded lengths of all codes.
func (d *decoder) readLengths(lens []uint8) error {
	for i := 0; i < len(lens); {
		d.fill()
		e := d.pre[d.buf%preSize]
		if !d.drop(uint(e & 63)) {
			return errTruncated()
		}
		s := e >> 16
		if s < 16 {
			lens[i] = uint8(s)
			i++
			continue
		}
		base, width, l := 3, uint(2), uint8(0)
		switch {
		case s == 17:
			width = 3
		case s == 18:
			base, width = 11, 7
		case i == 0:
			return errLengths("repeats before the first")
		default:
			l = lens[i-1]
		}
		n := base + int(d.buf&(1<<width-1))
		if !d.drop(width) {
			return errTruncated()
		}
		if n > len(lens)-i {
			return errLengths("more than declared")
		}
		for ; n > 0; n-- {
			lens[i] = l
			i++
		}
	}
	return nil
}

// mergeFrom is the input, in bytes, above which merging can pay for itself.
const mergeFrom = 2048

// worthMerging estimates from the literals' code lengths whether at least one
// look-up in 16 would find two literals.
func worthMerging(c *lengthCounts) bool {
	below, both := 0, 0 // in units of 1<<litBits and 1<<2*litBits
	upTo := [litBits + 1]int{}
	for l := 1; l <= litBits; l++ {
		below += c[l] << (litBits - l)
		upTo[l] = below
	}
	for l := 1; l < litBits; l++ {
		both += c[l] << (litBits - l) * upTo[litBits-l]
	}
	return both > 1<<(2*litBits-4)
}

// mergeLiterals makes entries hold up to three literals where their codes fit
// the index together. Entries below i are still single when i is made.
func mergeLiterals(t *litTable) {
	for i := uint32(litMask); i < litSize; i-- {
		e := t[i]
		if e&literals == 0 {
			continue
		}
		l := e & 63
		second := i >> (l & 31)
		f := t[second&litMask]
		if f&literals == 0 || l+f&63 > litBits {
			continue
		}
		l += f & 63
		e += oneLiteral + f&63 + f>>8<<16
		g := t[second>>(f&31)&litMask]
		if g&literals != 0 && l+g&63 <= litBits {
			e += oneLiteral + g&63 + g>>8<<24
		}
		t[i] = e
	}
}

// fixedTables are those of RFC 1951, 3.2.6; never written to afterwards.
var fixedTables = sync.OnceValue(func() *tables {
	f := new(tables)
	var lens [288]uint8
	for i := range lens {
		switch {
		case i < 144, i >= 280:
			lens[i] = 8
		case i < 256:
			lens[i] = 9
		default:
			lens[i] = 7
		}
	}
	var sorted [288]uint16
	var lit, dist lengthCounts
	lit.add(lens[:])
	ok := build(f.lit[:], litBits, lens[:], &lit, litEntries[:], sorted[:], false)
	for i := range 32 {
		lens[i] = 5
	}
	dist.add(lens[:32])
	if !build(f.dist[:], distBits, lens[:32], &dist, distEntries[:], sorted[:], false) || !ok {
		panic("deflate: the fixed codes are complete by definition")
	}
	return f
})
