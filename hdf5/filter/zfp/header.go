package zfp

import (
	"encoding/binary"

	"gables/hdf5/h5err"
)

// Client data, 4 to 6 words: one of versions (zfp 16 bits, codec 4, H5Z-ZFP 12),
// then zfp's header as a bit stream in the writer's byte order:
//
//	bits  field
//	32    "zfp" and the codec version
//	52    type (2), dimensionality (2), sizes less one, x first (48 in all)
//	12    mode; 64 where the first 12 are all ones
const (
	codecVersion = 5
	maxValues    = 7     // H5Z-ZFP takes 6 words of header at most
	firstOwn     = 0x110 // the first H5Z-ZFP that stores its own codec field, 1.1.0
)

// Type is the type of a value, as the header numbers it.
type Type uint8

// The types that zfp codes.
const (
	Int32 Type = iota
	Int64
	Float32
	Float64
)

func (k Type) wide() bool  { return k&1 != 0 }
func (k Type) float() bool { return k >= Float32 }

func (k Type) size() int {
	if k.wide() {
		return 8
	}
	return 4
}

// header is what the client data say of each chunk.
type header struct {
	kind      Type
	dims      int       // 1 to 4
	n         [4]uint64 // values along x (fastest), y, z, w; 1 beyond dims
	mode      params
	bigEndian bool // the writer's byte order
}

// bytes is the size of the field decoded; at most 2^51, so it never overflows.
func (h header) bytes() uint64 {
	return h.n[0] * h.n[1] * h.n[2] * h.n[3] * uint64(h.kind.size())
}

func (h header) blocks() uint64 {
	b := uint64(1)
	for _, n := range h.n {
		b *= (n + 3) / 4
	}
	return b
}

// checkStream refuses a stream of too few bytes for h before memory is taken:
// no block has fewer than one bit, nor fewer than the mode's minimum.
func (h header) checkStream(size int) error {
	if need := h.blocks() * uint64(h.mode.minBits); need > uint64(size)*8 {
		return h5err.Corrupt(structure, "stream", "%d bytes for at least %d bits", size, need)
	}
	return nil
}

// parseValues reads the client data as H5Z-ZFP does: a header without magic is
// tried once more with its bytes swapped.
func parseValues(values []uint32) (header, error) {
	if len(values) < 2 || len(values) > maxValues {
		return header{}, h5err.Corrupt(structure, "client data", "%d words", len(values))
	}
	if err := checkVersion(values[0]); err != nil {
		return header{}, err
	}
	var little, big [4*maxValues + 8]byte
	words := values[1:]
	for i, v := range words {
		binary.LittleEndian.PutUint32(little[4*i:], v)
		binary.BigEndian.PutUint32(big[4*i:], v)
	}
	if [3]byte(little[:3]) == [3]byte{'z', 'f', 'p'} {
		return parseHeader(little[:4*len(words)+8])
	}
	if [3]byte(big[:3]) == [3]byte{'z', 'f', 'p'} {
		h, err := parseHeader(big[:4*len(words)+8])
		h.bigEndian = true
		return h, err
	}
	return header{}, h5err.Corrupt(structure, "magic", "no zfp header in client data (%08x)", words[0])
}

// checkVersion holds the codec that the version word tells against ours.
// Plugins before 1.1.0 did not store it; then it is the minor digit of zfp 0.x.
func checkVersion(v uint32) error {
	plugin, codec, lib := v&0xfff, v>>12&0xf, v>>16<<4
	if plugin < firstOwn {
		codec = codecVersion
		if lib < 0x1000 {
			codec = lib >> 8 & 0xf
		}
	}
	if codec > codecVersion {
		return h5err.Unsupported(structure, "version", "codec %d (version word %08x), up to %d is known", codec, v, codecVersion)
	}
	return nil
}

// parseHeader reads zfp's header, with 8 bytes of padding behind it.
func parseHeader(p []byte) (header, error) {
	if p[3] != codecVersion {
		return header{}, h5err.Unsupported(structure, "magic", "codec version %d, %d is known", p[3], codecVersion)
	}
	r := bitReader{data: p, pos: 32}
	h := header{kind: Type(r.read(2)), n: [4]uint64{1, 1, 1, 1}}
	h.dims = int(r.read(2)) + 1
	for i := range h.dims {
		h.n[i] = r.read(uint(48/h.dims)) + 1
	}
	word := r.read(shortModeBits)
	if word == longMode {
		word |= r.read(longModeBits-shortModeBits) << shortModeBits
	}
	if r.overrun() {
		return header{}, h5err.Corrupt(structure, "client data", "header ends after %d bytes", len(p)-8)
	}
	var err error
	h.mode, err = parseMode(word)
	return h, err
}
