// Package deflate undoes and applies HDF5's deflate filter: it decodes a whole
// zlib stream held in memory into one block of bytes, and makes such a stream
// of one. It streams nothing. All exported names are safe for any number of
// goroutines.
//
// The compressor is made for the byte planes of shuffled chunks: it looks every
// 8 KiB whether new codes pay, takes a match only where it saves bits over the
// literals in its place, and stores noise as it is.
//
// Source: RFC 1950 (zlib), RFC 1951 (deflate); where those are silent, what
// zlib's inflate accepts: incomplete codes are refused but for a single code
// of one bit, and bytes behind the Adler-32 are ignored.
package deflate

import (
	"encoding/binary"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

const structure = "deflate stream"

type codec struct{}

// New gives the deflate filter. Its client data, the level at which the writer
// compressed, has no bearing on decoding and is not looked at.
func New() filter.Filter { return codec{} }

func (codec) ID() filter.ID { return filter.Deflate }

func (codec) Name() string { return "deflate" }

func (codec) Decode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	return Decode(dst, src, c.Size, c.Limit)
}

// headerSize and trailerSize are the bytes of zlib's frame around the blocks.
const (
	headerSize  = 2
	trailerSize = 4
)

// Decode decodes the zlib stream at the start of src into dst[:0], or into new
// memory where dst's capacity does not suffice. size is the exact length
// wanted, and nothing is written behind it; it is negative where not known, and
// then all of dst's capacity may be overwritten. limit is the most bytes given. Errors are ErrCorrupt (also for
// another length than size), ErrChecksum, ErrLimit, and ErrUnsupported for a
// preset dictionary.
func Decode(dst, src []byte, size, limit int) ([]byte, error) {
	if err := checkHeader(src); err != nil {
		return nil, err
	}
	d := decoders.Get().(*decoder)
	defer d.release()
	if err := d.open(dst, src[headerSize:], size, limit); err != nil {
		return nil, err
	}
	if err := d.blocks(); err != nil {
		return nil, err
	}
	out := d.out[:d.o]
	if size >= 0 && len(out) != size {
		return nil, h5err.Corrupt(structure, "length", "got %d bytes, want %d", len(out), size)
	}
	if len(d.src)-d.pos < trailerSize {
		return nil, errTruncated()
	}
	want := binary.BigEndian.Uint32(d.src[d.pos:])
	if got := Adler32(out); got != want {
		return nil, h5err.New(h5err.ErrChecksum, structure, "Adler-32", "got 0x%08x, stored 0x%08x", got, want)
	}
	return out, nil
}

func checkHeader(src []byte) error {
	if len(src) < headerSize {
		return errTruncated()
	}
	h := binary.BigEndian.Uint16(src)
	if h>>8&15 != 8 || h>>12 > 7 || h%31 != 0 {
		return h5err.Corrupt(structure, "header", "0x%04x is no zlib header", h)
	}
	if h&0x20 != 0 {
		return h5err.Unsupported(structure, "header", "preset dictionary")
	}
	return nil
}

func errTruncated() error {
	return h5err.Corrupt(structure, "", "ends before its last block and checksum")
}
