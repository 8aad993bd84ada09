package chunkio

import (
	"context"
	"iter"
	"slices"
	"sync"

	"gables/hdf5/driver"
	"gables/internal/chunkindex"
)

// Verify decodes stored chunks in up to workers goroutines and tells visit of
// each: its bytes without filters, or why it can't be decoded. visit may run
// in several goroutines at once and must not keep what it is given; an error
// of its own ends the work. chunks is asked by one goroutine at a time.
func (d *Dataset) Verify(ctx context.Context, chunks iter.Seq[chunkindex.Chunk], workers int,
	visit func(c chunkindex.Chunk, data []byte, err error) error) error {
	pull, stop := iter.Pull(chunks)
	defer stop()
	var mu sync.Mutex // guards pull
	next := func(scaled []uint64) (chunkindex.Chunk, bool) {
		mu.Lock()
		defer mu.Unlock()
		c, ok := pull()
		c.Scaled = append(scaled, c.Scaled...)
		return c, ok
	}
	return d.Pool.Do(ctx, d.workersFor(workers), func(ctx context.Context) error {
		w := d.worker(nil)
		defer w.release()
		for scaled := slices.Clone(d.Dims); ctx.Err() == nil; {
			c, ok := next(scaled[:0])
			if !ok {
				return nil
			}
			scaled = c.Scaled
			if err := w.verify(c, visit); err != nil {
				return err
			}
		}
		return context.Cause(ctx)
	})
}

// verify decodes one chunk.
func (w *worker) verify(c chunkindex.Chunk, visit func(chunkindex.Chunk, []byte, error) error) error {
	var told error
	err := driver.Guard(func() error {
		buf := room(&w.chunk, w.d.ChunkBytes())
		if err := w.decode(buf, c, c.Scaled); err != nil {
			return err
		}
		told = visit(c, buf, nil)
		return nil
	})
	if err != nil {
		return visit(c, nil, inChunk(err, c.Scaled))
	}
	return told
}
