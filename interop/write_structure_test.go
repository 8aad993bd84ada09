//go:build interop

package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
)

// feature is a row of the tables: what is written below a group of its name
// and, for changes, what happens to it once the file was closed.
type feature struct {
	row    string
	write  func(s *scene)
	change func(s *scene)
	new    bool // not in files of the earliest style
}

// scene is where a feature is written.
type scene struct {
	t    *testing.T
	f    *hdf5.File
	dir  string // of the file
	path string // of the group
	low  hdf5.Libver
}

func (s *scene) at(name string) string { return s.path + "/" + name }

func (s *scene) group(name string, o hdf5.GroupOptions) *hdf5.Group {
	s.t.Helper()
	o.Parents = true
	g, err := s.f.CreateGroup(s.at(name), o)
	must(s.t, err)
	return g
}

func (s *scene) dataset(name string, t *datatype.Datatype, shape []uint64, o hdf5.DatasetOptions) *hdf5.Dataset {
	s.t.Helper()
	o.Parents = true
	d, err := s.f.CreateDataset(s.at(name), t, shape, o)
	must(s.t, err)
	return d
}

func (s *scene) open(name string) *hdf5.Dataset {
	s.t.Helper()
	d, err := s.f.Dataset(s.at(name))
	must(s.t, err)
	return d
}

// table is a dataset of n numbers that can grow along its first axis.
func (s *scene) table(name string, n int) *hdf5.Dataset {
	s.t.Helper()
	d := s.dataset(name, int32le, dims(0), hdf5.DatasetOptions{MaxShape: dims(unlimited), Chunk: dims(7), Filters: []filter.Stage{hdf5.Shuffle(), hdf5.Gzip(4)}})
	_, err := hdf5.Append(bg, d, counting(n))
	must(s.t, err)
	return d
}

// holds says what a dataset must hold, before anybody else reads it.
func (s *scene) holds(name string, want []int32) {
	s.t.Helper()
	got, err := hdf5.Read[int32](bg, s.open(name))
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		s.t.Errorf("%s holds %v, want %v: %v", s.at(name), got, want, err)
	}
}

func counting(n int) []int32 {
	v := make([]int32, n)
	for i := range v {
		v[i] = int32(i*i + 1)
	}
	return v
}

// many links and attributes: they are stored in another way than few.
func (s *scene) many(name string, n int, o hdf5.GroupOptions) {
	s.t.Helper()
	g := s.group(name, o)
	for i := range n {
		k := i * 61 % 1009
		must(s.t, s.f.CreateSoftLink(fmt.Sprintf("%s/n%d", g.Path(), k), "/nowhere", hdf5.LinkOptions{}))
		must(s.t, hdf5.SetAttribute(g, fmt.Sprintf("a%d", k), float64(i)))
	}
}

