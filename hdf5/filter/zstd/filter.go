// Package zstd decodes filter 32015, Zstandard: one or more frames of RFC 8878,
// skippable ones among them, with or without their content size. The format
// itself is github.com/klauspost/compress/zstd's work. It takes and gives bytes,
// opens no file and starts no goroutine. Everything here is safe for any number
// of goroutines.
package zstd

import (
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// structure names the codec in errors.
const structure = "Zstandard frame"

// blockMax is the most bytes that one block of a frame decodes to (RFC 8878,
// 3.1.1.2.4), and blockHeader the fewest that it takes.
const (
	blockMax    = 128 << 10
	blockHeader = 3
)

type zstdFilter struct{}

// New is the Zstandard filter. Its client data (level) say nothing that
// decoding needs.
func New() filter.Filter { return zstdFilter{} }

// ID is 32015.
func (zstdFilter) ID() filter.ID { return filter.Zstd }

// Name is "zstd".
func (zstdFilter) Name() string { return "zstd" }

// Decode undoes Zstandard as filter.Filter says. Frames that want a dictionary
// are ErrUnsupported.
func (zstdFilter) Decode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	if c.Size > c.Limit {
		return nil, h5err.Limit(structure, "decoded size", "%d bytes, limit %d", c.Size, c.Limit)
	}
	if c.Size < 0 {
		return decodeUnknown(dst, src, c.Limit)
	}
	if c.Size/blockMax > len(src)/blockHeader {
		return nil, h5err.Corrupt(structure, "decoded size", "%d bytes can't come from %d", c.Size, len(src))
	}
	out := slices.Grow(dst[:0], c.Size)[:c.Size]
	if err := DecodeInto(out, src); err != nil {
		return nil, err
	}
	return out, nil
}

// DecodeInto decodes the frames of src, which must fill dst exactly;
// ErrCorrupt, ErrChecksum or ErrUnsupported otherwise. The two must not overlap.
func DecodeInto(dst, src []byte) error {
	n, err := decode(dst, src)
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return h5err.Corrupt(structure, "decoded size", "more than %d bytes", len(dst))
	}
	if err != nil {
		return translate(err)
	}
	if n != len(dst) {
		return h5err.Corrupt(structure, "decoded size", "%d bytes, want %d", n, len(dst))
	}
	return nil
}

// decodeUnknown decodes frames of any total size up to limit, in the room that
// their headers tell of.
func decodeUnknown(dst, src []byte, limit int) ([]byte, error) {
	bound, err := decodedBound(src)
	if err != nil {
		return nil, err
	}
	size := int(min(bound, uint64(limit)))
	out := slices.Grow(dst[:0], size)[:size]
	n, err := decode(out, src)
	if err != nil {
		err = translate(err)
		// Out of room shows as one of several errors of the decoder.
		if bound > uint64(limit) && errors.Is(err, h5err.ErrCorrupt) {
			return nil, h5err.Limit(structure, "decoded size", "more than %d bytes", limit)
		}
		return nil, err
	}
	return out[:n], nil
}

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

// decoders holds *zstd.Decoder: one costs some 100 KiB of tables and buffers.
var decoders sync.Pool

// decode decodes into dst, never beyond it, and gives the bytes that came.
func decode(dst, src []byte) (int, error) {
	d, ok := decoders.Get().(*zstd.Decoder)
	if !ok {
		var err error
		// Concurrency 1 decodes on the caller's goroutine; the capacity limit bounds memory.
		d, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return 0, err
		}
	}
	out, err := d.DecodeAll(src, dst[:0:len(dst)])
	decoders.Put(d)
	if err == nil && len(out) > 0 && &out[0] != &dst[0] {
		copy(dst, out)
	}
	return len(out), err
}

// translate wraps the sentinel of h5err that says what went wrong.
func translate(err error) error {
	sentinel := h5err.ErrCorrupt
	switch {
	case errors.Is(err, zstd.ErrCRCMismatch):
		sentinel = h5err.ErrChecksum
	case errors.Is(err, zstd.ErrUnknownDictionary):
		sentinel = h5err.ErrUnsupported
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		sentinel = h5err.ErrLimit
	}
	return h5err.New(sentinel, structure, "", "%v", err)
}
