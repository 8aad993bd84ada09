package format

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

func TestLinksOfAllTypesHaveTheirFields(t *testing.T) {
	for _, s := range unlike {
		long := strings.Repeat("n", 300)
		for _, c := range []struct {
			name string
			b    *record
			want Link
		}{
			{"hard", rec(s).raw(1, 0, 4).text("name").offset(0x321), Link{Name: "name", Header: 0x321}},
			{"hard, type stored", rec(s).raw(1, 8, 0, 1).text("n").offset(0x321), Link{Name: "n", Header: 0x321}},
			{"soft", rec(s).raw(1, 8, 1, 3).text("one").u16(5).text("/a/b\xff"), Link{Name: "one", Type: LinkSoft, Target: "/a/b\xff"}},
			{"all fields", rec(s).raw(1, 0x1d, 1).u64(0x1122334455667788).raw(1).u16(300).text(long).u16(1).text("x"),
				Link{Name: long, Type: LinkSoft, Order: 0x1122334455667788, HasOrder: true, UTF8: true, Target: "x"}},
			{"width 4", rec(s).raw(1, 2).u32(1).text("n").offset(1), Link{Name: "n", Header: 1}},
			{"width 8", rec(s).raw(1, 0x13, 0).u64(1).text("\xff").offset(1), Link{Name: "\xff", Header: 1}},
			{"external", rec(s).raw(1, 8, 64, 1).text("e").u16(8).raw(0).text("f.h5\x00/\x00"), Link{Name: "e", Type: LinkExternal, File: "f.h5", Target: "/"}},
			{"user", rec(s).raw(1, 8, 187, 1).text("u").u16(3).text("abc"), Link{Name: "u", Type: 187, Data: []byte("abc")}},
		} {
			l, err := DecodeLink(c.b.b, s)
			if err != nil || !reflect.DeepEqual(*l, c.want) {
				t.Errorf("%v, %s: %+v, %v", s, c.name, l, err)
			}
			mustFail(t, c.name, c.b.b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeLink(b, s); return err })
		}
	}
}

func TestLinksThatBreakARuleAreRefused(t *testing.T) {
	s := unlike[0]
	for _, c := range []struct {
		name string
		b    *record
		want error
	}{
		{"version 0", rec(s).raw(0, 0, 1).text("n").offset(1), h5err.ErrUnsupported},
		{"version 2", rec(s).raw(2, 0, 1).text("n").offset(1), h5err.ErrUnsupported},
		{"flags", rec(s).raw(1, 0x20, 1).text("n").offset(1), h5err.ErrCorrupt},
		{"no name", rec(s).raw(1, 0, 0).offset(1), h5err.ErrCorrupt},
		{"length of name", rec(s).raw(1, 3).u64(1 << 63).text("n").offset(1), h5err.ErrCorrupt},
		{"character set", rec(s).raw(1, 0x10, 2, 1).text("n").offset(1), h5err.ErrCorrupt},
		{"type 2", rec(s).raw(1, 8, 2, 1).text("n").offset(1), h5err.ErrUnsupported},
		{"type 63", rec(s).raw(1, 8, 63, 1).text("n").offset(1), h5err.ErrUnsupported},
		{"soft link to nothing", rec(s).raw(1, 8, 1, 1).text("n").u16(0), h5err.ErrCorrupt},
		{"external version", rec(s).raw(1, 8, 64, 1).text("n").u16(5).raw(0x10).text("f\x00o\x00"), h5err.ErrUnsupported},
		{"external without end", rec(s).raw(1, 8, 64, 1).text("n").u16(4).raw(0).text("f\x00o"), h5err.ErrCorrupt},
		{"external without object", rec(s).raw(1, 8, 64, 1).text("n").u16(4).raw(0).text("fo\x00"), h5err.ErrCorrupt},
	} {
		_, err := DecodeLink(c.b.b, s)
		wants(t, c.name, err, c.want)
	}
}

