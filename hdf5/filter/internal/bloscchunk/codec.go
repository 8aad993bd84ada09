package bloscchunk

import (
	"encoding/binary"

	"github.com/klauspost/compress/snappy"

	"gables/hdf5/filter/deflate"
	"gables/hdf5/filter/internal/blosclz"
	"gables/hdf5/filter/internal/lz4block"
	"gables/hdf5/filter/internal/zstdframe"
	"gables/hdf5/h5err"
)

// Numbers of codecs in the upper bits of the flags.
const (
	codecBloscLZ    = 0
	codecLZ4        = 1
	codecSnappy     = 2 // Blosc1 only
	codecZlib       = 3
	codecZstd       = 4
	codecRegistered = 6
)

// registeredCodecs are names of the codecs that c-blosc2 registers
// (include/blosc2/codecs-registry.h), none of which is decoded.
var registeredCodecs = map[byte]string{
	32: "ndlz", 33: "zfp_acc", 34: "zfp_prec", 35: "zfp_rate", 36: "openhtj2k",
	37: "grok", 38: "openzl", 39: "j2k", 40: "htj2k",
}

const (
	codecVersion = 1       // of every codec's format so far
	maxDict      = 1 << 15 // greatest dictionary that c-blosc2 takes
)

func (c *Chunk) codec() byte { return c.flags >> 5 }

// checkCodec tells whether the codec is known.
func (c *Chunk) checkCodec() error {
	switch c.codec() {
	case codecBloscLZ, codecLZ4, codecSnappy, codecZlib, codecZstd:
		if c.codecVersion != codecVersion {
			return unsupported("codec", "version %d of the format of codec %d", c.codecVersion, c.codec())
		}
		return nil
	case codecRegistered:
		if name := registeredCodecs[c.codecID]; name != "" {
			return unsupported("codec", "%d (%s)", c.codecID, name)
		}
		return unsupported("codec", "%d", c.codecID)
	}
	return unsupported("codec", "format %d", c.codec())
}

// decodeStream decodes one stream into exactly dst.
func (c *Chunk) decodeStream(dst, src []byte) error {
	switch c.codec() {
	case codecBloscLZ:
		return blosclz.Decode(dst, src)
	case codecLZ4:
		return lz4block.Decode(dst, src, c.dict)
	case codecSnappy:
		return decodeSnappy(dst, src)
	case codecZlib:
		_, err := deflate.Decode(dst, src, len(dst), len(dst))
		return err
	case codecZstd:
		if c.dictZstd != nil {
			return c.dictZstd.Decode(dst, src)
		}
		return zstdframe.Decode(dst, src)
	}
	return unsupported("codec", "format %d", c.codec())
}

// openDict finds the dictionary between the block starts and the streams.
func (c *Chunk) openDict() error {
	at := c.size + 4*c.blocks
	if len(c.src)-at < 4 {
		return corrupt("dictionary", "no size")
	}
	n := int(word(c.src[at:]))
	at += 4
	if n <= 0 || n > maxDict || n > len(c.src)-at {
		return corrupt("dictionary", "%d bytes of %d", n, len(c.src)-at)
	}
	switch c.codec() {
	case codecLZ4:
		c.dict = c.src[at : at+n]
	case codecZstd:
		var err error
		c.dictZstd, err = zstdframe.OpenDict(c.src[at : at+n])
		return err
	default:
		return unsupported("dictionary", "with codec %d", c.codec())
	}
	return nil
}

// decodeSnappy decodes a block of Snappy's format.
func decodeSnappy(dst, src []byte) error {
	// The length is checked first, as the decoder takes memory for it.
	n, k := binary.Uvarint(src)
	if k <= 0 || n != uint64(len(dst)) {
		return corrupt("Snappy stream", "%d bytes, %d wanted", n, len(dst))
	}
	out, err := snappy.Decode(dst, src)
	if err != nil {
		return corrupt("Snappy stream", "%v", err)
	}
	if len(out) != len(dst) {
		return corrupt("Snappy stream", "%d bytes, %d wanted", len(out), len(dst))
	}
	return nil
}

func unsupported(field, format string, args ...any) error {
	return h5err.Unsupported(structure, field, format, args...)
}
