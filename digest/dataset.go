package digest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/bits"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// maxFilterValues is how many client values a manifest lists for a filter.
const maxFilterValues = 64

// dataset describes d; the errors of its value stay in o.
func (r *run) dataset(ctx context.Context, d *hdf5.Dataset, o *Object) error {
	o.Extent = extentOf(d.Space())
	o.Datatype = r.typeOf(d.Type())
	layout, err := d.Layout()
	if err != nil {
		return err
	}
	o.Storing = storingOf(d, layout)
	if o.Header != nil {
		o.Header.LayoutVersion, o.Header.ChunkIndex = layout.Version, layout.Index
	}
	c, err := CompileCanonical(d.Type())
	if err != nil {
		return err
	}
	o.Fill = r.fill(ctx, d, c)
	if n, err := d.StorageSize(ctx); err == nil {
		o.Stored = &n
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if o.Content, err = r.content(ctx, d, layout.Chunk, c); err != nil {
		return err
	}
	return nil
}

func extentOf(s *dataspace.Dataspace) Extent {
	e := Extent{Space: pick(s.Kind, "scalar", "simple", "null")}
	if s.Kind != dataspace.Simple {
		return e
	}
	if s.Rank() == 0 {
		e.Space = "scalar"
		return e
	}
	for i, n := range s.Dims {
		e.Shape = append(e.Shape, n)
		if s.MaxDims != nil {
			n = s.MaxDims[i]
		}
		e.MaxShape = append(e.MaxShape, Max(n))
	}
	return e
}

// typeOf describes t with the path of the committed type that it is.
func (r *run) typeOf(t *datatype.Datatype) *Type {
	d := Describe(t)
	if t.Committed != 0 {
		d.Committed = unreachable
		if p, ok := r.paths[t.Committed]; ok {
			d.Committed = clean(p)
		}
	}
	return d
}

func storingOf(d *hdf5.Dataset, l hdf5.Layout) *Storing {
	s := &Storing{Layout: l.Class, Chunk: l.Chunk, Filters: []Filter{}}
	for _, x := range l.External {
		e := External{clean(cText(x.Name)), int64(x.Offset), Max(x.Size)}
		if x.Unlimited {
			e.Size = Max(dataspace.Unlimited)
		}
		s.External = append(s.External, e)
	}
	if l.Class == "virtual" {
		s.Virtual = []VirtualSource{}
		for _, v := range l.Virtual {
			s.Virtual = append(s.Virtual, VirtualSource{clean(v.File), clean(v.Dataset)})
		}
	}
	for _, f := range d.Filters() {
		values := append([]uint32{}, f.Values...)
		s.Filters = append(s.Filters, Filter{uint16(f.ID), uint16(f.Flags), values[:min(len(values), maxFilterValues)], clean(f.Name)})
	}
	return s
}

func (r *run) fill(ctx context.Context, d *hdf5.Dataset, c *Canonical) *Fill {
	v := d.FillValue()
	f := &Fill{Defined: v.Defined, Time: v.Time, Alloc: v.Alloc}
	if v.Defined != "user" {
		return f
	}
	w := newFollower(r.f, r.paths)
	w.nextBlock()
	b, err := c.Append(nil, v.Value, w)
	switch {
	case err != nil:
		f.Error = text(err)
	case len(b) <= 256:
		f.Hex = hex.EncodeToString(b)
	default:
		s := sha256.Sum256(b)
		f.SHA256 = hex.EncodeToString(s[:])
	}
	return f
}

// content hashes a dataset's value, or its corner where the value takes more
// memory than the limit.
func (r *run) content(ctx context.Context, d *hdf5.Dataset, chunk []uint64, c *Canonical) (*Content, error) {
	count, err := d.Space().Count()
	if err != nil {
		return nil, err
	}
	size, tooLarge := r.exceeds(count, d.Type())
	if tooLarge {
		corner, err := r.hashCorner(ctx, d, c)
		if err != nil {
			return nil, err
		}
		return &Content{Skipped: "too large: " + size + " in memory form", Corner: corner}, nil
	}
	v, err := r.hashAll(ctx, d, chunk, c)
	if err != nil {
		return nil, err
	}
	return &Content{Value: v}, nil
}

// exceeds tells whether count elements take more memory than the limit.
func (r *run) exceeds(count uint64, t *datatype.Datatype) (size string, over bool) {
	hi, lo := bits.Mul64(count, uint64(canonicalMemory(t)))
	over = r.limit >= 0 && (hi != 0 || lo > uint64(r.limit))
	if hi != 0 {
		return "more than 2^64 bytes", over
	}
	return fmt.Sprintf("%d bytes", lo), over
}

// canonicalMemory is the memory that one element takes in the form from which
// libhdf5 serialises it: members packed, pointers for variable-length parts.
func canonicalMemory(t *datatype.Datatype) int {
	switch t.Class {
	case datatype.Integer, datatype.Bitfield:
		return canonicalWidth(t.Size)
	case datatype.Float:
		if isIEEE(t) {
			return t.Size
		}
		return 8
	case datatype.Enum:
		return canonicalMemory(t.Base)
	case datatype.Complex, datatype.Array:
		return t.Size / max(1, t.Base.Size) * canonicalMemory(t.Base)
	case datatype.Compound:
		n := 0
		for _, m := range t.Members {
			n += canonicalMemory(m.Type)
		}
		return n
	}
	if l := memoryLayout(t); l != nil {
		return l.size
	}
	return t.Size
}

// attribute describes one attribute.
func (r *run) attribute(ctx context.Context, a *hdf5.Attribute, failed error) *Attribute {
	x := &Attribute{Name: clean(a.Name())}
	if n, tracked := a.Order(); tracked {
		x.Order = &n
	}
	if a.Space() != nil {
		x.Extent = extentOf(a.Space())
	}
	if a.Type() != nil {
		x.Datatype = r.typeOf(a.Type())
	}
	if failed != nil {
		x.Error = text(failed)
		return x
	}
	var err error
	if x.Value, err = r.attributeValue(ctx, a); err != nil {
		x.Error = text(err)
	}
	return x
}

func (r *run) attributeValue(ctx context.Context, a *hdf5.Attribute) (*Value, error) {
	count, err := a.Space().Count()
	if err != nil {
		return nil, err
	}
	if size, over := r.exceeds(count, a.Type()); over {
		return nil, fmt.Errorf("%s in memory form: %w", size, h5err.ErrLimit)
	}
	c, err := CompileCanonical(a.Type())
	if err != nil {
		return nil, err
	}
	if got := uint64(len(a.Bytes())) / uint64(a.Type().Size); got != count {
		return nil, h5err.Corrupt("attribute message", "size", "%d elements, the dataspace has %d", got, count)
	}
	return r.hashBytes(ctx, c, a.Bytes())
}
