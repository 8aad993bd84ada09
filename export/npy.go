package export

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// npyWriter writes NumPy's format. Source: NEP 1 and numpy's lib.format.
type npyWriter struct {
	out  *output
	size int
	f    appender
	raw  bool // the file's bytes are numpy's
}

// NewNPY writes a .npy file: version 1.0, 2.0 where the header is long, 3.0
// where a name needs UTF-8. Numbers keep their width and byte order;
// compounds become structured types without gaps; fixed strings become S with
// NULs behind them; booleans |b1, other enums and bitfields their integers;
// opaque values |V; integers of odd widths the next wider; floats that numpy
// lacks, and that lose nothing by it, the next wider. ErrUnsupported refuses
// what numpy could only have as objects: variable-length data and references.
func NewNPY(w io.Writer, s Spec) (Writer, error) {
	s = s.unrolled()
	t, err := s.npyType()
	if err != nil {
		return nil, err
	}
	n := &npyWriter{out: newOutput(w, nil), size: s.Type.Size, f: t.f, raw: t.raw && t.size == s.Type.Size}
	dims := make([]string, len(s.Shape))
	for i, d := range s.Shape {
		dims[i] = strconv.FormatUint(d, 10)
	}
	shape := "(" + strings.Join(dims, ", ")
	if len(dims) == 1 {
		shape += ","
	}
	n.out.buf = appendHeader(n.out.buf, "{'descr': "+t.descr+", 'fortran_order': False, 'shape': "+shape+"), }")
	return n, nil
}

// appendHeader pads so that the data begins at a multiple of 64 bytes.
func appendHeader(dst []byte, text string) []byte {
	version, prefix := byte(1), 10
	for _, r := range text {
		if r > 0xff {
			version, prefix = 3, 12
		}
	}
	if version == 1 && len(text)+64 > math.MaxUint16 {
		version, prefix = 2, 12
	}
	body := []byte(text)
	if version < 3 {
		body = body[:0]
		for _, r := range text {
			body = append(body, byte(r)) // latin-1
		}
	}
	gap := 63 - (prefix+len(body))%64
	body = append(append(body, bytes.Repeat([]byte{' '}, gap)...), '\n')
	dst = append(dst, "\x93NUMPY"...)
	dst = append(dst, version, 0)
	if version == 1 {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(len(body)))
	} else {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(body)))
	}
	return append(dst, body...)
}

func (n *npyWriter) Write(data []byte) error {
	if n.raw {
		err := n.out.flush()
		if err == nil {
			_, err = n.out.w.Write(data)
		}
		return err
	}
	var err error
	for ; len(data) >= n.size; data = data[n.size:] {
		if n.out.buf, err = n.f(n.out.buf, data); err != nil {
			return err
		}
		if err := n.out.flushIfFull(); err != nil {
			return err
		}
	}
	return nil
}

func (n *npyWriter) Close() error { return n.out.flush() }

// npyType is a type as numpy writes it down, and how its bytes are made.
type npyType struct {
	descr string // a Python literal
	size  int    // bytes of one element in the .npy
	f     appender
	raw   bool // f copies size bytes as they are
}

func (s Spec) npyType() (npyType, error) {
	if !isTable(s.Type) && len(s.Columns) == 0 {
		return s.npy(s.Type, 0)
	}
	columns, err := Columns(s.Type, s.Columns)
	if err != nil {
		return npyType{}, err
	}
	return s.npyRecord(columns, 0)
}

func (s Spec) npy(t *datatype.Datatype, depth int) (npyType, error) {
	if t.Size < 1 || depth > maxDepth {
		return npyType{}, fmt.Errorf("type of %d bytes: %w", t.Size, h5err.ErrUnsupported)
	}
	switch t.Class {
	case datatype.Integer, datatype.Time:
		return npyInteger(t)
	case datatype.Bitfield:
		if s.BoolBits && isByteBits(t) {
			return npyBool(), nil
		}
		return npyInteger(t)
	case datatype.Float:
		return npyFloat(t)
	case datatype.Enum:
		if isBoolEnum(t) {
			return npyBool(), nil
		}
		return npyInteger(t.Base)
	case datatype.Opaque:
		return npyRaw(fmt.Sprintf("'|V%d'", t.Size), t.Size), nil
	case datatype.String:
		if !t.Variable {
			return npyText(t), nil
		}
	case datatype.Complex:
		return npyComplex(t.Base, 0, t.Base.Size)
	case datatype.Compound:
		if re, im, ok := complexParts(t); ok {
			return npyComplex(re.Type, re.Offset, im.Offset)
		}
		columns, err := Columns(t, nil)
		if err != nil {
			return npyType{}, err
		}
		return s.npyRecord(columns, depth+1)
	}
	return npyType{}, fmt.Errorf("numpy has %s only as objects: %w", clip(t.String()), h5err.ErrUnsupported)
}

// clip cuts a type's description to what a message can bear.
func clip(s string) string { return string(cut([]byte(s), 100)) }

func npyRaw(descr string, size int) npyType {
	return npyType{descr, size, func(dst, src []byte) ([]byte, error) { return append(dst, src[:size]...), nil }, true}
}

func npyBool() npyType {
	return npyType{"'|b1'", 1, func(dst, src []byte) ([]byte, error) {
		if src[0] > 1 {
			return dst, fmt.Errorf("%d is neither false nor true: %w", src[0], h5err.ErrType)
		}
		return append(dst, src[0]), nil
	}, false}
}

