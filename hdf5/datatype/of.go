package datatype

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gables/hdf5/h5err"
)

// Of is FromGo for T.
func Of[T any]() (*Datatype, error) { return FromGo(reflect.TypeFor[T]()) }

// FromGo gives the datatype that values of a Go type are stored as. Reading what
// was stored so into the same type gives the values back.
//
//	int8 … int64, uint8 … uint64   integers of that width, little-endian; int and uint have 64 bits
//	float32, float64               IEEE 754
//	complex64, complex128          compound of r and i
//	bool                           bitfield of 8 bits
//	string                         of variable length, UTF-8
//	[N]T, [N][M]T                  array of one or more dimensions
//	[]T                            sequence
//	struct                         compound without gaps of the exported fields
//	Ref                            reference to an object
//
// A struct field's tag h5 gives the member's name, "-" for none, and after
// commas what is different from above, in any order. Options other than dims
// speak of what arrays and slices are made of:
//
//	size=N           string or []byte: fixed, N bytes
//	pad=null         fixed string: padded with NUL (the default), or term, space
//	charset=utf8     string: the default, or ascii
//	string           [N]byte: a string of N bytes
//	opaque, opaque=T [N]byte, or []byte with size=N: opaque, with the tag T
//	dims=2x3         []T: array of these dimensions
//	order=big        number: big-endian, or little (the default)
//	enum             bool: as h5py stores it, an enumeration of FALSE and TRUE
//	bits             unsigned integer: bitfield
//	time             int32, int64: time
//	half, bfloat     float32: of 16 bits
//	complex          complex64, complex128: class Complex, which HDF5 2.0 knows
//	region           Ref: to a region of a dataset; std: H5T_STD_REF to an object
//
// ErrType: the type has no such form (any, maps, pointers, channels, functions,
// structs without fields or nested deeper than 32 levels), or an option does not
// exist or does not fit the field.
func FromGo(from reflect.Type) (*Datatype, error) {
	if from == nil {
		return invalid("datatype of no Go type")
	}
	return defaultOptions.datatype(from, 1)
}

// maxGoDepth ends the description of recursive Go types.
const maxGoDepth = 32

// goOptions are what a field's tag says, or what a type has without one.
type goOptions struct {
	given   []string // names of options that nothing has used yet
	form    string   // the one of given that chooses a form
	size    int
	dims    []int
	order   ByteOrder
	pad     StringPad
	charset Charset
	tag     string // of an opaque type
}

var defaultOptions = goOptions{pad: NullPad, charset: UTF8}

// parseOptions reads a tag's part behind the name.
func parseOptions(text string) (goOptions, error) {
	o := defaultOptions
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if key == "" {
			continue
		}
		if slices.Contains(o.given, key) || !o.set(key, value) {
			return o, fmt.Errorf("tag option %q: %w", part, h5err.ErrType)
		}
		o.given = append(o.given, key)
	}
	return o, nil
}

// set takes one option and tells whether there is such a one.
func (o *goOptions) set(key, value string) bool {
	switch key {
	case "size":
		n, err := strconv.Atoi(value)
		o.size = n
		return err == nil && n > 0
	case "dims":
		for d := range strings.SplitSeq(value, "x") {
			n, err := strconv.Atoi(d)
			if err != nil || n < 1 {
				return false
			}
			o.dims = append(o.dims, n)
		}
		return true
	case "order":
		return choose(&o.order, value, map[string]ByteOrder{"little": LittleEndian, "big": BigEndian})
	case "pad":
		return choose(&o.pad, value, map[string]StringPad{"null": NullPad, "term": NullTerm, "space": SpacePad})
	case "charset":
		return choose(&o.charset, value, map[string]Charset{"utf8": UTF8, "ascii": ASCII})
	case "opaque":
		o.tag = value
	case "string", "enum", "bits", "time", "half", "bfloat", "complex", "region", "std":
		if value != "" {
			return false
		}
	default:
		return false
	}
	free := o.form == ""
	o.form = key
	return free
}

// choose sets *to to what name stands for.
func choose[T any](to *T, name string, among map[string]T) bool {
	v, ok := among[name]
	if ok {
		*to = v
	}
	return ok
}

// leaf gives t unless an option is left that it has no use for.
func (o goOptions) leaf(from reflect.Type, t *Datatype, err error, uses ...string) (*Datatype, error) {
	for _, key := range o.given {
		if err == nil && !slices.Contains(uses, key) {
			return invalid("tag option %q for %v", key, from)
		}
	}
	return t, err
}

