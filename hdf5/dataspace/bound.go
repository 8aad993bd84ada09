package dataspace

import (
	"fmt"
	"slices"
)

// Bound is a selection that fits a shape. It is immutable and safe for
// concurrent use.
type Bound struct {
	dims  []uint64 // of the dataspace
	shape []uint64 // of the result
	count uint64   // product of shape
	form  form
}

// form is how a Bound holds its elements.
type form interface {
	boxes(chunk []uint64, yield func(scaled []uint64) bool)
	runs(origin, dims []uint64, yield func(Run) bool)
	// bounds gives fresh slices; called only when an element is selected.
	bounds() (lo, hi []uint64)
	// natural tells whether the elements come in row-major order, given that
	// there are as many as the bounding box has.
	natural() bool
	// split cuts b, whose form it is and which exceeds limit elements.
	split(b *Bound, limit uint64, chunk []uint64, yield func(first uint64, piece *Bound) bool)
}

// Run is N elements that lie at Mem, Mem+1, Mem+2 … of the row-major result and
// at Box, Box+Step, Box+2·Step … of the row-major box. Step may be negative,
// and 0 where one element is selected again and again.
type Run struct {
	Mem, Box, N uint64
	Step        int64
}

// Rank is the rank of the dataspace.
func (b *Bound) Rank() int { return len(b.dims) }

// Dims gives the shape that the selection was bound to.
func (b *Bound) Dims() []uint64 { return slices.Clone(b.dims) }

// Shape is the shape of the result: axes taken by a single Index are dropped,
// a Hyperslab keeps its rank, points, masks and unions give [n].
func (b *Bound) Shape() []uint64 { return slices.Clone(b.shape) }

// Count is the number of elements selected.
func (b *Bound) Count() uint64 { return b.count }

// Bounds is the bounding box in the dataspace, both ends inclusive; ok is false
// when nothing is selected.
func (b *Bound) Bounds() (lo, hi []uint64, ok bool) {
	if b.count == 0 {
		return nil, nil, false
	}
	lo, hi = b.form.bounds()
	return lo, hi, true
}

// Dense gives the box that is selected, in the dataspace's rank, when the
// selection is one box without gaps in row-major order. ok is false when it is
// not, or when nothing is selected.
func (b *Bound) Dense() (start, dims []uint64, ok bool) {
	lo, hi, ok := b.Bounds()
	if !ok {
		return nil, nil, false
	}
	volume := uint64(1)
	for k := range hi {
		hi[k] -= lo[k] - 1
		volume = mulSat(volume, hi[k])
	}
	if volume != b.count || !b.form.natural() {
		return nil, nil, false
	}
	return lo, hi, true
}

// Boxes calls yield for every chunk that holds a selected element, once, in
// row-major order, until yield returns false. scaled is the chunk's position in
// units of chunk; the slice is reused, and not to be changed. chunk has one
// positive extent for each axis of the dataspace: Boxes panics otherwise.
func (b *Bound) Boxes(chunk []uint64, yield func(scaled []uint64) bool) {
	b.mustFit("chunk", chunk)
	if slices.Contains(chunk, 0) {
		panic(fmt.Sprintf("dataspace: chunk %v has an extent of 0", chunk))
	}
	if b.count > 0 {
		b.form.boxes(chunk, yield)
	}
}

// Runs calls yield for the selected elements within the box at origin with
// extents dims, in as few runs as it can, until yield returns false. The box may
// stick out of the dataspace; its own elements must number less than 2^63.
// Elements selected twice come twice. Runs panics where the ranks disagree.
func (b *Bound) Runs(origin, dims []uint64, yield func(Run) bool) {
	b.mustFit("origin", origin)
	b.mustFit("box", dims)
	if b.count > 0 && !slices.Contains(dims, 0) {
		b.form.runs(origin, dims, yield)
	}
}

// Split cuts the selection into consecutive pieces of the result, each of at
// most limit elements (at least 1) and itself a Bound whose Mem counts from 0,
// until yield returns false. first is the piece's position in the whole result.
// Pieces are cut along the first axes of the result and keep its rank.
func (b *Bound) Split(limit uint64, yield func(first uint64, piece *Bound) bool) {
	b.SplitChunks(limit, nil, yield)
}

// SplitChunks is Split that prefers cuts where a chunk ends, so that fewer
// chunks are needed by two pieces. chunk is as for Boxes, or nil.
func (b *Bound) SplitChunks(limit uint64, chunk []uint64, yield func(first uint64, piece *Bound) bool) {
	if chunk != nil {
		b.mustFit("chunk", chunk)
	}
	limit = max(limit, 1)
	switch {
	case b.count == 0:
	case b.count <= limit:
		yield(0, b)
	default:
		b.form.split(b, limit, chunk, yield)
	}
}

// splitFlat splits a form whose result has one axis; window makes the form of
// n elements from first.
func splitFlat(b *Bound, limit uint64, window func(first, n uint64) form, yield func(uint64, *Bound) bool) {
	for first := uint64(0); first < b.count; {
		n := min(limit, b.count-first)
		piece := &Bound{dims: b.dims, shape: []uint64{n}, count: n, form: window(first, n)}
		if !yield(first, piece) {
			return
		}
		first += n
	}
}

// mustFit panics unless v has one value for each axis of the dataspace.
func (b *Bound) mustFit(what string, v []uint64) {
	if len(v) != len(b.dims) {
		panic(fmt.Sprintf("dataspace: %s of rank %d for a dataspace of rank %d", what, len(v), len(b.dims)))
	}
}

// merger joins runs that continue one another before they are yielded.
type merger struct {
	run     Run // pending when N > 0
	yield   func(Run) bool
	stopped bool
}

// add takes n elements that are adjacent in the result and in the box.
func (m *merger) add(mem, box, n uint64) bool {
	r := &m.run
	step := int64(box - r.Box)
	switch {
	case r.N == 0 || mem != r.Mem+r.N:
		return m.replace(mem, box, n)
	case r.N == 1 && (n == 1 || step == 1):
		r.Step = step
	case r.N > 1 && step == int64(r.N)*r.Step && (n == 1 || r.Step == 1):
	case r.N == 2 && r.Step != 1 && step == r.Step+1:
		// A pair that met by chance gives its second element to the longer run.
		first := Run{Mem: r.Mem, Box: r.Box, N: 1, Step: 1}
		*r = Run{Mem: r.Mem + 1, Box: r.Box + uint64(r.Step), N: 1 + n, Step: 1}
		m.stopped = m.stopped || !m.yield(first)
		return !m.stopped
	default:
		return m.replace(mem, box, n)
	}
	r.N += n
	return true
}

// replace yields the pending run and begins another.
func (m *merger) replace(mem, box, n uint64) bool {
	ok := m.flush()
	m.run = Run{Mem: mem, Box: box, N: n, Step: 1}
	return ok
}

// flush yields the pending run unless the caller has had enough.
func (m *merger) flush() bool {
	if m.run.N > 0 && !m.stopped {
		m.stopped = !m.yield(m.run)
	}
	m.run.N = 0
	return !m.stopped
}
