package object

import (
	"encoding/binary"
	"fmt"

	"gables/hdf5/h5err"
	"gables/internal/btree"
	"gables/internal/checksum"
	"gables/internal/format"
	"gables/internal/heap"
	"gables/internal/wire"
)

// attributesEdit is an object whose attributes are being changed.
type attributesEdit struct {
	e      *Editor
	h      *HeaderEdit
	info   *format.DenseInfo // nil where the header has no attribute info message
	infoAt int
}

func (e *Editor) editAttributes(addr wire.Address) (*attributesEdit, error) {
	h, err := e.header(addr)
	if err != nil {
		return nil, err
	}
	a := &attributesEdit{e: e, h: h}
	if a.infoAt = h.Find(format.MsgAttributeInfo); a.infoAt >= 0 {
		if a.info, err = format.DecodeAttributeInfo(h.At(a.infoAt).Data, e.Draft.Sizes()); err != nil {
			return nil, h5err.At(err, "object header", uint64(addr))
		}
	}
	return a, nil
}

// SetAttribute gives the object at addr an attribute, in place of one of that
// name, which it gives back as it was encoded. The version of the message is
// the least that can hold it, and 3 in version 2 headers.
func (e *Editor) SetAttribute(addr wire.Address, m *format.Attribute) (old *format.Attribute, err error) {
	if m.Name == "" || len(m.Name) >= maxMessage {
		return nil, fmt.Errorf("attribute name of %d bytes: %w", len(m.Name), h5err.ErrSelection)
	}
	a, err := e.editAttributes(addr)
	if err != nil {
		return nil, err
	}
	if old, err = a.set(m); err != nil {
		return nil, h5err.At(err, "object header", uint64(addr))
	}
	return old, a.h.Save()
}

// RemoveAttribute takes an attribute away and gives it as it was encoded;
// ErrNotFound when there is none of that name.
func (e *Editor) RemoveAttribute(addr wire.Address, name string) (*format.Attribute, error) {
	a, err := e.editAttributes(addr)
	if err != nil {
		return nil, err
	}
	old, err := a.remove(name)
	if err == nil && old == nil {
		err = h5err.New(h5err.ErrNotFound, "", "", "attribute %q", name)
	}
	if err != nil {
		return nil, h5err.At(err, "object header", uint64(addr))
	}
	return old, a.h.Save()
}

func (a *attributesEdit) set(m *format.Attribute) (*format.Attribute, error) {
	n := *m
	n.Version = format.AttributeVersion(&n, format.BoundEarliest)
	if a.h.Prefix.Version == 2 {
		n.Version = 3
	}
	body, err := format.AppendAttribute(nil, &n)
	if err != nil {
		return nil, err
	}
	if a.h.Prefix.Version == 1 && len(body) > maxMessage&^7 {
		return nil, h5err.Limit("attribute message", "size", "%d bytes; an object of this style has at most %d in one", len(body), maxMessage&^7)
	}
	if a.dense() {
		return a.setDense(m.Name, body)
	}
	i, old, err := a.find(m.Name)
	if err != nil {
		return nil, err
	}
	if i >= 0 && len(body) <= maxMessage&^7 {
		return old, a.h.Replace(i, body)
	}
	return old, a.add(i, body)
}

func (a *attributesEdit) dense() bool { return a.info != nil && a.info.Heap.Defined() }

// find gives a compact attribute and the index of its message, or -1.
func (a *attributesEdit) find(name string) (int, *format.Attribute, error) {
	for i := range a.h.Len() {
		if a.h.At(i).Type != format.MsgAttribute {
			continue
		}
		m, err := a.body(a.h.At(i))
		if err != nil {
			return -1, nil, err
		}
		if m.Name == name {
			return i, m, nil
		}
	}
	return -1, nil, nil
}

// body decodes an attribute message, which may be a pointer to a shared one.
func (a *attributesEdit) body(m *format.Message) (*format.Attribute, error) {
	data := m.Data
	if m.Shared() {
		var err error
		if data, _, err = a.e.Graph().SharedBody(m.Type, m.Data); err != nil {
			return nil, err
		}
	}
	return format.DecodeAttribute(data)
}

