package datatype

import (
	"fmt"
	"reflect"
	"sync"
	"unsafe"

	"gables/hdf5/h5err"
)

// Lossy says which changes of a value a conversion may make in silence.
type Lossy uint8

const (
	// LossyRange clamps values beyond the target's range to its nearest end;
	// a float target gets an infinity.
	LossyRange Lossy = 1 << iota
	// LossyPrecision rounds: to a float's precision, and for integer targets
	// towards zero.
	LossyPrecision
	// LossyNaN makes a NaN 0 in integer targets.
	LossyNaN
)

// Options change what Compile and CompileEncode allow. The zero Options allow
// exact values only.
type Options struct {
	Lossy Lossy
	// Partial lets CompileEncode take structs that lack fields for members: those
	// members, and gaps, keep the bytes that the target has. Compile needs no
	// permission to leave members out.
	Partial bool
}

// Conversion turns stored elements of one datatype into values of one Go type.
// It is immutable and safe for concurrent use.
type Conversion struct {
	src      *Datatype
	dst      reflect.Type
	run      kernel
	identity bool
}

// kernel converts n elements, the first at dst and src[0], the others at
// multiples of the strides in bytes. src ends at or behind the last element.
type kernel func(x *run, dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) error

// run is the scratch of one Convert.
type run struct {
	heap Heap
	// buf holds a block of decoded numbers between loading and casting. Only
	// leaf kernels use it, so that one serves any nesting.
	buf [blockLen]uint64
}

// blockLen is how many numbers are loaded before they are cast: 4 KiB stay in
// the first-level cache beside their source and target.
const blockLen = 512

var runs = sync.Pool{New: func() any { return new(run) }}

// node is a compiled conversion of a type or a part of one.
type node struct {
	run      kernel
	identity bool // stored bytes are the memory bytes
}

// Compile prepares the conversion of elements of t into values of type to. It
// fails with ErrType where the kinds can't fit, whatever the values.
//
// Targets: integers and floats from integers, floats, enums, times (integers
// only) and bitfields (unsigned only); bool from bitfields and enums of FALSE
// and TRUE; complex from the Complex class and from compounds {r, i} or {real,
// imag}; string and []byte from strings (without their padding); string from
// an enum's names; []byte from opaque; [N]byte from strings and opaque of
// exactly N bytes; [N]T and []T from arrays, nested or flat; []T from
// sequences; structs from compounds, by `h5:"name"` tag or field name, "-"
// skipped; Ref from references; any from everything (see Datatype.Any).
func Compile(t *Datatype, to reflect.Type, o Options) (*Conversion, error) {
	if t == nil || to == nil {
		return nil, fmt.Errorf("conversion of %v to %v: %w", t, to, h5err.ErrType)
	}
	c := compiler{o}
	n, err := c.compile(t, to)
	if err != nil {
		return nil, err
	}
	return &Conversion{src: t, dst: to, run: n.run, identity: n.identity}, nil
}

// Identity tells whether stored bytes are the memory bytes on this host, so
// that a caller can read straight into the memory of a Go slice. The memory of
// struct fields named _ and the gaps between fields may then take file bytes.
func (c *Conversion) Identity() bool { return c.identity }

// Source is the stored type.
func (c *Conversion) Source() *Datatype { return c.src }

// Target is the Go type.
func (c *Conversion) Target() reflect.Type { return c.dst }

// Convert decodes the first n elements of src into dst, which must be the
// aligned memory of an array of at least n values of the target type. h serves
// variable-length data and may be nil where the type has none. After an error
// the values in dst are unspecified but valid. Errors: ErrType with the index
// of the element for a value that does not fit (see Options), ErrCorrupt and
// the heap's own for variable-length data.
func (c *Conversion) Convert(dst unsafe.Pointer, src []byte, n int, h Heap) error {
	if n < 0 || n > len(src)/c.src.Size {
		return fmt.Errorf("%d elements of %s in %d bytes: %w", n, short(c.src), len(src), h5err.ErrType)
	}
	if n == 0 {
		return nil
	}
	x := runs.Get().(*run)
	x.heap = h
	err := c.run(x, dst, c.dst.Size(), src, c.src.Size, n)
	x.heap = nil
	runs.Put(x)
	return err
}

