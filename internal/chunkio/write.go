package chunkio

import (
	"context"
	"encoding/binary"
	"sync"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/chunkindex"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/wire"
)

// Source gives the elements that a write stores. Both methods are called from
// several goroutines at once, for ranges that do not overlap, unless Serial.
type Source interface {
	// Direct gives the memory of n elements from position at of the row-major
	// source, where that has the stored form; nil otherwise. It is not changed.
	Direct(at, n uint64) []byte
	// Take puts the elements from position at on into dst as they are stored.
	Take(at uint64, dst []byte) error
	// Serial tells that Take must be called by one goroutine, in order.
	Serial() bool
}

// Writer changes the raw data of one dataset of a draft. Its methods are called
// by one goroutine at a time, without Lock, which it takes whenever it touches
// the draft; chunks are encoded in parallel outside of it.
type Writer struct {
	Data  *Dataset          // how the dataset is stored; Dims is what Resize has made of them
	Draft *draft.Draft      // guarded by Lock
	Index chunkindex.Editor // chunked; guarded by Lock
	Lock  sync.Locker
	Dirty *Budget // shared with the other writers of the file
	// External takes contiguous data that lies in raw files; nil elsewhere.
	External ExternalWriter
	// Moved is called under Lock when the layout message must be written again.
	Moved func(l *format.Layout) error

	chunks   map[string]*dirtyChunk
	order    []*dirtyChunk // by first change
	complete int           // chunks that were written in full since they were taken
	slots    []encodeJob   // scratch memory of encode
	key      []byte
}

// ExternalWriter writes into a dataset's raw files.
type ExternalWriter interface {
	// WriteAt writes all of p at off of the dataset's data.
	WriteAt(p []byte, off uint64) error
}

// dirtyChunk is a decoded chunk that differs from the draft's.
type dirtyChunk struct {
	scaled []uint64
	data   []byte
	filled uint64 // elements written since it was taken up
	gone   bool   // it was written or dropped
}

// Budget counts the bytes of changed chunks that a file's writers hold.
type Budget struct {
	mu   sync.Mutex // guards used and kept
	used int64
	kept []keptChunk // the newest last
	Most int64
}

// add counts n more bytes and tells whether that is too many.
func (b *Budget) add(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used += n
	return b.used > b.Most
}

// Over tells whether the writers hold more than they should.
func (b *Budget) Over() bool { return b.add(0) }

// Write stores the selected elements. Chunks that are written in part stay in
// memory until Flush, or until too many do.
func (w *Writer) Write(ctx context.Context, b *dataspace.Bound, s Source, workers int) error {
	if b.Count() == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	switch w.Data.Layout.Class {
	case format.LayoutCompact:
		return w.writeCompact(b, s)
	case format.LayoutContiguous:
		return w.writeContiguous(ctx, b, s, workers)
	case format.LayoutChunked:
		return w.writeChunks(ctx, b, s, workers)
	}
	return h5err.Unsupported("data layout message", "class", "%s can't be written to", w.Data.Layout.Class)
}

// gather collects the selected elements of a box from the source into data,
// the box's bytes, and tells how many there are.
func (w *Writer) gather(b *dataspace.Bound, origin, dims []uint64, s Source, data []byte) (n uint64, err error) {
	es := uint64(w.Data.ElementSize)
	var scratch []byte
	b.Runs(origin, dims, func(r dataspace.Run) bool {
		n += r.N
		if r.Step == 1 || r.N == 1 {
			dst := data[r.Box*es : (r.Box+r.N)*es]
			if src := s.Direct(r.Mem, r.N); src != nil {
				copy(dst, src)
				return true
			}
			err = s.Take(r.Mem, dst)
			return err == nil
		}
		src := s.Direct(r.Mem, r.N)
		if src == nil {
			src = room(&scratch, int(r.N*es))
			scratch = src
			if err = s.Take(r.Mem, src); err != nil {
				return false
			}
		}
		at := int64(r.Box)
		for i := uint64(0); i < r.N; i++ {
			copy(data[uint64(at)*es:(uint64(at)+1)*es], src[i*es:])
			at += r.Step
		}
		return true
	})
	return n, err
}

func (w *Writer) writeCompact(b *dataspace.Bound, s Source) error {
	d := w.Data
	l := *d.Layout
	n, _ := wire.Product(d.Dims)
	l.Data = make([]byte, n*uint64(d.ElementSize))
	if copy(l.Data, d.Layout.Data) == 0 {
		repeat(l.Data, d.Fill)
	}
	if _, err := w.gather(b, make([]uint64, len(d.Dims)), d.Dims, s, l.Data); err != nil {
		return err
	}
	return w.move(&l)
}

