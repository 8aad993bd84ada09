package chunkio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"gables/hdf5/dataspace"
	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/format"
)

// Block is a part of a selection as a scan delivers it.
type Block struct {
	Seq  uint64 // blocks are numbered from 0 in an order that depends on the layout alone
	N    uint64 // elements
	Data []byte // N elements as stored, valid during the call
}

// Part is the blocks From ≤ Seq < To of a scan.
type Part struct{ From, To uint64 }

// Whole is every block of a scan.
var Whole = Part{0, math.MaxUint64}

func (p Part) holds(seq uint64) bool { return p.From <= seq && seq < p.To }

// Scan calls visit for the part's blocks of the selection, from up to workers
// goroutines at once. How the selection is cut into blocks, and the order of
// the elements in each, depend on the dataset and the selection, never on the
// part, the number of workers or timing. Contiguous data is shown without
// copying where the driver can.
func (d *Dataset) Scan(ctx context.Context, b *dataspace.Bound, part Part, workers int, visit func(Block) error) error {
	if b.Count() == 0 || part.From >= part.To {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.Layout.Class == format.LayoutChunked {
		return d.scanChunks(ctx, b, part, workers, visit)
	}
	if first, ok := d.oneRun(b); ok {
		return d.scanRun(ctx, first, b.Count(), part, workers, visit)
	}
	return d.scanPieces(ctx, b, part, workers, visit)
}

// Blocks is how many blocks a scan of the selection delivers.
func (d *Dataset) Blocks(b *dataspace.Bound) uint64 {
	n := uint64(0)
	switch _, ok := d.oneRun(b); {
	case b.Count() == 0:
	case d.Layout.Class == format.LayoutChunked:
		b.Boxes(d.chunkDims, func([]uint64) bool {
			n++
			return true
		})
	case ok:
		n = dataspace.CeilDiv(b.Count(), d.pieceElements())
	default:
		b.Split(d.pieceElements(), func(uint64, *dataspace.Bound) bool {
			n++
			return true
		})
	}
	return n
}

// pieceElements is how many elements make a piece.
func (d *Dataset) pieceElements() uint64 { return uint64(max(1, pieceBytes/d.ElementSize)) }

// oneRun tells whether the selection is one run of stored contiguous data, and
// with which element it begins.
func (d *Dataset) oneRun(b *dataspace.Bound) (first uint64, ok bool) {
	if d.Layout.Class != format.LayoutContiguous || d.External == nil && !d.Layout.Address.Defined() {
		return 0, false
	}
	return d.runOf(b)
}

// runOf is oneRun for a dataset that may have no space yet.
func (d *Dataset) runOf(b *dataspace.Bound) (first uint64, ok bool) {
	if _, _, dense := b.Dense(); !dense {
		return 0, false
	}
	b.Runs(make([]uint64, len(d.Dims)), d.Dims, func(r dataspace.Run) bool {
		first, ok = r.Box, r.N == b.Count() && (r.Step == 1 || r.N == 1)
		return false
	})
	return first, ok
}

// scanRun cuts the n elements from first by counting alone, as nothing must
// be allocated or locked for a piece of 1 MiB, which takes 60 µs to add up.
func (d *Dataset) scanRun(ctx context.Context, first, n uint64, part Part, workers int, visit func(Block) error) error {
	src, at, size, err := d.extent()
	if err != nil {
		return err
	}
	data := view(src, at, size)
	es, per := uint64(d.ElementSize), d.pieceElements()
	end := min(part.To, dataspace.CeilDiv(n, per))
	if part.From >= end {
		return nil
	}
	if workers <= 0 {
		workers = d.Pool.Size()
	}
	workers = int(min(uint64(workers), end-part.From))
	var next atomic.Uint64
	next.Store(part.From)
	return d.Pool.Do(ctx, workers, func(ctx context.Context) error {
		buf := scanBuffers.Get().(*[]byte)
		defer scanBuffers.Put(buf)
		return driver.Guard(func() error {
			for {
				if err := ctx.Err(); err != nil {
					return context.Cause(ctx)
				}
				seq := next.Add(1) - 1
				if seq >= end {
					return nil
				}
				blk := Block{Seq: seq, N: min(per, n-seq*per)}
				pos := (first + seq*per) * es
				if data != nil {
					blk.Data = data[pos : pos+blk.N*es]
				} else {
					blk.Data = room(buf, int(blk.N*es))
					if err := readFull(src, blk.Data, at+pos); err != nil {
						return err
					}
				}
				if err := visit(blk); err != nil {
					return err
				}
			}
		})
	})
}

// readFull fills p from position off; less is ErrTruncated.
func readFull(src driver.Driver, p []byte, off uint64) error {
	got, err := src.ReadAt(p, off)
	if got == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = fmt.Errorf("read %d of %d bytes at 0x%x: %w", got, len(p), off, h5err.ErrTruncated)
	}
	return err
}

