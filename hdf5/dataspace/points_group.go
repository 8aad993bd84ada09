package dataspace

import (
	"cmp"
	"slices"
	"sort"

	"gables/internal/wire"
)

// grouping is the points sorted by the chunk that holds them. It is immutable.
type grouping struct {
	chunk []uint64 // [rank]
	order []uint32 // points by chunk in row-major order, then as given
	heads []uint32 // where each chunk begins in order, and the end
}

// group gives the grouping for a chunk shape, made on first use.
func (p *points) group(chunk []uint64) *grouping {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, g := range p.groups {
		if slices.Equal(g.chunk, chunk) {
			return g
		}
	}
	g := p.newGrouping(slices.Clone(chunk))
	if len(p.groups) == maxGroupings {
		p.groups = slices.Delete(p.groups, 0, 1)
	}
	p.groups = append(p.groups, g)
	return g
}

// newGrouping sorts by the last axis first; stable sorts by the axes before it
// follow, several at a time as long as one key of 64 bits holds them.
func (p *points) newGrouping(chunk []uint64) *grouping {
	n := len(p.coords) / p.rank
	g := &grouping{chunk: chunk, order: make([]uint32, n)}
	for i := range g.order {
		g.order[i] = uint32(i)
	}
	s := sorter{order: g.order, keys: make([]uint64, n)}
	weight := uint64(1)
	for k := p.rank - 1; k >= 0; k-- {
		low := p.lo[k] / chunk[k]
		cells := p.hi[k]/chunk[k] - low + 1
		next, fits := wire.Mul(weight, cells)
		if !fits {
			s.sort()
			clear(s.keys)
			weight, next = 1, cells
		}
		if cells > 1 {
			for i, o := range s.order {
				s.keys[i] += (p.coords[int(o)*p.rank+k]/chunk[k] - low) * weight
			}
		}
		weight = next
	}
	s.sort()
	g.order = s.order
	for i := range g.order {
		if i == 0 || g.compare(p.at(g.order[i-1]), p.at(g.order[i])) != 0 {
			g.heads = append(g.heads, uint32(i))
		}
	}
	g.heads = append(slices.Clip(g.heads), uint32(n))
	return g
}

// compare tells which coordinates lie in the earlier chunk.
func (g *grouping) compare(a, b []uint64) int {
	for k, c := range g.chunk {
		if a[k] != b[k] {
			if o := cmp.Compare(a[k]/c, b[k]/c); o != 0 {
				return o
			}
		}
	}
	return 0
}

// holds tells whether the box lies in one chunk.
func (g *grouping) holds(origin, dims []uint64) bool {
	for k, c := range g.chunk {
		if origin[k]%c+dims[k] > c || dims[k] > c {
			return false
		}
	}
	return true
}

// find gives the points of the chunk that holds the coordinates at.
func (g *grouping) find(p *points, at []uint64) []uint32 {
	i, found := sort.Find(len(g.heads)-1, func(i int) int { return g.compare(at, p.at(g.order[g.heads[i]])) })
	if !found {
		return nil
	}
	return g.order[g.heads[i]:g.heads[i+1]]
}

// sorter sorts order by keys, stably, a byte at a time from the lowest.
type sorter struct {
	order, spareOrder []uint32
	keys, spareKeys   []uint64
}

func (s *sorter) sort() {
	if slices.IsSorted(s.keys) {
		return
	}
	if s.spareKeys == nil {
		s.spareKeys, s.spareOrder = make([]uint64, len(s.keys)), make([]uint32, len(s.keys))
	}
	differ := uint64(0)
	for _, k := range s.keys {
		differ |= k ^ s.keys[0]
	}
	for shift := 0; shift < 64; shift += 8 {
		if byte(differ>>shift) == 0 {
			continue
		}
		var at [256]int
		for _, k := range s.keys {
			at[byte(k>>shift)]++
		}
		sum := 0
		for d, n := range at {
			at[d] = sum
			sum += n
		}
		for i, k := range s.keys {
			d := byte(k >> shift)
			s.spareKeys[at[d]], s.spareOrder[at[d]] = k, s.order[i]
			at[d]++
		}
		s.keys, s.spareKeys = s.spareKeys, s.keys
		s.order, s.spareOrder = s.spareOrder, s.order
	}
}