func TestInfoMessagesHaveTheirFields(t *testing.T) {
	for _, s := range unlike {
		all := uint64(1)<<(8*s.Offset-1)<<1 - 1
		for flags := range byte(4) {
			l, a := rec(s).raw(0, flags), rec(s).raw(0, flags)
			wantL := DenseInfo{TracksOrder: flags&1 != 0, IndexOrder: flags&2 != 0, Heap: 0x321, NameIndex: 0x432, OrderIndex: wire.Undefined}
			wantA := DenseInfo{TracksOrder: flags&1 != 0, IndexOrder: flags&2 != 0, Heap: wire.Undefined, NameIndex: 0x432, OrderIndex: wire.Undefined}
			if flags&1 != 0 {
				l.u64(1 << 40)
				a.u16(0xabc)
				wantL.MaxOrder, wantA.MaxOrder = 1<<40, 0xabc
			}
			l.offset(0x321).offset(0x432)
			a.offset(all).offset(0x432)
			if flags&2 != 0 {
				l.offset(0x543)
				a.offset(0x543)
				wantL.OrderIndex, wantA.OrderIndex = 0x543, 0x543
			}
			gotL, err := DecodeLinkInfo(l.b, s)
			if err != nil || *gotL != wantL {
				t.Errorf("%v, flags %d: %+v, %v", s, flags, gotL, err)
			}
			gotA, err := DecodeAttributeInfo(a.b, s)
			if err != nil || *gotA != wantA {
				t.Errorf("%v, flags %d: %+v, %v", s, flags, gotA, err)
			}
			mustFail(t, "links", l.b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeLinkInfo(b, s); return err })
			mustFail(t, "attributes", a.b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeAttributeInfo(b, s); return err })
		}
	}
	for first, want := range map[[2]byte]error{{1, 0}: h5err.ErrUnsupported, {0, 4}: h5err.ErrCorrupt} {
		b := append(first[:], make([]byte, 40)...)
		_, err := DecodeLinkInfo(b, unlike[0])
		wants(t, "link info", err, want)
		_, err = DecodeAttributeInfo(b, unlike[0])
		wants(t, "attribute info", err, want)
	}
}

func TestAttributesOfAllVersionsHaveTheirFields(t *testing.T) {
	s := unlike[0]
	for _, c := range []struct {
		name string
		b    *record
		want Attribute
	}{
		// Version 1 pads name, type and space to 8 bytes each, and its second byte means nothing.
		{"1", rec(s).raw(1, 3).u16(5).u16(9).u16(4).text("name\x00\x00\x00\x00").text("datatype!").zero(7).text("SPAC").zero(4).text("value"),
			Attribute{Version: 1, Name: "name", Datatype: []byte("datatype!"), Dataspace: []byte("SPAC"), Data: []byte("value")}},
		{"2", rec(s).raw(2, 1).u16(5).u16(3).u16(4).text("name\x00typSPACvalue"),
			Attribute{Version: 2, Name: "name", TypeShared: true, Datatype: []byte("typ"), Dataspace: []byte("SPAC"), Data: []byte("value")}},
		{"3", rec(s).raw(3, 2).u16(3).u16(3).u16(4).raw(1).text("\xc3\xa9\x00typSPAC"),
			Attribute{Version: 3, Name: "é", UTF8: true, SpaceShared: true, Datatype: []byte("typ"), Dataspace: []byte("SPAC"), Data: []byte{}}},
	} {
		a, err := DecodeAttribute(c.b.b)
		if err != nil || !reflect.DeepEqual(*a, c.want) {
			t.Errorf("version %s: %v\n got %+v\nwant %+v", c.name, err, a, c.want)
		}
		b := c.b.b[:len(c.b.b)-len(c.want.Data)]
		mustFail(t, c.name, b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeAttribute(b); return err })
	}
	for first, want := range map[[2]byte]error{{0, 0}: h5err.ErrUnsupported, {4, 0}: h5err.ErrUnsupported, {2, 4}: h5err.ErrCorrupt, {3, 8}: h5err.ErrCorrupt} {
		_, err := DecodeAttribute(append(first[:], make([]byte, 40)...))
		wants(t, "first bytes", err, want)
	}
	_, err := DecodeAttribute(rec(s).raw(3, 0).u16(1).u16(1).u16(1).raw(2).zero(9).b)
	wants(t, "character set", err, h5err.ErrCorrupt)
}

