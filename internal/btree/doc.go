// Package btree walks and edits the two kinds of B-tree of the format (Spec:
// III.A): it finds one record or gives all in key order, for callers that know
// what keys mean, and puts records in and takes them out on a draft. Nodes are read and verified once through the file's metacache, and
// records are shown as parts of the cached nodes, so they must not be written
// to. Trees from hostile files end: levels strictly fall, and one walk reads no
// more bytes of nodes than the file has. V1 and V2, which read, are safe for any
// number of goroutines; Symbols, V1Chunks and V2Edit, which edit bytes where they
// stand, belong to one.
package btree

import (
	"gables/hdf5/h5err"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// load gives the record of type T at addr, which other code of this package
// may have loaded as something else.
func load[T any](c *metacache.Cache, kind metacache.Kind, name string, addr wire.Address, decode func() (T, int64, error)) (T, error) {
	v, err := metacache.Load(c, kind, addr, decode)
	return v, h5err.At(err, name, uint64(addr))
}

// budget bounds one walk: nodes do not overlap, so together they are no larger
// than the file, whatever their pointers say.
type budget uint64

// spend takes n bytes at addr off, or tells that nodes were visited twice.
func (b *budget) spend(n uint64, name string, addr wire.Address) error {
	if n > uint64(*b) {
		return h5err.At(h5err.Corrupt(name, "children", "nodes are reached more than once"), name, uint64(addr))
	}
	*b -= budget(n)
	return nil
}
