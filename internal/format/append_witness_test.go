package format

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// asked is what testdata/append/make.py asked libhdf5 for.
type asked struct {
	Kind                        string
	Rank                        int
	Start, Stride, Count, Block []uint64
	Points                      [][]uint64
	Blocks                      [][2][]uint64
	Address                     wire.Address
	Object, Attribute           string
	Region                      *asked
	Filtered                    bool
	Mappings                    []struct {
		File, Dataset   string
		Virtual, Source [4][]int64
	}
}

// selection makes the selection that was asked for.
func (a *asked) selection() *Selection {
	s := &Selection{Kind: SelectionHyperslab, Rank: a.Rank}
	switch a.Kind {
	case "all", "none":
		return &Selection{Kind: map[string]SelectionKind{"all": SelectionAll, "none": SelectionNone}[a.Kind]}
	case "points":
		s.Kind = SelectionPoints
		for _, p := range a.Points {
			s.Coords = append(s.Coords, p...)
		}
	case "regular":
		s.Start, s.Stride, s.Count, s.Block = a.Start, a.Stride, a.Count, a.Block
	case "blocks":
		for _, b := range a.Blocks {
			s.Blocks = append(s.Blocks, dataspace.Block{Start: b[0], End: b[1]})
		}
	}
	return s
}

// unsigned makes -1 unlimited.
func unsigned(p [4][]int64) *Selection {
	var out [4][]uint64
	for i, list := range p {
		for _, v := range list {
			out[i] = append(out[i], uint64(v))
		}
	}
	return &Selection{Kind: SelectionHyperslab, Rank: len(p[0]), Start: out[0], Stride: out[1], Count: out[2], Block: out[3]}
}

var boundNames = map[string]Bound{"earliest": BoundEarliest, "v108": BoundV18, "v110": BoundV110, "v112": BoundV112,
	"v114": BoundV114, "v200": BoundV200}

// appendWitness is one record of libhdf5.
type appendWitness struct {
	kind  string
	bound Bound
	b     []byte
	say   string
	asked asked
}

// appendWitnesses reads testdata/append/records.txt, or the bigger file that
// APPEND names.
func appendWitnesses(t testing.TB) (list []appendWitness) {
	t.Helper()
	name := "testdata/append/records.txt"
	if s := os.Getenv("APPEND"); s != "" {
		name = s
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		w := appendWitness{kind: f[0], b: unhex(t, f[2])}
		var ok bool
		if w.bound, ok = boundNames[f[1]]; !ok {
			t.Fatalf("bound %q", f[1])
		}
		if w.kind == "datatype" {
			err = json.Unmarshal([]byte(f[3]), &w.say)
		} else {
			w.say, err = f[3], json.Unmarshal([]byte(f[3]), &w.asked)
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, w)
	}
	return list
}

// TestRecordsAreThoseOfLibhdf5 makes each record from what was asked for, and
// again from what its bytes decode to.
func TestRecordsAreThoseOfLibhdf5(t *testing.T) {
	makers := map[string]func(*testing.T, *appendWitness) []byte{
		"datatype": witnessDatatype, "region": witnessRegion, "layout": witnessLayout,
		"virtual": witnessVirtual, "reference": witnessReference,
	}
	count, bad := map[string]int{}, 0
	for _, w := range appendWitnesses(t) {
		count[w.kind]++
		got := makers[w.kind](t, &w)
		// Version 1 headers pad messages; the heap objects of references have
		// room for the longest form of their selection.
		rest, same := bytes.CutPrefix(w.b, got)
		if !same || len(rest) > 7 && w.kind != "reference" || len(bytes.Trim(rest, "\x00")) > 0 || len(got) == 0 {
			t.Errorf("%s for bound %d, %s:\n got %x\nwant %x", w.kind, w.bound, w.say, got, w.b)
			if bad++; bad > 10 {
				t.FailNow()
			}
		}
	}
	for kind := range makers {
		if count[kind] < 10 {
			t.Errorf("%d records of kind %s", count[kind], kind)
		}
	}
	t.Log(count)
}

