package hdf5_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gables/hdf5"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// Nine attributes or links move to dense storage: both sides of each threshold
// are in these files, as are groups that came back from it. The values are
// compared in TestTrapFilesReadAsLibhdf5ReadsThem.
func TestThresholdsOfStorageAreCrossedBothWays(t *testing.T) {
	for path, want := range map[string]string{
		"/n000": "compact", "/n001": "compact", "/n008": "compact", "/n009": "dense", "/n256": "dense", "/n257": "dense", "/n300": "dense", "/fewer": "dense",
	} {
		for name, storage := range map[string]string{"groups_new": want, "groups_old": "symbol_table"} {
			g, err := openTrap(t, name).Group(path)
			if err != nil {
				t.Fatal(err)
			}
			if s, err := g.Storage(); s != storage || err != nil {
				t.Errorf("%s of %s: %s, %v", path, name, s, err)
			}
		}
	}
	for path, dense := range map[string]bool{"/n000": false, "/n001": false, "/n008": false, "/n009": true, "/n100": true, "/fewer": false, "/again": true} {
		for _, name := range []string{"attrs_new", "attrs_order"} {
			o, err := openTrap(t, name).Object(path)
			if err != nil {
				t.Fatal(err)
			}
			if h := o.Header(); h.DenseAttributes != dense || h.Version != 2 {
				t.Errorf("%s of %s: %+v", path, name, h)
			}
		}
		o, err := openTrap(t, "attrs_old").Object(path)
		if err != nil {
			t.Fatal(err)
		}
		if h := o.Header(); h.DenseAttributes || h.Version != 1 || (path == "/n100" && h.Blocks < 2) {
			t.Errorf("%s of attrs_old: %+v", path, h)
		}
	}
}

func TestTheOrderOfCreationIsKept(t *testing.T) {
	for name, n := range map[string]int{"order_compact": 5, "order_dense": 60} {
		for _, path := range []string{"/tracked", "/indexed"} {
			g, err := openTrap(t, name).Group(path)
			if err != nil {
				t.Fatal(err)
			}
			if tracks, err := g.TracksOrder(); !tracks || err != nil {
				t.Errorf("%s%s: %v, %v", name, path, tracks, err)
			}
			var want, got []string
			for i := range n {
				if k := i * 41 % 61; k != 41 {
					want = append(want, fmt.Sprintf("k%02d %d", k, i))
				}
			}
			want = append(want, "k41 again")
			last := int64(-1)
			for l, err := range g.Links(context.Background(), hdf5.ByCreation) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, l.Name+" "+l.Target)
				if !l.HasOrder || l.Order <= last {
					t.Errorf("%s%s: %q has order %d after %d", name, path, l.Name, l.Order, last)
				}
				last = l.Order
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s%s:\n got %v\nwant %v", name, path, got, want)
			}
		}
		if root, err := openTrap(t, name).Root(); err != nil {
			t.Fatal(err)
		} else {
			for _, err := range root.Links(context.Background(), hdf5.ByCreation) {
				if !errors.Is(err, h5err.ErrUnsupported) {
					t.Errorf("%s: the root tracks no order: %v", name, err)
				}
			}
		}
	}
}

func TestAttributesComeInTheOrderOfCreation(t *testing.T) {
	f := openTrap(t, "attrs_order")
	for _, n := range []int{8, 9, 100} {
		o, err := f.Object(fmt.Sprintf("/n%03d", n))
		if err != nil {
			t.Fatal(err)
		}
		i := 0
		for a, err := range o.Attributes() {
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("a%03d", i*61%101); a.Name() != want {
				t.Fatalf("attribute %d of %d is %s, want %s", i, n, a.Name(), want)
			}
			if order, ok := a.Order(); !ok || order != i {
				t.Errorf("%s has order %d, %v", a.Name(), order, ok)
			}
			i++
		}
		if i != n {
			t.Errorf("%d attributes, want %d", i, n)
		}
	}
	// Tracked but not indexed, and dense from the first on.
	o, err := openTrap(t, "attrs_phase").Object("/dense from the first")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for a, err := range o.Attributes() {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, a.Name())
	}
	if !o.Header().DenseAttributes || fmt.Sprint(names) != "[a4 a2 a3]" {
		t.Errorf("%v, %+v", names, o.Header())
	}
}

