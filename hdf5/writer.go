package hdf5

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/chunkio"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/heap"
	"gables/internal/journal"
	"gables/internal/metacache"
	"gables/internal/object"
	"gables/internal/wire"
)

// writer is what a handle for writing has beside a home: the draft of the next
// commit and what edits it.
//
// Locks, in this order: whole, data of a rawWriter, mu, datasetsMu. None is held while a
// filter runs but data, which belongs to the dataset that is written.
type writer struct {
	home *home
	src  *source
	j    *journal.Journal
	base uint64 // position of the superblock

	whole sync.RWMutex // shared by changes of several operations, held alone by flush and rollback

	cache *metacache.Cache // for what is read for rawWriters; it holds no record

	mu     sync.RWMutex // guards the fields below: edits hold it, reads of the draft share it
	sb     format.Superblock
	last   format.Superblock // as of the last commit
	draft  *draft.Draft
	editor *object.Editor
	space  *spaceManagers
	gone   map[wire.Address]uint64 // headers deleted since the last commit, by the draft's version
	made   []wire.Address          // headers made since the last commit
	begins bool                    // a new file that was never committed
	failed error                   // why the transaction can't be committed any more
	clean  uint64                  // the draft's version as of the last commit

	viewMu sync.Mutex // guards view
	view   *store

	datasetsMu sync.Mutex // guards datasets
	datasets   map[wire.Address]*rawWriter
	dirty      chunkio.Budget
	discarded  atomic.Bool // close commits nothing
}

// target takes a draft's raw data to the journal, whose positions count the
// user block.
type target struct {
	j    *journal.Journal
	base uint64
}

func (t target) WriteFresh(p []byte, at uint64) error { return t.j.WriteFresh(p, t.base+at) }
func (t target) Stage(p []byte, at uint64) error      { return t.j.Stage(p, t.base+at) }

// newWriter prepares the draft over the journal's last commit. sb is the
// superblock as of it.
func newWriter(h *home, src *source, sb format.Superblock, base, end uint64, k nodeSizes, o freespace.Options) *writer {
	w := &writer{home: h, src: src, j: src.j, base: base, sb: sb, last: sb, gone: map[wire.Address]uint64{},
		datasets: map[wire.Address]*rawWriter{}, dirty: chunkio.Budget{Most: h.conf.write.dirty}}
	w.draft = draft.New(driver.Based(w.j.Working(), base), target{w.j, base}, freespace.NewWith(end, o), sb.Sizes, wire.Limits(h.conf.limits))
	w.editor = &object.Editor{Draft: w.draft, Low: boundOf(&sb, h.conf.write.libver), LeafK: k.leaf, InternalK: k.internal, ChunkK: k.chunk,
		Filters: h.conf.filters, Heap: heap.EditGlobal(w.draft), Made: w.noteMade, Deleted: w.noteDeleted}
	w.cache = metacache.NewBrief(w.draft, sb.Sizes, wire.Limits(h.conf.limits))
	w.clean = w.draft.Version()
	return w
}

// nodeSizes are the K values of version 1 B-trees.
type nodeSizes struct{ leaf, internal, chunk int }

// defaultNodeSizes are libhdf5's.
var defaultNodeSizes = nodeSizes{4, 16, 32}

// nodeSizesOf takes what superblock and extension say.
func nodeSizesOf(sb *format.Superblock, k *format.BTreeK) nodeSizes {
	n := defaultNodeSizes
	if sb.Version < 2 {
		n.leaf, n.internal = int(sb.LeafK), int(sb.InternalK)
		if sb.Version == 1 {
			n.chunk = int(sb.ChunkK)
		}
	}
	if k != nil {
		n = nodeSizes{int(k.GroupLeaf), int(k.GroupInternal), int(k.Chunk)}
	}
	return n
}

// boundOf keeps the style of the file: a superblock tells which releases its
// writer meant it for.
func boundOf(sb *format.Superblock, asked Libver) format.Bound {
	switch sb.Version {
	case 0, 1:
		return format.BoundEarliest
	case 2:
		return format.BoundV18
	}
	return format.Bound(max(asked, V110))
}

// noteMade is told of each new object header, which may lie where another was.
func (w *writer) noteMade(addr wire.Address) {
	delete(w.gone, addr)
	w.made = append(w.made, addr)
}

// noteDeleted is told of each object header that is given back.
func (w *writer) noteDeleted(addr wire.Address) {
	w.gone[addr] = w.draft.Version() + 1
	w.datasetsMu.Lock()
	delete(w.datasets, addr)
	w.datasetsMu.Unlock()
}

// deletedSince is asked under mu.
func (w *writer) deletedSince(addr wire.Address, since *store) bool {
	v, ok := w.gone[addr]
	return ok && (since.w != w || v > since.version)
}

// pin gives the state with everything that is not committed yet. mu is shared
// until unpin.
func (w *writer) pin() (*store, error) {
	w.mu.RLock()
	s, err := w.pinned()
	if err != nil {
		w.mu.RUnlock()
	}
	return s, err
}

func (w *writer) pinned() (*store, error) {
	w.viewMu.Lock()
	defer w.viewMu.Unlock()
	if w.view == nil || w.view.version != w.draft.Version() {
		w.view = w.newView()
	}
	w.view.pins.Add(1)
	return w.view, nil
}

// newView makes a store of the draft.
func (w *writer) newView() *store {
	sb := w.sb
	s := &store{home: w.home, w: w, drv: w.draft, driver: "sec2", sb: &sb, at: w.base,
		transaction: w.j.Current().Transaction(), version: w.draft.Version()}
	s.graph = &object.Graph{Cache: metacache.NewBrief(w.draft, sb.Sizes, wire.Limits(w.home.conf.limits)), Filters: w.home.conf.filters}
	if w.space != nil {
		s.ext = w.space.info
		s.graph.Shared = w.space.shared
	}
	return s
}

