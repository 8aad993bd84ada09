package driver

import (
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// renameNew goes by the directory's path, which this system keeps from being
// renamed while it is open.
func renameNew(root *os.Root, from, to string) error {
	old, err := windows.UTF16PtrFromString(filepath.Join(root.Name(), from))
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(filepath.Join(root.Name(), to))
	if err != nil {
		return err
	}
	if err := windows.MoveFileEx(old, name, windows.MOVEFILE_WRITE_THROUGH); err != nil {
		return &fs.PathError{Op: "rename", Path: to, Err: err}
	}
	return nil
}

// syncFolder has nothing to do: the system's file systems log their entries.
func syncFolder(*os.Root) error { return nil }
