package format

import (
	"bytes"
	"math"
	"reflect"
	"testing"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
)

func TestDataspacesOfBothVersionsHaveTheirFields(t *testing.T) {
	const endless = math.MaxUint64
	for _, s := range unlike {
		all := uint64(1)<<(8*s.Length-1)<<1 - 1
		for _, c := range []struct {
			name string
			b    *record
			want dataspace.Dataspace
		}{
			{"1 scalar", rec(s).raw(1, 0, 0).zero(5), dataspace.Dataspace{Kind: dataspace.Scalar, Dims: []uint64{}}},
			{"1", rec(s).raw(1, 2, 0).zero(5).length(3).length(0), dataspace.Dataspace{Kind: dataspace.Simple, Dims: []uint64{3, 0}}},
			{"1 limits", rec(s).raw(1, 2, 1).zero(5).length(3).length(4).length(all).length(5),
				dataspace.Dataspace{Kind: dataspace.Simple, Dims: []uint64{3, 4}, MaxDims: []uint64{endless, 5}}},
			{"1 permutation", rec(s).raw(1, 1, 2).zero(5).length(3).length(0), dataspace.Dataspace{Kind: dataspace.Simple, Dims: []uint64{3}}},
			{"2 scalar", rec(s).raw(2, 0, 0, 0), dataspace.Dataspace{Kind: dataspace.Scalar, Dims: []uint64{}}},
			{"2 null", rec(s).raw(2, 0, 0, 2), dataspace.Dataspace{Kind: dataspace.Null, Dims: []uint64{}}},
			{"2", rec(s).raw(2, 1, 0, 1).length(9), dataspace.Dataspace{Kind: dataspace.Simple, Dims: []uint64{9}}},
			{"2 limits", rec(s).raw(2, 1, 1, 1).length(9).length(all), dataspace.Dataspace{Kind: dataspace.Simple, Dims: []uint64{9}, MaxDims: []uint64{endless}}},
		} {
			d, err := DecodeDataspace(c.b.b, s)
			if err != nil || !reflect.DeepEqual(*d, c.want) {
				t.Errorf("%v, %s: %+v, %v", s, c.name, d, err)
			}
			if c.name != "1 permutation" {
				mustFail(t, c.name, c.b.b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeDataspace(b, s); return err })
			}
		}
	}
	s := unlike[0]
	for _, c := range []struct {
		name string
		b    *record
		want error
	}{
		{"version 0", rec(s).raw(0, 1, 0, 1).length(9), h5err.ErrUnsupported},
		{"version 3", rec(s).raw(3, 1, 0, 1).length(9), h5err.ErrUnsupported},
		{"type", rec(s).raw(2, 0, 0, 3), h5err.ErrCorrupt},
		{"rank of a null space", rec(s).raw(2, 1, 0, 2).length(9), h5err.ErrCorrupt},
		{"rank of a scalar", rec(s).raw(2, 1, 0, 0).length(9), h5err.ErrCorrupt},
		{"rank 33", rec(s).raw(2, 33, 0, 1).zero(33 * 8), h5err.ErrCorrupt},
		{"limit below size", rec(s).raw(2, 1, 1, 1).length(9).length(8), h5err.ErrCorrupt},
	} {
		_, err := DecodeDataspace(c.b.b, s)
		wants(t, c.name, err, c.want)
	}
	if d, err := DecodeDataspace(rec(s).raw(2, 32, 0, 1).zero(32*8).b, s); err != nil || d.Rank() != 32 {
		t.Errorf("rank 32: %v", err)
	}
}

