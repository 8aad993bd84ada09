package compute

import "slices"

// node is the state of the 2^Level blocks from Index·2^Level on.
type node[S any] struct {
	level int
	index uint64
	s     S
}

// tree merges the states of numbered blocks, whatever the order in which they
// arrive, in an order that their numbers give: blocks 2i and 2i+1 first, then
// pairs of pairs. What waits for its neighbour is O(workers + log blocks). The
// caller locks.
type tree[S any] struct {
	merge   func(a, b S) S // a's blocks stand before b's
	pending [65][]node[S]  // by level
}

// add takes the state of a block, or of a node of another tree.
func (t *tree[S]) add(n node[S]) {
	for {
		row := t.pending[n.level]
		i := slices.IndexFunc(row, func(m node[S]) bool { return m.index == n.index^1 })
		if i < 0 {
			t.pending[n.level] = append(row, n)
			return
		}
		m := row[i]
		last := len(row) - 1
		row[i] = row[last]
		row[last] = node[S]{}
		t.pending[n.level] = row[:last]
		if n.index&1 == 0 {
			n.s = t.merge(n.s, m.s)
		} else {
			n.s = t.merge(m.s, n.s)
		}
		n.level++
		n.index >>= 1
	}
}

// nodes lists what is there in the order of the blocks.
func (t *tree[S]) nodes() []node[S] {
	list := slices.Concat(t.pending[:]...)
	slices.SortFunc(list, func(a, b node[S]) int {
		if a.index<<a.level < b.index<<b.level {
			return -1
		}
		return 1
	})
	return list
}

// total merges the nodes of a complete tree, whose levels fall, from the last
// one on; ok is false when there is none.
func (t *tree[S]) total() (s S, ok bool) {
	list := t.nodes()
	for i := len(list) - 1; i >= 0; i-- {
		if !ok {
			s, ok = list[i].s, true
		} else {
			s = t.merge(list[i].s, s)
		}
	}
	return s, ok
}
