package datatype

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gables/hdf5/h5err"
)

// maxSize is the greatest size of an element that a message can tell.
const maxSize = min(math.MaxUint32, math.MaxInt)

// maxMembers is how many members or names a datatype may have.
const maxMembers = math.MaxUint16

// maxArrayRank is how many dimensions an array may have.
const maxArrayRank = 32

// addressWidth is the width of addresses that new types assume; what stores
// them in a file adapts the sizes of references and descriptors to its own.
const addressWidth = 8

// invalid is the error of a constructor.
func invalid(format string, args ...any) (*Datatype, error) {
	return nil, fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), h5err.ErrType)
}

// Must gives t and panics on err: for types that are known to be good when the
// program is written.
func Must(t *Datatype, err error) *Datatype {
	if err != nil {
		panic(err)
	}
	return t
}

// Int is a two's complement or unsigned integer of 8, 16, 32 or 64 bits.
// ErrType: another width, or an order that integers do not have.
func Int(bits int, signed bool, o ByteOrder) (*Datatype, error) {
	return wholeBytes(Integer, bits, signed, o)
}

// NewBitfield is a bitfield of 8, 16, 32 or 64 bits; PyTables stores bool as one
// of 8. ErrType as for Int.
func NewBitfield(bits int, o ByteOrder) (*Datatype, error) {
	return wholeBytes(Bitfield, bits, false, o)
}

// NewTime is a time of 32 or 64 bits since 1970. ErrType as for Int. Few programs
// read it.
func NewTime(bits int, o ByteOrder) (*Datatype, error) {
	if bits != 32 && bits != 64 {
		return invalid("time of %d bits", bits)
	}
	return wholeBytes(Time, bits, false, o)
}

func wholeBytes(c Class, bits int, signed bool, o ByteOrder) (*Datatype, error) {
	switch bits {
	case 8, 16, 32, 64:
	default:
		return invalid("%v of %d bits", c, bits)
	}
	if o > BigEndian {
		return invalid("%v in byte order %d", c, o)
	}
	return &Datatype{Class: c, Version: 1, Size: bits / 8, Precision: bits, Signed: signed, Order: o}, nil
}

// Float16 is IEEE 754 binary16. Any order but big-endian gives little-endian.
func Float16(o ByteOrder) *Datatype { return fields16.datatype(o) }

// BFloat16 is the upper half of binary32.
func BFloat16(o ByteOrder) *Datatype { return fieldsBF.datatype(o) }

// Float32 is IEEE 754 binary32.
func Float32(o ByteOrder) *Datatype { return fields32.datatype(o) }

// Float64 is IEEE 754 binary64.
func Float64(o ByteOrder) *Datatype { return fields64.datatype(o) }

// Float128 is IEEE 754 binary128.
func Float128(o ByteOrder) *Datatype { return fields128.datatype(o) }

// datatype is the IEEE type with these fields.
func (f ieeeFields) datatype(o ByteOrder) *Datatype {
	if o != BigEndian {
		o = LittleEndian
	}
	return &Datatype{Class: Float, Version: 1, Size: f.size, Precision: f.precision, SignPos: f.sign, ExpPos: f.expPos,
		ExpSize: f.expSize, MantPos: f.mantPos, MantSize: f.mantSize, Bias: f.bias, Norm: NormImplied, Order: o}
}

// FixedString is a string of size bytes, not characters. ErrType: a size below
// 1, or a padding or character set that does not exist.
func FixedString(size int, p StringPad, c Charset) (*Datatype, error) {
	if size < 1 || size > maxSize || p > SpacePad || c > UTF8 {
		return invalid("string of %d bytes, padding %d, character set %d", size, p, c)
	}
	return &Datatype{Class: String, Version: 1, Size: size, Pad: p, Charset: c}, nil
}

// VLString is a string of variable length. Any set but ASCII gives UTF8.
func VLString(c Charset) *Datatype {
	if c != ASCII {
		c = UTF8
	}
	return &Datatype{Class: String, Version: 1, Size: 8 + addressWidth, Variable: true, Charset: c, Base: oneByte}
}

// VL is a sequence of variable length. ErrType: base is nil.
func VL(base *Datatype) (*Datatype, error) {
	if base == nil {
		return invalid("sequence of nothing")
	}
	return &Datatype{Class: VLen, Version: base.Version, Size: 8 + addressWidth, Base: base}, nil
}

// NewArray is an array of at most 32 dimensions, each above 0. ErrType: other
// dimensions, or 4 GiB or more.
func NewArray(base *Datatype, dims ...int) (*Datatype, error) {
	if base == nil || len(dims) == 0 || len(dims) > maxArrayRank {
		return invalid("array of %d dimensions", len(dims))
	}
	size := uint64(base.Size)
	for _, n := range dims {
		if n < 1 || n > math.MaxInt32 {
			return invalid("array %v", dims)
		}
		if size *= uint64(n); size > uint64(maxSize) {
			return invalid("array %v of %d bytes each", dims, base.Size)
		}
	}
	return &Datatype{Class: Array, Version: max(2, base.Version), Size: int(size), Dims: append([]int(nil), dims...), Base: base}, nil
}

