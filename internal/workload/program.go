package workload

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"gables/hdf5"
)

// Options are what a program may be told.
type Options struct {
	Top     string // the group below which everything happens; empty: the root
	Objects int    // how many there may be; 0: 60
	Large   uint64 // most elements of a dataset; 0: 600
	// Tables leaves out what PyTables fails on, whoever wrote it: attributes of
	// variable length, compounds in more than one dimension.
	Tables bool
}

// Program changes a file and its model alike, step by step.
type Program struct {
	R     *rand.Rand
	Model *Object // what the file holds
	o     Options
	f     *hdf5.File // nil: only the model is changed
	ctx   context.Context
}

// New makes a program for a file with the given content, of which it makes a
// copy. The group o.Top must be there.
func New(seed uint64, model *Object, o Options) *Program {
	if o.Objects == 0 {
		o.Objects = 60
	}
	if o.Large == 0 {
		o.Large = 600
	}
	return &Program{R: rand.New(rand.NewPCG(seed, 77)), Model: model.Clone(), o: o, ctx: context.Background()}
}

// change is one thing to do to the file, and the same to the model.
type change struct {
	file  func(f *hdf5.File) error
	model func()
}

// Step makes one change, through f unless that is nil, and tells what it was. On
// an error the model is as before the change that failed.
func (p *Program) Step(f *hdf5.File) (what string, err error) {
	p.f = f
	list := p.list()
	choices := []struct {
		weight int
		name   string
		do     func(list []entry) (string, error)
	}{
		{6, "create group", p.createGroup}, {12, "create dataset", p.createDataset}, {14, "write", p.write}, {10, "append", p.append},
		{6, "resize", p.resize}, {10, "set attribute", p.setAttribute}, {2, "many attributes", p.manyAttributes},
		{3, "remove attribute", p.removeAttribute}, {2, "rename attribute", p.renameAttribute}, {6, "remove", p.remove},
		{4, "move", p.move}, {3, "soft link", p.softLink}, {3, "hard link", p.hardLink}, {2, "many links", p.manyLinks}, {6, "read", p.read},
	}
	if len(list) > p.o.Objects {
		choices = choices[9:10]
	}
	total := 0
	for _, c := range choices {
		total += c.weight
	}
	k := p.R.IntN(total)
	for _, c := range choices {
		if k -= c.weight; k < 0 {
			what, err = c.do(list)
			what = c.name + " " + what
			break
		}
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", what, err)
	}
	return what, err
}

// do obeys a change.
func (p *Program) do(c change) error {
	if p.f != nil {
		if err := c.file(p.f); err != nil {
			return err
		}
	}
	c.model()
	return nil
}

// entry is a link of the model.
type entry struct {
	path string
	in   *Object // the group that has the link; nil for the top
	name string
	link Link
	more bool // it leads to a group that has another name already
}

func (e entry) group() bool   { return e.link.To != nil && e.link.To.Links != nil && !e.more }
func (e entry) dataset() bool { return e.link.To != nil && e.link.To.Array != nil }

// list gives the top and everything below it.
func (p *Program) list() []entry {
	top := p.Model
	for part := range strings.SplitSeq(strings.Trim(p.o.Top, "/"), "/") {
		if part != "" {
			top = top.Links[part].To
		}
	}
	return below(top, p.o.Top, []entry{{path: p.o.Top, link: Link{To: top}}}, map[*Object]bool{top: true})
}

// below does not enter a group by a second name.
func below(g *Object, path string, list []entry, seen map[*Object]bool) []entry {
	for _, n := range slices.Sorted(maps.Keys(g.Links)) {
		e := entry{path: path + "/" + n, in: g, name: n, link: g.Links[n]}
		e.more = seen[e.link.To]
		list = append(list, e)
		if e.group() {
			seen[e.link.To] = true
			list = below(e.link.To, e.path, list, seen)
		}
	}
	return list
}

// pick chooses an entry; ok is false when none is wanted.
func (p *Program) pick(list []entry, wanted func(entry) bool) (e entry, ok bool) {
	n := 0
	for _, x := range list {
		if wanted(x) {
			// Each is chosen with the same chance, in one pass.
			if n++; p.R.IntN(n) == 0 {
				e = x
			}
		}
	}
	return e, n > 0
}

// place chooses a group and a name in it that is free.
func (p *Program) place(list []entry) (g entry, name string) {
	g, _ = p.pick(list, entry.group)
	for {
		name = p.name()
		if _, taken := g.link.To.Links[name]; !taken {
			return g, name
		}
	}
}

