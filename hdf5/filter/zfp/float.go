package zfp

import "math"

// A float block is integers of its width, scaled by a common power of two such
// that 1 is 2^(width-2); each integer is turned in place into the float's bits.

// format is what a float's width fixes.
type format struct {
	expBits  uint // of the exponent, stored in full for each block
	bias     int
	precBits uint // that a count of bit planes takes in the reversible mode
	width    uint
}

func formatOf(k Type) format {
	if k.wide() {
		return format{expBits: 11, bias: 1023, precBits: 6, width: 64}
	}
	return format{expBits: 8, bias: 127, precBits: 5, width: 32}
}

// scaleBlock turns integers relative to exponent exp into floats.
func scaleBlock[I integer](p []I, exp int) {
	if isWide[I]() {
		// Scales below the least subnormal are zero, as ldexp has it.
		s := math.Ldexp(1, exp-62)
		for i, v := range p {
			p[i] = I(math.Float64bits(s * float64(v)))
		}
		return
	}
	s := float32(math.Ldexp(1, exp-30))
	for i, v := range p {
		p[i] = I(math.Float32bits(s * float32(v)))
	}
}

// unsignBlock turns two's complement into the sign and magnitude of a float.
func unsignBlock[I integer](p []I) {
	sign := I(1) << (widthOf[I]() - 1)
	for i, v := range p {
		if v < 0 {
			p[i] = v ^ ^sign
		}
	}
}

func isWide[I integer]() bool { return I(1)<<31 > 0 }

func widthOf[I integer]() uint {
	if isWide[I]() {
		return 64
	}
	return 32
}

// blockExponent is the exponent of the largest magnitude in a block of floats'
// bits, at least that of the least normal number; -bias where all are zero.
func blockExponent[I integer](p []I, bias int) int {
	most := 0.0
	for _, v := range p {
		// A NaN never compares as larger, as in the C library.
		if f := math.Abs(floatOf(v)); f > most {
			most = f
		}
	}
	if most == 0 {
		return -bias
	}
	if math.IsInf(most, 1) {
		return 0 // what frexp stores for it
	}
	_, exp := math.Frexp(most)
	return max(exp, 1-bias)
}

func floatOf[I integer](v I) float64 {
	if isWide[I]() {
		return math.Float64frombits(uint64(v))
	}
	return float64(math.Float32frombits(uint32(v)))
}

// unscaleBlock sets p to the integers relative to exponent exp of floats' bits.
func unscaleBlock[I integer](p, floats []I, exp int) {
	floats = floats[:len(p)]
	if isWide[I]() {
		s := math.Ldexp(1, 62-exp)
		for i, v := range floats {
			p[i] = truncate[I](s*math.Float64frombits(uint64(v)), 1<<63)
		}
		return
	}
	s := float32(math.Ldexp(1, 30-exp))
	for i, v := range floats {
		p[i] = truncate[I](float64(s*math.Float32frombits(uint32(v))), 1<<31)
	}
}

// truncate is the least integer where f is not a number or does not fit below
// limit, as SSE has it; subnormal blocks and such with infinities come here.
func truncate[I integer](f, limit float64) I {
	if !(f >= -limit && f < limit) {
		return I(1) << (widthOf[I]() - 1)
	}
	return I(f)
}
