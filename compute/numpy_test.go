package compute_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gables/compute"
	"gables/hdf5"
)

var ctx = context.Background()

func open(t testing.TB, opts ...hdf5.Option) *hdf5.File {
	f, err := hdf5.Open("testdata/values.h5", opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func dataset(t testing.TB, f *hdf5.File, name string) *hdf5.Dataset {
	d, err := f.Dataset("/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// answer is what numpy gave: integers as JSON numbers, floats as text.
type answer struct {
	Shape                    []uint64
	Sum, Mean, Var, Min, Max []json.RawMessage
}

func answers(t testing.TB) map[string]map[string]json.RawMessage {
	f, err := os.Open("testdata/values.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]json.RawMessage{}
	if err := json.NewDecoder(z).Decode(&want); err != nil {
		t.Fatal(err)
	}
	return want
}

// float reads a float of the answers.
func float(t testing.TB, m json.RawMessage) float64 {
	v, err := strconv.ParseFloat(strings.Trim(string(m), `"`), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// near tells whether floats agree but for rounding on the scale of the data.
func near(got, want, scale float64) bool {
	if got == want || got != got && want != want {
		return true
	}
	return math.Abs(got-want) <= 1e-14*max(math.Abs(want), scale)
}

// sameNumber compares an extreme with numpy's, exactly.
func sameNumber(t testing.TB, got compute.Number, want json.RawMessage) bool {
	if got.IsInt() {
		return got.String() == string(want)
	}
	w := float(t, want)
	return got.Float64() == w || got.Float64() != got.Float64() && w != w
}

// check compares one result of an axis reduction.
func check(t *testing.T, what string, got compute.Summary, w answer, i int) {
	t.Helper()
	if got.Exact != nil {
		if got.Exact.String() != string(w.Sum[i]) {
			t.Errorf("%s: sum %v, numpy %s", what, got.Exact, w.Sum[i])
		}
	} else if s := float(t, w.Sum[i]); !near(got.Sum, s, 1e5) {
		t.Errorf("%s: sum %v, numpy %v", what, got.Sum, s)
	}
	if m := float(t, w.Mean[i]); !near(got.Mean, m, 100) {
		t.Errorf("%s: mean %v, numpy %v", what, got.Mean, m)
	}
	if v := float(t, w.Var[i]); !near(got.Var, v, 0) && !near(got.Var, v, v*10) {
		t.Errorf("%s: variance %v, numpy %v", what, got.Var, v)
	}
	if !near(got.Std, math.Sqrt(got.Var), 0) {
		t.Errorf("%s: std %v of variance %v", what, got.Std, got.Var)
	}
	if !sameNumber(t, got.Min, w.Min[i]) || !sameNumber(t, got.Max, w.Max[i]) {
		t.Errorf("%s: extremes %v %v, numpy %s %s", what, got.Min, got.Max, w.Min[i], w.Max[i])
	}
}

func TestReductionsAgreeWithNumpy(t *testing.T) {
	f := open(t)
	cases := 0
	for name, all := range answers(t) {
		if name == "complex" {
			continue
		}
		path, column, _ := strings.Cut(name, ":")
		path, skip := strings.CutSuffix(path, " skip")
		d := dataset(t, f, path)
		var opts []compute.Option
		if column != "" {
			opts = append(opts, compute.Column(column))
		}
		if skip {
			opts = append(opts, compute.SkipNaN())
		}
		for axes, raw := range all {
			if axes == "histogram" || strings.HasPrefix(axes, "arg") {
				continue
			}
			var w answer
			if err := json.Unmarshal(raw, &w); err != nil {
				t.Fatal(err)
			}
			cases++
			checkAxes(t, d, name, axes, w, opts)
		}
		checkRest(t, d, name, all, opts)
	}
	if cases < 60 {
		t.Errorf("%d cases", cases)
	}
}

func checkAxes(t *testing.T, d *hdf5.Dataset, name, axes string, w answer, opts []compute.Option) {
	var list compute.Axes
	for _, a := range strings.Split(axes, ",") {
		k, _ := strconv.Atoi(a)
		list = append(list, k)
	}
	got, err := compute.StatsAlong(ctx, d, list, opts...)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	means, err1 := compute.MeanAlong(ctx, d, list, opts...)
	sums, err2 := compute.SumAlong(ctx, d, list, opts...)
	ends, err3 := compute.MinMaxAlong(ctx, d, list, opts...)
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(name, err1, err2, err3)
	}
	if !slices.Equal(got.Shape, w.Shape) || len(got.Values) != len(w.Sum) || len(means.Values) != len(w.Sum) {
		t.Fatalf("%s along %s: shape %v of %d, numpy %v", name, axes, got.Shape, len(got.Values), w.Shape)
	}
	for i, v := range got.Values {
		what := fmt.Sprintf("%s along %s [%d]", name, axes, i)
		check(t, what, v, w, i)
		if !near(means.Values[i], v.Mean, 100) || !near(sums.Values[i].Value, v.Sum, 1e5) || sums.Values[i].Count != v.Count ||
			sums.Values[i].NaNs != v.NaNs || ends.Values[i][0].String() != v.Min.String() || ends.Values[i][1].String() != v.Max.String() {
			t.Errorf("%s: %v %v %v, in one pass %v", what, means.Values[i], sums.Values[i], ends.Values[i], v)
		}
	}
}

// checkRest compares histogram, positions of extremes, and the whole's numbers.
func checkRest(t *testing.T, d *hdf5.Dataset, name string, all map[string]json.RawMessage, opts []compute.Option) {
	total, err := compute.Stats(ctx, d, opts...)
	mean, err1 := compute.Mean(ctx, d, opts...)
	sum, err2 := compute.Sum(ctx, d, opts...)
	lo, hi, err3 := compute.MinMax(ctx, d, opts...)
	if err != nil || err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(name, err, err1, err2, err3)
	}
	if !near(mean, total.Mean, 100) || !near(sum.Value, total.Sum, 1e5) || lo.String() != total.Min.String() || hi.String() != total.Max.String() {
		t.Errorf("%s: %v %v %v %v, in one pass %+v", name, mean, sum, lo, hi, total)
	}
	if all["histogram"] == nil {
		return
	}
	var w struct {
		Count []uint64
		Edges []json.RawMessage
	}
	if err := json.Unmarshal(all["histogram"], &w); err != nil {
		t.Fatal(err)
	}
	h, err := compute.Histogram(ctx, d, opts...)
	if err != nil || !slices.Equal(h.Count, w.Count) {
		t.Errorf("%s: histogram %v %v, numpy %v", name, h.Count, err, w.Count)
	}
	for i := range w.Edges {
		if e := float(t, w.Edges[i]); h.Edges[i] != e {
			t.Errorf("%s: edge %d is %v, numpy %v", name, i, h.Edges[i], e)
		}
	}
	x, err := compute.ArgMinMax(ctx, d, opts...)
	if err != nil {
		t.Fatal(name, err)
	}
	if a, b := ravel(x.MinAt, d.Shape()), ravel(x.MaxAt, d.Shape()); fmt.Sprint(a, b) != string(all["argmin"])+" "+string(all["argmax"]) {
		t.Errorf("%s: extremes at %d %d, numpy %s %s", name, a, b, all["argmin"], all["argmax"])
	}
}

func ravel(at, shape []uint64) uint64 {
	n := uint64(0)
	for k := range at {
		n = n*shape[k] + at[k]
	}
	return n
}

func TestComplexSumsAgreeWithNumpy(t *testing.T) {
	f, w := open(t), answers(t)["complex"]
	for name, key := range map[string]string{"complex": "sum", "complex_nan": "nansum"} {
		var want []json.RawMessage
		if err := json.Unmarshal(w[key], &want); err != nil {
			t.Fatal(err)
		}
		s, err := compute.SumComplex(ctx, dataset(t, f, name), compute.SkipNaN())
		if err != nil || !near(real(s), float(t, want[0]), 100) || !near(imag(s), float(t, want[1]), 100) {
			t.Errorf("%s: %v %v, numpy %s", name, s, err, want)
		}
	}
	m, err := compute.MeanComplex(ctx, dataset(t, f, "table"), compute.Column("z"))
	s, _ := compute.SumComplex(ctx, dataset(t, f, "complex"))
	if err != nil || !near(real(m), real(s)/300, 1) || !near(imag(m), imag(s)/300, 1) {
		t.Errorf("mean %v %v of sum %v", m, err, s)
	}
	if s, err := compute.SumComplex(ctx, dataset(t, f, "complex_nan")); err != nil || real(s) == real(s) {
		t.Errorf("NaN parts: %v %v", s, err)
	}
}
