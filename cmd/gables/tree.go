package main

import (
	"bufio"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"gables/export"
	"gables/hdf5"
)

// treeFlags are the flags of gables tree.
type treeFlags struct {
	depth            int
	attrs, all, json bool
}

// treeDepth bounds the nesting that is drawn, as every level costs a column.
const treeDepth = 200

func newTree() *cobra.Command {
	var f treeFlags
	cmd := &cobra.Command{
		Use:   "tree FILE[:/path]",
		Short: "Draw the tree of groups and datasets",
		Long: `Draws what is below a group, with shapes and types. An object that several hard
links reach is drawn once; the others show "= /path". Soft and external links
are shown with what they lead to and are not followed.

` + selectorHelp + "\n\n" + exitHelp,
		Example: `  gables tree run.h5
  gables tree -L 2 run.h5:/entry       # two levels
  gables tree --attrs run.h5           # with attributes
  gables tree --json run.h5`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeOne,
		RunE:              func(cmd *cobra.Command, args []string) error { return quiet(f.run(cmd, args[0])) },
	}
	cmd.Flags().IntVarP(&f.depth, "depth", "L", treeDepth, "levels of groups to draw")
	cmd.Flags().BoolVarP(&f.attrs, "attrs", "A", false, "show attributes and their values")
	cmd.Flags().BoolVarP(&f.all, "all", "a", false, "show names that PyTables hides")
	cmd.Flags().BoolVar(&f.json, "json", false, "print nested JSON objects")
	return cmd
}

func (f *treeFlags) run(cmd *cobra.Command, arg string) error {
	if f.depth < 1 {
		return fmt.Errorf("--depth must be positive")
	}
	ctx := cmd.Context()
	s, err := open(ctx, arg)
	if err != nil {
		return err
	}
	defer s.f.Close()
	if err := s.noSlice(); err != nil {
		return err
	}
	t := &drawer{treeFlags: *f, ctx: ctx, out: bufio.NewWriter(cmd.OutOrStdout()), p: newPalette(cmd.OutOrStdout()),
		values: export.NewContext(ctx, s.f), seen: map[string]string{objectKey(s.object): s.path}}
	t.depth = min(f.depth, treeDepth)
	root := &treeNode{entry: entry{Name: text(s.path), Path: text(s.path), Kind: hdf5.KindOf(s.object), Link: "hard", object: s.object}}
	if f.json {
		if err := t.gather(root, 0); err != nil {
			return err
		}
		if err := writeJSON(t.out, root); err != nil {
			return err
		}
	} else {
		name := s.file
		if s.path != "/" {
			name += ":" + s.path
		}
		t.out.WriteString(t.p.name(name, root.Kind) + t.about(&root.entry) + "\n")
		t.attributes(root.object, "", root.object)
		if err := t.children(root, ""); err != nil {
			t.out.Flush()
			return err
		}
	}
	if err := t.out.Flush(); err != nil {
		return err
	}
	if t.damaged {
		return differs()
	}
	return nil
}

// treeNode is an entry with what is below it.
type treeNode struct {
	entry
	Attributes []attrEntry `json:"attributes,omitempty"`
	Children   []*treeNode `json:"children,omitempty"`
	level      int
}

// drawer draws while it walks, so that a large file shows at once.
type drawer struct {
	treeFlags
	ctx     context.Context
	out     *bufio.Writer
	p       palette
	values  *export.Context
	seen    map[string]string
	damaged bool
}

// list opens the links of a group and marks objects that were seen before.
func (t *drawer) list(n *treeNode) ([]*treeNode, error) {
	g, ok := n.asGroup()
	if !ok {
		return nil, nil
	}
	var list []*treeNode
	for l, err := range g.Links(t.ctx, hdf5.ByName) {
		if t.ctx.Err() != nil {
			return nil, t.ctx.Err()
		}
		if err != nil {
			t.damaged = true
			list = append(list, &treeNode{entry: entry{Name: "?", Link: "hard", Error: text(err.Error())}})
			break
		}
		if !t.all && isHidden(l.Name) {
			continue
		}
		c := &treeNode{entry: *newEntry(g, string(n.Path), l), level: n.level + 1}
		t.mark(c)
		list = append(list, c)
	}
	return list, nil
}

func (t *drawer) mark(c *treeNode) {
	if c.Link != "hard" {
		return
	}
	if c.object == nil {
		t.damaged = true
		return
	}
	key := objectKey(c.object)
	if first, ok := t.seen[key]; ok {
		c.Same = text(first)
	} else {
		t.seen[key] = string(c.Path)
	}
}

// children draws what is below n; indent stands before each line.
func (t *drawer) children(n *treeNode, indent string) error {
	if n.level >= t.depth {
		return t.deeper(n, indent)
	}
	list, err := t.list(n)
	if err != nil {
		return err
	}
	for i, c := range list {
		branch, below := "├── ", "│   "
		if i == len(list)-1 {
			branch, below = "└── ", "    "
		}
		t.out.WriteString(t.p.faint(indent+branch) + c.label(t.p, string(c.Name)) + t.about(&c.entry) + "\n")
		if c.Same != "" {
			continue
		}
		if c.Link == "hard" && c.object != nil {
			t.attributes(c.object, indent+below, c.object)
		}
		if err := t.children(c, indent+below); err != nil {
			return err
		}
	}
	return nil
}

// deeper tells that a group at the last level is not empty.
func (t *drawer) deeper(n *treeNode, indent string) error {
	if g, ok := n.asGroup(); ok {
		for range g.Links(t.ctx, hdf5.AsStored) {
			t.out.WriteString(t.p.faint(indent+"└── …") + "\n")
			break
		}
	}
	return nil
}

// about is what stands behind a name: shape, type and filters.
func (t *drawer) about(e *entry) string {
	const typeWidth = 60
	switch o := e.object.(type) {
	case *hdf5.NamedDatatype:
		return "  " + t.p.faint("type "+shortType(o.Type, typeWidth))
	case *hdf5.Dataset:
		s := "  " + shapeText(o.Space()) + " " + shortType(o.Type(), typeWidth)
		if f := filtersText(o.Filters()); f != "" {
			s += " " + t.p.faint(f)
		}
		return s
	}
	return ""
}

// attributes draws the attributes of o.
func (t *drawer) attributes(o hdf5.Object, indent string, owner hdf5.Object) {
	if !t.attrs {
		return
	}
	for _, a := range attributesOf(t.ctx, o, t.values, export.Text, isPyTables(owner)) {
		t.damaged = t.damaged || a.Error != ""
		t.out.WriteString(t.p.faint(indent+"@") + export.Escape(string(a.Name)) + t.p.faint(" = ") + a.shown(t.p, 80) + "\n")
	}
}

// gather is children for --json: it keeps the nodes.
func (t *drawer) gather(n *treeNode, level int) error {
	n.describe(t.ctx)
	if t.attrs && n.object != nil && n.Same == "" {
		n.Attributes = attributesOf(t.ctx, n.object, t.values, export.JSON, isPyTables(n.object))
	}
	if level >= t.depth {
		return nil
	}
	list, err := t.list(n)
	if err != nil {
		return err
	}
	n.Children = list
	for _, c := range list {
		if err := t.gather(c, level+1); err != nil {
			return err
		}
	}
	return nil
}
