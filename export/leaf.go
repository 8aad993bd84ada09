package export

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strconv"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// byteOrder gives the standard library's order; VAX order has none.
func byteOrder(t *datatype.Datatype) binary.ByteOrder {
	if t.Order == datatype.BigEndian {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// isWhole tells whether all bits of an integer of a usual size are the value.
func isWhole(t *datatype.Datatype) bool {
	usual := t.Size == 1 || t.Size == 2 || t.Size == 4 || t.Size == 8
	return usual && t.BitOffset == 0 && t.Precision == 8*t.Size && t.Order != datatype.VAX
}

// loader gives the bits of an element of 1, 2, 4 or 8 bytes.
func loader(t *datatype.Datatype) func(src []byte) uint64 {
	o := byteOrder(t)
	switch t.Size {
	case 1:
		return func(src []byte) uint64 { return uint64(src[0]) }
	case 2:
		return func(src []byte) uint64 { return uint64(o.Uint16(src)) }
	case 4:
		return func(src []byte) uint64 { return uint64(o.Uint32(src)) }
	}
	return o.Uint64
}

func (k *compiler) integer(t *datatype.Datatype) appender {
	if !isWhole(t) {
		return dynamic(t)
	}
	load, shift := loader(t), 64-8*t.Size
	if t.Signed || t.Class == datatype.Time {
		return func(dst, src []byte) ([]byte, error) {
			return strconv.AppendInt(dst, int64(load(src)<<shift)>>shift, 10), nil
		}
	}
	return func(dst, src []byte) ([]byte, error) { return strconv.AppendUint(dst, load(src), 10), nil }
}

// dynamic writes integers of unusual shapes by way of Any.
func dynamic(t *datatype.Datatype) appender {
	return func(dst, src []byte) ([]byte, error) {
		v, err := t.Any(src, nil)
		if err != nil {
			return dst, err
		}
		switch x := v.(type) {
		case *big.Int:
			return x.Append(dst, 10), nil
		case []byte: // a time above 8 bytes
			return hex.AppendEncode(append(dst, '"'), append(x, '"')), nil
		}
		return fmt.Append(dst, v), nil
	}
}

func (k *compiler) bitfield(t *datatype.Datatype) appender {
	number := k.integer(t)
	if k.style == Text {
		digits, number10 := 2*t.Size, number
		number = func(dst, src []byte) ([]byte, error) {
			tmp, err := number10(nil, src)
			v, ok := new(big.Int).SetString(string(tmp), 10)
			if err != nil || !ok {
				return append(dst, tmp...), err
			}
			return fmt.Appendf(dst, "0x%0*x", digits, v), nil
		}
	}
	if !k.o.BoolBits || !isByteBits(t) {
		return number
	}
	return func(dst, src []byte) ([]byte, error) {
		if src[0] > 1 {
			return number(dst, src)
		}
		return strconv.AppendBool(dst, src[0] == 1), nil
	}
}

func (k *compiler) float(t *datatype.Datatype) (appender, error) {
	style := k.style
	if _, _, err := t.Float64(make([]byte, t.Size)); err != nil {
		return nil, err
	}
	switch name := t.String(); name {
	case "float64le", "float64be":
		load := loader(t)
		return func(dst, src []byte) ([]byte, error) {
			return appendFloat(dst, math.Float64frombits(load(src)), 64, style), nil
		}, nil
	case "float32le", "float32be":
		load := loader(t)
		return func(dst, src []byte) ([]byte, error) {
			return appendFloat(dst, float64(math.Float32frombits(uint32(load(src)))), 32, style), nil
		}, nil
	}
	bits := 64
	if t.MantSize <= 10 && t.ExpSize == 5 && t.Size == 2 {
		bits = 16
	}
	return func(dst, src []byte) ([]byte, error) {
		v, exact, err := t.Float64(src)
		if err != nil {
			return dst, err
		}
		if !exact {
			return appendWide(dst, t, src, v, style), nil
		}
		return appendFloat(dst, v, bits, style), nil
	}, nil
}

func (k *compiler) complex(part *datatype.Datatype, re, im int) (appender, error) {
	f, err := k.compile(part)
	if err != nil {
		return nil, err
	}
	if k.style == JSON {
		return func(dst, src []byte) ([]byte, error) {
			dst, err := f(append(dst, '['), src[re:])
			if err != nil {
				return dst, err
			}
			dst, err = f(append(dst, ',', ' '), src[im:])
			return append(dst, ']'), err
		}, nil
	}
	return func(dst, src []byte) ([]byte, error) {
		dst, err := f(dst, src[re:])
		if err != nil {
			return dst, err
		}
		at := len(dst)
		if dst, err = f(append(dst, '+'), src[im:]); err != nil {
			return dst, err
		}
		if dst[at+1] == '-' {
			dst = append(dst[:at], dst[at+1:]...)
		}
		return append(dst, 'j'), nil
	}, nil
}

func (k *compiler) text(t *datatype.Datatype) appender {
	c := k.c
	write := k.writeText()
	return func(dst, src []byte) ([]byte, error) {
		s, err := t.Text(src, c.heap)
		if err != nil {
			return dst, err
		}
		return write(dst, s), nil
	}
}

// writeText adds characters in the style: quoted inside of compounds and
// lists, where a space or comma would be ambiguous.
func (k *compiler) writeText() func(dst, s []byte) []byte {
	switch {
	case k.style == JSON:
		return appendJSONString
	case k.style == CSV && k.o.Escape:
		return func(dst, s []byte) []byte { return appendCSV(dst, appendEscaped(nil, s)) }
	case k.style == CSV:
		return appendCSV
	case k.depth > 0 || k.o.Quote:
		return appendQuoted
	}
	return appendEscaped
}

// unquoted is k for words that are not strings.
func (k *compiler) unquoted() *compiler {
	u := &compiler{style: k.style, c: k.c, o: k.o}
	u.o.Quote = false
	return u
}

func (k *compiler) opaque(t *datatype.Datatype) appender {
	if k.style == JSON {
		return func(dst, src []byte) ([]byte, error) {
			dst = base64.StdEncoding.AppendEncode(append(dst, '"'), src[:t.Size])
			return append(dst, '"'), nil
		}
	}
	return func(dst, src []byte) ([]byte, error) { return hex.AppendEncode(dst, src[:t.Size]), nil }
}

func (k *compiler) enum(t *datatype.Datatype) (appender, error) {
	if t.Base == nil || t.Base.Size != t.Size || t.Base.Class != datatype.Integer {
		return nil, fmt.Errorf("enum of %v: %w", t.Base, h5err.ErrUnsupported)
	}
	number := k.integer(t.Base)
	names := make(map[string][]byte, len(t.Enum))
	write := k.unquoted().writeText()
	for _, m := range t.Enum {
		if _, ok := names[string(m.Value)]; !ok {
			names[string(m.Value)] = write(nil, []byte(m.Name))
		}
	}
	if isBoolEnum(t) {
		names["\x00"], names["\x01"] = []byte("false"), []byte("true")
	}
	return func(dst, src []byte) ([]byte, error) {
		if n, ok := names[string(src[:t.Size])]; ok {
			return append(dst, n...), nil
		}
		return number(dst, src)
	}, nil
}

// reference writes ->/path; a null reference is null, or nothing in CSV.
func (k *compiler) reference(t *datatype.Datatype) appender {
	c, style := k.c, k.style
	write := k.unquoted().writeText()
	return func(dst, src []byte) ([]byte, error) {
		r := datatype.Ref{Kind: t.RefKind, Raw: string(src[:t.Size])}
		switch {
		case !r.Null():
			return write(dst, []byte("->"+c.target(r))), nil
		case style == CSV:
			return dst, nil
		}
		return append(dst, "null"...), nil
	}
}
