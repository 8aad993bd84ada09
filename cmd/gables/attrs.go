package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"gables/export"
	"gables/hdf5"
	"gables/hdf5/h5err"
)

// attrsFlags are the flags of gables attrs.
type attrsFlags struct{ recursive, json, full bool }

func newAttrs() *cobra.Command {
	var f attrsFlags
	cmd := &cobra.Command{
		Use:   "attrs FILE[:/path][@name]",
		Short: "List attributes with their types and values",
		Long: `Lists the attributes of an object, or with @name prints one value alone, in
full. In JSON, NaN and infinities are the strings "NaN", "Infinity" and
"-Infinity", complex numbers [real, imaginary], opaque bytes base64.

` + selectorHelp + "\n\n" + exitHelp,
		Example: `  gables attrs run.h5                   # of the root group
  gables attrs run.h5:/detector@units   # one value
  gables attrs -r run.h5 | grep units
  gables attrs --json run.h5:/detector`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeAttribute,
		RunE:              func(cmd *cobra.Command, args []string) error { return quiet(f.run(cmd, args[0])) },
	}
	cmd.Flags().BoolVarP(&f.recursive, "recursive", "r", false, "of all objects below, too")
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON: an array of attributes, of objects with -r, or the value")
	cmd.Flags().BoolVar(&f.full, "full", false, "do not cut long values")
	return cmd
}

// attrEntry is one attribute as it is shown.
type attrEntry struct {
	Name  text            `json:"name"`
	Shape []uint64        `json:"shape,omitzero"`
	Type  text            `json:"dtype,omitempty"`
	Value json.RawMessage `json:"value,omitempty"`
	Error text            `json:"error,omitempty"`
	shape string
	dtype string
	plain string // the value for people
}

// shown is the value in at most n characters, or what is wrong with it.
func (a attrEntry) shown(p palette, n int) string {
	if a.Error != "" {
		return p.fault("(" + export.Escape(clip(string(a.Error), 200)) + ")")
	}
	return clip(a.plain, n)
}

// attributesOf lists the attributes of o with their values in style s.
func attributesOf(ctx context.Context, o hdf5.Object, c *export.Context, s export.Style, bools bool) []attrEntry {
	list := []attrEntry{}
	for a, err := range o.Attributes() {
		if a == nil {
			list = append(list, attrEntry{Name: "?", Error: text(err.Error())})
			break
		}
		list = append(list, newAttr(ctx, a, c, s, bools))
	}
	return list
}

func newAttr(ctx context.Context, a *hdf5.Attribute, c *export.Context, s export.Style, bools bool) attrEntry {
	const typeWidth = 40
	e := attrEntry{Name: text(a.Name()), shape: shapeText(a.Space()), dtype: shortType(a.Type(), typeWidth)}
	if a.Type() != nil {
		e.Type = text(a.Type().String())
	}
	if sp := a.Space(); sp != nil && sp.String() != "null" {
		e.Shape = append([]uint64{}, sp.Dims...)
	}
	b, err := valueText(ctx, a, s, c, bools)
	if err != nil {
		e.Error = text(err.Error())
		return e
	}
	if s == export.JSON {
		e.Value = b
	} else {
		e.plain = string(b)
	}
	return e
}

// splitAttribute takes "@name" off an argument. A name may hold "@" and "/":
// what exists as a file or an object is preferred by the caller.
func splitAttribute(arg string) (object, name string, ok bool) {
	s := parseSelector(arg, isFile)
	from := 0
	if len(s.file) < len(arg) {
		from = len(s.file) + 1
	} else if isFile(arg) {
		return arg, "", false
	}
	i := strings.IndexByte(arg[from:], '@')
	if i < 0 {
		return arg, "", false
	}
	object = strings.TrimSuffix(arg[:from+i], ":")
	return object, arg[from+i+1:], true
}

