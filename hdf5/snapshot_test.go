package hdf5_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/internal/workload"
)

// stamped is a file whose every commit carries its number: datasets that begin
// with it and end with a checksum, one in which all elements are the number, and
// one that grows by it.
type stamped struct {
	path      string
	opts      []hdf5.Option
	committed atomic.Int64 // the last transaction that was acknowledged
	begun     atomic.Int64
	done      atomic.Bool
}

const stampWords = 300

// stamp is the content of a dataset in a transaction.
func stamp(n int64, which int) []int64 {
	v := make([]int64, stampWords)
	r := rand.New(rand.NewPCG(uint64(n), uint64(which)))
	v[0] = n
	for i := 1; i < len(v)-1; i++ {
		v[i] = r.Int64()
	}
	v[len(v)-1] = int64(sumOf(v[:len(v)-1]))
	return v
}

func sumOf(v []int64) uint32 {
	h := crc32.NewIEEE()
	if err := binary.Write(h, binary.LittleEndian, v); err != nil {
		panic(err)
	}
	return h.Sum32()
}

// stampOptions are the layouts of the stamped datasets.
var stampOptions = []hdf5.DatasetOptions{
	{},
	{Compact: true},
	{Chunk: []uint64{37}},
	{Chunk: []uint64{64}, MaxShape: []uint64{dataspace.Unlimited}, Filters: []filter.Stage{{ID: filter.Shuffle, Optional: true}, {ID: filter.Deflate, Optional: true, Values: []uint32{1}}}},
}

// begin makes the file.
func (s *stamped) begin(t *testing.T) *hdf5.File {
	t.Helper()
	f, err := hdf5.Create(s.path, s.opts...)
	fatal(t, err)
	i64 := datatype.Must(datatype.Int(64, true, datatype.LittleEndian))
	for i, o := range stampOptions {
		_, err := f.CreateDataset(fmt.Sprintf("/stamp%d", i), i64, []uint64{stampWords}, o)
		fatal(t, err)
	}
	_, err = f.CreateDataset("/all", i64, []uint64{1 << 12}, hdf5.DatasetOptions{Chunk: []uint64{100}})
	fatal(t, err)
	_, err = f.CreateDataset("/log", i64, []uint64{0}, hdf5.DatasetOptions{Chunk: []uint64{50}, MaxShape: []uint64{dataspace.Unlimited}})
	fatal(t, err)
	return f
}

// commit writes one transaction. Rare ones are large.
func (s *stamped) commit(f *hdf5.File, n int64) error {
	ctx := context.Background()
	s.begun.Store(n)
	d, err := f.Dataset(fmt.Sprintf("/stamp%d", n%int64(len(stampOptions))))
	if err == nil {
		err = hdf5.Write(ctx, d, stamp(n, int(n%int64(len(stampOptions)))))
	}
	if err == nil {
		d, err = f.Dataset("/log")
	}
	if err == nil {
		_, err = hdf5.Append(ctx, d, []int64{n})
	}
	if err == nil && n%16 == 1 {
		all := make([]int64, 1<<12)
		for i := range all {
			all[i] = n
		}
		if d, err = f.Dataset("/all"); err == nil {
			err = hdf5.Write(ctx, d, all)
		}
	}
	if err == nil {
		name := fmt.Sprintf("/g%d", n%20)
		if err = f.Remove(name); n <= 20 || err == nil {
			_, err = f.CreateGroup(name, hdf5.GroupOptions{})
		}
	}
	if err == nil && n%5 == 0 {
		var root *hdf5.Group
		if root, err = f.Root(); err == nil {
			err = hdf5.SetAttributeArray(root, "stamp", stamp(n, 9)[:40+n%50], nil)
		}
	}
	if err == nil {
		err = f.Flush(ctx)
	}
	s.committed.Store(n)
	return err
}

