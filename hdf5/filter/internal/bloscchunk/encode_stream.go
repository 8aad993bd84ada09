package bloscchunk

import (
	"bytes"
	"encoding/binary"

	"github.com/klauspost/compress/snappy"

	"gables/hdf5/filter/deflate"
	"gables/hdf5/filter/internal/blosclz"
	"gables/hdf5/filter/internal/lz4block"
	"gables/hdf5/filter/internal/zstdframe"
)

// stream appends one stream with its length, and tells whether it fits.
func (e *encoder) stream(b []byte) bool {
	at := len(e.dst)
	if at+4 > e.limit {
		return false
	}
	if !e.Blosc1 && isRun(b) {
		return e.run(b[0])
	}
	e.zeros = false
	body := e.compress(e.dst[at+4:min(e.limit, at+4+len(b)-1)], b)
	if body == nil {
		body = b
	}
	if at+4+len(body) > e.limit {
		return false
	}
	e.dst = e.dst[:at+4+len(body)]
	binary.LittleEndian.PutUint32(e.dst[at:], uint32(len(body)))
	if &e.dst[at+4] != &body[0] {
		copy(e.dst[at+4:], body)
	}
	return true
}

// isRun tells whether all bytes are alike.
func isRun(b []byte) bool {
	n := len(b)
	// The last byte first: most streams end the question there.
	return b[0] == b[n-1] && bytes.Equal(b[1:], b[:n-1])
}

// run appends a stream of equal bytes: minus the byte as length, and a token
// unless it is zero.
func (e *encoder) run(v byte) bool {
	e.dst = binary.LittleEndian.AppendUint32(e.dst, uint32(-int32(v)))
	if v == 0 {
		return true
	}
	e.zeros = false
	if len(e.dst) == e.limit {
		return false
	}
	e.dst = append(e.dst, 1)
	return true
}

// compress compresses b, into dst where the codec can do with that room, and
// gives the result; nil where it does not get smaller than b or does not fit.
func (e *encoder) compress(dst, b []byte) []byte {
	if len(dst) == 0 {
		return nil
	}
	var err error
	switch e.Codec {
	case BloscLZ:
		return blosclz.Compress(dst, b, e.Level)
	case LZ4:
		return lz4block.Compress(dst, b, 10-e.Level)
	case LZ4HC:
		return lz4block.CompressHC(dst, b, e.Level)
	case Snappy:
		e.coded = resize(e.coded, snappy.MaxEncodedLen(len(b)))
		e.coded = snappy.Encode(e.coded, b)
	case Zlib:
		e.coded = deflate.Append(resize(e.coded, len(b))[:0], b, e.Level)
	case Zstd:
		e.coded, err = zstdframe.Encode(resize(e.coded, zstdframe.Bound(len(b)))[:0], b, zstdLevels[e.Level])
	}
	if err != nil || len(e.coded) > len(dst) {
		return nil
	}
	return e.coded
}

// zstdLevels is Zstandard's level by Blosc's.
var zstdLevels = [MaxLevel + 1]int{0, 1, 3, 5, 7, 9, 11, 13, 15, zstdframe.MaxLevel}
