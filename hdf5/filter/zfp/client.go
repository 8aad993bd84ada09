package zfp

import (
	"math"

	"gables/hdf5/h5err"
)

// versions is the first word of client data that we write: zfp 1.0.1, codec 5,
// H5Z-ZFP 1.1.1, whose results ours equal.
const versions = 0x10105111

// The modes, as the first of the user's values tells them. The second is not used.
const (
	modeRate = 1 + iota
	modePrecision
	modeAccuracy
	modeExpert
	modeReversible
)

// Rate is what ClientData and Local take for the same number of bits for each
// value, rounded to whole bits a block.
func Rate(bits float64) []uint32 { return withFloat(modeRate, bits) }

// Precision is what they take for that many bit planes of each block; 0 or
// above 64 means 64.
func Precision(planes uint32) []uint32 { return []uint32{modePrecision, 0, planes} }

// Accuracy is what they take to keep each float within tolerance; 0 keeps all
// bit planes.
func Accuracy(tolerance float64) []uint32 { return withFloat(modeAccuracy, tolerance) }

// Reversible is what they take to lose nothing.
func Reversible() []uint32 { return []uint32{modeReversible} }

// Expert is what they take for the least and most bits a block (to 32768), the
// most bit planes (to 64) and the exponent of the least bit plane that is kept.
func Expert(minBits, maxBits, maxPrec uint32, minExp int32) []uint32 {
	return []uint32{modeExpert, 0, minBits, maxBits, maxPrec, uint32(minExp)}
}

// withFloat puts the low half of v's bits first, as the plugin's own client data.
func withFloat(mode uint32, v float64) []uint32 {
	b := math.Float64bits(v)
	return []uint32{mode, 0, uint32(b), uint32(b >> 32)}
}

// parseUser gives the parameters for a field of that type and rank. No values
// are those of the library where nothing is set; values that are missing are 0.
func parseUser(user []uint32, t Type, dims int) (params, error) {
	if len(user) == 0 {
		return params{leastBits, mostBits, mostPrec, leastExp}, nil
	}
	var v [6]uint32
	if copy(v[:], user) < len(user) {
		return params{}, badMode("%d values, at most %d", len(user), len(v))
	}
	number := math.Float64frombits(uint64(v[2]) | uint64(v[3])<<32)
	switch v[0] {
	case modeRate:
		if !(number > 0) || math.IsInf(number, 0) {
			return params{}, badMode("%v bits a value", number)
		}
		return rate(number, t, dims), nil
	case modePrecision:
		planes := v[2]
		if planes == 0 || planes > mostPrec {
			planes = mostPrec
		}
		return params{leastBits, mostBits, planes, leastExp}, nil
	case modeAccuracy:
		if !(number >= 0) || math.IsInf(number, 0) {
			return params{}, badMode("tolerance %v", number)
		}
		return accuracy(number), nil
	case modeReversible:
		return params{leastBits, mostBits, mostPrec, leastExp - 1}, nil
	case modeExpert:
		p := params{v[2], v[3], v[4], int32(v[5])}
		if p.minBits > p.maxBits || p.maxPrec < 1 || p.maxPrec > mostPrec {
			return p, badMode("%d to %d bits a block, %d bit planes", p.minBits, p.maxBits, p.maxPrec)
		}
		return p, nil
	}
	return params{}, badMode("mode %d", v[0])
}

func badMode(format string, args ...any) error {
	return h5err.New(h5err.ErrSelection, "ZFP filter", "mode", format, args...)
}

func rate(bitsPerValue float64, t Type, dims int) params {
	bits := uint32(math.Floor(min(math.Ldexp(bitsPerValue, 2*dims), 1<<31) + 0.5))
	if t.float() {
		bits = max(bits, uint32(formatOf(t).expBits)+1)
	}
	return params{bits, bits, mostPrec, leastExp}
}

func accuracy(tolerance float64) params {
	exp := leastExp
	if tolerance > 0 {
		_, exp = math.Frexp(tolerance)
		exp--
	}
	return params{leastBits, mostBits, mostPrec, int32(exp)}
}

// word gives the mode word of p, the short form where one fits.
func (p params) word() uint64 {
	free := p.minBits <= leastBits && p.maxBits >= mostBits
	switch {
	case p == params{leastBits, mostBits, mostPrec, leastExp}:
	case p.minBits == p.maxBits && p.maxBits >= 1 && p.maxBits <= firstPrecision && p.maxPrec >= mostPrec && p.minExp == leastExp:
		return uint64(p.maxBits) - 1
	case free && p.minExp == leastExp:
		return firstPrecision + uint64(p.maxPrec) - 1
	case free && p.maxPrec >= mostPrec && p.reversible():
		return wordReversible
	case free && p.maxPrec >= mostPrec && p.minExp < longMode-firstAccuracy+leastExp:
		return firstAccuracy + uint64(p.minExp-leastExp)
	}
	bits := func(b uint32) uint64 { return uint64(min(max(b, 1), 0x8000)) - 1 }
	exp := uint64(min(max(p.minExp, -expLongOff), 0x7fff-expLongOff) + expLongOff)
	return longMode | bits(p.minBits)<<12 | bits(p.maxBits)<<27 | uint64(p.maxPrec-1)<<42 | exp<<49
}

// ClientData gives the words that the pipeline message stores for chunks of
// that shape, slowest dimension first, from what Rate and the like give; without
// any, the library's own default. Dimensions of 1 are left out; of the others
// there must be 1 to 4. It returns ErrUnsupported for what zfp can't code, and
// ErrSelection for a mode that makes no sense.
func ClientData(t Type, shape []uint64, mode []uint32) ([]uint32, error) {
	var used []uint64 // fastest first
	for i := len(shape); i > 0; i-- {
		if shape[i-1] > 1 {
			used = append(used, shape[i-1])
		}
	}
	if len(used) < 1 || len(used) > 4 || t > Float64 {
		return nil, h5err.Unsupported(structure, "shape", "type %d, %d dimensions above 1, 1 to 4 can be coded", t, len(used))
	}
	p, err := parseUser(mode, t, len(used))
	if err == nil {
		err = checkPadding(t, p)
	}
	if err != nil {
		return nil, err
	}
	w := &bitWriter{}
	w.write('z'|'f'<<8|'p'<<16|codecVersion<<24, 32)
	w.write(uint64(t)|uint64(len(used)-1)<<2, 4)
	each := uint(48 / len(used))
	for _, n := range used {
		if (n-1)>>each != 0 {
			return nil, h5err.Unsupported(structure, "shape", "%d values along one of %d dimensions", n, len(used))
		}
		w.write(n-1, each)
	}
	if word := p.word(); word < longMode {
		w.write(word, shortModeBits)
	} else {
		w.write(word, longModeBits)
	}
	return w.words([]uint32{versions}), nil
}

// checkPadding refuses floats in reversible blocks of a least size: the C
// library does not pad empty ones, and then can't read what it wrote.
func checkPadding(t Type, p params) error {
	if t.float() && p.reversible() && p.minBits > leastBits {
		return h5err.Unsupported(structure, "mode", "reversible with at least %d bits a block", p.minBits)
	}
	return nil
}

// UserValues gives what Local took, or what does the same, from the client data
// that it gave: what a chunk of another shape needs. Errors are those of
// decoding.
func UserValues(stored []uint32) ([]uint32, error) {
	h, err := parseValues(stored)
	if err != nil {
		return nil, err
	}
	return Expert(h.mode.minBits, h.mode.maxBits, h.mode.maxPrec, h.mode.minExp), nil
}
