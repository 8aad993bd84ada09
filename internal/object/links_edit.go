package object

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"strings"

	"gables/hdf5/h5err"
	"gables/internal/btree"
	"gables/internal/checksum"
	"gables/internal/format"
	"gables/internal/heap"
	"gables/internal/wire"
)

// Thresholds between compact and dense storage where a file says none.
const (
	defaultMaxCompact = 8
	defaultMinDense   = 6
)

// groupEdit is a group whose links are being changed.
type groupEdit struct {
	e      *Editor
	h      *HeaderEdit
	table  *format.SymbolTable // old style
	info   *format.DenseInfo   // new style
	infoAt int                 // index of the link info message
}

func (e *Editor) editGroup(addr wire.Address) (*groupEdit, error) {
	h, err := e.header(addr)
	if err != nil {
		return nil, err
	}
	g := &groupEdit{e: e, h: h}
	return g, h5err.At(g.decode(), "object header", uint64(addr))
}

func (g *groupEdit) decode() (err error) {
	if g.infoAt = g.h.Find(format.MsgLinkInfo); g.infoAt >= 0 {
		g.info, err = format.DecodeLinkInfo(g.h.At(g.infoAt).Data, g.e.Draft.Sizes())
		return err
	}
	if i := g.h.Find(format.MsgSymbolTable); i >= 0 {
		g.table, err = format.DecodeSymbolTable(g.h.At(i).Data, g.e.Draft.Sizes())
		return err
	}
	return h5err.New(h5err.ErrType, "", "", "the object is not a group")
}

// CheckLinkName refuses names that no link may have.
func CheckLinkName(name string) error {
	if name == "" || name == "." || strings.ContainsAny(name, "/\x00") {
		return fmt.Errorf("link name %q: it must not be empty, \".\" or have a slash or NUL: %w", name, h5err.ErrSelection)
	}
	return nil
}

// InsertLink adds a link to the group at addr; ErrExists when it has one of
// that name. The count of links of the target is the caller's.
func (e *Editor) InsertLink(addr wire.Address, l *format.Link) error {
	if err := CheckLinkName(l.Name); err != nil {
		return err
	}
	g, err := e.editGroup(addr)
	if err != nil {
		return err
	}
	if g.table != nil {
		if l.Type == format.LinkHard || l.Type == format.LinkSoft {
			return h5err.At(g.insertSymbol(l), "group", uint64(addr))
		}
		// A symbol table has no place for other links; libhdf5 too changes the
		// group's style then.
		if err := g.modernise(); err != nil {
			return err
		}
	}
	if err := g.insert(l); err != nil {
		return h5err.At(err, "group", uint64(addr))
	}
	return g.h.Save()
}

// RemoveLink takes a link out of the group at addr and gives it; ErrNotFound
// when there is none of that name. The target is left as it is.
func (e *Editor) RemoveLink(addr wire.Address, name string) (*format.Link, error) {
	g, err := e.editGroup(addr)
	if err != nil {
		return nil, err
	}
	if g.table != nil {
		l, err := g.removeSymbol(name)
		return l, h5err.At(err, "group", uint64(addr))
	}
	l, err := g.remove(name)
	if err != nil {
		return nil, h5err.At(err, "group", uint64(addr))
	}
	return l, g.h.Save()
}

// FindLink looks a link up in the group at addr.
func (e *Editor) FindLink(addr wire.Address, name string) (*format.Link, bool, error) {
	g, err := e.editGroup(addr)
	if err != nil {
		return nil, false, err
	}
	switch {
	case g.table != nil:
		return g.findSymbol(name)
	case g.info.Heap.Defined():
		return g.findDense(name)
	}
	i, l, err := g.findCompact(name)
	return l, i >= 0 && err == nil, err
}

// newSymbolTable makes an empty local heap and B-tree.
func (e *Editor) newSymbolTable() (*format.SymbolTable, error) {
	names, err := heap.NewLocal(e.Draft, localHeapSize)
	if err != nil {
		return nil, err
	}
	tree, err := btree.NewSymbols(e.Draft, e.InternalK)
	return &format.SymbolTable{BTree: tree, Heap: names}, err
}

// symbols opens the structures of an old-style group.
func (g *groupEdit) symbols() (*btree.Symbols, *heap.LocalEdit, error) {
	names, err := heap.EditLocal(g.e.Draft, g.table.Heap)
	if err != nil {
		return nil, nil, err
	}
	tree, err := btree.EditSymbols(g.e.Draft, g.table.BTree, g.e.LeafK, g.e.InternalK, names.Name)
	return tree, names, err
}

