package datatype

import (
	"fmt"
	"reflect"
	"unsafe"

	"gables/hdf5/h5err"
)

// numKind is a Go number type that kernels load into or cast to.
type numKind uint8

const (
	kindI8 numKind = iota
	kindI16
	kindI32
	kindI64
	kindU8
	kindU16
	kindU32
	kindU64
	kindF32
	kindF64
	kindNone
)

// numKindOf maps a Go type, with int, uint and uintptr by their size.
func numKindOf(to reflect.Type) numKind {
	if k := to.Kind(); k < reflect.Int || k > reflect.Float64 {
		return kindNone
	}
	width := map[uintptr]numKind{1: 0, 2: 1, 4: 2, 8: 3}[to.Size()]
	switch {
	case to.Kind() <= reflect.Int64:
		return kindI8 + width
	case to.Kind() <= reflect.Uintptr:
		return kindU8 + width
	}
	return kindF32 + width - 2
}

// width is the kind's size in bytes.
func (k numKind) width() uintptr {
	return [...]uintptr{1, 2, 4, 8, 1, 2, 4, 8, 4, 8}[k]
}

// isFloat tells floats from integers.
func (k numKind) isFloat() bool { return k == kindF32 || k == kindF64 }

// isUnsigned tells unsigned integers.
func (k numKind) isUnsigned() bool { return k >= kindU8 && k <= kindU64 }

// loss is how a value fails to fit.
type loss uint8

const (
	fits loss = iota
	lossRange
	lossPrecision
	lossNaN
	lossUnsupported
)

var lossText = [...]string{"", "out of range", "not exact", "not a number", "undecodable"}

// loader decodes n numbers into memory of its kind at dst with its own stride.
// It stops at the first that it can't decode exactly and tells its position.
type loader func(dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) (bad int, why loss)

// caster turns n packed numbers at in into another kind at dst.
type caster func(dst unsafe.Pointer, dstStride uintptr, in unsafe.Pointer, n int, allow Lossy) (bad int, why loss)

// source is how numbers of a stored type are loaded.
type source struct {
	kind  numKind
	load  loader
	plain bool // all bits belong to the value, in the host's order
}

// number compiles integers, floats, bitfields and times into Go numbers.
func (c compiler) number(t *Datatype, to reflect.Type) (node, error) {
	if to.Kind() == reflect.Bool && t.Class == Bitfield {
		return c.boolean(t, t, to)
	}
	k := numKindOf(to)
	switch {
	case k == kindNone,
		t.Class == Bitfield && !k.isUnsigned(),
		t.Class == Time && (k.isFloat() || t.Size > 8):
		return misfit(t, to)
	case t.Class == Time:
		t = t.rawTime()
	}
	s, err := c.source(t, k)
	if err != nil {
		return node{}, err
	}
	if s.kind != k {
		return node{run: castKernel(t, to, s, pickCaster(s.kind, k), c.o.Lossy)}, nil
	}
	if s.plain {
		return node{run: moveKernel(s), identity: true}, nil
	}
	return node{run: loadKernel(t, to, s)}, nil
}

// source picks the loader for a number; k is what it will become.
func (c compiler) source(t *Datatype, k numKind) (source, error) {
	if t.Class == Float {
		return floatSource(t, c.o.Lossy)
	}
	signed := t.Class == Integer && t.Signed
	if t.Precision < 1 || t.BitOffset < 0 || uint64(t.BitOffset)+uint64(t.Precision) > 8*uint64(t.Size) || t.Order > BigEndian {
		return source{}, fmt.Errorf("%s: %w", short(t), h5err.ErrCorrupt)
	}
	if t.Size > 8 && t.Precision > 64 && k.isFloat() {
		return source{kind: kindF64, load: wideFloatLoader(t, c.o.Lossy)}, nil
	}
	if !t.fillsSize() || t.Size&(t.Size-1) != 0 || t.Size > 8 {
		return oddSource(t, signed, k.isUnsigned(), c.o.Lossy), nil
	}
	kind := kindU8
	if signed {
		kind = kindI8
	}
	return plainSource(t, kind), nil
}

