package object

import (
	"time"

	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/heap"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// Editor changes the object graph of a draft. Its methods belong into
// Draft.Do, so that one that fails leaves no trace. It belongs to one goroutine
// at a time.
type Editor struct {
	Draft     *draft.Draft
	Low       format.Bound // how new the encodings are that are chosen for what is made
	LeafK     int          // symbols of a symbol table node are at most twice as many
	InternalK int          // the same for nodes of a group's B-tree
	ChunkK    int          // the same for nodes of a chunk B-tree
	Filters   *filter.Registry
	Heap      *heap.GlobalEdit
	Made      func(wire.Address) // told of every object header that is made; nil: nobody is
	Deleted   func(wire.Address) // told of every object header that is given back; nil: nobody is

	graph   *Graph
	version uint64

	recent [4]*HeaderEdit // headers that were edited last: most edits come in a row
	next   int
	undone uint64 // the draft's, when recent was right
}

// header loads the header at addr, or gives the one that was edited just now.
func (e *Editor) header(addr wire.Address) (*HeaderEdit, error) {
	if n := e.Draft.Undone(); n != e.undone {
		e.undone, e.recent = n, [4]*HeaderEdit{}
	}
	for _, h := range e.recent {
		if h != nil && h.Address == addr {
			return h, nil
		}
	}
	h, err := EditHeader(e.Draft, addr)
	if err == nil {
		e.remember(h)
	}
	return h, err
}

func (e *Editor) remember(h *HeaderEdit) {
	e.recent[e.next] = h
	e.next = (e.next + 1) % len(e.recent)
}

// forget drops a header that is given back.
func (e *Editor) forget(addr wire.Address) {
	for i, h := range e.recent {
		if h != nil && h.Address == addr {
			e.recent[i] = nil
		}
	}
}

// Graph reads the draft as it is now. It is valid until the next edit.
func (e *Editor) Graph() *Graph {
	if e.graph == nil || e.version != e.Draft.Version() {
		e.graph = &Graph{Cache: metacache.NewBrief(e.Draft, e.Draft.Sizes(), *e.Draft.Limits()), Filters: e.Filters}
		e.version = e.Draft.Version()
	}
	return e.graph
}

// pick chooses between what the earliest bound writes and what all later ones do.
func (e *Editor) pick(earliest, later uint8) uint8 {
	if e.Low == format.BoundEarliest {
		return earliest
	}
	return later
}

// HeaderOptions change how a new object header is made.
type HeaderOptions struct {
	Time            time.Time // of creation; zero: no times are kept
	TrackAttributes bool      // remember the order in which attributes are created
	IndexAttributes bool      // and index them by it once they are dense
	MaxCompact      uint16    // attributes that stay in the header; 0 with MinDense 0: 8
	MinDense        uint16    // attributes that stay in dense storage; 6
	Spare           int       // bytes of room for messages that will follow

	Access, Change, Birth time.Time        // where they are other than Time; only headers of version 2 keep them
	Modern                bool             // version 2, whatever the style
	More                  []format.Message // put behind those that make the object
}

// Version is that of the header that e makes: only 2 has room for the order of
// attributes.
func (o *HeaderOptions) Version(e *Editor) uint8 {
	if o.Modern || o.TrackAttributes || o.IndexAttributes || o.MaxCompact != 0 || o.MinDense != 0 {
		return 2
	}
	return e.pick(1, 2)
}

// orTime is t, or the header's time where that is not set.
func (o *HeaderOptions) orTime(t time.Time) time.Time {
	if t.IsZero() {
		return o.Time
	}
	return t
}

// newHeader makes a header of the style with the given messages.
func (e *Editor) newHeader(list []format.Message, o HeaderOptions) (*HeaderEdit, error) {
	p := format.ObjectHeader{Version: o.Version(e)}
	if p.Version == 2 {
		if !o.Time.IsZero() {
			p.Flags |= format.HeaderTimes
			p.HasTimes, p.Modification = true, o.Time
			p.Access, p.Change, p.Birth = o.orTime(o.Access), o.orTime(o.Change), o.orTime(o.Birth)
		}
		if o.TrackAttributes {
			p.Flags |= format.HeaderTracksOrder
		}
		if o.IndexAttributes {
			p.Flags |= format.HeaderIndexOrder
		}
		if o.MaxCompact != 0 || o.MinDense != 0 {
			p.Flags |= format.HeaderPhaseChange
			p.MaxCompact, p.MinDense = o.MaxCompact, o.MinDense
		}
	}
	return NewHeader(e.Draft, p, append(list, o.More...), o.Spare)
}

// GroupOptions change how a new group is made.
type GroupOptions struct {
	HeaderOptions
	TrackOrder bool   // remember the order in which links are created
	IndexOrder bool   // and index them by it once they are dense
	MaxCompact uint16 // links that stay in the header; 0 with MinDense 0: 8
	MinDense   uint16 // links that stay in dense storage; 6
	NewStyle   bool   // no symbol table, whatever the style
}

// NewGroup makes an empty group that no link leads to yet.
func (e *Editor) NewGroup(o GroupOptions) (wire.Address, error) {
	if e.Low == format.BoundEarliest && !o.NewStyle && !o.TrackOrder && o.GroupOptionsDefault() {
		return e.newSymbolGroup(o)
	}
	info := format.DenseInfo{TracksOrder: o.TrackOrder, IndexOrder: o.TrackOrder && o.IndexOrder,
		Heap: wire.Undefined, NameIndex: wire.Undefined, OrderIndex: wire.Undefined}
	body, err := format.AppendLinkInfo(nil, &info, e.Draft.Sizes())
	if err != nil {
		return 0, err
	}
	gi := format.GroupInfo{}
	if o.MaxCompact != 0 || o.MinDense != 0 {
		gi.HasPhaseChange, gi.MaxCompact, gi.MinDense = true, o.MaxCompact, o.MinDense
	}
	o.Spare = max(o.Spare, 120)
	h, err := e.newHeader([]format.Message{{Type: format.MsgLinkInfo, Data: body},
		{Type: format.MsgGroupInfo, Flags: 1, Data: format.AppendGroupInfo(nil, &gi)}}, o.HeaderOptions)
	if err != nil {
		return 0, err
	}
	return h.Address, e.unlinked(h)
}

// GroupOptionsDefault tells whether the phase change values are libhdf5's own.
func (o GroupOptions) GroupOptionsDefault() bool { return o.MaxCompact == 0 && o.MinDense == 0 }

// unlinked saves a new header with no link to it.
func (e *Editor) unlinked(h *HeaderEdit) error {
	e.forget(h.Address)
	e.remember(h)
	if e.Made != nil {
		e.Made(h.Address)
	}
	if err := h.SetReferences(0); err != nil {
		return err
	}
	return h.Save()
}

// localHeapSize is the data segment that libhdf5 gives a new group by default.
const localHeapSize = 88

func (e *Editor) newSymbolGroup(o GroupOptions) (wire.Address, error) {
	t, err := e.newSymbolTable()
	if err != nil {
		return 0, err
	}
	body, err := format.AppendSymbolTable(nil, t, e.Draft.Sizes())
	if err != nil {
		return 0, err
	}
	h, err := e.newHeader([]format.Message{{Type: format.MsgSymbolTable, Data: body}}, o.HeaderOptions)
	if err != nil {
		return 0, err
	}
	return h.Address, e.unlinked(h)
}

// AddReference changes how many hard links lead to an object, and gives the new
// count. An object that nothing leads to any more is deleted.
func (e *Editor) AddReference(addr wire.Address, n int) (uint32, error) {
	h, err := e.header(addr)
	if err != nil {
		return 0, err
	}
	old, err := h.References()
	if err != nil {
		return 0, err
	}
	now := int64(old) + int64(n)
	if now < 0 || now > 1<<32-1 {
		return 0, h5err.At(h5err.Corrupt("object header", "reference count", "%d, and %+d", old, n), "", uint64(addr))
	}
	if now == 0 && n < 0 {
		return 0, e.delete(h)
	}
	if err := h.SetReferences(uint32(now)); err != nil {
		return 0, err
	}
	return uint32(now), h.Save()
}

// RootEntry is what a version 0 or 1 superblock says of the root group.
func (e *Editor) RootEntry(root wire.Address) (format.SymbolTableEntry, error) {
	g, err := e.editGroup(root)
	if err != nil {
		return format.SymbolTableEntry{}, err
	}
	entry := format.SymbolTableEntry{Header: root}
	if g.table != nil {
		entry.CacheType, entry.BTree, entry.Heap = format.CacheGroup, g.table.BTree, g.table.Heap
	}
	return entry, nil
}

// Types of the B-trees of dense storage. Spec: III.A.2.
const (
	btreeLinkNames      = 5
	btreeLinkOrder      = 6
	btreeAttributeNames = 8
	btreeAttributeOrder = 9
)
