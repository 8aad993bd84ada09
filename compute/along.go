package compute

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
)

// Axes are the axes of the selection's result that a reduction removes.
type Axes []int

// Along names axes; negative ones count from the end.
func Along(axis ...int) Axes { return axis }

// Array is a row-major array of values.
type Array[T any] struct {
	Shape  []uint64
	Values []T
}

// StatsAlong gives a Summary for each index of the axes that remain, as numpy's
// reductions do. Its memory is that of the result and of a few tiles of it;
// ErrLimit when the result alone needs more than Memory allows.
func StatsAlong(ctx context.Context, ds *hdf5.Dataset, axes Axes, opts ...Option) (Array[Summary], error) {
	return along(ctx, ds, axes, opStats, opts, func(s *state, c class, ddof uint64) Summary { return s.summary(c, ddof) })
}

// SumAlong is StatsAlong for sums alone.
func SumAlong(ctx context.Context, ds *hdf5.Dataset, axes Axes, opts ...Option) (Array[Total], error) {
	return along(ctx, ds, axes, opSum, opts, func(s *state, c class, _ uint64) Total { return s.total(c) })
}

// MeanAlong is StatsAlong for means alone.
func MeanAlong(ctx context.Context, ds *hdf5.Dataset, axes Axes, opts ...Option) (Array[float64], error) {
	return along(ctx, ds, axes, opSum, opts, func(s *state, c class, _ uint64) float64 { return s.mean(c) })
}

// MinMaxAlong is StatsAlong for extremes alone: [0] the least, [1] the
// greatest, both NaN of no elements.
func MinMaxAlong(ctx context.Context, ds *hdf5.Dataset, axes Axes, opts ...Option) (Array[[2]Number], error) {
	return along(ctx, ds, axes, opMinMax, opts, func(s *state, c class, _ uint64) [2]Number {
		lo, hi := s.extremes(c)
		return [2]Number{lo, hi}
	})
}

// along makes one T of each state.
func along[T any](ctx context.Context, ds *hdf5.Dataset, axes Axes, o op, opts []Option, finish func(*state, class, uint64) T) (Array[T], error) {
	p, err := newPass(ds, o, newConfig(opts))
	if err != nil {
		return Array[T]{}, err
	}
	reduced, err := axes.flags(len(p.shape))
	if err != nil {
		return Array[T]{}, fmt.Errorf("%s: %w", ds.Path(), err)
	}
	out := Array[T]{Shape: []uint64{}}
	for k, n := range p.shape {
		if !reduced[k] {
			out.Shape = append(out.Shape, n)
		}
	}
	n, err := p.room(out.Shape, uint64(unsafe.Sizeof(*new(T))))
	if err != nil {
		return Array[T]{}, err
	}
	out.Values = make([]T, n)
	put := func(at uint64, s *state) { out.Values[at] = finish(s, p.src.class(), p.conf.ddof) }
	switch {
	case p.count == 0:
		s := newState()
		for i := range n {
			put(i, &s)
		}
	case len(out.Shape) == 0:
		s, err := p.whole(ctx)
		if err != nil {
			return Array[T]{}, err
		}
		put(0, &s)
	default:
		if err := p.reduce(ctx, reduced, out.Shape, put); err != nil {
			return Array[T]{}, err
		}
	}
	return out, nil
}

// flags tells which of rank axes are reduced.
func (a Axes) flags(rank int) ([]bool, error) {
	f := make([]bool, rank)
	if len(a) == 0 {
		return nil, fmt.Errorf("no axis to reduce: %w", h5err.ErrSelection)
	}
	for _, k := range a {
		at := k
		if k < 0 {
			at += rank
		}
		if at < 0 || at >= rank || f[at] {
			return nil, fmt.Errorf("axis %d of %v is not there or named twice, rank %d: %w", k, []int(a), rank, h5err.ErrSelection)
		}
		f[at] = true
	}
	return f, nil
}

// room is the number of results, of size bytes each.
func (p *pass) room(shape []uint64, size uint64) (uint64, error) {
	n, most := uint64(1), p.conf.memory/size
	for i, d := range shape {
		if d > 0 && n > most/d && !slices.Contains(shape[i:], 0) {
			return 0, fmt.Errorf("%s: a result of shape %v takes more than %d bytes: %w", p.ds.Path(), shape, p.conf.memory, h5err.ErrLimit)
		}
		n *= d
	}
	return n, nil
}

