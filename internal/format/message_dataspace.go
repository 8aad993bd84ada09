package format

import (
	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// DecodeDataspace reads a dataspace message.
//
//	version 1: version, rank, flags, reserved 5, dims, [max dims], [permutation]
//	version 2: version, rank, flags, type, dims, [max dims]
//
// Spec: IV.A.2.b.
func DecodeDataspace(b []byte, s wire.Sizes) (*dataspace.Dataspace, error) {
	const name = "dataspace message"
	r := wire.NewReader(b, s)
	version, rank, flags := r.U8(), int(r.U8()), r.U8()
	if r.Err() != nil {
		return nil, inRecord(name, r.Err())
	}
	d := &dataspace.Dataspace{Kind: dataspace.Simple}
	switch version {
	case 1:
		r.Skip(5)
		if rank == 0 {
			d.Kind = dataspace.Scalar
		}
	case 2:
		kind := r.U8()
		if kind > 2 {
			return nil, h5err.Corrupt(name, "type", "%d", kind)
		}
		d.Kind = dataspace.Kind(kind)
	default:
		return nil, unknownVersion(name, version, "1 and 2")
	}
	if rank > 32 {
		return nil, h5err.Corrupt(name, "rank", "%d, at most 32", rank)
	}
	if d.Kind != dataspace.Simple && rank != 0 {
		return nil, h5err.Corrupt(name, "rank", "%d in a dataspace that is not simple", rank)
	}
	d.Dims = readDims(r, rank)
	if flags&1 != 0 {
		d.MaxDims = readDims(r, rank)
	}
	if r.Err() != nil {
		return nil, inRecord(name, r.Err())
	}
	for i, m := range d.MaxDims {
		if m < d.Dims[i] {
			return nil, h5err.Corrupt(name, "maximum size", "dimension %d: %d is less than its size %d", i, m, d.Dims[i])
		}
	}
	return d, nil
}

func readDims(r *wire.Reader, rank int) []uint64 {
	dims := make([]uint64, rank)
	for i := range dims {
		dims[i] = r.Length()
	}
	return dims
}
