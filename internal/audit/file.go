package audit

import (
	"fmt"
	"math"

	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/wire"
)

// Places of structures that belong to no object.
const (
	inSuperblock = "(superblock)"
	inExtension  = "(superblock extension)"
	inFreeSpace  = "(free space)"
	inShared     = "(shared messages)"
)

// file checks what belongs to the file as a whole.
func (a *auditor) file() {
	sb := a.Super
	a.claim(inSuperblock, Superblock, 0, uint64(format.SuperblockBytes(sb.Version, sb.Sizes)))
	a.driverInfo()
	a.extension()
	for _, r := range a.Free {
		a.declareFree(r)
	}
	if sb.Version < 2 {
		a.rootEntry()
	}
}

func (a *auditor) declareFree(r Range) {
	a.claims.add(inFreeSpace, claim{Range: r, kind: FreeSpaceManager, free: true})
}

// driverInfo claims the driver information block of old superblocks. Spec: II.B.
func (a *auditor) driverInfo() {
	addr := a.Super.DriverInfo
	if a.Super.Version >= 2 || !addr.Defined() {
		return
	}
	b, err := a.cache.Prefix(addr, 16)
	if err == nil && len(b) == 16 {
		n := uint64(wire.Uint(b[4:8]))
		if a.claim(inSuperblock, DriverInfo, addr, 16+n) && n < math.MaxInt32 {
			if b, err = a.cache.Bytes(addr, 16+n); err == nil {
				_, err = format.DecodeDriverInfo(b)
			}
		}
	}
	if err != nil {
		// libhdf5 opens such files, and so do we.
		a.add(Warning, inSuperblock, h5err.At(err, DriverInfo.String(), uint64(addr)))
	}
}

// rootEntry compares the copy of the root's symbol table message.
func (a *auditor) rootEntry() {
	e := &a.Super.RootEntry
	if e.CacheType != format.CacheGroup {
		return
	}
	h, err := a.Graph.Open(e.Header)
	if err != nil {
		return // told when the root is looked at
	}
	m := h.Find(format.MsgSymbolTable)
	if m == nil {
		return
	}
	if t, err := format.DecodeSymbolTable(m.Data, a.sizes); err == nil && (t.BTree != e.BTree || t.Heap != e.Heap) {
		a.damage(inSuperblock, Superblock, 0, "root symbol table entry", "B-tree 0x%x and heap 0x%x, the root group has 0x%x and 0x%x",
			uint64(e.BTree), uint64(e.Heap), uint64(t.BTree), uint64(t.Heap))
	}
}

// extension checks the superblock extension and what it names. Spec: II.C.
func (a *auditor) extension() {
	if !a.Super.Extension.Defined() {
		return
	}
	h := a.header(inExtension, a.Super.Extension)
	if h == nil {
		return
	}
	if m := h.Find(format.MsgSharedTable); m != nil {
		t, err := format.DecodeSharedTableMessage(m.Data, a.sizes)
		if err == nil {
			err = a.sharedTable(t)
		}
		a.fault(inExtension, SharedMessages, h.Address, err)
	}
	if m := h.Find(format.MsgCacheImage); m != nil {
		if c, err := format.DecodeCacheImageMessage(m.Data, a.sizes); err == nil && c.Address.Defined() {
			a.claim(inExtension, CacheImage, c.Address, c.Size)
		}
	}
	if a.Space == nil || a.Free != nil {
		return
	}
	// Releases before 1.10 wrote this message in forms that no specification tells.
	a.doubtful = a.Space.Version == 0
	for _, addr := range a.Space.Managers {
		a.freeSections(addr)
	}
	a.doubtful = false
}

// freeSections checks one free-space manager of the file. Spec: III.H.
func (a *auditor) freeSections(addr wire.Address) {
	if a.doubtful && !a.claims.within(Range{uint64(addr), uint64(addr) + uint64(format.FreeSpaceManagerSize(a.sizes))}) {
		a.add(Warning, inFreeSpace, h5err.At(h5err.Corrupt(FreeSpaceManager.String(), "address", "no manager is there; what the file says of free space is not believed"), "", uint64(addr)))
		return
	}
	h, list := a.manager(inFreeSpace, addr, format.FreeSpaceOfFile)
	if h == nil {
		return
	}
	for _, s := range list {
		end, ok := wire.Add(s.At, s.Size)
		if r := (Range{s.At, end}); !ok || !a.claims.within(r) {
			a.damage(inFreeSpace, FreeSpaceManager, addr, "section", "%d bytes at 0x%x lie beyond the end of the file", s.Size, s.At)
			continue
		}
		a.declareFree(Range{s.At, end})
	}
}

