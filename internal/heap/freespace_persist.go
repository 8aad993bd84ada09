package heap

import (
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/wire"
)

// Slots of a file space info message that libhdf5 uses for files of one
// driver: by kind where ranges are small, or the file has no pages; one for
// whole pages. Version 0 has none of pages.
const (
	slotMetadata = 0
	slotRaw      = 2
	slotGlobal   = 3
	slotPages    = 6
)

// splitAt is the size from which free ranges of a file without pages are kept
// for raw data: libhdf5 looks for space only among those of a kind.
const splitAt = 4096

// LoadFreeSpace makes known to the draft's manager what a file that was opened
// remembers as free. It gives the number of bytes; ranges that are beyond the
// end or free already are left out. The records stay: see ClearFreeSpace.
func LoadFreeSpace(d *draft.Draft, info *format.FileSpaceInfo) (uint64, error) {
	total := uint64(0)
	for slot, addr := range info.Slots {
		if !addr.Defined() {
			continue
		}
		f, err := loadSections(d, addr, format.FreeSpaceOfFile)
		if err != nil {
			return total, err
		}
		for _, r := range f.list {
			if d.Space.Put(classOf(slot, r.Class), r.At, r.Size) {
				total += r.Size
			}
		}
	}
	return total, nil
}

func classOf(slot int, class uint8) freespace.Class {
	switch {
	case class != format.SectionSmall || slot >= slotPages:
		return freespace.Large
	case slot == slotRaw || slot == slotGlobal:
		return freespace.SmallRaw
	}
	return freespace.SmallMetadata
}

// ClearFreeSpace gives back the records of a file's free space and takes them
// out of info, which the caller must store before anything else is committed:
// free space that is remembered must not be used.
func ClearFreeSpace(d *draft.Draft, info *format.FileSpaceInfo) error {
	for i, addr := range info.Slots {
		if !addr.Defined() {
			continue
		}
		f, err := loadSections(d, addr, format.FreeSpaceOfFile)
		if err != nil {
			return err
		}
		f.free(d)
		info.Slots[i] = wire.Undefined
	}
	info.Managers = nil
	return nil
}

// StoreFreeSpace writes records of all free space that takes at least
// info.Threshold bytes, and puts them and the end of file into info, which the
// caller must store. Nothing may be given out or freed between this and the
// commit, which must be the last before the file is closed.
func StoreFreeSpace(d *draft.Draft, info *format.FileSpaceInfo) error {
	if err := ClearFreeSpace(d, info); err != nil || !info.Persist {
		return err
	}
	d.Space.Settle()
	var made [12]*sections
	for slot, list := range freeSections(d, info) {
		if len(list) == 0 {
			continue
		}
		f, err := storeRoom(d, len(list))
		if err != nil {
			return err
		}
		made[slot] = f
	}
	d.Space.Settle()
	for slot, list := range freeSections(d, info) {
		f := made[slot]
		if f == nil {
			continue
		}
		f.list = list
		if err := f.storeWithin(d); err != nil {
			return err
		}
		info.Slots[slot] = f.addr
		info.Managers = append(info.Managers, f.addr)
	}
	if info.Version > 0 {
		info.EndOfFile = wire.Address(d.Space.End())
	}
	return nil
}

// storeRoom makes a manager with room for a few more than n sections, since
// what is given out here may split some.
func storeRoom(d *draft.Draft, n int) (*sections, error) {
	bits, most := addressBits(d.Sizes())
	h := &format.FreeSpaceManager{Client: format.FreeSpaceOfFile, Classes: 3, AddressBits: bits, MaxSection: most}
	f, err := newSections(d, h)
	if err != nil {
		return nil, err
	}
	const more = 64
	return f, f.move(d, 4+1+8+4+(n+more)*(4+8+8+1))
}

// storeWithin writes the list into the room that it has. Only the smallest
// sections are left out where it has not enough.
func (f *sections) storeWithin(d *draft.Draft) error {
	for {
		list, err := f.h.AppendFreeSections(nil, f.list, f.addr, d.Sizes())
		if err != nil {
			return err
		}
		if uint64(len(list)) > f.h.ListRoom {
			f.list = f.list[1:]
			continue
		}
		b, err := d.Block(f.h.List, int(f.h.ListRoom))
		if err != nil {
			return err
		}
		b.Put(0, f.h.FillRoom(list))
		return f.storeHeader(d)
	}
}

// freeSections gives what is unused by slot.
func freeSections(d *draft.Draft, info *format.FileSpaceInfo) [12][]format.FreeSection {
	var list [12][]format.FreeSection
	paged := info.Strategy == "page"
	for c, ranges := range d.Space.Unused() {
		for _, r := range ranges {
			f := format.FreeSection{At: r.At, Size: r.Size()}
			if f.Size < info.Threshold || f.Size == 0 {
				continue
			}
			slot := slotMetadata
			switch {
			case !paged && f.Size >= splitAt:
				slot = slotRaw
			case !paged:
			case freespace.Class(c) == freespace.Large:
				slot, f.Class = slotPages, format.SectionLarge
			case freespace.Class(c) == freespace.SmallRaw:
				slot, f.Class = slotRaw, format.SectionSmall
			default:
				f.Class = format.SectionSmall
			}
			list[slot] = append(list[slot], f)
		}
	}
	return list
}
