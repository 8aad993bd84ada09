package format

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

func TestWhatDecodesIsAppendedAgain(t *testing.T) {
	messages, texts := typeWitnesses(t)
	for i, m := range messages {
		dt, r, err := decodeType(m)
		if err != nil {
			t.Fatal(err)
		}
		b, err := AppendDatatype([]byte("before"), dt, typeSizes)
		if err != nil || string(b[:6]) != "before" || !bytes.Equal(b[6:], m[:r.Pos()]) {
			t.Errorf("%s:\n got %x, %v\nwant %x", texts[i], b, err, m)
		}
	}
	// Forms that no library writes today.
	for _, text := range []string{
		"1601000018000000 6100000000000000 00000000 02000000 00000000 00000000 02000000 03000000 00000000 00000000" + i4,
		"4713000012000000", "4714000012000000", "1008000004000000 0500 0300", "1006000004000000 0500 0300", "140b000004000000 0500 0300",
		"31613f0008000000 0000 4000 340b0034 ff030000", "112f3f0008000000 0000 4000 340b0034 ff030000", "13120000 05000000", "1911010010000000 13000000 01000000",
	} {
		m := unhex(t, text)
		m[1] &^= map[byte]byte{0x14: 8}[m[0]] // a bitfield has no sign
		dt, _, err := decodeType(m)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if b, err := AppendDatatype(nil, dt, typeSizes); err != nil || !bytes.Equal(b, m) {
			t.Errorf("%v:\n got %x, %v\nwant %x", dt, b, err, m)
		}
	}
}

func TestDatatypesFitTheFile(t *testing.T) {
	must := datatype.Must
	i, ref := must(datatype.Int(32, true, datatype.LittleEndian)), must(datatype.NewReference(datatype.ObjectReference))
	region, std := must(datatype.NewReference(datatype.RegionReference)), must(datatype.NewReference(datatype.AttributeReference))
	c := must(datatype.Pack([]string{"s", "i", "r", "g", "t", "e"}, []*datatype.Datatype{datatype.VLString(datatype.UTF8), i,
		must(datatype.NewArray(ref, 2)), region, std, i}))
	before := c.String()
	for _, w := range []struct{ offset, size int }{{8, 16 + 4 + 16 + 12 + 18 + 4}, {4, 12 + 4 + 8 + 8 + 14 + 4}, {2, 10 + 4 + 4 + 6 + 12 + 4}} {
		s := wire.Sizes{Offset: w.offset, Length: 8}
		fit, err := FitDatatype(c, BoundEarliest, s)
		if err != nil || fit.Size != w.size || fit.Version != 4 || !fit.Packed || fit.String() != before || c.String() != before {
			t.Fatalf("%d: %v of %d bytes, version %d, %v", w.offset, fit, fit.Size, fit.Version, err)
		}
		b, err := AppendDatatype(nil, fit, s)
		l := wire.DefaultLimits()
		if err != nil {
			t.Fatal(err)
		}
		r := wire.NewReader(b, s)
		got, err := DecodeDatatype(r, &l)
		if err != nil || r.Len() > 0 || !datatype.Equal(got, fit) || !reflect.DeepEqual(got.Members[5], fit.Members[5]) {
			t.Errorf("%d: %v, %v", w.offset, got, err)
		}
		if w.offset < 8 {
			_, err := AppendDatatype(nil, c, s)
			wants(t, "sizes of another file", err, h5err.ErrType)
		}
	}
}

