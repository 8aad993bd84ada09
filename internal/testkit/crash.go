package testkit

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
)

// OpKind is what an operation on a CrashFS did.
type OpKind uint8

// The kinds of operations.
const (
	OpWrite OpKind = iota
	OpTruncate
	OpSync
	OpSyncFailed // what was written before it is never surely on the medium
	OpCreate
	OpRename
	OpRemove
	OpDirSync
)

var opNames = [...]string{"write", "truncate", "sync", "failed sync", "create", "rename", "remove", "directory sync"}

// Op is one recorded operation.
type Op struct {
	Kind     OpKind
	File     int // which file, whatever its name
	Off      uint64
	Data     []byte
	Size     uint64
	Name, To string
}

// String is for test messages.
func (o Op) String() string {
	switch o.Kind {
	case OpWrite:
		return fmt.Sprintf("write %d bytes at %d of file %d", len(o.Data), o.Off, o.File)
	case OpTruncate:
		return fmt.Sprintf("truncate file %d to %d", o.File, o.Size)
	}
	return fmt.Sprintf("%s %s%s (file %d)", opNames[o.Kind], o.Name, o.To, o.File)
}

// CrashFS is a folder in memory that records what is done to it, so that the
// states can be built in which a crash may leave it: see Images. It is safe for
// any number of goroutines.
type CrashFS struct {
	mu    sync.Mutex
	base  map[string][]byte // what was on the medium in the beginning
	names map[string]*crashFile
	next  int // number of the next file
	ops   []Op
}

type crashFile struct {
	fs      *CrashFS
	id      int
	data    []byte
	handles map[*crashHandle]bool // true: exclusive
}

type crashHandle struct{ *crashFile }

// NewCrashFS begins with files that are on the medium.
func NewCrashFS(files map[string][]byte) *CrashFS {
	c := &CrashFS{base: map[string][]byte{}, names: map[string]*crashFile{}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		c.base[name] = slices.Clone(files[name])
		c.names[name] = c.file(slices.Clone(files[name]))
	}
	return c
}

func (c *CrashFS) file(data []byte) *crashFile {
	f := &crashFile{fs: c, id: c.next, data: data, handles: map[*crashHandle]bool{}}
	c.next++
	return f
}

// Ops gives what was recorded.
func (c *CrashFS) Ops() []Op {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.ops)
}

// Count is how many operations were recorded.
func (c *CrashFS) Count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.ops)
}

// Without is the recording as if the operations that drop picks had not taken
// place: a control that a test of a protocol must not pass.
func (c *CrashFS) Without(drop func(i int, o Op) bool) *CrashFS {
	c.mu.Lock()
	defer c.mu.Unlock()
	cut := NewCrashFS(c.base)
	for i, o := range c.ops {
		if !drop(i, o) {
			cut.ops = append(cut.ops, o)
		}
	}
	return cut
}

// Files gives the present bytes of all files.
func (c *CrashFS) Files() map[string][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	files := map[string][]byte{}
	for name, f := range c.names {
		files[name] = slices.Clone(f.data)
	}
	return files
}

// Open opens a file or creates it.
func (c *CrashFS) Open(name string, create bool) (driver.Storage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.names[name]
	if f == nil {
		if !create {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		f = c.file(nil)
		c.names[name] = f
		c.ops = append(c.ops, Op{Kind: OpCreate, File: f.id, Name: name})
	}
	return &crashHandle{f}, nil
}

// Rename puts from in the place of to.
func (c *CrashFS) Rename(from, to string) error { return c.rename(from, to, false) }

// RenameNew is Rename where to must be absent.
func (c *CrashFS) RenameNew(from, to string) error { return c.rename(from, to, true) }

func (c *CrashFS) rename(from, to string, absent bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.names[from]
	if f == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	if absent && c.names[to] != nil {
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	}
	delete(c.names, from)
	c.names[to] = f
	c.ops = append(c.ops, Op{Kind: OpRename, File: f.id, Name: from, To: to})
	return nil
}

// Remove deletes a file.
func (c *CrashFS) Remove(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.names[name]
	if f == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	delete(c.names, name)
	c.ops = append(c.ops, Op{Kind: OpRemove, File: f.id, Name: name})
	return nil
}

// Sync makes the names durable.
func (c *CrashFS) Sync() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ops = append(c.ops, Op{Kind: OpDirSync})
	return nil
}

// Size is the present length.
func (h *crashHandle) Size() uint64 {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	return uint64(len(h.data))
}

// ReadAt copies.
func (h *crashHandle) ReadAt(p []byte, off uint64) (int, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	return driver.Memory(h.data).ReadAt(p, off)
}

// WriteAt writes and records.
func (h *crashHandle) WriteAt(p []byte, off uint64) (int, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	h.fs.ops = append(h.fs.ops, Op{Kind: OpWrite, File: h.id, Off: off, Data: slices.Clone(p)})
	h.data = resized(h.data, max(uint64(len(h.data)), off+uint64(len(p))))
	return copy(h.data[off:], p), nil
}

// resized cuts data or adds zeros.
func resized(data []byte, size uint64) []byte {
	if size <= uint64(len(data)) {
		return data[:size:size]
	}
	return append(data, make([]byte, size-uint64(len(data)))...)
}

// Truncate sets the length and records.
func (h *crashHandle) Truncate(size uint64) error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	h.fs.ops = append(h.fs.ops, Op{Kind: OpTruncate, File: h.id, Size: size})
	h.data = resized(h.data, size)
	return nil
}

// Sync records that the file is on the medium.
func (h *crashHandle) Sync() error { return h.record(OpSync) }

// FailSync records that the system gave up writing the file.
func (h *crashHandle) FailSync() { _ = h.record(OpSyncFailed) }

func (h *crashHandle) record(k OpKind) error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	h.fs.ops = append(h.fs.ops, Op{Kind: k, File: h.id})
	return nil
}

// Same tells whether other is the same file.
func (h *crashHandle) Same(other driver.Storage) bool {
	o, ok := other.(*crashHandle)
	return ok && o.crashFile == h.crashFile
}

// Lock is flock(2): a change of mode gives the old lock up first.
func (h *crashHandle) Lock(exclusive bool) error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	delete(h.handles, h)
	for _, other := range h.handles {
		if exclusive || other {
			return h5err.ErrLocked
		}
	}
	h.handles[h] = exclusive
	return nil
}

// Unlock gives the lock back.
func (h *crashHandle) Unlock() error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	delete(h.handles, h)
	return nil
}

// Close gives the lock back.
func (h *crashHandle) Close() error { return h.Unlock() }
