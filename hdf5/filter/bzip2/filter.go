// Package bzip2 applies and undoes filter 307, the bzip2 that PyTables and the
// registered plugin share: one bzip2 stream. Decoding it is the standard
// library's work; the encoder follows the public descriptions of the format. It
// takes and gives bytes and opens no file. Everything here is safe for any
// number of goroutines.
package bzip2

import (
	"compress/bzip2"
	"errors"
	"io"
	"slices"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// structure names the codec in errors.
const structure = "bzip2 stream"

// firstRoom is the memory taken before anything has been inflated: a block of
// a few bytes may stand for 45 MB, so no ratio of sizes tells a lie.
const firstRoom = 64 << 10

type bz struct{}

// New is the bzip2 filter. Its client data (block size in 100 kB; PyTables adds
// format version and class) say nothing that decoding needs.
func New() filter.Filter { return bz{} }

// ID is 307.
func (bz) ID() filter.ID { return filter.BZip2 }

// Name is "bzip2".
func (bz) Name() string { return "bzip2" }

// Decode undoes bzip2 as filter.Filter says. Output stops growing at c.Size or
// c.Limit. Bytes behind the stream that do not begin another one are passed
// over, as the writers' libraries do.
func (bz) Decode(dst, src []byte, c filter.Chunk) ([]byte, error) {
	most, in := c.Limit, &input{src: src, level: '9'}
	if c.Size >= 0 {
		if err := c.Check(structure, uint64(c.Size)); err != nil {
			return nil, err
		}
		most, in.level = c.Size, leastLevel(c.Size)
	}
	out, err := inflate(dst[:0], in, most)
	switch {
	case errors.Is(err, errMore) && c.Size >= 0:
		return nil, h5err.Corrupt(structure, "decoded size", "more than %d bytes", most)
	case errors.Is(err, errMore):
		return nil, h5err.Limit(structure, "decoded size", "more than %d bytes", most)
	case err != nil:
		return nil, err
	case c.Size >= 0 && len(out) != c.Size:
		return nil, h5err.Corrupt(structure, "decoded size", "%d bytes, want %d", len(out), c.Size)
	}
	return out, nil
}

// errMore says that the stream holds more bytes than the caller wants.
var errMore = errors.New("more bytes than expected")

// inflate appends at most `most` bytes to out, which is empty.
func inflate(out []byte, in *input, most int) ([]byte, error) {
	r := bzip2.NewReader(in)
	out = slices.Grow(out, min(most, firstRoom))
	for {
		room := min(cap(out), most)
		if len(out) == room && room < most {
			out = slices.Grow(out, min(most-room, room))
			room = min(cap(out), most)
		}
		var n int
		var err error
		if len(out) == room {
			// The one byte more tells the end, whose checksum is only then compared.
			var extra [1]byte
			if n, err = r.Read(extra[:]); n > 0 {
				return nil, errMore
			}
		} else {
			n, err = r.Read(out[len(out):room])
			out = out[:len(out)+n]
		}
		if err == io.EOF || err == errTrailing {
			return out, nil
		}
		if err != nil {
			return nil, translate(err)
		}
	}
}

// The errors of the standard library that are told apart; a test holds each.
var (
	errTrailing error = bzip2.StructuralError("bad magic value in continuation file")
	errBlockSum error = bzip2.StructuralError("block checksum mismatch")
	errFileSum  error = bzip2.StructuralError("file checksum mismatch")
)

// translate wraps the sentinel of h5err that says what went wrong.
func translate(err error) error {
	if err == errBlockSum || err == errFileSum {
		return h5err.New(h5err.ErrChecksum, structure, "CRC-32", "%v", err)
	}
	return h5err.Corrupt(structure, "", "%v", err)
}