func TestVersionsFollowTheParts(t *testing.T) {
	must := datatype.Must
	i := must(datatype.Int(16, true, datatype.BigEndian))
	array := must(datatype.NewArray(i, 3))
	vax := datatype.Float64(datatype.LittleEndian)
	vax.Order = datatype.VAX
	pack := func(types ...*datatype.Datatype) *datatype.Datatype {
		return must(datatype.Pack(strings.Split("abcdef", "")[:len(types)], types))
	}
	complexType := must(datatype.NewComplex(datatype.Float32(datatype.LittleEndian)))
	std := must(datatype.NewReference(datatype.ObjectReference2))
	for _, c := range []struct {
		t    *datatype.Datatype
		want [BoundLatest + 1]uint8
	}{
		{i, [...]uint8{1, 1, 1, 1, 1, 1}}, {vax, [...]uint8{3, 3, 3, 3, 3, 3}}, {array, [...]uint8{2, 3, 3, 4, 4, 5}},
		{pack(i), [...]uint8{1, 3, 3, 4, 4, 5}}, {pack(i, array), [...]uint8{2, 3, 3, 4, 4, 5}},
		{must(datatype.VL(pack(array))), [...]uint8{2, 3, 3, 4, 4, 5}}, {must(datatype.VL(i)), [...]uint8{1, 1, 1, 1, 1, 1}},
		{datatype.BoolEnum(), [...]uint8{1, 3, 3, 4, 4, 5}}, {std, [...]uint8{4, 4, 4, 4, 4, 4}}, {pack(std), [...]uint8{4, 4, 4, 4, 4, 5}},
		{complexType, [...]uint8{5, 5, 5, 5, 5, 5}}, {pack(i, complexType), [...]uint8{5, 5, 5, 5, 5, 5}},
		{datatype.VLString(datatype.UTF8), [...]uint8{1, 1, 1, 1, 1, 1}},
	} {
		for low, want := range c.want {
			if v, err := DatatypeVersion(c.t, Bound(low)); err != nil || v != want {
				t.Errorf("%v for bound %d: %d, %v, want %d", c.t, low, v, err, want)
			}
		}
	}
}

func TestDatatypesThatNoMessageHoldsAreRefused(t *testing.T) {
	i := datatype.Must(datatype.Int(32, true, datatype.LittleEndian))
	with := func(base *datatype.Datatype, change func(*datatype.Datatype)) *datatype.Datatype {
		c := *base
		change(&c)
		return &c
	}
	f := datatype.Float64(datatype.LittleEndian)
	deep := i
	for range 40 {
		deep = datatype.Must(datatype.VL(deep))
	}
	member := func(m datatype.Member) *datatype.Datatype {
		return &datatype.Datatype{Class: datatype.Compound, Version: 3, Size: 4, Members: []datatype.Member{m}}
	}
	array := datatype.Must(datatype.NewArray(i, 2))
	for what, dt := range map[string]*datatype.Datatype{
		"nil": nil, "version 0": with(i, func(t *datatype.Datatype) { t.Version = 0 }), "version 6": with(i, func(t *datatype.Datatype) { t.Version = 6 }),
		"class": with(i, func(t *datatype.Datatype) { t.Class = 12 }), "size": with(i, func(t *datatype.Datatype) { t.Size = 0 }),
		"VAX integer": with(i, func(t *datatype.Datatype) { t.Order = datatype.VAX }), "precision": with(i, func(t *datatype.Datatype) { t.Precision = 33 }),
		"offset": with(i, func(t *datatype.Datatype) { t.Size, t.BitOffset = 1<<20, 1<<16 }), "VAX in version 1": with(f, func(t *datatype.Datatype) { t.Order = datatype.VAX }),
		"bias": with(f, func(t *datatype.Datatype) { t.Bias = 1 << 32 }), "sign": with(f, func(t *datatype.Datatype) { t.SignPos = 256 }),
		"overlap": with(f, func(t *datatype.Datatype) { t.MantPos = 5 }), "norm": with(f, func(t *datatype.Datatype) { t.Norm = 3 }),
		"nested": deep, "pad": {Class: datatype.String, Version: 1, Size: 1, Pad: 3}, "tag": {Class: datatype.Opaque, Version: 1, Size: 1, Tag: strings.Repeat("x", 249)},
		"reference": {Class: datatype.Reference, Version: 4, Size: 8, RefKind: 5}, "std in version 3": {Class: datatype.Reference, Version: 3, Size: 18, RefKind: 2, RefVersion: 1},
		"no members": {Class: datatype.Compound, Version: 1, Size: 4}, "member outside": member(datatype.Member{Name: "a", Offset: 1, Type: i}),
		"member NUL": member(datatype.Member{Name: "a\x00", Type: i}), "member nil": member(datatype.Member{Name: "a"}),
		"array in version 1": with(array, func(t *datatype.Datatype) { t.Version = 1 }), "array size": with(array, func(t *datatype.Datatype) { t.Size = 9 }),
		"array dims": with(array, func(t *datatype.Datatype) { t.Dims = []int{0} }), "array rank": with(array, func(t *datatype.Datatype) { t.Dims = make([]int, 33) }),
		"enum base": {Class: datatype.Enum, Version: 1, Size: 8, Base: f}, "enum value": {Class: datatype.Enum, Version: 1, Size: 4, Base: i, Enum: []datatype.EnumMember{{Name: "a", Value: []byte{1}}}},
		"vlen size": {Class: datatype.VLen, Version: 1, Size: 12, Base: i}, "vlen base": {Class: datatype.VLen, Version: 1, Size: 16},
		"complex version": {Class: datatype.Complex, Version: 4, Size: 16, Base: f}, "complex base": {Class: datatype.Complex, Version: 5, Size: 8, Base: i},
		"string base": {Class: datatype.String, Version: 1, Size: 16, Variable: true, Base: i}, "time": {Class: datatype.Time, Version: 1, Size: 4, Precision: 33},
	} {
		b, err := AppendDatatype([]byte("before"), dt, typeSizes)
		wants(t, what, err, h5err.ErrType)
		if string(b) != "before" {
			t.Errorf("%s: %d bytes are left behind", what, len(b)-6)
		}
	}
	_, err := FitDatatype(deep, 0, typeSizes)
	wants(t, "nested", err, h5err.ErrType)
	_, err = FitDatatype(nil, 0, typeSizes)
	wants(t, "nil", err, h5err.ErrType)
}

