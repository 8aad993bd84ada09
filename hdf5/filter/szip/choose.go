package szip

import "gables/hdf5/filter"

// interval codes one interval, whose values are differences where these are
// coded at all.
func (e *encoder) interval(vals []uint32) error {
	zeros, start := 0, false // blocks of zeros; the first of them has the reference sample
	for i := 0; i < len(vals); i += e.block {
		blk := vals[i : i+e.block]
		if !zero(blk) {
			if zeros > 0 {
				if err := e.zeroBlocks(zeros, start); err != nil {
					return err
				}
				zeros = 0
			}
			if err := e.codedSet(blk, e.nn && i == 0); err != nil {
				return err
			}
			continue
		}
		if zeros++; zeros == 1 {
			start = e.nn && i == 0
		}
		if end := i + e.block; end == len(vals) || end/e.block%segment == 0 {
			if zeros >= remainder {
				zeros = 0 // up to the end of the segment
			}
			if err := e.zeroBlocks(zeros, start); err != nil {
				return err
			}
			zeros = 0
		}
	}
	return nil
}

func zero(blk []uint32) bool {
	var any uint32
	for _, v := range blk {
		any |= v
	}
	return any == 0
}

// take accounts for bits that are about to be written.
func (e *encoder) take(bits uint64) error {
	if bits > e.room {
		return filter.ErrNoGain
	}
	e.room -= bits
	return nil
}

// refer writes an option's identification and the reference sample behind it.
func (e *encoder) refer(id uint64, idBits uint, start bool) {
	e.w.Put(id, idBits)
	if start {
		e.w.Put(uint64(e.first), e.bits)
	}
}

// refBits is the length of the reference sample.
func (e *encoder) refBits(start bool) uint64 {
	if start {
		return uint64(e.bits)
	}
	return 0
}

// zeroBlocks says that so many blocks are zeros; 0 of them are all those up to
// the end of the segment.
func (e *encoder) zeroBlocks(n int, start bool) error {
	count := uint64(n) - 1
	switch {
	case n == 0:
		count = remainder - 1
	case n >= remainder:
		count = uint64(n)
	}
	if err := e.take(uint64(e.idBits) + 1 + e.refBits(start) + count + 1); err != nil {
		return err
	}
	e.refer(0, e.idBits+1, start)
	e.w.PutUnary(count)
	return nil
}

// codedSet writes a block by the shortest of the options.
func (e *encoder) codedSet(blk []uint32, start bool) error {
	coded := blk
	if start {
		coded = blk[1:]
	}
	plain := uint64(len(coded)) * uint64(e.bits)
	split := e.assessSplit(coded)
	pairs := e.assessPairs(blk, plain)
	switch {
	case split < plain && split < pairs:
		if err := e.take(uint64(e.idBits) + e.refBits(start) + split); err != nil {
			return err
		}
		e.refer(uint64(e.k)+1, e.idBits, start)
		e.w.PutUnaries(coded, e.k)
		if e.k > 0 {
			e.w.PutLow(coded, e.k)
		}
	case split >= plain && plain <= pairs:
		if err := e.take(uint64(e.idBits) + e.refBits(start) + plain); err != nil {
			return err
		}
		e.refer(1<<e.idBits-1, e.idBits, start)
		e.w.PutLow(coded, e.bits)
	default:
		if err := e.take(uint64(e.idBits) + e.refBits(start) + pairs); err != nil {
			return err
		}
		e.refer(1, e.idBits+1, start)
		for i := 0; i < len(blk); i += 2 {
			e.w.PutUnary(pair(blk[i], blk[i+1]))
		}
	}
	return nil
}

// assessSplit sets k to the best number of lower bits and gives the length. The
// length is convex in k, so it is enough to walk downhill from the last
// block's k; of several best ones that is the nearest, as szlib's.
func (e *encoder) assessSplit(coded []uint32) uint64 {
	n := uint64(len(coded))
	k := e.k
	upper := sum(coded, k)
	if upper >= n && k < e.kmax { // else a longer lower part can't pay
		for k < e.kmax {
			next := sum(coded, k+1)
			if next+n >= upper {
				break
			}
			k, upper = k+1, next
		}
	}
	if k == e.k {
		for k > 0 && upper < n {
			next := sum(coded, k-1)
			if next >= upper+n {
				break
			}
			k, upper = k-1, next
		}
	}
	e.k = k
	return upper + n*uint64(k+1)
}

// sum is the sum of the upper parts of a block split at k.
func sum(blk []uint32, k uint) uint64 {
	var s uint64
	for _, v := range blk {
		s += uint64(v >> (k & 31))
	}
	return s
}

// assessPairs is the length of the second extension option, or more than most.
func (e *encoder) assessPairs(blk []uint32, most uint64) uint64 {
	length := uint64(1)
	for i := 0; i < len(blk) && length <= most; i += 2 {
		length += pair(blk[i], blk[i+1]) + 1
	}
	if length > most {
		return ^uint64(0)
	}
	return length
}

// pair is the number of the pair (a, b).
func pair(a, b uint32) uint64 {
	d := uint64(a) + uint64(b)
	return d*(d+1)/2 + uint64(b)
}
