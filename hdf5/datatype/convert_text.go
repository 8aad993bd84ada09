package datatype

import (
	"bytes"
	"fmt"
	"reflect"
	"unsafe"

	"gables/hdf5/h5err"
)

// isByte tells element types of byte slices and arrays.
func isByte(to reflect.Type) bool { return to.Kind() == reflect.Uint8 }

// bytes compiles strings and opaque values.
func (c compiler) bytes(t *Datatype, to reflect.Type) (node, error) {
	switch {
	case to.Kind() == reflect.Array && isByte(to.Elem()) && !t.Variable && to.Len() == t.Size:
		return node{run: copyKernel(t.Size), identity: true}, nil
	case to.Kind() == reflect.Slice && isByte(to.Elem()) && t.Class == Opaque:
		return node{run: opaqueKernel(t.Size)}, nil
	case to.Kind() == reflect.Slice && isByte(to.Elem()):
		return node{run: textKernel(t, func(p unsafe.Pointer, s []byte) { *(*[]byte)(p) = bytes.Clone(s) })}, nil
	case to.Kind() == reflect.String && t.Class == String:
		return node{run: textKernel(t, func(p unsafe.Pointer, s []byte) { *(*string)(p) = string(s) })}, nil
	}
	return misfit(t, to)
}

func opaqueKernel(size int) kernel {
	return func(_ *run, dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) error {
		for i := range n {
			*(*[]byte)(unsafe.Add(dst, uintptr(i)*dstStride)) = bytes.Clone(src[i*srcStride:][:size])
		}
		return nil
	}
}

// textKernel gives each string without its padding to store.
func textKernel(t *Datatype, store func(unsafe.Pointer, []byte)) kernel {
	return func(x *run, dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) error {
		for i := range n {
			s, err := t.text(src[i*srcStride:][:t.Size], x.heap)
			if err != nil {
				return at(i, err)
			}
			store(unsafe.Add(dst, uintptr(i)*dstStride), s)
		}
		return nil
	}
}

// enum compiles an enumeration as its base, as names, or as bool.
func (c compiler) enum(t *Datatype, to reflect.Type) (node, error) {
	switch {
	case t.Base == nil || t.Base.Class != Integer || t.Base.Size != t.Size:
		return misfit(t, to)
	case to.Kind() == reflect.String:
		return node{run: nameKernel(t)}, nil
	case to.Kind() != reflect.Bool:
		return c.number(t.Base, to)
	case t.isBool():
		return c.boolean(t, t.Base, to)
	}
	return misfit(t, to)
}

// isBool tells h5py's way to store bool: exactly FALSE = 0 and TRUE = 1.
func (t *Datatype) isBool() bool {
	if len(t.Enum) != 2 {
		return false
	}
	for _, m := range t.Enum {
		want := map[string]string{"FALSE": "0", "TRUE": "1"}[m.Name]
		if len(m.Value) != t.Base.Size || fmt.Sprint(t.Base.integer(m.Value)) != want {
			return false
		}
	}
	return t.Enum[0].Name != t.Enum[1].Name
}

// nameKernel gives the names of an enumeration's values.
func nameKernel(t *Datatype) kernel {
	names := make(map[string]string, len(t.Enum))
	for _, m := range t.Enum {
		if _, taken := names[string(m.Value)]; !taken {
			names[string(m.Value)] = m.Name
		}
	}
	return func(_ *run, dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) error {
		for i := range n {
			b := src[i*srcStride:][:t.Size]
			name, ok := names[string(b)]
			if !ok {
				return at(i, fmt.Errorf("value %v of %s has no name: %w", t.Base.integer(b), short(t), h5err.ErrType))
			}
			*(*string)(unsafe.Add(dst, uintptr(i)*dstStride)) = name
		}
		return nil
	}
}
