package chunkindex

import (
	"fmt"
	"iter"
	"slices"

	"gables/hdf5/h5err"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// Editor edits the chunks of one dataset on a draft. It keeps records of where
// chunks lie, and never takes or frees the space of one, but for those of an
// Implicit index. It belongs to one goroutine and outlives operations and
// transactions that succeed; when one in which the index was created, or a
// Single index was edited, was undone, make it anew. Each call is an operation
// of the draft, or a part of the one under way.
type Editor interface {
	// Kind names the index, as Index.Kind does.
	Kind() string
	// Get gives the chunk at these scaled coordinates, as Index.Find does.
	Get(scaled []uint64) (c Chunk, ok bool, err error)
	// Put makes c the chunk at c.Scaled, whether or not there was one. Errors:
	// ErrSelection (coordinates outside the maximum dimensions), ErrLimit (a
	// value that the index can't hold), ErrUnsupported (an Implicit index whose
	// chunk is elsewhere), and those of reading the index.
	Put(c Chunk) error
	// Remove forgets a chunk; ErrNotFound when it is not allocated. Those of an
	// Implicit index stay.
	Remove(scaled []uint64) error
	// All yields the chunks as Index.All does. The index must not be edited
	// before it ends.
	All() iter.Seq2[Chunk, error]
	// Create makes an empty index if there is none; Put does so too. All chunks
	// of an Implicit index are allocated then, with bytes that mean nothing.
	Create() error
	// Free frees the index but no chunk, and with an Implicit index all chunks.
	Free() error
	// Address is what the layout message is to hold: it changes with the first
	// chunk, for Single with each.
	Address() wire.Address
	// Params are those that the layout message is to hold now.
	Params() Params
	// Resize tells the dataset's new dimensions, within the maximum ones. Prune
	// forgets the chunks that lie outside.
	Resize(dims []uint64) error
}

// NewEditor edits the index that p describes, or one that is yet to be created
// where p.Address is undefined. Creation parameters that are 0 take their usual
// values then. The slices of p are not kept. Errors: as Open.
func NewEditor(d *draft.Draft, p Params) (Editor, error) {
	p.Dims, p.MaxDims, p.ChunkDims = slices.Clone(p.Dims), slices.Clone(p.MaxDims), slices.Clone(p.ChunkDims)
	if p.MaxDims == nil {
		p.MaxDims = p.Dims
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if !p.Address.Defined() {
		p.setUsual()
	}
	e := &editor{d: d, p: p}
	switch p.Kind {
	case BTreeV1:
		return editBTreeV1(e)
	case Single:
		return editSingle(e)
	case Implicit:
		return editImplicit(e)
	case FixedArray:
		return editFixedArray(e)
	case ExtensibleArray:
		return editExtensibleArray(e)
	}
	return editBTreeV2(e)
}

// Choose gives the index that libhdf5 chooses for a dataset: filtered says that
// the pipeline has a filter, early that all space is allocated at creation.
func Choose(dims, maxDims, chunkDims []uint64, filtered, early bool, layoutVersion uint8) Kind {
	if layoutVersion < 4 {
		return BTreeV1
	}
	if maxDims == nil {
		maxDims = dims
	}
	endless, one := 0, true
	for u, most := range maxDims {
		if most == unlimited {
			endless++
		}
		one = one && dims[u] == most && dims[u] == chunkDims[u]
	}
	switch {
	case endless > 1:
		return BTreeV2
	case endless == 1:
		return ExtensibleArray
	case one:
		return Single
	case early && !filtered:
		return Implicit
	}
	return FixedArray
}

// setUsual gives the creation parameters that are 0 the values of libhdf5.
func (p *Params) setUsual() {
	switch p.Kind {
	case FixedArray:
		usual(&p.PageBits, 10)
	case ExtensibleArray:
		usual(&p.PageBits, 10)
		usual(&p.MaxBits, 32)
		usual(&p.IndexElements, 4)
		usual(&p.MinPointers, 4)
		usual(&p.MinElements, 16)
	case BTreeV2:
		usual(&p.NodeSize, 2048)
		usual(&p.Split, 100)
		usual(&p.Merge, 40)
	}
}

func usual[T uint8 | uint32](v *T, to T) {
	if *v == 0 {
		*v = to
	}
}

// Usual gives p with the creation parameters that libhdf5 gives a new index.
func (p Params) Usual() Params {
	p.setUsual()
	return p
}

// editor is what all kinds share.
type editor struct {
	d *draft.Draft
	p Params
}

// Kind names the index.
func (e *editor) Kind() string { return e.p.Kind.String() }

// Address is what the layout message is to hold.
func (e *editor) Address() wire.Address { return e.p.Address }

// Params are those that the layout message is to hold.
func (e *editor) Params() Params {
	p := e.p
	p.Dims, p.MaxDims, p.ChunkDims = slices.Clone(p.Dims), slices.Clone(p.MaxDims), slices.Clone(p.ChunkDims)
	return p
}

// All yields the chunks as the reading half has them.
func (e *editor) All() iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		x, err := Open(metacache.New(e.d, e.d.Sizes(), *e.d.Limits()), e.p)
		if err != nil {
			yield(Chunk{}, err)
			return
		}
		x.All()(yield)
	}
}

