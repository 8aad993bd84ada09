package datatype

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"testing"
	"unsafe"

	"gables/hdf5/h5err"
)

// memoryHeap is a heap that can be written to: object i has address 8·i.
type memoryHeap struct{ objects mapHeap }

func (h *memoryHeap) Insert(b []byte) (uint64, uint32, error) {
	if h.objects == nil {
		h.objects = mapHeap{nil}
	}
	h.objects = append(h.objects, bytes.Clone(b))
	i := len(h.objects) - 1
	return uint64(8 * i), uint32(i), nil
}

func (h *memoryHeap) Object(addr uint64, index uint32) ([]byte, error) {
	return h.objects.Object(addr, index)
}

// encode compiles and runs an encoding over bytes that were something else.
func encode[T any](t *Datatype, src []T, h HeapWriter, o Options) ([]byte, error) {
	c, err := CompileEncode(t, reflect.TypeFor[T](), o)
	if err != nil {
		return nil, err
	}
	dst := bytes.Repeat([]byte{0xa5}, len(src)*t.Size)
	return dst, Encode(c, dst, src, h)
}

// stores fails unless src is stored as want, and want read back as src.
func stores[T any](t *testing.T, dt *Datatype, want string, src ...T) {
	t.Helper()
	got, err := encode(dt, src, nil, Options{})
	if err != nil || string(got) != want {
		t.Errorf("%v as %v: %x, %v, want %x", src, dt, got, err, want)
	}
	wants(t, dt, []byte(want), nil, src...)
}

// holds fails unless src comes back from what it is stored as.
func holds[T any](t *testing.T, dt *Datatype, src ...T) {
	t.Helper()
	var h memoryHeap
	b, err := encode(dt, src, &h, Options{})
	if err != nil {
		t.Errorf("%v as %v: %v", src, dt, err)
		return
	}
	wants(t, dt, b, &h, src...)
}

// denies fails unless storing fails with ErrType, at index i where there is one.
func denies[T any](t *testing.T, dt *Datatype, i int, src ...T) {
	t.Helper()
	got, err := encode(dt, src, &memoryHeap{}, Options{})
	if !errors.Is(err, h5err.ErrType) {
		t.Errorf("%v as %v: %x, %v", src, dt, got, err)
	}
	var v *ValueError
	if i >= 0 && (!errors.As(err, &v) || v.Index != i) {
		t.Errorf("%v as %v: %v, want element %d", src, dt, err, i)
	}
}

