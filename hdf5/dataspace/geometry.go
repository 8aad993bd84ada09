package dataspace

import (
	"fmt"
	"math/bits"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// Strides gives how many elements of a row-major array of extents dims lie
// between neighbours along each axis. ErrLimit where one exceeds 64 bits.
func Strides(dims []uint64) ([]uint64, error) {
	out := make([]uint64, len(dims))
	s, ok := uint64(1), true
	for k := len(dims) - 1; k >= 0; k-- {
		if !ok {
			return nil, fmt.Errorf("strides of %v exceed 64 bits: %w", dims, h5err.ErrLimit)
		}
		out[k] = s
		s, ok = wire.Mul(s, dims[k])
	}
	return out, nil
}

// Offset is the row-major position of coords in an array of extents dims.
// ErrSelection where coords lie outside, ErrLimit where it exceeds 64 bits.
func Offset(coords, dims []uint64) (uint64, error) {
	if len(coords) != len(dims) {
		return 0, fmt.Errorf("%d coordinates for rank %d: %w", len(coords), len(dims), h5err.ErrSelection)
	}
	at := uint64(0)
	for k, c := range coords {
		if c >= dims[k] {
			return 0, outside(k, "coordinate", c, dims[k])
		}
		p, fits := wire.Mul(at, dims[k])
		s, sums := wire.Add(p, c)
		if !fits || !sums {
			return 0, fmt.Errorf("offset of %v in %v exceeds 64 bits: %w", coords, dims, h5err.ErrLimit)
		}
		at = s
	}
	return at, nil
}

// CeilDiv is a/b rounded up, without overflow; b = 0 gives 0.
func CeilDiv(a, b uint64) uint64 {
	if a == 0 || b == 0 {
		return 0
	}
	return (a-1)/b + 1
}

// ChunkGrid gives how many chunks of extents chunk cover dims along each axis,
// a partial one at the edge included. Both have the same length.
func ChunkGrid(dims, chunk []uint64) []uint64 {
	out := make([]uint64, len(dims))
	for k := range out {
		out[k] = CeilDiv(dims[k], chunk[k])
	}
	return out
}

// addSat is a+b, or all ones where that overflows.
func addSat(a, b uint64) uint64 {
	s, carry := bits.Add64(a, b, 0)
	return s | -carry
}

// mulSat is a·b, or all ones where that overflows.
func mulSat(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	if hi != 0 {
		return Unlimited
	}
	return lo
}