// plainSource loads numbers of 1, 2, 4 or 8 whole bytes; first is the kind
// with one byte of that signedness.
func plainSource(t *Datatype, first numKind) source {
	big := t.Order == BigEndian
	s := source{plain: t.Size == 1 || big != hostLittle}
	switch t.Size {
	case 1:
		s.kind, s.load = first, load8
	case 2:
		s.kind, s.load = first+1, load16(big)
	case 4:
		s.kind, s.load = first+2, load32(big)
	case 8:
		s.kind, s.load = first+3, load64(big)
	}
	return s
}

func floatSource(t *Datatype, allow Lossy) (source, error) {
	f, err := newFloatFormat(t)
	if err != nil {
		return source{}, err
	}
	switch f.kind {
	case ieee16:
		return source{kind: kindF32, load: load16Half(t.Order == BigEndian)}, nil
	case ieee32, ieee64:
		return plainSource(t, kindF32-2), nil
	}
	return source{kind: kindF64, load: softLoader(f, allow)}, nil
}

// moveKernel copies numbers whose bytes need no change.
func moveKernel(s source) kernel {
	return func(_ *run, dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) error {
		s.load(dst, dstStride, src, srcStride, n)
		return nil
	}
}

// loadKernel loads straight into the target.
func loadKernel(t *Datatype, to reflect.Type, s source) kernel {
	return func(_ *run, dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) error {
		if bad, why := s.load(dst, dstStride, src, srcStride, n); why != fits {
			return valueError(t, to, src[bad*srcStride:], bad, why)
		}
		return nil
	}
}

// castKernel loads a block of numbers, then casts it.
func castKernel(t *Datatype, to reflect.Type, s source, cast caster, allow Lossy) kernel {
	width := s.kind.width()
	return func(x *run, dst unsafe.Pointer, dstStride uintptr, src []byte, srcStride, n int) error {
		buf := unsafe.Pointer(&x.buf)
		for done := 0; done < n; done += blockLen {
			m := min(blockLen, n-done)
			part := src[done*srcStride:]
			got, why := s.load(buf, width, part, srcStride, m)
			if why != fits {
				return valueError(t, to, part[got*srcStride:], done+got, why)
			}
			out := unsafe.Add(dst, uintptr(done)*dstStride)
			if bad, why := cast(out, dstStride, buf, m, allow); why != fits {
				return valueError(t, to, part[bad*srcStride:], done+bad, why)
			}
		}
		return nil
	}
}

// valueError tells which value, b, does not fit.
func valueError(t *Datatype, to reflect.Type, b []byte, i int, why loss) error {
	v, err := t.Any(b, nil)
	if err != nil {
		return at(i, err)
	}
	return at(i, fmt.Errorf("value %v of %s is %s as %v: %w", v, short(t), lossText[why], to, h5err.ErrType))
}

// boolean compiles bool from t, whose numbers are of type num.
func (c compiler) boolean(t, num *Datatype, to reflect.Type) (node, error) {
	s, err := c.source(num, kindU8)
	if err != nil {
		return node{}, err
	}
	cast := pickCaster(s.kind, kindU8)
	return node{run: castKernel(t, to, s, boolCaster(cast), 0)}, nil
}

// boolCaster lets 0 and 1 through.
func boolCaster(cast caster) caster {
	return func(dst unsafe.Pointer, dstStride uintptr, in unsafe.Pointer, n int, _ Lossy) (int, loss) {
		bad, why := cast(dst, dstStride, in, n, 0)
		if why != fits {
			n = bad
		}
		for i := range n {
			// A bool must never hold another byte, even after an error.
			if p := (*uint8)(unsafe.Add(dst, uintptr(i)*dstStride)); *p > 1 {
				for j := i; j < n; j++ {
					*(*uint8)(unsafe.Add(dst, uintptr(j)*dstStride)) = 0
				}
				return i, lossRange
			}
		}
		return bad, why
	}
}
