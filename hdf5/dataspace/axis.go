package dataspace

import (
	"cmp"
	"slices"
	"sort"
)

// axis is what a bound selection takes of one dimension, in one of two ways:
// segs in rising order of coordinates, or, where period is set, blocks that
// repeat without being listed.
type axis struct {
	n    uint64 // elements selected
	drop bool   // taken by a single index: not an axis of the result

	segs []seg
	list []uint64 // coordinates in result order where that is not the order of segs

	period       uint64 // distance of two blocks; 0 where segs are listed
	start, block uint64 // block q has the coordinates start+q·period … +block-1
	first, head  uint64 // elements of the blocks before the first one selected; its block
}

// seg is n coordinates lo, lo+step … that are neighbours in the result: the one
// at lo is its element mem, the next mem+1, or mem-1 where down is set.
type seg struct {
	lo, n, step uint64
	mem         uint64
	down        bool
}

func (s seg) hi() uint64 { return s.lo + (s.n-1)*s.step }

// piece is n elements of a box: at, at+step … from the box's origin, which are
// mem, mem+1 … of the result's axis.
type piece struct {
	mem, n, at uint64
	step       int64
}

// oneSeg is the axis of n coordinates from lo, step apart; falling coordinates
// where down is set.
func oneSeg(lo, n, step uint64, down bool) axis {
	if n == 0 {
		return axis{}
	}
	s := seg{lo: lo, n: n, step: step}
	if n == 1 {
		s.step = 1
	} else if down {
		s.mem, s.down = n-1, true
	}
	return axis{n: n, segs: []seg{s}}
}

// blockAxis is n elements of the blocks that repeat from start on.
func blockAxis(start, stride, block, n uint64) axis {
	switch {
	case block == stride || n <= block:
		return oneSeg(start, n, 1, false)
	case block == 1:
		return oneSeg(start, n, stride, false)
	}
	return axis{n: n, period: stride, start: start, block: block}
}

// listAxis takes coordinates in any order, with repetitions. It keeps list.
func listAxis(list []uint64) axis {
	a := axis{n: uint64(len(list))}
	rising := true
	for i := 1; i < len(list) && rising; i++ {
		rising = list[i] >= list[i-1]
	}
	if rising {
		for i, c := range list {
			a.segs = appendSeg(a.segs, c, uint64(i))
		}
		return a
	}
	type entry struct{ c, mem uint64 }
	order := make([]entry, len(list))
	for i, c := range list {
		order[i] = entry{c, uint64(i)}
	}
	slices.SortFunc(order, func(x, y entry) int {
		return cmp.Or(cmp.Compare(x.c, y.c), cmp.Compare(x.mem, y.mem))
	})
	for _, e := range order {
		a.segs = appendSeg(a.segs, e.c, e.mem)
	}
	a.list = list
	return a
}

// appendSeg adds the coordinate c ≥ all earlier ones to the last segment, if
// it continues that, or as a segment of its own.
func appendSeg(segs []seg, c, mem uint64) []seg {
	fresh := seg{lo: c, n: 1, step: 1, mem: mem}
	if len(segs) == 0 {
		return append(segs, fresh)
	}
	s := &segs[len(segs)-1]
	last, step := s.mem+s.n-1, c-s.hi()
	if s.down {
		last = s.mem - (s.n - 1)
	}
	up, down := mem == last+1, mem+1 == last
	switch {
	case step == 0 || !up && !down || s.n > 1 && down != s.down:
	case s.n == 1:
		s.n, s.step, s.down = 2, step, down
		return segs
	case step == s.step:
		s.n++
		return segs
	case s.n == 2 && step == 1:
		// A pair that met by chance gives its second element to the neighbour.
		fresh = seg{lo: s.hi(), n: 2, step: 1, mem: last, down: down}
		s.n, s.step, s.down = 1, 1, false
	}
	return append(segs, fresh)
}

// segCount is the number of segments.
func (a *axis) segCount() uint64 {
	if a.period == 0 {
		return uint64(len(a.segs))
	}
	return (a.first+a.n-1)/a.block - a.head + 1
}

// seg is segment i < segCount.
func (a *axis) seg(i uint64) seg {
	if a.period == 0 {
		return a.segs[i]
	}
	q := a.head + i
	from, to := max(q*a.block, a.first), min((q+1)*a.block, a.first+a.n)
	return seg{lo: a.start + q*a.period + from - q*a.block, n: to - from, step: 1, mem: from - a.first}
}

