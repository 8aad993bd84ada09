package hdf5

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"slices"
	"sync"
	"unsafe"

	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/chunkio"
	"gables/internal/format"
	"gables/internal/wire"
)

// rawWriter is what a writer keeps of a dataset whose raw data it changes: the
// chunks that are not in the draft yet, and an extent that the dataspace
// message has not yet been told.
type rawWriter struct {
	w    *writer
	addr wire.Address

	data  sync.Mutex // guards all below: one change of a dataset at a time
	raw   *chunkio.Writer
	space *dataspace.Dataspace // with the extent that the dataset has
	dtype *datatype.Datatype
	grown bool // the dataspace message is out of date
}

func sortedWriters(m map[wire.Address]*rawWriter) []*rawWriter {
	return slices.SortedFunc(maps.Values(m), func(a, b *rawWriter) int { return cmp.Compare(a.addr, b.addr) })
}

// rawWriter gives the dataset's, with its data locked.
func (w *writer) rawWriter(d *Dataset) (*rawWriter, error) {
	w.datasetsMu.Lock()
	r := w.datasets[d.h.Address]
	if r == nil {
		r = &rawWriter{w: w, addr: d.h.Address}
		w.datasets[d.h.Address] = r
	}
	w.datasetsMu.Unlock()
	r.data.Lock()
	if r.raw != nil {
		return r, nil
	}
	if err := r.open(d); err != nil {
		r.data.Unlock()
		return nil, err
	}
	return r, nil
}

// open decodes the dataset as the draft has it.
func (r *rawWriter) open(d *Dataset) error {
	s, err := r.w.pin()
	if err != nil {
		return err
	}
	defer s.unpin()
	d, err = d.at(s)
	if err != nil {
		return err
	}
	c := &chunkio.Dataset{Cache: r.w.cache, Dims: slices.Clone(d.space.Dims),
		ElementSize: d.dtype.Size, Layout: d.layout, Pipeline: d.pipe, Fill: d.fill.Value, Pool: s.pool}
	if err := c.Init(); err != nil {
		return err
	}
	if d.fill.Time == format.FillTimeNever {
		c.Fill = nil
	}
	w := &chunkio.Writer{Data: c, Draft: r.w.draft, Lock: &r.w.mu, Dirty: &r.w.dirty,
		Moved: func(l *format.Layout) error { return r.w.editor.SetLayout(r.addr, l) }}
	switch d.layout.Class {
	case format.LayoutChunked:
		if w.Index, err = r.w.editor.ChunkIndex(d.layout, d.space, d.pipe); err != nil {
			return err
		}
	case format.LayoutContiguous:
		if w.External, err = d.externalStorage(); err != nil {
			return err
		}
	}
	space := *d.space
	space.Dims = slices.Clone(space.Dims)
	r.raw, r.space, r.dtype = w, &space, d.dtype
	return nil
}

// settle brings the draft up to what was written to a dataset, so that a read
// through the writer's handle finds it; to all of them for a virtual one.
func (w *writer) settle(ctx context.Context, d *Dataset) error {
	var list []*rawWriter
	w.datasetsMu.Lock()
	if d.virtual != nil {
		list = sortedWriters(w.datasets)
	} else if r := w.datasets[d.h.Address]; r != nil {
		list = []*rawWriter{r}
	}
	w.datasetsMu.Unlock()
	for _, r := range list {
		r.data.Lock()
		err := r.settle(ctx)
		r.data.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// settle brings the draft up to what was written; data is locked.
func (r *rawWriter) settle(ctx context.Context) error {
	if r.raw == nil {
		return nil
	}
	if err := r.raw.Flush(ctx, 0); err != nil {
		r.w.fail(err)
		return err
	}
	if !r.grown {
		return nil
	}
	err := r.w.edit(func() error { return r.w.editor.SetSpace(r.addr, r.space) })
	if err == nil {
		r.grown = false
	}
	return err
}

// forget drops what is not in the draft; data is locked.
func (r *rawWriter) forget() {
	if r.raw != nil {
		r.raw.Forget()
	}
	r.raw = nil
}

// change begins a change of the dataset's raw data; release must follow when
// it gives no error.
func (d *Dataset) change() (*rawWriter, error) {
	w, err := d.f.edit()
	if err != nil {
		return nil, err
	}
	w.mu.RLock()
	err = w.usable()
	w.mu.RUnlock()
	if err == nil {
		var r *rawWriter
		if r, err = w.rawWriter(d); err == nil {
			return r, nil
		}
	}
	d.f.done()
	return nil, d.wrap(err)
}

func (d *Dataset) release(r *rawWriter) {
	r.data.Unlock()
	d.f.done()
}

// WriteOptions change how values are written. The zero value is the default.
type WriteOptions struct {
	Convert datatype.Options // conversions that may lose something
	Workers int              // most goroutines for this call; 0: as the file was opened
}

// Write stores values, row-major, in the selected elements; without a selection
// in all of them. T is any type that datatype.CompileEncode takes; a value that the stored
// type can't hold exactly is ErrType, and then nothing is written where that is
// known before. Chunks that are written in part, and those at the end of a
// stream of appends, stay in memory until Flush. Reads through the same handle
// see them, other handles after Flush.
func Write[T any](ctx context.Context, d *Dataset, values []T, sel ...dataspace.Selection) error {
	return WriteWith(ctx, d, values, WriteOptions{}, sel...)
}

// WriteWith is Write with options.
func WriteWith[T any](ctx context.Context, d *Dataset, values []T, o WriteOptions, sel ...dataspace.Selection) error {
	r, err := d.change()
	if err != nil {
		return err
	}
	defer d.release(r)
	b, err := r.bind(sel, uint64(len(values)))
	if err != nil {
		return d.wrap(err)
	}
	s, err := newSource(r, values, o.Convert)
	if err != nil {
		return d.wrap(err)
	}
	return d.wrap(r.write(ctx, b, s, o.Workers))
}

// bind checks the selection against the extent and the number of values.
func (r *rawWriter) bind(sel []dataspace.Selection, n uint64) (*dataspace.Bound, error) {
	s := dataspace.All()
	switch len(sel) {
	case 0:
	case 1:
		s = sel[0]
	default:
		return nil, h5err.New(h5err.ErrSelection, "", "", "%d selections, at most one", len(sel))
	}
	if r.space.Kind == dataspace.Null {
		s = dataspace.None()
	}
	b, err := r.space.Bind(s)
	if err == nil && b.Count() != n {
		err = h5err.New(h5err.ErrSelection, "", "", "%d elements selected, %d values given", b.Count(), n)
	}
	return b, err
}

// write stores the source's elements. A fault behind the checks leaves the
// transaction such that it can't be committed.
func (r *rawWriter) write(ctx context.Context, b *dataspace.Bound, s chunkio.Source, workers int) error {
	if err := r.raw.Data.Pipeline.Encodable(); err != nil {
		return err
	}
	err := r.raw.Write(ctx, b, s, workers)
	if err != nil {
		r.w.fail(err)
	}
	return err
}

// newSource makes a source of values: their own memory where that has the
// stored form, converted elsewhere.
func newSource[T any](r *rawWriter, values []T, o datatype.Options) (chunkio.Source, error) {
	c, err := datatype.CompileEncode(r.dtype, reflect.TypeFor[T](), o)
	if err != nil {
		return nil, err
	}
	p := unsafe.Pointer(unsafe.SliceData(values))
	if c.Identity() {
		return memorySource{p, uint64(r.dtype.Size)}, nil
	}
	var zero T
	s := &encodeSource{p: p, size: unsafe.Sizeof(zero), es: r.dtype.Size, c: c}
	if r.dtype.HasVL() {
		s.heap = &heapWriter{w: r.w}
		return s, nil
	}
	if c.Infallible() {
		return s, nil
	}
	// Values are tried before anything is written, so that one that does not fit
	// changes nothing.
	return s, s.try(len(values))
}

// memorySource is a slice whose memory has the stored form.
type memorySource struct {
	p  unsafe.Pointer
	es uint64
}

func (m memorySource) Direct(at, n uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(m.p, at*m.es)), n*m.es)
}

