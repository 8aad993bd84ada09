package diff

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
)

// Files compares two files from their root groups on. tell is called from the
// calling goroutine for each difference, in the order of paths breadth first.
// Damage that keeps something from being compared is an Unread difference; an
// error is only that of ctx, or of opening the roots.
func Files(ctx context.Context, a, b *hdf5.File, o Options, tell func(Difference)) (*Result, error) {
	x, err := a.Root()
	if err != nil {
		return nil, err
	}
	y, err := b.Root()
	if err != nil {
		return nil, err
	}
	return Objects(ctx, x, y, o, tell)
}

// Objects compares two objects and what is below them.
func Objects(ctx context.Context, a, b hdf5.Object, o Options, tell func(Difference)) (*Result, error) {
	if o.Most == 0 {
		o.Most = 10
	}
	c := &comparison{ctx: ctx, o: o, tell: tell, result: &Result{}, seen: map[pair]bool{}}
	c.a, c.b = newSide(ctx, a.File()), newSide(ctx, b.File())
	c.push("/"+strings.TrimPrefix(a.Path(), "/"), a, b)
	for len(c.queue) > 0 && ctx.Err() == nil {
		t := c.queue[0]
		c.queue = c.queue[1:]
		c.objects(t.path, t.a, t.b)
	}
	return c.result, ctx.Err()
}

// pair is two objects by their addresses.
type pair struct{ a, b string }

// task is two objects that are to be compared.
type task struct {
	path string
	a, b hdf5.Object
}

// comparison is one call of Objects.
type comparison struct {
	ctx    context.Context
	o      Options
	tell   func(Difference)
	result *Result
	a, b   *side
	seen   map[pair]bool // pairs that were met: groups may be in cycles
	queue  []task
	bytes  uint64
}

func key(o hdf5.Object) string { return fmt.Sprintf("%p %d", o.File(), o.Address()) }

func (c *comparison) push(path string, a, b hdf5.Object) {
	k := pair{key(a), key(b)}
	if !c.seen[k] {
		c.seen[k] = true
		c.queue = append(c.queue, task{path, a, b})
	}
}

// differ tells a difference.
func (c *comparison) differ(path string, k Kind, format string, args ...any) {
	c.result.Differences++
	c.tell(Difference{Path: path, Kind: k, Text: fmt.Sprintf(format, args...)})
}

// unread tells what could not be compared.
func (c *comparison) unread(path string, err error) {
	if err != nil && c.ctx.Err() == nil {
		c.result.Unread++
		c.tell(Difference{Path: path, Kind: Unread, Text: err.Error(), Err: err})
	}
}

func (c *comparison) objects(path string, a, b hdf5.Object) {
	c.result.Objects++
	if x, y := hdf5.KindOf(a), hdf5.KindOf(b); x != y {
		c.differ(path, ObjectKind, "%s, %s", x, y)
		return
	}
	if !c.o.NoAttributes {
		c.attributes(path, a, b)
	}
	switch a := a.(type) {
	case *hdf5.Group:
		c.groups(path, a, b.(*hdf5.Group))
	case *hdf5.Dataset:
		c.datasets(path, a, b.(*hdf5.Dataset))
	case *hdf5.NamedDatatype:
		c.types(path, a.Type, b.(*hdf5.NamedDatatype).Type)
	}
}

// types compares two datatypes and tells whether values can be compared too.
func (c *comparison) types(path string, a, b *datatype.Datatype) bool {
	if datatype.Equal(a, b) {
		return true
	}
	c.differ(path, Type, "%s, %s", a, b)
	return isNumber(a) && isNumber(b) || isText(a) && isText(b)
}

func isNumber(t *datatype.Datatype) bool {
	return t.Class == datatype.Integer || t.Class == datatype.Float || t.Class == datatype.Bitfield
}

func isText(t *datatype.Datatype) bool { return t.Class == datatype.String }

// links gives the links of a group by name.
func (c *comparison) links(path string, g *hdf5.Group) map[string]hdf5.Link {
	m := map[string]hdf5.Link{}
	for l, err := range g.Links(c.ctx, hdf5.AsStored) {
		if err != nil {
			c.unread(path, err)
			break
		}
		m[l.Name] = l
	}
	return m
}

