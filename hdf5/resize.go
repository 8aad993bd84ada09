package hdf5

import (
	"context"
	"slices"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/chunkio"
	"gables/internal/format"
)

// Resize changes the extents, within the maximum ones. What is beyond the new
// extents is gone; what comes in is fill value. ErrSelection: another rank,
// beyond the maximum; ErrType: the dataset is not chunked (external data may
// grow, too).
func (d *Dataset) Resize(ctx context.Context, dims ...uint64) error {
	r, err := d.change()
	if err != nil {
		return err
	}
	defer d.release(r)
	return d.wrap(r.resize(ctx, dims))
}

func (r *rawWriter) resize(ctx context.Context, dims []uint64) error {
	if err := r.checkResize(dims); err != nil {
		return err
	}
	if slices.Equal(dims, r.space.Dims) {
		return nil
	}
	// What sticks out of the new extents is stored anew.
	if err := r.raw.Data.Pipeline.Encodable(); err != nil {
		return err
	}
	if err := r.raw.Resize(ctx, dims, 0); err != nil {
		r.w.fail(err)
		return err
	}
	r.space.Dims = slices.Clone(dims)
	r.grown = true
	return nil
}

func (r *rawWriter) checkResize(dims []uint64) error {
	if len(dims) != len(r.space.Dims) || r.space.Kind != dataspace.Simple {
		return h5err.New(h5err.ErrSelection, "", "", "%d extents for a dataset of rank %d", len(dims), len(r.space.Dims))
	}
	for i, n := range dims {
		most := r.space.Dims[i]
		if i < len(r.space.MaxDims) {
			most = r.space.MaxDims[i]
		}
		if n > most {
			return h5err.New(h5err.ErrSelection, "", "", "extent %d of dimension %d, at most %d", n, i, most)
		}
		if n > dataspace.MaxExtent {
			return h5err.Limit("dataspace", "extent", "%d", n)
		}
	}
	if r.raw.Data.Layout.Class != format.LayoutChunked && r.raw.External == nil && !slices.Equal(dims, r.space.Dims) {
		return h5err.New(h5err.ErrType, "", "", "only chunked datasets can be resized, this one is %s", r.raw.Data.Layout.Class)
	}
	return nil
}

// AppendAlong makes the dataset longer along one axis and stores values there,
// row-major, as many as fill whole slices across it: what EArray.append of
// PyTables does. It tells the new extent of the axis.
func AppendAlong[T any](ctx context.Context, d *Dataset, axis int, values []T, o WriteOptions) (uint64, error) {
	r, err := d.change()
	if err != nil {
		return 0, err
	}
	defer d.release(r)
	n, err := appendValues(ctx, r, axis, values, o)
	return n, d.wrap(err)
}

// Append is AppendAlong the first axis, as options are by default.
func Append[T any](ctx context.Context, d *Dataset, values []T) (uint64, error) {
	return AppendAlong(ctx, d, 0, values, WriteOptions{})
}

func appendValues[T any](ctx context.Context, r *rawWriter, axis int, values []T, o WriteOptions) (uint64, error) {
	if axis < 0 || axis >= len(r.space.Dims) {
		return 0, h5err.New(h5err.ErrSelection, "", "", "axis %d of a dataset of rank %d", axis, len(r.space.Dims))
	}
	slab := uint64(1)
	for i, n := range r.space.Dims {
		if i != axis {
			slab *= n
		}
	}
	if slab == 0 || uint64(len(values))%slab != 0 {
		return 0, h5err.New(h5err.ErrSelection, "", "", "%d values are no whole slices of %d", len(values), slab)
	}
	s, err := newSource(r, values, o.Convert)
	if err != nil {
		return 0, err
	}
	return r.append(ctx, axis, uint64(len(values))/slab, s, o.Workers)
}

// append makes n more slices of the source's elements.
func (r *rawWriter) append(ctx context.Context, axis int, n uint64, s chunkio.Source, workers int) (uint64, error) {
	start, count := make([]uint64, len(r.space.Dims)), slices.Clone(r.space.Dims)
	start[axis], count[axis] = r.space.Dims[axis], n
	dims := slices.Clone(r.space.Dims)
	dims[axis] += n
	if err := r.resize(ctx, dims); err != nil {
		return 0, err
	}
	b, err := r.space.Bind(dataspace.Box(start, count))
	if err != nil {
		return 0, err
	}
	return dims[axis], r.write(ctx, b, s, workers)
}
