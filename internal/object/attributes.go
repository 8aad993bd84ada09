package object

import (
	"iter"

	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/checksum"
	"gables/internal/format"
	"gables/internal/heap"
	"gables/internal/wire"
)

// Attribute is one attribute with its type and space decoded.
type Attribute struct {
	Name     string
	UTF8     bool
	Type     *datatype.Datatype
	Space    *dataspace.Dataspace
	Data     []byte // the value as stored; at least as long as type and space need
	Order    uint32 // creation order
	HasOrder bool
	Err      error // why Type, Space or Data can't be had; Name stands all the same
}

// attributeInfo gives the attribute info message, or nil without one.
func (g *Graph) attributeInfo(h *Header) (*format.DenseInfo, error) {
	m := h.Find(format.MsgAttributeInfo)
	if m == nil {
		return nil, nil
	}
	info, err := format.DecodeAttributeInfo(m.Data, g.Cache.Sizes())
	return info, h5err.At(err, "", uint64(h.Address))
}

// DenseAttributes tells whether the attributes are in a heap of their own.
func (g *Graph) DenseAttributes(h *Header) bool {
	info, err := g.attributeInfo(h)
	return err == nil && info != nil && info.Heap.Defined()
}

// LargeAttributes tells whether an attribute is too long for a message of a
// version 1 header.
func (g *Graph) LargeAttributes(h *Header) (bool, error) {
	info, err := g.attributeInfo(h)
	if err != nil || info == nil || !info.Heap.Defined() {
		return false, err
	}
	large := false
	err = g.denseAttributes(info, func(a *Attribute) bool {
		const rest = 4096 // type, space and name of almost any
		large = a.Err != nil || len(a.Data)+len(a.Name)+rest > maxMessage&^7
		return !large
	})
	if err == errStop {
		err = nil
	}
	return large, err
}

// Attributes yields an object's attributes: in the order of creation where
// that is indexed, else as stored. One that can't be decoded carries its own
// error and does not end the iteration; a fault of the storage does.
func (g *Graph) Attributes(h *Header) iter.Seq2[*Attribute, error] {
	return func(yield func(*Attribute, error) bool) {
		err := g.eachAttribute(h, func(a *Attribute) bool { return yield(a, nil) })
		if err != nil && err != errStop {
			yield(nil, err)
		}
	}
}

func (g *Graph) eachAttribute(h *Header, yield func(*Attribute) bool) error {
	for i := range h.Messages {
		m := &h.Messages[i]
		if m.Type != format.MsgAttribute {
			continue
		}
		body, _, err := g.Body(m)
		if err != nil {
			return err
		}
		a, err := g.decodeAttribute(body)
		if err != nil {
			return h5err.At(err, "", uint64(h.Address))
		}
		if h.TracksOrder() {
			a.Order, a.HasOrder = uint32(m.Order), true
		}
		if !yield(a) {
			return errStop
		}
	}
	info, err := g.attributeInfo(h)
	if err != nil || info == nil || !info.Heap.Defined() {
		return err
	}
	return g.denseAttributes(info, yield)
}

// denseAttributes: records of type 8 are heap ID 8, flags 1, order 4, hash 4;
// of type 9 the same without the hash. Spec: III.A.2.
func (g *Graph) denseAttributes(info *format.DenseInfo, yield func(*Attribute) bool) error {
	addr, want := info.NameIndex, uint8(8)
	if info.OrderIndex.Defined() {
		addr, want = info.OrderIndex, 9
	}
	tree, f, err := g.dense("dense attribute storage", addr, want, info.Heap)
	if err != nil {
		return err
	}
	for record, err := range tree.All() {
		if err != nil {
			return err
		}
		a, err := g.denseAttribute(f, record)
		if err != nil {
			return err
		}
		a.HasOrder = info.TracksOrder
		if !yield(a) {
			return errStop
		}
	}
	return nil
}

// denseAttribute reads the attribute of a record; one that is shared lies in
// the heap of shared messages, whose IDs are as long.
func (g *Graph) denseAttribute(f *heap.Fractal, record []byte) (*Attribute, error) {
	r := wire.NewReader(record, g.Cache.Sizes())
	id, flags, order := r.Bytes(8), r.U8(), r.U32()
	if r.Err() != nil {
		return nil, r.Err()
	}
	var b []byte
	var err error
	if flags&format.MsgFlagShared != 0 {
		b, err = g.sohm(format.MsgAttribute, id)
	} else {
		b, err = f.Object(id)
	}
	if err != nil {
		return nil, err
	}
	a, err := g.decodeAttribute(b)
	if err != nil {
		return nil, err
	}
	a.Order = order
	return a, nil
}