// Decode is Convert into a slice: len(dst) elements of T, which must be c's
// target type (else ErrType).
func Decode[T any](c *Conversion, dst []T, src []byte, h Heap) error {
	if t := reflect.TypeFor[T](); t != c.dst {
		return fmt.Errorf("conversion to %v used for %v: %w", c.dst, t, h5err.ErrType)
	}
	return c.Convert(unsafe.Pointer(unsafe.SliceData(dst)), src, len(dst), h)
}

// ValueError says which element could not be converted. It wraps ErrType or
// the fault that was met.
type ValueError struct {
	Index int    // element, counted from the start of the conversion's source
	Path  string // place inside the element: ".member[2]", empty for all of it
	Err   error
}

// Error gives index, path and cause.
func (e *ValueError) Error() string { return fmt.Sprintf("element %d%s: %v", e.Index, e.Path, e.Err) }

// Unwrap gives the cause.
func (e *ValueError) Unwrap() error { return e.Err }

// at wraps err as the fault of element i; an inner index becomes a path.
func at(i int, err error) error {
	if v, ok := err.(*ValueError); ok {
		return &ValueError{i, fmt.Sprintf("[%d]%s", v.Index, v.Path), v.Err}
	}
	return &ValueError{Index: i, Err: err}
}

// shifted adds to an error's element index, and puts a name before its path.
func shifted(err error, by int, name string) error {
	if v, ok := err.(*ValueError); ok {
		return &ValueError{v.Index + by, name + v.Path, v.Err}
	}
	return err
}

// compiler holds what all levels of a compilation share.
type compiler struct{ o Options }

var (
	refType = reflect.TypeFor[Ref]()
	anyType = reflect.TypeFor[any]()
)

// misfit is the error for kinds that can never fit.
func misfit(t *Datatype, to reflect.Type) (node, error) {
	return node{}, fmt.Errorf("%s as %v: %w", short(t), to, h5err.ErrType)
}

func (c compiler) compile(t *Datatype, to reflect.Type) (node, error) {
	if t.Size < 1 {
		return misfit(t, to)
	}
	if to == anyType {
		return node{run: anyKernel(t)}, nil
	}
	if to == refType {
		if t.Class == Reference {
			return node{run: refKernel(t)}, nil
		}
		return misfit(t, to)
	}
	switch t.Class {
	case Integer, Float, Bitfield, Time:
		return c.number(t, to)
	case Enum:
		return c.enum(t, to)
	case String, Opaque:
		return c.bytes(t, to)
	case Compound:
		return c.compound(t, to)
	case Complex:
		return c.complex(t, Member{Type: t.Base}, Member{Offset: t.Base.Size, Type: t.Base}, to)
	case Array:
		return c.array(t, to)
	case VLen:
		return c.sequence(t, to)
	}
	return misfit(t, to)
}

// anyKernel leaves the work to Any.
func anyKernel(t *Datatype) kernel {
	return func(x *run, dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) error {
		for i := range n {
			v, err := t.Any(src[i*srcStride:], x.heap)
			if err != nil {
				return at(i, err)
			}
			*(*any)(unsafe.Add(dst, uintptr(i)*dstStride)) = v
		}
		return nil
	}
}

func refKernel(t *Datatype) kernel {
	return func(_ *run, dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) error {
		for i := range n {
			r := Ref{t.RefKind, string(src[i*srcStride:][:t.Size])}
			*(*Ref)(unsafe.Add(dst, uintptr(i)*dstStride)) = r
		}
		return nil
	}
}

// copyKernel serves identities: size bytes of each element.
func copyKernel(size int) kernel {
	return func(_ *run, dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) error {
		if dstStride == uintptr(size) && srcStride == size {
			copy(unsafe.Slice((*byte)(dst), n*size), src)
			return nil
		}
		for i := range n {
			copy(unsafe.Slice((*byte)(unsafe.Add(dst, uintptr(i)*dstStride)), size), src[i*srcStride:])
		}
		return nil
	}
}