func structures() []feature {
	ordered := hdf5.GroupOptions{TrackOrder: true, IndexOrder: true, TrackAttributes: true}
	return []feature{
		{row: "links and attributes, few", write: func(s *scene) { s.many("g", 8, hdf5.GroupOptions{}) }},
		{row: "links and attributes, many", write: func(s *scene) { s.many("g", 300, hdf5.GroupOptions{}) }},
		{row: "order of creation", write: func(s *scene) { s.many("few", 8, ordered); s.many("many", 300, ordered) }},
		{row: "hard links, cycles", write: func(s *scene) {
			g := s.group("a/b", hdf5.GroupOptions{})
			must(s.t, s.f.CreateHardLink(s.at("a/b/self"), g, hdf5.LinkOptions{}))
			must(s.t, s.f.CreateHardLink(s.at("again"), s.table("a/x", 20), hdf5.LinkOptions{}))
		}},
		{row: "soft links", write: func(s *scene) {
			must(s.t, s.f.CreateSoftLink(s.at("to"), s.at("x"), hdf5.LinkOptions{}))
			s.table("x", 9)
		}},
		{row: "external links", write: func(s *scene) {
			must(s.t, s.f.CreateExternalLink(s.at("out"), "elsewhere.h5", "/x", hdf5.LinkOptions{}))
		}},
		{row: "committed datatypes", write: func(s *scene) {
			named, err := s.f.CommitDatatype(s.at("type"), int32le, hdf5.GroupOptions{})
			must(s.t, err)
			d := s.dataset("x", named.Type, dims(5), hdf5.DatasetOptions{})
			must(s.t, hdf5.Write(bg, d, counting(5)))
			must(s.t, hdf5.SetAttributeAs(d, "a", named.Type, counting(2), dims(2)))
		}},
		{row: "object and region references", write: writeReferences},
		{row: "attributes of all shapes", write: func(s *scene) {
			g := s.group("g", hdf5.GroupOptions{})
			must(s.t, g.SetAttributeRaw("null", int32le, spaceOf(nullShape), nil))
			must(s.t, hdf5.SetAttribute(g, "größe", "naïve"))
			must(s.t, hdf5.SetAttributeArray(g, "two", counting(6), dims(2, 3)))
			must(s.t, hdf5.SetAttributeAs(g, "texts", datatype.VLString(datatype.UTF8), []string{"", "a", "日本語"}, dims(3)))
		}},
		{row: "attributes above 64 KiB", new: true, write: func(s *scene) {
			must(s.t, hdf5.SetAttributeArray(s.group("g", hdf5.GroupOptions{}), "large", counting(50000), nil))
		}},
		{row: "fill values", write: func(s *scene) {
			s.dataset("x", int32le, dims(10), hdf5.DatasetOptions{Fill: []byte{7, 0, 0, 0}})
			s.dataset("chunked", int32le, dims(10), hdf5.DatasetOptions{Fill: []byte{7, 0, 0, 0}, Chunk: dims(3)})
			s.holds("chunked", []int32{7, 7, 7, 7, 7, 7, 7, 7, 7, 7})
		}},
		{row: "virtual datasets", write: writeVirtual},
		{row: "external raw files", write: func(s *scene) {
			raw := fmt.Sprintf("structure_%s.raw", s.low)
			must(s.t, os.WriteFile(filepath.Join(s.dir, raw), nil, 0o666))
			d := s.dataset("x", int32le, dims(10), hdf5.DatasetOptions{External: []hdf5.ExternalFile{{Name: raw, Offset: 5, Unlimited: true}}})
			must(s.t, hdf5.Write(bg, d, counting(10)))
		}},
	}
}

func writeReferences(s *scene) {
	d := s.table("x", 30)
	o, err := s.f.Reference(d)
	must(s.t, err)
	g, err := s.f.Object(s.path)
	must(s.t, err)
	o2, err := s.f.Reference(g)
	must(s.t, err)
	refs := s.dataset("objects", datatype.Must(datatype.NewReference(datatype.ObjectReference)), dims(3), hdf5.DatasetOptions{})
	must(s.t, hdf5.Write(bg, refs, []datatype.Ref{o, o2}, hdf5.Sel("0:2")))
	part, err := s.f.RegionReference(d, hdf5.Slab{Start: dims(2), Stride: dims(5), Count: dims(4), Block: dims(2)})
	must(s.t, err)
	regions := s.dataset("regions", datatype.Must(datatype.NewReference(datatype.RegionReference)), dims(2), hdf5.DatasetOptions{})
	must(s.t, hdf5.Write(bg, regions, []datatype.Ref{part}, hdf5.Sel("0:1")))
}

func writeVirtual(s *scene) {
	var parts []hdf5.VirtualMapping
	for i := range 3 {
		s.table(fmt.Sprintf("part%d", i), 10)
		parts = append(parts, hdf5.VirtualMapping{File: ".", Dataset: s.at(fmt.Sprintf("part%d", i)),
			Virtual: hdf5.Slab{Start: dims(uint64(i), 0), Count: dims(1, 1), Block: dims(1, 10)}})
	}
	s.dataset("whole", int32le, dims(4, 10), hdf5.DatasetOptions{Virtual: parts, Fill: []byte{9, 0, 0, 0}})
}

// boundOptions are those of every file of these tests.
func boundOptions(low hdf5.Libver) []hdf5.Option {
	return []hdf5.Option{hdf5.WithLibver(low), hdf5.WithDurability(hdf5.NoDurability), hdf5.WithUserBlock(512)}
}

