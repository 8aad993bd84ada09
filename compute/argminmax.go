package compute

import (
	"context"
	"fmt"
	"iter"
	"math"
	"sync"

	"gables/hdf5"
	"gables/hdf5/dataspace"
)

// Extremes says where the least and the greatest element are.
type Extremes struct {
	Min, Max     Number
	MinAt, MaxAt []uint64 // indices in the result of the selection; all of it: in the dataset
}

// ArgMinMax finds the first least and the first greatest element in row-major
// order of the selection; -0 and 0 are equal here, as in numpy. The first NaN
// is both, unless SkipNaN is given. ErrSelection as for MinMax.
func ArgMinMax(ctx context.Context, ds *hdf5.Dataset, opts ...Option) (Extremes, error) {
	p, err := newPass(ds, opMinMax, newConfig(opts))
	if err != nil {
		return Extremes{}, err
	}
	b, err := ds.Space().Bind(p.conf.sel)
	if err != nil {
		return Extremes{}, fmt.Errorf("%s: %w", ds.Path(), err)
	}
	best := extremeKeys{class: p.src.class(), skip: p.conf.skip}
	var mu sync.Mutex // guards best
	err = p.pieces(ctx, b, func(h *hand, data []byte, first uint64, n int) error {
		found := best.none()
		if err := found.look(h, data, first, n); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		best.merge(found)
		return nil
	})
	if err == nil && !best.ok {
		err = errNothing("minimum and maximum")
	}
	if err != nil {
		return Extremes{}, err
	}
	return Extremes{
		Min: numberOf(best.class, best.min), MinAt: unravel(best.minAt, p.shape),
		Max: numberOf(best.class, best.max), MaxAt: unravel(best.maxAt, p.shape),
	}, nil
}

// extremeKeys are extremes and their positions in the result. Which part was
// seen first does not matter to them.
type extremeKeys struct {
	class        class
	skip, ok     bool
	min, max     int64
	minAt, maxAt uint64
}

func (e *extremeKeys) none() extremeKeys { return extremeKeys{class: e.class, skip: e.skip} }

// look takes n elements from position first on.
func (e *extremeKeys) look(h *hand, data []byte, first uint64, n int) error {
	h.s = newState()
	if err := h.fold(&h.s, data, 0, 1, n); err != nil || h.s.n == 0 {
		return err
	}
	e.ok, e.min, e.max = true, h.s.min, h.s.max
	if e.class == floating {
		e.min, e.max = argKey(e.min), argKey(e.max)
		switch {
		case e.min == keyNaN:
			e.max = e.min
		case e.max == keyNaN:
			e.min = e.max
		}
	}
	lo, err := h.find(e.min, data, n)
	if err != nil {
		return err
	}
	hi, err := h.find(e.max, data, n)
	e.minAt, e.maxAt = first+uint64(lo), first+uint64(hi)
	return err
}

// keyNaN stands for every NaN.
const keyNaN = keyInf + 1<<51

// argKey makes -0 0 and every NaN keyNaN.
func argKey(k int64) int64 {
	switch {
	case k == -1:
		return 0
	case k > keyInf || k < ^keyInf:
		return keyNaN
	}
	return k
}

// merge takes what was found elsewhere.
func (e *extremeKeys) merge(f extremeKeys) {
	switch {
	case !f.ok:
		return
	case !e.ok:
		*e = f
		return
	case e.class == floating && (e.min == keyNaN || f.min == keyNaN):
		if e.min != keyNaN || f.min == keyNaN && f.minAt < e.minAt {
			*e = f
		}
		return
	}
	if f.min < e.min || f.min == e.min && f.minAt < e.minAt {
		e.min, e.minAt = f.min, f.minAt
	}
	if f.max > e.max || f.max == e.max && f.maxAt < e.maxAt {
		e.max, e.maxAt = f.max, f.maxAt
	}
}

// unravel gives the indices of a row-major position.
func unravel(at uint64, shape []uint64) []uint64 {
	index := make([]uint64, len(shape))
	for k := len(shape) - 1; k >= 0; k-- {
		index[k] = at % shape[k]
		at /= shape[k]
	}
	return index
}

// pieceBytes is how much of a dataset is read at once in row-major order.
const (
	pieceBytes    = 1 << 20
	maxPieceBytes = 16 << 20 // where a chunk is larger than a piece
)

// pieces reads consecutive parts of the selection's result in parallel.
func (p *pass) pieces(ctx context.Context, b *dataspace.Bound, work func(h *hand, data []byte, first uint64, n int) error) error {
	chunk, err := p.chunk()
	if err != nil {
		return err
	}
	most := uint64(max(1, pieceBytes/p.src.stride))
	if vol := volume(chunk); chunk != nil && vol > most && vol <= uint64(max(1, maxPieceBytes/p.src.stride)) {
		most = vol
	}
	next, stop := iter.Pull2(func(yield func(uint64, *dataspace.Bound) bool) { b.SplitChunks(most, chunk, yield) })
	defer stop()
	var mu sync.Mutex // guards next
	return parallel(ctx, p.conf.workers, func(ctx context.Context) error {
		h := p.hands.Get().(*hand)
		defer p.hands.Put(h)
		for ctx.Err() == nil {
			mu.Lock()
			first, part, ok := next()
			mu.Unlock()
			if !ok {
				return nil
			}
			data, err := p.read(ctx, h, part)
			if err == nil {
				err = work(h, data, first, int(part.Count()))
			}
			if err != nil {
				return fmt.Errorf("%s: element %d of the selection: %w", p.ds.Path(), first, err)
			}
			p.meter.add(part.Count())
		}
		return context.Cause(ctx)
	})
}

// read gives the elements of a part, valid until h reads again.
func (p *pass) read(ctx context.Context, h *hand, part *dataspace.Bound) ([]byte, error) {
	n := int(part.Count()) * p.src.stride
	if cap(h.buf) < n {
		h.buf = make([]byte, n)
	}
	_, err := p.ds.ReadRawWith(ctx, h.buf[:n], hdf5.ReadOptions{Workers: 1}, part.Selection())
	return h.buf[:n], err
}

// chunk is the shape of the dataset's chunks; nil where it has none.
func (p *pass) chunk() ([]uint64, error) {
	l, err := p.ds.Layout()
	return l.Chunk, err
}

// volume is how many elements a box without empty axes has, or MaxUint64.
func volume(shape []uint64) uint64 {
	n := uint64(1)
	for _, d := range shape {
		if d > math.MaxUint64/n {
			return math.MaxUint64
		}
		n *= d
	}
	return n
}
