package dataspace

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"gables/hdf5/h5err"
)

// places lists where each element of the result lies in the dataspace.
func places(b *Bound) []uint64 {
	out := make([]uint64, b.Count())
	b.Runs(make([]uint64, b.Rank()), b.Dims(), func(r Run) bool {
		for i := range r.N {
			out[r.Mem+i] = uint64(int64(r.Box) + int64(i)*r.Step)
		}
		return true
	})
	return out
}

func TestWindowIsThatPartOfTheResult(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	dims := []uint64{7, 9, 5}
	for _, s := range []Selection{
		All(), MustParse("::2, 1:7, ::-1"), MustParse("3, :, 1:"), MustParse("[6,0,0,2], 2:8, 4"),
		Hyperslab([]uint64{1, 0, 0}, []uint64{3, 4, 2}, []uint64{2, 2, 2}, []uint64{2, 3, 1}),
	} {
		b, err := s.Bind(dims)
		if err != nil {
			t.Fatal(err)
		}
		whole, shape := places(b), b.Shape()
		for range 200 {
			start, count := make([]uint64, len(shape)), make([]uint64, len(shape))
			for k, n := range shape {
				start[k] = r.Uint64N(n + 1)
				count[k] = r.Uint64N(n - start[k] + 1)
			}
			w, err := b.Window(start, count)
			if err != nil || !slices.Equal(w.Shape(), count) {
				t.Fatalf("%v: window %v %v has shape %v, %v", shape, start, count, w.Shape(), err)
			}
			again, err := w.Selection().Bind(dims)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := places(again), within(whole, shape, start, count); !slices.Equal(got, want) {
				t.Fatalf("%v: window %v %v has %v, want %v", shape, start, count, got, want)
			}
		}
	}
}

// within takes a box of a row-major array.
func within(all, shape, start, count []uint64) []uint64 {
	if len(shape) == 0 {
		return all
	}
	inner := uint64(1)
	for _, n := range shape[1:] {
		inner *= n
	}
	var out []uint64
	for i := start[0]; i < start[0]+count[0]; i++ {
		out = append(out, within(all[i*inner:(i+1)*inner], shape[1:], start[1:], count[1:])...)
	}
	return out
}

func TestWindowsThatAreNotThereAreRefused(t *testing.T) {
	all, _ := All().Bind([]uint64{4, 4})
	points, _ := Points(2, []uint64{1, 1}).Bind([]uint64{4, 4})
	for what, err := range map[string]error{
		"outside":    second(all.Window([]uint64{0, 3}, []uint64{1, 2})),
		"wraps":      second(all.Window([]uint64{0, 3}, []uint64{1, ^uint64(0)})),
		"rank":       second(all.Window([]uint64{0}, []uint64{1})),
		"points":     second(points.Window([]uint64{0}, []uint64{1})),
		"other dims": second(all.Selection().Bind([]uint64{4, 5})),
		"other rank": second(all.Selection().Bind([]uint64{4})),
	} {
		if !errors.Is(err, h5err.ErrSelection) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func second(_ *Bound, err error) error { return err }
