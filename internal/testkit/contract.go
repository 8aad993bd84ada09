package testkit

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
)

// Contract is what filter.Filter asks of a Filter, tried on stored chunks.
type Contract struct {
	Filter  filter.Filter
	ID      filter.ID
	Name    string
	Stored  []Stored
	Padded  bool // a chunk may lose its last bytes and still give all of its data
	Damaged int  // how many damaged chunks are tried
}

// Run tries the whole contract, each part as a test of its own.
func (c Contract) Run(t *testing.T) {
	for _, part := range []struct {
		name string
		test func(t *testing.T)
	}{
		{"ItTellsIDAndName", c.naming},
		{"DecodeGivesWhatTheWriterWasGiven", c.decoding},
		{"DecodeUsesTheMemoryGivenAndNoMore", c.memory},
		{"CutChunkIsRefused", c.cutting},
		{"OtherSizeIsCorrupt", c.otherSizes},
		{"MoreThanTheLimitIsRefused", c.limits},
		{"DamagedChunkGivesAKnownErrorOrAsManyBytes", c.damage},
		{"ManyGoroutinesDecodeAtOnce", c.goroutines},
	} {
		t.Run(part.name, part.test)
	}
}

func (c Contract) naming(t *testing.T) {
	if c.Filter.ID() != c.ID || c.Filter.Name() != c.Name {
		t.Errorf("got %d %q, want %d %q", c.Filter.ID(), c.Filter.Name(), c.ID, c.Name)
	}
}

func (c Contract) decoding(t *testing.T) {
	bad := 0
	for i, s := range c.Stored {
		before := Sum(s.Raw)
		for _, size := range []int{s.Size, -1} {
			chunk := s.Chunk()
			chunk.Size = size
			// Old bytes must not shine through.
			for _, dst := range [][]byte{nil, bytes.Repeat([]byte{0xa5}, s.Size), make([]byte, 0, s.Size+100), make([]byte, 1)} {
				got, err := c.Filter.Decode(dst, s.Raw, chunk)
				if err == nil && s.Gives(got) {
					continue
				}
				t.Errorf("case %d %s %v, size told %d: %d bytes, want %d: %v", i, s.Name, s.Values, size, len(got), s.Size, err)
				if bad++; bad > 10 {
					t.FailNow()
				}
			}
		}
		if Sum(s.Raw) != before {
			t.Fatalf("case %d %s: the source was written to", i, s.Name)
		}
	}
}

func (c Contract) memory(t *testing.T) {
	for i, s := range c.Stored {
		if s.Size == 0 {
			continue
		}
		whole := bytes.Repeat([]byte{0xee}, s.Size+50)
		got, err := c.Filter.Decode(whole[:0:s.Size], s.Raw, s.Chunk())
		if err != nil || !s.Gives(got) {
			t.Fatalf("case %d %s: %v, or other bytes", i, s.Name, err)
		}
		if &got[0] != &whole[0] && !within(got, s.Raw) {
			t.Fatalf("case %d %s: new memory was taken although dst suffices", i, s.Name)
		}
		if !bytes.Equal(whole[s.Size:], bytes.Repeat([]byte{0xee}, 50)) {
			t.Fatalf("case %d %s: bytes behind dst changed", i, s.Name)
		}
	}
}

// within tells whether part begins inside whole.
func within(part, whole []byte) bool {
	for i := range whole {
		if &whole[i] == &part[0] {
			return true
		}
	}
	return false
}

func (c Contract) cutting(t *testing.T) {
	for i, s := range c.Stored {
		n := len(s.Raw)
		for _, n := range []int{0, 1, 3, n / 2, n - 4, n - 1} {
			if n < 0 || n >= len(s.Raw) {
				continue
			}
			got, err := c.Filter.Decode(nil, s.Raw[:n], s.Chunk())
			if c.Padded && err == nil && s.Gives(got) {
				continue
			}
			if !errors.Is(err, h5err.ErrCorrupt) && !errors.Is(err, h5err.ErrChecksum) {
				t.Fatalf("case %d %s cut to %d of %d bytes: %d bytes, error %v", i, s.Name, n, len(s.Raw), len(got), err)
			}
		}
	}
}