func witnessDatatype(t *testing.T, w *appendWitness) []byte {
	dt, r, err := decodeType(w.b)
	if err != nil || dt.String() != w.say {
		t.Errorf("%s: %v, %v", w.say, dt, err)
		return nil
	}
	again, err := AppendDatatype(nil, dt, typeSizes)
	if err != nil || !bytes.Equal(again, w.b[:r.Pos()]) {
		t.Errorf("%s again:\n got %x, %v\nwant %x", w.say, again, err, w.b)
	}
	forget(dt)
	fit, err := FitDatatype(dt, w.bound, typeSizes)
	if err != nil {
		t.Errorf("%s: %v", w.say, err)
		return nil
	}
	if v, err := DatatypeVersion(dt, w.bound); err != nil || v != w.b[0]>>4 {
		t.Errorf("%s: version %d, %v", w.say, v, err)
	}
	got, err := AppendDatatype(nil, fit, typeSizes)
	if err != nil {
		t.Errorf("%s: %v", w.say, err)
	}
	return got
}

// forget clears what FitDatatype must find out.
func forget(t *datatype.Datatype) {
	t.Version, t.RefVersion = 0, 0
	for _, m := range t.Members {
		forget(m.Type)
	}
	if t.Base != nil {
		forget(t.Base)
	}
}

func witnessRegion(t *testing.T, w *appendWitness) []byte {
	addr, sel, err := DecodeRegion(w.b, typeSizes)
	if err != nil || addr != w.asked.Address {
		t.Errorf("%s: 0x%x, %v", w.say, addr, err)
		return nil
	}
	// What was a list of blocks is written as one, which newer forms aren't.
	if again, err := AppendRegion(nil, addr, sel, w.bound, typeSizes); err != nil || w.bound < BoundV110 && !bytes.Equal(again, w.b) {
		t.Errorf("%s again:\n got %x, %v\nwant %x", w.say, again, err, w.b)
	}
	got, err := AppendRegion(nil, w.asked.Address, w.asked.selection(), w.bound, typeSizes)
	if err != nil {
		t.Errorf("%s: %v", w.say, err)
	}
	return got
}

func witnessLayout(t *testing.T, w *appendWitness) []byte {
	l, err := DecodeLayout(w.b, typeSizes)
	if err != nil {
		t.Error(err)
		return nil
	}
	if v := LayoutVersion(l.Class, w.asked.Filtered, w.bound); v != l.Version {
		t.Errorf("%v for bound %d: version %d, want %d", l.Class, w.bound, v, l.Version)
	}
	got, err := AppendLayout(nil, l, typeSizes)
	if err != nil {
		t.Error(err)
	}
	return got
}

func witnessVirtual(t *testing.T, w *appendWitness) []byte {
	var list []VirtualMapping
	for _, m := range w.asked.Mappings {
		list = append(list, VirtualMapping{File: m.File, Dataset: m.Dataset, Source: unsigned(m.Source), Virtual: unsigned(m.Virtual)})
	}
	decoded, err := DecodeVirtual(w.b, typeSizes)
	if err != nil {
		t.Errorf("%s: %v", w.say, err)
		return nil
	}
	if _, err := AppendVirtual(nil, decoded, w.bound, typeSizes); err != nil {
		t.Errorf("%s again: %v", w.say, err)
	}
	got, err := AppendVirtual(nil, list, w.bound, typeSizes)
	if err != nil {
		t.Errorf("%s: %v", w.say, err)
	}
	return got
}

