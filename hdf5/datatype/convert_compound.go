package datatype

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"gables/hdf5/h5err"
)

// fieldPlan is one struct field's conversion.
type fieldPlan struct {
	name      string
	srcOffset int
	dstOffset uintptr
	node      node
}

// blockBytes is how much of a compound's source is worked on, member by
// member, before going on: it stays in the first-level cache meanwhile.
const blockBytes = 16 << 10

// compound compiles structs, and complex numbers stored as two members.
func (c compiler) compound(t *Datatype, to reflect.Type) (node, error) {
	switch to.Kind() {
	case reflect.Complex64, reflect.Complex128:
		if re, im, ok := t.complexMembers(); ok {
			return c.complex(t, re, im, to)
		}
	case reflect.Struct:
		return c.structure(t, to)
	}
	return misfit(t, to)
}

func (c compiler) structure(t *Datatype, to reflect.Type) (node, error) {
	var plans []fieldPlan
	same := uintptr(t.Size) == to.Size()
	for i := range to.NumField() {
		f := to.Field(i)
		name, skip := fieldName(f)
		if skip {
			same = same && f.Name == "_" // other fields keep what the caller has there
			continue
		}
		p, err := c.field(t, to, f, name)
		if err != nil {
			return node{}, err
		}
		same = same && p.node.identity && uintptr(p.srcOffset) == p.dstOffset
		plans = append(plans, p)
	}
	if same && len(plans) > 0 {
		return node{run: copyKernel(t.Size), identity: true}, nil
	}
	return node{run: structKernel(t.Size, plans)}, nil
}

// fieldName is the member name that a struct field asks for: its tag's up to
// the first comma, else its own.
func fieldName(f reflect.StructField) (name string, skip bool) {
	name, _, _ = strings.Cut(f.Tag.Get("h5"), ",")
	if name == "-" || !f.IsExported() {
		return "", true
	}
	if name == "" {
		name = f.Name
	}
	return name, false
}

func (c compiler) field(t *Datatype, to reflect.Type, f reflect.StructField, name string) (fieldPlan, error) {
	for _, m := range t.Members {
		if m.Name != name {
			continue
		}
		if !inside(m, t.Size) {
			return fieldPlan{}, fmt.Errorf("member %q leaves its compound: %w", name, h5err.ErrCorrupt)
		}
		n, err := c.compile(m.Type, f.Type)
		if err != nil {
			return fieldPlan{}, fmt.Errorf("field %s: %w", f.Name, err)
		}
		return fieldPlan{name, m.Offset, f.Offset, n}, nil
	}
	return fieldPlan{}, fmt.Errorf("%s has no member %q for field %s of %v: %w", short(t), name, f.Name, to, h5err.ErrType)
}

// structKernel converts member after member over blocks of elements, so that
// each inner loop is one of numbers only.
func structKernel(size int, plans []fieldPlan) kernel {
	block := max(1, blockBytes/size)
	return func(x *run, dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) error {
		for done := 0; done < n; done += block {
			m := min(block, n-done)
			part, out := src[done*srcStride:], unsafe.Add(dst, uintptr(done)*dstStride)
			for i := range plans {
				p := &plans[i]
				err := p.node.run(x, unsafe.Add(out, p.dstOffset), dstStride, part[p.srcOffset:], srcStride, m)
				if err != nil {
					return shifted(err, done, "."+p.name)
				}
			}
		}
		return nil
	}
}

// complexMembers finds the two floats that h5py, PyTables and others store a
// complex number as.
func (t *Datatype) complexMembers() (re, im Member, ok bool) {
	if len(t.Members) != 2 {
		return re, im, false
	}
	for _, names := range [][2]string{{"r", "i"}, {"real", "imag"}} {
		for k := range 2 {
			if t.Members[k].Name == names[0] && t.Members[1-k].Name == names[1] {
				re, im = t.Members[k], t.Members[1-k]
				return re, im, re.Type.Class == Float && im.Type.Class == Float
			}
		}
	}
	return re, im, false
}

// complex compiles a complex number from its parts in t.
func (c compiler) complex(t *Datatype, re, im Member, to reflect.Type) (node, error) {
	part := reflect.TypeFor[float64]()
	switch to.Kind() {
	case reflect.Complex64:
		part = reflect.TypeFor[float32]()
	case reflect.Complex128:
	default:
		return misfit(t, to)
	}
	if !inside(re, t.Size) || !inside(im, t.Size) {
		return node{}, fmt.Errorf("parts of %s leave its %d bytes: %w", short(t), t.Size, h5err.ErrCorrupt)
	}
	r, err := c.compile(re.Type, part)
	if err != nil {
		return node{}, err
	}
	i, err := c.compile(im.Type, part)
	if err != nil {
		return node{}, err
	}
	width := part.Size()
	if r.identity && i.identity && re.Offset == 0 && uintptr(im.Offset) == width && uintptr(t.Size) == to.Size() {
		return node{run: copyKernel(t.Size), identity: true}, nil
	}
	return node{run: structKernel(t.Size, []fieldPlan{{"real", re.Offset, 0, r}, {"imag", im.Offset, width, i}})}, nil
}

// inside tells whether m lies in an element of size bytes.
func inside(m Member, size int) bool {
	return m.Offset >= 0 && m.Type.Size <= size && m.Offset <= size-m.Type.Size
}
