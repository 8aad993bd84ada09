package deflate

import (
	"encoding/binary"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// Encode compresses src into a zlib stream at the level that the client data
// gives. As libhdf5 since 1.6 does, it keeps a stream that came out larger.
func (codec) Encode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	level, err := level(c.Values, h5err.ErrCorrupt)
	if err != nil {
		return nil, err
	}
	return Append(dst[:0], src, level), nil
}

// Local gives the level.
func (codec) Local(values []uint32, _ filter.Described) ([]uint32, error) {
	level, err := level(values, h5err.ErrSelection)
	if err != nil {
		return nil, err
	}
	return []uint32{uint32(level)}, nil
}

// level is the one client value.
func level(values []uint32, sentinel error) (int, error) {
	if len(values) != 1 || values[0] > 9 {
		return 0, h5err.New(sentinel, "deflate filter", "client data", "%d, want a level of 0 to 9", values)
	}
	return int(values[0]), nil
}

// headers is zlib's header by level; it restates the level in four steps.
var headers = [10]uint16{0x7801, 0x7801, 0x785e, 0x785e, 0x785e, 0x785e, 0x789c, 0x78da, 0x78da, 0x78da}

// Append appends src as a zlib stream to dst. level goes from 0, which only
// stores, to 9; it panics for another.
func Append(dst, src []byte, level int) []byte {
	dst = binary.BigEndian.AppendUint16(dst, headers[level])
	if level == 0 {
		dst = appendStored(dst, src)
	} else {
		dst = appendBlocks(dst, src, level)
	}
	return binary.BigEndian.AppendUint32(dst, Adler32(src))
}
