package driver

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockedByte is the position of the one byte that stands for the file. Locks
// of this system keep others from the bytes themselves, so it lies where no
// file has any; libhdf5 takes no locks here.
const lockedByte = 1 << 62

func takeLock(f *os.File, exclusive, held bool) error {
	// A mode can't be changed, only given up and taken anew.
	if held {
		if err := giveLock(f); err != nil {
			return err
		}
	}
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	at := windows.Overlapped{OffsetHigh: lockedByte >> 32}
	return lockError(windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &at))
}

func giveLock(f *os.File) error {
	at := windows.Overlapped{OffsetHigh: lockedByte >> 32}
	return lockError(windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &at))
}

func lockError(err error) error {
	switch {
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION), errors.Is(err, windows.ERROR_IO_PENDING):
		return errHeld
	case errors.Is(err, windows.ERROR_INVALID_FUNCTION), errors.Is(err, windows.ERROR_NOT_SUPPORTED):
		return errNoLocks
	}
	return err
}
