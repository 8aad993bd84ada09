package datatype

import (
	"math"
	"math/bits"
	"unsafe"
)

type integers interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

type floats interface{ ~float32 | ~float64 }

// pickCaster gives the kernel for a pair of kinds; each instantiation is a
// loop of its own.
func pickCaster(from, to numKind) caster {
	switch from {
	case kindI8:
		return castersFromInt[int8](to)
	case kindI16:
		return castersFromInt[int16](to)
	case kindI32:
		return castersFromInt[int32](to)
	case kindI64:
		return castersFromInt[int64](to)
	case kindU8:
		return castersFromInt[uint8](to)
	case kindU16:
		return castersFromInt[uint16](to)
	case kindU32:
		return castersFromInt[uint32](to)
	case kindU64:
		return castersFromInt[uint64](to)
	case kindF32:
		return castersFromFloat[float32](to)
	}
	return castersFromFloat[float64](to)
}

func castersFromInt[S integers](to numKind) caster {
	switch to {
	case kindI8:
		return castInt[S, int8]
	case kindI16:
		return castInt[S, int16]
	case kindI32:
		return castInt[S, int32]
	case kindI64:
		return castInt[S, int64]
	case kindU8:
		return castInt[S, uint8]
	case kindU16:
		return castInt[S, uint16]
	case kindU32:
		return castInt[S, uint32]
	case kindU64:
		return castInt[S, uint64]
	case kindF32:
		return castIntFloat[S, float32]
	}
	return castIntFloat[S, float64]
}

func castersFromFloat[S floats](to numKind) caster {
	switch to {
	case kindI8:
		return castFloatInt[S, int8]
	case kindI16:
		return castFloatInt[S, int16]
	case kindI32:
		return castFloatInt[S, int32]
	case kindI64:
		return castFloatInt[S, int64]
	case kindU8:
		return castFloatInt[S, uint8]
	case kindU16:
		return castFloatInt[S, uint16]
	case kindU32:
		return castFloatInt[S, uint32]
	case kindU64:
		return castFloatInt[S, uint64]
	case kindF32:
		return castFloat[S, float32]
	}
	return castFloat[S, float64]
}

// limits gives the least and greatest value of an integer type.
func limits[D integers]() (lo, hi D) {
	width := 8 * unsafe.Sizeof(lo)
	if ones := ^D(0); ones > 0 {
		return 0, ones
	}
	lo = D(1) << (width - 1)
	return lo, ^lo
}

// An exact cast is one loop over two slices where the target has no gaps; a
// loop with strides is half as fast. What it can't do goes to the slow loop,
// which starts over.

func castInt[S, D integers](dst unsafe.Pointer, dstStride uintptr, in unsafe.Pointer, n int, allow Lossy) (int, loss) {
	from := unsafe.Slice((*S)(in), n)
	var done int
	if dstStride == unsafe.Sizeof(D(0)) {
		out := unsafe.Slice((*D)(dst), n)
		for done = 0; done < len(from) && done < len(out); done++ {
			s := from[done]
			d := D(s)
			if S(d) != s || (s < 0) != (d < 0) {
				break
			}
			out[done] = d
		}
	}
	lo, hi := limits[D]()
	for i := done; i < len(from); i++ {
		s := from[i]
		d := D(s)
		if S(d) != s || (s < 0) != (d < 0) {
			if allow&LossyRange == 0 {
				return i, lossRange
			}
			if d = hi; s < 0 {
				d = lo
			}
		}
		*(*D)(unsafe.Add(dst, uintptr(i)*dstStride)) = d
	}
	return 0, fits
}

// mantissaWidth is 24 or 53.
func mantissaWidth[D floats]() int {
	if unsafe.Sizeof(D(0)) == 4 {
		return 24
	}
	return 53
}

// needsRounding tells whether an integer's magnitude has more than width
// significant bits.
func needsRounding(abs uint64, width int) bool {
	return abs>>width != 0 && abs>>bits.TrailingZeros64(abs)>>width != 0
}

func castIntFloat[S integers, D floats](dst unsafe.Pointer, dstStride uintptr, in unsafe.Pointer, n int, allow Lossy) (int, loss) {
	from, width := unsafe.Slice((*S)(in), n), mantissaWidth[D]()
	if 8*int(unsafe.Sizeof(S(0))) < width && dstStride == unsafe.Sizeof(D(0)) {
		out := unsafe.Slice((*D)(dst), n)[:len(from)]
		for i, s := range from {
			out[i] = D(s)
		}
		return 0, fits
	}
	for i, s := range from {
		abs := uint64(s)
		if s < 0 {
			abs = -abs
		}
		if allow&LossyPrecision == 0 && needsRounding(abs, width) {
			return i, lossPrecision
		}
		*(*D)(unsafe.Add(dst, uintptr(i)*dstStride)) = D(s)
	}
	return 0, fits
}

func castFloatInt[S floats, D integers](dst unsafe.Pointer, dstStride uintptr, in unsafe.Pointer, n int, allow Lossy) (int, loss) {
	lo, hi := limits[D]()
	least, beyond := float64(lo), math.Ldexp(1, bits.Len64(uint64(hi))) // beyond is one more than hi, which float64 may not hold
	for i, s := range unsafe.Slice((*S)(in), n) {
		f := float64(s)
		var d D
		exact := false
		if f >= least && f < beyond {
			d = D(f)
			exact = float64(d) == f
		}
		if !exact {
			var why loss
			if d, why = roundFloat(f, lo, hi, least, beyond, allow); why != fits {
				return i, why
			}
		}
		*(*D)(unsafe.Add(dst, uintptr(i)*dstStride)) = d
	}
	return 0, fits
}

// roundFloat makes an integer of a float that is none, as far as is allowed.
func roundFloat[D integers](f float64, lo, hi D, least, beyond float64, allow Lossy) (D, loss) {
	whole := math.Trunc(f)
	switch {
	case f != f && allow&LossyNaN == 0:
		return 0, lossNaN
	case f != f:
		return 0, fits
	case whole >= least && whole < beyond && allow&LossyPrecision == 0:
		return 0, lossPrecision
	case whole >= least && whole < beyond:
		return D(whole), fits
	case allow&LossyRange == 0:
		return 0, lossRange
	case f > 0:
		return hi, fits
	}
	return lo, fits
}

func castFloat[S, D floats](dst unsafe.Pointer, dstStride uintptr, in unsafe.Pointer, n int, allow Lossy) (int, loss) {
	for i, s := range unsafe.Slice((*S)(in), n) {
		d := D(s)
		if S(d) != s && s == s {
			over := math.IsInf(float64(d), 0)
			if over && allow&LossyRange == 0 {
				return i, lossRange
			}
			if !over && allow&LossyPrecision == 0 {
				return i, lossPrecision
			}
		}
		*(*D)(unsafe.Add(dst, uintptr(i)*dstStride)) = d
	}
	return 0, fits
}
