package hdf5

import (
	"context"
	"math"
	"slices"
	"sync/atomic"
	"unsafe"

	"gables/hdf5/dataspace"
	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/chunkio"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// smallBytes is how much raw data is written together with its header.
const smallBytes = 64 << 10

// report tells the caller that a part of a dataset was read.
func (c *copyRun) report(p *datasetCopy, part float64) {
	if c.o.Progress == nil {
		return
	}
	size, err := p.src.storageSize(c.ctx)
	if err == nil {
		c.advance(uint64(float64(size) * part))
	}
}

func (c *copyRun) advance(n uint64) {
	if c.o.Progress != nil {
		c.done = min(c.done+n, c.total)
		c.o.Progress(c.done, c.total)
	}
}

// smallData gives raw data that is stored with the header, as the copy has it;
// nil for all other.
func (c *copyRun) smallData(p *datasetCopy) ([]byte, error) {
	l := p.src.layout
	compact := l.Class == format.LayoutCompact
	if !compact && (l.Class != format.LayoutContiguous || p.chunk != nil || !p.stored() || !p.values.same()) {
		return nil, nil
	}
	size, err := p.src.bytes()
	if err != nil || size == 0 || !compact && size > smallBytes {
		return nil, err
	}
	r, err := p.reader()
	if err != nil {
		return nil, err
	}
	b, err := p.src.bind(nil)
	if err != nil {
		return nil, err
	}
	if size > smallBytes {
		return nil, h5err.Corrupt("data layout message", "compact size", "%d bytes", size)
	}
	buf := make([]byte, size)
	if err := r.Read(c.ctx, b, memorySink{unsafe.Pointer(unsafe.SliceData(buf)), uint64(p.src.dtype.Size)}, 1); err != nil {
		return nil, err
	}
	return c.translated(p, buf)
}

// translated gives elements as the copy stores them; buf itself where nothing
// changes.
func (c *copyRun) translated(p *datasetCopy, buf []byte) ([]byte, error) {
	if p.values.same() {
		return buf, nil
	}
	out := make([]byte, len(buf)/p.values.from*p.values.to)
	return out, c.translate(p, out, buf)
}

// putSmall gives contiguous data its space, inside an operation.
func (w *writer) putSmall(l *format.Layout, data []byte) error {
	l.Address, l.Size, l.HasSize = w.draft.Alloc(freespace.Raw, uint64(len(data))), uint64(len(data)), true
	return w.draft.WriteRaw(data, l.Address)
}

// reader reads the raw data without keeping chunks in a cache.
func (p *datasetCopy) reader() (*chunkio.Dataset, error) {
	r, err := p.src.newReader()
	if err == nil {
		r.Chunks = nil
	}
	return r, err
}

// move copies the raw data.
func (c *copyRun) move(p *datasetCopy) error {
	r, err := p.reader()
	if err != nil {
		return err
	}
	if p.chunk == nil {
		return c.moveContiguous(p, r)
	}
	w, err := c.chunkWriter(p)
	if err != nil {
		return err
	}
	switch {
	case p.asStored:
		return c.moveStored(p, r, w)
	case p.src.layout.Class == format.LayoutChunked:
		err = c.moveChunked(p, r, w)
	default:
		err = c.slabs(p, r, func(piece *dataspace.Bound, _ uint64, data []byte) error { return c.put(p, w, piece, data) })
	}
	if err == nil {
		err = w.Flush(c.ctx, c.o.Workers)
	}
	if err != nil {
		w.Forget()
	}
	return err
}

// chunkWriter makes what writes the copy's chunks.
func (c *copyRun) chunkWriter(p *datasetCopy) (*chunkio.Writer, error) {
	if !p.asStored {
		if err := p.pipe.Encodable(); err != nil {
			return nil, err
		}
	}
	d := &chunkio.Dataset{Cache: metacache.NewBrief(c.w.draft, c.w.sb.Sizes, wire.Limits(c.w.home.conf.limits)), Dims: slices.Clone(p.space.Dims),
		ElementSize: p.dtype.Size, Layout: p.layout, Pipeline: p.pipe, Fill: p.fill.Value, Pool: c.w.home.pool}
	if err := d.Init(); err != nil {
		return nil, err
	}
	if p.fill.Time == format.FillTimeNever {
		d.Fill = nil
	}
	w := &chunkio.Writer{Data: d, Draft: c.w.draft, Lock: &c.w.mu, Dirty: &c.w.dirty,
		Moved: func(l *format.Layout) error { return c.w.editor.SetLayout(p.x.to, l) }}
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	var err error
	w.Index, err = c.w.editor.ChunkIndex(p.layout, p.space, p.pipe)
	return w, err
}

// put writes elements that have the copy's form.
func (c *copyRun) put(p *datasetCopy, w *chunkio.Writer, b *dataspace.Bound, data []byte) error {
	return w.Write(c.ctx, b, memorySource{unsafe.Pointer(unsafe.SliceData(data)), uint64(p.dtype.Size)}, c.o.Workers)
}

// moveContiguous stores all elements one after the other.
func (c *copyRun) moveContiguous(p *datasetCopy, r *chunkio.Dataset) error {
	n, err := p.space.Count()
	if err != nil || n == 0 {
		return err
	}
	if p.src.layout.Class == format.LayoutChunked {
		if err := p.src.checkAlloc(c.ctx, n, uint64(p.dtype.Size)); err != nil {
			return err
		}
	}
	size, ok := wire.Mul(n, uint64(p.dtype.Size))
	if !ok {
		return h5err.Limit("dataspace", "size", "%d elements of %d bytes overflow", n, p.dtype.Size)
	}
	l := *p.layout
	err = c.w.edit(func() error {
		l.Address, l.Size, l.HasSize = c.w.draft.Alloc(freespace.Raw, size), size, true
		return c.w.editor.SetLayout(p.x.to, &l)
	})
	if err != nil {
		return err
	}
	es := uint64(p.dtype.Size)
	return c.slabs(p, r, func(_ *dataspace.Bound, first uint64, data []byte) error {
		return c.w.draft.WriteFresh(data, l.Address+wire.Address(first*es))
	})
}

// slabs reads the source's elements in consecutive parts, and gives each as the
// copy stores it.
func (c *copyRun) slabs(p *datasetCopy, r *chunkio.Dataset, put func(piece *dataspace.Bound, first uint64, data []byte) error) error {
	b, err := p.src.bind(nil)
	if err != nil || b.Count() == 0 {
		return err
	}
	es := uint64(p.src.dtype.Size)
	if es > uint64(p.src.s.conf.limits.Alloc) {
		return h5err.Limit("datatype message", "size", "%d bytes, limit %d", es, p.src.s.conf.limits.Alloc)
	}
	most, chunk := p.src.streamPart()
	stored, err := p.src.storageSize(c.ctx)
	if err != nil {
		return err
	}
	var buf, out []byte
	b.SplitChunks(most, chunk, func(first uint64, piece *dataspace.Bound) bool {
		buf = sized(buf, piece.Count()*es)
		if err = c.ctx.Err(); err == nil {
			err = r.Read(c.ctx, piece, memorySink{unsafe.Pointer(unsafe.SliceData(buf)), es}, c.o.Workers)
		}
		data := buf
		if err == nil && !p.values.same() {
			out = sized(out, piece.Count()*uint64(p.values.to))
			data, err = out, c.translate(p, out, buf)
		}
		if err == nil {
			err = put(piece, first, data)
		}
		c.advance(uint64(float64(stored) * float64(piece.Count()) / float64(b.Count())))
		return err == nil
	})
	return err
}

// sized gives n bytes, those of b where it has so many.
func sized(b []byte, n uint64) []byte {
	if uint64(cap(b)) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// moveChunked decodes and encodes: rows of chunks where nearly all are there,
// chunk by chunk where few of a large extent are.
func (c *copyRun) moveChunked(p *datasetCopy, r *chunkio.Dataset, w *chunkio.Writer) error {
	count := uint64(0)
	for _, err := range r.Index.All() {
		if err != nil {
			return err
		}
		count++
	}
	if p.chunksInAll() == count {
		return c.slabs(p, r, func(piece *dataspace.Bound, _ uint64, data []byte) error { return c.put(p, w, piece, data) })
	}
	var buf, out []byte
	for k, err := range r.Index.All() {
		if err == nil {
			err = c.ctx.Err()
		}
		if err != nil {
			return err
		}
		b, err := p.box(k.Scaled)
		if err != nil {
			return err
		}
		if b.Count() == 0 {
			continue
		}
		es := uint64(p.src.dtype.Size)
		buf = sized(buf, b.Count()*es)
		if err := r.Read(c.ctx, b, memorySink{unsafe.Pointer(unsafe.SliceData(buf)), es}, 1); err != nil {
			return err
		}
		data := buf
		if !p.values.same() {
			out = sized(out, b.Count()*uint64(p.values.to))
			if err := c.translate(p, out, buf); err != nil {
				return err
			}
			data = out
		}
		if err := c.put(p, w, b, data); err != nil {
			return err
		}
		c.advance(k.Size)
	}
	return nil
}

// chunksInAll is how many chunks the extents take, or more than can be.
func (p *datasetCopy) chunksInAll() uint64 {
	n, ok := uint64(1), true
	for i, ext := range p.src.space.Dims {
		k := p.src.layout.ChunkDims[i]
		if n, ok = wire.Mul(n, ext/k+min(1, ext%k)); !ok {
			return math.MaxUint64
		}
	}
	return n
}

// box selects the elements of a chunk that lie within the extents.
func (p *datasetCopy) box(scaled []uint64) (*dataspace.Bound, error) {
	start, count := make([]uint64, len(scaled)), make([]uint64, len(scaled))
	for i, s := range scaled {
		k, ext := p.src.layout.ChunkDims[i], p.src.space.Dims[i]
		if s > ext/k || s*k >= ext {
			return p.src.bind([]dataspace.Selection{dataspace.None()})
		}
		start[i], count[i] = s*k, min(k, ext-s*k)
	}
	return p.src.bind([]dataspace.Selection{dataspace.Box(start, count)})
}

// Bounds on what moveStored holds at a time.
const (
	storedBytes  = 32 << 20
	storedChunks = 4096
)

// moveStored moves chunks as they are stored.
func (c *copyRun) moveStored(p *datasetCopy, r *chunkio.Dataset, w *chunkio.Writer) error {
	m := storedMove{c: c, p: p, r: r, w: w}
	for k, err := range r.Index.All() {
		if err == nil {
			err = c.ctx.Err()
		}
		if err == nil {
			err = r.CheckStored(k)
		}
		if err != nil {
			return err
		}
		if !p.inside(k.Scaled) {
			continue
		}
		if len(m.list) > 0 && (len(m.list) == storedChunks || uint64(len(m.buf))+k.Size > storedBytes) {
			if err := m.flush(); err != nil {
				return err
			}
		}
		at := len(m.buf)
		m.buf = slices.Grow(m.buf, int(k.Size))[:at+int(k.Size)]
		m.from = append(m.from, k.Address)
		m.list = append(m.list, chunkio.Stored{Scaled: slices.Clone(k.Scaled), Mask: k.Mask, Data: m.buf[at : at : at+int(k.Size)]})
		m.at = append(m.at, at)
	}
	return m.flush()
}

// inside tells whether a chunk holds elements of the dataset.
func (p *datasetCopy) inside(scaled []uint64) bool {
	for i, s := range scaled {
		if s > p.src.space.Dims[i]/p.src.layout.ChunkDims[i] || s*p.src.layout.ChunkDims[i] >= p.src.space.Dims[i] {
			return false
		}
	}
	return true
}

// storedMove is the chunks that are read and written together.
type storedMove struct {
	c    *copyRun
	p    *datasetCopy
	r    *chunkio.Dataset
	w    *chunkio.Writer
	buf  []byte
	from []wire.Address
	at   []int // where each begins in buf, which moves while it grows
	list []chunkio.Stored
}

func (m *storedMove) flush() error {
	if len(m.list) == 0 {
		return nil
	}
	for i := range m.list {
		end := len(m.buf)
		if i+1 < len(m.at) {
			end = m.at[i+1]
		}
		m.list[i].Data = m.buf[m.at[i]:end]
	}
	if err := m.read(); err != nil {
		return err
	}
	if err := m.w.WriteStored(m.c.ctx, m.list, m.c.o.Workers); err != nil {
		return err
	}
	m.c.advance(uint64(len(m.buf)))
	m.buf, m.from, m.at, m.list = m.buf[:0], m.from[:0], m.at[:0], m.list[:0]
	return nil
}

// read reads the chunks of a batch, in parallel.
func (m *storedMove) read() error {
	var next atomic.Int64
	return m.r.Pool.Do(m.c.ctx, min(len(m.list), max(1, m.r.Pool.Size())), func(ctx context.Context) error {
		return driver.Guard(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(m.list) || ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if err := m.r.Cache.ReadFull(m.list[i].Data, m.from[i]); err != nil {
					return err
				}
			}
		})
	})
}
