package chunkio

import (
	"context"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
)

// Virtual holds the mappings of a virtual dataset.
type Virtual struct{}

func (d *Dataset) readVirtual(context.Context, *dataspace.Bound, Sink, int) error {
	return h5err.Unsupported("data layout message", "class", "virtual")
}