func TestRecordsThatNoFileHoldsAreRefused(t *testing.T) {
	s := unlike[1]
	all := &Selection{Kind: SelectionAll}
	slab := func(start, stride, count, block uint64) *Selection {
		return &Selection{Kind: SelectionHyperslab, Rank: 1, Start: []uint64{start}, Stride: []uint64{stride}, Count: []uint64{count}, Block: []uint64{block}}
	}
	selection := func(sel *Selection, low Bound) func() ([]byte, error) {
		return func() ([]byte, error) { return AppendSelection([]byte("before"), sel, low) }
	}
	layout := func(change func(*Layout)) func() ([]byte, error) {
		l := Layout{Version: 4, Class: LayoutChunked, Index: IndexImplicit, ChunkDims: []uint64{3}, ElementSize: 4}
		change(&l)
		return func() ([]byte, error) { return AppendLayout([]byte("before"), &l, s) }
	}
	virtual := func(m VirtualMapping) func() ([]byte, error) {
		return func() ([]byte, error) { return AppendVirtual([]byte("before"), []VirtualMapping{m}, BoundV200, s) }
	}
	for _, c := range []struct {
		what string
		make func() ([]byte, error)
		want error
	}{
		{"no selection", selection(nil, 0), h5err.ErrUnsupported},
		{"kind", selection(&Selection{Kind: 4}, 0), h5err.ErrUnsupported},
		{"rank 0", selection(&Selection{Kind: SelectionPoints}, 0), h5err.ErrSelection},
		{"rank 33", selection(&Selection{Kind: SelectionPoints, Rank: 33}, 0), h5err.ErrSelection},
		{"half a point", selection(&Selection{Kind: SelectionPoints, Rank: 2, Coords: []uint64{1, 2, 3}}, 0), h5err.ErrSelection},
		{"half a slab", selection(&Selection{Kind: SelectionHyperslab, Rank: 2, Start: []uint64{1}}, 0), h5err.ErrSelection},
		{"empty slab", selection(slab(1, 1, 0, 1), 0), h5err.ErrSelection},
		{"slab over 64 bits", selection(slab(1<<63, 1<<40, 1<<30, 1), 0), h5err.ErrSelection},
		{"too many blocks", selection(slab(0, 2, 1<<25, 1), 0), h5err.ErrLimit},
		{"block of another rank", selection(&Selection{Kind: SelectionHyperslab, Rank: 2, Blocks: []dataspace.Block{{Start: []uint64{1}, End: []uint64{2}}}}, 0), h5err.ErrSelection},
		{"block backwards", selection(&Selection{Kind: SelectionHyperslab, Rank: 1, Blocks: []dataspace.Block{{Start: []uint64{3}, End: []uint64{2}}}}, 0), h5err.ErrSelection},
		{"layout version", layout(func(l *Layout) { l.Version = 6 }), h5err.ErrUnsupported},
		{"layout class", layout(func(l *Layout) { l.Class = 4 }), h5err.ErrUnsupported},
		{"old virtual", layout(func(l *Layout) { l.Version, l.Class, l.Index = 3, LayoutVirtual, 0 }), h5err.ErrUnsupported},
		{"old index", layout(func(l *Layout) { l.Version = 3 }), h5err.ErrUnsupported},
		{"B-tree in version 4", layout(func(l *Layout) { l.Index = IndexBTreeV1 }), h5err.ErrUnsupported},
		{"old contiguous", layout(func(l *Layout) { l.Version, l.Class, l.Index = 1, LayoutContiguous, 0 }), h5err.ErrUnsupported},
		{"no chunk", layout(func(l *Layout) { l.ChunkDims = nil }), h5err.ErrUnsupported},
		{"chunk of rank 33", layout(func(l *Layout) { l.ChunkDims = make([]uint64, 33) }), h5err.ErrUnsupported},
		{"chunk of 0", layout(func(l *Layout) { l.ChunkDims = []uint64{0} }), h5err.ErrUnsupported},
		{"element of 0", layout(func(l *Layout) { l.ElementSize = 0 }), h5err.ErrUnsupported},
		{"filtered size", layout(func(l *Layout) { l.HasFiltered = true }), h5err.ErrUnsupported},
		{"address", layout(func(l *Layout) { l.Address = 1 << 32 }), h5err.ErrLimit},
		{"wide chunk", layout(func(l *Layout) { l.Version, l.Index, l.ChunkDims = 3, 0, []uint64{1 << 32} }), h5err.ErrLimit},
		{"compact", layout(func(l *Layout) { l.Class, l.Data = LayoutCompact, make([]byte, 1<<16) }), h5err.ErrLimit},
		{"no mapping", virtual(VirtualMapping{}), h5err.ErrSelection},
		{"NUL", virtual(VirtualMapping{File: "a\x00", Source: all, Virtual: all}), h5err.ErrUnsupported},
		{"percent", virtual(VirtualMapping{File: "%d", Source: all, Virtual: all}), h5err.ErrSelection},
		{"unlimited source", virtual(VirtualMapping{Source: slab(0, 1, dataspace.Unlimited, 1), Virtual: all}), h5err.ErrSelection},
		{"bad source", virtual(VirtualMapping{Source: slab(0, 1, 0, 1), Virtual: all}), h5err.ErrSelection},
		{"old reference", func() ([]byte, error) {
			return AppendStdReference([]byte("before"), &StdReference{}, 0, HeapID{}, s)
		}, h5err.ErrUnsupported},
		{"reference without region", func() ([]byte, error) {
			return AppendStdReferenceObject([]byte("before"), &StdReference{Kind: datatype.RegionReference2}, 0, s)
		}, h5err.ErrUnsupported},
		{"long name", func() ([]byte, error) {
			return AppendStdReferenceObject([]byte("before"), &StdReference{Kind: datatype.AttributeReference, Attribute: strings.Repeat("a", 1<<16)}, 0, s)
		}, h5err.ErrLimit},
	} {
		b, err := c.make()
		wants(t, c.what, err, c.want)
		if string(b) != "before" {
			t.Errorf("%s: %d bytes are left behind", c.what, len(b)-6)
		}
	}
}

