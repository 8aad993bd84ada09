package hdf5_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit/sound"
)

// scene is a file with all that a copy must keep.
func scene(t *testing.T, low hdf5.Libver) *hdf5.File {
	t.Helper()
	ctx := context.Background()
	f, err := hdf5.CreateMemory(hdf5.WithLibver(low))
	fatal(t, err)
	t.Cleanup(func() { f.Close() })
	_, err = f.CreateGroup("/g", hdf5.GroupOptions{TrackOrder: true, IndexOrder: true, TrackAttributes: true})
	fatal(t, err)
	d, err := f.CreateDataset("/g/z", datatype.Float64(datatype.LittleEndian), []uint64{40, 30}, hdf5.DatasetOptions{
		Chunk: []uint64{16, 16}, MaxShape: []uint64{dataspace.Unlimited, 30}, Filters: []filter.Stage{hdf5.Shuffle(), hdf5.Gzip(3), hdf5.Fletcher32()}})
	fatal(t, err)
	fatal(t, hdf5.Write(ctx, d, ramp(1200)))
	for _, name := range []string{"y", "x", "w", "v", "u", "s", "r", "q", "p", "o"} {
		fatal(t, hdf5.SetAttribute(d, name, 1.5))
		fatal(t, f.CreateHardLink("/g/"+name, d, hdf5.LinkOptions{}))
	}
	g, err := f.Group("/g")
	fatal(t, err)
	fatal(t, f.CreateHardLink("/g/loop", g, hdf5.LinkOptions{}))
	fatal(t, f.CreateSoftLink("/g/soft", "/outside", hdf5.LinkOptions{}))
	fatal(t, f.CreateExternalLink("/g/ext", "absent.h5", "/x", hdf5.LinkOptions{}))
	fatal(t, g.SetComment("a comment"))
	named, err := f.CommitDatatype("/g/type", datatype.Float64(datatype.LittleEndian), hdf5.GroupOptions{})
	fatal(t, err)
	for _, p := range []string{"/g/t1", "/g/t2"} {
		_, err = f.CreateDataset(p, typeOf(t, f, named.Path()), []uint64{2}, hdf5.DatasetOptions{Fill: bytes.Repeat([]byte{7}, 8)})
		fatal(t, err)
	}
	s, err := f.CreateDataset("/g/text", datatype.VLString(datatype.UTF8), []uint64{3}, hdf5.DatasetOptions{})
	fatal(t, err)
	fatal(t, hdf5.Write(ctx, s, []string{"one", "", "three"}))
	out, err := f.CreateDataset("/outside", datatype.Float64(datatype.LittleEndian), []uint64{1}, hdf5.DatasetOptions{})
	fatal(t, err)
	refs, err := f.CreateDataset("/g/refs", datatype.Must(datatype.NewReference(datatype.ObjectReference)), []uint64{3}, hdf5.DatasetOptions{})
	fatal(t, err)
	var list []datatype.Ref
	for _, o := range []hdf5.Object{d, out, g} {
		r, err := f.Reference(o)
		fatal(t, err)
		list = append(list, r)
	}
	fatal(t, hdf5.Write(ctx, refs, list))
	return f
}

func ramp(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(i)
	}
	return v
}

// typeOf is the committed datatype at a path.
func typeOf(t *testing.T, f *hdf5.File, path string) *datatype.Datatype {
	t.Helper()
	o, err := f.Object(path)
	fatal(t, err)
	c := *o.(*hdf5.NamedDatatype).Type
	c.Committed = o.Address()
	return &c
}

func lookUp(t *testing.T, f *hdf5.File, path string) hdf5.Object {
	t.Helper()
	o, err := f.Object(path)
	fatal(t, err)
	return o
}

