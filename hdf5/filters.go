package hdf5

import (
	"gables/hdf5/filter"
	"gables/hdf5/filter/bitshuffle"
	"gables/hdf5/filter/blosc"
	"gables/hdf5/filter/blosc2"
	"gables/hdf5/filter/bzip2"
	"gables/hdf5/filter/deflate"
	"gables/hdf5/filter/fletcher32"
	"gables/hdf5/filter/lz4"
	"gables/hdf5/filter/lzf"
	"gables/hdf5/filter/lzo"
	"gables/hdf5/filter/nbit"
	"gables/hdf5/filter/scaleoffset"
	"gables/hdf5/filter/shuffle"
	"gables/hdf5/filter/szip"
	"gables/hdf5/filter/zfp"
	"gables/hdf5/filter/zstd"
)

// filters are those that every file knows unless WithFilters says otherwise.
var filters = filter.NewRegistry(
	deflate.New(), shuffle.New(), fletcher32.New(), szip.New(), nbit.New(), scaleoffset.New(),
	lzf.New(), lzo.New(), bzip2.New(), blosc.New(), blosc2.New(), lz4.New(), bitshuffle.New(),
	zstd.New(), zfp.New(),
)

// RegisterFilter makes f known to all files that are opened afterwards with
// the default filters, in place of an earlier filter of its ID.
func RegisterFilter(f filter.Filter) { filters.Register(f) }

// Filters gives an independent copy of the default filters, for WithFilters.
func Filters() *filter.Registry { return filters.Clone() }
