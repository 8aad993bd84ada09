package hdf5_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/filter/blosc"
	"gables/hdf5/filter/blosc2"
)

// measurements are noise summed up and rounded: what instruments give.
func measurements(n int) []float64 {
	r, x := rand.New(rand.NewPCG(1, 2)), 0.0
	v := make([]float64, n)
	for i := range v {
		x += 0.3 * r.NormFloat64()
		v[i] = math.Round(x*1000) / 1000
	}
	return v
}

// benchFile makes a file whose durability is that of libhdf5.
func benchFile(b *testing.B) *hdf5.File {
	f, err := hdf5.Create(filepath.Join(b.TempDir(), "a.h5"), hdf5.WithDurability(hdf5.NoDurability))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return f
}

var benchFilters = map[string][]filter.Stage{
	"none":   nil,
	"gzip":   {{ID: filter.Shuffle}, {ID: filter.Deflate, Values: []uint32{1}}},
	"blosc2": {{ID: filter.Blosc2, Values: blosc2.Values(blosc2.Zstd, 5, blosc2.ByteShuffle)}},
	"lz4":    {{ID: filter.Blosc, Values: blosc.Values(blosc.LZ4, 5, blosc.ByteShuffle)}},
}

// BenchmarkAppend appends rows of 1 MiB to a file in the page cache, 64 for each file.
func BenchmarkAppend(b *testing.B) {
	const row, rows = 1 << 17, 64
	v := measurements(row * rows)
	for _, name := range []string{"none", "gzip", "blosc2", "lz4"} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(row * 8)
			var d *hdf5.Dataset
			for i := 0; b.Loop(); i++ {
				if i%rows == 0 {
					b.StopTimer()
					if d != nil {
						d.File().Close()
					}
					var err error
					d, err = benchFile(b).CreateDataset("/a", datatype.Float64(datatype.LittleEndian), []uint64{0, row}, hdf5.DatasetOptions{
						MaxShape: []uint64{dataspace.Unlimited, row}, Chunk: []uint64{1, row / 2}, Filters: benchFilters[name]})
					if err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
				at := i % rows * row
				if _, err := hdf5.Append(context.Background(), d, v[at:at+row]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTable appends batches of records whose memory is not as they are stored.
func BenchmarkTable(b *testing.B) {
	type record struct {
		Flag uint8
		ID   int64
		X    float64
		N    int32
		Y    float64
		Name [11]byte `h5:",string"`
	}
	v := make([]record, 1<<16)
	for i, x := range measurements(len(v)) {
		v[i] = record{uint8(i * 7 % 4), int64(i), x, int32(i % 37), x / 2, [11]byte{'s', byte('0' + i%10)}}
	}
	t, err := datatype.Of[record]()
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"none", "blosc2"} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(v) * t.Size))
			d, err := benchFile(b).CreateDataset("/t", t, []uint64{0}, hdf5.DatasetOptions{MaxShape: []uint64{dataspace.Unlimited},
				Chunk: []uint64{1 << 14}, Filters: benchFilters[name]})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := hdf5.Append(context.Background(), d, v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSmallDatasets makes datasets with two attributes each, 100 in a group.
func BenchmarkSmallDatasets(b *testing.B) {
	f := benchFile(b)
	t := datatype.Float64(datatype.LittleEndian)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d, err := f.CreateDataset(fmt.Sprintf("/g%d/d%d", i/100, i%100), t, []uint64{4}, hdf5.DatasetOptions{Parents: true})
		if err == nil {
			err = hdf5.Write(context.Background(), d, []float64{1, 2, 3, 4})
		}
		if err == nil {
			err = hdf5.SetAttribute(d, "units", "m/s")
		}
		if err == nil {
			err = hdf5.SetAttribute(d, "scale", float64(i))
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFlush appends one row, and commits it, at each durability.
func BenchmarkFlush(b *testing.B) {
	for name, level := range map[string]hdf5.Durability{"full": hdf5.Full, "normal": hdf5.Normal, "off": hdf5.NoDurability} {
		b.Run(name, func(b *testing.B) {
			f, err := hdf5.Create(filepath.Join(b.TempDir(), "a.h5"), hdf5.WithDurability(level))
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			d, err := f.CreateDataset("/a", datatype.Float64(datatype.LittleEndian), []uint64{0, 16}, hdf5.DatasetOptions{
				MaxShape: []uint64{dataspace.Unlimited, 16}, Chunk: []uint64{1024, 16}})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := hdf5.Append(context.Background(), d, make([]float64, 16)); err != nil {
					b.Fatal(err)
				}
				if err := f.Flush(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
