//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"gables/hdf5"
)

// largeGroup is a group with many links, and those that it must have.
type largeGroup struct {
	t    *testing.T
	name string // of the file
	low  hdf5.Libver
	has  [110_000]bool
}

func linkName(i int) string { return fmt.Sprintf("n%06d", i) }

// gables adds or removes links in one transaction.
func (g *largeGroup) gables(from, to, step int, add bool) {
	g.t.Helper()
	f, err := hdf5.OpenFile(g.name, hdf5.ModeAppend, hdf5.WithLibver(g.low), hdf5.WithDurability(hdf5.NoDurability))
	must(g.t, err)
	target, err := f.Dataset("/target")
	if err != nil {
		target, err = f.CreateDataset("/target", int32le, nil, hdf5.DatasetOptions{})
		must(g.t, err)
		_, err = f.CreateGroup("/many", hdf5.GroupOptions{})
		must(g.t, err)
	}
	for i := from; i < to; i += step {
		path := "/many/" + linkName(i)
		switch {
		case !add:
			err = f.Remove(path)
		case i%3 == 0:
			err = f.CreateSoftLink(path, "/target", hdf5.LinkOptions{})
		default:
			err = f.CreateHardLink(path, target, hdf5.LinkOptions{})
		}
		must(g.t, err)
		g.has[i] = add
	}
	must(g.t, f.Close())
}

// h5py does the same.
func (g *largeGroup) h5py(from, to, step int, add bool) {
	g.t.Helper()
	what := map[bool]string{true: "add", false: "remove"}[add]
	for i := from; i < to; i += step {
		g.has[i] = add
	}
	g.holds(fmt.Sprint(from), fmt.Sprint(to), fmt.Sprint(step), what)
}

// holds asks h5py, after a change by it if there is one.
func (g *largeGroup) holds(change ...string) {
	g.t.Helper()
	var got struct {
		Links      int      `json:"links"`
		SHA256     string   `json:"sha256"`
		Missing    []string `json:"missing"`
		Storage    string   `json:"storage"`
		References int      `json:"references"`
	}
	must(g.t, json.Unmarshal(python(g.t, append([]string{"large_group.py", g.name, "/many"}, change...)...), &got))
	var names []string
	references := 1
	for i, has := range g.has {
		if has {
			names = append(names, linkName(i))
			if i%3 != 0 {
				references++
			}
		}
	}
	storage := "table"
	if g.low > hdf5.Earliest {
		storage = map[bool]string{true: "dense", false: "compact"}[len(names) > 8]
	}
	if got.Links != len(names) || got.SHA256 != sum([]byte(strings.Join(names, "\n"))) || len(got.Missing) > 0 || got.Storage != storage || got.References != references {
		g.t.Errorf("%s after %v: h5py finds %+v, want %d links, %d references, %s", filepath.Base(g.name), change, got, len(names), references, storage)
	}
}

// TestGroupsOf100000LinksChangeHands fills a group, has h5py and gables add and
// remove in turn, and empties it below the thresholds.
func TestGroupsOf100000LinksChangeHands(t *testing.T) {
	for _, low := range []hdf5.Libver{hdf5.Earliest, hdf5.V18} {
		t.Run(low.String(), func(t *testing.T) {
			t.Parallel()
			g := &largeGroup{t: t, name: filepath.Join(t.TempDir(), "large.h5"), low: low}
			g.gables(0, 100_000, 1, true)
			g.holds()
			g.h5py(5, 100_000, 10, false)
			g.h5py(100_000, 103_000, 1, true)
			g.gables(103_000, 110_000, 1, true)
			g.gables(3, 100_000, 10, false)
			g.h5py(7, 100_000, 100, false)
			g.gables(7, 100_000, 100, true)
			g.holds()
			g.empty(12)
			g.holds()
			g.empty(5)
			g.holds()
			g.h5py(50_000, 50_010, 1, true)
			g.gables(60_000, 60_020, 1, true)
			g.holds()
		})
	}
}

// empty removes all links but n.
func (g *largeGroup) empty(n int) {
	g.t.Helper()
	must(g.t, hdf5.Update(g.name, func(f *hdf5.File) error {
		left := 0
		for _, has := range g.has {
			if has {
				left++
			}
		}
		for i := 0; left > n; i++ {
			if !g.has[i] {
				continue
			}
			if err := f.Remove("/many/" + linkName(i)); err != nil {
				return err
			}
			g.has[i] = false
			left--
		}
		return nil
	}))
}
