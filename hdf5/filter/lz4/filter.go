// Package lz4 applies and undoes filter 32004, HDF5's LZ4 plugin: blocks of LZ4
// in a framing of the plugin's own, which is the source. It takes and gives
// bytes and opens no file.
// Everything here is safe for any number of goroutines.
//
// A chunk is framed as follows, every field big-endian:
//
//	0   8  decoded size
//	8   4  block size: decoded bytes of each block but the last
//	12     for each block: 4 bytes stored size, then that many bytes;
//	       a stored size equal to the decoded size means uncompressed
package lz4

import (
	"encoding/binary"

	"gables/hdf5/filter"
	"gables/hdf5/filter/internal/lz4block"
	"gables/hdf5/h5err"
)

// structure names the framing in errors.
const structure = "LZ4 chunk"

// headerSize is the bytes before the first block.
const headerSize = 12

type lz4 struct{}

// New is the LZ4 filter. The block size in its client data is a wish of the
// writer; the stream has its own.
func New() filter.Filter { return lz4{} }

// ID is 32004.
func (lz4) ID() filter.ID { return filter.LZ4 }

// Name is "lz4".
func (lz4) Name() string { return "lz4" }

// Decode undoes the plugin's framing and LZ4 as filter.Filter says. Bytes
// behind the last block are passed over, as the plugin does.
func (lz4) Decode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	if len(src) < headerSize {
		return nil, h5err.Corrupt(structure, "header", "%d bytes, want %d", len(src), headerSize)
	}
	size := binary.BigEndian.Uint64(src)
	if err := c.CheckFrom(structure, size, len(src), lz4block.MaxRatio); err != nil {
		return nil, err
	}
	block := uint64(binary.BigEndian.Uint32(src[8:]))
	if block == 0 && size > 0 {
		return nil, h5err.Corrupt(structure, "block size", "0")
	}
	out, err := c.Room(dst, structure, size)
	if err != nil {
		return nil, err
	}
	src = src[headerSize:]
	for rest := out; len(rest) > 0; {
		n := int(min(block, uint64(len(rest))))
		used, err := decodeStored(rest[:n], src)
		if err != nil {
			return nil, err
		}
		rest, src = rest[n:], src[used:]
	}
	return out, nil
}

// decodeStored fills dst from one block with its size in front, and gives the
// bytes of src that it took.
func decodeStored(dst, src []byte) (int, error) {
	if len(src) < 4 {
		return 0, h5err.Corrupt(structure, "stored size", "%d bytes remain, want 4", len(src))
	}
	stored := uint64(binary.BigEndian.Uint32(src))
	if stored > uint64(len(src)-4) {
		return 0, h5err.Corrupt(structure, "stored size", "%d, %d bytes remain", stored, len(src)-4)
	}
	data := src[4 : 4+int(stored)]
	if len(data) == len(dst) {
		copy(dst, data)
		return 4 + len(data), nil
	}
	return 4 + len(data), lz4block.Decode(dst, data, nil)
}
