package datatype

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"gables/hdf5/h5err"
)

type event struct {
	ID     int32      `h5:"id"`
	X      float64    `h5:"x,order=big"`
	Name   string     `h5:"name,size=16"`
	Pos    [3]float32 `h5:"pos,half"`
	Grid   [2][3]int
	Free   string `h5:",charset=ascii"`
	Code   string `h5:"code,size=4,pad=space,charset=ascii"`
	Parts  []struct{ A, B uint8 }
	Names  []string `h5:"names,size=8,pad=term"`
	Flat   []int16  `h5:"flat,dims=2x2"`
	Yes    bool
	No     bool       `h5:"no,enum"`
	Mask   uint16     `h5:"mask,bits,order=big"`
	When   int64      `h5:"when,time"`
	Z      complex64  `h5:"z"`
	W      complex128 `h5:"w,complex"`
	Raw    [4]byte    `h5:"raw,opaque=a tag"`
	Bytes  []byte     `h5:"bytes,opaque,size=3"`
	Text   [3]byte    `h5:"text,string"`
	Ints   [3]byte
	Blob   []byte
	Ref    Ref
	Region Ref `h5:"region,region"`
	Std    Ref `h5:"std,std"`
	_      int
	Not    chan int `h5:"-"`
}

func TestGoTypesHaveDatatypes(t *testing.T) {
	want := strings.Join([]string{"id:int32le", "x:float64be", "name:string[16] utf8 nullpad", "pos:array[3](float16le)",
		"Grid:array[2,3](int64le)", "Free:vlstring ascii", "code:string[4] ascii spacepad", "Parts:vlen(compound{A:uint8le, B:uint8le})",
		"names:vlen(string[8] utf8)", "flat:array[2,2](int16le)", "Yes:bits8le", "no:enum(int8le){FALSE=0, TRUE=1}", "mask:bits16be",
		"when:time64le", "z:compound{r:float32le, i:float32le}", "w:complex(float64le)", `raw:opaque[4] "a tag"`, "bytes:opaque[3]",
		"text:string[3] utf8 nullpad", "Ints:array[3](uint8le)", "Blob:vlen(uint8le)", "Ref:reference(object)", "region:reference(region)",
		"std:reference(object2)"}, ", ")
	dt, err := Of[event]()
	if err != nil || dt.String() != "compound{"+want+"}" || !dt.Packed {
		t.Fatalf("%v, %v", dt, err)
	}
	e := event{ID: 1, X: 2.5, Name: "sixteen letters!", Pos: [3]float32{1, 2, -0.5}, Grid: [2][3]int{{1, 2, 3}, {4, 5, 6}}, Free: "free",
		Code: "ab", Parts: []struct{ A, B uint8 }{{1, 2}, {3, 4}}, Names: []string{"a", "eighteen"[:8]}, Flat: []int16{1, 2, 3, 4},
		Yes: true, No: true, Mask: 0x102, When: 9, Z: 1 + 2i, W: 3 - 4i, Raw: [4]byte{1, 2}, Bytes: []byte{7, 8, 9}, Text: [3]byte{'x'},
		Ints: [3]byte{1, 2, 3}, Blob: []byte("blob"), Ref: Ref{ObjectReference, "12345678"}, Region: Ref{RegionReference, "123456789012"},
		Std: Ref{ObjectReference2, "123456789012345678"}}
	f := e
	f.ID, f.Parts, f.Blob = -5, nil, nil
	holds(t, dt, e, f, e)
}

func TestPlainGoTypesHaveDatatypes(t *testing.T) {
	for want, got := range map[string]func() (*Datatype, error){
		"int64le": Of[int], "uint64le": Of[uint], "uint8le": Of[byte], "float32le": Of[float32], "vlstring utf8": Of[string],
		"vlen(vlen(float64le))": Of[[][]float64], "array[2](vlen(int8le))": Of[[2][]int8], "bits8le": Of[bool],
		"compound{r:float64le, i:float64le}": Of[complex128],
	} {
		if dt, err := got(); err != nil || dt.String() != want {
			t.Errorf("%v, %v, want %s", dt, err, want)
		}
	}
}

