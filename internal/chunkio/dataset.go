// Package chunkio turns a selection of a dataset into values: it plans which
// chunks the selection touches, reads and decodes them in parallel, and hands
// the elements to a Sink. A Dataset is safe for any number of goroutines; no
// lock is held over I/O or decoding.
package chunkio

import (
	"context"
	"math"

	"gables/hdf5/dataspace"
	"gables/hdf5/driver"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/chunkindex"
	"gables/internal/format"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// Dataset is what is needed to read one dataset's raw data.
type Dataset struct {
	Cache       *metacache.Cache
	Dims        []uint64 // [rank]; nil for a scalar
	ElementSize int      // bytes of an element as stored
	Layout      *format.Layout
	Pipeline    *filter.Pipeline
	Fill        []byte           // one element as stored; nil: zeros
	Index       chunkindex.Index // chunked
	External    driver.Driver    // contiguous data in raw files, from position 0
	Mappings    *Virtual         // virtual
	Chunks      *ChunkCache      // decoded chunks that are read in parts
	Epoch       uint64           // of the bytes at the chunks' addresses
	Pool        *Pool

	chunkDims  []uint64 // [rank]
	chunkElems uint64
	runWhole   bool // a chunk is likely to be one run: only 1s before the first extent that is not, all of each dimension behind
}

// Sink takes the elements that a read delivers. Both methods are called from
// several goroutines at once, for ranges that do not overlap.
type Sink interface {
	// Direct gives the memory of n elements from position at of the row-major
	// result, when stored bytes may be put there as they are; nil otherwise.
	Direct(at, n uint64) []byte
	// Put takes elements as stored for the positions from at on. src is valid
	// during the call only.
	Put(at uint64, src []byte) error
}

// Init checks what the layout says against the shape and must precede reads.
func (d *Dataset) Init() error {
	if d.ElementSize <= 0 {
		return h5err.Corrupt("datatype message", "size", "%d", d.ElementSize)
	}
	if d.Layout.Class != format.LayoutChunked {
		return nil
	}
	rank := len(d.Dims)
	if rank == 0 || len(d.Layout.ChunkDims) != rank {
		return h5err.Corrupt("data layout message", "dimensionality", "%d for a dataspace of rank %d", len(d.Layout.ChunkDims)+1, len(d.Dims))
	}
	if d.Layout.ElementSize != uint64(d.ElementSize) {
		return h5err.Corrupt("data layout message", "element size", "%d, the datatype has %d", d.Layout.ElementSize, d.ElementSize)
	}
	elems, ok := wire.Product(d.Layout.ChunkDims)
	bytes, fits := wire.Mul(elems, uint64(d.ElementSize))
	if !ok || !fits || bytes > math.MaxUint32 {
		return h5err.Corrupt("data layout message", "chunk size", "dims %v of %d bytes", d.Layout.ChunkDims, d.ElementSize)
	}
	if bytes > uint64(d.Cache.Limits().Chunk) {
		return h5err.Limit("data layout message", "chunk size", "%d bytes, limit %d (Limits.Chunk)", bytes, d.Cache.Limits().Chunk)
	}
	d.chunkDims, d.chunkElems = d.Layout.ChunkDims, elems
	d.runWhole = true
	for i, ones := 0, true; i < len(d.Dims); i++ {
		d.runWhole = d.runWhole && (ones || d.chunkDims[i] == d.Dims[i])
		ones = ones && d.chunkDims[i] == 1
	}
	return nil
}

// ChunkBytes is the length of every chunk before filtering.
func (d *Dataset) ChunkBytes() int { return int(d.chunkElems) * d.ElementSize }

// Read delivers the elements of b to s, using at most workers goroutines, the
// caller's included; 0 means as many as the pool has.
func (d *Dataset) Read(ctx context.Context, b *dataspace.Bound, s Sink, workers int) error {
	if b.Count() == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	switch d.Layout.Class {
	case format.LayoutCompact:
		return d.readCompact(b, s)
	case format.LayoutContiguous:
		return d.readContiguous(ctx, b, s, workers)
	case format.LayoutChunked:
		return d.readChunks(ctx, b, s, workers)
	case format.LayoutVirtual:
		return d.readVirtual(ctx, b, s, workers)
	}
	return h5err.Unsupported("data layout message", "class", "%d", d.Layout.Class)
}

func (d *Dataset) readCompact(b *dataspace.Bound, s Sink) error {
	n, ok := wire.Product(d.Dims)
	size, fits := wire.Mul(n, uint64(d.ElementSize))
	if !ok || !fits || size > uint64(len(d.Layout.Data)) {
		return h5err.Corrupt("data layout message", "compact size", "%d bytes for %d elements of %d", len(d.Layout.Data), n, d.ElementSize)
	}
	w := d.worker(s)
	defer w.release()
	return w.scatter(b, make([]uint64, len(d.Dims)), d.Dims, d.Layout.Data)
}
