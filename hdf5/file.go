package hdf5

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"sync"
	"sync/atomic"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/heap"
	"gables/internal/wire"
)

// File is a handle on an open HDF5 file. Any number of goroutines may use it,
// and any number of handles may be open on one path; they share caches. It
// must be closed when it is no longer needed.
type File struct {
	name   string
	serial uint64
	home   *home
	w      *writer // nil for a handle for reading
	lease  lease
	gate   *gate

	mu     sync.Mutex             // guards linked and source
	linked map[string]*linkedFile // files opened through this one, closed with it
	budget int                    // how many more links may lead from file to file
	kin    *atomic.Int64          // files opened through the first handle of the chain, directly or not
	source map[string]*Dataset    // datasets that virtual ones take elements from, by path; guarded by mu
}

// serials numbers handles in the order in which they were opened.
var serials atomic.Uint64

// Open opens the HDF5 file at path for reading. If it is the first member of a
// family, or the member of a multi-file that has the superblock, the others
// are opened with it. Errors: those of os.Open; h5err.ErrNotHDF5, ErrCorrupt,
// ErrChecksum, ErrTruncated, ErrUnsupported.
func Open(path string, opts ...Option) (*File, error) {
	conf := newConfig(opts)
	l, err := acquire(path, conf)
	if err != nil {
		return nil, err
	}
	return newFile(path, l), nil
}

// OpenReaderAt reads the HDF5 file that the first size bytes of r are. r must
// allow parallel calls and is not closed.
func OpenReaderAt(r io.ReaderAt, size int64, opts ...Option) (*File, error) {
	d, err := driver.NewReaderAt(r, size)
	if err != nil {
		return nil, err
	}
	return openDriver("", folder{}, d, opts)
}

// OpenBytes reads an HDF5 file image in memory, which must not change until
// the File is closed.
func OpenBytes(image []byte, opts ...Option) (*File, error) {
	return openDriver("", folder{}, driver.Memory(image), opts)
}

// OpenFS opens the HDF5 file name of fsys. A file without random access is
// read into memory, up to Limits.Alloc bytes.
func OpenFS(fsys fs.FS, name string, opts ...Option) (*File, error) {
	conf := newConfig(opts)
	d, err := driver.OpenFS(fsys, name, conf.limits.Alloc)
	if err != nil {
		return nil, err
	}
	return openDriver(name, folder{fsys: fsys, sub: path.Dir(name)}, d, opts)
}

// OpenDriver reads through a driver of the caller's, which the File closes.
func OpenDriver(name string, d driver.Driver, opts ...Option) (*File, error) {
	return openDriver(name, folder{}, d, opts)
}

func openDriver(name string, dir folder, d driver.Driver, opts []Option) (*File, error) {
	l, err := adopt(name, dir, d, newConfig(opts))
	if err != nil {
		return nil, err
	}
	return newFile(name, l), nil
}

func newFile(name string, l lease) *File {
	f := &File{name: name, serial: serials.Add(1), home: l.home, lease: l, gate: newGate(), budget: l.conf.limits.Links, kin: new(atomic.Int64)}
	handles.Store(f, struct{}{})
	return f
}

// Name is the path or name that the file was opened by; empty for a source
// without one.
func (f *File) Name() string { return f.name }

// Close ends the use of this handle: calls that have begun are waited for,
// later ones give ErrClosed. The second Close gives ErrClosed too. A callback of
// Scan, Stream or Chunks is inside such a call and must not close the File.
func (f *File) Close() error {
	if !f.gate.shut() {
		return h5err.In(h5err.ErrClosed, f.name, "")
	}
	handles.Delete(f)
	var errs []error
	if f.w != nil {
		errs = append(errs, h5err.In(f.w.close(context.Background()), f.name, ""))
	}
	f.mu.Lock()
	linked := f.linked
	f.linked = nil
	f.mu.Unlock()
	for _, l := range linked {
		if l.file != nil {
			errs = append(errs, l.file.Close())
		}
	}
	return errors.Join(append(errs, f.lease.giveBack())...)
}

// Same tells whether both handles are on one file with the same caches, as
// handles of one path with the same options are. It needs no open file.
func (f *File) Same(other *File) bool { return f.home == other.home }

// enter begins a call on the state of the file that is valid now; leave must
// follow when it gives no error.
func (f *File) enter() (*store, error) {
	if !f.gate.enter() {
		return nil, f.closed()
	}
	pin := f.home.pin
	if f.w != nil {
		pin = f.w.pin
	}
	s, err := pin()
	if err != nil {
		f.gate.leave()
		return nil, h5err.In(err, f.name, "")
	}
	return s, nil
}

// closed is the error of calls on a handle that was closed.
func (f *File) closed() error { return h5err.In(h5err.ErrClosed, f.name, "") }

// now is the state that is valid now, for what needs no reading.
func (f *File) now() *store {
	if f.w == nil {
		return f.home.now()
	}
	s, err := f.w.pin()
	if err != nil {
		return f.home.state.Load()
	}
	s.unpin()
	return s
}

