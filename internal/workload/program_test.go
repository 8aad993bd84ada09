package workload_test

import (
	"context"
	"strings"
	"testing"

	"gables/hdf5"
	"gables/internal/workload"
)

func TestFileHoldsWhatTheModelSays(t *testing.T) {
	ctx := context.Background()
	for seed := range uint64(12 * workload.Rounds()) {
		low := []hdf5.Libver{hdf5.Earliest, hdf5.V18, hdf5.V110, hdf5.V114}[seed%4]
		f, err := hdf5.CreateMemory(hdf5.WithLibver(low))
		if err != nil {
			t.Fatal(err)
		}
		s := workload.NewSession(seed, workload.NewModel(), workload.Options{})
		dry := workload.NewSession(seed, workload.NewModel(), workload.Options{})
		for range 40 {
			if err := s.Turn(ctx, f, 12, nil); err != nil {
				t.Fatalf("seed %d, %s, after %d flushes: %v", seed, low, s.Flushes, err)
			}
			if err := dry.Turn(ctx, nil, 12, nil); err != nil || dry.Committed.Sum() != s.Committed.Sum() {
				t.Fatalf("seed %d: the model alone comes to another state: %v", seed, err)
			}
			got, err := workload.Adopt(ctx, f)
			if err != nil {
				t.Fatalf("seed %d, %s, after %d flushes: %v", seed, low, s.Flushes, err)
			}
			if got.Sum() != s.Committed.Sum() {
				t.Fatalf("seed %d, %s, after %d flushes:\n%s", seed, low, s.Flushes, strings.Join(workload.Differences(got, s.Committed), "\n"))
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}
