package workload

import (
	"fmt"
	"maps"
	"slices"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
)

// types are what datasets and attributes are made of.
var types = []*datatype.Datatype{
	datatype.Must(datatype.Int(32, true, datatype.LittleEndian)),
	datatype.Float64(datatype.LittleEndian),
	datatype.Must(datatype.Int(16, false, datatype.BigEndian)),
	datatype.Must(datatype.FixedString(7, datatype.NullPad, datatype.ASCII)),
	datatype.Must(datatype.Pack([]string{"a", "b"}, []*datatype.Datatype{datatype.Float64(datatype.LittleEndian), datatype.Must(datatype.Int(32, true, datatype.LittleEndian))})),
	datatype.VLString(datatype.UTF8),
}

// values makes an array of random values.
func (p *Program) values(t *datatype.Datatype, shape []uint64) *Array {
	a := &Array{Type: t, Shape: shape}
	n := int(size(shape))
	if isText(t) {
		for range n {
			a.Text = append(a.Text, p.text())
		}
		return a
	}
	a.Data = make([]byte, n*t.Size)
	switch p.R.IntN(3) {
	case 0:
		for i := range a.Data {
			a.Data[i] = byte(p.R.Uint32())
		}
	case 1:
		first := p.R.IntN(256)
		for i := range a.Data {
			a.Data[i] = byte(first + i/t.Size)
		}
	default:
		one := byte(1 + p.R.IntN(255))
		for i := range a.Data {
			a.Data[i] = one
		}
	}
	return a
}

func (p *Program) text() string {
	n := p.R.IntN(12)
	if p.R.IntN(40) == 0 {
		n = 3000
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + p.R.IntN(26))
	}
	return string(b)
}

// plan is how a new dataset is stored.
type plan struct {
	a *Array
	o hdf5.DatasetOptions
}

func (p *Program) plan() plan {
	t := types[p.R.IntN(len(types))]
	rank := 1 + p.R.IntN(2)
	if p.o.Tables && t.Class == datatype.Compound {
		rank = 1
	}
	shape := make([]uint64, rank)
	most := p.o.Large
	for i := range shape {
		shape[i] = uint64(p.R.IntN(int(most)))
		most = max(2, most/max(1, shape[i]))
	}
	s := plan{a: &Array{Type: t, Shape: shape}}
	switch p.R.IntN(6) {
	case 0:
		s.o.Compact = !isText(t) && size(shape)*uint64(t.Size) < 30000
	case 1:
	default:
		p.chunked(&s)
	}
	if !isText(t) && p.R.IntN(4) == 0 {
		s.a.Fill = p.values(t, nil).Data
		s.o.Fill = s.a.Fill
	}
	s.a.Data = nil
	if isText(t) {
		s.a.Text = make([]string, size(shape))
	} else {
		s.a.Data = s.a.filled(size(shape))
	}
	return s
}

// chunked chooses extents such that each kind of chunk index comes up.
func (p *Program) chunked(s *plan) {
	shape := s.a.Shape
	s.o.Chunk, s.a.Max = make([]uint64, len(shape)), slices.Clone(shape)
	unlimited := p.R.IntN(len(shape) + 1)
	for i := range shape {
		if i < unlimited {
			s.a.Max[i] = dataspace.Unlimited
		}
		s.o.Chunk[i] = max(1, min(shape[i], uint64(1+p.R.IntN(40))))
		if unlimited == 0 && p.R.IntN(4) == 0 {
			s.o.Chunk[i] = max(1, shape[i])
		}
		if s.a.Max[i] == 0 {
			s.a.Max[i] = 7
		}
	}
	s.o.MaxShape = s.a.Max
	switch p.R.IntN(5) {
	case 0:
		s.o.Filters = []filter.Stage{{ID: filter.Shuffle, Optional: true}, {ID: filter.Deflate, Optional: true, Values: []uint32{1}}}
	case 1:
		if !isText(s.a.Type) {
			s.o.Filters = []filter.Stage{{ID: filter.Fletcher32}}
		}
	case 2:
		if unlimited == 0 {
			s.o.Alloc = hdf5.AllocEarly
		}
	}
}