// add puts a new attribute where there is room for it. One that is too long for
// a message, of which the header has a shorter one at i, moves all to dense
// storage.
func (a *attributesEdit) add(i int, body []byte) error {
	if i >= 0 {
		a.h.Remove(i)
	}
	order, err := a.nextOrder()
	if err != nil {
		return err
	}
	count := 0
	for i := range a.h.Len() {
		if a.h.At(i).Type == format.MsgAttribute {
			count++
		}
	}
	most, _ := a.phase()
	if a.h.Prefix.Version == 1 || count < most && len(body) <= maxMessage&^7 {
		return a.h.Add(format.Message{Type: format.MsgAttribute, Order: uint16(order), Data: body})
	}
	if err := a.makeDense(); err != nil {
		return err
	}
	return a.insertDense(body, 0, order)
}

// phase gives the thresholds between compact and dense storage.
func (a *attributesEdit) phase() (maxCompact, minDense int) {
	if a.h.Prefix.Flags&format.HeaderPhaseChange != 0 && a.h.Prefix.Version == 2 {
		return int(a.h.Prefix.MaxCompact), int(a.h.Prefix.MinDense)
	}
	return defaultMaxCompact, defaultMinDense
}

// nextOrder gives a new attribute its order of creation, and sees to it that a
// version 2 header has an attribute info message: readers count no attributes
// without one.
func (a *attributesEdit) nextOrder() (uint64, error) {
	if a.h.Prefix.Version == 1 {
		return 0, nil
	}
	if a.info == nil {
		a.info = &format.DenseInfo{TracksOrder: a.h.Prefix.Flags&format.HeaderTracksOrder != 0, IndexOrder: a.h.Prefix.Flags&format.HeaderIndexOrder != 0,
			Heap: wire.Undefined, NameIndex: wire.Undefined, OrderIndex: wire.Undefined}
	}
	order := a.info.MaxOrder
	if a.info.TracksOrder {
		if order > 0xffff {
			return 0, h5err.Limit("attribute info message", "creation order", "more than 65,536 attributes were created")
		}
		a.info.MaxOrder++
	}
	return order, a.saveInfo()
}

func (a *attributesEdit) saveInfo() error {
	body, err := format.AppendAttributeInfo(nil, a.info, a.e.Draft.Sizes())
	if err != nil {
		return err
	}
	return a.h.Set(format.MsgAttributeInfo, 4, body)
}

// makeDense moves the attributes from the header into dense storage.
func (a *attributesEdit) makeDense() error {
	var err error
	if a.info.Heap, err = heap.NewFractal(a.e.Draft, heap.AttributeHeap); err != nil {
		return err
	}
	if a.info.NameIndex, err = btree.NewV2(a.e.Draft, dense(btreeAttributeNames, attributeIDSize+1+4+4)); err != nil {
		return err
	}
	if a.info.IndexOrder {
		if a.info.OrderIndex, err = btree.NewV2(a.e.Draft, dense(btreeAttributeOrder, attributeIDSize+1+4)); err != nil {
			return err
		}
	}
	if err := a.saveInfo(); err != nil {
		return err
	}
	for i := 0; i < a.h.Len(); {
		m := a.h.At(i)
		if m.Type != format.MsgAttribute {
			i++
			continue
		}
		if err := a.insertDense(m.Data, m.Flags, uint64(m.Order)); err != nil {
			return err
		}
		a.h.Remove(i)
	}
	return nil
}

func (a *attributesEdit) open() (*heap.FractalEdit, *btree.V2Edit, error) {
	f, err := heap.EditFractal(a.e.Draft, a.info.Heap)
	if err != nil {
		return nil, nil, err
	}
	t, err := btree.EditV2(a.e.Draft, a.info.NameIndex)
	return f, t, err
}

// Records of the indexes of attributes: heap ID 8, message flags 1, order 4,
// and in the one by name its hash 4. Spec: III.A.2, types 8 and 9.
const (
	recordFlags = attributeIDSize
	recordOrder = recordFlags + 1
	recordHash  = recordOrder + 4
)

// byAttributeName compares a name with the records of the index by name.
func (a *attributesEdit) byAttributeName(f *heap.FractalEdit, name string) func([]byte) (int, error) {
	return byName(name, recordHash, func(record []byte) (string, error) {
		m, err := a.read(f, record)
		if err != nil {
			return "", err
		}
		return m.Name, nil
	})
}

// read decodes the attribute that a record refers to.
func (a *attributesEdit) read(f *heap.FractalEdit, record []byte) (*format.Attribute, error) {
	if record[recordFlags]&format.MsgFlagShared != 0 {
		// The heap of shared messages has it, under the same ID.
		b, err := a.e.Graph().sohm(format.MsgAttribute, record[:attributeIDSize])
		if err != nil {
			return nil, err
		}
		return format.DecodeAttribute(b)
	}
	b, err := f.Object(record[:attributeIDSize])
	if err != nil {
		return nil, err
	}
	return format.DecodeAttribute(append([]byte(nil), b...))
}

