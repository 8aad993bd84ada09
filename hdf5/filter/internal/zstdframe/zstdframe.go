// Package zstdframe encodes and decodes Zstandard: one frame of RFC 8878 out,
// one or more in, skippable ones among them, with or without their content
// size. The format itself is github.com/klauspost/compress/zstd's work; its
// encoders and decoders are kept for the next call. The package starts no
// goroutine and is safe for concurrent use.
package zstdframe

import (
	"errors"
	"sync"

	"github.com/klauspost/compress/zstd"

	"gables/hdf5/h5err"
)

// structure names the codec in errors.
const structure = "Zstandard frame"

// Decode decodes the frames of src, which must fill dst exactly; ErrCorrupt
// or ErrChecksum otherwise, ErrUnsupported where a frame wants a dictionary.
// The two must not overlap.
func Decode(dst, src []byte) error {
	d, err := take()
	if err != nil {
		return err
	}
	defer decoders.Put(d)
	return exactly(d, dst, src)
}

// exactly is Decode with a given decoder.
func exactly(d *zstd.Decoder, dst, src []byte) error {
	n, err := into(d, dst, src)
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

// DecodeUpTo decodes frames of any total size up to limit, into dst[:0] where
// its capacity suffices and else in memory as large as their headers tell of.
// Errors are those of Decode, and ErrLimit.
func DecodeUpTo(dst, src []byte, limit int) ([]byte, error) {
	bound, err := decodedBound(src)
	if err != nil {
		return nil, err
	}
	size := int(min(bound, uint64(limit)))
	if cap(dst) < size {
		dst = make([]byte, size)
	}
	d, err := take()
	if err != nil {
		return nil, err
	}
	defer decoders.Put(d)
	n, err := into(d, dst[:size], src)
	if err != nil {
		err = translate(err)
		// Out of room shows as one of several errors of the decoder.
		if bound > uint64(limit) && errors.Is(err, h5err.ErrCorrupt) {
			return nil, h5err.Limit(structure, "decoded size", "more than %d bytes", limit)
		}
		return nil, err
	}
	return dst[:n], nil
}

// decoders holds *zstd.Decoder: one costs some 100 KiB of tables and buffers.
var decoders sync.Pool

// take gives a decoder without dictionary.
func take() (*zstd.Decoder, error) {
	if d, ok := decoders.Get().(*zstd.Decoder); ok {
		return d, nil
	}
	// Concurrency 1 decodes on the caller's goroutine; the capacity limit bounds memory.
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, translate(err)
	}
	return d, nil
}

// into decodes into dst, never beyond it, and gives the bytes that came.
func into(d *zstd.Decoder, dst, src []byte) (int, error) {
	out, err := d.DecodeAll(src, dst[:0:len(dst)])
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
