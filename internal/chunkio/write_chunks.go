package chunkio

import (
	"context"
	"math"
	"sync/atomic"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/chunkindex"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/wire"
)

// encodeJob is a chunk on its way into the file.
type encodeJob struct {
	scaled []uint64
	bound  *dataspace.Bound // with source: what the chunk takes of it
	source Source
	held   *dirtyChunk // instead of them
	raw    []byte      // scratch: the chunk unfiltered
	buf    []byte      // scratch: the chunk filtered
	out    []byte      // what is stored; valid until the next job in this slot
	mask   uint32
	at     wire.Address
	fresh  bool // out goes to at, where no state can see it
}

// batchBytes is how many bytes of chunks are encoded before they are placed.
const batchBytes = 32 << 20

// batch is how many chunks are encoded before they are placed.
func (w *Writer) batch(workers int) int {
	n := max(1, batchBytes/w.Data.ChunkBytes())
	return max(workers, min(n, 16*workers))
}

func (w *Writer) writeChunks(ctx context.Context, b *dataspace.Bound, s Source, workers int) error {
	d := w.Data
	if d.Layout.Index == format.IndexImplicit && !d.Layout.Address.Defined() {
		if err := w.createIndex(); err != nil {
			return err
		}
	}
	workers = d.workersFor(workers)
	// Memory that is stored as it is needs no helpers.
	if s.Serial() || d.runWhole && d.Pipeline.Empty() && s.Direct(0, 1) != nil {
		workers = 1
	}
	most := w.batch(workers)
	n := 0
	var fault error
	origin := make([]uint64, len(d.Dims))
	b.Boxes(d.chunkDims, func(scaled []uint64) bool {
		for i := range origin {
			origin[i] = scaled[i] * d.chunkDims[i]
		}
		if d.covers(b, origin) {
			w.take(n, scaled, b, s)
			n++
		} else {
			fault = w.patch(b, scaled, origin, s)
		}
		if fault == nil && n == most {
			fault = w.encode(ctx, n, workers)
			n = 0
		}
		return fault == nil
	})
	if fault == nil && n > 0 {
		fault = w.encode(ctx, n, workers)
	}
	if fault != nil {
		return fault
	}
	return w.relieve(ctx, workers)
}

// relieve writes the chunks that are complete once they can keep all workers
// busy, and all of them where the file holds too much.
func (w *Writer) relieve(ctx context.Context, workers int) error {
	if w.Dirty.Over() {
		return w.Flush(ctx, workers)
	}
	if w.complete >= w.batch(workers) || w.complete >= 2*workers && w.complete*w.Data.ChunkBytes() >= batchBytes/4 {
		return w.flush(ctx, workers, func(c *dirtyChunk) bool { return c.filled >= w.Data.chunkElems })
	}
	return nil
}

// slot gives job n, with its scratch memory.
func (w *Writer) slot(n int) *encodeJob {
	for len(w.slots) <= n {
		w.slots = append(w.slots, encodeJob{})
	}
	return &w.slots[n]
}

// take makes job n of a chunk that is written as a whole.
func (w *Writer) take(n int, scaled []uint64, b *dataspace.Bound, s Source) {
	j := w.slot(n)
	j.scaled = append(j.scaled[:0], scaled...)
	j.bound, j.source, j.held = b, s, nil
	if c := w.chunks[string(w.chunkKey(scaled))]; c != nil {
		w.drop(c)
	}
	w.Dirty.take(w, scaled)
}

// patch changes a part of a chunk in memory.
func (w *Writer) patch(b *dataspace.Bound, scaled, origin []uint64, s Source) error {
	c, err := w.hold(scaled)
	if err != nil {
		return inChunk(err, scaled)
	}
	n, err := w.gather(b, origin, w.Data.chunkDims, s, c.data)
	before := c.filled
	c.filled += n
	if before < w.Data.chunkElems && c.filled >= w.Data.chunkElems {
		w.complete++
	}
	return err
}

// hold gives a chunk decoded, to be changed.
func (w *Writer) hold(scaled []uint64) (*dirtyChunk, error) {
	if c := w.chunks[string(w.chunkKey(scaled))]; c != nil {
		return c, nil
	}
	c := w.Dirty.take(w, scaled)
	if c == nil {
		c = &dirtyChunk{scaled: append([]uint64(nil), scaled...), data: make([]byte, w.Data.ChunkBytes())}
		if err := w.load(c.data, scaled); err != nil {
			return nil, err
		}
	}
	if w.chunks == nil {
		w.chunks = map[string]*dirtyChunk{}
	}
	w.chunks[string(w.chunkKey(scaled))] = c
	if len(w.order) > 64 && len(w.order) > 2*len(w.chunks) {
		w.tidy()
	}
	w.order = append(w.order, c)
	w.Dirty.add(int64(len(c.data)))
	return c, nil
}

