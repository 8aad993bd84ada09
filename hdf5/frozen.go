package hdf5

import (
	"io"

	"gables/hdf5/driver"
	"gables/internal/draft"
	"gables/internal/journal"
	"gables/internal/metacache"
	"gables/internal/object"
	"gables/internal/wire"
)

// frozen is the draft's state at one moment, for calls that run code of the
// caller's, which may use the same handle to change things.
type frozen struct {
	snap    *journal.Snapshot // pinned
	working driver.Driver     // shows what was written fresh behind the end of snap
	pending []draft.Extent    // edits that were not committed, ascending
	size    uint64
}

func (z *frozen) Size() uint64 { return z.size }
func (z *frozen) Close() error { return nil }

// ReadAt reads the commit, what is fresh, and over both the edits.
func (z *frozen) ReadAt(p []byte, off uint64) (int, error) {
	if off >= z.size {
		return 0, io.EOF
	}
	short := error(nil)
	if left := z.size - off; uint64(len(p)) > left {
		p, short = p[:left], io.EOF
	}
	n, err := z.snap.ReadAt(p, off)
	if err == io.EOF || err == nil && n < len(p) {
		var more int
		more, err = z.working.ReadAt(p[n:], off+uint64(n))
		if n += more; err == io.EOF {
			clear(p[n:])
			err = nil
		}
	}
	if err != nil {
		return n, err
	}
	end := off + uint64(len(p))
	for _, e := range z.pending {
		if e.At >= end {
			break
		}
		if stop := e.At + uint64(len(e.Data)); stop > off {
			lo := max(e.At, off)
			copy(p[lo-off:], e.Data[lo-e.At:])
		}
	}
	return len(p), short
}

// freeze gives a state that stays as it is until unpin, whatever is done to the
// draft. Only contiguous data that this transaction writes over is shown as it
// is when it is read.
func (w *writer) freeze() (*store, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.j.Err(); err != nil {
		return nil, err
	}
	z := &frozen{snap: w.j.Pin(), working: w.j.Working(), pending: w.draft.Pending(), size: w.base + w.draft.Size()}
	for i := range z.pending {
		z.pending[i].At += w.base
	}
	w.draft.Space.Hold()
	s := w.newView()
	s.w = nil
	s.drv = z
	s.graph = &object.Graph{Cache: metacache.New(driver.Based(z, w.base), w.sb.Sizes, wire.Limits(w.home.conf.limits)),
		Filters: w.home.conf.filters, Shared: s.graph.Shared}
	s.thaw = func() {
		z.snap.Unpin()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.draft.Space.Unhold()
	}
	s.pins.Add(1)
	return s, nil
}

// enterFrozen is enter for calls that run code of the caller's.
func (d *Dataset) enterFrozen() (*Dataset, error) {
	if d.f.w == nil {
		return d.enter()
	}
	m, err := d.enter() // what was written is in the draft then
	if err != nil {
		return nil, err
	}
	m.leave()
	if !d.f.gate.enter() {
		return nil, d.f.closed()
	}
	s, err := d.f.w.freeze()
	if err != nil {
		d.f.gate.leave()
		return nil, d.wrap(err)
	}
	if m, err = d.at(s); err != nil {
		d.f.leave(s)
		return nil, err
	}
	return m, nil
}
