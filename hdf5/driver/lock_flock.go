//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package driver

import (
	"errors"
	"os"
	"syscall"
)

// takeLock takes the lock that libhdf5 takes, flock(2) on the whole file, or
// changes the mode of one that is held.
func takeLock(f *os.File, exclusive, held bool) error {
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX
	}
	return flock(f, how|syscall.LOCK_NB)
}

func giveLock(f *os.File) error { return flock(f, syscall.LOCK_UN) }

func flock(f *os.File, how int) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		for failed = syscall.Flock(int(fd), how); failed == syscall.EINTR; {
			failed = syscall.Flock(int(fd), how)
		}
	})
	if err != nil {
		return err
	}
	switch {
	case errors.Is(failed, syscall.EWOULDBLOCK):
		return errHeld
	case failed == syscall.ENOSYS, failed == syscall.ENOTSUP, failed == syscall.EOPNOTSUPP, failed == syscall.ENOLCK:
		return errNoLocks
	}
	return failed
}
