package chunkio

import (
	"math/bits"
	"slices"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/wire"
)

// Slab is what a regular hyperslab takes of one dimension: element i < N has
// the coordinate Start + i/Block·Stride + i%Block. The last block may be cut.
type Slab struct{ Start, Stride, Block, N uint64 }

// newSlab checks one dimension of a hyperslab. N is Unlimited where the count
// or the block is.
func newSlab(start, stride, count, block uint64) (Slab, error) {
	if start > dataspace.MaxExtent || stride == 0 || stride > dataspace.MaxExtent {
		return Slab{}, badSlab("start %d, stride %d", start, stride)
	}
	if block == dataspace.Unlimited {
		if count != 1 {
			return Slab{}, badSlab("unlimited block with count %d", count)
		}
		return Slab{start, 1, 1, dataspace.Unlimited}, nil
	}
	if block == 0 || block > stride && count > 1 {
		return Slab{}, badSlab("blocks of %d, stride %d", block, stride)
	}
	s := Slab{start, stride, block, dataspace.Unlimited}
	if count != dataspace.Unlimited {
		n, ok := wire.Mul(count, block)
		if !ok || n > dataspace.MaxExtent {
			return Slab{}, badSlab("%d blocks of %d", count, block)
		}
		s.N = n
		if count > 0 {
			if _, ok := s.coordinate(n - 1); !ok {
				return Slab{}, badSlab("%d blocks of stride %d", count, stride)
			}
		}
	}
	return s.plain(), nil
}

func badSlab(format string, args ...any) error {
	return h5err.Corrupt("dataspace selection", "hyperslab", format, args...)
}

// plain writes a slab without gaps as blocks of 1 next to each other.
func (s Slab) plain() Slab {
	if s.Block == s.Stride || s.N <= s.Block {
		s.Stride, s.Block = 1, 1
	}
	return s
}

// dense tells whether there are no gaps.
func (s Slab) dense() bool { return s.Stride == s.Block }

// At is the coordinate of element i < N.
func (s Slab) At(i uint64) uint64 { return s.Start + i/s.Block*s.Stride + i%s.Block }

// coordinate is At where it may overflow.
func (s Slab) coordinate(i uint64) (uint64, bool) {
	hi, lo := bits.Mul64(i/s.Block, s.Stride)
	at, carry := bits.Add64(lo, s.Start+i%s.Block, 0)
	return at, hi == 0 && carry == 0 && at < dataspace.MaxExtent
}

// Find counts the elements whose coordinates are less than c.
func (s Slab) Find(c uint64) uint64 {
	if c <= s.Start {
		return 0
	}
	c -= s.Start
	return min(c/s.Stride*s.Block+min(c%s.Stride, s.Block), s.N)
}

// index gives the element at coordinate c.
func (s Slab) index(c uint64) (uint64, bool) {
	if c < s.Start {
		return 0, false
	}
	c -= s.Start
	i := c/s.Stride*s.Block + c%s.Stride
	return i, c%s.Stride < s.Block && i < s.N
}

// Clip keeps the first n elements. End is the least extent that holds them; ok
// is false where it is too large.
func (s Slab) Clip(n uint64) (c Slab, end uint64, ok bool) {
	s.N = min(s.N, n)
	if s.N == 0 {
		return s, 0, true
	}
	end, ok = s.coordinate(s.N - 1)
	return s.plain(), end + 1, ok
}

// BlockAt gives block i of a hyperslab in one dimension, and the extent that
// holds it; ok is false where that is too large.
func BlockAt(start, stride, block, i uint64) (b Slab, end uint64, ok bool) {
	at, ok := wire.Mul(i, stride)
	if !ok {
		return b, 0, false
	}
	if at, ok = wire.Add(at, start); !ok || at > dataspace.MaxExtent {
		return b, 0, false
	}
	return Slab{at, 1, 1, block}, at + block, block <= dataspace.MaxExtent-at
}

// apart tells whether two slabs certainly have no coordinate in common.
func (s Slab) apart(t Slab) bool {
	if s.N == 0 || t.N == 0 || s.At(s.N-1) < t.Start || t.At(t.N-1) < s.Start {
		return true
	}
	// Where both repeat with one stride, their blocks may be interleaved.
	if s.Stride != t.Stride || s.dense() {
		return false
	}
	d := (t.Start%s.Stride + s.Stride - s.Start%s.Stride) % s.Stride
	return d >= s.Block && d+t.Block <= s.Stride
}

