package hdf5

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"iter"
	"slices"

	"gables/hdf5/h5err"
	"gables/internal/format"
)

// Group is a group of a file (Spec: IV.A.2, link and symbol table messages).
type Group struct{ *node }

// enter begins a call on the state that is valid now.
func (g *Group) enter() (*Group, error) {
	n, err := g.node.enter()
	if err != nil || n == g.node {
		return g, err
	}
	return &Group{n}, nil
}

// LinkKind is what a link is.
type LinkKind uint8

// The kinds of links.
const (
	HardLink LinkKind = iota
	SoftLink
	ExternalLink
	UserLink
)

// String is the kind's customary name.
func (k LinkKind) String() string { return [...]string{"hard", "soft", "external", "user"}[k] }

// Link is an entry of a group. It is a value and outlives the file.
type Link struct {
	Name     string // any bytes but "/" and NUL; UTF-8 where the writer kept to it
	Kind     LinkKind
	Type     int    // as stored: 0 hard, 1 soft, 64 external, above that the user's
	Address  uint64 // hard: the object header
	Target   string // soft: a path; external: a path in File
	File     string // external
	Data     []byte // user-defined
	UTF8     bool   // the name is declared to be UTF-8
	Order    int64  // order of creation
	HasOrder bool   // whether the group tracks it
}

// LinkOrder is the order in which links are listed.
type LinkOrder uint8

// The orders.
const (
	ByName     LinkOrder = iota // ascending bytes
	ByCreation                  // ErrUnsupported where the group does not track it
	AsStored                    // streams, takes no memory for the list
)

// Storage names how the links are kept: symbol_table, compact or dense.
func (g *Group) Storage() (string, error) {
	g, err := g.enter()
	if err != nil {
		return "", err
	}
	defer g.leave()
	s, _, err := g.s.graph.GroupInfo(g.h)
	return s.String(), g.wrap(err)
}

// TracksOrder tells whether the group remembers the order in which its links
// were created.
func (g *Group) TracksOrder() (bool, error) {
	g, err := g.enter()
	if err != nil {
		return false, err
	}
	defer g.leave()
	_, tracks, err := g.s.graph.GroupInfo(g.h)
	return tracks, g.wrap(err)
}

// Links yields the group's links. A fault is yielded as an error and ends the
// iteration. ctx is honoured between links.
func (g *Group) Links(ctx context.Context, order LinkOrder) iter.Seq2[Link, error] {
	return func(yield func(Link, error) bool) {
		// A writer's own state can't be held while its caller changes it.
		if order == AsStored && g.f.w == nil {
			g.stream(ctx, yield)
			return
		}
		links, err := g.sorted(ctx, order)
		for _, l := range links {
			if !yield(l, nil) {
				return
			}
		}
		if err != nil {
			yield(Link{}, g.wrap(err))
		}
	}
}

// stream yields links as they are met, all of one state. The gate is left while
// the caller has a link, so that it may close the file.
func (g *Group) stream(ctx context.Context, yield func(Link, error) bool) {
	g, err := g.enter()
	if err != nil {
		yield(Link{}, err)
		return
	}
	inside := true
	defer func() {
		g.s.unpin()
		if inside {
			g.f.gate.leave()
		}
	}()
	for l, err := range g.s.graph.Links(g.h) {
		if err == nil {
			err = ctx.Err()
		}
		var link Link
		if err == nil {
			link = newLink(l)
		}
		g.f.gate.leave()
		inside = false
		if !yield(link, g.wrap(err)) || err != nil {
			return
		}
		if inside = g.f.gate.enter(); !inside {
			yield(Link{}, g.wrap(h5err.ErrClosed))
			return
		}
	}
}

// sorted collects the links; with an error it gives those before the fault.
func (g *Group) sorted(ctx context.Context, order LinkOrder) ([]Link, error) {
	g, err := g.enter()
	if err != nil {
		return nil, err
	}
	defer g.leave()
	_, tracks, err := g.s.graph.GroupInfo(g.h)
	if err != nil {
		return nil, err
	}
	if order == ByCreation && !tracks {
		return nil, h5err.Unsupported("group", "creation order", "the group does not track it")
	}
	var links []Link
	for l, e := range g.s.graph.Links(g.h) {
		if e == nil {
			e = ctx.Err()
		}
		if e == nil && len(links) >= g.s.conf.limits.Objects {
			e = h5err.Limit("group", "links", "more than %d", len(links))
		}
		if e != nil {
			err = e
			break
		}
		links = append(links, newLink(l))
	}
	slices.SortStableFunc(links, func(a, b Link) int {
		if order == ByCreation {
			return cmp.Compare(a.Order, b.Order)
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return links, err
}

func newLink(l *format.Link) Link {
	k := Link{Name: l.Name, Type: int(l.Type), Address: uint64(l.Header), Target: l.Target, File: l.File,
		Data: slices.Clone(l.Data), UTF8: l.UTF8, Order: l.Order, HasOrder: l.HasOrder}
	switch l.Type {
	case format.LinkHard:
		k.Kind = HardLink
	case format.LinkSoft:
		k.Kind = SoftLink
	case format.LinkExternal:
		k.Kind = ExternalLink
	default:
		k.Kind = UserLink
	}
	return k
}

// Link gives one link by name, without listing the group or following it.
func (g *Group) Link(name string) (Link, error) {
	g, err := g.enter()
	if err != nil {
		return Link{}, err
	}
	defer g.leave()
	l, ok, err := g.s.graph.Lookup(g.h, name)
	if err != nil {
		return Link{}, g.wrap(err)
	}
	if !ok {
		return Link{}, g.wrap(h5err.New(h5err.ErrNotFound, "", "", "link %q", name))
	}
	return newLink(l), nil
}

// Object opens what a path leads to from this group; an absolute path begins
// at the root.
func (g *Group) Object(path string) (Object, error) {
	g, err := g.enter()
	if err != nil {
		return nil, err
	}
	defer g.leave()
	return g.f.objectFrom(g.s, g.h.Address, g.path, path)
}

// Group opens a group from this one; ErrType when it is something else.
func (g *Group) Group(path string) (*Group, error) { return as[*Group](g.Object(path)) }

// Dataset opens a dataset from this group; ErrType when it is something else.
func (g *Group) Dataset(path string) (*Dataset, error) { return as[*Dataset](g.Object(path)) }

// isAbsent tells whether a file is not there.
func isAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
