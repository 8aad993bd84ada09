package filter

import (
	"errors"
	"math"
	"testing"

	"gables/hdf5/h5err"
)

func TestRoomHoldsADeclaredSizeAgainstTheChunk(t *testing.T) {
	for _, c := range []struct {
		size, limit int
		n           uint64
		want        error
	}{
		{10, 10, 10, nil},
		{-1, 10, 10, nil},
		{0, 10, 0, nil},
		{-1, 10, 11, h5err.ErrLimit},
		{11, 10, 11, h5err.ErrLimit},
		{10, 20, 11, h5err.ErrCorrupt},
		{10, 20, 9, h5err.ErrCorrupt},
		{0, 20, math.MaxUint64, h5err.ErrCorrupt},
		{-1, math.MaxInt, math.MaxUint64, h5err.ErrLimit},
		{-1, -5, 1, h5err.ErrLimit},
	} {
		got, err := Chunk{Size: c.size, Limit: c.limit}.Room(nil, "chunk", c.n)
		if !errors.Is(err, c.want) || err == nil && uint64(len(got)) != c.n {
			t.Errorf("%d bytes of %d, limit %d: %d bytes, %v", c.n, c.size, c.limit, len(got), err)
		}
	}
}

func TestRoomIsTheMemoryGivenWhereThatSuffices(t *testing.T) {
	dst := make([]byte, 2, 8)
	c := Chunk{Size: -1, Limit: 100}
	if got, err := c.Room(dst, "chunk", 8); err != nil || len(got) != 8 || &got[0] != &dst[0] {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if got, err := c.Room(dst, "chunk", 9); err != nil || len(got) != 9 || &got[0] == &dst[0] {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestRatioRefusesWhatStoredBytesCannotGive(t *testing.T) {
	for _, c := range []struct {
		n    uint64
		want error
	}{{0, nil}, {255 * 4, nil}, {255*5 - 1, nil}, {255 * 5, h5err.ErrCorrupt}, {1 << 30, h5err.ErrCorrupt}, {math.MaxUint64, h5err.ErrLimit}} {
		if err := (Chunk{Size: -1, Limit: math.MaxInt}).CheckFrom("chunk", c.n, 4, 255); !errors.Is(err, c.want) {
			t.Errorf("%d bytes from 4: %v", c.n, err)
		}
	}
}
