// Package chunkindex finds the chunks of a dataset: one implementation for each
// chunk index of the format (Spec: III.A, VII). It says where a chunk is
// stored and reads no chunk; whoever reads one checks its address and size
// against the file, as entries are given as they are stored. Index structures
// are read and verified once through the file's metacache; an Editor edits them
// on a draft. An Index is safe for any number of goroutines, an Editor belongs
// to one.
package chunkindex

import (
	"iter"
	"slices"

	"gables/hdf5/h5err"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// maxRank is the largest rank of a dataspace.
const maxRank = 32

// unlimited is a maximum dimension that can grow for ever.
const unlimited = ^uint64(0)

// Chunk says where one chunk is stored. Address and Size may point outside the
// file, and Size may be implausible: the reader of the chunk must check them.
type Chunk struct {
	Scaled  []uint64     // coordinates in units of the chunk's dimensions, [rank]; nil from Find
	Address wire.Address // always defined
	Size    uint64       // stored bytes
	Mask    uint32       // bit i set: filter i of the pipeline was skipped
}

// Index gives the chunks of one dataset. A chunk whose address is undefined, or
// that is filtered and has no bytes, is not allocated: it has the fill value.
type Index interface {
	// Kind names the index: btree_v1, single, implicit, fixed_array,
	// extensible_array or btree_v2.
	Kind() string
	// Find gives the chunk at these scaled coordinates, [rank]. ok is false
	// when it is not allocated or lies outside the maximum dimensions. Errors:
	// ErrSelection (wrong rank), and those of reading the index.
	Find(scaled []uint64) (c Chunk, ok bool, err error)
	// All yields each allocated chunk in the index's order, its Scaled valid
	// until the next step. A fault is yielded as an error and ends it.
	All() iter.Seq2[Chunk, error]
}

// Kind is the type of a chunk index, as in layout messages of version 4 and 5.
type Kind uint8

// The chunk indexes. BTreeV1 is that of layout messages up to version 3.
const (
	BTreeV1 Kind = iota
	Single
	Implicit
	FixedArray
	ExtensibleArray
	BTreeV2
)

var kindNames = [...]string{"btree_v1", "single", "implicit", "fixed_array", "extensible_array", "btree_v2"}

// String gives the name that Index.Kind gives.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Params is what the object header says about an index. The creation
// parameters at the end are compared with the index's own unless they are 0.
type Params struct {
	Kind          Kind
	Address       wire.Address // of the index, or of the chunks themselves; Undefined: no chunk is allocated
	Dims          []uint64     // of the dataspace, in elements
	MaxDims       []uint64     // all ones: unlimited; nil: as Dims
	ChunkDims     []uint64     // in elements, without the trailing element size
	ChunkBytes    uint64       // of a whole chunk before filtering
	Filtered      bool         // the pipeline has a filter
	LayoutVersion uint8        // 1 to 5

	FilteredSize uint64 // Single and Filtered: stored bytes
	FilterMask   uint32 // Single and Filtered

	ChunkK int // BTreeV1: half the children of a node, from the superblock; 0 for the usual 32

	PageBits      uint8  // FixedArray, ExtensibleArray
	MaxBits       uint8  // ExtensibleArray
	IndexElements uint8  // ExtensibleArray
	MinPointers   uint8  // ExtensibleArray
	MinElements   uint8  // ExtensibleArray
	NodeSize      uint32 // BTreeV2
	Split         uint8  // BTreeV2, percent
	Merge         uint8  // BTreeV2, percent
}

// Open reads the head of an index. The slices of p are not kept. Errors:
// ErrCorrupt, ErrChecksum, ErrTruncated, ErrLimit, ErrUnsupported.
func Open(c *metacache.Cache, p Params) (Index, error) {
	p.Dims, p.MaxDims, p.ChunkDims = slices.Clone(p.Dims), slices.Clone(p.MaxDims), slices.Clone(p.ChunkDims)
	if p.MaxDims == nil {
		p.MaxDims = p.Dims
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if !p.Address.Defined() {
		return unallocated{p.Kind, len(p.Dims)}, nil
	}
	switch p.Kind {
	case BTreeV1:
		return openBTreeV1(c, p), nil
	case Single:
		return openSingle(p)
	case Implicit:
		return openImplicit(p)
	case FixedArray:
		return openFixedArray(c, p)
	case ExtensibleArray:
		return openExtensibleArray(c, p)
	}
	return openBTreeV2(c, p)
}

// check holds p to what all kinds need.
func (p *Params) check() error {
	const name = "chunk index"
	rank := len(p.ChunkDims)
	if p.Kind > BTreeV2 {
		return h5err.Unsupported(name, "type", "%d", p.Kind)
	}
	if rank == 0 || rank > maxRank || len(p.Dims) != rank || len(p.MaxDims) != rank {
		return h5err.Corrupt(name, "rank", "chunks have %d dimensions, the dataspace %d and %d", rank, len(p.Dims), len(p.MaxDims))
	}
	for i, d := range p.ChunkDims {
		if d == 0 {
			return h5err.Corrupt(name, "chunk dimensions", "dimension %d is 0", i)
		}
		if p.Dims[i] > p.MaxDims[i] {
			return h5err.Corrupt(name, "dimensions", "dimension %d is %d of at most %d", i, p.Dims[i], p.MaxDims[i])
		}
	}
	return nil
}

// checkRank refuses coordinates that belong to another dataset.
func checkRank(scaled []uint64, rank int) error {
	if len(scaled) == rank {
		return nil
	}
	return h5err.New(h5err.ErrSelection, "chunk index", "coordinates", "got %d, want %d", len(scaled), rank)
}

// agree compares a creation parameter of the layout message with the index's own.
func agree(structure, field string, layout, own uint64) error {
	if layout == 0 || layout == own {
		return nil
	}
	return h5err.Corrupt(structure, field, "got %d, the layout message has %d", own, layout)
}

// unallocated is the index of a dataset to which no chunk was written.
type unallocated struct {
	kind Kind
	rank int
}

func (u unallocated) Kind() string { return u.kind.String() }

func (u unallocated) Find(scaled []uint64) (Chunk, bool, error) {
	return Chunk{}, false, checkRank(scaled, u.rank)
}

func (u unallocated) All() iter.Seq2[Chunk, error] { return func(func(Chunk, error) bool) {} }