func TestNumbersAreStoredInTheirOrderAndWidth(t *testing.T) {
	stores[int32](t, i32le, "\x01\x02\x03\x04\xff\xff\xff\xff", 0x04030201, -1)
	stores[int64](t, i16be, "\x01\x02\xff\xfe", 0x0102, -2)
	stores[uint8](t, i64le, "\xff\x00\x00\x00\x00\x00\x00\x00", 255)
	stores(t, f64be, "\x3f\xf8\x00\x00\x00\x00\x00\x00", 1.5)
	stores[float32](t, f64be, "\x3f\xf8\x00\x00\x00\x00\x00\x00", 1.5)
	stores[float64](t, f32le, "\x00\x00\xc0\x3f", 1.5)
	stores[int16](t, f32le, "\x00\x00\x40\xc0", -3)
	stores(t, i32le, "\xfd\xff\xff\xff", -3.0)
	stores[float32](t, ieee(fields16, BigEndian), "\xbe\x00\x7c\x00", -1.5, float32(math.Inf(1)))
	odd := &Datatype{Class: Integer, Version: 1, Size: 3, Precision: 5, BitOffset: 6, Signed: true, Order: BigEndian}
	stores[int8](t, odd, "\x00\x04\x00\x00\x03\xc0", -16, 15)
	odd = &Datatype{Class: Integer, Version: 1, Size: 3, Precision: 5, BitOffset: 6, LoPad: true, HiPad: true}
	stores[uint64](t, odd, "\x7f\xf8\xff\xff\xff\xff", 1, 31)
	wide := &Datatype{Class: Integer, Version: 1, Size: 16, Precision: 128, Signed: true, Order: BigEndian}
	stores[int64](t, wide, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", -2)
	stores[uint64](t, wide, "\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff", math.MaxUint64)
	stores[int32](t, &Datatype{Class: Time, Version: 1, Size: 8, Precision: 64, Order: BigEndian}, "\x00\x00\x00\x00\x00\x00\x00\x09", 9)
	stores[uintptr](t, i16be, "\x01\x00", 256)
	stores[int](t, i16be, "\x01\x00", 256)
}

func TestValuesThatDoNotFitAreRefused(t *testing.T) {
	denies[int32](t, i16be, 2, 1, 2, 32768)
	denies[int64](t, u8le, 1, 0, -1)
	denies[uint64](t, i64le, 0, 1<<63)
	denies[int16](t, i8le, 1, -128, -129)
	denies(t, i32le, 0, 1.5)
	denies(t, i32le, 1, 0, math.NaN())
	denies(t, i32le, 0, 1e10)
	denies[int64](t, f64le, 1, 1<<53, 1<<53+1)
	denies[int32](t, f32le, 0, 1<<24+1)
	denies(t, f32le, 1, 1e38, 1e39)
	denies(t, ieee(fields16, LittleEndian), 1, 65519.0, 65520)
	odd := &Datatype{Class: Integer, Version: 1, Size: 3, Precision: 5, BitOffset: 6, Signed: true}
	denies[int64](t, odd, 1, 15, 16)
	denies[int64](t, odd, 1, -16, -17)
	denies[uint64](t, odd, 0, 16)
	many := make([]int64, 3*blockLen)
	many[2*blockLen+7] = 40000
	denies(t, i16be, 2*blockLen+7, many...)
	for _, from := range []reflect.Type{reflect.TypeFor[string](), reflect.TypeFor[bool](), reflect.TypeFor[[]int32](), reflect.TypeFor[*int32](), reflect.TypeFor[complex64]()} {
		if _, err := CompileEncode(i32le, from, Options{}); !errors.Is(err, h5err.ErrType) {
			t.Errorf("%v: %v", from, err)
		}
	}
	if _, err := CompileEncode(nil, reflect.TypeFor[int](), Options{}); !errors.Is(err, h5err.ErrType) {
		t.Error(err)
	}
}

func TestOptionsAllowLosses(t *testing.T) {
	lossy := Options{Lossy: LossyRange | LossyPrecision | LossyNaN}
	for _, c := range []struct {
		t    *Datatype
		src  []float64
		want string
	}{
		{i16be, []float64{1e9, -1e9, 2.9, math.NaN()}, "\x7f\xff\x80\x00\x00\x02\x00\x00"},
		{ieee(fields16, BigEndian), []float64{1e9, -1e9}, "\x7c\x00\xfc\x00"},
		{&Datatype{Class: Integer, Version: 1, Size: 1, Precision: 3, Signed: true}, []float64{100, -100}, "\x03\x04"},
		{&Datatype{Class: Integer, Version: 1, Size: 1, Precision: 3}, []float64{100, -100}, "\x07\x00"},
	} {
		if got, err := encode(c.t, c.src, nil, lossy); err != nil || string(got) != c.want {
			t.Errorf("%v as %v: %x, %v", c.src, c.t, got, err)
		}
	}
}

// randomInteger is an integer type of any form.
func randomInteger(r *rand.Rand) *Datatype {
	t := &Datatype{Class: Integer, Version: 1, Size: 1 + r.IntN(18), Signed: r.IntN(2) == 0, Order: ByteOrder(r.IntN(2)),
		LoPad: r.IntN(2) == 0, HiPad: r.IntN(2) == 0}
	t.Precision = 1 + r.IntN(8*t.Size)
	t.BitOffset = r.IntN(8*t.Size - t.Precision + 1)
	if r.IntN(2) == 0 {
		t.Size = 1 << r.IntN(4)
		t.Precision, t.BitOffset = 8*t.Size, 0
	}
	return t
}

func TestIntegersOfEveryFormAreStoredExactlyOrRefused(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	stored, refused := 0, 0
	for range 3000 {
		dt := randomInteger(r)
		v := r.Uint64() >> r.IntN(64)
		for _, x := range []any{int64(v), v, -int64(v), int32(v), int8(v), uint16(v), float64(int64(v))} {
			want, _ := new(big.Float).SetString(fmt.Sprint(x))
			if f, isFloat := x.(float64); isFloat {
				want = big.NewFloat(f)
			}
			got, err := encode(dt, []any{x}, nil, Options{})
			if err != nil {
				whole, _ := want.Int(nil)
				// A float goes through 64 bits.
				if f, isFloat := x.(float64); dt.fitsBig(whole) && !(isFloat && math.Abs(f) >= 1<<63) {
					t.Fatalf("%T %v as %v: %v", x, x, dt, err)
				}
				refused++
				continue
			}
			if have := new(big.Float).SetInt(dt.bigInt(got)); have.Cmp(want) != 0 {
				t.Fatalf("%T %v as %v: %x, which is %v", x, x, dt, got, have)
			}
			if pads := loadBits(got, dt.Order, 0, dt.BitOffset); dt.LoPad != (pads != bitString{}) && dt.BitOffset > 0 {
				t.Fatalf("%v as %v: %x: padding", x, dt, got)
			}
			stored++
		}
	}
	if stored < 8000 || refused < 800 {
		t.Errorf("%d stored, %d refused", stored, refused)
	}
}

// fitsBig tells whether t can hold v.
func (t *Datatype) fitsBig(v *big.Int) bool {
	return t.putBig(make([]byte, t.Size), v, 0) == nil
}

// The processor's rounding is the witness for the soft one.
func TestFloatsAreRoundedAsTheProcessorRounds(t *testing.T) {
	f, err := newFloatFormat(f32le)
	if err != nil {
		t.Fatal(err)
	}
	f.kind = softFloat
	store := softStorer(f, LossyRange)
	r := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, 4)
	for i := range 100_000 {
		v := math.Float64frombits(r.Uint64())
		switch i % 4 {
		case 0: // about float32's range, where subnormals are
			v = math.Ldexp(1+r.Float64(), r.IntN(300)-160)
		case 1: // halves and their neighbours
			v = math.Float64frombits(math.Float64bits(float64(math.Float32frombits(r.Uint32()))) + 1<<28 + uint64(r.IntN(3)) - 1)
		}
		if v != v {
			continue
		}
		if _, why := store(b, 4, unsafe.Pointer(&v), 8, 1); why != fits {
			t.Fatalf("%v: %v", v, why)
		}
		want := math.Float32bits(float32(v))
		if got := uint32(loadUint(b, LittleEndian)); got != want {
			t.Fatalf("%x (%v): got %08x, want %08x", math.Float64bits(v), v, got, want)
		}
	}
}

