//go:build interop

package interop

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/filter"
)

// seed draws other changes: what holds for one may not hold for all.
var seed = flag.String("seed", "", "draw other changes of files by turns")

// gables makes an op's change with gables.
func (o op) gables(f *hdf5.File) error {
	switch o.Do {
	case "group":
		_, err := f.CreateGroup(o.Path, hdf5.GroupOptions{TrackOrder: o.Track, IndexOrder: o.Track})
		return err
	case "dataset":
		return o.create(f)
	case "soft":
		return f.CreateSoftLink(o.Path, o.To, hdf5.LinkOptions{})
	case "external":
		return f.CreateExternalLink(o.Path, "elsewhere.h5", o.To, hdf5.LinkOptions{})
	case "hard":
		target, err := f.Object(o.To)
		if err != nil {
			return err
		}
		return f.CreateHardLink(o.Path, target, hdf5.LinkOptions{})
	case "remove":
		return f.Remove(o.Path)
	case "move":
		return f.Move(o.Path, o.To, hdf5.LinkOptions{})
	case "append", "resize", "write":
		return o.elements(f)
	}
	return o.attribute(f)
}

func (o op) numbers(n int) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = o.value(i)
	}
	return list
}

func (o op) texts(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = wordOf(o.value(i))
	}
	return list
}

func (o op) create(f *hdf5.File) error {
	c := hdf5.DatasetOptions{Chunk: o.Chunk}
	if o.Open != nil {
		c.MaxShape = slices.Clone(o.Shape)
		for i, open := range o.Open {
			if open {
				c.MaxShape[i] = unlimited
			}
		}
	}
	if o.Filter != "" {
		c.Filters = []filter.Stage{stage(filter.Deflate, 4)}
		if !o.Text {
			c.Filters = []filter.Stage{stage(filter.Shuffle), stage(filter.Deflate, 4)}
		}
	}
	k := int64le
	if o.Text {
		k = kindNamed("vlstring_utf8").t
	}
	d, err := f.CreateDataset(o.Path, k, o.Shape, c)
	if err != nil {
		return err
	}
	if o.Text {
		return hdf5.Write(bg, d, o.texts(count(o.Shape)))
	}
	return hdf5.Write(bg, d, o.numbers(count(o.Shape)))
}

func (o op) elements(f *hdf5.File) error {
	d, err := f.Dataset(o.Path)
	if err != nil {
		return err
	}
	text := d.Type().Variable
	switch {
	case o.Do == "resize":
		return d.Resize(bg, o.Shape...)
	case o.Do == "append":
		size := d.Shape()
		size[o.Axis] = uint64(o.N)
		if text {
			_, err = hdf5.AppendAlong(bg, d, o.Axis, o.texts(count(size)), hdf5.WriteOptions{})
		} else {
			_, err = hdf5.AppendAlong(bg, d, o.Axis, o.numbers(count(size)), hdf5.WriteOptions{})
		}
		return err
	case text:
		return hdf5.Write(bg, d, o.texts(count(o.Shape)), dataspace.Box(o.Start, o.Shape))
	}
	return hdf5.Write(bg, d, o.numbers(count(o.Shape)), dataspace.Box(o.Start, o.Shape))
}

func (o op) attribute(f *hdf5.File) error {
	x, err := f.Object(o.Path)
	if err != nil {
		return err
	}
	switch o.Do {
	case "attribute":
		if o.N == 0 {
			return hdf5.SetAttribute(x, o.Name, o.value(0))
		}
		return hdf5.SetAttributeArray(x, o.Name, o.numbers(o.N), nil)
	case "comment":
		return x.(interface{ SetComment(string) error }).SetComment(o.Name)
	case "no attribute":
		return x.(interface{ RemoveAttribute(string) error }).RemoveAttribute(o.Name)
	case "rename attribute":
		return x.(interface{ RenameAttribute(string, string) error }).RenameAttribute(o.Name, o.To)
	}
	return fmt.Errorf("unknown change %q", o.Do)
}

// program makes random changes that a file's state allows.
type program struct {
	m      *model
	r      *rand.Rand
	tables bool // PyTables makes them
	new    bool // files with dense attributes
	next   int64
}

// pick is a path to an object that fits; empty when there is none.
func (g *program) pick(fits func(p string, o *object) bool) string {
	var list []string
	g.m.each(func(p string, o *object) {
		if fits(p, o) {
			list = append(list, p)
		}
	})
	if len(list) == 0 {
		return ""
	}
	return list[g.r.IntN(len(list))]
}

func (g *program) group() string {
	return g.pick(func(p string, o *object) bool { return !o.dataset && len(p) < 25 })
}

func (g *program) fresh() string {
	g.next++
	return path.Join(g.group(), fmt.Sprintf("n%d", g.next))
}

