package driver

import "os"

// Locking says what is done where the file system has no locks.
type Locking uint8

// The ways of locking.
const (
	// LockBestEffort locks files, and goes on where the file system can't.
	LockBestEffort Locking = iota
	// LockAlways makes a file system without locks an error.
	LockAlways
	// LockNever locks nothing.
	LockNever
)

// LockingFromEnvironment is what HDF5_USE_FILE_LOCKING asks for, read as
// libhdf5 does: FALSE or 0 switch locks off, TRUE or 1 insist on them, anything
// else is best effort.
func LockingFromEnvironment() Locking {
	switch os.Getenv("HDF5_USE_FILE_LOCKING") {
	case "FALSE", "0":
		return LockNever
	case "TRUE", "1":
		return LockAlways
	}
	return LockBestEffort
}
