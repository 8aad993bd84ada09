package chunkio

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sort"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/wire"
)

// gatherElems is how many elements are gathered at once: their coordinates
// take several times their own memory.
const gatherElems = 1 << 16

// sourceWindow is a part of an irregular source selection: its elements from
// first on.
type sourceWindow struct {
	first uint64
	bound *dataspace.Bound
	lo, n []uint64 // its bounding box
}

// bindBlocks cuts an irregular selection of a source into windows. Blocks may
// lie outside of the source's extents: what is there has no value.
func bindBlocks(sel *format.Selection, dims []uint64) (list []sourceWindow, count uint64, err error) {
	room := slices.Clone(dims)
	for _, b := range sel.Blocks {
		for k := range min(len(dims), len(b.End)) {
			if b.End[k] >= dataspace.MaxExtent {
				return nil, 0, h5err.Corrupt("dataspace selection", "block", "end %d", b.End[k])
			}
			room[k] = max(room[k], b.End[k]+1)
		}
	}
	b, err := sel.Selection.Bind(room)
	if err != nil {
		return nil, 0, misfit("source selection", err)
	}
	// Few windows cost long searches in each, many cost memory.
	b.Split(max(gatherElems, b.Count()/1024), func(first uint64, p *dataspace.Bound) bool {
		var ok bool
		lo, n, ok := boundingBox(p)
		if !ok {
			err = h5err.Limit("dataspace selection", "blocks", "too far apart")
		}
		list = append(list, sourceWindow{first, p, lo, n})
		return ok
	})
	return list, b.Count(), err
}

// boundingBox gives the box around a selection; ok is false where nothing is
// selected or the box has more than 2^63-1 elements.
func boundingBox(b *dataspace.Bound) (lo, n []uint64, ok bool) {
	lo, n, ok = b.Bounds()
	for k := range n {
		n[k] -= lo[k] - 1
	}
	volume, fits := wire.Product(n)
	return lo, n, ok && fits && volume <= math.MaxInt64
}

// readStaged reads a box piece by piece into scratch memory, for a sink that
// must get each element only once.
func (d *Dataset) readStaged(ctx context.Context, start, dims []uint64, s Sink, workers int) error {
	b, err := bindBox(start, dims, d.Dims)
	if err != nil {
		return err
	}
	return d.eachPiece(ctx, b, workers, func(p *dataspace.Bound, _, first uint64) error {
		start, dims, ok := p.Dense()
		if !ok {
			return fmt.Errorf("piece of a box is no box: %w", h5err.ErrSelection)
		}
		buf := scanBuffers.Get().(*[]byte)
		defer scanBuffers.Put(buf)
		m := memory{b: room(buf, int(p.Count())*d.ElementSize), es: uint64(d.ElementSize)}
		if err := d.readBox(ctx, start, dims, p.Count(), m, 1); err != nil {
			return err
		}
		return s.Put(first, m.b)
	})
}

// sparseRatio is how many times as much as is wanted may be read because it
// lies in between.
const sparseRatio = 8

// readSparse reads a piece that is no box: through the box around it where
// that is small, else element by element.
func (d *Dataset) readSparse(ctx context.Context, p *dataspace.Bound, s Sink) error {
	if start, dims, ok := p.Dense(); ok {
		return d.readBox(ctx, start, dims, p.Count(), s, 1)
	}
	lo, n, ok := boundingBox(p)
	if volume, _ := wire.Product(n); ok && volume <= sparseRatio*p.Count() && volume <= sparseRatio*uint64(max(1, pieceBytes/d.ElementSize)) {
		buf := scanBuffers.Get().(*[]byte)
		defer scanBuffers.Put(buf)
		m := memory{b: room(buf, int(volume)*d.ElementSize), es: uint64(d.ElementSize)}
		if err := d.readBox(ctx, lo, n, volume, m, 1); err != nil {
			return err
		}
		w := d.worker(s)
		defer w.release()
		return w.scatter(p, lo, n, m.b)
	}
	var err error
	p.Split(gatherElems, func(first uint64, q *dataspace.Bound) bool {
		err = d.gatherPiece(ctx, q, offsetSink{s, first})
		return err == nil
	})
	return err
}

