package driver

// Storage is a file that can be written. Reads, writes of ranges that do not
// overlap, and Sync may run at once; the caller orders the rest. Writing past
// the end makes the file longer; a gap reads as zeros.
type Storage interface {
	// Driver reads; Size is the current size.
	Driver
	// WriteAt writes all of p at off, or gives an error with what it wrote.
	WriteAt(p []byte, off uint64) (int, error)
	// Truncate makes the file size bytes long.
	Truncate(size uint64) error
	// Sync makes what was written before it, and the size, survive a loss of
	// power. After an error nothing is known of what survives.
	Sync() error
	// Lock takes the file's advisory lock, shared or exclusive, without waiting;
	// one that is held changes its mode, and is lost where that fails.
	// h5err.ErrLocked when another open file has it. Locks are those of
	// libhdf5: flock(2) on the whole file.
	Lock(exclusive bool) error
	// Unlock gives the lock back.
	Unlock() error
}

// Folder is a directory that holds a file and what lies beside it: the log, a
// file that is being built. Names have no separators.
type Folder interface {
	// Open opens a file for reading and writing. fs.ErrNotExist when it is
	// absent and create is false; create takes one that exists as it is.
	Open(name string, create bool) (Storage, error)
	// Rename puts from in the place of to in one step.
	Rename(from, to string) error
	// RenameNew is Rename that gives fs.ErrExist where to exists.
	RenameNew(from, to string) error
	// Remove deletes a file; fs.ErrNotExist when it is absent.
	Remove(name string) error
	// Sync makes creations, renames and removals survive a loss of power.
	Sync() error
}

// Samer is a Storage that can tell whether another is the same file. A log that
// was removed while its lock was waited for is known by it.
type Samer interface {
	Storage
	// Same tells whether other is the same file, by whatever name.
	Same(other Storage) bool
}
