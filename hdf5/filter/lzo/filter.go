// Package lzo applies and undoes filter 305, PyTables' LZO: one LZO1X stream.
// Writers of 2003 (PyTables before 0.8) put a checksum and the decoded size
// behind it, and no client data tell those chunks from later ones, so the
// stream's own end marker decides. Sources: the description of the LZO stream in the Linux
// documentation (staging/lzo.rst, version 0), and for the trailer the public
// history of PyTables. It takes and gives bytes and opens no file. Everything
// here is safe for any number of goroutines.
package lzo

import (
	"encoding/binary"
	"errors"
	"hash/adler32"
	"slices"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// structure names the codec in errors.
const structure = "LZO stream"

// maxRatio is more output bytes than one input byte can stand for.
const maxRatio = 255

// trailerSize is the Adler-32 of the decoded bytes and their count, 4 bytes
// each in the byte order of the writer's machine.
const trailerSize = 8

type lzo struct{}

// New is PyTables' LZO filter. Its client data (level, 10 times the object's
// format version, class) say nothing that decoding needs.
func New() filter.Filter { return lzo{} }

// ID is 305.
func (lzo) ID() filter.ID { return filter.LZO }

// Name is "lzo".
func (lzo) Name() string { return "lzo" }

// Decode undoes LZO as filter.Filter says, and compares checksum and size where
// they follow the stream.
func (lzo) Decode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	out, used, err := decodeChunk(dst, src, c)
	if err != nil {
		return nil, err
	}
	if err := checkTrailer(out, src[used:]); err != nil {
		return nil, err
	}
	return out, nil
}

// checkTrailer compares out with what follows the stream: nothing, or a trailer.
func checkTrailer(out, tail []byte) error {
	if len(tail) == 0 {
		return nil
	}
	if len(tail) != trailerSize {
		return h5err.Corrupt(structure, "end marker", "%d bytes follow it", len(tail))
	}
	var order binary.ByteOrder = binary.LittleEndian
	size := uint32(len(out))
	if order.Uint32(tail[4:]) != size && binary.BigEndian.Uint32(tail[4:]) == size {
		order = binary.BigEndian
	}
	if got := order.Uint32(tail[4:]); got != size {
		return h5err.Corrupt(structure, "trailer", "decoded size %d, stored %d", size, got)
	}
	if got, want := adler32.Checksum(out), order.Uint32(tail); got != want {
		return h5err.New(h5err.ErrChecksum, structure, "Adler-32", "got 0x%08x, stored 0x%08x", got, want)
	}
	return nil
}

// decodeChunk decodes a stream of c.Size bytes, or of any number up to c.Limit,
// and gives the bytes of src that it took.
func decodeChunk(dst, src []byte, c filter.Chunk) (out []byte, used int, err error) {
	if c.Size >= 0 {
		size := uint64(c.Size)
		if err := c.CheckFrom(structure, size, len(src), maxRatio); err != nil {
			return nil, 0, err
		}
		if out, err = c.Room(dst, structure, size); err != nil {
			return nil, 0, err
		}
		n, used, err := Decode(out, src)
		if err == nil && n != c.Size {
			err = h5err.Corrupt(structure, "decoded size", "%d bytes, want %d", n, c.Size)
		}
		return out, used, err
	}
	most := c.Limit
	if most/maxRatio > len(src) {
		most = len(src) * maxRatio
	}
	// Nothing declares the size, so a decode that runs out of room is begun again.
	for size := min(most, max(cap(dst), 4*len(src))); ; size += min(size, most-size) {
		out = slices.Grow(dst[:0], size)[:size]
		n, used, err := Decode(out, src)
		if !errors.Is(err, errFull) {
			return out[:n], used, err
		}
		if size == most {
			return nil, 0, h5err.Limit(structure, "decoded size", "more than %d bytes", most)
		}
	}
}