func TestSmallMessagesHaveTheirFields(t *testing.T) {
	s := unlike[0]
	when := time.Date(2009, 2, 13, 23, 31, 30, 0, time.UTC)
	if got, err := DecodeModTime(rec(s).raw(1, 0, 0, 0).u32(1234567890).b); err != nil || !got.Equal(when) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := DecodeModTimeOld([]byte("20090213233130\x00\x00")); err != nil || !got.Equal(when) {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "2009021323313", "20091313233130", "2009021323313x", "99999999999999"} {
		_, err := DecodeModTimeOld([]byte(bad))
		wants(t, bad, err, h5err.ErrCorrupt)
	}
	_, err := DecodeModTime(rec(s).raw(0, 0, 0, 0).u32(1).b)
	wants(t, "time of version 0", err, h5err.ErrUnsupported)
	if n, err := DecodeRefCount(rec(s).raw(0).u32(0x80000001).b); err != nil || n != 0x80000001 {
		t.Errorf("%d, %v", n, err)
	}
	_, err = DecodeRefCount(rec(s).raw(1).u32(1).b)
	wants(t, "count of version 1", err, h5err.ErrUnsupported)
	if k, err := DecodeBTreeK(rec(s).raw(0).u16(3).u16(4).u16(5).b); err != nil || *k != (BTreeK{3, 4, 5}) {
		t.Errorf("%+v, %v", k, err)
	}
	_, err = DecodeBTreeK(rec(s).raw(1).u16(3).u16(4).u16(5).b)
	wants(t, "K of version 1", err, h5err.ErrUnsupported)
	for text, want := range map[string]string{"abc\x00\x00\x00": "abc", "abc": "abc", "\x00x": "", "": ""} {
		if got := DecodeComment([]byte(text)); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	for name, b := range map[string][]byte{"time": rec(s).raw(1, 0, 0, 0).u32(1).b, "count": rec(s).raw(0).u32(1).b, "K": rec(s).raw(0).zero(6).b} {
		mustFail(t, name, b, h5err.ErrCorrupt, func(b []byte) error {
			var err error
			switch name {
			case "time":
				_, err = DecodeModTime(b)
			case "count":
				_, err = DecodeRefCount(b)
			default:
				_, err = DecodeBTreeK(b)
			}
			return err
		})
	}
}

func TestFileSpaceInfoHasTwoVersions(t *testing.T) {
	for _, s := range unlike {
		all := uint64(1)<<(8*s.Offset-1)<<1 - 1
		v0 := rec(s).raw(0, 1).length(7)
		for i := range 6 {
			v0.offset([]uint64{all, 0x111}[i%2])
		}
		f, err := DecodeFileSpaceInfo(v0.b, s)
		if err != nil || f.Strategy != "fsm-aggr" || !f.Persist || f.Threshold != 7 || len(f.Managers) != 3 || f.Managers[0] != 0x111 {
			t.Errorf("%v: %+v, %v", s, f, err)
		}
		v1 := rec(s).raw(1, 1, 1).length(7).length(0x1000).u16(9).offset(0x222)
		for i := range 12 {
			v1.offset([]uint64{all, 0x111 + uint64(i)}[i%2])
		}
		f, err = DecodeFileSpaceInfo(v1.b, s)
		if err != nil || f.Strategy != "page" || !f.Persist || f.Threshold != 7 || f.PageSize != 0x1000 || len(f.Managers) != 6 || f.Managers[5] != 0x111+11 {
			t.Errorf("%v: %+v, %v", s, f, err)
		}
		for name, b := range map[string][]byte{"0": v0.b, "1": v1.b} {
			mustFail(t, name, b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeFileSpaceInfo(b, s); return err })
		}
		for strategy, want := range []string{"fsm-aggr", "page", "aggr", "none", "unknown", "unknown"} {
			f, err := DecodeFileSpaceInfo(rec(s).raw(1, byte(strategy), 0).length(1).length(512).u16(0).offset(all).b, s)
			if err != nil || f.Strategy != want || f.Persist || f.Managers != nil {
				t.Errorf("%d: %+v, %v", strategy, f, err)
			}
		}
	}
	_, err := DecodeFileSpaceInfo(make([]byte, 100), unlike[0])
	wants(t, "version 0", err, nil)
	_, err = DecodeFileSpaceInfo(append([]byte{2}, make([]byte, 100)...), unlike[0])
	wants(t, "version 2", err, h5err.ErrUnsupported)
}

func TestTheTableOfSharedMessagesHasItsFields(t *testing.T) {
	for _, s := range unlike {
		m := rec(s).raw(0).offset(0x321).raw(3)
		if p, err := DecodeSharedTableMessage(m.b, s); err != nil || *p != (SharedTable{0x321, 3}) {
			t.Errorf("%v: %+v, %v", s, p, err)
		}
		mustFail(t, "message", m.b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeSharedTableMessage(b, s); return err })
		r := rec(s).text("SMTB")
		for i := range uint64(3) {
			r.raw(0, byte(i%2)).u16(uint16(1 << i)).u32(50).u16(40).u16(30).u16(7).offset(0x100 + i).offset(0x200 + i)
		}
		r.sum()
		if SharedTableSize(3, s) != uint64(len(r.b)) {
			t.Errorf("%v: a table of %d bytes, want %d", s, SharedTableSize(3, s), len(r.b))
		}
		list, err := DecodeSharedTable(r.b, 3, s)
		if err != nil || !reflect.DeepEqual(list, []SharedIndex{
			{1, 0x200, false, 40, 7, 0x100}, {2, 0x201, true, 40, 7, 0x101}, {4, 0x202, false, 40, 7, 0x102}}) {
			t.Errorf("%v: %+v, %v", s, list, err)
		}
		mustCheck(t, "table", r.b, func(b []byte) error { _, err := DecodeSharedTable(b, 3, s); return err })
		_, err = DecodeSharedTable(r.b, 4, s)
		wants(t, "more indexes than bytes", err, h5err.ErrCorrupt)
	}
	for n, want := range map[byte]error{0: h5err.ErrCorrupt, 9: h5err.ErrCorrupt, 8: nil} {
		_, err := DecodeSharedTableMessage(rec(unlike[0]).raw(0).offset(1).raw(n).b, unlike[0])
		wants(t, "number of indexes", err, want)
	}
}
