package main

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"time"
	"unsafe"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/filter/blosc"
	"gables/hdf5/filter/blosc2"
)

// record is a row of the table that is written.
type record struct {
	Flag  uint8    `h5:"flag"`
	ID    int64    `h5:"id"`
	X     float64  `h5:"x"`
	Count int32    `h5:"count"`
	Y     float64  `h5:"y"`
	Name  [11]byte `h5:"name,string,charset=ascii"`
}

// source is what is written, of the file that was asked for last.
var source struct {
	path    string
	shape   []uint64
	numbers []float64
	records []record
}

// loadSource reads the file's array, unless it is there.
func loadSource(r request) error {
	if r.Source == "" || r.Source == source.path {
		return nil
	}
	source.path, source.numbers, source.records = "", nil, nil
	return withArray(request{Path: r.Source}, func(ds *hdf5.Dataset) (err error) {
		if ds.Type().Class == datatype.Compound {
			source.records, err = hdf5.Read[record](context.Background(), ds)
		} else {
			source.numbers, err = hdf5.Read[float64](context.Background(), ds)
		}
		source.path, source.shape = r.Source, ds.Shape()
		return err
	})
}

var durabilities = map[string]hdf5.Durability{"": hdf5.NoDurability, "normal": hdf5.Normal, "full": hdf5.Full}

// withNewFile makes the file, fills it and closes it.
func withNewFile(r request, fill func(f *hdf5.File) error) error {
	options := []hdf5.Option{hdf5.WithWorkers(r.Workers), hdf5.WithDurability(durabilities[r.Durability])}
	if r.Lazy {
		options = append(options, hdf5.WithLazyCheckpoints(16<<20, time.Second))
	}
	f, err := hdf5.Create(r.Path, options...)
	if err != nil {
		return err
	}
	if err := fill(f); err != nil {
		f.Discard()
		return err
	}
	return f.Close()
}

func writeArray(r request) (float64, error) {
	err := withNewFile(r, func(f *hdf5.File) error {
		d, err := f.CreateDataset("/array", datatype.Float64(datatype.LittleEndian), source.shape, hdf5.DatasetOptions{})
		if err != nil {
			return err
		}
		return hdf5.Write(context.Background(), d, source.numbers)
	})
	return float64(len(source.numbers)), err
}

func optional(id filter.ID, values ...uint32) filter.Stage {
	return filter.Stage{ID: id, Optional: true, Values: values}
}

// stages are the filters, with the parameters that PyTables gives them.
var stages = map[string][]filter.Stage{
	"none":   nil,
	"gzip":   {optional(filter.Shuffle), optional(filter.Deflate, 1)},
	"blosc2": {optional(filter.Blosc2, blosc2.Values(blosc2.Zstd, 5, blosc2.ByteShuffle)...)},
	"lz4":    {optional(filter.Blosc, blosc.Values(blosc.LZ4, 5, blosc.ByteShuffle)...)},
}

func writeAppend(r request) (float64, error) {
	if source.records != nil {
		return appendTo(r, source.records, nil)
	}
	return appendTo(r, limited(r, source.numbers), []uint64{uint64(r.Row)})
}

// limited is the part of the values that the request wants.
func limited(r request, values []float64) []float64 {
	if r.Count > 0 {
		return values[:r.Count*r.Row]
	}
	return values
}

// appendTo writes values in batches of rows, each with the given extents.
func appendTo[T any](r request, values []T, row []uint64) (float64, error) {
	t, err := datatype.Of[T]()
	if err != nil {
		return 0, err
	}
	o := hdf5.DatasetOptions{MaxShape: append([]uint64{dataspace.Unlimited}, row...), Filters: stages[r.Filter]}
	for _, n := range r.Chunk {
		o.Chunk = append(o.Chunk, uint64(n))
	}
	batch := r.Batch
	for _, n := range row {
		batch *= int(n)
	}
	err = withNewFile(r, func(f *hdf5.File) error {
		d, err := f.CreateDataset("/array", t, append([]uint64{0}, row...), o)
		if err != nil {
			return err
		}
		for part := range slices.Chunk(values, batch) {
			if _, err := hdf5.Append(context.Background(), d, part); err != nil {
				return err
			}
			if r.Flush {
				if err := f.Flush(context.Background()); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return float64(len(values)), err
}

const units = "m/s"

// small is what the i-th small dataset holds.
func small(i int) []float64 {
	x := float64(i)
	return []float64{x, x + 1, x + 2, x + 3}
}

func smallPath(i int) string { return fmt.Sprintf("/group%05d/array%03d", i/100, i%100) }

func writeDatasets(r request) (float64, error) {
	text, err := datatype.FixedString(len(units), datatype.NullPad, datatype.ASCII)
	if err != nil {
		return 0, err
	}
	return float64(r.Count), withNewFile(r, func(f *hdf5.File) error {
		for i := range r.Count {
			p := smallPath(i)
			if i%100 == 0 {
				if _, err := f.CreateGroup(path.Dir(p), hdf5.GroupOptions{}); err != nil {
					return err
				}
			}
			if err := writeSmall(f, p, text, i); err != nil {
				return err
			}
		}
		return nil
	})
}

func writeSmall(f *hdf5.File, p string, text *datatype.Datatype, i int) error {
	values := small(i)
	d, err := f.CreateDataset(p, datatype.Float64(datatype.LittleEndian), []uint64{uint64(len(values))}, hdf5.DatasetOptions{})
	if err == nil {
		err = hdf5.Write(context.Background(), d, values)
	}
	if err == nil {
		err = hdf5.SetAttributeAs(d, "units", text, []string{units}, nil)
	}
	if err == nil {
		err = hdf5.SetAttribute(d, "scale", float64(i))
	}
	return err
}

// verifyArray compares a rival's file with the source.
func verifyArray(r request) (n float64, err error) {
	err = withArray(r, func(ds *hdf5.Dataset) error {
		if source.records == nil {
			n, err = compare(ds, limited(r, source.numbers))
		} else {
			n, err = compare(ds, source.records)
		}
		return err
	})
	return n, err
}

func compare[T any](ds *hdf5.Dataset, want []T) (float64, error) {
	got, err := hdf5.Read[T](context.Background(), ds)
	if err == nil && !bytes.Equal(memory(got), memory(want)) {
		err = fmt.Errorf("%d elements differ from the %d that were to be written", len(got), len(want))
	}
	return float64(len(want)), err
}

func memory[T any](values []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(zero)))
}

func verifyDatasets(r request) (float64, error) {
	f, err := hdf5.Open(r.Path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for i := range r.Count {
		d, err := f.Dataset(smallPath(i))
		if err != nil {
			return 0, err
		}
		if _, err := compare(d, small(i)); err != nil {
			return 0, fmt.Errorf("%s: %w", smallPath(i), err)
		}
	}
	return float64(r.Count), nil
}
