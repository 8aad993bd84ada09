package hdf5

import (
	"context"
	"unsafe"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// Bytes of one part that Stream delivers: enough for the workers, and at most
// what a row of chunks may take before they are decoded again and again.
const (
	streamBytes    = 8 << 20
	streamBytesMax = 128 << 20
)

// Stream calls visit, from the calling goroutine, for consecutive parts of the
// selection in row-major order, each of at most limit elements (0: as many as
// suit the layout). Memory is bounded by one part. An error of visit ends it
// and is given.
func (d *Dataset) Stream(ctx context.Context, sel dataspace.Selection, limit uint64, visit func(Block) error) error {
	d, err := d.enterFrozen()
	if err != nil {
		return err
	}
	defer d.leave()
	b, err := d.bind([]dataspace.Selection{sel})
	if err != nil {
		return err
	}
	r, err := d.reader()
	if err != nil || b.Count() == 0 {
		return d.wrap(err)
	}
	most, chunk := d.streamPart()
	if limit == 0 || limit > most {
		limit = most
	}
	es, buf, seq := uint64(d.dtype.Size), []byte(nil), uint64(0)
	if es > uint64(d.s.conf.limits.Alloc) {
		return d.wrap(h5err.Limit("datatype message", "size", "%d bytes, limit %d", es, d.s.conf.limits.Alloc))
	}
	b.SplitChunks(limit, chunk, func(_ uint64, piece *dataspace.Bound) bool {
		need := piece.Count() * es
		if uint64(cap(buf)) < need {
			buf = make([]byte, need)
		}
		buf = buf[:need]
		if err = ctx.Err(); err == nil {
			err = d.wrap(r.Read(ctx, piece, memorySink{unsafe.Pointer(unsafe.SliceData(buf)), es}, 0))
		}
		if err == nil {
			err = visit(Block{seq, piece.Count(), buf})
		}
		seq++
		return err == nil
	})
	return err
}

// streamPart gives how many elements one part has, and the chunk's extents.
func (d *Dataset) streamPart() (uint64, []uint64) {
	es := uint64(d.dtype.Size)
	chunk := d.layout.ChunkDims
	if len(chunk) == 0 || len(chunk) != len(d.space.Dims) {
		return max(1, streamBytes/es), nil
	}
	row := append([]uint64{chunk[0]}, d.space.Dims[1:]...)
	n, ok := wire.Product(row)
	if n, fits := wire.Mul(n, es); ok && fits && n < streamBytesMax {
		return max(1, max(n, streamBytes)/es), chunk
	}
	return max(1, streamBytesMax/es), chunk
}

// Bind checks a selection against the dataset's shape; its Shape is that of
// the result.
func (d *Dataset) Bind(sel dataspace.Selection) (*dataspace.Bound, error) {
	return d.bind([]dataspace.Selection{sel})
}
