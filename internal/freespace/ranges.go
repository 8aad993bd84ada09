package freespace

import "iter"

// Range is the bytes from At up to, without, End.
type Range struct{ At, End uint64 }

// Size is the number of bytes.
func (r Range) Size() uint64 { return r.End - r.At }

// Ranges is a set of bytes: ascending ranges that neither touch nor overlap.
// A change takes O(log n) for n ranges. The zero value is empty.
type Ranges struct {
	list   pairs // At, End
	size   uint64
	sizes  pairs  // Size, At: where indexed
	sorted bool   // sizes is kept
	page   uint64 // where not 0, ranges that touch at its multiples stay apart
}

// Each gives the ranges in ascending order; the set must not be changed
// meanwhile.
func (s *Ranges) Each() iter.Seq[Range] {
	return func(yield func(Range) bool) {
		for _, q := range s.list.leaves {
			for _, p := range q {
				if !yield(Range{p.a, p.b}) {
					return
				}
			}
		}
	}
}

// All gives the ranges in ascending order.
func (s *Ranges) All() []Range {
	list := make([]Range, 0, s.list.n)
	for r := range s.Each() {
		list = append(list, r)
	}
	return list
}

// Count is the number of ranges.
func (s *Ranges) Count() int { return s.list.n }

// Size is the number of bytes in the set.
func (s *Ranges) Size() uint64 { return s.size }

// Last is the range with the highest position.
func (s *Ranges) Last() (Range, bool) {
	p, ok := s.list.last()
	return Range{p.a, p.b}, ok
}

// Clear empties the set.
func (s *Ranges) Clear() {
	s.list.clear()
	s.sizes.clear()
	s.size = 0
}

func (s *Ranges) counted(p pair) {
	s.size += p.b - p.a
	if s.sorted {
		s.sizes.add(pair{p.b - p.a, p.a})
	}
}

func (s *Ranges) uncounted(p pair) {
	s.size -= p.b - p.a
	if s.sorted {
		s.sizes.remove(pair{p.b - p.a, p.a})
	}
}

// over gives the place of the first range that ends behind at.
func (s *Ranges) over(at uint64) place {
	x := s.list.find(pair{at, ^uint64(0)})
	if y, ok := s.list.before(x); ok && s.list.get(y).b > at {
		return y
	}
	return x
}

// apart tells whether ranges that touch at at are not joined.
func (s *Ranges) apart(at uint64) bool { return s.page != 0 && at%s.page == 0 }

// Add puts r into the set; bytes that are there already stay there once.
func (s *Ranges) Add(r Range) {
	if r.At >= r.End {
		return
	}
	x := s.over(r.At)
	if y, ok := s.list.before(x); ok {
		if s.list.get(y).b == r.At && !s.apart(r.At) {
			x = y
		}
	}
	first := true
	for s.list.ok(x) {
		p := s.list.get(x)
		if p.a > r.End || p.a == r.End && s.apart(r.End) {
			break
		}
		r.At, r.End = min(r.At, p.a), max(r.End, p.b)
		s.uncounted(p)
		if first {
			// The range that is there grows, which moves nothing.
			s.list.set(x, pair{r.At, r.End})
			first = false
			x = s.list.next(x)
			continue
		}
		x = s.list.delete(x)
		if y, ok := s.list.before(x); ok {
			s.list.set(y, pair{r.At, r.End})
		}
	}
	if first {
		s.list.insert(x, pair{r.At, r.End})
	}
	s.counted(pair{r.At, r.End})
}

// Remove takes the bytes of r out of the set, those that are there.
func (s *Ranges) Remove(r Range) {
	if r.At >= r.End {
		return
	}
	for x := s.over(r.At); s.list.ok(x); {
		p := s.list.get(x)
		if p.a >= r.End {
			return
		}
		s.uncounted(p)
		left, right := pair{p.a, r.At}, pair{r.End, p.b}
		switch {
		case p.a < r.At && p.b > r.End:
			s.list.set(x, left)
			s.counted(left)
			s.list.add(right)
			s.counted(right)
			return
		case p.a < r.At:
			s.list.set(x, left)
			s.counted(left)
			x = s.list.next(x)
		case p.b > r.End:
			s.list.set(x, right)
			s.counted(right)
			return
		default:
			x = s.list.delete(x)
		}
	}
}

// Holds tells whether all bytes of r are in the set.
func (s *Ranges) Holds(r Range) bool {
	if r.At == r.End {
		return true
	}
	for x := s.over(r.At); s.list.ok(x); x = s.list.next(x) {
		p := s.list.get(x)
		if p.a > r.At {
			return false
		}
		if p.b >= r.End {
			return true
		}
		r.At = p.b
	}
	return false
}

// Touches tells whether any byte of r is in the set.
func (s *Ranges) Touches(r Range) bool {
	x := s.over(r.At)
	return s.list.ok(x) && s.list.get(x).a < r.End && r.At < r.End
}

// look is how many ranges of about the right size are tried for alignment.
const look = 32

// fit finds n bytes that begin at a multiple of align in the smallest range
// that has room, or nearly the smallest. The set must be sorted by size.
func (s *Ranges) fit(n, align uint64) (Range, bool) {
	x := s.sizes.find(pair{n, 0})
	for i := 0; s.sizes.ok(x); i++ {
		if i == look {
			x = s.sizes.find(max2(s.sizes.get(x), pair{n + align - 1, 0}))
			if !s.sizes.ok(x) {
				break
			}
		}
		p := s.sizes.get(x)
		at := roundUp(p.b, align)
		if at-p.b <= p.a-n {
			return Range{at, at + n}, true
		}
		x = s.sizes.next(x)
	}
	return Range{}, false
}

func max2(p, q pair) pair {
	if p.less(q) {
		return q
	}
	return p
}

// roundUp gives the first multiple of align from n on.
func roundUp(n, align uint64) uint64 {
	if align < 2 {
		return n
	}
	return (n + align - 1) / align * align
}
