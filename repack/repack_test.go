package repack_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/repack"
)

// small makes a file with a user block, lost space and three datasets.
func small(t *testing.T, path string) {
	t.Helper()
	ctx := context.Background()
	err := hdf5.Update(path, func(f *hdf5.File) error {
		wide := hdf5.DatasetOptions{Chunk: []uint64{10, 10}, MaxShape: []uint64{dataspace.Unlimited, 30}, Filters: []filter.Stage{hdf5.Gzip(1)}}
		for name, o := range map[string]hdf5.DatasetOptions{"grows": wide, "flat": {}, "fixed": {Chunk: []uint64{7, 9}}} {
			d, err := f.CreateDataset(name, datatype.Float64(datatype.LittleEndian), []uint64{20, 30}, o)
			if err != nil {
				return err
			}
			if err := hdf5.Write(ctx, d, slices.Repeat([]float64{1, 2, 3}, 200)); err != nil {
				return err
			}
		}
		return f.WriteUserBlock([]byte("block"), 0)
	}, hdf5.WithUserBlock(512))
	if err != nil {
		t.Fatal(err)
	}
	err = hdf5.Update(path, func(f *hdf5.File) error {
		_, err := f.CreateDataset("gone", datatype.Float64(datatype.LittleEndian), []uint64{100000}, hdf5.DatasetOptions{Alloc: hdf5.AllocEarly})
		return err
	})
	if err == nil {
		err = hdf5.Update(path, func(f *hdf5.File) error { return f.Remove("gone") })
	}
	if err != nil {
		t.Fatal(err)
	}
}

// repacked runs File, and gives chunk and number of filters of each dataset.
func repacked(t *testing.T, from, to string, o repack.Options) map[string][]uint64 {
	t.Helper()
	src, err := hdf5.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if err := repack.File(context.Background(), src, to, o); err != nil {
		t.Fatal(err)
	}
	f, err := hdf5.Open(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	shapes := map[string][]uint64{}
	for _, name := range []string{"grows", "flat", "fixed"} {
		d, err := f.Dataset(name)
		if err != nil {
			t.Fatal(err)
		}
		values, err := hdf5.Read[float64](context.Background(), d)
		if err != nil || !slices.Equal(values, slices.Repeat([]float64{1, 2, 3}, 200)) {
			t.Errorf("%s: other values, %v", name, err)
		}
		l, err := d.Layout()
		if err != nil {
			t.Fatal(err)
		}
		shapes[name] = append(l.Chunk, uint64(len(d.Filters())))
	}
	return shapes
}

func TestStorageIsAsTheOptionsSay(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "a.h5"), filepath.Join(dir, "b.h5")
	small(t, from)
	gzip := []filter.Stage{hdf5.Shuffle(), hdf5.Gzip(4)}
	for name, c := range map[string]struct {
		o                  repack.Options
		grows, flat, fixed []uint64
	}{
		"kept":        {repack.Options{}, []uint64{10, 10, 1}, []uint64{0}, []uint64{7, 9, 0}},
		"unfiltered":  {repack.Options{Filters: []filter.Stage{}}, []uint64{10, 10, 0}, []uint64{0}, []uint64{7, 9, 0}},
		"filters":     {repack.Options{Filters: gzip, Chunks: []uint64{8, 64}}, []uint64{8, 30, 2}, []uint64{8, 30, 2}, []uint64{8, 30, 2}},
		"other rank":  {repack.Options{Chunks: []uint64{8}}, []uint64{10, 10, 1}, []uint64{0}, []uint64{7, 9, 0}},
		"small stays": {repack.Options{Filters: gzip, MinBytes: 1 << 20}, []uint64{10, 10, 2}, []uint64{0}, []uint64{7, 9, 2}},
		"contiguous":  {repack.Options{Contiguous: true}, []uint64{10, 10, 1}, []uint64{0}, []uint64{0}},
	} {
		got := repacked(t, from, to, c.o)
		if !slices.Equal(got["grows"], c.grows) || !slices.Equal(got["flat"], c.flat) || !slices.Equal(got["fixed"], c.fixed) {
			t.Errorf("%s: %v, want %v, %v, %v", name, got, c.grows, c.flat, c.fixed)
		}
	}
}

func TestAFileIsRepackedInItsPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.h5")
	small(t, path)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	repacked(t, path, path, repack.Options{})
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(after)) > before.Size()-700000 || string(after[:5]) != "block" {
		t.Errorf("%d bytes, before %d; user block %q", len(after), before.Size(), after[:5])
	}
	if list, err := os.ReadDir(filepath.Dir(path)); err != nil || len(list) != 1 {
		t.Errorf("left beside it: %v, %v", list, err)
	}
}

func TestAFailureLeavesWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "a.h5"), filepath.Join(dir, "b.h5")
	small(t, from)
	src, err := hdf5.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	ctx, cancel := context.WithCancel(context.Background())
	o := repack.Options{Progress: func(uint64, uint64) { cancel() }}
	if err := repack.File(ctx, src, to, o); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the new file is there: %v", err)
	}
	if err := repack.File(ctx, src, from, o); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
		t.Errorf("left beside it: %v, %v", list, err)
	}
	ctx = context.Background()
	lossy := repack.Options{Filters: []filter.Stage{hdf5.ZFP(nil), {ID: 9999}}}
	if err := repack.File(ctx, src, to, lossy); !errors.Is(err, h5err.ErrUnsupported) {
		t.Errorf("a filter that is not known: %v", err)
	}
	if err := repack.File(ctx, src, to, repack.Options{Contiguous: true, Chunks: []uint64{1}}); !errors.Is(err, h5err.ErrSelection) {
		t.Errorf("options that exclude each other: %v", err)
	}
	var kept []string
	lossy.Kept = func(path string, why error) { kept = append(kept, path) }
	if err := repack.File(ctx, src, to, lossy); err != nil || len(kept) != 3 {
		t.Errorf("%v kept, %v", kept, err)
	}
}
