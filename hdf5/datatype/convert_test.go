package datatype

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"gables/hdf5/h5err"
)

// Types that many tests use.
var (
	i8le  = integerType(1, true, LittleEndian)
	u8le  = integerType(1, false, LittleEndian)
	i16be = integerType(2, true, BigEndian)
	i32le = integerType(4, true, LittleEndian)
	i64le = integerType(8, true, LittleEndian)
	f32le = ieee(fields32, LittleEndian)
	f64le = ieee(fields64, LittleEndian)
	f64be = ieee(fields64, BigEndian)
)

func integerType(size int, signed bool, o ByteOrder) *Datatype {
	return &Datatype{Class: Integer, Version: 1, Size: size, Signed: signed, Order: o, Precision: 8 * size}
}

func ieee(f ieeeFields, o ByteOrder) *Datatype {
	return &Datatype{Class: Float, Version: 1, Size: f.size, Precision: f.precision, SignPos: f.sign, ExpPos: f.expPos,
		ExpSize: f.expSize, MantPos: f.mantPos, MantSize: f.mantSize, Bias: f.bias, Norm: NormImplied, Order: o}
}

func compoundOf(size int, members ...Member) *Datatype {
	return &Datatype{Class: Compound, Version: 3, Size: size, Members: members}
}

func arrayType(base *Datatype, dims ...int) *Datatype {
	n := base.Size
	for _, d := range dims {
		n *= d
	}
	return &Datatype{Class: Array, Version: 3, Size: n, Dims: dims, Base: base}
}

func vlenOf(base *Datatype) *Datatype {
	return &Datatype{Class: VLen, Version: 1, Size: 16, Base: base}
}

func enumOf(base *Datatype, names ...string) *Datatype {
	t := &Datatype{Class: Enum, Version: 3, Size: base.Size, Base: base}
	for i, n := range names {
		v := make([]byte, base.Size)
		v[0] = byte(i)
		t.Enum = append(t.Enum, EnumMember{n, v})
	}
	return t
}

// mapHeap is a heap whose address i·8 holds the i-th object under index i.
type mapHeap [][]byte

func (h mapHeap) Object(addr uint64, index uint32) ([]byte, error) {
	if addr != uint64(index)*8 || int(index) >= len(h) {
		return nil, fmt.Errorf("object %d at %d: %w", index, addr, h5err.ErrCorrupt)
	}
	return h[index], nil
}

// descriptor refers to object i of a mapHeap.
func descriptor(count, i int) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(count))
	b = binary.LittleEndian.AppendUint64(b, uint64(8*i))
	return binary.LittleEndian.AppendUint32(b, uint32(i))
}

// convert compiles and runs a conversion of all of src.
func convert[T any](t *Datatype, src []byte, h Heap, o Lossy) ([]T, error) {
	c, err := Compile(t, reflect.TypeFor[T](), Options{Lossy: o})
	if err != nil {
		return nil, err
	}
	dst := make([]T, len(src)/t.Size)
	return dst, Decode(c, dst, src, h)
}

// wants fails unless src converts to want.
func wants[T any](t *testing.T, dt *Datatype, src []byte, h Heap, want ...T) {
	t.Helper()
	got, err := convert[T](dt, src, h, 0)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: got %#v, %v, want %#v", dt, got, err, want)
	}
}

// refuses fails unless the conversion fails with ErrType.
func refuses[T any](t *testing.T, dt *Datatype, src []byte) {
	t.Helper()
	if got, err := convert[T](dt, src, nil, 0); !errors.Is(err, h5err.ErrType) {
		t.Errorf("%v: got %#v, %v", dt, got, err)
	}
}

func fixed(size int, p StringPad) *Datatype {
	return &Datatype{Class: String, Version: 1, Size: size, Pad: p}
}

func TestStringsLoseTheirPaddingOnly(t *testing.T) {
	wants(t, fixed(4, NullTerm), []byte("ab\x00cabcd\x00abc"), nil, "ab", "abcd", "")
	wants(t, fixed(4, NullPad), []byte("a\x00b\x00\x00\x00\x00\x00 a  "), nil, "a\x00b", "", " a  ")
	wants(t, fixed(4, SpacePad), []byte(" a      a\x00  "), nil, " a", "", "a\x00")
	wants(t, fixed(2, NullPad), []byte("a\x00bc"), nil, [2]byte{'a', 0}, [2]byte{'b', 'c'})
	wants(t, fixed(2, NullPad), []byte("a\x00bc"), nil, []byte("a"), []byte("bc"))
	refuses[[3]byte](t, fixed(2, NullPad), []byte("ab"))
	refuses[int8](t, fixed(1, NullPad), []byte("a"))
	op := &Datatype{Class: Opaque, Version: 1, Size: 2, Tag: "x"}
	wants(t, op, []byte{1, 0, 2, 3}, nil, []byte{1, 0}, []byte{2, 3})
	wants(t, op, []byte{1, 0}, nil, [2]byte{1, 0})
	refuses[string](t, op, []byte{1, 0})
}

