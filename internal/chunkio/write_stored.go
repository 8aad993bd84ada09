package chunkio

import (
	"context"
	"math"
	"slices"

	"gables/hdf5/h5err"
	"gables/internal/chunkindex"
	"gables/internal/format"
	"gables/internal/wire"
)

// Stored is a chunk as it lies in the file: filtered, but for the stages whose
// bits are set in Mask.
type Stored struct {
	Scaled []uint64
	Mask   uint32
	Data   []byte
}

// WriteStored stores chunks as they are, filtered by the caller. The list must
// not have a chunk twice.
func (w *Writer) WriteStored(ctx context.Context, list []Stored, workers int) error {
	if w.Data.Layout.Index == format.IndexImplicit && !w.Data.Layout.Address.Defined() {
		if err := w.createIndex(); err != nil {
			return err
		}
	}
	w.Dirty.forget(w)
	jobs := make([]encodeJob, len(list))
	for i, s := range list {
		if c := w.chunks[string(w.chunkKey(s.Scaled))]; c != nil {
			w.drop(c)
		}
		jobs[i] = encodeJob{scaled: s.Scaled, mask: s.Mask, out: s.Data}
	}
	if err := w.place(jobs); err != nil {
		return err
	}
	return w.transfer(ctx, jobs, w.Data.workersFor(workers))
}

// Unfiltered tells whether a chunk is stored as it is, whatever the pipeline.
func (d *Dataset) Unfiltered(scaled []uint64) bool { return d.unfiltered(scaled) }

// CheckStored refuses a chunk whose stored size or place can't be right.
func (d *Dataset) CheckStored(c chunkindex.Chunk) error {
	if end, ok := wire.Add(uint64(c.Address), c.Size); !ok || end > d.Cache.End() {
		return h5err.New(h5err.ErrTruncated, "chunk index", "chunk", "%d bytes at 0x%x lie beyond the end of the file", c.Size, uint64(c.Address))
	}
	if d.unfiltered(c.Scaled) {
		return d.checkUnfiltered(c)
	}
	if c.Size > math.MaxUint32 || c.Size > uint64(d.Cache.Limits().Chunk)*2 {
		return h5err.Limit("chunk index", "chunk size", "%d bytes stored", c.Size)
	}
	return nil
}

// ReadStored appends a chunk to dst as it is stored.
func (d *Dataset) ReadStored(dst []byte, c chunkindex.Chunk) ([]byte, error) {
	if err := d.CheckStored(c); err != nil {
		return nil, err
	}
	at := len(dst)
	dst = slices.Grow(dst, int(c.Size))[:at+int(c.Size)]
	return dst, d.Cache.ReadFull(dst[at:], c.Address)
}
