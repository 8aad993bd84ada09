package datatype

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/big"
	"os"
	"strconv"
	"strings"
	"testing"
)

// floatFromMessage reads the 20 bytes of an encoded float type.
func floatFromMessage(m []byte) *Datatype {
	t := &Datatype{
		Class: Float, Version: m[0] >> 4, Size: int(binary.LittleEndian.Uint32(m[4:])),
		BitOffset: int(binary.LittleEndian.Uint16(m[8:])), Precision: int(binary.LittleEndian.Uint16(m[10:])),
		SignPos: int(m[2]), ExpPos: int(m[12]), ExpSize: int(m[13]), MantPos: int(m[14]), MantSize: int(m[15]),
		Bias: uint64(binary.LittleEndian.Uint32(m[16:])), Norm: Normalization(m[1] >> 4 & 3),
	}
	switch m[1] & 0x41 {
	case 0x01:
		t.Order = BigEndian
	case 0x41:
		t.Order = VAX
	}
	return t
}

// sameFloat wants equal bits, but of NaNs only that both are.
func sameFloat(got float64, want uint64) bool {
	w := math.Float64frombits(want)
	return math.Float64bits(got) == want || got != got && w != w
}

// TestFloatsOfAnyFormatAreWhatLibhdf5Gives reads what make_floats.py wrote;
// FLOATS names a bigger file of the same form.
func TestFloatsOfAnyFormatAreWhatLibhdf5Gives(t *testing.T) {
	name := "testdata/floats.txt"
	if s := os.Getenv("FLOATS"); s != "" {
		name = s
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, values := 0, 0
	for s := bufio.NewReader(f); ; lines++ {
		line, err := s.ReadString('\n')
		if err != nil {
			break
		}
		values += checkFloatLine(t, strings.Fields(line))
	}
	if lines < 40 || values < 1000 {
		t.Fatalf("only %d formats, %d values", lines, values)
	}
	t.Logf("%d formats, %d values", lines, values)
}

func checkFloatLine(t *testing.T, w []string) int {
	msg, _ := hex.DecodeString(w[0])
	src, _ := hex.DecodeString(w[1])
	dt := floatFromMessage(msg)
	n, failed := len(src)/dt.Size, 0
	for i := range n {
		b := src[i*dt.Size:][:dt.Size]
		want, _ := strconv.ParseUint(w[2][16*i:16*i+16], 16, 64)
		got, exact, err := dt.Float64(b)
		if err != nil {
			t.Fatalf("%v: %v", dt, err)
		}
		if !sameFloat(got, want) {
			if failed++; failed < 4 {
				t.Errorf("%v %x: got %v %016x, want %v %016x", dt, b, got, math.Float64bits(got), math.Float64frombits(want), want)
			}
		}
		if e, ok := exactValue(dt, b, got); ok && e != exact {
			t.Errorf("%v %x: exact = %v for %v", dt, b, exact, got)
		}
	}
	return n
}

// exactValue tells by big arithmetic whether got is the value in b; ok is
// false for infinities and NaNs, and where libhdf5's reading of an
// unnormalised zero exponent is not that of IEEE 754.
func exactValue(t *Datatype, b []byte, got float64) (exact, ok bool) {
	u := (&Datatype{Order: t.Order, Precision: 8 * t.Size, Size: t.Size}).bigInt(b)
	field := func(pos, size int) *big.Int {
		v := new(big.Int).Rsh(u, uint(pos))
		return v.And(v, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(size)), big.NewInt(1)))
	}
	exp, mant := field(t.ExpPos, t.ExpSize).Int64(), field(t.MantPos, t.MantSize)
	if exp == 1<<t.ExpSize-1 || exp == 0 && t.Norm == NormNone || math.Abs(float64(exp)-float64(t.Bias)) > 1e6 || t.Size == 16 && t.Norm == NormNone && mant.Bit(63) == 0 {
		return false, false
	}
	shift := int(exp) - int(t.Bias) - t.MantSize
	if t.Norm == NormNone {
		shift++
	} else if exp == 0 {
		shift++
	} else {
		mant.SetBit(mant, t.MantSize, 1)
	}
	v := new(big.Float).SetPrec(400).SetInt(mant)
	v.SetMantExp(v, shift)
	if field(t.SignPos, 1).Int64() == 1 {
		v.Neg(v)
	}
	if math.IsInf(got, 0) {
		return false, true
	}
	return v.Cmp(new(big.Float).SetFloat64(got)) == 0, true
}
