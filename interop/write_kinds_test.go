//go:build interop

package interop

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"gables/hdf5/datatype"
)

var (
	littleEndian = datatype.LittleEndian
	bigEndian    = datatype.BigEndian
)

// kinds are the datatypes of the matrix.
var kinds = concat(integers(), reals(), oddNumbers(), enumerations(), bytesAndBits(), fixedStrings(), compoundKinds(), arrayKinds(),
	goKinds(), sequenceKinds(), referenceKinds())

func concat(lists ...[]kind) (all []kind) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func kindNamed(name string) kind {
	for _, k := range kinds {
		if k.name == name {
			return k
		}
	}
	panic("no kind " + name)
}

// bits is a kind whose elements may have any bits.
func bits(name, family string, t *datatype.Datatype, numpy any) kind {
	return kind{name: name, family: family, t: t, numpy: numpy, draw: func(r *rand.Rand, n int, _ targets) cells {
		return stored(noise(r, n, t.Size, t.Order == bigEndian))
	}}
}

func integers() (list []kind) {
	for _, o := range []struct {
		name, numpy string
		order       datatype.ByteOrder
	}{{"le", "<", littleEndian}, {"be", ">", bigEndian}} {
		for _, w := range []int{8, 16, 32, 64} {
			if w == 8 && o.name == "be" {
				continue
			}
			for _, s := range []string{"int", "uint"} {
				t := datatype.Must(datatype.Int(w, s == "int", o.order))
				list = append(list, bits(fmt.Sprintf("%s%d%s", s, w, o.name), "int", t, fmt.Sprintf("%s%c%d", o.numpy, s[0], w/8)))
			}
		}
	}
	return list
}

func reals() (list []kind) {
	for _, o := range []struct {
		name, numpy string
		order       datatype.ByteOrder
		bytes       binary.ByteOrder
	}{{"le", "<", littleEndian, binary.LittleEndian}, {"be", ">", bigEndian, binary.BigEndian}} {
		half, single, double := datatype.Float16(o.order), datatype.Float32(o.order), datatype.Float64(o.order)
		list = append(list,
			floatKind("float16"+o.name, half, o.numpy+"f2", func(v float64) []byte { return ordered(o.bytes, halfBits(v)) }),
			floatKind("float32"+o.name, single, o.numpy+"f4", func(v float64) []byte { return ordered(o.bytes, float32(v)) }),
			floatKind("float64"+o.name, double, o.numpy+"f8", func(v float64) []byte { return ordered(o.bytes, v) }))
		for _, base := range []*datatype.Datatype{single, double} {
			t := datatype.Must(datatype.ComplexPair(base))
			list = append(list, kind{name: fmt.Sprintf("complex%d%s", 16*base.Size, o.name), family: "complex compound", t: t,
				numpy: fmt.Sprintf("%sc%d", o.numpy, 2*base.Size), draw: func(r *rand.Rand, n int, _ targets) cells {
					_, want := each(n, func(int) (int, []byte) {
						re, im := r.NormFloat64(), r.NormFloat64()
						if base.Size == 4 {
							return 0, ordered(o.bytes, []float32{float32(re), float32(im)})
						}
						return 0, ordered(o.bytes, []float64{re, im})
					})
					return stored(want)
				}})
		}
	}
	return list
}

// floatKind draws numbers of all sizes, and every special one.
func floatKind(name string, t *datatype.Datatype, numpy string, encode func(float64) []byte) kind {
	special := []float64{math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), math.NaN(), 1, -1, 6e-8, 65504}
	return kind{name: name, family: "float", t: t, numpy: numpy, draw: func(r *rand.Rand, n int, _ targets) cells {
		_, want := each(n, func(i int) (int, []byte) {
			switch {
			case i < len(special):
				return 0, encode(special[i])
			case i < n/2:
				return 0, encode(float64(i) / 4)
			}
			return 0, encode(r.NormFloat64() * 100)
		})
		return stored(want)
	}}
}

// halfBits is a number that binary16 holds nearly, cut off.
func halfBits(v float64) uint16 {
	b := math.Float32bits(float32(v))
	sign, exp, mant := uint16(b>>16)&0x8000, int(b>>23)&255, b&(1<<23-1)
	switch {
	case exp == 255 && mant != 0:
		return sign | 0x7e00
	case exp == 255:
		return sign | 0x7c00
	case exp < 113-10:
		return sign
	case exp < 113:
		return sign | uint16((mant|1<<23)>>(14+113-exp-1))
	}
	return sign | uint16(exp-112)<<10 | uint16(mant>>13)
}

func oddNumbers() []kind {
	integer := func(name string, bytes, precision, offset int, signed bool, o datatype.ByteOrder) kind {
		t := datatype.Must(datatype.Int(8*bytes, signed, o))
		t.Precision, t.BitOffset = precision, offset
		return bits(name, "int of odd precision", t, nil)
	}
	list := []kind{
		integer("int12le", 2, 12, 0, true, littleEndian), integer("uint12be_at3", 2, 12, 3, false, bigEndian),
		integer("int24le", 4, 24, 0, true, littleEndian), integer("uint17be_at9", 4, 17, 9, false, bigEndian),
		integer("int50le_at5", 8, 50, 5, true, littleEndian), integer("uint5", 1, 5, 2, false, littleEndian),
	}
	small := *datatype.Float32(littleEndian)
	small.Size, small.Precision, small.SignPos, small.ExpPos, small.ExpSize, small.MantPos, small.MantSize, small.Bias = 3, 24, 23, 16, 7, 0, 16, 63
	return append(list, bits("float24le", "float, other formats", &small, nil),
		bits("bfloat16le", "float, other formats", datatype.BFloat16(littleEndian), nil),
		bits("bfloat16be", "float, other formats", datatype.BFloat16(bigEndian), nil),
		quadKind("float128le", littleEndian), quadKind("float128be", bigEndian))
}

