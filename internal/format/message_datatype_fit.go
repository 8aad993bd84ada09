package format

import (
	"math"
	"slices"

	"gables/hdf5/datatype"
	"gables/internal/wire"
)

// The versions of the datatype message that forms of types came with.
const (
	arrayVersion   = 2
	vaxVersion     = 3
	stdRefVersion  = 4
	complexVersion = 5
)

// DatatypeVersion is the version of the message that libhdf5 writes for t under
// the low bound: what t's parts need, and more only where that makes the message
// smaller.
func DatatypeVersion(t *datatype.Datatype, low Bound) (uint8, error) {
	f, err := FitDatatype(t, low, wire.Sizes{Offset: 8, Length: 8})
	if err != nil {
		return 0, err
	}
	return f.Version, nil
}

// FitDatatype gives t as it is stored in a file with addresses of s.Offset
// bytes: with the versions that libhdf5 writes under the low bound, and with
// the sizes of references and variable-length descriptors. Members behind one
// that grows or shrinks move. t is not changed. ErrType: t is no valid datatype.
func FitDatatype(t *datatype.Datatype, low Bound, s wire.Sizes) (*datatype.Datatype, error) {
	f, err := typeFitter{s}.fit(t, 1)
	if err != nil {
		return nil, err
	}
	if v := low.of([...]uint8{1, 3, 3, 4, 4, 5}); v > f.Version {
		upgrade(f, v)
	}
	return f, nil
}

type typeFitter struct{ s wire.Sizes }

// fit copies t, in the version that libhdf5 gives it when it is made.
func (p typeFitter) fit(t *datatype.Datatype, depth int) (*datatype.Datatype, error) {
	if t == nil || depth > maxTypeDepth {
		return nil, wrongType("nesting", "no datatype at level %d of %d", depth, maxTypeDepth)
	}
	c := *t
	c.Version = 1
	switch {
	case t.Class == datatype.Float && t.Order == datatype.VAX:
		c.Version = vaxVersion
	case t.Class == datatype.Reference:
		p.reference(&c)
	case t.Class == datatype.Compound:
		return &c, p.compound(&c, depth)
	case t.Class >= datatype.Enum, t.Class == datatype.String && t.Variable:
		return &c, p.based(&c, depth)
	}
	return &c, nil
}

func (p typeFitter) reference(c *datatype.Datatype) {
	switch c.RefKind {
	case datatype.ObjectReference:
		c.Size = p.s.Offset
	case datatype.RegionReference:
		c.Size = p.s.Offset + 4
	default:
		c.Size, c.Version, c.RefVersion = StdReferenceSize(p.s), stdRefVersion, 1
	}
}

// character is the base that libhdf5 gives variable-length strings.
var character = &datatype.Datatype{Class: datatype.Integer, Version: 1, Size: 1, Precision: 8}

// based fits a type over a base.
func (p typeFitter) based(c *datatype.Datatype, depth int) error {
	base := c.Base
	if base == nil && c.Class == datatype.String {
		base = character
	}
	b, err := p.fit(base, depth+1)
	if err != nil {
		return err
	}
	c.Base, c.Version = b, b.Version
	switch c.Class {
	case datatype.Array:
		c.Version = max(c.Version, arrayVersion)
		a, err := arrayOf(b, c.Dims, math.MaxInt)
		if err != nil {
			return wrongIf(err)
		}
		c.Size = a.Size
	case datatype.Complex:
		c.Version = max(c.Version, complexVersion)
	case datatype.VLen, datatype.String:
		c.Size = 8 + p.s.Offset
	}
	return nil
}

// compound fits the members, which libhdf5 inserts one after the other: one of
// a newer version raises those before it.
func (p typeFitter) compound(c *datatype.Datatype, depth int) error {
	old := c.Members
	c.Members = slices.Clone(old)
	for i := range c.Members {
		mt, err := p.fit(old[i].Type, depth+1)
		if err != nil {
			return err
		}
		if c.Members[i].Type = mt; mt.Version > c.Version {
			raised := *c
			raised.Members = c.Members[:i+1]
			upgrade(&raised, mt.Version)
			c.Version = raised.Version
		}
	}
	return moveMembers(c, old)
}

// moveMembers makes room for members that have another size than in old.
func moveMembers(c *datatype.Datatype, old []datatype.Member) error {
	order := make([]int, len(old))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return old[a].Offset - old[b].Offset })
	shift, end := 0, 0
	for _, i := range order {
		m := &c.Members[i]
		if shift != 0 && m.Offset < end {
			return wrongType("member", "%q overlaps the one before it, whose size differs in this file", m.Name)
		}
		end = max(end, m.Offset+old[i].Type.Size)
		m.Offset += shift
		shift += m.Type.Size - old[i].Type.Size
	}
	c.Size += shift
	for _, m := range c.Members {
		if shift != 0 && m.Type.Size > c.Size-m.Offset {
			return wrongType("member", "%q leaves the compound, whose size differs in this file", m.Name)
		}
	}
	c.Packed = packed(c)
	return nil
}

// packed tells whether c's members fill it in order.
func packed(c *datatype.Datatype) bool {
	next := 0
	for _, m := range c.Members {
		if m.Offset != next {
			return false
		}
		next += m.Type.Size
	}
	return next == c.Size
}

// upgrade raises t and what it is made of, where libhdf5 finds that it pays.
func upgrade(t *datatype.Datatype, version uint8) {
	for _, m := range t.Members {
		upgrade(m.Type, version)
	}
	if t.Base != nil {
		upgrade(t.Base, version)
	}
	switch {
	case t.Class == datatype.Compound, t.Class == datatype.Array, t.Class == datatype.Enum:
		t.Version = max(t.Version, version)
	case t.Class == datatype.VLen, t.Class == datatype.String && t.Variable:
		t.Version = max(t.Version, t.Base.Version)
	}
}