// LookupAttribute finds one attribute by name; in dense storage without
// listing them all.
func (g *Graph) LookupAttribute(h *Header, name string) (*Attribute, bool, error) {
	info, err := g.attributeInfo(h)
	if err != nil {
		return nil, false, err
	}
	if info != nil && info.Heap.Defined() && h.Find(format.MsgAttribute) == nil {
		return g.lookupDenseAttribute(info, name)
	}
	var found *Attribute
	err = g.eachAttribute(h, func(a *Attribute) bool {
		if a.Name == name {
			found = a
		}
		return found == nil
	})
	if err == errStop {
		err = nil
	}
	return found, found != nil, err
}

func (g *Graph) lookupDenseAttribute(info *format.DenseInfo, name string) (*Attribute, bool, error) {
	tree, f, err := g.dense("dense attribute storage", info.NameIndex, 8, info.Heap)
	if err != nil {
		return nil, false, err
	}
	hash := checksum.Lookup3([]byte(name))
	var found *Attribute
	_, ok, err := tree.Find(func(record []byte) (int, error) {
		if c := compareHash(hash, record, 13); c != 0 {
			return c, nil
		}
		a, err := g.denseAttribute(f, record)
		if err != nil {
			return 0, err
		}
		switch {
		case name < a.Name:
			return -1, nil
		case name > a.Name:
			return 1, nil
		}
		found = a
		found.HasOrder = info.TracksOrder
		return 0, nil
	})
	return found, ok && found != nil, err
}

// decodeAttribute decodes the message; what is wrong with its type or space is
// the attribute's own error.
func (g *Graph) decodeAttribute(b []byte) (*Attribute, error) {
	m, err := format.DecodeAttribute(b)
	if err != nil {
		return nil, err
	}
	a := &Attribute{Name: m.Name, UTF8: m.UTF8, Data: m.Data}
	a.Err = g.attributeParts(a, m)
	return a, nil
}

func (g *Graph) attributeParts(a *Attribute, m *format.Attribute) error {
	body, committed := m.Datatype, wire.Undefined
	var err error
	if m.TypeShared {
		if body, committed, err = g.SharedBody(format.MsgDatatype, body); err != nil {
			return err
		}
	}
	if a.Type, err = g.decodeType(body, committed); err != nil {
		return err
	}
	body = m.Dataspace
	if m.SpaceShared {
		if body, _, err = g.SharedBody(format.MsgDataspace, body); err != nil {
			return err
		}
	}
	if a.Space, err = format.DecodeDataspace(body, g.Cache.Sizes()); err != nil {
		return err
	}
	return checkAttributeSize(a)
}

// checkAttributeSize holds the value's length to what type and space say.
func checkAttributeSize(a *Attribute) error {
	n, err := a.Space.Count()
	if err != nil {
		return err
	}
	size, ok := wire.Mul(n, uint64(a.Type.Size))
	if !ok || size > uint64(len(a.Data)) {
		return h5err.Corrupt("attribute message", "value", "%d elements of %d bytes, %d bytes remain", n, a.Type.Size, len(a.Data))
	}
	a.Data = a.Data[:size:size]
	return nil
}

func (g *Graph) decodeType(body []byte, committed wire.Address) (*datatype.Datatype, error) {
	t, err := format.DecodeDatatype(wire.NewReader(body, g.Cache.Sizes()), g.Cache.Limits())
	if err != nil {
		return nil, err
	}
	if committed.Defined() {
		t.Committed = uint64(committed)
	}
	return t, nil
}

// Datatype decodes the datatype message of an object.
func (g *Graph) Datatype(h *Header) (*datatype.Datatype, error) {
	m := h.Find(format.MsgDatatype)
	if m == nil {
		return nil, h5err.Corrupt("object header", "message", "no datatype")
	}
	body, committed, err := g.Body(m)
	if err != nil {
		return nil, err
	}
	t, err := g.decodeType(body, committed)
	return t, h5err.At(err, "", uint64(h.Address))
}

// Dataspace decodes the dataspace message of an object.
func (g *Graph) Dataspace(h *Header) (*dataspace.Dataspace, error) {
	m := h.Find(format.MsgDataspace)
	if m == nil {
		return nil, h5err.Corrupt("object header", "message", "no dataspace")
	}
	body, _, err := g.Body(m)
	if err != nil {
		return nil, err
	}
	s, err := format.DecodeDataspace(body, g.Cache.Sizes())
	return s, h5err.At(err, "", uint64(h.Address))
}
