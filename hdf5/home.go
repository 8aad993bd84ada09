package hdf5

import (
	"errors"
	"sync"
	"sync/atomic"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/chunkio"
	"gables/internal/journal"
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
	source atomic.Pointer[source] // nil while no writer of this process has the file
	own    driver.Driver          // what was opened for this home; nil when the source reads

	mu sync.Mutex // guards the making of a new state
}

func makeHome(conf config, name string, dir folder) *home {
	return &home{conf: conf, name: name, folder: dir, pool: chunkio.NewPool(conf.workers), chunks: chunkio.NewChunkCache(conf.chunks)}
}

// newHome opens what d reads, which it owns from then on, also when it fails.
func newHome(conf config, name string, dir folder, d driver.Driver) (*home, error) {
	h := makeHome(conf, name, dir)
	s, err := newStore(h, d)
	if err != nil {
		return nil, err
	}
	h.own = s.drv
	h.state.Store(s)
	return h, nil
}

// liveHome reads what a writer of this process has committed.
func liveHome(conf config, name string, dir folder, src *source) (*home, error) {
	h := makeHome(conf, name, dir)
	h.source.Store(src)
	s, err := h.pin()
	if err != nil {
		return nil, err
	}
	s.unpin()
	return h, nil
}

// now is the state that is valid now, for what needs no reading.
func (h *home) now() *store {
	if s, err := h.pin(); err == nil {
		s.unpin()
		return s
	}
	return h.state.Load()
}

// pin gives the state that is valid now, which stays readable until unpin.
func (h *home) pin() (*store, error) {
	for {
		src := h.source.Load()
		if src == nil {
			s := h.state.Load()
			s.pins.Add(1)
			if h.source.Load() == nil {
				return s, nil
			}
			// A writer came: what it overwrites must not be looked at any more.
			s.pins.Add(-1)
			continue
		}
		snap := src.j.Pin()
		s, err := h.at(snap)
		if err != nil {
			snap.Unpin()
			return nil, err
		}
		s.pins.Add(1)
		return s, nil
	}
}

// at gives the state of a commit, which the caller has pinned.
func (h *home) at(snap *journal.Snapshot) (*store, error) {
	if s := h.state.Load(); s != nil && s.snap == snap {
		return s, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	old := h.state.Load()
	if old != nil && old.snap == snap {
		return old, nil
	}
	s, err := newSnapshotStore(h, snap)
	if err != nil {
		return nil, err
	}
	if old == nil || old.snap == nil || old.transaction <= s.transaction {
		h.state.Store(s)
		if old != nil {
			old.retire()
		}
	}
	return s, nil
}

// newSnapshotStore decodes the state of a commit.
func newSnapshotStore(h *home, snap *journal.Snapshot) (*store, error) {
	s := &store{home: h, drv: snap, snap: snap, driver: "sec2", transaction: snap.Transaction()}
	if err := s.open(); err != nil {
		return nil, h5err.In(err, h.name, "")
	}
	return s, nil
}

func (s *store) unpin() {
	s.pins.Add(-1)
	switch {
	case s.thaw != nil:
		s.thaw()
	case s.w != nil:
		s.w.mu.RUnlock()
	case s.snap != nil:
		s.snap.Unpin()
	}
}

// retire lets go of what a state that was followed by another has decoded.
func (s *store) retire() {
	if s.pins.Load() == 0 {
		s.graph.Cache.Clear()
	}
}

// settled tells whether s is the state that is valid now.
func (h *home) settled(s *store) bool { return h.now() == s }

func (h *home) close() error {
	var err error
	if h.own != nil {
		err = h.own.Close()
	}
	if src := h.source.Load(); src != nil {
		return errors.Join(err, src.leave())
	}
	return err
}
