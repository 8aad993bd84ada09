package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"gables/export"
	"gables/hdf5"
)

// lsFlags are the flags of gables ls.
type lsFlags struct {
	long, recursive, all, json, bytes bool
}

func newLs() *cobra.Command {
	var f lsFlags
	cmd := &cobra.Command{
		Use:   "ls FILE[:/path]...",
		Short: "List what is in a group",
		Long: `Lists the links of a group by name; groups end in "/", links show where they
lead. Names that PyTables hides (_i_… and _p_…) need --all.

` + selectorHelp + "\n\n" + exitHelp,
		Example: `  gables ls run.h5
  gables ls -l run.h5:/detector         # kinds, shapes, types, storage
  gables ls -lr --bytes run.h5          # all below, exact sizes
  gables ls --json -r run.h5 | jq '.[].path'`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeSelector,
		RunE:              func(cmd *cobra.Command, args []string) error { return quiet(f.run(cmd, args)) },
	}
	cmd.Flags().BoolVarP(&f.long, "long", "l", false, "show kind, shape, type, chunks, filters, stored size and ratio")
	cmd.Flags().BoolVarP(&f.recursive, "recursive", "r", false, "list groups below, too; each object once")
	cmd.Flags().BoolVarP(&f.all, "all", "a", false, "list names that PyTables hides")
	cmd.Flags().BoolVar(&f.json, "json", false, "print a JSON array, with everything that --long shows")
	cmd.Flags().BoolVarP(&f.bytes, "bytes", "b", false, "print sizes in bytes, not in human units")
	return cmd
}

func (f *lsFlags) run(cmd *cobra.Command, args []string) error {
	l := &lister{lsFlags: f, ctx: cmd.Context(), out: bufio.NewWriter(cmd.OutOrStdout()), errs: cmd.ErrOrStderr(),
		p: newPalette(cmd.OutOrStdout()), found: []*entry{}}
	for i, arg := range args {
		if len(args) > 1 && !f.json {
			if i > 0 {
				fmt.Fprintln(l.out)
			}
			fmt.Fprintf(l.out, "%s:\n", export.Escape(arg))
		}
		if err := l.argument(arg); err != nil {
			l.out.Flush()
			return err
		}
	}
	if f.json {
		if err := writeJSON(l.out, l.found); err != nil {
			return err
		}
	}
	if err := l.out.Flush(); err != nil {
		return err
	}
	if l.damaged {
		return differs()
	}
	return nil
}

// lister walks groups and prints entries.
type lister struct {
	*lsFlags
	ctx     context.Context
	out     *bufio.Writer
	errs    io.Writer
	p       palette
	found   []*entry // for --json, and for the lines of one group
	lines   []*entry
	seen    map[string]string // path of each object that was listed
	damaged bool
}

func (l *lister) argument(arg string) error {
	s, err := open(l.ctx, arg)
	if err != nil {
		return err
	}
	defer s.f.Close()
	if err := s.noSlice(); err != nil {
		return err
	}
	for _, w := range s.f.Warnings() {
		fmt.Fprintln(l.errs, "gables: warning:", printable(w.Error()))
	}
	g, ok := s.object.(*hdf5.Group)
	if !ok {
		e := &entry{Name: text(s.path), Path: text(s.path), Kind: hdf5.KindOf(s.object), Link: "hard", object: s.object}
		l.add(e)
		return l.flush(s.path)
	}
	l.seen = map[string]string{objectKey(g): s.path}
	return l.group(g, s.path)
}

