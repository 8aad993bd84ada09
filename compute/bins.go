package compute

import (
	"math"
	"sort"
)

// bins are the counts of one goroutine.
type bins struct {
	edges              []float64
	scale              float64 // bins for each unit; 0 where they are not about equal
	count              []uint64
	below, above, nans uint64

	// Integers are compared by key with the least integer of each bin and with
	// the greatest of the last one.
	low      []int64 // without the bins that lie beyond all integers
	top      int64
	none     bool // no integer lies between the first and the last edge …
	allBelow bool // … as all lie below the first, or else above the last
}

func newBins(edges []float64, c class) *bins {
	n := len(edges) - 1
	b := &bins{edges: edges, count: make([]uint64, n)}
	width := (edges[n] - edges[0]) / float64(n)
	equal := width > 0 && !math.IsInf(width, 0) && !math.IsInf(1/width, 0)
	for i := 0; i < n && equal; i++ {
		// So near, a guess at the bin is put right by a step or two.
		equal = math.Abs(edges[i]-edges[0]-float64(float64(i)*width)) <= width
	}
	if equal {
		b.scale = 1 / width
	}
	if c != floating {
		b.bindInts(c)
	}
	return b
}

// bindInts turns edges into keys: x ≥ e where x ≥ ⌈e⌉, x ≤ e where x ≤ ⌊e⌋.
func (b *bins) bindInts(c class) {
	for _, e := range b.edges {
		key, over := keyOfInt(math.Ceil(e), c)
		if over {
			break
		}
		b.low = append(b.low, key)
	}
	last := math.Floor(b.edges[len(b.edges)-1])
	var over bool
	if b.top, over = keyOfInt(last, c); over {
		b.top = math.MaxInt64
	}
	least := float64(math.MinInt64)
	if c == unsigned {
		least = 0
	}
	b.allBelow = len(b.low) == 0
	b.none = b.allBelow || last < least
}

// keyOfInt is the key of a whole number, that of the least integer where it is
// below all; over tells that it is above all.
func keyOfInt(e float64, c class) (key int64, over bool) {
	if c == unsigned {
		if e >= 1<<64 {
			return 0, true
		}
		return int64(uint64(max(e, 0)) ^ 1<<63), false
	}
	if e >= 1<<63 {
		return 0, true
	}
	return int64(max(e, -1<<63)), false
}

// guess is about the bin of v, which lies between the edges.
func (b *bins) guess(v float64) int {
	return max(0, min(int((v-b.edges[0])*b.scale), len(b.count)-1))
}

func (k *floats[T]) count(b *bins, data []byte, n int) error {
	first, last := b.edges[0], b.edges[len(b.edges)-1]
	return k.eachTile(data, 0, 1, n, func(xs []T) {
		for _, x := range xs {
			switch v := float64(x); {
			case v < first:
				b.below++
			case v > last:
				b.above++
			case v != v:
				b.nans++
			default:
				b.count[b.place(v)]++
			}
		}
	})
}

// place is the bin of v, which lies between the edges.
func (b *bins) place(v float64) int {
	e := b.edges
	if b.scale == 0 {
		i := sort.Search(len(e), func(i int) bool { return e[i] > v })
		return min(i, len(b.count)) - 1
	}
	i := b.guess(v)
	for v < e[i] {
		i--
	}
	for i < len(b.count)-1 && v >= e[i+1] {
		i++
	}
	return i
}

func (k *ints[T]) count(b *bins, data []byte, n int) error {
	return k.eachTile(data, 0, 1, n, func(xs []T) {
		if b.none {
			if b.allBelow {
				b.below += uint64(len(xs))
			} else {
				b.above += uint64(len(xs))
			}
			return
		}
		for _, x := range xs {
			switch key := int64(x) ^ k.flip; {
			case key < b.low[0]:
				b.below++
			case key > b.top:
				b.above++
			default:
				b.count[b.placeInt(key, float64(x))]++
			}
		}
	})
}

// placeInt is the bin of an integer between the edges, given its key and its
// rounded value.
func (b *bins) placeInt(key int64, v float64) int {
	if b.scale == 0 {
		i := sort.Search(len(b.low), func(i int) bool { return b.low[i] > key })
		return min(i, len(b.count)) - 1
	}
	i := min(b.guess(v), len(b.low)-1)
	for key < b.low[i] {
		i--
	}
	for i < len(b.count)-1 && i+1 < len(b.low) && key >= b.low[i+1] {
		i++
	}
	return i
}
