package hdf5

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/journal"
	"gables/internal/object"
	"gables/internal/wire"
)

// OpenFile opens the file at path in a mode. For writing there is one handle at
// a time, in this process and all others; readers of this process may open the
// file before and meanwhile, and see each Flush as a whole. What another
// program left behind when it was cut off is recovered first. Changes are not
// in the file before Flush or Close: a crash leaves the last of them.
//
// Errors: those of Open; ErrLocked: another writer has the file, or a mode that
// makes it anew meets readers; fs.ErrExist; ErrUnsupported: a file of several
// members can't be written.
func OpenFile(path string, mode Mode, opts ...Option) (*File, error) {
	conf := newConfig(opts)
	switch mode {
	case ModeRead:
		return Open(path, opts...)
	case ModeReadWrite:
		return openForWriting(path, conf)
	case ModeAppend:
		f, err := openForWriting(path, conf)
		if errors.Is(err, fs.ErrNotExist) {
			return createFile(path, conf, true)
		}
		return f, err
	case ModeCreate:
		return createFile(path, conf, false)
	case ModeCreateNew:
		return createFile(path, conf, true)
	}
	return nil, fmt.Errorf("%s: %w", mode, h5err.ErrSelection)
}

// Create makes the file at path anew: OpenFile with ModeCreate.
func Create(path string, opts ...Option) (*File, error) { return OpenFile(path, ModeCreate, opts...) }

// Update opens the file at path for writing, or makes it, and runs change. All
// that it did is in the file when Update gives no error, and nothing otherwise.
func Update(path string, change func(f *File) error, opts ...Option) error {
	f, err := OpenFile(path, ModeAppend, opts...)
	if err != nil {
		return err
	}
	if err := change(f); err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.Close()
}

// options are the journal's.
func (c config) journal(src *source) journal.Options {
	o := journal.Options{Level: journal.Level(c.write.durability), Base: c.write.userBlock, NoLock: c.locking() == driver.LockNever,
		LazyBytes: c.write.lazyBytes, LazyAge: c.write.lazyAge, Boot: c.write.boot}
	if src != nil {
		o.Busy = src.busy
	}
	return o
}

func (c config) locking() driver.Locking {
	if c.write.noLock {
		return driver.LockNever
	}
	return driver.LockingFromEnvironment()
}

// openForWriting attaches a writer to a file that exists.
func openForWriting(path string, conf config) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	src, err := stores.write(fileIDOf(path, info), path)
	if err != nil {
		return nil, err
	}
	f, err := src.attach(path, conf)
	if err != nil {
		return nil, errors.Join(err, src.leaveWriting())
	}
	return f, nil
}

// attach makes the handle for writing; src is reserved for it.
func (src *source) attach(path string, conf config) (*File, error) {
	if src.j == nil {
		if err := src.openJournal(path, conf); err != nil {
			return nil, h5err.In(err, path, "")
		}
	}
	h := makeHome(conf, path, folder{dir: filepath.Dir(path)})
	first, err := newSnapshotStore(h, src.j.Current())
	if err != nil {
		return nil, err
	}
	if first.driver != "sec2" {
		return nil, h5err.In(h5err.Unsupported("superblock", "driver", "a %s file can't be written", first.driver), path, "")
	}
	end := first.drv.Size() - first.at
	w := newWriter(h, src, *first.sb, first.at, end, nodeSizesOf(first.sb, first.btreeK), spaceOptions(first.ext))
	if err := w.loadSpace(first); err != nil {
		return nil, h5err.In(err, path, "")
	}
	return newWritingFile(path, w), nil
}

// openJournal opens the file and its log, and turns the readers of this process
// to what is committed.
func (src *source) openJournal(path string, conf config) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	views := stores.views(src)
	for _, h := range views {
		// The writer's lock stands for theirs: it could not become exclusive otherwise.
		if d, ok := h.own.(*driver.File); ok {
			if err := d.Unlock(); err != nil {
				return err
			}
		}
	}
	dir, err := driver.OpenDir(filepath.Dir(real), conf.locking(), 0)
	if err != nil {
		return err
	}
	st, err := driver.OpenDisk(real, conf.locking())
	if err == nil {
		src.j, err = journal.Open(st, dir, filepath.Base(real), conf.journal(src))
	}
	if err != nil {
		return errors.Join(err, dir.Close())
	}
	src.dir = dir
	stores.turn(src, views)
	src.opened(false)
	return nil
}

// createFile builds a new file beside its place.
func createFile(path string, conf config, exclusive bool) (*File, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	src, err := stores.create(abs, exclusive)
	if err != nil {
		return nil, err
	}
	f, err := src.build(path, abs, conf, exclusive)
	if err != nil {
		return nil, errors.Join(h5err.In(err, path, ""), src.leaveWriting())
	}
	return f, nil
}