// change draws a change; one with an empty Do is none.
func (g *program) change() op {
	g.next++
	o := op{Seed: g.next}
	switch k := g.r.IntN(20); {
	case k < 2:
		o.Do, o.Path, o.Track = "group", g.fresh(), !g.tables && g.r.IntN(3) == 0
	case k < 5:
		o = g.dataset(o)
	case k < 9:
		o = g.elements(o)
	case k < 11:
		o = g.gone(o)
	case k < 12:
		o = g.linked(o)
	default:
		o = g.attribute(o)
	}
	return o
}

func (g *program) dataset(o op) op {
	o.Do, o.Path = "dataset", g.fresh()
	rank := 1 + g.r.IntN(3)
	for range rank {
		o.Shape, o.Chunk = append(o.Shape, uint64(1+g.r.IntN(9))), append(o.Chunk, uint64(1+g.r.IntN(4)))
	}
	o.Text = !g.tables && g.r.IntN(4) == 0
	switch g.r.IntN(5) {
	case 0:
		o.Chunk = nil
	case 1:
		for i := range o.Chunk {
			o.Chunk[i] = min(o.Chunk[i], o.Shape[i])
		}
	default:
		o.Open = make([]bool, rank)
		o.Open[g.r.IntN(rank)] = true
		if !g.tables && g.r.IntN(3) == 0 {
			o.Open[0] = true
			o.Open[rank-1] = true
		}
		for i := range o.Chunk {
			if !o.Open[i] {
				o.Chunk[i] = min(o.Chunk[i], o.Shape[i])
			}
		}
	}
	if o.Chunk != nil && g.r.IntN(2) == 0 {
		o.Filter = "gzip"
	}
	return o
}

func (g *program) elements(o op) op {
	p := g.pick(func(_ string, d *object) bool {
		return d.dataset && len(d.values) < 4000 && !(g.tables && (d.text || count(d.shape) == 0))
	})
	if p == "" {
		return op{}
	}
	d := g.m.find(p)
	o.Path = p
	var open []int
	for i, n := range d.most {
		if n == unlimited {
			open = append(open, i)
		}
	}
	k := g.r.IntN(4)
	switch {
	case len(open) > 0 && k < 2:
		o.Axis, o.N = open[g.r.IntN(len(open))], 1+g.r.IntN(12)
		if o.Do = "append"; g.tables && len(open) != 1 {
			return op{}
		}
		others := slices.Clone(d.shape)
		others[o.Axis] = 1
		if count(others) == 0 {
			return op{}
		}
	case len(open) > 0 && k == 2 && !g.tables:
		o.Do, o.Shape = "resize", slices.Clone(d.shape)
		for _, i := range open {
			o.Shape[i] = uint64(g.r.IntN(int(d.shape[i]) + 7))
		}
	case count(d.shape) > 0:
		o.Do = "write"
		for _, n := range d.shape {
			s := g.r.IntN(int(n))
			o.Start, o.Shape = append(o.Start, uint64(s)), append(o.Shape, uint64(1+g.r.IntN(int(n)-s)))
		}
	default:
		return op{}
	}
	return o
}

// gone removes or moves something; rarely what is large.
func (g *program) gone(o op) op {
	p := g.pick(func(p string, x *object) bool { return p != "/" && len(x.links) < 3 })
	switch {
	case p == "":
		return op{}
	case g.r.IntN(2) == 0:
		o.Do, o.Path = "remove", p
	default:
		if o.Do, o.Path, o.To = "move", p, g.fresh(); g.m.below(p, path.Dir(o.To)) {
			return op{}
		}
	}
	return o
}

// below tells whether the group q is the object p or leads out of it.
func (m *model) below(p, q string) bool {
	top, found := m.find(p), false
	for at := q; ; at = path.Dir(at) {
		found = found || m.find(at) == top
		if at == "/" {
			return found
		}
	}
}

func (g *program) linked(o op) op {
	o.Path = g.fresh()
	switch k := g.r.IntN(3); {
	case k == 0:
		o.Do, o.To = "soft", "/nowhere/at/all"
	case k == 1 && !g.tables:
		o.Do, o.To = "external", "/x"
	default:
		o.Do, o.To = "hard", g.pick(func(_ string, x *object) bool { return x.dataset })
	}
	if o.To == "" {
		return op{}
	}
	return o
}

func (g *program) attribute(o op) op {
	// Few objects have many attributes.
	o.Path = g.pick(func(p string, x *object) bool { return len(x.attributes) > 4 })
	if o.Path == "" || g.r.IntN(2) == 0 {
		o.Path = g.pick(func(string, *object) bool { return true })
	}
	x := g.m.find(o.Path)
	names := []string{}
	for n := range x.attributes {
		names = append(names, n)
	}
	slices.Sort(names)
	o.Name = fmt.Sprintf("a%d", g.next)
	switch k := g.r.IntN(12); {
	case k == 0 && !g.tables:
		o.Do, o.Name = "comment", fmt.Sprintf("comment %d", g.next)
	case k < 3 && len(names) > 0:
		o.Do, o.Name = "no attribute", names[g.r.IntN(len(names))]
	case k < 4 && len(names) > 0:
		o.Do, o.Name, o.To = "rename attribute", names[g.r.IntN(len(names))], fmt.Sprintf("b%d", g.next)
	case k < 6 && len(names) > 0:
		o.Do, o.Name, o.N = "attribute", names[g.r.IntN(len(names))], g.r.IntN(30)
	case k < 7 && g.new:
		o.Do, o.N = "attribute", 9000
	default:
		o.Do, o.N = "attribute", g.r.IntN(5)
	}
	return o
}

