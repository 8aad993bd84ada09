package digest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// corpusDir is a folder of files that others made, each with the manifest that
// libhdf5 gives; it is not part of the project.
func corpusDir(t *testing.T) string {
	t.Helper()
	shared := os.Getenv("GABLES_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "shared")
	}
	dir := filepath.Join(shared, "corpus")
	if _, err := os.Stat(filepath.Join(dir, "manifests")); err != nil {
		t.Skipf("no corpus: %v (GABLES_SHARED names the folder that holds corpus/)", err)
	}
	return dir
}

// bySource lists the files below a folder of the corpus by their first folder.
func bySource(t *testing.T, dir, suffix string) map[string][]string {
	t.Helper()
	list := map[string][]string{}
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(p, suffix) {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		source, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		list[source] = append(list[source], strings.TrimSuffix(rel, suffix))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// shortSources are enough for a quick run.
var shortSources = map[string]bool{"h5py": true, "pyfive": true, "jhdf": true, "purehdf": true, "pytables": true}

func TestCorpusHasTheReferencesManifests(t *testing.T) {
	dir := corpusDir(t)
	for source, files := range bySource(t, filepath.Join(dir, "manifests"), ".json") {
		if testing.Short() && !shortSources[source] {
			continue
		}
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			for _, rel := range files {
				compareFile(t, dir, rel)
			}
		})
	}
}

// tooLong is what no file may take.
const tooLong = 10 * time.Second

func digestInTime(t *testing.T, path, rel string) *Manifest {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), tooLong)
	defer cancel()
	m, _ := Path(ctx, path, Options{}) // the error is in m
	if ctx.Err() != nil {
		t.Errorf("%s: no answer in %v", rel, tooLong)
	}
	return m
}

func TestMalformedFilesEndInTime(t *testing.T) {
	dir := filepath.Join(corpusDir(t), "malformed")
	for source, files := range bySource(t, dir, "") {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			for _, rel := range files {
				m := digestInTime(t, filepath.Join(dir, rel), rel)
				if m == nil || m.Error == "" && len(m.Objects) == 0 {
					t.Errorf("%s: neither objects nor an error", rel)
				}
			}
		})
	}
}

func compareFile(t *testing.T, dir, rel string) {
	file := filepath.Join(dir, "visible", rel)
	if _, err := os.Stat(file); err != nil {
		return
	}
	text, err := os.ReadFile(filepath.Join(dir, "manifests", rel+".json"))
	if err != nil {
		t.Error(err)
		return
	}
	mine, err := json.Marshal(digestInTime(t, file, rel))
	if err != nil {
		t.Error(err)
		return
	}
	c := comparison{report: func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s: %s", rel, fmt.Sprintf(format, args...))
	}}
	c.manifests(parse(t, text), parse(t, mine))
}

type object = map[string]any

func parse(t *testing.T, b []byte) object {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var m object
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m
}

// comparison holds the rules of the corpus's compare.py: where the reference
// has an error any clean answer is right.
type comparison struct {
	report func(format string, args ...any)
}

func (c *comparison) check(where string, want, got any) {
	if !reflect.DeepEqual(want, got) {
		c.report("%s: want %s got %s", where, brief(want), brief(got))
	}
}

func brief(v any) string {
	s := fmt.Sprint(v)
	return s[:min(len(s), 200)]
}

func items(o object, key string) []object {
	var list []object
	values, _ := o[key].([]any)
	for _, v := range values {
		list = append(list, v.(object))
	}
	return list
}

func (c *comparison) manifests(want, got object) {
	if want["objects"] == nil {
		return
	}
	if got["objects"] == nil {
		c.report("does not open: %v", got["error"])
		return
	}
	ws, _ := want["superblock"].(object)
	gs, _ := got["superblock"].(object)
	for _, k := range []string{"version", "userblock", "sizeof_addr", "sizeof_size"} {
		c.check("superblock "+k, ws[k], gs[k])
	}
	have := map[any]object{}
	var order, wantOrder []any
	for _, o := range items(want, "objects") {
		if o["error"] == nil {
			wantOrder = append(wantOrder, o["path"])
			have[o["path"]] = nil
		}
	}
	for _, o := range items(got, "objects") {
		if _, ok := have[o["path"]]; ok {
			order = append(order, o["path"])
		}
		have[o["path"]] = o
	}
	c.check("paths in order", wantOrder, order)
	for _, w := range items(want, "objects") {
		if w["error"] == nil || w["type"] == "dataset" {
			c.objects(w, have[w["path"]])
		}
	}
}

func (c *comparison) objects(w, g object) {
	p := fmt.Sprint(w["path"])
	if g == nil {
		c.report("%s is absent", p)
		return
	}
	c.check(p, []any{w["type"], w["refcount"]}, []any{g["type"], g["refcount"]})
	switch w["type"] {
	case "group":
		c.check(p+" storage", w["storage"], g["storage"])
		c.check(p+" links", links(w), links(g))
	case "dataset":
		c.dataset(p, w, g)
		fallthrough
	default:
		c.check(p+" dtype", trim(w["dtype"]), trim(g["dtype"]))
	}
	if w["attrs_error"] == nil {
		c.attributes(p, w, g)
	}
}

func links(o object) []any {
	var list []any
	for _, l := range items(o, "links") {
		if l["error"] != nil {
			continue
		}
		target := l["object"]
		if l["kind"] != "hard" {
			target = nil
		}
		list = append(list, []any{l["name"], l["kind"], target, l["target"], l["file"], l["data"]})
	}
	return list
}

func (c *comparison) dataset(p string, w, g object) {
	for _, k := range []string{"space", "shape", "maxshape", "layout", "chunk", "external", "virtual", "fill"} {
		c.check(p+" "+k, w[k], g[k])
	}
	filters := func(o object) (list []any) {
		for _, f := range items(o, "filters") {
			list = append(list, []any{f["id"], f["flags"], f["cd_values"]})
		}
		return list
	}
	c.check(p+" filters", filters(w), filters(g))
	switch {
	case w["error"] != nil:
	case w["skipped"] != nil:
		c.check(p+" corner", valueOf(w["corner"]), valueOf(g["corner"]))
	default:
		c.check(p+" value", valueOf(w["value"]), valueOf(g["value"]))
	}
}

func valueOf(v any) any {
	o, ok := v.(object)
	if !ok {
		return nil
	}
	return []any{o["nelem"], o["nbytes"], o["sha256"]}
}

func (c *comparison) attributes(p string, w, g object) {
	have, names, wantNames := map[any]object{}, []any(nil), []any(nil)
	for _, a := range items(g, "attrs") {
		names, have[a["name"]] = append(names, a["name"]), a
	}
	for _, a := range items(w, "attrs") {
		wantNames = append(wantNames, a["name"])
	}
	c.check(p+" attrs", wantNames, names)
	for _, a := range items(w, "attrs") {
		b := have[a["name"]]
		if a["error"] != nil || b == nil {
			continue
		}
		at := fmt.Sprintf("%s@%v", p, a["name"])
		c.check(at, []any{a["space"], a["shape"], trim(a["dtype"])}, []any{b["space"], b["shape"], trim(b["dtype"])})
		c.check(at+" value", valueOf(a["value"]), valueOf(b["value"]))
	}
}

// trim leaves out what is advisory.
func trim(v any) any {
	switch v := v.(type) {
	case object:
		o := object{}
		for k, x := range v {
			if k != "canon" {
				o[k] = trim(x)
			}
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = trim(v[i])
		}
		return list
	}
	return v
}