func TestVariableLengthStringsEndAtTheFirstNUL(t *testing.T) {
	h := mapHeap{nil, []byte("hello"), []byte("a\x00b\x00")}
	vs := &Datatype{Class: String, Version: 1, Size: 16, Variable: true, Base: u8le}
	undefined := append(descriptor(0, 0)[:4], "\xff\xff\xff\xff\xff\xff\xff\xff\x07\x00\x00\x00"...)
	src := slicesOf(descriptor(5, 1), descriptor(3, 2), descriptor(0, 9), descriptor(4, 0), undefined)
	wants(t, vs, src, h, "hello", "a", "", "", "")
	wants(t, vs, src[:32], h, []byte("hello"), []byte("a"))
	if _, err := convert[string](vs, descriptor(6, 1), h, 0); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("six characters of five: %v", err)
	}
	if _, err := convert[string](vs, descriptor(1, 1), nil, 0); !errors.Is(err, h5err.ErrUnsupported) {
		t.Errorf("no heap: %v", err)
	}
	refuses[[16]byte](t, vs, src[:16])
}

func slicesOf(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestSequencesNest(t *testing.T) {
	h := mapHeap{nil, {1, 0, 0, 2}, append(descriptor(2, 1), descriptor(0, 5)...), {3, 1, 2}}
	wants(t, vlenOf(i16be), slicesOf(descriptor(2, 1), descriptor(0, 0)), h, []int32{256, 2}, nil)
	wants(t, vlenOf(vlenOf(i16be)), descriptor(2, 2), h, [][]int16{{256, 2}, nil})
	wants(t, vlenOf(u8le), descriptor(3, 3), h, []byte{3, 1, 2})
	wants(t, vlenOf(arrayType(u8le, 3)), descriptor(1, 3), h, [][3]uint8{{3, 1, 2}})
	_, err := convert[[][]int8](vlenOf(vlenOf(i16be)), slicesOf(descriptor(0, 0), descriptor(2, 2)), h, 0)
	if !errors.Is(err, h5err.ErrType) || !strings.Contains(fmt.Sprint(err), "element 1[0][0]: value 256 of int16be") {
		t.Errorf("256 as int8: %v", err)
	}
	refuses[[2]int16](t, vlenOf(i16be), descriptor(2, 1))
}

func TestArraysFillNestedAndFlatTypes(t *testing.T) {
	src := []byte{0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6}
	a := arrayType(i16be, 2, 3)
	wants(t, a, src, nil, [2][3]int16{{1, 2, 3}, {4, 5, 6}})
	wants(t, a, src, nil, [6]int64{1, 2, 3, 4, 5, 6})
	wants(t, a, src, nil, []float32{1, 2, 3, 4, 5, 6})
	wants(t, a, src, nil, [][]int16{{1, 2, 3}, {4, 5, 6}})
	wants(t, a, src, nil, [2][]uint8{{1, 2, 3}, {4, 5, 6}})
	wants(t, arrayType(arrayType(i16be, 3), 2), src, nil, [2][3]int16{{1, 2, 3}, {4, 5, 6}})
	wants(t, arrayType(fixed(2, NullTerm), 2, 1), []byte("a\x00bc"), nil, [2][1]string{{"a"}, {"bc"}})
	wants(t, arrayType(fixed(2, NullTerm), 2), []byte("a\x00bc"), nil, []string{"a", "bc"})
	wants(t, arrayType(fixed(2, NullTerm), 2, 1), []byte("a\x00bc"), nil, [2][]byte{[]byte("a"), []byte("bc")})
	refuses[[5]int16](t, a, src)
	refuses[[3][2]int16](t, a, src)
	refuses[int16](t, a, src)
}

func TestSlicesOfOneArrayDoNotReachTheNext(t *testing.T) {
	got, err := convert[[]uint8](arrayType(u8le, 2), []byte{1, 2, 3, 4}, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	_ = append(got[0], 9)
	if got[1][0] != 3 {
		t.Error("append wrote into the next element")
	}
}

type inner struct {
	X float32
	Y []int8 `h5:"y"`
}

type outer struct {
	ID     int64  `h5:"id"`
	Name   string `h5:"name,size=4"`
	In     inner  `h5:"in"`
	Skip   int    `h5:"-"`
	hidden int
}

func TestStructsTakeMembersByTagOrName(t *testing.T) {
	in := compoundOf(7, Member{"y", 0, arrayType(i8le, 2)}, Member{"X", 3, f32le})
	dt := compoundOf(16, Member{"extra", 0, u8le}, Member{"in", 1, in}, Member{"id", 8, i16be}, Member{"name", 10, fixed(4, NullTerm)})
	one := slicesOf([]byte{9, 5, 250, 0}, binary.LittleEndian.AppendUint32(nil, math.Float32bits(1.5)), []byte{0xff, 0xfe, 'a', 'b', 0, 0, 0, 0})
	src := make([]byte, 0, 3000*16)
	for range 3000 { // several blocks
		src = append(src, one...)
	}
	want := outer{ID: -2, Name: "ab", In: inner{1.5, []int8{5, -6}}, Skip: 7, hidden: 8}
	c, err := Compile(dt, reflect.TypeFor[outer](), Options{})
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]outer, 3000)
	for i := range dst {
		dst[i].Skip, dst[i].hidden = 7, 8
	}
	if err := Decode(c, dst, src, nil); err != nil {
		t.Fatal(err)
	}
	for i, got := range dst {
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%d: %+v", i, got)
		}
	}
	refuses[struct{ Missing int }](t, dt, src)
	refuses[struct{ ID int }](t, dt, src)
	refuses[int](t, dt, src)
}