// Huge objects of heaps: attributes beyond 4 KiB, and beyond the 65,535 bytes
// of a message.
func TestAttributesOfAnySizeAreWhole(t *testing.T) {
	o, err := openTrap(t, "attrs_sizes").Object("/g")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 4000, 4096, 4200, 65000, 65536, 200000} {
		a, err := o.Attribute(fmt.Sprintf("n%d", n))
		if err != nil {
			t.Error(err)
			continue
		}
		b := a.Bytes()
		if len(b) != n || b[n-1] != byte(n-1) || b[n/2] != byte(n/2) {
			t.Errorf("%d of %d bytes", len(b), n)
		}
	}
}

func TestNullEmptyAndScalarSpacesDiffer(t *testing.T) {
	o, err := openTrap(t, "attrs_kinds").Object("/g")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"null": "null 0", "none": "(0, 3) 0", "scalar": "scalar 1", "cube": "(2, 3, 4) 24"} {
		a, err := o.Attribute(name)
		if err != nil {
			t.Fatal(err)
		}
		list, err := a.Any()
		if got := fmt.Sprint(a.Space(), " ", len(list)); got != want || err != nil {
			t.Errorf("%s: %s, %v; want %s", name, got, err, want)
		}
	}
	for _, name := range []string{"fill_latest", "fill_earliest"} {
		f := openTrap(t, name)
		for path, want := range map[string]string{"/null": "null 0", "/none": "(0/unlimited, 4) 0", "/scalar": "scalar 1", "/compact scalar": "scalar 1"} {
			d := dataset(t, f, path)
			list, err := d.ReadAny(context.Background())
			if got := fmt.Sprint(d.Space(), " ", len(list)); got != want || err != nil {
				t.Errorf("%s of %s: %s, %v; want %s", path, name, got, err, want)
			}
		}
	}
}

