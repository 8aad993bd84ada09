package dataspace

import (
	"fmt"
	"slices"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// Selection says which elements are meant, in which order, before the shape is
// known. It is immutable; the zero value selects everything. The constructors
// copy what they are given and leave every check to Bind.
type Selection struct{ rule rule }

// rule is one way to say which elements are meant; nil stands for all.
type rule interface {
	bind(dims []uint64) (*Bound, error)
}

// All selects every element.
func All() Selection { return Selection{} }

// None selects nothing, of a dataspace of any rank; its result shape is [0].
func None() Selection { return Selection{noneRule{}} }

// IsAll tells whether s was made by All, or is the zero value.
func (s Selection) IsAll() bool { return s.rule == nil }

// Bind checks s against a shape. ErrSelection says why it does not fit, with
// axis, value and extent; ErrLimit that an extent exceeds MaxExtent, the result
// 2^64-1 elements, or a union its budget. Rank 0 takes All, None and an empty
// list of axes only.
func (s Selection) Bind(dims []uint64) (*Bound, error) {
	if len(dims) > MaxRank {
		return nil, fmt.Errorf("rank %d exceeds %d: %w", len(dims), MaxRank, h5err.ErrSelection)
	}
	for k, d := range dims {
		if d > MaxExtent {
			return nil, fmt.Errorf("axis %d: extent %d exceeds 2^63-1: %w", k, d, h5err.ErrLimit)
		}
	}
	dims = slices.Clone(dims)
	if s.rule == nil {
		return bindAxes(nil, dims)
	}
	return s.rule.bind(dims)
}

type noneRule struct{}

func (noneRule) bind(dims []uint64) (*Bound, error) {
	return &Bound{dims: dims, shape: []uint64{0}, form: &points{rank: len(dims)}}, nil
}

// hyperslabRule holds the four vectors of H5Sselect_hyperslab.
type hyperslabRule struct{ start, stride, count, block []uint64 }

// Hyperslab selects count blocks of block elements, stride apart, from start on
// each axis; stride and block may be nil for 1. It must fit the shape. A count
// (or, with count 1, a block) of Unlimited takes what the extent gives; as in
// libhdf5 that includes a last block cut by the edge. The result keeps the rank.
func Hyperslab(start, stride, count, block []uint64) Selection {
	return Selection{&hyperslabRule{
		slices.Clone(start), slices.Clone(stride), slices.Clone(count), slices.Clone(block)}}
}

// Box selects the count elements from start on each axis; see Hyperslab.
func Box(start, count []uint64) Selection { return Hyperslab(start, nil, count, nil) }

func (h *hyperslabRule) bind(dims []uint64) (*Bound, error) {
	rank := len(dims)
	if rank == 0 {
		return nil, fmt.Errorf("a hyperslab does not select from a scalar: %w", h5err.ErrSelection)
	}
	if len(h.start) != rank || len(h.count) != rank ||
		h.stride != nil && len(h.stride) != rank || h.block != nil && len(h.block) != rank {
		return nil, fmt.Errorf("hyperslab of start[%d] stride[%d] count[%d] block[%d] for rank %d: %w",
			len(h.start), len(h.stride), len(h.count), len(h.block), rank, h5err.ErrSelection)
	}
	axes := make([]axis, rank)
	for k, extent := range dims {
		stride, block := uint64(1), uint64(1)
		if h.stride != nil {
			stride = h.stride[k]
		}
		if h.block != nil {
			block = h.block[k]
		}
		var err error
		if axes[k], err = slabAxis(k, h.start[k], stride, h.count[k], block, extent); err != nil {
			return nil, err
		}
	}
	return bindGrid(dims, axes)
}

// slabAxis checks one axis of a hyperslab and gives its elements.
func slabAxis(k int, start, stride, count, block, extent uint64) (axis, error) {
	if stride == 0 {
		return axis{}, fmt.Errorf("axis %d: stride 0: %w", k, h5err.ErrSelection)
	}
	if start > extent || start == extent && count > 0 && block > 0 && count != Unlimited && block != Unlimited {
		return axis{}, outside(k, "start", start, extent)
	}
	left := extent - start
	if block == Unlimited {
		if count != 1 {
			return axis{}, fmt.Errorf("axis %d: unlimited block with count %d: %w", k, count, h5err.ErrSelection)
		}
		block = left
	}
	if count > 1 && stride < block {
		return axis{}, fmt.Errorf("axis %d: blocks of %d overlap at stride %d: %w", k, block, stride, h5err.ErrSelection)
	}
	if count == 0 || block == 0 || left == 0 {
		return axis{}, nil
	}
	if count == Unlimited {
		return unlimitedAxis(start, stride, block, left), nil
	}
	span, fits := wire.Mul(count-1, stride)
	span, sums := wire.Add(span, block)
	if !fits || !sums || span > left {
		return axis{}, outside(k, "last element", addSat(start, addSat(mulSat(count-1, stride), block-1)), extent)
	}
	return blockAxis(start, stride, block, count*block), nil
}

// unlimitedAxis fills the left > 0 coordinates from start with blocks, the last
// cut where the extent ends.
func unlimitedAxis(start, stride, block, left uint64) axis {
	last := (left - 1) / stride
	return blockAxis(start, stride, block, last*block+min(block, left-last*stride))
}

// outside is the error of a value that must be less than the axis's extent.
func outside(k int, what string, value any, extent uint64) error {
	return fmt.Errorf("axis %d: %s %v is outside of extent %d: %w", k, what, value, extent, h5err.ErrSelection)
}
