package hdf5

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"

	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/chunkio"
	"gables/internal/wire"
)

// Sel is a selection in Python's notation: "0:10, :, ::2". A fault in the text
// is an error of the read that uses it.
func Sel(text string) dataspace.Selection { return dataspace.Text(text) }

// ReadOptions change how values are read. The zero value is the default.
type ReadOptions struct {
	Convert datatype.Options // conversions that may lose something
	Workers int              // most goroutines for this call; 0: as the file was opened
}

// Read gives the selected elements as T, row-major; without a selection all of
// them. T is any type that datatype.Compile takes. A value that T can't hold
// exactly is ErrType. The result's memory is bounded by Limits.Alloc unless
// the file really stores that much.
func Read[T any](ctx context.Context, d *Dataset, sel ...dataspace.Selection) ([]T, error) {
	return ReadWith[T](ctx, d, ReadOptions{}, sel...)
}

// ReadWith is Read with options.
func ReadWith[T any](ctx context.Context, d *Dataset, o ReadOptions, sel ...dataspace.Selection) ([]T, error) {
	d, err := d.enter()
	if err != nil {
		return nil, err
	}
	defer d.leave()
	b, err := d.bind(sel)
	if err != nil {
		return nil, err
	}
	var zero T
	if err := d.checkAlloc(ctx, b.Count(), uint64(unsafe.Sizeof(zero))); err != nil {
		return nil, err
	}
	out := make([]T, b.Count())
	expectFill(unsafe.Pointer(unsafe.SliceData(out)), uintptr(len(out))*unsafe.Sizeof(zero))
	return out, readInto(ctx, d, out, b, o)
}

// ReadInto puts the selected elements into dst, row-major, and tells how many
// there are; dst must have room for them. Numbers that need no conversion are
// decoded straight into dst, and nothing is allocated for an element.
func ReadInto[T any](ctx context.Context, d *Dataset, dst []T, sel ...dataspace.Selection) (int, error) {
	return ReadIntoWith(ctx, d, dst, ReadOptions{}, sel...)
}

// ReadIntoWith is ReadInto with options.
func ReadIntoWith[T any](ctx context.Context, d *Dataset, dst []T, o ReadOptions, sel ...dataspace.Selection) (int, error) {
	d, err := d.enter()
	if err != nil {
		return 0, err
	}
	defer d.leave()
	b, err := d.bind(sel)
	if err != nil {
		return 0, err
	}
	if b.Count() > uint64(len(dst)) {
		return 0, d.wrap(fmt.Errorf("%d elements selected, room for %d: %w", b.Count(), len(dst), h5err.ErrSelection))
	}
	n := int(b.Count())
	return n, readInto(ctx, d, dst[:n], b, o)
}

func readInto[T any](ctx context.Context, d *Dataset, dst []T, b *dataspace.Bound, o ReadOptions) error {
	c, err := datatype.Compile(d.dtype, reflect.TypeFor[T](), o.Convert)
	if err != nil {
		return d.wrap(err)
	}
	r, err := d.reader()
	if err != nil {
		return d.wrap(err)
	}
	if len(dst) == 0 {
		return nil
	}
	var s chunkio.Sink
	if c.Identity() {
		s = memorySink{unsafe.Pointer(unsafe.SliceData(dst)), uint64(d.dtype.Size)}
	} else {
		s = &convertSink{unsafe.Pointer(unsafe.SliceData(dst)), unsafe.Sizeof(dst[0]), d.dtype.Size, c, d.s.newHeap()}
	}
	return d.wrap(r.Read(ctx, b, s, o.Workers))
}

// bind checks the selection against the shape; none selects everything.
func (d *Dataset) bind(sel []dataspace.Selection) (*dataspace.Bound, error) {
	s := dataspace.All()
	switch len(sel) {
	case 0:
	case 1:
		s = sel[0]
	default:
		return nil, d.wrap(fmt.Errorf("%d selections, at most one: %w", len(sel), h5err.ErrSelection))
	}
	if d.space.Kind == dataspace.Null {
		s = dataspace.None()
	}
	b, err := d.space.Bind(s)
	return b, d.wrap(err)
}

// checkAlloc refuses results that are larger than the limit, unless the file
// stores so much data that the result is in proportion to it.
func (d *Dataset) checkAlloc(ctx context.Context, n, size uint64) error {
	const ratio = 64
	need, ok := wire.Mul(n, size)
	limit := uint64(d.s.conf.limits.Alloc)
	if ok && need <= limit {
		return nil
	}
	if ok {
		stored, err := d.storageSize(ctx)
		if err != nil {
			return d.wrap(err)
		}
		// What lies beyond the end of the file is not stored.
		if stored = min(stored, d.s.drv.Size()); need/ratio <= stored {
			return nil
		}
	}
	return d.wrap(fmt.Errorf("%d elements of %d bytes, limit %d (WithLimits raises it, ReadInto takes your own memory): %w", n, size, limit, h5err.ErrLimit))
}

// memorySink is a slice whose memory has the stored form.
type memorySink struct {
	p  unsafe.Pointer
	es uint64
}

func (m memorySink) Direct(at, n uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(m.p, at*m.es)), n*m.es)
}

func (m memorySink) Put(at uint64, src []byte) error {
	copy(unsafe.Slice((*byte)(unsafe.Add(m.p, at*m.es)), len(src)), src)
	return nil
}

// convertSink converts elements on their way into a slice.
type convertSink struct {
	p    unsafe.Pointer
	size uintptr // of a Go element
	es   int     // of a stored element
	c    *datatype.Conversion
	h    *heapReader
}

func (s *convertSink) Direct(uint64, uint64) []byte { return nil }

