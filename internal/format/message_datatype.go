package format

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

const (
	structDatatype = "datatype message"
	specDatatype   = "IV.A.2.d"
)

// maxTypeVersion is the newest datatype message known: HDF5 2.0, complex numbers.
const maxTypeVersion = 5

// maxRank is the most dimensions that an array datatype may have.
const maxRank = 32

// DecodeDatatype reads one datatype with those nested in it, and no byte more.
// ErrUnsupported names a class, version or form that is not known; ErrCorrupt a
// broken rule; ErrLimit a nesting deeper than limits.Depth.
//
// Spec: IV.A.2.d.
//
//	offset size field
//	0      1    class (low 4 bits) and version (high 4 bits)
//	1      3    class bit field
//	4      4    size of an element in bytes
//	8      …    properties, whose form depends on class and version
func DecodeDatatype(r *wire.Reader, limits *wire.Limits) (*datatype.Datatype, error) {
	d := typeDecoder{r: r, maxDepth: limits.Depth}
	return d.decode(1)
}

// AppendDatatype appends t with those nested in it, each in its own Version;
// FitDatatype chooses versions and sizes for a file. ErrType says that t can't
// be stored so. Spec: IV.A.2.d.
func AppendDatatype(b []byte, t *datatype.Datatype, s wire.Sizes) ([]byte, error) {
	e := typeEncoder{wire.NewAppender(b, s)}
	if err := e.encode(t, 1); err != nil {
		return b, err
	}
	return e.a.Buf, nil
}

// typeEncoder is the counterpart of typeDecoder.
type typeEncoder struct{ a *wire.Appender }

// typeDecoder holds what every level of a nested datatype shares.
type typeDecoder struct {
	r        *wire.Reader
	maxDepth int
}

// maxTypeDepth is how deep AppendDatatype nests: what readers take by default.
const maxTypeDepth = 32

// wrongType is the error for a datatype that no message can hold.
func wrongType(field, format string, args ...any) error {
	return typeError(h5err.ErrType, field, format, args...)
}

// wrongIf makes a rule that a datatype breaks when it is read one that it
// breaks when it is written.
func wrongIf(err error) error {
	if e, ok := err.(*h5err.FormatError); ok {
		c := *e
		c.Err = h5err.ErrType
		return &c
	}
	return err
}

// bit is 1<<n or 0.
func bit(set bool, n int) uint32 {
	if set {
		return 1 << n
	}
	return 0
}

func corruptType(field, format string, args ...any) error {
	return typeError(h5err.ErrCorrupt, field, format, args...)
}

func unsupportedType(field, format string, args ...any) error {
	return typeError(h5err.ErrUnsupported, field, format, args...)
}

func typeError(sentinel error, field, format string, args ...any) error {
	return &h5err.FormatError{Structure: structDatatype, Field: field, Spec: specDatatype,
		Detail: fmt.Sprintf(format, args...), Err: sentinel}
}

// decode reads the datatype at the reader's position; depth counts from 1.
func (d *typeDecoder) decode(depth int) (*datatype.Datatype, error) {
	if depth > d.maxDepth {
		return nil, typeError(h5err.ErrLimit, "nesting", "deeper than %d levels", d.maxDepth)
	}
	head := d.r.U32()
	size := d.r.U32()
	if err := d.r.Err(); err != nil {
		return nil, err
	}
	t := &datatype.Datatype{Class: datatype.Class(head & 0x0f), Version: uint8(head >> 4 & 0x0f)}
	switch {
	case t.Version < 1 || t.Version > maxTypeVersion:
		return nil, unsupportedType("version", "%d of class %d, known are 1 to %d", t.Version, t.Class, maxTypeVersion)
	case t.Class > datatype.Complex:
		return nil, unsupportedType("class", "%d", t.Class)
	case size == 0:
		return nil, corruptType("size", "0 for class %v", t.Class)
	case uint64(size) > math.MaxInt:
		return nil, typeError(h5err.ErrLimit, "size", "%d bytes do not fit this machine", size)
	}
	t.Size = int(size)
	if err := d.properties(t, head>>8, depth); err != nil {
		return nil, err
	}
	if err := d.r.Err(); err != nil {
		return nil, err
	}
	return t, nil
}

