package hdf5_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gables/hdf5"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
	"gables/internal/format"
)

// The 9th link makes a group dense, the 6th from above makes it compact again;
// a symbol table has nodes for 8 names and B-tree nodes for 32 of those.
func TestGroupsAreWrittenAcrossTheirThresholdsBothWays(t *testing.T) {
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		storage := func(g *hdf5.Group, want string) {
			t.Helper()
			if low == hdf5.Earliest {
				want = "symbol_table"
			}
			if s, err := g.Storage(); s != want || err != nil {
				t.Errorf("%s is %s, want %s: %v", g.Path(), s, want, err)
			}
		}
		sizes := []int{0, 1, 8, 9, 256, 257, 300}
		image := made(t, func(f *hdf5.File) {
			for _, n := range sizes {
				g := group(t, f, fmt.Sprintf("/n%03d", n), hdf5.GroupOptions{})
				for i := range n {
					group(t, f, g.Path()+"/"+shuffledName(i), hdf5.GroupOptions{})
					if i == 7 {
						storage(g, "compact")
					}
				}
				storage(g, map[bool]string{true: "dense", false: "compact"}[n > 8])
			}
		}, hdf5.WithLibver(low))
		f := openImage(t, image)
		for _, n := range sizes {
			g := created[*hdf5.Group](t)(f.Group(fmt.Sprintf("/n%03d", n)))
			var want []string
			for i := range n {
				want = append(want, shuffledName(i))
				if _, err := g.Group(shuffledName(i)); err != nil {
					t.Error(err)
				}
			}
			slices.Sort(want)
			if got := linkNames(t, g, hdf5.ByName); !slices.Equal(got, want) {
				t.Errorf("%d links: %v", n, got)
			}
		}
		image = changed(t, image, func(f *hdf5.File) {
			g := created[*hdf5.Group](t)(f.Group("/n257"))
			for i := range 257 - 5 {
				if i == 257-6 {
					storage(g, "dense")
				}
				fatal(t, g.Remove(shuffledName(i)))
			}
			storage(g, "compact")
		})
		g := created[*hdf5.Group](t)(openImage(t, image).Group("/n257"))
		if got := linkNames(t, g, hdf5.ByName); len(got) != 5 {
			t.Errorf("%v are left", got)
		}
		storage(g, "compact")
	})
}

// Attributes in version 2 headers always come with Attribute Info, without
// which libhdf5 counts none; beyond 8 they are dense.
func TestAttributesAreWrittenAcrossTheirThresholdsBothWays(t *testing.T) {
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		version, sizes := 2, []int{0, 1, 8, 9, 100}
		if low == hdf5.Earliest {
			version = 1
		}
		image := made(t, func(f *hdf5.File) {
			for _, n := range sizes {
				g := group(t, f, fmt.Sprintf("/n%d", n), hdf5.GroupOptions{})
				for i := range n {
					fatal(t, hdf5.SetAttribute(g, shuffledName(i), int32(i)))
				}
			}
		}, hdf5.WithLibver(low))
		for _, n := range sizes {
			path := fmt.Sprintf("/n%d", n)
			g := created[*hdf5.Group](t)(openImage(t, image).Group(path))
			if h := g.Header(); h.Version != version || h.DenseAttributes != (version == 2 && n > 8) {
				t.Errorf("%d attributes: %+v", n, h)
			}
			if h := rawHeader(t, image, path); has(h, format.MsgAttributeInfo) != (version == 2 && n > 0) {
				t.Errorf("%d attributes: Attribute Info is there: %v", n, has(h, format.MsgAttributeInfo))
			}
			for i := range n {
				if v, err := hdf5.AttributeValue[int32](g, shuffledName(i)); v != int32(i) || err != nil {
					t.Errorf("%s: %d, %v", shuffledName(i), v, err)
				}
			}
		}
		image = changed(t, image, func(f *hdf5.File) {
			g := created[*hdf5.Group](t)(f.Group("/n100"))
			for i := range 95 {
				fatal(t, g.RemoveAttribute(shuffledName(i)))
			}
		})
		g := created[*hdf5.Group](t)(openImage(t, image).Group("/n100"))
		if got := attributeNames(t, g); g.Header().DenseAttributes || len(got) != 5 {
			t.Errorf("%v are left, %+v", got, g.Header())
		}
	})
}

