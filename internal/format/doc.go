// Package format decodes HDF5's on-disk records into structs and appends them
// again, one file for each section of the HDF5 File Format Specification.
// Decoders take the bytes of one record; they do no I/O, keep no state and are
// safe for any number of goroutines. Every stored checksum is compared before a
// field is trusted, a version that is not known is ErrUnsupported, and bytes that
// break a rule are ErrCorrupt. AppendX gives what DecodeX takes, behind b; on an
// error it gives b as it was: ErrLimit for a value that its field can't hold,
// ErrUnsupported for a form that the format does not have.
package format

import (
	"encoding/binary"
	"fmt"

	"gables/hdf5/h5err"
	"gables/internal/checksum"
)

// verify compares the lookup3 checksum in the last four bytes of b with the
// bytes before it, and gives those.
func verify(structure string, b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, h5err.Corrupt(structure, "checksum", "record of %d bytes has no room for one", len(b))
	}
	body, stored := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if got := checksum.Lookup3(body); got != stored {
		return nil, h5err.New(h5err.ErrChecksum, structure, "checksum", "stored 0x%08x, bytes have 0x%08x", stored, got)
	}
	return body, nil
}

// unknownVersion is the error for a record newer than this code.
func unknownVersion(structure string, got uint8, known string) error {
	return h5err.Unsupported(structure, "version", "got %d, know %s", got, known)
}

// inRecord names the structure in the error of a Reader.
func inRecord(structure string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := err.(*h5err.FormatError); ok {
		if e.Structure == "" {
			c := *e
			c.Structure = structure
			return &c
		}
		return err
	}
	return fmt.Errorf("%s: %w", structure, err)
}
