package chunkio

import (
	"context"
	"slices"

	"gables/internal/chunkindex"
	"gables/internal/format"
)

// Resize makes dims the dataset's extents: chunks that lie outside are given
// back, and what sticks out of the others becomes fill value, so that it is
// that when the dataset grows again. The dataspace message is the caller's.
func (w *Writer) Resize(ctx context.Context, dims []uint64, workers int) error {
	d := w.Data
	old := slices.Clone(d.Dims)
	shrinks := false
	for i := range dims {
		shrinks = shrinks || dims[i] < old[i]
	}
	if shrinks || d.Layout.UnfilteredEdge {
		defer w.Dirty.forget(w)
		if err := w.Flush(ctx, workers); err != nil {
			return err
		}
		if err := w.reshape(old, dims); err != nil {
			return err
		}
	}
	d.Dims = slices.Clone(dims)
	if err := d.Init(); err != nil {
		return err
	}
	if w.Index == nil {
		return nil
	}
	if err := w.resizeIndex(old, dims); err != nil {
		return err
	}
	if d.Layout.UnfilteredEdge {
		// Chunks that have become, or are no longer, an edge change their form.
		return w.Flush(ctx, workers)
	}
	return nil
}

func (w *Writer) resizeIndex(old, dims []uint64) error {
	w.Lock.Lock()
	defer w.Lock.Unlock()
	if err := w.Index.Resize(dims); err != nil {
		return err
	}
	if w.Data.Layout.Index != format.IndexImplicit || !w.Index.Address().Defined() {
		return nil
	}
	return w.Draft.Do(func() error {
		return w.fillImplicit(func(scaled []uint64) bool {
			for i, s := range scaled {
				if s*w.Data.chunkDims[i] >= old[i] {
					return true
				}
			}
			return false
		})
	})
}

// reshape drops what lies outside of dims, and takes up the chunks that change.
func (w *Writer) reshape(old, dims []uint64) error {
	gone, changed, err := w.affected(old, dims)
	if err != nil {
		return err
	}
	if w.Data.Layout.Index == format.IndexImplicit {
		gone = nil // they keep their places, and are filled when the dataset grows
	}
	for _, scaled := range gone {
		if err := w.RemoveChunk(scaled); err != nil {
			return inChunk(err, scaled)
		}
	}
	for _, scaled := range changed {
		c, err := w.hold(scaled)
		if err != nil {
			return inChunk(err, scaled)
		}
		w.clip(c, dims)
	}
	return nil
}

// affected lists the stored chunks that lie outside of dims, and those that
// change because they stick out of them or did of old.
func (w *Writer) affected(old, dims []uint64) (gone, changed [][]uint64, err error) {
	w.Lock.Lock()
	defer w.Lock.Unlock()
	var c chunkindex.Chunk
	for c, err = range w.Index.All() {
		if err != nil {
			return nil, nil, err
		}
		outside, cut := false, false
		for i, s := range c.Scaled {
			at := s * w.Data.chunkDims[i]
			end := at + w.Data.chunkDims[i]
			outside = outside || at >= dims[i]
			cut = cut || dims[i] < end && dims[i] < old[i]
			if w.Data.Layout.UnfilteredEdge {
				cut = cut || (dims[i] < end) != (old[i] < end)
			}
		}
		switch {
		case outside:
			gone = append(gone, slices.Clone(c.Scaled))
		case cut:
			changed = append(changed, slices.Clone(c.Scaled))
		}
	}
	return gone, changed, nil
}

// clip makes fill value of what sticks out of dims.
func (w *Writer) clip(c *dirtyChunk, dims []uint64) {
	d := w.Data
	inside := make([]uint64, len(dims))
	for i := range dims {
		inside[i] = min(d.chunkDims[i], dims[i]-min(dims[i], c.scaled[i]*d.chunkDims[i]))
	}
	es := uint64(d.ElementSize)
	kept := make([]byte, len(c.data))
	repeat(kept, d.Fill)
	last := len(dims) - 1
	row := inside[last] * es
	coords := make([]uint64, len(dims))
	for {
		at := uint64(0)
		for i := range coords {
			at = at*d.chunkDims[i] + coords[i]
		}
		copy(kept[at*es:at*es+row], c.data[at*es:])
		i := last - 1
		for ; i >= 0; i-- {
			if coords[i]++; coords[i] < inside[i] {
				break
			}
			coords[i] = 0
		}
		if i < 0 {
			break
		}
	}
	c.data = kept
}
