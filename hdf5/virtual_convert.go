package hdf5

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"sync"
	"unsafe"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/chunkio"
)

// elementConversion turns elements of one stored datatype into another. As in
// libhdf5, numbers beyond the target's range become its nearest end, and
// others are rounded; a NaN becomes 0 where there is none.
type elementConversion struct {
	from, to int // bytes of an element
	run      converter
}

// converter converts n elements, the first at dst[0] and src[0] and the others
// at multiples of the strides in bytes.
type converter func(dst []byte, dstStride int, src []byte, srcStride, n int) error

// newElementConversion fails with ErrUnsupported where there is none.
func newElementConversion(to, from *datatype.Datatype) (*elementConversion, error) {
	run, err := newConverter(to, from)
	return &elementConversion{from.Size, to.Size, run}, err
}

// convertOne converts one element; none stays none, which stands for zeros.
func convertOne(to, from *datatype.Datatype, element []byte) ([]byte, error) {
	if element == nil {
		return nil, nil
	}
	c, err := newElementConversion(to, from)
	if err != nil {
		return nil, err
	}
	out := make([]byte, to.Size)
	return out, c.run(out, to.Size, element, from.Size, 1)
}

func newConverter(to, from *datatype.Datatype) (converter, error) {
	switch {
	case datatype.Equal(to, from):
		return copier(to.Size), nil
	case to.Class == datatype.Compound && from.Class == datatype.Compound:
		return compoundConverter(to, from)
	case to.Class == datatype.Array && from.Class == datatype.Array && slices.Equal(to.Dims, from.Dims):
		return repeated(to, from)
	case to.Class == datatype.Complex && from.Class == datatype.Complex:
		return repeated(to, from)
	case isNumber(to) && isNumber(from):
		return numberConverter(to, from)
	case to.Class == datatype.String && from.Class == datatype.String && !to.Variable && !from.Variable && to.Charset == from.Charset:
		return textConverter(to, from), nil
	}
	return nil, noConversion(to, from)
}

func noConversion(to, from *datatype.Datatype) error {
	return h5err.Unsupported("virtual dataset", "datatype", "conversion of the source's %s to %s", from, to)
}

func isNumber(t *datatype.Datatype) bool {
	return t.Class == datatype.Integer || t.Class == datatype.Float || t.Class == datatype.Enum
}

// pointsIntoFile tells whether elements hold addresses of the file that they
// are in.
func pointsIntoFile(t *datatype.Datatype) bool {
	switch t.Class {
	case datatype.Reference:
		return true
	case datatype.Compound:
		return slices.ContainsFunc(t.Members, func(m datatype.Member) bool { return pointsIntoFile(m.Type) })
	case datatype.Array:
		return pointsIntoFile(t.Base)
	}
	return t.HasVL()
}

func copier(size int) converter {
	return func(dst []byte, dstStride int, src []byte, srcStride, n int) error {
		for i := range n {
			copy(dst[i*dstStride:i*dstStride+size], src[i*srcStride:])
		}
		return nil
	}
}

