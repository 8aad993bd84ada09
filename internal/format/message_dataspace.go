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

// DataspaceVersion is the version of the message that libhdf5 chooses for d: a
// null dataspace has none before 2. Source: libhdf5's H5S.c.
func DataspaceVersion(d *dataspace.Dataspace, low Bound) uint8 {
	if low >= BoundV18 || d.Kind == dataspace.Null || d.Kind == dataspace.Simple && len(d.Dims) == 0 {
		return 2
	}
	return 1
}

// AppendDataspace appends a dataspace message of version 1 or 2. MaxDims are
// stored unless they are nil; libhdf5 always stores those of a simple
// dataspace. ErrUnsupported says that the version can't hold d, ErrLimit that a
// size does not fit. Spec: IV.A.2.b.
func AppendDataspace(b []byte, d *dataspace.Dataspace, version uint8, s wire.Sizes) ([]byte, error) {
	e := newEncoder("dataspace message", b, s)
	rank, flags := len(d.Dims), uint8(0)
	if d.MaxDims != nil && rank > 0 {
		flags = 1
	}
	switch {
	case rank > 32 || flags != 0 && len(d.MaxDims) != rank:
		e.fail(noForm("rank", "%d, with %d maximum sizes", rank, len(d.MaxDims)))
	case d.Kind > dataspace.Null || d.Kind != dataspace.Simple && rank != 0:
		e.fail(noForm("type", "%d of rank %d", d.Kind, rank))
	}
	e.U8(version)
	e.U8(uint8(rank))
	e.U8(flags)
	switch {
	case version == 1 && DataspaceVersion(d, BoundEarliest) == 1:
		e.Zero(5)
	case version == 2:
		e.U8(uint8(d.Kind))
	case version == 1:
		e.fail(noForm("type", "%v needs version 2", d))
	default:
		e.fail(unknownVersion("", version, "1 and 2"))
	}
	for _, n := range d.Dims {
		e.size("size", n)
	}
	if flags != 0 {
		for i, m := range d.MaxDims {
			if e.err == nil && m < d.Dims[i] {
				e.fail(noForm("maximum size", "dimension %d: %d is less than its size %d", i, m, d.Dims[i]))
			}
			e.length("maximum size", m)
		}
	}
	return e.done(b)
}

// size appends an extent, which can't be unlimited.
func (e *encoder) size(field string, n uint64) {
	if n == dataspace.Unlimited {
		e.fail(h5err.Limit("", field, "all ones stand for unlimited"))
	}
	e.length(field, n)
}

// SetDataspaceDims changes the sizes in an encoded dataspace message in place.
// ErrSelection says that they don't fit its rank or maximum sizes, ErrLimit
// that they don't fit the file's lengths; else the errors of DecodeDataspace.
// On an error nothing is changed. Spec: IV.A.2.b.
func SetDataspaceDims(b []byte, dims []uint64, s wire.Sizes) error {
	const name = "dataspace message"
	d, err := DecodeDataspace(b, s)
	if err != nil {
		return err
	}
	if d.Kind != dataspace.Simple || len(d.Dims) != len(dims) {
		return h5err.New(h5err.ErrSelection, name, "rank", "%v can't become %v", d, dims)
	}
	limits := d.MaxDims
	if limits == nil {
		limits = d.Dims
	}
	at := 8
	if b[0] == 2 {
		at = 4
	}
	e := newEncoder(name, make([]byte, 0, 8*len(dims)), s)
	for i, n := range dims {
		if n > limits[i] {
			return h5err.New(h5err.ErrSelection, name, "size", "dimension %d: %d is more than its maximum %d", i, n, limits[i])
		}
		e.size("size", n)
	}
	if e.err != nil {
		return e.err
	}
	copy(b[at:], e.Buf)
	return nil
}

func readDims(r *wire.Reader, rank int) []uint64 {
	dims := make([]uint64, rank)
	for i := range dims {
		dims[i] = r.Length()
	}
	return dims
}
