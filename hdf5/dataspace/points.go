package dataspace

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"gables/hdf5/h5err"
)

// points is a list of coordinates: the rule and the form of Points.
type points struct {
	rank   int
	coords []uint64 // [n][rank]
	lo, hi []uint64 // bounding box, once bound

	mu     sync.Mutex
	groups []*grouping // latest last, at most maxGroupings
}

// maxGroupings bounds what a Bound keeps: chunk shapes vary only where a
// caller also asks for boxes of its own.
const maxGroupings = 4

// Points selects single elements in the order given, with repetitions. coords
// holds rank coordinates for each, which must lie in the shape. The result has
// shape [n].
func Points(rank int, coords []uint64) Selection {
	return Selection{&points{rank: rank, coords: slices.Clone(coords)}}
}

func (p *points) bind(dims []uint64) (*Bound, error) {
	if p.rank != len(dims) || p.rank == 0 || len(p.coords)%p.rank != 0 {
		return nil, fmt.Errorf("%d coordinates of points of rank %d for rank %d: %w",
			len(p.coords), p.rank, len(dims), h5err.ErrSelection)
	}
	for i := 0; i < len(p.coords); i += p.rank {
		for k, c := range p.coords[i : i+p.rank] {
			if c >= dims[k] {
				return nil, fmt.Errorf("point %d: %w", i/p.rank, outside(k, "coordinate", c, dims[k]))
			}
		}
	}
	n := uint64(len(p.coords) / p.rank)
	if n > math.MaxUint32 {
		return nil, fmt.Errorf("%d points exceed 2^32-1: %w", n, h5err.ErrLimit)
	}
	return &Bound{dims: dims, shape: []uint64{n}, count: n, form: newPoints(p.rank, p.coords)}, nil
}

// newPoints is the form of coordinates that have been checked.
func newPoints(rank int, coords []uint64) *points {
	p := &points{rank: rank, coords: coords}
	if len(coords) == 0 {
		return p
	}
	p.lo, p.hi = slices.Clone(coords[:rank]), slices.Clone(coords[:rank])
	for i := rank; i < len(coords); i += rank {
		for k, c := range coords[i : i+rank] {
			p.lo[k], p.hi[k] = min(p.lo[k], c), max(p.hi[k], c)
		}
	}
	return p
}

// at gives the coordinates of point i.
func (p *points) at(i uint32) []uint64 {
	return p.coords[int(i)*p.rank : (int(i)+1)*p.rank]
}

func (p *points) bounds() (lo, hi []uint64) { return slices.Clone(p.lo), slices.Clone(p.hi) }

func (p *points) natural() bool {
	for i := p.rank; i < len(p.coords); i += p.rank {
		if slices.Compare(p.coords[i-p.rank:i], p.coords[i:i+p.rank]) >= 0 {
			return false
		}
	}
	return true
}

func (p *points) boxes(chunk []uint64, yield func([]uint64) bool) {
	g := p.group(chunk)
	scaled := make([]uint64, p.rank)
	for i := range len(g.heads) - 1 {
		for k, c := range p.at(g.order[g.heads[i]]) {
			scaled[k] = c / chunk[k]
		}
		if !yield(scaled) {
			return
		}
	}
}

func (p *points) runs(origin, dims []uint64, yield func(Run) bool) {
	m := merger{yield: yield}
	var strides [MaxRank]uint64
	s := uint64(1)
	for k := p.rank - 1; k >= 0; k-- {
		strides[k] = s
		s *= dims[k]
	}
	add := func(i uint32) bool {
		box := uint64(0)
		for k, c := range p.at(i) {
			c -= origin[k] // wraps for a coordinate before the box
			if c >= dims[k] {
				return true
			}
			box += c * strides[k]
		}
		return m.add(uint64(i), box, 1)
	}
	if some, ok := p.within(origin, dims); ok {
		for _, i := range some {
			if !add(i) {
				return
			}
		}
	} else {
		for i := range uint32(len(p.coords) / p.rank) {
			if !add(i) {
				return
			}
		}
	}
	m.flush()
}

// within gives, in their order, the points of a chunk that holds the box; ok
// is false where all points are to be looked at.
func (p *points) within(origin, dims []uint64) (some []uint32, ok bool) {
	whole, aligned := true, true
	for k := range origin {
		whole = whole && origin[k] <= p.lo[k] && p.hi[k]-origin[k] < dims[k]
		aligned = aligned && origin[k]%dims[k] == 0
	}
	if whole {
		return nil, false
	}
	p.mu.Lock()
	for _, g := range slices.Backward(p.groups) {
		if g.holds(origin, dims) {
			p.mu.Unlock()
			return g.find(p, origin), true
		}
	}
	p.mu.Unlock()
	if !aligned {
		return nil, false
	}
	return p.group(dims).find(p, origin), true
}

func (p *points) split(b *Bound, limit uint64, _ []uint64, yield func(uint64, *Bound) bool) {
	splitFlat(b, limit, func(first, n uint64) form {
		return newPoints(p.rank, p.coords[int(first)*p.rank:int(first+n)*p.rank])
	}, yield)
}