func TestFillValuesOfAllVersions(t *testing.T) {
	s := unlike[0]
	value := []byte{1, 2, 3}
	for _, c := range []struct {
		name string
		b    *record
		want Fill
	}{
		{"1", rec(s).raw(1, 2, 1, 1).u32(3).raw(value...), Fill{FillUser, 2, FillTimeNever, value}},
		{"2 undefined", rec(s).raw(2, 3, 2, 0), Fill{FillUndefined, 3, FillTimeIfSet, nil}},
		{"2 default", rec(s).raw(2, 1, 0, 1).u32(0), Fill{FillDefault, 1, FillTimeAlloc, nil}},
		{"2 negative", rec(s).raw(2, 1, 0, 1).u32(math.MaxUint32), Fill{FillUndefined, 1, FillTimeAlloc, nil}},
		{"2", rec(s).raw(2, 1, 0, 7).u32(3).raw(value...), Fill{FillUser, 1, FillTimeAlloc, value}},
		{"3 default", rec(s).raw(3, 0x0a), Fill{FillDefault, 2, FillTimeIfSet, nil}},
		{"3 undefined", rec(s).raw(3, 0x17), Fill{FillUndefined, 3, FillTimeNever, nil}},
		{"3", rec(s).raw(3, 0x29).u32(3).raw(value...), Fill{FillUser, 1, FillTimeIfSet, value}},
		{"3 empty", rec(s).raw(3, 0x29).u32(0), Fill{FillDefault, 1, FillTimeIfSet, nil}},
	} {
		f, err := DecodeFill(c.b.b)
		if err != nil || !reflect.DeepEqual(*f, c.want) {
			t.Errorf("%s: %+v, %v", c.name, f, err)
		}
		mustFail(t, c.name, c.b.b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeFill(b); return err })
		if _, err := DecodeFill(c.b.zero(7).b); err != nil {
			t.Errorf("%s, padded: %v", c.name, err)
		}
	}
	_, err := DecodeFill([]byte{0, 1, 1, 1})
	wants(t, "version 0", err, h5err.ErrUnsupported)
	_, err = DecodeFill([]byte{4, 1, 1, 1})
	wants(t, "version 4", err, h5err.ErrUnsupported)
	_, err = DecodeFill(rec(s).raw(3, 0x30).u32(0).b)
	wants(t, "undefined and stored", err, h5err.ErrCorrupt)
	_, err = DecodeFill([]byte{3, 0x40})
	wants(t, "reserved flags", err, h5err.ErrCorrupt)
	old := rec(s).u32(3).raw(value...).b
	if f, err := DecodeFillOld(old); err != nil || f.State != FillUser || !bytes.Equal(f.Value, value) {
		t.Errorf("old: %+v, %v", f, err)
	}
	mustFail(t, "old", old, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeFillOld(b); return err })
	if f, err := DecodeFillOld(make([]byte, 4)); err != nil || f.State != FillUndefined {
		t.Errorf("old and empty: %+v, %v", f, err)
	}
}

func TestPipelinesOfBothVersions(t *testing.T) {
	s := unlike[0]
	want := []FilterSpec{{2, 1, "shuffle", []uint32{4}}, {32015, 0, "zstd filter", []uint32{3, 0xffffffff}}, {3, 0, "", []uint32{}}}
	v1 := rec(s).raw(1, 3).zero(6).
		u16(2).u16(8).u16(1).u16(1).text("shuffle\x00").u32(4).u32(0).
		u16(32015).u16(16).u16(0).u16(2).text("zstd filter\x00\x00\x00\x00\x00").u32(3).u32(math.MaxUint32).
		u16(3).u16(0).u16(0).u16(0)
	v2 := rec(s).raw(2, 3).
		u16(2).u16(1).u16(1).u32(4).
		u16(32015).u16(12).u16(0).u16(2).text("zstd filter\x00").u32(3).u32(math.MaxUint32).
		u16(3).u16(0).u16(0)
	for name, b := range map[string][]byte{"1": v1.b, "2": v2.b} {
		got, err := DecodePipeline(b)
		w := append([]FilterSpec(nil), want...)
		if name == "2" {
			w[0].Name = ""
		}
		if err != nil || !reflect.DeepEqual(got, w) {
			t.Errorf("version %s: %+v, %v", name, got, err)
		}
		mustFail(t, name, b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodePipeline(b); return err })
	}
	_, err := DecodePipeline([]byte{3, 0})
	wants(t, "version 3", err, h5err.ErrUnsupported)
	_, err = DecodePipeline(append([]byte{2, 33}, make([]byte, 1000)...))
	wants(t, "33 filters", err, h5err.ErrCorrupt)
	_, err = DecodePipeline(rec(s).raw(2, 1).u16(2).u16(0).u16(65535).zero(100).b)
	wants(t, "client data that is not there", err, h5err.ErrCorrupt)
	if got, err := DecodePipeline([]byte{2, 0}); err != nil || len(got) != 0 {
		t.Errorf("no filters: %v, %v", got, err)
	}
}

func TestExternalFilesHaveTheirFields(t *testing.T) {
	for _, s := range unlike {
		all := uint64(1)<<(8*s.Length-1)<<1 - 1
		r := rec(s).raw(1, 0, 0, 0).u16(5).u16(2).offset(0x321).length(8).length(0x77).length(0x88).length(16).length(0).length(all)
		e, err := DecodeExternalFiles(r.b, s)
		want := ExternalFiles{Heap: 0x321, Files: []ExternalFile{{8, 0x77, 0x88}, {16, 0, math.MaxUint64}}}
		if err != nil || !reflect.DeepEqual(*e, want) {
			t.Errorf("%v: %+v, %v", s, e, err)
		}
		mustFail(t, "files", r.b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeExternalFiles(b, s); return err })
		r.b[0] = 2
		_, err = DecodeExternalFiles(r.b, s)
		wants(t, "version", err, h5err.ErrUnsupported)
	}
}
