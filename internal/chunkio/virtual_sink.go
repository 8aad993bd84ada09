package chunkio

import "gables/hdf5/dataspace"

// gridSink puts the elements of a part of a source where they belong in the
// result of a box of the virtual dataset.
type gridSink struct {
	Sink
	es   int
	base uint64     // wraps around where a block begins before the box
	axes []sinkAxis // innermost last
}

// sinkAxis is one dimension of the part: its element t < n is the one at
// (t+phase)/block·stride + (t+phase)%block·unit from the base.
type sinkAxis struct{ n, block, phase, stride, unit uint64 }

func (a *sinkAxis) at(t uint64) uint64 {
	t += a.phase
	return t/a.block*a.stride + t%a.block*a.unit
}

// run is how many elements from t on lie unit apart.
func (a *sinkAxis) run(t uint64) uint64 { return min(a.n-t, a.block-(t+a.phase)%a.block) }

// newSinkAxis is for the elements i0 … i1-1 of s; a step in its dimension is
// unit elements of the result. base is where element i0 of the axis counts from.
func newSinkAxis(s Slab, i0, i1, unit uint64) (a sinkAxis, base uint64) {
	n := i1 - i0
	switch {
	case s.dense():
		return sinkAxis{n: n, block: n, unit: unit}, s.At(i0) * unit
	case s.Block == 1:
		return sinkAxis{n: n, block: n, unit: unit * s.Stride}, s.At(i0) * unit
	}
	phase := i0 % s.Block
	return sinkAxis{n: n, block: s.Block, phase: phase, stride: s.Stride * unit, unit: unit}, s.At(i0-phase) * unit
}

// push adds a dimension inside of those there are.
func (g *gridSink) push(a sinkAxis) {
	if a.n == 1 {
		g.base += a.at(0)
		return
	}
	if k := len(g.axes) - 1; k >= 0 && a.phase == 0 && a.block == a.n && g.axes[k].unit == a.n*a.unit {
		// The rows follow each other: the two are one dimension.
		o := &g.axes[k]
		*o = sinkAxis{n: o.n * a.n, block: o.block * a.n, phase: o.phase * a.n, stride: o.stride, unit: a.unit}
		return
	}
	g.axes = append(g.axes, a)
}

// place gives the position of element at in the result, its index in the
// innermost dimension, and that dimension.
func (g *gridSink) place(at uint64) (row, t uint64, inner *sinkAxis) {
	row = g.base
	if len(g.axes) == 0 {
		return row, 0, &single
	}
	last := len(g.axes) - 1
	inner = &g.axes[last]
	t = at % inner.n
	at /= inner.n
	for k := last - 1; k >= 0; k-- {
		a := &g.axes[k]
		row += a.at(at % a.n)
		at /= a.n
	}
	return row, t, inner
}

// single is the dimension of a part that is one element.
var single = sinkAxis{n: 1, block: 1, unit: 1}

// Direct gives memory where the elements follow each other in the result.
func (g *gridSink) Direct(at, n uint64) []byte {
	row, t, a := g.place(at)
	if n > 1 && (a.unit != 1 || n > a.run(t)) {
		return nil
	}
	return g.Sink.Direct(row+a.at(t), n)
}

// Put passes the elements on, run by run.
func (g *gridSink) Put(at uint64, src []byte) error {
	for len(src) > 0 {
		row, t, a := g.place(at)
		for t < a.n && len(src) > 0 {
			n := min(a.run(t), uint64(len(src)/g.es))
			if err := putRun(g.Sink, row+a.at(t), a.unit, src[:n*uint64(g.es)], g.es); err != nil {
				return err
			}
			src = src[n*uint64(g.es):]
			t += n
			at += n
		}
	}
	return nil
}

// putRun passes on elements that lie step apart in the result.
func putRun(s Sink, pos, step uint64, src []byte, es int) error {
	n := len(src) / es
	if step == 1 || n == 1 {
		if dst := s.Direct(pos, uint64(n)); dst != nil {
			copy(dst, src)
			return nil
		}
		return s.Put(pos, src)
	}
	if dst := s.Direct(pos, uint64(n-1)*step+1); dst != nil {
		spread(dst, src, int(step), es)
		return nil
	}
	for i := range n {
		if err := s.Put(pos+uint64(i)*step, src[i*es:(i+1)*es]); err != nil {
			return err
		}
	}
	return nil
}

// spread copies elements of es bytes to places that are step elements apart.
func spread(dst, src []byte, step, es int) {
	for i, at := 0, 0; i < len(src); i += es {
		copy(dst[at:at+es], src[i:i+es])
		at += step * es
	}
}

// scatterSink puts element i where place[i] says.
type scatterSink struct {
	Sink
	es    int
	place []uint64
}

// Direct gives memory for elements that follow each other in the result.
func (s *scatterSink) Direct(at, n uint64) []byte {
	if s.run(at, n) < n {
		return nil
	}
	return s.Sink.Direct(s.place[at], n)
}

// run is how many of n elements from at on follow each other.
func (s *scatterSink) run(at, n uint64) uint64 {
	for i := uint64(1); i < n; i++ {
		if s.place[at+i] != s.place[at]+i {
			return i
		}
	}
	return n
}

// Put passes the elements on, run by run.
func (s *scatterSink) Put(at uint64, src []byte) error {
	for len(src) > 0 {
		n := s.run(at, uint64(len(src)/s.es))
		if err := putRun(s.Sink, s.place[at], 1, src[:n*uint64(s.es)], s.es); err != nil {
			return err
		}
		src = src[n*uint64(s.es):]
		at += n
	}
	return nil
}

// fillAll delivers the fill value for the first n elements of the result.
func (w *worker) fillAll(n uint64) error {
	es := w.d.ElementSize
	most := uint64(max(1, pieceBytes/es))
	for at := uint64(0); at < n; {
		m := min(most, n-at)
		if dst := w.s.Direct(at, m); dst != nil {
			repeat(dst, w.d.Fill)
		} else {
			m = min(m, uint64(max(1, (64<<10)/es)))
			if err := w.s.Put(at, w.filled(int(m)*es)); err != nil {
				return err
			}
		}
		at += m
	}
	return nil
}

// hyperslab selects index ranges of a grid, each of which is regular.
func hyperslab(parts []slabPart, dims []uint64) (*dataspace.Bound, error) {
	if len(parts) == 0 {
		return dataspace.All().Bind(dims)
	}
	flat := make([]uint64, 4*len(parts))
	n := len(parts)
	start, stride, count, block := flat[:n], flat[n:2*n], flat[2*n:3*n], flat[3*n:]
	for k, p := range parts {
		start[k], stride[k], count[k], block[k] = p.start, p.stride, p.count, p.block
	}
	return dataspace.Hyperslab(start, stride, count, block).Bind(dims)
}