func witnessReference(t *testing.T, w *appendWitness) []byte {
	element, object := w.b[:StdReferenceSize(typeSizes)], w.b[StdReferenceSize(typeSizes):]
	r, n, id, err := DecodeStdReference(element, typeSizes)
	if err == nil && r.InHeap() {
		err = r.DecodeObject(object, typeSizes)
	}
	if err != nil || r.Object != w.asked.Address || r.Attribute != w.asked.Attribute || int(n) != len(object) {
		t.Errorf("%s: %+v, %d of %d bytes, %v", w.say, r, n, len(object), err)
		return nil
	}
	want := &StdReference{Kind: datatype.ObjectReference2, Object: w.asked.Address, Attribute: w.asked.Attribute}
	if w.asked.Attribute != "" {
		want.Kind = datatype.AttributeReference
	}
	if w.asked.Region != nil {
		want.Kind, want.Rank, want.Region = datatype.RegionReference2, w.asked.Region.Rank, w.asked.Region.selection()
	}
	got, err := AppendStdReference(nil, want, len(object), id, typeSizes)
	if err == nil && want.InHeap() {
		got, err = AppendStdReferenceObject(got, want, w.bound, typeSizes)
	}
	if err != nil {
		t.Errorf("%s: %v", w.say, err)
	}
	return got
}

func TestVirtualMappingsOfEveryWriterAreAppendedAgain(t *testing.T) {
	for name, low := range map[string]Bound{"length4.bin": BoundV200, "shared_0.bin": BoundV200, "shared_1.bin": BoundV200,
		"shared_2.bin": BoundV200, "random_latest_0.bin": BoundV200, "random_v110_2.bin": BoundV110, "random_earliest_2.bin": BoundEarliest} {
		b, s := readBlock(t, name)
		list, err := DecodeVirtual(b, s)
		if err != nil {
			t.Fatal(err)
		}
		got, err := AppendVirtual([]byte("before"), list, low, s)
		if err != nil || string(got[6:]) != string(b) {
			t.Errorf("%s:\n got %x, %v\nwant %x", name, got, err, b)
		}
	}
}

func TestLayoutsAreAppendedAgain(t *testing.T) {
	for _, s := range unlike {
		for name, c := range layouts(s) {
			b, err := AppendLayout([]byte("before"), &c.want, s)
			if c.want.Version < 3 && c.want.Class != LayoutChunked {
				wants(t, name, err, h5err.ErrUnsupported)
				continue
			}
			if name == "4 wide" {
				continue // than it needs to be
			}
			if err != nil || string(b[6:]) != string(c.b.b) {
				t.Errorf("%v, %s:\n got %x, %v\nwant %x", s, name, b[6:], err, c.b.b)
			}
		}
	}
}

func TestSelectionsWithoutASelectionAreEqual(t *testing.T) {
	// What is decoded from what is appended says the same, whatever the bound.
	for _, w := range appendWitnesses(t) {
		if w.kind != "region" {
			continue
		}
		for low := range BoundLatest + 1 {
			b, err := AppendSelection(nil, w.asked.selection(), low)
			if err != nil {
				t.Fatal(err)
			}
			r := wire.NewReader(b, typeSizes)
			got, err := DecodeSelection(r)
			if err != nil || r.Len() != 0 {
				t.Fatalf("%s: %v, %d bytes left", w.say, err, r.Len())
			}
			_, want, _ := DecodeRegion(w.b, typeSizes)
			if !sameElements(t, got, want) {
				t.Errorf("%s for bound %d: %+v, want %+v", w.say, low, got, want)
			}
		}
	}
}

// sameElements compares two selections by what they select of a large space.
func sameElements(t *testing.T, a, b *Selection) bool {
	if a.Kind != b.Kind || a.Rank != b.Rank {
		return false
	}
	dims := make([]uint64, max(a.Rank, 1))
	for i := range dims {
		dims[i] = 1 << 20
	}
	x, errX := a.Selection.Bind(dims)
	y, errY := b.Selection.Bind(dims)
	if errX != nil || errY != nil {
		return (errX == nil) == (errY == nil)
	}
	if x.Count() != y.Count() || x.Count() > 1<<20 || a.Kind != SelectionHyperslab {
		return x.Count() == y.Count() && reflect.DeepEqual(a.Coords, b.Coords)
	}
	var runs [2][]uint64
	for i, v := range []*dataspace.Bound{x, y} {
		v.Runs(make([]uint64, len(dims)), dims, func(r dataspace.Run) bool {
			for k := range r.N {
				runs[i] = append(runs[i], uint64(int64(r.Box)+int64(k)*r.Step))
			}
			return true
		})
	}
	return reflect.DeepEqual(runs[0], runs[1])
}