func TestErrorsNameElementMemberValueAndTypes(t *testing.T) {
	dt := compoundOf(9, Member{"b", 0, u8le}, Member{"a", 1, arrayType(i32le, 2)})
	src := make([]byte, 5000*9)
	src[4321*9+5], src[4321*9+6] = 0x40, 1
	_, err := convert[struct {
		A [2]int8 `h5:"a"`
	}](dt, src, nil, 0)
	want := "element 4321.a[1]: value 320 of int32le is out of range as int8: type mismatch"
	if fmt.Sprint(err) != want || !errors.Is(err, h5err.ErrType) {
		t.Errorf("got %v\nwant %s", err, want)
	}
	var v *ValueError
	if !errors.As(err, &v) || v.Index != 4321 || v.Path != ".a[1]" {
		t.Errorf("%+v", v)
	}
}

func TestComplexNumbersComeFromBothForms(t *testing.T) {
	src := slicesOf(le64(1.5), le64(-2))
	wants(t, &Datatype{Class: Complex, Version: 5, Size: 16, Base: f64le}, src, nil, complex(1.5, -2))
	wants(t, &Datatype{Class: Complex, Version: 5, Size: 16, Base: f64le}, src, nil, complex64(complex(1.5, -2)))
	wants(t, compoundOf(16, Member{"r", 0, f64le}, Member{"i", 8, f64le}), src, nil, complex(1.5, -2))
	wants(t, compoundOf(16, Member{"imag", 0, f64le}, Member{"real", 8, f64le}), src, nil, complex(-2, 1.5))
	refuses[complex128](t, compoundOf(16, Member{"x", 0, f64le}, Member{"y", 8, f64le}), src)
	refuses[float64](t, &Datatype{Class: Complex, Version: 5, Size: 16, Base: f64le}, src)
}

func le64(v float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)) }

func TestEnumsGiveNumbersNamesAndBools(t *testing.T) {
	e := enumOf(u8le, "RED", "GREEN")
	wants(t, e, []byte{0, 1, 7}, nil, 0, 1, 7)
	wants(t, e, []byte{1, 0}, nil, "GREEN", "RED")
	refuses[string](t, e, []byte{7})
	refuses[bool](t, e, []byte{1})
	b := enumOf(i8le, "FALSE", "TRUE")
	wants(t, b, []byte{1, 0}, nil, true, false)
	refuses[bool](t, b, []byte{2})
	refuses[bool](t, b, []byte{255})
	refuses[bool](t, enumOf(i8le, "TRUE", "FALSE"), []byte{1})
	refuses[bool](t, i8le, []byte{1})
}

func TestBitfieldsGiveUnsignedAndBool(t *testing.T) {
	b := &Datatype{Class: Bitfield, Version: 1, Size: 1, Precision: 8}
	wants(t, b, []byte{1, 0}, nil, true, false)
	wants(t, b, []byte{200}, nil, uint16(200))
	refuses[bool](t, b, []byte{2})
	refuses[int16](t, b, []byte{2})
	wants(t, &Datatype{Class: Bitfield, Version: 1, Size: 2, Precision: 3, BitOffset: 5}, []byte{0xa0, 1}, nil, uint8(5))
}