// A message has 16 bits for its size: what is longer is dense, and an error
// where there is no dense storage. Nothing is cut.
func TestTheByteBehindTheLastOfAMessageIsNotLost(t *testing.T) {
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		sizes := []int{65400, 65450, 65490, 65500, 65510, 65520, 65528, 65535, 65536, 65537, 100000}
		kept := map[int]bool{}
		image := made(t, func(f *hdf5.File) {
			for _, n := range sizes {
				g := group(t, f, fmt.Sprintf("/n%d", n), hdf5.GroupOptions{})
				err := hdf5.SetAttributeArray(g, "a", bytes.Repeat([]byte{byte(n)}, n), nil)
				if low == hdf5.Earliest && n > 65528-64 && errors.Is(err, h5err.ErrLimit) {
					continue
				}
				fatal(t, err)
				kept[n] = true
				fatal(t, hdf5.SetAttribute(g, "b", int32(n)))
			}
		}, hdf5.WithLibver(low))
		if len(kept) < 2 || low != hdf5.Earliest && len(kept) != len(sizes) {
			t.Errorf("only %v were written", kept)
		}
		f := openImage(t, image)
		for _, n := range sizes {
			g := created[*hdf5.Group](t)(f.Group(fmt.Sprintf("/n%d", n)))
			if !kept[n] {
				if got := attributeNames(t, g); len(got) > 0 {
					t.Errorf("what was refused is there: %v", got)
				}
				continue
			}
			a, err := g.Attribute("a")
			fatal(t, err)
			if !bytes.Equal(a.Bytes(), bytes.Repeat([]byte{byte(n)}, n)) {
				t.Errorf("%d bytes came back as %d", n, len(a.Bytes()))
			}
			if v, err := hdf5.AttributeValue[int32](g, "b"); v != int32(n) || err != nil {
				t.Errorf("%d, %v", v, err)
			}
		}
	})
}

// Version 3 names their character set: 0 for ASCII, 1 for UTF-8.
func TestAttributeNamesCarryTheirCharacterSet(t *testing.T) {
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		image := made(t, func(f *hdf5.File) {
			root := created[*hdf5.Group](t)(f.Root())
			fatal(t, hdf5.SetAttribute(root, "plain", int32(1)))
			fatal(t, hdf5.SetAttribute(root, "größe", int32(2)))
		}, hdf5.WithLibver(low))
		seen := 0
		for _, m := range rawHeader(t, image, "/").Messages {
			if m.Type != format.MsgAttribute {
				continue
			}
			seen++
			utf8 := bytes.Contains(m.Data, []byte("größe"))
			want := map[bool]uint8{true: 3, false: 1}[utf8 || low != hdf5.Earliest]
			if m.Data[0] != want {
				t.Errorf("version %d, want %d", m.Data[0], want)
			}
			if want == 3 && (m.Data[8] == 1) != utf8 {
				t.Errorf("UTF-8 is %v, the byte says %d", utf8, m.Data[8])
			}
		}
		if seen != 2 {
			t.Errorf("%d attribute messages", seen)
		}
	})
}

// The order of creation goes on behind the largest that there ever was, through
// dense storage and back, and a file that is opened again.
func TestTheOrderOfCreationIsWritten(t *testing.T) {
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		for _, o := range []hdf5.GroupOptions{{TrackOrder: true, TrackAttributes: true}, {TrackOrder: true, IndexOrder: true, TrackAttributes: true}} {
			var want []string
			add := func(g *hdf5.Group, i int) {
				want = append(want, shuffledName(i))
				group(t, g.File(), g.Path()+"/"+shuffledName(i), hdf5.GroupOptions{})
				fatal(t, hdf5.SetAttribute(g, shuffledName(i), int32(i)))
			}
			remove := func(g *hdf5.Group, k int) {
				fatal(t, g.Remove(want[k]))
				fatal(t, g.RemoveAttribute(want[k]))
				want = slices.Delete(want, k, k+1)
			}
			same := func(image []byte) {
				t.Helper()
				g := created[*hdf5.Group](t)(openImage(t, image).Group("/g"))
				if got := linkNames(t, g, hdf5.ByCreation); !slices.Equal(got, want) {
					t.Errorf("links %v, want %v", got, want)
				}
				if got := attributeNames(t, g); !slices.Equal(got, want) {
					t.Errorf("attributes %v, want %v", got, want)
				}
			}
			image := made(t, func(f *hdf5.File) {
				g := group(t, f, "/g", o)
				for i := range 30 {
					add(g, i)
				}
				remove(g, 29)
				remove(g, 3)
			}, hdf5.WithLibver(low))
			same(image)
			image = changed(t, image, func(f *hdf5.File) {
				g := created[*hdf5.Group](t)(f.Group("/g"))
				for len(want) > 4 {
					remove(g, len(want)/2)
				}
				add(g, 100)
			})
			same(image)
			image = changed(t, image, func(f *hdf5.File) {
				g := created[*hdf5.Group](t)(f.Group("/g"))
				for i := range 20 {
					add(g, 200+i)
				}
			})
			same(image)
		}
	})
}

