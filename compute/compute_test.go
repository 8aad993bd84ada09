package compute_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"testing"

	"gables/compute"
	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
)

// bits is v with floats as their bits, so that NaNs and zeros are told apart.
func bits(v any) string {
	switch v := v.(type) {
	case float64:
		return fmt.Sprintf("%x ", math.Float64bits(v))
	case compute.Summary:
		return fmt.Sprint(v.Count, v.NaNs, v.Exact) + bits(v.Sum) + bits(v.Mean) + bits(v.Var) + bits(v.Std) + bits(v.Min.Float64()) + bits(v.Max.Float64())
	case compute.Array[compute.Summary]:
		s := fmt.Sprint(v.Shape)
		for _, x := range v.Values {
			s += bits(x)
		}
		return s
	}
	return fmt.Sprintf("%T%v", v, v)
}

func TestResultsDoNotDependOnWorkers(t *testing.T) {
	f := open(t, hdf5.WithWorkers(64))
	for _, name := range []string{"wild", "wild2", "nan", "chunked/i8", "offset", "chunked/f4"} {
		d := dataset(t, f, name)
		want := ""
		for round := range 3 {
			for _, n := range []int{1, 2, 3, 8, 64} {
				opts := []compute.Option{compute.Workers(n), compute.SkipNaN()}
				s, err1 := compute.Stats(ctx, d, opts...)
				m, err2 := compute.Mean(ctx, d, opts...)
				a, err3 := compute.StatsAlong(ctx, d, compute.Along(0), opts...)
				h, err4 := compute.Histogram(ctx, d, opts...)
				if err := errors.Join(err1, err2, err3); err != nil {
					t.Fatal(err)
				}
				got := bits(s) + bits(m) + bits(a) + fmt.Sprint(h, err4)
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("%s: %d workers, round %d:\n%s\nbefore\n%s", name, n, round, got, want)
				}
			}
		}
	}
}

func TestPartsMergeIntoTheWhole(t *testing.T) {
	f := open(t, hdf5.WithWorkers(8))
	r := rand.New(rand.NewPCG(2, 2))
	for _, name := range []string{"wild", "wild2", "nan", "chunked/u8", "scalar", "empty", "sparse", "unwritten", "contiguous/f8be"} {
		d := dataset(t, f, name)
		s, err := compute.Stats(ctx, d)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []uint64{1, 2, 3, 7, 300} {
			parts := make([]*compute.Partial, n)
			for i := range parts {
				p, err := compute.Partials(ctx, d, uint64(i), n)
				if err != nil {
					t.Fatal(err)
				}
				text, err := json.Marshal(p)
				if err != nil {
					t.Fatal(err)
				}
				parts[i] = new(compute.Partial)
				if err := json.Unmarshal(text, parts[i]); err != nil {
					t.Fatalf("%s: %v", text, err)
				}
			}
			r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
			for i := 1; i < len(parts); i++ {
				if err := parts[0].Merge(parts[i]); err != nil {
					t.Fatal(err)
				}
			}
			got, err := parts[0].Stats()
			if err != nil || bits(got) != bits(s) {
				t.Errorf("%s in %d parts: %+v %v, want %+v", name, n, got, err, s)
			}
		}
	}
}

