package audit

import (
	"bytes"
	"errors"
	"strings"

	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/heap"
	"gables/internal/object"
	"gables/internal/wire"
)

// group checks how a group's links are stored, and where they lead.
func (a *auditor) group(path string, h *object.Header) {
	if m := h.Find(format.MsgLinkInfo); m != nil {
		info, err := format.DecodeLinkInfo(m.Data, a.sizes)
		if err != nil {
			a.fault(path, ObjectHeader, h.Address, err)
			return
		}
		a.dense(path, info, 5, 6)
		a.links(path, h)
		return
	}
	t, err := format.DecodeSymbolTable(h.Find(format.MsgSymbolTable).Data, a.sizes)
	if err != nil {
		a.fault(path, ObjectHeader, h.Address, err)
		return
	}
	a.symbolTable(path, h.Address, t)
}

// links follows the links of a new-style group.
func (a *auditor) links(path string, h *object.Header) {
	seen := map[string]bool{}
	for l, err := range a.Graph.Links(h) {
		if err != nil {
			a.fault(path, ObjectHeader, h.Address, err)
			return
		}
		if seen[l.Name] {
			a.damage(path, ObjectHeader, h.Address, "link", "%q is there twice", l.Name)
		}
		seen[l.Name] = true
		a.link(path, h.Address, l)
		if a.ctx.Err() != nil {
			return
		}
	}
	for name := range seen {
		if _, ok, err := a.Graph.Lookup(h, name); err != nil || !ok {
			a.damage(path, BTreeV2, h.Address, "link", "%q is listed, but a look-up does not find it", name)
		}
	}
}

// link notes where a link leads.
func (a *auditor) link(path string, group wire.Address, l *format.Link) {
	a.report.Links++
	where := strings.TrimSuffix(path, "/") + "/" + l.Name
	if l.Name == "" || strings.ContainsAny(l.Name, "/\x00") {
		a.damage(path, ObjectHeader, group, "link", "name %q", l.Name)
	}
	switch {
	case l.Type == format.LinkHard:
		a.find(l.Header, where).links++
	case a.Resolve == nil || l.Type > format.LinkExternal:
	default:
		err := a.Resolve(group, l)
		var level Level
		switch {
		case err == nil:
			return
		case errors.Is(err, h5err.ErrCorrupt), errors.Is(err, h5err.ErrChecksum):
			level = Warning // the target's own damage is told where it is
		}
		a.add(level, where, err)
	}
}

// symbolTable checks an old-style group: a B-tree of symbol table nodes, and
// the names in a local heap, in ascending order.
func (a *auditor) symbolTable(path string, group wire.Address, t *format.SymbolTable) {
	names := a.localHeap(path, t.Heap)
	if names == nil {
		return
	}
	s := &symbols{a: a, path: path, group: group, names: names}
	w := treeV1{a: a, path: path, kind: GroupBTree, nodeType: format.BTreeV1Group, keySize: a.sizes.Length, slots: 2 * a.InternalK}
	w.visit, w.compare = s.node, s.compare
	w.root(t.BTree)
}

// symbols goes through the entries of a group.
type symbols struct {
	a     *auditor
	path  string
	group wire.Address
	names *heap.Local
	last  []byte // name; nil before the first
}

// compare orders the names of two keys; one that has none sorts first, and is
// told with its node.
func (s *symbols) compare(x, y []byte) int {
	a, err1 := s.names.Name(wire.Uint(x))
	b, err2 := s.names.Name(wire.Uint(y))
	if err1 != nil || err2 != nil {
		return -1
	}
	return bytes.Compare(a, b)
}