// Version 2 headers have a reference count message where the count is not 1, and
// none where it is.
func TestReferenceCountsAreWrittenWhereTheyAreNotOne(t *testing.T) {
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		counts := func(image []byte, path string, want int) {
			t.Helper()
			o, err := openImage(t, image).Object(path)
			fatal(t, err)
			if o.References() != want {
				t.Errorf("%s has %d references, want %d", path, o.References(), want)
			}
			if h := rawHeader(t, image, path); has(h, format.MsgRefCount) != (h.Version == 2 && want != 1) {
				t.Errorf("%d references: message %v in version %d", want, has(h, format.MsgRefCount), h.Version)
			}
		}
		image := made(t, func(f *hdf5.File) {
			g := group(t, f, "/a", hdf5.GroupOptions{})
			fatal(t, f.CreateHardLink("/b", g, hdf5.LinkOptions{}))
			fatal(t, f.CreateHardLink("/c", g, hdf5.LinkOptions{}))
			growing(t, f, "/x", 4)
		}, hdf5.WithLibver(low))
		counts(image, "/a", 3)
		counts(image, "/x", 1)
		counts(image, "/", 1)
		image = changed(t, image, func(f *hdf5.File) {
			fatal(t, f.Remove("/a"))
			fatal(t, f.Remove("/c"))
		})
		counts(image, "/b", 1)
		image = changed(t, image, func(f *hdf5.File) { fatal(t, f.Remove("/b")) })
		if _, err := openImage(t, image).Object("/b"); !errors.Is(err, h5err.ErrNotFound) {
			t.Error(err)
		}
	})
}

