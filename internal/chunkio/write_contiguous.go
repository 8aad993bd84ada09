package chunkio

import (
	"context"
	"sync/atomic"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/freespace"
	"gables/internal/wire"
)

// writePiece is how much contiguous data goes to the file at once: large enough
// that a call costs nothing, small enough to be converted in the caches.
const writePiece = 4 << 20

func (w *Writer) writeContiguous(ctx context.Context, b *dataspace.Bound, s Source, workers int) error {
	d := w.Data
	n, ok := wire.Product(d.Dims)
	size, fits := wire.Mul(n, uint64(d.ElementSize))
	if !ok || !fits {
		return h5err.Limit("dataspace", "size", "%v of %d bytes overflow", d.Dims, d.ElementSize)
	}
	first, whole := d.runOf(b) // not oneRun: a fill before the first write of all would double its time
	if w.External == nil && !d.Layout.Address.Defined() {
		if err := w.allocate(size, !whole || b.Count() != n); err != nil {
			return err
		}
	}
	if whole {
		return w.writeRun(ctx, first, b.Count(), s, workers)
	}
	var fault error
	var buf []byte
	b.Runs(make([]uint64, len(d.Dims)), d.Dims, func(r dataspace.Run) bool {
		if r.Step == 1 || r.N == 1 {
			fault = w.piece(r.Box, r.Mem, r.N, s, &buf)
			return fault == nil
		}
		for i := uint64(0); i < r.N && fault == nil; i++ {
			fault = w.piece(uint64(int64(r.Box)+int64(i)*r.Step), r.Mem+i, 1, s, &buf)
		}
		return fault == nil
	})
	return fault
}

// allocate gives the dataset its space, filled where not all of it is about to
// be written.
func (w *Writer) allocate(size uint64, fill bool) error {
	w.Lock.Lock()
	defer w.Lock.Unlock()
	return w.Draft.Do(func() error {
		l := *w.Data.Layout
		l.Address, l.Size, l.HasSize = w.Draft.Alloc(freespace.Raw, size), size, true
		if fill {
			block := make([]byte, min(size, uint64(writePiece/w.Data.ElementSize*w.Data.ElementSize+w.Data.ElementSize)))
			repeat(block, w.Data.Fill)
			for at := uint64(0); at < size; at += uint64(len(block)) {
				if err := w.Draft.WriteRaw(block[:min(uint64(len(block)), size-at)], l.Address+wire.Address(at)); err != nil {
					return err
				}
			}
		}
		return w.moveLocked(&l)
	})
}

// writeRun stores count consecutive elements from first on, in pieces that
// several goroutines convert and write where no state can see them.
func (w *Writer) writeRun(ctx context.Context, first, count uint64, s Source, workers int) error {
	es := uint64(w.Data.ElementSize)
	step := max(1, writePiece/es)
	if workers <= 0 {
		workers = w.Data.Pool.Size()
	}
	if w.External != nil {
		workers = 1
	}
	w.Lock.Lock()
	fresh := w.External == nil && w.Draft.Space.Fresh(uint64(w.Data.Layout.Address)+first*es, count*es)
	w.Lock.Unlock()
	if s.Serial() || !fresh || count <= step {
		workers = 1
	}
	var next atomic.Uint64
	run := func(ctx context.Context) error {
		var buf []byte
		for {
			at := next.Add(step) - step
			if at >= count || ctx.Err() != nil {
				return context.Cause(ctx)
			}
			n := min(step, count-at)
			var err error
			if fresh {
				err = w.freshPiece(first+at, at, n, s, &buf)
			} else {
				err = w.piece(first+at, at, n, s, &buf)
			}
			if err != nil {
				return err
			}
		}
	}
	if workers == 1 {
		return run(ctx)
	}
	return w.Data.Pool.Do(ctx, workers, run)
}

// stored gives n elements of the source as they are stored.
func (w *Writer) stored(mem, n uint64, s Source, buf *[]byte) ([]byte, error) {
	if b := s.Direct(mem, n); b != nil {
		return b, nil
	}
	b := room(buf, int(n)*w.Data.ElementSize)
	return b, s.Take(mem, b)
}

func (w *Writer) freshPiece(box, mem, n uint64, s Source, buf *[]byte) error {
	b, err := w.stored(mem, n, s, buf)
	if err != nil {
		return err
	}
	return w.Draft.WriteFresh(b, w.Data.Layout.Address+wire.Address(box*uint64(w.Data.ElementSize)))
}

func (w *Writer) piece(box, mem, n uint64, s Source, buf *[]byte) error {
	b, err := w.stored(mem, n, s, buf)
	if err != nil {
		return err
	}
	if w.External != nil {
		return w.External.WriteAt(b, box*uint64(w.Data.ElementSize))
	}
	w.Lock.Lock()
	defer w.Lock.Unlock()
	return w.Draft.WriteRaw(b, w.Data.Layout.Address+wire.Address(box*uint64(w.Data.ElementSize)))
}
