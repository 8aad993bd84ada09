package hdf5

import (
	"cmp"
	"fmt"
	"slices"

	"gables/internal/format"
	"gables/internal/object"
	"gables/internal/wire"
)

// attributes gives the copy of an object its attributes, in their order of
// creation where that is tracked.
func (c *copyRun) attributes(x *copied, n *node) error {
	var list []*object.Attribute
	ordered := true
	for a, err := range n.s.graph.Attributes(n.h) {
		if err == nil && a.Err != nil {
			err = fmt.Errorf("attribute %q: %w", a.Name, a.Err)
		}
		if err != nil {
			return err
		}
		ordered = ordered && a.HasOrder
		list = append(list, a)
	}
	if ordered {
		slices.SortStableFunc(list, func(a, b *object.Attribute) int { return cmp.Compare(a.Order, b.Order) })
	}
	for len(list) > 0 {
		rest, err := c.someAttributes(x, n, list)
		if err != nil {
			return err
		}
		list = rest
	}
	return nil
}

// newAttribute is an attribute that is ready to be stored.
type newAttribute struct {
	m         *format.Attribute
	committed wire.Address
}

// someAttributes stores the first attributes of a list in one operation, as
// many as are small together, and gives the rest.
func (c *copyRun) someAttributes(x *copied, n *node, list []*object.Attribute) ([]*object.Attribute, error) {
	b := c.batch(x)
	var ready []newAttribute
	size := 0
	for len(list) > 0 && size < batchBytes && len(ready) < linksAtOnce && !b.full() {
		a, err := c.attribute(x, n, list[0], b)
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", list[0].Name, err)
		}
		ready, list, size = append(ready, a), list[1:], size+len(a.m.Data)
	}
	return list, c.w.edit(func() error {
		if err := b.insert(); err != nil {
			return err
		}
		for _, a := range ready {
			if _, err := c.w.editor.SetAttribute(x.to, a.m); err != nil {
				return fmt.Errorf("attribute %q: %w", a.m.Name, err)
			}
			if !a.m.TypeShared {
				continue
			}
			if _, err := c.w.editor.AddReference(a.committed, 1); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *copyRun) attribute(x *copied, n *node, a *object.Attribute, b *valueBatch) (newAttribute, error) {
	t, err := c.typeFor(x, a.Type)
	if err != nil {
		return newAttribute{}, err
	}
	m := &format.Attribute{Name: a.Name, UTF8: a.UTF8, Data: a.Data}
	values, err := newTranslation(a.Type, t, n.s.sb.Sizes, c.w.sb.Sizes)
	if err != nil {
		return newAttribute{}, err
	}
	if !values.same() {
		count := len(a.Data) / max(1, values.from)
		m.Data = make([]byte, count*values.to)
		for i := range count {
			if err := values.apply(m.Data[i*values.to:], a.Data[i*values.from:], b); err != nil {
				return newAttribute{}, err
			}
		}
	}
	var flags uint8
	if m.Datatype, flags, err = c.w.editor.EncodeType(t); err != nil {
		return newAttribute{}, err
	}
	m.TypeShared = flags&format.MsgFlagShared != 0
	if m.Dataspace, err = c.w.editor.EncodeSpace(normalSpace(a.Space)); err != nil {
		return newAttribute{}, err
	}
	return newAttribute{m, wire.Address(t.Committed)}, nil
}
