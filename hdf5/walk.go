package hdf5

import (
	"context"
	"fmt"
	"iter"

	"gables/hdf5/h5err"
)

// Walk yields every object that hard links reach from the root, each once, by
// the first path that reaches it: breadth first, links in ascending order of
// the bytes of their names. An object that can't be opened is yielded as an
// error, which names its path, and the walk goes on; nil comes with it. Cycles
// are fine. ctx is honoured between objects.
func (f *File) Walk(ctx context.Context) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		root, err := f.Root()
		if err != nil {
			yield(nil, err)
			return
		}
		root.Walk(ctx)(yield)
	}
}

// Walk is File.Walk for the objects below and with this group.
func (g *Group) Walk(ctx context.Context) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		w := walker{g.f, map[uint64]bool{g.Address(): true}, []*Group{g}, yield}
		if !yield(g, nil) {
			return
		}
		for len(w.queue) > 0 {
			next := w.queue[0]
			w.queue = w.queue[1:]
			if !w.visit(ctx, next) {
				return
			}
		}
	}
}

type walker struct {
	f     *File
	seen  map[uint64]bool
	queue []*Group
	yield func(Object, error) bool
}

// visit yields the objects of one group; false ends the walk.
func (w *walker) visit(ctx context.Context, g *Group) bool {
	for l, err := range g.Links(ctx, ByName) {
		if err != nil {
			if !w.yield(nil, err) || ctx.Err() != nil {
				return false
			}
			continue
		}
		if l.Kind != HardLink || w.seen[l.Address] {
			continue
		}
		w.seen[l.Address] = true
		if limit := w.f.home.conf.limits.Objects; len(w.seen) > limit {
			w.yield(nil, h5err.In(fmt.Errorf("more than %d objects: %w", limit, h5err.ErrLimit), w.f.name, ""))
			return false
		}
		o, err := w.f.ObjectAt(l.Address, childPath(g.path, l.Name))
		if sub, ok := o.(*Group); ok {
			w.queue = append(w.queue, sub)
		}
		if !w.yield(o, err) {
			return false
		}
	}
	return true
}

// childPath joins without cleaning, as names may be "." or "..".
func childPath(group, name string) string {
	if group == "/" {
		return "/" + name
	}
	return group + "/" + name
}
