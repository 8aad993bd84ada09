// Package driver turns addresses into bytes: files, memory, readers, sets of
// files seen as one. A Driver is safe for any number of goroutines: every read
// names its own position and there is no cursor.
package driver

// Driver reads a file by position.
type Driver interface {
	// ReadAt fills p from position off: fewer bytes than asked for come with a
	// non-nil error, as io.ReaderAt has it. Positions take 64 bits, as the
	// members of a multi-file lie up to 5/6 of 2^64 apart.
	ReadAt(p []byte, off uint64) (int, error)
	// Size is the first position behind the last byte, as it was on opening.
	Size() uint64
	// Close frees what the driver holds. No read may be under way.
	Close() error
}

// Viewer is a Driver that can show its bytes without copying them.
type Viewer interface {
	Driver
	// View gives the n bytes at off, or nil where they can't be shown. They
	// must not be written to and are valid until Close. For a file that is
	// mapped into memory, touching them can fault when another process cuts
	// the file; Guard turns that into an error.
	View(off uint64, n int) []byte
}
