package blosc2

import (
	"slices"
	"strconv"

	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/filter/internal/bloscchunk"
	"gables/hdf5/h5err"
)

// The client data is
//
//	0   version of the filter, 1
//	1   bytes of a block; 0 where the filter is to choose
//	2   bytes of one element; of an array type's base
//	3   bytes of a chunk
//	4   level
//	5   shuffling
//	6   codec
//	7   rank, where that is 2 to 16
//	8…  extent of a chunk in each dimension
//
// of which the user gives 1 and 4 to 6.
const (
	filterVersion = 1

	posBlock      = 1
	posElement    = 2
	posChunkBytes = 3
	posLevel      = 4
	posShuffle    = 5
	posCodec      = 6
	posRank       = 7
	posDims       = 8

	maxTiledRank = 16
)

// Codec is one of Blosc2's codecs.
type Codec uint32

// The codecs, by their numbers in the client data.
const (
	BloscLZ Codec = 0
	LZ4     Codec = 1
	LZ4HC   Codec = 2
	Zlib    Codec = 4
	Zstd    Codec = 5
)

// Shuffle is what is done to the elements before the codec.
type Shuffle uint32

// The kinds of shuffling, by their numbers in the client data.
const (
	NoShuffle Shuffle = iota
	ByteShuffle
	BitShuffle
)

// AutoBlock as value 1 makes Local store the block size that Blosc2 chooses, as
// PyTables does; with 0, as of hdf5plugin, each chunk's writer chooses.
const AutoBlock = 1<<32 - 1

// Values is the parameters that Local takes, with AutoBlock: a level of 0, which
// compresses nothing, to 9. PyTables leaves the last value out for its plain
// "blosc2", which is BloscLZ.
func Values(codec Codec, level int, shuffle Shuffle) []uint32 {
	return []uint32{0, AutoBlock, 0, 0, uint32(level), uint32(shuffle), uint32(codec)}
}

// Local gives the client data for values, of which 0, 2, 3 and those behind the
// codec are overwritten, as the reference does. For data of variable length they
// stay, as libhdf5 never asks then. ErrSelection for a level or codec out of
// range, ErrUnsupported for shufflings other than the three (delta, truncated
// precision) and for chunks of 2 GiB.
func (blosc2) Local(values []uint32, d filter.Described) ([]uint32, error) {
	p, err := params(values, h5err.ErrSelection)
	if err != nil {
		return nil, err
	}
	values = slices.Clone(values[:min(len(values), posRank)])
	if d.Type.Class == datatype.VLen || d.Type.Variable {
		if len(values) > posBlock && values[posBlock] == AutoBlock {
			values[posBlock] = 0
		}
		return values, nil
	}
	n := d.ChunkBytes()
	if n > bloscchunk.MaxBytes {
		return nil, h5err.Unsupported(structure, "chunk", "%d bytes, at most %d", n, bloscchunk.MaxBytes)
	}
	size := d.Type.Size
	if d.Type.Class == datatype.Array && d.Type.Base != nil {
		size = d.Type.Base.Size
	}
	for len(values) < posLevel {
		values = append(values, 0)
	}
	values[0], values[posElement], values[posChunkBytes] = filterVersion, uint32(size), uint32(n)
	if values[posBlock] == AutoBlock {
		p.TypeSize = d.Type.Size // PyTables takes that of the whole array type
		values[posBlock] = uint32(autoBlock(p, int(n)))
	}
	if rank := len(d.Chunk); 1 < rank && rank <= maxTiledRank {
		values = append(values, []uint32{uint32(p.Level), uint32(p.Shuffle), uint32(p.Codec)}[len(values)-posLevel:]...)
		values = append(values, uint32(rank))
		for _, c := range d.Chunk {
			values = append(values, uint32(c))
		}
	}
	return values, nil
}

// autoBlock is the block that Blosc2 chooses for n bytes. Whatever the
// shuffling is, the library is asked for that of bytes.
func autoBlock(p bloscchunk.Params, n int) int {
	p.BlockSize, p.Shuffle = 0, bloscchunk.Bytes
	return p.Block(n)
}

// params reads the client data; what is not there has the reference's default.
// Errors of values out of range wrap the sentinel.
func params(values []uint32, sentinel error) (bloscchunk.Params, error) {
	p := bloscchunk.Params{Level: 5, Shuffle: bloscchunk.Bytes, TypeSize: 1}
	for i, v := range values[:min(len(values), posRank)] {
		switch i {
		case posBlock:
			if v != AutoBlock {
				p.BlockSize = int(min(v, bloscchunk.MaxBytes))
			}
		case posElement:
			p.TypeSize = int(min(max(v, 1), bloscchunk.MaxBytes))
		case posLevel:
			if v > bloscchunk.MaxLevel {
				return p, h5err.New(sentinel, structure, "level", "%d, at most %d", v, bloscchunk.MaxLevel)
			}
			p.Level = int(v)
		case posShuffle:
			if v > uint32(BitShuffle) {
				return p, h5err.Unsupported(structure, "shuffling", "%d", v)
			}
			p.Shuffle = bloscchunk.Shuffling(v)
		case posCodec:
			if v > uint32(Zstd) || v == uint32(bloscchunk.Snappy) {
				return p, h5err.New(sentinel, structure, "codec", "%d", v)
			}
			p.Codec = bloscchunk.Codec(v)
		}
	}
	return p, nil
}

// Encode applies the filter as filter.Encoder says: a frame with one chunk,
// whose elements lie in tiles where the client data tells a rank and fits src.
// Like the reference it stores what does not compress, and never gives
// ErrNoGain. Client data that makes no sense is ErrCorrupt.
func (blosc2) Encode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	p, err := params(c.Values, h5err.ErrCorrupt)
	if err != nil {
		return nil, err
	}
	if len(src) > bloscchunk.MaxBytes {
		return nil, h5err.Unsupported(structure, "chunk", "%d bytes, at most %d", len(src), bloscchunk.MaxBytes)
	}
	t := tilings.Get().(*tiling)
	defer t.release()
	if tiled, err := t.cut(src, c.Values, &p); err != nil {
		return nil, err
	} else if tiled {
		return appendFrame(dst[:0], p, &t.array, t, t.chunkLen), nil
	}
	t.flat = bloscchunk.Flat{Data: src, BlockSize: p.Block(len(src))}
	return appendFrame(dst[:0], p, nil, &t.flat, len(src)), nil
}

// opaque is NumPy's name for elements of n bytes.
func opaque(dst []byte, n int) []byte { return strconv.AppendInt(append(dst, "|V"...), int64(n), 10) }
