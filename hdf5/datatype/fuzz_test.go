package datatype

import (
	"errors"
	"reflect"
	"testing"
	"unsafe"

	"gables/hdf5/h5err"
)

// typeMaker builds datatypes from fuzz bytes; a spent source gives zeros.
type typeMaker struct{ b []byte }

func (m *typeMaker) next(n int) int {
	if len(m.b) == 0 {
		return 0
	}
	v := int(m.b[0])
	m.b = m.b[1:]
	return v % n
}

func (m *typeMaker) bits(c Class) *Datatype {
	t := &Datatype{Class: c, Version: 1, Size: 1 + m.next(20), Order: ByteOrder(m.next(2)), Signed: m.next(2) == 1 && c == Integer}
	t.Precision = 1 + m.next(8*t.Size)
	t.BitOffset = m.next(8*t.Size - t.Precision + 1)
	if m.next(2) == 0 {
		t.Size = 1 << m.next(5)
		t.Precision, t.BitOffset = 8*t.Size, 0
	}
	return t
}

func (m *typeMaker) float() *Datatype {
	if m.next(2) == 0 {
		return ieee([]ieeeFields{fields16, fields32, fields64, fieldsBF, fields128, fieldsE4}[m.next(6)], ByteOrder(m.next(2)))
	}
	t := &Datatype{Class: Float, Version: 3, Size: 1 + m.next(20), Order: ByteOrder(m.next(3)), Bias: uint64(m.next(256)) << m.next(24)}
	t.ExpPos, t.ExpSize, t.MantPos, t.MantSize = m.next(100), m.next(40), m.next(100), m.next(130)
	t.SignPos, t.Norm, t.Precision = m.next(160), Normalization(m.next(3)), 8*t.Size
	return t
}

func (m *typeMaker) make(depth int) *Datatype {
	n := 12
	if depth > 4 {
		n = 7
	}
	switch m.next(n) {
	case 0, 1:
		return m.bits(Integer)
	case 2:
		return m.bits(Bitfield)
	case 3:
		return m.float()
	case 4:
		return &Datatype{Class: []Class{Opaque, Reference, Time}[m.next(3)], Version: 1, Size: 1 + m.next(12), RefKind: ReferenceKind(m.next(6))}
	case 5:
		return &Datatype{Class: String, Version: 1, Size: 1 + m.next(9), Pad: StringPad(m.next(4))}
	case 6:
		return &Datatype{Class: String, Version: 1, Size: 8 + m.next(12), Variable: true}
	case 7:
		base := m.bits(Integer)
		return enumOf(base, "FALSE", "TRUE", "X")
	case 8:
		return vlenOf(m.make(depth + 1))
	case 9:
		return arrayType(m.make(depth+1), 1+m.next(3), 1+m.next(3))
	case 10:
		base := m.float()
		return &Datatype{Class: Complex, Version: 5, Size: 2 * base.Size, Base: base}
	}
	a, b := m.make(depth+1), m.make(depth+1)
	return compoundOf(a.Size+b.Size+1, Member{"A", 0, a}, Member{[]string{"B", "i"}[m.next(2)], a.Size + 1, b})
}

// anyHeap gives parts of the fuzz input, whatever the address.
type anyHeap []byte

func (h anyHeap) Object(addr uint64, index uint32) ([]byte, error) {
	if addr%5 == 1 || len(h) == 0 {
		return nil, h5err.ErrNotFound
	}
	return h[int(addr%uint64(len(h))):], nil
}

type fuzzPair struct {
	A int16
	B float32
}

type fuzzList struct {
	A [][]int8
	B string
}

var fuzzTargets = []any{int8(0), uint8(0), int16(0), uint32(0), int64(0), uint64(0), float32(0), 0.0, true, complex64(0),
	complex128(0), "", []byte{}, [4]byte{}, [][]any{}, [3][2]int32{}, []string{}, []fuzzPair{}, fuzzPair{}, fuzzList{}, Ref{},
	struct{ A any }{}, [][]float64{}, [2]bool{}, []any{}, uintptr(0), struct{}{}, make(chan int), &fuzzPair{}}

func FuzzConvert(f *testing.F) {
	for i := range 60 {
		f.Add([]byte{byte(i), byte(i * 7), byte(i * 13), 3, byte(i), 1, 2, 1}, []byte("\x01\x02\x03\x04\xff\x80\x7f\xfe\x00\x00\x00\x00\x00\x10\x00\x00\x01"), byte(i), byte(i))
	}
	f.Fuzz(func(t *testing.T, recipe, src []byte, target, lossy byte) {
		dt := (&typeMaker{recipe}).make(0)
		n := min(len(src)/dt.Size, 50)
		for i := range min(n, 3) {
			if _, err := dt.Any(src[i*dt.Size:], anyHeap(src)); err != nil {
				checkSentinel(t, err)
			}
		}
		if len(dt.String()) == 0 || !Equal(dt, dt) {
			t.Fatal("no description")
		}
		dt.HasVL()
		to := reflect.TypeOf(fuzzTargets[int(target)%len(fuzzTargets)])
		if target >= 250 {
			to = anyType
		}
		c, err := Compile(dt, to, Options{Lossy: Lossy(lossy & 7)})
		if err != nil {
			checkSentinel(t, err)
			return
		}
		dst := reflect.MakeSlice(reflect.SliceOf(to), n, n)
		if err := c.Convert(dst.UnsafePointer(), src, n, anyHeap(src)); err != nil {
			checkSentinel(t, err)
			return
		}
		if c.Identity() {
			checkIdentity(t, dt, dst, src[:n*dt.Size])
		}
	})
}

func checkIdentity(t *testing.T, dt *Datatype, dst reflect.Value, src []byte) {
	if dst.Len() == 0 {
		return
	}
	if dst.Type().Elem().Size() != uintptr(dt.Size) {
		t.Fatalf("identity of %v and %v", dt, dst.Type())
	}
	if got := unsafe.Slice((*byte)(dst.UnsafePointer()), len(src)); string(got) != string(src) {
		t.Fatalf("identity of %v changes bytes", dt)
	}
}

func checkSentinel(t *testing.T, err error) {
	for _, s := range []error{h5err.ErrType, h5err.ErrCorrupt, h5err.ErrUnsupported, h5err.ErrNotFound} {
		if errors.Is(err, s) {
			return
		}
	}
	t.Fatalf("no sentinel: %v", err)
}
