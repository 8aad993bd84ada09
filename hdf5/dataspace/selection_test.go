package dataspace

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"gables/hdf5/h5err"
)

func TestBindRefusesWhatDoesNotFit(t *testing.T) {
	u := func(v ...uint64) []uint64 { return v }
	for i, c := range []struct {
		sel  Selection
		dims []uint64
		want error
		text string
	}{
		{Box(u(0, 5), u(1, 3)), u(4, 7), h5err.ErrSelection, "axis 1: last element 7 is outside of extent 7"},
		{Box(u(8), u(1)), u(7), h5err.ErrSelection, "axis 0: start 8 is outside of extent 7"},
		{Box(u(7), u(1)), u(7), h5err.ErrSelection, "axis 0: start 7 is outside of extent 7"},
		{Box(u(8), u(0)), u(7), h5err.ErrSelection, "start 8"},
		{Box(u(1), u(Unlimited-1)), u(7), h5err.ErrSelection, "axis 0: last element"},
		{Hyperslab(u(1), u(1<<62), u(1<<62), nil), u(7), h5err.ErrSelection, "last element"},
		{Hyperslab(u(0), u(0), u(1), nil), u(7), h5err.ErrSelection, "stride 0"},
		{Hyperslab(u(0), u(1), u(2), u(2)), u(7), h5err.ErrSelection, "overlap"},
		{Hyperslab(u(0), u(1), u(2), u(Unlimited)), u(7), h5err.ErrSelection, "unlimited block"},
		{Hyperslab(u(0), u(1, 1), u(2), nil), u(7), h5err.ErrSelection, "stride[2]"},
		{Box(u(0), u(1)), nil, h5err.ErrSelection, "scalar"},
		{MustParse("7"), u(7), h5err.ErrSelection, "axis 0: index 7 is outside of extent 7"},
		{MustParse(":, -9"), u(7, 8), h5err.ErrSelection, "axis 1: index -9 is outside of extent 8"},
		{MustParse("[0, 3, 9]"), u(7), h5err.ErrSelection, "axis 0: index 9"},
		{MustParse("0"), nil, h5err.ErrSelection, "1 axes for rank 0"},
		{Axes(Range(0, 1, 0)), u(7), h5err.ErrSelection, "step 0"},
		{Axes(Ellipsis(), Ellipsis()), u(7), h5err.ErrSelection, "ellipsis"},
		{Axes(Full(), AxisMask(make([]bool, 3))), u(7, 4), h5err.ErrSelection, "axis 1: mask of 3 for extent 4"},
		{Points(2, u(1, 1, 1, 4)), u(4, 4), h5err.ErrSelection, "point 1: axis 1: coordinate 4"},
		{Points(2, u(1, 1, 1)), u(4, 4), h5err.ErrSelection, "3 coordinates"},
		{Points(0, nil), nil, h5err.ErrSelection, "rank 0"},
		{Points(1, nil), u(4, 4), h5err.ErrSelection, "rank 1"},
		{Mask(u(2, 2), make([]bool, 4)), u(4), h5err.ErrSelection, "shape [2 2]"},
		{Mask(u(2, 2), make([]bool, 3)), u(2, 2), h5err.ErrSelection, "3 entries"},
		{Mask(u(1<<62, 1<<62), nil), u(1<<62, 1<<62), h5err.ErrSelection, "0 entries"},
		{Mask(nil, make([]bool, 1)), nil, h5err.ErrSelection, "shape []"},
		{Union(1, []Block{{u(3), u(7)}}), u(7), h5err.ErrSelection, "block 0: axis 0: end 7"},
		{Union(1, []Block{{u(3), u(2)}}), u(7), h5err.ErrSelection, "behind end"},
		{Union(1, []Block{{u(3), u(2, 3)}}), u(7), h5err.ErrSelection, "block 0 is not of rank 1"},
		{Union(0, nil), nil, h5err.ErrSelection, "rank 0"},
		{Union(3, nil), u(1, 2), h5err.ErrSelection, "rank 3"},
		{All(), make([]uint64, 33), h5err.ErrSelection, "rank 33"},
		{All(), u(1 << 63), h5err.ErrLimit, "axis 0: extent"},
		{All(), u(1<<40, 1<<40), h5err.ErrLimit, "shape"},
		{Union(2, []Block{{u(0, 0), u(1<<40-1, 1<<40-1)}}), u(1<<40, 1<<40), h5err.ErrLimit, "elements"},
	} {
		if b, err := c.sel.Bind(c.dims); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("case %d: %v, error %v, want %q", i, b, err, c.text)
		}
	}
}

