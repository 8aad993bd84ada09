package hdf5

import (
	"errors"
	"sync"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/journal"
	"gables/internal/wire"
)

// source is a file that a writer of this process changes, or has changed while
// handles on it are open: its log, and what the writer's commits took away.
type source struct {
	writing bool          // a writer is at work; guarded by stores.mu
	users   int           // homes and the writer; guarded by stores.mu
	path    string        // absolute, of a file that is being built; guarded by stores.mu
	id      fileID        // of one that is not
	ready   chan struct{} // closed once j is set, or failed
	failed  bool          // the file could not be opened for writing

	j     *journal.Journal
	dir   *driver.Dir
	image *driver.Buffer // a file in memory

	mu      sync.Mutex              // guards the fields below
	deleted map[wire.Address]uint64 // object headers, by the transaction that deleted them
	views   []*store                // states from before the writer came, which show the file's own bytes
}

// open says that the journal is there, or can't be had.
func (src *source) opened(failed bool) {
	select {
	case <-src.ready:
	default:
		src.failed = failed
		close(src.ready)
	}
}

// leaveWriting ends the use by the writer.
func (src *source) leaveWriting() error {
	stores.mu.Lock()
	src.writing = false
	stores.mu.Unlock()
	if src.ready != nil {
		src.opened(true)
	}
	return src.leave()
}

// leave ends one use; the last one closes the file.
func (src *source) leave() error {
	stores.mu.Lock()
	src.users--
	last := src.users == 0
	if last || src.failed {
		if stores.live[src.id] == src {
			delete(stores.live, src.id)
		}
		if stores.built[src.path] == src {
			delete(stores.built, src.path)
		}
	}
	stores.mu.Unlock()
	if !last {
		return nil
	}
	var err error
	if src.j != nil {
		err = src.j.Close()
	}
	if src.dir != nil {
		err = errors.Join(err, src.dir.Close())
	}
	return err
}

// busy tells whether a call still looks at the file's own bytes.
func (src *source) busy() bool {
	src.mu.Lock()
	defer src.mu.Unlock()
	left := src.views[:0]
	for _, s := range src.views {
		if s.pins.Load() > 0 {
			left = append(left, s)
		}
	}
	src.views = left
	return len(left) > 0
}

// deletedSince tells whether the header at addr was deleted by a transaction
// behind the given one.
func (src *source) deletedSince(addr wire.Address, transaction uint64) bool {
	src.mu.Lock()
	defer src.mu.Unlock()
	t, ok := src.deleted[addr]
	return ok && t > transaction
}

// remove remembers what a commit has deleted.
func (src *source) remove(list []wire.Address, transaction uint64) {
	if len(list) == 0 {
		return
	}
	src.mu.Lock()
	defer src.mu.Unlock()
	if src.deleted == nil {
		src.deleted = map[wire.Address]uint64{}
	}
	for _, a := range list {
		src.deleted[a] = transaction
	}
}

var errDeleted = h5err.New(h5err.ErrNotFound, "", "", "the object was deleted")

// exists tells whether the object that was at addr in an earlier state is there
// still; ErrNotFound when it was deleted.
func (s *store) exists(addr wire.Address, since *store) error {
	if s.w != nil && (s.w.deletedSince(addr, since) || s.w.src.deletedSince(addr, since.transaction)) {
		return h5err.At(errDeleted, "", uint64(addr))
	}
	if src := s.home.source.Load(); src != nil && src.deletedSince(addr, since.transaction) {
		return h5err.At(errDeleted, "", uint64(addr))
	}
	return nil
}