func (g *groupEdit) insertSymbol(l *format.Link) error {
	tree, names, err := g.symbols()
	if err != nil {
		return err
	}
	entry := format.SymbolTableEntry{Header: l.Header}
	if entry.NameOffset, err = names.Insert([]byte(l.Name)); err != nil {
		return err
	}
	if l.Type == format.LinkSoft {
		at, err := names.Insert([]byte(l.Target))
		if err != nil {
			return err
		}
		entry.Header, entry.CacheType, entry.LinkOffset = wire.Undefined, format.CacheSoftLink, uint32(at)
	}
	return tree.Insert(entry)
}

func (g *groupEdit) findSymbol(name string) (*format.Link, bool, error) {
	tree, names, err := g.symbols()
	if err != nil {
		return nil, false, err
	}
	entry, ok, err := tree.Find([]byte(name))
	if err != nil || !ok {
		return nil, false, err
	}
	l, err := symbolEntryLink(names, name, &entry)
	return l, err == nil, err
}

// symbolEntryLink makes the link of an entry.
func symbolEntryLink(names *heap.LocalEdit, name string, e *format.SymbolTableEntry) (*format.Link, error) {
	l := &format.Link{Name: name, Header: e.Header}
	if e.CacheType == format.CacheSoftLink {
		target, err := names.Name(uint64(e.LinkOffset))
		if err != nil {
			return nil, err
		}
		l.Type, l.Target, l.Header = format.LinkSoft, string(target), wire.Undefined
	}
	return l, nil
}

func (g *groupEdit) removeSymbol(name string) (*format.Link, error) {
	tree, names, err := g.symbols()
	if err != nil {
		return nil, err
	}
	entry, err := tree.Remove([]byte(name))
	if err != nil {
		return nil, fmt.Errorf("link %q: %w", name, err)
	}
	l, err := symbolEntryLink(names, name, &entry)
	if err != nil {
		return nil, err
	}
	if l.Type == format.LinkSoft {
		if err := names.Remove(uint64(entry.LinkOffset), []byte(l.Target)); err != nil {
			return nil, err
		}
	}
	return l, names.Remove(entry.NameOffset, []byte(name))
}

// modernise gives an old-style group link messages or dense storage in place of
// its symbol table.
func (g *groupEdit) modernise() error {
	var links []*format.Link
	graph := g.e.Graph()
	h, err := graph.Open(g.h.Address)
	if err != nil {
		return err
	}
	for l, err := range graph.Links(h) {
		if err != nil {
			return err
		}
		links = append(links, l)
	}
	if err := g.freeSymbols(); err != nil {
		return err
	}
	g.h.Remove(g.h.Find(format.MsgSymbolTable))
	g.table = nil
	g.info = &format.DenseInfo{Heap: wire.Undefined, NameIndex: wire.Undefined, OrderIndex: wire.Undefined}
	body, err := format.AppendLinkInfo(nil, g.info, g.e.Draft.Sizes())
	if err != nil {
		return err
	}
	if err := g.h.Add(format.Message{Type: format.MsgLinkInfo, Data: body}); err != nil {
		return err
	}
	g.infoAt = g.h.Find(format.MsgLinkInfo)
	if err := g.h.Add(format.Message{Type: format.MsgGroupInfo, Flags: 1, Data: format.AppendGroupInfo(nil, &format.GroupInfo{})}); err != nil {
		return err
	}
	for _, l := range links {
		if err := g.insert(l); err != nil {
			return err
		}
	}
	return nil
}

func (g *groupEdit) freeSymbols() error {
	tree, names, err := g.symbols()
	if err != nil {
		return err
	}
	if err := tree.Free(nil); err != nil {
		return err
	}
	return names.Free()
}

// phase gives the thresholds between compact and dense storage.
func (g *groupEdit) phase() (maxCompact, minDense int, err error) {
	i := g.h.Find(format.MsgGroupInfo)
	if i < 0 {
		return defaultMaxCompact, defaultMinDense, nil
	}
	info, err := format.DecodeGroupInfo(g.h.At(i).Data)
	if err != nil || !info.HasPhaseChange {
		return defaultMaxCompact, defaultMinDense, err
	}
	return int(info.MaxCompact), int(info.MinDense), nil
}

// insert adds a link to a new-style group.
func (g *groupEdit) insert(l *format.Link) error {
	n := *l
	n.HasOrder = g.info.TracksOrder
	if n.HasOrder {
		n.Order = int64(g.info.MaxOrder)
		g.info.MaxOrder++
		if err := g.saveInfo(); err != nil {
			return err
		}
	} else {
		n.Order = 0
	}
	if g.info.Heap.Defined() {
		return g.insertDense(&n)
	}
	if i, _, err := g.findCompact(l.Name); err != nil || i >= 0 {
		if err == nil {
			err = existing(l.Name)
		}
		return err
	}
	body, err := format.AppendLink(nil, &n, g.e.Draft.Sizes())
	if err != nil {
		return err
	}
	most, _, err := g.phase()
	if err != nil {
		return err
	}
	if g.compactCount() < most && len(body) <= maxMessage&^7 {
		return g.h.Add(format.Message{Type: format.MsgLink, Data: body})
	}
	if err := g.makeDense(); err != nil {
		return err
	}
	return g.insertDense(&n)
}