// NewCompound is a compound of size bytes; size 0 takes the end of the last
// member. The members must not overlap. ErrType: they do, leave size, have the
// same name or one with a NUL, or there are none or more than 65,535.
func NewCompound(size int, members ...Member) (*Datatype, error) {
	if len(members) == 0 || len(members) > maxMembers {
		return invalid("compound of %d members", len(members))
	}
	t := &Datatype{Class: Compound, Version: 1, Members: append([]Member(nil), members...)}
	names := make(map[string]bool, len(members))
	end, next := 0, 0
	t.Packed = true
	for _, m := range members {
		switch {
		case m.Type == nil || m.Offset < 0 || m.Type.Size < 1 || m.Offset > maxSize-m.Type.Size:
			return invalid("member %q at %d", m.Name, m.Offset)
		case names[m.Name] || strings.IndexByte(m.Name, 0) >= 0:
			return invalid("member %q: the name is taken or holds a NUL", m.Name)
		}
		names[m.Name] = true
		t.Packed = t.Packed && m.Offset == next
		next = m.Offset + m.Type.Size
		end = max(end, next)
		t.Version = max(t.Version, m.Type.Version)
	}
	if size == 0 {
		size = end
	}
	if end > size || size > maxSize {
		return invalid("members of %d bytes in a compound of %d", end, size)
	}
	if i := overlap(members); i >= 0 {
		return invalid("member %q overlaps another", members[i].Name)
	}
	t.Size, t.Packed = size, t.Packed && next == size
	return t, nil
}

// overlap gives a member that begins inside of another, or -1.
func overlap(members []Member) int {
	order := make([]int, len(members))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return members[a].Offset - members[b].Offset })
	for k, i := range order[1:] {
		before := members[order[k]]
		if members[i].Offset-before.Offset < before.Type.Size {
			return i
		}
	}
	return -1
}

// Pack gives names and types the offsets of a compound without gaps.
func Pack(names []string, types []*Datatype) (*Datatype, error) {
	if len(names) != len(types) {
		return invalid("%d names for %d members", len(names), len(types))
	}
	members, at := make([]Member, len(names)), 0
	for i, mt := range types {
		if mt == nil || mt.Size > maxSize-at {
			return invalid("member %q at %d", names[i], at)
		}
		members[i] = Member{names[i], at, mt}
		at += mt.Size
	}
	return NewCompound(0, members...)
}

// NewEnum is an enumeration over an integer type: names[i] stands for values[i].
// ErrType: base is no integer, a value does not fit it, or names or values come
// twice.
func NewEnum(base *Datatype, names []string, values []int64) (*Datatype, error) {
	if base == nil || base.Class != Integer || base.Size > 8 {
		return invalid("enumeration over %v", base)
	}
	if len(names) != len(values) || len(names) > maxMembers {
		return invalid("%d names for %d values", len(names), len(values))
	}
	raw := make([]byte, len(values)*base.Size)
	if err := encodeAll(base, raw, values); err != nil {
		return nil, err
	}
	t := &Datatype{Class: Enum, Version: 1, Size: base.Size, Base: base}
	seen, known := map[string]bool{}, map[int64]bool{}
	for i, n := range names {
		if seen[n] || known[values[i]] || strings.IndexByte(n, 0) >= 0 {
			return invalid("name %q for %d comes twice or holds a NUL", n, values[i])
		}
		seen[n], known[values[i]] = true, true
		t.Enum = append(t.Enum, EnumMember{n, raw[i*base.Size : (i+1)*base.Size : (i+1)*base.Size]})
	}
	return t, nil
}

// BoolEnum is how h5py stores bool: FALSE = 0 and TRUE = 1 over int8.
func BoolEnum() *Datatype {
	return Must(NewEnum(Must(Int(8, true, LittleEndian)), []string{"FALSE", "TRUE"}, []int64{0, 1}))
}

// NewOpaque is size bytes without a meaning but the tag. ErrType: a size below
// 1, a tag of more than 248 bytes or with a NUL.
func NewOpaque(size int, tag string) (*Datatype, error) {
	if size < 1 || size > maxSize || len(tag) > 248 || strings.IndexByte(tag, 0) >= 0 {
		return invalid("opaque of %d bytes, tag of %d", size, len(tag))
	}
	return &Datatype{Class: Opaque, Version: 1, Size: size, Tag: tag}, nil
}

// NewReference is a reference of kind k; those from ObjectReference2 on are
// H5T_STD_REF, which HDF5 1.12 and later know. ErrType: there is no such kind.
func NewReference(k ReferenceKind) (*Datatype, error) {
	t := &Datatype{Class: Reference, Version: 1, RefKind: k}
	switch {
	case k == ObjectReference:
		t.Size = addressWidth
	case k == RegionReference:
		t.Size = addressWidth + 4
	case k <= AttributeReference:
		t.Size, t.Version, t.RefVersion = 2+4+addressWidth+4, 4, 1
	default:
		return invalid("reference of kind %d", k)
	}
	return t, nil
}

// NewComplex is a number of two parts of a float type, the real one first:
// HDF5 2.0 and later know it. ErrType: base is no float.
func NewComplex(base *Datatype) (*Datatype, error) {
	if base == nil || base.Class != Float || base.Size > maxSize/2 {
		return invalid("complex number of %v", base)
	}
	return &Datatype{Class: Complex, Version: 5, Size: 2 * base.Size, Base: base}, nil
}

// ComplexPair is how h5py and PyTables store complex numbers: a compound of the
// floats r and i. ErrType: base is no float.
func ComplexPair(base *Datatype) (*Datatype, error) {
	if base == nil || base.Class != Float {
		return invalid("complex number of %v", base)
	}
	return Pack([]string{"r", "i"}, []*Datatype{base, base})
}