// Cycles of hard links are legal: a walk ends, and paths through them lead on.
func TestCyclesOfHardLinksAreWalkedOnce(t *testing.T) {
	for _, name := range []string{"graph_latest", "graph_earliest"} {
		f := openTrap(t, name)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		seen := map[uint64]string{}
		for o, err := range f.Walk(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			if before, twice := seen[o.Address()]; twice {
				t.Errorf("%s: %s was met before as %s", name, o.Path(), before)
			}
			seen[o.Address()] = o.Path()
		}
		d := dataset(t, f, "/a/b/self/self/up/b/self/c")
		self, err := f.Group("/a/b/self")
		if err != nil {
			t.Fatal(err)
		}
		if again, err := self.Dataset("root/a/b/c"); err != nil || again.Address() != d.Address() {
			t.Errorf("%s: through the link back to the root: %v", name, err)
		}
		if got, err := hdf5.Read[int64](ctx, d); err != nil || len(got) != 3 || d.References() != 6 {
			t.Errorf("%s: %v, %d references, %v", name, got, d.References(), err)
		}
		if o, err := f.Object("/a"); err != nil || o.References() != 2 || o.Comment() != "a comment" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCommittedTypesAreSharedByDatasetsAndAttributes(t *testing.T) {
	for _, name := range []string{"graph_latest", "graph_earliest", "sohm_list", "sohm_old"} {
		f := openTrap(t, name)
		path := "/type"
		if strings.HasPrefix(name, "sohm") {
			path = "/committed"
		}
		o, err := f.Object(path)
		if err != nil {
			t.Fatal(err)
		}
		d := dataset(t, f, "/typed")
		if d.Type().Committed != o.Address() || hdf5.KindOf(o) != "datatype" {
			t.Errorf("%s: the type is at 0x%x, the dataset's at 0x%x", name, o.Address(), d.Type().Committed)
		}
		for a, err := range d.Attributes() {
			if err != nil || a.Type().Size != d.Type().Size {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestSoftLinksOfOldGroupsAreLinks(t *testing.T) {
	f := openTrap(t, "groups_old")
	g, err := f.Group("/fewer")
	if err != nil {
		t.Fatal(err)
	}
	l, err := g.Link("soft")
	if err != nil || l.Kind != hdf5.SoftLink || l.Target != "a/../path that is not there" {
		t.Errorf("%+v, %v", l, err)
	}
	if _, err := g.Object("soft"); !errors.Is(err, h5err.ErrNotFound) {
		t.Errorf("a link to nothing: %v", err)
	}
	// Every third link of this group is a hard one, the others lead to links of another.
	if o, err := f.Object("/n300/089"); !errors.Is(err, h5err.ErrNotFound) {
		t.Errorf("%v, %v", o, err)
	}
	if o, err := f.Object("/n300/000"); err != nil || hdf5.KindOf(o) != "group" {
		t.Errorf("%v, %v", o, err)
	}
}

func TestLinksInCirclesEnd(t *testing.T) {
	f := openFile(t, "testdata/links.h5")
	for path, want := range map[string]error{"/sub/loop": h5err.ErrLimit, "/sub/dangling": h5err.ErrNotFound, "/ext_self": h5err.ErrLimit,
		"/ext_absent": h5err.ErrNotFound, "/ext_outside": h5err.ErrOutside, "/ints/x": h5err.ErrNotFound} {
		if _, err := f.Object(path); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", path, err, want)
		}
	}
	if o, err := f.Object("/ext"); err != nil || o.File() == f {
		t.Errorf("an external link: %v", err)
	}
}

// All ones and zeros both refer to nothing; so does what was never written.
func TestNullReferencesReferToNothing(t *testing.T) {
	for _, name := range []string{"graph_latest", "graph_earliest"} {
		image := trapImage(t, name)
		f := openImage(t, image)
		d := dataset(t, f, "/refs")
		l, err := d.Layout()
		if err != nil || !l.Allocated {
			t.Fatalf("%+v, %v", l, err)
		}
		// Element 3 becomes all ones; 1 stays zero.
		for i := range 8 {
			image[int(l.Address)+24+i] = 0xff
		}
		list, err := hdf5.Read[datatype.Ref](context.Background(), d)
		if err != nil || len(list) != 4 {
			t.Fatalf("%d references, %v", len(list), err)
		}
		for i, want := range []string{"dataset", "", "group", ""} {
			target, err := f.Dereference(list[i])
			switch {
			case err != nil:
				t.Errorf("%s: reference %d: %v", name, i, err)
			case want == "" && target != nil:
				t.Errorf("%s: reference %d is null and leads to %+v", name, i, target)
			case want != "" && (target == nil || target.Err != nil || hdf5.KindOf(target.Object) != want):
				t.Errorf("%s: reference %d leads to %+v", name, i, target)
			}
		}
		regions, err := hdf5.Read[datatype.Ref](context.Background(), dataset(t, f, "/regions"))
		if err != nil || len(regions) != 3 || !regions[0].Null() || regions[1].Null() || !regions[2].Null() {
			t.Fatalf("%s: %v, %v", name, regions, err)
		}
		target, err := f.Dereference(regions[1])
		if err != nil || target.Err != nil || target.Region == nil || target.Region.Kind != "hyperslab" || target.Region.Rank != 1 {
			t.Errorf("%s: %+v, %v", name, target, err)
		}
	}
}

// H5T_STD_REF is a third kind of reference, to objects, regions and attributes.
func TestReferencesOfTheThirdKindAreFollowed(t *testing.T) {
	f := openTrap(t, "std_references")
	list, err := hdf5.Read[datatype.Ref](context.Background(), dataset(t, f, "/refs"))
	if err != nil || len(list) != 4 {
		t.Fatalf("%d references, %v", len(list), err)
	}
	x := dataset(t, f, "/g/x").Address()
	for i, r := range list {
		target, err := f.Dereference(r)
		if i == 0 {
			if target != nil || err != nil {
				t.Errorf("a null reference leads to %+v, %v", target, err)
			}
			continue
		}
		if err != nil || target.Err != nil || target.Object == nil || target.Object.Address() != x {
			t.Errorf("reference %d: %+v, %v", i, target, err)
			continue
		}
		if (target.Region != nil) != (i == 2) || (target.Attribute == "unit") != (i == 3) {
			t.Errorf("reference %d: %+v", i, target)
		}
		if i == 2 {
			got, err := hdf5.Read[int64](context.Background(), target.Object.(*hdf5.Dataset), target.Region.Selection)
			if fmt.Sprint(got) != "[5 6 9 10]" || err != nil {
				t.Errorf("the region holds %v, %v", got, err)
			}
		}
	}
}
