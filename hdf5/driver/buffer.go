package driver

import (
	"fmt"
	"io"
	"io/fs"
	"math"
	"sync"

	"gables/hdf5/h5err"
)

// Buffer is a file in memory that can be written. It has no locks of its own;
// a Shelf gives out handles of one Buffer that lock each other out.
type Buffer struct {
	mu   sync.RWMutex
	data []byte
}

// NewBuffer begins with data, which it owns from then on.
func NewBuffer(data []byte) *Buffer { return &Buffer{data: data} }

// Bytes gives a copy of the whole file.
func (b *Buffer) Bytes() []byte {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return append([]byte(nil), b.data...)
}

// Size is the current length.
func (b *Buffer) Size() uint64 {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return uint64(len(b.data))
}

// ReadAt copies.
func (b *Buffer) ReadAt(p []byte, off uint64) (int, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return Memory(b.data).ReadAt(p, off)
}

// WriteAt copies; the file grows where needed.
func (b *Buffer) WriteAt(p []byte, off uint64) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if off > math.MaxInt || uint64(len(p)) > math.MaxInt-off {
		return 0, h5err.Limit("file in memory", "position", "%d bytes at %d", len(p), off)
	}
	if len(p) == 0 {
		return 0, nil
	}
	b.resize(max(len(b.data), int(off)+len(p)))
	return copy(b.data[off:], p), nil
}

// resize adds zeros.
func (b *Buffer) resize(n int) {
	switch {
	case n < len(b.data):
		b.data = b.data[:n]
	case n <= cap(b.data):
		old := len(b.data)
		b.data = b.data[:n]
		clear(b.data[old:])
	default:
		grown := make([]byte, n, max(n, 2*cap(b.data)))
		copy(grown, b.data)
		b.data = grown
	}
}

// Truncate sets the length.
func (b *Buffer) Truncate(size uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if size > math.MaxInt {
		return h5err.Limit("file in memory", "size", "%d bytes", size)
	}
	b.resize(int(size))
	return nil
}

// Sync does nothing.
func (b *Buffer) Sync() error { return nil }

// Lock does nothing.
func (b *Buffer) Lock(bool) error { return nil }

// Unlock does nothing.
func (b *Buffer) Unlock() error { return nil }

// Close does nothing.
func (b *Buffer) Close() error { return nil }

// Shelf is a Folder in memory, safe for any number of goroutines.
type Shelf struct {
	mu    sync.Mutex
	files map[string]*shelved
}

// shelved is one file and who has locked it.
type shelved struct {
	*Buffer
	mu    sync.Mutex
	locks map[*handle]lockMode
}

// handle is a file of a Shelf as one Open gave it out.
type handle struct{ *shelved }

// NewShelf gives an empty folder.
func NewShelf() *Shelf { return &Shelf{files: map[string]*shelved{}} }

// Open opens a file or creates it.
func (s *Shelf) Open(name string, create bool) (Storage, error) {
	if err := plain("open", name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[name]
	if f == nil {
		if !create {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		f = &shelved{Buffer: NewBuffer(nil), locks: map[*handle]lockMode{}}
		s.files[name] = f
	}
	return &handle{f}, nil
}

// Rename puts from in the place of to.
func (s *Shelf) Rename(from, to string) error { return s.rename(from, to, false) }

// RenameNew is Rename where to must be absent.
func (s *Shelf) RenameNew(from, to string) error { return s.rename(from, to, true) }

func (s *Shelf) rename(from, to string, absent bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files[from] == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	if absent && s.files[to] != nil {
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	}
	s.files[to] = s.files[from]
	if from != to {
		delete(s.files, from)
	}
	return nil
}

// Remove deletes a file; who has it open keeps it.
func (s *Shelf) Remove(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files[name] == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	delete(s.files, name)
	return nil
}

// Sync does nothing.
func (s *Shelf) Sync() error { return nil }

// Same tells whether other is the same file.
func (h *handle) Same(other Storage) bool {
	o, ok := other.(*handle)
	return ok && o.shelved == h.shelved
}

// Lock keeps other handles out as flock(2) does.
func (h *handle) Lock(wantExclusive bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	want := shared
	if wantExclusive {
		want = exclusive
	}
	delete(h.locks, h)
	for _, m := range h.locks {
		if wantExclusive || m == exclusive {
			return fmt.Errorf("%w: %w", errHeld, h5err.ErrLocked)
		}
	}
	h.locks[h] = want
	return nil
}

// Unlock gives the lock back.
func (h *handle) Unlock() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.locks, h)
	return nil
}

// Close gives the lock back.
func (h *handle) Close() error { return h.Unlock() }

var (
	_ Storage   = (*Disk)(nil)
	_ Storage   = (*Buffer)(nil)
	_ Storage   = (*handle)(nil)
	_ Folder    = (*Dir)(nil)
	_ Folder    = (*Shelf)(nil)
	_ io.Closer = (*Dir)(nil)
)
