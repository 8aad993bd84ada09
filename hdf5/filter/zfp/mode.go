package zfp

import "gables/hdf5/h5err"

// The mode word: below 2048 a rate (bits a block, less one), then 128
// precisions (bit planes, less one), one for reversible, then accuracies from
// 2^-1074 on. All ones in the low 12 bits start the long form of 64: minBits-1
// (15), maxBits-1 (15), maxPrec-1 (7), minExp+16495 (15).
const (
	shortModeBits = 12
	longModeBits  = 64
	longMode      = 1<<shortModeBits - 1

	firstPrecision = 2048
	wordReversible = firstPrecision + 128
	firstAccuracy  = wordReversible + 1

	leastBits  = 1
	mostBits   = 16658 // the longest block: 256 doubles, reversible
	mostPrec   = 64
	leastExp   = -1074 // below it, the mode is reversible
	expLongOff = 16495
)

// params bound what each block may take; every mode is one setting of them.
type params struct {
	minBits uint32 // bits of a block at least, padded with zeros
	maxBits uint32 // bits of a block at most
	maxPrec uint32 // bit planes at most, 1 to 64
	minExp  int32  // exponent of the least bit plane that is kept
}

func (p params) reversible() bool { return p.minExp < leastExp }

func parseMode(word uint64) (params, error) {
	p := params{minBits: leastBits, maxBits: mostBits, maxPrec: mostPrec, minExp: leastExp}
	switch {
	case word&longMode == longMode:
		p.minBits = uint32(word>>12&0x7fff) + 1
		p.maxBits = uint32(word>>27&0x7fff) + 1
		p.maxPrec = uint32(word>>42&0x7f) + 1
		p.minExp = int32(word>>49&0x7fff) - expLongOff
	case word < firstPrecision:
		p.minBits = uint32(word) + 1
		p.maxBits = p.minBits
	case word < wordReversible:
		p.maxPrec = uint32(word-firstPrecision) + 1
	case word == wordReversible:
		p.minExp = leastExp - 1
	default:
		p.minExp = int32(word-firstAccuracy) + leastExp
	}
	if p.minBits > p.maxBits || p.maxPrec > mostPrec {
		return p, h5err.Corrupt(structure, "mode", "%d to %d bits a block, %d bit planes", p.minBits, p.maxBits, p.maxPrec)
	}
	return p, nil
}
