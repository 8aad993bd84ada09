//go:build interop

package interop

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// op is one change of a file; change_file.py and change_pytables.py do the same
// ones.
type op struct {
	Do     string   `json:"do"`
	Path   string   `json:"path"`
	To     string   `json:"to,omitempty"`   // a path, or an attribute's new name
	Name   string   `json:"name,omitempty"` // of an attribute
	Shape  []uint64 `json:"shape,omitempty"`
	Open   []bool   `json:"open,omitempty"` // dimensions without a maximum
	Chunk  []uint64 `json:"chunk,omitempty"`
	Start  []uint64 `json:"start,omitempty"`
	Axis   int      `json:"axis"`
	N      int      `json:"n"`
	Seed   int64    `json:"seed"`
	Filter string   `json:"filter,omitempty"`
	Text   bool     `json:"text,omitempty"`  // variable-length strings, not int64
	Track  bool     `json:"track,omitempty"` // the order of links
}

// value is what element i of the values of an op is.
func (o op) value(i int) int64 { return o.Seed*1_000_003 + int64(i) }

// wordOf is the text that stands for a value.
func wordOf(v int64) string {
	if v == 0 {
		return ""
	}
	return strings.Repeat(fmt.Sprint(v), int(v%9)+1)
}

// object is one of the model's.
type object struct {
	dataset     bool
	names       []string // of links, in the order of creation
	links       map[string]link2
	attributes  map[string][]int64 // nil elements: scalar of the first
	scalars     map[string]bool
	track       bool
	text        bool
	shape, most []uint64
	chunk       []uint64
	values      []int64
	filter      string
	comment     string
	loose       bool // PyTables has made it, and keeps attributes of its own
}

// link2 leads to an object or to a place that need not be.
type link2 struct {
	to     *object
	soft   string
	inFile string
}

// model is a file as it must be.
type model struct{ root *object }

func newObject() *object {
	return &object{links: map[string]link2{}, attributes: map[string][]int64{}, scalars: map[string]bool{}}
}

// find follows hard links.
func (m *model) find(p string) *object {
	at := m.root
	for _, part := range strings.FieldsFunc(p, func(r rune) bool { return r == '/' }) {
		at = at.links[part].to
	}
	return at
}

// each visits all objects as canon.py walks: breadth first, by name.
func (m *model) each(visit func(p string, o *object)) {
	seen := map[*object]bool{m.root: true}
	type place struct {
		p string
		o *object
	}
	for list := []place{{"/", m.root}}; len(list) > 0; list = list[1:] {
		at := list[0]
		visit(at.p, at.o)
		for _, n := range slices.Sorted(maps.Keys(at.o.links)) {
			if l := at.o.links[n]; l.to != nil && !seen[l.to] {
				seen[l.to] = true
				list = append(list, place{path.Join(at.p, n), l.to})
			}
		}
	}
}

// apply changes the model as the op changes the file.
func (m *model) apply(o op) {
	switch o.Do {
	case "group", "dataset", "soft", "hard", "external":
		m.link(o)
	case "remove":
		m.unlink(o.Path)
	case "move":
		l := m.unlink(o.Path)
		m.find(path.Dir(o.To)).add(path.Base(o.To), l)
	case "append":
		d := m.find(o.Path)
		start, size := make([]uint64, len(d.shape)), slices.Clone(d.shape)
		start[o.Axis], size[o.Axis] = d.shape[o.Axis], uint64(o.N)
		grown := slices.Clone(d.shape)
		grown[o.Axis] += uint64(o.N)
		d.resize(grown)
		d.box(o, start, size)
	case "resize":
		m.find(o.Path).resize(o.Shape)
	case "write":
		m.find(o.Path).box(o, o.Start, o.Shape)
	case "comment":
		m.find(o.Path).comment = o.Name
	default:
		m.find(o.Path).attribute(o)
	}
}

func (m *model) link(o op) {
	l := link2{}
	switch o.Do {
	case "soft":
		l.soft = o.To
	case "external":
		l.soft, l.inFile = o.To, "elsewhere.h5"
	case "hard":
		l.to = m.find(o.To)
	default:
		l.to = newObject()
		l.to.track = o.Track
		if l.to.dataset = o.Do == "dataset"; l.to.dataset {
			l.to.text, l.to.chunk, l.to.filter, l.to.shape = o.Text, o.Chunk, o.Filter, slices.Clone(o.Shape)
			l.to.most = slices.Clone(o.Shape)
			for i, open := range o.Open {
				if open {
					l.to.most[i] = unlimited
				}
			}
			l.to.values = make([]int64, count(o.Shape))
			l.to.box(o, make([]uint64, len(o.Shape)), o.Shape)
		}
	}
	m.find(path.Dir(o.Path)).add(path.Base(o.Path), l)
}

