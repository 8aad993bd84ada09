package datatype

import (
	"fmt"
	"reflect"
	"sync"
	"unsafe"

	"gables/hdf5/h5err"
)

// HeapWriter takes the contents of variable-length data. Address and index are
// what the Heap of a reader is asked for.
type HeapWriter interface {
	// Insert stores the bytes of an object; it does not keep or change b.
	Insert(b []byte) (addr uint64, index uint32, err error)
}

// Encoding turns values of one Go type into stored elements of one datatype: the
// counterpart of Conversion. It is immutable and safe for concurrent use.
type Encoding struct {
	src      reflect.Type
	dst      *Datatype
	run      encodeKernel
	identity bool
	sure     bool
}

// encodeKernel stores n values, the first at src and dst[0], the others at
// multiples of the strides in bytes. dst ends at or behind the last element.
type encodeKernel func(x *encodeRun, dst []byte, dstStride int, src unsafe.Pointer, srcStride uintptr, n int) error

// encodeRun is the scratch of one Encode.
type encodeRun struct {
	heap HeapWriter
	// Blocks of numbers between gathering, casting and storing. Only leaf
	// kernels use them, so that one pair serves any nesting.
	in, out [blockLen]uint64
	// content is a stack of the elements of sequences on their way to the heap.
	content []byte
}

var encodeRuns = sync.Pool{New: func() any { return new(encodeRun) }}

// maxContent is how much scratch is kept from one Encode to the next.
const maxContent = 1 << 20

// sink is a compiled encoding of a type or a part of one.
type sink struct {
	run      encodeKernel
	identity bool // the memory bytes are the stored bytes
	sure     bool // no value can fail
}

// CompileEncode prepares storing values of type from as elements of t. It fails
// with ErrType where the kinds can't fit, whatever the values.
//
// The pairs of types are those of Compile, and reading what was stored gives the
// values back. A value that the stored type can't hold is an error, unless
// Options allow the change; only a float that is stored in a narrower float
// needs no permission to be rounded (to nearest, halves to even), though it does
// to become infinite. Strings must fit without losing characters: one with a
// NUL, or with the character at its end that the padding uses, is refused, and
// so is a slice whose length is not that of the array. All members of a compound
// need a field unless Options.Partial; gaps become zeros.
func CompileEncode(t *Datatype, from reflect.Type, o Options) (*Encoding, error) {
	if t == nil || from == nil {
		return nil, fmt.Errorf("encoding of %v as %v: %w", from, t, h5err.ErrType)
	}
	s, err := encoderOf{o}.compile(t, from)
	if err != nil {
		return nil, err
	}
	return &Encoding{src: from, dst: t, run: s.run, identity: s.identity, sure: s.sure || s.identity}, nil
}

// Identity tells whether the memory bytes are the stored bytes on this host, so
// that a caller can write straight from the memory of a Go slice.
func (c *Encoding) Identity() bool { return c.identity }

// Infallible tells whether every value of the source type can be stored, so that
// nobody needs to try before anything is written.
func (c *Encoding) Infallible() bool { return c.sure }

// Source is the Go type.
func (c *Encoding) Source() reflect.Type { return c.src }

// Target is the stored type.
func (c *Encoding) Target() *Datatype { return c.dst }

// Convert encodes n values at src, the memory of an array of the source type,
// into dst, which must have room for them. h takes variable-length data and may
// be nil where the type has none. After an error the bytes in dst are
// unspecified. Errors: ErrType with the index of the value that does not fit, and
// the heap's own.
func (c *Encoding) Convert(dst []byte, src unsafe.Pointer, n int, h HeapWriter) error {
	if n < 0 || n > len(dst)/c.dst.Size {
		return fmt.Errorf("%d elements of %s in %d bytes: %w", n, short(c.dst), len(dst), h5err.ErrType)
	}
	if n == 0 {
		return nil
	}
	x := encodeRuns.Get().(*encodeRun)
	x.heap = h
	err := c.run(x, dst, c.dst.Size, src, c.src.Size(), n)
	if x.heap = nil; cap(x.content) > maxContent {
		x.content = nil
	}
	x.content = x.content[:0]
	encodeRuns.Put(x)
	return err
}

// Encode is Convert from a slice, whose type must be c's source type (else
// ErrType).
func Encode[T any](c *Encoding, dst []byte, src []T, h HeapWriter) error {
	if t := reflect.TypeFor[T](); t != c.src {
		return fmt.Errorf("encoding of %v used for %v: %w", c.src, t, h5err.ErrType)
	}
	return c.Convert(dst, unsafe.Pointer(unsafe.SliceData(src)), len(src), h)
}

// encodeAll stores numbers as t without loss.
func encodeAll(t *Datatype, dst []byte, values []int64) error {
	c, err := CompileEncode(t, reflect.TypeFor[int64](), Options{})
	if err != nil {
		return err
	}
	return Encode(c, dst, values, nil)
}

// encoderOf holds what all levels of a compilation share.
type encoderOf struct{ o Options }

// unfit is the error for kinds that can never fit.
func unfit(t *Datatype, from reflect.Type) (sink, error) {
	return sink{}, fmt.Errorf("%v as %s: %w", from, short(t), h5err.ErrType)
}

func (c encoderOf) compile(t *Datatype, from reflect.Type) (sink, error) {
	if t.Size < 1 {
		return unfit(t, from)
	}
	if from == anyType {
		return sink{run: c.anyEncoder(t)}, nil
	}
	if from == refType {
		if t.Class == Reference {
			return sink{run: refEncoder(t)}, nil
		}
		return unfit(t, from)
	}
	switch t.Class {
	case Integer, Float, Bitfield, Time:
		return c.number(t, from)
	case Enum:
		return c.enum(t, from)
	case String, Opaque:
		return c.bytes(t, from)
	case Compound:
		return c.compound(t, from)
	case Complex:
		return c.complex(t, Member{Type: t.Base}, Member{Offset: t.Base.Size, Type: t.Base}, from)
	case Array:
		return c.array(t, from)
	case VLen:
		return c.sequence(t, from)
	}
	return unfit(t, from)
}

// refEncoder stores references as they are; one without bytes is null.
func refEncoder(t *Datatype) encodeKernel {
	return func(_ *encodeRun, dst []byte, dstStride int, src unsafe.Pointer, srcStride uintptr, n int) error {
		for i := range n {
			r := (*Ref)(unsafe.Add(src, uintptr(i)*srcStride))
			b := dst[i*dstStride:][:t.Size]
			switch {
			case len(r.Raw) == t.Size && r.Kind == t.RefKind:
				copy(b, r.Raw)
			case r.Raw == "":
				clear(b)
			default:
				return at(i, fmt.Errorf("%v reference of %d bytes as %s: %w", r.Kind, len(r.Raw), short(t), h5err.ErrType))
			}
		}
		return nil
	}
}

// copyEncoder serves identities: size bytes of each element.
func copyEncoder(size int) encodeKernel {
	return func(_ *encodeRun, dst []byte, dstStride int, src unsafe.Pointer, srcStride uintptr, n int) error {
		if srcStride == uintptr(size) && dstStride == size {
			copy(dst, unsafe.Slice((*byte)(src), n*size))
			return nil
		}
		for i := range n {
			copy(dst[i*dstStride:], unsafe.Slice((*byte)(unsafe.Add(src, uintptr(i)*srcStride)), size))
		}
		return nil
	}
}
