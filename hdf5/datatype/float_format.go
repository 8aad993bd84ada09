package datatype

import (
	"fmt"
	"math"

	"gables/hdf5/h5err"
)

// floatKind says by which rule a stored float becomes binary64.
type floatKind uint8

const (
	softFloat floatKind = iota // libhdf5's software conversion
	ieee16
	ieee32 // in this process's order or the other: exact
	ieee64
	bfloat16  // the upper half of a binary32
	x87Native // libhdf5 on x86-64 leaves this one to the processor
)

// floatFormat is a float type made ready for decoding.
type floatFormat struct {
	*Datatype
	kind    floatKind
	expMask uint64
	narrow  bool // fits 64 bits, so that fields are shifts of one word
}

// ieeeFields are size, precision, sign, exponent and mantissa of a format.
type ieeeFields struct {
	size, precision, sign, expPos, expSize, mantPos, mantSize int
	bias                                                      uint64
}

var (
	fields16  = ieeeFields{2, 16, 15, 10, 5, 0, 10, 15}
	fields32  = ieeeFields{4, 32, 31, 23, 8, 0, 23, 127}
	fields64  = ieeeFields{8, 64, 63, 52, 11, 0, 52, 1023}
	fieldsX87 = ieeeFields{16, 80, 79, 64, 15, 0, 64, 16383}
	fieldsBF  = ieeeFields{2, 16, 15, 7, 8, 0, 7, 127}
	fields128 = ieeeFields{16, 128, 127, 112, 15, 0, 112, 16383}
	fieldsE4  = ieeeFields{1, 8, 7, 3, 4, 0, 3, 7}
	fieldsE5  = ieeeFields{1, 8, 7, 2, 5, 0, 2, 15}
)

// fields collects t's.
func (t *Datatype) fields() ieeeFields {
	return ieeeFields{t.Size, t.Precision, t.SignPos, t.ExpPos, t.ExpSize, t.MantPos, t.MantSize, t.Bias}
}

// floatKindOf tells which rule decodes t.
func floatKindOf(t *Datatype) floatKind {
	f := t.fields()
	if t.BitOffset != 0 || t.Order == VAX {
		return softFloat
	}
	if f == fieldsX87 && t.Norm == NormNone && t.Order == LittleEndian {
		return x87Native
	}
	if t.Norm != NormImplied {
		return softFloat
	}
	switch f {
	case fields16:
		return ieee16
	case fields32:
		return ieee32
	case fields64:
		return ieee64
	case fieldsBF:
		return bfloat16
	}
	return softFloat
}

// newFloatFormat refuses with ErrUnsupported what libhdf5 can't decode either,
// and with ErrType what is no float.
func newFloatFormat(t *Datatype) (floatFormat, error) {
	f := floatFormat{Datatype: t}
	if t.Class != Float {
		return f, fmt.Errorf("%s is no float: %w", short(t), h5err.ErrType)
	}
	end := max(t.SignPos+1, t.ExpPos+t.ExpSize, t.MantPos+t.MantSize)
	switch {
	case t.Norm == NormMSBSet || t.Norm > NormImplied:
		return f, fmt.Errorf("mantissa normalization %d: %w", t.Norm, h5err.ErrUnsupported)
	case t.ExpSize < 1 || t.ExpSize > 62:
		return f, fmt.Errorf("exponent of %d bits: %w", t.ExpSize, h5err.ErrUnsupported)
	case t.MantSize < 1 || t.MantSize > 255 || t.MantPos < 0 || t.ExpPos < 0 || t.SignPos < 0 || end > 8*t.Size:
		return f, fmt.Errorf("%s has fields outside its %d bytes: %w", short(t), t.Size, h5err.ErrCorrupt)
	case t.Order == VAX && t.Size%2 != 0 || t.Order > VAX:
		return f, fmt.Errorf("byte order %d of %d bytes: %w", t.Order, t.Size, h5err.ErrCorrupt)
	}
	f.kind = floatKindOf(t)
	f.expMask = 1<<t.ExpSize - 1
	f.narrow = t.Size <= 8
	return f, nil
}

// Float64 gives the float stored in src as binary64, bit for bit what libhdf5
// 2.0 on x86-64 gives when it reads t as a native double. exact tells whether
// no information but a NaN's payload was lost. The library rounds halves away
// from zero, except for the x87 format in 16 bytes, which the processor rounds
// to even. ErrType: t is no float; ErrCorrupt: src is shorter than t;
// ErrUnsupported: t can't be decoded.
func (t *Datatype) Float64(src []byte) (v float64, exact bool, err error) {
	f, err := newFloatFormat(t)
	if err != nil {
		return 0, false, err
	}
	if len(src) < t.Size {
		return 0, false, fmt.Errorf("%d bytes of a float of %d: %w", len(src), t.Size, h5err.ErrCorrupt)
	}
	v, exact = f.decode(src[:t.Size])
	return v, exact, nil
}

// decode gives the value in b, which holds Size bytes.
func (f *floatFormat) decode(b []byte) (v float64, exact bool) {
	switch f.kind {
	case ieee64:
		return math.Float64frombits(loadUint(b, f.Order)), true
	case ieee32:
		if x := math.Float32frombits(uint32(loadUint(b, f.Order))); x == x {
			return float64(x), true
		}
	case bfloat16:
		if x := math.Float32frombits(uint32(loadUint(b, f.Order)) << 16); x == x {
			return float64(x), true
		}
	case x87Native:
		return decodeX87(b)
	}
	if f.narrow {
		u := loadUint(b, f.Order)
		m := bitString{u >> f.MantPos & (1<<f.MantSize - 1)}
		return f.soft(u>>f.SignPos&1, u>>f.ExpPos&f.expMask, m)
	}
	sign := loadBits(b, f.Order, f.SignPos, 1)[0]
	exp := loadBits(b, f.Order, f.ExpPos, f.ExpSize)[0]
	return f.soft(sign, exp, loadBits(b, f.Order, f.MantPos, f.MantSize))
}
