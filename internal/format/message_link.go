package format

import (
	"bytes"
	"math"
	"strings"

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

// AppendLink appends a link message of version 1, the only one, with the
// narrowest length of name. ErrLimit says that a field does not fit,
// ErrUnsupported that no link message can hold l. Spec: IV.A.2.g.
func AppendLink(b []byte, l *Link, s wire.Sizes) ([]byte, error) {
	e := newEncoder("link message", b, s)
	n := len(l.Name)
	flags := widthFlag(uint64(n))
	if l.HasOrder {
		flags |= 0x04
	}
	if l.Type != LinkHard {
		flags |= 0x08
	}
	if l.UTF8 {
		flags |= 0x10
	}
	if n == 0 {
		e.fail(noForm("length of name", "0"))
	}
	e.U8(1)
	e.U8(flags)
	if l.Type != LinkHard {
		e.U8(uint8(l.Type))
	}
	if l.HasOrder {
		e.U64(uint64(l.Order))
	}
	if l.UTF8 {
		e.U8(1)
	}
	e.Uint(uint64(n), 1<<(flags&3))
	e.String(l.Name)
	e.linkInfo(l)
	return e.done(b)
}

// widthFlag is the code, 0 to 3, of the fewest bytes (1, 2, 4 or 8) that hold v.
func widthFlag(v uint64) uint8 {
	switch {
	case v <= math.MaxUint8:
		return 0
	case v <= math.MaxUint16:
		return 1
	case v <= math.MaxUint32:
		return 2
	}
	return 3
}

func (e *encoder) linkInfo(l *Link) {
	switch {
	case l.Type == LinkHard:
		e.address("object header", l.Header)
	case l.Type == LinkSoft:
		if l.Target == "" {
			e.fail(noForm("length of soft link", "0"))
		}
		e.uint("length of soft link", uint64(len(l.Target)), 2)
		e.String(l.Target)
	case l.Type == LinkExternal:
		if strings.IndexByte(l.File, 0) >= 0 || strings.IndexByte(l.Target, 0) >= 0 {
			e.fail(noForm("external link", "a NUL in %q or %q", l.File, l.Target))
		}
		e.uint("length of external link", uint64(len(l.File)+len(l.Target)+3), 2)
		e.U8(0)
		e.CString(l.File)
		e.CString(l.Target)
	case l.Type >= 64:
		e.uint("length of user-defined link", uint64(len(l.Data)), 2)
		e.Bytes(l.Data)
	default:
		e.fail(noForm("link type", "%d", l.Type))
	}
}

// SymbolTable is the message of an old-style group. Spec: IV.A.2.r.
type SymbolTable struct{ BTree, Heap wire.Address }

// DecodeSymbolTable reads the two addresses. Spec: IV.A.2.r.
func DecodeSymbolTable(b []byte, s wire.Sizes) (*SymbolTable, error) {
	r := wire.NewReader(b, s)
	t := &SymbolTable{BTree: r.Address(), Heap: r.Address()}
	return t, inRecord("symbol table message", r.Err())
}

// AppendSymbolTable appends a symbol table message. Spec: IV.A.2.r.
func AppendSymbolTable(b []byte, t *SymbolTable, s wire.Sizes) ([]byte, error) {
	e := newEncoder("symbol table message", b, s)
	e.address("B-tree", t.BTree)
	e.address("local heap", t.Heap)
	return e.done(b)
}
