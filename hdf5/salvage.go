package hdf5

import (
	"context"
	"errors"

	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/internal/chunkindex"
	"gables/internal/format"
)

// Lost is something that Salvage could not bring over.
type Lost struct {
	Path string
	Err  error
}

// SalvageOptions change what Salvage does. The zero value is the default.
type SalvageOptions struct {
	Progress func(path string, objects int)
}

// Salvage copies what is readable of src into dst, a new file that is open for
// writing, and lists what it had to leave out: objects, attributes, chunks,
// which read as the fill value in the copy, and links. Two links to one object
// stay so, and references lead to the copies, only where the whole file can be
// read. Errors: that of ctx, and those of writing dst.
func Salvage(ctx context.Context, src, dst *File, o SalvageOptions) ([]Lost, error) {
	root, err := src.Root()
	if err != nil {
		return nil, err
	}
	// Chunks are copied as they are stored, so a copy alone would not notice damage.
	r, err := Check(ctx, src, CheckOptions{})
	if err != nil {
		return nil, err
	}
	if !r.Damaged() {
		if err = dst.Copy(ctx, root, "/", CopyOptions{}); err == nil || ctx.Err() != nil {
			return nil, err
		}
	}
	s := &salvage{ctx: ctx, src: src, dst: dst, o: o, made: map[uint64]string{root.Address(): "/"}}
	s.attributes(root, "/")
	s.queue = []*Group{root}
	for len(s.queue) > 0 && ctx.Err() == nil {
		g := s.queue[0]
		s.queue = s.queue[1:]
		s.group(g)
	}
	return s.lost, ctx.Err()
}

// salvage goes through a file object by object.
type salvage struct {
	ctx      context.Context
	src, dst *File
	o        SalvageOptions
	made     map[uint64]string // where the copy of an object is
	queue    []*Group
	lost     []Lost
}

func (s *salvage) lose(path string, err error) {
	s.lost = append(s.lost, Lost{path, err})
}

// group brings over the links of a group.
func (s *salvage) group(g *Group) {
	for l, err := range g.Links(s.ctx, ByName) {
		if err != nil {
			s.lose(g.Path(), err)
			continue
		}
		p := childPath(g.Path(), l.Name)
		switch l.Kind {
		case HardLink:
			err = s.object(p, l.Address)
		case SoftLink:
			err = s.dst.CreateSoftLink(p, l.Target, LinkOptions{})
		case ExternalLink:
			err = s.dst.CreateExternalLink(p, l.File, l.Target, LinkOptions{})
		case UserLink:
			err = s.dst.CreateUserLink(p, l.Type, l.Data, LinkOptions{})
		}
		if err != nil {
			s.lose(p, err)
		}
	}
}

// object brings over the object of a hard link.
func (s *salvage) object(p string, addr uint64) error {
	if first, ok := s.made[addr]; ok {
		o, err := s.dst.Object(first)
		if err != nil {
			return err
		}
		return s.dst.CreateHardLink(p, o, LinkOptions{})
	}
	o, err := s.src.ObjectAt(addr, p)
	if err != nil {
		return err
	}
	if s.o.Progress != nil {
		s.o.Progress(p, len(s.made))
	}
	if g, ok := o.(*Group); ok {
		tracks, _ := g.TracksOrder()
		if _, err := s.dst.CreateGroup(p, GroupOptions{TrackOrder: tracks}); err != nil {
			return err
		}
		s.made[addr] = p
		s.attributes(g, p)
		s.queue = append(s.queue, g)
		return nil
	}
	d, ok := o.(*Dataset)
	if ok {
		err = d.decodes(s.ctx)
	}
	if err == nil {
		err = s.whole(o, p)
	}
	if err != nil && ok {
		err = s.pieces(d, p, err)
	}
	if err == nil {
		s.made[addr] = p
	}
	return err
}

// whole copies an object, of whose attributes some may not be readable.
func (s *salvage) whole(o Object, p string) error {
	if s.dst.Copy(s.ctx, o, p, CopyOptions{}) == nil {
		return nil
	}
	err := s.dst.Copy(s.ctx, o, p, CopyOptions{NoAttributes: true})
	if err == nil {
		s.attributes(o, p)
	}
	return err
}