func (a *attributesEdit) insertDense(body []byte, flags uint8, order uint64) error {
	f, names, err := a.open()
	if err != nil {
		return err
	}
	var m *format.Attribute
	var id []byte
	if flags&format.MsgFlagShared != 0 {
		p, err := format.DecodeSharedMessage(body, a.e.Draft.Sizes())
		if err != nil {
			return err
		}
		if m, err = a.body(&format.Message{Type: format.MsgAttribute, Flags: flags, Data: body}); err != nil {
			return err
		}
		id = p.HeapID[:]
	} else {
		if m, err = format.DecodeAttribute(body); err != nil {
			return err
		}
		if id, err = f.Insert(body); err != nil {
			return err
		}
	}
	record := append(append([]byte(nil), id...), flags)
	record = binary.LittleEndian.AppendUint32(record, uint32(order))
	if a.info.IndexOrder {
		orders, err := btree.EditV2(a.e.Draft, a.info.OrderIndex)
		if err != nil {
			return err
		}
		if err := orders.Insert(record, byOrder(order, recordOrder, 4)); err != nil {
			return err
		}
	}
	record = binary.LittleEndian.AppendUint32(record, checksum.Lookup3([]byte(m.Name)))
	return names.Insert(record, a.byAttributeName(f, m.Name))
}

// setDense replaces or adds an attribute in dense storage.
func (a *attributesEdit) setDense(name string, body []byte) (*format.Attribute, error) {
	old, order, err := a.takeDense(name)
	if err != nil {
		return nil, err
	}
	if old == nil {
		if order, err = a.nextOrder(); err != nil {
			return nil, err
		}
	}
	return old, a.insertDense(body, 0, order)
}

// takeDense takes an attribute out of dense storage, nil when it is not there.
func (a *attributesEdit) takeDense(name string) (*format.Attribute, uint64, error) {
	f, names, err := a.open()
	if err != nil {
		return nil, 0, err
	}
	record, ok, err := names.Find(a.byAttributeName(f, name))
	if err != nil || !ok {
		return nil, 0, err
	}
	record = append([]byte(nil), record...)
	old, err := a.read(f, record)
	if err != nil {
		return nil, 0, err
	}
	if _, err := names.Remove(a.byAttributeName(f, name)); err != nil {
		return nil, 0, err
	}
	order := wire.Uint(record[recordOrder:recordHash])
	if a.info.IndexOrder {
		orders, err := btree.EditV2(a.e.Draft, a.info.OrderIndex)
		if err != nil {
			return nil, 0, err
		}
		if _, err := orders.Remove(byOrder(order, recordOrder, 4)); err != nil {
			return nil, 0, err
		}
	}
	if record[recordFlags]&format.MsgFlagShared != 0 {
		return old, order, nil
	}
	return old, order, f.Remove(record[:attributeIDSize])
}

func (a *attributesEdit) remove(name string) (*format.Attribute, error) {
	if !a.dense() {
		i, old, err := a.find(name)
		if err == nil && i >= 0 {
			a.h.Remove(i)
		}
		return old, err
	}
	old, _, err := a.takeDense(name)
	if err != nil || old == nil {
		return nil, err
	}
	_, names, err := a.open()
	if err != nil {
		return nil, err
	}
	left, err := names.Count()
	if _, least := a.phase(); err == nil && left < uint64(least) {
		err = a.makeCompact()
	}
	return old, err
}

// makeCompact moves the attributes from dense storage into the header, unless
// one is too long for a message.
func (a *attributesEdit) makeCompact() error {
	f, names, err := a.open()
	if err != nil {
		return err
	}
	var list []format.Message
	fits := true
	err = names.Each(func(record []byte) error {
		m := format.Message{Type: format.MsgAttribute, Flags: record[recordFlags], Order: uint16(wire.Uint(record[recordOrder:recordHash]))}
		if m.Shared() {
			fits = false
			return nil
		}
		b, err := f.Object(record[:attributeIDSize])
		if err != nil {
			return err
		}
		fits = fits && len(b) <= maxMessage&^7
		m.Data = append([]byte(nil), b...)
		list = append(list, m)
		return nil
	})
	if err != nil || !fits {
		return err
	}
	if err := a.e.freeDense(a.info); err != nil {
		return err
	}
	if err := a.saveInfo(); err != nil {
		return err
	}
	for _, m := range list {
		if err := a.h.Add(m); err != nil {
			return err
		}
	}
	return nil
}
