package blosc

import (
	"slices"

	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/filter/internal/bloscchunk"
	"gables/hdf5/h5err"
)

// The client data is
//
//	0  version of the filter, 2
//	1  version of Blosc's format, 2
//	2  bytes of one element; 1 where that is above 255
//	3  bytes of a chunk
//	4  level
//	5  shuffling
//	6  codec
//
// of which the user gives the last three.
const (
	filterVersion = 2
	formatVersion = 2

	posTypeSize = 2
	posLevel    = 4
	posShuffle  = 5
	posCodec    = 6
	valueCount  = 7

	maxTypeSize = 255
)

// Codec is one of Blosc's codecs.
type Codec uint32

// The codecs, by their numbers in the client data.
const (
	BloscLZ Codec = iota
	LZ4
	LZ4HC
	Snappy
	Zlib
	Zstd
)

// Shuffle is what is done to the elements before the codec.
type Shuffle uint32

// The kinds of shuffling, by their numbers in the client data.
const (
	NoShuffle Shuffle = iota
	ByteShuffle
	BitShuffle
)

// Values is the parameters that Local takes: a level of 0, which compresses
// nothing, to 9. PyTables leaves the last value out for its plain "blosc", which
// is BloscLZ.
func Values(codec Codec, level int, shuffle Shuffle) []uint32 {
	return []uint32{0, 0, 0, 0, uint32(level), uint32(shuffle), uint32(codec)}
}

// Local gives the client data for values, of which the first four are
// overwritten, as the reference does. For data of variable length they stay, as
// libhdf5 never asks then; PyTables has its class code 3 for the element there.
// ErrSelection for a level, shuffling or codec out of range, ErrUnsupported for
// chunks of 2 GiB.
func (blosc) Local(values []uint32, d filter.Described) ([]uint32, error) {
	if _, err := params(values, h5err.ErrSelection); err != nil {
		return nil, err
	}
	values = slices.Clone(values[:min(len(values), valueCount)])
	if d.Type.Class == datatype.VLen || d.Type.Variable {
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
	if size > maxTypeSize {
		size = 1
	}
	for len(values) < posLevel {
		values = append(values, 0)
	}
	values[0], values[1], values[posTypeSize], values[3] = filterVersion, formatVersion, uint32(size), uint32(n)
	return values, nil
}

const structure = "blosc filter"

// params reads the client data; what is not there has the reference's default.
// Errors wrap the sentinel.
func params(values []uint32, sentinel error) (bloscchunk.Params, error) {
	p := bloscchunk.Params{Blosc1: true, Level: 5, Shuffle: bloscchunk.Bytes, TypeSize: 1}
	if len(values) > posTypeSize {
		p.TypeSize = int(min(values[posTypeSize], maxTypeSize+1))
	}
	for i, v := range values[:min(len(values), valueCount)] {
		most := ^uint32(0)
		switch i {
		case posLevel:
			p.Level, most = int(min(v, bloscchunk.MaxLevel)), bloscchunk.MaxLevel
		case posShuffle:
			p.Shuffle, most = bloscchunk.Shuffling(v), uint32(BitShuffle)
		case posCodec:
			p.Codec, most = bloscchunk.Codec(v), uint32(Zstd)
		}
		if v > most {
			return p, h5err.New(sentinel, structure, "client data", "value %d is %d, at most %d", i, v, most)
		}
	}
	return p, nil
}

// Encode applies the filter as filter.Encoder says. The chunk is ErrNoGain where
// it does not get smaller, as with level 0 or below 128 bytes. Client data that
// makes no sense is ErrCorrupt.
func (blosc) Encode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	p, err := params(c.Values, h5err.ErrCorrupt)
	if err != nil {
		return nil, err
	}
	if len(src) > bloscchunk.MaxBytes {
		return nil, h5err.Unsupported(structure, "chunk", "%d bytes, at most %d", len(src), bloscchunk.MaxBytes)
	}
	dst, ok := bloscchunk.Append(dst[:0], src, p, len(src)-1)
	if !ok {
		return nil, filter.ErrNoGain
	}
	return dst, nil
}
