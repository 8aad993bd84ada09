package hdf5

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/object"
	"gables/internal/wire"
)

// GroupOptions change how a group is made. The zero value is the default.
type GroupOptions struct {
	Parents    bool // make the groups above that are absent
	TrackOrder bool // remember the order in which links are created; not in a symbol table
	IndexOrder bool // and index them by it
	// TrackAttributes remembers the order in which attributes are created.
	TrackAttributes bool
	// MaxCompact and MinDense are the numbers of links between which the group
	// changes from messages to dense storage and back; both 0: 8 and 6.
	MaxCompact, MinDense uint16
	NoTimes              bool // keep no times, whatever the file's default
}

// placeFor is where a new link goes: the group that holds it and its name.
type placeFor struct {
	group wire.Address
	name  string
}

// CreateGroup makes a group at a path. ErrExists: the path leads somewhere;
// ErrNotFound: the group above is absent and o.Parents is not set.
func (f *File) CreateGroup(p string, o GroupOptions) (*Group, error) {
	addr, err := f.create(p, o.Parents, func(w *writer) (wire.Address, error) { return w.newGroup(o) })
	if err != nil {
		return nil, err
	}
	return as[*Group](f.ObjectAt(addr, cleanPath(p)))
}

// CreateGroup makes a group below this one.
func (g *Group) CreateGroup(p string, o GroupOptions) (*Group, error) {
	return g.f.CreateGroup(g.below(p), o)
}

// below is the absolute form of a path that begins at g.
func (g *Group) below(p string) string {
	if strings.HasPrefix(p, "/") {
		return p
	}
	return childPath(g.path, p)
}

// cleanPath is the absolute form of a path without empty parts.
func cleanPath(p string) string { return path.Clean("/" + p) }

// create makes an object and the hard link at p that leads to it, in one
// operation.
func (f *File) create(p string, parents bool, make func(w *writer) (wire.Address, error)) (uint64, error) {
	w, err := f.edit()
	if err != nil {
		return 0, err
	}
	defer f.done()
	var addr wire.Address
	err = w.edit(func() error {
		at, err := w.placeFor(p, parents)
		if err != nil {
			return err
		}
		if addr, err = make(w); err != nil {
			return err
		}
		return w.linkHard(at, addr)
	})
	return uint64(addr), h5err.In(err, f.name, cleanPath(p))
}

// linkHard adds a hard link to the object at addr.
func (w *writer) linkHard(at placeFor, addr wire.Address) error {
	if err := w.editor.InsertLink(at.group, &format.Link{Name: at.name, UTF8: !isASCII(at.name), Header: addr}); err != nil {
		return err
	}
	_, err := w.editor.AddReference(addr, 1)
	return err
}

func isASCII(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0 }

// placeFor finds the group that a new link at p goes into.
func (w *writer) placeFor(p string, parents bool) (placeFor, error) {
	parts := strings.FieldsFunc(p, func(r rune) bool { return r == '/' })
	if len(parts) == 0 {
		return placeFor{}, fmt.Errorf("the root group: %w", h5err.ErrExists)
	}
	name := parts[len(parts)-1]
	if err := object.CheckLinkName(name); err != nil {
		return placeFor{}, err
	}
	at := w.sb.Root
	for i, part := range parts[:len(parts)-1] {
		next, err := w.step(at, part)
		if err != nil {
			return placeFor{}, fmt.Errorf("/%s: %w", strings.Join(parts[:i+1], "/"), err)
		}
		if !next.Defined() {
			if !parents {
				return placeFor{}, h5err.New(h5err.ErrNotFound, "", "", "no group /%s", strings.Join(parts[:i+1], "/"))
			}
			if next, err = w.newGroup(GroupOptions{}); err == nil {
				err = w.linkHard(placeFor{at, part}, next)
			}
			if err != nil {
				return placeFor{}, err
			}
		}
		at = next
	}
	return placeFor{at, name}, nil
}