// Grid is a selection that takes every combination of what its slabs take of
// their dimensions, in row-major order.
type Grid []Slab

// NewGrid gives a selection of a dataspace with extents dims as a grid; ok is
// false where it is none. Unlimited slabs stay so.
func NewGrid(sel *format.Selection, dims []uint64) (g Grid, ok bool, err error) {
	g = make(Grid, len(dims))
	switch sel.Kind {
	case format.SelectionAll, format.SelectionNone:
		for i, d := range dims {
			g[i] = Slab{0, 1, 1, d}
		}
		if sel.Kind == format.SelectionNone {
			if len(g) == 0 {
				return nil, false, nil
			}
			g[0].N = 0
		}
		return g, true, nil
	case format.SelectionHyperslab:
	default:
		return nil, false, h5err.Unsupported("dataspace selection", "type", "%d in a mapping", sel.Kind)
	}
	if sel.Rank != len(dims) {
		return nil, false, h5err.Corrupt("dataspace selection", "rank", "%d for a dataspace of rank %d", sel.Rank, len(dims))
	}
	if sel.Start == nil {
		g, ok := gridOfBlocks(sel.Blocks, len(dims))
		return g, ok, nil
	}
	for i := range g {
		if g[i], err = newSlab(sel.Start[i], sel.Stride[i], sel.Count[i], sel.Block[i]); err != nil {
			return nil, false, err
		}
	}
	return g, true, nil
}

// gridOfBlocks finds the grid that a list of blocks makes up, as libhdf5 writes
// regular hyperslabs so for old readers.
func gridOfBlocks(blocks []dataspace.Block, rank int) (Grid, bool) {
	g := make(Grid, rank)
	volume := uint64(1)
	for k := range g {
		s, n, ok := slabOfSides(blocks, k)
		if !ok {
			return nil, false
		}
		g[k] = s
		if volume, ok = wire.Mul(volume, n); !ok {
			return nil, false
		}
	}
	if volume != uint64(len(blocks)) {
		return nil, false
	}
	// As many blocks as the grid has are all of it when none occurs twice.
	seen := map[string]bool{}
	var key []byte
	for _, b := range blocks {
		key = key[:0]
		for _, c := range b.Start {
			key = appendKey(key, c)
		}
		if seen[string(key)] {
			return nil, false
		}
		seen[string(key)] = true
	}
	return g, true
}

func appendKey(b []byte, c uint64) []byte {
	for i := range 8 {
		b = append(b, byte(c>>(8*i)))
	}
	return b
}

// slabOfSides gives the slab that the blocks' sides in dimension k are, and
// its number of blocks.
func slabOfSides(blocks []dataspace.Block, k int) (Slab, uint64, bool) {
	if len(blocks) == 0 {
		return Slab{}, 0, false
	}
	starts := make([]uint64, len(blocks))
	size := blocks[0].End[k] - blocks[0].Start[k]
	for i, b := range blocks {
		if starts[i] = b.Start[k]; b.End[k] < b.Start[k] || b.End[k]-b.Start[k] != size {
			return Slab{}, 0, false
		}
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	stride := size + 1
	for i := 1; i < len(starts); i++ {
		d := starts[i] - starts[i-1]
		if i > 1 && d != stride || d <= size {
			return Slab{}, 0, false
		}
		stride = d
	}
	n := uint64(len(starts))
	s, err := newSlab(starts[0], stride, n, size+1)
	return s, n, err == nil
}

// Count is the number of elements; ok is false where it does not fit or a slab
// is unlimited.
func (g Grid) Count() (n uint64, ok bool) {
	n = 1
	for _, s := range g {
		if s.N == 0 {
			return 0, true
		}
	}
	for _, s := range g {
		if n, ok = wire.Mul(n, s.N); !ok || s.N == dataspace.Unlimited {
			return 0, false
		}
	}
	return n, true
}

// locate gives the element at coords, counted in row-major order.
func (g Grid) locate(coords []uint64) (uint64, bool) {
	at := uint64(0)
	for k, s := range g {
		i, ok := s.index(coords[k])
		if !ok {
			return 0, false
		}
		at = at*s.N + i
	}
	return at, true
}

// coords puts the coordinates of element at into out, and tells whether they
// are within dims.
func (g Grid) coords(at uint64, out, dims []uint64) bool {
	inside := true
	for k := len(g) - 1; k >= 0; k-- {
		out[k] = g[k].At(at % g[k].N)
		at /= g[k].N
		inside = inside && out[k] < dims[k]
	}
	return inside
}