func emptyFile(t *testing.T, low hdf5.Libver) *hdf5.File {
	t.Helper()
	f, err := hdf5.CreateMemory(hdf5.WithLibver(low))
	fatal(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func TestCopyKeepsStructureBetweenFilesOfAllStyles(t *testing.T) {
	ctx := context.Background()
	for _, from := range bounds {
		for _, to := range bounds {
			src, dst := scene(t, from), emptyFile(t, to)
			fatal(t, dst.Copy(ctx, lookUp(t, src, "/g"), "/deep/down/h", hdf5.CopyOptions{Parents: true}))
			sound.File(t, dst, sound.Whole)
			g := lookUp(t, dst, "/deep/down/h").(*hdf5.Group)
			if a := lookUp(t, dst, "/deep/down/h/loop").Address(); a != g.Address() {
				t.Errorf("the cycle leads to 0x%x, not to 0x%x", a, g.Address())
			}
			z := lookUp(t, dst, "/deep/down/h/z").(*hdf5.Dataset)
			if n := z.References(); n != 11 || lookUp(t, dst, "/deep/down/h/q").Address() != z.Address() {
				t.Errorf("%d links to the dataset, want 11", n)
			}
			if g.Comment() != "a comment" {
				t.Errorf("comment %q", g.Comment())
			}
			got, err := hdf5.Read[float64](ctx, z)
			fatal(t, err)
			if !slices.Equal(got, ramp(1200)) {
				t.Error("other values")
			}
			if t1, t2 := lookUp(t, dst, "/deep/down/h/t1").(*hdf5.Dataset), lookUp(t, dst, "/deep/down/h/type"); t1.Type().Committed != t2.Address() || t2.References() != 3 {
				t.Errorf("type at 0x%x with %d links, committed at 0x%x", t1.Type().Committed, t2.References(), t2.Address())
			}
			text, err := hdf5.Read[string](ctx, lookUp(t, dst, "/deep/down/h/text").(*hdf5.Dataset))
			fatal(t, err)
			if !slices.Equal(text, []string{"one", "", "three"}) {
				t.Errorf("text %q", text)
			}
			var names []string
			for l, err := range g.Links(ctx, hdf5.ByCreation) {
				fatal(t, err)
				names = append(names, l.Name)
			}
			if strings.Join(names, " ") != "z y x w v u s r q p o loop soft ext type t1 t2 text refs" {
				t.Errorf("links in order: %v", names)
			}
		}
	}
}

// pathsOf tells where references lead to; "" where they are null.
func pathsOf(t *testing.T, f *hdf5.File, path string) (list []uint64) {
	t.Helper()
	refs, err := hdf5.Read[datatype.Ref](context.Background(), lookUp(t, f, path).(*hdf5.Dataset))
	fatal(t, err)
	for _, r := range refs {
		target, err := f.Dereference(r)
		fatal(t, err)
		if target == nil {
			list = append(list, 0)
			continue
		}
		fatal(t, target.Err)
		list = append(list, target.Object.Address())
	}
	return list
}

func TestCopyLeadsReferencesToTheCopies(t *testing.T) {
	ctx := context.Background()
	for _, low := range bounds {
		src := scene(t, low)
		for _, expand := range []bool{false, true} {
			dst := emptyFile(t, low)
			fatal(t, dst.Copy(ctx, lookUp(t, src, "/g"), "/h", hdf5.CopyOptions{ExpandReferences: expand}))
			got := pathsOf(t, dst, "/h/refs")
			if got[0] != lookUp(t, dst, "/h/z").Address() || got[2] != lookUp(t, dst, "/h").Address() || (got[1] != 0) != expand {
				t.Errorf("expand %v: %x", expand, got)
			}
			n := 0
			for l, err := range lookUp(t, dst, "/").(*hdf5.Group).Links(ctx, hdf5.ByName) {
				fatal(t, err)
				if strings.HasPrefix(l.Name, "~obj_pointed_by_") && l.Address == got[1] {
					n++
				}
			}
			if n == 1 != expand {
				t.Errorf("expand %v: %d links to what a reference leads to", expand, n)
			}
			sound.File(t, dst, sound.Whole)
		}
		fatal(t, src.Copy(ctx, lookUp(t, src, "/g"), "/h", hdf5.CopyOptions{}))
		want := []uint64{lookUp(t, src, "/h/z").Address(), lookUp(t, src, "/outside").Address(), lookUp(t, src, "/h").Address()}
		if got := pathsOf(t, src, "/h/refs"); !slices.Equal(got, want) {
			t.Errorf("within a file: %x, want %x", got, want)
		}
		sound.File(t, src, sound.Whole)
	}
}

func TestCopyMovesChunksAsTheyAreStored(t *testing.T) {
	ctx := context.Background()
	src, dst := scene(t, hdf5.V110), emptyFile(t, hdf5.Earliest)
	d := lookUp(t, src, "/g/z").(*hdf5.Dataset)
	at := []uint64{16, 0}
	junk := []byte("what no filter made")
	fatal(t, d.WriteChunk(ctx, at, 2, junk))
	fatal(t, d.RemoveChunk(ctx, []uint64{0, 16}))
	fatal(t, dst.Copy(ctx, d, "/z", hdf5.CopyOptions{}))
	c := lookUp(t, dst, "/z").(*hdf5.Dataset)
	got, mask, err := c.ReadChunk(ctx, at, nil)
	if err != nil || mask != 2 || !bytes.Equal(got, junk) {
		t.Errorf("%q, mask %d, %v", got, mask, err)
	}
	if _, err := c.ChunkInfo([]uint64{0, 16}); !errors.Is(err, h5err.ErrNotFound) {
		t.Errorf("a chunk that was not there: %v", err)
	}
	info, err := c.ChunkInfo(at)
	if err != nil || info.Size != uint64(len(junk)) || info.FilterMask != 2 {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestChunkCallsRefuseWhatMakesNoSense(t *testing.T) {
	ctx := context.Background()
	f := scene(t, hdf5.V18)
	d := lookUp(t, f, "/g/z").(*hdf5.Dataset)
	for name, c := range map[string]struct {
		err, want error
	}{
		"between chunks":   {d.WriteChunk(ctx, []uint64{1, 0}, 0, []byte{1}), h5err.ErrSelection},
		"outside":          {d.WriteChunk(ctx, []uint64{48, 0}, 0, []byte{1}), h5err.ErrSelection},
		"rank":             {d.WriteChunk(ctx, []uint64{0}, 0, []byte{1}), h5err.ErrSelection},
		"mask":             {d.WriteChunk(ctx, []uint64{0, 0}, 8, []byte{1}), h5err.ErrSelection},
		"no bytes":         {d.WriteChunk(ctx, []uint64{0, 0}, 0, nil), h5err.ErrSelection},
		"unfiltered bytes": {d.WriteChunk(ctx, []uint64{0, 0}, 7, []byte{1}), h5err.ErrSelection},
		"not chunked":      {lookUp(t, f, "/outside").(*hdf5.Dataset).WriteChunk(ctx, []uint64{0}, 0, []byte{1}), h5err.ErrType},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
}

func TestAChunkThatIsWrittenOverIsReadAnew(t *testing.T) {
	ctx := context.Background()
	f := emptyFile(t, hdf5.V110)
	d, err := f.CreateDataset("/x", datatype.Float64(datatype.LittleEndian), []uint64{8}, hdf5.DatasetOptions{Chunk: []uint64{4}})
	fatal(t, err)
	for i := range byte(5) {
		fatal(t, d.WriteChunk(ctx, []uint64{4}, 0, bytes.Repeat([]byte{0, 0, 0, 0, 0, 0, i, 0x40}, 4)))
		got := make([]byte, 8)
		_, err := d.ReadRaw(ctx, got, hdf5.Sel("5"))
		fatal(t, err)
		if got[6] != i {
			t.Fatalf("chunk %d reads as %d", i, got[6])
		}
	}
}

func TestAFailedCopyLeavesNothing(t *testing.T) {
	src, dst := scene(t, hdf5.V110), emptyFile(t, hdf5.V110)
	ctx, cancel := context.WithCancel(context.Background())
	err := dst.Copy(ctx, lookUp(t, src, "/g"), "/h", hdf5.CopyOptions{Progress: func(done, total uint64) {
		if done > total/2 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, err := dst.Object("/h"); !errors.Is(err, h5err.ErrNotFound) {
		t.Errorf("the copy is there: %v", err)
	}
	fatal(t, dst.Flush(context.Background()))
	sound.File(t, dst, sound.Whole)
	ctx = context.Background()
	if err := dst.Copy(ctx, lookUp(t, src, "/g"), "/a/b", hdf5.CopyOptions{}); !errors.Is(err, h5err.ErrNotFound) {
		t.Errorf("no group above: %v", err)
	}
	fatal(t, dst.Copy(ctx, lookUp(t, src, "/g"), "/h", hdf5.CopyOptions{}))
	if err := dst.Copy(ctx, lookUp(t, src, "/g"), "/h", hdf5.CopyOptions{}); !errors.Is(err, h5err.ErrExists) {
		t.Errorf("a place that is taken: %v", err)
	}
	if err := dst.Copy(ctx, lookUp(t, src, "/"), "/", hdf5.CopyOptions{}); !errors.Is(err, h5err.ErrExists) {
		t.Errorf("a root group with members: %v", err)
	}
}

func TestCopyShallowAndWithLinksExpanded(t *testing.T) {
	ctx := context.Background()
	src, dst := scene(t, hdf5.V110), emptyFile(t, hdf5.V110)
	fatal(t, dst.Copy(ctx, lookUp(t, src, "/"), "/top", hdf5.CopyOptions{Shallow: true, NoAttributes: true}))
	if _, err := dst.Object("/top/g/z"); !errors.Is(err, h5err.ErrNotFound) {
		t.Errorf("below a member: %v", err)
	}
	lookUp(t, dst, "/top/outside")
	fatal(t, dst.Copy(ctx, lookUp(t, src, "/g"), "/h", hdf5.CopyOptions{ExpandSoft: true}))
	l, err := lookUp(t, dst, "/h").(*hdf5.Group).Link("soft")
	if err != nil || l.Kind != hdf5.HardLink {
		t.Errorf("%+v, %v", l, err)
	}
	if l, err = lookUp(t, dst, "/h").(*hdf5.Group).Link("ext"); err != nil || l.Kind != hdf5.ExternalLink {
		t.Errorf("an external link: %+v, %v", l, err)
	}
	if err := dst.Copy(ctx, lookUp(t, src, "/g"), "/i", hdf5.CopyOptions{ExpandExternal: true}); !errors.Is(err, h5err.ErrOutside) {
		t.Errorf("an external link that must not be followed: %v", err)
	}
	sound.File(t, dst, sound.Whole)
}

func TestRollbackGivesBackTheRootThatACopyReplaced(t *testing.T) {
	ctx := context.Background()
	src, dst := scene(t, hdf5.V18), emptyFile(t, hdf5.V18)
	fatal(t, dst.Flush(ctx))
	fatal(t, dst.Copy(ctx, lookUp(t, src, "/"), "/", hdf5.CopyOptions{}))
	lookUp(t, dst, "/g/z")
	fatal(t, dst.Rollback())
	if _, err := dst.Object("/g"); !errors.Is(err, h5err.ErrNotFound) {
		t.Errorf("after the rollback: %v", err)
	}
	fatal(t, dst.Copy(ctx, lookUp(t, src, "/"), "/", hdf5.CopyOptions{}))
	sound.File(t, dst, sound.Whole)
}

func TestUserBlockIsWrittenWithTheRest(t *testing.T) {
	f, err := hdf5.CreateMemory(hdf5.WithUserBlock(512))
	fatal(t, err)
	defer f.Close()
	fatal(t, f.WriteUserBlock([]byte("mine"), 500))
	if err := f.WriteUserBlock([]byte("mine"), 510); !errors.Is(err, h5err.ErrSelection) {
		t.Errorf("behind the end: %v", err)
	}
	image, err := f.Image(context.Background())
	fatal(t, err)
	r, err := hdf5.OpenBytes(image)
	fatal(t, err)
	defer r.Close()
	got := make([]byte, 16)
	if n, err := r.ReadUserBlock(got, 500); n != 12 || err != io.EOF || string(got[:4]) != "mine" {
		t.Errorf("%d, %v, %q", n, err, got)
	}
}
