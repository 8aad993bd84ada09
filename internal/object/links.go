package object

import (
	"bytes"
	"encoding/binary"
	"iter"

	"gables/hdf5/h5err"
	"gables/internal/btree"
	"gables/internal/checksum"
	"gables/internal/format"
	"gables/internal/heap"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// LinkStorage is where a group keeps its links.
type LinkStorage uint8

// The kinds of link storage.
const (
	LinksInSymbolTable LinkStorage = iota // old style: v1 B-tree and local heap
	LinksCompact                          // messages of the object header
	LinksDense                            // fractal heap and v2 B-trees
)

// String is the storage's name.
func (s LinkStorage) String() string {
	return [...]string{"symbol_table", "compact", "dense"}[s]
}

// group is where a group's links are.
type group struct {
	storage LinkStorage
	table   *format.SymbolTable
	info    *format.DenseInfo
}

func (g *Graph) group(h *Header) (group, error) {
	if m := h.Find(format.MsgLinkInfo); m != nil {
		info, err := format.DecodeLinkInfo(m.Data, g.Cache.Sizes())
		if err != nil {
			return group{}, h5err.At(err, "", uint64(h.Address))
		}
		if info.Heap.Defined() {
			return group{LinksDense, nil, info}, nil
		}
		return group{LinksCompact, nil, info}, nil
	}
	if m := h.Find(format.MsgSymbolTable); m != nil {
		t, err := format.DecodeSymbolTable(m.Data, g.Cache.Sizes())
		return group{LinksInSymbolTable, t, nil}, h5err.At(err, "", uint64(h.Address))
	}
	return group{}, h5err.At(h5err.New(h5err.ErrType, "object header", "", "the object is not a group"), "", uint64(h.Address))
}

// GroupInfo tells how a group stores its links, and whether it tracks the
// order of their creation.
func (g *Graph) GroupInfo(h *Header) (s LinkStorage, tracksOrder bool, err error) {
	gr, err := g.group(h)
	return gr.storage, gr.info != nil && gr.info.TracksOrder, err
}

// Links yields the links of a group in the order of its storage: by name in a
// symbol table, by creation where that is indexed, else as stored. A fault is
// yielded as an error and ends the iteration.
func (g *Graph) Links(h *Header) iter.Seq2[*format.Link, error] {
	return func(yield func(*format.Link, error) bool) {
		gr, err := g.group(h)
		if err == nil {
			switch gr.storage {
			case LinksInSymbolTable:
				err = g.symbolLinks(gr.table, yield)
			case LinksCompact:
				err = g.compactLinks(h, yield)
			case LinksDense:
				err = g.denseLinks(gr.info, yield)
			}
		}
		if err != nil && err != errStop {
			yield(nil, err)
		}
	}
}

// Lookup finds one link by name without listing the group.
func (g *Graph) Lookup(h *Header, name string) (*format.Link, bool, error) {
	gr, err := g.group(h)
	if err != nil {
		return nil, false, err
	}
	switch gr.storage {
	case LinksInSymbolTable:
		return g.lookupSymbol(gr.table, name)
	case LinksDense:
		return g.lookupDense(gr.info, name)
	}
	var found *format.Link
	err = g.compactLinks(h, func(l *format.Link, err error) bool {
		if l.Name == name {
			found = l
		}
		return found == nil
	})
	if err == errStop {
		err = nil
	}
	return found, found != nil, err
}

func (g *Graph) compactLinks(h *Header, yield func(*format.Link, error) bool) error {
	for i := range h.Messages {
		if h.Messages[i].Type != format.MsgLink {
			continue
		}
		body, _, err := g.Body(&h.Messages[i])
		if err != nil {
			return err
		}
		l, err := format.DecodeLink(body, g.Cache.Sizes())
		if err != nil {
			return h5err.At(err, "", uint64(h.Address))
		}
		if !yield(l, nil) {
			return errStop
		}
	}
	return nil
}

// denseLinks: records of type 5 are hash 4, heap ID 7; of type 6 order 8,
// heap ID 7. Spec: III.A.2.
func (g *Graph) denseLinks(info *format.DenseInfo, yield func(*format.Link, error) bool) error {
	addr, want, skip := info.NameIndex, uint8(5), 4
	if info.OrderIndex.Defined() {
		addr, want, skip = info.OrderIndex, 6, 8
	}
	tree, f, err := g.dense("dense link storage", addr, want, info.Heap)
	if err != nil {
		return err
	}
	for record, err := range tree.All() {
		if err != nil {
			return err
		}
		l, err := g.denseLink(f, record, skip)
		if err != nil {
			return err
		}
		if !yield(l, nil) {
			return errStop
		}
	}
	return nil
}

// dense opens an index of dense storage, which must be of the wanted type, and
// the heap that it points into.
func (g *Graph) dense(what string, index wire.Address, want uint8, heapAt wire.Address) (*btree.V2, *heap.Fractal, error) {
	tree, err := btree.OpenV2(g.Cache, index)
	if err != nil {
		return nil, nil, err
	}
	if tree.Type() != want {
		return nil, nil, wrongType(what, tree.Type(), want)
	}
	f, err := heap.OpenFractal(g.Cache, heapAt, g.Filters)
	return tree, f, err
}

func (g *Graph) denseLink(f *heap.Fractal, record []byte, skip int) (*format.Link, error) {
	if len(record) < skip+f.IDLength() {
		return nil, h5err.Corrupt("B-tree v2", "link record", "%d bytes", len(record))
	}
	b, err := f.Object(record[skip : skip+f.IDLength()])
	if err != nil {
		return nil, err
	}
	return format.DecodeLink(b, g.Cache.Sizes())
}

func (g *Graph) lookupDense(info *format.DenseInfo, name string) (*format.Link, bool, error) {
	tree, f, err := g.dense("dense link storage", info.NameIndex, 5, info.Heap)
	if err != nil {
		return nil, false, err
	}
	hash := checksum.Lookup3([]byte(name))
	var found *format.Link
	_, ok, err := tree.Find(func(record []byte) (int, error) {
		if c := compareHash(hash, record, 0); c != 0 {
			return c, nil
		}
		l, err := g.denseLink(f, record, 4)
		if err != nil {
			return 0, err
		}
		c := bytes.Compare([]byte(name), []byte(l.Name))
		if c == 0 {
			found = l
		}
		return c, nil
	})
	return found, ok && found != nil, err
}

// compareHash compares a hash with the one stored at an offset of a record; a
// record too short for it sorts as if it were zero.
func compareHash(hash uint32, record []byte, at int) int {
	var stored uint32
	if len(record) >= at+4 {
		stored = binary.LittleEndian.Uint32(record[at:])
	}
	switch {
	case hash < stored:
		return -1
	case hash > stored:
		return 1
	}
	return 0
}

// symbolNode is a decoded symbol table node. Spec: III.B.
func (g *Graph) symbolNode(addr wire.Address) ([]format.SymbolTableEntry, error) {
	entries, err := metacache.Load(g.Cache, metacache.SymbolNode, addr, func() ([]format.SymbolTableEntry, int64, error) {
		head, err := g.Cache.Bytes(addr, 8)
		if err != nil {
			return nil, 0, err
		}
		n := uint64(binary.LittleEndian.Uint16(head[6:]))
		b, err := g.Cache.Bytes(addr, 8+n*uint64(format.SymbolTableEntrySize(g.Cache.Sizes())))
		if err != nil {
			return nil, 0, err
		}
		list, err := format.DecodeSymbolNode(b, g.Cache.Sizes())
		return list, int64(len(list)) * 64, err
	})
	return entries, h5err.At(err, "symbol table node", uint64(addr))
}

func (g *Graph) symbolLinks(t *format.SymbolTable, yield func(*format.Link, error) bool) error {
	names, err := heap.OpenLocal(g.Cache, t.Heap)
	if err != nil {
		return err
	}
	for leaf, err := range btree.V1Leaves(g.Cache, t.BTree, 0, g.Cache.Sizes().Length) {
		if err != nil {
			return err
		}
		entries, err := g.symbolNode(leaf.Child)
		if err != nil {
			return err
		}
		for i := range entries {
			l, err := symbolLink(names, &entries[i])
			if err != nil {
				return err
			}
			if !yield(l, nil) {
				return errStop
			}
		}
	}
	return nil
}

// symbolLink turns an entry into a link: soft where the cache type says so.
func symbolLink(names *heap.Local, e *format.SymbolTableEntry) (*format.Link, error) {
	name, err := names.Name(e.NameOffset)
	if err != nil {
		return nil, err
	}
	l := &format.Link{Name: string(name), Header: e.Header}
	if e.CacheType == format.CacheSoftLink {
		target, err := names.Name(uint64(e.LinkOffset))
		if err != nil {
			return nil, err
		}
		l.Type, l.Target, l.Header = format.LinkSoft, string(target), wire.Undefined
	}
	return l, nil
}

// lookupSymbol: the names below a child of the B-tree are greater than the key
// on its left and at most the one on its right. Spec: III.A.1.
func (g *Graph) lookupSymbol(t *format.SymbolTable, name string) (*format.Link, bool, error) {
	names, err := heap.OpenLocal(g.Cache, t.Heap)
	if err != nil {
		return nil, false, err
	}
	want := []byte(name)
	leaf, ok, err := btree.V1Find(g.Cache, t.BTree, 0, g.Cache.Sizes().Length, func(left, right []byte) (int, error) {
		lo, err := names.Name(wire.Uint(left))
		if err != nil {
			return 0, err
		}
		if bytes.Compare(want, lo) <= 0 {
			return -1, nil
		}
		hi, err := names.Name(wire.Uint(right))
		if err != nil {
			return 0, err
		}
		if bytes.Compare(want, hi) > 0 {
			return 1, nil
		}
		return 0, nil
	})
	if err != nil || !ok {
		return nil, false, err
	}
	entries, err := g.symbolNode(leaf.Child)
	if err != nil {
		return nil, false, err
	}
	lo, hi := 0, len(entries)
	for lo < hi {
		mid := (lo + hi) / 2
		b, err := names.Name(entries[mid].NameOffset)
		if err != nil {
			return nil, false, err
		}
		switch c := bytes.Compare(want, b); {
		case c == 0:
			l, err := symbolLink(names, &entries[mid])
			return l, err == nil, err
		case c < 0:
			hi = mid
		default:
			lo = mid + 1
		}
	}
	return nil, false, nil
}
