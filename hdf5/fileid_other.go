//go:build !unix

package hdf5

import (
	"io/fs"
	"path/filepath"
)

// fileID is the absolute path, as the system shows no better identity.
type fileID struct{ path string }

func fileIDOf(path string, _ fs.FileInfo) fileID {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return fileID{path: path}
}
