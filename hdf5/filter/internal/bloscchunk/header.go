// Package bloscchunk encodes and decodes chunks of Blosc1 and Blosc2 (source:
// c-blosc2, README_CHUNK_FORMAT.rst, and c-blosc 1.21 and c-blosc2 3.x where that
// text is silent). It takes and gives bytes and opens nothing. Functions are safe
// for concurrent use; a Chunk belongs to one goroutine.
//
// A chunk is a header, the start of each block, perhaps a dictionary, and the
// streams of the blocks. All integers are little-endian.
//
//	offset size field
//	0      1    version: 1, 2 Blosc1; 3 to 6 Blosc2
//	1      1    version of the codec's format, 1
//	2      1    flags: 1 shuffle, 2 stored as is, 4 bit shuffle, 8 delta,
//	            16 blocks not split; 5-7 codec; 1 and 4 both: 32-byte header
//	3      1    bytes of one element
//	4      4    bytes decoded
//	8      4    bytes of one block, decoded (number of blocks if those vary)
//	12     4    bytes of the chunk, this header included
//	16     6    filters, in the order in which they were applied
//	22     1    number of a registered codec
//	23     1    its parameter
//	24     6    parameters of the filters
//	30     1    flags: 1 blocks of varying length
//	31     1    flags: 1 dictionary, 8 lazy, 4-6 special value, 128 instrumented
package bloscchunk

import (
	"encoding/binary"

	"gables/hdf5/h5err"
)

// MaxBlock is the greatest block, in bytes, that c-blosc2 takes.
const MaxBlock = 536866816

const (
	shortHeader = 16 // Blosc1
	longHeader  = 32 // Blosc2
	maxFilters  = 6

	versionBlosc1  = 2 // the last version of Blosc1
	versionWritten = 5 // of Blosc2
	versionLast    = 6
)

// Bits of the flags at offset 2.
const (
	flagShuffle    = 1 << 0
	flagStored     = 1 << 1
	flagBitShuffle = 1 << 2
	flagDelta      = 1 << 3
	flagNoSplit    = 1 << 4
	flagLong       = flagShuffle | flagBitShuffle
)

// Bits of the flags at offsets 30 and 31.
const (
	flag30Varying     = 1 << 0
	flag31Dictionary  = 1 << 0
	flag31Lazy        = 1 << 3
	flag31Instruments = 1 << 7
)

// Special tells that all elements of a chunk are alike.
type Special uint8

// The kinds of special chunks.
const (
	Regular       Special = 0 // blocks follow
	Zeros         Special = 1
	NaNs          Special = 2 // floats of 4 or 8 bytes
	Repeated      Special = 3 // one value follows the header
	Uninitialised Special = 4 // never written: read as zeros
)

// Header is what a chunk says of itself.
type Header struct {
	Version   int // of the chunk's format
	TypeSize  int // bytes of one element, 1 to 255
	NBytes    int // bytes decoded
	BlockSize int // bytes of each block but the last, decoded; 0 where they vary
	Special   Special

	codecVersion   byte
	flags          byte
	blocks         int
	cbytes         int
	size           int // bytes of the header itself
	filters        [maxFilters]byte
	filtersMeta    [maxFilters]byte
	codecID        byte // of a registered codec
	varying, dicts bool
}

// ParseHeader reads the header of the chunk that src begins with and checks it
// for itself and against len(src). A version or feature that is not known gives
// ErrUnsupported, anything else that is amiss ErrCorrupt.
func ParseHeader(src []byte) (Header, error) {
	if len(src) < shortHeader {
		return Header{}, corrupt("header", "%d bytes", len(src))
	}
	h := Header{
		Version: int(src[0]), codecVersion: src[1], flags: src[2], TypeSize: int(src[3]),
		size: shortHeader,
	}
	if h.Version > versionLast {
		return h, h5err.Unsupported(structure, "version", "%d", h.Version)
	}
	if h.Version == 0 || h.TypeSize == 0 {
		return h, corrupt("header", "version %d, element of %d bytes", h.Version, h.TypeSize)
	}
	nbytes, block, cbytes := word(src[4:]), word(src[8:]), word(src[12:])
	if nbytes < 0 || block < 0 || cbytes < shortHeader || cbytes > int32(min(len(src), 1<<31-1)) {
		return h, corrupt("header", "%d bytes in blocks of %d from %d of %d bytes", nbytes, block, cbytes, len(src))
	}
	h.NBytes, h.BlockSize, h.cbytes = int(nbytes), int(block), int(cbytes)
	var err error
	if h.flags&flagLong == flagLong {
		err = h.parseLong(src[:cbytes])
	} else {
		h.shortFilters()
	}
	if err == nil {
		err = h.countBlocks()
	}
	return h, err
}