// eachBound writes the features into a file of each style, changes them, and
// counts what h5py finds below each.
func eachBound(t *testing.T, title string, list []feature) {
	dir := t.TempDir()
	for _, low := range bounds {
		t.Run(low.String(), func(t *testing.T) {
			name := fmt.Sprintf("%s_%s.h5", strings.ToLower(title[:6]), low)
			path := filepath.Join(dir, name)
			all := func(f *hdf5.File, step func(feature) func(*scene)) error {
				for _, x := range list {
					if run := step(x); run != nil && !(x.new && low == hdf5.Earliest) {
						run(&scene{t, f, dir, "/" + x.row, low})
					}
				}
				return nil
			}
			must(t, hdf5.Update(path, func(f *hdf5.File) error {
				return all(f, func(x feature) func(*scene) {
					return func(s *scene) { s.group("", hdf5.GroupOptions{}); x.write(s) }
				})
			}, boundOptions(low)...))
			must(t, hdf5.Update(path, func(f *hdf5.File) error { return all(f, func(x feature) func(*scene) { return x.change }) }))
			tallied(t, dir, name, func(row string, n int) { claims.count(title, row, low.String(), n) })
		})
	}
}

// tallied compares a file with what h5py reads, checks it, and tells how many
// objects and attributes are below each member of the root.
func tallied(t *testing.T, dir, name string, count func(row string, n int)) {
	t.Helper()
	s := open(t, dir, name)
	lines := witnessed(t, "read_files.py", dir, name)
	s.compare(lines)
	r, err := hdf5.Check(bg, s.f, hdf5.CheckOptions{})
	must(t, err)
	if r.Damaged() {
		t.Errorf("%s: %v", name, r.Findings[0].Err)
	}
	if t.Failed() {
		return
	}
	found, order := map[string]int{}, []string{}
	for _, l := range lines {
		row, _, _ := strings.Cut(strings.TrimPrefix(l.Path, "/"), "/")
		if row == "" {
			continue
		}
		if found[row]++; found[row] == 1 {
			order = append(order, row)
		}
	}
	for _, row := range order {
		count(row, found[row])
	}
}

func testStructures(t *testing.T) { eachBound(t, "Structure × library bound", structures()) }

func testChanges(t *testing.T) { eachBound(t, "Change × library bound", changes()) }

func testLayouts(t *testing.T) {
	dir := t.TempDir()
	for _, low := range bounds {
		t.Run(low.String(), func(t *testing.T) {
			name := fmt.Sprintf("layouts_%s.h5", low)
			must(t, hdf5.Update(filepath.Join(dir, name), func(f *hdf5.File) error {
				s := &scene{t, f, dir, "", low}
				for k, filters := range [][]filter.Stage{nil, {hdf5.Shuffle(), hdf5.Gzip(4), hdf5.Fletcher32()}} {
					for i, o := range layoutOptions() {
						if filters != nil && o.Chunk == nil || o.UnfilteredEdge && (filters == nil || low < hdf5.V110) {
							continue
						}
						o.Filters = filters
						shape := dims(19, 23)
						d := s.dataset(fmt.Sprintf("made/%d %d", k, i), int32le, shape, o)
						must(t, hdf5.Write(bg, d, counting(19*23)))
						must(t, s.sorted(d))
					}
				}
				return f.Remove("/made")
			}, boundOptions(low)...))
			tallied(t, dir, name, func(row string, n int) { claims.count("Layout × library bound", row, low.String(), n-1) })
		})
	}
}

// sorted moves a dataset below the name of its layout.
func (s *scene) sorted(d *hdf5.Dataset) error {
	l, err := d.Layout()
	if err != nil {
		return err
	}
	kind := l.Class
	if l.Index != "" {
		kind = l.Index
	}
	if l.UnfilteredEdge {
		kind += ", unfiltered edges"
	}
	return s.f.Move(d.Path(), "/"+kind+d.Path()[len("/made"):], hdf5.LinkOptions{Parents: true})
}

func layoutOptions() []hdf5.DatasetOptions {
	chunk := dims(4, 5)
	return []hdf5.DatasetOptions{
		{Compact: true},
		{},
		{Chunk: dims(19, 23)},
		{Chunk: chunk, Alloc: hdf5.AllocEarly},
		{Chunk: chunk},
		{Chunk: chunk, MaxShape: dims(40, 50)},
		{Chunk: chunk, MaxShape: dims(dataspace.Unlimited, 23)},
		{Chunk: chunk, MaxShape: dims(19, dataspace.Unlimited)},
		{Chunk: chunk, MaxShape: dims(dataspace.Unlimited, dataspace.Unlimited)},
		{Chunk: chunk, UnfilteredEdge: true},
		{Chunk: chunk, UnfilteredEdge: true, MaxShape: dims(dataspace.Unlimited, 23)},
		{Chunk: chunk, UnfilteredEdge: true, MaxShape: dims(dataspace.Unlimited, dataspace.Unlimited)},
	}
}