func (c Contract) otherSizes(t *testing.T) {
	for i, s := range c.Stored {
		for _, size := range []int{s.Size - 1, s.Size + 1, 0, 1 << 27} {
			if size < 0 || size == s.Size {
				continue
			}
			chunk := s.Chunk()
			chunk.Size = size
			if _, err := c.Filter.Decode(nil, s.Raw, chunk); !errors.Is(err, h5err.ErrCorrupt) {
				t.Fatalf("case %d %s of %d bytes, told %d: %v", i, s.Name, s.Size, size, err)
			}
		}
	}
}

func (c Contract) limits(t *testing.T) {
	for i, s := range c.Stored {
		if s.Size < 2 {
			continue
		}
		for _, size := range []int{s.Size, -1} {
			chunk := s.Chunk()
			chunk.Size, chunk.Limit = size, s.Size-1
			if _, err := c.Filter.Decode(nil, s.Raw, chunk); !errors.Is(err, h5err.ErrLimit) {
				t.Fatalf("case %d %s of %d bytes, told %d: %v", i, s.Name, s.Size, size, err)
			}
			chunk.Limit++
			if got, err := c.Filter.Decode(nil, s.Raw, chunk); err != nil || !s.Gives(got) {
				t.Fatalf("case %d %s, limit just enough: %v, or other bytes", i, s.Name, err)
			}
		}
	}
}

func (c Contract) damage(t *testing.T) {
	r, rounds := rand.New(rand.NewPCG(7, 7)), c.Damaged
	if testing.Short() {
		rounds /= 10
	}
	for range rounds {
		s := c.Stored[r.IntN(len(c.Stored))]
		raw := bytes.Clone(s.Raw)
		for range 1 + r.IntN(3) {
			if len(raw) > 0 {
				raw[r.IntN(len(raw))] = byte(r.Uint32())
			}
		}
		chunk := s.Chunk()
		chunk.Limit = 1 << 20
		if r.IntN(2) == 0 {
			chunk.Size = -1
		}
		check(t, c.Filter, raw, chunk)
	}
}

func (c Contract) goroutines(t *testing.T) {
	var wait sync.WaitGroup
	many := 8
	if testing.Short() {
		many = 3
	}
	for range many {
		wait.Go(func() {
			for i, s := range c.Stored {
				if got, err := c.Filter.Decode(nil, s.Raw, s.Chunk()); err != nil || !s.Gives(got) {
					t.Errorf("case %d %s: %v", i, s.Name, err)
				}
			}
		})
	}
	wait.Wait()
}

// known tells whether err wraps a sentinel that Decode may give.
func known(err error) bool {
	return errors.Is(err, h5err.ErrCorrupt) || errors.Is(err, h5err.ErrChecksum) ||
		errors.Is(err, h5err.ErrLimit) || errors.Is(err, h5err.ErrUnsupported)
}

// check decodes bytes of any kind, which is to give a known error or no more
// bytes than asked for; ok tells the latter.
func check(t *testing.T, f filter.Filter, src []byte, c filter.Chunk) (got []byte, ok bool) {
	t.Helper()
	got, err := f.Decode(nil, src, c)
	if err != nil {
		if !known(err) {
			t.Fatalf("no sentinel: %v", err)
		}
		return nil, false
	}
	if len(got) > c.Limit || c.Size >= 0 && len(got) != c.Size {
		t.Fatalf("%d bytes, told %d, limit %d", len(got), c.Size, c.Limit)
	}
	return got, true
}

// Allocates tries that decoding s into room enough takes at most so many
// allocations. A pool may be emptied in between, so the best of many decodes
// counts.
func Allocates(t *testing.T, f filter.Filter, s Stored, most float64) {
	t.Helper()
	dst, c, least := make([]byte, 0, s.Size), s.Chunk(), math.Inf(1)
	for range 50 {
		least = min(least, testing.AllocsPerRun(1, func() {
			if _, err := f.Decode(dst, s.Raw, c); err != nil {
				t.Fatal(err)
			}
		}))
	}
	if least > most {
		t.Errorf("%s: %v allocations, want %v", s.Name, least, most)
	}
}

// RefusesEveryCut tries that s is refused wherever it is cut.
func RefusesEveryCut(t *testing.T, f filter.Filter, s Stored) {
	t.Helper()
	for n := range len(s.Raw) {
		if _, err := f.Decode(nil, s.Raw[:n], s.Chunk()); !errors.Is(err, h5err.ErrCorrupt) {
			t.Fatalf("%s, %d of %d bytes: %v", s.Name, n, len(s.Raw), err)
		}
	}
}