// group lists g and, if asked to, the groups below it, depth first. The stack
// is ours, as files may nest deeper than the machine's.
func (l *lister) group(g *hdf5.Group, path string) error {
	type level struct {
		g    *hdf5.Group
		path string
	}
	base := path
	for stack := []level{{g, path}}; len(stack) > 0; {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		var below []level
		for link, err := range top.g.Links(l.ctx, hdf5.ByName) {
			if err != nil {
				if l.ctx.Err() != nil {
					return l.ctx.Err()
				}
				l.fault(err)
				break
			}
			e := l.link(top.g, top.path, link)
			if sub, ok := e.asGroup(); ok && l.recursive {
				below = append(below, level{sub, string(e.Path)})
			}
		}
		if err := l.flush(base); err != nil {
			return err
		}
		for i := len(below) - 1; i >= 0; i-- {
			stack = append(stack, below[i])
		}
	}
	return nil
}

// asGroup gives the group that is to be descended into: links to other places
// and repetitions are not.
func (e *entry) asGroup() (*hdf5.Group, bool) {
	if e == nil || e.Link != "hard" || e.Same != "" {
		return nil, false
	}
	g, ok := e.object.(*hdf5.Group)
	return g, ok
}

// link makes the entry of a link; nil when it is hidden.
func (l *lister) link(g *hdf5.Group, path string, link hdf5.Link) *entry {
	if !l.all && isHidden(link.Name) {
		return nil
	}
	e := newEntry(g, path, link)
	if e.object == nil && e.Link == "hard" {
		l.damaged = true
	}
	if e.object != nil && e.Link == "hard" && l.recursive {
		key := objectKey(e.object)
		if first, ok := l.seen[key]; ok {
			e.Same = text(first)
		} else {
			l.seen[key] = string(e.Path)
		}
	}
	l.add(e)
	return e
}

func (l *lister) add(e *entry) {
	if l.long || l.json {
		e.describe(l.ctx)
	}
	if l.json {
		l.found = append(l.found, e)
	} else {
		l.lines = append(l.lines, e)
	}
}

func (l *lister) fault(err error) {
	l.damaged = true
	fmt.Fprintln(l.errs, "gables:", printable(err.Error()))
}

// flush prints the entries of one group below base.
func (l *lister) flush(base string) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	rows := make([][]string, len(l.lines))
	for i, e := range l.lines {
		name := string(e.Name)
		if l.recursive {
			name = strings.TrimPrefix(strings.TrimPrefix(string(e.Path), base), "/")
		}
		if e.Kind == "group" {
			name += "/"
		}
		rows[i] = []string{e.label(l.p, name)}
		if l.long {
			rows[i] = append(l.columns(e), rows[i]...)
		}
	}
	l.lines = l.lines[:0]
	return writeColumns(l.out, rows, []bool{false, false, false, false, false, true, true})
}

// columns are what --long puts before the name.
func (l *lister) columns(e *entry) []string {
	row := []string{e.Kind, "", "", "", "", "", ""}
	if e.object == nil {
		row[0] = "?"
	}
	switch o := e.object.(type) {
	case *hdf5.NamedDatatype:
		row[2] = shortType(o.Type, 32)
	case *hdf5.Dataset:
		row[1], row[2] = shapeText(o.Space()), shortType(o.Type(), 32)
		if row[3] = e.Layout; e.Chunk != nil {
			row[3] = tuple(e.Chunk)
		}
		row[4] = filtersText(o.Filters())
		if e.Stored != nil {
			row[5], row[6] = size(*e.Stored, l.bytes), ratio(*e.Bytes, *e.Stored)
		} else {
			row[5] = "?"
		}
	}
	for i, s := range row {
		if s == "" {
			row[i] = "-"
		}
	}
	return row
}

// writeColumns pads all cells of a column but the last to one width.
func writeColumns(w *bufio.Writer, rows [][]string, right []bool) error {
	var widths []int
	for _, r := range rows {
		for i, c := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	for _, r := range rows {
		for i, c := range r {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			switch {
			case i == len(r)-1:
				w.WriteString(c + "\n")
			case i < len(right) && right[i]:
				w.WriteString(pad + c + "  ")
			default:
				w.WriteString(c + pad + "  ")
			}
		}
	}
	return nil
}