// decodes tells whether all stored chunks of a dataset decode; nil where there
// are none.
func (d *Dataset) decodes(ctx context.Context) error {
	d, err := d.enter()
	if err != nil {
		return err
	}
	defer d.leave()
	if d.layout.Class != format.LayoutChunked {
		return nil
	}
	r, err := d.reader()
	if err != nil {
		return d.wrap(err)
	}
	var fault error
	chunks := func(yield func(chunkindex.Chunk) bool) {
		for c, err := range r.Index.All() {
			if err != nil {
				fault = err
				return
			}
			if !yield(c) {
				return
			}
		}
	}
	err = r.Verify(ctx, chunks, 0, func(_ chunkindex.Chunk, _ []byte, err error) error { return err })
	return d.wrap(errors.Join(err, fault))
}

// pieces brings over what can be read of a dataset that can't be copied as a
// whole, for the given reason.
func (s *salvage) pieces(d *Dataset, p string, cause error) error {
	l, err := d.Layout()
	if err != nil || l.Class != "chunked" {
		return cause
	}
	opts := DatasetOptions{MaxShape: d.Space().MaxDims, Chunk: l.Chunk, Filters: d.Filters(), Fill: d.FillValue().Value}
	if pointsIntoFile(d.Type()) {
		opts.Fill = nil // what it refers to is in the damaged file
	}
	n, err := s.dst.CreateDataset(p, plainType(d.Type()), d.Shape(), opts)
	if err != nil {
		// Filters that can't encode are no reason to lose the values.
		opts.Filters = nil
		if n, err = s.dst.CreateDataset(p, plainType(d.Type()), d.Shape(), opts); err != nil {
			return errors.Join(cause, err)
		}
	}
	s.chunks(d, n, l.Chunk)
	s.attributes(d, p)
	return nil
}

// plainType is a type that is stored where it is used.
func plainType(t *datatype.Datatype) *datatype.Datatype {
	if t.Committed == 0 {
		return t
	}
	plain := *t
	plain.Committed = 0
	return &plain
}

// chunks copies each chunk that decodes.
func (s *salvage) chunks(from, to *Dataset, chunk []uint64) {
	shape := from.Shape()
	err := from.Chunks(s.ctx, func(c Chunk) error {
		n := make([]uint64, len(chunk))
		elements := uint64(1)
		for i := range n {
			if c.Offset[i] >= shape[i] {
				return nil
			}
			n[i] = min(chunk[i], shape[i]-c.Offset[i])
			elements *= n[i]
		}
		if err := s.part(from, to, dataspace.Box(c.Offset, n), elements); err != nil {
			s.lose(from.Path(), err)
		}
		return s.ctx.Err()
	})
	if err != nil {
		s.lose(from.Path(), err)
	}
}

// part copies the selected elements.
func (s *salvage) part(from, to *Dataset, sel dataspace.Selection, elements uint64) error {
	if pointsIntoFile(from.Type()) {
		values, err := from.ReadAny(s.ctx, sel)
		if err != nil {
			return err
		}
		return Write(s.ctx, to, values, sel)
	}
	b := make([]byte, elements*uint64(from.Type().Size))
	if _, err := from.ReadRaw(s.ctx, b, sel); err != nil {
		return err
	}
	return to.WriteRaw(s.ctx, b, sel)
}

// attribute brings over one attribute.
func (s *salvage) attribute(a *Attribute, to Object) error {
	t := plainType(a.Type())
	if !pointsIntoFile(t) {
		return nodeOf(to).SetAttributeRaw(a.Name(), t, a.Space(), a.Bytes())
	}
	values, err := a.Any()
	if err != nil {
		return err
	}
	return setAttributes(to, a.Name(), values, a.Space(), t)
}

// attributes brings over attributes one by one.
func (s *salvage) attributes(from Object, p string) {
	to, err := s.dst.Object(p)
	if err != nil {
		s.lose(p, err)
		return
	}
	for a, err := range from.Attributes() {
		if err == nil {
			err = a.Err()
		}
		if err == nil {
			err = s.attribute(a, to)
		}
		if err != nil {
			name := p + " @?"
			if a != nil {
				name = p + " @" + a.Name()
			}
			s.lose(name, err)
		}
	}
}