func existing(name string) error { return h5err.New(h5err.ErrExists, "", "", "link %q", name) }

func (g *groupEdit) compactCount() int {
	n := 0
	for i := range g.h.Len() {
		if g.h.At(i).Type == format.MsgLink {
			n++
		}
	}
	return n
}

// findCompact gives a link and the index of its message, or -1.
func (g *groupEdit) findCompact(name string) (int, *format.Link, error) {
	for i := range g.h.Len() {
		if g.h.At(i).Type != format.MsgLink {
			continue
		}
		l, err := format.DecodeLink(g.h.At(i).Data, g.e.Draft.Sizes())
		if err != nil {
			return -1, nil, err
		}
		if l.Name == name {
			return i, l, nil
		}
	}
	return -1, nil, nil
}

func (g *groupEdit) saveInfo() error {
	body, err := format.AppendLinkInfo(nil, g.info, g.e.Draft.Sizes())
	if err != nil {
		return err
	}
	err = g.h.Replace(g.infoAt, body)
	g.infoAt = g.h.Find(format.MsgLinkInfo)
	return err
}

// Lengths of heap IDs: 7 bytes for links, 8 for attributes. Source: libhdf5's
// H5Gdense.c and H5Adense.c.
const (
	linkIDSize      = 7
	attributeIDSize = 8
)

// dense are the properties of the indexes of dense storage. Source: libhdf5's
// H5Gdense.c and H5Adense.c.
func dense(kind uint8, record int) btree.V2Params {
	return btree.V2Params{Type: kind, NodeSize: 512, RecordSize: record, Split: 100, Merge: 40}
}

// makeDense moves the links from the header into dense storage.
func (g *groupEdit) makeDense() error {
	var err error
	if g.info.Heap, err = heap.NewFractal(g.e.Draft, heap.LinkHeap); err != nil {
		return err
	}
	if g.info.NameIndex, err = btree.NewV2(g.e.Draft, dense(btreeLinkNames, 4+linkIDSize)); err != nil {
		return err
	}
	if g.info.IndexOrder {
		if g.info.OrderIndex, err = btree.NewV2(g.e.Draft, dense(btreeLinkOrder, 8+linkIDSize)); err != nil {
			return err
		}
	}
	if err := g.saveInfo(); err != nil {
		return err
	}
	for i := 0; i < g.h.Len(); {
		if g.h.At(i).Type != format.MsgLink {
			i++
			continue
		}
		l, err := format.DecodeLink(g.h.At(i).Data, g.e.Draft.Sizes())
		if err != nil {
			return err
		}
		if err := g.insertDense(l); err != nil {
			return err
		}
		g.h.Remove(i)
	}
	g.infoAt = g.h.Find(format.MsgLinkInfo)
	return nil
}

// dense opens the heap and the index by name.
func (g *groupEdit) dense() (*heap.FractalEdit, *btree.V2Edit, error) {
	f, err := heap.EditFractal(g.e.Draft, g.info.Heap)
	if err != nil {
		return nil, nil, err
	}
	t, err := btree.EditV2(g.e.Draft, g.info.NameIndex)
	return f, t, err
}

// byName compares a name with the records of an index: by the hash that they
// have at an offset, and where that is equal by what read gives for the record.
func byName(name string, at int, read func(record []byte) (string, error)) func([]byte) (int, error) {
	hash := checksum.Lookup3([]byte(name))
	return func(record []byte) (int, error) {
		if c := compareHash(hash, record, at); c != 0 {
			return c, nil
		}
		other, err := read(record)
		return strings.Compare(name, other), err
	}
}

// linkName reads the name of a link that a record refers to.
func (g *groupEdit) linkName(f *heap.FractalEdit) func([]byte) (string, error) {
	return func(record []byte) (string, error) {
		b, err := f.Object(record[4:])
		if err != nil {
			return "", err
		}
		l, err := format.DecodeLink(b, g.e.Draft.Sizes())
		if err != nil {
			return "", err
		}
		return l.Name, nil
	}
}

