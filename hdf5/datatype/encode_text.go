package datatype

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"unsafe"

	"gables/hdf5/h5err"
)

// bytes compiles strings and opaque values.
func (c encoderOf) bytes(t *Datatype, from reflect.Type) (sink, error) {
	switch {
	case from.Kind() == reflect.Array && isByte(from.Elem()) && !t.Variable && from.Len() == t.Size:
		return sink{run: copyEncoder(t.Size), identity: true}, nil
	case t.Class == String && t.Variable && isText(from):
		return sink{run: vlTextEncoder(t, from.Kind())}, nil
	case t.Class == String && isText(from):
		return sink{run: textEncoder(t, from.Kind())}, nil
	case from.Kind() == reflect.Slice && isByte(from.Elem()):
		return sink{run: opaqueEncoder(t)}, nil
	}
	return unfit(t, from)
}

// isText tells string and []byte.
func isText(from reflect.Type) bool {
	return from.Kind() == reflect.String || from.Kind() == reflect.Slice && isByte(from.Elem())
}

// textAt gives the bytes of the string or []byte at p; they must not be changed.
func textAt(p unsafe.Pointer, k reflect.Kind) []byte {
	if k == reflect.String {
		s := *(*string)(p)
		return unsafe.Slice(unsafe.StringData(s), len(s))
	}
	return *(*[]byte)(p)
}

func opaqueEncoder(t *Datatype) encodeKernel {
	return func(_ *encodeRun, dst []byte, dstStride int, src unsafe.Pointer, srcStride uintptr, n int) error {
		for i := range n {
			b := *(*[]byte)(unsafe.Add(src, uintptr(i)*srcStride))
			if len(b) != t.Size {
				return at(i, fmt.Errorf("%d bytes as %s: %w", len(b), short(t), h5err.ErrType))
			}
			copy(dst[i*dstStride:], b)
		}
		return nil
	}
}

// textEncoder fills up with what t's padding says.
func textEncoder(t *Datatype, k reflect.Kind) encodeKernel {
	return func(_ *encodeRun, dst []byte, dstStride int, src unsafe.Pointer, srcStride uintptr, n int) error {
		for i := range n {
			s := textAt(unsafe.Add(src, uintptr(i)*srcStride), k)
			if err := t.checkText(s); err != nil {
				return at(i, err)
			}
			b := dst[i*dstStride:][:t.Size]
			rest := b[copy(b, s):]
			if t.Pad != SpacePad {
				clear(rest)
				continue
			}
			for j := range rest {
				rest[j] = ' '
			}
		}
		return nil
	}
}

// checkText tells whether s can be had back from a string element.
func (t *Datatype) checkText(s []byte) error {
	switch {
	case t.Pad > SpacePad:
		return fmt.Errorf("string padding %d: %w", t.Pad, h5err.ErrUnsupported)
	case !t.Variable && len(s) > t.Size:
		return fmt.Errorf("string of %d bytes as %s: %w", len(s), short(t), h5err.ErrType)
	case (t.Variable || t.Pad == NullTerm) && bytes.IndexByte(s, 0) >= 0,
		!t.Variable && t.Pad == NullPad && len(s) > 0 && s[len(s)-1] == 0,
		!t.Variable && t.Pad == SpacePad && len(s) > 0 && s[len(s)-1] == ' ':
		return fmt.Errorf("string %.40q as %s, which would lose its end: %w", s, short(t), h5err.ErrType)
	}
	return nil
}

// vlTextEncoder puts strings into the heap, without a NUL behind them.
func vlTextEncoder(t *Datatype, k reflect.Kind) encodeKernel {
	return func(x *encodeRun, dst []byte, dstStride int, src unsafe.Pointer, srcStride uintptr, n int) error {
		for i := range n {
			s := textAt(unsafe.Add(src, uintptr(i)*srcStride), k)
			err := t.checkText(s)
			if err == nil {
				err = x.insert(dst[i*dstStride:][:t.Size], s, len(s))
			}
			if err != nil {
				return at(i, err)
			}
		}
		return nil
	}
}

// insert stores a sequence of count elements and its descriptor in b: what
// content reads. Empty ones take no object.
func (x *encodeRun) insert(b, object []byte, count int) error {
	switch {
	case len(b) < 9 || len(b) > 16:
		return fmt.Errorf("variable-length descriptor of %d bytes: %w", len(b), h5err.ErrCorrupt)
	case uint64(count) > math.MaxUint32:
		return fmt.Errorf("sequence of %d elements: %w", count, h5err.ErrLimit)
	case count == 0:
		clear(b)
		return nil
	case x.heap == nil:
		return fmt.Errorf("variable-length data without a heap: %w", h5err.ErrUnsupported)
	}
	addr, index, err := x.heap.Insert(object)
	if err != nil {
		return err
	}
	if width := len(b) - 8; width < 8 && addr>>(8*width) != 0 {
		return fmt.Errorf("heap address 0x%x in %d bytes: %w", addr, width, h5err.ErrLimit)
	}
	binary.LittleEndian.PutUint32(b, uint32(count))
	storeUint(b[4:len(b)-4], LittleEndian, addr)
	binary.LittleEndian.PutUint32(b[len(b)-4:], index)
	return nil
}

// enum compiles integers, names and bool for an enumeration. Integers that have
// no name are stored too.
func (c encoderOf) enum(t *Datatype, from reflect.Type) (sink, error) {
	switch {
	case t.Base == nil || t.Base.Class != Integer || t.Base.Size != t.Size:
		return unfit(t, from)
	case from.Kind() == reflect.String:
		return sink{run: nameEncoder(t)}, nil
	case from.Kind() != reflect.Bool:
		return c.number(t.Base, from)
	case t.isBool():
		return c.store(t.Base, from, kindU8)
	}
	return unfit(t, from)
}

// nameEncoder stores the values of names.
func nameEncoder(t *Datatype) encodeKernel {
	values := make(map[string][]byte, len(t.Enum))
	for _, m := range t.Enum {
		if _, taken := values[m.Name]; !taken && len(m.Value) == t.Size {
			values[m.Name] = m.Value
		}
	}
	return func(_ *encodeRun, dst []byte, dstStride int, src unsafe.Pointer, srcStride uintptr, n int) error {
		for i := range n {
			name := *(*string)(unsafe.Add(src, uintptr(i)*srcStride))
			v, ok := values[name]
			if !ok {
				return at(i, fmt.Errorf("name %.40q is not in %s: %w", name, short(t), h5err.ErrType))
			}
			copy(dst[i*dstStride:], v)
		}
		return nil
	}
}
