package zstd

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// known tells whether err wraps a sentinel that Decode may give.
func known(err error) bool {
	return errors.Is(err, h5err.ErrCorrupt) || errors.Is(err, h5err.ErrChecksum) ||
		errors.Is(err, h5err.ErrLimit) || errors.Is(err, h5err.ErrUnsupported)
}

func TestCutChunkIsRefused(t *testing.T) {
	for i, s := range witnesses(t) {
		for _, n := range []int{0, 1, 3, len(s.raw) / 2, len(s.raw) - 4, len(s.raw) - 1} {
			if n < 0 || n >= len(s.raw) {
				continue
			}
			got, err := New().Decode(nil, s.raw[:n], s.chunk())
			// A chunk that ends with a skippable frame loses nothing with it.
			if err == nil && sum(got) == s.SHA256 {
				continue
			}
			if !errors.Is(err, h5err.ErrCorrupt) && !errors.Is(err, h5err.ErrChecksum) {
				t.Fatalf("case %d cut to %d of %d bytes: %d bytes, error %v", i, n, len(s.raw), len(got), err)
			}
		}
	}
}

func TestOtherSizeIsCorrupt(t *testing.T) {
	for i, s := range witnesses(t) {
		for _, size := range []int{s.Size - 1, s.Size + 1, 0, 1 << 27} {
			c := s.chunk()
			c.Size = size
			if _, err := New().Decode(nil, s.raw, c); !errors.Is(err, h5err.ErrCorrupt) {
				t.Fatalf("case %d of %d bytes, told %d: %v", i, s.Size, size, err)
			}
		}
	}
}

func TestMoreThanTheLimitIsRefused(t *testing.T) {
	for i, s := range witnesses(t) {
		if s.Size < 2 {
			continue
		}
		for _, size := range []int{s.Size, -1} {
			c := s.chunk()
			c.Size, c.Limit = size, s.Size-1
			if _, err := New().Decode(nil, s.raw, c); !errors.Is(err, h5err.ErrLimit) {
				t.Fatalf("case %d of %d bytes, told %d: %v", i, s.Size, size, err)
			}
		}
	}
}

func TestDamagedChunkGivesAKnownErrorOrAsManyBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	all := witnesses(t)
	for range 3000 {
		s := all[r.IntN(len(all))]
		raw := bytes.Clone(s.raw)
		for range 1 + r.IntN(3) {
			raw[r.IntN(len(raw))] = byte(r.Uint32())
		}
		c := s.chunk()
		c.Limit = 1 << 20
		if r.IntN(2) == 0 {
			c.Size = -1
		}
		got, err := New().Decode(nil, raw, c)
		if err != nil && !known(err) {
			t.Fatalf("no sentinel: %v", err)
		}
		if err == nil && (len(got) > c.Limit || c.Size >= 0 && len(got) != c.Size) {
			t.Fatalf("%d bytes, told %d", len(got), c.Size)
		}
	}
}

func TestManyGoroutinesDecodeAtOnce(t *testing.T) {
	f, all := New(), witnesses(t)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for i, s := range all {
				got, err := f.Decode(nil, s.raw, s.chunk())
				if err != nil || sum(got) != s.SHA256 {
					t.Errorf("case %d: %v", i, err)
				}
			}
		})
	}
	wait.Wait()
}

func FuzzDecode(f *testing.F) {
	for _, s := range witnesses(f) {
		if len(s.raw) < 1500 {
			f.Add(s.raw, int32(s.Size))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, size int32) {
		c := filter.Chunk{Size: int(size), Limit: 1 << 20}
		got, err := New().Decode(nil, src, c)
		if err != nil {
			if !known(err) {
				t.Fatalf("no sentinel: %v", err)
			}
			return
		}
		if len(got) > c.Limit || size >= 0 && len(got) != int(size) {
			t.Fatalf("%d bytes, told %d", len(got), size)
		}
		c.Size = -1
		again, err := New().Decode(make([]byte, 0, 100), src, c)
		if err != nil || !bytes.Equal(got, again) {
			t.Fatalf("without the size: %d bytes, then %d, %v", len(got), len(again), err)
		}
	})
}