func TestABoolNeverHoldsAnotherByte(t *testing.T) {
	dst := [4]bool{true, true, true, true}
	c, _ := Compile(&Datatype{Class: Bitfield, Version: 1, Size: 1, Precision: 8}, reflect.TypeFor[bool](), Options{})
	if err := c.Convert(unsafe.Pointer(&dst), []byte{1, 2, 3, 1}, 4, nil); err == nil {
		t.Fatal("2 is no bool")
	}
	for i, b := range *(*[4]byte)(unsafe.Pointer(&dst)) {
		if b > 1 {
			t.Errorf("byte %d is %d", i, b)
		}
	}
}

func TestTimesAreRawIntegers(t *testing.T) {
	wants(t, &Datatype{Class: Time, Version: 1, Size: 4, Precision: 32, Order: BigEndian}, []byte{0, 0, 1, 0}, nil, int32(256))
	refuses[float64](t, &Datatype{Class: Time, Version: 1, Size: 4, Precision: 32}, []byte{0, 0, 1, 0})
}

func TestReferencesKeepTheirBytes(t *testing.T) {
	r := &Datatype{Class: Reference, Version: 1, Size: 4}
	wants(t, r, []byte{1, 2, 0, 0, 255, 255, 255, 255}, nil, Ref{ObjectReference, "\x01\x02\x00\x00"}, Ref{ObjectReference, "\xff\xff\xff\xff"})
	refuses[uint32](t, r, []byte{1, 2, 3, 4})
	refuses[Ref](t, i32le, []byte{1, 2, 3, 4})
	for raw, null := range map[string]bool{"\x00\x00": true, "\xff\xff": true, "\x00\x01": false, "\xff\x00": false} {
		if got := (Ref{ObjectReference, raw}).Null(); got != null {
			t.Errorf("%q: %v", raw, got)
		}
	}
	if !(Ref{RegionReference, "\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00"}).Null() || (Ref{AttributeReference, "\xff"}).Null() {
		t.Error("null region or attribute reference")
	}
}

func TestIdentityMeansThatBytesAreMemory(t *testing.T) {
	host, other := LittleEndian, BigEndian
	if !hostLittle {
		host, other = other, host
	}
	i4, d8 := integerType(4, true, host), ieee(fields64, host)
	cx := &Datatype{Class: Complex, Version: 5, Size: 16, Base: d8}
	pair := compoundOf(16, Member{"A", 0, i4}, Member{"B", 8, d8})
	type p struct {
		A int32
		_ int32
		B float64
	}
	type partial struct {
		A    int32
		Kept int32 `h5:"-"`
		B    float64
	}
	for _, c := range []struct {
		t    *Datatype
		to   any
		want bool
	}{
		{i4, int32(0), true}, {i4, uint32(0), false}, {i4, int64(0), false}, {integerType(4, true, other), int32(0), false},
		{integerType(1, true, other), int8(0), true}, {d8, 0.0, true}, {ieee(fields64, other), 0.0, false},
		{arrayType(i4, 2, 2), [2][2]int32{}, true}, {arrayType(i4, 2, 2), [4]int32{}, true}, {arrayType(i4, 2), []int32{}, false},
		{cx, complex128(0), true}, {cx, complex64(0), false}, {fixed(4, NullTerm), [4]byte{}, true}, {fixed(4, NullTerm), "", false},
		{pair, p{}, true}, {pair, partial{}, false}, {compoundOf(20, pair.Members...), p{}, false},
		{&Datatype{Class: Bitfield, Version: 1, Size: 1, Precision: 8}, true, false},
		{&Datatype{Class: Integer, Version: 1, Size: 4, Precision: 30, Order: host, Signed: true}, int32(0), false},
	} {
		v, err := Compile(c.t, reflect.TypeOf(c.to), Options{})
		if reflect.TypeOf(c.to) == reflect.TypeFor[p]() && unsafe.Offsetof(p{}.B) != 8 {
			continue // 32-bit hosts may align to 4
		}
		if err != nil || v.Identity() != c.want {
			t.Errorf("%v to %T: %v, %v", c.t, c.to, v, err)
		}
	}
}

