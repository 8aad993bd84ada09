//go:build interop

package interop

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"

	"gables/hdf5"
	"gables/hdf5/datatype"
)

var (
	int8le    = datatype.Must(datatype.Int(8, true, littleEndian))
	int16be   = datatype.Must(datatype.Int(16, true, bigEndian))
	uint16le  = datatype.Must(datatype.Int(16, false, littleEndian))
	uint16be  = datatype.Must(datatype.Int(16, false, bigEndian))
	int16le   = datatype.Must(datatype.Int(16, true, littleEndian))
	int32le   = datatype.Must(datatype.Int(32, true, littleEndian))
	uint32le  = datatype.Must(datatype.Int(32, false, littleEndian))
	int64le   = datatype.Must(datatype.Int(64, true, littleEndian))
	int64be   = datatype.Must(datatype.Int(64, true, bigEndian))
	float32be = datatype.Float32(bigEndian)
	float32le = datatype.Float32(littleEndian)
	float64le = datatype.Float64(littleEndian)
	float64be = datatype.Float64(bigEndian)
	string5   = datatype.Must(datatype.FixedString(5, datatype.NullPad, datatype.ASCII))
)

// fields are members at given offsets.
func fields(size int, list ...datatype.Member) *datatype.Datatype {
	return datatype.Must(datatype.NewCompound(size, list...))
}

func member(name string, at int, t *datatype.Datatype) datatype.Member {
	return datatype.Member{Name: name, Offset: at, Type: t}
}

// numpyFields is a dtype of numpy with offsets.
func numpyFields(size int, list ...any) any {
	var names, formats, offsets []any
	for i := 0; i < len(list); i += 3 {
		names, offsets, formats = append(names, list[i]), append(offsets, list[i+1]), append(formats, list[i+2])
	}
	return map[string]any{"names": names, "formats": formats, "offsets": offsets, "itemsize": size}
}

// clean draws compounds whose gaps are zeros, as numpy leaves them, and whose
// strings end as they are padded.
func clean(t *datatype.Datatype) func(r *rand.Rand, n int, _ targets) cells {
	return func(r *rand.Rand, n int, _ targets) cells {
		list := noise(r, n, t.Size, false)
		for _, b := range list {
			kept := make([]byte, len(b))
			keepMembers(t, kept, b)
			copy(b, kept)
		}
		return stored(list)
	}
}

func keepMembers(t *datatype.Datatype, dst, src []byte) {
	switch t.Class {
	case datatype.Compound:
		for _, m := range t.Members {
			keepMembers(m.Type, dst[m.Offset:m.Offset+m.Type.Size], src[m.Offset:m.Offset+m.Type.Size])
		}
	case datatype.Array:
		for at := 0; at < len(src); at += t.Base.Size {
			keepMembers(t.Base, dst[at:at+t.Base.Size], src[at:at+t.Base.Size])
		}
	case datatype.String:
		for i, c := range src[:int(src[0])%(len(src)+1)] {
			dst[i] = 'a' + c%26
		}
	case datatype.Float:
		// Not a number is no use to h5dump, which prints no bits.
		if t.Order == bigEndian {
			copy(dst, ordered(binary.BigEndian, float32(src[0])))
			if t.Size == 8 {
				copy(dst, ordered(binary.BigEndian, float64(src[0])*1.25))
			}
			return
		}
		copy(dst, le(float32(src[0])))
		if t.Size == 8 {
			copy(dst, le(float64(src[0])*1.25))
		}
	default:
		copy(dst, src)
	}
}