// gatherPiece reads up to gatherElems elements that lie anywhere.
func (d *Dataset) gatherPiece(ctx context.Context, p *dataspace.Bound, s Sink) error {
	buf := scanBuffers.Get().(*[]byte)
	defer scanBuffers.Put(buf)
	m := memory{b: room(buf, int(p.Count())*d.ElementSize), es: uint64(d.ElementSize)}
	repeat(m.b, d.Fill)
	list, err := entriesOf(p)
	if err != nil {
		return err
	}
	total := uint64(0)
	for _, t := range d.Mappings.maps {
		if !t.touches(list.lo, list.n) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		found := t.find(list)
		total += uint64(len(found))
		inner, err := d.descend(ctx, dataspace.CeilDiv(total, p.Count()))
		if err != nil {
			return err
		}
		if err := d.gather(inner, t, found, m); err != nil {
			return err
		}
	}
	return s.Put(0, m.b)
}

// gatherBox reads what a mapping has of a box, element by element; s is plain
// memory that holds the fill value.
func (d *Dataset) gatherBox(ctx context.Context, m *Mapping, start, dims []uint64, s Sink) error {
	// Only where the mapping and the box meet is anything looked for.
	g := &gridSink{Sink: s, es: d.ElementSize}
	from, n := make([]uint64, len(dims)), make([]uint64, len(dims))
	units := rowUnits(dims)
	for k := range dims {
		from[k] = max(start[k], m.lo[k])
		n[k] = min(start[k]+dims[k], m.hi[k]) - from[k]
		g.base += (from[k] - start[k]) * units[k]
		g.push(sinkAxis{n: n[k], block: n[k], unit: units[k]})
	}
	b, err := bindBox(from, n, d.Dims)
	if err != nil {
		return err
	}
	b.Split(gatherElems, func(first uint64, p *dataspace.Bound) bool {
		if err = ctx.Err(); err != nil {
			return false
		}
		var list *entries
		if list, err = entriesOf(p); err == nil {
			err = d.gather(ctx, m, m.find(list), offsetSink{g, first})
		}
		return err == nil
	})
	return err
}

// bindBox selects a box, also that of a scalar.
func bindBox(start, n, dims []uint64) (*dataspace.Bound, error) {
	if len(dims) == 0 {
		return dataspace.All().Bind(dims)
	}
	return dataspace.Box(start, n).Bind(dims)
}

// rowUnits gives how many elements a step in each dimension of a box is.
func rowUnits(dims []uint64) []uint64 {
	units, unit := make([]uint64, len(dims)), uint64(1)
	for k := len(dims) - 1; k >= 0; k-- {
		units[k] = unit
		unit *= dims[k]
	}
	return units
}

// entries are selected elements in the row-major order of the box around them.
type entries struct {
	lo, n []uint64
	list  []entry
}

// entry is an element: where it lies in the box, and its place in the result.
type entry struct{ box, mem uint64 }

func entriesOf(p *dataspace.Bound) (*entries, error) {
	e := &entries{list: make([]entry, 0, p.Count())}
	var ok bool
	if e.lo, e.n, ok = boundingBox(p); !ok {
		return nil, h5err.Limit("virtual dataset", "selection", "its elements are too far apart")
	}
	sorted := true
	p.Runs(e.lo, e.n, func(r dataspace.Run) bool {
		for i := range r.N {
			at := uint64(int64(r.Box) + int64(i)*r.Step)
			sorted = sorted && (len(e.list) == 0 || e.list[len(e.list)-1].box <= at)
			e.list = append(e.list, entry{at, r.Mem + i})
		}
		return true
	})
	if !sorted {
		slices.SortFunc(e.list, func(a, b entry) int { return cmp.Compare(a.box, b.box) })
	}
	return e, nil
}

