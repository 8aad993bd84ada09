package freespace

import (
	"slices"
	"sort"
)

// pair is two numbers that are in order by the first, then the second.
type pair struct{ a, b uint64 }

func (p pair) less(q pair) bool { return p.a < q.a || p.a == q.a && p.b < q.b }

// leaf is the most pairs in one leaf: moving half of them costs less than the
// search that led there.
const leaf = 256

// pairs is a sorted list in leaves, of which none is empty: changes take
// O(log n) comparisons and move at most a leaf, or seldom the list of leaves.
type pairs struct {
	leaves [][]pair
	n      int
}

// place is a position in pairs; behind the last pair, leaf is len(leaves).
type place struct{ leaf, at int }

// find gives the place of the first pair that is not less than p.
func (l *pairs) find(p pair) place {
	n := len(l.leaves)
	if n == 0 {
		return place{}
	}
	// Most files grow at their end.
	if last := l.leaves[n-1]; last[len(last)-1].less(p) {
		return place{n, 0}
	}
	i := sort.Search(n, func(i int) bool { q := l.leaves[i]; return !q[len(q)-1].less(p) })
	q := l.leaves[i]
	return place{i, sort.Search(len(q), func(j int) bool { return !q[j].less(p) })}
}

func (l *pairs) ok(x place) bool     { return x.leaf < len(l.leaves) }
func (l *pairs) get(x place) pair    { return l.leaves[x.leaf][x.at] }
func (l *pairs) set(x place, p pair) { l.leaves[x.leaf][x.at] = p }
func (l *pairs) next(x place) place  { return l.settle(place{x.leaf, x.at + 1}) }
func (l *pairs) clear()              { *l = pairs{leaves: l.leaves[:0]} }
func (l *pairs) at(x place) (pair, bool) {
	if !l.ok(x) {
		return pair{}, false
	}
	return l.get(x), true
}

func (l *pairs) last() (pair, bool) {
	if l.n == 0 {
		return pair{}, false
	}
	q := l.leaves[len(l.leaves)-1]
	return q[len(q)-1], true
}

// before gives the place of the pair before x.
func (l *pairs) before(x place) (place, bool) {
	switch {
	case x.at > 0:
		return place{x.leaf, x.at - 1}, true
	case x.leaf > 0:
		return place{x.leaf - 1, len(l.leaves[x.leaf-1]) - 1}, true
	}
	return place{}, false
}

// settle moves a place behind a leaf's last pair to the next leaf.
func (l *pairs) settle(x place) place {
	if x.leaf < len(l.leaves) && x.at == len(l.leaves[x.leaf]) {
		return place{x.leaf + 1, 0}
	}
	return x
}

// add inserts p, which is not there.
func (l *pairs) add(p pair) { l.insert(l.find(p), p) }

// insert puts p before the pair at x.
func (l *pairs) insert(x place, p pair) {
	l.n++
	if x.at == 0 && x.leaf > 0 {
		x = place{x.leaf - 1, len(l.leaves[x.leaf-1])}
	}
	if x.leaf == len(l.leaves) || x.leaf == len(l.leaves)-1 && x.at == leaf {
		l.leaves = append(l.leaves, append(make([]pair, 0, 8), p))
		return
	}
	q := slices.Insert(l.leaves[x.leaf], x.at, p)
	l.leaves[x.leaf] = q
	if len(q) > leaf {
		half := len(q) / 2
		l.leaves = slices.Insert(l.leaves, x.leaf+1, slices.Clone(q[half:]))
		l.leaves[x.leaf] = q[:half]
	}
}

// remove takes p out, which is there.
func (l *pairs) remove(p pair) { l.delete(l.find(p)) }

// delete takes out the pair at x and gives the place of the one behind it.
func (l *pairs) delete(x place) place {
	l.n--
	q := slices.Delete(l.leaves[x.leaf], x.at, x.at+1)
	l.leaves[x.leaf] = q
	switch {
	case len(q) == 0:
		l.leaves = slices.Delete(l.leaves, x.leaf, x.leaf+1)
	case len(q) < leaf/8 && x.leaf+1 < len(l.leaves) && len(l.leaves[x.leaf+1]) < leaf/4:
		l.leaves[x.leaf] = append(q, l.leaves[x.leaf+1]...)
		l.leaves = slices.Delete(l.leaves, x.leaf+1, x.leaf+2)
	}
	return l.settle(x)
}