func compoundKinds() []kind {
	inner := fields(6, member("x", 0, int16be), member("y", 2, uint32le))
	numpyInner := numpyFields(6, "x", 0, ">i2", "y", 2, "<u4")
	deep := fields(16, member("m", 2, inner), member("z", 8, int64le))
	compound := func(name string, t *datatype.Datatype, numpy any) kind {
		return kind{name: name, family: "compound", t: t, numpy: numpy, draw: clean(t)}
	}
	var wide []datatype.Member
	var numpyWide []any
	for i := range 150 {
		wide = append(wide, member(fmt.Sprintf("column_%d", i), 4*i, int32le))
		numpyWide = append(numpyWide, fmt.Sprintf("column_%d", i), 4*i, "<i4")
	}
	pos := datatype.Must(datatype.NewArray(float32le, 2, 3))
	flags := datatype.Must(datatype.NewBitfield(32, littleEndian))
	return []kind{
		compound("compound", fields(12, member("id", 0, int32le), member("value", 4, float64le)), numpyFields(12, "id", 0, "<i4", "value", 4, "<f8")),
		compound("compound_padded", fields(29, member("a", 1, int8le), member("b", 8, float64be), member("c", 20, uint16le)),
			numpyFields(29, "a", 1, "i1", "b", 8, ">f8", "c", 20, "<u2")),
		compound("compound_nested", fields(27, member("n", 0, inner), member("s", 6, string5), member("deep", 11, deep)),
			numpyFields(27, "n", 0, numpyInner, "s", 6, "S5", "deep", 11, numpyFields(16, "m", 2, numpyInner, "z", 8, "<i8"))),
		compound("compound_array", fields(36, member("t", 0, flags), member("pos", 4, pos), member("q", 28, int64be)), nil),
		compound("compound_150", fields(600, wide...), numpyFields(600, numpyWide...)),
	}
}

func arrayKinds() []kind {
	inner := fields(6, member("x", 0, int16be), member("y", 2, uint32le))
	array := func(name string, numpy any, base *datatype.Datatype, dims ...int) kind {
		t := datatype.Must(datatype.NewArray(base, dims...))
		return kind{name: name, family: "array", t: t, numpy: numpy, draw: clean(t)}
	}
	return []kind{
		array("array3_i32", []any{"<i4", []int{3}}, int32le, 3),
		array("array2x3_f32be", []any{">f4", []int{2, 3}}, float32be, 2, 3),
		array("array4_string", []any{"S5", []int{4}}, string5, 4),
		array("array2_compound", nil, inner, 2),
		array("array_of_array", nil, datatype.Must(datatype.NewArray(uint16be, 2)), 3, 1),
	}
}

// goRecord is a compound as Go has it.
type goRecord struct {
	ID    int32 `h5:"id"`
	Inner struct {
		X float32    `h5:"x"`
		Y [2]uint16  `h5:"y"`
		Z complex128 `h5:"z"`
	} `h5:"inner"`
	Flag bool   `h5:"flag,enum"`
	Name string `h5:"name,size=6"`
	Tag  []byte `h5:"tag,size=3,opaque=t"`
}

func goKinds() []kind {
	record := datatype.Must(datatype.Of[goRecord]())
	half := datatype.Float16(bigEndian)
	wider := datatype.Must(datatype.Int(64, true, bigEndian))
	return []kind{
		{name: "go_struct", family: "compound", t: record, draw: func(r *rand.Rand, n int, _ targets) cells {
			return typed(each(n, func(i int) (goRecord, []byte) {
				v := goRecord{ID: int32(i - 3), Flag: i%3 == 0, Name: words[i%3], Tag: []byte{byte(i), 2, 255}}
				v.Inner.X, v.Inner.Y, v.Inner.Z = float32(i)/2, [2]uint16{uint16(i), 9}, complex(float64(i), -1.5)
				b := append(le(v.ID), le(v.Inner.X)...)
				b = append(append(b, le(v.Inner.Y[:])...), le([]float64{real(v.Inner.Z), imag(v.Inner.Z)})...)
				b = append(append(b, le(v.Flag)...), padded(v.Name, 6, datatype.NullPad)...)
				return v, append(b, v.Tag...)
			}))
		}},
		{name: "go_half", family: "float", t: half, numpy: ">f2", draw: func(r *rand.Rand, n int, _ targets) cells {
			return typed(each(n, func(i int) (float64, []byte) {
				v := float64(r.IntN(4096)-2048) / 8
				return v, ordered(binary.BigEndian, halfBits(v))
			}))
		}},
		{name: "go_wider", family: "int", t: wider, numpy: ">i8", draw: func(r *rand.Rand, n int, _ targets) cells {
			return typed(each(n, func(i int) (int16, []byte) {
				v := int16(r.Uint32())
				return v, ordered(binary.BigEndian, int64(v))
			}))
		}},
		{name: "go_bool", family: "bool", t: datatype.BoolEnum(), numpy: "i1", draw: func(r *rand.Rand, n int, _ targets) cells {
			return typed(each(n, func(i int) (bool, []byte) { v := r.IntN(2) == 1; return v, le(v) }))
		}},
		{name: "go_array", family: "array", t: datatype.Must(datatype.Of[[2][3]float64]()), numpy: []any{"<f8", []int{2, 3}},
			draw: func(r *rand.Rand, n int, _ targets) cells {
				return typed(each(n, func(i int) (v [2][3]float64, b []byte) {
					v[0][1], v[1][2] = r.NormFloat64(), float64(i)
					return v, le(v)
				}))
			}},
	}
}