func (f *File) leave(s *store) {
	s.unpin()
	f.gate.leave()
}

// Warnings gives what is unusual about the file but does not stop reading:
// errors that wrap ErrOpenForWrite or ErrTruncated.
func (f *File) Warnings() []error { return slices.Clone(f.now().warnings) }

// Superblock is what the file's superblock and its extension say
// (Spec: II.A and II.C).
type Superblock struct {
	Version      int
	BaseAddress  uint64   // bytes of user block before the superblock
	OffsetSize   int      // bytes of an address: 2, 4 or 8
	LengthSize   int      // bytes of a length: 2, 4 or 8
	EndOfFile    uint64   // relative to BaseAddress
	Flags        uint32   // file consistency flags
	RootAddress  uint64   // object header of the root group
	Extension    bool     // there is a superblock extension
	SharedHeader bool     // messages are shared through a table (SOHM)
	Strategy     string   // how free space is managed; "" when the file does not say
	PageSize     uint64   // of paged aggregation; 0 when the file does not say
	Persist      bool     // free space is remembered when the file is closed
	Driver       string   // sec2, family, split or multi
	Members      []string // names of the files of a family or multi-file
}

// Superblock describes the container.
func (f *File) Superblock() Superblock {
	s := f.now()
	b := Superblock{Version: int(s.sb.Version), BaseAddress: s.at, OffsetSize: s.sb.Sizes.Offset, LengthSize: s.sb.Sizes.Length,
		EndOfFile: uint64(s.sb.EndOfFile - min(s.sb.Base, s.sb.EndOfFile)), Flags: s.sb.Flags, RootAddress: uint64(s.sb.Root), Extension: s.sb.Extension.Defined(),
		SharedHeader: s.graph.Shared != nil, Driver: s.driver, Members: slices.Clone(s.members)}
	if s.ext != nil {
		b.Strategy, b.PageSize, b.Persist = s.ext.Strategy, s.ext.PageSize, s.ext.Persist
	}
	return b
}

// Size is the number of bytes of the file, or of all members together.
func (f *File) Size() uint64 { return f.now().drv.Size() }

// Reads counts the reads of metadata that reached the file through all handles
// that share its caches.
func (f *File) Reads() int64 { return f.now().graph.Cache.Reads() }

// heapReader gives variable-length data and holds what one read may deliver
// to a budget, as one object may be referred to a billion times.
type heapReader struct {
	s    *store
	left *atomic.Int64
}

func (s *store) newHeap() *heapReader {
	h := &heapReader{s, new(atomic.Int64)}
	h.left.Store(s.conf.limits.VLBytes)
	return h
}

// Object gives an object of a global heap collection (Spec: III.E).
func (h *heapReader) Object(addr uint64, index uint32) ([]byte, error) {
	a := wire.Address(addr)
	if h.s.sb.Sizes.Offset < 8 && addr == 1<<(8*h.s.sb.Sizes.Offset)-1 {
		a = wire.Undefined
	}
	b, err := heap.GlobalObject(h.s.graph.Cache, a, index)
	if err != nil {
		return nil, err
	}
	if h.left.Add(-int64(len(b))) < 0 {
		return nil, fmt.Errorf("more than %d bytes of variable-length data in one read: %w", h.s.conf.limits.VLBytes, h5err.ErrLimit)
	}
	return b, nil
}

// linkedFile is a file that another one refers to.
type linkedFile struct {
	once sync.Once
	file *File
	err  error
}

// link opens a file that this one refers to, once; it is closed with f.
func (f *File) link(name string) (*File, error) {
	if f.budget <= 0 {
		return nil, fmt.Errorf("more than %d links from file to file: %w", f.home.conf.limits.Links, h5err.ErrLimit)
	}
	f.mu.Lock()
	l := f.linked[name]
	if l == nil {
		l = &linkedFile{}
		if f.linked == nil {
			f.linked = map[string]*linkedFile{}
		}
		f.linked[name] = l
	}
	f.mu.Unlock()
	l.once.Do(func() { l.file, l.err = f.openLinked(name) })
	return l.file, l.err
}

func (f *File) openLinked(name string) (*File, error) {
	d, dir, err := f.home.folder.find(name, f.home.conf)
	if isAbsent(err) {
		return nil, &missingFile{err}
	}
	if err != nil {
		return nil, err
	}
	if f.kin.Add(1) > maxKin {
		err := fmt.Errorf("more than %d files opened through links: %w", maxKin, h5err.ErrLimit)
		return nil, errors.Join(err, d.Close())
	}
	le, err := adopt(name, dir, d, f.home.conf)
	if err != nil {
		return nil, err
	}
	return &File{name: name, serial: serials.Add(1), home: le.home, lease: le, gate: newGate(), budget: f.budget - 1, kin: f.kin}, nil
}

// maxKin bounds the files that are open because one file led to them.
const maxKin = 1 << 16

// missingFile says that a file is not there at all, unlike one that is there
// and lacks a member.
type missingFile struct{ error }

func (m *missingFile) Unwrap() error { return m.error }