// Soft links of symbol tables have cache type 2 and their path in the heap: they
// outlive every change of the group, and that of its style.
func TestSoftLinksOfOldGroupsAreKept(t *testing.T) {
	image := changed(t, trapImage(t, "groups_old"), func(f *hdf5.File) {
		for i := range 200 {
			fatal(t, f.CreateSoftLink("/n300/"+shuffledName(i), fmt.Sprintf("/target/%d", i), hdf5.LinkOptions{}))
		}
		for i := range 150 {
			fatal(t, f.Remove("/n300/"+shuffledName(i)))
		}
		fatal(t, f.Move("/n300/"+shuffledName(150), "/n300/moved", hdf5.LinkOptions{}))
	})
	image = changed(t, image, func(f *hdf5.File) {
		fatal(t, f.CreateExternalLink("/n300/out", "other.h5", "/x", hdf5.LinkOptions{}))
	})
	targets := func(image []byte) map[string]string {
		g := created[*hdf5.Group](t)(openImage(t, image).Group("/n300"))
		m := map[string]string{}
		for l, err := range g.Links(context.Background(), hdf5.ByName) {
			fatal(t, err)
			if l.Kind == hdf5.SoftLink {
				m[l.Name] = l.Target
			}
		}
		return m
	}
	want := targets(trapImage(t, "groups_old"))
	if len(want) == 0 {
		t.Fatal("the file has no soft links")
	}
	for i := 151; i < 200; i++ {
		want[shuffledName(i)] = fmt.Sprintf("/target/%d", i)
	}
	want["moved"] = "/target/150"
	got := targets(image)
	for name, target := range want {
		if got[name] != target {
			t.Errorf("%s leads to %q, want %q", name, got[name], target)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d soft links, want %d", len(got), len(want))
	}
}

// Names are bytes and sort as such, not as letters or numbers do.
func TestNamesOfAnyBytesAreFound(t *testing.T) {
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		var names []string
		for c := 1; c < 256; c++ {
			if c != '/' && c != '.' {
				names = append(names, string([]byte{byte(c)}), string([]byte{byte(256 - c), byte(c)}))
			}
		}
		names = slices.DeleteFunc(names, func(s string) bool { return strings.Contains(s, "/") || s == "." })
		names = append(names, "..", "Z", "a", "z\x00"[:1]+"\xff\xfe", strings.Repeat("long", 60), strings.Repeat("é", 40000))
		slices.Sort(names)
		names = slices.Compact(names)
		image := made(t, func(f *hdf5.File) {
			g := group(t, f, "/g", hdf5.GroupOptions{})
			for i := range names {
				fatal(t, f.CreateSoftLink("/g/"+names[i*101%len(names)], fmt.Sprint(i*101%len(names)), hdf5.LinkOptions{}))
			}
			if low != hdf5.Earliest {
				return
			}
			for i := range 30 {
				fatal(t, g.Rename(names[i], names[i]+" new"))
				fatal(t, g.Rename(names[i]+" new", names[i]))
			}
		}, hdf5.WithLibver(low))
		g := created[*hdf5.Group](t)(openImage(t, image).Group("/g"))
		if got := linkNames(t, g, hdf5.ByName); !slices.Equal(got, names) {
			t.Errorf("%d names, want %d, or in another order", len(got), len(names))
		}
		for i, name := range names {
			if l, err := g.Link(name); err != nil || l.Target != fmt.Sprint(i) {
				t.Errorf("%.20q leads to %q: %v", name, l.Target, err)
			}
		}
	})
}

// A group may lead to itself or to one above: deleting ends, takes what nothing
// leads to, and nothing else.
func TestCyclesOfHardLinksAreDeleted(t *testing.T) {
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		image := made(t, func(f *hdf5.File) {
			root := created[*hdf5.Group](t)(f.Root())
			a := group(t, f, "/a", hdf5.GroupOptions{})
			b := group(t, f, "/a/b", hdf5.GroupOptions{})
			_, err := hdf5.Append(context.Background(), growing(t, f, "/a/b/x", 8), numbered[float64](100))
			fatal(t, err)
			growing(t, f, "/kept", 8)
			fatal(t, f.CreateHardLink("/a/b/root", root, hdf5.LinkOptions{}))
			fatal(t, f.CreateHardLink("/a/b/up", a, hdf5.LinkOptions{}))
			fatal(t, f.CreateHardLink("/a/b/self", b, hdf5.LinkOptions{}))
			fatal(t, f.CreateHardLink("/a/kept", created[*hdf5.Dataset](t)(f.Dataset("/kept")), hdf5.LinkOptions{}))
		}, hdf5.WithLibver(low))
		image = changed(t, image, func(f *hdf5.File) {
			fatal(t, f.Remove("/a/b/self"))
			fatal(t, f.Remove("/a/b/up"))
			fatal(t, f.Remove("/a"))
		})
		f := openImage(t, image)
		root := created[*hdf5.Group](t)(f.Root())
		if got := linkNames(t, root, hdf5.ByName); !slices.Equal(got, []string{"kept"}) || root.References() != 1 {
			t.Errorf("%v are left, %d references to the root", got, root.References())
		}
		if n := dataset(t, f, "/kept").References(); n != 1 {
			t.Errorf("%d references to what is kept", n)
		}
	})
}

// A cycle that nothing leads to keeps its space, as with libhdf5; it does no
// harm.
func TestACycleThatIsCutOffDoesNoHarm(t *testing.T) {
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		w, err := hdf5.CreateMemory(hdf5.WithLibver(low))
		fatal(t, err)
		a := group(t, w, "/a", hdf5.GroupOptions{})
		fatal(t, w.CreateHardLink("/a/self", a, hdf5.LinkOptions{}))
		fatal(t, w.Remove("/a"))
		group(t, w, "/a", hdf5.GroupOptions{})
		_, err = hdf5.Append(context.Background(), growing(t, w, "/a/x", 8), numbered[float64](1000))
		fatal(t, err)
		image, err := w.Image(context.Background())
		fatal(t, err)
		fatal(t, w.Close())
		f := openImage(t, image)
		if r := undamaged(t, f); r.Unaccounted == 0 || r.Unaccounted > 4096 {
			t.Errorf("%d bytes are unaccounted for", r.Unaccounted)
		}
		equal(t, dataset(t, f, "/a/x"), numbered[float64](1000))
	})
}

