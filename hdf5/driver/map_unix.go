//go:build unix

package driver

import (
	"math"
	"os"
	"syscall"
)

// mapFile maps the whole file for reading, or gives nil where that fails: an
// empty file, one too large for the address space, a file system without maps.
func mapFile(f *os.File, size int64) []byte {
	const narrow = 256 << 20 // a 32-bit address space is soon full
	if size <= 0 || size > math.MaxInt || (math.MaxInt == math.MaxInt32 && size > narrow) {
		return nil
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil
	}
	return data
}

func unmapFile(data []byte) error {
	if data == nil {
		return nil
	}
	return syscall.Munmap(data)
}
