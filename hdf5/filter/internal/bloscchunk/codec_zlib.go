package bloscchunk

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"
)

// zlibStream is a decoder with the reader that feeds it.
type zlibStream struct {
	in  bytes.Reader
	out io.ReadCloser
}

var zlibStreams = sync.Pool{New: func() any { return new(zlibStream) }}

// decodeZlib decodes a stream of zlib's format (RFC 1950) into exactly dst.
func decodeZlib(dst, src []byte) error {
	z := zlibStreams.Get().(*zlibStream)
	defer zlibStreams.Put(z)
	z.in.Reset(src)
	defer z.in.Reset(nil)
	var err error
	if z.out == nil {
		z.out, err = zlib.NewReader(&z.in)
	} else {
		err = z.out.(zlib.Resetter).Reset(&z.in, nil)
	}
	if err != nil {
		return codecError("zlib", err)
	}
	if _, err = io.ReadFull(z.out, dst); err == nil {
		// Only the end tells that the checksum was right and nothing more comes.
		var more [1]byte
		if _, err = io.ReadFull(z.out, more[:]); err == nil {
			return corrupt("zlib stream", "more than %d bytes", len(dst))
		}
	}
	switch {
	case errors.Is(err, zlib.ErrChecksum):
		return checksumError("zlib")
	case err != io.EOF:
		return codecError("zlib", err)
	}
	return nil
}
