package dataspace

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"

	"gables/hdf5/h5err"
)

// witness is one case of testdata, made by make_witness.py.
type witness struct {
	Kind, Text           string
	Dims, Shape, Flat    []uint64
	Blocks               [][2][]uint64
	Start, Stride, Block []uint64
	Count                []int64
	Coords               []uint64
	Error                bool
}

func readWitness(t *testing.T, name string) (out []witness) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// flatten gives the row-major positions that b selects, in result order.
func flatten(b *Bound, dims []uint64) []uint64 {
	places, _ := runPlaces(b, make([]uint64, len(dims)), dims)
	out := make([]uint64, len(places))
	for i, p := range places {
		out[i] = p[1]
	}
	return out
}

func TestParseSelectsWhatNumpySelects(t *testing.T) {
	cases := readWitness(t, "numpy.json")
	if len(cases) < 500 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		var b *Bound
		s, err := Parse(c.Text)
		if err == nil {
			b, err = s.Bind(c.Dims)
		}
		if c.Error || err != nil {
			if !c.Error || !errors.Is(err, h5err.ErrSelection) {
				t.Errorf("%q of %v: error %v, numpy fails: %v", c.Text, c.Dims, err, c.Error)
			}
			continue
		}
		if got := flatten(b, c.Dims); !slices.Equal(got, c.Flat) || !slices.Equal(b.Shape(), c.Shape) {
			t.Errorf("%q of %v gives %v %v, numpy %v %v", c.Text, c.Dims, b.Shape(), got, c.Shape, c.Flat)
		}
	}
}

// selection rebuilds the case's selection.
func (c *witness) selection() Selection {
	rank := len(c.Dims)
	switch c.Kind {
	case "union":
		var blocks []Block
		for _, b := range c.Blocks {
			blocks = append(blocks, Block{b[0], b[1]})
		}
		return Union(rank, blocks)
	case "points":
		return Points(rank, c.Coords)
	}
	count := make([]uint64, rank)
	for k, n := range c.Count {
		count[k] = uint64(n) // -1 is Unlimited
	}
	return Hyperslab(c.Start, c.Stride, count, c.Block)
}

func TestSelectionsReadInTheOrderOfLibhdf5(t *testing.T) {
	cases := readWitness(t, "hdf5.json")
	if len(cases) < 300 {
		t.Fatalf("only %d cases", len(cases))
	}
	for i, c := range cases {
		b, err := c.selection().Bind(c.Dims)
		if c.Error || err != nil {
			if !c.Error || !errors.Is(err, h5err.ErrSelection) {
				t.Errorf("case %d %+v: error %v", i, c, err)
			}
			continue
		}
		if got := flatten(b, c.Dims); !slices.Equal(got, c.Flat) {
			t.Errorf("case %d %+v: got %v", i, c, got)
		}
	}
}
