package hdf5

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
)

// identity tells files apart: by what they are, not by their names. A file
// that was changed since it was opened is another one, as caches would lie;
// one that a writer of this process changes stays the same.
type identity struct {
	id   fileID
	size int64 // -1 for a file that a writer of this process has
	time time.Time
	conf config
}

// shared is a home and how many handles use it.
type shared struct {
	handles int           // guarded by stores.mu; forgotten at 0
	ready   chan struct{} // closed once home or err is set
	home    *home
	err     error
}

// registry knows the open files of the process. mu guards the maps and what
// they count alone: it is never held over I/O.
type registry struct {
	mu    sync.Mutex
	homes map[identity]*shared
	live  map[fileID]*source // files that a writer has, or had while they are open
	built map[string]*source // files that are being built, by absolute path
}

var stores = registry{homes: map[identity]*shared{}, live: map[fileID]*source{}, built: map[string]*source{}}

// handles are the Files that are open.
var handles sync.Map // *File → struct{}

// OpenFiles gives the handles that are open now, by name and then by age. The
// slice is a copy: opening and closing files does not change it.
func OpenFiles() []*File {
	var list []*File
	handles.Range(func(k, _ any) bool {
		list = append(list, k.(*File))
		return true
	})
	slices.SortFunc(list, func(a, b *File) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.serial, b.serial))
	})
	return list
}