func (f *attrsFlags) run(cmd *cobra.Command, arg string) error {
	ctx := cmd.Context()
	object, name, one := splitAttribute(arg)
	if one {
		// The "@" may belong to the object's name.
		if s, err := open(ctx, arg); err == nil {
			s.f.Close()
			object, one = arg, false
		}
	}
	s, err := open(ctx, object)
	if err != nil {
		return err
	}
	defer s.f.Close()
	if err := s.noSlice(); err != nil {
		return err
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	l := &attrLister{f, ctx, out, cmd.ErrOrStderr(), newPalette(cmd.OutOrStdout()), export.NewContext(ctx, s.f), false, nil}
	if one {
		err = l.single(s, name)
	} else {
		err = l.all(s)
	}
	if e := out.Flush(); err == nil {
		err = e
	}
	if err == nil && l.damaged {
		err = differs()
	}
	return err
}

type attrLister struct {
	*attrsFlags
	ctx     context.Context
	out     *bufio.Writer
	errs    io.Writer
	p       palette
	values  *export.Context
	damaged bool
	found   []objectAttrs
}

// objectAttrs are the attributes of one object, for --json -r.
type objectAttrs struct {
	Path       text        `json:"path"`
	Attributes []attrEntry `json:"attributes"`
}

// single prints one value.
func (l *attrLister) single(s *source, name string) error {
	a, err := s.object.Attribute(name)
	if errors.Is(err, h5err.ErrNotFound) {
		return unread(fmt.Errorf("%s has no attribute %q%s: %w", s, name, l.meant(s.object, name), h5err.ErrNotFound))
	}
	if err != nil {
		return unread(err)
	}
	style := export.Text
	if l.json {
		style = export.JSON
	}
	b, err := valueText(l.ctx, a, style, l.values, isPyTables(s.object))
	if err != nil {
		return unread(h5err.In(err, s.file, s.path))
	}
	l.out.Write(b)
	return l.out.WriteByte('\n')
}

func (l *attrLister) meant(o hdf5.Object, name string) string {
	var names []string
	for a := range o.Attributes() {
		if a != nil {
			names = append(names, a.Name())
		}
	}
	if best := nearest(name, names); best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return ""
}

func (l *attrLister) all(s *source) error {
	g, ok := s.object.(*hdf5.Group)
	if !l.recursive || !ok {
		return l.finish(l.object(s.object, s.path, l.recursive))
	}
	for o, err := range g.Walk(l.ctx) {
		switch {
		case l.ctx.Err() != nil:
			return l.ctx.Err()
		case err != nil:
			l.damaged = true
			fmt.Fprintln(l.errs, "gables:", printable(err.Error()))
		default:
			if err := l.object(o, o.Path(), true); err != nil {
				return err
			}
		}
	}
	return l.finish(nil)
}

// object prints the attributes of o, below its path if headed is set.
func (l *attrLister) object(o hdf5.Object, path string, headed bool) error {
	style := export.Text
	if l.json {
		style = export.JSON
	}
	list := attributesOf(l.ctx, o, l.values, style, isPyTables(o))
	for _, a := range list {
		l.damaged = l.damaged || a.Error != ""
	}
	if l.json {
		l.found = append(l.found, objectAttrs{text(path), list})
		return nil
	}
	if len(list) == 0 {
		return nil
	}
	width := 100
	if l.full {
		width = 1 << 30
	}
	indent := ""
	if headed {
		fmt.Fprintln(l.out, l.p.name(path, hdf5.KindOf(o)))
		indent = "  "
	}
	rows := make([][]string, len(list))
	for i, a := range list {
		dtype := a.dtype
		if a.shape != "scalar" {
			dtype = a.shape + " " + dtype
		}
		rows[i] = []string{indent + l.p.bold(export.Escape(string(a.Name))), l.p.faint(dtype), a.shown(l.p, width)}
	}
	return writeColumns(l.out, rows, nil)
}

func (l *attrLister) finish(err error) error {
	switch {
	case err != nil || !l.json:
		return err
	case l.recursive:
		return writeJSON(l.out, l.found)
	}
	return writeJSON(l.out, l.found[0].Attributes)
}
