package bzip2

// Suffixes are sorted by induction: Nong, Zhang and Chan, "Two Efficient
// Algorithms for Linear Time Suffix Array Construction" (2011). A suffix is of
// type S where it is less than the one behind it and of type L where it is
// greater; the last one is L. A suffix of type S behind one of type L is called
// leftmost: from the order of those, that of all others follows.

// symbol is a character of a text.
type symbol interface{ byte | int32 }

// sorter holds what sorting takes besides the result, for one goroutine.
type sorter struct {
	counts [][]int32 // for each depth of recursion: of each symbol, then places in its bucket
}

// sort fills sa with the suffixes of text in order. Symbols are below k, sa is
// as long as text.
func sort[T symbol](s *sorter, sa []int32, text []T, k, depth int) {
	if len(text) < 2 {
		clear(sa)
		return
	}
	b := newBuckets(s, text, k, depth)
	clear(sa)
	m := b.placeLeftmost(sa, text)
	if m > 0 {
		b.induce(sa, text, false)
		sortLeftmost(s, sa, text, m, depth)
		clear(sa[m:])
		b.ends()
		for i := m - 1; i >= 0; i-- {
			j := sa[i]
			sa[i] = 0
			sa[b.before(int32(text[j]))] = j
		}
	}
	b.induce(sa, text, true)
}

// sortLeftmost puts the m leftmost suffixes into sa[:m] in order. In sa are, as
// complements and among zeros, those in the order of the text from one leftmost
// suffix to the next.
func sortLeftmost[T symbol](s *sorter, sa []int32, text []T, m, depth int) {
	at := 0
	for i, j := range sa {
		if j < -1 {
			sa[i] = 0
			sa[at] = ^j
			at++
		}
	}
	names := nameLeftmost(sa, text, m)
	// The names in the text's order are a text of their own.
	reduced := sa[len(sa)-m:]
	for i, to := m+len(text)/2, m-1; to >= 0; i-- {
		if i < len(sa) && sa[i] != 0 {
			reduced[to] = sa[i] - 1
			to--
		}
	}
	if names < m {
		sort(s, sa[:m], reduced, names, depth+1)
	} else {
		for i, name := range reduced {
			sa[name] = int32(i)
		}
	}
	at = m
	leftmost(text, func(j int) {
		at--
		reduced[at] = int32(j)
	})
	for i, rank := range sa[:m] {
		sa[i] = reduced[rank]
	}
}

// nameLeftmost numbers the pieces of text that begin at sa[:m], equal ones
// alike, and puts 1 more than the number of that at j into sa[m+j/2], where no
// two meet. It gives how many numbers there are.
func nameLeftmost[T symbol](sa []int32, text []T, m int) int {
	at := sa[m:]
	clear(at)
	next := len(text) // one more than the text has, so that nothing equals the last piece
	leftmost(text, func(j int) {
		at[j/2] = int32(next - j + 1)
		next = j
	})
	names, last, length := 0, 0, 0
	for _, j := range sa[:m] {
		j, n := int(j), int(at[j/2])
		if n != length || !same(text, last, j, n) {
			names++
		}
		last, length = j, n
		at[j/2] = int32(names)
	}
	return names
}

// same tells whether n symbols from i and from j on are equal.
func same[T symbol](text []T, i, j, n int) bool {
	if max(i, j)+n > len(text) {
		return false
	}
	a, b := text[i:i+n], text[j:j+n]
	for k := range a {
		if a[k] != b[k] {
			return false
		}
	}
	return true
}

// leftmost calls each for the leftmost suffixes of text, last one first.
func leftmost[T symbol](text []T, each func(j int)) {
	next, rises := text[len(text)-1], false
	for i := len(text) - 2; i >= 0; i-- {
		c := text[i]
		switch {
		case c < next:
			rises = true
		case c > next:
			if rises {
				each(i + 1)
			}
			rises = false
		}
		next = c
	}
}

// buckets are the parts of a suffix array whose suffixes begin alike.
type buckets[T symbol] struct {
	count []int32 // suffixes of each symbol
	at    []int32 // of each, the next place, or the one behind it
}

func newBuckets[T symbol](s *sorter, text []T, k, depth int) buckets[T] {
	if depth == len(s.counts) {
		s.counts = append(s.counts, nil)
	}
	if cap(s.counts[depth]) < 2*k {
		s.counts[depth] = make([]int32, 2*k)
	}
	both := s.counts[depth][:2*k]
	b := buckets[T]{count: both[:k], at: both[k:]}
	clear(b.count)
	for _, c := range text {
		b.count[c]++
	}
	return b
}

// starts makes each next place the first of its bucket.
func (b *buckets[T]) starts() {
	sum := int32(0)
	for c, n := range b.count {
		b.at[c] = sum
		sum += n
	}
}

// ends makes each next place that behind the last of its bucket.
func (b *buckets[T]) ends() {
	sum := int32(0)
	for c, n := range b.count {
		sum += n
		b.at[c] = sum
	}
}

// before takes the place before the next one of c.
func (b *buckets[T]) before(c int32) int32 {
	b.at[c]--
	return b.at[c]
}

// placeLeftmost puts the leftmost suffixes at the ends of their buckets, in any
// order, and gives their count.
func (b *buckets[T]) placeLeftmost(sa []int32, text []T) int {
	b.ends()
	m := 0
	leftmost(text, func(j int) {
		sa[b.before(int32(text[j]))] = int32(j)
		m++
	})
	return m
}

// induce sorts the other suffixes by the leftmost ones in sa. With all it leaves
// every suffix there; without, the leftmost ones alone, as complements: or the
// suffix 0, as -1.
func (b *buckets[T]) induce(sa []int32, text []T, all bool) {
	b.starts()
	b.induceFalling(sa, text, all)
	b.ends()
	b.induceRising(sa, text, all)
}

// induceFalling puts the suffixes of type L in place: each stands behind the
// one that follows it in the text. What is above 0 in sa has one of type L
// before it; complements have not, and change their sign for the other way.
func (b *buckets[T]) induceFalling(sa []int32, text []T, all bool) {
	last := len(text) - 1
	sa[b.at[text[last]]] = mark(last, text[last-1] < text[last])
	b.at[text[last]]++
	for i, j := range sa {
		if j <= 0 {
			sa[i] = complement(j)
			continue
		}
		sa[i] = 0
		if all {
			sa[i] = ^j
		}
		j--
		c := text[j]
		at := b.at[c]
		b.at[c] = at + 1
		sa[at] = mark(int(j), j > 0 && text[max(j, 1)-1] < c)
	}
}

// induceRising puts those of type S in place, from the last one on: each stands
// before the one that follows it in the text.
func (b *buckets[T]) induceRising(sa []int32, text []T, all bool) {
	for i := len(sa) - 1; i >= 0; i-- {
		j := sa[i]
		if j <= 0 {
			if all {
				sa[i] = complement(j)
			}
			continue
		}
		if !all {
			sa[i] = 0
		}
		j--
		c := text[j]
		at := b.at[c] - 1
		b.at[c] = at
		sa[at] = mark(int(j), j == 0 || text[max(j, 1)-1] > c)
	}
}

// mark is j, or its complement where done.
func mark(j int, done bool) int32 {
	if done {
		return int32(^j)
	}
	return int32(j)
}

// complement is that of what lies below 0, and 0.
func complement(j int32) int32 {
	if j < 0 {
		return ^j
	}
	return 0
}
