//go:build interop

package interop

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"gables/digest"
	"gables/hdf5"
	"gables/hdf5/datatype"
	"gables/hdf5/filter"
)

var bg = context.Background()

// expected is what all witnesses must find in a file, by path.
type expected struct {
	name    string // of the file
	objects map[string]*thing
	aliases map[string]*thing // by the other paths that lead to them
	packs   map[string]int    // datasets whose chunks went through all filters of a pack, by its name
}

// thing is an object: facts as tell_file.py words them, and what the other
// witnesses need to know.
type thing struct {
	facts map[string]string
	kind  kind
	plan  plan
	pack  pack
	shape []uint64
	want  [][]byte // elements, as cells.want

	changed bool               // made by whom the turn was: how it is stored is theirs
	loose   bool               // PyTables keeps attributes of its own
	applied map[filter.ID]bool // filters that a chunk went through
}

// told is a line of tell_file.py.
type told struct {
	File       string            `json:"file"`
	Path       string            `json:"path"`
	Facts      map[string]string `json:"facts"`
	Value      string            `json:"value"` // SHA-256 of a dataset's canonical bytes
	Attributes map[string]string `json:"attributes"`
	Error      string            `json:"error"`
}

// lines decodes what a script prints, by file.
func lines[T any](t *testing.T, out []byte, file func(T) string) map[string][]T {
	t.Helper()
	by := map[string][]T{}
	for dec := json.NewDecoder(bufio.NewReader(bytes.NewReader(out))); dec.More(); {
		var l T
		must(t, dec.Decode(&l))
		by[file(l)] = append(by[file(l)], l)
	}
	return by
}

// h5pyTells asks h5py for all that there is in files.
func h5pyTells(t *testing.T, dir string, names ...string) map[string][]told {
	t.Helper()
	return lines(t, python(t, append([]string{"tell_file.py", dir}, names...)...), func(l told) string { return l.File })
}

// faults collects differences of a file.
type faults struct {
	t     *testing.T
	mu    sync.Mutex
	name  string
	count int
}

func (f *faults) add(path, format string, args ...any) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count++; f.count <= maxFaults {
		f.t.Errorf("%s %s: %s", f.name, path, fmt.Sprintf(format, args...))
	} else if f.count == maxFaults+1 {
		f.t.Errorf("%s: and more", f.name)
	}
}

// tablesOwn are the attributes that PyTables gives to what it makes.
var tablesOwn = map[string]bool{"CLASS": true, "VERSION": true, "TITLE": true, "EXTDIM": true, "FLAVOR": true,
	"PYTABLES_FORMAT_VERSION": true}

// hold compares what h5py tells with what is expected; it gives the number of
// facts that agree.
func (e *expected) hold(t *testing.T, list []told) (facts int) {
	t.Helper()
	f := &faults{t: t, name: e.name}
	seen := map[string]bool{}
	for _, l := range list {
		seen[l.Path] = true
		o := e.objects[l.Path]
		switch {
		case o == nil:
			f.add(l.Path, "is not expected %s", l.Error)
		case (l.Error != "") != (h5pyCannot(o) != ""):
			f.add(l.Path, "h5py: error %q, reason %q", l.Error, h5pyCannot(o))
		case l.Error != "":
		default:
			facts += o.hold(f, l)
		}
	}
	for path := range e.objects {
		if !seen[path] {
			f.add(path, "h5py does not find it")
		}
	}
	return facts
}

func (o *thing) hold(f *faults, l told) (agree int) {
	f.t.Helper()
	for name, want := range o.facts {
		got, ok := l.Facts[name]
		switch {
		case want == "" && !ok, got == want:
			agree++
		case !ok:
			f.add(l.Path, "no %s; want %s", name, want)
		default:
			f.add(l.Path, "%s is %s, want %s", name, got, want)
		}
	}
	for name, got := range l.Facts {
		_, ok := o.facts[name]
		switch {
		case ok:
		case name == "chunks": // held against the reader
		case o.loose && tablesOwn[strings.TrimPrefix(name, "attribute ")]:
		case o.changed && slices.Contains([]string{"layout", "filters", "fill", "when", "index"}, name):
		default:
			f.add(l.Path, "%s is %s, which is not expected", name, got)
		}
	}
	return agree
}

// reads holds gables' own reader against h5py: values, attributes, chunks. It
// checks the structures of the file as well.
func reads(t *testing.T, dir, name string, list []told) {
	t.Helper()
	file, err := hdf5.Open(filepath.Join(dir, name))
	must(t, err)
	defer func() { must(t, file.Close()) }()
	m, err := digest.File(t.Context(), file, digest.Options{})
	must(t, err)
	objects := map[string]*digest.Object{}
	for _, o := range m.Objects {
		objects[o.Path] = o
	}
	f := &faults{t: t, name: name}
	r, err := hdf5.Check(bg, file, hdf5.CheckOptions{})
	must(t, err)
	for _, x := range r.Findings {
		if x.Severity != hdf5.Note {
			f.add(x.Path, "check: %+v", x)
		}
	}
	for _, l := range list {
		o := objects[l.Path]
		if o == nil {
			f.add(l.Path, "gables does not find it")
			continue
		}
		delete(objects, l.Path)
		readsObject(f, file, o, l)
	}
	for path := range objects {
		f.add(path, "gables alone finds it")
	}
}

