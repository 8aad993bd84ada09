package bloscchunk

import (
	"bytes"
	"errors"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// zstdStreams are decoders without dictionary. With one decoder inside, each
// starts no goroutine.
var zstdStreams = sync.Pool{New: func() any {
	d, err := newZstd()
	if err != nil {
		panic("bloscchunk: constant options refused: " + err.Error())
	}
	return d
}}

// newZstd makes a decoder that never gives more than the capacity it is handed.
func newZstd(more ...zstd.DOption) (*zstd.Decoder, error) {
	return zstd.NewReader(nil, append(more,
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(maxBlock))...)
}

// dictDecoder decodes the streams of one chunk that has a dictionary.
type dictDecoder struct {
	zstd  *zstd.Decoder
	hasID bool // streams name the dictionary by its number
}

// decodeZstd decodes frames of Zstandard's format (RFC 8878) into exactly dst.
func (c *Chunk) decodeZstd(dst, src []byte) error {
	d := c.dictZstd.zstd
	if d == nil {
		d = zstdStreams.Get().(*zstd.Decoder)
		defer zstdStreams.Put(d)
	} else if c.dictZstd.hasID && len(src) > 4 && src[4]&3 == 0 {
		// Such a frame would be decoded without the dictionary.
		return unsupported("dictionary", "Zstandard frame without its number")
	}
	out, err := d.DecodeAll(src, dst[:0:len(dst)])
	switch {
	case errors.Is(err, zstd.ErrCRCMismatch):
		return checksumError("Zstandard")
	case err != nil:
		return codecError("Zstandard", err)
	case len(out) != len(dst):
		return corrupt("Zstandard stream", "%d bytes, %d wanted", len(out), len(dst))
	}
	return nil
}

// zstdDictMagic begins a dictionary with entropy tables; other bytes are text.
var zstdDictMagic = []byte{0x37, 0xa4, 0x30, 0xec}

// openZstdDict makes the decoder of a chunk with a dictionary.
func (c *Chunk) openZstdDict(dict []byte) error {
	option := zstd.WithDecoderDictRaw(0, dict)
	if bytes.HasPrefix(dict, zstdDictMagic) {
		option = zstd.WithDecoderDicts(dict)
		c.dictZstd.hasID = len(dict) >= 8 && word(dict[4:]) != 0
	}
	d, err := newZstd(option)
	if err != nil {
		return codecError("Zstandard dictionary for a", err)
	}
	c.dictZstd.zstd = d
	return nil
}
