package chunkio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"gables/hdf5/dataspace"
	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// pieceBytes is how much of a contiguous dataset one goroutine takes at once:
// large enough that a hand-over costs nothing, small enough for the caches.
const pieceBytes = 1 << 20

// windowBytes is how much is read at once for runs that lie close together.
const windowBytes = 256 << 10

// directBytes is from which size a run is read to where it belongs instead of
// copied from the map, whose pages cost faults.
const directBytes = 64 << 10

// view gives n bytes of d without copying, or nil.
func view(d driver.Driver, at, n uint64) []byte {
	if v, ok := d.(driver.Viewer); ok && n <= math.MaxInt {
		return v.View(at, int(n))
	}
	return nil
}

// extent is where contiguous data lies.
func (d *Dataset) extent() (src driver.Driver, at, size uint64, err error) {
	n, ok := wire.Product(d.Dims)
	size, fits := wire.Mul(n, uint64(d.ElementSize))
	if !ok || !fits {
		return nil, 0, 0, h5err.Corrupt("dataspace message", "size", "%v of %d bytes overflow", d.Dims, d.ElementSize)
	}
	if d.External != nil {
		return d.External, 0, size, nil
	}
	if d.Layout.HasSize && d.Layout.Size < size {
		return nil, 0, 0, h5err.Corrupt("data layout message", "size", "%d bytes for %d", d.Layout.Size, size)
	}
	src, at = d.Cache.Driver(), uint64(d.Layout.Address)
	if end, ok := wire.Add(at, size); !ok || end > src.Size() {
		return nil, 0, 0, fmt.Errorf("data of %d bytes at 0x%x, the file ends at 0x%x: %w", size, at, src.Size(), h5err.ErrTruncated)
	}
	return src, at, size, nil
}

func (d *Dataset) readContiguous(ctx context.Context, b *dataspace.Bound, s Sink, workers int) error {
	if d.External == nil && !d.Layout.Address.Defined() {
		w := d.worker(s)
		defer w.release()
		return w.fillBox(b, make([]uint64, len(d.Dims)), d.Dims)
	}
	src, at, size, err := d.extent()
	if err != nil {
		return err
	}
	es := uint64(d.ElementSize)
	return d.eachPiece(ctx, b, workers, func(p *dataspace.Bound, _, first uint64) error {
		if n := p.Count(); n*es >= directBytes {
			if start, ok := d.oneRun(p); ok {
				if dst := s.Direct(first, n); dst != nil {
					return readFull(src, dst, at+start*es)
				}
			}
		}
		w := d.worker(offsetSink{s, first})
		defer w.release()
		if data := view(src, at, size); data != nil {
			return driver.Guard(func() error {
				return w.scatter(p, w.zero(), d.Dims, data)
			})
		}
		return w.readRuns(p, src, at, size)
	})
}

// offsetSink shifts the positions of a piece to those of the whole result.
type offsetSink struct {
	Sink
	first uint64
}

func (s offsetSink) Direct(at, n uint64) []byte      { return s.Sink.Direct(s.first+at, n) }
func (s offsetSink) Put(at uint64, src []byte) error { return s.Sink.Put(s.first+at, src) }

// zero is the origin of a box that is the whole dataset.
func (w *worker) zero() []uint64 {
	o := w.origin[:len(w.d.Dims)]
	clear(o)
	return o
}

// readRuns delivers runs from a driver that can't show its bytes: long runs by
// themselves, short ones through a window.
func (w *worker) readRuns(b *dataspace.Bound, src driver.Driver, at, size uint64) error {
	win := window{src: src, at: at, size: size, buf: &w.stored}
	es := uint64(w.d.ElementSize)
	w.err = nil
	b.Runs(w.zero(), w.d.Dims, func(r dataspace.Run) bool {
		for done := uint64(0); done < r.N && w.err == nil; {
			n := r.N - done
			if r.Step != 1 {
				n = 1
			}
			n = min(n, max(1, pieceBytes/es))
			pos := uint64(int64(r.Box)+int64(done)*r.Step) * es
			var p []byte
			if p, w.err = win.get(pos, n*es); w.err == nil {
				w.err = w.s.Put(r.Mem+done, p)
			}
			done += n
		}
		return w.err == nil
	})
	return w.err
}

// window is a part of the data that has been read.
type window struct {
	src      driver.Driver
	at, size uint64 // where the data lies in src, and its length
	buf      *[]byte
	lo, hi   uint64 // what buf holds
}

// get gives n bytes from pos of the data.
func (w *window) get(pos, n uint64) ([]byte, error) {
	if pos < w.lo || pos+n > w.hi {
		take := min(max(n, windowBytes), w.size-pos)
		b := room(w.buf, int(take))
		got, err := w.src.ReadAt(b, w.at+pos)
		if got < len(b) {
			if err == nil || errors.Is(err, io.EOF) {
				err = fmt.Errorf("read %d of %d bytes at 0x%x: %w", got, len(b), w.at+pos, h5err.ErrTruncated)
			}
			return nil, err
		}
		w.lo, w.hi = pos, pos+take
	}
	return (*w.buf)[pos-w.lo : pos-w.lo+n], nil
}
