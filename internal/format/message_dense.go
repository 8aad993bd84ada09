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