func TestFloatsOfEveryFormHoldWhatTheyGave(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	formats := []ieeeFields{fields16, fieldsBF, fields32, fields64, fields128, fieldsX87, fieldsE4, fieldsE5,
		{8, 60, 59, 50, 9, 2, 40, 255}, {3, 22, 21, 15, 5, 2, 11, 15}, {5, 33, 36, 28, 8, 4, 20, 127}, {20, 160, 159, 130, 20, 1, 120, 1<<19 - 1}}
	for _, fields := range formats {
		for _, norm := range []Normalization{NormImplied, NormNone} {
			for _, order := range []ByteOrder{LittleEndian, BigEndian, VAX} {
				dt := ieee(fields, order)
				dt.Norm, dt.IntPad, dt.HiPad = norm, r.IntN(2) == 0, r.IntN(2) == 0
				if order == VAX && dt.Size%2 != 0 {
					continue
				}
				b := make([]byte, dt.Size)
				for range 300 {
					v := math.Ldexp(r.Float64()*2-1, r.IntN(60)-30)
					switch r.IntN(20) {
					case 0:
						v = 0
					case 1:
						v = math.Inf(1 - 2*r.IntN(2))
					case 2:
						v = math.NaN()
					}
					floatHolds(t, dt, b, v)
				}
			}
		}
	}
}

