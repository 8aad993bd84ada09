package hdf5

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gables/hdf5/h5err"
	"gables/internal/chunkindex"
	"gables/internal/chunkio"
	"gables/internal/format"
)

// scaled turns the offset of a chunk's first element into its place in the grid
// of chunks.
func scaledOffset(offset, dims, chunk []uint64) ([]uint64, error) {
	if len(offset) != len(chunk) {
		return nil, h5err.New(h5err.ErrSelection, "", "", "a chunk offset %v for rank %d", offset, len(chunk))
	}
	scaled := make([]uint64, len(offset))
	for i, o := range offset {
		if o%chunk[i] != 0 || o >= dims[i] {
			return nil, h5err.New(h5err.ErrSelection, "", "", "no chunk begins at %v: extents %v, chunks of %v", offset, dims, chunk)
		}
		scaled[i] = o / chunk[i]
	}
	return scaled, nil
}

// findChunk gives what reads d and the chunk at an offset, inside a call.
func (d *Dataset) findChunk(offset []uint64) (*chunkio.Dataset, chunkindex.Chunk, error) {
	var none chunkindex.Chunk
	if d.layout.Class != format.LayoutChunked {
		return nil, none, h5err.New(h5err.ErrType, "dataset", "layout", "%s, not chunked", d.layout.Class)
	}
	scaled, err := scaledOffset(offset, d.space.Dims, d.layout.ChunkDims)
	if err != nil {
		return nil, none, err
	}
	r, err := d.reader()
	if err != nil {
		return nil, none, err
	}
	c, ok, err := r.Index.Find(scaled)
	if err == nil && !ok {
		err = fmt.Errorf("chunk at %v: %w", offset, h5err.ErrNotFound)
	}
	c.Scaled = scaled
	return r, c, err
}

// ChunkInfo tells where the chunk is stored whose first element is at offset.
// Errors: ErrNotFound: it is not allocated; ErrSelection: no chunk begins there;
// ErrType: the dataset is not chunked.
func (d *Dataset) ChunkInfo(offset []uint64) (Chunk, error) {
	d, err := d.enter()
	if err != nil {
		return Chunk{}, err
	}
	defer d.leave()
	_, c, err := d.findChunk(offset)
	if err != nil {
		return Chunk{}, d.wrap(err)
	}
	return Chunk{Offset: slices.Clone(offset), Address: uint64(c.Address), Size: c.Size, FilterMask: c.Mask}, nil
}

// ReadChunk gives the bytes of the chunk whose first element is at offset as
// they are stored, in dst[:0] where that has room, and the filters that were
// skipped for it: bit i stands for filter i. Errors are those of ChunkInfo, and
// of reading.
func (d *Dataset) ReadChunk(ctx context.Context, offset []uint64, dst []byte) (stored []byte, mask uint32, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	d, err = d.enter()
	if err != nil {
		return nil, 0, err
	}
	defer d.leave()
	r, c, err := d.findChunk(offset)
	if err != nil {
		return nil, 0, d.wrap(err)
	}
	stored, err = r.ReadStored(dst[:0], c)
	return stored, c.Mask, d.wrap(err)
}

// changeChunk begins a change of the chunk at an offset.
func (d *Dataset) changeChunk(ctx context.Context, offset []uint64, change func(r *rawWriter, scaled []uint64) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r, err := d.change()
	if err != nil {
		return err
	}
	defer d.release(r)
	l := r.raw.Data.Layout
	if l.Class != format.LayoutChunked {
		return d.wrap(h5err.New(h5err.ErrType, "dataset", "layout", "%s, not chunked", l.Class))
	}
	scaled, err := scaledOffset(offset, r.space.Dims, l.ChunkDims)
	if err == nil {
		err = change(r, scaled)
	}
	return d.wrap(err)
}

// WriteChunk stores the chunk whose first element is at offset as it is: the
// caller has applied the filters, but for those whose bits are set in mask.
// Whether it can be decoded is found out by who reads it. Errors: those of
// ChunkInfo but ErrNotFound; ErrSelection: a mask for filters that are not there, or a
// length other than the chunk's where no filter is applied.
func (d *Dataset) WriteChunk(ctx context.Context, offset []uint64, mask uint32, stored []byte) error {
	return d.changeChunk(ctx, offset, func(r *rawWriter, scaled []uint64) error {
		stages := len(r.raw.Data.Pipeline.Stages())
		if stages < 32 && mask>>stages != 0 {
			return h5err.New(h5err.ErrSelection, "", "", "filter mask 0x%x for %d filters", mask, stages)
		}
		if uint64(len(stored)) > math.MaxUint32 || len(stored) == 0 {
			return h5err.New(h5err.ErrSelection, "", "", "a chunk of %d bytes", len(stored))
		}
		none := stages == 0 || stages <= 32 && mask == uint32(uint64(1)<<stages-1) || r.raw.Data.Unfiltered(scaled)
		if n := r.raw.Data.ChunkBytes(); none && len(stored) != n {
			return h5err.New(h5err.ErrSelection, "", "", "%d bytes for an unfiltered chunk of %d", len(stored), n)
		}
		err := r.raw.WriteStored(ctx, []chunkio.Stored{{Scaled: scaled, Mask: mask, Data: stored}}, 1)
		if err != nil {
			r.w.fail(err)
		}
		return err
	})
}

// RemoveChunk takes the chunk whose first element is at offset out of the file,
// so that its elements read as fill value. One that is not there is no error.
// ErrUnsupported: an index that has all chunks.
func (d *Dataset) RemoveChunk(ctx context.Context, offset []uint64) error {
	return d.changeChunk(ctx, offset, func(r *rawWriter, scaled []uint64) error {
		if r.raw.Data.Layout.Index == format.IndexImplicit {
			return h5err.Unsupported("data layout message", "chunk index", "implicit, of which no chunk can be taken away")
		}
		return r.raw.RemoveChunk(scaled)
	})
}
