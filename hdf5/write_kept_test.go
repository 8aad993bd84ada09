package hdf5_test

import (
	"context"
	"slices"
	"testing"

	"gables/hdf5"
)

// A chunk stays in memory after a flush; every other way to change it must be seen.
func TestAChunkThatWasFlushedIsNotTakenForItsOldState(t *testing.T) {
	ctx := context.Background()
	for name, change := range map[string]func(f *hdf5.File, d *hdf5.Dataset) ([]float64, error){
		"rollback": func(f *hdf5.File, d *hdf5.Dataset) ([]float64, error) {
			if err := hdf5.Write(ctx, d, []float64{7}, hdf5.Sel("1:2")); err != nil {
				return nil, err
			}
			if _, err := hdf5.Read[float64](ctx, d); err != nil { // settles the chunk
				return nil, err
			}
			return []float64{1, 2, 3}, f.Rollback()
		},
		"overwritten as a whole": func(_ *hdf5.File, d *hdf5.Dataset) ([]float64, error) {
			return []float64{4, 5, 6}, hdf5.Write(ctx, d, []float64{4, 5, 6})
		},
		"shrunk and grown": func(_ *hdf5.File, d *hdf5.Dataset) ([]float64, error) {
			if err := d.Resize(ctx, 1); err != nil {
				return nil, err
			}
			return []float64{1, 0, 0}, d.Resize(ctx, 3)
		},
		"emptied and grown": func(_ *hdf5.File, d *hdf5.Dataset) ([]float64, error) {
			if err := d.Resize(ctx, 0); err != nil {
				return nil, err
			}
			return []float64{0, 0, 0}, d.Resize(ctx, 3)
		},
		"deleted and made anew": func(f *hdf5.File, d *hdf5.Dataset) ([]float64, error) {
			if err := f.Remove("/x"); err != nil {
				return nil, err
			}
			growing(t, f, "/x", 8)
			return []float64{0, 0, 0}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := hdf5.CreateMemory()
			fatal(t, err)
			defer f.Close()
			d := growing(t, f, "/x", 8)
			for i := range 3 { // the first is all of the dataset, the others change the chunk
				_, err = hdf5.Append(ctx, d, []float64{float64(i + 1)})
				fatal(t, err)
				fatal(t, f.Flush(ctx))
			}
			want, err := change(f, d)
			fatal(t, err)
			d, err = f.Dataset("/x")
			fatal(t, err)
			fatal(t, d.Resize(ctx, 3))
			fatal(t, hdf5.Write(ctx, d, []float64{9}, hdf5.Sel("2:3")))
			want[2] = 9
			fatal(t, f.Flush(ctx))
			if got, err := hdf5.Read[float64](ctx, d); err != nil || !slices.Equal(got, want) {
				t.Errorf("%v, %v; want %v", got, err, want)
			}
		})
	}
}
