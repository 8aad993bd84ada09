package blosc2

import (
	"math"
	"sync"

	"gables/hdf5/filter/internal/bloscchunk"
	"gables/hdf5/h5err"
)

// tiling gives the blocks of an array of one chunk.
type tiling struct {
	array
	src  []byte
	tile []byte // one block, gathered
	flat bloscchunk.Flat
}

var tilings = sync.Pool{New: func() any { return new(tiling) }}

// release gives back t without the caller's memory.
func (t *tiling) release() {
	t.src, t.flat = nil, bloscchunk.Flat{}
	tilings.Put(t)
}

// cut cuts src into tiles by what the client data says of the chunk's shape, and
// sets p's block. It tells false for chunks that are plain: those without a shape
// or of another size, as behind some other filters and for array types, and
// those with elements above 255 bytes, which c-blosc2 3.3.5 can't read in tiles.
func (t *tiling) cut(src []byte, values []uint32, p *bloscchunk.Params) (bool, error) {
	if len(values) <= posRank || p.TypeSize != p.HeaderSize() {
		return false, nil
	}
	rank := int(min(values[posRank], maxTiledRank+1))
	if rank < 2 || rank > maxTiledRank || len(values) < posDims+rank {
		return false, h5err.Corrupt(structure, "client data", "rank %d in %d values", values[posRank], len(values))
	}
	t.array = array{rank: rank, typeSize: p.TypeSize}
	n := uint64(p.TypeSize)
	for d, v := range values[posDims : posDims+rank] {
		if n *= uint64(v); n == 0 || n > math.MaxInt32 {
			return false, nil
		}
		t.shape[d], t.chunk[d] = int(v), int(v)
	}
	if n != uint64(len(src)) {
		return false, nil
	}
	target := p.BlockSize
	if target == 0 {
		target = autoBlock(*p, int(values[posChunkBytes]&math.MaxInt32))
	}
	t.chooseBlock(min(target, bloscchunk.MaxBlock) / p.TypeSize)
	if !t.lengths() {
		return false, nil
	}
	t.src, p.BlockSize = src, t.blockLen
	return true, nil
}

// chooseBlock sets the block's shape as the reference does: edges of 2, doubled
// from the last dimension on, time and again, while the block has at most most
// elements and its edges fit the chunk's.
func (a *array) chooseBlock(most int) {
	n := 1
	for d := range a.rank {
		a.block[d] = min(2, a.chunk[d])
		n *= a.block[d]
	}
	for before := 0; n < most && n != before; {
		before = n
		for d := a.rank - 1; d >= 0; d-- {
			edge := a.block[d] * 2
			if edge > a.chunk[d] {
				edge = a.chunk[d]
			}
			if grown := n / a.block[d] * edge; grown <= most {
				n, a.block[d] = grown, edge
			}
		}
	}
}

// lengths derives grids and lengths and tells whether a chunk holds them.
func (a *array) lengths() bool {
	stride, block, chunk := int64(a.typeSize), int64(a.typeSize), int64(a.typeSize)
	for d := a.rank - 1; d >= 0; d-- {
		a.blocks[d] = ceilDiv(a.chunk[d], a.block[d])
		a.stride[d] = int(stride)
		stride *= int64(a.chunk[d])
		block *= int64(a.block[d])
		chunk *= int64(a.block[d]) * int64(a.blocks[d])
		if max(stride, chunk) > bloscchunk.MaxBytes {
			return false
		}
	}
	a.blockLen, a.chunkLen = int(block), int(chunk)
	return block <= bloscchunk.MaxBlock
}

// Block implements bloscchunk.Source.
func (t *tiling) Block(i, _ int) []byte {
	var extent [maxRank]int
	at, whole, outer, onePiece := 0, true, true, true
	for d := t.rank - 1; d >= 0; d-- {
		from := i % t.blocks[d] * t.block[d]
		i /= t.blocks[d]
		at += from * t.stride[d]
		extent[d] = min(t.block[d], t.chunk[d]-from)
		whole = whole && extent[d] == t.block[d]
	}
	for d := range t.rank {
		onePiece = onePiece && (outer || t.block[d] == t.chunk[d])
		outer = outer && t.block[d] == 1
	}
	if whole && onePiece {
		return t.src[at : at+t.blockLen]
	}
	if cap(t.tile) < t.blockLen {
		t.tile = make([]byte, t.blockLen)
	}
	t.tile = t.tile[:t.blockLen]
	if !whole {
		clear(t.tile)
	}
	t.gather(t.tile, at, 0, t.blockLen, &extent)
	return t.tile
}

// gather copies to dst, whose length is that of all places of the dimensions
// from d on, the rows that lie in src from at on.
func (t *tiling) gather(dst []byte, at, d, size int, extent *[maxRank]int) {
	size /= t.block[d]
	if d == t.rank-1 {
		copy(dst, t.src[at:at+extent[d]*size])
		return
	}
	for k := range extent[d] {
		t.gather(dst[k*size:(k+1)*size], at, d+1, size, extent)
		at += t.stride[d]
	}
}
