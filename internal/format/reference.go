package format

import (
	"math"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// Source of all that the specification leaves open here: libhdf5's H5Rint.c and
// H5Tref.c, and files that it wrote.

// AppendRegion appends the global heap object that an old region reference
// refers to: the dataset's address and the selection. Spec: VII.C.
func AppendRegion(b []byte, object wire.Address, sel *Selection, low Bound, s wire.Sizes) ([]byte, error) {
	e := newEncoder("region reference", b, s)
	e.address("address", object)
	e.selection(sel, low)
	return e.done(b)
}

// DecodeRegion reads what AppendRegion appends. Spec: VII.C.
func DecodeRegion(b []byte, s wire.Sizes) (wire.Address, *Selection, error) {
	r := wire.NewReader(b, s)
	addr := r.Address()
	if r.Err() != nil {
		return 0, nil, inRecord("region reference", r.Err())
	}
	sel, err := DecodeSelection(r)
	return addr, sel, err
}

// HeapID is the place of an object in the global heap. Spec: III.E.
type HeapID struct {
	Address wire.Address // of the collection
	Index   uint32
}

// StdReference is a reference of the datatype H5T_STD_REF.
type StdReference struct {
	Kind      datatype.ReferenceKind // ObjectReference2 and later
	Object    wire.Address
	File      string     // name of the file that Object is in, "" for the same one
	Rank      int        // of the dataspace that Region selects from
	Region    *Selection // for a RegionReference2
	Attribute string     // for an AttributeReference
}

// StdReferenceSize is how many bytes an element of H5T_STD_REF takes.
func StdReferenceSize(s wire.Sizes) int { return 2 + 4 + s.Offset + 4 }

// InHeap tells whether a part of r is stored in the global heap.
func (r *StdReference) InHeap() bool { return r.Kind != datatype.ObjectReference2 || r.File != "" }

// AppendStdReference appends an element of H5T_STD_REF. n and id are size and
// place of the heap object where InHeap says that there is one.
//
//	offset size field
//	0      1    kind
//	1      1    flags; bit 0: in another file
//	2      …    in the heap: size 4, address, index 4; else: size of the token 1, token
func AppendStdReference(b []byte, r *StdReference, n int, id HeapID, s wire.Sizes) ([]byte, error) {
	e := newEncoder("reference", b, s)
	if r.Kind < datatype.ObjectReference2 || r.Kind > datatype.AttributeReference {
		e.fail(noForm("type", "%d", r.Kind))
	}
	start := e.Len()
	e.U8(uint8(r.Kind))
	e.U8(uint8(bit(r.File != "", 0)))
	if r.InHeap() {
		e.uint("size", uint64(n), 4)
		e.address("heap address", id.Address)
		e.U32(id.Index)
	} else {
		e.U8(uint8(s.Offset))
		e.address("token", r.Object)
		e.Zero(StdReferenceSize(s) - (e.Len() - start))
	}
	return e.done(b)
}

// AppendStdReferenceObject appends the heap object of a reference: size of the
// token 1, token, then [file name], [size 4, rank 4, selection], [attribute
// name], each name with its length 2 before it.
func AppendStdReferenceObject(b []byte, r *StdReference, low Bound, s wire.Sizes) ([]byte, error) {
	e := newEncoder("reference", b, s)
	e.U8(uint8(s.Offset))
	e.address("token", r.Object)
	if r.File != "" {
		e.name16("file name", r.File)
	}
	switch {
	case r.Kind == datatype.RegionReference2 && r.Region != nil:
		at := e.Len()
		e.Zero(4)
		e.uint("rank", uint64(r.Rank), 4)
		e.selection(r.Region, low)
		n := uint64(e.Len() - at - 8)
		if n > math.MaxUint32 {
			e.fail(h5err.Limit("", "selection", "%d bytes", n))
		}
		wire.PutUint(e.Buf[at:at+4], n)
	case r.Kind == datatype.AttributeReference:
		e.name16("attribute name", r.Attribute)
	case r.Kind != datatype.ObjectReference2:
		e.fail(noForm("type", "%d", r.Kind))
	}
	return e.done(b)
}

// name16 appends a name behind its length.
func (e *encoder) name16(field, name string) {
	e.uint("length of "+field, uint64(len(name)), 2)
	e.String(name)
}

// DecodeStdReference reads an element of H5T_STD_REF. Where r.InHeap the rest of
// it is in a heap object of which n bytes count, for DecodeObject.
// Source: H5Tref.c.
func DecodeStdReference(b []byte, s wire.Sizes) (r *StdReference, n uint32, id HeapID, err error) {
	const name = "reference"
	rd := wire.NewReader(b, s)
	kind, flags := rd.U8(), rd.U8()
	r = &StdReference{Kind: datatype.ReferenceKind(kind)}
	switch {
	case rd.Err() != nil:
	case r.Kind < datatype.ObjectReference2 || r.Kind > datatype.AttributeReference:
		return nil, 0, id, h5err.Unsupported(name, "type", "%d", kind)
	case flags&1 != 0:
		r.File = "?" // until DecodeObject
		fallthrough
	case r.Kind != datatype.ObjectReference2:
		n, id.Address, id.Index = rd.U32(), rd.Address(), rd.U32()
	default:
		r.token(rd)
	}
	return r, n, id, inRecord(name, rd.Err())
}

// DecodeObject reads the heap object of a reference into r: what
// AppendStdReferenceObject appends. Source: H5Rint.c.
func (r *StdReference) DecodeObject(b []byte, s wire.Sizes) error {
	const name = "reference"
	rd := wire.NewReader(b, s)
	r.token(rd)
	if r.File != "" {
		r.File = string(rd.Bytes(int(rd.U16())))
	}
	switch {
	case rd.Err() != nil:
	case r.Kind == datatype.RegionReference2:
		n, rank := rd.U32(), rd.U32()
		if rd.Err() == nil && (int64(n) > int64(rd.Len()) || rank > maxRank) {
			return h5err.Corrupt(name, "region", "%d bytes of rank %d", n, rank)
		}
		var err error
		r.Rank = int(rank)
		if r.Region, err = DecodeSelection(rd); err != nil {
			return err
		}
	case r.Kind == datatype.AttributeReference:
		r.Attribute = string(rd.Bytes(int(rd.U16())))
	}
	return inRecord(name, rd.Err())
}

// token reads the object's address behind its size.
func (r *StdReference) token(rd *wire.Reader) {
	n := int(rd.U8())
	if rd.Err() == nil && (n == 0 || n > 8) {
		rd.Fail(h5err.Unsupported("", "token", "%d bytes", n))
	}
	r.Object = wire.Address(wire.Uint(rd.Bytes(n)))
}
