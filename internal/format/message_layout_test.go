package format

import (
	"reflect"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// layouts gives a message of each version and class with its meaning.
func layouts(s wire.Sizes) map[string]struct {
	b    *record
	want Layout
} {
	type c = struct {
		b    *record
		want Layout
	}
	none := wire.Undefined
	v4 := func(version, flags byte) *record { return rec(s).raw(version, 2, flags, 3, 2).u16(5).u16(300).u16(12) }
	chunked := func(v uint8, index ChunkIndexType) Layout {
		return Layout{Version: v, Class: LayoutChunked, Address: 0x321, ChunkDims: []uint64{5, 300}, ElementSize: 12, Index: index}
	}
	with := func(l Layout, f func(*Layout)) Layout { f(&l); return l }
	return map[string]c{
		"1 compact":    {rec(s).raw(1, 2, 0).zero(5).u32(2).u32(3).u32(6).text("abcdef"), Layout{Version: 1, Address: none, Data: []byte("abcdef")}},
		"1 contiguous": {rec(s).raw(1, 2, 1).zero(5).offset(0x321).u32(2).u32(3), Layout{Version: 1, Class: LayoutContiguous, Address: 0x321}},
		"2 chunked":    {rec(s).raw(2, 3, 2).zero(5).offset(0x321).u32(5).u32(300).u32(12), chunked(2, IndexBTreeV1)},
		"2 late":       {rec(s).raw(2, 1, 1).zero(5).offset(1<<(8*s.Offset) - 1).u32(7), Layout{Version: 2, Class: LayoutContiguous, Address: none}},
		"3 compact":    {rec(s).raw(3, 0).u16(3).text("abc"), Layout{Version: 3, Address: none, Data: []byte("abc")}},
		"3 empty":      {rec(s).raw(3, 0).u16(0), Layout{Version: 3, Address: none, Data: []byte{}}},
		"3 contiguous": {rec(s).raw(3, 1).offset(0x321).length(0x1234), Layout{Version: 3, Class: LayoutContiguous, Address: 0x321, Size: 0x1234, HasSize: true}},
		"3 chunked":    {rec(s).raw(3, 2, 3).offset(0x321).u32(5).u32(300).u32(12), chunked(3, IndexBTreeV1)},
		"4 single":     {v4(4, 0).raw(1).offset(0x321), chunked(4, IndexSingle)},
		"4 single, filtered": {v4(4, 2).raw(1).length(0x777).u32(5).offset(0x321), with(chunked(4, IndexSingle), func(l *Layout) {
			l.FilteredSize, l.FilterMask, l.HasFiltered = 0x777, 5, true
		})},
		"4 implicit": {v4(4, 0).raw(2).offset(0x321), chunked(4, IndexImplicit)},
		"4 fixed":    {v4(4, 1).raw(3, 10).offset(0x321), with(chunked(4, IndexFixedArray), func(l *Layout) { l.UnfilteredEdge, l.PageBits = true, 10 })},
		"5 extensible": {v4(5, 0).raw(4, 32, 4, 3, 16, 9).offset(0x321), with(chunked(5, IndexExtensibleArray), func(l *Layout) {
			l.MaxBits, l.IndexElements, l.MinPointers, l.MinElements, l.PageBits = 32, 4, 3, 16, 9
		})},
		"5 tree":    {v4(5, 0).raw(5).u32(2048).raw(100, 40).offset(0x321), with(chunked(5, IndexBTreeV2), func(l *Layout) { l.NodeSize, l.Split, l.Merge = 2048, 100, 40 })},
		"4 virtual": {rec(s).raw(4, 3).offset(0x321).u32(7), Layout{Version: 4, Class: LayoutVirtual, Address: none, HeapAddress: 0x321, HeapIndex: 7}},
		"4 wide": {rec(s).raw(4, 2, 0, 2, 8).u64(1 << 33).u64(1).raw(2).offset(0x321), Layout{Version: 4, Class: LayoutChunked, Address: 0x321,
			ChunkDims: []uint64{1 << 33}, ElementSize: 1, Index: IndexImplicit}},
	}
}

func TestLayoutsOfAllVersionsHaveTheirFields(t *testing.T) {
	for _, s := range unlike {
		for name, c := range layouts(s) {
			l, err := DecodeLayout(c.b.b, s)
			if err != nil || !reflect.DeepEqual(*l, c.want) {
				t.Errorf("%v, %s: %v\n got %+v\nwant %+v", s, name, err, l, c.want)
			}
			mustFail(t, name, c.b.b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeLayout(b, s); return err })
			// Headers of version 1 pad messages.
			if _, err := DecodeLayout(c.b.zero(5).b, s); err != nil {
				t.Errorf("%v, %s, padded: %v", s, name, err)
			}
		}
	}
}

func TestLayoutsThatBreakARuleAreRefused(t *testing.T) {
	s := unlike[0]
	many := rec(s).raw(3, 2, 34).offset(0)
	for range 34 {
		many.u32(1)
	}
	for _, c := range []struct {
		name string
		b    *record
		want error
	}{
		{"version 0", rec(s).raw(0, 1).zero(30), h5err.ErrUnsupported},
		{"version 6", rec(s).raw(6, 1).zero(30), h5err.ErrUnsupported},
		{"old class", rec(s).raw(1, 2, 3).zero(30), h5err.ErrCorrupt},
		{"class", rec(s).raw(3, 4).zero(30), h5err.ErrCorrupt},
		{"virtual in version 3", rec(s).raw(3, 3).zero(30), h5err.ErrCorrupt},
		{"rank 0", rec(s).raw(3, 2, 1).offset(0).u32(4), h5err.ErrCorrupt},
		{"rank 33", many, h5err.ErrCorrupt},
		{"dimension 0", rec(s).raw(3, 2, 3).offset(0).u32(4).u32(0).u32(4), h5err.ErrCorrupt},
		{"element 0", rec(s).raw(3, 2, 3).offset(0).u32(4).u32(4).u32(0), h5err.ErrCorrupt},
		{"flags", rec(s).raw(4, 2, 4, 2, 1, 5, 8, 2).zero(20), h5err.ErrCorrupt},
		{"width 0", rec(s).raw(4, 2, 0, 2, 0, 5, 8, 2).zero(20), h5err.ErrCorrupt},
		{"width 9", rec(s).raw(4, 2, 0, 2, 9).zero(30), h5err.ErrCorrupt},
		{"index 0", rec(s).raw(4, 2, 0, 2, 1, 5, 8, 0).zero(20), h5err.ErrUnsupported},
		{"index 6", rec(s).raw(4, 2, 0, 2, 1, 5, 8, 6).zero(20), h5err.ErrUnsupported},
	} {
		_, err := DecodeLayout(c.b.b, s)
		wants(t, c.name, err, c.want)
	}
}

func TestLayoutClassesHaveNames(t *testing.T) {
	for c, want := range []string{"compact", "contiguous", "chunked", "virtual", "unknown"} {
		if got := LayoutClass(c).String(); got != want {
			t.Errorf("%d: %q", c, got)
		}
	}
	if LayoutClass(200).String() != "unknown" {
		t.Error("a class of 200 has a name")
	}
}
