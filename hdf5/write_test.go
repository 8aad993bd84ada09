package hdf5_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

var bounds = []hdf5.Libver{hdf5.Earliest, hdf5.V18, hdf5.V110, hdf5.V112, hdf5.V114}

// fatal ends a test on an error.
func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// growing makes a dataset of float64 that can grow along its first axis.
func growing(t *testing.T, f *hdf5.File, path string, chunk uint64) *hdf5.Dataset {
	t.Helper()
	d, err := f.CreateDataset(path, datatype.Float64(datatype.LittleEndian), []uint64{0},
		hdf5.DatasetOptions{MaxShape: []uint64{dataspace.Unlimited}, Chunk: []uint64{chunk}})
	fatal(t, err)
	return d
}

func TestAReaderSeesWholeFlushesAndTheWriterItsOwnChanges(t *testing.T) {
	for _, low := range bounds {
		t.Run(low.String(), func(t *testing.T) {
			ctx := context.Background()
			path := filepath.Join(t.TempDir(), "a.h5")
			w, err := hdf5.Create(path, hdf5.WithLibver(low))
			fatal(t, err)
			d := growing(t, w, "/x", 7)
			fatal(t, w.Flush(ctx))
			r, err := hdf5.Open(path)
			fatal(t, err)
			seen, err := r.Dataset("/x")
			fatal(t, err)
			for i := range 20 {
				_, err = hdf5.Append(ctx, d, []float64{float64(i), float64(i) / 2})
				fatal(t, err)
				if n := d.Shape()[0]; n != uint64(2*i+2) {
					t.Fatalf("the writer sees %d elements after %d appends", n, i+1)
				}
				if n := seen.Shape()[0]; n != uint64(2*i) {
					t.Fatalf("the reader sees %d elements before flush %d", n, i+1)
				}
				fatal(t, w.Flush(ctx))
				v, err := hdf5.Read[float64](ctx, seen)
				fatal(t, err)
				if len(v) != 2*i+2 || v[2*i] != float64(i) || v[2*i+1] != float64(i)/2 {
					t.Fatalf("the reader sees %v after flush %d", v, i+1)
				}
			}
			fatal(t, w.Close())
			if v, err := hdf5.Read[float64](ctx, seen); err != nil || len(v) != 40 {
				t.Errorf("after the writer's Close: %d values, %v", len(v), err)
			}
			fatal(t, r.Close())
		})
	}
}

func TestACallbackOfTheWriterMayChangeWhatItReads(t *testing.T) {
	ctx := context.Background()
	w, err := hdf5.CreateMemory()
	fatal(t, err)
	defer w.Close()
	d := growing(t, w, "/x", 16)
	_, err = hdf5.Append(ctx, d, make([]float64, 100))
	fatal(t, err)
	rounds := 0
	err = d.Stream(ctx, dataspace.All(), 10, func(b hdf5.Block) error {
		rounds++
		for i, x := range b.Data {
			if x != 0 {
				return fmt.Errorf("byte %d of block %d is %d, though it was written after the stream began", i, b.Seq, x)
			}
		}
		if _, err := hdf5.Append(ctx, d, []float64{1}); err != nil {
			return err
		}
		return hdf5.Write(ctx, d, []float64{2, 3}, hdf5.Sel("90:92"))
	})
	fatal(t, err)
	if n := d.Shape()[0]; rounds < 10 || n != uint64(100+rounds) {
		t.Errorf("%d rounds, %d elements", rounds, n)
	}
}

func TestASecondWriterIsRefusedAndAReaderIsNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.h5")
	w, err := hdf5.Create(path)
	fatal(t, err)
	if _, err := hdf5.Create(path); !errors.Is(err, h5err.ErrLocked) {
		t.Errorf("a second file at the path: %v", err)
	}
	fatal(t, w.Flush(context.Background()))
	if _, err := hdf5.OpenFile(path, hdf5.ModeReadWrite); !errors.Is(err, h5err.ErrLocked) {
		t.Errorf("a second writer: %v", err)
	}
	if _, err := hdf5.OpenFile(path, hdf5.ModeCreate); !errors.Is(err, h5err.ErrLocked) {
		t.Errorf("making it anew: %v", err)
	}
	r, err := hdf5.Open(path)
	fatal(t, err)
	fatal(t, w.Close())
	if _, err := hdf5.OpenFile(path, hdf5.ModeCreate); !errors.Is(err, h5err.ErrLocked) {
		t.Errorf("making it anew under a reader: %v", err)
	}
	w, err = hdf5.OpenFile(path, hdf5.ModeReadWrite)
	fatal(t, err)
	_, err = w.CreateGroup("/g", hdf5.GroupOptions{})
	fatal(t, err)
	fatal(t, w.Close())
	if _, err := r.Group("/g"); err != nil {
		t.Errorf("a reader from before the second writer: %v", err)
	}
	fatal(t, r.Close())
}