// load reads a chunk as the draft has it.
func (w *Writer) load(data []byte, scaled []uint64) error {
	w.Lock.Lock()
	defer w.Lock.Unlock()
	c, ok, err := w.Index.Get(scaled)
	if err != nil {
		return err
	}
	if !ok {
		repeat(data, w.Data.Fill)
		return nil
	}
	r := w.Data.worker(nil)
	defer r.release()
	return r.decode(data, c, scaled)
}

// flush encodes the held chunks that are wanted, in the order in which they
// were first changed.
func (w *Writer) flush(ctx context.Context, workers int, want func(*dirtyChunk) bool) error {
	if len(w.chunks) == 0 {
		return nil
	}
	workers = w.Data.workersFor(workers)
	n, most := 0, w.batch(workers)
	for _, c := range w.order {
		if c.gone || !want(c) {
			continue
		}
		j := w.slot(n)
		j.scaled = append(j.scaled[:0], c.scaled...)
		j.bound, j.source, j.held = nil, nil, c
		if n++; n == most {
			if err := w.encode(ctx, n, workers); err != nil {
				return err
			}
			n = 0
		}
	}
	if n > 0 {
		if err := w.encode(ctx, n, workers); err != nil {
			return err
		}
	}
	w.tidy()
	return nil
}

// encode applies the filters to the first n jobs in parallel, and places them in
// order.
func (w *Writer) encode(ctx context.Context, n, workers int) error {
	jobs := w.slots[:n]
	var next atomic.Int64
	run := func(ctx context.Context) error {
		for {
			i := int(next.Add(1)) - 1
			if i >= n || ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := w.encodeOne(&jobs[i]); err != nil {
				return inChunk(err, jobs[i].scaled)
			}
		}
	}
	err := w.parallel(ctx, n, workers, run)
	if err != nil {
		return err
	}
	if err := w.place(jobs); err != nil {
		return err
	}
	if err := w.transfer(ctx, jobs, workers); err != nil {
		return err
	}
	for i := range jobs {
		if c := jobs[i].held; c != nil {
			w.drop(c)
			if c.filled < w.Data.chunkElems {
				w.Dirty.keep(w, &dirtyChunk{scaled: c.scaled, data: c.data})
			}
		}
		jobs[i].held, jobs[i].source, jobs[i].bound, jobs[i].out = nil, nil, nil, nil
	}
	return nil
}

// transfer writes the chunks that got new space, in parallel: nobody sees it yet.
func (w *Writer) transfer(ctx context.Context, jobs []encodeJob, workers int) error {
	size := 0
	for i := range jobs {
		size += len(jobs[i].out)
	}
	var next atomic.Int64
	run := func(ctx context.Context) error {
		for {
			i := int(next.Add(1)) - 1
			if i >= len(jobs) || ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if j := &jobs[i]; j.fresh {
				if err := w.Draft.WriteFresh(j.out, j.at); err != nil {
					return inChunk(err, j.scaled)
				}
			}
		}
	}
	if size < transferBytes {
		workers = 1
	}
	return w.parallel(ctx, len(jobs), workers, run)
}

// transferBytes is what several goroutines are worth for: a local file lets one
// write at a time, so that others cost their start alone.
const transferBytes = 8 << 20

// parallel runs work in up to workers goroutines, for n jobs.
func (w *Writer) parallel(ctx context.Context, n, workers int, work func(ctx context.Context) error) error {
	if n == 1 || workers == 1 {
		return work(ctx)
	}
	return w.Data.Pool.Do(ctx, min(workers, n), work)
}

func (w *Writer) encodeOne(j *encodeJob) error {
	d := w.Data
	raw := []byte(nil)
	if j.held != nil {
		raw = j.held.data
	} else {
		var err error
		if raw, err = w.rawChunk(j); err != nil {
			return err
		}
	}
	j.out, j.mask = raw, 0
	if d.unfiltered(j.scaled) {
		return nil
	}
	out, mask, err := d.Pipeline.Encode(j.buf[:0], raw, d.ElementSize)
	if err != nil {
		return err
	}
	if uint64(len(out)) > math.MaxUint32 {
		return h5err.Limit("chunk", "size", "%d bytes", len(out))
	}
	if cap(out) > cap(j.buf) && len(out) > 0 && &out[0] != &raw[0] {
		j.buf = out
	}
	j.out, j.mask = out, mask
	return nil
}

