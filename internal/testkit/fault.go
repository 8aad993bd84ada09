package testkit

import (
	"io"
	"sync/atomic"

	"gables/hdf5/driver"
)

// FaultFS is a folder in which the operation of number At, counted from 0,
// fails. Operations are those that change something: writes, truncations,
// syncs, creations, renames and removals; reads too with Reads.
type FaultFS struct {
	Folder driver.Folder
	At     int   // below 0: nothing fails
	Err    error // what it fails with
	Short  bool  // half of a write is written
	Sticky bool  // so do all later ones
	Reads  bool
	n      atomic.Int64
	failed atomic.Bool
}

// Count is how many operations there were.
func (f *FaultFS) Count() int { return int(f.n.Load()) }

// Failed tells whether an operation has failed.
func (f *FaultFS) Failed() bool { return f.failed.Load() }

// fails tells whether the operation at hand is to fail.
func (f *FaultFS) fails() bool {
	n := int(f.n.Add(1)) - 1
	if f.At < 0 || n < f.At || n > f.At && !f.Sticky {
		return false
	}
	f.failed.Store(true)
	return true
}

// Open opens a file; only a creation counts.
func (f *FaultFS) Open(name string, create bool) (driver.Storage, error) {
	s, err := f.Folder.Open(name, false)
	if err != nil && create {
		if f.fails() {
			return nil, f.Err
		}
		s, err = f.Folder.Open(name, true)
	}
	if err != nil {
		return nil, err
	}
	return &faultFile{s, f}, nil
}

// Rename fails or renames.
func (f *FaultFS) Rename(from, to string) error {
	if f.fails() {
		return f.Err
	}
	return f.Folder.Rename(from, to)
}

// RenameNew fails or renames.
func (f *FaultFS) RenameNew(from, to string) error {
	if f.fails() {
		return f.Err
	}
	return f.Folder.RenameNew(from, to)
}

// Remove fails or removes.
func (f *FaultFS) Remove(name string) error {
	if f.fails() {
		return f.Err
	}
	return f.Folder.Remove(name)
}

// Sync fails or syncs.
func (f *FaultFS) Sync() error {
	if f.fails() {
		return f.Err
	}
	return f.Folder.Sync()
}

type faultFile struct {
	driver.Storage
	f *FaultFS
}

// ReadAt reads, or fails with Reads.
func (s *faultFile) ReadAt(p []byte, off uint64) (int, error) {
	if s.f.Reads && s.f.fails() {
		return 0, s.f.Err
	}
	return s.Storage.ReadAt(p, off)
}

// WriteAt writes all, half, or nothing.
func (s *faultFile) WriteAt(p []byte, off uint64) (int, error) {
	if !s.f.fails() {
		return s.Storage.WriteAt(p, off)
	}
	n := 0
	if s.f.Short {
		n, _ = s.Storage.WriteAt(p[:len(p)/2], off)
	}
	if s.f.Err == nil {
		return n, io.ErrShortWrite
	}
	return n, s.f.Err
}

// Truncate fails or truncates.
func (s *faultFile) Truncate(size uint64) error {
	if s.f.fails() {
		return s.f.Err
	}
	return s.Storage.Truncate(size)
}

// Sync fails or syncs. A CrashFS below learns that it failed: the system then
// holds the bytes to be written, although they may not be on the medium.
func (s *faultFile) Sync() error {
	if !s.f.fails() {
		return s.Storage.Sync()
	}
	if c, ok := s.Storage.(interface{ FailSync() }); ok {
		c.FailSync()
	}
	return s.f.Err
}

// Same tells whether other is the same file.
func (s *faultFile) Same(other driver.Storage) bool {
	if o, ok := other.(*faultFile); ok {
		other = o.Storage
	}
	below, ok := s.Storage.(driver.Samer)
	return ok && below.Same(other)
}
