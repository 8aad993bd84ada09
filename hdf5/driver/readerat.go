package driver

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"

	"gables/hdf5/h5err"
)

// ReaderAt reads through an io.ReaderAt that somebody else owns.
type ReaderAt struct {
	r    io.ReaderAt
	size uint64
	c    io.Closer // nil when the caller closes
}

// NewReaderAt reads the first size bytes of r, which must allow parallel calls
// as io.ReaderAt demands. Close leaves r open.
func NewReaderAt(r io.ReaderAt, size int64) (*ReaderAt, error) {
	if size < 0 {
		return nil, fmt.Errorf("size %d: %w", size, fs.ErrInvalid)
	}
	return &ReaderAt{r: r, size: uint64(size)}, nil
}

// Size is as given on opening.
func (d *ReaderAt) Size() uint64 { return d.size }

// ReadAt passes on to the reader.
func (d *ReaderAt) ReadAt(p []byte, off uint64) (int, error) {
	if off >= d.size || off > math.MaxInt64 {
		return 0, io.EOF
	}
	return readWithin(d.r, p, off, d.size)
}

// readWithin reads at off, which is below size, and nothing behind size.
func readWithin(r io.ReaderAt, p []byte, off, size uint64) (int, error) {
	most := min(uint64(len(p)), size-off)
	n, err := r.ReadAt(p[:most], int64(off))
	switch {
	case n == len(p):
		return n, nil
	case err == nil:
		err = io.EOF
	}
	return n, err
}

// Close closes what OpenFS opened.
func (d *ReaderAt) Close() error {
	if d.c == nil {
		return nil
	}
	return d.c.Close()
}

// OpenFS opens the regular file name of fsys. A file that is no io.ReaderAt is
// read into memory, up to limit bytes.
func OpenFS(fsys fs.FS, name string, limit int64) (Driver, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if r, ok := f.(io.ReaderAt); ok {
		return &ReaderAt{r: r, size: uint64(info.Size()), c: f}, nil
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: more than %d bytes in a file without random access: %w", name, limit, h5err.ErrLimit)
	}
	return Memory(data), nil
}

// Memory is a file image in memory; it must not change while it is read.
type Memory []byte

// Size is the length of the image.
func (m Memory) Size() uint64 { return uint64(len(m)) }

// ReadAt copies.
func (m Memory) ReadAt(p []byte, off uint64) (int, error) {
	if off >= uint64(len(m)) {
		return 0, io.EOF
	}
	n := copy(p, m[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// View shows a part of the image.
func (m Memory) View(off uint64, n int) []byte {
	if n < 0 || off > uint64(len(m)) || uint64(n) > uint64(len(m))-off {
		return nil
	}
	return m[off : off+uint64(n) : off+uint64(n)]
}

// Close does nothing.
func (m Memory) Close() error { return nil }