func TestReferencesIntoOtherFilesComeBack(t *testing.T) {
	for _, s := range unlike {
		for _, r := range []*StdReference{
			{Kind: datatype.ObjectReference2, Object: 0x123},
			{Kind: datatype.ObjectReference2, Object: 0x123, File: "other.h5"},
			{Kind: datatype.AttributeReference, Object: 7, File: "x", Attribute: "name"},
			{Kind: datatype.RegionReference2, Object: 8, Rank: 2, Region: &Selection{Kind: SelectionAll}},
		} {
			for low := range BoundLatest + 1 {
				object, err := AppendStdReferenceObject(nil, r, low, s)
				if err != nil {
					t.Fatal(err)
				}
				id := HeapID{0x321, 5}
				b, err := AppendStdReference(nil, r, len(object), id, s)
				if err != nil || len(b) != StdReferenceSize(s) {
					t.Fatalf("%d bytes, %v", len(b), err)
				}
				got, n, at, err := DecodeStdReference(b, s)
				if err == nil && got.InHeap() {
					if int(n) != len(object) || at != id {
						t.Errorf("%d bytes at %v", n, at)
					}
					err = got.DecodeObject(object, s)
				}
				if got.Region != nil {
					got.Region.Selection = dataspace.Selection{}
				}
				if err != nil || !reflect.DeepEqual(got, r) {
					t.Errorf("%v: %+v, %v, want %+v", s, got, err, r)
				}
			}
		}
	}
}

