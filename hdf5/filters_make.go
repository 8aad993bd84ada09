package hdf5

import (
	"gables/hdf5/filter"
	"gables/hdf5/filter/bitshuffle"
	"gables/hdf5/filter/blosc"
	"gables/hdf5/filter/blosc2"
	"gables/hdf5/filter/bzip2"
	"gables/hdf5/filter/lz4"
	"gables/hdf5/filter/zfp"
	"gables/hdf5/filter/zstd"
)

// The functions below give stages for DatasetOptions.Filters, with what the user
// says of a filter; what is stored for a dataset is worked out when it is made.
// All but Fletcher32 are optional, as libhdf5, h5py and PyTables make them: a
// chunk that does not get smaller is stored without.

func optional(id filter.ID, values ...uint32) filter.Stage {
	return filter.Stage{ID: id, Optional: true, Flags: 1, Values: values}
}

// Gzip compresses with zlib's deflate, at a level of 0 to 9.
func Gzip(level int) filter.Stage { return optional(filter.Deflate, uint32(level)) }

// Shuffle puts the first bytes of all elements first, then the second ones, so
// that a filter behind it compresses more.
func Shuffle() filter.Stage { return optional(filter.Shuffle) }

// Fletcher32 adds a checksum to each chunk.
func Fletcher32() filter.Stage { return filter.Stage{ID: filter.Fletcher32} }

// Options of Szip.
const (
	SzipEntropy uint32 = 4  // entropy coding: for data that was shuffled or predicted
	SzipNearest uint32 = 32 // nearest neighbour: for numbers that change slowly
)

// Szip compresses with extended Golomb-Rice coding, with SzipEntropy or
// SzipNearest and an even number of at most 32 pixels a block.
func Szip(option uint32, pixels int) filter.Stage {
	return optional(filter.Szip, option, uint32(pixels))
}

// NBit leaves out the bits that the datatype does not use.
func NBit() filter.Stage { return optional(filter.NBit) }

// ScaleOffsetInt stores the integers of a chunk less their least, in so many
// bits; 0 finds out how many each chunk needs, and then nothing is lost.
func ScaleOffsetInt(bits int) filter.Stage { return optional(filter.ScaleOffset, 2, uint32(bits)) }

// ScaleOffsetFloat keeps so many decimal digits behind the point.
func ScaleOffsetFloat(digits int) filter.Stage {
	return optional(filter.ScaleOffset, 0, uint32(int32(digits)))
}

// LZF compresses fast, as h5py does.
func LZF() filter.Stage { return optional(filter.LZF) }

// LZO compresses as PyTables did with LZO.
func LZO(level int) filter.Stage { return optional(filter.LZO, uint32(level)) }

// BZip2 compresses with bzip2, in blocks of 1 to 9 times 100 kB.
func BZip2(level int) filter.Stage { return optional(filter.BZip2, bzip2.Values(level)...) }

// LZ4 compresses fast; blockBytes 0 is one block of at most 1 GiB.
func LZ4(blockBytes uint32) filter.Stage { return optional(filter.LZ4, lz4.Values(blockBytes)...) }

// Zstd compresses with Zstandard, at a level of 1 to 22, or a negative one.
func Zstd(level int) filter.Stage { return optional(filter.Zstd, zstd.Values(level)...) }

// Blosc compresses with one of Blosc's codecs, at a level of 0 to 9.
func Blosc(codec blosc.Codec, level int, shuffle blosc.Shuffle) filter.Stage {
	return optional(filter.Blosc, blosc.Values(codec, level, shuffle)...)
}

// Blosc2 compresses with one of Blosc2's codecs, at a level of 0 to 9.
func Blosc2(codec blosc2.Codec, level int, shuffle blosc2.Shuffle) filter.Stage {
	return optional(filter.Blosc2, blosc2.Values(codec, level, shuffle)...)
}

// Bitshuffle reorders bits, and compresses them unless compression is
// bitshuffle.None; level is that of Zstd.
func Bitshuffle(compression bitshuffle.Compression, level int) filter.Stage {
	return optional(filter.Bitshuffle, bitshuffle.Values(0, compression, uint32(level))...)
}

// ZFP compresses numbers, with what zfp.Rate, zfp.Precision, zfp.Accuracy or
// zfp.Reversible give. All but the last lose something.
func ZFP(mode []uint32) filter.Stage { return optional(filter.ZFP, mode...) }

// userStages gives stages as the user would ask for them from those that are
// stored, for chunks of another shape.
func userStages(stored []filter.Stage) ([]filter.Stage, error) {
	list := append([]filter.Stage(nil), stored...)
	for i, s := range list {
		v := append([]uint32(nil), s.Values...)
		switch s.ID {
		case filter.Shuffle, filter.Fletcher32, filter.NBit:
			v = nil
		case filter.Szip, filter.ScaleOffset:
			v = v[:min(len(v), 2)]
		case filter.Bitshuffle:
			v = v[min(len(v), 3):]
		case filter.Blosc2:
			v = v[:min(len(v), 7)]
			if len(v) > 1 && v[1] != 0 {
				v[1] = blosc2.AutoBlock
			}
		case filter.ZFP:
			var err error
			if v, err = zfp.UserValues(v); err != nil {
				return nil, err
			}
		}
		list[i].Values = v
	}
	return list, nil
}