func (p *Program) createDataset(list []entry) (string, error) {
	g, name := p.place(list)
	path := g.path + "/" + name
	s := p.plan()
	what := fmt.Sprintf("%s of %s %v, at most %v, chunk %v", path, s.a.Type, s.a.Shape, s.a.Max, s.o.Chunk)
	err := p.do(change{
		func(f *hdf5.File) error {
			_, err := f.CreateDataset(path, s.a.Type, s.a.Shape, s.o)
			return err
		},
		func() { g.link.To.Links[name] = Link{To: newDataset(s.a)} },
	})
	if err != nil || p.R.IntN(4) == 0 {
		return what, err
	}
	e := entry{path: path, in: g.link.To, name: name, link: g.link.To.Links[name]}
	return what, p.writeBox(e, make([]uint64, len(s.a.Shape)), s.a.Shape)
}

// writeBox writes new values into a box of a dataset.
func (p *Program) writeBox(e entry, start, count []uint64) error {
	a := e.link.To.Array
	v := p.values(a.Type, count)
	return p.do(change{
		func(f *hdf5.File) error {
			d, err := f.Dataset(e.path)
			if err != nil {
				return err
			}
			sel := dataspace.Box(start, count)
			if a.Shape == nil {
				sel = dataspace.All()
			}
			if isText(a.Type) {
				return hdf5.Write(p.ctx, d, v.Text, sel)
			}
			return d.WriteRaw(p.ctx, v.Data, sel)
		},
		func() { e.link.To.Array = a.put(start, count, v) },
	})
}

func (p *Program) write(list []entry) (string, error) {
	e, ok := p.pick(list, func(e entry) bool { return e.dataset() && size(e.link.To.Array.Shape) > 0 })
	if !ok {
		return "nothing", nil
	}
	a := e.link.To.Array
	start, count := make([]uint64, len(a.Shape)), slices.Clone(a.Shape)
	if p.R.IntN(3) > 0 {
		for i, n := range a.Shape {
			start[i] = p.R.Uint64N(n)
			count[i] = 1 + p.R.Uint64N(n-start[i])
		}
	}
	return fmt.Sprintf("%s from %v on %v", e.path, start, count), p.writeBox(e, start, count)
}

// grows tells datasets whose axis can be resized.
func grows(e entry, axis int) bool {
	if !e.dataset() || len(e.link.To.Array.Shape) <= axis || e.link.To.Array.Max == nil {
		return false
	}
	return e.link.To.Array.Max[axis] == dataspace.Unlimited
}

func (p *Program) append(list []entry) (string, error) {
	e, ok := p.pick(list, func(e entry) bool { return grows(e, 0) && size(e.link.To.Array.Shape[1:]) > 0 })
	if !ok {
		return "nothing", nil
	}
	a := e.link.To.Array
	count := slices.Clone(a.Shape)
	count[0] = 1 + p.R.Uint64N(20)
	if size(a.Shape) > 4*p.o.Large {
		return e.path + " is long", p.shrink(e)
	}
	start, shape := make([]uint64, len(count)), slices.Clone(a.Shape)
	start[0] = a.Shape[0]
	shape[0] += count[0]
	v := p.values(a.Type, count)
	return fmt.Sprintf("%s %v", e.path, count), p.do(change{
		func(f *hdf5.File) error {
			d, err := f.Dataset(e.path)
			if err != nil {
				return err
			}
			if isText(a.Type) {
				_, err = hdf5.Append(p.ctx, d, v.Text)
				return err
			}
			if err := d.Resize(p.ctx, shape...); err != nil {
				return err
			}
			return d.WriteRaw(p.ctx, v.Data, dataspace.Box(start, count))
		},
		func() { e.link.To.Array = a.resized(shape).put(start, count, v) },
	})
}

func (p *Program) shrink(e entry) error {
	a := e.link.To.Array
	shape := slices.Clone(a.Shape)
	shape[0] /= 3
	return p.resizeTo(e, shape)
}

func (p *Program) resizeTo(e entry, shape []uint64) error {
	a := e.link.To.Array
	return p.do(change{
		func(f *hdf5.File) error {
			d, err := f.Dataset(e.path)
			if err != nil {
				return err
			}
			return d.Resize(p.ctx, shape...)
		},
		func() { e.link.To.Array = a.resized(shape) },
	})
}

