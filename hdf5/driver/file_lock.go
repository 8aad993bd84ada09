package driver

import (
	"errors"
	"fmt"
	"io/fs"

	"gables/hdf5/h5err"
)

// LockShared takes the file's advisory lock as one who reads, without waiting.
// h5err.ErrLocked when somebody holds it as one who writes. A File that is
// closed has no lock any more.
func (d *File) LockShared(l Locking) error {
	if l == LockNever {
		return nil
	}
	err := takeLock(d.f, false, false)
	switch {
	case err == nil, errors.Is(err, errNoLocks) && l == LockBestEffort:
		return nil
	case errors.Is(err, errHeld):
		return fmt.Errorf("%w: %w (HDF5_USE_FILE_LOCKING=FALSE opens it all the same)", err, h5err.ErrLocked)
	}
	return &fs.PathError{Op: "lock", Path: d.f.Name(), Err: err}
}

// Unlock gives the lock back.
func (d *File) Unlock() error { return giveLock(d.f) }