func (g *groupEdit) insertDense(l *format.Link) error {
	f, names, err := g.dense()
	if err != nil {
		return err
	}
	body, err := format.AppendLink(nil, l, g.e.Draft.Sizes())
	if err != nil {
		return err
	}
	id, err := f.Insert(body)
	if err != nil {
		return err
	}
	record := binary.LittleEndian.AppendUint32(nil, checksum.Lookup3([]byte(l.Name)))
	if err := names.Insert(append(record, id...), byName(l.Name, 0, g.linkName(f))); err != nil || !g.info.IndexOrder {
		return err
	}
	orders, err := btree.EditV2(g.e.Draft, g.info.OrderIndex)
	if err != nil {
		return err
	}
	record = binary.LittleEndian.AppendUint64(nil, uint64(l.Order))
	return orders.Insert(append(record, id...), byOrder(uint64(l.Order), 0, 8))
}

// byOrder compares an order of creation with the records of an index, in which
// it begins a record and has the given width.
func byOrder(order uint64, at, width int) func([]byte) (int, error) {
	return func(record []byte) (int, error) { return cmp.Compare(order, wire.Uint(record[at:at+width])), nil }
}

func (g *groupEdit) findDense(name string) (*format.Link, bool, error) {
	f, names, err := g.dense()
	if err != nil {
		return nil, false, err
	}
	record, ok, err := names.Find(byName(name, 0, g.linkName(f)))
	if err != nil || !ok {
		return nil, false, err
	}
	b, err := f.Object(record[4:])
	if err != nil {
		return nil, false, err
	}
	l, err := format.DecodeLink(append([]byte(nil), b...), g.e.Draft.Sizes())
	return l, err == nil, err
}

// remove takes a link out of a new-style group.
func (g *groupEdit) remove(name string) (*format.Link, error) {
	if !g.info.Heap.Defined() {
		i, l, err := g.findCompact(name)
		if err == nil && i < 0 {
			err = h5err.New(h5err.ErrNotFound, "", "", "link %q", name)
		}
		if err != nil {
			return nil, err
		}
		g.h.Remove(i)
		return l, nil
	}
	l, left, err := g.removeDense(name)
	if err != nil {
		return nil, err
	}
	_, least, err := g.phase()
	if err == nil && left < uint64(least) {
		err = g.makeCompact()
	}
	return l, err
}

// removeDense takes a link out of dense storage, and tells how many are left.
func (g *groupEdit) removeDense(name string) (*format.Link, uint64, error) {
	f, names, err := g.dense()
	if err != nil {
		return nil, 0, err
	}
	record, err := names.Remove(byName(name, 0, g.linkName(f)))
	if err != nil {
		return nil, 0, fmt.Errorf("link %q: %w", name, err)
	}
	b, err := f.Object(record[4:])
	if err != nil {
		return nil, 0, err
	}
	l, err := format.DecodeLink(append([]byte(nil), b...), g.e.Draft.Sizes())
	if err != nil {
		return nil, 0, err
	}
	if g.info.IndexOrder {
		orders, err := btree.EditV2(g.e.Draft, g.info.OrderIndex)
		if err != nil {
			return nil, 0, err
		}
		if _, err := orders.Remove(byOrder(uint64(l.Order), 0, 8)); err != nil {
			return nil, 0, err
		}
	}
	left, err := names.Count()
	if err != nil {
		return nil, 0, err
	}
	return l, left, f.Remove(record[4:])
}

// makeCompact moves the links from dense storage into the header, unless one
// is too long for a message.
func (g *groupEdit) makeCompact() error {
	var bodies [][]byte
	graph := g.e.Graph()
	if err := graph.denseLinks(g.info, func(l *format.Link, _ error) bool {
		body, err := format.AppendLink(nil, l, g.e.Draft.Sizes())
		if err != nil {
			body = make([]byte, maxMessage+1)
		}
		bodies = append(bodies, body)
		return true
	}); err != nil {
		return err
	}
	for _, b := range bodies {
		if len(b) > maxMessage&^7 {
			return nil
		}
	}
	if err := g.e.freeDense(g.info); err != nil {
		return err
	}
	if err := g.saveInfo(); err != nil {
		return err
	}
	for _, b := range bodies {
		if err := g.h.Add(format.Message{Type: format.MsgLink, Data: b}); err != nil {
			return err
		}
	}
	g.infoAt = g.h.Find(format.MsgLinkInfo)
	return nil
}

// freeDense gives dense storage back.
func (e *Editor) freeDense(info *format.DenseInfo) error {
	if !info.Heap.Defined() {
		return nil
	}
	for _, at := range []wire.Address{info.NameIndex, info.OrderIndex} {
		if !at.Defined() {
			continue
		}
		t, err := btree.EditV2(e.Draft, at)
		if err != nil {
			return err
		}
		if err := t.Free(nil); err != nil {
			return err
		}
	}
	f, err := heap.EditFractal(e.Draft, info.Heap)
	if err != nil {
		return err
	}
	info.Heap, info.NameIndex, info.OrderIndex = wire.Undefined, wire.Undefined, wire.Undefined
	return f.Free()
}
