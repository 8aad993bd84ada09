package chunkio

import (
	"context"
	"fmt"
	"sync/atomic"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// trail is the chain of virtual datasets that a read came through.
type trail struct {
	id     any
	above  *trail
	depth  int
	factor uint64 // how often an element of the outermost read is read because mappings overlap
}

type trailKey struct{}

// maxFactor bounds the work that overlapping mappings of nested virtual
// datasets multiply to.
const maxFactor = 4096

// descend adds d to the trail, unless d is on it.
func (d *Dataset) descend(ctx context.Context, factor uint64) (context.Context, error) {
	above, _ := ctx.Value(trailKey{}).(*trail)
	t := &trail{id: d.Mappings.id, above: above, depth: 1, factor: max(1, factor)}
	if above != nil {
		t.depth = above.depth + 1
		var ok bool
		if t.factor, ok = wire.Mul(t.factor, above.factor); !ok || t.factor > maxFactor {
			return nil, h5err.Limit("virtual dataset mappings", "overlap", "an element is read more than %d times", maxFactor)
		}
	}
	for o := above; o != nil; o = o.above {
		if o.id == t.id {
			return nil, h5err.Corrupt("virtual dataset mappings", "source", "the virtual dataset is a source of itself")
		}
	}
	if limit := d.Cache.Limits().Links; t.depth > limit {
		return nil, h5err.Limit("virtual dataset mappings", "source", "nested more than %d deep", limit)
	}
	return context.WithValue(ctx, trailKey{}, t), nil
}

func (d *Dataset) readVirtual(ctx context.Context, b *dataspace.Bound, s Sink, workers int) error {
	if start, dims, ok := b.Dense(); ok {
		return d.readBox(ctx, start, dims, b.Count(), s, workers)
	}
	return d.eachPiece(ctx, b, workers, func(p *dataspace.Bound, _, first uint64) error {
		return d.readSparse(ctx, p, offsetSink{s, first})
	})
}

// job is a part of a mapping that lies in a box and in its source.
type job struct {
	m     *Mapping
	src   *openSource // of a grid with a source of the same shape; nil: gathered
	from  []uint64    // [rank] first element of each slab of the mapping
	to    []uint64    // behind the last one
	count uint64
}

// readBox delivers a box of the virtual dataset, which has count elements.
func (d *Dataset) readBox(ctx context.Context, start, dims []uint64, count uint64, s Sink, workers int) error {
	jobs, total, exact, err := d.Mappings.jobs(start, dims)
	if err != nil {
		return err
	}
	apart, factor := true, uint64(1)
	if len(jobs) > 1 && !d.Mappings.apart() {
		apart, factor = false, dataspace.CeilDiv(total, count)
	}
	inner, err := d.descend(ctx, factor)
	if err != nil {
		return err
	}
	if !apart || !exact || total != count {
		// Elements are delivered more than once: that takes plain memory.
		if s.Direct(0, 1) == nil {
			return d.readStaged(ctx, start, dims, s, workers)
		}
		w := d.worker(s)
		err := w.fillAll(count)
		w.release()
		if err != nil {
			return err
		}
	}
	return d.runJobs(inner, jobs, apart, start, dims, s, workers)
}

// jobs lists the mappings that have a part in a box, with their sources open,
// and adds up their elements; exact is false where some are only estimated.
func (v *Virtual) jobs(start, dims []uint64) (list []job, total uint64, exact bool, err error) {
	exact = true
	for _, m := range v.maps {
		if !m.touches(start, dims) {
			continue
		}
		j := job{m: m}
		if m.Grid != nil && !j.ranges(start, dims) {
			continue
		}
		src, err := m.source()
		if err != nil {
			return nil, 0, false, err
		}
		if src == nil {
			continue
		}
		if src.pair == nil {
			j.count, exact = 1, false
			for k := range dims {
				j.count *= min(m.hi[k], start[k]+dims[k]) - max(m.lo[k], start[k])
			}
		} else if j.src = src; !j.clip() {
			continue
		}
		list = append(list, j)
		if total += j.count; total < j.count {
			return nil, 0, false, h5err.Limit("virtual dataset mappings", "overlap", "more than 2^64-1 elements")
		}
	}
	return list, total, exact, nil
}

// touches compares the bounding box.
func (m *Mapping) touches(start, dims []uint64) bool {
	for k := range start {
		if m.hi[k] <= start[k] || m.lo[k] >= start[k]+dims[k] {
			return false
		}
	}
	return true
}

// ranges finds the elements of each slab that lie in the box.
func (j *job) ranges(start, dims []uint64) bool {
	j.from, j.to = make([]uint64, len(start)), make([]uint64, len(start))
	for k, s := range j.m.Grid {
		j.from[k], j.to[k] = s.Find(start[k]), s.Find(start[k]+dims[k])
		if j.from[k] == j.to[k] {
			return false
		}
	}
	return true
}

// clip leaves out what lies outside of the source, which may be smaller than
// what is mapped.
func (j *job) clip() bool {
	for k, s := range j.src.grid {
		if s.At(0) >= j.src.dims[k] {
			return false
		}
	}
	j.count = 1
	for k := range j.from {
		if p := j.src.pair[k]; p >= 0 {
			j.to[k] = min(j.to[k], j.src.grid[p].Find(j.src.dims[p]))
		}
		if j.from[k] >= j.to[k] {
			return false
		}
		j.count *= j.to[k] - j.from[k]
	}
	return true
}

// runJobs reads the parts: side by side where there are many that do not
// overlap, else one after the other, so that later ones win.
func (d *Dataset) runJobs(ctx context.Context, jobs []job, apart bool, start, dims []uint64, s Sink, workers int) error {
	if !apart || len(jobs) < 2*d.Pool.Size() || workers == 1 {
		for i := range jobs {
			if err := d.runJob(ctx, &jobs[i], start, dims, s, workers); err != nil {
				return err
			}
		}
		return nil
	}
	var next atomic.Int64
	return d.Pool.Do(ctx, workers, func(ctx context.Context) error {
		for {
			i := int(next.Add(1)) - 1
			if i >= len(jobs) {
				return nil
			}
			if err := d.runJob(ctx, &jobs[i], start, dims, s, 1); err != nil {
				return err
			}
		}
	})
}

func (d *Dataset) runJob(ctx context.Context, j *job, start, dims []uint64, s Sink, workers int) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if j.src == nil {
		o, err := j.m.source()
		if err != nil {
			return err
		}
		if j.reshaping(o) {
			return d.reshape(ctx, j, o, start, dims, s, workers)
		}
		return d.gatherBox(ctx, j.m, start, dims, s)
	}
	rank := len(j.src.grid)
	parts := make([][]slabPart, rank)
	axis := make([]int, rank) // of the virtual dataset, or -1
	for k := range parts {
		axis[k] = -1
		parts[k] = []slabPart{{start: j.src.grid[k].At(0), stride: 1, count: 1, block: 1, to: 1}}
	}
	for k, p := range j.src.pair {
		if p >= 0 {
			axis[p], parts[p] = k, j.src.grid[p].parts(j.from[k], j.to[k])
		}
	}
	pick := make([]slabPart, rank)
	return eachPick(parts, pick, 0, func() error {
		b, err := hyperslab(pick, j.src.dims)
		if err != nil {
			return fmt.Errorf("source selection: %w", err)
		}
		return j.src.Read(ctx, b, j.sink(pick, axis, start, dims, s, d.ElementSize), workers)
	})
}