// run draws n changes and applies them to the model.
func (g *program) run(n int) (list []op) {
	for range n {
		if o := g.change(); o.Do != "" {
			g.m.apply(o)
			if g.tables && (o.Do == "group" || o.Do == "dataset") {
				g.m.find(o.Path).loose = true
			}
			list = append(list, o)
		}
	}
	return list
}

// turn is who changes the files next.
type turn struct {
	who string
	n   int
}

// TestChangesByTurns has gables, h5py and PyTables change the same files one
// after the other, and holds each state against the model through all of them.
func TestChangesByTurns(t *testing.T) {
	dir := t.TempDir()
	programs := map[string]*program{}
	for _, name := range []string{"earliest_h5py", "earliest_gables", "v18_h5py", "v110_gables", "v114_h5py", "v114_gables",
		"earliest_pytables", "earliest_block", "v18_block-of-gables", "v110_fsm", "v110_page"} {
		programs[name+".h5"] = &program{m: &model{newObject()}, r: seeded(name + *seed), new: !strings.HasPrefix(name, "earliest")}
	}
	programs["earliest_pytables.h5"].m.root.loose = true
	turns := []turn{{"first", 60}, {"gables", 120}, {"h5py", 80}, {"gables", 120}, {"PyTables", 60}, {"gables", 120}, {"h5py", 80}}
	for i, w := range turns {
		if !takeTurn(t, dir, programs, w) {
			t.Fatalf("turn %d, of %s", i, w.who)
		}
	}
}

func takeTurn(t *testing.T, dir string, programs map[string]*program, w turn) bool {
	t.Helper()
	scripts := map[string]map[string][]op{"h5py": {}, "PyTables": {}}
	var names []string
	for name, g := range programs {
		names = append(names, name)
		who := w.who
		if who == "first" {
			who = firstOf(name)
		}
		g.tables = who == "PyTables"
		list := g.run(w.n)
		if who != "gables" {
			scripts[who][name] = list
			continue
		}
		gablesTurn(t, filepath.Join(dir, name), list)
	}
	for who, script := range map[string]string{"h5py": "change_file.py", "PyTables": "change_pytables.py"} {
		if len(scripts[who]) == 0 {
			continue
		}
		b, err := json.Marshal(scripts[who])
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, "changes.json"), b, 0o644))
		python(t, script, dir)
	}
	slices.Sort(names)
	return t.Run(w.who, func(t *testing.T) { holdAll(t, dir, programs, names) })
}

// firstOf is who makes a file.
func firstOf(name string) string {
	switch {
	case strings.HasSuffix(name, "gables.h5"):
		return "gables"
	case strings.HasSuffix(name, "pytables.h5"):
		return "PyTables"
	}
	return "h5py"
}

func indexOf(s string, c byte) int { return slices.Index([]byte(s), c) }

// gablesTurn makes the changes in a few transactions.
func gablesTurn(t *testing.T, name string, list []op) {
	t.Helper()
	low, err := hdf5.ParseLibver(filepath.Base(name)[:indexOf(filepath.Base(name), '_')])
	must(t, err)
	opts := []hdf5.Option{hdf5.WithLibver(low), hdf5.WithDurability(hdf5.NoDurability)}
	if strings.Contains(name, "block-of-gables") {
		opts = append(opts, hdf5.WithUserBlock(512))
	}
	f, err := hdf5.OpenFile(name, hdf5.ModeAppend, opts...)
	must(t, err)
	for i, o := range list {
		if err := o.gables(f); err != nil {
			t.Fatalf("%s: change %d, %+v: %v", name, i, o, err)
		}
		if i%37 == 36 {
			must(t, f.Flush(bg))
		}
	}
	must(t, f.Close())
}

func holdAll(t *testing.T, dir string, programs map[string]*program, names []string) {
	t.Helper()
	var files []*expected
	for _, name := range names {
		files = append(files, programs[name].m.expect(name))
	}
	saveWanted(t, dir, files)
	t.Run("h5py", func(t *testing.T) {
		t.Parallel()
		list, facts := h5pyTells(t, dir, names...), 0
		for _, e := range files {
			facts += e.hold(t, list[e.name])
			reads(t, dir, e.name, list[e.name])
		}
		t.Logf("%d facts", facts)
	})
	t.Run("others", func(t *testing.T) {
		t.Parallel()
		tables := pytablesTells(t, dir, names...)
		for _, e := range files {
			e.tabled(t, tables[e.name])
			if h5dumpCannotOpen(e) == "" {
				e.dumped(t, dir)
			}
		}
	})
}
