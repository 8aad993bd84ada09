package hdf5

import (
	"cmp"
	"errors"
	"slices"

	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/object"
	"gables/internal/wire"
)

// add puts an object on the list of those to be copied, once.
func (c *copyRun) add(f *File, addr wire.Address, path string) *copied {
	k := objectKey{f.home, addr}
	if x := c.items[k]; x != nil {
		return x
	}
	x := &copied{f: f, addr: addr, path: path, to: wire.Undefined}
	c.items[k] = x
	c.order = append(c.order, x)
	return x
}

// open gives the header of an object that is copied.
func (c *copyRun) open(x *copied) (*node, error) {
	s, err := c.source(x.f)
	if err != nil {
		return nil, err
	}
	h, err := s.graph.Open(x.addr)
	if err != nil {
		return nil, h5err.In(err, x.f.name, x.path)
	}
	return &node{f: x.f, s: s, path: x.path, h: h}, nil
}

// scan lists what is below the objects from number first on, breadth first.
func (c *copyRun) scan(first int) error {
	for i := first; i < len(c.order); i++ {
		x := c.order[i]
		if err := c.ctx.Err(); err != nil {
			return err
		}
		n, err := c.open(x)
		if err != nil {
			return err
		}
		if limit := n.s.conf.limits.Objects; len(c.order) > limit {
			return n.wrap(h5err.Limit("", "", "more than %d objects", limit))
		}
		if err := n.wrap(c.scanOne(x, n)); err != nil {
			return err
		}
	}
	return nil
}

func (c *copyRun) scanOne(x *copied, n *node) error {
	switch n.h.Kind() {
	case object.KindDatatype:
		return nil
	case object.KindDataset:
		return c.count(n)
	case object.KindGroup:
	default:
		return h5err.Unsupported("object header", "messages", "the object is neither group, dataset nor datatype")
	}
	if x.bare {
		return nil
	}
	for l, err := range n.s.graph.Links(n.h) {
		if err != nil {
			return err
		}
		before := len(c.order)
		y, err := c.target(n, l)
		if err != nil {
			return err
		}
		if y != nil && len(c.order) > before {
			y.bare = c.o.Shallow
		}
	}
	return nil
}

// count adds the stored bytes of a dataset to those that Progress tells.
func (c *copyRun) count(n *node) error {
	if c.o.Progress == nil {
		return nil
	}
	d := &Dataset{node: n}
	if err := d.describe(); err != nil {
		return err
	}
	size, err := d.storageSize(c.ctx)
	c.total += size
	return err
}

// target is the object that takes the place of a link, nil for one that stays
// what it is.
func (c *copyRun) target(n *node, l *format.Link) (*copied, error) {
	child := childPath(n.path, l.Name)
	switch {
	case l.Type == format.LinkHard:
		return c.add(n.f, l.Header, child), nil
	case l.Type == format.LinkSoft && c.o.ExpandSoft, l.Type == format.LinkExternal && c.o.ExpandExternal:
	default:
		return nil, nil
	}
	r := resolver{hops: n.s.conf.limits.Links}
	defer r.done()
	at, err := r.follow(place{n.f, n.s, n.h.Address}, l)
	if err != nil {
		if errors.Is(err, h5err.ErrNotFound) {
			return nil, nil
		}
		return nil, h5err.In(err, n.f.name, child)
	}
	return c.add(at.f, at.addr, child), nil
}

// place makes an object's copy, once, and gives its address.
func (c *copyRun) place(x *copied) (wire.Address, error) {
	if x.begun {
		return x.to, nil
	}
	x.begun = true
	n, err := c.open(x)
	if err != nil {
		return 0, err
	}
	switch n.h.Kind() {
	case object.KindGroup:
		err = c.makeGroup(x, n)
	case object.KindDatatype:
		err = c.makeDatatype(x, n)
	default:
		err = c.makeDataset(x, n)
	}
	return x.to, n.wrap(err)
}

// make runs an operation that makes the header of x.
func (c *copyRun) make(x *copied, operation func() (wire.Address, error)) error {
	var addr wire.Address
	err := c.w.edit(func() (err error) {
		addr, err = operation()
		return err
	})
	if err != nil {
		return err
	}
	x.to = addr
	c.made = append(c.made, addr)
	return nil
}

