package scaleoffset

import (
	"math"
	"strconv"

	"gables/hdf5/h5err"
)

// Values of the client data.
const (
	scaleDecimal = 0
	scaleBinary  = 1
	scaleInteger = 2

	classInteger = 0
	classFloat   = 1
)

// valueCount is how many values the client data always has.
const valueCount = 20

// params is the client data, checked.
type params struct {
	class  uint32
	factor int32  // power of ten, or bits asked for
	count  uint32 // elements
	size   int    // bytes of an element, at least 1
	signed bool   // two's complement
	big    bool   // most significant byte first
	filled bool   // a fill value is defined
	fill   uint64 // its bits
}

// parseParams checks the client data.
func parseParams(v []uint32) (params, error) {
	if len(v) != valueCount {
		return params{}, h5err.Corrupt(structure, "client data", "%d values, want %d", len(v), valueCount)
	}
	p := params{class: v[3], factor: int32(v[1]), count: v[2], signed: v[5] == 1, big: v[6] == 1, filled: v[7] == 1}
	for _, i := range []int{5, 6, 7} {
		if v[i] > 1 {
			return p, h5err.Corrupt(structure, "client data", "value %d is %d, want 0 or 1", i, v[i])
		}
	}
	if v[4] == 0 || v[4] > math.MaxInt32/8 {
		return p, h5err.Corrupt(structure, "datatype", "%d bytes", v[4])
	}
	p.size = int(v[4])
	p.fill = uint64(v[9])<<32 | uint64(v[8])
	return p, p.checkScale(v[0])
}

// checkScale holds the scale type against the class.
func (p *params) checkScale(scale uint32) error {
	switch {
	case p.class == classInteger && scale == scaleInteger:
		if int64(p.factor) > 8*int64(p.size) {
			return h5err.Corrupt(structure, "bits asked for", "%d in a datatype of %d bytes", p.factor, p.size)
		}
		return nil
	case p.class == classFloat && scale == scaleDecimal:
		return nil
	case p.class == classFloat && scale == scaleBinary:
		return h5err.Unsupported(structure, "scale type", "binary scaling")
	}
	return h5err.Corrupt(structure, "scale type", "%d for class %d", scale, p.class)
}

// asIs tells whether the filter left the chunk alone.
func (p *params) asIs() bool {
	return p.class == classInteger && int64(p.factor) == 8*int64(p.size)
}

// packable tells whether libhdf5 has arithmetic for the datatype.
func (p *params) packable() bool {
	switch p.size {
	case 1, 2:
		return p.class == classInteger
	case 4, 8:
		return true
	}
	return false
}

// power32 is powf(10, n).
func power32(n int32) float32 {
	f, _ := strconv.ParseFloat("1e"+strconv.Itoa(int(n)), 32) // out of range is 0 or infinity, as in C
	return float32(f)
}

// power64 is pow(10, n). glibc's rounds correctly but for two powers, which
// come out one step above.
func power64(n int32) float64 {
	f, _ := strconv.ParseFloat("1e"+strconv.Itoa(int(n)), 64)
	if n == 23 || n == 210 {
		return math.Nextafter(f, math.Inf(1))
	}
	return f
}