func readsObject(f *faults, file *hdf5.File, o *digest.Object, l told) {
	f.t.Helper()
	if o.Error != "" {
		f.add(l.Path, "gables: %s", o.Error)
	}
	if l.Value != "" && (o.Value == nil || o.Value.SHA256 != l.Value) {
		f.add(l.Path, "gables reads another value: %s", o.Error)
	}
	for _, a := range o.Attributes {
		if want := l.Attributes[a.Name]; a.Value == nil || a.Value.SHA256 != want {
			f.add(l.Path, "gables reads another value of attribute %q: %s", a.Name, a.Error)
		}
	}
	if len(o.Attributes) != len(l.Attributes) {
		f.add(l.Path, "gables has %d attributes, h5py %d", len(o.Attributes), len(l.Attributes))
	}
	if want := l.Facts["chunks"]; want != "" {
		d, err := file.Dataset(l.Path)
		if err != nil {
			f.add(l.Path, "%v", err)
			return
		}
		if got := chunksOf(f, d); got != want {
			f.add(l.Path, "gables has chunks %s, h5py %s", got, want)
		}
	}
}

// chunksOf words the chunks as tell_file.py does.
func chunksOf(f *faults, d *hdf5.Dataset) string {
	l, err := d.Layout()
	if err != nil {
		f.add(d.Path(), "%v", err)
	}
	placed := l.Index != "extensible_array" || d.Space().MaxDims[0] == unlimited
	var list []string
	err = d.Chunks(bg, func(c hdf5.Chunk) error {
		place := "?"
		if placed {
			place = numbers64(c.Offset)
		}
		list = append(list, fmt.Sprintf("%s: %d %x\n", place, c.Size, c.FilterMask))
		return nil
	})
	if err != nil {
		f.add(d.Path(), "%v", err)
	}
	slices.Sort(list)
	return fmt.Sprintf("%d %s", len(list), sum([]byte(strings.Join(list, ""))))
}

func numbers64(list []uint64) string {
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = fmt.Sprint(n)
		if n == unlimited {
			words[i] = "unlimited"
		}
	}
	return strings.Join(words, " ")
}

// orderName is h5py's byte order; bytes alone have none.
func orderName(t *datatype.Datatype) string {
	if t.Order == bigEndian {
		return "be"
	}
	return "le"
}

// typeText words a datatype as tell_file.py does.
func typeText(t *datatype.Datatype) string {
	star := ""
	if t.Committed != 0 {
		star = "*"
	}
	number := fmt.Sprintf("%d %s %d %d", t.Size, orderName(t), t.Precision, t.BitOffset)
	switch t.Class {
	case datatype.Integer:
		return star + "int " + number + map[bool]string{true: " signed", false: " unsigned"}[t.Signed]
	case datatype.Bitfield:
		return star + "bits " + number
	case datatype.Time:
		return star + fmt.Sprintf("time %d %s", t.Size, orderName(t))
	case datatype.Float:
		norm := map[datatype.Normalization]string{datatype.NormNone: "none", datatype.NormMSBSet: "msbset", datatype.NormImplied: "implied"}[t.Norm]
		return star + fmt.Sprintf("float %s %d %d %d %d %d %d %s", number, t.SignPos, t.ExpPos, t.ExpSize, t.MantPos, t.MantSize, t.Bias, norm)
	case datatype.String:
		return star + stringText(t)
	case datatype.Opaque:
		return star + fmt.Sprintf("opaque %d %s", t.Size, t.Tag)
	case datatype.Array:
		return star + "array[" + strings.ReplaceAll(strings.Trim(fmt.Sprint(t.Dims), "[]"), " ", ", ") + "](" + typeText(t.Base) + ")"
	case datatype.VLen:
		return star + "vlen(" + typeText(t.Base) + ")"
	case datatype.Reference:
		return star + map[datatype.ReferenceKind]string{datatype.ObjectReference: "ref object", datatype.RegionReference: "ref region"}[t.RefKind]
	}
	return star + membersText(t)
}

func stringText(t *datatype.Datatype) string {
	set := map[datatype.Charset]string{datatype.ASCII: "ascii", datatype.UTF8: "utf8"}[t.Charset]
	if t.Variable {
		return "string variable " + set
	}
	pad := map[datatype.StringPad]string{datatype.NullTerm: "term", datatype.NullPad: "null", datatype.SpacePad: "space"}[t.Pad]
	return fmt.Sprintf("string %d %s %s", t.Size, pad, set)
}

