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
	// Populating pages ahead (MAP_POPULATE, MADV_POPULATE_READ) gains nothing: 2 GiB
	// of cached pages take 1,700 faults and run at memory speed, reading at half.
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