func (p *Program) resize(list []entry) (string, error) {
	e, ok := p.pick(list, func(e entry) bool { return e.dataset() && e.link.To.Array.Max != nil })
	if !ok {
		return "nothing", nil
	}
	a := e.link.To.Array
	shape, most := slices.Clone(a.Shape), p.o.Large
	for i := range shape {
		shape[i] = p.R.Uint64N(min(most, 2*shape[i]+5))
		if m := a.Max[i]; shape[i] > m {
			shape[i] = m
		}
		most = max(2, most/max(1, shape[i]))
	}
	return fmt.Sprintf("%s to %v", e.path, shape), p.resizeTo(e, shape)
}

func (p *Program) object(list []entry) entry {
	e, _ := p.pick(list, func(e entry) bool { return e.link.To != nil })
	return e
}

func (p *Program) putAttribute(e entry, name string, v *Array) error {
	return p.do(change{
		func(f *hdf5.File) error {
			o, err := f.Object("/" + e.path)
			if err != nil {
				return err
			}
			if isText(v.Type) {
				return hdf5.SetAttributeAs(o, name, v.Type, v.Text, v.Shape)
			}
			s := &dataspace.Dataspace{Kind: dataspace.Simple, Dims: v.Shape}
			if v.Shape == nil {
				s.Kind = dataspace.Scalar
			}
			return o.(attributed).SetAttributeRaw(name, v.Type, s, v.Data)
		},
		func() { e.link.To.Attrs[name] = v },
	})
}

// attributed is what every object can do.
type attributed interface {
	SetAttributeRaw(name string, t *datatype.Datatype, s *dataspace.Dataspace, data []byte) error
	RemoveAttribute(name string) error
	RenameAttribute(from, to string) error
}

func (p *Program) attributeType() *datatype.Datatype {
	t := types[p.R.IntN(len(types))]
	if p.o.Tables && (isText(t) || t.Class == datatype.Compound) {
		return types[0]
	}
	return t
}

func (p *Program) setAttribute(list []entry) (string, error) {
	e := p.object(list)
	var shape []uint64
	if p.R.IntN(2) == 0 {
		shape = []uint64{1 + p.R.Uint64N(30)}
	}
	name := fmt.Sprintf("a%d", p.R.IntN(12))
	return e.path + " " + name, p.putAttribute(e, name, p.values(p.attributeType(), shape))
}

func (p *Program) manyAttributes(list []entry) (string, error) {
	e := p.object(list)
	for i := range 6 + p.R.IntN(8) {
		name := fmt.Sprintf("b%d", i)
		if err := p.putAttribute(e, name, p.values(p.attributeType(), []uint64{1 + p.R.Uint64N(8)})); err != nil {
			return e.path + " " + name, err
		}
	}
	return e.path, nil
}

func (p *Program) someAttribute(list []entry) (e entry, name string, ok bool) {
	e, ok = p.pick(list, func(e entry) bool { return e.link.To != nil && len(e.link.To.Attrs) > 0 })
	if !ok {
		return e, "", false
	}
	names := slices.Sorted(maps.Keys(e.link.To.Attrs))
	return e, names[p.R.IntN(len(names))], true
}

func (p *Program) removeAttribute(list []entry) (string, error) {
	e, name, ok := p.someAttribute(list)
	if !ok {
		return "nothing", nil
	}
	return e.path + " " + name, p.do(change{
		func(f *hdf5.File) error {
			o, err := f.Object("/" + e.path)
			if err != nil {
				return err
			}
			return o.(attributed).RemoveAttribute(name)
		},
		func() { delete(e.link.To.Attrs, name) },
	})
}

func (p *Program) renameAttribute(list []entry) (string, error) {
	e, name, ok := p.someAttribute(list)
	if !ok {
		return "nothing", nil
	}
	to := fmt.Sprintf("c%d", p.R.IntN(1000))
	if e.link.To.Attrs[to] != nil {
		return "nothing", nil
	}
	return e.path + " " + name + " to " + to, p.do(change{
		func(f *hdf5.File) error {
			o, err := f.Object("/" + e.path)
			if err != nil {
				return err
			}
			return o.(attributed).RenameAttribute(name, to)
		},
		func() {
			e.link.To.Attrs[to] = e.link.To.Attrs[name]
			delete(e.link.To.Attrs, name)
		},
	})
}
