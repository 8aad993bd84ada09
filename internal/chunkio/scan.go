package chunkio

import (
	"context"
	"iter"
	"math"
	"sync"

	"gables/hdf5/dataspace"
	"gables/hdf5/driver"
	"gables/internal/format"
)

// Block is a part of a selection as a scan delivers it.
type Block struct {
	Seq  uint64 // blocks are numbered from 0 in an order that depends on the layout alone
	N    uint64 // elements
	Data []byte // N elements as stored, valid during the call
}

// Scan calls visit for every block of the selection, from up to workers
// goroutines at once. How the selection is cut into blocks, and the order of
// the elements in each, depend on the dataset and the selection, never on the
// number of workers or on timing. Contiguous data is shown without copying
// where the driver can.
func (d *Dataset) Scan(ctx context.Context, b *dataspace.Bound, workers int, visit func(Block) error) error {
	if b.Count() == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.Layout.Class == format.LayoutChunked {
		return d.scanChunks(ctx, b, workers, visit)
	}
	_, _, dense := b.Dense()
	if d.Layout.Class == format.LayoutContiguous && d.Layout.Address.Defined() && d.External == nil && dense {
		return d.scanContiguous(ctx, b, workers, visit)
	}
	return d.scanPieces(ctx, b, workers, visit)
}

// scanPieces reads each piece into scratch memory.
func (d *Dataset) scanPieces(ctx context.Context, b *dataspace.Bound, workers int, visit func(Block) error) error {
	return d.eachPiece(ctx, b, workers, func(p *dataspace.Bound, seq, _ uint64) error {
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

// scanContiguous shows runs of mapped data as they lie in the file.
func (d *Dataset) scanContiguous(ctx context.Context, b *dataspace.Bound, workers int, visit func(Block) error) error {
	src, at, size, err := d.extent()
	if err != nil {
		return err
	}
	data := view(src, at, size)
	if data == nil || size > math.MaxInt {
		return d.scanPieces(ctx, b, workers, visit)
	}
	es := uint64(d.ElementSize)
	return d.eachPiece(ctx, b, workers, func(p *dataspace.Bound, seq, _ uint64) error {
		var run dataspace.Run
		p.Runs(make([]uint64, len(d.Dims)), d.Dims, func(r dataspace.Run) bool {
			run = r
			return false
		})
		if run.N == p.Count() && run.Step == 1 {
			return driver.Guard(func() error {
				return visit(Block{Seq: seq, N: run.N, Data: data[run.Box*es : (run.Box+run.N)*es]})
			})
		}
		buf := scanBuffers.Get().(*[]byte)
		defer scanBuffers.Put(buf)
		m := memory{b: room(buf, int(p.Count())*d.ElementSize), es: es}
		if err := d.Read(ctx, p, m, 1); err != nil {
			return err
		}
		return visit(Block{Seq: seq, N: p.Count(), Data: m.b})
	})
}

// numbered are the boxes of a selection with their numbers behind the
// coordinates.
func numbered(boxes iter.Seq[[]uint64]) iter.Seq[[]uint64] {
	return func(yield func([]uint64) bool) {
		seq := uint64(0)
		var buf []uint64
		boxes(func(c []uint64) bool {
			buf = append(append(buf[:0], c...), seq)
			seq++
			return yield(buf)
		})
	}
}

func (d *Dataset) scanChunks(ctx context.Context, b *dataspace.Bound, workers int, visit func(Block) error) error {
	boxes := numbered(func(yield func([]uint64) bool) { b.Boxes(d.chunkDims, yield) })
	return d.Pool.each(ctx, boxes, workers, func(next func([]uint64) ([]uint64, bool)) error {
		w := d.worker(nil)
		defer w.release()
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
				blk, err := w.scanChunk(b, scaled)
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
func (w *worker) scanChunk(b *dataspace.Bound, scaled []uint64) (Block, error) {
	d := w.d
	origin := w.place(scaled)
	box := d.chunkDims[:len(d.Dims)]
	c, ok, err := d.Index.Find(scaled)
	if err != nil {
		return Block{}, err
	}
	var data []byte
	if !ok {
		data = w.filled(d.chunkBytes())
	} else if data, err = w.chunkData(b, c, scaled, origin); err != nil {
		return Block{}, err
	}
	return w.collect(b, origin, box, data)
}

// collect gathers the runs of a chunk unless they are all of it.
func (w *worker) collect(b *dataspace.Bound, origin, box []uint64, data []byte) (Block, error) {
	es := uint64(w.d.ElementSize)
	n, whole := uint64(0), false
	out := w.gather[:0]
	b.Runs(origin, box, func(r dataspace.Run) bool {
		if n == 0 && r.N == w.d.chunkElems && r.Step == 1 {
			n, whole = r.N, true
			return false
		}
		at := int64(r.Box)
		if r.Step == 1 {
			out = append(out, data[r.Box*es:(r.Box+r.N)*es]...)
		} else {
			for range r.N {
				out = append(out, data[uint64(at)*es:(uint64(at)+1)*es]...)
				at += r.Step
			}
		}
		n += r.N
		return true
	})
	if whole {
		return Block{N: n, Data: data}, nil
	}
	w.gather = out
	return Block{N: n, Data: out}, nil
}
