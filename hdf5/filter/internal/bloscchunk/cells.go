package bloscchunk

// maxCellRank is the greatest rank for which the registered filters ndcell and
// ndmean are defined.
const maxCellRank = 8

// checkCells checks a filter that stores a block of an array cell by cell.
func (c *Chunk) checkCells(filter byte, edge int) error {
	shape := c.env.BlockShape
	if len(shape) == 0 || len(shape) > maxCellRank || edge == 0 {
		return corrupt("filter", "cells of edge %d in a block of rank %d", edge, len(shape))
	}
	n := c.env.TypeSize
	for _, d := range shape {
		if d <= 0 || n <= 0 || d > c.BlockSize/n {
			return corrupt("filter", "blocks of shape %v in %d bytes", shape, c.BlockSize)
		}
		n *= d
	}
	if n != c.BlockSize || c.NBytes%n != 0 {
		return corrupt("filter", "blocks of shape %v in %d bytes", shape, c.BlockSize)
	}
	if filter == filterNDMean && shape[0] < edge {
		for _, d := range shape[1:] {
			if d > edge {
				// c-blosc2 puts such cells over one another.
				return unsupported("filter", "ndmean with cells of edge %d in %v", edge, shape)
			}
		}
	}
	return nil
}

// undoCells moves the cells of a block, which lie one behind the other, to
// where they belong in C order. Cells at the far edges are smaller.
func (c *Chunk) undoCells(dst, src []byte, edge int) error {
	shape := c.env.BlockShape
	rank := len(shape)
	var cell, size, at [maxCellRank]int
	for {
		offset, stride := 0, c.env.TypeSize
		for d := rank - 1; d >= 0; d-- {
			size[d] = min(edge, shape[d]-cell[d])
			offset += cell[d] * stride
			stride *= shape[d]
		}
		row := size[rank-1] * c.env.TypeSize
		for clear(at[:]); ; {
			copy(dst[offset+c.inner(at[:rank]):][:row], src)
			src = src[row:]
			if !advance(at[:rank-1], size[:rank-1], 1) {
				break
			}
		}
		if !advance(cell[:rank], shape, edge) {
			return nil
		}
	}
}

// inner is the position of an element in its block, in bytes.
func (c *Chunk) inner(at []int) int {
	offset, stride := 0, c.env.TypeSize
	for d := len(at) - 1; d >= 0; d-- {
		offset += at[d] * stride
		stride *= c.env.BlockShape[d]
	}
	return offset
}

// advance moves at to the next place of a grid of the given steps within shape,
// in C order, and tells whether there was one.
func advance(at, shape []int, step int) bool {
	for d := len(at) - 1; d >= 0; d-- {
		if at[d] += step; at[d] < shape[d] {
			return true
		}
		at[d] = 0
	}
	return false
}