// properties reads what follows the head; flags is the class bit field.
func (d *typeDecoder) properties(t *datatype.Datatype, flags uint32, depth int) error {
	switch t.Class {
	case datatype.Integer:
		t.Signed = flags&8 != 0
		return d.bits(t, flags)
	case datatype.Bitfield:
		return d.bits(t, flags)
	case datatype.Float:
		return d.float(t, flags)
	case datatype.Time:
		return d.time(t, flags)
	case datatype.String:
		t.Pad, t.Charset = datatype.StringPad(flags&0x0f), datatype.Charset(flags>>4&0x0f)
		return checkText(t)
	case datatype.Opaque:
		return d.opaque(t, flags)
	case datatype.Compound:
		return d.compound(t, int(flags&0xffff), depth)
	case datatype.Reference:
		return decodeReference(t, flags)
	case datatype.Enum:
		return d.enum(t, int(flags&0xffff), depth)
	case datatype.VLen:
		return d.vlen(t, flags, depth)
	case datatype.Array:
		return d.array(t, depth)
	}
	return d.complex(t, flags, depth)
}

// encode appends t; depth counts from 1.
func (e typeEncoder) encode(t *datatype.Datatype, depth int) error {
	switch {
	case t == nil:
		return wrongType("base type", "missing")
	case depth > maxTypeDepth:
		return wrongType("nesting", "deeper than %d levels", maxTypeDepth)
	case t.Version < 1 || t.Version > maxTypeVersion:
		return wrongType("version", "%d of class %d, want 1 to %d", t.Version, t.Class, maxTypeVersion)
	case t.Size < 1 || uint64(t.Size) > math.MaxUint32:
		return wrongType("size", "%d for class %v", t.Size, t.Class)
	}
	class := t.Class
	if class == datatype.String && t.Variable {
		class = datatype.VLen
	}
	at := e.a.Len()
	e.a.U32(0) // is known behind the properties
	e.a.U32(uint32(t.Size))
	flags, err := e.properties(t, class, depth)
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint32(e.a.Buf[at:], uint32(class)|uint32(t.Version)<<4|flags<<8)
	return nil
}

// properties appends what follows the head and gives the class bit field.
func (e typeEncoder) properties(t *datatype.Datatype, class datatype.Class, depth int) (flags uint32, err error) {
	switch class {
	case datatype.Integer, datatype.Bitfield:
		return e.bits(t)
	case datatype.Float:
		return e.float(t)
	case datatype.Time:
		return e.time(t)
	case datatype.String:
		return uint32(t.Pad) | uint32(t.Charset)<<4, wrongIf(checkText(t))
	case datatype.Opaque:
		return e.opaque(t)
	case datatype.Compound:
		return e.compound(t, depth)
	case datatype.Reference:
		return encodeReference(t)
	case datatype.Enum:
		return e.enum(t, depth)
	case datatype.VLen:
		return e.vlen(t, depth)
	case datatype.Array:
		return 0, e.array(t, depth)
	case datatype.Complex:
		return e.complex(t, depth)
	}
	return 0, wrongType("class", "%d", class)
}

// bits reads the properties of an integer or bitfield: offset and precision.
func (d *typeDecoder) bits(t *datatype.Datatype, flags uint32) error {
	t.Order = datatype.ByteOrder(flags & 1)
	t.LoPad, t.HiPad = flags&2 != 0, flags&4 != 0
	t.BitOffset, t.Precision = int(d.r.U16()), int(d.r.U16())
	if d.r.Err() != nil {
		return d.r.Err()
	}
	return checkPrecision(t)
}

// bits appends the properties of an integer or bitfield.
func (e typeEncoder) bits(t *datatype.Datatype) (flags uint32, err error) {
	flags = bit(t.LoPad, 1) | bit(t.HiPad, 2) | bit(t.Signed && t.Class == datatype.Integer, 3)
	if err := e.order(t, &flags); err != nil {
		return 0, err
	}
	return flags, e.precision(t)
}

// order sets bit 0 for big-endian numbers.
func (e typeEncoder) order(t *datatype.Datatype, flags *uint32) error {
	if t.Order > datatype.BigEndian {
		return wrongType("byte order", "%d of class %v", t.Order, t.Class)
	}
	*flags |= uint32(t.Order)
	return nil
}