// parseLong reads what only Blosc2's header has.
func (h *Header) parseLong(src []byte) error {
	if h.Version <= versionBlosc1 {
		return corrupt("flags", "0x%02x in version %d", h.flags, h.Version)
	}
	if len(src) < longHeader {
		return corrupt("header", "%d bytes", len(src))
	}
	h.size = longHeader
	copy(h.filters[:], src[16:])
	copy(h.filtersMeta[:], src[24:])
	h.codecID = src[22]
	flags2, flags := src[30], src[31]
	if h.Version == 3 {
		// The alpha series left the sixth slot and the byte behind it unset.
		h.filters[5], h.filtersMeta[5], flags2 = 0, 0, 0
	}
	if flags2&^flag30Varying != 0 {
		return h5err.Unsupported(structure, "second flags", "0x%02x", flags2)
	}
	h.varying = flags2&flag30Varying != 0
	h.dicts = flags&flag31Dictionary != 0
	h.Special = Special(flags >> 4 & 7)
	if h.Special == Regular {
		if flags&flag31Lazy != 0 {
			return corrupt("flags", "lazy chunk: its blocks are not stored")
		}
		if flags&flag31Instruments != 0 {
			// Its bytes are timings of the writer, not the data.
			return h5err.Unsupported(structure, "flags", "instrumented chunk")
		}
	}
	if h.varying && (h.Special != Regular || h.flags&flagStored != 0) {
		return corrupt("flags", "varying blocks in a chunk without blocks")
	}
	return nil
}

// shortFilters gives the filters that Blosc1's flags stand for.
func (h *Header) shortFilters() {
	if h.flags&flagDelta != 0 {
		h.filters[maxFilters-2] = filterDelta
	}
	switch {
	case h.flags&flagShuffle != 0:
		h.filters[maxFilters-1] = filterShuffle
	case h.flags&flagBitShuffle != 0:
		h.filters[maxFilters-1] = filterBitShuffle
	}
}

// countBlocks derives the number of blocks and checks that their starts, or the
// bytes stored as is, fit in the chunk.
func (h *Header) countBlocks() error {
	body := h.cbytes - h.size
	if h.flags&flagStored != 0 && h.Special == Regular {
		if body != h.NBytes {
			return corrupt("header", "%d bytes stored as is in %d", h.NBytes, body)
		}
	}
	if h.varying {
		h.blocks, h.BlockSize = h.BlockSize, 0
	} else if h.NBytes > 0 {
		if h.BlockSize == 0 || h.BlockSize > MaxBlock {
			return corrupt("header", "blocks of %d bytes", h.BlockSize)
		}
		if h.BlockSize > h.NBytes {
			h.BlockSize = h.NBytes
			if h.Version <= versionBlosc1 {
				h.flags |= flagNoSplit // Blosc1 takes it for a short last block
			}
		}
		h.blocks = (h.NBytes-1)/h.BlockSize + 1
	}
	if h.Special == Regular && h.flags&flagStored == 0 && h.blocks > body/4 {
		return corrupt("header", "%d blocks in %d bytes", h.blocks, h.cbytes)
	}
	return nil
}

// CBytes is how many bytes the chunk takes, its header included.
func (h *Header) CBytes() int { return h.cbytes }

// Blocks is the number of blocks.
func (h *Header) Blocks() int { return h.blocks }

const structure = "Blosc chunk"

func corrupt(field, format string, args ...any) error {
	return h5err.Corrupt(structure, field, format, args...)
}

func word(b []byte) int32 { return int32(binary.LittleEndian.Uint32(b)) }