// node checks one symbol table node, between whose keys its names lie: above
// the left one, up to the right one.
func (s *symbols) node(left, right []byte, addr wire.Address) {
	a := s.a
	if !a.claim(s.path, SymbolNode, addr, uint64(format.SymbolNodeSize(a.sizes, 2*a.LeafK))) {
		return
	}
	b, err := a.cache.Bytes(addr, uint64(format.SymbolNodeSize(a.sizes, 2*a.LeafK)))
	var entries []format.SymbolTableEntry
	if err == nil {
		entries, err = format.DecodeSymbolNode(b, a.sizes)
	}
	if err != nil {
		a.fault(s.path, SymbolNode, addr, err)
		return
	}
	lo, err1 := s.names.Name(wire.Uint(left))
	hi, err2 := s.names.Name(wire.Uint(right))
	if err := errors.Join(err1, err2); err != nil {
		a.fault(s.path, GroupBTree, addr, err)
		return
	}
	for i := range entries {
		name, err := s.names.Name(entries[i].NameOffset)
		if err != nil {
			a.fault(s.path, SymbolNode, addr, err)
			continue
		}
		if s.last != nil && bytes.Compare(name, s.last) <= 0 {
			a.damage(s.path, SymbolNode, addr, "order of names", "%q behind %q", name, s.last)
		}
		if bytes.Compare(name, lo) <= 0 || bytes.Compare(name, hi) > 0 {
			a.damage(s.path, SymbolNode, addr, "keys of the B-tree", "%q is not above %q and up to %q", name, lo, hi)
		}
		s.last = name
		s.entry(addr, string(name), &entries[i])
	}
}

func (s *symbols) entry(node wire.Address, name string, e *format.SymbolTableEntry) {
	l := &format.Link{Name: name, Header: e.Header}
	if e.CacheType == format.CacheSoftLink {
		target, err := s.names.Name(uint64(e.LinkOffset))
		if err != nil {
			s.a.fault(s.path, SymbolNode, node, err)
			return
		}
		l.Type, l.Target, l.Header = format.LinkSoft, string(target), wire.Undefined
	}
	s.a.link(s.path, s.group, l)
}

// localHeap claims and checks a local heap; nil when it can't be read.
func (a *auditor) localHeap(path string, addr wire.Address) *heap.Local {
	// The header is padded, as testdata/sizes_4_4_v0.h5 of package hdf5 shows.
	if !a.claim(path, LocalHeap, addr, (format.LocalHeapSize(a.sizes)+7)&^7) {
		return nil
	}
	b, err := a.cache.Bytes(addr, format.LocalHeapSize(a.sizes))
	var h *format.LocalHeap
	if err == nil {
		h, err = format.DecodeLocalHeap(b, a.sizes)
	}
	if err != nil {
		a.fault(path, LocalHeap, addr, err)
		return nil
	}
	if !a.claim(path, LocalHeap, h.Data, h.DataSize) {
		return nil
	}
	names, err := heap.OpenLocal(a.cache, addr)
	if err != nil {
		a.fault(path, LocalHeap, addr, err)
		return nil
	}
	a.fault(path, LocalHeap, addr, a.freeList(h))
	return names
}

// noFreeBlock ends the free list of a local heap. Spec: III.D.
const noFreeBlock = 1

// freeList follows a local heap's list of unused blocks, each of which begins
// with the offset of the next and its own size.
func (a *auditor) freeList(h *format.LocalHeap) error {
	b, err := a.cache.Bytes(h.Data, h.DataSize)
	if err != nil || h.DataSize == 0 {
		return err
	}
	l := a.sizes.Length
	none := uint64(noFreeBlock)
	left := h.DataSize
	for at := h.FreeList; at != none && at != ^uint64(0)>>(64-8*l); {
		if at > h.DataSize || h.DataSize-at < uint64(2*l) {
			return h5err.Corrupt(LocalHeap.String(), "free list", "block at %d of %d bytes", at, h.DataSize)
		}
		size := wire.Uint(b[at+uint64(l) : at+uint64(2*l)])
		if size > h.DataSize-at || size > left || size == 0 {
			return h5err.Corrupt(LocalHeap.String(), "free list", "block of %d bytes at %d of %d", size, at, h.DataSize)
		}
		left -= size
		at = wire.Uint(b[at : at+uint64(l)])
	}
	return nil
}