// eachPick calls do for every combination of parts.
func eachPick(parts [][]slabPart, pick []slabPart, k int, do func() error) error {
	if k == len(parts) {
		return do()
	}
	for _, p := range parts[k] {
		pick[k] = p
		if err := eachPick(parts, pick, k+1, do); err != nil {
			return err
		}
	}
	return nil
}

// slabPart is a range of a slab's elements that is a regular hyperslab.
type slabPart struct{ start, stride, count, block, from, to uint64 }

// parts cuts the elements from … to-1 into regular hyperslabs: a cut block,
// whole blocks, a cut block.
func (s Slab) parts(from, to uint64) []slabPart {
	if s.Block == 1 {
		return []slabPart{{s.At(from), s.Stride, to - from, 1, from, to}}
	}
	var list []slabPart
	cut := func(a, b uint64) {
		if a < b {
			list = append(list, slabPart{s.At(a), 1, b - a, 1, a, b})
		}
	}
	first, last := dataspace.CeilDiv(from, s.Block)*s.Block, to/s.Block*s.Block
	if first >= last {
		mid := min(first, to)
		cut(from, mid)
		cut(mid, to)
		return list
	}
	cut(from, first)
	list = append(list, slabPart{s.At(first), s.Stride, (last - first) / s.Block, s.Block, first, last})
	cut(last, to)
	return list
}

// sink leads the elements of a part to their places in the box.
func (j *job) sink(pick []slabPart, axis []int, start, dims []uint64, s Sink, es int) Sink {
	g := &gridSink{Sink: s, es: es}
	units := rowUnits(dims)
	for k, unit := range units {
		g.base -= start[k] * unit
		if j.src.pair[k] < 0 {
			g.base += j.m.Grid[k].At(0) * unit
		}
	}
	for p, k := range axis {
		if k < 0 {
			continue
		}
		a, base := newSinkAxis(j.m.Grid[k], pick[p].from, pick[p].to, units[k])
		g.base += base
		g.push(a)
	}
	return g
}
