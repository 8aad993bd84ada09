package export

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gables/hdf5"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// Context is the file that values come from: it serves their variable-length
// data and names the targets of references.
type Context struct {
	ctx   context.Context
	f     *hdf5.File
	heap  datatype.Heap
	paths map[uint64]string // path of each object by its address; nil until needed
}

// NewContext makes a Context for values of f. ctx bounds the search for the
// paths of references.
func NewContext(ctx context.Context, f *hdf5.File) *Context {
	return &Context{ctx: ctx, f: f, heap: f.Heap()}
}

// Renew begins a new budget of variable-length data. Writers call it for every
// part of the data that they are given.
func (c *Context) Renew() { c.heap = c.f.Heap() }

// maxPaths is how many objects are remembered to name references.
const maxPaths = 1 << 20

// path names an object of the file, which hard links reach or not.
func (c *Context) path(address uint64) string {
	if c.paths == nil {
		c.paths = map[uint64]string{}
		for o, err := range c.f.Walk(c.ctx) {
			if err != nil {
				continue // what can't be opened has no name here, and the object that is meant was opened
			}
			c.paths[o.Address()] = o.Path()
			if len(c.paths) >= maxPaths {
				break
			}
		}
	}
	if p, ok := c.paths[address]; ok {
		return p
	}
	return fmt.Sprintf("@0x%x", address)
}

// target names what r, which is not null, refers to.
func (c *Context) target(r datatype.Ref) string {
	t, err := c.f.Dereference(r)
	if err != nil {
		return "(" + reason(err) + ")"
	}
	var s string
	switch {
	case t.Err != nil && t.File == "":
		return "(" + reason(t.Err) + ")"
	case t.Err != nil:
		return t.File + ":(" + reason(t.Err) + ")"
	case t.File != "":
		s = fmt.Sprintf("%s:@0x%x", t.File, t.Object.Address())
	default:
		s = c.path(t.Object.Address())
	}
	if t.Attribute != "" {
		s += "@" + t.Attribute
	}
	if t.Region != nil {
		s += region(t)
	}
	return s
}

// reason is why a reference leads nowhere, in a word.
func reason(err error) string {
	for _, s := range []error{h5err.ErrNotFound, h5err.ErrOutside, h5err.ErrLimit, h5err.ErrUnsupported, h5err.ErrTruncated, h5err.ErrChecksum} {
		if errors.Is(err, s) {
			return s.Error()
		}
	}
	return "dangling"
}

// region gives a region as [2:5, 0:3], or how many points lie in such a box.
func region(t *hdf5.Target) string {
	d, ok := t.Object.(*hdf5.Dataset)
	if t.Region.Err != nil || !ok {
		return "[?]"
	}
	b, err := d.Bind(t.Region.Selection)
	if err != nil {
		return "[?]"
	}
	lo, hi, ok := b.Bounds()
	if !ok {
		return "[none]"
	}
	var s strings.Builder
	volume := uint64(1)
	for i := range lo {
		if i > 0 {
			s.WriteString(", ")
		}
		fmt.Fprintf(&s, "%d:%d", lo[i], hi[i]+1)
		volume *= hi[i] - lo[i] + 1
	}
	if volume == b.Count() {
		return "[" + s.String() + "]"
	}
	return fmt.Sprintf("[%d of %s]", b.Count(), s.String())
}