func (src *source) build(path, abs string, conf config, exclusive bool) (*File, error) {
	dir, err := driver.OpenDir(filepath.Dir(abs), conf.locking(), 0)
	if err != nil {
		return nil, err
	}
	src.dir = dir
	return src.buildIn(dir, filepath.Base(abs), path, conf, exclusive)
}

// buildIn begins a new file in a folder; path is for errors and for what the file
// refers to.
func (src *source) buildIn(dir driver.Folder, name, path string, conf config, exclusive bool) (*File, error) {
	if b := conf.write.userBlock; b != 0 && (b < 512 || b&(b-1) != 0) {
		return nil, h5err.New(h5err.ErrSelection, "", "", "a user block of %d bytes; it must be a power of two from 512 on", b)
	}
	o := conf.journal(src)
	o.Exclusive = exclusive
	var err error
	if src.j, err = journal.Create(dir, name, o); err != nil {
		return nil, err
	}
	h := makeHome(conf, path, folder{dir: filepath.Dir(path)})
	w, err := newFileWriter(h, src, conf)
	if err != nil {
		return nil, err
	}
	return newWritingFile(path, w), nil
}

// newFileWriter makes the draft of an empty file: a superblock and a root group.
func newFileWriter(h *home, src *source, conf config) (*writer, error) {
	low := format.Bound(conf.write.libver)
	sb := format.Superblock{Version: format.SuperblockVersion(low), Sizes: wire.Sizes{Offset: 8, Length: 8},
		LeafK: uint16(defaultNodeSizes.leaf), InternalK: uint16(defaultNodeSizes.internal), ChunkK: uint16(defaultNodeSizes.chunk),
		Base: wire.Address(conf.write.userBlock), FreeSpace: wire.Undefined, Extension: wire.Undefined, DriverInfo: wire.Undefined}
	size := uint64(format.SuperblockBytes(sb.Version, sb.Sizes))
	w := newWriter(h, src, sb, conf.write.userBlock, size, defaultNodeSizes, freespace.Usual())
	w.editor.Low = low
	w.begins = true
	return w, w.edit(w.makeRoot)
}

// makeRoot gives a new file its root group.
func (w *writer) makeRoot() error {
	low := w.editor.Low
	root, err := w.editor.NewGroup(object.GroupOptions{HeaderOptions: w.headerOptions(low == format.BoundEarliest, false)})
	if err != nil {
		return err
	}
	w.sb.Root = root
	if low == format.BoundEarliest {
		if w.sb.RootEntry, err = w.editor.RootEntry(root); err != nil {
			return err
		}
	}
	_, err = w.editor.AddReference(root, 1)
	return err
}

// newWritingFile makes the handle of a writer.
func newWritingFile(path string, w *writer) *File {
	f := &File{name: path, serial: serials.Add(1), home: w.home, w: w, gate: newGate(), budget: w.home.conf.limits.Links, kin: new(atomic.Int64)}
	f.lease = lease{w.home, func() error { return w.src.leaveWriting() }}
	handles.Store(f, struct{}{})
	return f
}

// OpenIn opens a file for writing in a folder of the caller's making: another
// medium than the system's files. Handles for reading do not find it; the one for
// writing reads, too. ErrSelection: ModeRead, for which OpenDriver is.
func OpenIn(dir driver.Folder, name string, mode Mode, opts ...Option) (*File, error) {
	conf := newConfig(opts)
	src := &source{writing: true, users: 1, ready: make(chan struct{})}
	var f *File
	var err error
	switch mode {
	case ModeReadWrite, ModeAppend:
		f, err = src.openIn(dir, name, conf)
		if errors.Is(err, fs.ErrNotExist) && mode == ModeAppend {
			f, err = src.buildIn(dir, name, name, conf, true)
		}
	case ModeCreate, ModeCreateNew:
		f, err = src.buildIn(dir, name, name, conf, mode == ModeCreateNew)
	default:
		err = fmt.Errorf("%s: %w", mode, h5err.ErrSelection)
	}
	if err != nil {
		return nil, errors.Join(h5err.In(err, name, ""), src.leaveWriting())
	}
	return f, nil
}

func (src *source) openIn(dir driver.Folder, name string, conf config) (*File, error) {
	st, err := dir.Open(name, false)
	if err != nil {
		return nil, err
	}
	if src.j, err = journal.Open(st, dir, name, conf.journal(src)); err != nil {
		return nil, err
	}
	return src.attach(name, conf)
}

// CreateMemory makes a file image in memory; Image gives its bytes.
func CreateMemory(opts ...Option) (*File, error) { return openImage(nil, newConfig(opts)) }

// OpenImage changes a file image in memory, of which it works on a copy.
func OpenImage(image []byte, opts ...Option) (*File, error) {
	if len(image) == 0 {
		return nil, h5err.New(h5err.ErrNotHDF5, "superblock", "signature", "absent from 0 bytes")
	}
	return openImage(image, newConfig(opts))
}

