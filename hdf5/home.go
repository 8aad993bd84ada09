package hdf5

import (
	"sync/atomic"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/chunkio"
	"gables/internal/wire"
)

// home is what the handles of one file with the same options share: how it was
// opened, the decoded chunks, the workers, and the state that is valid now.
type home struct {
	conf   config
	name   string // for errors
	folder folder // where files that this one refers to may lie
	pool   *chunkio.Pool
	chunks *chunkio.ChunkCache
	state  atomic.Pointer[store]
}

// snapshot is a state of a file that a writer has committed, which stays as it
// is while it is pinned.
type snapshot interface {
	Pin() bool // false when it is no longer the current one
	Unpin()
}

// newHome opens what d reads, which it owns from then on, also when it fails.
func newHome(conf config, name string, dir folder, d driver.Driver) (*home, error) {
	h := &home{conf: conf, name: name, folder: dir, pool: chunkio.NewPool(conf.workers), chunks: chunkio.NewChunkCache(conf.chunks)}
	s, err := newStore(h, d)
	if err != nil {
		return nil, err
	}
	h.state.Store(s)
	return h, nil
}

// now is the state that is valid now, for what needs no reading.
func (h *home) now() *store { return h.state.Load() }

// pin gives the state that is valid now, which stays readable until unpin.
func (h *home) pin() (*store, error) {
	s := h.state.Load()
	s.pins.Add(1)
	return s, nil
}

func (s *store) unpin() { s.pins.Add(-1) }

// settled tells whether s is the state that is valid now.
func (h *home) settled(s *store) bool { return h.state.Load() == s }

// hold begins a call on a state that the caller knows to be readable.
func (f *File) hold(s *store) error {
	if !f.gate.enter() {
		return h5err.In(h5err.ErrClosed, f.name, "")
	}
	s.pins.Add(1)
	return nil
}

// exists tells whether the object that was at addr in an earlier state is there
// still; ErrNotFound when it was deleted.
func (s *store) exists(addr wire.Address, since *store) error { return nil }

func (h *home) close() error { return h.state.Load().drv.Close() }
