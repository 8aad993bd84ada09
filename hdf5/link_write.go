package hdf5

import (
	"fmt"
	"path"
	"strings"

	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/wire"
)

// LinkOptions change how a link is made. The zero value is the default.
type LinkOptions struct {
	Parents bool // make the groups above that are absent
}

// link makes a link at p, in one operation.
func (f *File) makeLink(p string, o LinkOptions, l func(w *writer) (*format.Link, error)) error {
	w, err := f.edit()
	if err != nil {
		return err
	}
	defer f.done()
	err = w.edit(func() error {
		at, err := w.placeFor(p, o.Parents)
		if err != nil {
			return err
		}
		link, err := l(w)
		if err != nil {
			return err
		}
		link.Name, link.UTF8 = at.name, !isASCII(at.name)
		if link.Type == format.LinkHard {
			return w.linkHard(at, link.Header)
		}
		return w.editor.InsertLink(at.group, link)
	})
	return h5err.In(err, f.name, cleanPath(p))
}

// CreateHardLink makes p another name of an object of this file. ErrExists: p
// leads somewhere; ErrOutside: the object is in another file.
func (f *File) CreateHardLink(p string, target Object, o LinkOptions) error {
	if !sameFile(f, target.File()) {
		return h5err.In(fmt.Errorf("a hard link can't lead to %s in another file: %w", target.Path(), h5err.ErrOutside), f.name, cleanPath(p))
	}
	return f.makeLink(p, o, func(*writer) (*format.Link, error) {
		return &format.Link{Type: format.LinkHard, Header: wire.Address(target.Address())}, nil
	})
}

// sameFile tells whether two handles are on one file.
func sameFile(a, b *File) bool {
	if a == b || a.home == b.home {
		return true
	}
	x, y := a.home.source.Load(), b.home.source.Load()
	return x != nil && x == y
}

// CreateSoftLink makes p lead to a path of this file, which need not be there.
func (f *File) CreateSoftLink(p, target string, o LinkOptions) error {
	if target == "" || strings.ContainsRune(target, 0) {
		return h5err.In(h5err.New(h5err.ErrSelection, "", "", "soft link target %q", target), f.name, cleanPath(p))
	}
	return f.makeLink(p, o, func(*writer) (*format.Link, error) {
		return &format.Link{Type: format.LinkSoft, Target: target, Header: wire.Undefined}, nil
	})
}

// CreateExternalLink makes p lead to a path of another file, neither of which
// need be there. An old-style group changes to link messages then.
func (f *File) CreateExternalLink(p, file, target string, o LinkOptions) error {
	if file == "" || target == "" || strings.ContainsRune(file+target, 0) {
		return h5err.In(h5err.New(h5err.ErrSelection, "", "", "external link to %q in %q", target, file), f.name, cleanPath(p))
	}
	return f.makeLink(p, o, func(*writer) (*format.Link, error) {
		return &format.Link{Type: format.LinkExternal, File: file, Target: target}, nil
	})
}

// CreateUserLink makes a link of a class of the user's, 65 to 255, with data
// that only that class understands.
func (f *File) CreateUserLink(p string, class int, data []byte, o LinkOptions) error {
	if class < 65 || class > 255 {
		return h5err.In(h5err.New(h5err.ErrSelection, "", "", "link class %d; user-defined ones are 65 to 255", class), f.name, cleanPath(p))
	}
	return f.makeLink(p, o, func(*writer) (*format.Link, error) {
		return &format.Link{Type: format.LinkType(class), Data: data}, nil
	})
}

// Remove takes the link at p away; the object that a last hard link led to is
// deleted, and its space used again once no reader can see it. ErrNotFound when
// there is no such link.
func (f *File) Remove(p string) error {
	w, err := f.edit()
	if err != nil {
		return err
	}
	defer f.done()
	// What may be deleted must not be written to meanwhile, and a group may have
	// any dataset below it.
	list := w.all()
	defer unlockAll(list)
	err = w.edit(func() error { return w.remove(p) })
	if err == nil {
		w.forgetDeleted(list)
	}
	return h5err.In(err, f.name, cleanPath(p))
}

// forgetDeleted drops what is held of datasets that are there no more.
func (w *writer) forgetDeleted(list []*rawWriter) {
	w.datasetsMu.Lock()
	defer w.datasetsMu.Unlock()
	for _, r := range list {
		if w.datasets[r.addr] != r {
			r.forget()
		}
	}
}

func (w *writer) remove(p string) error {
	at, err := w.placeFor(p, false)
	if err != nil {
		return err
	}
	l, err := w.editor.RemoveLink(at.group, at.name)
	if err != nil || l.Type != format.LinkHard {
		return err
	}
	_, err = w.editor.AddReference(l.Header, -1)
	return err
}

// Move gives the link at from another place, or another name; the object stays
// what and where it is. ErrExists: to leads somewhere; ErrSelection: a group
// would come below itself.
func (f *File) Move(from, to string, o LinkOptions) error {
	w, err := f.edit()
	if err != nil {
		return err
	}
	defer f.done()
	if to := cleanPath(to); strings.HasPrefix(to+"/", cleanPath(from)+"/") {
		return h5err.In(h5err.New(h5err.ErrSelection, "", "", "%s can't be moved below itself", cleanPath(from)), f.name, to)
	}
	err = w.edit(func() error {
		old, err := w.placeFor(from, false)
		if err != nil {
			return err
		}
		l, err := w.editor.RemoveLink(old.group, old.name)
		if err != nil {
			return err
		}
		at, err := w.placeFor(to, o.Parents)
		if err != nil {
			return err
		}
		l.Name, l.UTF8 = at.name, !isASCII(at.name)
		return w.editor.InsertLink(at.group, l)
	})
	return h5err.In(err, f.name, cleanPath(from))
}

// Rename gives a link of this group another name in it.
func (g *Group) Rename(from, to string) error {
	return g.f.Move(g.below(from), path.Join(path.Dir(g.below(from)), to), LinkOptions{})
}

// Remove takes a link of this group away.
func (g *Group) Remove(name string) error { return g.f.Remove(g.below(name)) }