// floatHolds stores v twice: what the first one gives is exact.
func floatHolds(t *testing.T, dt *Datatype, b []byte, v float64) {
	t.Helper()
	c, err := CompileEncode(dt, reflect.TypeFor[float64](), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := Encode(c, b, []float64{v}, nil); err != nil {
		if math.Abs(v) < 200 || !errors.Is(err, h5err.ErrType) {
			t.Fatalf("%v as %v: %v", v, dt, err)
		}
		return
	}
	once, exact, err := dt.Float64(b)
	ulp := math.Ldexp(math.Abs(v), -min(dt.MantSize, 50)) + math.Ldexp(1, 2-int(dt.Bias)-dt.MantSize)
	if err != nil || !exact || math.Abs(once-v) > ulp || (v != v) != (once != once) || math.IsInf(v, 0) && once != v {
		t.Fatalf("%v as %v: %x, which is %v, %v, %v", v, dt, b, once, exact, err)
	}
	if math.Signbit(v) != math.Signbit(once) && v == v {
		t.Fatalf("%v as %v lost its sign", v, dt)
	}
	first := bytes.Clone(b)
	if err := Encode(c, b, []float64{once}, nil); err != nil || v == v && !bytes.Equal(first, b) {
		t.Fatalf("%v as %v: %x, then %x, %v", v, dt, first, b, err)
	}
}

func TestStringsAreFilledUpOrRefused(t *testing.T) {
	stores(t, fixed(4, NullPad), "abcd\x00\x00\x00\x00a\x00b\x00", "abcd", "", "a\x00b")
	stores(t, fixed(4, NullTerm), "abcdab\x00\x00", "abcd", "ab")
	stores(t, fixed(4, SpacePad), "ab      ", "ab", "")
	stores(t, fixed(3, SpacePad), "ab ", []byte("ab"))
	stores(t, fixed(2, NullPad), "a\x00", [2]byte{'a', 0})
	denies(t, fixed(4, NullPad), 1, "abcd", "abcde")
	denies(t, fixed(4, NullPad), 0, "a\x00")
	denies(t, fixed(4, NullTerm), 0, "a\x00b")
	denies(t, fixed(4, SpacePad), 0, "a ")
	denies(t, fixed(4, NullPad), -1, [3]byte{})
	op := Must(NewOpaque(2, "x"))
	stores(t, op, "\x01\x00", []byte{1, 0})
	stores(t, op, "\x01\x00", [2]byte{1, 0})
	denies(t, op, 0, []byte{1})
	denies(t, op, -1, "ab")
}

func TestVariableLengthDataGoesToTheHeap(t *testing.T) {
	holds(t, VLString(UTF8), "hello", "", "ü")
	holds(t, VLString(ASCII), []byte("hello"), []byte(nil))
	denies(t, VLString(UTF8), 1, "a", "b\x00")
	vl := Must(VL(i16be))
	holds(t, vl, []int64{1, 2, 3}, nil, []int64{-4})
	holds(t, Must(VL(vl)), [][]int16{{1, 2}, {3}}, nil, [][]int16{nil, {4, 5, 6}})
	holds(t, Must(VL(VLString(UTF8))), []string{"a", "", "ccc"})
	denies(t, vl, 1, []int64{1}, []int64{1, 40000})
	// Elements that are stored while others are prepared keep their bytes.
	deep := Must(VL(Must(VL(Must(VL(i32le))))))
	var list [][][]int64
	for i := range 50 {
		var rows [][]int64
		for j := range 1 + i%7 {
			rows = append(rows, make([]int64, 1+100*j))
			rows[j][0] = int64(i)
		}
		list = append(list, rows)
	}
	holds(t, deep, list)
	if _, err := encode(vl, [][]int16{{1}}, nil, Options{}); !errors.Is(err, h5err.ErrUnsupported) {
		t.Errorf("no heap: %v", err)
	}
	if b, err := encode(vl, [][]int16{{}}, nil, Options{}); err != nil || !bytes.Equal(b, make([]byte, 16)) {
		t.Errorf("empty: %x, %v", b, err)
	}
	narrow := &Datatype{Class: VLen, Version: 1, Size: 10, Base: i32le}
	holds(t, narrow, []int32{7})
	if _, err := encode(narrow, [][]int32{{7}}, farHeap{}, Options{}); !errors.Is(err, h5err.ErrLimit) {
		t.Errorf("an address of 40 bits in 16: %v", err)
	}
	if _, err := encode(vl, [][]int16{{7}}, brokenHeap{}, Options{}); !errors.Is(err, h5err.ErrClosed) {
		t.Errorf("the heap's error: %v", err)
	}
}

type farHeap struct{}

func (farHeap) Insert([]byte) (uint64, uint32, error) { return 1 << 40, 1, nil }

type brokenHeap struct{}

func (brokenHeap) Insert([]byte) (uint64, uint32, error) { return 0, 0, h5err.ErrClosed }

func TestBoolIsBitfieldOrEnumeration(t *testing.T) {
	stores(t, Must(NewBitfield(8, LittleEndian)), "\x01\x00", true, false)
	stores(t, Must(NewBitfield(16, BigEndian)), "\x00\x01", true)
	stores(t, BoolEnum(), "\x01\x00", true, false)
	denies(t, i8le, -1, true)
	colors := Must(NewEnum(i16be, []string{"RED", "BLUE"}, []int64{1, 256}))
	stores(t, colors, "\x01\x00\x00\x01", "BLUE", "RED")
	stores[int32](t, colors, "\x00\x07", 7)
	denies(t, colors, 1, "RED", "GREEN")
	denies(t, colors, -1, true)
}

func TestStructsAreStoredByName(t *testing.T) {
	type rec struct {
		A    int64 `h5:"a"`
		B    float64
		Skip string `h5:"-"`
		C    [2]int16
	}
	dt := Must(NewCompound(20, Member{"C", 12, arrayType(i16be, 2)}, Member{"a", 1, i32le}, Member{"B", 5, f32le}))
	stores(t, dt, "\x00\x02\x00\x00\x00\x00\x00\x80\x3f\x00\x00\x00\x00\x03\x00\x04\x00\x00\x00\x00", rec{A: 2, B: 1, C: [2]int16{3, 4}})
	many := make([]rec, 3000)
	for i := range many {
		many[i].A = int64(i)
	}
	holds(t, dt, many...)
	many[2999].A = 1 << 40
	denies(t, dt, 2999, many...)
	_, err := encode(dt, many, nil, Options{})
	if v := (*ValueError)(nil); !errors.As(err, &v) || v.Path != ".a" {
		t.Errorf("no path: %v", err)
	}
	denies(t, dt, -1, struct{ B float64 }{1})
	denies(t, dt, -1, struct{ X int }{1})
	type twice struct {
		A, D int32 `h5:"a"`
	}
	if _, err := CompileEncode(dt, reflect.TypeFor[twice](), Options{Partial: true}); !errors.Is(err, h5err.ErrType) {
		t.Errorf("two fields for a member: %v", err)
	}
	got, err := encode(dt, []struct{ B float64 }{{1}}, nil, Options{Partial: true})
	if want := "\xa5\xa5\xa5\xa5\xa5\x00\x00\x80\x3f\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5"; err != nil || string(got) != want {
		t.Errorf("a part: %x, %v", got, err)
	}
}

func TestComplexNumbersAndArrays(t *testing.T) {
	stores[complex64](t, Must(ComplexPair(f32le)), "\x00\x00\x80\x3f\x00\x00\x00\x40", 1+2i)
	stores(t, Must(NewComplex(f64be)), "\x3f\xf0\x00\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x00", 1-2i)
	swapped := Must(NewCompound(0, Member{"imag", 0, f32le}, Member{"real", 4, f32le}))
	stores(t, swapped, "\x00\x00\x00\x40\x00\x00\x80\x3f", 1+2i)
	a := Must(NewArray(i16be, 2, 3))
	stores(t, a, "\x00\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06", [2][3]int{{1, 2, 3}, {4, 5, 6}})
	stores(t, a, "\x00\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06", [][]int{{1, 2, 3}, {4, 5, 6}})
	stores(t, a, "\x00\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06", []int32{1, 2, 3, 4, 5, 6})
	denies(t, a, 1, []int32{1, 2, 3, 4, 5, 6}, []int32{1, 2, 3, 4, 5})
	denies(t, a, 0, [][]int{{1, 2, 3}, {4, 5}})
	denies(t, a, 0, [2][3]int{{1, 2, 40000}})
	denies(t, a, -1, [5]int{})
	ref := Must(NewReference(ObjectReference))
	stores(t, ref, "\x01\x02\x03\x04\x05\x06\x07\x08", Ref{ObjectReference, "\x01\x02\x03\x04\x05\x06\x07\x08"})
	if b, err := encode(ref, []Ref{{}}, nil, Options{}); err != nil || !bytes.Equal(b, make([]byte, 8)) {
		t.Errorf("null: %x, %v", b, err)
	}
	denies(t, ref, 0, Ref{RegionReference, "12345678"})
	denies(t, ref, 0, Ref{ObjectReference, "1234"})
}

func TestIdentityIsAMoveOfMemory(t *testing.T) {
	native := LittleEndian
	if !hostLittle {
		native = BigEndian
	}
	type pair struct {
		A int32
		B float32
	}
	p := Must(Pack([]string{"A", "B"}, []*Datatype{Must(Int(32, true, native)), Float32(native)}))
	for _, c := range []struct {
		t    *Datatype
		from reflect.Type
		want bool
	}{
		{Must(Int(16, true, native)), reflect.TypeFor[int16](), true},
		{Must(Int(16, true, native)), reflect.TypeFor[uint16](), false},
		{Must(Int(16, true, 1-native)), reflect.TypeFor[int16](), false},
		{Float64(native), reflect.TypeFor[float64](), true},
		{Must(NewBitfield(8, native)), reflect.TypeFor[bool](), true},
		{p, reflect.TypeFor[pair](), true},
		{Must(NewArray(p, 3)), reflect.TypeFor[[3]pair](), true},
		{Must(ComplexPair(Float64(native))), reflect.TypeFor[complex128](), true},
		{Must(NewCompound(12, p.Members...)), reflect.TypeFor[struct {
			A int32
			B float32
			_ int32
		}](), false},
		{Must(NewOpaque(3, "")), reflect.TypeFor[[3]byte](), true},
		{fixed(3, NullPad), reflect.TypeFor[string](), false},
	} {
		e, err := CompileEncode(c.t, c.from, Options{})
		if err != nil || e.Identity() != c.want || e.Source() != c.from || e.Target() != c.t {
			t.Errorf("%v as %v: %v, %v", c.from, c.t, e, err)
		}
	}
}

func TestEncodingTakesNoMemoryForEachElement(t *testing.T) {
	type rec struct {
		A int64
		B float64
		C string
		D [3]float32
		E bool
	}
	dt := Must(NewCompound(0, Member{"A", 0, i32le}, Member{"B", 4, f64be}, Member{"C", 12, fixed(8, NullPad)},
		Member{"D", 20, arrayType(ieee(fields16, BigEndian), 3)}, Member{"E", 26, BoolEnum()}))
	c, err := CompileEncode(dt, reflect.TypeFor[rec](), Options{})
	if err != nil {
		t.Fatal(err)
	}
	src := make([]rec, 2000)
	dst := make([]byte, len(src)*dt.Size)
	if n := testing.AllocsPerRun(10, func() {
		if err := Encode(c, dst, src, nil); err != nil {
			t.Fatal(err)
		}
	}); n > 1 {
		t.Errorf("%v allocations", n)
	}
	if err := Encode(c, dst[1:], src, nil); !errors.Is(err, h5err.ErrType) {
		t.Errorf("no room: %v", err)
	}
	if err := Encode(c, dst, []int{1}, nil); !errors.Is(err, h5err.ErrType) {
		t.Errorf("another type: %v", err)
	}
	if err := Encode(c, dst, []rec{}, nil); err != nil {
		t.Error(err)
	}
}

func TestWhatIsInfallibleTakesEveryValue(t *testing.T) {
	type inner struct {
		A int16 `h5:"a,order=big"`
		B [3]float32
	}
	type record struct {
		N  uint8
		In inner
		S  [4]byte `h5:",string"`
	}
	sure := func(dt *Datatype, from reflect.Type) bool {
		c, err := CompileEncode(dt, from, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return c.Infallible()
	}
	of, err := Of[record]()
	if err != nil {
		t.Fatal(err)
	}
	if !sure(of, reflect.TypeFor[record]()) {
		t.Errorf("%v", of)
	}
	kinds := []reflect.Type{reflect.TypeFor[int8](), reflect.TypeFor[int64](), reflect.TypeFor[uint8](), reflect.TypeFor[uint32](),
		reflect.TypeFor[uint64](), reflect.TypeFor[float32](), reflect.TypeFor[float64]()}
	extremes := []any{int8(-128), int64(math.MinInt64), uint8(255), uint32(math.MaxUint32), uint64(math.MaxUint64), float32(math.MaxFloat32), math.MaxFloat64}
	for i, from := range kinds {
		for _, order := range []ByteOrder{LittleEndian, BigEndian} {
			targets := []*Datatype{Float32(order), Float64(order)}
			for _, bits := range []int{8, 16, 32, 64} {
				for _, signed := range []bool{false, true} {
					dt, err := Int(bits, signed, order)
					if err != nil {
						t.Fatal(err)
					}
					targets = append(targets, dt)
				}
			}
			for _, to := range targets {
				c, err := CompileEncode(to, from, Options{})
				if err != nil {
					t.Fatal(err)
				}
				v := reflect.New(from)
				v.Elem().Set(reflect.ValueOf(extremes[i]))
				err = c.Convert(make([]byte, to.Size), v.UnsafePointer(), 1, nil)
				if err != nil && c.Infallible() {
					t.Errorf("%v: %v", from, err)
				}
				number := to.Class == Float == (from.Kind() == reflect.Float32 || from.Kind() == reflect.Float64)
				if err == nil && number && from.Size() == uintptr(to.Size) && !c.Infallible() {
					t.Errorf("%v as %v is tried", from, to)
				}
			}
		}
	}
	if sure(VLString(UTF8), reflect.TypeFor[string]()) {
		t.Error("a string")
	}
}
