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
	Datatype    []byte
	Dataspace   []byte
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
	pad := func(n int) int { return n }
	switch {
	case r.Err() != nil:
	case a.Version == 1:
		pad = func(n int) int { return (n + 7) &^ 7 }
		flags = 0
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
	a.Name, _, _ = strings.Cut(string(r.Bytes(pad(nameSize))), "\x00")
	a.Datatype, a.Dataspace = r.Bytes(pad(typeSize)), r.Bytes(pad(spaceSize))
	a.Data = r.Rest()
	return a, inRecord(name, r.Err())
}