func membersText(t *datatype.Datatype) string {
	var list []string
	if t.Class == datatype.Enum {
		for _, m := range t.Enum {
			list = append(list, fmt.Sprintf("%s=%d", m.Name, enumValue(t, m)))
		}
		return fmt.Sprintf("enum(%s){%s}", typeText(t.Base), strings.Join(list, ","))
	}
	shift := 0
	for _, m := range t.Members {
		list = append(list, fmt.Sprintf("%s@%d:%s", m.Name, m.Offset+shift, typeText(m.Type)))
		shift += inMemory(m.Type) - m.Type.Size
	}
	return fmt.Sprintf("compound %d{%s}", inMemory(t), strings.Join(list, ","))
}

// inMemory is the size that libhdf5 gives to a type once it has been read:
// pointers stand for what lies in heaps.
func inMemory(t *datatype.Datatype) int {
	switch {
	case t.Class == datatype.VLen:
		return 16
	case t.Variable:
		return 8
	case t.Class == datatype.Array:
		return t.Size / t.Base.Size * inMemory(t.Base)
	}
	size := t.Size
	for _, m := range t.Members {
		size += inMemory(m.Type) - m.Type.Size
	}
	return size
}

// spaceText words a dataspace as tell_file.py does.
func spaceText(shape, most []uint64) string {
	switch {
	case isNull(shape):
		return "null"
	case shape == nil:
		return "scalar"
	case most == nil:
		most = shape
	}
	return numbers64(shape) + " of " + numbers64(most)
}

// valueText is the fact about elements.
func valueText(linked bool, want [][]byte) string {
	s := sum(bytes.Join(want, nil))
	if linked {
		return "canonical " + s
	}
	return "stored " + s
}

// attributeText is the fact about an attribute.
func attributeText(k kind, t *datatype.Datatype, shape []uint64, want [][]byte) string {
	return typeText(t) + "; " + spaceText(shape, nil) + "; " + valueText(k.linked, want)
}

// layoutFacts are those of a dataset that was asked for.
func layoutFacts(d *hdf5.Dataset, k kind, p plan, shape []uint64, o hdf5.DatasetOptions) map[string]string {
	facts := map[string]string{"kind": "dataset", "references": "1", "type": typeText(k.t), "space": spaceText(shape, o.MaxShape), "layout": "contiguous"}
	var stages []string
	for _, s := range d.Filters() {
		stages = append(stages, fmt.Sprintf("%d %d [%s]", s.ID, s.Flags, strings.Trim(fmt.Sprint(s.Values), "[]")))
	}
	facts["filters"] = strings.Join(stages, ", ")
	facts["fill"] = "default"
	if o.Fill != nil {
		facts["fill"] = "user " + hex.EncodeToString(o.Fill)
	}
	alloc := "late"
	switch {
	case o.Chunk != nil:
		facts["layout"], facts["chunk"], facts["index"], alloc = "chunked", numbers64(o.Chunk), p.index, "incr"
	case o.Compact:
		facts["layout"], alloc = "compact", "early"
	case o.Virtual != nil:
		facts["layout"], alloc = "virtual", "incr"
	}
	if o.Alloc == hdf5.AllocEarly {
		alloc = "early"
	}
	facts["when"] = "ifset " + alloc
	var files []string
	for _, x := range o.External {
		size := fmt.Sprint(x.Size)
		if x.Unlimited {
			size = "unlimited"
		}
		files = append(files, fmt.Sprintf("%s %d %s", x.Name, x.Offset, size))
	}
	if files != nil {
		facts["external"] = strings.Join(files, ", ")
	}
	return facts
}

// linkFacts adds what groups of the file link to, in the order of names, to
// what is expected of a file whose links are all hard and single.
func (e *expected) linkFacts() {
	for _, path := range slices.Sorted(maps.Keys(e.objects)) {
		for p := path; p != "/"; {
			above := filepath.Dir(p)
			g := e.objects[above]
			if g == nil {
				g = &thing{facts: map[string]string{"kind": "group", "references": "1", "order": ""}}
				e.objects[above] = g
			}
			g.facts["link "+filepath.Base(p)] = "hard " + p
			p = above
		}
	}
}

// save writes what tell_pytables.py is to tell bytes in.
func saveWanted(t *testing.T, dir string, files []*expected) {
	t.Helper()
	wanted := map[string]map[string]any{}
	for _, e := range files {
		of, skip := map[string]any{}, []string{}
		for path, o := range e.objects {
			if o.kind.numpy != nil {
				of[path] = o.kind.numpy
			}
			if pytablesCrashes(o) {
				skip = append(skip, path)
			}
		}
		for path, o := range e.aliases {
			of[path] = o.kind.numpy
		}
		of["skip"] = skip
		wanted[e.name] = of
	}
	b, err := json.Marshal(wanted)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "wanted.json"), b, 0o644))
}

func enumValue(t *datatype.Datatype, m datatype.EnumMember) int64 {
	v := uint64(0)
	for i := range m.Value {
		at := i
		if t.Base.Order == bigEndian {
			at = len(m.Value) - 1 - i
		}
		v |= uint64(m.Value[at]) << (8 * i)
	}
	if t.Base.Signed {
		shift := 64 - 8*len(m.Value)
		return int64(v<<shift) >> shift
	}
	return int64(v)
}