// Resize tells the new dimensions.
func (e *editor) Resize(dims []uint64) error {
	if err := checkRank(dims, len(e.p.Dims)); err != nil {
		return err
	}
	for u, d := range dims {
		if d > e.p.MaxDims[u] {
			return h5err.New(h5err.ErrSelection, "chunk index", "dimensions", "dimension %d is to be %d of at most %d", u, d, e.p.MaxDims[u])
		}
	}
	copy(e.p.Dims, dims)
	return nil
}

// do runs an operation; an index that it created is forgotten when it fails.
func (e *editor) do(operation func() error) error {
	was := e.p.Address
	err := e.d.Do(operation)
	if err != nil {
		e.p.Address = was
	}
	return err
}

// outside is the error for coordinates that have no place in the index.
func outside(scaled []uint64) error {
	return h5err.New(h5err.ErrSelection, "chunk index", "coordinates", "%d lie outside the maximum dimensions", scaled)
}

// absent is the error of Remove.
func absent(scaled []uint64) error { return fmt.Errorf("chunk %d: %w", scaled, h5err.ErrNotFound) }

// alloc gives out n bytes of metadata of which blocks are then made.
func (e *editor) alloc(n uint64) (wire.Address, error) {
	addr := e.d.Alloc(freespace.Metadata, n)
	end, ok := wire.Add(uint64(addr), n)
	if ok {
		var room [8]byte
		return addr, format.PutAddress(room[:e.d.Sizes().Offset], wire.Address(end))
	}
	return addr, h5err.Limit("chunk index", "size", "%d bytes", n)
}

// block makes the block of n bytes at addr, which was given out, and lets fill
// append its content.
func (e *editor) block(addr wire.Address, n uint64, fill func(b []byte) ([]byte, error)) (*draft.Block, error) {
	if n > uint64(e.d.Limits().Metadata) {
		return nil, h5err.Limit("chunk index", "size", "a block of %d bytes", n)
	}
	b, err := e.d.Block(addr, int(n))
	if err != nil {
		return nil, err
	}
	if _, err := fill(b.Edit(0, int(n))[:0]); err != nil {
		return nil, err
	}
	b.Seal(int(n))
	return b, nil
}

// newBlock gives out n bytes and makes their block.
func (e *editor) newBlock(n uint64, fill func(b []byte) ([]byte, error)) (*draft.Block, error) {
	addr, err := e.alloc(n)
	if err != nil {
		return nil, err
	}
	return e.block(addr, n, fill)
}

// open gives a block that is there, whose checksum stands at its end.
func (e *editor) open(name string, addr wire.Address, n uint64, check func(b []byte) error) (*draft.Block, error) {
	if n > uint64(e.d.Limits().Metadata) {
		return nil, h5err.At(h5err.Limit(name, "size", "%d bytes", n), name, uint64(addr))
	}
	b, err := e.d.Block(addr, int(n))
	if err == nil {
		err = b.Verify(int(n), name)
	}
	if err == nil && check != nil {
		err = check(b.Bytes())
	}
	return b, h5err.At(err, name, uint64(addr))
}

func (e *editor) free(addr wire.Address, n uint64) { e.d.Free(freespace.Metadata, addr, n) }

// pointer reads an address in a block.
func (e *editor) pointer(b *draft.Block, at int) wire.Address {
	r := wire.NewReader(b.Bytes()[at:], e.d.Sizes())
	return r.Address()
}

// setPointer writes an address into a block of n bytes.
func (e *editor) setPointer(b *draft.Block, at int, addr wire.Address, n uint64) error {
	err := format.PutAddress(b.Edit(at, at+e.d.Sizes().Offset), addr)
	b.Seal(int(n))
	return err
}
