package datatype

import (
	"encoding/binary"
	"reflect"
	"testing"
)

// benchConvert converts 64 Ki elements of src, which stay in the second-level cache.
func benchConvert[T any](b *testing.B, t *Datatype) {
	const n = 64 << 10
	c, err := Compile(t, reflect.TypeFor[T](), Options{})
	if err != nil {
		b.Fatal(err)
	}
	src, dst := make([]byte, n*t.Size), make([]T, n)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Decode(c, dst, src, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkInt32Identity(b *testing.B)   { benchConvert[int32](b, i32le) }
func BenchmarkInt16BigToInt16(b *testing.B) { benchConvert[int16](b, i16be) }
func BenchmarkFloat64Big(b *testing.B)      { benchConvert[float64](b, f64be) }
func BenchmarkInt32ToFloat64(b *testing.B)  { benchConvert[float64](b, i32le) }
func BenchmarkInt64ToInt32(b *testing.B)    { benchConvert[int32](b, i64le) }
func BenchmarkFloat64ToFloat32(b *testing.B) {
	benchConvert[float32](b, f64le)
}
func BenchmarkFloat64ToInt32(b *testing.B)   { benchConvert[int32](b, f64le) }
func BenchmarkFloat16ToFloat32(b *testing.B) { benchConvert[float32](b, ieee(fields16, LittleEndian)) }
func BenchmarkBFloat16(b *testing.B)         { benchConvert[float32](b, ieee(fieldsBF, LittleEndian)) }
func BenchmarkBinary128(b *testing.B)        { benchConvert[float64](b, ieee(fields128, LittleEndian)) }
func BenchmarkInt3In4Bytes(b *testing.B) {
	benchConvert[int8](b, &Datatype{Class: Integer, Version: 1, Size: 4, Precision: 3, BitOffset: 5, Signed: true})
}
func BenchmarkBool(b *testing.B) {
	benchConvert[bool](b, &Datatype{Class: Bitfield, Version: 1, Size: 1, Precision: 8})
}

func BenchmarkStructOfNumbers(b *testing.B) {
	type rec struct {
		A int64   `h5:"a"`
		B float64 `h5:"b"`
		C int16   `h5:"c"`
	}
	benchConvert[rec](b, compoundOf(14, Member{"a", 0, i32le}, Member{"b", 4, f64le}, Member{"c", 12, i16be}))
}

// BenchmarkPlainLoopInt32ToFloat64 is the rival: the loop that one would write by hand.
func BenchmarkPlainLoopInt32ToFloat64(b *testing.B) {
	const n = 64 << 10
	src, dst := make([]byte, n*4), make([]float64, n)
	b.SetBytes(n * 4)
	for b.Loop() {
		for i := range dst {
			dst[i] = float64(int32(binary.LittleEndian.Uint32(src[4*i:])))
		}
	}
}

// benchEncode stores 64 Ki values.
func benchEncode[T any](b *testing.B, t *Datatype) {
	const n = 64 << 10
	c, err := CompileEncode(t, reflect.TypeFor[T](), Options{})
	if err != nil {
		b.Fatal(err)
	}
	src, dst := make([]T, n), make([]byte, n*t.Size)
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Encode(c, dst, src, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeInt32Identity(b *testing.B)    { benchEncode[int32](b, i32le) }
func BenchmarkEncodeInt16Big(b *testing.B)         { benchEncode[int16](b, i16be) }
func BenchmarkEncodeFloat64Big(b *testing.B)       { benchEncode[float64](b, f64be) }
func BenchmarkEncodeInt64ToInt32(b *testing.B)     { benchEncode[int64](b, i32le) }
func BenchmarkEncodeFloat64ToFloat32(b *testing.B) { benchEncode[float64](b, f32le) }
func BenchmarkEncodeFloat32ToFloat16(b *testing.B) {
	benchEncode[float32](b, ieee(fields16, LittleEndian))
}
func BenchmarkEncodeStringInto16Bytes(b *testing.B) { benchEncode[string](b, fixed(16, NullPad)) }

func BenchmarkEncodeStructOfNumbers(b *testing.B) {
	type rec struct {
		A int64   `h5:"a"`
		B float64 `h5:"b"`
		C int16   `h5:"c"`
	}
	benchEncode[rec](b, compoundOf(14, Member{"a", 0, i32le}, Member{"b", 4, f64le}, Member{"c", 12, i16be}))
}
