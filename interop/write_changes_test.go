//go:build interop

package interop

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"gables/hdf5"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// changes happen to files that were closed and are opened again.
func changes() []feature {
	table := func(s *scene) { s.table("x", 50) }
	attributed := func(s *scene) {
		for _, n := range []int{5, 20} {
			g := s.group(fmt.Sprintf("of%d", n), hdf5.GroupOptions{})
			for i := range n {
				must(s.t, hdf5.SetAttribute(g, fmt.Sprintf("a%d", i), int32(i)))
			}
		}
	}
	each := func(change func(s *scene, g *hdf5.Group)) func(s *scene) {
		return func(s *scene) {
			for _, n := range []int{5, 20} {
				g, err := s.f.Group(s.at(fmt.Sprintf("of%d", n)))
				must(s.t, err)
				change(s, g)
			}
		}
	}
	return []feature{
		{row: "append", write: table, change: func(s *scene) {
			_, err := hdf5.Append(bg, s.open("x"), counting(500))
			must(s.t, err)
			s.holds("x", append(counting(50), counting(500)...))
		}},
		{row: "append along another axis", write: func(s *scene) {
			s.dataset("x", int32le, dims(3, 0), hdf5.DatasetOptions{MaxShape: dims(3, unlimited), Chunk: dims(2, 4)})
		}, change: func(s *scene) {
			_, err := hdf5.AppendAlong(bg, s.open("x"), 1, counting(60), hdf5.WriteOptions{})
			must(s.t, err)
		}},
		{row: "overwrite a part", write: table, change: func(s *scene) {
			must(s.t, hdf5.Write(bg, s.open("x"), []int32{-1, -2, -3}, hdf5.Sel("5:35:10")))
		}},
		{row: "resize", write: func(s *scene) { s.table("longer", 50); s.table("shorter", 50); s.table("both", 50) }, change: func(s *scene) {
			must(s.t, s.open("longer").Resize(bg, 300))
			must(s.t, s.open("shorter").Resize(bg, 9))
			must(s.t, s.open("both").Resize(bg, 9))
			must(s.t, s.open("both").Resize(bg, 50))
			s.holds("both", append(counting(9), make([]int32, 41)...))
		}},
		{row: "remove", write: func(s *scene) {
			s.many("g", 50, hdf5.GroupOptions{})
			s.table("g/x", 100)
			s.table("kept", 10)
		}, change: func(s *scene) {
			for i := range 45 {
				must(s.t, s.f.Remove(s.at(fmt.Sprintf("g/n%d", i*61%1009))))
			}
			must(s.t, s.f.Remove(s.at("g/x")))
		}},
		{row: "remove a group with all below it", write: func(s *scene) { s.many("g/h", 50, hdf5.GroupOptions{}); s.table("g/x", 100) },
			change: func(s *scene) { must(s.t, s.f.Remove(s.at("g"))); s.table("g", 10) }},
		{row: "rename and move", write: func(s *scene) { s.table("x", 20); s.table("g/y", 20); s.group("h", hdf5.GroupOptions{}) },
			change: func(s *scene) {
				must(s.t, s.f.Move(s.at("x"), s.at("z"), hdf5.LinkOptions{}))
				must(s.t, s.f.Move(s.at("g/y"), s.at("h/y"), hdf5.LinkOptions{}))
				must(s.t, s.f.Move(s.at("h"), s.at("new/h"), hdf5.LinkOptions{Parents: true}))
			}},
		{row: "copy", write: func(s *scene) {
			s.table("g/x", 40)
			s.many("g/h", 20, hdf5.GroupOptions{TrackOrder: true})
			s.dataset("g/text", datatype.VLString(datatype.UTF8), dims(2), hdf5.DatasetOptions{})
			must(s.t, hdf5.Write(bg, s.open("g/text"), []string{"one", "two"}))
		}, change: func(s *scene) {
			g, err := s.f.Group(s.at("g"))
			must(s.t, err)
			must(s.t, s.f.Copy(bg, g, s.at("again"), hdf5.CopyOptions{}))
			s.holds("again/x", counting(40))
		}},
		{row: "copy from a file of h5py", write: func(*scene) {}, change: func(s *scene) {
			from, err := hdf5.Open(filepath.Join(made(s.t, "make_filters.py"), "filters.h5"))
			must(s.t, err)
			defer from.Close()
			g, err := from.Group("/int32le")
			must(s.t, err)
			must(s.t, s.f.Copy(bg, g, s.at("int32le"), hdf5.CopyOptions{}))
		}},
		{row: "replace attributes", write: attributed, change: each(func(s *scene, g *hdf5.Group) {
			must(s.t, hdf5.SetAttribute(g, "a1", int32(100)))
			must(s.t, hdf5.SetAttribute(g, "a2", "of another type"))
			must(s.t, hdf5.SetAttributeArray(g, "a3", counting(1000), nil))
		})},
		{row: "rename and remove attributes", write: attributed, change: each(func(s *scene, g *hdf5.Group) {
			must(s.t, g.RenameAttribute("a1", "other"))
			must(s.t, g.RemoveAttribute("a2"))
		})},
	}
}

// TestFilesOfH5pyAreChanged opens what libhdf5 wrote, adds and removes, and asks
// h5py whether all else is as it was.
func TestFilesOfH5pyAreChanged(t *testing.T) {
	from := made(t, "make_structure.py")
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(from)))
	names := files(t, dir)
	ask := func() map[string][]line {
		return lines(t, python(t, append([]string{"read_files.py", dir}, names...)...), func(l line) string { return l.File })
	}
	before, changed := ask(), []string{}
	for _, name := range names {
		if changeFile(t, filepath.Join(dir, name)) {
			changed = append(changed, name)
		}
	}
	if len(changed) < 50 || len(names)-len(changed) > 4 {
		t.Errorf("only %d of %d files were changed", len(changed), len(names))
	}
	after := ask()
	for _, name := range changed {
		open(t, dir, name).compare(after[name])
		kept := map[string]string{}
		for _, l := range after[name] {
			kept[l.key()] = l.SHA256
		}
		for _, l := range before[name] {
			if sum, ok := kept[l.key()]; !ok || sum != l.SHA256 {
				t.Errorf("%s: %s is not what it was", name, l.key())
			}
		}
	}
}

// changeFile tells whether the file is one that can be written.
func changeFile(t *testing.T, path string) bool {
	t.Helper()
	f, err := hdf5.OpenFile(path, hdf5.ModeReadWrite)
	if errors.Is(err, h5err.ErrUnsupported) || errors.Is(err, h5err.ErrOpenForWrite) {
		return false // of several members, or half written by another program
	}
	must(t, err)
	s := &scene{t, f, filepath.Dir(path), "/gables", hdf5.V110}
	s.table("x", 500)
	s.many("many", 30, hdf5.GroupOptions{})
	must(t, f.Flush(bg))
	must(t, f.Remove("/gables/x"))
	must(t, f.Close())
	return true
}

func (l line) key() string {
	if l.Attr != nil {
		return l.Path + "@" + *l.Attr
	}
	return l.Path
}