func TestPartsThatDoNotFitAreRefused(t *testing.T) {
	f := open(t)
	d := dataset(t, f, "wild")
	a, _ := compute.Partials(ctx, d, 0, 2)
	again, _ := compute.Partials(ctx, d, 0, 2)
	other, _ := compute.Partials(ctx, dataset(t, f, "wild2"), 1, 2)
	if err := a.Merge(again); !errors.Is(err, h5err.ErrSelection) {
		t.Errorf("the same part twice: %v", err)
	}
	if err := a.Merge(other); !errors.Is(err, h5err.ErrSelection) {
		t.Errorf("a part of another dataset: %v", err)
	}
	if _, err := a.Stats(); !errors.Is(err, h5err.ErrSelection) {
		t.Errorf("half of the parts: %v", err)
	}
	if _, err := compute.Partials(ctx, d, 2, 2); !errors.Is(err, h5err.ErrSelection) {
		t.Errorf("part 2 of 2: %v", err)
	}
	for text, want := range map[string]error{
		`{"Version":2}`: h5err.ErrUnsupported,
		`{"Version":1,"Blocks":1,"Nodes":[{"Level":0,"Index":0,"State":"AAAA"}]}`: h5err.ErrCorrupt,
		`{"Version":1,"Blocks":1,"Nodes":[{"Level":70}]}`:                         h5err.ErrCorrupt,
		`{"Version":1,"Class":9}`:                                                 h5err.ErrCorrupt,
		`[1]`:                                                                     h5err.ErrCorrupt,
	} {
		if err := json.Unmarshal([]byte(text), new(compute.Partial)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

func TestSpecialValues(t *testing.T) {
	f := open(t)
	stats := func(name string, opts ...compute.Option) compute.Summary {
		s, err := compute.Stats(ctx, dataset(t, f, name), opts...)
		if err != nil {
			t.Fatal(name, err)
		}
		return s
	}
	if s := stats("special/inf"); !math.IsInf(s.Sum, 1) || !math.IsInf(s.Mean, 1) || s.Var == s.Var || !math.IsInf(s.Max.Float64(), 1) || s.Min.Float64() != 1 {
		t.Errorf("with +Inf: %+v", s)
	}
	if s := stats("special/infs", compute.SkipNaN()); s.Sum == s.Sum || s.NaNs != 0 || s.Count != 3 || !math.IsInf(s.Min.Float64(), -1) {
		t.Errorf("with both infinities: %+v", s)
	}
	if s := stats("special/negzero"); bits(s.Sum) != bits(math.Copysign(0, -1)) || bits(s.Mean) != bits(math.Copysign(0, -1)) {
		t.Errorf("-0 + -0 = %v", s.Sum)
	}
	if v, err := compute.Sum(ctx, dataset(t, f, "special/negzero")); err != nil || bits(v.Value) != bits(math.Copysign(0, -1)) {
		t.Errorf("-0 + -0 = %v %v", v, err)
	}
	s := stats("special/zeros")
	if bits(s.Sum) != bits(0.0) || bits(s.Min.Float64()) != bits(math.Copysign(0, -1)) || bits(s.Max.Float64()) != bits(0.0) {
		t.Errorf("zeros of both signs: %+v", s)
	}
	if x, err := compute.ArgMinMax(ctx, dataset(t, f, "special/zeros")); err != nil || x.MinAt[0] != 0 || x.MaxAt[0] != 0 {
		t.Errorf("zeros of both signs: %+v %v", x, err)
	}
	if s := stats("sparse"); s.Sum != 990*2.5+10 || s.Count != 1000 {
		t.Errorf("fill values: %+v", s)
	}
	if s := stats("unwritten"); s.Exact.Int64() != 700 {
		t.Errorf("unwritten: %+v", s)
	}
	if s := stats("scalar", compute.Sample()); s.Sum != 42.5 || s.Var == s.Var {
		t.Errorf("sample of one: %+v", s)
	}
	a, b := stats("offset"), stats("offset", compute.Sample())
	if math.Abs(a.Var*1000/999-b.Var) > 1e-15 {
		t.Errorf("variance %v, sample %v", a.Var, b.Var)
	}
}

func TestNothingIsNotANumber(t *testing.T) {
	f := open(t)
	none := compute.Select(dataspace.None())
	for _, c := range []struct {
		name string
		opts []compute.Option
	}{{"empty", nil}, {"null", nil}, {"contiguous/i4", []compute.Option{none}}, {"chunked/f8", []compute.Option{none}}} {
		d := dataset(t, f, c.name)
		s, err := compute.Stats(ctx, d, c.opts...)
		if err != nil || s.Count != 0 || bits(s.Sum) != bits(0.0) || s.Mean == s.Mean || s.Var == s.Var || s.Min.Float64() == s.Min.Float64() {
			t.Errorf("%s: %+v %v", c.name, s, err)
		}
		if m, err := compute.Mean(ctx, d, c.opts...); err != nil || m == m {
			t.Errorf("%s: mean %v %v", c.name, m, err)
		}
		if _, _, err := compute.MinMax(ctx, d, c.opts...); !errors.Is(err, h5err.ErrSelection) {
			t.Errorf("%s: extremes of nothing: %v", c.name, err)
		}
		if _, err := compute.ArgMinMax(ctx, d, c.opts...); !errors.Is(err, h5err.ErrSelection) {
			t.Errorf("%s: places of nothing: %v", c.name, err)
		}
		h, err := compute.Histogram(ctx, d, c.opts...)
		if err != nil || h.Edges[0] != 0 || h.Edges[10] != 1 {
			t.Errorf("%s: histogram %v %v", c.name, h, err)
		}
	}
	a, err := compute.StatsAlong(ctx, dataset(t, f, "empty"), compute.Along(0))
	if err != nil || len(a.Values) != 3 || a.Values[2].Count != 0 || a.Values[2].Mean == a.Values[2].Mean {
		t.Errorf("columns of no rows: %v %v", a, err)
	}
	if a, err := compute.SumAlong(ctx, dataset(t, f, "empty"), compute.Along(1)); err != nil || len(a.Values) != 0 {
		t.Errorf("no rows: %v %v", a, err)
	}
}

func TestSelectionsReduceAsTheirValuesDo(t *testing.T) {
	f := open(t)
	for _, name := range []string{"contiguous/f8", "chunked/f8", "contiguous/i4be", "chunked/u2"} {
		d := dataset(t, f, name)
		for _, text := range []string{"1:5", "::2, 1:4", "2", ":, :, 1", "::-1, 3:0:-2", "[5,1,1], :", "3, 1, 2", "1:2, :, 1:3"} {
			sel := hdf5.Sel(text)
			xs, err := hdf5.ReadWith[float64](ctx, d, hdf5.ReadOptions{}, sel)
			if err != nil {
				t.Fatal(err)
			}
			s, err := compute.Stats(ctx, d, compute.Select(sel))
			checkModel(t, name+"["+text+"]", s, err, xs)
			b, _ := d.Space().Bind(sel)
			shape := b.Shape()
			for k := range shape {
				if len(shape) < 2 {
					break
				}
				a, err := compute.StatsAlong(ctx, d, compute.Along(k-len(shape)), compute.Select(sel))
				if err != nil {
					t.Fatal(err)
				}
				for i, s := range a.Values {
					checkModel(t, fmt.Sprintf("%s[%s] along %d, %d", name, text, k, i), s, nil, line(xs, shape, k, i))
				}
			}
		}
		pts := dataspace.Points(3, []uint64{0, 0, 0, 6, 4, 3, 6, 4, 3, 1, 2, 3})
		xs, err := hdf5.Read[float64](ctx, d, pts)
		if err != nil {
			t.Fatal(err)
		}
		a, err := compute.StatsAlong(ctx, d, compute.Along(0), compute.Select(pts))
		checkModel(t, name+" points", a.Values[0], err, xs)
		m, err := compute.ArgMinMax(ctx, d, compute.Select(pts))
		if err != nil || xs[m.MaxAt[0]] != m.Max.Float64() || len(m.MinAt) != 1 {
			t.Errorf("%s: extremes of points %v %v", name, m, err)
		}
	}
}

// line is what result i of a reduction along axis k was made of.
func line(xs []float64, shape []uint64, k, i int) []float64 {
	inner := 1
	for _, n := range shape[k+1:] {
		inner *= int(n)
	}
	n := int(shape[k])
	at := i/inner*inner*n + i%inner
	var out []float64
	for j := range n {
		out = append(out, xs[at+j*inner])
	}
	return out
}

func checkModel(t *testing.T, what string, s compute.Summary, err error, xs []float64) {
	t.Helper()
	sum, lo, hi := 0.0, math.Inf(1), math.Inf(-1)
	for _, x := range xs {
		sum, lo, hi = sum+x, min(lo, x), max(hi, x)
	}
	mean, m2 := sum/float64(len(xs)), 0.0
	for _, x := range xs {
		m2 += (x - mean) * (x - mean)
	}
	if err != nil || s.Count != uint64(len(xs)) || !near(s.Sum, sum, 1e4) || !near(s.Var, m2/float64(len(xs)), 1e6) || s.Min.Float64() != lo || s.Max.Float64() != hi {
		t.Errorf("%s: %+v %v, model: %d %v %v %v %v", what, s, err, len(xs), sum, m2/float64(len(xs)), lo, hi)
	}
}

func TestHistogramEdges(t *testing.T) {
	f := open(t)
	for _, c := range []struct {
		name         string
		edges        []float64
		want         []uint64
		below, above uint64
	}{
		{"special/zeros", []float64{-1, 0, 0, 1}, []uint64{0, 0, 3}, 0, 0},
		{"special/zeros", []float64{-1, 0}, []uint64{3}, 0, 0},
		{"special/inf", []float64{0, 1, 2}, []uint64{0, 2}, 0, 1},
		{"special/inf", []float64{math.Inf(-1), 1.5, math.Inf(1)}, []uint64{1, 2}, 0, 0},
		{"extreme/i8", []float64{-0x1p63, 0, 0x1p63}, []uint64{6, 12}, 0, 0},
		{"extreme/i8", []float64{0, 0x1p62}, []uint64{0}, 6, 12},
		{"extreme/u8", []float64{-5, 0.5, 0x1p63, 0x1p64}, []uint64{6, 0, 12}, 0, 0},
		{"extreme/u8", []float64{0x1p64, 0x1p65}, []uint64{0}, 18, 0},
		{"extreme/u1", []float64{-3, -0.5}, []uint64{0}, 0, 18},
		{"extreme/u1", []float64{254.5, 254.9}, []uint64{0}, 6, 12},
		{"extreme/i1", []float64{-128, 126.5, 127}, []uint64{6, 12}, 0, 0},
	} {
		h, err := compute.Histogram(ctx, dataset(t, f, c.name), compute.Edges(c.edges))
		if err != nil || !reflect.DeepEqual(h.Count, c.want) || h.Below != c.below || h.Above != c.above {
			t.Errorf("%s in %v: %+v %v, want %v", c.name, c.edges, h, err, c.want)
		}
	}
	h, err := compute.Histogram(ctx, dataset(t, f, "nan"), compute.Range(-10, 10), compute.Bins(4))
	total := h.Below + h.Above + h.NaNs
	for _, n := range h.Count {
		total += n
	}
	if err != nil || h.NaNs == 0 || total != 140 || len(h.Count) != 4 {
		t.Errorf("with NaNs: %+v %v", h, err)
	}
	if _, err := compute.Histogram(ctx, dataset(t, f, "nan")); !errors.Is(err, h5err.ErrType) {
		t.Errorf("range of NaNs: %v", err)
	}
	if _, err := compute.Histogram(ctx, dataset(t, f, "nan"), compute.SkipNaN()); err != nil {
		t.Errorf("range without NaNs: %v", err)
	}
	for _, o := range []compute.Option{compute.Edges([]float64{1}), compute.Edges([]float64{1, 0}), compute.Edges([]float64{0, math.NaN()}),
		compute.Bins(0), compute.Bins(1 << 30), compute.Range(1, 0), compute.Range(math.Inf(-1), 0), compute.Range(-1e308, 1e308)} {
		if _, err := compute.Histogram(ctx, dataset(t, f, "wild"), o); !errors.Is(err, h5err.ErrType) && !errors.Is(err, h5err.ErrLimit) {
			t.Errorf("impossible bins: %v", err)
		}
	}
}

func TestWhatIsNoNumberIsRefused(t *testing.T) {
	f := open(t)
	for _, c := range []struct {
		name string
		opts []compute.Option
		want error
	}{
		{"text", nil, h5err.ErrType},
		{"table", nil, h5err.ErrType},
		{"complex", nil, h5err.ErrType},
		{"table", []compute.Option{compute.Column("name")}, h5err.ErrType},
		{"table", []compute.Option{compute.Column("in")}, h5err.ErrType},
		{"table", []compute.Option{compute.Column("gone")}, h5err.ErrNotFound},
		{"table", []compute.Option{compute.Column("id/x")}, h5err.ErrNotFound},
		{"wild", []compute.Option{compute.Column("x")}, h5err.ErrType},
		{"wild", []compute.Option{compute.Select(hdf5.Sel("5, 5"))}, h5err.ErrSelection},
	} {
		if _, err := compute.Stats(ctx, dataset(t, f, c.name), c.opts...); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := compute.SumComplex(ctx, dataset(t, f, "wild")); !errors.Is(err, h5err.ErrType) {
		t.Errorf("complex sum of floats: %v", err)
	}
	d := dataset(t, f, "chunked/f8")
	for _, axes := range []compute.Axes{compute.Along(), compute.Along(3), compute.Along(-4), compute.Along(0, -3)} {
		if _, err := compute.StatsAlong(ctx, d, axes); !errors.Is(err, h5err.ErrSelection) {
			t.Errorf("along %v: %v", axes, err)
		}
	}
	if _, err := compute.StatsAlong(ctx, d, compute.Along(0), compute.Memory(1000)); !errors.Is(err, h5err.ErrLimit) {
		t.Errorf("beyond the memory: %v", err)
	}
}

func TestProgressReachesTheTotal(t *testing.T) {
	f := open(t, hdf5.WithWorkers(8))
	for _, name := range []string{"wild", "wild2", "contiguous/i4"} {
		d := dataset(t, f, name)
		n, _ := d.Space().Count()
		for what, run := range map[string]func(o compute.Option) error{
			"stats":  func(o compute.Option) error { _, err := compute.Stats(ctx, d, o); return err },
			"along":  func(o compute.Option) error { _, err := compute.StatsAlong(ctx, d, compute.Along(0), o); return err },
			"argmin": func(o compute.Option) error { _, err := compute.ArgMinMax(ctx, d, o); return err },
		} {
			last, inside := uint64(0), atomic.Int32{}
			err := run(compute.Progress(func(done, total uint64) {
				if inside.Add(1) != 1 || done <= last || total != n {
					t.Errorf("%s of %s: %d of %d after %d", what, name, done, total, last)
				}
				last = done
				inside.Add(-1)
			}))
			if err != nil || last != n {
				t.Errorf("%s of %s: ended at %d of %d, %v", what, name, last, n, err)
			}
		}
	}
}

func TestCancelEndsWork(t *testing.T) {
	f := open(t)
	d := dataset(t, f, "wild")
	for what, run := range map[string]func(ctx context.Context, o compute.Option) error{
		"stats":  func(ctx context.Context, o compute.Option) error { _, err := compute.Stats(ctx, d, o); return err },
		"argmin": func(ctx context.Context, o compute.Option) error { _, err := compute.ArgMinMax(ctx, d, o); return err },
	} {
		ctx, cancel := context.WithCancel(ctx)
		if err := run(ctx, compute.Progress(func(uint64, uint64) { cancel() })); what == "stats" && !errors.Is(err, context.Canceled) {
			t.Errorf("%s cancelled at its first block: %v", what, err)
		}
		if err := run(ctx, compute.Workers(2)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v", what, err)
		}
	}
}

func TestClosedFileIsRefused(t *testing.T) {
	f, err := hdf5.Open("testdata/values.h5")
	if err != nil {
		t.Fatal(err)
	}
	d := dataset(t, f, "wild")
	f.Close()
	if _, err := compute.Stats(ctx, d); !errors.Is(err, h5err.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestBlocksAllocateNothing(t *testing.T) {
	if b, ok := debug.ReadBuildInfo(); ok && slices.Contains(b.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("the race detector makes sync.Pool forget")
	}
	f := open(t)
	d := dataset(t, f, "wild") // 215 chunks
	allocs := testing.AllocsPerRun(20, func() {
		if _, err := compute.Stats(ctx, d, compute.Workers(1)); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 215/2 {
		t.Errorf("%v allocations for 215 blocks", allocs)
	}
}
