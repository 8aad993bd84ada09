package digest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gables/hdf5"
	"gables/hdf5/h5err"
)

// DefaultLimit is the memory form beyond which only a corner of a dataset is
// hashed.
const DefaultLimit = 512 << 20

// Options change what is computed. The zero value is the default.
type Options struct {
	// Limit is the memory form, in bytes, beyond which only a corner of a
	// dataset is hashed: 0 means DefaultLimit, less than 0 no limit.
	Limit int64
	// Under restricts the objects to the one at this path and those below it;
	// empty means all. References still name any object.
	Under string
	// Progress, if set, is called before each piece of a dataset with its path
	// and the canonical bytes that have been hashed so far.
	Progress func(path string, bytes uint64)
}

// run is one use of File or Each, for one goroutine.
type run struct {
	f     *hdf5.File
	limit int64
	o     Options
	paths map[uint64]string // by address
	order []uint64          // addresses, breadth first
	buf   []byte            // stored elements of a piece
}

// Path opens the file at a path and gives its manifest, with size and SHA-256
// of the file itself. The manifest of a file that can't be opened has Error
// set; the error is given beside it.
func Path(ctx context.Context, path string, o Options, opts ...hdf5.Option) (*Manifest, error) {
	m := &Manifest{File: clean(filepath.Base(path))}
	if err := m.hashFile(ctx, path); err != nil {
		m.Error = text(err)
		return m, err
	}
	f, err := hdf5.Open(path, opts...)
	if err != nil {
		m.Error = text(err)
		return m, err
	}
	defer f.Close()
	full, err := File(ctx, f, o)
	if err != nil {
		m.Error = text(err)
		return m, err
	}
	full.File, full.Size, full.SHA256 = m.File, m.Size, m.SHA256
	return full, nil
}

// hashFile hashes the bytes of a regular file.
func (m *Manifest) hashFile(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file: %w", path, h5err.ErrNotHDF5)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	h, buf := sha256.New(), make([]byte, 1<<20)
	for {
		n, err := file.Read(buf)
		h.Write(buf[:n])
		m.Size += uint64(n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
	}
	m.SHA256 = hex.EncodeToString(h.Sum(nil))
	return nil
}

// File gives the manifest of an open file, without name and SHA-256 of the
// file itself. What can't be read of an object is an error of that object;
// File fails when the root can't be opened or ctx is cancelled.
func File(ctx context.Context, f *hdf5.File, o Options) (*Manifest, error) {
	m := describeFile(f)
	m.Objects = []*Object{}
	err := Each(ctx, f, o, func(x *Object) error {
		m.Objects = append(m.Objects, x)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

func describeFile(f *hdf5.File) *Manifest {
	s := f.Superblock()
	m := &Manifest{Size: f.Size(), Driver: s.Driver, Superblock: &Superblock{Version: s.Version, UserBlock: s.BaseAddress,
		SizeofAddr: s.OffsetSize, SizeofSize: s.LengthSize, Extension: s.Extension}}
	if s.Driver != "sec2" {
		for _, name := range s.Members {
			m.Members = append(m.Members, clean(name))
		}
	}
	var notes []string
	for _, w := range f.Warnings() {
		notes = append(notes, text(w))
	}
	m.Note = strings.Join(notes, "; ")
	return m
}

// Each calls visit for each object of a manifest, breadth first, while it is
// computed. An error of visit ends it and is given.
func Each(ctx context.Context, f *hdf5.File, o Options, visit func(*Object) error) error {
	r := &run{f: f, o: o, limit: cmp.Or(o.Limit, DefaultLimit), paths: map[uint64]string{}}
	if err := r.index(ctx); err != nil {
		return err
	}
	found := false
	for _, addr := range r.order {
		if !under(r.paths[addr], o.Under) {
			continue
		}
		found = true
		x := r.object(ctx, addr)
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := visit(x); err != nil {
			return err
		}
	}
	if !found {
		return h5err.In(h5err.ErrNotFound, f.Name(), o.Under)
	}
	return nil
}

// under tells whether an object lies at or below a path.
func under(path, top string) bool {
	top = strings.TrimRight(top, "/")
	return top == "" || path == top || strings.HasPrefix(path, top+"/")
}

// index finds the path of each object. Objects that can't be opened are left
// out: the links to them tell why.
func (r *run) index(ctx context.Context) error {
	if _, err := r.f.Root(); err != nil {
		return err
	}
	for o, err := range r.f.Walk(ctx) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			r.paths[o.Address()] = o.Path()
			r.order = append(r.order, o.Address())
		}
	}
	return ctx.Err()
}

// object describes the object at an address.
func (r *run) object(ctx context.Context, addr uint64) *Object {
	path := r.paths[addr]
	x := &Object{Path: clean(path)}
	o, err := r.f.ObjectAt(addr, path)
	if err != nil {
		x.Error = text(err)
		return x
	}
	x.Type, x.References = hdf5.KindOf(o), o.References()
	x.Header = headerOf(o)
	switch o := o.(type) {
	case *hdf5.Group:
		err = r.group(ctx, o, x)
	case *hdf5.Dataset:
		err = r.dataset(ctx, o, x)
	case *hdf5.NamedDatatype:
		x.Datatype = Describe(o.Type)
	}
	if err != nil {
		x.Error = text(err)
	}
	r.attributes(ctx, o, x)
	return x
}

func headerOf(o hdf5.Object) *Header {
	h := o.Header()
	slices.Sort(h.Messages)
	return &Header{Version: h.Version, Blocks: h.Blocks, Messages: slices.Compact(h.Messages), DenseAttributes: h.DenseAttributes}
}

func (r *run) attributes(ctx context.Context, o hdf5.Object, x *Object) {
	var list []*hdf5.Attribute
	failed := map[*hdf5.Attribute]error{}
	for a, err := range o.Attributes() {
		if a == nil {
			x.AttributesError = text(err)
			break
		}
		list = append(list, a)
		failed[a] = err
	}
	slices.SortStableFunc(list, func(a, b *hdf5.Attribute) int { return cmp.Compare(a.Name(), b.Name()) })
	x.Attributes = []*Attribute{}
	for _, a := range list {
		x.Attributes = append(x.Attributes, r.attribute(ctx, a, failed[a]))
	}
}

func (r *run) report(path string, n uint64) {
	if r.o.Progress != nil {
		r.o.Progress(path, n)
	}
}

// text is an error's message as UTF-8.
func text(err error) string { return clean(err.Error()) }