func TestScalarTakesAllInEverySpelling(t *testing.T) {
	for _, s := range []Selection{{}, All(), MustParse(""), MustParse(" () "), MustParse("..."), Axes()} {
		b, err := s.Bind(nil)
		if err != nil || b.Count() != 1 || len(b.Shape()) != 0 {
			t.Fatal(b, err)
		}
		var runs []Run
		boxes := 0
		b.Boxes(nil, func(scaled []uint64) bool { boxes++; return len(scaled) == 0 })
		b.Runs(nil, nil, func(r Run) bool { runs = append(runs, r); return true })
		if boxes != 1 || !slices.Equal(runs, []Run{{0, 0, 1, 1}}) {
			t.Errorf("%d boxes, runs %v", boxes, runs)
		}
	}
	if b, err := None().Bind(nil); err != nil || b.Count() != 0 {
		t.Error(err)
	}
}

func TestParseRefusesWhatIsNoIndex(t *testing.T) {
	for _, text := range []string{"a", "1 2", "5a", ",", "1,,2", "[", "[1", "[1 2]", "[1:2]", "[[1]]", "]", "::0", ":::", "1::2:3",
		"--1", "-", "- 1", "0x1", "1.5", "1_0", "None", "True", "..", "....", "...,...", "[0],[1]", "()()", "(1)", "9223372036854775808",
		"[-9223372036854775808]", "[,]", "\x00", strings.Repeat(":,", 33), "1;"} {
		if _, err := Parse(text); !errors.Is(err, h5err.ErrSelection) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := Parse(strings.Repeat(" ", maxText+1)); !errors.Is(err, h5err.ErrLimit) {
		t.Error(err)
	}
	if _, err := MustParse(strings.Repeat(":,", 32)).Bind(make([]uint64, 32)); err != nil {
		t.Error(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("MustParse takes nonsense")
		}
	}()
	MustParse("x")
}

func TestExtremeSlicesAreClipped(t *testing.T) {
	n := uint64(MaxExtent)
	for _, c := range []struct {
		a      Axis
		lo, hi uint64
		n      uint64
	}{
		{Range(Open, Open, math.MaxInt64), 0, 0, 1},
		{Range(Open, Open, -math.MaxInt64), n - 1, n - 1, 1},
		{Range(-math.MaxInt64, math.MaxInt64, Open), 0, n - 1, n},
		{Range(Open, Open, -1), 0, n - 1, n},
		{Range(1, Open, math.MaxInt64-1), 1, 1, 1},
		{Index(-math.MaxInt64), 0, 0, 1},
	} {
		b, err := Axes(c.a).Bind([]uint64{n})
		if err != nil {
			t.Fatal(err)
		}
		if lo, hi, ok := b.Bounds(); !ok || lo[0] != c.lo || hi[0] != c.hi || b.Count() != c.n {
			t.Errorf("%+v: %v %v %d", c.a, lo, hi, b.Count())
		}
	}
}

func TestSelectionsKeepWhatTheyWereGiven(t *testing.T) {
	coords, mask, list := []uint64{1, 2}, []bool{true, false, true}, []int64{0, 2}
	start, count := []uint64{1}, []uint64{2}
	dims := []uint64{3}
	blocks := []Block{{[]uint64{1}, []uint64{2}}}
	sels := []Selection{Points(1, coords), Mask(dims, mask), Axes(List(list)), Axes(AxisMask(mask)), Box(start, count), Union(1, blocks)}
	clear(coords)
	clear(mask)
	clear(list)
	clear(start)
	clear(count)
	clear(blocks[0].End)
	for i, s := range sels {
		b, err := s.Bind([]uint64{3})
		if err != nil || b.Count() != 2 {
			t.Fatalf("selection %d: %v, %v", i, b, err)
		}
		b.Shape()[0] = 9
		b.Dims()[0] = 9
		lo, _, _ := b.Bounds()
		lo[0] = 9
		if got := flatten(b, []uint64{3}); len(got) != 2 || got[1] != 2 || b.Shape()[0] != 2 || b.Dims()[0] != 3 {
			t.Errorf("selection %d changed to %v", i, got)
		}
	}
}

func TestTextKeepsItsFaultForBind(t *testing.T) {
	if _, err := Text("1;").Bind([]uint64{3}); !errors.Is(err, h5err.ErrSelection) {
		t.Error(err)
	}
	if b, err := Text("1:").Bind([]uint64{3}); err != nil || b.Count() != 2 {
		t.Error(b, err)
	}
}
