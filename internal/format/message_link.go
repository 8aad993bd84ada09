package format

import (
	"bytes"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// LinkType is the kind of a link. Spec: IV.A.2.g.
type LinkType uint8

// The link types; 65 to 255 are the user's.
const (
	LinkHard     LinkType = 0
	LinkSoft     LinkType = 1
	LinkExternal LinkType = 64
)

// Link is one link of a group. Spec: IV.A.2.g.
type Link struct {
	Name     string
	Type     LinkType
	Order    int64 // creation order
	HasOrder bool
	UTF8     bool         // the name's character set
	Header   wire.Address // hard
	Target   string       // soft: path; external: object path
	File     string       // external
	Data     []byte       // user-defined
}

// DecodeLink reads a link message: version, flags, [type], [order 8],
// [charset], length of name 1–8, name, link information. Spec: IV.A.2.g.
func DecodeLink(b []byte, s wire.Sizes) (*Link, error) {
	const name = "link message"
	r := wire.NewReader(b, s)
	version, flags := r.U8(), r.U8()
	if r.Err() == nil && version != 1 {
		return nil, unknownVersion(name, version, "1")
	}
	if flags&^uint8(0x1f) != 0 {
		return nil, h5err.Corrupt(name, "flags", "0x%02x", flags)
	}
	l := &Link{}
	if flags&0x08 != 0 {
		l.Type = LinkType(r.U8())
	}
	if flags&0x04 != 0 {
		l.Order, l.HasOrder = int64(r.U64()), true
	}
	if flags&0x10 != 0 {
		set := r.U8()
		if set > 1 {
			return nil, h5err.Corrupt(name, "character set", "%d", set)
		}
		l.UTF8 = set == 1
	}
	n := r.Uint(1 << (flags & 3))
	if r.Err() == nil && (n == 0 || n > uint64(r.Len())) {
		return nil, h5err.Corrupt(name, "length of name", "%d, %d bytes remain", n, r.Len())
	}
	l.Name = string(r.Bytes(int(n)))
	l.decodeInfo(r)
	return l, inRecord(name, r.Err())
}

func (l *Link) decodeInfo(r *wire.Reader) {
	switch {
	case l.Type == LinkHard:
		l.Header = r.Address()
	case l.Type == LinkSoft:
		n := int(r.U16())
		if n == 0 {
			r.Fail(h5err.Corrupt("", "length of soft link", "0"))
		}
		l.Target = string(r.Bytes(n))
	case l.Type == LinkExternal:
		data := r.Bytes(int(r.U16()))
		if r.Err() == nil {
			l.decodeExternal(data, r)
		}
	case l.Type >= 64:
		l.Data = r.Bytes(int(r.U16()))
	default:
		r.Fail(h5err.Unsupported("", "link type", "%d", l.Type))
	}
}

// decodeExternal: version and flags 1, file name, NUL, object path, NUL.
// Spec: IV.A.2.g, external link.
func (l *Link) decodeExternal(data []byte, r *wire.Reader) {
	if len(data) < 3 || data[len(data)-1] != 0 {
		r.Fail(h5err.Corrupt("", "external link", "%d bytes without file and object name", len(data)))
		return
	}
	if data[0]>>4 != 0 {
		r.Fail(unknownVersion("external link", data[0]>>4, "0"))
		return
	}
	parts := bytes.SplitN(data[1:], []byte{0}, 3)
	if len(parts) < 3 {
		r.Fail(h5err.Corrupt("", "external link", "no object name"))
		return
	}
	l.File, l.Target = string(parts[0]), string(parts[1])
}

// SymbolTable is the message of an old-style group. Spec: IV.A.2.r.
type SymbolTable struct{ BTree, Heap wire.Address }

// DecodeSymbolTable reads the two addresses. Spec: IV.A.2.r.
func DecodeSymbolTable(b []byte, s wire.Sizes) (*SymbolTable, error) {
	r := wire.NewReader(b, s)
	t := &SymbolTable{BTree: r.Address(), Heap: r.Address()}
	return t, inRecord("symbol table message", r.Err())
}
