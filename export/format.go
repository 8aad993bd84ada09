package export

import (
	"fmt"
	"strings"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// Style is how values are written.
type Style uint8

// The styles.
const (
	Text Style = iota // for people; escaped, so that no string steers a terminal
	CSV               // strings as they are, quoted where RFC 4180 wants it
	JSON
)

// Options change how a type is written.
type Options struct {
	// BoolBits writes bitfields of 8 bits as false and true where they are 0
	// and 1, as PyTables stores booleans.
	BoolBits bool
	// Escape makes CSV strings harmless for a terminal.
	Escape bool
	// Quote puts text strings in quotes, as they are inside of lists.
	Quote bool
}

// appender adds the text of one stored element to dst. src has at least the
// element's bytes.
type appender func(dst, src []byte) ([]byte, error)

// Format writes elements of one datatype in one style.
type Format struct {
	size int
	f    appender
}

// NewFormat prepares writing elements of t. c gives what lies outside of the
// element: variable-length data and the targets of references.
//
// Text and CSV: false and true for booleans (enums of FALSE and TRUE), an
// enum's name or its number, 1.5+2j, bytes and opaque values as hexadecimal,
// ->/path for references, Python's nan and inf. JSON: the same as JSON has it;
// NaN and infinities are the strings "NaN", "Infinity" and "-Infinity", complex
// numbers [real, imaginary], opaque values base64, null references null.
// ErrUnsupported says that elements of t can't be written.
func NewFormat(t *datatype.Datatype, s Style, c *Context, o Options) (*Format, error) {
	f, err := (&compiler{s, c, o, 0}).compile(t)
	if err != nil {
		return nil, err
	}
	return &Format{t.Size, f}, nil
}

// Append adds the text of the element that src begins with. Errors: those of
// datatype.Any.
func (f *Format) Append(dst, src []byte) ([]byte, error) {
	if len(src) < f.size {
		return dst, fmt.Errorf("%d bytes of an element of %d: %w", len(src), f.size, h5err.ErrCorrupt)
	}
	return f.f(dst, src[:f.size])
}

// AppendAll adds the elements of data in nested brackets, shape's way; a
// scalar is its element alone.
func (f *Format) AppendAll(dst, data []byte, shape []uint64, s Style) ([]byte, error) {
	n := 1
	for _, d := range shape {
		if d > uint64(len(data)) {
			return dst, fmt.Errorf("shape %v in %d bytes: %w", shape, len(data), h5err.ErrCorrupt)
		}
		n *= int(d)
		if n > len(data) {
			return dst, fmt.Errorf("shape %v in %d bytes: %w", shape, len(data), h5err.ErrCorrupt)
		}
	}
	if len(data) < n*f.size {
		return dst, fmt.Errorf("%d elements of %d in %d bytes: %w", n, f.size, len(data), h5err.ErrCorrupt)
	}
	dims := make([]int, len(shape))
	for i, d := range shape {
		dims[i] = int(d)
	}
	return appendNested(dst, data, dims, f.size, f.f, s)
}

// compiler turns datatypes into appenders.
type compiler struct {
	style Style
	c     *Context
	o     Options
	depth int // inside of how many compounds, arrays and sequences
}

// maxDepth is the nesting that is written; files can't nest deeper.
const maxDepth = 40

func (k *compiler) compile(t *datatype.Datatype) (appender, error) {
	if t.Size < 1 || k.depth > maxDepth {
		return nil, fmt.Errorf("type of %d bytes, nested %d deep: %w", t.Size, k.depth, h5err.ErrUnsupported)
	}
	switch t.Class {
	case datatype.Integer, datatype.Time:
		return k.integer(t), nil
	case datatype.Bitfield:
		return k.bitfield(t), nil
	case datatype.Float:
		return k.float(t)
	case datatype.String:
		return k.text(t), nil
	case datatype.Opaque:
		return k.opaque(t), nil
	case datatype.Enum:
		return k.enum(t)
	case datatype.Reference:
		return k.reference(t), nil
	}
	inner := *k
	inner.depth++
	return inner.nested(t)
}

func (k *compiler) nested(t *datatype.Datatype) (appender, error) {
	switch t.Class {
	case datatype.Complex:
		return k.complex(t.Base, 0, t.Base.Size)
	case datatype.Compound:
		if re, im, ok := complexParts(t); ok {
			return k.complex(re.Type, re.Offset, im.Offset)
		}
		return k.compound(t)
	case datatype.Array:
		return k.array(t)
	case datatype.VLen:
		return k.sequence(t)
	}
	return nil, fmt.Errorf("class %v: %w", t.Class, h5err.ErrUnsupported)
}

// complexParts finds the members of a compound that h5py, PyTables or netCDF
// use for a complex number.
func complexParts(t *datatype.Datatype) (re, im datatype.Member, ok bool) {
	if t.Class != datatype.Compound || len(t.Members) != 2 {
		return re, im, false
	}
	re, im = t.Members[0], t.Members[1]
	names := strings.ToLower(re.Name + "," + im.Name)
	ok = (names == "r,i" || names == "real,imag") && re.Type.Class == datatype.Float && datatype.Equal(re.Type, im.Type)
	return re, im, ok
}

// isBoolEnum tells whether t is how h5py stores booleans.
func isBoolEnum(t *datatype.Datatype) bool {
	if t.Class != datatype.Enum || len(t.Enum) != 2 || t.Base.Size != 1 {
		return false
	}
	a, b := t.Enum[0], t.Enum[1]
	if a.Name == "TRUE" {
		a, b = b, a
	}
	return a.Name == "FALSE" && b.Name == "TRUE" && a.Value[0] == 0 && b.Value[0] == 1
}

// isByteBits tells whether t is a bitfield that fills one byte.
func isByteBits(t *datatype.Datatype) bool {
	return t.Class == datatype.Bitfield && t.Size == 1 && t.Precision == 8 && t.BitOffset == 0
}

// compound writes a record that is one cell: {a: 1, b: 2}, (1, 2) for people.
func (k *compiler) compound(t *datatype.Datatype) (appender, error) {
	type part struct {
		key    []byte
		offset int
		f      appender
	}
	if k.style == CSV {
		k = &compiler{JSON, k.c, k.o, k.depth} // a cell that has parts is JSON
		return k.cell(k.compound(t))
	}
	parts := make([]part, len(t.Members))
	for i, m := range t.Members {
		f, err := k.compile(m.Type)
		if err != nil {
			return nil, fmt.Errorf("member %q: %w", Escape(m.Name), err)
		}
		if m.Offset < 0 || m.Offset+m.Type.Size > t.Size {
			return nil, fmt.Errorf("member %q at %d of %d bytes: %w", Escape(m.Name), m.Offset, t.Size, h5err.ErrCorrupt)
		}
		parts[i] = part{k.key(m.Name), m.Offset, f}
	}
	return func(dst, src []byte) ([]byte, error) {
		dst = append(dst, '{')
		var err error
		for i, p := range parts {
			if i > 0 {
				dst = append(dst, ',', ' ')
			}
			if dst, err = p.f(append(dst, p.key...), src[p.offset:]); err != nil {
				return dst, err
			}
		}
		return append(dst, '}'), nil
	}, nil
}

func (k *compiler) key(name string) []byte {
	if k.style == JSON {
		return append(appendJSONString(nil, []byte(name)), ':', ' ')
	}
	return append(appendEscaped(nil, []byte(name)), ':', ' ')
}

// cell quotes JSON inside of CSV.
func (k *compiler) cell(f appender, err error) (appender, error) {
	if err != nil {
		return nil, err
	}
	var tmp []byte
	return func(dst, src []byte) ([]byte, error) {
		var err error
		if tmp, err = f(tmp[:0], src); err != nil {
			return dst, err
		}
		return appendCSV(dst, tmp), nil
	}, nil
}

func (k *compiler) array(t *datatype.Datatype) (appender, error) {
	if k.style == CSV {
		k = &compiler{JSON, k.c, k.o, k.depth}
		return k.cell(k.array(t))
	}
	f, err := k.compile(t.Base)
	if err != nil {
		return nil, err
	}
	n := t.Base.Size
	for _, d := range t.Dims {
		if d < 1 || n > t.Size/d {
			return nil, fmt.Errorf("array %v of %d bytes in %d: %w", t.Dims, t.Base.Size, t.Size, h5err.ErrCorrupt)
		}
		n *= d
	}
	style := k.style
	return func(dst, src []byte) ([]byte, error) {
		return appendNested(dst, src, t.Dims, t.Base.Size, f, style)
	}, nil
}

// appendNested writes elements of size bytes in brackets, dims' way.
func appendNested(dst, src []byte, dims []int, size int, f appender, s Style) ([]byte, error) {
	if len(dims) == 0 {
		return f(dst, src)
	}
	step := size
	for _, d := range dims[1:] {
		step *= d
	}
	dst = append(dst, '[')
	var err error
	for i := range dims[0] {
		if i > 0 {
			dst = appendComma(dst, s)
		}
		if dst, err = appendNested(dst, src[i*step:], dims[1:], size, f, s); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// appendComma separates list items: numpy's way for people.
func appendComma(dst []byte, s Style) []byte {
	if s == Text {
		return append(dst, ' ')
	}
	return append(dst, ',', ' ')
}

func (k *compiler) sequence(t *datatype.Datatype) (appender, error) {
	if k.style == CSV {
		k = &compiler{JSON, k.c, k.o, k.depth}
		return k.cell(k.sequence(t))
	}
	f, err := k.compile(t.Base)
	if err != nil {
		return nil, err
	}
	c, style, base := k.c, k.style, t.Base
	return func(dst, src []byte) ([]byte, error) {
		b, n, err := t.Sequence(src, c.heap)
		if err != nil {
			return dst, err
		}
		return appendNested(dst, b, []int{n}, base.Size, f, style)
	}, nil
}