func (c *copyRun) makeGroup(x *copied, n *node) error {
	o := object.GroupOptions{}
	var err error
	if o.HeaderOptions, err = c.headerOptions(n); err != nil {
		return err
	}
	if m := n.h.Find(format.MsgLinkInfo); m != nil {
		info, err := format.DecodeLinkInfo(m.Data, n.s.sb.Sizes)
		if err != nil {
			return err
		}
		o.TrackOrder, o.IndexOrder = info.TracksOrder, info.IndexOrder
	}
	if m := n.h.Find(format.MsgGroupInfo); m != nil {
		info, err := format.DecodeGroupInfo(m.Data)
		if err != nil {
			return err
		}
		if info.HasPhaseChange {
			o.MaxCompact, o.MinDense = info.MaxCompact, info.MinDense
		}
	}
	return c.make(x, func() (wire.Address, error) { return c.w.editor.NewGroup(o) })
}

func (c *copyRun) makeDatatype(x *copied, n *node) error {
	t, err := n.s.graph.Datatype(n.h)
	if err != nil {
		return err
	}
	o, err := c.headerOptions(n)
	if err != nil {
		return err
	}
	return c.make(x, func() (wire.Address, error) { return c.w.editor.NewDatatype(t, o) })
}

// headerOptions says of the copy's header what the object's has.
func (c *copyRun) headerOptions(n *node) (object.HeaderOptions, error) {
	h := n.h
	o := object.HeaderOptions{}
	if h.Version == 2 {
		o.TrackAttributes, o.IndexAttributes = h.Flags&format.HeaderTracksOrder != 0, h.Flags&format.HeaderIndexOrder != 0
		o.MaxCompact, o.MinDense = h.MaxCompact, h.MinDense
		large, err := n.s.graph.LargeAttributes(h)
		if err != nil {
			return o, err
		}
		o.Modern = large
	}
	o.Time = n.modified()
	if h.HasTimes {
		o.Access, o.Change, o.Birth = h.Access, h.Change, h.Birth
	}
	if m := h.Find(format.MsgComment); m != nil {
		o.More = append(o.More, format.Message{Type: format.MsgComment, Data: format.AppendComment(nil, format.DecodeComment(m.Data))})
	}
	if h.Kind() == object.KindGroup && !o.Time.IsZero() && o.Version(c.w.editor) == 1 {
		body, err := format.AppendModTime(nil, o.Time)
		if err != nil {
			return o, err
		}
		o.More = append(o.More, format.Message{Type: format.MsgModTime, Data: body})
	}
	return o, nil
}

// finish gives a copy its attributes, its links, and raw data that refers to
// other copies.
func (c *copyRun) finish(x *copied) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	if _, err := c.place(x); err != nil {
		return err
	}
	n, err := c.open(x)
	if err != nil {
		return err
	}
	if p := x.data; p != nil {
		x.data = nil
		if err := n.wrap(c.move(p)); err != nil {
			return err
		}
	}
	if !c.o.NoAttributes {
		if err := n.wrap(c.attributes(x, n)); err != nil {
			return err
		}
	}
	if n.h.Kind() != object.KindGroup || x.bare {
		return nil
	}
	return n.wrap(c.links(x, n))
}

// linksAtOnce is how many links are inserted in one operation.
const linksAtOnce = 256

// links gives the copy of a group its links, in their order of creation where
// that is tracked.
func (c *copyRun) links(x *copied, n *node) error {
	var list []*format.Link
	ordered := true
	for l, err := range n.s.graph.Links(n.h) {
		if err != nil {
			return err
		}
		m := *l
		y, err := c.target(n, l)
		if err != nil {
			return err
		}
		if y != nil {
			m.Type, m.Header, m.Target, m.File = format.LinkHard, y.to, "", ""
		}
		ordered = ordered && l.HasOrder
		list = append(list, &m)
	}
	if ordered {
		slices.SortStableFunc(list, func(a, b *format.Link) int { return cmp.Compare(a.Order, b.Order) })
	}
	for part := range slices.Chunk(list, linksAtOnce) {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if err := c.w.edit(func() error { return c.w.insertLinks(x.to, part) }); err != nil {
			return err
		}
	}
	return nil
}

// insertLinks adds links to a group, and counts the hard ones.
func (w *writer) insertLinks(group wire.Address, list []*format.Link) error {
	for _, l := range list {
		if err := w.editor.InsertLink(group, l); err != nil {
			return err
		}
		if l.Type != format.LinkHard {
			continue
		}
		if _, err := w.editor.AddReference(l.Header, 1); err != nil {
			return err
		}
	}
	return nil
}