// read verifies what a handle shows, again and again.
func (s *stamped) read(r *rand.Rand) error {
	ctx := context.Background()
	for !s.done.Load() {
		f, err := hdf5.Open(s.path)
		if err != nil {
			return err
		}
		for range 1 + r.IntN(30) {
			low := s.committed.Load()
			switch r.IntN(4) {
			case 0:
				err = s.stamp(ctx, f, r.IntN(len(stampOptions)), low)
			case 1:
				err = s.log(ctx, f, low)
			case 2:
				err = s.uniform(ctx, f, r)
			case 3:
				err = s.groups(ctx, f, low)
			}
			if err != nil {
				return errors.Join(err, f.Close())
			}
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// stamp reads a dataset that must be whole, and no older than the last flush
// that was acknowledged before.
func (s *stamped) stamp(ctx context.Context, f *hdf5.File, which int, low int64) error {
	d, err := f.Dataset(fmt.Sprintf("/stamp%d", which))
	if err != nil {
		return err
	}
	v, err := hdf5.Read[int64](ctx, d)
	if err != nil {
		return err
	}
	if v[0] == 0 && low < 8 {
		return nil
	}
	if uint32(v[len(v)-1]) != sumOf(v[:len(v)-1]) {
		return fmt.Errorf("/stamp%d is not that of one commit: it begins with that of %d", which, v[0])
	}
	if high := s.begun.Load(); v[0] <= low-int64(len(stampOptions)) || v[0] > high {
		return fmt.Errorf("/stamp%d is that of commit %d, between %d and %d", which, v[0], low, high)
	}
	return nil
}

// log reads the dataset that grows.
func (s *stamped) log(ctx context.Context, f *hdf5.File, low int64) error {
	d, err := f.Dataset("/log")
	if err != nil {
		return err
	}
	v, err := hdf5.Read[int64](ctx, d)
	if err != nil {
		return err
	}
	if int64(len(v)) < low || int64(len(v)) > s.begun.Load() {
		return fmt.Errorf("/log has %d elements, %d to %d were committed", len(v), low, s.begun.Load())
	}
	for i, x := range v {
		if x != int64(i+1) {
			return fmt.Errorf("/log[%d] is %d", i, x)
		}
	}
	return nil
}

// uniform reads slowly: what one call shows is of one commit, however long it
// takes.
func (s *stamped) uniform(ctx context.Context, f *hdf5.File, r *rand.Rand) error {
	d, err := f.Dataset("/all")
	if err != nil {
		return err
	}
	first, slow := int64(-1), r.IntN(4) == 0
	return d.Stream(ctx, dataspace.All(), 500, func(b hdf5.Block) error {
		for i := 0; i < len(b.Data); i += 8 {
			x := int64(binary.LittleEndian.Uint64(b.Data[i:]))
			if first < 0 {
				first = x
			}
			if x != first {
				return fmt.Errorf("/all has elements of commits %d and %d", first, x)
			}
		}
		if slow {
			time.Sleep(time.Millisecond)
		}
		return nil
	})
}

// groups lists the root: groups that come and go are in each state.
func (s *stamped) groups(ctx context.Context, f *hdf5.File, low int64) error {
	root, err := f.Root()
	if err != nil {
		return err
	}
	n := 0
	for _, err := range root.Links(ctx, hdf5.ByName) {
		if err != nil {
			return err
		}
		n++
	}
	if low >= 20 && n != 20+len(stampOptions)+2 {
		return fmt.Errorf("the root group has %d links", n)
	}
	return nil
}

// TestReadersVerifyEachCommitOfAWriter lets 16 readers look on while a writer
// commits.
func TestReadersVerifyEachCommitOfAWriter(t *testing.T) {
	commits := int64(1500)
	if testing.Short() {
		commits = 300
	}
	if workload.Rounds() > 1 {
		commits = 10_000
	}
	for _, c := range []struct {
		name string
		opts []hdf5.Option
	}{
		{"lazy, normal, v110", []hdf5.Option{hdf5.WithLibver(hdf5.V110), hdf5.WithDurability(hdf5.Normal), hdf5.WithLazyCheckpoints(1<<20, time.Second)}},
		{"each at once, earliest", []hdf5.Option{hdf5.WithDurability(hdf5.NoDurability)}},
	} {
		s := &stamped{path: filepath.Join(t.TempDir(), "a.h5"), opts: c.opts}
		f := s.begin(t)
		fatal(t, f.Flush(context.Background()))
		var wg sync.WaitGroup
		for g := range 16 {
			wg.Go(func() {
				if err := s.read(rand.New(rand.NewPCG(uint64(g), 5))); err != nil {
					t.Errorf("%s: %v", c.name, err)
				}
			})
		}
		for n := int64(1); n <= commits && !t.Failed(); n++ {
			if err := s.commit(f, n); err != nil {
				t.Errorf("%s, commit %d: %v", c.name, n, err)
			}
		}
		s.done.Store(true)
		wg.Wait()
		fatal(t, f.Close())
	}
}