// gather reads the elements that were found in the mapping.
func (d *Dataset) gather(ctx context.Context, m *Mapping, found []entry, s Sink) error {
	if len(found) == 0 {
		return nil
	}
	src, err := m.source()
	if err != nil || src == nil {
		return err
	}
	coords, place := src.locate(found)
	if len(place) == 0 {
		return nil
	}
	sel, per := dataspace.Points(len(src.dims), coords), len(place)
	if len(src.dims) == 0 {
		// A scalar has no points: it is read for each time that it is selected.
		sel, per = dataspace.All(), 1
	}
	b, err := sel.Bind(src.dims)
	if err != nil {
		return fmt.Errorf("source selection: %w", err)
	}
	for ; err == nil && len(place) > 0; place = place[per:] {
		err = src.Read(ctx, b, &scatterSink{s, d.ElementSize, place}, 1)
	}
	return err
}

// find gives the elements that the mapping has: box is the position in its
// selection then, and rises.
func (m *Mapping) find(e *entries) []entry {
	found := make([]entry, 0, len(e.list))
	if m.Grid != nil {
		c := make([]uint64, len(e.n))
		for _, x := range e.list {
			at := x.box
			for k := len(c) - 1; k >= 0; k-- {
				c[k] = e.lo[k] + at%e.n[k]
				at /= e.n[k]
			}
			if i, ok := m.Grid.locate(c); ok {
				found = append(found, entry{i, x.mem})
			}
		}
		return found
	}
	next := 0
	m.bound.Runs(e.lo, e.n, func(r dataspace.Run) bool {
		next = join(e.list, next, r, func(x entry, i uint64) {
			found = append(found, entry{r.Mem + i, x.mem})
		})
		return next < len(e.list)
	})
	return found
}

// join calls yield for each entry from next on whose box is met by the run,
// with its number in the run; it gives the first entry behind the run. Runs of
// blocks rise.
func join(list []entry, next int, r dataspace.Run, yield func(x entry, i uint64)) int {
	step := uint64(max(1, r.Step))
	end := r.Box + (r.N-1)*step
	next += sort.Search(len(list)-next, func(i int) bool { return list[next+i].box >= r.Box })
	for ; next < len(list) && list[next].box <= end; next++ {
		if d := list[next].box - r.Box; d%step == 0 {
			yield(list[next], d/step)
		}
	}
	return next
}

// locate gives the coordinates of elements of the source selection, and the
// places of those that are within the source.
func (o *openSource) locate(found []entry) (coords, place []uint64) {
	rank := len(o.dims)
	coords, place = make([]uint64, 0, len(found)*rank), make([]uint64, 0, len(found))
	c := make([]uint64, rank)
	if o.grid != nil {
		for _, x := range found {
			if o.grid.coords(x.box, c, o.dims) {
				coords, place = append(coords, c...), append(place, x.mem)
			}
		}
		return coords, place
	}
	for len(found) > 0 {
		i := sort.Search(len(o.windows), func(i int) bool { return o.windows[i].first > found[0].box }) - 1
		w := &o.windows[i]
		end := w.first + w.bound.Count()
		n := sort.Search(len(found), func(i int) bool { return found[i].box >= end })
		next := 0
		w.bound.Runs(w.lo, w.n, func(r dataspace.Run) bool {
			next = w.joinRun(found[:n], next, r, func(x entry, at uint64) {
				inside := true
				for k := rank - 1; k >= 0; k-- {
					c[k] = w.lo[k] + at%w.n[k]
					at /= w.n[k]
					inside = inside && c[k] < o.dims[k]
				}
				if inside {
					coords, place = append(coords, c...), append(place, x.mem)
				}
			})
			return next < n
		})
		found = found[n:]
	}
	return coords, place
}

// joinRun is join by the position in the selection; yield gets the position in
// the window's box. Runs of blocks have rising positions in the selection.
func (w *sourceWindow) joinRun(list []entry, next int, r dataspace.Run, yield func(x entry, at uint64)) int {
	end := w.first + r.Mem + r.N
	for ; next < len(list) && list[next].box < end; next++ {
		yield(list[next], r.Box+(list[next].box-w.first-r.Mem)*uint64(r.Step))
	}
	return next
}