// quadKind has only numbers that binary64 holds to its precision.
func quadKind(name string, o datatype.ByteOrder) kind {
	return kind{name: name, family: "float, other formats", t: datatype.Float128(o), draw: func(r *rand.Rand, n int, _ targets) cells {
		list := noise(r, n, 16, false)
		for _, b := range list {
			exp := uint16(16383+r.IntN(1800)-900) | uint16(r.IntN(2))<<15
			binary.LittleEndian.PutUint16(b[14:], exp)
			if o == bigEndian {
				for i := range 8 {
					b[i], b[15-i] = b[15-i], b[i]
				}
			}
		}
		return stored(list)
	}}
}

func enumerations() []kind {
	enum := func(name, family string, base *datatype.Datatype, numpy any, names []string, values []int64) kind {
		t := datatype.Must(datatype.NewEnum(base, names, values))
		return kind{name: name, family: family, t: t, numpy: numpy, draw: func(r *rand.Rand, n int, _ targets) cells {
			_, want := each(n, func(int) (int, []byte) {
				b := le(values[r.IntN(len(values))])[:base.Size]
				if base.Order == bigEndian {
					for i := range len(b) / 2 {
						b[i], b[len(b)-1-i] = b[len(b)-1-i], b[i]
					}
				}
				return 0, b
			})
			return stored(want)
		}}
	}
	integer := func(w int, signed bool, o datatype.ByteOrder) *datatype.Datatype {
		return datatype.Must(datatype.Int(w, signed, o))
	}
	return []kind{
		enum("bool", "bool", integer(8, true, littleEndian), "i1", []string{"FALSE", "TRUE"}, []int64{0, 1}),
		enum("enum_u8", "enum", integer(8, false, littleEndian), "u1", []string{"red", "green", "dark blue"}, []int64{1, 2, 200}),
		enum("enum_i32be", "enum", integer(32, true, bigEndian), ">i4", []string{"low", "high", "mid"}, []int64{-70000, 70000, 0}),
		enum("enum_i64", "enum", integer(64, true, littleEndian), "<i8", []string{"a", "b"}, []int64{-1 << 40, 1 << 50}),
	}
}

func bytesAndBits() (list []kind) {
	for _, b := range []struct {
		bits  int
		order datatype.ByteOrder
		numpy any
	}{{8, littleEndian, nil}, {16, littleEndian, nil}, {32, bigEndian, nil}, {64, littleEndian, nil}} {
		list = append(list, bits(fmt.Sprintf("bits%d_%v", b.bits, b.order == bigEndian), "bitfield", datatype.Must(datatype.NewBitfield(b.bits, b.order)), b.numpy))
	}
	// PyTables and h5py have a bool as a byte of 0 or 1.
	list = append(list, kind{name: "bits8_bool", family: "bitfield", t: datatype.Must(datatype.NewBitfield(8, littleEndian)), numpy: "u1",
		draw: func(r *rand.Rand, n int, _ targets) cells {
			_, want := each(n, func(int) (int, []byte) { return 0, []byte{byte(r.IntN(2))} })
			return stored(want)
		}})
	for size, tag := range map[int]string{1: "", 7: "seven bytes", 40: "NUMPY:M8[ns]"} {
		list = append(list, bits(fmt.Sprintf("opaque%d", size), "opaque", datatype.Must(datatype.NewOpaque(size, tag)), nil))
	}
	list = append(list,
		bits("time32le", "time", datatype.Must(datatype.NewTime(32, littleEndian)), "<i4"),
		bits("time32be", "time", datatype.Must(datatype.NewTime(32, bigEndian)), nil))
	// PyTables has the seconds above and microseconds below.
	return append(list, kind{name: "time64le", family: "time", t: datatype.Must(datatype.NewTime(64, littleEndian)), numpy: "time64",
		draw: func(r *rand.Rand, n int, _ targets) cells {
			_, want := each(n, func(int) (int, []byte) { return 0, le([]uint32{uint32(r.IntN(1e6)), uint32(r.IntN(1 << 30))}) })
			return stored(want)
		}})
}

// words hold no quotes: h5dump 1.10 does not escape them.
var words = []string{"", "a", "bc", "temperature", "π≈3", "naïve", strings.Repeat("x", 60), "日本語", "two words", "it's"}

func fixedStrings() (list []kind) {
	for pad, name := range map[datatype.StringPad]string{datatype.NullTerm: "term", datatype.NullPad: "null", datatype.SpacePad: "space"} {
		for size, cset := range map[int]datatype.Charset{1: datatype.ASCII, 6: datatype.UTF8, 17: datatype.ASCII} {
			t := datatype.Must(datatype.FixedString(size, pad, cset))
			list = append(list, kind{name: fmt.Sprintf("string%d_%s", size, name), family: "string", t: t, numpy: fmt.Sprintf("S%d", size),
				draw: func(r *rand.Rand, n int, _ targets) cells {
					_, want := each(n, func(int) (int, []byte) { return 0, padded(words[r.IntN(len(words))], size, pad) })
					return stored(want)
				}})
		}
	}
	return list
}

// padded is a text in the bytes of a fixed-length string.
func padded(s string, size int, pad datatype.StringPad) []byte {
	b := make([]byte, size)
	if pad == datatype.SpacePad {
		copy(b, strings.Repeat(" ", size))
	}
	if pad == datatype.NullTerm {
		copy(b[:size-1], s)
	} else {
		copy(b, s)
	}
	return b
}