// scanPieces reads each piece into scratch memory.
func (d *Dataset) scanPieces(ctx context.Context, b *dataspace.Bound, part Part, workers int, visit func(Block) error) error {
	return d.eachPiece(ctx, b, workers, func(p *dataspace.Bound, seq, _ uint64) error {
		if !part.holds(seq) {
			return nil
		}
		buf := scanBuffers.Get().(*[]byte)
		defer scanBuffers.Put(buf)
		m := memory{b: room(buf, int(p.Count())*d.ElementSize), es: uint64(d.ElementSize)}
		if err := d.Read(ctx, p, m, 1); err != nil {
			return err
		}
		return visit(Block{Seq: seq, N: p.Count(), Data: m.b})
	})
}

var scanBuffers = sync.Pool{New: func() any { return new([]byte) }}

// memory is a Sink that is plain bytes.
type memory struct {
	b  []byte
	es uint64
}

func (m memory) Direct(at, n uint64) []byte { return m.b[at*m.es : (at+n)*m.es] }
func (m memory) Put(at uint64, src []byte) error {
	copy(m.b[at*m.es:], src)
	return nil
}

// numbered are the part's boxes of a selection with their numbers behind the
// coordinates.
func numbered(boxes iter.Seq[[]uint64], part Part) iter.Seq[[]uint64] {
	return func(yield func([]uint64) bool) {
		seq := uint64(0)
		var buf []uint64
		boxes(func(c []uint64) bool {
			if seq >= part.To {
				return false
			}
			buf = append(append(buf[:0], c...), seq)
			seq++
			return seq <= part.From || yield(buf)
		})
	}
}

func (d *Dataset) scanChunks(ctx context.Context, b *dataspace.Bound, part Part, workers int, visit func(Block) error) error {
	boxes := numbered(func(yield func([]uint64) bool) { b.Boxes(d.chunkDims, yield) }, part)
	return d.Pool.each(ctx, boxes, d.workersFor(workers), func(next func([]uint64) ([]uint64, bool)) error {
		w := d.worker(nil)
		defer w.release()
		g := newGatherer(w)
		var buf []uint64
		return driver.Guard(func() error {
			for {
				if err := ctx.Err(); err != nil {
					return err
				}
				var ok bool
				if buf, ok = next(buf[:0]); !ok {
					return nil
				}
				scaled, seq := buf[:len(buf)-1], buf[len(buf)-1]
				blk, err := g.scanChunk(b, scaled)
				if err != nil {
					return inChunk(err, scaled)
				}
				blk.Seq = seq
				if err := visit(blk); err != nil {
					return err
				}
			}
		})
	})
}

// scanChunk gives the selected elements of one chunk in the chunk's order.
func (g *gatherer) scanChunk(b *dataspace.Bound, scaled []uint64) (Block, error) {
	w, d := g.w, g.w.d
	origin := w.place(scaled)
	box := d.chunkDims[:len(d.Dims)]
	c, ok, err := d.Index.Find(scaled)
	if err != nil {
		return Block{}, err
	}
	var data []byte
	if !ok {
		data = w.filled(d.ChunkBytes())
	} else if data, err = w.chunkData(b, c, scaled, origin); err != nil {
		return Block{}, err
	}
	return g.collect(b, origin, box, data), nil
}

// gatherer collects the selected elements of one chunk after another. Its
// callback is made once: a closure for each chunk would be allocated.
type gatherer struct {
	w     *worker
	take  func(dataspace.Run) bool
	data  []byte // of the chunk
	out   []byte // what was selected so far
	n     uint64 // elements in out
	whole bool   // so far all of data is selected, in its order
}

func newGatherer(w *worker) *gatherer {
	g := &gatherer{w: w}
	g.take = g.add
	return g
}

// add takes a run of the chunk.
func (g *gatherer) add(r dataspace.Run) bool {
	d := g.w.d
	if g.n == 0 && r.N == d.chunkElems && r.Step == 1 {
		g.n, g.whole = r.N, true
		return true
	}
	if g.whole { // and more: elements are selected again
		g.whole, g.out = false, append(g.out, g.data...)
	}
	es := uint64(d.ElementSize)
	if r.Step == 1 || r.N == 1 {
		g.out = append(g.out, g.data[r.Box*es:(r.Box+r.N)*es]...)
	} else {
		at := len(g.out)
		g.out = slices.Grow(g.out, int(r.N*es))[:at+int(r.N*es)]
		pick(g.out[at:], g.data, int64(r.Box), r.Step, int(r.N), d.ElementSize)
	}
	g.n += r.N
	return true
}

// collect gathers the runs of a chunk unless they are all of it.
func (g *gatherer) collect(b *dataspace.Bound, origin, box []uint64, data []byte) Block {
	g.data, g.out, g.n, g.whole = data, g.w.gather[:0], 0, false
	b.Runs(origin, box, g.take)
	if g.whole {
		return Block{N: g.n, Data: data}
	}
	g.w.gather = g.out
	return Block{N: g.n, Data: g.out}
}
