package main

import (
	"context"
	"fmt"
	"strings"

	"gables/export"
	"gables/hdf5"
	"gables/hdf5/dataspace"
)

// entry is one line of a listing: a link and what it leads to.
type entry struct {
	Name    text     `json:"name"`
	Path    text     `json:"path"`
	Kind    string   `json:"kind,omitempty"` // of the object: group, dataset or datatype
	Link    string   `json:"link"`           // hard, soft, external or user
	File    text     `json:"target_file,omitempty"`
	Target  text     `json:"target,omitempty"`
	Same    text     `json:"same_as,omitempty"` // path by which the object was listed before
	Shape   []uint64 `json:"shape,omitzero"`
	Type    text     `json:"dtype,omitempty"`
	Layout  string   `json:"layout,omitempty"`
	Chunk   []uint64 `json:"chunk,omitempty"`
	Filters []text   `json:"filters,omitempty"`
	Bytes   *uint64  `json:"bytes,omitempty"`
	Stored  *uint64  `json:"stored,omitempty"`
	Error   text     `json:"error,omitempty"`

	object hdf5.Object
}

// newEntry follows a link of g.
func newEntry(g *hdf5.Group, parent string, l hdf5.Link) *entry {
	e := &entry{Name: text(l.Name), Path: text(join(parent, l.Name)), Link: l.Kind.String(), File: text(l.File), Target: text(l.Target)}
	o, err := g.Object(l.Name)
	if l.Kind == hdf5.HardLink {
		o, err = g.File().ObjectAt(l.Address, join(parent, l.Name))
	}
	if err != nil {
		e.Error = text(err.Error())
		return e
	}
	e.object, e.Kind = o, hdf5.KindOf(o)
	return e
}

// describe adds what a long listing shows of the object.
func (e *entry) describe(ctx context.Context) {
	switch o := e.object.(type) {
	case *hdf5.NamedDatatype:
		e.Type = text(o.Type.String())
	case *hdf5.Dataset:
		e.Type = text(o.Type().String())
		if o.Space().Kind != dataspace.Null {
			e.Shape = append([]uint64{}, o.Shape()...)
		}
		l, err := o.Layout()
		e.Layout, e.Chunk = l.Class, l.Chunk
		for _, s := range o.Filters() {
			e.Filters = append(e.Filters, text(filterName(s)))
		}
		stored, err2 := o.StorageSize(ctx)
		if err == nil {
			err = err2
		}
		if err != nil {
			e.Error = text(err.Error())
			return
		}
		n := logicalSize(o)
		e.Stored, e.Bytes = &stored, &n
	}
}

// label is the name as it is shown, with an arrow behind links.
func (e *entry) label(p palette, name string) string {
	s := p.name(name, e.Kind)
	switch e.Link {
	case "soft":
		s += p.link(" -> " + export.Escape(string(e.Target)))
	case "external":
		s += p.link(" -> " + export.Escape(string(e.File)) + ":" + export.Escape(string(e.Target)))
	case "user":
		s += p.link(" -> (user-defined link)")
	}
	if e.Same != "" {
		s += p.link(" = " + export.Escape(string(e.Same)))
	}
	if e.object == nil {
		s += p.fault(" (" + e.trouble() + ")")
	}
	return s
}

// trouble says in a few words why the object can't be opened.
func (e *entry) trouble() string {
	if e.Link != "hard" && strings.Contains(string(e.Error), "not found") {
		return "dangling"
	}
	parts := strings.Split(string(e.Error), ": ")
	return "can't be opened: " + export.Escape(clip(parts[len(parts)-1], 60))
}

// isHidden tells whether PyTables hides a node of that name.
func isHidden(name string) bool {
	return strings.HasPrefix(name, "_i_") || strings.HasPrefix(name, "_p_")
}

// objectKey tells objects of all files apart.
func objectKey(o hdf5.Object) string { return fmt.Sprintf("%p@%d", o.File(), o.Address()) }
