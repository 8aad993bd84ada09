package zstdframe

import (
	"bytes"
	"encoding/binary"

	"github.com/klauspost/compress/zstd"

	"gables/hdf5/h5err"
)

// dictMagic begins a dictionary with entropy tables (RFC 8878, 5); other bytes
// are text.
var dictMagic = []byte{0x37, 0xa4, 0x30, 0xec}

// Dict decodes frames that were made with one dictionary. It is for one
// goroutine at a time.
type Dict struct {
	d     *zstd.Decoder
	hasID bool // frames name the dictionary by its number
}

// OpenDict prepares the dictionary dict, which must not change before Close.
// One that breaks the format is ErrCorrupt.
func OpenDict(dict []byte) (*Dict, error) {
	o := zstd.WithDecoderDictRaw(0, dict)
	hasID := false
	if bytes.HasPrefix(dict, dictMagic) {
		o = zstd.WithDecoderDicts(dict)
		hasID = len(dict) >= 8 && binary.LittleEndian.Uint32(dict[4:]) != 0
	}
	d, err := take()
	if err != nil {
		return nil, err
	}
	if err := d.ResetWithOptions(nil, o); err != nil {
		return nil, h5err.Corrupt(structure, "dictionary", "%v", err)
	}
	return &Dict{d, hasID}, nil
}

// Decode is the package's Decode for frames with the dictionary. A frame that
// should name the dictionary and doesn't is ErrUnsupported.
func (z *Dict) Decode(dst, src []byte) error {
	if z.hasID && len(src) > 4 && src[4]&3 == 0 {
		// Such a frame would be decoded without the dictionary.
		return h5err.Unsupported(structure, "dictionary", "not named by the frame")
	}
	return exactly(z.d, dst, src)
}

// Close ends the use of z, which may be nil.
func (z *Dict) Close() {
	if z == nil || z.d == nil {
		return
	}
	if z.d.ResetWithOptions(nil, zstd.WithDecoderDictDelete()) == nil {
		decoders.Put(z.d)
	}
	z.d = nil
}
