package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"gables/export"
	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/h5err"
)

// rowFlags are the flags of gables head and gables cat.
type rowFlags struct {
	csv, jsonl, npy, noHeader bool
	output                    string
	columns                   []string
	rows                      uint64 // of the first axis; all where wholly is set
	wholly                    bool
}

const rowsHelp = `A dataset of compounds is a table with a line for each element; of any other
array each index of the first axis is a row. Values are exact: floats are the
shortest text that reads back as the same value, integers have all digits.

  text     the default: aligned columns, or numbers in brackets as numpy has
           them. Strings are escaped, bitfields and opaque bytes hexadecimal.
  --csv    RFC 4180 with LF. Tables get a header; nested members are columns
           "a/b", cells of arrays "a[0]" or "a[1,2]". Arrays get no header; the
           axes after the first lie flat. nan, inf and -inf as Python has them,
           1.5+2j, opaque bytes hexadecimal; sequences are JSON in a cell.
           Strings are written as they are, unless standard output is a
           terminal: then they are escaped.
  --jsonl  one JSON value a line: objects keyed by column, or the row. NaN and
           infinities are the strings "NaN", "Infinity", "-Infinity"; complex
           numbers [real, imaginary]; opaque bytes base64. Bytes of strings
           that are not UTF-8 become \xHH.
  --npy    NumPy's format, for anything but variable-length data and references.

Booleans are true and false, enums their names (numbers in --npy), references
->/path, with a region in brackets.`

func (f *rowFlags) bind(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.csv, "csv", false, "write CSV")
	cmd.Flags().BoolVar(&f.jsonl, "jsonl", false, "write one JSON value a line")
	cmd.Flags().BoolVar(&f.npy, "npy", false, "write NumPy's .npy")
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "write to this file, not to standard output")
	cmd.Flags().StringSliceVar(&f.columns, "columns", nil, "of a table, only these columns: a,b or nest/a")
	cmd.Flags().BoolVar(&f.noHeader, "no-header", false, "no line of column names")
	cmd.MarkFlagsMutuallyExclusive("csv", "jsonl", "npy")
	_ = cmd.RegisterFlagCompletionFunc("columns", completeColumns)
}

func (f *rowFlags) run(cmd *cobra.Command, arg string) error {
	s, d, err := openDataset(cmd.Context(), arg)
	if err != nil {
		return err
	}
	defer s.f.Close()
	for _, w := range s.f.Warnings() {
		fmt.Fprintln(cmd.ErrOrStderr(), "gables: warning:", printable(w.Error()))
	}
	b, err := d.Bind(s.selection())
	if err != nil {
		return s.badSlice(d, err)
	}
	if f.output == "" {
		return f.write(cmd.Context(), cmd.OutOrStdout(), s, d, b)
	}
	return f.toFile(cmd.Context(), s, d, b)
}

// badSlice adds the shape to what is wrong with a selection.
func (s *source) badSlice(d *hdf5.Dataset, err error) error {
	if !errors.Is(err, h5err.ErrSelection) {
		return unread(err)
	}
	return fmt.Errorf("%w (the shape is %s)", err, shapeText(d.Space()))
}

// toFile writes beside the file and renames, so that a file that is there is
// never half of the data. It refuses to write over what it reads.
func (f *rowFlags) toFile(ctx context.Context, s *source, d *hdf5.Dataset, b *dataspace.Bound) error {
	if old, err := os.Stat(f.output); err == nil {
		in, err := os.Stat(s.file)
		switch {
		case err == nil && os.SameFile(old, in):
			return fmt.Errorf("%s is the file that is read", f.output)
		case !old.Mode().IsRegular():
			return f.toDevice(ctx, s, d, b)
		}
	}
	part := f.output + ".part"
	w, err := os.Create(part)
	if err != nil {
		return unread(err)
	}
	err = f.write(ctx, w, s, d, b)
	if e := w.Close(); err == nil && e != nil {
		err = unread(e)
	}
	if err == nil {
		err = os.Rename(part, f.output)
	}
	if err != nil {
		_ = os.Remove(part) // the first error is the one to tell
	}
	return err
}

// toDevice writes to a pipe or device that exists.
func (f *rowFlags) toDevice(ctx context.Context, s *source, d *hdf5.Dataset, b *dataspace.Bound) error {
	w, err := os.OpenFile(f.output, os.O_WRONLY, 0)
	if err != nil {
		return unread(err)
	}
	err = f.write(ctx, w, s, d, b)
	if e := w.Close(); err == nil && e != nil {
		err = unread(e)
	}
	return err
}

// errEnough ends a stream early.
var errEnough = errors.New("enough")

