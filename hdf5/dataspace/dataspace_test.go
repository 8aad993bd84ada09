package dataspace

import (
	"errors"
	"math"
	"slices"
	"testing"

	"gables/hdf5/h5err"
)

func TestDataspaceTellsItsCountAndText(t *testing.T) {
	for _, c := range []struct {
		s    Dataspace
		n    uint64
		text string
	}{
		{Dataspace{}, 1, "scalar"},
		{Dataspace{Kind: Null}, 0, "null"},
		{Dataspace{Kind: Simple}, 1, "()"},
		{Dataspace{Kind: Simple, Dims: []uint64{3, 4}, MaxDims: []uint64{3, Unlimited}}, 12, "(3, 4/unlimited)"},
		{Dataspace{Kind: Simple, Dims: []uint64{3, 0, 1 << 63}, MaxDims: []uint64{9, 0, 1 << 63}}, 0, "(3/9, 0, 9223372036854775808)"},
		{Dataspace{Kind: Simple, Dims: []uint64{7}}, 7, "(7)"},
	} {
		n, err := c.s.Count()
		if err != nil || n != c.n || c.s.String() != c.text || c.s.Validate() != nil || c.s.Rank() != len(c.s.Dims) {
			t.Errorf("%v: count %d, %v, valid %v", c.s.String(), n, err, c.s.Validate())
		}
	}
	big := Dataspace{Kind: Simple, Dims: []uint64{1 << 32, 1 << 32}}
	if _, err := big.Count(); !errors.Is(err, h5err.ErrLimit) {
		t.Errorf("count of %v: %v", &big, err)
	}
}

func TestValidateRefusesWhatTheFormatForbids(t *testing.T) {
	for _, s := range []Dataspace{
		{Kind: 3},
		{Kind: Scalar, Dims: []uint64{1}},
		{Kind: Null, MaxDims: []uint64{1}},
		{Kind: Simple, Dims: make([]uint64, 33)},
		{Kind: Simple, Dims: []uint64{2}, MaxDims: []uint64{2, 2}},
		{Kind: Simple, Dims: []uint64{2}, MaxDims: []uint64{1}},
		{Kind: Simple, Dims: []uint64{Unlimited}},
	} {
		if err := s.Validate(); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

func TestNullDataspaceTakesAllAndNoneOnly(t *testing.T) {
	s := Dataspace{Kind: Null}
	for _, sel := range []Selection{All(), None()} {
		if b, err := s.Bind(sel); err != nil || b.Count() != 0 || !slices.Equal(b.Shape(), []uint64{0}) {
			t.Errorf("%v %v", b, err)
		}
	}
	if _, err := s.Bind(MustParse("0")); !errors.Is(err, h5err.ErrSelection) {
		t.Error(err)
	}
	scalar := Dataspace{}
	if b, err := scalar.Bind(All()); err != nil || b.Count() != 1 {
		t.Errorf("%v %v", b, err)
	}
}

func TestGeometryIsSafeFromOverflow(t *testing.T) {
	if s, err := Strides([]uint64{1 << 40, 3, 5}); err != nil || !slices.Equal(s, []uint64{15, 5, 1}) {
		t.Error(s, err)
	}
	if s, err := Strides([]uint64{1 << 40, 1 << 40, 1 << 23}); err != nil || s[0] != 1<<63 {
		t.Error(s, err)
	}
	if _, err := Strides([]uint64{2, 1 << 40, 1 << 24}); !errors.Is(err, h5err.ErrLimit) {
		t.Error(err)
	}
	if at, err := Offset([]uint64{1, 2, 3}, []uint64{2, 3, 4}); err != nil || at != 23 {
		t.Error(at, err)
	}
	if _, err := Offset([]uint64{1, 3}, []uint64{2, 3}); !errors.Is(err, h5err.ErrSelection) {
		t.Error(err)
	}
	if _, err := Offset([]uint64{1}, []uint64{2, 3}); !errors.Is(err, h5err.ErrSelection) {
		t.Error(err)
	}
	big := []uint64{1 << 40, 1 << 40}
	if _, err := Offset([]uint64{1 << 39, 5}, big); !errors.Is(err, h5err.ErrLimit) {
		t.Error(err)
	}
	if CeilDiv(7, 2) != 4 || CeilDiv(8, 2) != 4 || CeilDiv(0, 3) != 0 || CeilDiv(math.MaxUint64, 2) != 1<<63 || CeilDiv(5, 0) != 0 {
		t.Error("CeilDiv is wrong")
	}
	if g := ChunkGrid([]uint64{10, 0, 3}, []uint64{4, 2, 3}); !slices.Equal(g, []uint64{3, 0, 1}) {
		t.Error(g)
	}
}