func (p *Program) name() string {
	names := []string{"n%d", "ä%d", "a name that is longer than others %d", "x%d"}
	return strings.ReplaceAll(fmt.Sprintf(names[p.R.IntN(len(names))], p.R.IntN(300)), " ", "_")
}

func (p *Program) createGroup(list []entry) (string, error) {
	g, name := p.place(list)
	path := g.path + "/" + name
	o := hdf5.GroupOptions{TrackOrder: p.R.IntN(3) == 0, TrackAttributes: p.R.IntN(4) == 0}
	return path, p.do(change{
		func(f *hdf5.File) error {
			// Symbol tables know no order.
			o.TrackOrder = o.TrackOrder && f.Superblock().Version >= 2
			_, err := f.CreateGroup(path, o)
			return err
		},
		func() { g.link.To.Links[name] = Link{To: newGroup()} },
	})
}

func (p *Program) remove(list []entry) (string, error) {
	e, ok := p.pick(list, func(e entry) bool { return e.in != nil })
	if !ok {
		return "nothing", nil
	}
	return e.path, p.do(change{
		func(f *hdf5.File) error { return f.Remove(e.path) },
		func() { delete(e.in.Links, e.name) },
	})
}

func (p *Program) move(list []entry) (string, error) {
	e, ok := p.pick(list, func(e entry) bool { return e.in != nil })
	if !ok {
		return "nothing", nil
	}
	outside := slices.DeleteFunc(slices.Clone(list), func(x entry) bool { return strings.HasPrefix(x.path+"/", e.path+"/") })
	g, name := p.place(outside)
	to := g.path + "/" + name
	return e.path + " to " + to, p.do(change{
		func(f *hdf5.File) error { return f.Move(e.path, to, hdf5.LinkOptions{}) },
		func() {
			delete(e.in.Links, e.name)
			g.link.To.Links[name] = e.link
		},
	})
}

func (p *Program) softLink(list []entry) (string, error) {
	g, name := p.place(list)
	path, target := g.path+"/"+name, "/"+p.name()
	return path, p.do(change{
		func(f *hdf5.File) error { return f.CreateSoftLink(path, target, hdf5.LinkOptions{}) },
		func() { g.link.To.Links[name] = Link{Soft: target} },
	})
}

func (p *Program) hardLink(list []entry) (string, error) {
	e, ok := p.pick(list, entry.dataset)
	if !ok {
		return "nothing", nil
	}
	g, name := p.place(list)
	path := g.path + "/" + name
	return path + " to " + e.path, p.do(change{
		func(f *hdf5.File) error {
			d, err := f.Dataset(e.path)
			if err != nil {
				return err
			}
			return f.CreateHardLink(path, d, hdf5.LinkOptions{})
		},
		func() { g.link.To.Links[name] = e.link },
	})
}

// manyLinks fills a group so that it needs more than one node, or empties it.
func (p *Program) manyLinks(list []entry) (string, error) {
	g, _ := p.pick(list, entry.group)
	prefix, n := p.name(), 10+p.R.IntN(30)
	if len(list)+n > p.o.Objects && len(g.link.To.Links) > 0 {
		names := slices.Sorted(maps.Keys(g.link.To.Links))
		for _, name := range names[:(len(names)+1)/2] {
			if err := p.do(change{
				func(f *hdf5.File) error { return f.Remove(g.path + "/" + name) },
				func() { delete(g.link.To.Links, name) },
			}); err != nil {
				return g.path + "/" + name, err
			}
		}
		return "taken from " + g.path, nil
	}
	for i := range n {
		name := fmt.Sprintf("%s.%d", prefix, i)
		if _, taken := g.link.To.Links[name]; taken {
			continue
		}
		path := g.path + "/" + name
		if err := p.do(change{
			func(f *hdf5.File) error { return f.CreateSoftLink(path, "/x", hdf5.LinkOptions{}) },
			func() { g.link.To.Links[name] = Link{Soft: "/x"} },
		}); err != nil {
			return path, err
		}
	}
	return "in " + g.path, nil
}

// read compares a dataset as the writer sees it with the model.
func (p *Program) read(list []entry) (string, error) {
	e, ok := p.pick(list, entry.dataset)
	if !ok || p.f == nil {
		return "nothing", nil
	}
	d, err := p.f.Dataset(e.path)
	if err != nil {
		return e.path, err
	}
	a, err := adoptDataset(p.ctx, d)
	if err == nil && a.describe() != e.link.To.Array.describe() {
		err = fmt.Errorf("the writer sees %s, want %s", a.describe(), e.link.To.Array.describe())
	}
	return e.path, err
}