type endless struct{ More []endless }

func TestGoTypesWithoutADatatypeAreRefused(t *testing.T) {
	for what, from := range map[string]any{
		"any": []any{}, "map": map[string]int{}, "pointer": new(int), "function": func() {}, "empty struct": struct{}{}, "itself": endless{},
		"uintptr": uintptr(0), "empty array": [0]int{}, "same names": struct {
			A int `h5:"B"`
			B int
		}{},
		"option": struct {
			F int `h5:"f,sizes=3"`
		}{},
		"size": struct {
			F string `h5:"f,size=0"`
		}{},
		"size of int": struct {
			F int `h5:"f,size=4"`
		}{},
		"pad alone": struct {
			F string `h5:"f,pad=null"`
		}{},
		"twice": struct {
			F string `h5:"f,size=3,size=3"`
		}{},
		"two forms": struct {
			F float32 `h5:"f,half,bfloat"`
		}{},
		"half of 64": struct {
			F float64 `h5:"f,half"`
		}{},
		"bits of int": struct {
			F int32 `h5:"f,bits"`
		}{},
		"time of 16": struct {
			F int16 `h5:"f,time"`
		}{},
		"enum of int": struct {
			F int8 `h5:"f,enum"`
		}{},
		"order": struct {
			F int8 `h5:"f,order=vax"`
		}{},
		"dims": struct {
			F []int8 `h5:"f,dims=2x"`
		}{},
		"dims of array": struct {
			F [4]int8 `h5:"f,dims=2x2"`
		}{},
		"opaque slice": struct {
			F []byte `h5:"f,opaque"`
		}{},
		"opaque size": struct {
			F [4]byte `h5:"f,opaque,size=4"`
		}{},
		"opaque ints": struct {
			F [4]int16 `h5:"f,opaque"`
		}{},
		"half=2": struct {
			F float32 `h5:"f,half=2"`
		}{},
		"struct option": struct {
			F struct{ A int } `h5:"f,order=big"`
		}{},
	} {
		if dt, err := FromGo(reflect.TypeOf(from)); !errors.Is(err, h5err.ErrType) {
			t.Errorf("%s: %v, %v", what, dt, err)
		}
	}
	if _, err := FromGo(nil); !errors.Is(err, h5err.ErrType) {
		t.Error(err)
	}
}