// write streams the selection through a writer of the format.
func (f *rowFlags) write(ctx context.Context, out io.Writer, s *source, d *hdf5.Dataset, b *dataspace.Bound) error {
	p := f.plan(s, d, b)
	w, err := f.writer(ctx, out, d, p)
	if err != nil {
		return unread(h5err.In(err, s.file, s.path))
	}
	if d.Space().Kind == dataspace.Null {
		return f.empty(out, s)
	}
	es, left := uint64(d.Type().Size), p.count
	if left > 0 {
		err = d.Stream(ctx, p.sel, p.limit, func(block hdf5.Block) error {
			n := min(block.N, left)
			if err := w.Write(block.Data[:n*es]); err != nil {
				return err
			}
			if left -= n; left == 0 && p.limit > 0 {
				return errEnough
			}
			return nil
		})
	}
	if err == nil || errors.Is(err, errEnough) {
		return w.Close()
	}
	if left == p.count {
		return s.failed(err)
	}
	if e := w.Close(); e != nil && ctx.Err() == nil {
		return e // what was read is written before the error is told
	}
	return s.failed(err)
}

// rowPlan is what is read of a selection, and the shape it is shown in.
type rowPlan struct {
	sel   dataspace.Selection
	shape []uint64
	count uint64 // elements to read
	limit uint64 // of a part, when only the first rows are wanted
	edge  int    // items to show at either end of the inner axes, 0 for all
	thin  bool   // sel leaves out what edge hides
}

func (f *rowFlags) plan(s *source, d *hdf5.Dataset, b *dataspace.Bound) rowPlan {
	const edge, elide = 3, 1000
	p := rowPlan{sel: s.selection(), shape: b.Shape(), count: b.Count()}
	if f.wholly || len(p.shape) == 0 {
		return p
	}
	if p.shape[0] > f.rows {
		p.shape[0] = f.rows
		p.count = product(p.shape)
		p.limit = max(p.count, 1)
	}
	if f.csv || f.jsonl || f.npy || export.IsTable(d.Type()) {
		return p
	}
	if total := product(p.shape); total <= elide && d.Type().Class != datatype.Array {
		return p
	}
	p.edge = edge
	if !s.sliced && d.Type().Class != datatype.Array {
		p.thinOut()
	}
	return p
}

// thinOut reads nothing that is not shown, as rows may be very long.
func (p *rowPlan) thinOut() {
	axes := []dataspace.Axis{dataspace.Range(0, int64(min(p.shape[0], math.MaxInt64)), 1)}
	p.count = p.shape[0]
	for _, n := range p.shape[1:] {
		if list := (export.Spec{Edge: p.edge}).Shown(n); list != nil {
			axes = append(axes, dataspace.List(list))
			p.count *= uint64(len(list))
		} else {
			axes = append(axes, dataspace.Full())
			p.count *= n
		}
	}
	p.sel, p.limit, p.thin = dataspace.Axes(axes...), 0, true
}

// failed sorts the errors of a stream: those of the file get its exit code.
func (s *source) failed(err error) error {
	if !strings.Contains(err.Error(), s.file) {
		err = h5err.In(err, s.file, "")
	}
	if exitCode(err) == exitUsage && quiet(err) == err {
		return unread(err)
	}
	return err
}

// empty is the output for a dataset without elements or shape.
func (f *rowFlags) empty(out io.Writer, s *source) error {
	var err error
	switch {
	case f.npy:
		return unread(fmt.Errorf("%s: a null dataspace has no .npy: %w", s, h5err.ErrUnsupported))
	case f.jsonl:
		_, err = io.WriteString(out, "null\n")
	case !f.csv:
		_, err = io.WriteString(out, "(empty)\n")
	}
	return err
}

func (f *rowFlags) writer(ctx context.Context, out io.Writer, d *hdf5.Dataset, p rowPlan) (export.Writer, error) {
	const maxCell = 60
	s := export.Spec{Type: d.Type(), Shape: p.shape, Edge: p.edge, Sparse: p.thin, Context: export.NewContext(ctx, d.File()), Columns: f.columns, NoHeader: f.noHeader,
		Options: export.Options{BoolBits: isPyTables(d), Escape: isTerminal(out)}}
	switch {
	case f.csv:
		return export.NewCSV(out, s)
	case f.jsonl:
		return export.NewJSONLines(out, s)
	case f.npy:
		if isTerminal(out) {
			return nil, errors.New("--npy would garble the terminal: use -o FILE or a pipe")
		}
		return export.NewNPY(out, s)
	}
	if !f.wholly {
		s.MaxCell = maxCell
	}
	if export.IsTable(d.Type()) || len(f.columns) > 0 {
		return export.NewTable(out, s)
	}
	s.Width = lineWidth(out)
	return export.NewGrid(out, s)
}

// product is the number of elements of a shape that was bound.
func product(shape []uint64) uint64 {
	n := uint64(1)
	for _, d := range shape {
		n *= d
	}
	return n
}

// completeColumns completes --columns with the members of the dataset named
// by the first argument.
func completeColumns(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	if len(args) == 0 {
		return nil, directive
	}
	s, d, err := openDataset(context.Background(), args[0])
	if err != nil {
		return nil, directive
	}
	defer s.f.Close()
	columns, err := export.Columns(d.Type(), nil)
	if err != nil {
		return nil, directive
	}
	done := typed[:strings.LastIndexByte(typed, ',')+1]
	var list []string
	for _, c := range columns {
		if name := done + c.Name; strings.HasPrefix(name, typed) && printable(name) == name {
			list = append(list, name)
		}
	}
	return list, directive
}
