package format

import (
	"bytes"
	"math"
	"strings"

	"gables/hdf5/datatype"
	"gables/internal/wire"
)

// untilNUL gives the text before the first NUL.
func untilNUL(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// name reads a member's name: versions 1 and 2 pad it, with its NUL, to 8 bytes.
func (d *typeDecoder) name(version uint8) string {
	start := d.r.Pos()
	s := d.r.CString()
	if n := (d.r.Pos() - start) % 8; version < 3 && n != 0 {
		d.r.Skip(8 - n)
	}
	return s
}

// name appends a member's name.
func (e typeEncoder) name(s string, version uint8) error {
	if strings.IndexByte(s, 0) >= 0 {
		return wrongType("member", "%q: a name with a NUL", s)
	}
	start := e.a.Len()
	e.a.CString(s)
	if version < 3 {
		e.a.Pad(start, 8)
	}
	return nil
}

// compound appends the members.
func (e typeEncoder) compound(t *datatype.Datatype, depth int) (flags uint32, err error) {
	n := len(t.Members)
	if n == 0 || n > math.MaxUint16 {
		return 0, wrongType("number of members", "%d", n)
	}
	for i := range t.Members {
		m := &t.Members[i]
		if m.Type == nil || m.Offset < 0 || m.Offset > t.Size || m.Type.Size > t.Size-m.Offset {
			return 0, wrongType("member", "%d %q leaves a compound of %d bytes", i, m.Name, t.Size)
		}
		if err := e.member(t, m, depth); err != nil {
			return 0, err
		}
	}
	return uint32(n), nil
}

// member appends one member of t.
func (e typeEncoder) member(t *datatype.Datatype, m *datatype.Member, depth int) error {
	if err := e.name(m.Name, t.Version); err != nil {
		return err
	}
	width := 4
	if t.Version >= 3 {
		width = wire.UintWidth(uint64(t.Size))
	}
	e.a.Uint(uint64(m.Offset), width)
	mt := m.Type
	if t.Version == 1 {
		// An array of version 1 is one that a member's dimensions gave.
		var dims []int
		if mt.Class == datatype.Array && mt.Version == 1 {
			dims, mt = mt.Dims, mt.Base
		}
		if err := e.memberDims(dims); err != nil {
			return err
		}
	}
	return e.encode(mt, depth+1)
}

// compound reads n members. Overlapping members are accepted: reading them
// harms nothing.
func (d *typeDecoder) compound(t *datatype.Datatype, n, depth int) error {
	if n == 0 {
		return corruptType("number of members", "0")
	}
	t.Packed = true
	next := 0
	for i := range n {
		m, err := d.member(t, depth)
		if err != nil {
			return err
		}
		if m.Offset > t.Size || m.Type.Size > t.Size-m.Offset {
			return corruptType("member", "%d %q: %d bytes at %d leave a compound of %d",
				i, m.Name, m.Type.Size, m.Offset, t.Size)
		}
		t.Packed = t.Packed && m.Offset == next
		next = m.Offset + m.Type.Size
		t.Members = append(t.Members, m)
	}
	t.Packed = t.Packed && next == t.Size
	return nil
}

// member reads one member of t: name, offset, in version 1 array dimensions, type.
func (d *typeDecoder) member(t *datatype.Datatype, depth int) (datatype.Member, error) {
	name := d.name(t.Version)
	width := 4
	if t.Version >= 3 {
		width = wire.UintWidth(uint64(t.Size))
	}
	offset := d.r.Uint(width)
	var dims []int
	if t.Version == 1 {
		var err error
		if dims, err = d.memberDims(); err != nil {
			return datatype.Member{}, err
		}
	}
	if err := d.r.Err(); err != nil {
		return datatype.Member{}, err
	}
	if offset > uint64(t.Size) {
		return datatype.Member{}, corruptType("member", "%q at %d in a compound of %d bytes", name, offset, t.Size)
	}
	mt, err := d.decode(depth + 1)
	if err != nil {
		return datatype.Member{}, err
	}
	if len(dims) > 0 {
		if mt, err = arrayOf(mt, dims, t.Size); err != nil {
			return datatype.Member{}, err
		}
	}
	return datatype.Member{Name: name, Offset: int(offset), Type: mt}, nil
}

// memberDims reads the array fields that version 1 has inside a member; the
// permutation is unused.
//
//	offset size field
//	0      1    dimensionality (0 to 4)
//	1      3    reserved
//	4      4    permutation
//	8      4    reserved
//	12     16   four dimension sizes
func (d *typeDecoder) memberDims() ([]int, error) {
	rank := int(d.r.U8())
	d.r.Skip(11)
	if rank > 4 {
		return nil, corruptType("dimensionality", "%d in a version 1 member, at most 4", rank)
	}
	dims, err := d.dims(rank)
	d.r.Skip(4 * (4 - rank))
	return dims, err
}

// memberDims appends the array fields of a version 1 member.
func (e typeEncoder) memberDims(dims []int) error {
	if len(dims) > 4 {
		return wrongType("dimensionality", "%d in a version 1 member, at most 4", len(dims))
	}
	e.a.U8(uint8(len(dims)))
	e.a.Zero(11)
	if err := e.dims(dims); err != nil {
		return err
	}
	e.a.Zero(4 * (4 - len(dims)))
	return nil
}

// dims appends sizes.
func (e typeEncoder) dims(dims []int) error {
	for i, n := range dims {
		if n < 1 || n > math.MaxInt32 {
			return wrongType("dimension size", "%d in dimension %d", n, i)
		}
		e.a.U32(uint32(n))
	}
	return nil
}

// dims reads rank sizes of 4 bytes, each of which must be positive.
func (d *typeDecoder) dims(rank int) ([]int, error) {
	dims := make([]int, rank)
	for i := range dims {
		v := d.r.U32()
		if d.r.Err() != nil {
			return nil, d.r.Err()
		}
		if v == 0 || v > 1<<31-1 {
			return nil, corruptType("dimension size", "%d in dimension %d", v, i)
		}
		dims[i] = int(v)
	}
	return dims, nil
}

// arrayOf makes an array of base that takes at most limit bytes.
func arrayOf(base *datatype.Datatype, dims []int, limit int) (*datatype.Datatype, error) {
	size := uint64(base.Size)
	for _, n := range dims {
		// Both factors stay below 2^32, so the product can't overflow.
		if size *= uint64(n); size > uint64(limit) {
			return nil, corruptType("dimension size", "array %v of %d bytes each exceeds %d bytes", dims, base.Size, limit)
		}
	}
	return &datatype.Datatype{Class: datatype.Array, Version: base.Version, Size: int(size), Dims: dims, Base: base}, nil
}

// array reads rank, sizes, before version 3 permutation indices, and the base.
func (d *typeDecoder) array(t *datatype.Datatype, depth int) error {
	rank := int(d.r.U8())
	if t.Version < 3 {
		d.r.Skip(3)
	}
	if d.r.Err() == nil && (rank == 0 || rank > maxRank) {
		return corruptType("dimensionality", "%d", rank)
	}
	dims, err := d.dims(rank)
	if err != nil {
		return err
	}
	if t.Version < 3 {
		d.r.Skip(4 * rank)
	}
	base, err := d.decode(depth + 1)
	if err != nil {
		return err
	}
	a, err := arrayOf(base, dims, t.Size)
	if err != nil {
		return err
	}
	if a.Size != t.Size {
		return corruptType("size", "%d for an array %v of %d bytes each", t.Size, dims, base.Size)
	}
	t.Dims, t.Base = dims, base
	return nil
}

// array appends rank, sizes, before version 3 permutation indices, and the base.
func (e typeEncoder) array(t *datatype.Datatype, depth int) error {
	rank := len(t.Dims)
	if t.Version < arrayVersion || rank == 0 || rank > maxRank || t.Base == nil {
		return wrongType("dimensionality", "%d in a message of version %d", rank, t.Version)
	}
	e.a.U8(uint8(rank))
	if t.Version < 3 {
		e.a.Zero(3)
	}
	if err := e.dims(t.Dims); err != nil {
		return err
	}
	for i := range rank {
		if t.Version < 3 {
			e.a.U32(uint32(i))
		}
	}
	if a, err := arrayOf(t.Base, t.Dims, t.Size); err != nil || a.Size != t.Size {
		return wrongType("size", "%d for an array %v of %d bytes each", t.Size, t.Dims, t.Base.Size)
	}
	return e.encode(t.Base, depth+1)
}

// enum reads the integer base, then n names, then n values in the base's form.
func (d *typeDecoder) enum(t *datatype.Datatype, n, depth int) error {
	base, err := d.decode(depth + 1)
	if err != nil {
		return err
	}
	if base.Class != datatype.Integer {
		return corruptType("base type", "enumeration of class %v", base.Class)
	}
	if base.Size != t.Size {
		return corruptType("size", "enumeration of %d bytes over a base of %d", t.Size, base.Size)
	}
	t.Base = base
	var names []string
	for range n {
		names = append(names, d.name(t.Version))
		if err := d.r.Err(); err != nil {
			return err
		}
	}
	if uint64(n)*uint64(base.Size) > uint64(d.r.Len()) {
		return corruptType("values", "%d of %d bytes each, but %d bytes remain", n, base.Size, d.r.Len())
	}
	values := bytes.Clone(d.r.Bytes(n * base.Size))
	t.Enum = make([]datatype.EnumMember, n)
	for i, name := range names {
		t.Enum[i] = datatype.EnumMember{Name: name, Value: values[i*base.Size : (i+1)*base.Size : (i+1)*base.Size]}
	}
	return nil
}

// enum appends base, names and values.
func (e typeEncoder) enum(t *datatype.Datatype, depth int) (flags uint32, err error) {
	n := len(t.Enum)
	switch {
	case n > math.MaxUint16:
		return 0, wrongType("number of members", "%d", n)
	case t.Base == nil || t.Base.Class != datatype.Integer || t.Base.Size != t.Size:
		return 0, wrongType("base type", "no integer of %d bytes", t.Size)
	}
	if err := e.encode(t.Base, depth+1); err != nil {
		return 0, err
	}
	for _, m := range t.Enum {
		if err := e.name(m.Name, t.Version); err != nil {
			return 0, err
		}
	}
	for _, m := range t.Enum {
		if len(m.Value) != t.Size {
			return 0, wrongType("values", "%q has %d bytes, the base %d", m.Name, len(m.Value), t.Size)
		}
		e.a.Bytes(m.Value)
	}
	return uint32(n), nil
}

// vlen reads a sequence or a variable-length string. Its size is that of the
// stored descriptor: 4 for the count, an address, 4 for the heap index.
func (d *typeDecoder) vlen(t *datatype.Datatype, flags uint32, depth int) error {
	kind := flags & 0x0f
	if kind > 1 {
		return unsupportedType("variable-length type", "%d", kind)
	}
	if want := 8 + d.r.Sizes().Offset; t.Size != want {
		return corruptType("size", "%d for a variable-length descriptor of %d bytes", t.Size, want)
	}
	base, err := d.decode(depth + 1)
	if err != nil {
		return err
	}
	t.Base = base
	if kind == 0 {
		return nil
	}
	t.Class, t.Variable = datatype.String, true
	t.Pad, t.Charset = datatype.StringPad(flags>>4&0x0f), datatype.Charset(flags>>8&0x0f)
	if base.Size != 1 {
		return corruptType("base type", "variable-length string of %d-byte characters", base.Size)
	}
	return checkText(t)
}

// vlen appends the base of a sequence or a variable-length string.
func (e typeEncoder) vlen(t *datatype.Datatype, depth int) (flags uint32, err error) {
	if want := 8 + e.a.Sizes.Offset; t.Size != want {
		return 0, wrongType("size", "%d for a variable-length descriptor of %d bytes", t.Size, want)
	}
	if t.Class == datatype.String {
		if t.Base == nil || t.Base.Size != 1 {
			return 0, wrongType("base type", "a variable-length string of no characters")
		}
		if err := checkText(t); err != nil {
			return 0, wrongIf(err)
		}
		flags = 1 | uint32(t.Pad)<<4 | uint32(t.Charset)<<8
	}
	return flags, e.encode(t.Base, depth+1)
}

// complex reads the base of a complex number; libhdf5 2.0 knows one form:
// rectangular (bits 1 and 2 zero) with both parts of one type (bit 0 set).
func (d *typeDecoder) complex(t *datatype.Datatype, flags uint32, depth int) error {
	if flags != 1 {
		return unsupportedType("complex form", "class bit field 0x%x", flags)
	}
	base, err := d.decode(depth + 1)
	if err != nil {
		return err
	}
	if base.Class != datatype.Float {
		return unsupportedType("base type", "complex number of class %v", base.Class)
	}
	if uint64(t.Size) != 2*uint64(base.Size) {
		return corruptType("size", "complex number of %d bytes over a base of %d", t.Size, base.Size)
	}
	t.Base = base
	return nil
}

// complex appends the base of a complex number.
func (e typeEncoder) complex(t *datatype.Datatype, depth int) (flags uint32, err error) {
	switch {
	case t.Version < complexVersion:
		return 0, wrongType("version", "%d for a complex number", t.Version)
	case t.Base == nil || t.Base.Class != datatype.Float || uint64(t.Size) != 2*uint64(t.Base.Size):
		return 0, wrongType("base type", "no float of half of %d bytes", t.Size)
	}
	return 1, e.encode(t.Base, depth+1)
}
