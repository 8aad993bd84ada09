package chunkindex

import (
	"math/bits"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// grid numbers the chunks of a dataset in row-major order over its maximum
// dimensions. An unlimited dimension, of which there is one at most, counts as
// the slowest whatever its place, so that numbers stay as the dataset grows.
type grid struct {
	axis  int      // the slowest dimension
	max   []uint64 // chunks at the maximum size, [rank]; unlimited: all ones
	step  []uint64 // by how much the number grows in each dimension, [rank]
	total uint64   // chunks at the maximum size; all ones if the axis is unlimited
}

// newGrid numbers over dims; none but axis may be unlimited.
func newGrid(dims, chunk []uint64, axis int) (*grid, error) {
	g := &grid{axis: axis, max: chunkCounts(dims, chunk), step: make([]uint64, len(dims))}
	step, ok := uint64(1), true
	for u := len(dims) - 1; u >= 0; u-- {
		if u == axis {
			continue
		}
		g.step[u] = step
		var fits bool
		step, fits = wire.Mul(step, g.max[u])
		ok = ok && fits
	}
	g.step[axis] = step
	g.total = unlimited
	if dims[axis] != unlimited {
		var fits bool
		g.total, fits = wire.Mul(step, g.max[axis])
		ok = ok && fits
	}
	if step == 0 {
		g.total, ok = 0, true
	}
	if !ok {
		return nil, h5err.Corrupt("chunk index", "dimensions", "number of chunks does not fit 64 bits")
	}
	return g, nil
}

// chunkCounts is how many chunks cover each dimension.
func chunkCounts(dims, chunk []uint64) []uint64 {
	n := make([]uint64, len(dims))
	for u, d := range dims {
		if d == unlimited {
			n[u] = unlimited
			continue
		}
		n[u] = d / chunk[u]
		if d%chunk[u] != 0 {
			n[u]++
		}
	}
	return n
}

// number gives the number of the chunk at scaled; ok is false outside the grid.
func (g *grid) number(scaled []uint64) (n uint64, ok bool, err error) {
	if err := checkRank(scaled, len(g.max)); err != nil {
		return 0, false, err
	}
	for u, c := range scaled {
		if c >= g.max[u] {
			return 0, false, nil
		}
		hi, lo := bits.Mul64(c, g.step[u])
		var carry uint64
		n, carry = bits.Add64(n, lo, 0)
		if hi|carry != 0 {
			return 0, false, nil
		}
	}
	return n, true, nil
}

// scaled writes the coordinates of chunk n < total, [rank].
func (g *grid) scaled(n uint64, out []uint64) {
	out[g.axis] = n / g.step[g.axis]
	n %= g.step[g.axis]
	for u := range out {
		if u != g.axis {
			out[u] = n / g.step[u]
			n %= g.step[u]
		}
	}
}

// Numbering tells how the chunks of an array index or an implicit one are
// numbered: how many there are at the maximum dimensions (all ones: without
// end), and the coordinates of one, [rank]. Errors: ErrCorrupt.
func (p *Params) Numbering() (total uint64, scaled func(n uint64, out []uint64), err error) {
	if err := p.check(); err != nil {
		return 0, nil, err
	}
	axis := 0
	if p.Kind == ExtensibleArray {
		if axis, err = unlimitedAxis(p.MaxDims); err != nil {
			return 0, nil, err
		}
	}
	g, err := newGrid(p.MaxDims, p.ChunkDims, axis)
	if err != nil {
		return 0, nil, err
	}
	return g.total, g.scaled, nil
}
