package datatype

import (
	"fmt"
	"math"
	"reflect"
	"unsafe"

	"gables/hdf5/h5err"
)

// array compiles [N]T and []T as Compile does.
func (c encoderOf) array(t *Datatype, from reflect.Type) (sink, error) {
	if from.Kind() != reflect.Array && from.Kind() != reflect.Slice || len(t.Dims) == 0 {
		return unfit(t, from)
	}
	elem, count, err := t.arrayElement(from)
	if err != nil {
		return sink{}, err
	}
	if from.Kind() == reflect.Array && from.Len() != count {
		return unfit(t, from)
	}
	inner, err := c.compile(elem, from.Elem())
	if err != nil {
		return sink{}, err
	}
	size := from.Elem().Size()
	if from.Kind() == reflect.Slice {
		return sink{run: sliceEncoder(t, inner.run, count, elem.Size, size)}, nil
	}
	if inner.identity && uintptr(elem.Size) == size {
		return sink{run: copyEncoder(count * elem.Size), identity: true}, nil
	}
	return sink{run: arrayEncoder(inner.run, count, elem.Size, size), sure: inner.sure}, nil
}

// arrayEncoder stores count values in each element; without gaps on either side
// all of them in one loop.
func arrayEncoder(inner encodeKernel, count, dstSize int, srcSize uintptr) encodeKernel {
	return func(x *encodeRun, dst []byte, dstStride int, src unsafe.Pointer, srcStride uintptr, n int) error {
		if dstStride == count*dstSize && srcStride == uintptr(count)*srcSize {
			return split(inner(x, dst, dstSize, src, srcSize, n*count), count)
		}
		for i := range n {
			if err := inner(x, dst[i*dstStride:], dstSize, unsafe.Add(src, uintptr(i)*srcStride), srcSize, count); err != nil {
				return at(i, err)
			}
		}
		return nil
	}
}

// sliceAt gives data and length of a slice of any type at p.
func sliceAt(p unsafe.Pointer) (unsafe.Pointer, int) {
	s := *(*[]byte)(p)
	return unsafe.Pointer(unsafe.SliceData(s)), len(s)
}

// sliceEncoder stores slices that have exactly count values.
func sliceEncoder(t *Datatype, inner encodeKernel, count, dstSize int, srcSize uintptr) encodeKernel {
	return func(x *encodeRun, dst []byte, dstStride int, src unsafe.Pointer, srcStride uintptr, n int) error {
		for i := range n {
			data, have := sliceAt(unsafe.Add(src, uintptr(i)*srcStride))
			if have != count {
				return at(i, fmt.Errorf("%d values as %s: %w", have, short(t), h5err.ErrType))
			}
			if err := inner(x, dst[i*dstStride:], dstSize, data, srcSize, count); err != nil {
				return at(i, err)
			}
		}
		return nil
	}
}

// sequence compiles []T into variable-length elements; nil is an empty one.
func (c encoderOf) sequence(t *Datatype, from reflect.Type) (sink, error) {
	if from.Kind() != reflect.Slice {
		return unfit(t, from)
	}
	inner, err := c.compile(t.Base, from.Elem())
	if err != nil {
		return sink{}, err
	}
	size, stored := from.Elem().Size(), t.Base.Size
	return sink{run: func(x *encodeRun, dst []byte, dstStride int, src unsafe.Pointer, srcStride uintptr, n int) error {
		for i := range n {
			data, count := sliceAt(unsafe.Add(src, uintptr(i)*srcStride))
			var err error
			switch b := dst[i*dstStride:][:t.Size]; {
			case inner.identity:
				err = x.insert(b, unsafe.Slice((*byte)(data), count*stored), count)
			default:
				err = x.sequence(b, inner.run, data, size, stored, count)
			}
			if err != nil {
				return at(i, err)
			}
		}
		return nil
	}}, nil
}

// sequence stores count values of size bytes at data, each in stored bytes.
func (x *encodeRun) sequence(b []byte, inner encodeKernel, data unsafe.Pointer, size uintptr, stored, count int) error {
	if uint64(count)*uint64(stored) > math.MaxInt32 {
		return fmt.Errorf("sequence of %d elements of %d bytes: %w", count, stored, h5err.ErrLimit)
	}
	return x.scratch(count*stored, func(buf []byte) error {
		if err := inner(x, buf, stored, data, size, count); err != nil {
			return err
		}
		return x.insert(b, buf, count)
	})
}

// scratch gives use n bytes of the stack of contents. What use stores may take
// more of it; where that moves the stack, buf stays what it is.
func (x *encodeRun) scratch(n int, use func(buf []byte) error) error {
	mark := len(x.content)
	if n > cap(x.content)-mark {
		x.content = append(make([]byte, 0, 2*cap(x.content)+n), x.content...)
	}
	x.content = x.content[:mark+n]
	clear(x.content[mark:]) // members that Options.Partial leaves out are zeros
	err := use(x.content[mark : mark+n : mark+n])
	x.content = x.content[:mark]
	return err
}
