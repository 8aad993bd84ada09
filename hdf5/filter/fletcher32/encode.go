package fletcher32

import (
	"encoding/binary"
	"slices"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// Encode gives src with its checksum behind it.
func (codec) Encode(dst, src []byte, _ filter.Chunk) ([]byte, error) {
	dst = append(slices.Grow(dst[:0], len(src)+sumSize), src...)
	return binary.LittleEndian.AppendUint32(dst, Sum(src)), nil
}

// Local gives no client data and takes none.
func (codec) Local(values []uint32, _ filter.Described) ([]uint32, error) {
	if len(values) > 0 {
		return nil, h5err.New(h5err.ErrSelection, "fletcher32 filter", "parameters", "%d values, want none", len(values))
	}
	return nil, nil
}