func (c *comparison) groups(path string, a, b *hdf5.Group) {
	x, y := c.links(path, a), c.links(path, b)
	for _, name := range names(x, y) {
		p := strings.TrimSuffix(path, "/") + "/" + name
		l, inA := x[name]
		m, inB := y[name]
		switch {
		case !inB:
			c.differ(p, OnlyFirst, "")
		case !inA:
			c.differ(p, OnlySecond, "")
		case l.Kind != m.Kind:
			c.differ(p, LinkKind, "%s, %s", l.Kind, m.Kind)
		case l.Kind == hdf5.HardLink:
			c.hard(p, a, b, l, m)
		case l.Target != m.Target || l.File != m.File || string(l.Data) != string(m.Data) || l.Type != m.Type:
			c.differ(p, LinkKind, "%s, %s", leads(l), leads(m))
		}
	}
}

// leads tells where a link that is not hard leads.
func leads(l hdf5.Link) string {
	switch l.Kind {
	case hdf5.SoftLink:
		return fmt.Sprintf("%q", l.Target)
	case hdf5.ExternalLink:
		return fmt.Sprintf("%q in %q", l.Target, l.File)
	}
	return fmt.Sprintf("user-defined link of type %d, %d bytes", l.Type, len(l.Data))
}

// hard follows two hard links of one name.
func (c *comparison) hard(path string, a, b *hdf5.Group, l, m hdf5.Link) {
	x, err := a.File().ObjectAt(l.Address, path)
	if err != nil {
		c.unread(path, err)
		return
	}
	y, err := b.File().ObjectAt(m.Address, path)
	if err != nil {
		c.unread(path, err)
		return
	}
	c.push(path, x, y)
}

// names merges the keys of two maps, ascending.
func names[V any](a, b map[string]V) []string {
	var list []string
	for n := range a {
		list = append(list, n)
	}
	for n := range b {
		if _, both := a[n]; !both {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list
}

// list gives an object's attributes by name.
func (c *comparison) list(path string, o hdf5.Object) map[string]*hdf5.Attribute {
	m := map[string]*hdf5.Attribute{}
	for a, err := range o.Attributes() {
		if a == nil {
			c.unread(path, err)
			break
		}
		m[a.Name()] = a
	}
	return m
}

func (c *comparison) attributes(path string, a, b hdf5.Object) {
	x, y := c.list(path, a), c.list(path, b)
	for _, name := range names(x, y) {
		p := path + "@" + name
		switch u, v := x[name], y[name]; {
		case v == nil:
			c.differ(p, OnlyFirst, "")
		case u == nil:
			c.differ(p, OnlySecond, "")
		case u.Err() != nil || v.Err() != nil:
			c.unread(p, errors.Join(u.Err(), v.Err()))
		default:
			c.attribute(p, u, v)
		}
	}
}

func (c *comparison) attribute(path string, a, b *hdf5.Attribute) {
	comparable := c.types(path, a.Type(), b.Type())
	if !c.shapes(path, a.Space(), b.Space()) || !comparable || c.o.StructureOnly {
		return
	}
	v := c.newValues(path, a.Type(), b.Type(), a.Space().Dims)
	c.unread(path, v.piece(a.Bytes(), b.Bytes(), nil, a.Space().Dims))
	v.end()
}

// shapes compares two dataspaces; false when their elements have no counterparts.
func (c *comparison) shapes(path string, a, b *dataspace.Dataspace) bool {
	if a.Kind == b.Kind && slices.Equal(a.Dims, b.Dims) {
		if x, y := limits(a), limits(b); !slices.Equal(x, y) {
			c.differ(path, Shape, "at most %v, %v", extents(x), extents(y))
		}
		return a.Kind != dataspace.Null
	}
	c.differ(path, Shape, "%s, %s", a, b)
	return false
}

// limits are the maximum extents.
func limits(s *dataspace.Dataspace) []uint64 {
	if s.MaxDims == nil {
		return s.Dims
	}
	return s.MaxDims
}

// extents writes unlimited ones as words.
func extents(dims []uint64) []string {
	list := make([]string, len(dims))
	for i, d := range dims {
		list[i] = fmt.Sprint(d)
		if d == dataspace.Unlimited {
			list[i] = "unlimited"
		}
	}
	return list
}

func (c *comparison) datasets(path string, a, b *hdf5.Dataset) {
	comparable := c.types(path, a.Type(), b.Type())
	if !c.shapes(path, a.Space(), b.Space()) || !comparable || c.o.StructureOnly {
		return
	}
	if a.File().Same(b.File()) && a.Address() == b.Address() {
		return
	}
	v := c.newValues(path, a.Type(), b.Type(), a.Shape())
	l, err := a.Layout()
	if err == nil {
		err = v.pieces(a, b, l.Chunk)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		c.unread(path, err)
	}
	v.end()
}
