package datatype

import (
	"fmt"
	"reflect"
	"unsafe"

	"gables/hdf5/h5err"
)

// levels is how many slices and arrays to is nested in; recursive Go types
// end at a depth that no datatype reaches.
func levels(to reflect.Type) (n int, innermost reflect.Type) {
	for n < 64 && (to.Kind() == reflect.Slice || to.Kind() == reflect.Array) {
		n, to = n+1, to.Elem()
	}
	return n, to
}

// ownLevels is how many of those an element of t needs for itself.
func (t *Datatype) ownLevels(innermost reflect.Type) int {
	switch t.Class {
	case Opaque, String:
		if isByte(innermost) {
			return 1
		}
	case VLen, Array:
		return 1 + t.Base.ownLevels(innermost)
	}
	return 0
}

// array compiles [N]T and []T: nested where the Go type has a level for each
// dimension, else flat.
func (c compiler) array(t *Datatype, to reflect.Type) (node, error) {
	if to.Kind() != reflect.Array && to.Kind() != reflect.Slice || len(t.Dims) == 0 {
		return misfit(t, to)
	}
	elem, count, err := t.arrayElement(to)
	if err != nil {
		return node{}, err
	}
	if to.Kind() == reflect.Array && to.Len() != count {
		return misfit(t, to)
	}
	inner, err := c.compile(elem, to.Elem())
	if err != nil {
		return node{}, err
	}
	if to.Kind() == reflect.Slice {
		return node{run: arraySliceKernel(to, inner.run, count, elem.Size)}, nil
	}
	if inner.identity && uintptr(elem.Size) == to.Elem().Size() {
		return node{run: copyKernel(count * elem.Size), identity: true}, nil
	}
	return node{run: arrayKernel(inner.run, count, elem.Size, to.Elem().Size())}, nil
}

// arrayElement gives what one element of to stands for, and how many there are:
// a row where to has a level for each dimension, else an element of the base.
func (t *Datatype) arrayElement(to reflect.Type) (elem *Datatype, count int, err error) {
	count = 1
	for _, d := range t.Dims {
		if d < 1 || t.Base.Size < 1 || d > t.Size/t.Base.Size/count {
			return nil, 0, fmt.Errorf("%s in %d bytes: %w", short(t), t.Size, h5err.ErrCorrupt)
		}
		count *= d
	}
	if have, innermost := levels(to); len(t.Dims) > 1 && have >= len(t.Dims)+t.Base.ownLevels(innermost) {
		row := &Datatype{Class: Array, Version: t.Version, Size: count / t.Dims[0] * t.Base.Size, Dims: t.Dims[1:], Base: t.Base}
		return row, t.Dims[0], nil
	}
	return t.Base, count, nil
}

// arrayKernel converts count elements in each element; without gaps on either
// side all of them in one loop.
func arrayKernel(inner kernel, count, srcSize int, dstSize uintptr) kernel {
	return func(x *run, dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) error {
		if srcStride == count*srcSize && dstStride == uintptr(count)*dstSize {
			return split(inner(x, dst, dstSize, src, srcSize, n*count), count)
		}
		for i := range n {
			if err := inner(x, unsafe.Add(dst, uintptr(i)*dstStride), dstSize, src[i*srcStride:], srcSize, count); err != nil {
				return at(i, err)
			}
		}
		return nil
	}
}

// split turns an index over all inner elements into one of outer elements and
// a path.
func split(err error, count int) error {
	if v, ok := err.(*ValueError); ok {
		return &ValueError{v.Index / count, fmt.Sprintf("[%d]%s", v.Index%count, v.Path), v.Err}
	}
	return err
}

// arraySliceKernel gives each element a slice of one backing array, its
// capacity cut so that appending to one can't reach the next.
func arraySliceKernel(to reflect.Type, inner kernel, count, srcSize int) kernel {
	fill := arrayKernel(inner, count, srcSize, to.Elem().Size())
	return func(x *run, dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) error {
		all := reflect.MakeSlice(to, n*count, n*count)
		if err := fill(x, all.UnsafePointer(), uintptr(count)*to.Elem().Size(), src, srcStride, n); err != nil {
			return err
		}
		for i := range n {
			s := all.Slice3(i*count, (i+1)*count, (i+1)*count)
			reflect.NewAt(to, unsafe.Add(dst, uintptr(i)*dstStride)).Elem().Set(s)
		}
		return nil
	}
}

// sequence compiles []T from variable-length elements; empty ones give nil.
func (c compiler) sequence(t *Datatype, to reflect.Type) (node, error) {
	if to.Kind() != reflect.Slice {
		return misfit(t, to)
	}
	inner, err := c.compile(t.Base, to.Elem())
	if err != nil {
		return node{}, err
	}
	elem := to.Elem().Size()
	return node{run: func(x *run, dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) error {
		for i := range n {
			obj, count, err := content(src[i*srcStride:][:t.Size], t.Base, x.heap)
			if err != nil {
				return at(i, err)
			}
			s := reflect.Zero(to)
			if count > 0 {
				s = reflect.MakeSlice(to, count, count)
				if err := inner.run(x, s.UnsafePointer(), elem, obj, t.Base.Size, count); err != nil {
					return at(i, err)
				}
			}
			reflect.NewAt(to, unsafe.Add(dst, uintptr(i)*dstStride)).Elem().Set(s)
		}
		return nil
	}}, nil
}
