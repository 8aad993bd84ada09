package datatype

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"os"
	"reflect"
	"strings"
	"testing"

	"gables/hdf5/h5err"
)

// numberFromMessage reads an encoded integer or float type.
func numberFromMessage(m []byte) *Datatype {
	if m[0]&15 == 1 {
		return floatFromMessage(m)
	}
	return &Datatype{
		Class: Class(m[0] & 15), Version: m[0] >> 4, Size: int(binary.LittleEndian.Uint32(m[4:])),
		Order: ByteOrder(m[1] & 1), Signed: m[1]&8 != 0,
		BitOffset: int(binary.LittleEndian.Uint16(m[8:])), Precision: int(binary.LittleEndian.Uint16(m[10:])),
	}
}

var numpyTypes = map[string]reflect.Type{
	"i1": reflect.TypeFor[int8](), "i2": reflect.TypeFor[int16](), "i4": reflect.TypeFor[int32](), "i8": reflect.TypeFor[int64](),
	"u1": reflect.TypeFor[uint8](), "u2": reflect.TypeFor[uint16](), "u4": reflect.TypeFor[uint32](), "u8": reflect.TypeFor[uint64](),
	"f4": reflect.TypeFor[float32](), "f8": reflect.TypeFor[float64](),
}

// TestLossyNumbersAreWhatLibhdf5Gives reads what make_numbers.py wrote; NUMBERS
// names a bigger file of the same form.
func TestLossyNumbersAreWhatLibhdf5Gives(t *testing.T) {
	name := "testdata/numbers.txt"
	if s := os.Getenv("NUMBERS"); s != "" {
		name = s
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	values, failed := 0, 0
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		w := strings.Fields(s.Text())
		msg, _ := hex.DecodeString(w[0])
		src, _ := hex.DecodeString(w[1])
		want, _ := hex.DecodeString(w[3])
		n, bad := checkNumbers(t, numberFromMessage(msg), src, numpyTypes[w[2]], want)
		values += n
		if failed += bad; failed > 20 {
			t.FailNow()
		}
	}
	if values < 1000 {
		t.Fatalf("%d values", values)
	}
	t.Logf("%d values", values)
}

func checkNumbers(t *testing.T, dt *Datatype, src []byte, to reflect.Type, want []byte) (n, failed int) {
	lossy, err := Compile(dt, to, Options{Lossy: LossyRange | LossyPrecision | LossyNaN})
	if err != nil {
		t.Errorf("%v to %v: %v", dt, to, err)
		return 0, 1
	}
	exact, _ := Compile(dt, to, Options{})
	n = len(src) / dt.Size
	got := reflect.MakeSlice(reflect.SliceOf(to), n, n)
	if err := lossy.Convert(got.UnsafePointer(), src, n, nil); err != nil {
		t.Errorf("%v to %v: %v", dt, to, err)
		return 0, 1
	}
	for i := range n {
		b, w := src[i*dt.Size:][:dt.Size], want[i*int(to.Size()):][:to.Size()]
		wanted, clamped := clampedNumber(dt, b, to)
		if !clamped {
			wanted = fmt.Sprint(littleNumber(to, w))
		}
		if g := fmt.Sprint(got.Index(i)); g != wanted {
			t.Errorf("%v %x to %v: got %s, want %s", dt, b, to, g, wanted)
			failed++
		}
		one := reflect.New(to)
		err := exact.Convert(one.UnsafePointer(), b, 1, nil)
		if same := equalNumbers(dt, b, one.Elem()); err == nil && !same || err != nil && !errors.Is(err, h5err.ErrType) {
			t.Errorf("%v %x to %v without loss: %v, %v", dt, b, to, one.Elem(), err)
			failed++
		} else if err != nil && equalNumbers(dt, b, got.Index(i)) {
			t.Errorf("%v %x to %v: %v for an exact value", dt, b, to, err)
			failed++
		}
	}
	return n, failed
}

// clampedNumber gives the end of an integer type's range for values beyond it,
// and 0 for NaN. There libhdf5 2.0 is no witness: it clamps in some pairs of
// types, and wraps or leaves C's undefined casts in others.
func clampedNumber(t *Datatype, b []byte, to reflect.Type) (string, bool) {
	if to.Kind() == reflect.Float32 || to.Kind() == reflect.Float64 {
		return "", false
	}
	var x *big.Int
	if t.Class == Float {
		f, _, _ := t.Float64(b)
		if f != f {
			return "0", true
		}
		if math.IsInf(f, 0) {
			f = math.Copysign(math.MaxFloat64, f)
		}
		x, _ = big.NewFloat(f).Int(nil)
	} else {
		x = t.bigInt(b)
	}
	width := uint(8 * to.Size())
	lo, hi := new(big.Int), new(big.Int).Lsh(big.NewInt(1), width)
	if to.Kind() <= reflect.Int64 {
		hi.Rsh(hi, 1)
		lo.Neg(hi)
	}
	hi.Sub(hi, big.NewInt(1))
	if x.Cmp(lo) < 0 {
		return lo.String(), true
	}
	return hi.String(), x.Cmp(hi) > 0
}

// littleNumber reads a Go number of type to from little-endian bytes.
func littleNumber(to reflect.Type, b []byte) any {
	p := reflect.New(to)
	if _, err := binary.Decode(b, binary.LittleEndian, p.Interface()); err != nil {
		panic(err)
	}
	return p.Elem().Interface()
}

// equalNumbers tells by big arithmetic whether v is the value stored in b.
func equalNumbers(t *Datatype, b []byte, v reflect.Value) bool {
	var x, y *big.Float
	if t.Class == Float {
		f, _, _ := t.Float64(b)
		if f != f {
			return v.CanFloat() && v.Float() != v.Float()
		}
		x = big.NewFloat(f)
	} else {
		x = new(big.Float).SetInt(t.bigInt(b))
	}
	switch {
	case v.CanFloat():
		if math.IsNaN(v.Float()) {
			return false
		}
		y = big.NewFloat(v.Float())
	case v.CanInt():
		y = new(big.Float).SetInt64(v.Int())
	default:
		y = new(big.Float).SetUint64(v.Uint())
	}
	return x.Cmp(y) == 0
}
