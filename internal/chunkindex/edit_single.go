package chunkindex

import (
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/wire"
)

// singleEdit keeps its one chunk for the layout message. Spec: VII.A.
type singleEdit struct{ *editor }

func editSingle(e *editor) (Editor, error) {
	_, err := openSingle(e.p)
	return &singleEdit{e}, err
}

func (s *singleEdit) Get(scaled []uint64) (Chunk, bool, error) {
	if !s.p.Address.Defined() {
		return Chunk{}, false, checkRank(scaled, len(s.p.Dims))
	}
	x, err := openSingle(s.p)
	if err != nil {
		return Chunk{}, false, err
	}
	return x.Find(scaled)
}

func (s *singleEdit) Put(c Chunk) error {
	if err := checkRank(c.Scaled, len(s.p.Dims)); err != nil {
		return err
	}
	for _, v := range c.Scaled {
		if v != 0 {
			return outside(c.Scaled)
		}
	}
	s.p.Address = c.Address
	if s.p.Filtered {
		s.p.FilteredSize, s.p.FilterMask = c.Size, c.Mask
	}
	return nil
}

func (s *singleEdit) Remove(scaled []uint64) error {
	if _, ok, err := s.Get(scaled); err != nil || !ok {
		if err == nil {
			err = absent(scaled)
		}
		return err
	}
	s.p.Address, s.p.FilteredSize, s.p.FilterMask = wire.Undefined, 0, 0
	return nil
}

func (s *singleEdit) Create() error { return nil }

func (s *singleEdit) Free() error {
	s.p.Address, s.p.FilteredSize, s.p.FilterMask = wire.Undefined, 0, 0
	return nil
}

// implicitEdit has all chunks for the maximum dimensions in one range.
// Spec: VII.B.
type implicitEdit struct{ *editor }

func editImplicit(e *editor) (Editor, error) {
	p := e.p
	if !p.Address.Defined() {
		p.Address = 0
	}
	_, err := openImplicit(p)
	return &implicitEdit{e}, err
}

func (x *implicitEdit) Get(scaled []uint64) (Chunk, bool, error) {
	if !x.p.Address.Defined() {
		return Chunk{}, false, checkRank(scaled, len(x.p.Dims))
	}
	index, err := openImplicit(x.p)
	if err != nil {
		return Chunk{}, false, err
	}
	return index.Find(scaled)
}

// Put accepts a chunk that is where it must be.
func (x *implicitEdit) Put(c Chunk) error {
	if err := x.Create(); err != nil {
		return err
	}
	have, ok, err := x.Get(c.Scaled)
	switch {
	case err != nil:
		return err
	case !ok:
		return outside(c.Scaled)
	case have.Address != c.Address || have.Size != c.Size || c.Mask != 0:
		return h5err.Unsupported("implicit chunk index", "chunk", "%d bytes at 0x%x, want %d at 0x%x", c.Size, uint64(c.Address), have.Size, uint64(have.Address))
	}
	return nil
}

// Remove leaves the chunk where it is, as libhdf5 does.
func (x *implicitEdit) Remove(scaled []uint64) error {
	if _, ok, err := x.Get(scaled); err != nil || ok {
		return err
	}
	return absent(scaled)
}

// size is the number of bytes of all chunks.
func (x *implicitEdit) size() (uint64, error) {
	g, err := newGrid(x.p.MaxDims, x.p.ChunkDims, 0)
	if err != nil {
		return 0, err
	}
	n, ok := wire.Mul(g.total, x.p.ChunkBytes)
	if !ok || n>>62 != 0 {
		return 0, h5err.Limit("implicit chunk index", "size", "%d chunks of %d bytes", g.total, x.p.ChunkBytes)
	}
	return n, nil
}

func (x *implicitEdit) Create() error {
	if x.p.Address.Defined() {
		return nil
	}
	n, err := x.size()
	if err != nil || n == 0 {
		return err
	}
	return x.do(func() error {
		addr := x.d.Alloc(freespace.Raw, n)
		var room [8]byte
		if err := format.PutAddress(room[:x.d.Sizes().Offset], addr+wire.Address(n)); err != nil {
			return err
		}
		x.p.Address = addr
		return nil
	})
}

func (x *implicitEdit) Free() error {
	n, err := x.size()
	if err != nil {
		return err
	}
	x.d.Free(freespace.Raw, x.p.Address, n)
	x.p.Address = wire.Undefined
	return nil
}