func TestConstructorsRefuseWhatNoFileCanHold(t *testing.T) {
	i := Must(Int(32, true, LittleEndian))
	long := strings.Repeat("x", 249)
	for what, make := range map[string]func() (*Datatype, error){
		"int24":             func() (*Datatype, error) { return Int(24, true, LittleEndian) },
		"VAX int":           func() (*Datatype, error) { return Int(32, true, VAX) },
		"bits 0":            func() (*Datatype, error) { return NewBitfield(0, LittleEndian) },
		"time 16":           func() (*Datatype, error) { return NewTime(16, LittleEndian) },
		"string 0":          func() (*Datatype, error) { return FixedString(0, NullPad, UTF8) },
		"padding":           func() (*Datatype, error) { return FixedString(1, 3, UTF8) },
		"charset":           func() (*Datatype, error) { return FixedString(1, NullPad, 2) },
		"sequence":          func() (*Datatype, error) { return VL(nil) },
		"array rank 0":      func() (*Datatype, error) { return NewArray(i) },
		"array rank 33":     func() (*Datatype, error) { return NewArray(i, make([]int, 33)...) },
		"array 0":           func() (*Datatype, error) { return NewArray(i, 2, 0) },
		"array 4 GiB":       func() (*Datatype, error) { return NewArray(i, 1<<15, 1<<15) },
		"array wraps":       func() (*Datatype, error) { return NewArray(i, 1<<30, 1<<30, 1<<30) },
		"no members":        func() (*Datatype, error) { return NewCompound(8) },
		"overlap":           func() (*Datatype, error) { return NewCompound(0, Member{"a", 0, i}, Member{"b", 3, i}) },
		"outside":           func() (*Datatype, error) { return NewCompound(4, Member{"a", 1, i}) },
		"same name":         func() (*Datatype, error) { return NewCompound(0, Member{"a", 0, i}, Member{"a", 4, i}) },
		"NUL":               func() (*Datatype, error) { return NewCompound(0, Member{"a\x00", 0, i}) },
		"negative":          func() (*Datatype, error) { return NewCompound(0, Member{"a", -1, i}) },
		"nil member":        func() (*Datatype, error) { return NewCompound(0, Member{"a", 0, nil}) },
		"names and types":   func() (*Datatype, error) { return Pack([]string{"a"}, nil) },
		"enum of floats":    func() (*Datatype, error) { return NewEnum(Float32(LittleEndian), nil, nil) },
		"enum range":        func() (*Datatype, error) { return NewEnum(i, []string{"a"}, []int64{1 << 31}) },
		"enum values":       func() (*Datatype, error) { return NewEnum(i, []string{"a"}, nil) },
		"enum same value":   func() (*Datatype, error) { return NewEnum(i, []string{"a", "b"}, []int64{1, 1}) },
		"enum same name":    func() (*Datatype, error) { return NewEnum(i, []string{"a", "a"}, []int64{1, 2}) },
		"opaque 0":          func() (*Datatype, error) { return NewOpaque(0, "") },
		"tag":               func() (*Datatype, error) { return NewOpaque(1, long) },
		"reference":         func() (*Datatype, error) { return NewReference(5) },
		"complex of ints":   func() (*Datatype, error) { return NewComplex(i) },
		"complex of nobody": func() (*Datatype, error) { return ComplexPair(nil) },
	} {
		if dt, err := make(); dt != nil || !errors.Is(err, h5err.ErrType) {
			t.Errorf("%s: %v, %v", what, dt, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("Must takes an error")
		}
	}()
	Must(NewOpaque(0, ""))
}

func TestConstructorsSayWhatTheyMake(t *testing.T) {
	i := Must(Int(16, true, BigEndian))
	for want, dt := range map[string]*Datatype{
		"int16be": i, "uint8le": Must(Int(8, false, LittleEndian)), "bits32be": Must(NewBitfield(32, BigEndian)),
		"time32le": Must(NewTime(32, LittleEndian)), "float16be": Float16(BigEndian), "bfloat16le": BFloat16(LittleEndian),
		"float32le": Float32(LittleEndian), "float64be": Float64(BigEndian), "float128le": Float128(VAX),
		"string[3] ascii spacepad": Must(FixedString(3, SpacePad, ASCII)), "vlstring utf8": VLString(UTF8),
		"vlen(int16be)": Must(VL(i)), "array[2,3](int16be)": Must(NewArray(i, 2, 3)),
		"compound{b:int16be, a:int16be}":     Must(NewCompound(9, Member{"b", 6, i}, Member{"a", 1, i})),
		"enum(int16be){X=-1, Y=258}":         Must(NewEnum(i, []string{"X", "Y"}, []int64{-1, 258})),
		`opaque[5] "tag"`:                    Must(NewOpaque(5, "tag")),
		"reference(region)":                  Must(NewReference(RegionReference)),
		"complex(float32le)":                 Must(NewComplex(Float32(LittleEndian))),
		"compound{r:float16be, i:float16be}": Must(ComplexPair(Float16(BigEndian))),
	} {
		if dt.String() != want {
			t.Errorf("%v, want %s", dt, want)
		}
	}
	if !Must(BoolEnum(), nil).isBool() {
		t.Error("BoolEnum is none")
	}
}
