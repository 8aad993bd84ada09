package bzip2

import (
	"bytes"
	"errors"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

// plain is a witness of a single block, so that its sums stand in known places.
func plain(t *testing.T) testkit.Stored {
	t.Helper()
	for _, s := range witnesses(t) {
		if s.Size > 500 && s.Size < 70_000 {
			return s
		}
	}
	t.Fatal("no witness of one block")
	return testkit.Stored{}
}

func TestWrongSumIsAChecksumError(t *testing.T) {
	s := plain(t)
	// The block's sum stands behind the stream header (4) and the block's mark (6).
	raw := bytes.Clone(s.Raw)
	raw[10] ^= 1
	if _, err := New().Decode(nil, raw, s.Chunk()); !errors.Is(err, h5err.ErrChecksum) {
		t.Fatalf("block: %v", err)
	}
	// The stream's sum ends within the last byte.
	raw = bytes.Clone(s.Raw)
	raw[len(raw)-3] ^= 1
	if _, err := New().Decode(nil, raw, s.Chunk()); !errors.Is(err, h5err.ErrChecksum) {
		t.Fatalf("stream: %v", err)
	}
}

func TestBytesBehindTheStreamArePassedOver(t *testing.T) {
	s := plain(t)
	got, err := New().Decode(nil, append(bytes.Clone(s.Raw), 0, 0, 0), s.Chunk())
	if err != nil || !s.Gives(got) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

func TestSecondStreamGoesOn(t *testing.T) {
	s := plain(t)
	c := s.Chunk()
	c.Size *= 2
	got, err := New().Decode(nil, append(bytes.Clone(s.Raw), s.Raw...), c)
	if err != nil || len(got) != c.Size || !s.Gives(got[s.Size:]) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

func TestOutputStopsAtTheLimit(t *testing.T) {
	for _, s := range witnesses(t) {
		if s.Size < 100_000 {
			continue
		}
		got, err := New().Decode(nil, s.Raw, filter.Chunk{Size: -1, Limit: 1000})
		if !errors.Is(err, h5err.ErrLimit) || got != nil {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
}

// The witnesses of testdata/runs.json are runs of 4 equal bytes, which the
// first step of bzip2 makes longest, in blocks as full as a level allows.
func TestLeastLevelHoldsWhatGrowsMost(t *testing.T) {
	for size, want := range map[int]byte{0: '1', 79_999: '1', 80_000: '2', 639_999: '8', 640_000: '9', 1 << 28: '9'} {
		if got := leastLevel(size); got != want {
			t.Errorf("%d bytes: level %c, want %c", size, got, want)
		}
	}
	tried := 0
	for i, s := range witnesses(t) {
		if s.Size < 79_996 {
			continue
		}
		tried++
		if got, err := New().Decode(nil, s.Raw, s.Chunk()); err != nil || !s.Gives(got) {
			t.Errorf("case %d of %d bytes: %v", i, s.Size, err)
		}
	}
	if tried < 6 {
		t.Fatalf("%d witnesses", tried)
	}
}
