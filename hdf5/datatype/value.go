package datatype

import (
	"fmt"
	"math"
	"math/big"
	"slices"

	"gables/hdf5/h5err"
)

// Ref is an element of class Reference as stored; the file that it was read
// from resolves it. Refs are comparable.
type Ref struct {
	Kind ReferenceKind
	Raw  string // the stored bytes
}

// Null tells whether r refers to nothing: all zero, or for old references an
// undefined address.
func (r Ref) Null() bool {
	zero, ones := true, r.Kind == ObjectReference
	for i := range len(r.Raw) {
		zero = zero && r.Raw[i] == 0
		ones = ones && r.Raw[i] == 0xff
	}
	if r.Kind == RegionReference && len(r.Raw) > 4 {
		ones = Ref{Kind: ObjectReference, Raw: r.Raw[:len(r.Raw)-4]}.Null()
	}
	return zero || ones
}

// EnumValue is an enum element: its value as the base's natural Go integer,
// and its name, empty where the type has none for it.
type EnumValue struct {
	Name  string
	Value any
}

// Field is one member's value.
type Field struct {
	Name  string
	Value any
}

// Record is a compound element: its members in the file's order.
type Record []Field

// Any gives one element as a Go value:
//
//	integer, bitfield   int8 … int64, uint8 … uint64, the next wider for odd sizes; *big.Int above 8 bytes
//	time                int8 … int64 as stored; []byte above 8 bytes
//	float               float32 for binary16 and binary32, else float64, rounded as Float64 does
//	string, opaque      string without padding, []byte
//	enum, compound      EnumValue, Record
//	array, vlen         []any, nested for each dimension
//	reference, complex  Ref; complex64 where float32 serves for its base, else complex128
//
// The value shares no memory with src. Errors: ErrCorrupt where src or a heap
// object is too short, ErrUnsupported for a float that can't be decoded, and
// the heap's own.
func (t *Datatype) Any(src []byte, h Heap) (any, error) {
	if t.Size < 1 || len(src) < t.Size {
		return nil, fmt.Errorf("%d bytes of an element of %d: %w", len(src), t.Size, h5err.ErrCorrupt)
	}
	b := src[:t.Size]
	switch t.Class {
	case Integer, Bitfield:
		return t.integer(b), nil
	case Time:
		if t.Size > 8 {
			return slices.Clone(b), nil
		}
		return t.rawTime().integer(b), nil
	case Float:
		return t.anyFloat(b)
	case String:
		s, err := t.text(b, h)
		return string(s), err
	case Opaque:
		return slices.Clone(b), nil
	case Reference:
		return Ref{t.RefKind, string(b)}, nil
	case Enum:
		return t.anyEnum(b), nil
	}
	return t.anyNested(b, h)
}

// rawTime is the signed integer that a time element is stored as.
func (t *Datatype) rawTime() *Datatype {
	return &Datatype{Class: Integer, Version: t.Version, Size: t.Size, Order: t.Order, Precision: 8 * t.Size, Signed: true}
}

func (t *Datatype) anyNested(b []byte, h Heap) (any, error) {
	switch t.Class {
	case Compound:
		rec := make(Record, len(t.Members))
		for i, m := range t.Members {
			if m.Offset < 0 || m.Offset > len(b) {
				return nil, fmt.Errorf("member %q at %d of %d bytes: %w", m.Name, m.Offset, len(b), h5err.ErrCorrupt)
			}
			v, err := m.Type.Any(b[m.Offset:], h)
			if err != nil {
				return nil, fmt.Errorf("member %q: %w", m.Name, err)
			}
			rec[i] = Field{m.Name, v}
		}
		return rec, nil
	case Array:
		return t.anyArray(b, t.Dims, h)
	case VLen:
		obj, n, err := content(b, t.Base, h)
		if err != nil {
			return nil, err
		}
		return anyList(obj, t.Base, n, h)
	case Complex:
		return t.anyComplex(b)
	}
	return nil, fmt.Errorf("class %d: %w", t.Class, h5err.ErrUnsupported)
}