func (s *convertSink) Put(at uint64, src []byte) error {
	return s.c.Convert(unsafe.Add(s.p, uintptr(at)*s.size), src, len(src)/s.es, s.h)
}

// ReadRaw puts the selected elements into dst as stored, row-major:
// [count]Type.Size bytes. Variable-length data stays what it is in the file:
// descriptors, which Any and Read follow. It tells how many elements there are.
func (d *Dataset) ReadRaw(ctx context.Context, dst []byte, sel ...dataspace.Selection) (int, error) {
	return d.ReadRawWith(ctx, dst, ReadOptions{}, sel...)
}

// ReadRawWith is ReadRaw with options, of which Convert has no effect.
func (d *Dataset) ReadRawWith(ctx context.Context, dst []byte, o ReadOptions, sel ...dataspace.Selection) (int, error) {
	d, err := d.enter()
	if err != nil {
		return 0, err
	}
	defer d.leave()
	b, err := d.bind(sel)
	if err != nil {
		return 0, err
	}
	es := uint64(d.dtype.Size)
	if need, ok := wire.Mul(b.Count(), es); !ok || need > uint64(len(dst)) {
		return 0, d.wrap(fmt.Errorf("%d elements of %d bytes selected, room for %d bytes: %w", b.Count(), es, len(dst), h5err.ErrSelection))
	}
	r, err := d.reader()
	if err != nil || b.Count() == 0 {
		return 0, d.wrap(err)
	}
	return int(b.Count()), d.wrap(r.Read(ctx, b, memorySink{unsafe.Pointer(unsafe.SliceData(dst)), es}, o.Workers))
}

// ReadAny gives the selected elements as dynamic values, row-major.
func (d *Dataset) ReadAny(ctx context.Context, sel ...dataspace.Selection) ([]any, error) {
	d, err := d.enter()
	if err != nil {
		return nil, err
	}
	defer d.leave()
	b, err := d.bind(sel)
	if err != nil {
		return nil, err
	}
	// A dynamic value takes a header of 16 bytes beside its own.
	if err := d.checkAlloc(ctx, b.Count(), uint64(d.dtype.Size)+16); err != nil {
		return nil, err
	}
	buf := make([]byte, b.Count()*uint64(d.dtype.Size))
	r, err := d.reader()
	if err != nil {
		return nil, d.wrap(err)
	}
	if b.Count() == 0 {
		return []any{}, nil
	}
	if err := r.Read(ctx, b, memorySink{unsafe.Pointer(unsafe.SliceData(buf)), uint64(d.dtype.Size)}, 0); err != nil {
		return nil, d.wrap(err)
	}
	list, err := anyValues(d.dtype, buf, d.s.newHeap())
	return list, d.wrap(err)
}

// Block is a part of a selection, as Scan delivers it.
type Block struct {
	Seq  uint64 // number of the block, from 0, in an order that the layout and the selection give
	N    uint64 // elements
	Data []byte // [N]Type.Size bytes as stored, valid during the call; must not be written to
}

// Scan calls visit for each block of the selection, from up to workers
// goroutines at once (0: as the file was opened). How the selection is cut, and
// the order of elements within a block, depend on the dataset and the selection
// alone, so a reduction that combines its partial results in the order of Seq
// gives the same result for any number of workers. Memory is bounded by one
// block for each worker; a block is a chunk, or about 1 MiB. The first error
// ends the scan and is given.
func (d *Dataset) Scan(ctx context.Context, sel dataspace.Selection, workers int, visit func(Block) error) error {
	return d.ScanWith(ctx, sel, ScanOptions{Workers: workers}, visit)
}

// ScanOptions change which blocks a scan delivers, and how.
type ScanOptions struct {
	Workers  int    // most goroutines; 0: as the file was opened
	From, To uint64 // only blocks From ≤ Seq < To; To 0: to the end
}

// Blocks is how many blocks Scan cuts the selection into, so that several
// machines can share a scan. No data is read.
func (d *Dataset) Blocks(sel dataspace.Selection) (uint64, error) {
	d, err := d.enter()
	if err != nil {
		return 0, err
	}
	defer d.leave()
	b, err := d.bind([]dataspace.Selection{sel})
	if err != nil {
		return 0, err
	}
	r, err := d.reader()
	if err != nil {
		return 0, d.wrap(err)
	}
	return r.Blocks(b), nil
}

// ScanWith is Scan with options.
func (d *Dataset) ScanWith(ctx context.Context, sel dataspace.Selection, o ScanOptions, visit func(Block) error) error {
	d, err := d.enterFrozen()
	if err != nil {
		return err
	}
	defer d.leave()
	b, err := d.bind([]dataspace.Selection{sel})
	if err != nil {
		return err
	}
	r, err := d.reader()
	if err != nil {
		return d.wrap(err)
	}
	part := chunkio.Part{From: o.From, To: o.To}
	if o.To == 0 {
		part.To = chunkio.Whole.To
	}
	return d.wrap(r.Scan(ctx, b, part, o.Workers, func(c chunkio.Block) error {
		return visit(Block{c.Seq, c.N, c.Data})
	}))
}

// Heap gives the variable-length data that descriptors in stored elements
// refer to, up to Limits.VLBytes in all.
func (f *File) Heap() datatype.Heap { return &guardedHeap{f: f} }

type guardedHeap struct {
	f    *File
	once sync.Once
	left atomic.Int64
}

// Object gives an object of a global heap collection.
func (g *guardedHeap) Object(addr uint64, index uint32) ([]byte, error) {
	s, err := g.f.enter()
	if err != nil {
		return nil, err
	}
	defer g.f.leave(s)
	g.once.Do(func() { g.left.Store(s.conf.limits.VLBytes) })
	h := &heapReader{s: s, left: &g.left}
	return h.Object(addr, index)
}
