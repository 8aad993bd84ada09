package chunkio

import (
	"context"
	"iter"
	"runtime"
	"sync"

	"gables/hdf5/dataspace"
)

// Pool bounds how many goroutines help the callers of one file. A caller
// always works itself and takes helpers only while there are some, so that no
// call waits for another.
type Pool struct{ tokens chan struct{} }

// NewPool allows n goroutines at work for one caller: itself and n-1 helpers,
// which all callers share. 0 means GOMAXPROCS.
func NewPool(n int) *Pool {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return &Pool{tokens: make(chan struct{}, n-1)}
}

// Size is the most goroutines that one call can have.
func (p *Pool) Size() int { return cap(p.tokens) + 1 }

// Do runs work in up to workers goroutines, the caller's among them, and waits
// for all. The first error cancels the context that the others are given.
func (p *Pool) Do(ctx context.Context, workers int, work func(ctx context.Context) error) error {
	if workers <= 0 || workers > p.Size() {
		workers = p.Size()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	run := func() {
		if err := work(ctx); err != nil {
			cancel(err)
		}
	}
	for range workers - 1 {
		select {
		case p.tokens <- struct{}{}:
			wg.Add(1)
			go func() {
				defer wg.Done()
				defer func() { <-p.tokens }()
				run()
			}()
		default:
		}
	}
	run()
	wg.Wait()
	return context.Cause(ctx)
}

// each hands out the boxes to goroutines that call work; next copies the next
// box's coordinates behind the slice it is given. Work for a single box stays
// in the caller's goroutine.
func (p *Pool) each(ctx context.Context, boxes iter.Seq[[]uint64], workers int,
	work func(next func([]uint64) ([]uint64, bool)) error) error {
	var first [2][]uint64
	n := 0
	boxes(func(c []uint64) bool {
		first[n] = append([]uint64(nil), c...)
		n++
		return n < 2
	})
	if n < 2 || workers == 1 {
		return alone(boxes, first[:n], work)
	}
	pull, stop := iter.Pull(boxes)
	defer stop()
	var mu sync.Mutex // guards pull
	return p.Do(ctx, workers, func(ctx context.Context) error {
		return work(func(buf []uint64) ([]uint64, bool) {
			mu.Lock()
			defer mu.Unlock()
			if ctx.Err() != nil {
				return buf, false
			}
			c, ok := pull()
			return append(buf, c...), ok
		})
	})
}

// alone works through the boxes in the caller's goroutine.
func alone(boxes iter.Seq[[]uint64], first [][]uint64, work func(next func([]uint64) ([]uint64, bool)) error) error {
	if len(first) < 2 {
		return work(func(buf []uint64) ([]uint64, bool) {
			if len(first) == 0 {
				return buf, false
			}
			buf, first = append(buf, first[0]...), nil
			return buf, true
		})
	}
	pull, stop := iter.Pull(boxes)
	defer stop()
	return work(func(buf []uint64) ([]uint64, bool) {
		c, ok := pull()
		return append(buf, c...), ok
	})
}

// eachPiece cuts the result of b into pieces of about pieceBytes and calls
// work for each: its number and its first position in the whole result.
func (d *Dataset) eachPiece(ctx context.Context, b *dataspace.Bound, workers int,
	work func(p *dataspace.Bound, seq, first uint64) error) error {
	most := uint64(max(1, pieceBytes/d.ElementSize))
	if b.Count() <= most {
		return work(b, 0, 0)
	}
	pull, stop := iter.Pull2(func(yield func(uint64, *dataspace.Bound) bool) { b.Split(most, yield) })
	defer stop()
	var mu sync.Mutex // guards pull and count
	var count uint64
	next := func() (first, seq uint64, p *dataspace.Bound, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		first, p, ok = pull()
		count++
		return first, count - 1, p, ok
	}
	return d.Pool.Do(ctx, workers, func(ctx context.Context) error {
		for ctx.Err() == nil {
			first, seq, p, ok := next()
			if !ok {
				return nil
			}
			if err := work(p, seq, first); err != nil {
				return err
			}
		}
		return context.Cause(ctx)
	})
}