// CloseAll closes every handle that is open now, waiting for the calls that
// use them, and gives all errors.
func CloseAll() error {
	var errs []error
	for _, f := range OpenFiles() {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// lease is a handle's part in a home.
type lease struct {
	*home
	giveBack func() error // closes the home with the last lease
}

// acquire gives the home of the file at path, opening it unless a handle has.
func acquire(path string, conf config) (lease, error) {
	conf = conf.reading()
	info, err := os.Stat(path)
	if err != nil {
		return lease{}, err
	}
	key := identityOf(path, info, conf)
	src, err := stores.source(key.id)
	if err != nil {
		return lease{}, err
	}
	if src != nil {
		return acquireLive(path, key, src)
	}
	if sh, _ := stores.join(key, false); sh != nil {
		return sh.wait(key)
	}
	d, err := openForReading(path, conf)
	if err != nil {
		return lease{}, err
	}
	return adopt(path, folder{dir: filepath.Dir(path)}, d, conf)
}

// acquireLive gives the home of a file that a writer of this process has. src
// was entered for it.
func acquireLive(path string, key identity, src *source) (lease, error) {
	key.size, key.time = -1, time.Time{}
	sh, made := stores.join(key, true)
	if made {
		sh.home, sh.err = liveHome(key.conf, path, folder{dir: filepath.Dir(path)}, src)
		if sh.err != nil {
			sh.err = errors.Join(sh.err, src.leave())
		}
		close(sh.ready)
	} else if err := src.leave(); err != nil {
		return lease{}, errors.Join(err, stores.release(key))
	}
	return sh.wait(key)
}

// adopt gives the home of a file that has been opened, which it owns from
// then on. What is not a file of the system is shared with nobody.
func adopt(name string, dir folder, d driver.Driver, conf config) (lease, error) {
	f, ok := d.(*driver.File)
	if !ok {
		h, err := newHome(conf, name, dir, d)
		if err != nil {
			return lease{}, err
		}
		return lease{h, h.close}, nil
	}
	info, err := f.Stat()
	if err != nil {
		return lease{}, errors.Join(err, d.Close())
	}
	key := identityOf(name, info, conf)
	sh, made := stores.join(key, true)
	if !made {
		// Somebody else has the file open already: this one is not needed.
		err = d.Close()
	} else {
		sh.home, sh.err = newHome(conf, name, dir, d)
		close(sh.ready)
	}
	if err != nil {
		return lease{}, errors.Join(err, stores.release(key))
	}
	return sh.wait(key)
}

func identityOf(path string, info fs.FileInfo, conf config) identity {
	return identity{id: fileIDOf(path, info), size: info.Size(), time: info.ModTime(), conf: conf}
}

// join takes part in the home of key. With create, it makes an entry where there
// is none, which the caller must then fill; without, it gives nil.
func (r *registry) join(key identity, create bool) (sh *shared, made bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sh, ok := r.homes[key]
	if !ok {
		if !create {
			return nil, false
		}
		sh = &shared{ready: make(chan struct{})}
		r.homes[key] = sh
	}
	sh.handles++
	return sh, !ok
}

// wait gives the home once whoever made the entry has opened it.
func (sh *shared) wait(key identity) (lease, error) {
	<-sh.ready
	if sh.err != nil {
		// A home that failed to open has nothing to close.
		_ = stores.release(key)
		return lease{}, sh.err
	}
	return lease{sh.home, func() error { return stores.release(key) }}, nil
}

// release gives a handle's part of a home back; the last one closes it.
func (r *registry) release(key identity) error {
	r.mu.Lock()
	sh := r.homes[key]
	sh.handles--
	last := sh.handles == 0
	if last {
		delete(r.homes, key)
	}
	r.mu.Unlock()
	if last && sh.home != nil {
		return sh.home.close()
	}
	return nil
}

// source enters the source of a file that a writer has, or gives nil. It waits
// for one that is being opened.
func (r *registry) source(id fileID) (*source, error) {
	r.mu.Lock()
	src := r.live[id]
	if src == nil {
		r.mu.Unlock()
		return nil, nil
	}
	src.users++
	r.mu.Unlock()
	<-src.ready
	if src.failed {
		return nil, src.leave()
	}
	return src, nil
}

// write reserves a file for a writer.
func (r *registry) write(id fileID, path string) (*source, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	src := r.live[id]
	if src == nil {
		src = &source{id: id, ready: make(chan struct{})}
		r.live[id] = src
	}
	if src.writing || src.failed {
		return nil, h5err.In(fmt.Errorf("this process has the file open for writing: %w", h5err.ErrLocked), path, "")
	}
	src.writing = true
	src.users++
	return src, nil
}

// create reserves a path for a file that is made anew.
func (r *registry) create(abs string, exclusive bool) (*source, error) {
	info, err := os.Stat(abs)
	if err == nil && exclusive {
		return nil, &fs.PathError{Op: "create", Path: abs, Err: fs.ErrExist}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.built[abs] != nil {
		return nil, h5err.In(fmt.Errorf("this process is making the file already: %w", h5err.ErrLocked), abs, "")
	}
	if err == nil {
		id := fileIDOf(abs, info)
		if n := r.users(id); n > 0 {
			return nil, h5err.In(fmt.Errorf("the file can't be made anew, as this process has %d handles on it open: %w", n, h5err.ErrLocked), abs, "")
		}
	}
	src := &source{path: abs, writing: true, users: 1, ready: make(chan struct{})}
	close(src.ready)
	r.built[abs] = src
	return src, nil
}

// users counts the handles on a file; mu is held.
func (r *registry) users(id fileID) int {
	n := 0
	if src := r.live[id]; src != nil && src.writing {
		n++
	}
	for key, sh := range r.homes {
		if key.id == id {
			n += sh.handles
		}
	}
	return n
}

// finished makes a file that was built known by what it is.
func (r *registry) finished(src *source) error {
	r.mu.Lock()
	abs := src.path
	r.mu.Unlock()
	if abs == "" {
		return nil
	}
	info, err := os.Stat(abs)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.built, abs)
	src.path, src.id = "", fileIDOf(abs, info)
	r.live[src.id] = src
	return nil
}

// views gives the homes that show the bytes of src's file itself, once they
// are open.
func (r *registry) views(src *source) []*home {
	r.mu.Lock()
	var list []*shared
	for key, sh := range r.homes {
		if key.id == src.id && key.size >= 0 {
			list = append(list, sh)
		}
	}
	r.mu.Unlock()
	var homes []*home
	for _, sh := range list {
		if <-sh.ready; sh.home != nil {
			homes = append(homes, sh.home)
		}
	}
	return homes
}

// turn makes homes show what src's writer commits. One that was closed
// meanwhile is left out.
func (r *registry) turn(src *source, homes []*home) {
	for _, h := range homes {
		src.mu.Lock()
		src.views = append(src.views, h.state.Load())
		src.mu.Unlock()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, sh := range r.homes {
		if key.id == src.id && key.size >= 0 && slices.Contains(homes, sh.home) {
			src.users++
			sh.home.source.Store(src)
		}
	}
}