// find is the first segment that ends at coordinate c or behind it.
func (a *axis) find(c uint64) uint64 {
	if a.period == 0 {
		return uint64(sort.Search(len(a.segs), func(i int) bool { return a.segs[i].hi() >= c }))
	}
	q0, i := a.head, uint64(0)
	if c > a.start+q0*a.period {
		i = (c-a.start)/a.period - q0
		if (c-a.start)%a.period >= a.block {
			i++
		}
	}
	n := a.segCount()
	if i < n && a.seg(i).hi() < c {
		i++
	}
	return min(i, n)
}

// findEnd is the first segment that begins at coordinate c or behind it.
func (a *axis) findEnd(c uint64) uint64 {
	if a.period == 0 {
		return uint64(sort.Search(len(a.segs), func(i int) bool { return a.segs[i].lo >= c }))
	}
	q0 := a.head
	if c <= a.start+q0*a.period {
		return 0
	}
	i := min((c-1-a.start)/a.period-q0+1, a.segCount())
	if a.seg(i-1).lo >= c {
		i--
	}
	return i
}

// next is the least coordinate selected that is at least c.
func (a *axis) next(c uint64) (uint64, bool) {
	if a.n == 0 {
		return 0, false
	}
	i := a.find(c)
	if i == a.segCount() {
		return 0, false
	}
	s := a.seg(i)
	if c <= s.lo {
		return s.lo, true
	}
	return s.lo + CeilDiv(c-s.lo, s.step)*s.step, true
}

// ends gives the least and the greatest coordinate of a that is not empty.
func (a *axis) ends() (lo, hi uint64) {
	return a.seg(0).lo, a.seg(a.segCount() - 1).hi()
}

// natural tells whether the coordinates are rising neighbours.
func (a *axis) natural() bool {
	mem, next := uint64(0), a.seg(0).lo
	for i := range a.segCount() {
		s := a.seg(i)
		if s.mem != mem || s.lo != next || s.n > 1 && (s.step != 1 || s.down) {
			return false
		}
		mem += s.n
		next += s.n
	}
	return true
}

// clip gives what of s lies in the coordinates from … to-1; n is 0 for nothing.
func (s seg) clip(from, to uint64) piece {
	if s.step != 1 {
		return s.clipStep(from, to)
	}
	lo, end := max(s.lo, from), min(s.lo+s.n, to)
	if lo >= end {
		return piece{}
	}
	if s.down {
		return piece{mem: s.mem - (end - 1 - s.lo), n: end - lo, at: end - 1 - from, step: -1}
	}
	return piece{mem: s.mem + lo - s.lo, n: end - lo, at: lo - from, step: 1}
}

// clipStep is clip for any step.
func (s seg) clipStep(from, to uint64) piece {
	skip, end := uint64(0), s.n
	if from > s.lo {
		skip = CeilDiv(from-s.lo, s.step)
	}
	if to <= s.lo {
		return piece{}
	}
	end = min(end, (to-1-s.lo)/s.step+1)
	if skip >= end {
		return piece{}
	}
	if s.down {
		return piece{mem: s.mem - (end - 1), n: end - skip, at: s.lo + (end-1)*s.step - from, step: -int64(s.step)}
	}
	return piece{mem: s.mem + skip, n: end - skip, at: s.lo + skip*s.step - from, step: int64(s.step)}
}

// window is the axis of the n > 0 elements from first.
func (a *axis) window(first, n uint64) axis {
	switch {
	case first == 0 && n == a.n:
		return *a
	case a.period != 0:
		w := *a
		w.first, w.n, w.head = a.first+first, n, (a.first+first)/a.block
		return w
	case a.list != nil:
		w := listAxis(a.list[first : first+n])
		w.drop = a.drop
		return w
	}
	// Without a list the segments rise in mem, or there is but one.
	w := axis{n: n, drop: a.drop}
	i := 0
	if len(a.segs) > 1 {
		i = sort.Search(len(a.segs), func(i int) bool { return a.segs[i].mem+a.segs[i].n > first })
	}
	for ; i < len(a.segs); i++ {
		s := a.segs[i].window(first, first+n)
		if s.n == 0 {
			break
		}
		w.segs = append(w.segs, s)
	}
	return w
}

// window gives the part of s whose mem is from … to-1, counted from there.
func (s seg) window(from, to uint64) seg {
	low := s.mem
	if s.down {
		low -= s.n - 1
	}
	a, b := max(low, from), min(low+s.n, to)
	if a >= b {
		return seg{}
	}
	if s.down {
		return seg{lo: s.lo + (s.mem-(b-1))*s.step, n: b - a, step: s.step, mem: b - 1 - from, down: true}
	}
	return seg{lo: s.lo + (a-low)*s.step, n: b - a, step: s.step, mem: a - from}
}
