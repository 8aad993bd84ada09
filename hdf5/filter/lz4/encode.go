package lz4

import (
	"encoding/binary"
	"math"
	"slices"

	"gables/hdf5/filter"
	"gables/hdf5/filter/internal/lz4block"
	"gables/hdf5/h5err"
)

var _ filter.Encoder = lz4{}

const (
	defaultBlock = 1 << 30    // bytes, where the client data has none or 0
	mostBlock    = 0x7e000000 // bytes; LZ4 takes no more at once
)

// Values is the client data for blocks of that many bytes; 0 stands for one
// block a chunk. Only the byte count of a chunk matters where it is smaller.
func Values(blockBytes uint32) []uint32 { return []uint32{blockBytes} }

// Local gives the values as they are; the first, if any, is the block size in
// bytes. ErrUnsupported for chunks of 2 GiB and more, as for the plugin.
func (lz4) Local(values []uint32, d filter.Described) ([]uint32, error) {
	if len(values) > 0 && values[0] > mostBlock {
		return nil, h5err.New(h5err.ErrSelection, "LZ4 filter", "block size", "%d bytes, at most %d", values[0], mostBlock)
	}
	if n := d.ChunkBytes(); n > math.MaxInt32 {
		return nil, h5err.Unsupported("LZ4 filter", "chunk", "%d bytes, at most %d", n, math.MaxInt32)
	}
	return slices.Clone(values), nil
}

// Encode applies LZ4 in the plugin's framing as filter.Encoder says. Blocks that
// do not shrink are stored as they are, and the chunk even where it grows.
// ErrUnsupported for 2 GiB and more.
func (lz4) Encode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	if len(src) > math.MaxInt32 {
		return nil, h5err.Unsupported(structure, "size", "%d bytes, at most %d", len(src), math.MaxInt32)
	}
	block := blockSize(c.Values, len(src))
	dst = slices.Grow(dst[:0], headerSize+len(src)+4*((len(src)+block-1)/max(block, 1)))
	dst = binary.BigEndian.AppendUint64(dst, uint64(len(src)))
	dst = binary.BigEndian.AppendUint32(dst, uint32(block))
	for len(src) > 0 {
		n := min(block, len(src))
		dst = appendStored(dst, src[:n])
		src = src[n:]
	}
	return dst, nil
}

// blockSize is that for n bytes, at least 1 unless n is 0.
func blockSize(values []uint32, n int) int {
	block := uint32(defaultBlock)
	if len(values) > 0 && values[0] > 0 {
		block = min(values[0], mostBlock)
	}
	return min(int(block), n)
}

// appendStored is decodeStored's counterpart; dst has room for src and its size.
func appendStored(dst, src []byte) []byte {
	at := len(dst)
	room := dst[at+4 : at+4+len(src)]
	// As large as src would be read as uncompressed.
	n := len(lz4block.Compress(room[:len(src)-1], src, 1))
	if n == 0 {
		n = copy(room, src)
	}
	return append(binary.BigEndian.AppendUint32(dst, uint32(n)), room[:n]...)
}