// end holds what is claimed to the end that the superblock tells.
func (a *auditor) end() {
	sb := a.Super
	if len(a.Regions) != 1 || !sb.EndOfFile.Defined() || a.Free != nil {
		return // members of a multi-file have an end each; a writer's is not stored yet
	}
	stored := uint64(sb.EndOfFile) - min(uint64(sb.Base), uint64(sb.EndOfFile))
	level := Damage
	if sb.Version >= 2 && sb.Flags&format.FlagWriteAccess != 0 {
		level = Warning
	}
	if last := a.claims.end(); last > stored && last <= a.Regions[0].End {
		a.add(level, inSuperblock, h5err.At(h5err.Corrupt(Superblock.String(), "end of file address", "0x%x, but structures reach to 0x%x", stored, last), "", 0))
	}
}

// manager claims a free-space manager and gives its sections; nil when it can't
// be read.
func (a *auditor) manager(path string, addr wire.Address, client uint8) (*format.FreeSpaceManager, []format.FreeSection) {
	n := uint64(format.FreeSpaceManagerSize(a.sizes))
	if !a.claim(path, FreeSpaceManager, addr, n) {
		return nil, nil
	}
	b, err := a.cache.Bytes(addr, n)
	var h *format.FreeSpaceManager
	if err == nil {
		h, err = format.DecodeFreeSpaceManager(b, a.sizes)
	}
	if err == nil && h.Client != client {
		err = h5err.Corrupt(FreeSpaceManager.String(), "client", "%d, want %d", h.Client, client)
	}
	if err != nil {
		a.fault(path, FreeSpaceManager, addr, err)
		return nil, nil
	}
	if !h.List.Defined() {
		if h.Stored > 0 {
			a.damage(path, FreeSpaceManager, addr, "section list", "none, for %d sections", h.Stored)
		}
		return h, nil
	}
	if !a.claim(path, FreeSpaceManager, h.List, h.ListRoom) {
		return nil, nil
	}
	var list []format.FreeSection
	if b, err = a.cache.Bytes(h.List, h.ListSize); err == nil {
		list, err = h.DecodeFreeSections(b, addr, a.sizes)
	}
	if err != nil {
		a.fault(path, FreeSpaceManager, h.List, err)
		return nil, nil
	}
	return h, list
}

// sharedTable checks the table of shared messages, its indexes and heaps.
// Spec: III.G.
func (a *auditor) sharedTable(t *format.SharedTable) error {
	n := format.SharedTableSize(t.Indexes, a.sizes)
	if !a.claim(inShared, SharedMessages, t.Address, n) {
		return nil
	}
	b, err := a.cache.Bytes(t.Address, n)
	if err != nil {
		return err
	}
	list, err := format.DecodeSharedTable(b, t.Indexes, a.sizes)
	if err != nil {
		return h5err.At(err, SharedMessages.String(), uint64(t.Address))
	}
	for i := range list {
		x := &list[i]
		path := fmt.Sprintf("%s[%d]", inShared, i)
		if x.Heap.Defined() {
			a.fractal(path, x.Heap)
		}
		switch {
		case !x.Index.Defined():
		case x.InTree:
			a.sharedTree(path, x)
		default:
			a.sharedList(path, x)
		}
	}
	return nil
}

func (a *auditor) sharedTree(path string, x *format.SharedIndex) {
	const kind = 7
	count := uint64(0)
	a.treeV2(path, x.Index, kind, func([]byte) error { count++; return nil })
	if count != uint64(x.Messages) {
		a.damage(path, SharedMessages, x.Index, "messages", "%d in the B-tree, the table has %d", count, x.Messages)
	}
}

// sharedList checks an index that is a list.
func (a *auditor) sharedList(path string, x *format.SharedIndex) {
	if !a.claim(path, SharedMessages, x.Index, format.SharedListSize(int(x.ListMost), a.sizes)) {
		return
	}
	b, err := a.cache.Bytes(x.Index, format.SharedListSize(int(x.Messages), a.sizes))
	if err == nil {
		err = format.CheckSharedList(b)
	}
	a.fault(path, SharedMessages, x.Index, err)
}
