//go:build !windows

package driver

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

// syncFolder waits for the directory's entries; a file system that can't sync
// directories is taken to need no such call.
func syncFolder(root *os.Root) error {
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		return nil
	}
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, dir.Close())
}