// orderChar is numpy's sign of a byte order for elements of size bytes.
func orderChar(t *datatype.Datatype, size int) string {
	switch {
	case size == 1:
		return "|"
	case t.Order == datatype.BigEndian:
		return ">"
	}
	return "<"
}

func npyInteger(t *datatype.Datatype) (npyType, error) {
	kind := "u"
	if t.Signed || t.Class == datatype.Time {
		kind = "i"
	}
	if isWhole(t) {
		return npyRaw(fmt.Sprintf("'%s%s%d'", orderChar(t, t.Size), kind, t.Size), t.Size), nil
	}
	size := 1
	for size < t.Size {
		size *= 2
	}
	if size > 8 {
		return npyType{}, fmt.Errorf("numpy has no integer of %d bytes: %w", t.Size, h5err.ErrUnsupported)
	}
	descr := fmt.Sprintf("'%s%s%d'", map[bool]string{true: "|", false: "<"}[size == 1], kind, size)
	return npyType{descr, size, func(dst, src []byte) ([]byte, error) {
		v, err := t.Any(src, nil)
		if err != nil {
			return dst, err
		}
		return binary.Append(dst, binary.LittleEndian, v)
	}, false}, nil
}

func npyFloat(t *datatype.Datatype) (npyType, error) {
	switch t.String() {
	case "float16le", "float16be", "float32le", "float32be", "float64le", "float64be":
		return npyRaw(fmt.Sprintf("'%s%c%d'", orderChar(t, t.Size), 'f', t.Size), t.Size), nil
	}
	if t.Size == 16 && t.Order == datatype.LittleEndian && t.Precision == 80 && t.ExpPos == 64 && t.Norm == datatype.NormNone {
		return npyRaw("'<f16'", 16), nil // the x87 format, which numpy means on x86-64
	}
	if _, _, err := t.Float64(make([]byte, t.Size)); err != nil {
		return npyType{}, err
	}
	return npyType{"'<f8'", 8, func(dst, src []byte) ([]byte, error) {
		v, exact, err := t.Float64(src)
		if err == nil && !exact && v == v {
			err = fmt.Errorf("%v is not exact as float64: %w", v, h5err.ErrType)
		}
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v)), err
	}, false}, nil
}

func npyComplex(part *datatype.Datatype, re, im int) (npyType, error) {
	p, err := npyFloat(part)
	if err != nil {
		return p, err
	}
	if p.size < 4 {
		q := npyRaw("", 0)
		q.size, q.descr = 8, "'<c8'"
		q.f = func(dst, src []byte) ([]byte, error) {
			for _, at := range []int{re, im} {
				v, _, err := part.Float64(src[at:])
				if err != nil {
					return dst, err
				}
				dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(v)))
			}
			return dst, nil
		}
		return q, nil
	}
	descr := fmt.Sprintf("'%cc%d'", p.descr[1], 2*p.size)
	return npyType{descr, 2 * p.size, func(dst, src []byte) ([]byte, error) {
		dst, err := p.f(dst, src[re:])
		if err != nil {
			return dst, err
		}
		return p.f(dst, src[im:])
	}, false}, nil
}

func npyText(t *datatype.Datatype) npyType {
	return npyType{fmt.Sprintf("'|S%d'", t.Size), t.Size, func(dst, src []byte) ([]byte, error) {
		s, err := t.Text(src, nil)
		if err != nil {
			return dst, err
		}
		dst = append(dst, s...)
		for range t.Size - len(s) {
			dst = append(dst, 0)
		}
		return dst, nil
	}, false}
}

// npyRecord writes members one behind the other.
func (s Spec) npyRecord(columns []Column, depth int) (npyType, error) {
	var descr strings.Builder
	size, fs, offsets := 0, make([]appender, len(columns)), make([]int, len(columns))
	descr.WriteString("[")
	for i, c := range columns {
		m, err := s.npyMember(c, depth)
		if err != nil {
			return m, fmt.Errorf("column %q: %w", Escape(c.Name), err)
		}
		if i > 0 {
			descr.WriteString(", ")
		}
		descr.WriteString("(" + pythonText(c.Name) + ", " + m.descr + ")")
		fs[i], offsets[i] = m.f, c.Offset
		size += m.size
	}
	descr.WriteString("]")
	return npyType{descr.String(), size, func(dst, src []byte) ([]byte, error) {
		var err error
		for i, f := range fs {
			if dst, err = f(dst, src[offsets[i]:]); err != nil {
				return dst, err
			}
		}
		return dst, nil
	}, false}, nil
}

// npyMember is a member's type, with the shape of an array behind it.
func (s Spec) npyMember(c Column, depth int) (npyType, error) {
	t, n, dims := c.Type, 1, ""
	for t.Class == datatype.Array {
		for _, d := range t.Dims {
			if d < 1 || n > c.Type.Size/d {
				return npyType{}, fmt.Errorf("array %v: %w", t.Dims, h5err.ErrCorrupt)
			}
			n *= d
			dims += strconv.Itoa(d) + ","
		}
		t = t.Base
	}
	m, err := s.npy(t, depth)
	if err != nil || dims == "" {
		return m, err
	}
	f, step := m.f, t.Size
	return npyType{m.descr + ", (" + dims + ")", n * m.size, func(dst, src []byte) ([]byte, error) {
		var err error
		for i := range n {
			if dst, err = f(dst, src[i*step:]); err != nil {
				return dst, err
			}
		}
		return dst, nil
	}, false}, nil
}

// pythonText is s as a Python string. Bytes that are not UTF-8 become \xHH.
func pythonText(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\'' || r == '\\':
			b.WriteString(`\` + string(r))
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String() + "'"
}