// rawChunk gives a chunk that is written as a whole: the source's own memory,
// where that is the chunk.
func (w *Writer) rawChunk(j *encodeJob) ([]byte, error) {
	d := w.Data
	origin := make([]uint64, len(d.Dims))
	for i := range origin {
		origin[i] = j.scaled[i] * d.chunkDims[i]
	}
	if d.runWhole {
		var run dataspace.Run
		whole := false
		j.bound.Runs(origin, d.chunkDims, func(r dataspace.Run) bool {
			run, whole = r, r.N == d.chunkElems && r.Box == 0 && r.Step == 1
			return false
		})
		if whole {
			if b := j.source.Direct(run.Mem, run.N); b != nil {
				return b, nil
			}
		}
	}
	raw := room(&j.raw, d.ChunkBytes())
	j.raw = raw
	if d.elements(j.scaled) != d.chunkElems {
		repeat(raw, d.Fill)
	}
	_, err := w.gather(j.bound, origin, d.chunkDims, j.source, raw)
	return raw, err
}

// place gives the chunks their space and enters them into the index.
func (w *Writer) place(jobs []encodeJob) error {
	w.Lock.Lock()
	defer w.Lock.Unlock()
	return w.Draft.Do(func() error {
		before := w.indexPlace()
		for i := range jobs {
			if err := w.placeOne(&jobs[i]); err != nil {
				return inChunk(err, jobs[i].scaled)
			}
		}
		return w.reindex(before)
	})
}

// reindex writes the layout message again where the index has changed what it
// says.
func (w *Writer) reindex(before indexPlace) error {
	p := w.indexPlace()
	if p == before {
		return nil
	}
	l := *w.Data.Layout
	l.Address, l.FilteredSize, l.FilterMask = p.address, p.size, p.mask
	return w.moveLocked(&l)
}

// indexPlace is what a layout message tells of an index that may change.
type indexPlace struct {
	address wire.Address
	size    uint64 // of a single chunk with filters
	mask    uint32
}

func (w *Writer) indexPlace() indexPlace {
	p := w.Index.Params()
	return indexPlace{p.Address, p.FilteredSize, p.FilterMask}
}

func (w *Writer) placeOne(j *encodeJob) error {
	n := uint64(len(j.out))
	j.fresh = false
	old, ok, err := w.Index.Get(j.scaled)
	if err != nil {
		return err
	}
	if w.Data.Layout.Index == format.IndexImplicit && ok {
		j.at = old.Address
		return w.Draft.WriteRaw(j.out, j.at)
	}
	// A chunk that some state may show is never written over: readers and crashes
	// find the old one. One of this transaction is, where it has the same size.
	if ok && old.Size == n && old.Mask == j.mask && w.Draft.Space.Fresh(uint64(old.Address), n) && !w.Draft.Space.Held() {
		return w.Draft.WriteRaw(j.out, old.Address)
	}
	if ok {
		w.Draft.Free(freespace.Raw, old.Address, old.Size)
	}
	j.at = w.Draft.Alloc(freespace.Raw, n)
	j.fresh = true
	return w.Index.Put(chunkindex.Chunk{Scaled: j.scaled, Address: j.at, Size: n, Mask: j.mask})
}

// RemoveChunk takes a chunk out of the file, so that it reads as fill value.
func (w *Writer) RemoveChunk(scaled []uint64) error {
	if c := w.chunks[string(w.chunkKey(scaled))]; c != nil {
		w.drop(c)
	}
	w.Dirty.take(w, scaled)
	w.Lock.Lock()
	defer w.Lock.Unlock()
	return w.Draft.Do(func() error {
		before := w.indexPlace()
		if err := w.removeLocked(scaled); err != nil {
			return err
		}
		return w.reindex(before)
	})
}

func (w *Writer) removeLocked(scaled []uint64) error {
	old, ok, err := w.Index.Get(scaled)
	if err != nil || !ok {
		return err
	}
	if w.Data.Layout.Index == format.IndexImplicit {
		block := make([]byte, w.Data.ChunkBytes())
		repeat(block, w.Data.Fill)
		return w.Draft.WriteRaw(block, old.Address)
	}
	if err := w.Index.Remove(scaled); err != nil {
		return err
	}
	w.Draft.Free(freespace.Raw, old.Address, old.Size)
	return nil
}
