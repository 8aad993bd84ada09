package chunkio

import (
	"context"
	"fmt"
)

// reshapeRun is the least run of elements that is worth a read of its own.
const reshapeRun = 16

// reshaping tells whether the job's elements come in long runs, and the source's
// grid is one that runs are easily found in.
func (j *job) reshaping(o *openSource) bool {
	if j.m.Grid == nil || o.grid == nil || len(o.grid) == 0 || len(j.m.Grid) == 0 {
		return false
	}
	for k, s := range o.grid {
		if s.Block != 1 || s.At(s.N-1) >= o.dims[k] {
			return false
		}
	}
	_, n := j.tail()
	return n >= reshapeRun
}

// tail finds the dimension behind which the job takes all of the mapping: what
// it takes of that one and those behind it is n elements in one run.
func (j *job) tail() (axis int, n uint64) {
	n = 1
	for axis = len(j.from) - 1; ; axis-- {
		n *= j.to[axis] - j.from[axis]
		if axis == 0 || j.from[axis] > 0 || j.to[axis] < j.m.Grid[axis].N {
			return axis, n
		}
	}
}

// reshape reads elements of a source whose shape is not that of the mapping,
// run by run.
func (d *Dataset) reshape(ctx context.Context, j *job, o *openSource, start, dims []uint64, s Sink, workers int) error {
	axis, n := j.tail()
	from, to := append([]uint64(nil), j.from...), append([]uint64(nil), j.to...)
	units := rowUnits(dims)
	for {
		for k := range axis {
			to[k] = from[k] + 1
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		first := uint64(0)
		for k, v := range j.m.Grid {
			first = first*v.N + from[k]
		}
		if err := o.readRun(ctx, first, n, j.m.Grid.sink(from, to, start, units, s, d.ElementSize), workers); err != nil {
			return err
		}
		// The next indices in the dimensions before.
		k := axis - 1
		for ; k >= 0; k-- {
			if from[k]++; from[k] < j.to[k] {
				break
			}
			from[k] = j.from[k]
		}
		if k < 0 {
			return nil
		}
	}
}

// sink leads the elements from … to-1 of a grid to their places in a box.
func (g Grid) sink(from, to, start, units []uint64, s Sink, es int) Sink {
	out := &gridSink{Sink: s, es: es}
	for k, v := range g {
		a, base := newSinkAxis(v, from[k], to[k], units[k])
		out.base += base - start[k]*units[k]
		out.push(a)
	}
	return out
}

// readRun reads n elements of the source's grid from first on, in boxes that
// follow each other.
func (o *openSource) readRun(ctx context.Context, first, n uint64, s Sink, workers int) error {
	parts := make([]slabPart, len(o.grid))
	for done := uint64(0); done < n; {
		took := o.boxAt(first+done, n-done, parts)
		b, err := hyperslab(parts, o.dims)
		if err != nil {
			return fmt.Errorf("source selection: %w", err)
		}
		if err := o.Read(ctx, b, offsetSink{s, done}, workers); err != nil {
			return err
		}
		done += took
	}
	return nil
}

// boxAt gives the largest box whose elements are the next ones from at on, at
// most n.
func (o *openSource) boxAt(at, n uint64, parts []slabPart) uint64 {
	whole := uint64(1) // elements of the dimensions behind k
	took := uint64(0)
	for k := len(parts) - 1; k >= 0; k-- {
		g := o.grid[k]
		i := at % g.N
		at /= g.N
		count := min(g.N-i, n/whole)
		switch {
		case took == 0:
			took = count
		case count > 0 && took == whole:
			took = count * whole
		default:
			count = 1
		}
		parts[k] = g.parts(i, i+count)[0]
		whole *= g.N
	}
	return took
}
