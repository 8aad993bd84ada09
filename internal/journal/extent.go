package journal

import (
	"slices"
	"sort"
)

// extent is bytes for a range of the file. They are never written to.
type extent struct {
	at   uint64
	n    int
	data []byte // nil: they lie in the log
	pos  uint64 // where in the log
}

func (e extent) end() uint64 { return e.at + uint64(e.n) }

// cut gives the part from lo up to, without, hi, which lie inside.
func (e extent) cut(lo, hi uint64) extent {
	from, to := int(lo-e.at), int(hi-e.at)
	c := extent{at: lo, n: to - from, pos: e.pos + uint64(from)}
	if e.data != nil {
		c.data = e.data[from:to:to]
	}
	return c
}

// layer is extents, ascending and apart, that lie over the file. It is never
// changed.
type layer []extent

// find gives the index of the first extent that ends behind at.
func (l layer) find(at uint64) int {
	return sort.Search(len(l), func(i int) bool { return l[i].end() > at })
}

// inLog tells whether bytes of the layer lie in the log.
func (l layer) inLog() bool {
	return slices.ContainsFunc(l, func(e extent) bool { return e.data == nil })
}

// size is the number of bytes.
func (l layer) size() uint64 {
	n := uint64(0)
	for _, e := range l {
		n += uint64(e.n)
	}
	return n
}

// merged shows over on top of under. With join, small neighbours become one.
func merged(over, under layer, join bool) layer {
	out := make(layer, 0, len(over)+len(under))
	add := func(e extent) {
		if last := len(out) - 1; join && last >= 0 && joins(out[last], e) {
			out[last].data = append(out[last].data, e.data...)
			out[last].n += e.n
			return
		}
		// Clipped, so that joining never writes into what another layer shows.
		if e.data != nil {
			e.data = e.data[:e.n:e.n]
		}
		out = append(out, e)
	}
	i := 0
	for _, u := range under {
		for ; i < len(over) && over[i].end() <= u.at; i++ {
			add(over[i])
		}
		for u.n > 0 && i < len(over) && over[i].at < u.end() {
			if over[i].at > u.at {
				add(u.cut(u.at, over[i].at))
			}
			if over[i].end() >= u.end() {
				u.n = 0 // what is left of it is hidden; over[i] may hide more
				break
			}
			u = u.cut(max(u.at, over[i].end()), u.end())
			add(over[i])
			i++
		}
		if u.n > 0 {
			add(u)
		}
	}
	for ; i < len(over); i++ {
		add(over[i])
	}
	return out
}

// joinMost is how large joined extents get.
const joinMost = 32 << 10

func joins(a, b extent) bool {
	return a.data != nil && b.data != nil && a.end() == b.at && a.n+b.n <= joinMost
}

// layers lie over the file, the newest first.
type layers []layer

// with puts l on top, and merges so that each layer is several times as large
// as the one above: looking through them stays short, and each extent is
// merged few times.
func (s layers) with(l layer) layers {
	const ratio = 3
	i := 0
	for i < len(s) && len(s[i]) < ratio*len(l) {
		l = merged(l, s[i], true)
		i++
	}
	return append(layers{l}, s[i:]...)
}

// flat gives all as one layer.
func (s layers) flat() layer {
	var all layer
	for _, l := range s {
		all = merged(all, l, false)
	}
	return all
}

// sorted makes a layer of extents in any order; later ones hide earlier ones.
func sorted(list []extent) layer {
	i := 1
	for i < len(list) && list[i-1].end() <= list[i].at {
		i++
	}
	if i >= len(list) {
		return list
	}
	half := len(list) / 2
	return merged(sorted(list[half:]), sorted(list[:half]), false)
}
