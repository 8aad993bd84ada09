//go:build interop

package interop

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// node is a line of tell_pytables.py.
type node struct {
	File       string            `json:"file"`
	Path       string            `json:"path"`
	Class      string            `json:"class"`
	Shape      []uint64          `json:"shape"`
	SHA256     string            `json:"sha256"`
	Rows       []int             `json:"rows"`
	Links      []string          `json:"links"`
	Attributes map[string]string `json:"attributes"`
	Error      string            `json:"error"`
}

// pytablesTells asks PyTables for all that there is in files.
func pytablesTells(t *testing.T, dir string, names ...string) map[string][]node {
	t.Helper()
	out := run(t, "env", append([]string{"HDF5_PLUGIN_PATH=" + plugins(), pythonProgram(), "tell_pytables.py", dir}, names...)...)
	return lines(t, out, func(n node) string { return n.File })
}

// tabled holds a file against what PyTables tells; it gives the number of
// leaves that agree.
func (e *expected) tabled(t *testing.T, list []node) (leaves int) {
	t.Helper()
	f := &faults{t: t, name: e.name}
	seen := map[string]bool{}
	for _, n := range list {
		seen[n.Path] = true
		o := e.objects[n.Path]
		if o == nil {
			o = e.aliases[n.Path]
		}
		if o == nil {
			f.add(n.Path, "PyTables alone finds it: %s", n.Error)
			continue
		}
		if o.facts["kind"] != "dataset" {
			if n.Class != "Group" && n.Class != "RootGroup" || n.Error != "" {
				f.add(n.Path, "PyTables finds a %s: %s", n.Class, n.Error)
			}
			continue
		}
		reason, difference := pytablesCannot(o), o.tabled(n)
		switch {
		case difference == "" && reason != "" && len(o.want) > 0 && !strings.HasPrefix(reason, sometimes):
			f.add(n.Path, "PyTables reads it, although %s", reason)
		case difference == "":
			leaves++
		case reason == "":
			f.add(n.Path, "PyTables: %s", difference)
		}
	}
	for path, o := range e.objects {
		if !seen[path] && !pytablesCrashes(o) {
			f.add(path, "PyTables does not find it")
		}
	}
	return leaves
}

// tabled tells what PyTables has otherwise.
func (o *thing) tabled(n node) string {
	want := sum(bytes.Join(o.want, nil))
	shape := o.shape
	if isNull(shape) {
		shape = nil
	}
	switch {
	case n.Error != "":
		return n.Error
	case n.Class == "UnImplemented":
		return "unimplemented"
	case fmt.Sprint(n.Shape) != fmt.Sprint(shape):
		return fmt.Sprintf("shape %v, want %v", n.Shape, shape)
	case n.Class == "VLArray":
		return o.rows(n)
	case n.SHA256 == "":
		return "no value"
	case n.SHA256 != want:
		return fmt.Sprintf("%s has other values", n.Class)
	}
	return ""
}

// rows tells what a VLArray has otherwise.
func (o *thing) rows(n node) string {
	var all []byte
	for i, b := range o.want {
		size := int(binary.LittleEndian.Uint32(b))
		if i < len(n.Rows) && n.Rows[i] != size {
			return fmt.Sprintf("row %d has %d elements, want %d", i, n.Rows[i], size)
		}
		all = append(all, b[4:]...)
	}
	if len(n.Rows) != len(o.want) || n.SHA256 != sum(all) {
		return fmt.Sprintf("other values in %d rows, want %d", len(n.Rows), len(o.want))
	}
	return ""
}
