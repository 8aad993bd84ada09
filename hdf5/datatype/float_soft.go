package datatype

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// The target of every conversion here: binary64.
const (
	mantBits = 52
	expMax   = 2047
	expBias  = 1023
)

// pack64 puts a binary64 together from its fields.
func pack64(sign, exp, mant uint64) float64 {
	return math.Float64frombits(sign<<63 | exp<<mantBits | mant)
}

// soft follows libhdf5's H5T__conv_f_f, so that results are the same to the
// bit: halves round away from zero, a NaN has all mantissa bits set, and a
// carry out of a subnormal result's mantissa is lost.
func (f *floatFormat) soft(sign, exp uint64, m bitString) (v float64, exact bool) {
	top := m.top()
	if exp == f.expMask {
		bare := f.Norm == NormNone && m.below(f.MantSize-1).top() < 0
		if top < 0 || bare {
			return pack64(sign, expMax, 0), true
		}
		return pack64(sign, expMax, 1<<mantBits-1), true
	}
	if top < 0 && exp == 0 {
		return pack64(sign, 0, 0), true
	}
	if top < 0 && f.Norm == NormNone {
		return pack64(sign, 0, 0), true // libhdf5 runs past its own assertion here; zero is what it means
	}
	subnormal := exp == 0
	size, e := f.MantSize, int64(exp)-int64(f.Bias)
	if subnormal || f.Norm == NormNone {
		e = int64(exp) - (int64(f.Bias) - 1) - int64(f.MantSize-top)
		m, size = m.below(top), top
	}
	return soft64(sign, e+expBias, m, size, subnormal)
}

// soft64 rounds 1.m, where m has size bits, times 2^(e-1023).
func soft64(sign uint64, e int64, m bitString, size int, subnormal bool) (float64, bool) {
	shift := 0 // places that the leading one moves below bit 52
	switch {
	case e < -mantBits:
		return pack64(sign, 0, 0), false
	case e >= expMax:
		return pack64(sign, expMax, 0), false
	case e <= 0:
		shift, e, subnormal = int(1-e), 0, true
	}
	keep := mantBits - shift // bits of m that find room
	if keep < 0 {
		return pack64(sign, 0, 1), false
	}
	if size <= keep {
		mant := m[0] << (keep - size)
		return pack64(sign, uint64(e), lead(shift)|mant), true
	}
	cut := size - keep
	mant := m.from(cut) & (1<<keep - 1)
	exact := m.below(cut).top() < 0
	half := m.from(cut-1)&1 == 1
	full := mant == 1<<keep-1
	if half && (subnormal || !full || e < expMax-1) {
		mant = (mant + 1) & (1<<keep - 1)
		if full && !subnormal {
			e++
		}
	}
	return pack64(sign, uint64(e), lead(shift)|mant), exact
}

// lead is the leading one where it is stored: nowhere in a normal number.
func lead(shift int) uint64 {
	if shift == 0 {
		return 0
	}
	return 1 << (mantBits - shift)
}

// decodeX87 does what an x86 processor does when it stores an 80-bit value as
// a double: halves to even, and encodings that it calls invalid give its
// default NaN.
func decodeX87(b []byte) (v float64, exact bool) {
	m := binary.LittleEndian.Uint64(b)
	se := binary.LittleEndian.Uint16(b[8:])
	sign, exp := uint64(se>>15), int(se&0x7fff)
	switch {
	case m>>63 == 0 && exp != 0:
		return pack64(1, expMax, 1<<(mantBits-1)), false
	case exp == 0x7fff && m<<1 == 0:
		return pack64(sign, expMax, 0), true
	case exp == 0x7fff:
		return pack64(sign, expMax, m<<1>>12|1<<(mantBits-1)), true
	case m == 0:
		return pack64(sign, 0, 0), true
	}
	v, exact = roundEven(m, max(exp, 1)-16383-63)
	return math.Copysign(v, 1-2*float64(sign)), exact
}

// roundEven is m·2^e as the nearest binary64, halves to even.
func roundEven(m uint64, e int) (v float64, exact bool) {
	drop := max(bits.Len64(m)-53, -1074-e)
	if drop <= 0 {
		v = math.Ldexp(float64(m), e)
		return v, !math.IsInf(v, 0)
	}
	if drop > 64 {
		return 0, m == 0
	}
	var kept, rest, half uint64
	if drop == 64 {
		rest, half = m, 1<<63
	} else {
		kept, rest, half = m>>drop, m&(1<<drop-1), 1<<(drop-1)
	}
	if rest > half || rest == half && kept&1 == 1 {
		kept++
	}
	v = math.Ldexp(float64(kept), e+drop)
	return v, rest == 0 && !math.IsInf(v, 0)
}
