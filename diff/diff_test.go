package diff_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"gables/diff"
	"gables/hdf5"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
)

// made is a file in memory that fill has filled.
func made(t *testing.T, low hdf5.Libver, fill func(f *hdf5.File)) *hdf5.File {
	t.Helper()
	f, err := hdf5.CreateMemory(hdf5.WithLibver(low))
	fatal(t, err)
	fill(f)
	image, err := f.Image(t.Context())
	fatal(t, err)
	fatal(t, f.Close())
	g, err := hdf5.OpenBytes(image)
	fatal(t, err)
	t.Cleanup(func() { g.Close() })
	return g
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// compare gives the differences in short.
func compare(t *testing.T, a, b *hdf5.File, o diff.Options) ([]string, *diff.Result) {
	t.Helper()
	var list []string
	r, err := diff.Files(context.Background(), a, b, o, func(d diff.Difference) {
		list = append(list, fmt.Sprintf("%s: %s: %s", d.Path, d.Kind, d.Text))
	})
	fatal(t, err)
	return list, r
}

func floats(t *testing.T, f *hdf5.File, path string, v []float64, o hdf5.DatasetOptions) *hdf5.Dataset {
	t.Helper()
	d, err := f.CreateDataset(path, datatype.Float64(datatype.LittleEndian), []uint64{uint64(len(v))}, o)
	fatal(t, err)
	fatal(t, hdf5.Write(t.Context(), d, v))
	return d
}

var packed = hdf5.DatasetOptions{Chunk: []uint64{2}, Filters: []filter.Stage{{ID: filter.Deflate, Values: []uint32{6}}}}

func TestStorageMakesNoDifference(t *testing.T) {
	fill := func(o hdf5.DatasetOptions) func(f *hdf5.File) {
		return func(f *hdf5.File) {
			d := floats(t, f, "/x", []float64{1, math.NaN(), 0, 4}, o)
			fatal(t, hdf5.SetAttribute(d, "unit", "m"))
			_, err := f.CreateGroup("/a/b", hdf5.GroupOptions{Parents: true})
			fatal(t, err)
			fatal(t, f.CreateHardLink("/a/self", mustRoot(t, f), hdf5.LinkOptions{}))
		}
	}
	list, r := compare(t, made(t, hdf5.Earliest, fill(hdf5.DatasetOptions{})), made(t, hdf5.Latest, fill(packed)), diff.Options{})
	if len(list) > 0 || !r.Same() || r.Values != 5 {
		t.Errorf("%q, %+v", list, r)
	}
}

func mustRoot(t *testing.T, f *hdf5.File) *hdf5.Group {
	t.Helper()
	g, err := f.Root()
	fatal(t, err)
	return g
}

func TestEveryKindOfDifferenceIsTold(t *testing.T) {
	a := made(t, hdf5.Earliest, func(f *hdf5.File) {
		d := floats(t, f, "/x", []float64{1, 2, 3}, hdf5.DatasetOptions{})
		fatal(t, hdf5.SetAttribute(d, "unit", "m"))
		fatal(t, hdf5.SetAttribute(d, "gone", 1.5))
		floats(t, f, "/shape", []float64{1, 2, 3}, hdf5.DatasetOptions{})
		floats(t, f, "/kind", []float64{1}, hdf5.DatasetOptions{})
		floats(t, f, "/old", []float64{1}, hdf5.DatasetOptions{})
		fatal(t, f.CreateSoftLink("/soft", "/x", hdf5.LinkOptions{}))
		fatal(t, f.CreateSoftLink("/link", "/x", hdf5.LinkOptions{}))
	})
	b := made(t, hdf5.Earliest, func(f *hdf5.File) {
		d := floats(t, f, "/x", []float64{1, 2.5, 3}, hdf5.DatasetOptions{})
		fatal(t, hdf5.SetAttribute(d, "unit", "s"))
		floats(t, f, "/shape", []float64{1, 2}, hdf5.DatasetOptions{})
		_, err := f.CreateGroup("/kind", hdf5.GroupOptions{})
		fatal(t, err)
		floats(t, f, "/new", []float64{1}, hdf5.DatasetOptions{})
		fatal(t, f.CreateSoftLink("/soft", "/shape", hdf5.LinkOptions{}))
		floats(t, f, "/link", []float64{1}, hdf5.DatasetOptions{})
	})
	want := []string{
		"/kind: kind: dataset, group", "/link: link: soft, hard", "/new: only in the second: ", "/old: only in the first: ",
		"/shape: shape: (3), (2)", `/soft: link: "/x", "/shape"`, "/x: value: [1] 2, 2.5", "/x@gone: only in the first: ",
		`/x@unit: value: "m", "s"`}
	got, r := compare(t, a, b, diff.Options{})
	slices.Sort(got)
	if !slices.Equal(got, want) || r.Differences != uint64(len(want)) {
		t.Errorf("%d differences:\n%q, want\n%q", r.Differences, got, want)
	}
	if list, _ := compare(t, a, b, diff.Options{StructureOnly: true, NoAttributes: true}); len(list) != 6 {
		t.Errorf("structure alone: %q", list)
	}
}

func TestTolerancesHold(t *testing.T) {
	a := made(t, hdf5.Earliest, func(f *hdf5.File) { floats(t, f, "/x", []float64{100, 1e-3, math.Inf(1)}, packed) })
	b := made(t, hdf5.Earliest, func(f *hdf5.File) { floats(t, f, "/x", []float64{100.5, 2e-3, math.Inf(1)}, hdf5.DatasetOptions{}) })
	for _, c := range []struct {
		o    diff.Options
		want uint64
	}{{diff.Options{}, 2}, {diff.Options{Absolute: 0.01}, 1}, {diff.Options{Relative: 0.01}, 1}, {diff.Options{Relative: 0.01, Absolute: 0.01}, 0}} {
		if _, r := compare(t, a, b, c.o); r.Differences != c.want {
			t.Errorf("%+v: %d differences, want %d", c.o, r.Differences, c.want)
		}
	}
}

func TestManyDifferingValuesAreCounted(t *testing.T) {
	a := made(t, hdf5.Earliest, func(f *hdf5.File) { floats(t, f, "/x", make([]float64, 500), packed) })
	ones := slices.Repeat([]float64{1}, 500)
	b := made(t, hdf5.Earliest, func(f *hdf5.File) { floats(t, f, "/x", ones, hdf5.DatasetOptions{}) })
	list, r := compare(t, a, b, diff.Options{Most: 3})
	if len(list) != 4 || list[3] != "/x: more: 497 more of 500 differing values" || r.Differences != 500 {
		t.Errorf("%q, %d differences", list, r.Differences)
	}
}
