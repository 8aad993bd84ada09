package shuffle

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

func TestEncodeGivesLibhdf5sBytes(t *testing.T) {
	for _, s := range testkit.Alone(t, "testdata", filter.Shuffle) {
		src, err := New().Decode(nil, s.Raw, s.Chunk())
		if err != nil {
			t.Fatal(err)
		}
		for _, dst := range [][]byte{nil, make([]byte, 3), make([]byte, 0, len(src)+9)} {
			got, err := New().(filter.Encoder).Encode(dst, src, s.Chunk())
			if err != nil || !bytes.Equal(got, s.Raw) {
				t.Fatalf("element of %d, %d bytes: %v", s.ElementSize, len(src), err)
			}
		}
	}
}

func TestEncodeGivesTheSourceWhereNothingMoves(t *testing.T) {
	src := []byte("0123456")
	for _, size := range []uint32{1, 4, 7, 8, 1<<32 - 1} {
		got, err := New().(filter.Encoder).Encode(make([]byte, 9), src, filter.Chunk{Values: []uint32{size}})
		if err != nil || &got[0] != &src[0] {
			t.Errorf("size %d: a copy, %v", size, err)
		}
	}
	// Two elements of 3 bytes and one byte behind them.
	got, err := New().(filter.Encoder).Encode(nil, src, filter.Chunk{Values: []uint32{3}})
	if err != nil || string(got) != "0314256" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestClientDataIsTheElementsSize(t *testing.T) {
	e := New().(filter.Encoder)
	got, err := e.Local([]uint32{9, 9}, filter.Described{Type: &datatype.Datatype{Class: datatype.Compound, Size: 37}})
	if err != nil || !slices.Equal(got, []uint32{37}) {
		t.Error(got, err)
	}
	if _, err := e.Local(nil, filter.Described{Type: &datatype.Datatype{}}); !errors.Is(err, h5err.ErrUnsupported) {
		t.Error(err)
	}
	for _, v := range [][]uint32{nil, {0}, {4, 4}} {
		if _, err := e.Encode(nil, []byte("abcdefgh"), filter.Chunk{Values: v}); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%d: %v", v, err)
		}
	}
}

func TestEncoderKeepsItsContract(t *testing.T) {
	testkit.Encoding{
		Filter: New(),
		Values: [][]uint32{{1}, {2}, {3}, {4}, {8}, {24}},
		Sizes:  []int{0, 1, 2, 3, 300, 8191, 50001},
		Most:   func(n int) int { return n },
	}.Run(t)
}
