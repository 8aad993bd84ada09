package format

import (
	"strings"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// FilterSpec is one stage of a filter pipeline as stored. Spec: IV.A.2.l.
type FilterSpec struct {
	ID     uint16
	Flags  uint16 // bit 0: optional
	Name   string
	Values []uint32 // client data
}

// DecodePipeline reads a filter pipeline message.
//
//	version 1: version, filters, reserved 6; each: id 2, name length 2, flags 2,
//	  values 2, name, values 4 each, [padding 4 when their number is odd]
//	version 2: version, filters; each: id 2, [id ≥ 256: name length 2], flags 2,
//	  values 2, [name], values 4 each
//
// Spec: IV.A.2.l.
func DecodePipeline(b []byte) ([]FilterSpec, error) {
	const name = "filter pipeline message"
	r := wire.NewReader(b, wire.Sizes{})
	version, n := r.U8(), int(r.U8())
	switch {
	case r.Err() != nil:
	case version == 1:
		r.Skip(6)
	case version != 2:
		return nil, unknownVersion(name, version, "1 and 2")
	}
	if n > 32 {
		return nil, h5err.Corrupt(name, "number of filters", "%d, at most 32", n)
	}
	specs := make([]FilterSpec, 0, n)
	for i := 0; i < n && r.Err() == nil; i++ {
		specs = append(specs, decodeFilterSpec(r, version))
	}
	return specs, inRecord(name, r.Err())
}

func decodeFilterSpec(r *wire.Reader, version uint8) FilterSpec {
	f := FilterSpec{ID: r.U16()}
	nameLen := 0
	if version == 1 || f.ID >= 256 {
		nameLen = int(r.U16())
	}
	f.Flags = r.U16()
	n := int(r.U16())
	if version == 1 {
		nameLen = (nameLen + 7) &^ 7
	}
	f.Name, _, _ = strings.Cut(string(r.Bytes(nameLen)), "\x00")
	if n*4 > r.Len() {
		r.Fail(h5err.Corrupt("", "number of client data values", "%d, %d bytes remain", n, r.Len()))
		return f
	}
	f.Values = make([]uint32, n)
	for i := range f.Values {
		f.Values[i] = r.U32()
	}
	if version == 1 && n%2 == 1 {
		r.Skip(4)
	}
	return f
}

// PipelineVersion is the version of the message that libhdf5 chooses.
func PipelineVersion(low Bound) uint8 { return low.of([...]uint8{1, 2, 2, 2, 2, 2}) }

// AppendPipeline appends a filter pipeline message of version 1 or 2. Version 2
// stores no names of filters below 256. ErrUnsupported: an unknown version or
// more than 32 filters; ErrLimit: a field does not fit. Spec: IV.A.2.l.
func AppendPipeline(b []byte, specs []FilterSpec, version uint8) ([]byte, error) {
	e := newEncoder("filter pipeline message", b, wire.Sizes{})
	if len(specs) > 32 {
		e.fail(noForm("number of filters", "%d, at most 32", len(specs)))
	}
	e.U8(version)
	e.U8(uint8(len(specs)))
	switch version {
	case 1:
		e.Zero(6)
	case 2:
	default:
		e.fail(unknownVersion("", version, "1 and 2"))
	}
	for i := range specs {
		e.filterSpec(&specs[i], version)
	}
	return e.done(b)
}

func (e *encoder) filterSpec(f *FilterSpec, version uint8) {
	named := version == 1 || f.ID >= 256
	n := 0
	if named && f.Name != "" {
		n = len(f.Name) + 1
	}
	if strings.IndexByte(f.Name, 0) >= 0 {
		e.fail(noForm("name", "a NUL in %q", f.Name))
	}
	e.U16(f.ID)
	if named {
		stored := n
		if version == 1 {
			stored = (n + 7) &^ 7
		}
		e.uint("length of name", uint64(stored), 2)
	}
	e.U16(f.Flags)
	e.uint("number of client data values", uint64(len(f.Values)), 2)
	from := e.Len()
	if n > 0 {
		e.CString(f.Name)
	}
	if version == 1 {
		e.Pad(from, 8)
	}
	for _, v := range f.Values {
		e.U32(v)
	}
	if version == 1 && len(f.Values)%2 == 1 {
		e.Zero(4)
	}
}

// ExternalFile is one part of a dataset stored in raw files. Spec: IV.A.2.h.
type ExternalFile struct {
	NameOffset uint64 // in the local heap
	Offset     uint64 // in the raw file
	Size       uint64 // bytes; all ones: without end
}

// ExternalFiles is the external data files message. Spec: IV.A.2.h.
type ExternalFiles struct {
	Heap  wire.Address // local heap with the names
	Files []ExternalFile
}

// DecodeExternalFiles reads version, reserved 3, allocated slots 2, used slots
// 2, heap address, and for each slot name offset, offset, size.
// Spec: IV.A.2.h.
func DecodeExternalFiles(b []byte, s wire.Sizes) (*ExternalFiles, error) {
	const name = "external data files message"
	r := wire.NewReader(b, s)
	if v := r.U8(); v != 1 && r.Err() == nil {
		return nil, unknownVersion(name, v, "1")
	}
	r.Skip(5)
	n := int(r.U16())
	e := &ExternalFiles{Heap: r.Address()}
	if n*3*s.Length > r.Len() {
		return nil, h5err.Corrupt(name, "used slots", "%d, %d bytes remain", n, r.Len())
	}
	for range n {
		e.Files = append(e.Files, ExternalFile{NameOffset: r.Length(), Offset: r.Length(), Size: r.Length()})
	}
	return e, inRecord(name, r.Err())
}

// AppendExternalFiles appends an external data files message without spare
// slots. Spec: IV.A.2.h.
func AppendExternalFiles(b []byte, x *ExternalFiles, s wire.Sizes) ([]byte, error) {
	e := newEncoder("external data files message", b, s)
	e.U8(1)
	e.Zero(3)
	n := uint64(len(x.Files))
	e.uint("allocated slots", n, 2)
	e.uint("used slots", n, 2)
	e.address("heap", x.Heap)
	for i := range x.Files {
		f := &x.Files[i]
		e.length("name offset", f.NameOffset)
		e.length("offset", f.Offset)
		e.length("size", f.Size)
	}
	return e.done(b)
}
