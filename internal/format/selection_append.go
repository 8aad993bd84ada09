package format

import (
	"math"
	"math/bits"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// maxListedBlocks is how many blocks of a regular hyperslab are listed one by
// one for readers that know no other form.
const maxListedBlocks = 1 << 24

// AppendSelection appends a serialised selection in the version that libhdf5
// writes under the low bound. s.Selection is not looked at: a hyperslab is Start
// to Block or else Blocks, points are Coords. ErrLimit says that the selection
// needs more room than the form has, ErrSelection that its fields disagree.
// Spec: VII.C.
func AppendSelection(b []byte, s *Selection, low Bound) ([]byte, error) {
	e := newEncoder("dataspace selection", b, wire.Sizes{})
	e.selection(s, low)
	return e.done(b)
}

func (e *encoder) selection(s *Selection, low Bound) {
	switch {
	case s == nil || s.Kind > SelectionAll:
		e.fail(noForm("selection", "of no kind"))
	case s.Kind == SelectionNone || s.Kind == SelectionAll:
		e.U32(uint32([...]int{SelectionNone: selectNone, SelectionAll: selectAll}[s.Kind]))
		e.U32(1)
		e.Zero(8)
	case s.Rank < 1 || s.Rank > maxRank:
		e.fail(badSelection("rank", "%d", s.Rank))
	case s.Kind == SelectionPoints:
		e.points(s, low)
	case len(s.Start) > 0:
		e.regular(s, low)
	default:
		e.blocks(s, low)
	}
}

func badSelection(field, format string, args ...any) error {
	return h5err.New(h5err.ErrSelection, "", field, format, args...)
}

// selectionWidth is 2, 4 or 8: what the greatest number needs.
func selectionWidth(most uint64) int {
	switch {
	case most > math.MaxUint32:
		return 8
	case most > math.MaxUint16:
		return 4
	}
	return 2
}

// points appends version 2 from HDF5 1.12 on and where version 1 has no room.
func (e *encoder) points(s *Selection, low Bound) {
	if len(s.Coords)%s.Rank != 0 {
		e.fail(badSelection("points", "%d coordinates for rank %d", len(s.Coords), s.Rank))
	}
	n := uint64(len(s.Coords) / s.Rank)
	most := n
	for _, c := range s.Coords {
		most = max(most, c)
	}
	e.U32(selectPoints)
	width := 4
	if low < BoundV112 && most <= math.MaxUint32 {
		e.U32(1)
		e.U32(0)
		e.uint("length", 8+4*uint64(len(s.Coords)), 4)
	} else {
		width = selectionWidth(most)
		e.U32(2)
		e.U8(uint8(width))
	}
	e.U32(uint32(s.Rank))
	e.Uint(n, width)
	for _, c := range s.Coords {
		e.Uint(c, width)
	}
}

// slab is one dimension of a regular hyperslab.
type slab struct{ start, stride, count, block uint64 }

// joined makes blocks that touch one, as libhdf5 does before it stores them.
func (d slab) joined() slab {
	switch {
	case d.count == dataspace.Unlimited || d.block == dataspace.Unlimited:
	case d.count == 1:
		d.stride = 1
	case d.stride == d.block:
		if hi, lo := bits.Mul64(d.count, d.block); hi == 0 {
			d.stride, d.count, d.block = 1, 1, lo
		}
	}
	return d
}

// slabs gives the dimensions of a regular hyperslab, with what its storage
// depends on.
func (s *Selection) slabs() (dims []slab, unlimited bool, err error) {
	n := s.Rank
	if len(s.Start) != n || len(s.Stride) != n || len(s.Count) != n || len(s.Block) != n {
		return nil, false, badSelection("hyperslab", "%d to %d numbers for rank %d", len(s.Start), len(s.Block), n)
	}
	for i := range n {
		d := slab{s.Start[i], s.Stride[i], s.Count[i], s.Block[i]}.joined()
		unlimited = unlimited || d.count == dataspace.Unlimited || d.block == dataspace.Unlimited
		dims = append(dims, d)
	}
	return dims, unlimited, nil
}

// last is the greatest coordinate of a limited dimension; ok is false where it
// exceeds 64 bits, or nothing is selected.
func (d slab) last() (at uint64, ok bool) {
	if d.count == 0 || d.block == 0 {
		return 0, false
	}
	hi, at := bits.Mul64(d.count-1, d.stride)
	at, fits := wire.Add(at, d.start)
	end, sums := wire.Add(at, d.block-1)
	return end, hi == 0 && fits && sums
}

// regular appends version 1 (a list), 2 or 3 of a regular hyperslab.
func (e *encoder) regular(s *Selection, low Bound) {
	dims, unlimited, err := s.slabs()
	if err != nil {
		e.fail(err)
		return
	}
	blocks, end := uint64(1), uint64(0)
	for i, d := range dims {
		if unlimited {
			continue
		}
		last, ok := d.last()
		n, fits := wire.Mul(blocks, d.count)
		if !ok || !fits {
			e.fail(badSelection("hyperslab", "dimension %d is empty or leaves 64 bits", i))
			return
		}
		blocks, end = n, max(end, last)
	}
	version := low.of([...]uint8{1, 1, 2, 3, 3, 3})
	switch {
	case unlimited || low >= BoundV112:
		version = max(version, 2)
	case blocks > math.MaxUint32 || end > math.MaxUint32:
		version = 2
	case blocks < 4:
		version = 1
	}
	e.U32(selectHyper)
	e.U32(uint32(version))
	switch version {
	case 1:
		e.listed(dims, blocks)
	case 2:
		e.U8(1)
		e.U32(4 + 32*uint32(len(dims)))
		e.slabs(dims, 8)
	default:
		width := regularWidth(dims)
		e.U8(1)
		e.U8(uint8(width))
		e.slabs(dims, width)
	}
}

// regularWidth leaves room for all ones, which mean unlimited.
func regularWidth(dims []slab) int {
	var most uint64
	for _, d := range dims {
		most = max(most, d.start, d.stride)
		for _, v := range []uint64{d.count, d.block} {
			if v != dataspace.Unlimited {
				most = max(most, v+1)
			}
		}
	}
	return selectionWidth(most)
}

// slabs appends rank and start, stride, count and block of each dimension.
func (e *encoder) slabs(dims []slab, width int) {
	e.U32(uint32(len(dims)))
	for _, d := range dims {
		for _, v := range []uint64{d.start, d.stride, d.count, d.block} {
			e.Uint(v, width)
		}
	}
}

// listed appends the blocks of a regular hyperslab in row-major order.
func (e *encoder) listed(dims []slab, blocks uint64) {
	if blocks > maxListedBlocks {
		e.fail(h5err.Limit("", "number of blocks", "%d, which only files for HDF5 1.10 and later can hold", blocks))
		return
	}
	rank := len(dims)
	e.blocksV1(rank, blocks)
	at := make([]uint64, rank)
	for range blocks {
		for i, d := range dims {
			e.U32(uint32(d.start + at[i]*d.stride))
		}
		for i, d := range dims {
			e.U32(uint32(d.start + at[i]*d.stride + d.block - 1))
		}
		for i := rank - 1; i >= 0; i-- {
			if at[i]++; at[i] < dims[i].count {
				break
			}
			at[i] = 0
		}
	}
}

// blocksV1 appends what comes before the blocks of version 1.
func (e *encoder) blocksV1(rank int, blocks uint64) {
	e.U32(0)
	e.uint("length", 8+8*uint64(rank)*blocks, 4)
	e.U32(uint32(rank))
	e.U32(uint32(blocks))
}

// blocks appends version 1 or 3 of a list of blocks.
func (e *encoder) blocks(s *Selection, low Bound) {
	n := uint64(len(s.Blocks))
	most := n
	for i, b := range s.Blocks {
		if len(b.Start) != s.Rank || len(b.End) != s.Rank {
			e.fail(badSelection("blocks", "block %d is not of rank %d", i, s.Rank))
			return
		}
		for k, end := range b.End {
			if b.Start[k] > end {
				e.fail(badSelection("blocks", "block %d ends before it starts", i))
			}
			most = max(most, end)
		}
	}
	e.U32(selectHyper)
	width := 4
	if low < BoundV112 && most <= math.MaxUint32 {
		e.U32(1)
		e.blocksV1(s.Rank, n)
	} else {
		width = selectionWidth(most)
		e.U32(3)
		e.U8(0)
		e.U8(uint8(width))
		e.U32(uint32(s.Rank))
		e.Uint(n, width)
	}
	for _, b := range s.Blocks {
		for _, side := range [][]uint64{b.Start, b.End} {
			for _, v := range side {
				e.Uint(v, width)
			}
		}
	}
}
