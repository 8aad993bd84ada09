package datatype

import (
	"math"
	"math/bits"
	"unsafe"
)

// softStorer stores binary64 as any float, rounded to nearest, halves to even.
// Only what is too great is refused, and a NaN where the format has none.
func softStorer(f floatFormat, allow Lossy) storer {
	blank := padBits(f.Datatype)
	return func(dst []byte, dstStride int, in unsafe.Pointer, inStride uintptr, n int) (int, loss) {
		for i := range n {
			v := *(*float64)(unsafe.Add(in, uintptr(i)*inStride))
			p, why := f.parts(v, allow)
			if why != fits {
				return i, why
			}
			b := dst[i*dstStride:][:f.Size]
			if f.narrow {
				storeUint(b, f.Order, blank[0]|p.sign<<f.SignPos|p.exp<<f.ExpPos|p.mant<<p.shift<<f.MantPos)
				continue
			}
			storeWords(b, f.Order, blank)
			storeBits(b, f.Order, f.SignPos, 1, p.sign)
			storeBits(b, f.Order, f.ExpPos, f.ExpSize, p.exp)
			storeBits(b, f.Order, f.MantPos+p.shift, min(f.MantSize-p.shift, 64), p.mant)
		}
		return 0, fits
	}
}

// floatParts are the fields of a float; the mantissa is mant << shift.
type floatParts struct {
	sign, exp, mant uint64
	shift           int
}

// parts gives v as f stores it.
func (f *floatFormat) parts(v float64, allow Lossy) (floatParts, loss) {
	u := math.Float64bits(v)
	p := floatParts{sign: u >> 63}
	m := u & (1<<mantBits - 1)
	switch {
	case v == 0:
		return p, fits
	case v != v:
		return f.nan(p, m)
	case math.IsInf(v, 0):
		return f.infinity(p), fits
	}
	e := int64(u>>mantBits&expMax) - expBias
	if m |= 1 << mantBits; e == -expBias {
		m &^= 1 << mantBits
		z := bits.LeadingZeros64(m) - (63 - mantBits)
		m, e = m<<z, e+1-int64(z)
	}
	if !f.round(&p, m, e) {
		if allow&LossyRange == 0 {
			return p, lossRange
		}
		return f.infinity(p), fits
	}
	return p, fits
}

// round puts m·2^(e-52), where bit 52 of m is set, into f's digits; ok is false
// where that is too great.
func (f *floatFormat) round(p *floatParts, m uint64, e int64) (ok bool) {
	hidden, least := 1, int64(1) // exponent 0 means 1, without the hidden bit
	if f.Norm == NormNone {
		hidden, least = 0, 0
	}
	digits, exp := int64(f.MantSize+hidden), e+int64(f.Bias)
	// Below the least exponent digits are lost instead.
	low := exp < least
	if low {
		digits, exp = digits-(least-exp), least
	}
	switch drop := mantBits + 1 - digits; {
	case drop <= 0:
		p.mant, p.shift = m, int(-drop)
	case drop > mantBits+1:
		p.mant = 0
	default:
		half, rest := uint64(1)<<(drop-1), m&(1<<drop-1)
		p.mant = m >> drop
		if rest > half || rest == half && p.mant&1 == 1 {
			p.mant++
		}
	}
	if !low && p.mant>>min(digits, mantBits+1) != 0 {
		p.mant, exp = p.mant>>1, exp+1
	}
	if hidden == 1 && low && bits.Len64(p.mant)+p.shift <= f.MantSize {
		exp = 0
	}
	if p.mant == 0 {
		p.exp = 0
		return true
	}
	if hidden == 1 && exp > 0 {
		p.mant &^= 1 << (f.MantSize - p.shift)
	}
	p.exp = uint64(exp)
	return p.exp < f.expMask
}

// infinity has all exponent bits, and the leading one where it is not hidden.
func (f *floatFormat) infinity(p floatParts) floatParts {
	p.exp, p.mant, p.shift = f.expMask, 0, 0
	if f.Norm == NormNone {
		p.mant, p.shift = 1, f.MantSize-1
	}
	return p
}

// nan keeps the upper bits of the payload m and makes the NaN a quiet one.
func (f *floatFormat) nan(p floatParts, m uint64) (floatParts, loss) {
	p.exp = f.expMask
	m |= 1 << (mantBits - 1)
	width := f.MantSize
	if f.Norm == NormNone {
		width--
		m |= 1 << mantBits
	}
	if width < 1 {
		return p, lossNaN
	}
	if width >= mantBits {
		p.mant, p.shift = m, width-mantBits
	} else {
		p.mant = m >> (mantBits - width)
	}
	return p, fits
}
