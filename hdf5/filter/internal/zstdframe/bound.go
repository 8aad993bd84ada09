package zstdframe

import (
	"io"

	"github.com/klauspost/compress/zstd"

	"gables/hdf5/h5err"
)

// blockMax is the most bytes that one block of a frame decodes to (RFC 8878,
// 3.1.1.2.4), and blockHeader the fewest that it takes.
const (
	blockMax    = 128 << 10
	blockHeader = 3
)

// MaxRatio is more output bytes than one input byte can stand for.
const MaxRatio = blockMax / blockHeader

// decodedBound is the most bytes that the frames of src can decode to: what
// they declare, else what their blocks can hold.
func decodedBound(src []byte) (uint64, error) {
	var total uint64
	for len(src) > 0 {
		var h zstd.Header
		if err := h.Decode(src); err != nil {
			return 0, translate(err)
		}
		if h.Skippable {
			skip := uint64(h.HeaderSize) + uint64(h.SkippableSize)
			if skip > uint64(len(src)) {
				return 0, h5err.Corrupt(structure, "skippable frame", "%d bytes, %d remain", skip, len(src))
			}
			src = src[skip:]
			continue
		}
		if h.HeaderSize > len(src) {
			return 0, translate(io.ErrUnexpectedEOF)
		}
		size, rest, err := blocksBound(src[h.HeaderSize:])
		if err != nil {
			return 0, err
		}
		if h.HasFCS {
			size = min(size, h.FrameContentSize)
		}
		total += size
		src = rest
		if h.HasCheckSum {
			src = src[min(4, len(src)):]
		}
	}
	return total, nil
}

// blocksBound walks the blocks of a frame (RFC 8878, 3.1.1.2) and gives the
// most bytes that they decode to, and what follows them.
func blocksBound(src []byte) (size uint64, rest []byte, err error) {
	for {
		if len(src) < blockHeader {
			return 0, nil, translate(io.ErrUnexpectedEOF)
		}
		h := int(src[0]) | int(src[1])<<8 | int(src[2])<<16
		src = src[blockHeader:]
		stored, decoded := h>>3, h>>3
		switch h >> 1 & 3 {
		case 1: // one byte, repeated
			stored = 1
		case 2: // compressed
			decoded = blockMax
		case 3:
			return 0, nil, translate(zstd.ErrReservedBlockType)
		}
		if stored > len(src) {
			return 0, nil, translate(io.ErrUnexpectedEOF)
		}
		size += uint64(decoded)
		src = src[stored:]
		if h&1 != 0 {
			return size, src, nil
		}
	}
}
