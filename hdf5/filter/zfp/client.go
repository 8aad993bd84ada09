package zfp

import (
	"math"

	"gables/hdf5/h5err"
)

// versions is the first word of client data that we write: zfp 1.0.1, codec 5,
// H5Z-ZFP 1.1.1, whose results ours equal.
const versions = 0x10105111

// Mode says what an encoder may lose. The zero value is not one.
type Mode struct {
	rate  float64 // bits a value, where params depend on the field
	fixed params
}

// Rate spends the same number of bits on each value, rounded to whole bits a block.
func Rate(bits float64) Mode { return Mode{rate: bits} }

// Precision keeps that many bit planes of each block; 0 or above 64 means 64.
func Precision(planes uint) Mode {
	if planes == 0 || planes > mostPrec {
		planes = mostPrec
	}
	return Mode{fixed: params{leastBits, mostBits, uint32(planes), leastExp}}
}

// Accuracy keeps each float within tolerance; 0 keeps all bit planes.
func Accuracy(tolerance float64) Mode {
	exp := leastExp
	if tolerance > 0 {
		_, exp = math.Frexp(tolerance)
		exp--
	}
	return Mode{fixed: params{leastBits, mostBits, mostPrec, int32(exp)}}
}

// Reversible loses nothing.
func Reversible() Mode {
	return Mode{fixed: params{leastBits, mostBits, mostPrec, leastExp - 1}}
}

// Expert sets the least and most bits a block (to 32768), the most bit planes
// (to 64) and the exponent of the least bit plane that is kept.
func Expert(minBits, maxBits, maxPrec uint32, minExp int32) Mode {
	return Mode{fixed: params{minBits, maxBits, maxPrec, minExp}}
}

// params gives m for a field of that type and rank.
func (m Mode) params(t Type, dims int) params {
	if m.fixed != (params{}) {
		return m.fixed
	}
	size := math.Ldexp(1, 2*dims)
	bits := uint32(math.Floor(min(max(size*m.rate, 0), 1<<31) + 0.5))
	if t.float() {
		bits = max(bits, uint32(formatOf(t).expBits)+1)
	}
	return params{bits, bits, mostPrec, leastExp}
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
// that shape, slowest dimension first. Dimensions of 1 are left out; of the
// others there must be 1 to 4. It returns ErrUnsupported for what zfp can't code.
func ClientData(t Type, shape []uint64, m Mode) ([]uint32, error) {
	var used []uint64 // fastest first
	for i := len(shape); i > 0; i-- {
		if shape[i-1] > 1 {
			used = append(used, shape[i-1])
		}
	}
	if len(used) < 1 || len(used) > 4 || t > Float64 {
		return nil, h5err.Unsupported(structure, "shape", "type %d, %d dimensions above 1, 1 to 4 can be coded", t, len(used))
	}
	p := m.params(t, len(used))
	if p.minBits > p.maxBits || p.maxPrec < 1 || p.maxPrec > mostPrec {
		return nil, h5err.Unsupported(structure, "mode", "%d to %d bits a block, %d bit planes", p.minBits, p.maxBits, p.maxPrec)
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
