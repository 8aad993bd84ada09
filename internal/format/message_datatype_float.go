package format

import (
	"math"

	"gables/hdf5/datatype"
)

// float reads a floating-point type. Field positions count from bit 0 of the
// element, not from the bit offset (as libhdf5 has it).
//
// Spec: IV.A.2.d, floating-point property description.
//
//	offset size field
//	0      2    bit offset
//	2      2    bit precision
//	4      1    exponent location
//	5      1    exponent size
//	6      1    mantissa location
//	7      1    mantissa size
//	8      4    exponent bias
func (d *typeDecoder) float(t *datatype.Datatype, flags uint32) error {
	order, err := floatOrder(t.Version, flags)
	if err != nil {
		return err
	}
	t.Order = order
	t.LoPad, t.HiPad, t.IntPad = flags&2 != 0, flags&4 != 0, flags&8 != 0
	t.Norm = datatype.Normalization(flags >> 4 & 3)
	t.SignPos = int(flags >> 8 & 0xff)
	t.BitOffset, t.Precision = int(d.r.U16()), int(d.r.U16())
	t.ExpPos, t.ExpSize = int(d.r.U8()), int(d.r.U8())
	t.MantPos, t.MantSize = int(d.r.U8()), int(d.r.U8())
	t.Bias = uint64(d.r.U32())
	if d.r.Err() != nil {
		return d.r.Err()
	}
	return checkFloat(t)
}

// float appends a floating-point type.
func (e typeEncoder) float(t *datatype.Datatype) (flags uint32, err error) {
	for _, v := range []int{t.ExpPos, t.ExpSize, t.MantPos, t.MantSize, t.SignPos} {
		if v < 0 || v > math.MaxUint8 {
			return 0, wrongType("float field", "bit %d", v)
		}
	}
	switch {
	case t.Bias > math.MaxUint32:
		return 0, wrongType("exponent bias", "%d", t.Bias)
	case t.Order == datatype.VAX && t.Version < vaxVersion:
		return 0, wrongType("byte order", "VAX in a message of version %d", t.Version)
	case t.Order == datatype.VAX:
		flags = 0x41
	default:
		if err := e.order(t, &flags); err != nil {
			return 0, err
		}
	}
	if err := e.precision(t); err != nil {
		return 0, err
	}
	for _, v := range []int{t.ExpPos, t.ExpSize, t.MantPos, t.MantSize} {
		e.a.U8(uint8(v))
	}
	e.a.U32(uint32(t.Bias))
	flags |= bit(t.LoPad, 1) | bit(t.HiPad, 2) | bit(t.IntPad, 3) | uint32(t.Norm&3)<<4 | uint32(t.SignPos)<<8
	return flags, wrongIf(checkFloat(t))
}

// floatOrder combines bits 0 and 6: VAX needs both, and exists from version 3
// on only (libhdf5 ignores bit 6 before).
func floatOrder(version uint8, flags uint32) (datatype.ByteOrder, error) {
	if version < 3 || flags&0x40 == 0 {
		return datatype.ByteOrder(flags & 1), nil
	}
	if flags&1 == 0 {
		return 0, unsupportedType("byte order", "bit 6 without bit 0")
	}
	return datatype.VAX, nil
}

// checkFloat wants the fields inside offset+precision and apart from each other.
func checkFloat(t *datatype.Datatype) error {
	if err := checkPrecision(t); err != nil {
		return err
	}
	end := t.BitOffset + t.Precision
	mantEnd, expEnd := t.MantPos+t.MantSize, t.ExpPos+t.ExpSize
	switch {
	case t.Norm > datatype.NormImplied:
		return unsupportedType("mantissa normalization", "%d", t.Norm)
	case t.ExpSize == 0 || expEnd > end:
		return corruptType("exponent", "%d bits at bit %d of %d", t.ExpSize, t.ExpPos, end)
	case t.MantSize == 0 || mantEnd > end:
		return corruptType("mantissa", "%d bits at bit %d of %d", t.MantSize, t.MantPos, end)
	case t.SignPos >= end:
		return corruptType("sign", "bit %d of %d", t.SignPos, end)
	case t.MantPos < expEnd && t.ExpPos < mantEnd:
		return corruptType("mantissa", "bits %d to %d overlap the exponent at %d", t.MantPos, mantEnd-1, t.ExpPos)
	case t.SignPos >= t.ExpPos && t.SignPos < expEnd, t.SignPos >= t.MantPos && t.SignPos < mantEnd:
		return corruptType("sign", "bit %d lies in exponent or mantissa", t.SignPos)
	case t.Order == datatype.VAX && t.Size%2 != 0:
		return corruptType("byte order", "VAX with %d bytes", t.Size)
	}
	return nil
}