func (m memorySource) Take(at uint64, dst []byte) error {
	copy(dst, unsafe.Slice((*byte)(unsafe.Add(m.p, at*m.es)), len(dst)))
	return nil
}

func (m memorySource) Serial() bool { return false }

// encodeSource converts values on their way into the file.
type encodeSource struct {
	p    unsafe.Pointer
	size uintptr // of a Go value
	es   int     // of a stored element
	c    *datatype.Encoding
	heap *heapWriter // for variable-length data; nil where there is none
}

func (s *encodeSource) Direct(uint64, uint64) []byte { return nil }

func (s *encodeSource) Take(at uint64, dst []byte) error {
	src := unsafe.Add(s.p, uintptr(at)*s.size)
	if s.heap == nil {
		return s.c.Convert(dst, src, len(dst)/s.es, nil)
	}
	return s.c.Convert(dst, src, len(dst)/s.es, s.heap)
}

// Serial: the order of heap objects must not depend on timing.
func (s *encodeSource) Serial() bool { return s.heap != nil }

// try converts all values without keeping them, where that may fail.
func (s *encodeSource) try(n int) error {
	step := max(1, (64<<10)/s.es)
	buf := make([]byte, step*s.es)
	for at := 0; at < n; at += step {
		k := min(step, n-at)
		if err := s.c.Convert(buf[:k*s.es], unsafe.Add(s.p, uintptr(at)*s.size), k, nil); err != nil {
			return err
		}
	}
	return nil
}

// heapWriter puts variable-length data into the draft's global heaps.
type heapWriter struct{ w *writer }

// Insert stores an object.
func (h *heapWriter) Insert(data []byte) (uint64, uint32, error) {
	h.w.mu.Lock()
	defer h.w.mu.Unlock()
	return h.insertLocked(data)
}

func (h *heapWriter) insertLocked(data []byte) (uint64, uint32, error) {
	addr, index, err := h.w.editor.Heap.Insert(data)
	return uint64(addr), uint32(index), err
}

// lockedHeap is a heapWriter for who holds the writer's lock.
type lockedHeap struct{ heapWriter }

// Insert stores an object.
func (h lockedHeap) Insert(data []byte) (uint64, uint32, error) { return h.insertLocked(data) }

// WriteRaw stores elements that have the stored form already, row-major:
// [count]Type.Size bytes. Variable-length data is descriptors into this file's
// heaps, as ReadRaw gives them.
func (d *Dataset) WriteRaw(ctx context.Context, data []byte, sel ...dataspace.Selection) error {
	r, err := d.change()
	if err != nil {
		return err
	}
	defer d.release(r)
	es := uint64(r.dtype.Size)
	if uint64(len(data))%es != 0 {
		return d.wrap(h5err.New(h5err.ErrSelection, "", "", "%d bytes are no whole elements of %d", len(data), es))
	}
	b, err := r.bind(sel, uint64(len(data))/es)
	if err != nil {
		return d.wrap(err)
	}
	return d.wrap(r.write(ctx, b, memorySource{unsafe.Pointer(unsafe.SliceData(data)), es}, 0))
}
