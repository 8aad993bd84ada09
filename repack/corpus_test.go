package repack_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gables/digest"
	"gables/hdf5"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/repack"
)

// corpusDir is a folder of files that others made; it is not part of the
// project.
func corpusDir(t *testing.T) string {
	t.Helper()
	shared := os.Getenv("GABLES_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "shared")
	}
	dir := filepath.Join(shared, "corpus", "visible")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no corpus: %v (GABLES_SHARED names the folder that holds corpus/)", err)
	}
	return dir
}

// step is a repacking, and what of the file it must keep.
type step struct {
	name    string
	libver  *hdf5.Libver
	filters string // "-": keep
	chunks  []uint64
	flat    bool
	storage bool // layout and filters stay, too
}

func ptr[T any](v T) *T { return &v }

// chain are steps each of which begins with what the one before it made.
var chain = []step{
	{name: "keep", filters: "-", storage: true},
	{name: "latest", libver: ptr(hdf5.Latest), filters: "shuffle,gzip=1,fletcher32", chunks: []uint64{1001}},
	{name: "chunks", libver: ptr(hdf5.V18), filters: "lzf", chunks: []uint64{5, 3}},
	{name: "flat", libver: ptr(hdf5.Earliest), filters: "none", flat: true},
}

func TestCorpusKeepsItsValuesThroughOtherStorageAndBack(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(corpusDir(t))); err != nil {
		t.Fatal(err)
	}
	var list []string
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			list = append(list, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	done, kept, absent := 0, 0, 0
	for _, p := range list {
		rel, _ := filepath.Rel(dir, p)
		if only := os.Getenv("GABLES_ONLY"); !strings.Contains(rel, only) {
			continue
		}
		src, err := hdf5.Open(p)
		if err != nil {
			absent++ // nothing to repack
			continue
		}
		k, ok := throughAll(t, src, p, filepath.ToSlash(rel))
		kept += k
		if ok {
			done++
		}
	}
	t.Logf("%d of %d files went through all steps, %d can't be opened; %d times a dataset kept its storage", done, len(list), absent, kept)
}

