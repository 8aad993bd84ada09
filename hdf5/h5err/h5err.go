// Package h5err holds the errors that any layer of gables may return: the
// sentinels that callers test with errors.Is, and FormatError, which says
// where in a file a fault was seen. It does no I/O. All values are safe for
// concurrent use.
package h5err

import (
	"errors"
	"fmt"
	"strings"
)

// Sentinels. Each names one reason why a call could not give an exact answer.
var (
	// ErrNotHDF5 says that no HDF5 signature was found (Spec: II.A).
	ErrNotHDF5 = errors.New("not an HDF5 file")
	// ErrCorrupt says that bytes in the file break a rule of the format.
	ErrCorrupt = errors.New("corrupt")
	// ErrChecksum says that a stored checksum disagrees with the bytes it covers.
	ErrChecksum = errors.New("checksum mismatch")
	// ErrTruncated says that the file ends before the bytes that it refers to.
	ErrTruncated = errors.New("file is truncated")
	// ErrUnsupported says that the file is sound but uses what gables does not know.
	ErrUnsupported = errors.New("unsupported")
	// ErrLimit says that a limit set by the caller would be exceeded.
	ErrLimit = errors.New("limit exceeded")
	// ErrNotFound says that no object, attribute or link has the name asked for.
	ErrNotFound = errors.New("not found")
	// ErrExists says that the name is taken.
	ErrExists = errors.New("already exists")
	// ErrType says that a value can't be had exactly in the type asked for, or
	// that an object is of another kind than the call needs.
	ErrType = errors.New("type mismatch")
	// ErrSelection says that a selection does not fit its dataspace.
	ErrSelection = errors.New("bad selection")
	// ErrReadOnly says that the file was opened for reading only.
	ErrReadOnly = errors.New("read-only")
	// ErrClosed says that the file was closed before the call began.
	ErrClosed = errors.New("file is closed")
	// ErrLocked says that another writer holds the file.
	ErrLocked = errors.New("file is locked")
	// ErrChanged says that another program changed the file while a writer, or
	// what it left to be done, counted on its being as it was.
	ErrChanged = errors.New("changed by another program")
	// ErrOutside says that a link, external file or virtual source points
	// outside the folder that the caller allowed.
	ErrOutside = errors.New("outside the allowed folder")
	// ErrOpenForWrite is a warning: the file is marked as open for writing, so
	// its writer is at work or has crashed (Spec: II.A, file consistency flags).
	ErrOpenForWrite = errors.New("file is marked as open for writing")
)

// FormatError says where a fault was seen. The place that sees the fault fills
// Structure, Address, Field and Spec; File and Path are added on the way up.
type FormatError struct {
	File      string // file name, empty for sources without one
	Path      string // object path inside the file
	Structure string // the specification's name of the record
	Address   uint64 // file position of the record, relative to the base address
	HasAddr   bool   // whether Address is known
	Field     string // field within the record
	Spec      string // section of the HDF5 File Format Specification
	Detail    string // what was found and what was wanted
	Err       error  // a sentinel, or the cause that wraps one
}

// Error gives path, structure at hexadecimal address, field, detail, cause.
func (e *FormatError) Error() string {
	var b strings.Builder
	sep := func() {
		if b.Len() > 0 {
			b.WriteString(": ")
		}
	}
	if e.File != "" {
		b.WriteString(e.File)
	}
	if e.Path != "" {
		sep()
		b.WriteString(e.Path)
	}
	if e.Structure != "" {
		sep()
		b.WriteString(e.Structure)
		if e.HasAddr {
			fmt.Fprintf(&b, " at 0x%x", e.Address)
		}
	}
	if e.Field != "" {
		sep()
		b.WriteString(e.Field)
	}
	if e.Detail != "" {
		sep()
		b.WriteString(e.Detail)
	}
	if e.Err != nil {
		sep()
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// New makes a FormatError of a structure without an address; the caller that
// knows the address adds it with At.
func New(sentinel error, structure, field, format string, args ...any) error {
	return &FormatError{Structure: structure, Field: field, Detail: fmt.Sprintf(format, args...), Err: sentinel}
}

// Corrupt is New with ErrCorrupt.
func Corrupt(structure, field, format string, args ...any) error {
	return New(ErrCorrupt, structure, field, format, args...)
}

// Unsupported is New with ErrUnsupported.
func Unsupported(structure, field, format string, args ...any) error {
	return New(ErrUnsupported, structure, field, format, args...)
}

// Limit is New with ErrLimit.
func Limit(structure, field, format string, args ...any) error {
	return New(ErrLimit, structure, field, format, args...)
}

// At adds a structure's name and address to err where they are missing.
func At(err error, structure string, address uint64) error {
	if err == nil {
		return nil
	}
	var fe *FormatError
	if errors.As(err, &fe) && fe.HasAddr {
		return err
	}
	if e, ok := err.(*FormatError); ok {
		c := *e
		if c.Structure == "" {
			c.Structure = structure
		}
		c.Address, c.HasAddr = address, true
		return &c
	}
	return &FormatError{Structure: structure, Address: address, HasAddr: true, Err: err}
}

// In adds the object path and the file name to err where they are missing.
func In(err error, file, path string) error {
	if err == nil {
		return nil
	}
	if e, ok := err.(*FormatError); ok {
		if (e.File != "" || file == "") && (e.Path != "" || path == "") {
			return err
		}
		c := *e
		if c.File == "" {
			c.File = file
		}
		if c.Path == "" {
			c.Path = path
		}
		return &c
	}
	var inner *FormatError
	if errors.As(err, &inner) && inner.File != "" && (inner.Path != "" || path == "") {
		return err
	}
	return &FormatError{File: file, Path: path, Err: err}
}
