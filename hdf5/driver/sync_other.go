//go:build !linux

package driver

import "os"

// syncData is the library's Sync, which on Apple's systems also empties the
// cache of the medium (F_FULLFSYNC).
func syncData(f *os.File) error { return f.Sync() }
