package hdf5

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"gables/hdf5/driver"
)

// identity tells files apart: by what they are, not by their names. A file
// that was changed since it was opened is another one, as caches would lie.
type identity struct {
	id   fileID
	size int64
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

// stores are the open files of the process. mu guards the map alone: it is
// never held over I/O.
var stores = struct {
	mu sync.Mutex
	m  map[identity]*shared
}{m: map[identity]*shared{}}

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

// acquire gives the store of the file at path, opening it unless a handle has.
func acquire(path string, conf config) (lease, error) {
	info, err := os.Stat(path)
	if err != nil {
		return lease{}, err
	}
	key := identityOf(path, info, conf)
	if sh, _ := join(key, false); sh != nil {
		return sh.wait(key)
	}
	d, err := driver.OpenFile(path)
	if err != nil {
		return lease{}, err
	}
	return adopt(path, folder{dir: filepath.Dir(path)}, d, conf)
}

// adopt gives the store of a file that has been opened, which it owns from
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
	sh, made := join(key, true)
	if !made {
		// Somebody else has the file open already: this one is not needed.
		err = d.Close()
	} else {
		sh.home, sh.err = newHome(conf, name, dir, d)
		close(sh.ready)
	}
	if err != nil {
		return lease{}, errors.Join(err, release(key))
	}
	return sh.wait(key)
}

func identityOf(path string, info fs.FileInfo, conf config) identity {
	return identity{id: fileIDOf(path, info), size: info.Size(), time: info.ModTime(), conf: conf}
}

// join takes part in the store of key. With create, it makes an entry where there
// is none, which the caller must then fill; without, it gives nil.
func join(key identity, create bool) (sh *shared, made bool) {
	stores.mu.Lock()
	defer stores.mu.Unlock()
	sh, ok := stores.m[key]
	if !ok {
		if !create {
			return nil, false
		}
		sh = &shared{ready: make(chan struct{})}
		stores.m[key] = sh
	}
	sh.handles++
	return sh, !ok
}

// wait gives the store once whoever made the entry has opened it.
func (sh *shared) wait(key identity) (lease, error) {
	<-sh.ready
	if sh.err != nil {
		// A store that failed to open has nothing to close.
		_ = release(key)
		return lease{}, sh.err
	}
	return lease{sh.home, func() error { return release(key) }}, nil
}

// release gives a handle's part of a store back; the last one closes it.
func release(key identity) error {
	stores.mu.Lock()
	sh := stores.m[key]
	sh.handles--
	last := sh.handles == 0
	if last {
		delete(stores.m, key)
	}
	stores.mu.Unlock()
	if last && sh.home != nil {
		return sh.home.close()
	}
	return nil
}
