package hdf5

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/object"
	"gables/internal/wire"
)

// Object is a Group, a Dataset or a NamedDatatype.
type Object interface {
	// File is the file that the object lies in; through an external link it is
	// not the one that was asked.
	File() *File
	// Path is the path that the object was opened by.
	Path() string
	// Address is the position of the object header, relative to the base
	// address. It identifies the object within its file.
	Address() uint64
	// References is how many hard links lead to the object.
	References() int
	// Attributes lists the attributes.
	Attributes() AttributeSeq
	// Attribute gives one attribute by name.
	Attribute(name string) (*Attribute, error)
	// Comment is the object's comment; empty when it has none.
	Comment() string
	// Modified is the modification time; zero when the object has none.
	Modified() time.Time
	// Header says how the object is stored.
	Header() HeaderInfo
}

// HeaderInfo describes an object header (Spec: IV.A.1).
type HeaderInfo struct {
	Version         int
	Blocks          int      // the header and its continuation blocks
	Messages        []uint16 // types, in the header's order
	DenseAttributes bool
}

// node is what all kinds of objects share.
type node struct {
	f     *File
	s     *store // the state that h is of
	path  string
	h     *object.Header
	newer atomic.Pointer[node] // of the state that a later call met
}

// at is the node in another state of the file.
func (n *node) at(s *store) (*node, error) {
	if s == n.s {
		return n, nil
	}
	if m := n.newer.Load(); m != nil && m.s == s {
		return m, nil
	}
	if err := s.exists(n.h.Address, n.s); err != nil {
		return nil, n.wrap(err)
	}
	h, err := s.graph.Open(n.h.Address)
	if err != nil {
		return nil, n.wrap(err)
	}
	m := &node{f: n.f, s: s, path: n.path, h: h}
	n.newer.Store(m)
	return m, nil
}

// enter begins a call on the state that is valid now; leave of the node that it
// gives must follow when it gives no error.
func (n *node) enter() (*node, error) {
	s, err := n.f.enter()
	if err != nil {
		return nil, err
	}
	m, err := n.at(s)
	if err != nil {
		n.f.leave(s)
		return nil, err
	}
	return m, nil
}

func (n *node) leave() { n.f.leave(n.s) }

// now is the node in the state that is valid now, or in the one it was opened
// in where that can't be had.
func (n *node) now() *node {
	m, err := n.enter()
	if err != nil {
		return n
	}
	m.leave()
	return m
}

func (n *node) File() *File     { return n.f }
func (n *node) Path() string    { return n.path }
func (n *node) Address() uint64 { return uint64(n.h.Address) }
func (n *node) References() int { return int(n.now().h.References()) }

// wrap adds file and path to an error.
func (n *node) wrap(err error) error { return h5err.In(err, n.f.name, n.path) }

func (n *node) Comment() string {
	n = n.now()
	if m := n.h.Find(format.MsgComment); m != nil {
		return format.DecodeComment(m.Data)
	}
	return ""
}

func (n *node) Modified() time.Time { return n.now().modified() }

// modified is Modified in the node's own state.
func (n *node) modified() time.Time {
	if m := n.h.Find(format.MsgModTime); m != nil {
		if t, err := format.DecodeModTime(m.Data); err == nil {
			return t
		}
	}
	if m := n.h.Find(format.MsgModTimeOld); m != nil {
		if t, err := format.DecodeModTimeOld(m.Data); err == nil {
			return t
		}
	}
	if n.h.HasTimes {
		return n.h.Modification
	}
	return time.Time{}
}

func (n *node) Header() HeaderInfo {
	if m, err := n.enter(); err == nil {
		defer m.leave()
		n = m
	}
	i := HeaderInfo{Version: int(n.h.Version), Blocks: n.h.Chunks}
	for _, m := range n.h.Messages {
		i.Messages = append(i.Messages, uint16(m.Type))
	}
	i.DenseAttributes = n.s.graph.DenseAttributes(n.h)
	return i
}

// NamedDatatype is a committed datatype.
type NamedDatatype struct {
	*node
	Type *datatype.Datatype
}

// Object opens the object at a path, following links. Errors: ErrNotFound when
// a part of the path or the target of a link is absent, ErrLimit after too
// many links, and those of reading.
func (f *File) Object(p string) (Object, error) {
	s, err := f.enter()
	if err != nil {
		return nil, err
	}
	defer f.leave(s)
	return f.objectFrom(s, s.sb.Root, "/", p)
}

// objectFrom resolves p from the group at addr, whose path is from.
func (f *File) objectFrom(s *store, addr wire.Address, from, p string) (Object, error) {
	r := resolver{hops: s.conf.limits.Links}
	defer r.done()
	full := p
	if !strings.HasPrefix(p, "/") {
		full = path.Join(from, p)
	}
	target, err := r.resolve(place{f, s, addr}, p)
	if err != nil {
		return nil, h5err.In(err, f.name, full)
	}
	o, err := target.f.open(target.s, target.addr, full)
	return o, h5err.In(err, f.name, full)
}

