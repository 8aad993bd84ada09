package format

import (
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// DenseInfo says where the links of a group or the attributes of an object lie
// once they have left the object header. The messages of both are alike but for
// the width of the largest order. Spec: IV.A.2.c and IV.A.2.v.
type DenseInfo struct {
	TracksOrder bool
	IndexOrder  bool
	MaxOrder    uint64       // largest order of creation; where TracksOrder
	Heap        wire.Address // fractal heap; undefined while they are compact
	NameIndex   wire.Address // B-tree v2
	OrderIndex  wire.Address // B-tree v2; undefined unless IndexOrder
}

// DecodeLinkInfo reads version, flags, [largest order 8], heap, name index,
// [order index]. Spec: IV.A.2.c.
func DecodeLinkInfo(b []byte, s wire.Sizes) (*DenseInfo, error) {
	return decodeDenseInfo(b, s, "link info message", 8)
}

// DecodeAttributeInfo reads version, flags, [largest order 2], heap, name
// index, [order index]. Spec: IV.A.2.v.
func DecodeAttributeInfo(b []byte, s wire.Sizes) (*DenseInfo, error) {
	return decodeDenseInfo(b, s, "attribute info message", 2)
}

func decodeDenseInfo(b []byte, s wire.Sizes, name string, orderWidth int) (*DenseInfo, error) {
	r := wire.NewReader(b, s)
	version, flags := r.U8(), r.U8()
	if r.Err() == nil && version != 0 {
		return nil, unknownVersion(name, version, "0")
	}
	if flags&^uint8(3) != 0 {
		return nil, h5err.Corrupt(name, "flags", "0x%02x", flags)
	}
	d := &DenseInfo{TracksOrder: flags&1 != 0, IndexOrder: flags&2 != 0, OrderIndex: wire.Undefined}
	if d.TracksOrder {
		d.MaxOrder = r.Uint(orderWidth)
	}
	d.Heap, d.NameIndex = r.Address(), r.Address()
	if d.IndexOrder {
		d.OrderIndex = r.Address()
	}
	return d, inRecord(name, r.Err())
}

// AppendLinkInfo appends a link info message. Spec: IV.A.2.c.
func AppendLinkInfo(b []byte, d *DenseInfo, s wire.Sizes) ([]byte, error) {
	return appendDenseInfo(b, d, s, "link info message", 8)
}

// AppendAttributeInfo appends an attribute info message. Spec: IV.A.2.v.
func AppendAttributeInfo(b []byte, d *DenseInfo, s wire.Sizes) ([]byte, error) {
	return appendDenseInfo(b, d, s, "attribute info message", 2)
}

func appendDenseInfo(b []byte, d *DenseInfo, s wire.Sizes, name string, orderWidth int) ([]byte, error) {
	e := newEncoder(name, b, s)
	flags := uint8(0)
	if d.TracksOrder {
		flags |= 1
	}
	if d.IndexOrder {
		flags |= 2
	}
	e.U8(0)
	e.U8(flags)
	if d.TracksOrder {
		e.uint("largest order", d.MaxOrder, orderWidth)
	}
	e.address("heap", d.Heap)
	e.address("name index", d.NameIndex)
	if d.IndexOrder {
		e.address("order index", d.OrderIndex)
	}
	return e.done(b)
}

// GroupInfo says when the links of a new-style group leave the object header,
// and what its header was made ready for. Spec: IV.A.2.k.
type GroupInfo struct {
	HasPhaseChange bool
	MaxCompact     uint16 // links: most that stay compact
	MinDense       uint16 // links: fewest that stay dense
	HasEstimate    bool
	Entries        uint16 // estimated links
	NameLength     uint16 // estimated bytes of a link's name
}

// What libhdf5 takes for the numbers that a group info message leaves out.
const (
	DefaultMaxCompact = 8
	DefaultMinDense   = 6
	DefaultEntries    = 4
	DefaultNameLength = 8
)

// DecodeGroupInfo reads version, flags, [most compact 2, fewest dense 2],
// [estimated entries 2, length of name 2]; what is absent has its default.
// Spec: IV.A.2.k.
func DecodeGroupInfo(b []byte) (*GroupInfo, error) {
	const name = "group info message"
	r := wire.NewReader(b, wire.Sizes{})
	version, flags := r.U8(), r.U8()
	if r.Err() == nil && version != 0 {
		return nil, unknownVersion(name, version, "0")
	}
	if flags&^uint8(3) != 0 {
		return nil, h5err.Corrupt(name, "flags", "0x%02x", flags)
	}
	g := &GroupInfo{HasPhaseChange: flags&1 != 0, HasEstimate: flags&2 != 0,
		MaxCompact: DefaultMaxCompact, MinDense: DefaultMinDense, Entries: DefaultEntries, NameLength: DefaultNameLength}
	if g.HasPhaseChange {
		g.MaxCompact, g.MinDense = r.U16(), r.U16()
	}
	if g.HasEstimate {
		g.Entries, g.NameLength = r.U16(), r.U16()
	}
	return g, inRecord(name, r.Err())
}

// AppendGroupInfo appends a group info message. It can't fail. Spec: IV.A.2.k.
func AppendGroupInfo(b []byte, g *GroupInfo) []byte {
	a := wire.Appender{Buf: b}
	flags := uint8(0)
	if g.HasPhaseChange {
		flags |= 1
	}
	if g.HasEstimate {
		flags |= 2
	}
	a.U8(0)
	a.U8(flags)
	if g.HasPhaseChange {
		a.U16(g.MaxCompact)
		a.U16(g.MinDense)
	}
	if g.HasEstimate {
		a.U16(g.Entries)
		a.U16(g.NameLength)
	}
	return a.Buf
}
