package driver

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"

	"gables/hdf5/h5err"
)

// File reads one regular file, through a memory map where the system has one
// and by positional reads otherwise.
type File struct {
	f    *os.File
	size uint64
	data []byte // the map; nil where there is none
}

// OpenFile opens the regular file at path for reading. Anything else, such as
// a device or a pipe, is refused, as reading it could block or never end.
func OpenFile(path string) (*File, error) {
	// The kind is asked for before opening: opening a FIFO blocks.
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("not a regular file: %w", fs.ErrInvalid)}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return NewFile(f)
}

// NewFile reads through f, which it owns from then on, also when it fails.
func NewFile(f *os.File) (*File, error) {
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: f.Name(), Err: fmt.Errorf("not a regular file: %w", fs.ErrInvalid)}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	d := &File{f: f, size: uint64(info.Size())}
	d.data = mapFile(f, info.Size())
	return d, nil
}

// Stat describes the open file.
func (d *File) Stat() (fs.FileInfo, error) { return d.f.Stat() }

// Size is the file's length when it was opened.
func (d *File) Size() uint64 { return d.size }

// mapCopy is up to which size a read is a copy from the map. Above it the
// system reads: it copies as fast, and no page of the map is faulted in.
const mapCopy = 64 << 10

// ReadAt copies from the map, or reads where there is none.
func (d *File) ReadAt(p []byte, off uint64) (int, error) {
	if off >= d.size {
		return 0, io.EOF
	}
	if d.data == nil || len(p) > mapCopy {
		return readWithin(d.f, p, off, d.size)
	}
	n := 0
	err := Guard(func() error {
		n = copy(p, d.data[off:])
		return nil
	})
	if err != nil {
		return 0, err
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// View shows the mapped bytes.
func (d *File) View(off uint64, n int) []byte {
	if d.data == nil || n < 0 || off > d.size || uint64(n) > d.size-off {
		return nil
	}
	return d.data[off : off+uint64(n) : off+uint64(n)]
}

// Close unmaps and closes the file.
func (d *File) Close() error {
	err := unmapFile(d.data)
	d.data = nil
	return errors.Join(err, d.f.Close())
}

// Guard calls f, which touches bytes of a View. A fault, as when another
// process has cut the file behind the map, is given as ErrTruncated.
func Guard(f func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(old)
		r := recover()
		if r == nil {
			return
		}
		// Only a fault at an address has this method; anything else is a bug.
		if _, fault := r.(interface{ Addr() uintptr }); !fault {
			panic(r)
		}
		err = fmt.Errorf("the file was cut while it was being read: %w", h5err.ErrTruncated)
	}()
	return f()
}