// A count that is too small must not give an object back twice, nor while
// something leads to it.
func TestWrongReferenceCountsGiveNothingAwayTwice(t *testing.T) {
	image := made(t, func(f *hdf5.File) {
		group(t, f, "/g", hdf5.GroupOptions{})
		d := growing(t, f, "/g/x", 8)
		_, err := hdf5.Append(context.Background(), d, numbered[float64](100))
		fatal(t, err)
		fatal(t, f.CreateHardLink("/g/y", d, hdf5.LinkOptions{}))
		fatal(t, f.CreateHardLink("/g/z", d, hdf5.LinkOptions{}))
	})
	at := dataset(t, openImage(t, image), "/g/x").Address()
	if image[at] != 1 || image[at+4] != 3 {
		t.Fatalf("version %d, %d references", image[at], image[at+4])
	}
	image[at+4] = 1
	f, err := hdf5.OpenImage(image)
	fatal(t, err)
	defer f.Close()
	if err := f.Remove("/g"); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("removing the group: %v", err)
	}
	equal(t, dataset(t, f, "/g/y"), numbered[float64](100))
}

// Variable-length attributes have their objects in global heaps, and give them
// back; libhdf5 writes a reference count of 0 there and never looks at it.
func TestVariableLengthAttributesHaveTheirHeapObjects(t *testing.T) {
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		texts := []string{"", "one", strings.Repeat("two ", 300), "three"}
		image := made(t, func(f *hdf5.File) {
			root := created[*hdf5.Group](t)(f.Root())
			for i := range 12 {
				fatal(t, hdf5.SetAttributeAs(root, fmt.Sprintf("a%02d", i), datatype.VLString(datatype.UTF8), texts, []uint64{4}))
			}
			fatal(t, root.RemoveAttribute("a03"))
		}, hdf5.WithLibver(low))
		root := created[*hdf5.Group](t)(openImage(t, image).Root())
		for _, name := range attributeNames(t, root) {
			a, err := root.Attribute(name)
			fatal(t, err)
			if v, err := a.Any(); err != nil || fmt.Sprint(v) != fmt.Sprint(texts) {
				t.Errorf("%s: %v, %v", name, v, err)
			}
		}
		if n := len(attributeNames(t, root)); n != 11 {
			t.Errorf("%d attributes", n)
		}
		at := bytes.Index(image, []byte("GCOL"))
		if at < 0 || !bytes.Equal(image[at+16:at+24], []byte{1, 0, 0, 0, 0, 0, 0, 0}) {
			t.Errorf("the first heap object begins with % x", image[at+16:at+24])
		}
	})
}

// Links that can't be decoded any more are not lost when a group becomes compact:
// the change is refused.
func TestDamagedLinksAreNotDroppedByAnEdit(t *testing.T) {
	ctx := context.Background()
	image := made(t, func(f *hdf5.File) {
		for i := range 9 {
			fatal(t, f.CreateSoftLink("/"+shuffledName(i), fmt.Sprintf("target %d", i), hdf5.LinkOptions{}))
		}
	}, hdf5.WithLibver(hdf5.V18))
	at := bytes.Index(image, []byte("n000")) - 2 // type, length of the name
	if at < 0 || image[at] != 1 {
		t.Fatalf("the bytes before the name are % x", image[at-2:at+2])
	}
	image[at] = 200 // the type of the link
	f, err := hdf5.OpenImage(image)
	fatal(t, err)
	defer f.Close()
	var refused error
	for i := 8; i > 0 && refused == nil; i-- {
		refused = f.Remove("/" + shuffledName(i))
	}
	if refused == nil {
		t.Error("the group is compact now")
	}
	g := created[*hdf5.Group](t)(f.Root())
	if s, err := g.Storage(); s != "dense" || err != nil {
		t.Errorf("%s, %v", s, err)
	}
	fatal(t, f.Flush(ctx))
}
