package datatype

import "testing"

func TestDescriptionsAreCompactAndSafeToPrint(t *testing.T) {
	vs := &Datatype{Class: String, Version: 1, Size: 16, Variable: true, Charset: UTF8}
	s := fixed(16, SpacePad)
	s.Charset = UTF8
	for _, c := range []struct {
		t    *Datatype
		want string
	}{
		{i32le, "int32le"}, {f64be, "float64be"}, {s, "string[16] utf8 spacepad"}, {vs, "vlstring utf8"},
		{compoundOf(12, Member{"a", 0, i32le}, Member{"b", 4, arrayType(i16be, 2, 2)}), "compound{a:int32le, b:array[2,2](int16be)}"},
		{compoundOf(1, Member{"\x1b[2J:", 0, u8le}), `compound{"\x1b[2J:":uint8le}`},
		{enumOf(i8le, "A", ""), `enum(int8le){A=0, ""=1}`}, {vlenOf(f32le), "vlen(float32le)"},
		{ieee(fieldsE4, LittleEndian), "float8e4m3"}, {ieee(fieldsBF, BigEndian), "bfloat16be"},
		{&Datatype{Class: Opaque, Size: 3, Tag: "x\"y"}, `opaque[3] "x\"y"`},
		{&Datatype{Class: Class(15), Size: 3}, "unknown class"},
	} {
		if got := c.t.String(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestEqualLooksAtTheMeaning(t *testing.T) {
	ab := compoundOf(5, Member{"a", 0, i32le}, Member{"b", 4, u8le})
	ba := compoundOf(5, Member{"b", 4, u8le}, Member{"a", 0, i32le})
	ba.Version, ba.Committed = 1, 4096
	if !Equal(ab, ba) || !Equal(enumOf(u8le, "A", "B"), enumOf(u8le, "A", "B")) || !Equal(nil, nil) {
		t.Error("equal types differ")
	}
	if !Equal(integerType(1, true, BigEndian), i8le) {
		t.Error("a single byte has no order")
	}
	all := []*Datatype{nil, i8le, u8le, i16be, i32le, f32le, f64le, f64be, ab, compoundOf(5, Member{"a", 0, i32le}),
		compoundOf(5, Member{"a", 1, i32le}, Member{"b", 0, u8le}), compoundOf(5, Member{"a", 0, i32le}, Member{"c", 4, u8le}),
		enumOf(u8le, "A", "B"), enumOf(u8le, "B", "A"), enumOf(u8le, "A"), enumOf(i8le, "A"), arrayType(i8le, 4), arrayType(i8le, 2, 2),
		vlenOf(i8le), vlenOf(u8le), fixed(16, NullTerm), fixed(16, NullPad), {Class: String, Size: 16, Variable: true},
		{Class: Opaque, Size: 16}, {Class: Opaque, Size: 16, Tag: "t"}, {Class: Reference, Size: 16},
		{Class: Reference, Size: 16, RefKind: RegionReference}, {Class: Integer, Size: 4, Signed: true, Precision: 31},
		{Class: Complex, Size: 8, Base: f32le}}
	for i, a := range all {
		for j, b := range all {
			if Equal(a, b) != (i == j) {
				t.Errorf("Equal(%d, %d) = %v", i, j, i != j)
			}
		}
	}
}

func TestHasVLFindsHeapReferencesAtAnyDepth(t *testing.T) {
	vs := &Datatype{Class: String, Size: 16, Variable: true}
	for _, c := range []struct {
		t    *Datatype
		want bool
	}{
		{i8le, false}, {fixed(3, NullTerm), false}, {vs, true}, {vlenOf(i8le), true}, {arrayType(vs, 2), true}, {arrayType(i8le, 2), false},
		{compoundOf(17, Member{"a", 0, i8le}, Member{"b", 1, vs}), true}, {compoundOf(1, Member{"a", 0, i8le}), false},
		{&Datatype{Class: Reference, Size: 8}, false}, {&Datatype{Class: Reference, Size: 12, RefKind: RegionReference}, true},
		{&Datatype{Class: Reference, Size: 18, RefKind: ObjectReference2}, true},
	} {
		if got := c.t.HasVL(); got != c.want {
			t.Errorf("%v: %v", c.t, got)
		}
	}
}
