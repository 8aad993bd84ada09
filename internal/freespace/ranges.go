package freespace

import (
	"slices"
	"sort"
)

// Range is the bytes from At up to, without, End.
type Range struct{ At, End uint64 }

// Size is the number of bytes.
func (r Range) Size() uint64 { return r.End - r.At }

// Ranges is a set of bytes: ascending ranges that neither touch nor overlap.
// The zero value is empty.
type Ranges struct {
	list []Range
	size uint64
}

// All gives the ranges in ascending order; the slice must not be changed and
// is valid until the next change.
func (s *Ranges) All() []Range { return s.list }

// Size is the number of bytes in the set.
func (s *Ranges) Size() uint64 { return s.size }

// Clear empties the set.
func (s *Ranges) Clear() { s.list, s.size = s.list[:0], 0 }

// after is the index of the first range that ends at or behind at.
func (s *Ranges) after(at uint64) int {
	if n := len(s.list); n > 0 && s.list[n-1].End < at {
		return n
	}
	return sort.Search(len(s.list), func(i int) bool { return s.list[i].End >= at })
}

// Add puts r into the set; bytes that are there already stay there once.
func (s *Ranges) Add(r Range) {
	if r.At >= r.End {
		return
	}
	i := s.after(r.At)
	j := i
	for j < len(s.list) && s.list[j].At <= r.End {
		r.At, r.End = min(r.At, s.list[j].At), max(r.End, s.list[j].End)
		s.size -= s.list[j].Size()
		j++
	}
	s.size += r.Size()
	s.list = slices.Replace(s.list, i, j, r)
}

// Remove takes the bytes of r out of the set, those that are there.
func (s *Ranges) Remove(r Range) {
	i := s.after(r.At + 1)
	for i < len(s.list) && s.list[i].At < r.End {
		old := s.list[i]
		var rest []Range
		if old.At < r.At {
			rest = append(rest, Range{old.At, r.At})
		}
		if old.End > r.End {
			rest = append(rest, Range{r.End, old.End})
		}
		s.list = slices.Replace(s.list, i, i+1, rest...)
		s.size -= old.Size()
		for _, k := range rest {
			s.size += k.Size()
		}
		i += len(rest)
	}
}

// Holds tells whether all bytes of r are in the set.
func (s *Ranges) Holds(r Range) bool {
	i := s.after(r.At + 1)
	return r.At == r.End || i < len(s.list) && s.list[i].At <= r.At && s.list[i].End >= r.End
}

// Touches tells whether any byte of r is in the set.
func (s *Ranges) Touches(r Range) bool {
	i := s.after(r.At + 1)
	return i < len(s.list) && s.list[i].At < r.End && r.At < r.End
}