// step follows one part of a path within the file; Undefined when there is no
// such link.
func (w *writer) step(at wire.Address, name string) (wire.Address, error) {
	if name == "." {
		return at, nil
	}
	return w.follow(at, name, w.home.conf.limits.Links)
}

// follow resolves a link of the group at an address.
func (w *writer) follow(at wire.Address, name string, hops int) (wire.Address, error) {
	l, ok, err := w.editor.FindLink(at, name)
	if err != nil || !ok {
		return wire.Undefined, err
	}
	switch l.Type {
	case format.LinkHard:
		return l.Header, nil
	case format.LinkSoft:
		return w.followSoft(at, l, hops-1)
	}
	return wire.Undefined, h5err.Unsupported("link", "type", "%q leads out of the file, where nothing can be changed", name)
}

func (w *writer) followSoft(at wire.Address, l *format.Link, hops int) (wire.Address, error) {
	if hops < 0 {
		return wire.Undefined, fmt.Errorf("too many links, at %q: %w", l.Name, h5err.ErrLimit)
	}
	if strings.HasPrefix(l.Target, "/") {
		at = w.sb.Root
	}
	for part := range strings.SplitSeq(l.Target, "/") {
		if part == "" || part == "." {
			continue
		}
		next, err := w.follow(at, part, hops)
		if err != nil {
			return next, err
		}
		if !next.Defined() {
			return next, h5err.New(h5err.ErrNotFound, "", "", "soft link %q to %q leads nowhere", l.Name, l.Target)
		}
		at = next
	}
	return at, nil
}

// headerOptions are those of every new object of the file.
func (w *writer) headerOptions(noTimes, trackAttributes bool) object.HeaderOptions {
	o := object.HeaderOptions{TrackAttributes: trackAttributes, IndexAttributes: trackAttributes}
	if !noTimes && !w.home.conf.write.noTimes {
		o.Time = time.Now()
	}
	return o
}

func (w *writer) newGroup(o GroupOptions) (wire.Address, error) {
	h := w.headerOptions(o.NoTimes, o.TrackAttributes)
	if w.editor.Low == format.BoundEarliest {
		h.Time = time.Time{} // libhdf5 keeps none for groups with version 1 headers
	}
	return w.editor.NewGroup(object.GroupOptions{HeaderOptions: h, TrackOrder: o.TrackOrder, IndexOrder: o.IndexOrder,
		MaxCompact: o.MaxCompact, MinDense: o.MinDense})
}

// CommitDatatype stores t under a path of its own. What it gives can be the
// type of datasets and attributes, which then refer to it.
func (f *File) CommitDatatype(p string, t *datatype.Datatype, o GroupOptions) (*NamedDatatype, error) {
	addr, err := f.create(p, o.Parents, func(w *writer) (wire.Address, error) {
		return w.editor.NewDatatype(t, w.headerOptions(o.NoTimes, o.TrackAttributes))
	})
	if err != nil {
		return nil, err
	}
	return as[*NamedDatatype](f.ObjectAt(addr, cleanPath(p)))
}

// FillTime says when space that is taken gets the fill value.
type FillTime uint8

// The times.
const (
	FillIfSet   FillTime = iota // when a fill value was set
	FillAtAlloc                 // always
	FillNever                   // never: what was never written reads as zeros
)

// AllocTime says when a dataset's space is taken.
type AllocTime uint8

// The times.
const (
	AllocDefault     AllocTime = iota // compact early, contiguous late, chunked incrementally
	AllocEarly                        // when the dataset is made
	AllocLate                         // when something is first written
	AllocIncremental                  // chunk by chunk
)