func linkedKind(name, family string, t *datatype.Datatype, draw func(r *rand.Rand, n int, x targets) cells) kind {
	return kind{name: name, family: family, t: t, linked: true, draw: draw}
}

// sequenceOf is a kind of sequences of up to 5 numbers.
func sequenceOf[T any](name string, base *datatype.Datatype, element func(r *rand.Rand) T, canon func(T) []byte) kind {
	t := datatype.Must(datatype.VL(base))
	return linkedKind(name, "VL sequence", t, func(r *rand.Rand, n int, _ targets) cells {
		return typed(each(n, func(i int) ([]T, []byte) { return sequence(r, element, canon) }))
	})
}

func sequence[T any](r *rand.Rand, element func(r *rand.Rand) T, canon func(T) []byte) ([]T, []byte) {
	v := make([]T, r.IntN(6))
	b := le(uint32(len(v)))
	for k := range v {
		v[k] = element(r)
		b = append(b, canon(v[k])...)
	}
	return v, b
}

// flatItem is what sequences of flat compounds are made of.
type flatItem struct {
	A int16   `h5:"a"`
	B float32 `h5:"b"`
}

// item is what sequences of compounds are made of.
type item struct {
	A int16    `h5:"a"`
	B float32  `h5:"b"`
	C string   `h5:"c"`
	D []uint16 `h5:"d"`
}

func sequenceKinds() []kind {
	utf8 := datatype.VLString(datatype.UTF8)
	ascii := datatype.VLString(datatype.ASCII)
	word := func(r *rand.Rand) string { return words[r.IntN(len(words))] }
	number := func(r *rand.Rand) int32 { return int32(r.IntN(200) - 100) }
	items := datatype.Must(datatype.Pack([]string{"a", "b", "c", "d"}, []*datatype.Datatype{int16be, float32le, utf8, datatype.Must(datatype.VL(uint16le))}))
	makeItem := func(r *rand.Rand) item {
		v := item{A: int16(r.Uint32()), B: float32(r.IntN(99)) / 4, C: word(r), D: make([]uint16, r.IntN(3))}
		return v
	}
	canonItem := func(v item) []byte {
		return slices.Concat(le(v.A), le(v.B), lengthText(v.C), le(uint32(len(v.D))), le(v.D))
	}
	nested := datatype.Must(datatype.VL(datatype.Must(datatype.VL(int16le))))
	return []kind{
		linkedKind("vlstring_utf8", "VL string", utf8, func(r *rand.Rand, n int, _ targets) cells {
			return typed(each(n, func(int) (string, []byte) { s := word(r); return s, lengthText(s) }))
		}),
		linkedKind("vlstring_ascii", "VL string", ascii, func(r *rand.Rand, n int, _ targets) cells {
			return typed(each(n, func(i int) (string, []byte) { s := words[i%4]; return s, lengthText(s) }))
		}),
		sequenceOf("vlen_i4", int32le, number, func(v int32) []byte { return le(v) }),
		sequenceOf("vlen_f8be", float64be, func(r *rand.Rand) float64 { return float64(r.IntN(999)) / 8 }, func(v float64) []byte { return le(v) }),
		sequenceOf("vlen_u1", datatype.Must(datatype.Int(8, false, littleEndian)), func(r *rand.Rand) uint8 { return uint8(r.IntN(256)) }, func(v uint8) []byte { return le(v) }),
		sequenceOf("vlen_vlstring", utf8, word, lengthText),
		sequenceOf("vlen_record", items, makeItem, canonItem),
		sequenceOf("vlen_compound", datatype.Must(datatype.Pack([]string{"a", "b"}, []*datatype.Datatype{int16be, float32le})),
			func(r *rand.Rand) flatItem { return flatItem{int16(r.Uint32()), float32(r.IntN(99)) / 4} },
			func(v flatItem) []byte { return append(le(v.A), le(v.B)...) }),
		linkedKind("vlen_vlen", "VL sequence", nested, func(r *rand.Rand, n int, _ targets) cells {
			return typed(each(n, func(int) ([][]int16, []byte) {
				return sequence(r, func(r *rand.Rand) []int16 { return make([]int16, r.IntN(4)) },
					func(v []int16) []byte { return append(le(uint32(len(v))), le(v)...) })
			}))
		}),
		linkedKind("compound_vl", "compound with VL", items, func(r *rand.Rand, n int, _ targets) cells {
			return typed(each(n, func(int) (item, []byte) { v := makeItem(r); return v, canonItem(v) }))
		}),
		linkedKind("array_vlstring", "array with VL", datatype.Must(datatype.NewArray(utf8, 2)), func(r *rand.Rand, n int, _ targets) cells {
			return typed(each(n, func(int) ([2]string, []byte) {
				v := [2]string{word(r), word(r)}
				return v, append(lengthText(v[0]), lengthText(v[1])...)
			}))
		}),
	}
}

