//go:build unix

package hdf5

import (
	"io/fs"
	"path/filepath"
	"syscall"
)

// fileID is device and inode.
type fileID struct {
	dev, ino uint64
	path     string
}

func fileIDOf(path string, info fs.FileInfo) fileID {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return fileID{dev: uint64(st.Dev), ino: uint64(st.Ino)}
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return fileID{path: path}
}
