package chunkio

import (
	"context"
	"fmt"
	"math"

	"gables/hdf5/dataspace"
	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/chunkindex"
)

// readChunks decodes every chunk that the selection touches, in parallel.
func (d *Dataset) readChunks(ctx context.Context, b *dataspace.Bound, s Sink, workers int) error {
	boxes := func(yield func([]uint64) bool) { b.Boxes(d.chunkDims, yield) }
	return d.Pool.each(ctx, boxes, d.workersFor(workers), func(next func([]uint64) ([]uint64, bool)) error {
		w := d.worker(s)
		defer w.release()
		var scaled []uint64
		return driver.Guard(func() error {
			for {
				if err := ctx.Err(); err != nil {
					return err
				}
				var ok bool
				if scaled, ok = next(scaled[:0]); !ok {
					return nil
				}
				if err := w.readChunk(b, scaled); err != nil {
					return inChunk(err, scaled)
				}
			}
		})
	})
}

// decodeBytes is the most memory that the chunks in the hands of one call's
// goroutines take together, unless a single one takes more.
const decodeBytes = 1 << 30

// workersFor bounds the goroutines of a call by the memory that each needs for
// a chunk, before and after the last filter.
func (d *Dataset) workersFor(workers int) int {
	if workers <= 0 {
		workers = d.Pool.Size()
	}
	return max(1, min(workers, decodeBytes/max(1, d.ChunkBytes())/2))
}

// inChunk names the chunk in an error.
func inChunk(err error, scaled []uint64) error { return fmt.Errorf("chunk %v: %w", scaled, err) }

// place computes the first element of a chunk.
func (w *worker) place(scaled []uint64) []uint64 {
	origin := w.origin[:len(w.d.Dims)]
	for i := range origin {
		origin[i] = scaled[i] * w.d.chunkDims[i]
	}
	return origin
}

// readChunk delivers the selected elements of one chunk.
func (w *worker) readChunk(b *dataspace.Bound, scaled []uint64) error {
	d := w.d
	origin := w.place(scaled)
	box := d.chunkDims[:len(d.Dims)]
	c, ok, err := d.Index.Find(scaled)
	if err != nil {
		return err
	}
	if !ok {
		return w.fillBox(b, origin, box)
	}
	if d.runWhole {
		if dst := w.wholeChunk(b, origin, box); dst != nil {
			return w.decode(dst, c, scaled)
		}
	}
	data, err := w.chunkData(b, c, scaled, origin)
	if err != nil {
		return err
	}
	return w.scatter(b, origin, box, data)
}

// wholeChunk gives the destination of a chunk that is selected as a whole, in
// order, and may be decoded where it belongs; nil otherwise.
func (w *worker) wholeChunk(b *dataspace.Bound, origin, box []uint64) []byte {
	var run dataspace.Run
	whole := false
	b.Runs(origin, box, func(r dataspace.Run) bool {
		if whole {
			whole = false // some elements are wanted twice
			return false
		}
		run, whole = r, r.N == w.d.chunkElems && r.Box == 0 && r.Step == 1
		return whole
	})
	if !whole {
		return nil
	}
	return w.s.Direct(run.Mem, run.N)
}

// chunkData gives a chunk decoded: from the map or the file where it has no
// filters, through the cache where only a part of it is wanted. It is valid
// until the worker takes another chunk.
func (w *worker) chunkData(b *dataspace.Bound, c chunkindex.Chunk, scaled, origin []uint64) ([]byte, error) {
	d := w.d
	n := d.ChunkBytes()
	if d.unfiltered(scaled) {
		if err := d.checkUnfiltered(c); err != nil {
			return nil, err
		}
		return w.bytes(c.Address, uint64(n))
	}
	if !d.Chunks.fits(n) || d.covers(b, origin) {
		buf := room(&w.chunk, n)
		return buf, w.decode(buf, c, scaled)
	}
	w.unpin()
	e, err := d.Chunks.pin(cacheKey{c.Address, d.Epoch}, n, func(buf []byte) error { return w.decode(buf, c, scaled) })
	if err != nil {
		return nil, err
	}
	w.pinned = e
	return e.data, nil
}

// covers tells whether the selection takes all of a chunk that lies in the
// dataset, so that nobody will soon want it again.
func (d *Dataset) covers(b *dataspace.Bound, origin []uint64) bool {
	start, dims, ok := b.Dense()
	if !ok {
		return false
	}
	for i := range origin {
		end := min(origin[i]+d.chunkDims[i], d.Dims[i])
		if origin[i] < start[i] || end > start[i]+dims[i] {
			return false
		}
	}
	return true
}

// unfiltered tells whether a chunk is stored as it is: there are no filters,
// or it sticks out of the dataset and the layout exempts such chunks.
func (d *Dataset) unfiltered(scaled []uint64) bool {
	if d.Pipeline.Empty() {
		return true
	}
	if !d.Layout.UnfilteredEdge {
		return false
	}
	for i := range d.Dims {
		if d.Dims[i]-scaled[i]*d.chunkDims[i] < d.chunkDims[i] {
			return true
		}
	}
	return false
}

func (d *Dataset) checkUnfiltered(c chunkindex.Chunk) error {
	if n := uint64(d.ChunkBytes()); c.Size != n {
		return h5err.Corrupt("chunk index", "chunk size", "%d bytes stored without filters, want %d", c.Size, n)
	}
	return nil
}

// decode reads a chunk and undoes its filters into dst, which is as long as
// the chunk.
func (w *worker) decode(dst []byte, c chunkindex.Chunk, scaled []uint64) error {
	d := w.d
	if d.unfiltered(scaled) {
		if err := d.checkUnfiltered(c); err != nil {
			return err
		}
		return d.Cache.ReadFull(dst, c.Address)
	}
	if c.Size > math.MaxUint32 || c.Size > uint64(d.Cache.Limits().Chunk)*2 {
		return h5err.Limit("chunk index", "chunk size", "%d bytes stored", c.Size)
	}
	src, err := w.bytes(c.Address, c.Size)
	if err != nil {
		return err
	}
	// A filter may make a chunk a little larger, never several times.
	limit := min(int64(len(dst))*2+4096, math.MaxInt32)
	return h5err.At(d.Pipeline.Decode(dst, src, c.Mask, d.ElementSize, int(limit)), "chunk", uint64(c.Address))
}