func TestMalformedFilesAreRepackedOrRefusedInTime(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	dir := filepath.Join(filepath.Dir(corpusDir(t)), "malformed")
	out := filepath.Join(t.TempDir(), "out.h5")
	opened, whole := 0, 0
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		src, err := hdf5.Open(p)
		if err != nil {
			return nil
		}
		defer src.Close()
		opened++
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		filters := []filter.Stage{hdf5.Gzip(1)}
		err = repack.File(ctx, src, out, repack.Options{Filters: filters, Kept: func(string, error) {}, Open: []hdf5.Option{hdf5.WithDurability(hdf5.NoDurability)}})
		if err == nil {
			whole++
		}
		if ctx.Err() != nil {
			t.Errorf("%s: no answer in time: %v", p, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files can be opened, %d were repacked", opened, whole)
}

func throughAll(t *testing.T, src *hdf5.File, path, rel string) (kept int, ok bool) {
	want, before := manifest(t, src), checked(t, src)
	for _, s := range chain {
		if s.flat && largest(want) > 64<<20 {
			continue // it would take all that as it is
		}
		out := path + "." + s.name
		n, err := one(src, out, s)
		kept += n
		if e := src.Close(); e != nil {
			t.Error(e)
		}
		if err != nil {
			if why, known := expected(rel, err); !known {
				t.Errorf("%s: %s: %v%s", rel, s.name, err, why)
			}
			return kept, false
		}
		if src, err = hdf5.Open(out); err != nil {
			t.Errorf("%s: %s: %v", rel, s.name, err)
			return kept, false
		}
		if r := checked(t, src); r.Damages > before.Damages || r.Warnings > before.Warnings {
			t.Errorf("%s: %s: not as sound as its source: %v", rel, s.name, r.Findings)
		}
		if !compare(t, rel, s.name, want, manifest(t, src), s.storage) {
			src.Close()
			return kept, false
		}
	}
	return kept, src.Close() == nil
}

// largest is the most bytes that a dataset's values take.
func largest(m *digest.Manifest) (most uint64) {
	for _, o := range m.Objects {
		if o.Content != nil && o.Value != nil {
			most = max(most, o.Value.Bytes)
		} else if o.Content != nil {
			most = 1 << 62
		}
	}
	return most
}

func one(src *hdf5.File, out string, s step) (kept int, err error) {
	o := repack.Options{Libver: s.libver, Chunks: s.chunks, Contiguous: s.flat, Open: []hdf5.Option{hdf5.WithDurability(hdf5.NoDurability)},
		Kept: func(string, error) { kept++ }}
	if s.filters != "-" {
		if o.Filters, err = hdf5.ParseFilters(s.filters); err != nil {
			return 0, err
		}
	}
	return kept, repack.File(context.Background(), src, out, o)
}

// checked is what gables check finds: a file may be damaged, or have filters
// that nobody knows, before it is repacked.
func checked(t *testing.T, f *hdf5.File) *hdf5.Report {
	t.Helper()
	r, err := hdf5.Check(context.Background(), f, hdf5.CheckOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func manifest(t *testing.T, f *hdf5.File) *digest.Manifest {
	t.Helper()
	m, err := digest.File(context.Background(), f, digest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// refused are the files that can't be repacked, and why.
var refused = map[string]error{
	// Its dataset /all is damaged: libhdf5 can't read it either.
	"hdf5-1.10.8/tools/test/h5stat/testfiles/h5stat_filters.h5": h5err.ErrChecksum,
}

// nullified are files with references to addresses where nothing is: they are
// null in a copy.
var nullified = map[string]string{
	"netcdf-c/nc_test4/ref_tst_interops4.nc":                    "REFERENCE_LIST",
	"hdf5-1.14.5/tools/test/h5dump/testfiles/trefer_obj_del.h5": "/Dataset2",
}

func expected(rel string, err error) (why string, ok bool) {
	sentinel := refused[rel]
	if sentinel == nil {
		return "", false
	}
	return fmt.Sprintf(" (want %v)", sentinel), errors.Is(err, sentinel)
}

// compare holds a repacked file against its source; storage tells whether
// layout and filters must be equal, too.
func compare(t *testing.T, rel, step string, want, got *digest.Manifest, storage bool) bool {
	c := comparison{t: t, file: rel, where: rel + ": " + step}
	c.check("user block", want.Superblock.UserBlock, got.Superblock.UserBlock)
	c.check("paths", paths(want), paths(got))
	have := map[string]*digest.Object{}
	for _, o := range got.Objects {
		have[o.Path] = o
	}
	for _, w := range want.Objects {
		if g := have[w.Path]; g != nil {
			c.object(w, g, storage)
		}
	}
	return c.faults == 0
}

type comparison struct {
	t      *testing.T
	file   string
	where  string
	faults int
}

func (c *comparison) check(what string, want, got any) {
	if w, g := fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", got); w != g {
		c.faults++
		c.t.Errorf("%s: %s: want %s, got %s", c.where, what, w[:min(len(w), 400)], g[:min(len(g), 400)])
	}
}

func paths(m *digest.Manifest) (list []string) {
	for _, o := range m.Objects {
		list = append(list, o.Path)
	}
	return list
}

func (c *comparison) object(w, g *digest.Object, storage bool) {
	p := w.Path
	c.check(p, []any{w.Type, w.References}, []any{g.Type, g.References})
	c.check(p+" lines", lines(c.file, w), lines(c.file, g))
	if order := attributeOrder(w); order != nil {
		c.check(p+" order of attributes", order, attributeOrder(g))
	}
	c.check(p+" order of links", linkOrder(w), linkOrder(g))
	if w.Datatype != nil && g.Datatype != nil {
		c.check(p+" committed type", w.Datatype.Committed, g.Datatype.Committed)
	}
	if w.Type != "dataset" || w.Storing == nil || g.Storing == nil {
		return
	}
	c.check(p+" extent", w.Extent, g.Extent)
	c.check(p+" external and virtual", []any{w.External, w.Virtual}, []any{g.External, g.Virtual})
	c.check(p+" fill value", []any{w.Fill.Defined, w.Fill.Time, w.Fill.Hex, w.Fill.SHA256}, []any{g.Fill.Defined, g.Fill.Time, g.Fill.Hex, g.Fill.SHA256})
	if storage {
		c.check(p+" layout", []any{w.Layout, w.Chunk, w.Filters, w.Fill.Alloc}, []any{g.Layout, g.Chunk, g.Filters, g.Fill.Alloc})
	}
}

// lines are those of the object; of what can't be read only that it can't.
func lines(file string, o *digest.Object) []string {
	list := o.Lines()
	for i, l := range list {
		if name := nullified[file]; name != "" && strings.Contains(l, name) {
			list[i] = ""
		} else if f := strings.Fields(l); f[0] == "error" {
			list[i] = strings.Join(f[:3], " ")
		}
	}
	return list
}

// attributeOrder gives the names in their order of creation; nil where that is
// not tracked, or told twice.
func attributeOrder(o *digest.Object) (names []string) {
	list := slices.Clone(o.Attributes)
	for _, a := range list {
		if a.Order == nil {
			return nil
		}
	}
	slices.SortStableFunc(list, func(a, b *digest.Attribute) int { return *a.Order - *b.Order })
	for i, a := range list {
		if i > 0 && *list[i-1].Order == *a.Order {
			return nil
		}
		names = append(names, a.Name)
	}
	return names
}

func linkOrder(o *digest.Object) (names []string) {
	list := slices.Clone(o.Links)
	for _, l := range list {
		if l.Order == nil {
			return nil
		}
	}
	slices.SortStableFunc(list, func(a, b digest.Link) int { return int(*a.Order - *b.Order) })
	for _, l := range list {
		names = append(names, l.Name)
	}
	return names
}