func anyList(b []byte, base *Datatype, n int, h Heap) ([]any, error) {
	list := make([]any, n)
	for i := range list {
		v, err := base.Any(b[i*base.Size:], h)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		list[i] = v
	}
	return list, nil
}

func (t *Datatype) anyArray(b []byte, dims []int, h Heap) (any, error) {
	n := 1
	for _, d := range dims {
		n *= d
	}
	if len(dims) == 0 || n < 1 || n > len(b)/t.Base.Size {
		return nil, fmt.Errorf("array %v in %d bytes: %w", t.Dims, len(b), h5err.ErrCorrupt)
	}
	if len(dims) == 1 {
		return anyList(b, t.Base, n, h)
	}
	list, step := make([]any, dims[0]), n/dims[0]*t.Base.Size
	for i := range list {
		v, err := t.anyArray(b[i*step:], dims[1:], h)
		if err != nil {
			return nil, err
		}
		list[i] = v
	}
	return list, nil
}

// anyFloat keeps binary16's and binary32's NaN payloads.
func (t *Datatype) anyFloat(b []byte) (any, error) {
	f, err := newFloatFormat(t)
	if err != nil {
		return nil, err
	}
	switch f.kind {
	case ieee16:
		return half(uint16(loadUint(b, t.Order))), nil
	case ieee32:
		return math.Float32frombits(uint32(loadUint(b, t.Order))), nil
	}
	v, _ := f.decode(b)
	return v, nil
}

func (t *Datatype) anyComplex(b []byte) (any, error) {
	half := t.Base.Size
	if half < 1 || len(b) < 2*half {
		return nil, fmt.Errorf("complex number in %d bytes: %w", len(b), h5err.ErrCorrupt)
	}
	re, err := t.Base.anyFloat(b[:half])
	if err != nil {
		return nil, err
	}
	im, err := t.Base.anyFloat(b[half : 2*half])
	if err != nil {
		return nil, err
	}
	if x, ok := re.(float32); ok {
		return complex(x, im.(float32)), nil
	}
	return complex(re.(float64), im.(float64)), nil
}

func (t *Datatype) anyEnum(b []byte) EnumValue {
	v := EnumValue{Value: t.Base.integer(b)}
	for _, m := range t.Enum {
		if string(m.Value) == string(b) {
			v.Name = m.Name
			break
		}
	}
	return v
}

// integer is the value of an integer or bitfield in its natural Go type; b
// holds Size bytes.
func (t *Datatype) integer(b []byte) any {
	if t.Size > 8 {
		return t.bigInt(b)
	}
	u := uint64(0)
	if w := min(t.Precision, 64); w > 0 {
		u = loadUint(b, t.Order) >> t.BitOffset & (^uint64(0) >> (64 - w))
		if t.Signed {
			return narrowInt(signExtend(u, w), t.Size)
		}
	}
	switch {
	case t.Size > 4:
		return u
	case t.Size > 2:
		return uint32(u)
	case t.Size > 1:
		return uint16(u)
	}
	return uint8(u)
}

func narrowInt(v int64, size int) any {
	switch {
	case size > 4:
		return v
	case size > 2:
		return int32(v)
	case size > 1:
		return int16(v)
	}
	return int8(v)
}

// bigInt is the value of an integer of any width.
func (t *Datatype) bigInt(b []byte) *big.Int {
	be := make([]byte, len(b))
	for k := range b {
		be[len(b)-1-k] = logical(b, t.Order, k)
	}
	v := new(big.Int).SetBytes(be)
	v.Rsh(v, uint(t.BitOffset))
	one := big.NewInt(1)
	mod := new(big.Int).Lsh(one, uint(t.Precision))
	v.And(v, new(big.Int).Sub(mod, one))
	if t.Signed && t.Precision > 0 && v.Bit(t.Precision-1) == 1 {
		v.Sub(v, mod)
	}
	return v
}

// half widens binary16, payloads of NaNs included.
func half(h uint16) float32 {
	sign, exp, mant := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exp {
	case 0:
		v := float32(mant) * (1.0 / (1 << 24))
		return math.Float32frombits(sign | math.Float32bits(v))
	case 31:
		return math.Float32frombits(sign | 255<<23 | mant<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | mant<<13)
}
