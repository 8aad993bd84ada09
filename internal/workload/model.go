package workload

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strings"

	"gables/hdf5/datatype"
)

// Object is a group or a dataset.
type Object struct {
	Links map[string]Link   // of a group; nil: a dataset
	Attrs map[string]*Array // by name
	Array *Array            // of a dataset
}

// Link leads to an object, or is a soft one.
type Link struct {
	To   *Object
	Soft string
}

// Array is the value of a dataset or an attribute. It is never changed: a
// change makes another one.
type Array struct {
	Type  *datatype.Datatype
	Shape []uint64 // nil: scalar
	Max   []uint64 // of a dataset that is chunked
	Data  []byte   // row-major, as stored; nil for texts
	Text  []string // of variable length
	Fill  []byte   // one element; nil: zeros
}

// NewModel is a file with nothing in it.
func NewModel() *Object { return newGroup() }

func newGroup() *Object {
	return &Object{Links: map[string]Link{}, Attrs: map[string]*Array{}}
}

func newDataset(a *Array) *Object { return &Object{Attrs: map[string]*Array{}, Array: a} }

// Clone is a copy that later changes do not reach.
func (o *Object) Clone() *Object { return o.clone(map[*Object]*Object{}) }

func (o *Object) clone(seen map[*Object]*Object) *Object {
	if c := seen[o]; c != nil {
		return c
	}
	c := &Object{Attrs: maps.Clone(o.Attrs), Array: o.Array}
	seen[o] = c
	if o.Links != nil {
		c.Links = make(map[string]Link, len(o.Links))
	}
	for n, l := range o.Links {
		if l.To != nil {
			l.To = l.To.clone(seen)
		}
		c.Links[n] = l
	}
	return c
}

// size is how many elements there are.
func size(shape []uint64) uint64 {
	n := uint64(1)
	for _, d := range shape {
		n *= d
	}
	return n
}

// isText tells strings of variable length.
func isText(t *datatype.Datatype) bool { return t.Class == datatype.String && t.Variable }

// describe is type, shape and checksum, as other programs can tell them too.
func (a *Array) describe() string {
	kind := fmt.Sprintf("%d:%d", int(a.Type.Class), a.Type.Size)
	data := a.Data
	if isText(a.Type) {
		kind, data = "text", nil
		for _, s := range a.Text {
			data = append(binary.LittleEndian.AppendUint32(data, uint32(len(s))), s...)
		}
	}
	return fmt.Sprintf("%s %s %08x", kind, strings.Join(strings.Fields(fmt.Sprint(a.Shape)), ","), crc32.ChecksumIEEE(data))
}

// Lines describes everything, in the order of the paths.
func (o *Object) Lines() []string {
	d := describer{seen: map[*Object]string{}}
	d.object(o, "")
	return d.lines
}

type describer struct {
	lines []string
	seen  map[*Object]string
}

func (d *describer) object(o *Object, path string) {
	name := path
	if name == "" {
		name = "/"
	}
	if first, ok := d.seen[o]; ok {
		d.lines = append(d.lines, "same "+name+" "+first)
		return
	}
	d.seen[o] = name
	if o.Array != nil {
		d.lines = append(d.lines, "dataset "+name+" "+o.Array.describe())
	} else {
		d.lines = append(d.lines, "group "+name)
	}
	for _, n := range slices.Sorted(maps.Keys(o.Attrs)) {
		d.lines = append(d.lines, "attribute "+name+" "+n+" "+o.Attrs[n].describe())
	}
	for _, n := range slices.Sorted(maps.Keys(o.Links)) {
		if l := o.Links[n]; l.To != nil {
			d.object(l.To, path+"/"+n)
		} else {
			d.lines = append(d.lines, "soft "+path+"/"+n+" "+l.Soft)
		}
	}
}

// Sum is a checksum of Lines.
func (o *Object) Sum() uint32 { return crc32.ChecksumIEEE([]byte(strings.Join(o.Lines(), "\n"))) }

// Differences gives lines that only one of two models has.
func Differences(got, want *Object) []string {
	a, b := got.Lines(), want.Lines()
	var list []string
	for _, l := range a {
		if !slices.Contains(b, l) {
			list = append(list, "got  "+l)
		}
	}
	for _, l := range b {
		if !slices.Contains(a, l) {
			list = append(list, "want "+l)
		}
	}
	return list
}

// filled is n elements of the fill value.
func (a *Array) filled(n uint64) []byte {
	if a.Fill == nil {
		return make([]byte, n*uint64(a.Type.Size))
	}
	return bytes.Repeat(a.Fill, int(n))
}

// box calls visit for each element of a box with its number in the whole.
func box(shape, start, count []uint64, visit func(i uint64)) {
	at := make([]uint64, len(shape))
	for range size(count) {
		i := uint64(0)
		for k := range shape {
			i = i*shape[k] + start[k] + at[k]
		}
		visit(i)
		for k := len(at) - 1; k >= 0; k-- {
			if at[k]++; at[k] < count[k] {
				break
			}
			at[k] = 0
		}
	}
}

// put gives a with the elements of a box replaced.
func (a *Array) put(start, count []uint64, from *Array) *Array {
	c := *a
	c.Data, c.Text = slices.Clone(a.Data), slices.Clone(a.Text)
	es, k := uint64(a.Type.Size), uint64(0)
	box(a.Shape, start, count, func(i uint64) {
		if isText(a.Type) {
			c.Text[i] = from.Text[k]
		} else {
			copy(c.Data[i*es:(i+1)*es], from.Data[k*es:])
		}
		k++
	})
	return &c
}

// resized gives a with other extents.
func (a *Array) resized(shape []uint64) *Array {
	c := *a
	c.Shape = slices.Clone(shape)
	if isText(a.Type) {
		c.Text = make([]string, size(shape))
	} else {
		c.Data = a.filled(size(shape))
	}
	count := make([]uint64, len(shape))
	for i := range count {
		count[i] = min(shape[i], a.Shape[i])
	}
	part := &Array{Type: a.Type}
	es, zero := uint64(a.Type.Size), make([]uint64, len(shape))
	box(a.Shape, zero, count, func(i uint64) {
		if isText(a.Type) {
			part.Text = append(part.Text, a.Text[i])
		} else {
			part.Data = append(part.Data, a.Data[i*es:(i+1)*es]...)
		}
	})
	return c.put(zero, count, part)
}

// AddGroup puts an empty group into a group.
func (o *Object) AddGroup(name string) { o.Links[name] = Link{To: newGroup()} }
