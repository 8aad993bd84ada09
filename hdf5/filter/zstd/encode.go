package zstd

import (
	"slices"

	"gables/hdf5/filter"
	"gables/hdf5/filter/internal/zstdframe"
	"gables/hdf5/h5err"
)

var _ filter.Encoder = codec{}

const (
	leastLevel   = -1 << 17
	defaultLevel = 3 // for level 0 too
)

// Values is the client data for that level, -131072 (fastest) to 22 (densest).
func Values(level int) []uint32 { return []uint32{uint32(int32(level))} }

// Local gives the values as they are; the first, if any, is the level.
func (codec) Local(values []uint32, _ filter.Described) ([]uint32, error) {
	if len(values) > 0 {
		if level := int32(values[0]); level < leastLevel || level > zstdframe.MaxLevel {
			return nil, h5err.New(h5err.ErrSelection, "Zstandard filter", "level", "%d, want %d to %d", level, leastLevel, zstdframe.MaxLevel)
		}
	}
	return slices.Clone(values), nil
}

// Encode applies Zstandard as filter.Encoder says: one frame that tells its
// size, stored even where it is larger than src.
func (codec) Encode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	level := defaultLevel
	if len(c.Values) > 0 && c.Values[0] != 0 {
		level = int(int32(c.Values[0]))
	}
	return zstdframe.Encode(slices.Grow(dst[:0], zstdframe.Bound(len(src))), src, level)
}