func TestNumbersOfStructsAreDecodedWithoutAllocation(t *testing.T) {
	dt := compoundOf(20, Member{"a", 0, i32le}, Member{"b", 4, f64be}, Member{"c", 12, arrayType(i16be, 4)})
	type rec struct {
		A int64      `h5:"a"`
		B float64    `h5:"b"`
		C [4]float32 `h5:"c"`
	}
	c, err := Compile(dt, reflect.TypeFor[rec](), Options{})
	if err != nil {
		t.Fatal(err)
	}
	src, dst := make([]byte, 1000*20), make([]rec, 1000)
	if n := testing.AllocsPerRun(20, func() {
		if err := Decode(c, dst, src, nil); err != nil {
			t.Fatal(err)
		}
	}); n > 0.5 {
		t.Errorf("%v allocations for 1000 records", n)
	}
}

func TestWrongUseIsRefused(t *testing.T) {
	c, err := Compile(i32le, reflect.TypeFor[int32](), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := Decode(c, make([]int32, 2), make([]byte, 7), nil); !errors.Is(err, h5err.ErrType) {
		t.Errorf("short source: %v", err)
	}
	if err := Decode(c, make([]uint32, 1), make([]byte, 4), nil); !errors.Is(err, h5err.ErrType) {
		t.Errorf("other type: %v", err)
	}
	if err := Decode(c, []int32(nil), nil, nil); err != nil {
		t.Errorf("nothing: %v", err)
	}
	if _, err := Compile(i32le, nil, Options{}); !errors.Is(err, h5err.ErrType) {
		t.Errorf("no type: %v", err)
	}
}

func TestAnyGivesNaturalValues(t *testing.T) {
	h := mapHeap{nil, []byte("hi\x00"), {7, 8}}
	vs := &Datatype{Class: String, Version: 1, Size: 16, Variable: true}
	huge, _ := new(big.Int).SetString("-170141183460469231731687303715884105728", 10)
	for _, c := range []struct {
		t    *Datatype
		src  []byte
		want any
	}{
		{i8le, []byte{255}, int8(-1)}, {integerType(3, false, BigEndian), []byte{1, 0, 2}, uint32(65538)},
		{integerType(16, true, BigEndian), append([]byte{128}, make([]byte, 15)...), huge},
		{&Datatype{Class: Bitfield, Version: 1, Size: 2, Precision: 16}, []byte{1, 2}, uint16(513)},
		{ieee(fields16, BigEndian), []byte{0x3c, 0}, float32(1)}, {f64be, []byte{0x3f, 0xf0, 0, 0, 0, 0, 0, 0}, 1.0},
		{ieee(fieldsBF, LittleEndian), []byte{0x80, 0xbf}, -1.0},
		{fixed(3, SpacePad), []byte("a  "), "a"}, {vs, descriptor(3, 1), "hi"},
		{&Datatype{Class: Opaque, Version: 1, Size: 2}, []byte{1, 2}, []byte{1, 2}},
		{enumOf(u8le, "A", "B"), []byte{1}, EnumValue{"B", uint8(1)}}, {enumOf(u8le, "A"), []byte{1}, EnumValue{"", uint8(1)}},
		{arrayType(u8le, 2, 1), []byte{1, 2}, []any{[]any{uint8(1)}, []any{uint8(2)}}},
		{vlenOf(u8le), descriptor(2, 2), []any{uint8(7), uint8(8)}},
		{compoundOf(2, Member{"b", 1, u8le}, Member{"a", 0, i8le}), []byte{1, 2}, Record{{"b", uint8(2)}, {"a", int8(1)}}},
		{&Datatype{Class: Complex, Version: 5, Size: 8, Base: f32le}, make([]byte, 8), complex64(0)},
		{&Datatype{Class: Reference, Version: 1, Size: 1}, []byte{5}, Ref{ObjectReference, "\x05"}},
		{&Datatype{Class: Time, Version: 1, Size: 4, Precision: 32}, []byte{1, 0, 0, 0}, int32(1)},
	} {
		got, err := c.t.Any(c.src, h)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v: %#v, %v, want %#v", c.t, got, err, c.want)
		}
		wants(t, c.t, c.src, h, c.want)
		if _, err := c.t.Any(c.src[:len(c.src)-1], h); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%v of too few bytes: %v", c.t, err)
		}
	}
}

func TestHalfKeepsEveryValueAndNaN(t *testing.T) {
	for h := range 1 << 16 {
		want, _, _ := ieee(fields16, LittleEndian).Float64([]byte{byte(h), byte(h >> 8)})
		got := half(uint16(h))
		if float64(got) != want && (got == got || want == want) {
			t.Fatalf("%04x: %v, want %v", h, got, want)
		}
		if got != got && uint16(math.Float32bits(got)>>13&1023) != uint16(h)&1023 {
			t.Fatalf("%04x: payload of NaN %08x", h, math.Float32bits(got))
		}
	}
}