// targets are what references of a file lead to.
type targets struct {
	objects, regions           []datatype.Ref
	objectsCanon, regionsCanon [][]byte
}

// pair is a compound with a reference in it.
type pair struct {
	R datatype.Ref `h5:"r"`
	K int32        `h5:"k"`
}

func referenceKinds() []kind {
	object := datatype.Must(datatype.NewReference(datatype.ObjectReference))
	region := datatype.Must(datatype.NewReference(datatype.RegionReference))
	return []kind{
		linkedKind("ref_object", "reference", object, func(r *rand.Rand, n int, x targets) cells {
			return typed(each(n, func(int) (datatype.Ref, []byte) { i := r.IntN(len(x.objects)); return x.objects[i], x.objectsCanon[i] }))
		}),
		linkedKind("ref_region", "reference", region, func(r *rand.Rand, n int, x targets) cells {
			return typed(each(n, func(int) (datatype.Ref, []byte) { i := r.IntN(len(x.regions)); return x.regions[i], x.regionsCanon[i] }))
		}),
		linkedKind("compound_ref", "reference", datatype.Must(datatype.Pack([]string{"r", "k"}, []*datatype.Datatype{object, int32le})),
			func(r *rand.Rand, n int, x targets) cells {
				return typed(each(n, func(k int) (pair, []byte) {
					i := r.IntN(len(x.objects))
					return pair{x.objects[i], int32(k)}, append(slices.Clone(x.objectsCanon[i]), le(int32(k))...)
				}))
			}),
	}
}

// makeTargets puts objects into a file for references to lead to.
func makeTargets(f *hdf5.File) (x targets, err error) {
	d, err := f.CreateDataset("/target", int64le, []uint64{6, 10}, hdf5.DatasetOptions{})
	if err != nil {
		return x, err
	}
	values := make([]int64, 60)
	for i := range values {
		values[i] = int64(i)
	}
	if err := hdf5.Write(bg, d, values); err != nil {
		return x, err
	}
	for _, p := range []string{"/target", "/group/inner", "/group", "/"} {
		if p == "/group/inner" {
			if _, err := f.CreateGroup(p, hdf5.GroupOptions{Parents: true}); err != nil {
				return x, err
			}
		}
		o, err := f.Object(p)
		if err != nil {
			return x, err
		}
		ref, err := f.Reference(o)
		if err != nil {
			return x, err
		}
		x.objects, x.objectsCanon = append(x.objects, ref), append(x.objectsCanon, lengthText(p))
	}
	x.objects, x.objectsCanon = append(x.objects, datatype.Ref{Kind: datatype.ObjectReference, Raw: string(make([]byte, 8))}), append(x.objectsCanon, lengthText(""))
	box, err := f.RegionReference(d, hdf5.Slab{Start: []uint64{1, 0}, Stride: []uint64{1, 4}, Count: []uint64{2, 3}})
	if err != nil {
		return x, err
	}
	whole, err := f.RegionReference(d, hdf5.Slab{})
	region := func(kind byte, n uint64, bounds ...uint64) []byte {
		return slices.Concat(lengthText("/target"), []byte{kind}, le(uint32(2)), le(n), le(bounds))
	}
	x.regions = []datatype.Ref{box, whole}
	x.regionsCanon = [][]byte{region(2, 6, 1, 0, 2, 8), region(3, 60, 0, 0, 5, 9)}
	return x, err
}
