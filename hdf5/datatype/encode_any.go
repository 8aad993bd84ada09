package datatype

import (
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"sync"
	"unsafe"

	"gables/hdf5/h5err"
)

// dynamic encodes values whose type is known only when they are met. The
// compiled forms are kept by Go type and datatype.
type dynamic struct {
	c     encoderOf
	known sync.Map // dynamicKey → sink
}

type dynamicKey struct {
	t    *Datatype
	from reflect.Type
}

// anyEncoder stores what Any gives, and whatever else fits t.
func (c encoderOf) anyEncoder(t *Datatype) encodeKernel {
	d := &dynamic{c: c}
	return func(x *encodeRun, dst []byte, dstStride int, src unsafe.Pointer, srcStride uintptr, n int) error {
		for i := range n {
			v := *(*any)(unsafe.Add(src, uintptr(i)*srcStride))
			if err := d.put(x, t, dst[i*dstStride:][:t.Size], v); err != nil {
				return at(i, err)
			}
		}
		return nil
	}
}

// put stores v in b, which holds Size bytes.
func (d *dynamic) put(x *encodeRun, t *Datatype, b []byte, v any) error {
	switch v := v.(type) {
	case nil:
		return fmt.Errorf("no value for %s: %w", short(t), h5err.ErrType)
	case EnumValue:
		if t.Class != Enum {
			return fmt.Errorf("value of an enumeration as %s: %w", short(t), h5err.ErrType)
		}
		return d.put(x, t.Base, b, v.Value)
	case Record:
		return d.record(x, t, b, v)
	case *big.Int:
		return t.putBig(b, v, d.c.o.Lossy)
	case []any:
		switch t.Class {
		case Array:
			return d.array(x, t, t.Dims, b, v)
		case VLen:
			return d.sequence(x, t, b, v)
		}
	case []byte:
		if t.Class == Time && len(v) == t.Size {
			copy(b, v)
			return nil
		}
	}
	return d.other(x, t, b, reflect.ValueOf(v))
}

// other stores a value of a type that CompileEncode takes.
func (d *dynamic) other(x *encodeRun, t *Datatype, b []byte, v reflect.Value) error {
	key := dynamicKey{t, v.Type()}
	s, ok := d.known.Load(key)
	if !ok {
		made, err := d.c.compile(t, v.Type())
		if err != nil {
			return err
		}
		s, _ = d.known.LoadOrStore(key, made)
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	err := s.(sink).run(x, b, t.Size, p.UnsafePointer(), v.Type().Size(), 1)
	if e, ok := err.(*ValueError); ok && e.Path == "" {
		return e.Err
	}
	return err
}

// record stores the members by name, whatever their order.
func (d *dynamic) record(x *encodeRun, t *Datatype, b []byte, v Record) error {
	if t.Class != Compound {
		return fmt.Errorf("record as %s: %w", short(t), h5err.ErrType)
	}
	var plans []memberPlan
	for _, f := range v {
		i := slices.IndexFunc(t.Members, func(m Member) bool { return m.Name == f.Name })
		if i < 0 || !inside(t.Members[i], t.Size) {
			return fmt.Errorf("%s has no member %q: %w", short(t), f.Name, h5err.ErrType)
		}
		m := t.Members[i]
		if err := d.put(x, m.Type, b[m.Offset:][:m.Type.Size], f.Value); err != nil {
			return fmt.Errorf("member %q: %w", f.Name, err)
		}
		plans = append(plans, memberPlan{name: m.Name, dstOffset: m.Offset, size: m.Type.Size})
	}
	if d.c.o.Partial {
		return nil
	}
	for _, m := range t.Members {
		if !slices.ContainsFunc(plans, func(p memberPlan) bool { return p.name == m.Name }) {
			return fmt.Errorf("record without member %q of %s: %w", m.Name, short(t), h5err.ErrType)
		}
	}
	for _, g := range gapsOf(t.Size, plans) {
		clear(b[g.from:g.to])
	}
	return nil
}

// array stores a nested list of extents dims.
func (d *dynamic) array(x *encodeRun, t *Datatype, dims []int, b []byte, list []any) error {
	if len(dims) == 0 || len(list) != dims[0] || t.Size > len(b) && len(dims) == len(t.Dims) {
		return fmt.Errorf("%d values as %s: %w", len(list), short(t), h5err.ErrType)
	}
	step := len(b) / dims[0]
	for i, v := range list {
		part := b[i*step:][:step]
		var err error
		if len(dims) == 1 {
			if step != t.Base.Size {
				return fmt.Errorf("%s in %d bytes: %w", short(t), t.Size, h5err.ErrCorrupt)
			}
			err = d.put(x, t.Base, part, v)
		} else if inner, ok := v.([]any); ok {
			err = d.array(x, t, dims[1:], part, inner)
		} else {
			err = fmt.Errorf("%T in %s: %w", v, short(t), h5err.ErrType)
		}
		if err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	return nil
}

// sequence stores the elements of a list in the heap.
func (d *dynamic) sequence(x *encodeRun, t *Datatype, b []byte, list []any) error {
	size := t.Base.Size
	return x.scratch(len(list)*size, func(buf []byte) error {
		for i, v := range list {
			if err := d.put(x, t.Base, buf[i*size:][:size], v); err != nil {
				return fmt.Errorf("element %d: %w", i, err)
			}
		}
		return x.insert(b, buf, len(list))
	})
}

// putBig stores an integer of any width.
func (t *Datatype) putBig(b []byte, v *big.Int, allow Lossy) error {
	if t.Class != Integer && t.Class != Bitfield || t.Size > maxNumberSize || t.Precision < 1 || t.Order > BigEndian ||
		t.BitOffset < 0 || t.BitOffset+t.Precision > 8*t.Size {
		return fmt.Errorf("%T as %s: %w", v, short(t), h5err.ErrType)
	}
	lo, hi := new(big.Int), new(big.Int).Lsh(big.NewInt(1), uint(t.Precision))
	if t.Signed {
		hi.Rsh(hi, 1)
		lo.Neg(hi)
	}
	if v.Cmp(lo) < 0 || v.Cmp(hi) >= 0 {
		if allow&LossyRange == 0 {
			return fmt.Errorf("value %v is out of range as %s: %w", v, short(t), h5err.ErrType)
		}
		if v.Cmp(lo) < 0 {
			v = lo
		} else {
			v = hi.Sub(hi, big.NewInt(1))
		}
	}
	storeWords(b, t.Order, padBits(t))
	for i := range t.Precision {
		storeBits(b, t.Order, t.BitOffset+i, 1, uint64(v.Bit(i)))
	}
	return nil
}
