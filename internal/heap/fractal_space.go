package heap

import (
	"slices"

	"gables/hdf5/h5err"
	"gables/internal/format"
)

// mostSections is how many free sections of a heap are remembered, so that an
// edit stays cheap: the largest, and all that libhdf5 left. The rest is used
// again when the heap is empty.
const mostSections = 64

// Where more than someSections are known, those below smallSection are not
// worth what they cost with every edit.
const (
	someSections = 16
	smallSection = 24
)

// space loads the heap's free sections, or begins with none.
func (st *fractalState) space() (*sections, error) {
	if st.h.Manager.Defined() {
		return loadSections(st.d, st.h.Manager, format.FreeSpaceOfHeap)
	}
	return nil, nil
}

// storeSpace writes the sections; a heap without any has no manager.
func (st *fractalState) storeSpace(f *sections, list []format.FreeSection) error {
	if len(list) == 0 {
		if f != nil {
			f.free(st.d)
		}
		st.h.Manager = noAddress
		return nil
	}
	if f == nil {
		var err error
		f, err = newSections(st.d, &format.FreeSpaceManager{Client: format.FreeSpaceOfHeap, Classes: 4,
			AddressBits: uint16(st.h.MaxHeapBits), MaxSection: st.h.MaxDirect})
		if err != nil {
			return err
		}
		st.h.Manager = f.addr
	}
	f.list = list
	return f.store(st.d)
}

// take finds n bytes in the smallest section that has them, or in a new block,
// and gives their offset.
func (st *fractalState) take(n uint64) (uint64, error) {
	f, err := st.space()
	if err != nil {
		return 0, err
	}
	var list []format.FreeSection
	if f != nil {
		list = f.list
	}
	for i := range list {
		if c := &list[i]; c.Class == format.SectionSingle && c.Size >= n {
			if _, err := st.place(c.At, c.Size); err != nil {
				return 0, err
			}
			at := c.At
			if c.At, c.Size = c.At+n, c.Size-n; c.Size == 0 {
				list = slices.Delete(list, i, i+1)
			}
			return at, st.storeSpace(f, list)
		}
	}
	offset, size, err := st.grow(n)
	if err != nil {
		return 0, err
	}
	head := uint64(st.h.DirectOverhead(st.s))
	if left := size - head - n; left > 0 {
		list = st.remember(list, format.FreeSection{At: offset + head + n, Size: left})
	}
	return offset + head, st.storeSpace(f, list)
}

// remember adds a section, in the place of the smallest where there are many.
func (st *fractalState) remember(list []format.FreeSection, c format.FreeSection) []format.FreeSection {
	if len(list) >= someSections && c.Size < smallSection {
		return list
	}
	if len(list) < mostSections {
		return append(list, c)
	}
	for i := range list {
		if list[i].Class == format.SectionSingle && list[i].Size < c.Size {
			list[i] = c
			break
		}
	}
	return list
}

// release makes n bytes at an offset a section, joined with those that touch
// it: sections of two blocks never do.
func (st *fractalState) release(offset, n uint64) error {
	f, err := st.space()
	if err != nil {
		return err
	}
	var list []format.FreeSection
	if f != nil {
		list = f.list
	}
	c := format.FreeSection{At: offset, Size: n}
	kept := list[:0]
	for _, o := range list {
		switch {
		case o.Class != format.SectionSingle:
		case o.At < offset+n && offset < o.At+o.Size:
			return h5err.Corrupt("fractal heap", "managed object", "%d bytes at %d are free already", n, offset)
		case o.At+o.Size == c.At:
			c.At, c.Size = o.At, o.Size+c.Size
			continue
		case c.At+c.Size == o.At:
			c.Size += o.Size
			continue
		}
		kept = append(kept, o)
	}
	return st.storeSpace(f, st.remember(kept, c))
}
