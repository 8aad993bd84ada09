package driver

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"

	"gables/hdf5/h5err"
)

// Disk is a regular file that can be written, through positional system calls.
type Disk struct {
	f       *os.File
	locking Locking
	mode    lockMode // of the one who locks; not for several goroutines at once
}

// lockMode is what an open file holds of its lock.
type lockMode uint8

const (
	unlocked lockMode = iota
	shared
	exclusive
)

// errNoLocks is what takeLock gives where the file system, or the system, has
// no locks, and errHeld where another open file holds one.
var (
	errNoLocks = errors.New("the file system has no locks")
	errHeld    = errors.New("another open file holds the lock")
)

// OpenDisk opens the regular file at path for reading and writing.
func OpenDisk(path string, locking Locking) (*Disk, error) {
	// The kind is asked for before opening: opening a FIFO blocks.
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, irregular(path)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return NewDisk(f, locking)
}

// NewDisk writes through f, which it owns from then on, also when it fails.
func NewDisk(f *os.File, locking Locking) (*Disk, error) {
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = irregular(f.Name())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Disk{f: f, locking: locking}, nil
}

func irregular(path string) error {
	return &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("not a regular file: %w", fs.ErrInvalid)}
}

// Stat describes the open file.
func (d *Disk) Stat() (fs.FileInfo, error) { return d.f.Stat() }

// Same tells whether other is the same file, by whatever name.
func (d *Disk) Same(other Storage) bool {
	o, ok := other.(*Disk)
	if !ok {
		return false
	}
	a, err := d.f.Stat()
	if err != nil {
		return false
	}
	b, err := o.f.Stat()
	return err == nil && os.SameFile(a, b)
}

// within tells whether n bytes at off can exist in a file of the system.
func within(off uint64, n int) bool {
	return off <= math.MaxInt64 && uint64(n) <= math.MaxInt64-off
}

// ReadAt reads from the file.
func (d *Disk) ReadAt(p []byte, off uint64) (int, error) {
	if !within(off, len(p)) {
		return 0, io.EOF
	}
	return d.f.ReadAt(p, int64(off))
}

// WriteAt writes to the file.
func (d *Disk) WriteAt(p []byte, off uint64) (int, error) {
	if !within(off, len(p)) {
		return 0, h5err.Limit("file", "position", "%d bytes at %d", len(p), off)
	}
	return d.f.WriteAt(p, int64(off))
}

// Size asks the system; 0 when it gives an error.
func (d *Disk) Size() uint64 {
	info, err := d.f.Stat()
	if err != nil {
		return 0
	}
	return uint64(info.Size())
}

// Truncate sets the size.
func (d *Disk) Truncate(size uint64) error {
	if !within(size, 0) {
		return h5err.Limit("file", "size", "%d bytes", size)
	}
	return d.f.Truncate(int64(size))
}

// Sync waits until the data and the size are on the medium.
func (d *Disk) Sync() error { return syncData(d.f) }

// Lock takes the lock or changes its mode.
func (d *Disk) Lock(wantExclusive bool) error {
	want := shared
	if wantExclusive {
		want = exclusive
	}
	if d.locking == LockNever || d.mode == want {
		return nil
	}
	err := takeLock(d.f, wantExclusive, d.mode != unlocked)
	switch {
	case err == nil:
		d.mode = want
		return nil
	case errors.Is(err, errNoLocks) && d.locking == LockBestEffort:
		d.mode = want
		return nil
	}
	d.mode = unlocked
	if errors.Is(err, errHeld) {
		return fmt.Errorf("%s: %w: %w", d.f.Name(), err, h5err.ErrLocked)
	}
	return &fs.PathError{Op: "lock", Path: d.f.Name(), Err: err}
}

// Unlock gives the lock back.
func (d *Disk) Unlock() error {
	if d.mode == unlocked {
		return nil
	}
	d.mode = unlocked
	if err := giveLock(d.f); err != nil && !errors.Is(err, errNoLocks) {
		return &fs.PathError{Op: "unlock", Path: d.f.Name(), Err: err}
	}
	return nil
}

// Close gives the lock back and closes the file.
func (d *Disk) Close() error { return errors.Join(d.Unlock(), d.f.Close()) }
