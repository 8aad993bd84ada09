package hdf5_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"gables/hdf5"
	"gables/hdf5/datatype"
	"gables/internal/testkit"
	"gables/internal/workload"
)

// anyOptions are caches, durability and checkpoints that must make no difference.
func anyOptions(rnd *rand.Rand, low hdf5.Libver) []hdf5.Option {
	o := []hdf5.Option{hdf5.WithLibver(low), hdf5.WithDurability(hdf5.Durability(rnd.IntN(3))),
		hdf5.WithWriteCache([]int64{0, 1, 5000, 1 << 20, 128 << 20}[rnd.IntN(5)]),
		hdf5.WithChunkCache([]int64{0, 3000, 64 << 20}[rnd.IntN(3)]), hdf5.WithWorkers(1 + rnd.IntN(4))}
	switch rnd.IntN(4) {
	case 0:
		o = append(o, hdf5.WithLazyCheckpoints(uint64(rnd.IntN(100_000)), 0))
	case 1:
		o = append(o, hdf5.WithLazyCheckpoints(0, time.Hour))
	}
	return o
}

// same holds what a file shows against a model, and audits it.
func same(f *hdf5.File, err error, want *workload.Object) error {
	if err != nil {
		return err
	}
	got, err := workload.Adopt(context.Background(), f)
	if err == nil && got.Sum() != want.Sum() {
		diff := workload.Differences(got, want)
		err = fmt.Errorf("%d differences: %s", len(diff), strings.Join(diff[:min(len(diff), 8)], "; "))
	}
	if err == nil {
		err = workload.Check(context.Background(), f)
	}
	return err
}

// lives runs a program over several openings of a file in fs.
func (c crashCase) lives(t *testing.T, seed uint64) error {
	r := c.begin(t)
	rnd := rand.New(rand.NewPCG(seed, 12))
	model, mode := r.old, c.mode
	if mode != hdf5.ModeReadWrite {
		model = workload.NewModel()
	}
	for life := range 6 {
		f, err := hdf5.OpenIn(r.fs, crashFile, mode, append(anyOptions(rnd, c.low), c.opts...)...)
		if err != nil {
			return fmt.Errorf("life %d: %w", life, err)
		}
		s := workload.NewSession(seed*100+uint64(life), model, workload.Options{Objects: 50, Large: 400})
		for range 1 + rnd.IntN(4) {
			if err := s.Turn(r.ctx, f, 20, nil); err != nil {
				return errors.Join(fmt.Errorf("life %d: %w", life, err), f.Discard())
			}
		}
		model = s.Committed
		if err := same(f, nil, model); err != nil {
			return errors.Join(fmt.Errorf("life %d, before it is closed: %w", life, err), f.Discard())
		}
		if err := f.Close(); err != nil {
			return fmt.Errorf("life %d: %w", life, err)
		}
		mode = hdf5.ModeReadWrite
		f, err = hdf5.OpenBytes(r.fs.Files()[crashFile])
		if err := same(f, err, model); err != nil {
			return fmt.Errorf("life %d, closed: %w", life, err)
		}
		fatal(t, f.Close())
	}
	return nil
}

func TestProgramsComeToTheSameStateWithAnyOptions(t *testing.T) {
	rounds := 2 * workload.Rounds()
	if testing.Short() {
		rounds = 1
	}
	for k, c := range crashCases {
		for round := range rounds {
			if err := c.lives(t, uint64(round*1000+k)); err != nil {
				t.Errorf("%s, round %d: %v", c.name, round, err)
			}
		}
	}
}

// TestProgramsOfManyGoroutinesDoNotDisturbEachOther runs programs for groups
// apart, while others flush and read.
func TestProgramsOfManyGoroutinesDoNotDisturbEachOther(t *testing.T) {
	for round := range 3 * workload.Rounds() {
		rnd := rand.New(rand.NewPCG(uint64(round), 13))
		low := bounds[round%len(bounds)]
		fs := testkit.NewCrashFS(nil)
		f, err := hdf5.OpenIn(fs, crashFile, hdf5.ModeCreate, anyOptions(rnd, low)...)
		fatal(t, err)
		model := workload.NewModel()
		parts := make([]*workload.Program, 6)
		for g := range parts {
			name := fmt.Sprintf("g%d", g)
			_, err := f.CreateGroup(name, hdf5.GroupOptions{})
			fatal(t, err)
			model.AddGroup(name)
		}
		var wg sync.WaitGroup
		for g := range parts {
			parts[g] = workload.New(uint64(round*100+g), model, workload.Options{Top: fmt.Sprintf("/g%d", g), Objects: 30, Large: 300})
			wg.Go(func() {
				for i := range 120 {
					if what, err := parts[g].Step(f); err != nil {
						t.Errorf("round %d, %s, program %d, step %d, %s: %v", round, low, g, i, what, err)
						return
					}
					if i%15 == g {
						if err := f.Flush(context.Background()); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
		for g, p := range parts {
			name := fmt.Sprintf("g%d", g)
			model.Links[name] = p.Model.Links[name]
		}
		if err := same(f, nil, model); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		fatal(t, f.Close())
		f, err = hdf5.OpenBytes(fs.Files()[crashFile])
		if err := same(f, err, model); err != nil {
			t.Errorf("round %d, closed: %v", round, err)
		}
		if t.Failed() {
			return
		}
	}
}

func TestSpaceThatIsAllTakenReadsAsFillWhenTheDatasetGrowsAgain(t *testing.T) {
	ctx := context.Background()
	f, err := hdf5.CreateMemory(hdf5.WithLibver(hdf5.V110))
	fatal(t, err)
	i32 := datatype.Must(datatype.Int(32, true, datatype.LittleEndian))
	d, err := f.CreateDataset("/x", i32, []uint64{90}, hdf5.DatasetOptions{Chunk: []uint64{20}, MaxShape: []uint64{100}, Alloc: hdf5.AllocEarly, Fill: []byte{7, 0, 0, 0}})
	fatal(t, err)
	if l, err := d.Layout(); err != nil || l.Index != "implicit" {
		t.Fatalf("the index is %s: %v", l.Index, err)
	}
	ones := make([]int32, 90)
	for i := range ones {
		ones[i] = 1
	}
	fatal(t, hdf5.Write(ctx, d, ones))
	for _, n := range []uint64{30, 50, 10, 100} {
		fatal(t, d.Resize(ctx, n))
		// What was given back is given to others.
		_, err := f.CreateDataset(fmt.Sprintf("/other%d", n), i32, []uint64{500}, hdf5.DatasetOptions{Alloc: hdf5.AllocEarly, Fill: []byte{9, 9, 9, 9}})
		fatal(t, err)
		fatal(t, f.Flush(ctx))
	}
	v, err := hdf5.Read[int32](ctx, d)
	fatal(t, err)
	for i, x := range v {
		want := int32(7)
		if i < 10 {
			want = 1
		}
		if x != want {
			t.Fatalf("element %d is %d, want %d", i, x, want)
		}
	}
	fatal(t, workload.Check(ctx, f))
	fatal(t, f.Close())
}
