package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gables/export"
	"gables/hdf5"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// informer fills a report.
type informer struct {
	*infoFlags
	*report
	ctx    context.Context
	values *export.Context
}

// release is a version of the format: the libraries from it on read the file.
type release int

const (
	sinceEarly release = iota
	since18
	since110
	since20
)

func (r release) String() string {
	return [...]string{"any release of libhdf5", "libhdf5 1.8 and later", "libhdf5 1.10 and later", "libhdf5 2.0 and later"}[r]
}

func (n *informer) file(f *hdf5.File) error {
	sb := f.Superblock()
	n.head("")
	n.add("file", text(f.Name()))
	n.add("size", bytesValue(f.Size()))
	n.add("superblock", sb.Version)
	if sb.BaseAddress > 0 {
		n.add("user block", bytesValue(sb.BaseAddress))
	}
	n.add("offset size", sb.OffsetSize)
	n.add("length size", sb.LengthSize)
	n.add("root address", sb.RootAddress)
	n.add("driver", sb.Driver)
	for i, m := range sb.Members {
		n.add(fmt.Sprintf("member %d", i), text(m))
	}
	if sb.Strategy != "" {
		n.add("free space strategy", sb.Strategy)
		n.add("free space persists", sb.Persist)
	}
	if sb.PageSize > 0 {
		n.add("page size", bytesValue(sb.PageSize))
	}
	if sb.SharedHeader {
		n.add("shared messages", true)
	}
	if unused := int64(f.Size()) - int64(sb.BaseAddress) - int64(sb.EndOfFile); len(sb.Members) == 0 && unused != 0 {
		n.addPlain("beyond the end", unused, fmt.Sprintf("%d bytes more than the superblock knows of", unused))
	}
	if err := n.census(f, sb); err != nil {
		return err
	}
	if err := n.used(f); err != nil {
		return err
	}
	n.warnings(f)
	root, err := f.Root()
	if err != nil {
		return unread(err)
	}
	n.attributes(root)
	return nil
}

// used tells what the file's bytes are used for.
func (n *informer) used(f *hdf5.File) error {
	if !n.space {
		return nil
	}
	r, err := hdf5.Check(n.ctx, f, hdf5.CheckOptions{Quick: true})
	if err != nil {
		return err
	}
	n.head("space")
	n.add("in use", bytesValue(r.Live))
	n.add("declared free", bytesValue(r.Free))
	n.add("unaccounted", bytesValue(r.Unaccounted))
	if r.Damaged() {
		n.damaged = true
		n.addPlain("damages", r.Damages, n.p.fault(fmt.Sprintf("%d, so that not all bytes may be accounted for; see gables check", r.Damages)))
	}
	n.head("used by")
	for _, u := range r.Used {
		n.add(u.Kind, bytesValue(u.Bytes))
	}
	return nil
}

func (n *informer) warnings(f *hdf5.File) {
	n.head("warnings")
	for i, w := range f.Warnings() {
		s := w.Error()
		if errors.Is(w, h5err.ErrOpenForWrite) {
			s += " (a writer is at work, or crashed; gables repair takes the mark away)"
		}
		n.addPlain(fmt.Sprint(i+1), text(s), n.p.fault(export.Escape(s)))
	}
}

// census counts the objects and finds the oldest library that reads them.
func (n *informer) census(f *hdf5.File, sb hdf5.Superblock) error {
	since := [...]release{sinceEarly, sinceEarly, since18, since110}[min(sb.Version, 3)]
	if n.quick {
		n.addPlain("readable by", since.String(), since.String()+", as far as the superblock tells")
		return nil
	}
	c := counts{}
	for o, err := range f.Walk(n.ctx) {
		switch {
		case n.ctx.Err() != nil:
			return n.ctx.Err()
		case err != nil:
			c.faults++
			c.fault = err
			continue
		}
		since = max(since, needs(o))
		c.add(o)
	}
	n.addPlain("readable by", since.String(), since.String())
	n.head("objects")
	n.add("groups", c.groups)
	n.add("datasets", c.datasets)
	n.add("committed datatypes", c.types)
	n.add("attributes", c.attributes)
	if c.logical > 0 {
		n.add("data", bytesValue(c.logical))
	}
	if c.faults > 0 {
		n.damaged = true
		n.addPlain("unreadable", c.faults, n.p.fault(fmt.Sprintf("%d, the last: %s", c.faults, export.Escape(c.fault.Error()))))
	}
	return nil
}

type counts struct {
	groups, datasets, types, attributes, faults int
	logical                                     uint64 // bytes of all elements, capped
	fault                                       error
}

func (c *counts) add(o hdf5.Object) {
	switch o := o.(type) {
	case *hdf5.Group:
		c.groups++
	case *hdf5.Dataset:
		c.datasets++
		if n := logicalSize(o); c.logical+n >= n {
			c.logical += n
		} else {
			c.logical = ^uint64(0)
		}
	case *hdf5.NamedDatatype:
		c.types++
	}
	for _, err := range o.Attributes() {
		if err != nil {
			c.faults, c.fault = c.faults+1, err
		}
		c.attributes++
	}
}

// needs is the first release that understands how o is stored.
func needs(o hdf5.Object) release {
	since := sinceEarly
	if o.Header().Version >= 2 {
		since = since18
	}
	switch o := o.(type) {
	case *hdf5.Group:
		if s, err := o.Storage(); err == nil && s != "symbol_table" {
			since = max(since, since18)
		}
	case *hdf5.NamedDatatype:
		since = max(since, typeNeeds(o.Type))
	case *hdf5.Dataset:
		since = max(since, typeNeeds(o.Type()))
		l, err := o.Layout()
		switch {
		case err == nil && l.Version >= 5:
			since = since20
		case err == nil && (l.Version == 4 || l.Class == "virtual"):
			since = max(since, since110)
		}
	}
	return since
}

// typeNeeds looks at one type and what it is made of.
func typeNeeds(t *datatype.Datatype) release {
	since := sinceEarly
	switch {
	case t == nil:
		return since
	case t.Class == datatype.Complex || t.Version >= 5:
		return since20
	case t.Version == 4:
		since = since110
	case t.Version == 3:
		since = since18
	}
	for _, m := range t.Members {
		since = max(since, typeNeeds(m.Type))
	}
	return max(since, typeNeeds(t.Base))
}

// attributes lists values in a section of their own.
func (n *informer) attributes(o hdf5.Object) {
	const most, width = 50, 100
	n.head("attributes")
	bools, count := isPyTables(o), 0
	for a, err := range o.Attributes() {
		if a == nil {
			n.fault("?", err)
			return
		}
		if count++; count > most && !n.json {
			continue
		}
		value, err := valueText(n.ctx, a, export.JSON, n.values, bools)
		if err != nil {
			n.fault(a.Name(), err)
			continue
		}
		plain, err := valueText(n.ctx, a, export.Text, n.values, bools)
		if err != nil {
			n.fault(a.Name(), err)
			continue
		}
		n.addPlain(a.Name(), rawJSON(value), clip(string(plain), width)+" ")
	}
	if count > most && !n.json {
		n.add("…", fmt.Sprintf("%d more, see gables attrs", count-most))
	}
}

// rawJSON is JSON already.
type rawJSON []byte

// MarshalJSON gives the bytes as they are.
func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }

// String is the JSON.
func (r rawJSON) String() string { return strings.TrimSpace(string(r)) }
