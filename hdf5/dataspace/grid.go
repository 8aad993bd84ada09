package dataspace

import (
	"fmt"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// grid is the product of what is selected on each axis.
type grid struct{ axes []axis }

// bindGrid makes the Bound of axes that have been checked against dims.
func bindGrid(dims []uint64, axes []axis) (*Bound, error) {
	shape := make([]uint64, 0, len(axes))
	for k := range axes {
		if !axes[k].drop {
			shape = append(shape, axes[k].n)
		}
	}
	count, ok := wire.Product(shape)
	if !ok {
		return nil, fmt.Errorf("a selection of shape %v exceeds 2^64-1 elements: %w", shape, h5err.ErrLimit)
	}
	return &Bound{dims: dims, shape: shape, count: count, form: &grid{axes}}, nil
}

func (g *grid) bounds() (lo, hi []uint64) {
	lo, hi = make([]uint64, len(g.axes)), make([]uint64, len(g.axes))
	for k := range g.axes {
		lo[k], hi[k] = g.axes[k].ends()
	}
	return lo, hi
}

func (g *grid) natural() bool {
	for k := range g.axes {
		if !g.axes[k].natural() {
			return false
		}
	}
	return true
}

func (g *grid) boxes(chunk []uint64, yield func([]uint64) bool) {
	rank := len(g.axes)
	var first [MaxRank]uint64
	scaled := make([]uint64, rank)
	for k := range g.axes {
		lo, _ := g.axes[k].ends()
		first[k] = lo / chunk[k]
		scaled[k] = first[k]
	}
	for yield(scaled) {
		k := rank - 1
		for ; k >= 0; k-- {
			if c, ok := g.axes[k].next(mulSat(scaled[k]+1, chunk[k])); ok {
				scaled[k] = c / chunk[k]
				break
			}
			scaled[k] = first[k]
		}
		if k < 0 {
			return
		}
	}
}

// gridWalk is the state of one call of runs. Axes behind leaf are merged into
// tail, the run that is emitted for each of leaf's elements; the axes before it
// are walked element by element.
type gridWalk struct {
	axes  []axis
	yield func(Run) bool
	leaf  int
	tail  Run
	level [MaxRank]gridLevel
}

// gridLevel is one axis within the box.
type gridLevel struct {
	from, to       uint64 // coordinates of the box
	firstSeg, last uint64 // segments that may lie in it: firstSeg … last-1
	one            piece  // what there is where it is just one segment
	mem, box       uint64 // distance of neighbours in the result and in the box
}

func (g *grid) runs(origin, dims []uint64, yield func(Run) bool) {
	w := gridWalk{axes: g.axes, yield: yield, tail: Run{N: 1, Step: 1}}
	mem, box := uint64(1), uint64(1)
	for k := len(g.axes) - 1; k >= 0; k-- {
		a, l := &g.axes[k], &w.level[k]
		l.from, l.to, l.mem, l.box = origin[k], addSat(origin[k], dims[k]), mem, box
		l.firstSeg, l.last = a.find(l.from), a.findEnd(l.to)
		if l.firstSeg >= l.last {
			return
		}
		if l.last-l.firstSeg == 1 {
			if l.one = a.seg(l.firstSeg).clip(l.from, l.to); l.one.n == 0 {
				return
			}
		}
		mem *= a.n
		box *= dims[k]
	}
	w.leaf = len(g.axes) - 1
	for ; w.leaf >= 0 && w.level[w.leaf].one.n > 0; w.leaf-- {
		l := &w.level[w.leaf]
		joined, ok := l.join(w.tail, l.one)
		if !ok {
			break
		}
		w.tail = joined
	}
	if w.leaf < 0 {
		yield(w.tail)
		return
	}
	w.walk(0, 0, 0)
}

// join repeats run for each element of p and tells whether that is one run.
func (l *gridLevel) join(run Run, p piece) (Run, bool) {
	run.Mem += p.mem * l.mem
	run.Box += p.at * l.box
	step := p.step * int64(l.box)
	switch {
	case p.n == 1:
	case run.N == 1:
		if l.mem != 1 {
			return run, false
		}
		run.N, run.Step = p.n, step
	case l.mem == run.N && step == run.Step*int64(run.N):
		run.N *= p.n
	default:
		return run, false
	}
	return run, true
}

// walk emits what axes k … select, given the position of the axes before.
func (w *gridWalk) walk(k int, mem, box uint64) bool {
	l := &w.level[k]
	for i := l.firstSeg; i < l.last; i++ {
		p := l.one
		if p.n == 0 {
			if p = w.axes[k].seg(i).clip(l.from, l.to); p.n == 0 {
				continue
			}
		}
		if k == w.leaf {
			if !w.emit(l, p, mem, box) {
				return false
			}
			continue
		}
		m, b, step := mem+p.mem*l.mem, box+p.at*l.box, uint64(p.step)*l.box
		for n := p.n; n > 0; n-- {
			if !w.walk(k+1, m, b) {
				return false
			}
			m += l.mem
			b += step
		}
	}
	return true
}

// emit yields the tail for each element of the leaf's piece p.
func (w *gridWalk) emit(l *gridLevel, p piece, mem, box uint64) bool {
	run := w.tail
	run.Mem += mem
	run.Box += box
	run, ok := l.join(run, p)
	if ok {
		return w.yield(run)
	}
	step := uint64(p.step) * l.box
	for n := p.n; n > 0; n-- {
		if !w.yield(run) {
			return false
		}
		run.Mem += l.mem
		run.Box += step
	}
	return true
}

// split cuts along the first axis of which one index has at most limit
// elements; the axes before it are taken one index at a time.
func (g *grid) split(b *Bound, limit uint64, chunk []uint64, yield func(uint64, *Bound) bool) {
	k, inner := len(g.axes)-1, uint64(1)
	for ; k > 0 && g.axes[k].n <= limit/inner; k-- {
		inner *= g.axes[k].n
	}
	extent := uint64(0)
	if chunk != nil {
		extent = chunk[k]
	}
	var at [MaxRank]uint64
	for done := uint64(0); done < b.count; {
		n := g.axes[k].cutAt(at[k], limit/inner, extent)
		if !yield(done, g.piece(b, at[:k+1], n)) {
			return
		}
		done += n * inner
		at[k] += n
		for j := k; j > 0 && at[j] == g.axes[j].n; j-- {
			at[j] = 0
			at[j-1]++
		}
	}
}

// piece is the Bound of index at[j] on the first axes and n indices from the
// last of at on the next one.
func (g *grid) piece(b *Bound, at []uint64, n uint64) *Bound {
	axes := make([]axis, len(g.axes))
	copy(axes, g.axes)
	for j, i := range at {
		m := uint64(1)
		if j == len(at)-1 {
			m = n
		}
		axes[j] = g.axes[j].window(i, m)
	}
	out := &Bound{dims: b.dims, count: 1, form: &grid{axes}}
	for k := range axes {
		out.count *= axes[k].n
		if !axes[k].drop {
			out.shape = append(out.shape, axes[k].n)
		}
	}
	return out
}

// cutAt gives how many elements from index at a piece of at most limit takes;
// it ends where a chunk of the given extent ends, if that is known and easy.
func (a *axis) cutAt(at, limit, extent uint64) uint64 {
	n := min(limit, a.n-at)
	if extent == 0 || n == a.n-at || a.period != 0 || len(a.segs) != 1 || a.segs[0].down {
		return n
	}
	s := a.segs[0]
	edge := (s.lo + (at+n)*s.step) / extent * extent
	if begin := s.lo + at*s.step; edge > begin {
		return CeilDiv(edge-begin, s.step)
	}
	return n
}
