package audit

import (
	"cmp"
	"slices"
	"sync"
)

// Range is a part of the file, relative to the base address: At ≤ position < End.
type Range struct{ At, End uint64 }

// Size is the number of bytes.
func (r Range) Size() uint64 { return r.End - r.At }

// claim is a range that one structure takes. The user block needs none: it lies
// before all addresses.
type claim struct {
	Range
	owner uint32 // number of the path
	kind  Kind
	free  bool // declared to be unused
}

// claims collects who uses what. Any number of goroutines may add.
type claims struct {
	mu     sync.Mutex // guards all but space, until settle
	list   []claim
	paths  []string
	counts [kinds]uint64 // structures
	bytes  uint64        // claimed, also twice
	space  []Range       // where the file has bytes; one range but for multi-files
}

func (c *claims) owner(path string) uint32 {
	if n := len(c.paths); n > 0 && c.paths[n-1] == path {
		return uint32(n - 1)
	}
	c.paths = append(c.paths, path)
	return uint32(len(c.paths) - 1)
}

// add notes a claim. Structures of one owner that follow each other become one
// claim: chunks are mostly written in order.
func (c *claims) add(path string, n claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n.owner = c.owner(path)
	c.bytes += n.Size()
	if !n.free {
		c.counts[n.kind]++
	}
	if i := len(c.list) - 1; i >= 0 {
		if last := &c.list[i]; last.End == n.At && last.owner == n.owner && last.kind == n.kind && last.free == n.free {
			last.End = n.End
			return
		}
	}
	c.list = append(c.list, n)
}

// sum is how many bytes are claimed so far.
func (c *claims) sum() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}

// end is where the last claim ends.
func (c *claims) end() uint64 {
	last := uint64(0)
	for i := range c.list {
		last = max(last, c.list[i].End)
	}
	return last
}

// within tells whether the file has all of a range's bytes.
func (c *claims) within(r Range) bool {
	i, ok := slices.BinarySearchFunc(c.space, r.At, func(s Range, at uint64) int {
		switch {
		case s.End <= at:
			return -1
		case s.At > at:
			return 1
		}
		return 0
	})
	return ok && r.End <= c.space[i].End
}

// Extent is a range with its use. Structures of one object and kind that follow
// each other are one.
type Extent struct {
	Range
	Kind Kind
	Path string
	Free bool // declared to be unused
}

// extents gives all claims in the order in which they are kept.
func (c *claims) extents() []Extent {
	list := make([]Extent, len(c.list))
	for i, k := range c.list {
		list[i] = Extent{k.Range, k.kind, c.paths[k.owner], k.free}
	}
	return list
}

// Overlap is a range that two structures claim, or one claims and the file
// declares to be free.
type Overlap struct {
	Range
	First, Second           Kind
	FirstPath, SecondPath   string
	FirstIsFree, SecondFree bool
}

// usage is who uses what, each byte counted once.
type usage struct {
	live     [kinds]uint64
	free     uint64
	lost     []Range // claimed by nobody
	overlaps []Overlap
}

// settle sorts the claims and sweeps over them. At most so many overlaps are
// kept.
func (c *claims) settle(most int) *usage {
	slices.SortFunc(c.list, func(a, b claim) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.End, b.End), cmp.Compare(a.owner, b.owner))
	})
	u := &usage{}
	for _, s := range c.space {
		u.sweep(c, s, most)
	}
	return u
}

// sweep goes through one part of the file in which it has bytes.
func (u *usage) sweep(c *claims, s Range, most int) {
	at := s.At
	var top *claim // the one that reaches furthest
	for i := range c.list {
		k := &c.list[i]
		if k.At >= s.End || k.End <= s.At || k.At == k.End {
			continue
		}
		if k.At > at {
			u.lost = append(u.lost, Range{at, k.At})
			at = k.At
		}
		if top != nil && k.At < top.End && len(u.overlaps) < most {
			u.overlaps = append(u.overlaps, c.overlap(top, k))
		}
		if end := min(k.End, s.End); end > at {
			u.count(k, end-at)
			at = end
		}
		if top == nil || k.End > top.End {
			top = k
		}
	}
	if at < s.End {
		u.lost = append(u.lost, Range{at, s.End})
	}
}

func (u *usage) count(k *claim, n uint64) {
	if k.free {
		u.free += n
	} else {
		u.live[k.kind] += n
	}
}

func (c *claims) overlap(a, b *claim) Overlap {
	return Overlap{Range{max(a.At, b.At), min(a.End, b.End)}, a.kind, b.kind, c.paths[a.owner], c.paths[b.owner], a.free, b.free}
}
