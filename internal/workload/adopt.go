package workload

import (
	"context"
	"fmt"
	"slices"

	"gables/hdf5"
	"gables/hdf5/dataspace"
)

// Adopt reads a file into a model.
func Adopt(ctx context.Context, f *hdf5.File) (*Object, error) {
	root, err := f.Root()
	if err != nil {
		return nil, err
	}
	return adopter{ctx, map[uint64]*Object{}}.object(root)
}

type adopter struct {
	ctx  context.Context
	seen map[uint64]*Object
}

func (a adopter) object(x hdf5.Object) (*Object, error) {
	if o := a.seen[x.Address()]; o != nil {
		return o, nil
	}
	o := &Object{Attrs: map[string]*Array{}}
	a.seen[x.Address()] = o
	for at, err := range x.Attributes() {
		if err == nil {
			o.Attrs[at.Name()], err = adoptAttribute(at)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: attributes: %w", x.Path(), err)
		}
	}
	var err error
	switch x := x.(type) {
	case *hdf5.Dataset:
		o.Array, err = adoptDataset(a.ctx, x)
	case *hdf5.Group:
		o.Links = map[string]Link{}
		for l, err := range x.Links(a.ctx, hdf5.ByName) {
			if err == nil {
				err = a.link(o, x, l)
			}
			if err != nil {
				return nil, err
			}
		}
	default:
		err = fmt.Errorf("a %s", hdf5.KindOf(x))
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", x.Path(), err)
	}
	return o, err
}

func (a adopter) link(o *Object, g *hdf5.Group, l hdf5.Link) error {
	if l.Type == 1 {
		o.Links[l.Name] = Link{Soft: l.Target}
		return nil
	}
	x, err := g.Object(l.Name)
	if err != nil {
		return err
	}
	to, err := a.object(x)
	o.Links[l.Name] = Link{To: to}
	return err
}

func shapeOf(s *dataspace.Dataspace) []uint64 {
	if s.Kind == dataspace.Scalar {
		return nil
	}
	return slices.Clone(s.Dims)
}

func adoptAttribute(at *hdf5.Attribute) (*Array, error) {
	if err := at.Err(); err != nil {
		return nil, err
	}
	a := &Array{Type: at.Type(), Shape: shapeOf(at.Space())}
	if !isText(a.Type) {
		a.Data = slices.Clone(at.Bytes())
		return a, nil
	}
	var err error
	a.Text, err = hdf5.ReadAttribute[string](at)
	return a, err
}

func adoptDataset(ctx context.Context, d *hdf5.Dataset) (*Array, error) {
	a := &Array{Type: d.Type(), Shape: shapeOf(d.Space())}
	l, err := d.Layout()
	if err != nil {
		return nil, err
	}
	if l.Class == "chunked" {
		a.Max = slices.Clone(d.Space().MaxDims)
	}
	if v := d.FillValue(); v.Value != nil {
		a.Fill = slices.Clone(v.Value)
	}
	n, err := d.Space().Count()
	if err != nil {
		return nil, err
	}
	if isText(a.Type) {
		if a.Text, err = hdf5.Read[string](ctx, d); err == nil && uint64(len(a.Text)) != n {
			err = fmt.Errorf("%d texts, want %d", len(a.Text), n)
		}
		return a, err
	}
	a.Data = make([]byte, n*uint64(a.Type.Size))
	got, err := d.ReadRaw(ctx, a.Data)
	if err == nil && uint64(got) != n {
		err = fmt.Errorf("%d elements, want %d", got, n)
	}
	return a, err
}

// Check audits a file: its structures must be whole, apart, and lead where they
// should.
func Check(ctx context.Context, f *hdf5.File) error {
	r, err := hdf5.Check(ctx, f, hdf5.CheckOptions{})
	if err != nil || !r.Damaged() {
		return err
	}
	return fmt.Errorf("%d damages: %s %s at 0x%x: %w", r.Damages, r.Findings[0].Path, r.Findings[0].Structure, r.Findings[0].Address, r.Findings[0].Err)
}
