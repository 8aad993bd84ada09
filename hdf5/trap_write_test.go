package hdf5_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"gables/hdf5"
	"gables/hdf5/driver"
	"gables/internal/format"
	"gables/internal/metacache"
	"gables/internal/object"
	"gables/internal/wire"
)

// made gives the image of a new file that change has filled, after a check that
// every byte of it is accounted for.
func made(t *testing.T, change func(f *hdf5.File), opts ...hdf5.Option) []byte {
	t.Helper()
	f, err := hdf5.CreateMemory(opts...)
	fatal(t, err)
	return finished(t, f, 0, change)
}

// changed is made for a file that exists. Bytes that nothing leads to stay as
// they are: a file need not say what is free in it.
func changed(t *testing.T, image []byte, change func(f *hdf5.File), opts ...hdf5.Option) []byte {
	t.Helper()
	f, err := hdf5.OpenImage(image, opts...)
	fatal(t, err)
	return finished(t, f, undamaged(t, f).Unaccounted, change)
}

func finished(t *testing.T, f *hdf5.File, lost uint64, change func(f *hdf5.File)) []byte {
	t.Helper()
	change(f)
	image, err := f.Image(context.Background())
	fatal(t, err)
	if r := undamaged(t, f); r.Unaccounted != lost || r.Live+r.Free+lost != r.Size {
		t.Errorf("%d live, %d free and %d lost bytes of %d; %d were lost before", r.Live, r.Free, r.Unaccounted, r.Size, lost)
	}
	fatal(t, f.Close())
	undamaged(t, openImage(t, image))
	if sb := openImage(t, image).Superblock(); sb.BaseAddress+sb.EndOfFile != uint64(len(image)) {
		t.Errorf("the superblock puts the end of file at %d, the file has %d bytes", sb.BaseAddress+sb.EndOfFile, len(image))
	}
	return image
}

// undamaged checks every structure of a file.
func undamaged(t *testing.T, f *hdf5.File) *hdf5.Report {
	t.Helper()
	r, err := hdf5.Check(context.Background(), f, hdf5.CheckOptions{})
	fatal(t, err)
	if r.Damaged() {
		for _, x := range r.Findings[:min(len(r.Findings), 5)] {
			t.Errorf("%s: %s: %v", f.Name(), x.Severity, x.Err)
		}
		t.FailNow()
	}
	return r
}

// everywhere runs a test for each style of file.
func everywhere(t *testing.T, test func(t *testing.T, low hdf5.Libver)) {
	t.Helper()
	for _, low := range bounds {
		t.Run(low.String(), func(t *testing.T) { test(t, low) })
	}
}

// rawHeader gives the object header at a path as it is stored.
func rawHeader(t *testing.T, image []byte, path string) *object.Header {
	t.Helper()
	f := openImage(t, image)
	o, err := f.Object(path)
	fatal(t, err)
	sb := f.Superblock()
	sizes := wire.Sizes{Offset: sb.OffsetSize, Length: sb.LengthSize}
	g := object.Graph{Cache: metacache.New(driver.Based(driver.NewBuffer(image), sb.BaseAddress), sizes, wire.DefaultLimits())}
	h, err := g.Open(wire.Address(o.Address()))
	fatal(t, err)
	return h
}

// has tells whether a header has a message of a type.
func has(h *object.Header, kind format.MessageType) bool {
	return slices.ContainsFunc(h.Messages, func(m format.Message) bool { return m.Type == kind })
}

// numbered is n numbers that are all different.
func numbered[T int32 | int64 | float64](n int) []T {
	v := make([]T, n)
	for i := range v {
		v[i] = T(i + 1)
	}
	return v
}

// equal compares all elements of a dataset.
func equal[T comparable](t *testing.T, d *hdf5.Dataset, want []T) {
	t.Helper()
	got, err := hdf5.Read[T](context.Background(), d)
	fatal(t, err)
	if len(got) != len(want) {
		t.Fatalf("%s has %d elements, want %d", d.Path(), len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: element %d is %v, want %v", d.Path(), i, got[i], want[i])
		}
	}
}

// created gives what a call made, or ends the test.
func created[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		fatal(t, err)
		return v
	}
}

// names of the links of a group.
func linkNames(t *testing.T, g *hdf5.Group, order hdf5.LinkOrder) []string {
	t.Helper()
	var list []string
	for l, err := range g.Links(context.Background(), order) {
		fatal(t, err)
		list = append(list, l.Name)
	}
	return list
}

// attributeNames are in the order of creation where that is tracked.
func attributeNames(t *testing.T, o hdf5.Object) []string {
	t.Helper()
	var list []string
	for a, err := range o.Attributes() {
		fatal(t, err)
		list = append(list, a.Name())
	}
	return list
}

func group(t *testing.T, f *hdf5.File, path string, o hdf5.GroupOptions) *hdf5.Group {
	t.Helper()
	return created[*hdf5.Group](t)(f.CreateGroup(path, o))
}

// name of link or attribute i, in an order that is not that of the numbers.
func shuffledName(i int) string { return fmt.Sprintf("n%03d", i*61%1009) }
