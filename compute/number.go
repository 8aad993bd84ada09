package compute

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
)

// Number is one value of a dataset, exactly: an integer of up to 64 bits or a
// float64. The zero Number is the integer 0.
type Number struct {
	class class
	bits  uint64
}

// class says how numbers of a dataset are compared and summed.
type class uint8

const (
	signed class = iota
	unsigned
	floating
)

// numberOf undoes the order-preserving map of keys.
func numberOf(c class, key int64) Number {
	switch c {
	case floating:
		return Number{floating, math.Float64bits(floatOfKey(key))}
	case unsigned:
		return Number{unsigned, uint64(key) ^ 1<<63}
	}
	return Number{signed, uint64(key)}
}

// nan is the Number of what has no value.
func nan() Number { return Number{floating, math.Float64bits(math.NaN())} }

// IsInt tells integers from floats.
func (n Number) IsInt() bool { return n.class != floating }

// Float64 gives the nearest float64.
func (n Number) Float64() float64 {
	switch n.class {
	case floating:
		return math.Float64frombits(n.bits)
	case unsigned:
		return float64(n.bits)
	}
	return float64(int64(n.bits))
}

// Int64 gives an integer that fits; ok is false for others and for floats.
func (n Number) Int64() (v int64, ok bool) {
	return int64(n.bits), n.class == signed || n.class == unsigned && n.bits <= math.MaxInt64
}

// Uint64 gives an integer that fits; ok is false for others and for floats.
func (n Number) Uint64() (v uint64, ok bool) {
	return n.bits, n.class == unsigned || n.class == signed && int64(n.bits) >= 0
}

// String is the shortest text that gives the same number again.
func (n Number) String() string {
	switch n.class {
	case floating:
		return strconv.FormatFloat(n.Float64(), 'g', -1, 64)
	case unsigned:
		return strconv.FormatUint(n.bits, 10)
	}
	return strconv.FormatInt(int64(n.bits), 10)
}

// MarshalJSON gives a JSON number, or a string for NaN and infinities.
func (n Number) MarshalJSON() ([]byte, error) {
	if f := n.Float64(); n.class == floating && f-f != 0 {
		return []byte(strconv.Quote(n.String())), nil
	}
	return []byte(n.String()), nil
}

// Total is a sum.
type Total struct {
	Count uint64   // elements that were added
	NaNs  uint64   // NaNs among the elements: left out under SkipNaN, else part of Count
	Value float64  // integers: the float64 nearest to the sum
	Exact *big.Int // integers: the sum; nil for floats
}

// String gives the exact sum where there is one.
func (t Total) String() string {
	if t.Exact != nil {
		return t.Exact.String()
	}
	return fmt.Sprint(t.Value)
}

// Keys are int64s in the order of the values they stand for.

// keyInf is the key of +Inf; NaNs lie beyond it and below ^keyInf.
const keyInf = 0x7ff << 52

// floatKey orders floats by value, -0 below +0, negative NaNs lowest and
// positive NaNs highest.
func floatKey(v float64) int64 {
	b := int64(math.Float64bits(v))
	return b ^ int64(uint64(b>>63)>>1)
}

// floatOfKey is the inverse of floatKey.
func floatOfKey(k int64) float64 {
	return math.Float64frombits(uint64(k ^ int64(uint64(k>>63)>>1)))
}
