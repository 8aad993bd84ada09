package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"gables/diff"
	"gables/export"
	"gables/hdf5"
)

// diffFlags are the flags of gables diff.
type diffFlags struct {
	rtol, atol        float64
	structure, noAttr bool
	json, quiet       bool
	most, values      int
}

const diffExitHelp = `Exit codes:
  0    the same
  1    different
  2    something could not be opened, read or compared
  130  interrupted`

func newDiff() *cobra.Command {
	var f diffFlags
	cmd := &cobra.Command{
		Use:   "diff FILE[:/path] FILE[:/path]",
		Short: "Tell what differs between two files, or two objects",
		Long: `Compares links, attributes, datatypes, shapes and values, whatever the layout,
filters and versions of the format. Values are compared exactly unless --rtol or
--atol allow for more: then a and b are equal when |a-b| is at most the larger of
atol and rtol times the larger of |a| and |b|. Two NaNs are equal. References are
equal when they lead to the same path.

` + selectorHelp + "\n\n" + diffExitHelp,
		Example: `  gables diff before.h5 after.h5
  gables diff --rtol 1e-6 a.h5:/result b.h5:/result
  gables diff --structure-only a.h5 b.h5
  gables diff --quiet a.h5 b.h5 && echo same`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: completeSelector,
		RunE:              func(cmd *cobra.Command, args []string) error { return quiet(f.run(cmd, args)) },
	}
	cmd.Flags().Float64Var(&f.rtol, "rtol", 0, "relative tolerance of numbers")
	cmd.Flags().Float64Var(&f.atol, "atol", 0, "absolute tolerance of numbers")
	cmd.Flags().BoolVar(&f.structure, "structure-only", false, "do not compare values")
	cmd.Flags().BoolVar(&f.noAttr, "no-attributes", false, "do not compare attributes")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON document a line for each difference")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "print nothing, and stop at the first difference")
	cmd.Flags().IntVar(&f.values, "values", 10, "differing values that are shown of one dataset")
	cmd.Flags().IntVar(&f.most, "limit", 1000, "differences that are shown; the rest is counted")
	return cmd
}

// differenceRecord is a line of gables diff --json.
type differenceRecord struct {
	Path text   `json:"path"`
	Kind string `json:"kind"`
	Text text   `json:"text,omitempty"`
}

func (f *diffFlags) run(cmd *cobra.Command, args []string) error {
	if f.rtol < 0 || f.atol < 0 || f.values < 1 || f.most < 1 {
		return errors.New("tolerances must not be negative, limits must be positive")
	}
	var two [2]*source
	for i, arg := range args {
		var err error
		if two[i], err = open(cmd.Context(), arg); err == nil {
			defer two[i].f.Close()
			err = two[i].noSlice()
		}
		if err != nil {
			return &exitError{code: exitUsage, err: err}
		}
	}
	r, err := f.compare(cmd, two[0].object, two[1].object)
	switch {
	case cmd.Context().Err() != nil:
		return cmd.Context().Err()
	case err != nil:
		return err
	case r.Unread > 0:
		return &exitError{code: exitUsage}
	case r.Differences > 0:
		return differs()
	}
	return nil
}

// errFirst ends a comparison of which only the result is wanted.
var errFirst = errors.New("enough")

func (f *diffFlags) compare(cmd *cobra.Command, a, b hdf5.Object) (*diff.Result, error) {
	ctx, cancel := context.WithCancelCause(cmd.Context())
	defer cancel(nil)
	out := bufio.NewWriter(cmd.OutOrStdout())
	shown := 0
	bar := newProgress(cmd.ErrOrStderr())
	o := diff.Options{Relative: f.rtol, Absolute: f.atol, StructureOnly: f.structure, NoAttributes: f.noAttr, Most: f.values, Progress: bar.report()}
	p := newPalette(cmd.OutOrStdout())
	r, err := diff.Objects(ctx, a, b, o, func(d diff.Difference) {
		if f.quiet {
			cancel(errFirst)
			return
		}
		if shown++; shown > f.most && !f.json {
			return
		}
		bar.clear()
		f.print(out, p, d)
	})
	bar.clear()
	if f.quiet && context.Cause(ctx) == errFirst {
		err = nil
	}
	if r == nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	if shown > f.most && !f.json {
		fmt.Fprintf(out, "… and %d more lines\n", shown-f.most)
	}
	if e := out.Flush(); e != nil {
		return r, e
	}
	if err != nil {
		err = &exitError{code: exitUsage, err: err}
	}
	return r, err
}

func (f *diffFlags) print(out *bufio.Writer, p palette, d diff.Difference) {
	if f.json {
		// The error of a pipe that closed is Flush's.
		_ = writeLine(out, differenceRecord{text(d.Path), string(d.Kind), text(d.Text)})
		return
	}
	line := export.Escape(d.Path) + ": " + string(d.Kind)
	if d.Text != "" {
		line += ": " + export.Escape(d.Text)
	}
	if d.Kind == diff.Unread {
		line = p.fault(line)
	}
	fmt.Fprintln(out, line)
}
