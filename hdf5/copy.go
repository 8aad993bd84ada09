package hdf5

import (
	"context"
	"errors"
	"fmt"
	"path"

	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/object"
	"gables/internal/wire"
)

// CopyOptions change what Copy does. The zero value copies an object with all
// that is below it.
type CopyOptions struct {
	Parents          bool // make the groups above that are absent
	Shallow          bool // of a group: its members, but nothing that is below those
	ExpandSoft       bool // what a soft link leads to takes its place; one that leads nowhere stays
	ExpandExternal   bool // the same for external links
	ExpandReferences bool // copy the objects, too, that references lead to and that are not below the one to be copied
	NoAttributes     bool
	// Storage, if set, says how a dataset that is contiguous or chunked is to be
	// stored. It is called from the calling goroutine, before anything of the
	// dataset is written.
	Storage func(d *Dataset) (Storage, error)
	// Progress, if set, is called from the calling goroutine with the stored bytes
	// of raw data that have been read, and those of all datasets.
	Progress func(done, total uint64)
	Workers  int // most goroutines; 0: as the files were opened
}

// Copy makes a copy of src, a dataset, a committed datatype, or a group with all
// that hard links lead to from it, at the path dst of f, which is open for
// writing. src may lie in any open file. With dst "/", src is a group and becomes
// the root group of f, which must be empty.
//
// Everything is kept: attributes, times, comments, orders of creation, soft,
// external and user-defined links as they are, two links to one object, cycles,
// committed datatypes that are shared, fill values, filters, maximum extents. A
// committed datatype that is not below src is copied with it, and has no path of
// its own, unless it lies in f. References to objects that are copied lead to
// the copies; others stay in the same file, and are null in another one unless
// ExpandReferences. What that copies gets a link "~obj_pointed_by_<address>" in
// the root group, unless dst is "/". Chunks move as they are stored, without
// decoding, where chunk shape and filters agree. Raw files and the sources of
// virtual datasets are not copied, only their names.
//
// After an error f is as it was. The callbacks must not Flush, Rollback or Close
// f. Errors: ErrExists: dst leads somewhere; ErrNotFound: the group above is
// absent and Parents is not set; those of reading src.
func (f *File) Copy(ctx context.Context, src Object, dst string, o CopyOptions) error {
	w, err := f.edit()
	if err != nil {
		return err
	}
	defer f.done()
	w.whole.RLock()
	defer w.whole.RUnlock()
	c := &copyRun{ctx: ctx, f: f, w: w, o: o, items: map[objectKey]*copied{}, sources: map[*home]*store{}}
	defer c.close()
	return h5err.In(c.run(nodeOf(src), dst), f.name, path.Clean("/"+dst))
}

// copyRun is one use of Copy. It belongs to the calling goroutine.
type copyRun struct {
	ctx     context.Context
	f       *File // where the copies go
	w       *writer
	o       CopyOptions
	items   map[objectKey]*copied
	order   []*copied        // in the order in which they were met
	sources map[*home]*store // states of the files that are read, all pinned
	files   []*File          // their handles
	made    []wire.Address   // headers that were made
	aside   []*copied        // objects that only references lead to
	toRoot  bool
	done    uint64
	total   uint64
}

// objectKey tells objects of all files apart.
type objectKey struct {
	home *home
	addr wire.Address
}

// copied is an object and its copy.
type copied struct {
	f     *File
	addr  wire.Address // of the object
	path  string
	to    wire.Address // of the copy; Undefined until it is made
	bare  bool         // the links of a group are left out
	begun bool         // the making of the copy has begun
	data  *datasetCopy // raw data that waits until all copies have addresses
}

func (c *copyRun) close() {
	for i, s := range c.sources {
		_ = i
		s.unpin()
	}
	for _, f := range c.files {
		f.gate.leave()
	}
}

// source gives the state of a file that is read, the same for the whole copy.
func (c *copyRun) source(f *File) (*store, error) {
	if s := c.sources[f.home]; s != nil {
		return s, nil
	}
	s, err := f.still(c.ctx)
	if err != nil {
		return nil, err
	}
	c.sources[f.home] = s
	c.files = append(c.files, f)
	return s, nil
}

