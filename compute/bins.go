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
		equal = math.Abs(edges[i]-edges[0]-float64(float64(i)*width)) <= width/4
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

func (k *floats[T]) count(b *bins, data []byte, n int) error {
	return k.eachTile(data, 0, 1, n, func(xs []T) {
		if b.scale == 0 {
			for _, x := range xs {
				b.put(float64(x))
			}
			return
		}
		first, scale, edges, count := b.edges[0], b.scale, b.edges, b.count
		for _, x := range xs {
			v := float64(x)
			// The guess is right unless rounding moved it over an edge; a NaN or
			// what is out of range fails a comparison.
			if d := (v - first) * scale; d >= 0 && d < float64(len(count)) {
				if i := int(d); i < len(count) && i+1 < len(edges) && v >= edges[i] && v < edges[i+1] {
					count[i]++
					continue
				}
			}
			b.put(v)
		}
	})
}

// put counts one float.
func (b *bins) put(v float64) {
	e := b.edges
	switch {
	case v < e[0]:
		b.below++
	case v > e[len(e)-1]:
		b.above++
	case v != v:
		b.nans++
	case v >= e[len(e)-2]: // equal to the last edge, as saturated data is
		b.count[len(b.count)-1]++
	default:
		i := sort.Search(len(e), func(i int) bool { return e[i] > v })
		b.count[min(i, len(b.count))-1]++
	}
}

func (k *ints[T]) count(b *bins, data []byte, n int) error {
	return k.eachTile(data, 0, 1, n, func(xs []T) {
		switch {
		case b.none && b.allBelow:
			b.below += uint64(len(xs))
			return
		case b.none:
			b.above += uint64(len(xs))
			return
		}
		first, scale, low, count := b.edges[0], b.scale, b.low, b.count
		for _, x := range xs {
			key := int64(x) ^ k.flip
			if d := (float64(x) - first) * scale; d >= 0 && d < float64(len(count)) {
				if i := int(d); i < len(count) && i+1 < len(low) && key >= low[i] && key < low[i+1] {
					count[i]++
					continue
				}
			}
			b.putInt(key)
		}
	})
}

// putInt counts one integer by its key.
func (b *bins) putInt(key int64) {
	switch {
	case key < b.low[0]:
		b.below++
	case key > b.top:
		b.above++
	case len(b.low) >= len(b.count) && key >= b.low[len(b.count)-1]:
		b.count[len(b.count)-1]++
	default:
		i := sort.Search(len(b.low), func(i int) bool { return b.low[i] > key })
		b.count[min(i, len(b.count))-1]++
	}
}