func TestAReaderFromBeforeTheWriterFollowsIt(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "a.h5")
	fatal(t, hdf5.Update(path, func(f *hdf5.File) error {
		_, err := hdf5.Append(ctx, growing(t, f, "/x", 5), []float64{1, 2, 3})
		return err
	}))
	r, err := hdf5.Open(path)
	fatal(t, err)
	defer r.Close()
	seen, err := r.Dataset("/x")
	fatal(t, err)
	for i := range 5 {
		fatal(t, hdf5.Update(path, func(f *hdf5.File) error {
			d, err := f.Dataset("/x")
			if err != nil {
				return err
			}
			_, err = hdf5.Append(ctx, d, []float64{4})
			return err
		}))
		if n := seen.Shape()[0]; n != uint64(4+i) {
			t.Fatalf("%d elements after update %d", n, i+1)
		}
	}
	if err := hdf5.Update(path, func(f *hdf5.File) error {
		fatal(t, f.Remove("/x"))
		return errors.New("no")
	}); err == nil {
		t.Fatal("the error of the change got lost")
	}
	if n := seen.Shape()[0]; n != 8 {
		t.Errorf("%d elements after an update that failed", n)
	}
	fatal(t, hdf5.Update(path, func(f *hdf5.File) error { return f.Remove("/x") }))
	if _, err := hdf5.Read[float64](ctx, seen); !errors.Is(err, h5err.ErrNotFound) {
		t.Errorf("reading a deleted dataset: %v", err)
	}
}

func TestDatasetsAreWrittenByManyGoroutines(t *testing.T) {
	ctx := context.Background()
	w, err := hdf5.Create(filepath.Join(t.TempDir(), "a.h5"), hdf5.WithDurability(hdf5.NoDurability))
	fatal(t, err)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			d := growing(t, w, fmt.Sprintf("/d%d", g), 13)
			for i := range 50 {
				if _, err := hdf5.Append(ctx, d, []float64{float64(g), float64(i)}); err != nil {
					t.Error(err)
				}
				if i%20 == g {
					if err := w.Flush(ctx); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	for g := range 8 {
		d, err := w.Dataset(fmt.Sprintf("/d%d", g))
		fatal(t, err)
		v, err := hdf5.Read[float64](ctx, d)
		fatal(t, err)
		for i := range 50 {
			if v[2*i] != float64(g) || v[2*i+1] != float64(i) {
				t.Fatalf("dataset %d: %v", g, v)
			}
		}
	}
	fatal(t, w.Close())
}

func TestAnImageInMemoryIsAFile(t *testing.T) {
	ctx := context.Background()
	for _, low := range bounds {
		w, err := hdf5.CreateMemory(hdf5.WithLibver(low), hdf5.WithUserBlock(512))
		fatal(t, err)
		_, err = hdf5.Append(ctx, growing(t, w, "/x", 4), []float64{1, 2, 3, 4, 5})
		fatal(t, err)
		image, err := w.Image(ctx)
		fatal(t, err)
		fatal(t, w.Close())
		w, err = hdf5.OpenImage(image)
		fatal(t, err)
		d, err := w.Dataset("/x")
		fatal(t, err)
		_, err = hdf5.Append(ctx, d, []float64{6})
		fatal(t, err)
		image, err = w.Image(ctx)
		fatal(t, err)
		r, err := hdf5.OpenBytes(image)
		fatal(t, err)
		if d, err = r.Dataset("/x"); err != nil {
			t.Fatal(err)
		}
		if v, err := hdf5.Read[float64](ctx, d); err != nil || len(v) != 6 || v[5] != 6 {
			t.Errorf("%s: %v, %v", low, v, err)
		}
		if b := r.Superblock().BaseAddress; b != 512 {
			t.Errorf("base address %d", b)
		}
	}
}

func TestRollbackGivesUpWhatWasNotFlushed(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "a.h5")
	w, err := hdf5.Create(path)
	fatal(t, err)
	lost := growing(t, w, "/lost", 4)
	fatal(t, w.Rollback())
	if _, err := hdf5.Append(ctx, lost, []float64{1}); !errors.Is(err, h5err.ErrNotFound) {
		t.Errorf("appending to what was given up: %v", err)
	}
	d := growing(t, w, "/x", 4)
	_, err = hdf5.Append(ctx, d, []float64{1, 2, 3})
	fatal(t, err)
	fatal(t, w.Flush(ctx))
	_, err = hdf5.Append(ctx, d, []float64{4, 5, 6})
	fatal(t, err)
	fatal(t, hdf5.SetAttribute(d, "unit", "m"))
	fatal(t, w.Rollback())
	v, err := hdf5.Read[float64](ctx, d)
	if err != nil || len(v) != 3 {
		t.Errorf("%v, %v", v, err)
	}
	if _, err := d.Attribute("unit"); !errors.Is(err, h5err.ErrNotFound) {
		t.Errorf("an attribute that was given up: %v", err)
	}
	_, err = hdf5.Append(ctx, d, []float64{7})
	fatal(t, err)
	fatal(t, w.Close())
	r, err := hdf5.Open(path)
	fatal(t, err)
	defer r.Close()
	d, err = r.Dataset("/x")
	fatal(t, err)
	if v, err := hdf5.Read[float64](ctx, d); err != nil || len(v) != 4 || v[3] != 7 {
		t.Errorf("%v, %v", v, err)
	}
}

func TestADiscardedNewFileLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	w, err := hdf5.Create(filepath.Join(dir, "a.h5"))
	fatal(t, err)
	growing(t, w, "/x", 4)
	fatal(t, w.Discard())
	if list, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(list) > 0 {
		t.Errorf("left behind: %v, %v", list, err)
	}
}