// still is enter for a state that does not change while f is written through
// this handle.
func (f *File) still(ctx context.Context) (*store, error) {
	if f.w == nil {
		return f.enter()
	}
	if !f.gate.enter() {
		return nil, f.closed()
	}
	err := f.w.settleAll(ctx)
	var s *store
	if err == nil {
		s, err = f.w.freeze()
	}
	if err != nil {
		f.gate.leave()
		return nil, h5err.In(err, f.name, "")
	}
	return s, nil
}

// settleAll brings the draft up to what was written to all datasets.
func (w *writer) settleAll(ctx context.Context) error {
	w.datasetsMu.Lock()
	list := sortedWriters(w.datasets)
	w.datasetsMu.Unlock()
	for _, r := range list {
		r.data.Lock()
		err := r.settle(ctx)
		r.data.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *copyRun) run(src *node, dst string) error {
	s, err := c.source(src.f)
	if err != nil {
		return err
	}
	if src, err = src.at(s); err != nil {
		return err
	}
	c.toRoot = path.Clean("/"+dst) == "/"
	if err := c.checkPlace(src, dst); err != nil {
		return err
	}
	first := c.add(src.f, src.h.Address, src.path)
	err = c.scan(0)
	for i := 0; err == nil && i < len(c.order); i++ {
		_, err = c.place(c.order[i])
	}
	// References may add to the list.
	for i := 0; err == nil && i < len(c.order); i++ {
		err = c.finish(c.order[i])
	}
	if err == nil {
		err = c.link(first, dst)
	}
	if err != nil && len(c.made) > 0 {
		if undo := c.w.edit(func() error { return c.w.editor.Discard(c.made) }); undo != nil {
			c.w.fail(err) // what is left over must not be committed
			err = errors.Join(err, undo)
		}
	}
	return err
}

// checkPlace refuses a destination before anything is copied.
func (c *copyRun) checkPlace(src *node, dst string) error {
	if c.toRoot && src.h.Kind() != object.KindGroup {
		return fmt.Errorf("only a group can become the root group: %w", h5err.ErrType)
	}
	return c.w.edit(func() error {
		if c.toRoot {
			return c.w.rootEmpty()
		}
		at, err := c.w.placeFor(dst, false)
		if err != nil {
			if c.o.Parents && errors.Is(err, h5err.ErrNotFound) {
				return nil
			}
			return err
		}
		if _, ok, err := c.w.editor.FindLink(at.group, at.name); err != nil || ok {
			return errors.Join(err, h5err.New(h5err.ErrExists, "", "", "link %q", at.name))
		}
		return nil
	})
}

// rootEmpty tells whether the root group may be replaced.
func (w *writer) rootEmpty() error {
	g := w.editor.Graph()
	h, err := g.Open(w.sb.Root)
	if err != nil {
		return err
	}
	for l, err := range g.Links(h) {
		if err != nil {
			return err
		}
		return h5err.New(h5err.ErrExists, "", "", "the root group has members, %q among them", l.Name)
	}
	for a, err := range g.Attributes(h) {
		if err != nil {
			return err
		}
		return h5err.New(h5err.ErrExists, "", "", "the root group has attributes, %q among them", a.Name)
	}
	return nil
}

// link makes the links by which the copies are found.
func (c *copyRun) link(first *copied, dst string) error {
	return c.w.edit(func() error {
		if c.toRoot {
			return c.w.replaceRoot(first.to)
		}
		at, err := c.w.placeFor(dst, c.o.Parents)
		if err != nil {
			return err
		}
		if err := c.w.linkHard(at, first.to); err != nil {
			return err
		}
		for _, x := range c.aside {
			at := placeFor{c.w.sb.Root, fmt.Sprintf("~obj_pointed_by_%d", uint64(x.to))}
			if err := c.w.linkHard(at, x.to); err != nil {
				return err
			}
		}
		return nil
	})
}

// replaceRoot makes another group the root group.
func (w *writer) replaceRoot(to wire.Address) error {
	if err := w.rootEmpty(); err != nil {
		return err
	}
	var entry format.SymbolTableEntry
	if w.sb.Version < 2 {
		var err error
		if entry, err = w.editor.RootEntry(to); err != nil {
			return err
		}
	}
	if _, err := w.editor.AddReference(to, 1); err != nil {
		return err
	}
	if _, err := w.editor.AddReference(w.sb.Root, -1); err != nil {
		return err
	}
	w.sb.Root, w.sb.RootEntry = to, entry
	return nil
}