// datatype describes from; depth counts from 1.
func (o goOptions) datatype(from reflect.Type, depth int) (*Datatype, error) {
	if depth > maxGoDepth {
		return invalid("%v is nested deeper than %d levels", from, maxGoDepth)
	}
	switch k := from.Kind(); {
	case from == refType:
		return o.reference(from)
	case k == reflect.Bool && o.form == "enum":
		return o.leaf(from, BoolEnum(), nil, "enum")
	case k == reflect.Bool:
		t, err := NewBitfield(8, LittleEndian)
		return o.leaf(from, t, err)
	case k == reflect.String:
		return o.text(from)
	case k >= reflect.Int && k <= reflect.Uint64:
		return o.integer(from)
	case k >= reflect.Float32 && k <= reflect.Complex128:
		return o.float(from)
	case k == reflect.Struct:
		return o.structure(from, depth)
	case k == reflect.Array || k == reflect.Slice:
		return o.list(from, depth)
	}
	return invalid("%v has no datatype", from)
}

func (o goOptions) reference(from reflect.Type) (*Datatype, error) {
	t, err := NewReference(map[string]ReferenceKind{"": ObjectReference, "region": RegionReference, "std": ObjectReference2}[o.form])
	return o.leaf(from, t, err, "region", "std")
}

// text describes a string, or a list of bytes that is one.
func (o goOptions) text(from reflect.Type) (*Datatype, error) {
	if o.size == 0 {
		return o.leaf(from, VLString(o.charset), nil, "charset")
	}
	t, err := FixedString(o.size, o.pad, o.charset)
	return o.leaf(from, t, err, "size", "string", "pad", "charset")
}

// integer gives int and uint 64 bits on every machine.
func (o goOptions) integer(from reflect.Type) (*Datatype, error) {
	k := from.Kind()
	bits, signed := 8*int(from.Size()), k <= reflect.Int64
	if k == reflect.Int || k == reflect.Uint {
		bits = 64
	}
	switch {
	case o.form == "bits" && !signed:
		t, err := NewBitfield(bits, o.order)
		return o.leaf(from, t, err, "order", "bits")
	case o.form == "time" && signed:
		t, err := NewTime(bits, o.order)
		return o.leaf(from, t, err, "order", "time")
	}
	t, err := Int(bits, signed, o.order)
	return o.leaf(from, t, err, "order")
}

func (o goOptions) float(from reflect.Type) (*Datatype, error) {
	part := Float64(o.order)
	if k := from.Kind(); k == reflect.Float32 || k == reflect.Complex64 {
		part = Float32(o.order)
	}
	if k := from.Kind(); k == reflect.Complex64 || k == reflect.Complex128 {
		form := ComplexPair
		if o.form == "complex" {
			form = NewComplex
		}
		t, err := form(part)
		return o.leaf(from, t, err, "order", "complex")
	}
	switch {
	case o.form == "half" && part.Size == 4:
		return o.leaf(from, Float16(o.order), nil, "order", "half")
	case o.form == "bfloat" && part.Size == 4:
		return o.leaf(from, BFloat16(o.order), nil, "order", "bfloat")
	}
	return o.leaf(from, part, nil, "order")
}

// structure packs the fields that reading would fill.
func (o goOptions) structure(from reflect.Type, depth int) (*Datatype, error) {
	var names []string
	var types []*Datatype
	for i := range from.NumField() {
		f := from.Field(i)
		name, skip := fieldName(f)
		if skip {
			continue
		}
		_, options, _ := strings.Cut(f.Tag.Get("h5"), ",")
		fo, err := parseOptions(options)
		if err != nil {
			return nil, fmt.Errorf("field %s of %v: %w", f.Name, from, err)
		}
		t, err := fo.datatype(f.Type, depth+1)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		names, types = append(names, name), append(types, t)
	}
	t, err := Pack(names, types)
	if err != nil {
		err = fmt.Errorf("%v: %w", from, err)
	}
	return o.leaf(from, t, err)
}

// list describes arrays and slices.
func (o goOptions) list(from reflect.Type, depth int) (*Datatype, error) {
	slice := from.Kind() == reflect.Slice
	if isByte(from.Elem()) && o.dims == nil {
		switch {
		case !slice && (o.form == "string" || o.form == "opaque") && o.size == 0:
			o.size = from.Len()
			return o.raw(from)
		case slice && o.size > 0:
			return o.raw(from)
		}
	}
	var dims []int
	if slice {
		dims, o.dims = o.dims, nil
		o.given = slices.DeleteFunc(slices.Clone(o.given), func(key string) bool { return key == "dims" })
	} else if dims = []int{from.Len()}; o.dims != nil {
		return invalid("tag option dims for %v", from)
	}
	base, err := o.datatype(from.Elem(), depth+1)
	switch {
	case err != nil:
		return nil, err
	case dims == nil:
		return VL(base)
	case !slice && base.Class == Array && from.Elem().Kind() == reflect.Array:
		// [N][M]T is one array of two dimensions.
		return NewArray(base.Base, append(dims, base.Dims...)...)
	}
	return NewArray(base, dims...)
}

// raw describes a list of bytes that is one value.
func (o goOptions) raw(from reflect.Type) (*Datatype, error) {
	if o.form == "opaque" {
		t, err := NewOpaque(o.size, o.tag)
		return o.leaf(from, t, err, "size", "opaque")
	}
	return o.text(from)
}