// reduction is one run of a reduction along axes.
type reduction struct {
	*pass
	plan
	b     *dataspace.Bound
	put   func(at uint64, s *state)
	spare sync.Pool // of *[]state

	mu    sync.Mutex // guards tiles
	tiles map[uint64]*tile
}

// tile is a box of results that is under way.
type tile struct {
	mu   sync.Mutex // guards what follows
	t    tree[*[]state]
	left uint64 // segments that have not come yet
}

// reduce works through the units of the plan; put takes results in any order.
func (p *pass) reduce(ctx context.Context, reduced []bool, outShape []uint64, put func(uint64, *state)) error {
	b, err := p.ds.Space().Bind(p.conf.sel)
	if err != nil {
		return err
	}
	chunk, err := p.chunk()
	if err != nil {
		return err
	}
	if !p.conf.sel.IsAll() {
		chunk = nil
	}
	r := &reduction{pass: p, b: b, put: put, tiles: map[uint64]*tile{}}
	r.plan = newPlan(p.shape, reduced, chunk, outShape, p.src.stride)
	var next atomic.Uint64
	return parallel(ctx, p.conf.workers, func(ctx context.Context) error {
		h := p.hands.Get().(*hand)
		defer p.hands.Put(h)
		for ctx.Err() == nil {
			u := next.Add(1) - 1
			if u >= r.units() {
				return nil
			}
			if err := r.unit(ctx, h, u); err != nil {
				return fmt.Errorf("%s: %w", p.ds.Path(), err)
			}
		}
		return context.Cause(ctx)
	})
}

// unit folds one unit and hands its states to its tile.
func (r *reduction) unit(ctx context.Context, h *hand, u uint64) error {
	start, count := r.place(u)
	part, err := r.b.Window(start, count)
	if err != nil {
		return err
	}
	data, err := r.read(ctx, h, part)
	if err != nil {
		return err
	}
	states := r.states(r.results(count))
	if err := foldBox(h, data, *states, count, r.reduced); err != nil {
		return fmt.Errorf("elements %v and on: %w", start, err)
	}
	number, segment := u/r.segments, u%r.segments
	t := r.tile(number)
	t.mu.Lock()
	t.t.add(node[*[]state]{index: segment, s: states})
	t.left--
	done := t.left == 0
	t.mu.Unlock()
	if done {
		r.finish(number, t, start, count)
	}
	r.meter.add(part.Count())
	return nil
}

// states gives n states of no element.
func (r *reduction) states(n uint64) *[]state {
	s, _ := r.spare.Get().(*[]state)
	if s == nil || uint64(cap(*s)) < n {
		fresh := make([]state, n)
		s = &fresh
	}
	*s = (*s)[:n]
	for i := range *s {
		(*s)[i] = newState()
	}
	return s
}

func (r *reduction) tile(number uint64) *tile {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tiles[number]
	if t == nil {
		t = &tile{left: r.segments}
		c := r.src.class()
		t.t.merge = func(a, b *[]state) *[]state {
			for i := range *a {
				(*a)[i].merge(&(*b)[i], c, r.op)
			}
			r.spare.Put(b)
			return a
		}
		r.tiles[number] = t
	}
	return t
}

// finish gives the results of a tile, whose box stands at start.
func (r *reduction) finish(number uint64, t *tile, start, count []uint64) {
	r.mu.Lock()
	delete(r.tiles, number)
	r.mu.Unlock()
	states, _ := t.t.total()
	var lo, n []uint64
	for k := range start {
		if !r.reduced[k] {
			lo, n = append(lo, start[k]), append(n, count[k])
		}
	}
	at := make([]uint64, len(n))
	for i := range *states {
		pos := uint64(0)
		for k := range at {
			pos = pos*r.out[k] + lo[k] + at[k]
		}
		r.put(pos, &(*states)[i])
		for k := len(at) - 1; k >= 0; k-- {
			if at[k]++; at[k] < n[k] {
				break
			}
			at[k] = 0
		}
	}
	r.spare.Put(states)
}
