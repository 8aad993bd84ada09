package datatype

import (
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"gables/hdf5/h5err"
)

// memberPlan is one member's encoding.
type memberPlan struct {
	name      string
	dstOffset int
	size      int
	srcOffset uintptr
	sink      sink
}

// compound compiles structs, and complex numbers stored as two members.
func (c encoderOf) compound(t *Datatype, from reflect.Type) (sink, error) {
	switch from.Kind() {
	case reflect.Complex64, reflect.Complex128:
		if re, im, ok := t.complexMembers(); ok {
			return c.complex(t, re, im, from)
		}
	case reflect.Struct:
		return c.structure(t, from)
	}
	return unfit(t, from)
}

func (c encoderOf) structure(t *Datatype, from reflect.Type) (sink, error) {
	var plans []memberPlan
	for i := range from.NumField() {
		f := from.Field(i)
		name, skip := fieldName(f)
		if skip {
			continue
		}
		p, err := c.member(t, from, f, name)
		if err != nil {
			return sink{}, err
		}
		if slices.ContainsFunc(plans, func(o memberPlan) bool { return o.name == name }) {
			return sink{}, fmt.Errorf("two fields of %v for member %q: %w", from, name, h5err.ErrType)
		}
		plans = append(plans, p)
	}
	for _, m := range t.Members {
		if !c.o.Partial && !slices.ContainsFunc(plans, func(p memberPlan) bool { return p.name == m.Name }) {
			return sink{}, fmt.Errorf("%v has no field for member %q of %s: %w", from, m.Name, short(t), h5err.ErrType)
		}
	}
	return c.members(t, plans, from.Size()), nil
}

func (c encoderOf) member(t *Datatype, from reflect.Type, f reflect.StructField, name string) (memberPlan, error) {
	for _, m := range t.Members {
		if m.Name != name {
			continue
		}
		if !inside(m, t.Size) {
			return memberPlan{}, fmt.Errorf("member %q leaves its compound: %w", name, h5err.ErrCorrupt)
		}
		s, err := c.compile(m.Type, f.Type)
		if err != nil {
			return memberPlan{}, fmt.Errorf("field %s: %w", f.Name, err)
		}
		return memberPlan{name, m.Offset, m.Type.Size, f.Offset, s}, nil
	}
	return memberPlan{}, fmt.Errorf("%s has no member %q for field %s of %v: %w", short(t), name, f.Name, from, h5err.ErrType)
}

// complex compiles a complex number into its parts in t.
func (c encoderOf) complex(t *Datatype, re, im Member, from reflect.Type) (sink, error) {
	part := reflect.TypeFor[float64]()
	switch from.Kind() {
	case reflect.Complex64:
		part = reflect.TypeFor[float32]()
	case reflect.Complex128:
	default:
		return unfit(t, from)
	}
	if !inside(re, t.Size) || !inside(im, t.Size) {
		return sink{}, fmt.Errorf("parts of %s leave its %d bytes: %w", short(t), t.Size, h5err.ErrCorrupt)
	}
	r, err := c.compile(re.Type, part)
	if err != nil {
		return sink{}, err
	}
	i, err := c.compile(im.Type, part)
	if err != nil {
		return sink{}, err
	}
	return c.members(t, []memberPlan{
		{"real", re.Offset, re.Type.Size, 0, r},
		{"imag", im.Offset, im.Type.Size, part.Size(), i},
	}, from.Size()), nil
}

// members compiles what plans say; srcSize is that of the Go type.
func (c encoderOf) members(t *Datatype, plans []memberPlan, srcSize uintptr) sink {
	gaps := gapsOf(t.Size, plans)
	same, sure := uintptr(t.Size) == srcSize && len(gaps) == 0, true
	for _, p := range plans {
		sure = sure && (p.sink.sure || p.sink.identity)
		same = same && p.sink.identity && p.srcOffset == uintptr(p.dstOffset)
	}
	if same {
		return sink{run: copyEncoder(t.Size), identity: true}
	}
	if c.o.Partial {
		gaps = nil // what is there stays
	}
	return sink{run: structEncoder(t.Size, plans, gaps), sure: sure}
}

// gap is bytes of an element that no member takes.
type gap struct{ from, to int }

// gapsOf finds them.
func gapsOf(size int, plans []memberPlan) (gaps []gap) {
	order := slices.Clone(plans)
	slices.SortFunc(order, func(a, b memberPlan) int { return a.dstOffset - b.dstOffset })
	next := 0
	for _, p := range order {
		if p.dstOffset > next {
			gaps = append(gaps, gap{next, p.dstOffset})
		}
		next = max(next, p.dstOffset+p.size)
	}
	if next < size {
		gaps = append(gaps, gap{next, size})
	}
	return gaps
}

// structEncoder stores member after member over blocks of elements.
func structEncoder(size int, plans []memberPlan, gaps []gap) encodeKernel {
	block := max(1, blockBytes/size)
	return func(x *encodeRun, dst []byte, dstStride int, src unsafe.Pointer, srcStride uintptr, n int) error {
		for done := 0; done < n; done += block {
			m := min(block, n-done)
			out, in := dst[done*dstStride:], unsafe.Add(src, uintptr(done)*srcStride)
			for _, g := range gaps {
				for i := range m {
					clear(out[i*dstStride+g.from : i*dstStride+g.to])
				}
			}
			for i := range plans {
				p := &plans[i]
				err := p.sink.run(x, out[p.dstOffset:], dstStride, unsafe.Add(in, p.srcOffset), srcStride, m)
				if err != nil {
					return shifted(err, done, "."+p.name)
				}
			}
		}
		return nil
	}
}