func openImage(image []byte, conf config) (*File, error) {
	if image != nil {
		s, err := newStore(makeHome(conf, "", folder{}), driver.Memory(image))
		if err != nil {
			return nil, err
		}
		conf.write.userBlock = s.at
	}
	src := &source{writing: true, users: 1, ready: make(chan struct{})}
	buf := driver.NewBuffer(append([]byte(nil), image...))
	src.image = buf
	src.j = journal.Memory(buf, conf.journal(src))
	if image == nil {
		h := makeHome(conf, "", folder{})
		w, err := newFileWriter(h, src, conf)
		if err != nil {
			return nil, err
		}
		return newWritingFile("", w), nil
	}
	f, err := src.attach("", conf)
	if err != nil {
		return nil, err
	}
	f.home.folder = folder{}
	return f, nil
}

// Image flushes, and gives a copy of the file's bytes. ErrType: the file is not
// one in memory.
func (f *File) Image(ctx context.Context) ([]byte, error) {
	if f.w == nil || f.w.src.image == nil {
		return nil, h5err.In(fmt.Errorf("only a file that was made in memory has an image: %w", h5err.ErrType), f.name, "")
	}
	if err := f.Flush(ctx); err != nil {
		return nil, err
	}
	return append([]byte(nil), f.w.src.image.Bytes()...), nil
}

// Flush commits all changes: when it gives no error they are as durable as
// WithDurability says, handles for reading see them, and so do other programs unless
// one of them is reading just now (the log keeps them until then). Through a handle for reading
// it does nothing.
func (f *File) Flush(ctx context.Context) error {
	if f.w == nil {
		s, err := f.enter()
		if err == nil {
			f.leave(s)
		}
		return err
	}
	w, err := f.edit()
	if err != nil {
		return err
	}
	defer f.done()
	return h5err.In(w.flush(ctx, false), f.name, "")
}

// Rollback gives up all changes since the last Flush.
func (f *File) Rollback() error {
	w, err := f.edit()
	if err != nil {
		return err
	}
	defer f.done()
	return h5err.In(w.rollback(), f.name, "")
}

// Discard is Close without the changes since the last Flush.
func (f *File) Discard() error {
	if f.w == nil {
		return f.Close()
	}
	err := f.Rollback()
	f.w.discarded.Store(true)
	return errors.Join(err, f.Close())
}

// Mode is how the file was opened: ModeRead or ModeReadWrite.
func (f *File) Mode() Mode {
	if f.w == nil {
		return ModeRead
	}
	return ModeReadWrite
}

// lockPatience is how long opening for reading waits for a writer that brings
// its file up to date.
const lockPatience = 500 * time.Millisecond

// openForReading opens a file with the shared lock that libhdf5 takes, and
// applies what a writer left in its log when it was cut off, or shows it where
// the file can't be written.
func openForReading(path string, conf config) (driver.Driver, error) {
	d, err := driver.OpenFile(path)
	if err != nil {
		return nil, err
	}
	if err := lockForReading(d, conf); err != nil {
		return nil, h5err.In(errors.Join(err, d.Close()), path, "")
	}
	if _, err := os.Lstat(path + journal.Suffix); err != nil {
		return d, nil
	}
	return recoverForReading(path, d, conf)
}

func lockForReading(d *driver.File, conf config) error {
	for end := time.Now().Add(lockPatience); ; time.Sleep(5 * time.Millisecond) {
		err := d.LockShared(conf.locking())
		if !errors.Is(err, h5err.ErrLocked) || time.Now().After(end) {
			return err
		}
	}
}

// recoverForReading looks at the log beside a file.
func recoverForReading(path string, d *driver.File, conf config) (driver.Driver, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	dir, err := driver.OpenDir(filepath.Dir(real), conf.locking(), 0)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	defer dir.Close()
	name := filepath.Base(real)
	state, err := journal.Look(dir, name)
	switch {
	case err != nil && errors.Is(err, fs.ErrPermission):
		return overlay(real, name, d)
	case err != nil:
		return nil, errors.Join(err, d.Close())
	case state != journal.Waiting:
		return d, nil
	}
	st, err := driver.OpenDisk(real, conf.locking())
	if errors.Is(err, fs.ErrPermission) {
		return overlay(real, name, d)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	// The lock of the one who reads would be in the way of the one who recovers.
	if err := d.Close(); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if err := journal.Recover(st, dir, name, conf.journal(nil)); err != nil && !errors.Is(err, h5err.ErrLocked) {
		return nil, err
	}
	if d, err = driver.OpenFile(path); err != nil {
		return nil, err
	}
	return d, lockForReading(d, conf)
}

// overlay shows a file that can't be written with what its log holds.
func overlay(path, name string, d *driver.File) (driver.Driver, error) {
	log, err := driver.OpenFile(path + journal.Suffix)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return journal.Overlay(d, log, name, nil)
}
