package chunkindex

import (
	"iter"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// single is the index of a dataset that one chunk covers; the layout message
// itself has the address. Spec: VII.A.
type single struct {
	chunk Chunk
	rank  int
}

func openSingle(p Params) (Index, error) {
	for u, d := range p.MaxDims {
		if d > p.ChunkDims[u] {
			return nil, h5err.Corrupt("single chunk index", "dimensions", "dimension %d may be %d, the chunk has %d", u, d, p.ChunkDims[u])
		}
	}
	c := Chunk{Address: p.Address, Size: p.ChunkBytes}
	if p.Filtered {
		c.Size, c.Mask = p.FilteredSize, p.FilterMask
	}
	if c.Size == 0 {
		return unallocated{Single, len(p.Dims)}, nil
	}
	return &single{c, len(p.Dims)}, nil
}

func (s *single) Kind() string { return Single.String() }

func (s *single) Find(scaled []uint64) (Chunk, bool, error) {
	if err := checkRank(scaled, s.rank); err != nil {
		return Chunk{}, false, err
	}
	for _, c := range scaled {
		if c != 0 {
			return Chunk{}, false, nil
		}
	}
	return s.chunk, true, nil
}

func (s *single) All() iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		c := s.chunk
		c.Scaled = make([]uint64, s.rank)
		yield(c, nil)
	}
}

// implicit is the index of chunks that were all allocated at once, one behind
// the other, for the maximum dimensions. Spec: VII.B.
type implicit struct {
	grid  *grid
	now   []uint64 // chunks that cover the present dimensions, [rank]
	start wire.Address
	bytes uint64 // of each chunk
}

func openImplicit(p Params) (Index, error) {
	const name = "implicit chunk index"
	if p.Filtered {
		return nil, h5err.Corrupt(name, "filter pipeline", "chunks of various sizes can't be computed")
	}
	for u, d := range p.MaxDims {
		if d == unlimited {
			return nil, h5err.Corrupt(name, "dimensions", "dimension %d is unlimited", u)
		}
	}
	g, err := newGrid(p.MaxDims, p.ChunkDims, 0)
	if err != nil {
		return nil, err
	}
	size, ok := wire.Mul(g.total, p.ChunkBytes)
	if _, fits := wire.Add(uint64(p.Address), size); !ok || !fits {
		return nil, h5err.Corrupt(name, "dimensions", "%d chunks of %d bytes do not fit 64 bits", g.total, p.ChunkBytes)
	}
	return &implicit{grid: g, now: chunkCounts(p.Dims, p.ChunkDims), start: p.Address, bytes: p.ChunkBytes}, nil
}

func (x *implicit) Kind() string { return Implicit.String() }

func (x *implicit) Find(scaled []uint64) (Chunk, bool, error) {
	n, ok, err := x.grid.number(scaled)
	if err != nil || !ok {
		return Chunk{}, false, err
	}
	for u, c := range scaled {
		if c >= x.now[u] {
			return Chunk{}, false, nil
		}
	}
	return Chunk{Address: x.start + wire.Address(n*x.bytes), Size: x.bytes}, true, nil
}

// All yields the chunks of the present dimensions in row-major order.
func (x *implicit) All() iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		scaled := make([]uint64, len(x.now))
		for _, n := range x.now {
			if n == 0 {
				return
			}
		}
		for {
			c, _, err := x.Find(scaled)
			c.Scaled = scaled
			if !yield(c, err) || err != nil || !advance(scaled, x.now) {
				return
			}
		}
	}
}

// advance steps to the next coordinates below bounds, the last one fastest.
func advance(at, bounds []uint64) bool {
	for u := len(at) - 1; u >= 0; u-- {
		if at[u]++; at[u] < bounds[u] {
			return true
		}
		at[u] = 0
	}
	return false
}
