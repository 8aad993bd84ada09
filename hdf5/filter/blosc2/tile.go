package blosc2

import (
	"gables/hdf5/filter/internal/bloscchunk"
	"gables/hdf5/h5err"
)

// tiler puts blocks where they belong in the array.
type tiler struct {
	*array
	frame   *frame
	dst     []byte
	scratch *[]byte // one block
	limit   int
	origin  [maxRank]int // first element of the block
	extent  [maxRank]int // elements of the block that are inside its chunk and the array
}

// chunkAt decodes chunk number i, counted in C order, block by block. Blocks
// that are padding only are not decoded.
func (t *tiler) chunkAt(i int, src []byte, kind bloscchunk.Special) error {
	var ch *bloscchunk.Chunk
	if kind == bloscchunk.Regular {
		var err error
		if ch, err = t.array.open(t.frame, src); err != nil {
			return err
		}
		defer ch.Close()
	}
	var start, block, inside [maxRank]int
	for d := t.rank - 1; d >= 0; d-- {
		start[d] = i % t.chunks[d] * t.chunk[d]
		i /= t.chunks[d]
		inside[d] = min(t.chunk[d], t.shape[d]-start[d])
	}
	for {
		number := 0
		for d := range t.rank {
			number = number*t.blocks[d] + block[d]/t.block[d]
			t.origin[d] = start[d] + block[d]
			t.extent[d] = min(t.block[d], inside[d]-block[d])
		}
		if err := t.blockAt(ch, number, kind); err != nil {
			return err
		}
		d := t.rank - 1
		for ; d >= 0; d-- {
			if block[d] += t.block[d]; block[d] < inside[d] {
				break
			}
			block[d] = 0
		}
		if d < 0 {
			return nil
		}
	}
}

// blockAt decodes one block to its place: at once where that is one piece,
// otherwise by way of the scratch block.
func (t *tiler) blockAt(ch *bloscchunk.Chunk, number int, kind bloscchunk.Special) error {
	at := 0
	for d := range t.rank {
		at += t.origin[d] * t.stride[d]
	}
	if t.onePiece() {
		return t.decodeBlock(t.dst[at:at+t.blockLen], ch, number, kind)
	}
	if t.blockLen > max(t.limit, minIndex) {
		return h5err.Limit(structure, "block", "%d bytes, %d allowed", t.blockLen, t.limit)
	}
	if cap(*t.scratch) < t.blockLen {
		*t.scratch = make([]byte, t.blockLen)
	}
	block := (*t.scratch)[:t.blockLen]
	if err := t.decodeBlock(block, ch, number, kind); err != nil {
		return err
	}
	t.scatter(at, block)
	return nil
}

// decodeBlock decodes one block in C order.
func (t *tiler) decodeBlock(dst []byte, ch *bloscchunk.Chunk, number int, kind bloscchunk.Special) error {
	switch {
	case ch == nil:
		return bloscchunk.Fill(dst, kind, t.typeSize)
	case ch.Special != bloscchunk.Regular:
		return ch.Fill(dst)
	}
	return ch.Block(number, dst)
}

// onePiece tells whether the block is whole and its elements lie one behind the
// other in the array.
func (t *tiler) onePiece() bool {
	outer := true // so far every dimension had one element
	for d := range t.rank {
		n := t.block[d]
		if t.extent[d] != n || !outer && n != t.shape[d] {
			return false
		}
		outer = outer && n == 1
	}
	return true
}

// scatter copies the rows of a block to the array, whose first byte for it is
// at.
func (t *tiler) scatter(at int, block []byte) {
	last := t.rank - 1
	row, step := t.extent[last]*t.typeSize, t.block[last]*t.typeSize
	t.scatterDim(0, at, block, row, step)
}

// scatterDim copies what lies below one place of the dimensions before d and
// gives what is left of block.
func (t *tiler) scatterDim(d, at int, block []byte, row, step int) []byte {
	if d == t.rank-1 {
		copy(t.dst[at:at+row], block)
		return block[step:]
	}
	rest := block
	if d == t.rank-2 {
		for range t.extent[d] {
			copy(t.dst[at:at+row], rest)
			rest = rest[step:]
			at += t.stride[d]
		}
	} else {
		for range t.extent[d] {
			rest = t.scatterDim(d+1, at, rest, row, step)
			at += t.stride[d]
		}
	}
	// Rows of padding are stepped over.
	whole := t.typeSize
	for k := d; k < t.rank; k++ {
		whole *= t.block[k]
	}
	return block[whole:]
}
