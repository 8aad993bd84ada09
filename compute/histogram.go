package compute

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"gables/hdf5"
	"gables/hdf5/h5err"
)

// Counts is a histogram. Bin i holds the elements x with Edges[i] ≤ x <
// Edges[i+1], and the last one also x = Edges[len-1]; integers are compared
// with the edges exactly.
type Counts struct {
	Edges []float64 // [bins+1]
	Count []uint64  // [bins]
	Below uint64    // elements before the first edge
	Above uint64    // elements behind the last edge
	NaNs  uint64    // elements without a place
}

// maxBins bounds what a histogram takes for each worker.
const maxBins = 1 << 22

// Histogram counts elements by value: in the bins that Edges gives, or in equal
// ones of the Range, or of the range that a first look at the elements finds
// (infinities and, without SkipNaN, NaNs are ErrType then). Bins are numpy's:
// equal elements get bins half a unit to each side, and none get 0 to 1.
func Histogram(ctx context.Context, ds *hdf5.Dataset, opts ...Option) (Counts, error) {
	p, err := newPass(ds, opMinMax, newConfig(opts))
	if err != nil {
		return Counts{}, err
	}
	edges, err := p.edges(ctx)
	if err != nil {
		return Counts{}, err
	}
	var mu sync.Mutex // guards all
	var all []*bins
	err = p.scan(ctx, func(h *hand, b hdf5.Block) error {
		if h.bins == nil {
			h.bins = newBins(edges, p.src.class())
			mu.Lock()
			all = append(all, h.bins)
			mu.Unlock()
		}
		return h.count(h.bins, b.Data, int(b.N))
	})
	if err != nil {
		return Counts{}, err
	}
	c := Counts{Edges: edges, Count: make([]uint64, len(edges)-1)}
	for _, b := range all {
		for i, n := range b.count {
			c.Count[i] += n
		}
		c.Below += b.below
		c.Above += b.above
		c.NaNs += b.nans
	}
	return c, nil
}

// edges checks the edges that were given or makes equal ones.
func (p *pass) edges(ctx context.Context) ([]float64, error) {
	c := &p.conf
	if c.edges != nil {
		return slices.Clone(c.edges), checkEdges(c.edges)
	}
	if c.binCount < 1 || c.binCount > maxBins {
		return nil, fmt.Errorf("%d bins, at least 1 and at most %d: %w", c.binCount, maxBins, h5err.ErrLimit)
	}
	lo, hi := c.low, c.up
	if !c.ranged {
		var err error
		if lo, hi, err = p.span(ctx); err != nil {
			return nil, err
		}
	}
	if lo == hi {
		lo, hi = lo-0.5, hi+0.5
	}
	if !(lo < hi) || hi-lo > math.MaxFloat64 {
		return nil, fmt.Errorf("no histogram from %v to %v: %w", lo, hi, h5err.ErrType)
	}
	edges := make([]float64, c.binCount+1)
	step := (hi - lo) / float64(c.binCount)
	for i := range edges {
		edges[i] = float64(float64(i)*step) + lo
	}
	edges[c.binCount] = hi
	return edges, checkEdges(edges)
}

func checkEdges(e []float64) error {
	if len(e) < 2 || len(e) > maxBins+1 {
		return fmt.Errorf("%d edges, at least 2 and at most %d: %w", len(e), maxBins+1, h5err.ErrLimit)
	}
	for i := range e {
		if e[i] != e[i] || i > 0 && e[i] < e[i-1] {
			return fmt.Errorf("edge %d of a histogram is %v, edges must rise: %w", i, e[i], h5err.ErrType)
		}
	}
	return nil
}

// span looks for the extremes. Progress then counts every element twice.
func (p *pass) span(ctx context.Context) (lo, hi float64, err error) {
	if p.count > math.MaxUint64/2 {
		return 0, 0, fmt.Errorf("%d elements: %w", p.count, h5err.ErrLimit)
	}
	p.meter.total = 2 * p.count
	s, err := p.whole(ctx)
	if err != nil || s.n == 0 {
		return 0, 1, err
	}
	least, greatest := s.extremes(p.src.class())
	lo, hi = least.Float64(), greatest.Float64()
	if hi-lo != hi-lo {
		return 0, 0, fmt.Errorf("%s: the range from %v to %v has no bins: %w", p.ds.Path(), lo, hi, h5err.ErrType)
	}
	return lo, hi, nil
}