// move makes l the dataset's layout.
func (w *Writer) move(l *format.Layout) error {
	w.Lock.Lock()
	defer w.Lock.Unlock()
	return w.Draft.Do(func() error { return w.moveLocked(l) })
}

func (w *Writer) moveLocked(l *format.Layout) error {
	if err := w.Moved(l); err != nil {
		return err
	}
	w.Data.Layout = l
	return nil
}

// Held is how many bytes of changed chunks wait to be written.
func (w *Writer) Held() int64 {
	if w.Data.Layout.Class != format.LayoutChunked {
		return 0
	}
	return int64(len(w.chunks)) * int64(w.Data.ChunkBytes())
}

// Flush writes all changed chunks into the draft.
func (w *Writer) Flush(ctx context.Context, workers int) error {
	return w.flush(ctx, workers, func(*dirtyChunk) bool { return true })
}

// Forget drops all changed chunks, as after an abort.
func (w *Writer) Forget() {
	w.Dirty.forget(w)
	for _, c := range w.order {
		w.drop(c)
	}
	w.tidy()
}

// chunkKey is a chunk's position as a map's key; valid until the next call.
func (w *Writer) chunkKey(scaled []uint64) []byte {
	w.key = w.key[:0]
	for _, c := range scaled {
		w.key = binary.LittleEndian.AppendUint64(w.key, c)
	}
	return w.key
}

func (w *Writer) drop(c *dirtyChunk) {
	if c.gone {
		return
	}
	c.gone = true
	if c.filled >= w.Data.chunkElems {
		w.complete--
	}
	delete(w.chunks, string(w.chunkKey(c.scaled)))
	w.Dirty.add(-int64(len(c.data)))
}

// tidy takes the chunks that are gone out of the order.
func (w *Writer) tidy() {
	left := w.order[:0]
	for _, c := range w.order {
		if !c.gone {
			left = append(left, c)
		}
	}
	clear(w.order[len(left):])
	w.order = left
}

// elements is how many elements of a chunk lie within the dataset.
func (d *Dataset) elements(scaled []uint64) uint64 {
	n := uint64(1)
	for i, s := range scaled {
		at := s * d.chunkDims[i]
		if at >= d.Dims[i] {
			return 0
		}
		n *= min(d.chunkDims[i], d.Dims[i]-at)
	}
	return n
}

// Allocate takes the space of all that is not allocated, and fills it.
func (w *Writer) Allocate(ctx context.Context) error {
	d := w.Data
	switch {
	case d.Layout.Class == format.LayoutContiguous && w.External == nil && !d.Layout.Address.Defined():
		n, ok := wire.Product(d.Dims)
		size, fits := wire.Mul(n, uint64(d.ElementSize))
		if !ok || !fits {
			return h5err.Limit("dataspace", "size", "%v of %d bytes overflow", d.Dims, d.ElementSize)
		}
		return w.allocate(size, true)
	case d.Layout.Class == format.LayoutChunked:
		return w.allocateChunks(ctx)
	}
	return nil
}

// allocateChunks stores every chunk of the extents that is absent, filled.
func (w *Writer) allocateChunks(ctx context.Context) error {
	if err := w.createIndex(); err != nil {
		return err
	}
	b, err := (&dataspace.Dataspace{Kind: dataspace.Simple, Dims: w.Data.Dims}).Bind(dataspace.All())
	if err != nil {
		return err
	}
	var fault error
	b.Boxes(w.Data.chunkDims, func(scaled []uint64) bool {
		if fault = ctx.Err(); fault == nil {
			_, fault = w.hold(scaled)
		}
		if fault == nil && w.Dirty.Over() {
			fault = w.Flush(ctx, 0)
		}
		return fault == nil
	})
	if fault != nil {
		return fault
	}
	return w.Flush(ctx, 0)
}

// createIndex makes the index. One that takes its chunks' space with it gives
// space that holds anything, so its chunks are filled before they are read.
func (w *Writer) createIndex() error {
	w.Lock.Lock()
	defer w.Lock.Unlock()
	return w.Draft.Do(func() error {
		before := w.indexPlace()
		if err := w.Index.Create(); err != nil {
			return err
		}
		if w.Data.Layout.Index == format.IndexImplicit && before.address != w.indexPlace().address {
			if err := w.fillImplicit(func([]uint64) bool { return true }); err != nil {
				return err
			}
		}
		return w.reindex(before)
	})
}

// fillImplicit fills those chunks of an implicit index that have come in: until
// then their places hold anything.
func (w *Writer) fillImplicit(came func(scaled []uint64) bool) error {
	block := make([]byte, w.Data.ChunkBytes())
	repeat(block, w.Data.Fill)
	for c, err := range w.Index.All() {
		if err == nil && came(c.Scaled) {
			err = w.Draft.WriteRaw(block, c.Address)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
