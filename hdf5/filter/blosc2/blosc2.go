// Package blosc2 applies and undoes HDF5 filter 32026: the chunk is a contiguous
// frame of Blosc2 (source: c-blosc2, README_CFRAME_FORMAT.rst,
// README_B2ND_METALAYER.rst and blosc/frame.c; hdf5-blosc2,
// src/blosc2_filter.c). Whether an array's elements lie in tiles is told by the
// frame; in decoding, the filter's client data is not looked at, as it disagrees
// in real files. A chunk of Blosc without a frame is decoded as well.
package blosc2

import (
	"gables/hdf5/filter"
	"gables/hdf5/filter/internal/bloscchunk"
	"gables/hdf5/h5err"
)

type blosc2 struct{}

// New gives the filter, which is a filter.Encoder. It is safe for concurrent use.
func New() filter.Filter { return blosc2{} }

func (blosc2) ID() filter.ID { return filter.Blosc2 }

func (blosc2) Name() string { return "blosc2" }

// Decode implements filter.Filter.
func (blosc2) Decode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	if !isFrame(src) {
		return decodeChunk(dst, src, c)
	}
	f, err := parseFrame(src)
	if err != nil {
		return nil, err
	}
	dst, err = c.Room(dst, structure, uint64(f.size()))
	if err != nil {
		return nil, err
	}
	if err := f.decode(dst, c.Limit); err != nil {
		return nil, err
	}
	return dst, nil
}

// decodeChunk decodes a chunk that has no frame around it.
func decodeChunk(dst, src []byte, c filter.Chunk) ([]byte, error) {
	ch, err := bloscchunk.Open(src, bloscchunk.Env{})
	if err != nil {
		return nil, err
	}
	defer ch.Close()
	dst, err = c.Room(dst, structure, uint64(ch.NBytes))
	if err != nil {
		return nil, err
	}
	if err := ch.Decode(dst); err != nil {
		return nil, err
	}
	return dst, nil
}

const structure = "Blosc2 frame"

func corrupt(field, format string, args ...any) error {
	return h5err.Corrupt(structure, field, format, args...)
}

func unsupported(field, format string, args ...any) error {
	return h5err.Unsupported(structure, field, format, args...)
}