// DatasetOptions change how a dataset is made. The zero value makes a
// contiguous one without filters.
type DatasetOptions struct {
	Parents  bool
	MaxShape []uint64       // [rank], may hold dataspace.Unlimited; nil: it can't grow
	Chunk    []uint64       // [rank], elements; nil with Filters or MaxShape: chosen
	Filters  []filter.Stage // in the order in which they are applied; Values are the user's
	Fill     []byte         // one element as stored; nil: zeros
	FillTime FillTime
	Alloc    AllocTime
	Compact  bool // the data lies in the object header: at most 64 KiB
	// UnfilteredEdge leaves chunks that stick out of the dataset unfiltered; not
	// with Earliest.
	UnfilteredEdge  bool
	External        []ExternalFile   // raw files that take the data
	Virtual         []VirtualMapping // where the elements come from
	TrackAttributes bool
	NoTimes         bool
}

// CreateDataset makes a dataset at a path: with the given extents, a scalar
// where shape is nil, and no element at all where space is dataspace.Null
// (CreateDatasetSpace). No data is written.
func (f *File) CreateDataset(p string, t *datatype.Datatype, shape []uint64, o DatasetOptions) (*Dataset, error) {
	s := &dataspace.Dataspace{Kind: dataspace.Simple, Dims: slices.Clone(shape), MaxDims: slices.Clone(o.MaxShape)}
	if shape == nil {
		s.Kind, s.MaxDims = dataspace.Scalar, nil
	}
	return f.CreateDatasetSpace(p, t, s, o)
}

// CreateDataset makes a dataset below this group.
func (g *Group) CreateDataset(p string, t *datatype.Datatype, shape []uint64, o DatasetOptions) (*Dataset, error) {
	return g.f.CreateDataset(g.below(p), t, shape, o)
}

// CreateDatasetSpace is CreateDataset with a dataspace of any kind.
func (f *File) CreateDatasetSpace(p string, t *datatype.Datatype, s *dataspace.Dataspace, o DatasetOptions) (*Dataset, error) {
	addr, err := f.create(p, o.Parents, func(w *writer) (wire.Address, error) { return w.newDataset(t, s, o) })
	if err != nil {
		return nil, err
	}
	d, err := as[*Dataset](f.ObjectAt(addr, cleanPath(p)))
	if err != nil || o.Alloc != AllocEarly {
		return d, err
	}
	r, err := d.change()
	if err != nil {
		return d, err
	}
	defer d.release(r)
	return d, d.wrap(r.raw.Allocate(context.Background()))
}

// newDataset makes the header of a dataset and what its layout needs.
func (w *writer) newDataset(t *datatype.Datatype, s *dataspace.Dataspace, o DatasetOptions) (wire.Address, error) {
	fitted := t
	if t.Committed == 0 {
		var err error
		if fitted, err = format.FitDatatype(t, w.editor.Low, w.sb.Sizes); err != nil {
			return 0, err
		}
	}
	n := &newDataset1{w: w, t: fitted, s: normalSpace(s), o: o}
	if err := n.check(); err != nil {
		return 0, err
	}
	d := object.DatasetOptions{HeaderOptions: w.headerOptions(o.NoTimes, o.TrackAttributes), Type: fitted, Space: n.s}
	d.Spare = 64
	var err error
	if d.Filters, err = n.filters(); err != nil {
		return 0, err
	}
	if d.Layout, err = n.layout(len(d.Filters) > 0); err != nil {
		return 0, err
	}
	if len(o.External) > 0 {
		if d.External, err = n.external(); err != nil {
			return 0, err
		}
	}
	d.Fill = n.fill(d.Layout.Class)
	return w.editor.NewDataset(d)
}

// normalSpace sets what a simple dataspace may leave out.
func normalSpace(s *dataspace.Dataspace) *dataspace.Dataspace {
	n := &dataspace.Dataspace{Kind: s.Kind, Dims: slices.Clone(s.Dims), MaxDims: slices.Clone(s.MaxDims)}
	if n.Kind == dataspace.Simple && n.MaxDims == nil {
		n.MaxDims = slices.Clone(n.Dims)
	}
	return n
}
