package hdf5_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"gables/hdf5"
	"gables/hdf5/datatype"
	"gables/internal/testkit"
)

// expected is what h5py reads of one object; see testdata/traps/make.py. Names
// have one rune for each byte. A long map is its length and digest under "".
type expected struct {
	Kind       string
	References int
	Links      map[string]string
	Attributes map[string]expectedValue
	Shape      []uint64
	Value      expectedValue
}

type expectedValue struct {
	Hex   *string
	Text  []string
	Lists [][]int64
	Refs  []bool
	Error bool // h5py could not read it
}

// inflate gives the content of a gzipped file of testdata/traps.
func inflate(t testing.TB, name string) []byte {
	t.Helper()
	return testkit.Gunzip(t, "testdata/traps/"+name)
}

// trapImage gives the bytes of a file of testdata/traps; the caller may change them.
func trapImage(t testing.TB, name string) []byte {
	t.Helper()
	return inflate(t, name+".h5.gz")
}

// openTrap opens a file of testdata/traps.
func openTrap(t testing.TB, name string, opts ...hdf5.Option) *hdf5.File {
	t.Helper()
	return openImage(t, trapImage(t, name), opts...)
}

func openImage(t testing.TB, image []byte, opts ...hdf5.Option) *hdf5.File {
	t.Helper()
	f, err := hdf5.OpenBytes(image, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

var manifest = sync.OnceValues(func() (map[string]map[string]expected, error) {
	f, err := os.Open("testdata/traps/expect.json.gz")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	m := map[string]map[string]expected{}
	return m, json.NewDecoder(z).Decode(&m)
})

// runes gives a name as the manifest has it.
func runes(name string) string {
	var b strings.Builder
	for i := range len(name) {
		b.WriteRune(rune(name[i]))
	}
	return b.String()
}

// digest is the manifest's form of bytes.
func digest(b []byte) string {
	if len(b) <= 96 {
		return hex.EncodeToString(b)
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(b))
}

// folded is the form of a long map: "number digest of its lines".
func folded(m map[string]string) string {
	var lines []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		lines = append(lines, k+" "+m[k])
	}
	b := []byte{}
	for _, r := range strings.Join(lines, "\n") {
		b = append(b, byte(r))
	}
	return fmt.Sprintf("%d %x", len(m), sha256.Sum256(b))
}

func TestTrapFilesReadAsLibhdf5ReadsThem(t *testing.T) {
	m, err := manifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(m) < 25 {
		t.Fatalf("%d files", len(m))
	}
	for name, objects := range m {
		t.Run(name, func(t *testing.T) { compareFile(t, openTrap(t, name), objects) })
	}
}

func compareFile(t *testing.T, f *hdf5.File, want map[string]expected) {
	t.Helper()
	if len(want) < 1 || len(f.Warnings()) > 0 {
		t.Fatalf("%d objects expected, warnings %v", len(want), f.Warnings())
	}
	paths := map[uint64]string{}
	var list []hdf5.Object
	for o, err := range f.Walk(context.Background()) {
		if err != nil {
			t.Error(err)
			continue
		}
		paths[o.Address()] = runes(o.Path())
		list = append(list, o)
	}
	if len(list) != len(want) {
		t.Errorf("%d objects, want %d", len(list), len(want))
	}
	for _, o := range list {
		w, ok := want[runes(o.Path())]
		if !ok {
			t.Errorf("%.80q is not expected", o.Path())
			continue
		}
		compareObject(t, o, w, paths)
	}
}

func compareObject(t *testing.T, o hdf5.Object, w expected, paths map[uint64]string) {
	t.Helper()
	if k := hdf5.KindOf(o); k != w.Kind || o.References() != w.References {
		t.Errorf("%.80q: %s with %d references, want %s with %d", o.Path(), k, o.References(), w.Kind, w.References)
	}
	compareAttributes(t, o, w.Attributes)
	switch x := o.(type) {
	case *hdf5.Group:
		compareLinks(t, x, w.Links, paths)
	case *hdf5.Dataset:
		if !slices.Equal(x.Shape(), w.Shape) {
			t.Errorf("%s: shape %v, want %v", o.Path(), x.Shape(), w.Shape)
		}
		compareDataset(t, x, w.Value)
	}
}

func compareAttributes(t *testing.T, o hdf5.Object, want map[string]expectedValue) {
	t.Helper()
	got := map[string]string{}
	for a, err := range o.Attributes() {
		if err != nil {
			t.Errorf("%s: %v", o.Path(), err)
			continue
		}
		got[runes(a.Name())] = digest(a.Bytes())
		// The name index must lead to the same attribute.
		again, err := o.Attribute(a.Name())
		if err != nil || !bytes.Equal(again.Bytes(), a.Bytes()) {
			t.Errorf("%s: attribute %.80q by name: %v", o.Path(), a.Name(), err)
		}
		if w, ok := want[runes(a.Name())]; ok {
			compareValue(t, o.Path()+" "+a.Name(), w, a.Bytes(), a.Any)
		}
	}
	if w, ok := want[""]; ok {
		if s := folded(got); s != *w.Hex {
			t.Errorf("%s: attributes %s, want %s", o.Path(), s, *w.Hex)
		}
	} else if len(got) != len(want) {
		t.Errorf("%s: %d attributes, want %d", o.Path(), len(got), len(want))
	}
}

func compareLinks(t *testing.T, g *hdf5.Group, want map[string]string, paths map[uint64]string) {
	t.Helper()
	got := map[string]string{}
	for l, err := range g.Links(context.Background(), hdf5.AsStored) {
		if err != nil {
			t.Fatalf("%s: %v", g.Path(), err)
		}
		switch l.Kind {
		case hdf5.SoftLink:
			got[runes(l.Name)] = "soft " + runes(l.Target)
		case hdf5.HardLink:
			got[runes(l.Name)] = "hard " + paths[l.Address]
		}
		again, err := g.Link(l.Name)
		if err != nil || again.Target != l.Target || again.Address != l.Address {
			t.Errorf("%s: link %.80q by name: %v", g.Path(), l.Name, err)
		}
	}
	if w, ok := want[""]; ok {
		if s := folded(got); s != w {
			t.Errorf("%s: links %s, want %s", g.Path(), s, w)
		}
	} else if !maps.Equal(got, want) {
		t.Errorf("%s: links\n got %.900q\nwant %.900q", g.Path(), got, want)
	}
}

func compareDataset(t *testing.T, d *hdf5.Dataset, want expectedValue) {
	t.Helper()
	n, err := d.Space().Count()
	if err != nil {
		t.Fatal(err)
	}
	raw := make([]byte, n*uint64(d.Type().Size))
	_, err = d.ReadRaw(context.Background(), raw)
	// Unallocated data without a fill value is an error of libhdf5's, zeros here.
	if want.Error && err == nil {
		compareUnwritten(t, d, raw)
		return
	}
	if want.Error != (err != nil) {
		t.Errorf("%s: %v, libhdf5 failed: %v", d.Path(), err, want.Error)
	}
	if err == nil {
		compareValue(t, d.Path(), want, raw, func() ([]any, error) { return d.ReadAny(context.Background()) })
	}
}

func compareUnwritten(t *testing.T, d *hdf5.Dataset, raw []byte) {
	t.Helper()
	l, err := d.Layout()
	if err != nil || l.Allocated || d.FillValue().Defined != "undefined" || !bytes.Equal(raw, make([]byte, len(raw))) {
		t.Errorf("%s: libhdf5 can't read it, got % x", d.Path(), raw)
	}
}

func compareValue(t *testing.T, what string, want expectedValue, raw []byte, values func() ([]any, error)) {
	t.Helper()
	if want.Hex != nil {
		if s := digest(raw); s != *want.Hex {
			t.Errorf("%.80s: got %s, want %s", what, s, *want.Hex)
		}
		return
	}
	list, err := values()
	if err != nil {
		t.Errorf("%.80s: %v", what, err)
		return
	}
	var got, wanted []any
	for _, v := range list {
		if r, ok := v.(datatype.Ref); ok {
			v = !r.Null()
		}
		got = append(got, v)
	}
	for _, v := range want.Text {
		wanted = append(wanted, v)
	}
	for _, v := range want.Lists {
		wanted = append(wanted, v)
	}
	for _, v := range want.Refs {
		wanted = append(wanted, v)
	}
	if len(wanted) == 0 {
		t.Fatalf("%.80s: nothing to compare with", what)
	}
	if g, w := fmt.Sprintf("%v", got), fmt.Sprintf("%v", wanted); g != w {
		t.Errorf("%.80s: got %s, want %s", what, g, w)
	}
}

// readAll reads everything in a file and gives all errors.
func readAll(f *hdf5.File) []error {
	var errs []error
	ctx := context.Background()
	for o, err := range f.Walk(ctx) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for a, err := range o.Attributes() {
			if err == nil {
				_, err = a.Any()
			}
			if err == nil {
				_, err = o.Attribute(a.Name())
			}
			if err != nil {
				errs = append(errs, err)
			}
		}
		switch x := o.(type) {
		case *hdf5.Group:
			for l, err := range x.Links(ctx, hdf5.AsStored) {
				if err == nil {
					_, err = x.Link(l.Name)
				}
				if err != nil {
					errs = append(errs, err)
				}
			}
		case *hdf5.Dataset:
			if err := readDataset(x); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errs
}

// readDataset reads a dataset unless it is large, and walks its chunk index.
func readDataset(d *hdf5.Dataset) error {
	if _, err := d.StorageSize(context.Background()); err != nil {
		return err
	}
	if n, err := d.Space().Count(); err != nil || n > 1<<16 {
		return err
	}
	_, err := d.ReadAny(context.Background())
	return err
}
