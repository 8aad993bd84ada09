package compute_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"sync"
	"testing"

	"gables/compute"
	"gables/hdf5"
	"gables/hdf5/datatype"
)

// visitFile opens a file, walks it, reads and reduces what is a number, closes
// it, and gives all that it saw as one line of text for each dataset.
func visitFile(name string, workers int) (string, error) {
	ctx := context.Background()
	f, err := hdf5.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	out := ""
	for o, err := range f.Walk(ctx) {
		if err != nil {
			return "", err
		}
		ds, ok := o.(*hdf5.Dataset)
		if !ok || ds.Space().Rank() == 0 {
			continue
		}
		n, err := ds.Space().Count()
		if err != nil {
			return "", err
		}
		raw := make([]byte, n*uint64(ds.Type().Size))
		if _, err := ds.ReadRaw(ctx, raw); err != nil {
			return "", err
		}
		h := fnv.New64a()
		h.Write(raw)
		out += fmt.Sprintf("%s %v %x", o.Path(), ds.Shape(), h.Sum64())
		if c := ds.Type().Class; c == datatype.Integer || c == datatype.Float {
			s, err := compute.Stats(ctx, ds, compute.Workers(workers))
			if err != nil {
				return "", err
			}
			out += fmt.Sprintf(" %x %x %x", s.Mean, s.Min, s.Max)
		}
		out += "\n"
	}
	return out, nil
}

func TestSixtyFourGoroutinesOpenWalkReadReduceAndClose(t *testing.T) {
	names := []string{"../hdf5/testdata/userblock.h5", "../hdf5/testdata/table.h5", "../hdf5/testdata/sizes_4_8_v3.h5", "../hdf5/testdata/sizes_8_4_v0.h5"}
	want := map[string]string{}
	for _, n := range names {
		s, err := visitFile(n, 1)
		if err != nil || s == "" {
			t.Fatalf("%s: %q, %v", n, s, err)
		}
		want[n] = s
	}
	const goroutines, rounds = 64, 6
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for r := range rounds {
				n := names[(g*r+g)%len(names)]
				got, err := visitFile(n, []int{1, 2, 3, 8, 64}[(g+r)%5])
				if err != nil || got != want[n] {
					t.Errorf("goroutine %d: %s: got\n%s, %v, want\n%s", g, n, got, err, want[n])
					return
				}
			}
		}()
	}
	wg.Wait()
	if open := hdf5.OpenFiles(); len(open) != 0 {
		t.Errorf("%d handles are still open", len(open))
	}
}
