package digest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"math"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
)

// sum is the hash of canonical bytes.
type sum struct {
	h    hash.Hash
	n    uint64
	head []byte
}

const headBytes = 32

func newSum() *sum { return &sum{h: sha256.New()} }

func (s *sum) add(b []byte) {
	s.h.Write(b)
	s.n += uint64(len(b))
	if len(s.head) < headBytes {
		s.head = append(s.head, b[:min(len(b), headBytes-len(s.head))]...)
	}
}

func (s *sum) value(count uint64) *Value {
	return &Value{Count: count, Bytes: s.n, SHA256: hex.EncodeToString(s.h.Sum(nil)), Head: hex.EncodeToString(s.head)}
}

// feed hashes stored elements, block by block, so that each has a heap budget
// of its own and a cancellation is seen soon.
func (s *sum) feed(ctx context.Context, c *Canonical, src []byte, w *follower) error {
	if c.identity {
		s.add(src)
		return nil
	}
	e := encoder{src: w, out: s.add, buf: make([]byte, 0, flushBytes)}
	block := max(1, flushBytes/c.t.Size) * c.t.Size
	for len(src) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := src[:min(block, len(src))]
		src = src[len(b):]
		w.nextBlock()
		if err := c.k(&e, b, len(b)/c.t.Size); err != nil {
			return err
		}
		e.flush()
	}
	return nil
}

// How much of a dataset is read at once: rows of whole chunks where they fit,
// so that no chunk is decoded twice.
const (
	pieceBytes    = 4 << 20
	maxPieceBytes = 96 << 20
	maxElement    = 256 << 20
)

// pieces cuts a whole dataset into consecutive selections.
func pieces(space *dataspace.Dataspace, chunk []uint64, size int, yield func(sel dataspace.Selection, n uint64) error) error {
	b, err := space.Bind(dataspace.All())
	if err != nil {
		return err
	}
	if b.Rank() == 0 {
		return yield(dataspace.All(), b.Count())
	}
	limit := uint64(max(1, pieceBytes/size))
	if chunk != nil {
		limit = min(max(limit, chunkRow(space.Dims, chunk)), uint64(max(1, maxPieceBytes/size)))
	}
	b.SplitChunks(limit, chunk, func(_ uint64, p *dataspace.Bound) bool {
		start, dims, ok := p.Dense()
		if !ok {
			err = fmt.Errorf("a piece of a whole dataset is no box: %w", h5err.ErrSelection)
			return false
		}
		err = yield(dataspace.Box(start, dims), p.Count())
		return err == nil
	})
	return err
}

// chunkRow is how many elements in row-major order complete a row of chunks.
func chunkRow(dims, chunk []uint64) uint64 {
	k := 0
	for k < len(chunk)-1 && chunk[k] == 1 {
		k++
	}
	n := min(chunk[k], dims[k])
	for _, d := range dims[k+1:] {
		if d > 0 && n > math.MaxInt64/d {
			return math.MaxInt64
		}
		n *= d
	}
	return n
}

// hashAll hashes all elements of a dataset.
func (r *run) hashAll(ctx context.Context, d *hdf5.Dataset, chunk []uint64, c *Canonical) (*Value, error) {
	count, err := d.Space().Count()
	if err != nil {
		return nil, err
	}
	s := newSum()
	if count == 0 {
		return s.value(0), nil
	}
	w := newFollower(r.f, r.paths)
	err = pieces(d.Space(), chunk, c.t.Size, func(sel dataspace.Selection, n uint64) error {
		r.report(d.Path(), s.n)
		return r.hashPiece(ctx, d, sel, n, c, s, w)
	})
	if err != nil {
		return nil, err
	}
	return s.value(count), nil
}

// hashPiece reads n elements into the run's buffer.
func (r *run) hashPiece(ctx context.Context, d *hdf5.Dataset, sel dataspace.Selection, n uint64, c *Canonical, s *sum, w *follower) error {
	if c.t.Size > maxElement {
		return fmt.Errorf("one element has %d bytes: %w", c.t.Size, h5err.ErrLimit)
	}
	size := int(n) * c.t.Size
	if cap(r.buf) < size {
		r.buf = make([]byte, size)
	}
	b := r.buf[:size]
	if _, err := d.ReadRaw(ctx, b, sel); err != nil {
		return err
	}
	return s.feed(ctx, c, b, w)
}

// hashCorner hashes the first elements along each dimension.
func (r *run) hashCorner(ctx context.Context, d *hdf5.Dataset, c *Canonical) (*Corner, error) {
	most := uint64(4)
	if d.Space().Rank() == 1 {
		most = 1024
	}
	extent, n := d.Shape(), uint64(1)
	for i := range extent {
		extent[i] = min(extent[i], most)
		// 4^32 elements are beyond any piece.
		if n *= extent[i]; n > maxPieceBytes {
			return nil, fmt.Errorf("a corner of %v elements: %w", extent, h5err.ErrLimit)
		}
	}
	sel := dataspace.All()
	if len(extent) > 0 {
		sel = dataspace.Box(make([]uint64, len(extent)), extent)
	}
	if n*uint64(c.t.Size) > maxElement {
		return nil, fmt.Errorf("a corner of %v elements of %d bytes: %w", extent, c.t.Size, h5err.ErrLimit)
	}
	s := newSum()
	if err := r.hashPiece(ctx, d, sel, n, c, s, newFollower(r.f, r.paths)); err != nil {
		return nil, err
	}
	return &Corner{*s.value(n), extent}, nil
}

// hashBytes hashes a value that is in memory.
func (r *run) hashBytes(ctx context.Context, c *Canonical, b []byte) (*Value, error) {
	s := newSum()
	if err := s.feed(ctx, c, b, newFollower(r.f, r.paths)); err != nil {
		return nil, err
	}
	return s.value(uint64(len(b) / c.t.Size)), nil
}
