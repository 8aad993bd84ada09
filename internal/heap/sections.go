package heap

import (
	"math/bits"

	"gables/hdf5/h5err"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/wire"
)

// sections is a free-space manager on a draft: the header and the list of what
// is free in a fractal heap or in the file. Spec: III.H.
type sections struct {
	addr wire.Address
	h    *format.FreeSpaceManager
	list []format.FreeSection
}

// loadSections reads the manager at addr, whose client must be the given one.
func loadSections(d *draft.Draft, addr wire.Address, client uint8) (*sections, error) {
	f, err := readSections(d, addr)
	if err == nil && f.h.Client != client {
		err = h5err.Corrupt("free-space manager", "client", "%d, want %d", f.h.Client, client)
	}
	return f, h5err.At(err, "free-space manager", uint64(addr))
}

func readSections(d *draft.Draft, addr wire.Address) (*sections, error) {
	s := d.Sizes()
	n := format.FreeSpaceManagerSize(s)
	b, err := d.Block(addr, n)
	if err != nil {
		return nil, err
	}
	f := &sections{addr: addr}
	if f.h, err = format.DecodeFreeSpaceManager(b.Bytes()[:n], s); err != nil {
		return nil, err
	}
	if !f.h.List.Defined() {
		if f.h.Stored > 0 {
			return nil, h5err.Corrupt("free-space manager", "section list", "none, for %d sections", f.h.Stored)
		}
		return f, nil
	}
	if f.h.ListRoom > uint64(d.Limits().Metadata) {
		return nil, h5err.Limit("free-space manager", "section list", "%d bytes", f.h.ListRoom)
	}
	if b, err = d.Block(f.h.List, int(f.h.ListRoom)); err != nil {
		return nil, err
	}
	f.list, err = f.h.DecodeFreeSections(b.Bytes()[:f.h.ListSize], addr, s)
	return f, err
}

// newSections makes a manager without sections, which store must follow.
func newSections(d *draft.Draft, h *format.FreeSpaceManager) (*sections, error) {
	b, err := d.New(format.FreeSpaceManagerSize(d.Sizes()))
	if err != nil {
		return nil, err
	}
	h.List, h.Shrink, h.Expand = wire.Undefined, 80, 120
	return &sections{addr: b.Address(), h: h}, nil
}

// store writes the list, of which at least one must be there, and the header.
// The list has the room that it needs and no more: libhdf5 takes a list that is
// shorter than its room for one whose size changed under its hands.
func (f *sections) store(d *draft.Draft) error {
	s := d.Sizes()
	list, err := f.h.AppendFreeSections(nil, f.list, f.addr, s)
	if err != nil {
		return err
	}
	if !f.h.List.Defined() || uint64(len(list)) != f.h.ListRoom {
		if err := f.move(d, len(list)); err != nil {
			return err
		}
	}
	b, err := d.Block(f.h.List, int(f.h.ListRoom))
	if err != nil {
		return err
	}
	b.Put(0, list)
	return f.storeHeader(d)
}

// move gives the list room for n bytes.
func (f *sections) move(d *draft.Draft, n int) error {
	b, err := d.New(n)
	if err != nil {
		return err
	}
	d.Free(freespace.Metadata, f.h.List, f.h.ListRoom)
	f.h.List, f.h.ListRoom = b.Address(), uint64(n)
	return nil
}

func (f *sections) storeHeader(d *draft.Draft) error {
	n := format.FreeSpaceManagerSize(d.Sizes())
	b, err := d.Block(f.addr, n)
	if err != nil {
		return err
	}
	_, err = format.AppendFreeSpaceManager(b.Edit(0, n)[:0], f.h, d.Sizes())
	return err
}

// free gives back the header and the list.
func (f *sections) free(d *draft.Draft) {
	d.Free(freespace.Metadata, f.h.List, f.h.ListRoom)
	d.Free(freespace.Metadata, f.addr, uint64(format.FreeSpaceManagerSize(d.Sizes())))
}

// addressBits is the width of positions in a file, and the size of the largest
// range, as libhdf5 states them.
func addressBits(s wire.Sizes) (uint16, uint64) {
	most := uint64(1)<<63 - 1
	if s.Offset < 8 {
		most = 1<<(8*s.Offset) - 1
	}
	if s.Length < 8 {
		most = min(most, 1<<(8*s.Length)-2)
	}
	return uint16(bits.Len64(most)), most
}