// ObjectAt opens the object whose header is at an address, as references and
// hard links hold it. Its Path is "" unless path is given.
func (f *File) ObjectAt(address uint64, path string) (Object, error) {
	s, err := f.enter()
	if err != nil {
		return nil, err
	}
	defer f.leave(s)
	o, err := f.open(s, wire.Address(address), path)
	return o, h5err.In(err, f.name, path)
}

// open makes the object of the header at addr.
func (f *File) open(s *store, addr wire.Address, path string) (Object, error) {
	h, err := s.graph.Open(addr)
	if err != nil {
		return nil, err
	}
	n := &node{f: f, s: s, path: path, h: h}
	switch h.Kind() {
	case object.KindGroup:
		return &Group{n}, nil
	case object.KindDataset:
		return newDataset(n)
	case object.KindDatatype:
		t, err := s.graph.Datatype(h)
		if err != nil {
			return nil, err
		}
		return &NamedDatatype{n, t}, nil
	}
	return nil, h5err.At(h5err.Unsupported("object header", "messages", "the object is neither group, dataset nor datatype"), "", uint64(addr))
}

// resolver follows a path through links of all kinds.
type resolver struct {
	hops   int
	others []place // states of other files, which the caller uses until done
}

// place is a header in one state of a file.
type place struct {
	f    *File
	s    *store
	addr wire.Address
}

// done ends the use of what resolve gave.
func (r *resolver) done() {
	for _, p := range r.others {
		p.f.leave(p.s)
	}
}

// resolve gives the place that p leads to from a group.
func (r *resolver) resolve(at place, p string) (place, error) {
	if strings.HasPrefix(p, "/") {
		at.addr = at.s.sb.Root
	}
	for p != "" {
		var name string
		name, p, _ = strings.Cut(p, "/")
		if name == "" || name == "." {
			continue
		}
		h, err := at.s.graph.Open(at.addr)
		if err != nil {
			return at, err
		}
		if h.Kind() != object.KindGroup {
			return at, fmt.Errorf("%q is looked for in an object that is not a group: %w", name, h5err.ErrNotFound)
		}
		l, ok, err := at.s.graph.Lookup(h, name)
		if err != nil {
			return at, err
		}
		if !ok {
			return at, fmt.Errorf("no link %q: %w", name, h5err.ErrNotFound)
		}
		if at, err = r.follow(at, l); err != nil {
			return at, err
		}
	}
	return at, nil
}

// follow gives what one link of the group at a place leads to.
func (r *resolver) follow(at place, l *format.Link) (place, error) {
	if l.Type == format.LinkHard {
		at.addr = l.Header
		return at, nil
	}
	if r.hops--; r.hops < 0 {
		return at, fmt.Errorf("too many links, at %q: %w", l.Name, h5err.ErrLimit)
	}
	switch l.Type {
	case format.LinkSoft:
		t, err := r.resolve(at, l.Target)
		if err != nil && !errors.Is(err, h5err.ErrLimit) {
			err = fmt.Errorf("soft link %q to %q: %w", l.Name, l.Target, err)
		}
		return t, err
	case format.LinkExternal:
		t, err := r.external(at.f, l)
		if err == nil {
			return t, nil
		}
		if isAbsent(err) {
			err = fmt.Errorf("%w: %w", h5err.ErrNotFound, err)
		}
		return at, fmt.Errorf("external link %q to %q in %q: %w", l.Name, l.Target, l.File, err)
	}
	return at, h5err.Unsupported("link", "type", "%q is a user-defined link of type %d", l.Name, l.Type)
}

// external resolves an external link of f.
func (r *resolver) external(f *File, l *format.Link) (place, error) {
	other, err := f.link(l.File)
	if err != nil {
		return place{}, err
	}
	s, err := other.enter()
	if err != nil {
		return place{}, err
	}
	r.others = append(r.others, place{other, s, 0})
	return r.resolve(place{other, s, s.sb.Root}, l.Target)
}

// Group opens the group at a path; ErrType when it is something else.
func (f *File) Group(path string) (*Group, error) { return as[*Group](f.Object(path)) }

// Dataset opens the dataset at a path; ErrType when it is something else.
func (f *File) Dataset(path string) (*Dataset, error) { return as[*Dataset](f.Object(path)) }

// Root opens the root group.
func (f *File) Root() (*Group, error) { return f.Group("/") }

// as holds an object to the kind that the caller needs.
func as[T Object](o Object, err error) (T, error) {
	var zero T
	if err != nil {
		return zero, err
	}
	if t, ok := o.(T); ok {
		return t, nil
	}
	return zero, h5err.In(fmt.Errorf("the object is a %s: %w", KindOf(o), h5err.ErrType), o.File().name, o.Path())
}

// KindOf names an object's kind: group, dataset or datatype.
func KindOf(o Object) string {
	switch o.(type) {
	case *Group:
		return "group"
	case *Dataset:
		return "dataset"
	case *NamedDatatype:
		return "datatype"
	}
	return "object"
}
