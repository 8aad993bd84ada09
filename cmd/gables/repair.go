package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"gables/export"
	"gables/hdf5"
	"gables/hdf5/h5err"
)

// repairFlags are the flags of gables repair.
type repairFlags struct {
	output string
	most   int
}

func newRepair() *cobra.Command {
	var f repairFlags
	cmd := &cobra.Command{
		Use:   "repair FILE",
		Short: "Bring a file back into use that a writer left behind, or save what is readable",
		Long: `Applies the log that a writer of gables left beside the file when it was cut off,
then checks the whole file. When that finds no damage, the mark that says that
the file is being written (the consistency flags of the superblock) is taken
away, and an end of file address that is too small is corrected. Nothing else is
ever changed in the file, and nothing at all when there is damage.

With -o, a damaged file is copied object by object and chunk by chunk into a new
one: what can't be read is listed, and chunks that can't be decoded read as the
fill value.

` + exitHelp,
		Example: `  gables repair run.h5
  gables repair damaged.h5 -o saved.h5`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeFile,
		RunE:              func(cmd *cobra.Command, args []string) error { return quiet(f.run(cmd, args[0])) },
	}
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "new file that takes what is readable of a damaged one")
	cmd.Flags().IntVar(&f.most, "limit", 100, "damages and losses that are shown")
	return cmd
}

func (f *repairFlags) run(cmd *cobra.Command, name string) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	b := newBar(cmd.ErrOrStderr())
	o := hdf5.CheckOptions{Most: f.most}
	if b.shown {
		o.Progress = func(_ string, done, total uint64) { b.report(done, total) }
	}
	r, err := hdf5.Repair(ctx, name, o)
	b.clear()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	shown := export.Escape(name)
	if r != nil && r.Replayed {
		fmt.Fprintf(out, "%s: the log beside it was applied\n", shown)
	}
	if r != nil && r.Report != nil && r.Report.Damaged() {
		f.damages(cmd, r.Report)
		if f.output == "" {
			fmt.Fprintf(out, "%s: %d damages; nothing was changed. gables repair -o NEW copies what is readable\n", shown, r.Report.Damages)
			return differs()
		}
		return f.salvage(cmd, name)
	}
	if err != nil {
		return unread(h5err.In(err, withoutPathError(err, name), ""))
	}
	switch {
	case r.Cleared:
		fmt.Fprintf(out, "%s: sound; the mark of a writer that was cut off was taken away\n", shown)
	case !r.Replayed && r.End == 0:
		fmt.Fprintf(out, "%s: sound; nothing to repair\n", shown)
	}
	if r.End != 0 {
		fmt.Fprintf(out, "%s: the end of file address is now 0x%x\n", shown, r.End)
	}
	if f.output != "" {
		fmt.Fprintf(out, "%s: no copy was needed, %s was not made\n", shown, export.Escape(f.output))
	}
	return nil
}

func (f *repairFlags) damages(cmd *cobra.Command, r *hdf5.Report) {
	p := newPalette(cmd.OutOrStdout())
	for _, x := range r.Findings {
		if x.Severity == hdf5.Damage {
			fmt.Fprintf(cmd.OutOrStdout(), "  %s\n", p.fault(export.Escape(x.Err.Error())))
		}
	}
}

// salvage makes the new file. One that exists is left alone.
func (f *repairFlags) salvage(cmd *cobra.Command, name string) error {
	if _, err := os.Lstat(f.output); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already", f.output)
	}
	lost, err := f.copyTo(cmd.Context(), name)
	if err != nil {
		return unread(err)
	}
	out := cmd.OutOrStdout()
	for i, l := range lost {
		if i == f.most {
			fmt.Fprintf(out, "  … and %d more\n", len(lost)-i)
			break
		}
		fmt.Fprintf(out, "  lost     %s: %s\n", export.Escape(l.Path), export.Escape(l.Err.Error()))
	}
	fmt.Fprintf(out, "%s: what is readable is in %s; %d things were lost\n", export.Escape(name), export.Escape(f.output), len(lost))
	if len(lost) > 0 {
		return differs()
	}
	return nil
}

func (f *repairFlags) copyTo(ctx context.Context, name string) ([]hdf5.Lost, error) {
	src, err := openFile(name)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	dst, err := hdf5.OpenFile(f.output, hdf5.ModeCreateNew, hdf5.WithLibver(bound(src)))
	if err != nil {
		return nil, err
	}
	lost, err := hdf5.Salvage(ctx, src, dst, hdf5.SalvageOptions{})
	if err != nil {
		return lost, errors.Join(err, dst.Discard())
	}
	return lost, dst.Close()
}

// bound is the style of the new file: that of the old one.
func bound(f *hdf5.File) hdf5.Libver {
	switch f.Superblock().Version {
	case 2:
		return hdf5.V18
	case 3:
		return hdf5.Latest
	}
	return hdf5.Earliest
}
