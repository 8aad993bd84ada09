// Package repack writes a whole HDF5 file anew: with other filters, chunks or
// encodings, or just without the space that nobody uses any more. Values and
// attributes, links, committed datatypes, orders of creation, times, comments
// and the user block are kept; see hdf5.File.Copy.
package repack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// Options say what changes. The zero value changes nothing but the space that
// the file takes.
type Options struct {
	// Filters takes the place of all pipelines: nil keeps them, an empty list
	// stores everything unfiltered. Contiguous datasets of at least MinBytes are
	// cut into chunks for filters.
	Filters []filter.Stage
	// Chunks is the shape of chunks, in elements, for all datasets of its rank;
	// extents beyond a dataset's are cut. Nil keeps them.
	Chunks []uint64
	// Contiguous stores unchunked what can't grow; not with Filters or Chunks.
	Contiguous bool
	// MinBytes is how large a contiguous dataset must be to be cut into chunks; 0
	// means 1024.
	MinBytes uint64
	// Libver is how new the encodings are; nil: as the superblock tells that the
	// source's are.
	Libver *hdf5.Libver
	// Progress is called with the stored bytes that have been read, and all of
	// them.
	Progress func(done, total uint64)
	// Workers bounds the goroutines; 0: as the source was opened.
	Workers int
	// Kept is told of each dataset that Filters can't be applied to, and that keeps
	// the pipeline that it has; one that can't be decoded keeps its chunks, too. Nil
	// makes it an error of File.
	Kept func(path string, why error)
	// Open are options for the new file: durability, locking, limits.
	Open []hdf5.Option
}

// minBytes is below what a chunk's index takes.
const minBytes = 1024

// File writes src anew as the file dst, which may be src's own path. It is built
// beside its place, and a file that is there stays until all is written; after an
// error nothing has changed. Errors: ErrSelection for options that exclude each
// other, and those of hdf5.File.Copy.
func File(ctx context.Context, src *hdf5.File, dst string, o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	root, err := src.Root()
	if err != nil {
		return err
	}
	place, inPlace, err := placeFor(src, dst)
	if err != nil {
		return err
	}
	r := &run{o: o, src: src}
	err = r.write(ctx, root, place)
	if !inPlace {
		return err
	}
	if err == nil {
		err = os.Rename(place, dst)
	}
	if err != nil {
		return errors.Join(err, os.Remove(place))
	}
	return nil
}

func (o *Options) check() error {
	if o.Contiguous && (len(o.Filters) > 0 || o.Chunks != nil) {
		return fmt.Errorf("contiguous data has neither filters nor chunks: %w", h5err.ErrSelection)
	}
	for _, n := range o.Chunks {
		if n == 0 {
			return fmt.Errorf("chunks of %v: %w", o.Chunks, h5err.ErrSelection)
		}
	}
	return nil
}

// placeFor gives the path to write to: another one in the same folder where dst
// is the file that is read.
func placeFor(src *hdf5.File, dst string) (place string, inPlace bool, err error) {
	there, err := os.Stat(dst)
	if errors.Is(err, fs.ErrNotExist) {
		return dst, false, nil
	}
	if err != nil {
		return "", false, err
	}
	here, err := os.Stat(src.Name())
	if err != nil || !os.SameFile(here, there) {
		return dst, false, nil
	}
	f, err := os.CreateTemp(filepath.Dir(dst), filepath.Base(dst)+".repack*")
	if err != nil {
		return "", false, err
	}
	if err := errors.Join(f.Chmod(there.Mode().Perm()), f.Close()); err != nil {
		return "", false, errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), true, nil
}

// run is one use of File.
type run struct {
	o   Options
	src *hdf5.File
}

// write makes the new file.
func (r *run) write(ctx context.Context, root *hdf5.Group, path string) error {
	s := r.src.Superblock()
	low := libverOf(s.Version)
	if r.o.Libver != nil {
		low = *r.o.Libver
	}
	opts := append([]hdf5.Option{hdf5.WithLibver(low), hdf5.WithUserBlock(s.BaseAddress)}, r.o.Open...)
	f, err := hdf5.Create(path, opts...)
	if err != nil {
		return err
	}
	err = r.copyUserBlock(f, s.BaseAddress)
	if err == nil {
		err = f.Copy(ctx, root, "/", hdf5.CopyOptions{ExpandReferences: true, Storage: r.storage, Progress: r.o.Progress, Workers: r.o.Workers})
	}
	if err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.Close()
}

// libverOf is the bound whose files have that superblock.
func libverOf(superblock int) hdf5.Libver {
	switch superblock {
	case 0, 1:
		return hdf5.Earliest
	case 2:
		return hdf5.V18
	}
	return hdf5.V110
}

func (r *run) copyUserBlock(f *hdf5.File, size uint64) error {
	buf := make([]byte, min(size, 1<<20))
	for at := uint64(0); at < size; at += uint64(len(buf)) {
		if _, err := r.src.ReadUserBlock(buf, at); err != nil {
			return err
		}
		if err := f.WriteUserBlock(buf, at); err != nil {
			return err
		}
	}
	return nil
}

// storage says how a dataset is stored anew.
func (r *run) storage(d *hdf5.Dataset) (hdf5.Storage, error) {
	space := d.Space()
	l, err := d.Layout()
	if err != nil || space.Kind != dataspace.Simple || len(space.Dims) == 0 {
		return hdf5.Storage{}, err
	}
	chunked := l.Class == "chunked"
	if !chunked && (r.o.Contiguous || !r.worth(d, space)) {
		return hdf5.Storage{}, nil
	}
	want := hdf5.Storage{Filters: r.o.Filters, Contiguous: r.o.Contiguous && !space.CanGrow()}
	if len(r.o.Chunks) == len(space.Dims) {
		want.Chunk = clip(r.o.Chunks, space)
	}
	why := d.Applicable(want)
	if why == nil || r.o.Kept == nil {
		return want, why
	}
	r.o.Kept(d.Path(), why)
	want.Filters = nil
	if d.Applicable(want) == nil {
		return want, nil
	}
	return hdf5.Storage{}, nil
}

// worth tells whether a contiguous dataset is large enough for chunks.
func (r *run) worth(d *hdf5.Dataset, s *dataspace.Dataspace) bool {
	least := r.o.MinBytes
	if least == 0 {
		least = minBytes
	}
	n, err := s.Count()
	return err == nil && n > 0 && n >= (least+uint64(d.Type().Size)-1)/uint64(d.Type().Size)
}

// clip makes chunks fit into a dataset that can't grow beyond them.
func clip(chunk []uint64, s *dataspace.Dataspace) []uint64 {
	out := make([]uint64, len(chunk))
	for i, n := range chunk {
		most := s.Dims[i]
		if s.MaxDims != nil {
			most = s.MaxDims[i]
		}
		out[i] = min(n, max(1, most))
	}
	return out
}
