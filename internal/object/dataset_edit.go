package object

import (
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/wire"
)

// DatasetOptions describe a new dataset.
type DatasetOptions struct {
	HeaderOptions
	Type     *datatype.Datatype
	Space    *dataspace.Dataspace
	Layout   *format.Layout
	Fill     *format.Fill
	Filters  []format.FilterSpec
	External *format.ExternalFiles
}

// NewDataset makes the header of a dataset that no link leads to yet. What its
// layout points to is the caller's.
func (e *Editor) NewDataset(o DatasetOptions) (wire.Address, error) {
	list, err := e.datasetMessages(o)
	if err != nil {
		return 0, err
	}
	h, err := e.newHeader(list, o.HeaderOptions)
	if err != nil {
		return 0, err
	}
	if o.Type.Committed != 0 {
		if _, err := e.AddReference(wire.Address(o.Type.Committed), 1); err != nil {
			return 0, err
		}
	}
	return h.Address, e.unlinked(h)
}

// constant marks a message that never changes.
const constant = 0x01

func (e *Editor) datasetMessages(o DatasetOptions) ([]format.Message, error) {
	s := e.Draft.Sizes()
	space, err := e.EncodeSpace(o.Space)
	if err != nil {
		return nil, err
	}
	dtype, flags, err := e.EncodeType(o.Type)
	if err != nil {
		return nil, err
	}
	fill, err := format.AppendFill(nil, o.Fill, e.pick(2, 3))
	if err != nil {
		return nil, err
	}
	list := []format.Message{{Type: format.MsgDataspace, Data: space}, {Type: format.MsgDatatype, Flags: flags | constant, Data: dtype},
		{Type: format.MsgFill, Flags: constant, Data: fill}}
	if len(o.Filters) > 0 {
		body, err := format.AppendPipeline(nil, o.Filters, e.pick(1, 2))
		if err != nil {
			return nil, err
		}
		list = append(list, format.Message{Type: format.MsgFilterPipeline, Flags: constant, Data: body})
	}
	layout, err := format.AppendLayout(nil, o.Layout, s)
	if err != nil {
		return nil, err
	}
	list = append(list, format.Message{Type: format.MsgLayout, Data: layout})
	if o.External != nil {
		body, err := format.AppendExternalFiles(nil, o.External, s)
		if err != nil {
			return nil, err
		}
		list = append(list, format.Message{Type: format.MsgExternalFiles, Data: body})
	}
	if o.Version(e) == 1 && !o.Time.IsZero() {
		body, err := format.AppendModTime(nil, o.Time)
		if err != nil {
			return nil, err
		}
		list = append(list, format.Message{Type: format.MsgModTime, Data: body})
	}
	return list, nil
}

// EncodeSpace encodes a dataspace message in the editor's style.
func (e *Editor) EncodeSpace(d *dataspace.Dataspace) ([]byte, error) {
	return format.AppendDataspace(nil, d, format.DataspaceVersion(d, e.Low), e.Draft.Sizes())
}

// EncodeType encodes a datatype message, in the versions that t has
// (format.FitDatatype gives them): a pointer and the flag that says so where the
// type is committed.
func (e *Editor) EncodeType(t *datatype.Datatype) (body []byte, flags uint8, err error) {
	if t.Committed != 0 {
		body, err = format.AppendSharedMessage(nil, format.SharedMessage{Header: wire.Address(t.Committed)}, e.Draft.Sizes())
		return body, format.MsgFlagShared, err
	}
	body, err = format.AppendDatatype(nil, t, e.Draft.Sizes())
	return body, 0, err
}

// NewDatatype commits a datatype under a header that no link leads to yet.
func (e *Editor) NewDatatype(t *datatype.Datatype, o HeaderOptions) (wire.Address, error) {
	plain := *t
	plain.Committed = 0
	fitted, err := format.FitDatatype(&plain, e.Low, e.Draft.Sizes())
	if err != nil {
		return 0, err
	}
	body, _, err := e.EncodeType(fitted)
	if err != nil {
		return 0, err
	}
	list := []format.Message{{Type: format.MsgDatatype, Flags: constant, Data: body}}
	if o.Version(e) == 1 && !o.Time.IsZero() {
		body, err := format.AppendModTime(nil, o.Time)
		if err != nil {
			return 0, err
		}
		list = append(list, format.Message{Type: format.MsgModTime, Data: body})
	}
	h, err := e.newHeader(list, o)
	if err != nil {
		return 0, err
	}
	return h.Address, e.unlinked(h)
}

// SetMessage replaces the message of a type of the object at addr, or adds it;
// nil takes it away.
func (e *Editor) SetMessage(addr wire.Address, t format.MessageType, body []byte) error {
	h, err := e.header(addr)
	if err != nil {
		return err
	}
	i := h.Find(t)
	switch {
	case body == nil && i >= 0:
		h.Remove(i)
	case i >= 0:
		err = h.Replace(i, body)
	case body != nil:
		err = h.Add(format.Message{Type: t, Data: body})
	}
	if err != nil {
		return h5err.At(err, "object header", uint64(addr))
	}
	return h.Save()
}

// SetLayout replaces the layout message of a dataset.
func (e *Editor) SetLayout(addr wire.Address, l *format.Layout) error {
	body, err := format.AppendLayout(nil, l, e.Draft.Sizes())
	if err != nil {
		return err
	}
	return e.SetMessage(addr, format.MsgLayout, body)
}

// SetSpace replaces the dataspace message of a dataset, in the version that it
// has if that can hold the new one.
func (e *Editor) SetSpace(addr wire.Address, d *dataspace.Dataspace) error {
	h, err := e.header(addr)
	if err != nil {
		return err
	}
	i := h.Find(format.MsgDataspace)
	if i < 0 || h.At(i).Shared() || len(h.At(i).Data) == 0 {
		return h5err.At(h5err.Unsupported("object header", "dataspace message", "it is shared or absent, and can't be changed"), "", uint64(addr))
	}
	version := max(h.At(i).Data[0], format.DataspaceVersion(d, format.BoundEarliest))
	body, err := format.AppendDataspace(nil, d, version, e.Draft.Sizes())
	if err != nil {
		return err
	}
	if err := h.Replace(i, body); err != nil {
		return err
	}
	return h.Save()
}
