package format

import (
	"cmp"
	"math/bits"
	"slices"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// Clients of a free-space manager.
const (
	FreeSpaceOfHeap = 0
	FreeSpaceOfFile = 1
)

// Classes of sections in a file's manager. Small ones lie within a page, large
// ones are of whole pages, or the rest of the last page of a large object.
const (
	SectionSimple = 0 // files without pages
	SectionSmall  = 1
	SectionLarge  = 2
)

// Classes of sections in a fractal heap's manager.
const (
	SectionSingle    = 0 // within a direct block
	SectionFirstRow  = 1 // blocks that are not there yet
	SectionNormalRow = 2
	SectionIndirect  = 3
)

// FreeSpaceManager is the header of a free-space manager. Spec: III.H.
type FreeSpaceManager struct {
	Client      uint8
	Space       uint64 // bytes of all sections
	Sections    uint64
	Stored      uint64 // sections in the list
	Ghosts      uint64 // sections that are not stored
	Classes     uint16
	Shrink      uint16 // percent of the list's room below which it gets less
	Expand      uint16 // percent of what the list needs that it gets
	AddressBits uint16 // of the space that sections are in
	MaxSection  uint64 // size of the largest that is possible
	List        wire.Address
	ListSize    uint64 // bytes of the list
	ListRoom    uint64 // bytes given out for it
}

// FreeSection is one free range.
type FreeSection struct {
	At, Size uint64
	Class    uint8
	Extra    []byte // what the class adds
}

// FreeSpaceManagerSize is the size of a free-space manager's header.
func FreeSpaceManagerSize(s wire.Sizes) int {
	return 4 + 1 + 1 + 4*s.Length + 8 + s.Length + s.Offset + 2*s.Length + 4
}

// DecodeFreeSpaceManager reads "FSHD", version, client, free space, sections,
// stored sections, ghosts, classes 2, shrink percent 2, expand percent 2,
// address bits 2, largest section, list, its size, its room, checksum 4.
// Spec: III.H.
func DecodeFreeSpaceManager(b []byte, s wire.Sizes) (*FreeSpaceManager, error) {
	const name = "free-space manager"
	body, err := verify(name, b)
	if err != nil {
		return nil, err
	}
	r := wire.NewReader(body, s)
	r.Signature("FSHD")
	if v := r.U8(); v != 0 && r.Err() == nil {
		return nil, unknownVersion(name, v, "0")
	}
	h := &FreeSpaceManager{Client: r.U8(), Space: r.Length(), Sections: r.Length(), Stored: r.Length(), Ghosts: r.Length(),
		Classes: r.U16(), Shrink: r.U16(), Expand: r.U16(), AddressBits: r.U16(), MaxSection: r.Length(), List: r.Address(),
		ListSize: r.Length(), ListRoom: r.Length()}
	if r.Err() != nil {
		return nil, inRecord(name, r.Err())
	}
	if h.Client > FreeSpaceOfFile {
		return nil, h5err.Unsupported(name, "client", "%d, know 0 and 1", h.Client)
	}
	if h.AddressBits == 0 || h.AddressBits > 64 || h.MaxSection == 0 {
		return nil, h5err.Corrupt(name, "address bits", "%d, sections of up to %d bytes", h.AddressBits, h.MaxSection)
	}
	if h.List.Defined() && (h.ListRoom < h.ListSize || h.ListSize < h.listHead(s)+4) {
		return nil, h5err.Corrupt(name, "section list", "%d bytes in %d", h.ListSize, h.ListRoom)
	}
	return h, nil
}

// AppendFreeSpaceManager appends the header. Spec: III.H.
func AppendFreeSpaceManager(b []byte, h *FreeSpaceManager, s wire.Sizes) ([]byte, error) {
	e := newEncoder("free-space manager", b, s)
	e.String("FSHD")
	e.U8(0)
	e.U8(h.Client)
	e.length("free space", h.Space)
	e.length("sections", h.Sections)
	e.length("stored sections", h.Stored)
	e.length("ghost sections", h.Ghosts)
	e.U16(h.Classes)
	e.U16(h.Shrink)
	e.U16(h.Expand)
	e.U16(h.AddressBits)
	e.wide("largest section", h.MaxSection, s.Length)
	e.address("section list", h.List)
	e.length("size of list", h.ListSize)
	e.length("room of list", h.ListRoom)
	e.U32(0)
	if e.err == nil {
		seal(e.Buf[len(b):])
	}
	return e.done(b)
}

// listHead is the bytes of a section list before its sections.
func (h *FreeSpaceManager) listHead(s wire.Sizes) uint64 { return uint64(4 + 1 + s.Offset) }

// width is how many bytes libhdf5 gives to numbers up to v.
func width(v uint64) int { return (bits.Len64(v)-1)/8 + 1 }

// extra is the bytes that a section of that class has of its own.
func (h *FreeSpaceManager) extra(class uint8) int {
	if h.Client == FreeSpaceOfHeap && (class == SectionFirstRow || class == SectionIndirect) {
		return h.offsetSize() + 6
	}
	return 0
}

func (h *FreeSpaceManager) offsetSize() int { return (int(h.AddressBits) + 7) / 8 }

// DecodeFreeSections reads the list of a manager's sections, of which addr is
// the manager's address: "FSSE", version, address of the manager, then for
// each size the number of sections, the size, and the sections: offset, class,
// what the class adds; checksum 4. b has ListSize bytes, of which libhdf5 2.0
// may leave some before the checksum unused in files with pages. Spec: III.H.
func (h *FreeSpaceManager) DecodeFreeSections(b []byte, addr wire.Address, s wire.Sizes) ([]FreeSection, error) {
	const name = "free-space section list"
	body, err := verify(name, b)
	if err != nil {
		return nil, err
	}
	r := wire.NewReader(body, s)
	r.Signature("FSSE")
	if v := r.U8(); v != 0 && r.Err() == nil {
		return nil, unknownVersion(name, v, "0")
	}
	if a := r.Address(); a != addr && r.Err() == nil {
		return nil, h5err.Corrupt(name, "manager", "at 0x%x, want 0x%x", uint64(a), uint64(addr))
	}
	least := h.offsetSize() + 1
	if h.Stored > uint64(r.Len()/least) {
		return nil, h5err.Corrupt(name, "sections", "%d in %d bytes", h.Stored, r.Len())
	}
	rest := r.Rest()
	list, err := h.decodeSections(rest, width(h.MaxSection), s)
	// Releases before 1.8 were sparing with the width of a size that is a power of two
	// (h5diff_types.h5 of libhdf5's own tests).
	if narrow := width(max(h.MaxSection-1, 1)); err != nil && narrow < width(h.MaxSection) {
		if l, e := h.decodeSections(rest, narrow, s); e == nil {
			list, err = l, nil
		}
	}
	return list, inRecord(name, err)
}

// decodeSections reads sections whose sizes are that wide.
func (h *FreeSpaceManager) decodeSections(b []byte, sizeWidth int, s wire.Sizes) ([]FreeSection, error) {
	const name = "free-space section list"
	r := wire.NewReader(b, s)
	list := make([]FreeSection, 0, h.Stored)
	for uint64(len(list)) < h.Stored && r.Err() == nil {
		n, size := r.Uint(width(h.Stored)), r.Uint(sizeWidth)
		if r.Err() == nil && (n == 0 || size == 0 || n > h.Stored-uint64(len(list))) {
			return nil, h5err.Corrupt(name, "sections of one size", "%d of %d bytes", n, size)
		}
		for range n {
			f := FreeSection{At: r.Uint(h.offsetSize()), Size: size, Class: r.U8()}
			if n := h.extra(f.Class); n > 0 {
				f.Extra = r.Bytes(n)
			}
			if r.Err() != nil {
				break
			}
			list = append(list, f)
		}
	}
	return list, r.Err()
}

// AppendFreeSections appends the list of the manager at addr, and puts into h
// what follows from it: Space, Sections, Stored, ListSize. The sections get
// sorted by size. Spec: III.H.
func (h *FreeSpaceManager) AppendFreeSections(b []byte, list []FreeSection, addr wire.Address, s wire.Sizes) ([]byte, error) {
	slices.SortFunc(list, func(x, y FreeSection) int {
		return cmp.Or(cmp.Compare(x.Size, y.Size), cmp.Compare(x.At, y.At))
	})
	h.Space, h.Stored = 0, uint64(len(list))
	h.Sections = h.Stored + h.Ghosts
	e := newEncoder("free-space section list", b, s)
	e.String("FSSE")
	e.U8(0)
	e.address("manager", addr)
	for i := 0; i < len(list); {
		n := i + 1
		for n < len(list) && list[n].Size == list[i].Size {
			n++
		}
		e.Uint(uint64(n-i), width(h.Stored))
		e.uint("section size", list[i].Size, width(h.MaxSection))
		for ; i < n; i++ {
			f := &list[i]
			e.uint("section offset", f.At, h.offsetSize())
			e.U8(f.Class)
			if len(f.Extra) != h.extra(f.Class) {
				e.fail(noForm("section", "of class %d with %d bytes of its own", f.Class, len(f.Extra)))
			}
			e.Bytes(f.Extra)
			h.Space += f.Size
		}
	}
	e.U32(0)
	h.ListSize = uint64(e.Len() - len(b))
	if e.err == nil {
		seal(e.Buf[len(b):])
	}
	return e.done(b)
}

// FillRoom stretches a list that AppendFreeSections gave, with zeros before the
// checksum, to the room that it has, which must be enough: libhdf5 changes no
// list that is shorter than its room.
func (h *FreeSpaceManager) FillRoom(list []byte) []byte {
	b := make([]byte, h.ListRoom)
	copy(b, list[:len(list)-4])
	h.ListSize = h.ListRoom
	seal(b)
	return b
}
