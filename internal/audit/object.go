package audit

import (
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/object"
	"gables/internal/wire"
)

// header reads an object header and claims its blocks; nil when it can't be read.
func (a *auditor) header(path string, addr wire.Address) *object.Header {
	h, err := a.Graph.Open(addr)
	if err != nil {
		a.fault(path, ObjectHeader, addr, err)
		return nil
	}
	n := h.PrefixSize + h.ChunkSize
	if h.Version == 2 {
		n += 4
	}
	a.claim(path, ObjectHeader, addr, n)
	for i := range h.Messages {
		m := &h.Messages[i]
		if m.Type != format.MsgContinuation {
			continue
		}
		if c, err := format.DecodeContinuationMessage(m.Data, a.sizes); err == nil {
			a.claim(path, ObjectHeader, c.Address, c.Size)
		}
	}
	return h
}

// object checks one object and notes what it leads to.
func (a *auditor) object(k *known) {
	a.progress(k.path)
	h := a.header(k.path, k.addr)
	if h == nil {
		return
	}
	k.read, k.said = true, h.References()
	a.messages(k.path, h)
	switch h.Kind() {
	case object.KindGroup:
		a.report.Groups++
		a.group(k.path, h)
	case object.KindDataset:
		a.report.Datasets++
		a.dataset(k.path, h)
	case object.KindDatatype:
		a.report.Datatypes++
	default:
		a.add(Warning, k.path, h5err.At(h5err.Unsupported(ObjectHeader.String(), "messages", "the object is neither group, dataset nor datatype"), "", uint64(k.addr)))
	}
	a.attributes(k.path, h)
}

// messages decodes what the kinds of objects have in common.
func (a *auditor) messages(path string, h *object.Header) {
	for i := range h.Messages {
		m := &h.Messages[i]
		switch {
		case m.Flags&(format.MsgFlagShared|flagSharable) != 0 && !sharable(m.Type):
			a.damage(path, ObjectHeader, h.Address, "message", "one of type 0x%02x has flags 0x%02x, but can't be shared", uint16(m.Type), m.Flags)
			continue
		case m.Type == format.MsgRefCount && h.Version == 1:
			a.damage(path, ObjectHeader, h.Address, "message", "a reference count beside that of the prefix")
		}
		body, committed, err := a.Graph.Body(m)
		if err == nil {
			err = a.message(m.Type, body)
		}
		a.fault(path, ObjectHeader, h.Address, err)
		if m.Type == format.MsgDatatype && committed.Defined() {
			a.find(committed, path+" (datatype)").links++
		}
	}
}

// flagSharable says that a message may be moved to the heap of shared messages.
const flagSharable = 0x40

// sharable tells whether messages of a type may lie elsewhere. Spec: IV.A.2.
func sharable(t format.MessageType) bool {
	switch t {
	case format.MsgDataspace, format.MsgDatatype, format.MsgFill, format.MsgFillOld, format.MsgFilterPipeline, format.MsgAttribute:
		return true
	}
	return false
}

// message decodes one message that nothing else looks at.
func (a *auditor) message(t format.MessageType, b []byte) error {
	var err error
	switch t {
	case format.MsgDataspace:
		_, err = format.DecodeDataspace(b, a.sizes)
	case format.MsgDatatype:
		_, err = format.DecodeDatatype(wire.NewReader(b, a.sizes), a.cache.Limits())
	case format.MsgFill:
		_, err = format.DecodeFill(b)
	case format.MsgFillOld:
		_, err = format.DecodeFillOld(b)
	case format.MsgGroupInfo:
		_, err = format.DecodeGroupInfo(b)
	case format.MsgFilterPipeline:
		_, err = format.DecodePipeline(b)
	case format.MsgModTime:
		_, err = format.DecodeModTime(b)
	case format.MsgModTimeOld:
		_, err = format.DecodeModTimeOld(b)
	case format.MsgBTreeK:
		_, err = format.DecodeBTreeK(b)
	case format.MsgFileSpaceInfo:
		_, err = format.DecodeFileSpaceInfo(b, a.sizes)
	}
	return err
}

// attributes checks the storage of an object's attributes and every value.
func (a *auditor) attributes(path string, h *object.Header) {
	found := uint64(0)
	for at, err := range a.Graph.Attributes(h) {
		if err != nil {
			a.fault(path, ObjectHeader, h.Address, err)
			break
		}
		found++
		where := path + " @" + at.Name
		if at.Err != nil {
			a.fault(where, ObjectHeader, h.Address, at.Err)
			continue
		}
		if at.Type.Committed != 0 {
			a.find(wire.Address(at.Type.Committed), where+" (datatype)").links++
		}
		a.values.elements(where, at.Type, at.Data)
	}
	a.report.Attributes += found
	m := h.Find(format.MsgAttributeInfo)
	if m == nil {
		return
	}
	info, err := format.DecodeAttributeInfo(m.Data, a.sizes)
	if err != nil {
		a.fault(path, ObjectHeader, h.Address, err)
		return
	}
	a.dense(path+" (attributes)", info, 8, 9)
}

// dense checks the heap and the indexes of dense storage, whose B-trees have
// these types of records.
func (a *auditor) dense(path string, info *format.DenseInfo, byName, byOrder uint8) {
	if !info.Heap.Defined() {
		return
	}
	f := a.fractal(path, info.Heap)
	names, orders, shared := uint64(0), uint64(0), uint64(0)
	a.treeV2(path, info.NameIndex, byName, func(record []byte) error {
		names++
		if byName == 8 && record[8]&format.MsgFlagShared != 0 {
			shared++
		}
		return nil
	})
	if info.OrderIndex.Defined() {
		a.treeV2(path, info.OrderIndex, byOrder, func([]byte) error { orders++; return nil })
		if orders != names {
			a.damage(path, BTreeV2, info.OrderIndex, "records", "%d in the index by creation, %d in that by name", orders, names)
		}
	}
	if f != nil && f.Objects+f.HugeObjects+f.TinyObjects != names-shared {
		a.damage(path, FractalHeap, info.Heap, "objects", "%d, %d names lead to them", f.Objects+f.HugeObjects+f.TinyObjects, names-shared)
	}
}
