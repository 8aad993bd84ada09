package export

import (
	"bytes"
	"math"
	"math/big"
	"strconv"

	"gables/hdf5/datatype"
)

// appendFloat gives the shortest text that reads back as v of that many bits
// (16, 32 or 64), in Python's manner: 1.0, 0.0001, 1e-05, 1e+16.
func appendFloat(dst []byte, v float64, bits int, s Style) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, nonFinite[s][0]...)
	case math.IsInf(v, 1):
		return append(dst, nonFinite[s][1]...)
	case math.IsInf(v, -1):
		return append(dst, nonFinite[s][2]...)
	}
	format := byte('e')
	if a := math.Abs(v); a == 0 || a >= 1e-4 && a < 1e16 {
		format = 'f'
	}
	start := len(dst)
	if bits == 16 {
		dst = appendHalf(dst, v, format)
	} else {
		dst = strconv.AppendFloat(dst, v, format, -1, bits)
	}
	if format == 'f' && bytes.IndexByte(dst[start:], '.') < 0 {
		dst = append(dst, '.', '0')
	}
	return dst
}

// nonFinite are NaN and the infinities; JSON has no numbers for them.
var nonFinite = [...][3]string{
	Text: {"nan", "inf", "-inf"},
	CSV:  {"nan", "inf", "-inf"},
	JSON: {`"NaN"`, `"Infinity"`, `"-Infinity"`},
}

// appendHalf tries ever more digits until they mean the same binary16.
func appendHalf(dst []byte, v float64, format byte) []byte {
	for digits := 1; digits < 6; digits++ {
		var tmp [32]byte
		x, err := strconv.ParseFloat(string(strconv.AppendFloat(tmp[:0], v, 'e', digits-1, 64)), 64)
		if err == nil && roundHalf(x) == v {
			return strconv.AppendFloat(dst, x, format, -1, 64)
		}
	}
	return strconv.AppendFloat(dst, v, format, -1, 64)
}

// roundHalf rounds to binary16's 11 bits, halves to even. Below 2^-14 the
// spacing is fixed.
func roundHalf(v float64) float64 {
	_, exp := math.Frexp(v)
	unit := math.Ldexp(1, max(exp, -13)-11)
	return math.RoundToEven(v/unit) * unit
}

// appendWide gives a float that binary64 can't hold: its fields become a
// big.Float, whose shortest text has the digits that its own mantissa needs.
func appendWide(dst []byte, t *datatype.Datatype, src []byte, v float64, s Style) []byte {
	x := wideFloat(t, src)
	if x == nil {
		return appendFloat(dst, v, 64, s)
	}
	return x.Append(dst, 'g', -1)
}

// wideFloat decodes a float of either plain byte order; nil where it is not a
// finite number, or has so wide an exponent that its digits would be a bomb.
func wideFloat(t *datatype.Datatype, src []byte) *big.Float {
	if t.Order == datatype.VAX || t.ExpSize > 15 {
		return nil
	}
	be := bytes.Clone(src[:t.Size])
	if t.Order == datatype.LittleEndian {
		for i, j := 0, len(be)-1; i < j; i, j = i+1, j-1 {
			be[i], be[j] = be[j], be[i]
		}
	}
	all := new(big.Int).SetBytes(be)
	exp := int(bitField(all, t.ExpPos, t.ExpSize).Int64())
	if exp == 1<<t.ExpSize-1 {
		return nil
	}
	mant, prec := bitField(all, t.MantPos, t.MantSize), t.MantSize
	shift := exp - int(t.Bias) - t.MantSize
	switch {
	case t.Norm != datatype.NormImplied:
		shift++ // the first bit of the mantissa is the unit
		if exp == 0 {
			shift++
		}
	case exp == 0:
		shift++
		prec = max(1, mant.BitLen()) // a denormal has no more digits than bits
	default:
		mant.SetBit(mant, t.MantSize, 1)
		prec++
	}
	x := new(big.Float).SetPrec(uint(prec)).SetInt(mant)
	x.SetMantExp(x, shift)
	if all.Bit(t.SignPos) == 1 {
		x.Neg(x)
	}
	return x
}

func bitField(v *big.Int, pos, width int) *big.Int {
	f := new(big.Int).Rsh(v, uint(pos))
	mask := new(big.Int).Lsh(big.NewInt(1), uint(width))
	return f.And(f, mask.Sub(mask, big.NewInt(1)))
}

// AppendFloat adds the shortest text that reads back as v.
func AppendFloat(dst []byte, v float64, s Style) []byte { return appendFloat(dst, v, 64, s) }
