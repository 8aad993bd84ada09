package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"gables/export"
	"gables/hdf5"
	"gables/hdf5/h5err"
)

// checkFlags are the flags of gables check.
type checkFlags struct {
	json, quick, verbose bool
	most                 int
}

func newCheck() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Tell whether a file is sound, and where it is not",
		Long: `Walks every structure of a file and claims its bytes. Checks checksums, the order
and counts of trees, where links and references lead, that no byte is used twice,
and that every chunk and attribute decodes. One damaged object does not stop the
rest. Nothing is changed, but that a log which a writer left beside the file is
applied, as whenever gables opens one.

Damage breaks a rule of the format. Warnings are lost space and what could not be
checked; notes, shown with -v, are legal but perhaps not meant, such as links
that lead nowhere.

` + exitHelp,
		Example: `  gables check run.h5
  gables check --quick *.h5        # do not decode chunks
  gables check --json run.h5 | jq .findings`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeFile,
		RunE:              func(cmd *cobra.Command, args []string) error { return quiet(f.run(cmd, args)) },
	}
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON document a line and file")
	cmd.Flags().BoolVarP(&f.quick, "quick", "q", false, "do not decode chunks")
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "show notes, and what the bytes are used for")
	cmd.Flags().IntVar(&f.most, "limit", 100, "findings that are shown of each file")
	return cmd
}

func (f *checkFlags) run(cmd *cobra.Command, args []string) error {
	var worst error
	for _, name := range args {
		err := f.one(cmd, name)
		if cmd.Context().Err() != nil {
			return cmd.Context().Err()
		}
		if err != nil && (worst == nil || exitCode(err) > exitCode(worst)) {
			worst = err
		}
	}
	return worst
}

// checked is what a check of one file gave.
type checked struct {
	file   string
	log    string // that lay beside the file before it was opened; empty when there was none
	err    error  // why it could not be opened
	report *hdf5.Report
	warns  []error
}

func (f *checkFlags) one(cmd *cobra.Command, name string) error {
	c := f.check(cmd, name)
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	if f.json {
		err := writeLine(out, c.document())
		if e := out.Flush(); err == nil {
			err = e
		}
		if err != nil {
			return err
		}
	} else {
		c.print(out, f, newPalette(cmd.OutOrStdout()))
		if err := out.Flush(); err != nil {
			return err
		}
	}
	switch {
	case c.err != nil && damaging(c.err), c.report != nil && c.report.Damaged():
		return differs()
	case c.err != nil:
		return &exitError{code: exitUnread}
	}
	return nil
}

// damaging tells whether a file can't be opened because of what is in it.
func damaging(err error) bool {
	return errors.Is(err, h5err.ErrCorrupt) || errors.Is(err, h5err.ErrChecksum) || errors.Is(err, h5err.ErrTruncated)
}

// check opens and checks a file.
func (f *checkFlags) check(cmd *cobra.Command, name string) *checked {
	c := &checked{file: name, log: logBeside(name)}
	file, err := hdf5.Open(name)
	if err != nil {
		c.err = h5err.In(err, withoutPathError(err, name), "")
		return c
	}
	defer file.Close()
	c.warns = file.Warnings()
	c.report, c.err = checkOpen(cmd.Context(), cmd.ErrOrStderr(), file, hdf5.CheckOptions{Quick: f.quick, Most: f.most})
	return c
}

// checkOpen checks a file that is open, with a bar on the terminal.
func checkOpen(ctx context.Context, w io.Writer, file *hdf5.File, o hdf5.CheckOptions) (*hdf5.Report, error) {
	b := newBar(w)
	if b.shown {
		o.Progress = func(_ string, done, total uint64) { b.report(done, total) }
	}
	defer b.clear()
	return hdf5.Check(ctx, file, o)
}

// logSuffix is what a writer's log beside a file is called.
const logSuffix = ".h5wal"

// logBeside gives the name of the log that a writer left, or has, beside a file.
func logBeside(name string) string {
	if info, err := os.Stat(name + logSuffix); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		return name + logSuffix
	}
	return ""
}

func (c *checked) print(w io.Writer, f *checkFlags, p palette) {
	name := export.Escape(c.file)
	if c.log != "" {
		what := "lay beside it and was applied"
		if logBeside(c.file) != "" {
			what = "lies beside it: a writer has the file open, or it could not be applied"
		}
		fmt.Fprintf(w, "%s: a writer's log %s (%s)\n", name, what, export.Escape(c.log))
	}
	if c.err != nil {
		fmt.Fprintf(w, "%s: %s\n", name, p.fault(export.Escape(c.err.Error())))
		return
	}
	for _, err := range c.warns {
		fmt.Fprintf(w, "  warning  %s\n", export.Escape(err.Error()))
	}
	r := c.report
	shown := 0
	for _, x := range r.Findings {
		if x.Severity == hdf5.Note && !f.verbose || shown == f.most {
			continue
		}
		shown++
		line := fmt.Sprintf("%-8s %s", x.Severity, export.Escape(strings.TrimPrefix(x.Err.Error(), c.file+": ")))
		if x.Severity == hdf5.Damage {
			line = p.fault(line)
		}
		fmt.Fprintf(w, "  %s\n", line)
	}
	if all := r.Damages + r.Warnings; all > uint64(shown) && shown == f.most {
		fmt.Fprintf(w, "  … and %d more\n", all-uint64(shown))
	}
	if f.verbose {
		for _, u := range r.Used {
			fmt.Fprintf(w, "  %-24s %12s in %d\n", u.Kind, humanSize(u.Bytes), u.Count)
		}
	}
	fmt.Fprintf(w, "%s: %s\n", name, c.verdict(p))
}

// verdict is the summary in one line.
func (c *checked) verdict(p palette) string {
	r := c.report
	word := "sound"
	if r.Damaged() {
		word = p.fault(fmt.Sprintf("DAMAGED in %d places", r.Damages))
	}
	parts := []string{word, fmt.Sprintf("%s, %s in use", humanSize(r.Size), humanSize(r.Live))}
	if r.Free > 0 {
		parts = append(parts, humanSize(r.Free)+" free")
	}
	if r.Unaccounted > 0 {
		parts = append(parts, humanSize(r.Unaccounted)+" lost")
	}
	parts = append(parts, fmt.Sprintf("%d objects, %d chunks", r.Groups+r.Datasets+r.Datatypes, r.Chunks))
	if r.Warnings > 0 {
		parts = append(parts, fmt.Sprintf("%d warnings", r.Warnings))
	}
	if r.Notes > 0 {
		parts = append(parts, fmt.Sprintf("%d notes", r.Notes))
	}
	return strings.Join(parts, "; ")
}