// precision appends bit offset and precision.
func (e typeEncoder) precision(t *datatype.Datatype) error {
	if t.BitOffset < 0 || t.BitOffset > math.MaxUint16 || t.Precision < 0 || t.Precision > math.MaxUint16 {
		return wrongType("bit precision", "%d bits from bit %d", t.Precision, t.BitOffset)
	}
	e.a.U16(uint16(t.BitOffset))
	e.a.U16(uint16(t.Precision))
	return wrongIf(checkPrecision(t))
}

// checkPrecision holds offset and precision against the size.
func checkPrecision(t *datatype.Datatype) error {
	if t.Precision == 0 {
		return corruptType("bit precision", "0 for class %v", t.Class)
	}
	if uint64(t.BitOffset)+uint64(t.Precision) > 8*uint64(t.Size) {
		return corruptType("bit precision", "%d bits from bit %d leave the %d bytes of class %v",
			t.Precision, t.BitOffset, t.Size, t.Class)
	}
	return nil
}

// time reads byte order and precision; libhdf5 accepts any precision, we none
// that the size can't hold.
func (d *typeDecoder) time(t *datatype.Datatype, flags uint32) error {
	t.Order = datatype.ByteOrder(flags & 1)
	t.Precision = int(d.r.U16())
	if uint64(t.Precision) > 8*uint64(t.Size) {
		return corruptType("bit precision", "%d bits in %d bytes of class time", t.Precision, t.Size)
	}
	return nil
}

// time appends the precision of a time.
func (e typeEncoder) time(t *datatype.Datatype) (flags uint32, err error) {
	if t.Precision < 0 || t.Precision > math.MaxUint16 || uint64(t.Precision) > 8*uint64(t.Size) {
		return 0, wrongType("bit precision", "%d bits in %d bytes of class time", t.Precision, t.Size)
	}
	e.a.U16(uint16(t.Precision))
	return flags, e.order(t, &flags)
}

// checkText refuses paddings and character sets that the specification reserves.
func checkText(t *datatype.Datatype) error {
	if t.Pad > datatype.SpacePad {
		return unsupportedType("padding type", "%d", t.Pad)
	}
	if t.Charset > datatype.UTF8 {
		return unsupportedType("character set", "%d", t.Charset)
	}
	return nil
}

// opaque reads the tag, whose stored length is a multiple of 8.
func (d *typeDecoder) opaque(t *datatype.Datatype, flags uint32) error {
	n := int(flags & 0xff)
	if n%8 != 0 {
		return corruptType("opaque tag", "length %d is no multiple of 8", n)
	}
	t.Tag = untilNUL(d.r.Bytes(n))
	return nil
}

// maxTag is the longest tag: its length, up to a multiple of 8, fits a byte.
const maxTag = 248

// opaque appends the tag.
func (e typeEncoder) opaque(t *datatype.Datatype) (flags uint32, err error) {
	if len(t.Tag) > maxTag || strings.IndexByte(t.Tag, 0) >= 0 {
		return 0, wrongType("opaque tag", "%d bytes, at most %d and no NUL", len(t.Tag), maxTag)
	}
	start := e.a.Len()
	e.a.String(t.Tag)
	e.a.Pad(start, 8)
	return uint32(e.a.Len() - start), nil
}

// decodeReference takes the kind from flags; only version 1 of the H5T_STD_REF
// encoding exists.
func decodeReference(t *datatype.Datatype, flags uint32) error {
	kind := flags & 0x0f
	if kind > uint32(datatype.AttributeReference) {
		return unsupportedType("reference type", "%d", kind)
	}
	t.RefKind = datatype.ReferenceKind(kind)
	if t.RefKind < datatype.ObjectReference2 {
		return nil
	}
	t.RefVersion = uint8(flags >> 4 & 0x0f)
	if t.RefVersion != 1 {
		return unsupportedType("reference version", "%d", t.RefVersion)
	}
	return nil
}

// encodeReference gives the class bit field of a reference.
func encodeReference(t *datatype.Datatype) (flags uint32, err error) {
	switch {
	case t.RefKind > datatype.AttributeReference:
		return 0, wrongType("reference type", "%d", t.RefKind)
	case t.RefKind < datatype.ObjectReference2:
		return uint32(t.RefKind), nil
	case t.RefVersion != 1 || t.Version < stdRefVersion:
		return 0, wrongType("reference version", "%d in a message of version %d", t.RefVersion, t.Version)
	}
	return uint32(t.RefKind) | uint32(t.RefVersion)<<4, nil
}