// edit runs an operation on the draft: all of it or nothing.
func (w *writer) edit(operation func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return err
	}
	if err := w.draft.Do(operation); err != nil {
		return err
	}
	return w.draft.Spill(spillBytes)
}

// spillBytes is how much metadata a transaction keeps in memory.
const spillBytes = 256 << 20

// usable tells why nothing can be changed any more; mu is held.
func (w *writer) usable() error {
	if w.failed != nil {
		return fmt.Errorf("the transaction can't be committed after an earlier error (Rollback gives it up): %w", w.failed)
	}
	return w.j.Err()
}

// fail notes that raw data could not be written, so that what refers to it must
// not be committed.
func (w *writer) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed == nil {
		w.failed = err
	}
}

// all locks every dataset that was written to, so that no write is half done.
func (w *writer) all() []*rawWriter {
	for {
		w.datasetsMu.Lock()
		list := sortedWriters(w.datasets)
		w.datasetsMu.Unlock()
		for _, d := range list {
			d.data.Lock()
		}
		w.datasetsMu.Lock()
		n := len(w.datasets)
		w.datasetsMu.Unlock()
		if n <= len(list) {
			return list
		}
		unlockAll(list)
	}
}

func unlockAll(list []*rawWriter) {
	for _, d := range list {
		d.data.Unlock()
	}
}

// flush commits everything; last says that the handle is being closed.
func (w *writer) flush(ctx context.Context, last bool) error {
	w.whole.Lock()
	defer w.whole.Unlock()
	list := w.all()
	defer unlockAll(list)
	for _, d := range list {
		if err := d.settle(ctx); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return err
	}
	if w.draft.Version() == w.clean && !(last && w.space != nil && w.space.told) {
		return nil
	}
	return w.commit(last)
}

// commit makes the draft the file's state; mu is held.
func (w *writer) commit(last bool) error {
	if err := w.settleSpace(last); err != nil {
		return err
	}
	w.draft.Space.Settle() // what is left of blocks is not part of the file
	fresh, over := w.draft.Changes()
	for _, e := range fresh {
		if err := w.j.WriteFresh(e.Data, w.base+e.At); err != nil {
			w.failed = err
			return err
		}
	}
	for i := range over {
		over[i].At += w.base
	}
	end := w.draft.Space.End()
	sb := w.sb
	sb.EndOfFile = wire.Address(uint64(sb.Base) + end)
	record, err := format.AppendSuperblock(nil, &sb)
	if err != nil {
		return err
	}
	t, err := w.j.Commit(over, w.base+end, record)
	if err != nil {
		w.failed = err
		return err
	}
	w.sb, w.last, w.begins = sb, sb, false
	w.draft.Space.Commit(t)
	w.draft.Committed(driver.Based(w.j.Working(), w.base))
	w.space.commit()
	w.publish(t)
	w.clean = w.draft.Version()
	if err := stores.finished(w.src); err != nil {
		return err
	}
	return w.checkpoint()
}

// publish tells the readers' handles which objects the transaction deleted.
func (w *writer) publish(t uint64) {
	list := make([]wire.Address, 0, len(w.gone))
	for a := range w.gone {
		list = append(list, a)
	}
	w.src.remove(list, t)
	clear(w.gone)
	w.made = w.made[:0]
}

// checkpoint brings the file itself up to the last commit when the policy asks
// for it, and finds out what space may be used again.
func (w *writer) checkpoint() error {
	if w.j.Due() {
		if _, err := w.j.Checkpoint(); err != nil {
			return err
		}
	}
	w.draft.Space.Release(w.j.Released())
	return nil
}

// rollback gives up everything since the last commit.
func (w *writer) rollback() error {
	w.whole.Lock()
	defer w.whole.Unlock()
	list := w.all()
	defer unlockAll(list)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range list {
		d.forget()
	}
	w.datasetsMu.Lock()
	clear(w.datasets)
	w.datasetsMu.Unlock()
	clear(w.gone)
	err := w.j.Abort()
	w.draft.Abort(driver.Based(w.j.Working(), w.base))
	w.space.abort()
	w.editor.Heap = heap.EditGlobal(w.draft)
	w.failed, w.sb = nil, w.last
	w.clean = w.draft.Version()
	for _, a := range w.made {
		w.gone[a] = w.clean + 1
	}
	w.made = w.made[:0]
	if err == nil && w.begins {
		err = w.draft.Do(w.makeRoot)
	}
	return err
}

// close commits, unless the transaction has failed, and ends the writing.
func (w *writer) close(ctx context.Context) error {
	if w.discarded.Load() {
		return nil
	}
	err := w.flush(ctx, true)
	if err != nil {
		err = errors.Join(err, w.rollback())
	}
	return err
}

// readOnly is the error of a change through a handle that was opened for reading.
func readOnly(f *File) error {
	return h5err.In(fmt.Errorf("the file was opened for reading: %w", h5err.ErrReadOnly), f.name, "")
}

// edit begins a change; done must follow when it gives no error.
func (f *File) edit() (*writer, error) {
	if f.w == nil {
		if f.gate.enter() {
			f.gate.leave()
			return nil, readOnly(f)
		}
		return nil, h5err.In(h5err.ErrClosed, f.name, "")
	}
	if !f.gate.enter() {
		return nil, h5err.In(h5err.ErrClosed, f.name, "")
	}
	return f.w, nil
}

func (f *File) done() { f.gate.leave() }
