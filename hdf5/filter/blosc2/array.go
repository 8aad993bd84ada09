package blosc2

import (
	"math"

	"gables/hdf5/filter/internal/bloscchunk"
)

// maxRank is the greatest rank of an HDF5 dataspace.
const maxRank = 32

// array is what metalayer b2nd says. The array is cut into chunks and each
// chunk into blocks. A chunk is stored block by block, padded to whole blocks;
// a block is in C order. Padded chunks hold the places outside the array too.
type array struct {
	rank     int
	typeSize int
	bytes    int64        // of the array
	shape    [maxRank]int // elements of the array
	chunk    [maxRank]int // of a chunk
	block    [maxRank]int // of a block
	chunks   [maxRank]int // chunks in the array
	blocks   [maxRank]int // blocks in a chunk
	stride   [maxRank]int // bytes from an element of the array to the next along each dimension
	nchunks  int64
	chunkLen int // bytes of a padded chunk
	blockLen int // bytes of a block
}

// parseArray reads the content of the metalayer: an array of version, rank,
// shape, shape of the chunks and of the blocks; a type may follow.
func parseArray(content []byte, f *frame) (*array, error) {
	r := reader{b: content}
	a := &array{}
	if mark := r.uint(1); mark>>4 != 9 || mark&15 < 5 {
		return nil, corrupt("b2nd", "begins with 0x%02x", mark)
	}
	if v := r.uint(1); v != 0 {
		return nil, unsupported("b2nd", "version %d", v)
	}
	a.rank = int(r.uint(1))
	if a.rank > maxRank {
		return nil, unsupported("b2nd", "rank %d", a.rank)
	}
	readShape(&r, a.shape[:a.rank], 0xd3, 8)
	readShape(&r, a.chunk[:a.rank], 0xd2, 4)
	readShape(&r, a.block[:a.rank], 0xd2, 4)
	if r.bad {
		return nil, corrupt("b2nd", "%d bytes for rank %d", len(content), a.rank)
	}
	if a.rank == 0 {
		a.rank, a.shape[0], a.chunk[0], a.block[0] = 1, 1, 1, 1
	}
	return a, a.measure(f)
}

// readShape takes one array of integers of a fixed width. A length that an int
// can't hold is bad.
func readShape(r *reader, shape []int, mark uint64, width int) {
	if m := r.uint(1); m != 0x90|uint64(len(shape)) && m != 0xdc {
		// Ranks above 15 do not fit the short mark; c-blosc2 never looks at it.
		if len(shape) < 16 {
			r.bad = true
		}
	}
	for d := range shape {
		r.expect(mark)
		v := r.uint(width)
		if v > math.MaxInt32 {
			r.bad = true
		}
		shape[d] = int(v)
	}
}

// measure derives grids and lengths and checks that the frame's agree.
func (a *array) measure(f *frame) error {
	total, block, chunk := int64(1), int64(1), int64(1) // in elements
	a.nchunks = 1
	for d := a.rank - 1; d >= 0; d-- {
		if a.chunk[d] <= 0 || a.block[d] <= 0 || a.block[d] > a.chunk[d] {
			// An empty array may have chunks without extent.
			if a.shape[d] != 0 {
				return corrupt("b2nd", "chunks of %v, blocks of %v", a.chunk[:a.rank], a.block[:a.rank])
			}
			a.chunk[d], a.block[d] = 1, 1
		}
		a.stride[d] = int(total)
		a.blocks[d] = ceilDiv(a.chunk[d], a.block[d])
		a.chunks[d] = ceilDiv(a.shape[d], a.chunk[d])
		total *= int64(a.shape[d])
		block *= int64(a.block[d])
		chunk *= int64(a.blocks[d]) * int64(a.block[d])
		a.nchunks *= int64(a.chunks[d])
		if max(total, block, chunk, a.nchunks) > math.MaxInt32 {
			return unsupported("b2nd", "array of shape %v in chunks of %v", a.shape[:a.rank], a.chunk[:a.rank])
		}
	}
	size, err := a.elementSize(f, chunk)
	if err != nil || size == 0 {
		return err
	}
	if size > math.MaxInt32/max(total, chunk) {
		return unsupported("b2nd", "array of shape %v in chunks of %v", a.shape[:a.rank], a.chunk[:a.rank])
	}
	a.bytes, a.blockLen, a.chunkLen, a.typeSize = total*size, int(block*size), int(chunk*size), int(size)
	for d := range a.rank {
		a.stride[d] *= a.typeSize
	}
	return nil
}

// elementSize is how many bytes an element takes, from what all padded chunks
// do; 0 for an array without elements. python-blosc2 4.14 gives elements of
// more than 255 bytes the size 1 (testdata/nd_v300.b2).
func (a *array) elementSize(f *frame, chunk int64) (int64, error) {
	if a.nchunks == 0 {
		if f.nbytes != 0 {
			return 0, corrupt("b2nd", "%d bytes in an array without elements", f.nbytes)
		}
		return 0, nil
	}
	// Both factors are below 2^31.
	size := f.nbytes / (a.nchunks * chunk)
	if size == 0 || size*(a.nchunks*chunk) != f.nbytes || size != int64(f.typeSize) && f.typeSize != 1 {
		return 0, corrupt("b2nd", "%d chunks of %d elements of %d bytes in %d", a.nchunks, chunk, f.typeSize, f.nbytes)
	}
	return size, nil
}

// ceilDiv rounds up; it can't overflow.
func ceilDiv(a, b int) int {
	if a == 0 {
		return 0
	}
	return (a-1)/b + 1
}

// decode decodes all chunks of the array into dst, in C order.
func (a *array) decode(f *frame, dst []byte, buf *[]byte, limit int) error {
	if len(dst) == 0 {
		return nil
	}
	index, err := f.index(buf, a.nchunks, limit)
	if err != nil {
		return err
	}
	block := indexes.Get().(*[]byte)
	defer indexes.Put(block)
	t := tiler{array: a, frame: f, dst: dst, scratch: block, limit: limit}
	for i := range int(a.nchunks) {
		src, kind, err := f.chunk(index, i)
		if err == nil {
			err = t.chunkAt(i, src, kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// open opens a stored chunk and checks that it is cut as the array says.
func (a *array) open(f *frame, src []byte) (*bloscchunk.Chunk, error) {
	ch, err := f.open(src, bloscchunk.Env{TypeSize: a.typeSize, BlockShape: a.block[:a.rank]})
	if err != nil {
		return nil, err
	}
	if ch.NBytes != a.chunkLen || ch.Special == bloscchunk.Regular && ch.BlockSize != a.blockLen {
		err = corrupt("b2nd", "chunk of %d bytes in blocks of %d, wanted %d in %d",
			ch.NBytes, ch.BlockSize, a.chunkLen, a.blockLen)
		ch.Close()
		return nil, err
	}
	return ch, nil
}
