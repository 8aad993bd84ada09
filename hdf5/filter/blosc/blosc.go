// Package blosc applies and undoes HDF5 filter 32001: the chunk is one chunk of
// Blosc (source: hdf5-blosc, src/blosc_filter.c). What decoding needs stands in
// the chunk's own header; the filter's client data is not looked at then, as
// writers leave parts of it unset.
package blosc

import (
	"gables/hdf5/filter"
	"gables/hdf5/filter/internal/bloscchunk"
)

type blosc struct{}

// New gives the filter, which is a filter.Encoder. It is safe for concurrent use.
func New() filter.Filter { return blosc{} }

func (blosc) ID() filter.ID { return filter.Blosc }

func (blosc) Name() string { return "blosc" }

// Decode implements filter.Filter.
func (blosc) Decode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	ch, err := bloscchunk.Open(src, bloscchunk.Env{})
	if err != nil {
		return nil, err
	}
	defer ch.Close()
	dst, err = c.Room(dst, "Blosc chunk", uint64(ch.NBytes))
	if err != nil {
		return nil, err
	}
	if err := ch.Decode(dst); err != nil {
		return nil, err
	}
	return dst, nil
}
