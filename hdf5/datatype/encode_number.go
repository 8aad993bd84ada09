package datatype

import (
	"fmt"
	"reflect"
	"unsafe"

	"gables/hdf5/h5err"
)

// storer puts n numbers of its kind, at in with a stride, into stored form. It
// stops at the first that does not fit and tells its position.
type storer func(dst []byte, dstStride int, in unsafe.Pointer, inStride uintptr, n int) (bad int, why loss)

// target is how numbers of a stored type are stored.
type target struct {
	kind  numKind // what store takes
	store storer
	plain bool // all bits belong to the value, in the host's order
	sure  bool // store takes every value of its kind
}

// number compiles Go numbers into integers, floats, bitfields and times.
func (c encoderOf) number(t *Datatype, from reflect.Type) (sink, error) {
	k := numKindOf(from)
	if from.Kind() == reflect.Bool && t.Class == Bitfield {
		k = kindU8 // a bool in memory is a byte of 0 or 1
	}
	switch {
	case k == kindNone,
		t.Class == Bitfield && !k.isUnsigned(),
		t.Class == Time && (k.isFloat() || t.Size > 8):
		return unfit(t, from)
	case t.Class == Time:
		t = t.rawTime()
	}
	return c.store(t, from, k)
}

// store compiles numbers of kind k in memory.
func (c encoderOf) store(t *Datatype, from reflect.Type, k numKind) (sink, error) {
	d, err := c.target(t, k)
	if err != nil {
		return sink{}, err
	}
	if d.kind != k {
		run := castEncoder(t, from, k, d, pickCaster(k, d.kind), c.rounding(k, d.kind))
		return sink{run: run, sure: d.sure && k.within(d.kind)}, nil
	}
	return sink{run: storeEncoder(t, from, d), identity: d.plain, sure: d.sure}, nil
}

// within tells whether every number of kind k is one of the other kind.
func (k numKind) within(other numKind) bool {
	if k.isFloat() || other.isFloat() {
		return k.isFloat() && other.isFloat() && k <= other
	}
	if k.isUnsigned() == other.isUnsigned() {
		return k <= other
	}
	return k.isUnsigned() && k.width() < other.width()
}

// rounding lets floats be rounded to floats.
func (c encoderOf) rounding(from, to numKind) Lossy {
	if from.isFloat() && to.isFloat() {
		return c.o.Lossy | LossyPrecision
	}
	return c.o.Lossy
}

// maxNumberSize is beyond what offset and precision, of 16 bits each, can reach.
const maxNumberSize = 1 << 15

// target picks the storer for a number that comes from kind k.
func (c encoderOf) target(t *Datatype, k numKind) (target, error) {
	if t.Size > maxNumberSize {
		return target{}, fmt.Errorf("number of %d bytes: %w", t.Size, h5err.ErrUnsupported)
	}
	if t.Class == Float {
		return c.floatTarget(t)
	}
	signed := t.Class == Integer && t.Signed
	if t.Precision < 1 || t.BitOffset < 0 || uint64(t.BitOffset)+uint64(t.Precision) > 8*uint64(t.Size) || t.Order > BigEndian {
		return target{}, fmt.Errorf("%s: %w", short(t), h5err.ErrCorrupt)
	}
	if t.fillsSize() && t.Size&(t.Size-1) == 0 && t.Size <= 8 {
		if signed {
			return plainTarget(t, kindI8), nil
		}
		return plainTarget(t, kindU8), nil
	}
	kind := kindI64
	if k.isUnsigned() || k.isFloat() && !signed {
		kind = kindU64
	}
	return target{kind: kind, store: oddStorer(t, signed, kind == kindU64, c.o.Lossy)}, nil
}

// plainTarget stores numbers of 1, 2, 4 or 8 whole bytes; first is the kind with
// one byte of that signedness.
func plainTarget(t *Datatype, first numKind) target {
	big := t.Order == BigEndian
	d := target{plain: t.Size == 1 || big != hostLittle, sure: true}
	switch t.Size {
	case 1:
		d.kind, d.store = first, store8
	case 2:
		d.kind, d.store = first+1, store16(big)
	case 4:
		d.kind, d.store = first+2, store32(big)
	case 8:
		d.kind, d.store = first+3, store64(big)
	}
	return d
}

func (c encoderOf) floatTarget(t *Datatype) (target, error) {
	f, err := newFloatFormat(t)
	if err != nil {
		return target{}, err
	}
	if f.kind == ieee32 || f.kind == ieee64 {
		return plainTarget(t, kindF32-2), nil
	}
	if apart := func(a, m, b, n int) bool { return a+m <= b || b+n <= a }; !apart(t.ExpPos, t.ExpSize, t.MantPos, t.MantSize) ||
		!apart(t.SignPos, 1, t.ExpPos, t.ExpSize) || !apart(t.SignPos, 1, t.MantPos, t.MantSize) {
		return target{}, fmt.Errorf("%s has fields that overlap: %w", short(t), h5err.ErrCorrupt)
	}
	return target{kind: kindF64, store: softStorer(f, c.o.Lossy)}, nil
}

// storeEncoder stores straight from memory.
func storeEncoder(t *Datatype, from reflect.Type, d target) encodeKernel {
	return func(_ *encodeRun, dst []byte, dstStride int, src unsafe.Pointer, srcStride uintptr, n int) error {
		if bad, why := d.store(dst, dstStride, src, srcStride, n); why != fits {
			return storeError(t, from, unsafe.Add(src, uintptr(bad)*srcStride), bad, why)
		}
		return nil
	}
}

// castEncoder casts blocks of numbers to the kind that is stored.
func castEncoder(t *Datatype, from reflect.Type, k numKind, d target, cast caster, allow Lossy) encodeKernel {
	width, out := k.width(), d.kind.width()
	return func(x *encodeRun, dst []byte, dstStride int, src unsafe.Pointer, srcStride uintptr, n int) error {
		for done := 0; done < n; done += blockLen {
			m := min(blockLen, n-done)
			part := unsafe.Add(src, uintptr(done)*srcStride)
			in := part
			if srcStride != width {
				in = unsafe.Pointer(&x.in)
				gather(in, part, srcStride, width, m)
			}
			bad, why := cast(unsafe.Pointer(&x.out), out, in, m, allow)
			if why == fits {
				bad, why = d.store(dst[done*dstStride:], dstStride, unsafe.Pointer(&x.out), out, m)
			}
			if why != fits {
				return storeError(t, from, unsafe.Add(part, uintptr(bad)*srcStride), done+bad, why)
			}
		}
		return nil
	}
}

// gather brings n numbers of width bytes together.
func gather(dst, src unsafe.Pointer, stride, width uintptr, n int) {
	switch width {
	case 1:
		gatherOf[uint8](dst, src, stride, n)
	case 2:
		gatherOf[uint16](dst, src, stride, n)
	case 4:
		gatherOf[uint32](dst, src, stride, n)
	default:
		gatherOf[uint64](dst, src, stride, n)
	}
}

func gatherOf[T any](dst, src unsafe.Pointer, stride uintptr, n int) {
	for i, out := 0, unsafe.Slice((*T)(dst), n); i < len(out); i++ {
		out[i] = *(*T)(unsafe.Add(src, uintptr(i)*stride))
	}
}

// storeError tells which value, at p, does not fit.
func storeError(t *Datatype, from reflect.Type, p unsafe.Pointer, i int, why loss) error {
	v := reflect.NewAt(from, p).Elem()
	return at(i, fmt.Errorf("%v %v is %s as %s: %w", from, v, lossText[why], short(t), h5err.ErrType))
}