// FuzzAppendDataset holds what decodes to being appended, and that to decoding to the
// same.
func FuzzAppendDataset(f *testing.F) {
	kinds := []string{"datatype", "region", "layout", "virtual"}
	for _, w := range appendWitnesses(f) {
		for k, kind := range kinds {
			if w.kind == kind {
				f.Add(w.b, uint8(k), uint8(w.bound))
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, kind, bound uint8) {
		low := Bound(bound % 6)
		switch kinds[int(kind)%len(kinds)] {
		case "datatype":
			fuzzDatatype(t, b, low)
		case "region":
			addr, sel, err := DecodeRegion(b, typeSizes)
			if err != nil {
				return
			}
			out, err := AppendRegion(nil, addr, sel, low, typeSizes)
			if err != nil {
				return
			}
			if _, again, err := DecodeRegion(out, typeSizes); err != nil || again.Kind != sel.Kind || again.Rank != sel.Rank {
				t.Fatalf("%+v is appended as %x: %+v, %v", sel, out, again, err)
			}
		case "layout":
			l, err := DecodeLayout(b, typeSizes)
			if err != nil {
				return
			}
			out, err := AppendLayout(nil, l, typeSizes)
			if err != nil {
				if l.Version > 2 {
					t.Fatalf("%+v: %v", l, err)
				}
				return
			}
			if again, err := DecodeLayout(out, typeSizes); err != nil || !reflect.DeepEqual(l, again) {
				t.Fatalf("%+v is appended as %x: %+v, %v", l, out, again, err)
			}
		default:
			if len(b) > 4 {
				b = sealed(b[:len(b)-4])
			}
			list, err := DecodeVirtual(b, typeSizes)
			if err != nil {
				return
			}
			out, err := AppendVirtual(nil, list, low, typeSizes)
			if err != nil {
				return
			}
			if again, err := DecodeVirtual(out, typeSizes); err != nil || len(again) != len(list) {
				t.Fatalf("%+v is appended as %x: %v", list, out, err)
			}
		}
	})
}

func fuzzDatatype(t *testing.T, b []byte, low Bound) {
	dt, _, err := decodeType(b)
	if err != nil {
		return
	}
	out, err := AppendDatatype(nil, dt, typeSizes)
	if err == nil {
		again, r, err := decodeType(out)
		if err != nil || r.Len() > 0 || !reflect.DeepEqual(dt, again) {
			t.Fatalf("%v is appended as %x: %v, %v", dt, out, again, err)
		}
	}
	fit, err := FitDatatype(dt, low, typeSizes)
	if err != nil {
		return
	}
	if out, err = AppendDatatype(nil, fit, typeSizes); err != nil {
		t.Fatalf("%v does not fit: %v", dt, err)
	}
	if again, _, err := decodeType(out); err != nil || !datatype.Equal(again, fit) {
		t.Fatalf("%v is appended as %x: %v, %v", fit, out, again, err)
	}
}

func TestNewDatatypesAreThoseOfLibhdf5(t *testing.T) {
	messages, texts := typeWitnesses(t)
	known := map[string][]byte{}
	for i, m := range messages {
		known[texts[i]] = m
	}
	must, found := datatype.Must, 0
	types := []*datatype.Datatype{datatype.VLString(datatype.ASCII), datatype.VLString(datatype.UTF8),
		must(datatype.NewTime(32, datatype.LittleEndian)), must(datatype.NewTime(64, datatype.BigEndian)),
		must(datatype.NewReference(datatype.ObjectReference)), must(datatype.NewReference(datatype.RegionReference))}
	for _, o := range []datatype.ByteOrder{datatype.LittleEndian, datatype.BigEndian} {
		types = append(types, datatype.Float16(o), datatype.Float32(o), datatype.Float64(o))
		for _, f := range types[len(types)-3:] {
			types = append(types, must(datatype.NewComplex(f)))
		}
		for _, bits := range []int{8, 16, 32, 64} {
			types = append(types, must(datatype.Int(bits, true, o)), must(datatype.Int(bits, false, o)), must(datatype.NewBitfield(bits, o)))
		}
	}
	for _, dt := range types {
		want, ok := known[dt.String()]
		if !ok {
			continue
		}
		found++
		fit, err := FitDatatype(dt, BoundEarliest, typeSizes)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := AppendDatatype(nil, fit, typeSizes); err != nil || !bytes.HasPrefix(want, got) || len(want)-len(got) > 7 {
			t.Errorf("%v: got %x, %v, want %x", dt, got, err, want)
		}
	}
	if found < 20 {
		t.Errorf("%d of %d types have a witness", found, len(types))
	}
}