// compoundConverter matches members by name; the source may have others besides.
func compoundConverter(to, from *datatype.Datatype) (converter, error) {
	type part struct {
		to, from int
		run      converter
	}
	var parts []part
	for _, m := range to.Members {
		i := slices.IndexFunc(from.Members, func(o datatype.Member) bool { return o.Name == m.Name })
		if i < 0 {
			return nil, noConversion(to, from)
		}
		run, err := newConverter(m.Type, from.Members[i].Type)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{m.Offset, from.Members[i].Offset, run})
	}
	return func(dst []byte, dstStride int, src []byte, srcStride, n int) error {
		for _, p := range parts {
			if err := p.run(dst[p.to:], dstStride, src[p.from:], srcStride, n); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// repeated serves arrays of the same shape, and complex numbers.
func repeated(to, from *datatype.Datatype) (converter, error) {
	run, err := newConverter(to.Base, from.Base)
	if err != nil {
		return nil, err
	}
	if to.Base.Size < 1 || from.Base.Size < 1 || to.Size/to.Base.Size != from.Size/from.Base.Size {
		return nil, noConversion(to, from)
	}
	inner := to.Size / to.Base.Size
	return func(dst []byte, dstStride int, src []byte, srcStride, n int) error {
		for i := range n {
			if err := run(dst[i*dstStride:], to.Base.Size, src[i*srcStride:], from.Base.Size, inner); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// textConverter cuts or pads strings of fixed length.
func textConverter(to, from *datatype.Datatype) converter {
	return func(dst []byte, dstStride int, src []byte, srcStride, n int) error {
		for i := range n {
			s, d := src[i*srcStride:][:from.Size], dst[i*dstStride:][:to.Size]
			if from.Pad == datatype.SpacePad {
				for len(s) > 0 && s[len(s)-1] == ' ' {
					s = s[:len(s)-1]
				}
			} else if end := slices.Index(s, 0); end >= 0 {
				s = s[:end]
			}
			pad := byte(0)
			if to.Pad == datatype.SpacePad {
				pad = ' '
			}
			for k := copy(d, s); k < len(d); k++ {
				d[k] = pad
			}
			if to.Pad == datatype.NullTerm {
				d[len(d)-1] = 0
			}
		}
		return nil
	}
}

// numberBlock is how many numbers are converted at once, in memory that is
// aligned for any of them.
const numberBlock = 512

type numberScratch struct {
	values [numberBlock]uint64
	packed []byte
}

var numberScratches = sync.Pool{New: func() any { return new(numberScratch) }}

// numberConverter goes through the Go type that has the target's form.
func numberConverter(to, from *datatype.Datatype) (converter, error) {
	if to.Class == datatype.Enum {
		to = to.Base
	}
	goType, half := goNumber(to)
	if goType == nil || to.Order > datatype.BigEndian {
		return nil, noConversion(to, from)
	}
	c, err := datatype.Compile(from, goType, datatype.Options{Lossy: datatype.LossyRange | datatype.LossyPrecision | datatype.LossyNaN})
	if err != nil {
		return nil, noConversion(to, from)
	}
	store := storer(int(goType.Size()), to.Order == datatype.BigEndian, half)
	return func(dst []byte, dstStride int, src []byte, srcStride, n int) error {
		x := numberScratches.Get().(*numberScratch)
		defer numberScratches.Put(x)
		for done := 0; done < n; done += numberBlock {
			m := min(numberBlock, n-done)
			part := src[done*srcStride:]
			if srcStride != from.Size {
				part = x.pack(part, srcStride, from.Size, m)
			}
			if err := c.Convert(unsafe.Pointer(&x.values), part, m, nil); err != nil {
				return err
			}
			store(dst[done*dstStride:], dstStride, x, m)
		}
		return nil
	}, nil
}

// pack moves n elements together.
func (x *numberScratch) pack(src []byte, stride, size, n int) []byte {
	x.packed = x.packed[:0]
	for i := range n {
		x.packed = append(x.packed, src[i*stride:i*stride+size]...)
	}
	return x.packed
}

// goNumber is the Go type with a stored number's form, nil if there is none;
// half says that it is a binary16 to be made from the float64 given.
func goNumber(t *datatype.Datatype) (goType reflect.Type, half bool) {
	if t.BitOffset != 0 || t.Precision != 8*t.Size {
		return nil, false
	}
	if t.Class == datatype.Integer {
		unsigned := map[int]reflect.Type{1: reflect.TypeFor[uint8](), 2: reflect.TypeFor[uint16](), 4: reflect.TypeFor[uint32](), 8: reflect.TypeFor[uint64]()}
		signed := map[int]reflect.Type{1: reflect.TypeFor[int8](), 2: reflect.TypeFor[int16](), 4: reflect.TypeFor[int32](), 8: reflect.TypeFor[int64]()}
		if t.Signed {
			return signed[t.Size], false
		}
		return unsigned[t.Size], false
	}
	if t.Class != datatype.Float || t.Norm != datatype.NormImplied || t.MantPos != 0 ||
		t.ExpPos != t.MantSize || t.SignPos != 8*t.Size-1 {
		return nil, false
	}
	switch [4]uint64{uint64(t.Size), uint64(t.ExpSize), uint64(t.MantSize), t.Bias} {
	case [4]uint64{2, 5, 10, 15}:
		return reflect.TypeFor[float64](), true
	case [4]uint64{4, 8, 23, 127}:
		return reflect.TypeFor[float32](), false
	case [4]uint64{8, 11, 52, 1023}:
		return reflect.TypeFor[float64](), false
	}
	return nil, false
}

// storer puts the numbers of a scratch where they belong, in the order wanted.
func storer(size int, big, half bool) func(dst []byte, stride int, x *numberScratch, n int) {
	order := binary.ByteOrder(binary.LittleEndian)
	if big {
		order = binary.BigEndian
	}
	native := order.Uint16([]byte{1, 0}) == binary.NativeEndian.Uint16([]byte{1, 0})
	return func(dst []byte, stride int, x *numberScratch, n int) {
		switch {
		case half:
			for i, v := range scratchOf[float64](x, n) {
				order.PutUint16(dst[i*stride:], half16(v))
			}
		case size == 1:
			for i, v := range scratchOf[uint8](x, n) {
				dst[i*stride] = v
			}
		case native && stride == size:
			copy(dst, unsafe.Slice((*byte)(unsafe.Pointer(&x.values)), n*size))
		case size == 2:
			for i, v := range scratchOf[uint16](x, n) {
				order.PutUint16(dst[i*stride:], v)
			}
		case size == 4:
			for i, v := range scratchOf[uint32](x, n) {
				order.PutUint32(dst[i*stride:], v)
			}
		default:
			for i, v := range scratchOf[uint64](x, n) {
				order.PutUint64(dst[i*stride:], v)
			}
		}
	}
}

// scratchOf gives the scratch's first n values as what they are.
func scratchOf[T any](x *numberScratch, n int) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(&x.values)), n)
}

// half16 rounds to binary16, to even in the middle. What exceeds the greatest
// number is infinite, as in libhdf5.
func half16(f float64) uint16 {
	const greatest = 65504
	b := math.Float64bits(f)
	sign := uint16(b >> 48 & 0x8000)
	f = math.Abs(f)
	switch {
	case f != f:
		return sign | 0x7e00
	case f > greatest:
		return sign | 0x7c00
	case f < 0x1p-14:
		// The unit of subnormal numbers is 2^-24.
		return sign | uint16(math.RoundToEven(f*0x1p24))
	}
	b = math.Float64bits(f)
	b += 1<<41 - 1 + b>>42&1
	return sign | uint16((b>>42)-(1023-15)<<10)
}

// elementSink converts elements on their way.
type elementSink struct {
	chunkio.Sink
	c *elementConversion
}

var elementBuffers = sync.Pool{New: func() any { return new([]byte) }}

// Direct gives nothing, as the source's bytes are not the result's.
func (s *elementSink) Direct(uint64, uint64) []byte { return nil }

func (s *elementSink) Put(at uint64, src []byte) error {
	const most = 64 << 10
	per := max(1, most/s.c.to)
	buf := elementBuffers.Get().(*[]byte)
	defer elementBuffers.Put(buf)
	for len(src) > 0 {
		n := min(per, len(src)/s.c.from)
		if cap(*buf) < n*s.c.to {
			*buf = make([]byte, n*s.c.to)
		}
		dst := (*buf)[:n*s.c.to]
		clear(dst)
		if err := s.c.run(dst, s.c.to, src, s.c.from, n); err != nil {
			return err
		}
		if err := s.Sink.Put(at, dst); err != nil {
			return err
		}
		src, at = src[n*s.c.from:], at+uint64(n)
	}
	return nil
}