func (o *object) add(name string, l link2) {
	o.links[name] = l
	o.names = append(o.names, name)
}

func (m *model) unlink(p string) link2 {
	g, name := m.find(path.Dir(p)), path.Base(p)
	l := g.links[name]
	delete(g.links, name)
	g.names = slices.DeleteFunc(g.names, func(s string) bool { return s == name })
	return l
}

// box gives the elements of a box the values of an op.
func (o *object) box(from op, start, size []uint64) {
	values := make([]int64, count(size))
	for i := range values {
		values[i] = from.value(i)
	}
	place(o.values, o.shape, start, size, values)
}

// resize keeps what is within both extents.
func (o *object) resize(to []uint64) {
	now := make([]int64, count(to))
	common := slices.Clone(to)
	for i := range common {
		common[i] = min(common[i], o.shape[i])
	}
	at := make([]uint64, len(to))
	for range count(common) {
		from, into := uint64(0), uint64(0)
		for i := range at {
			from, into = from*o.shape[i]+at[i], into*to[i]+at[i]
		}
		now[into] = o.values[from]
		for i := len(at) - 1; i >= 0; i-- {
			if at[i]++; at[i] < common[i] {
				break
			}
			at[i] = 0
		}
	}
	o.values, o.shape = now, slices.Clone(to)
}

func (o *object) attribute(from op) {
	switch from.Do {
	case "attribute":
		list := make([]int64, max(1, from.N))
		for i := range list {
			list[i] = from.value(i)
		}
		o.attributes[from.Name], o.scalars[from.Name] = list, from.N == 0
	case "no attribute":
		delete(o.attributes, from.Name)
	case "rename attribute":
		o.attributes[from.To], o.scalars[from.To] = o.attributes[from.Name], o.scalars[from.Name]
		delete(o.attributes, from.Name)
	}
}

// expect words the model as tell_file.py words the file.
func (m *model) expect(name string) *expected {
	e := &expected{name: name, objects: map[string]*thing{}, aliases: map[string]*thing{}}
	paths, counts := map[*object]string{}, map[*object]int{m.root: 1}
	m.each(func(p string, o *object) {
		paths[o] = p
		for _, l := range o.links {
			if l.to != nil {
				counts[l.to]++
			}
		}
	})
	m.each(func(p string, o *object) {
		t := o.thing(paths)
		t.facts["references"] = fmt.Sprint(counts[o])
		if o.comment != "" {
			t.facts["comment"] = o.comment
		}
		for n, list := range o.attributes {
			shape := dims(uint64(len(list)))
			if o.scalars[n] {
				shape = nil
			}
			t.facts["attribute "+n] = attributeText(kind{}, int64le, shape, [][]byte{le(list)})
		}
		e.objects[p] = t
	})
	m.each(func(p string, o *object) {
		for n, l := range o.links {
			if at := path.Join(p, n); l.to != nil && e.objects[at] == nil {
				e.aliases[at] = e.objects[paths[l.to]]
			}
		}
	})
	return e
}

func (o *object) thing(paths map[*object]string) *thing {
	t := &thing{facts: map[string]string{"kind": "group", "order": ""}, loose: o.loose, changed: true}
	if o.track {
		t.facts["order"] = "tracked indexed"
	}
	for i, n := range o.names {
		s := ""
		if o.track {
			s = fmt.Sprint(i, " ")
		}
		switch l := o.links[n]; {
		case l.to != nil:
			s += "hard " + paths[l.to]
		case l.inFile != "":
			s += "external " + l.inFile + " " + l.soft
		default:
			s += "soft " + l.soft
		}
		t.facts["link "+n] = s
	}
	if o.dataset {
		o.asDataset(t)
	}
	return t
}

func (o *object) asDataset(t *thing) {
	t.kind, t.shape = kind{name: "int64le", t: int64le, numpy: "<i8", family: "int"}, o.shape
	t.want = [][]byte{le(o.values)}
	if o.text {
		t.kind, t.want = kindNamed("vlstring_utf8"), nil
		for _, v := range o.values {
			t.want = append(t.want, lengthText(wordOf(v)))
		}
	}
	t.facts = map[string]string{"kind": "dataset", "type": typeText(t.kind.t), "space": spaceText(o.shape, o.most),
		"value": valueText(o.text, t.want)}
	if !o.text {
		t.want = slices.Collect(slices.Chunk(t.want[0], 8))
	}
	if o.chunk != nil {
		t.facts["chunk"], t.facts["layout"] = numbers64(o.chunk), "chunked"
	}
}
