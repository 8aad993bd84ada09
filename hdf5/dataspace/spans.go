package dataspace

import (
	"cmp"
	"slices"
	"sort"
	"sync/atomic"
)

// spanTree is the form of a union: disjoint spans for the first axis, each
// with the spans of the next axis that its rows have in common.
type spanTree struct {
	rank int
	root *spanNode
}

// spanNode is what is selected of the axes from one on. It is immutable and may
// be below several spans.
type spanNode struct {
	spans []span // rising, disjoint
	count uint64 // elements
	id    uint64 // of no other node
}

// spanIDs is the last id given.
var spanIDs atomic.Uint64

// span is the coordinates from … to-1, each with the same selection below.
type span struct {
	from, to uint64
	below    *spanNode // nil on the last axis
	before   uint64    // elements of the node's spans before this one
}

// size is how many elements one coordinate of a span above n has.
func (n *spanNode) size() uint64 {
	if n == nil {
		return 1
	}
	return n.count
}

// find is the index of the first span that ends behind coordinate c.
func (n *spanNode) find(c uint64) int {
	return sort.Search(len(n.spans), func(i int) bool { return n.spans[i].to > c })
}

func (t *spanTree) bounds() (lo, hi []uint64) {
	lo, hi = make([]uint64, t.rank), make([]uint64, t.rank)
	for k := range lo {
		lo[k] = Unlimited
	}
	seen := map[*spanNode]bool{}
	var visit func(n *spanNode, k int)
	visit = func(n *spanNode, k int) {
		if n == nil || seen[n] {
			return
		}
		seen[n] = true
		lo[k] = min(lo[k], n.spans[0].from)
		hi[k] = max(hi[k], n.spans[len(n.spans)-1].to-1)
		for i := range n.spans {
			visit(n.spans[i].below, k+1)
		}
	}
	visit(t.root, 0)
	return lo, hi
}

// natural always holds: a union comes in row-major order.
func (t *spanTree) natural() bool { return true }

// spanWalk is the state of one call of runs.
type spanWalk struct {
	merger
	origin, dims []uint64
	strides      [MaxRank]uint64 // of the box
}

func (t *spanTree) runs(origin, dims []uint64, yield func(Run) bool) {
	w := spanWalk{merger: merger{yield: yield}, origin: origin, dims: dims}
	s := uint64(1)
	for k := t.rank - 1; k >= 0; k-- {
		w.strides[k] = s
		s *= dims[k]
	}
	w.walk(t.root, 0, 0, 0)
	w.flush()
}

// walk adds what n selects within the box and tells whether that was anything.
func (w *spanWalk) walk(n *spanNode, k int, mem, box uint64) bool {
	from, to := w.origin[k], addSat(w.origin[k], w.dims[k])
	some := false
	for i := n.find(from); i < len(n.spans) && n.spans[i].from < to && !w.stopped; i++ {
		s := &n.spans[i]
		a, b := max(s.from, from), min(s.to, to)
		m, at := mem+s.before+(a-s.from)*s.below.size(), box+(a-from)*w.strides[k]
		if s.below == nil || w.fills(s.below, k+1) {
			w.add(m, at, (b-a)*s.below.size())
			some = true
			continue
		}
		for ; a < b && w.walk(s.below, k+1, m, at) && !w.stopped; a++ {
			some = true
			m += s.below.count
			at += w.strides[k]
		}
	}
	return some
}

// fills tells whether n selects just what the box has on the axes k ….
func (w *spanWalk) fills(n *spanNode, k int) bool {
	for ; n != nil; k++ {
		s := &n.spans[0]
		if len(n.spans) > 1 || s.from != w.origin[k] || s.to-s.from != w.dims[k] {
			return false
		}
		n = s.below
	}
	return true
}

// boxWalk is the state of one call of boxes.
type boxWalk struct {
	chunk, scaled []uint64
	yield         func([]uint64) bool
	nodes         [MaxRank + 1][]*spanNode // what meets the chunks, for each axis
}

func (t *spanTree) boxes(chunk []uint64, yield func([]uint64) bool) {
	w := boxWalk{chunk: chunk, scaled: make([]uint64, t.rank), yield: yield}
	w.nodes[0] = append(w.nodes[0], t.root)
	w.walk(0)
}

// walk yields the chunks that nodes[k] meet, and tells whether to go on.
func (w *boxWalk) walk(k int) bool {
	if k == len(w.chunk) {
		return w.yield(w.scaled)
	}
	for c, ok := w.next(k, 0); ok; c, ok = w.next(k, mulSat(w.scaled[k]+1, w.chunk[k])) {
		w.scaled[k] = c / w.chunk[k]
		from := w.scaled[k] * w.chunk[k]
		w.gather(k, from, addSat(from, w.chunk[k]))
		if !w.walk(k + 1) {
			return false
		}
	}
	return true
}

// next is the least coordinate from c on that a node of nodes[k] selects.
func (w *boxWalk) next(k int, c uint64) (uint64, bool) {
	least, ok := uint64(Unlimited), false
	for _, n := range w.nodes[k] {
		if i := n.find(c); i < len(n.spans) {
			least, ok = min(least, max(c, n.spans[i].from)), true
		}
	}
	return least, ok
}

// gather sets nodes[k+1] to what lies below the coordinates from … to-1.
func (w *boxWalk) gather(k int, from, to uint64) {
	below := w.nodes[k+1][:0]
	for _, n := range w.nodes[k] {
		for i := n.find(from); i < len(n.spans) && n.spans[i].from < to; i++ {
			if b := n.spans[i].below; b != nil {
				below = append(below, b)
			}
		}
	}
	// Each node once: the paths to shared nodes may grow exponentially with k.
	if len(below) > 1 {
		slices.SortFunc(below, func(x, y *spanNode) int { return cmp.Compare(x.id, y.id) })
		below = slices.Compact(below)
	}
	w.nodes[k+1] = below
}

func (t *spanTree) split(b *Bound, limit uint64, _ []uint64, yield func(uint64, *Bound) bool) {
	splitFlat(b, limit, func(first, n uint64) form {
		return &spanTree{t.rank, t.root.window(first, first+n)}
	}, yield)
}

// window is the node of n's elements from … to-1; it shares what is whole.
func (n *spanNode) window(from, to uint64) *spanNode {
	if from == 0 && to == n.count {
		return n
	}
	out := &spanNode{count: to - from, id: spanIDs.Add(1)}
	i := sort.Search(len(n.spans), func(i int) bool { return n.spans[i].before > from }) - 1
	done := uint64(0)
	add := func(a, b uint64, below *spanNode) {
		if a < b {
			out.spans = append(out.spans, span{a, b, below, done})
			done += (b - a) * below.size()
		}
	}
	for ; i < len(n.spans) && n.spans[i].before < to; i++ {
		s := &n.spans[i]
		size := s.below.size()
		lo, hi := max(from, s.before)-s.before, min(to-s.before, (s.to-s.from)*size)
		// Elements lo … hi-1 of the span: a cut row, whole rows, a cut row.
		a, b := lo/size, hi/size
		if a == b {
			add(s.from+a, s.from+a+1, s.below.window(lo%size, hi%size))
			continue
		}
		if lo%size > 0 {
			add(s.from+a, s.from+a+1, s.below.window(lo%size, size))
			a++
		}
		add(s.from+a, s.from+b, s.below)
		if hi%size > 0 {
			add(s.from+b, s.from+b+1, s.below.window(0, hi%size))
		}
	}
	return out
}
