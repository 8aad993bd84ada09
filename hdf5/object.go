package hdf5

import (
	"errors"
	"fmt"
	"path"
	"strings"
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
	f    *File
	path string
	h    *object.Header
}

func (n *node) File() *File     { return n.f }
func (n *node) Path() string    { return n.path }
func (n *node) Address() uint64 { return uint64(n.h.Address) }
func (n *node) References() int { return int(n.h.References()) }

// wrap adds file and path to an error.
func (n *node) wrap(err error) error { return h5err.In(err, n.f.name, n.path) }

func (n *node) Comment() string {
	if m := n.h.Find(format.MsgComment); m != nil {
		return format.DecodeComment(m.Data)
	}
	return ""
}

func (n *node) Modified() time.Time {
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
	i := HeaderInfo{Version: int(n.h.Version), Blocks: n.h.Chunks}
	for _, m := range n.h.Messages {
		i.Messages = append(i.Messages, uint16(m.Type))
	}
	if n.f.enter() == nil {
		defer n.f.leave()
		i.DenseAttributes = n.f.graph().DenseAttributes(n.h)
	}
	return i
}

// NamedDatatype is a committed datatype.
type NamedDatatype struct {
	node
	Type *datatype.Datatype
}

// Object opens the object at a path, following links. Errors: ErrNotFound when
// a part of the path or the target of a link is absent, ErrLimit after too
// many links, and those of reading.
func (f *File) Object(p string) (Object, error) {
	if err := f.enter(); err != nil {
		return nil, err
	}
	defer f.leave()
	return f.objectFrom(f.store.sb.Root, "/", p)
}

// objectFrom resolves p from the group at addr, whose path is from.
func (f *File) objectFrom(addr wire.Address, from, p string) (Object, error) {
	r := resolver{hops: f.store.conf.limits.Links}
	full := p
	if !strings.HasPrefix(p, "/") {
		full = path.Join(from, p)
	}
	target, at, err := r.resolve(f, addr, p)
	if err != nil {
		return nil, h5err.In(err, f.name, full)
	}
	o, err := target.open(at, full)
	return o, h5err.In(err, f.name, full)
}

// ObjectAt opens the object whose header is at an address, as references and
// hard links hold it. Its Path is "" unless path is given.
func (f *File) ObjectAt(address uint64, path string) (Object, error) {
	if err := f.enter(); err != nil {
		return nil, err
	}
	defer f.leave()
	o, err := f.open(wire.Address(address), path)
	return o, h5err.In(err, f.name, path)
}

// open makes the object of the header at addr.
func (f *File) open(addr wire.Address, path string) (Object, error) {
	h, err := f.graph().Open(addr)
	if err != nil {
		return nil, err
	}
	n := node{f: f, path: path, h: h}
	switch h.Kind() {
	case object.KindGroup:
		return &Group{n}, nil
	case object.KindDataset:
		return newDataset(n)
	case object.KindDatatype:
		t, err := f.graph().Datatype(h)
		if err != nil {
			return nil, err
		}
		return &NamedDatatype{n, t}, nil
	}
	return nil, h5err.At(h5err.Unsupported("object header", "messages", "the object is neither group, dataset nor datatype"), "", uint64(addr))
}

// resolver follows a path through links of all kinds.
type resolver struct{ hops int }

// resolve gives the file and the header address that p leads to from a group.
func (r *resolver) resolve(f *File, addr wire.Address, p string) (*File, wire.Address, error) {
	if strings.HasPrefix(p, "/") {
		addr = f.store.sb.Root
	}
	for p != "" {
		var name string
		name, p, _ = strings.Cut(p, "/")
		if name == "" || name == "." {
			continue
		}
		h, err := f.graph().Open(addr)
		if err != nil {
			return nil, 0, err
		}
		if h.Kind() != object.KindGroup {
			return nil, 0, fmt.Errorf("%q is looked for in an object that is not a group: %w", name, h5err.ErrNotFound)
		}
		l, ok, err := f.graph().Lookup(h, name)
		if err != nil {
			return nil, 0, err
		}
		if !ok {
			return nil, 0, fmt.Errorf("no link %q: %w", name, h5err.ErrNotFound)
		}
		if f, addr, err = r.follow(f, addr, l); err != nil {
			return nil, 0, err
		}
	}
	return f, addr, nil
}

// follow gives what one link of the group at addr leads to.
func (r *resolver) follow(f *File, addr wire.Address, l *format.Link) (*File, wire.Address, error) {
	if l.Type == format.LinkHard {
		return f, l.Header, nil
	}
	if r.hops--; r.hops < 0 {
		return nil, 0, fmt.Errorf("too many links, at %q: %w", l.Name, h5err.ErrLimit)
	}
	switch l.Type {
	case format.LinkSoft:
		t, at, err := r.resolve(f, addr, l.Target)
		if err != nil && !errors.Is(err, h5err.ErrLimit) {
			err = fmt.Errorf("soft link %q to %q: %w", l.Name, l.Target, err)
		}
		return t, at, err
	case format.LinkExternal:
		other, err := f.link(l.File)
		if err == nil {
			var t *File
			var at wire.Address
			if t, at, err = r.resolve(other, other.store.sb.Root, l.Target); err == nil {
				return t, at, nil
			}
		} else if isAbsent(err) {
			err = fmt.Errorf("%w: %w", h5err.ErrNotFound, err)
		}
		return nil, 0, fmt.Errorf("external link %q to %q in %q: %w", l.Name, l.Target, l.File, err)
	}
	return nil, 0, h5err.Unsupported("link", "type", "%q is a user-defined link of type %d", l.Name, l.Type)
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
