package format

import (
	"strings"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// Attribute is an attribute message; type and space are still encoded, as each
// may be shared. Spec: IV.A.2.m.
type Attribute struct {
	Version     uint8
	Name        string
	UTF8        bool
	TypeShared  bool
	SpaceShared bool
	Datatype    []byte // message as stored, without the padding of version 1
	Dataspace   []byte // message as stored, without the padding of version 1
	Data        []byte // from the value's first byte to the message's end
}

// DecodeAttribute reads an attribute message.
//
//	version 1: version, reserved, name size 2, type size 2, space size 2, then
//	  name, type, space, each padded to 8, value
//	version 2: flags in place of the reserved byte, no padding
//	version 3: a character set byte before the name
//
// Spec: IV.A.2.m.
func DecodeAttribute(b []byte) (*Attribute, error) {
	const name = "attribute message"
	r := wire.NewReader(b, wire.Sizes{})
	a := &Attribute{Version: r.U8()}
	flags := r.U8()
	nameSize, typeSize, spaceSize := int(r.U16()), int(r.U16()), int(r.U16())
	align := 1
	switch {
	case r.Err() != nil:
	case a.Version == 1:
		align, flags = 8, 0
	case a.Version == 2 || a.Version == 3:
		if flags&^uint8(3) != 0 {
			return nil, h5err.Corrupt(name, "flags", "0x%02x", flags)
		}
		if a.Version == 3 {
			set := r.U8()
			if set > 1 {
				return nil, h5err.Corrupt(name, "character set", "%d", set)
			}
			a.UTF8 = set == 1
		}
	default:
		return nil, unknownVersion(name, a.Version, "1 to 3")
	}
	a.TypeShared, a.SpaceShared = flags&1 != 0, flags&2 != 0
	padded := func(n int) []byte {
		part := r.Bytes(n)
		r.Skip(-n & (align - 1))
		return part
	}
	a.Name, _, _ = strings.Cut(string(padded(nameSize)), "\x00")
	a.Datatype, a.Dataspace = padded(typeSize), padded(spaceSize)
	a.Data = r.Rest()
	return a, inRecord(name, r.Err())
}

// AttributeVersion is the version of the message that libhdf5 chooses for a: 2
// can share type and space, 3 has a character set. Source: libhdf5's H5Aint.c.
func AttributeVersion(a *Attribute, low Bound) uint8 {
	switch {
	case a.UTF8 || low >= BoundV18:
		return 3
	case a.TypeShared || a.SpaceShared:
		return 2
	}
	return 1
}

// AppendAttribute appends an attribute message of a.Version, 1 to 3. ErrLimit
// says that a part is longer than 65,535 bytes, ErrUnsupported that the version
// can't hold a. Spec: IV.A.2.m.
func AppendAttribute(b []byte, a *Attribute) ([]byte, error) {
	e := newEncoder("attribute message", b, wire.Sizes{})
	align, flags := 1, uint8(0)
	if a.TypeShared {
		flags |= 1
	}
	if a.SpaceShared {
		flags |= 2
	}
	switch {
	case a.Version == 0 || a.Version > 3:
		e.fail(unknownVersion("", a.Version, "1 to 3"))
	case a.Version < AttributeVersion(a, BoundEarliest):
		e.fail(noForm("version", "%d, needs %d", a.Version, AttributeVersion(a, BoundEarliest)))
	case strings.IndexByte(a.Name, 0) >= 0:
		e.fail(noForm("name", "a NUL in %q", a.Name))
	case a.Version == 1:
		align = 8
	}
	e.U8(a.Version)
	e.U8(flags)
	e.uint("length of name", uint64(len(a.Name)+1), 2)
	e.uint("size of datatype", uint64(len(a.Datatype)), 2)
	e.uint("size of dataspace", uint64(len(a.Dataspace)), 2)
	if a.Version == 3 {
		set := uint8(0)
		if a.UTF8 {
			set = 1
		}
		e.U8(set)
	}
	from := e.Len()
	e.CString(a.Name)
	e.Pad(from, align)
	e.Bytes(a.Datatype)
	e.Pad(from, align)
	e.Bytes(a.Dataspace)
	e.Pad(from, align)
	e.Bytes(a.Data)
	return e.done(b)
}
