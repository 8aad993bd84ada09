package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"gables/hdf5"
	"gables/hdf5/h5err"
)

// copyFlags are the flags of gables copy.
type copyFlags struct {
	shallow, soft, external, references, bare bool
	libver                                    string
	workers                                   int
}

func newCopy() *cobra.Command {
	var f copyFlags
	cmd := &cobra.Command{
		Use:   "copy SRC[:/path] DST[:/path]",
		Short: "Copy a dataset, a group or a whole file, within a file or into another",
		Long: `Copies an object with all that is below it: attributes, links, shared and cyclic
structure, committed datatypes, references among the copies, times and comments.
Chunks move as they are stored, without decoding. DST is made if it is absent;
nothing is changed in it before all is copied.

Without a path in DST the copy has the path that it had; one that ends in "/"
names the group that it goes into. Groups that are absent are made. What DST has
already is never replaced. A whole file needs a DST that is absent or empty.

References to objects that are not copied become null in another file, unless
--expand-references copies those, too.

` + exitHelp,
		Example: `  gables copy run.h5:/detector/image small.h5
  gables copy run.h5:/detector all.h5:/runs/1/
  gables copy run.h5:/a run.h5:/b            # within a file
  gables copy --libver latest old.h5 new.h5  # the whole file`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: completeSelector,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0], args[1]) },
	}
	cmd.Flags().BoolVar(&f.shallow, "shallow", false, "of a group only its members, not what is below those")
	cmd.Flags().BoolVar(&f.soft, "expand-soft", false, "copy what soft links lead to in their place")
	cmd.Flags().BoolVar(&f.external, "expand-external", false, "copy what external links lead to in their place")
	cmd.Flags().BoolVar(&f.references, "expand-references", false, "copy the objects, too, that references lead to")
	cmd.Flags().BoolVar(&f.bare, "no-attributes", false, "leave attributes out")
	cmd.Flags().StringVar(&f.libver, "libver", "earliest", "of a new file, how new its encodings are: earliest, v18, v110, v112, v114 or latest")
	cmd.Flags().IntVar(&f.workers, "workers", 0, "most goroutines at work, 0 for one a processor")
	return cmd
}

func (f *copyFlags) run(cmd *cobra.Command, from, to string) error {
	low, err := hdf5.ParseLibver(f.libver)
	if err != nil {
		return err
	}
	if f.workers < 0 {
		return errors.New("--workers takes no negative number")
	}
	src, dst := parseSelector(from, isFile), parseSelector(to, isFile)
	if sameFile(src.file, dst.file) {
		return f.within(cmd, src, dst)
	}
	s, err := open(cmd.Context(), from)
	if err != nil {
		return err
	}
	defer s.f.Close()
	return hdf5Update(dst.file, func(d *hdf5.File) error {
		return f.copy(cmd, s.object, d, placeIn(src, dst, to))
	}, hdf5.WithLibver(low))
}

// hdf5Update is hdf5.Update with the exit code of files that can't be opened or
// written.
func hdf5Update(name string, change func(*hdf5.File) error, opts ...hdf5.Option) error {
	err := hdf5.Update(name, change, opts...)
	if errors.Is(err, context.Canceled) || err == nil {
		return err
	}
	var e *exitError
	if errors.As(err, &e) {
		return err
	}
	return unread(err)
}

// within copies inside one file.
func (f *copyFlags) within(cmd *cobra.Command, src, dst selector) error {
	return hdf5Update(src.file, func(d *hdf5.File) error {
		o, err := d.Object(src.literal)
		if err != nil {
			return explain(cmd.Context(), d, src.literal, err)
		}
		return f.copy(cmd, o, d, placeIn(src, dst, dst.String()))
	})
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// placeIn is the path of the copy: that of the object where none is given, below
// a group where it ends in a slash.
func placeIn(src, dst selector, written string) string {
	switch {
	case dst.literal == "/" && !strings.HasSuffix(written, ":/"):
		return src.literal
	case strings.HasSuffix(dst.literal, "/"):
		return path.Join(dst.literal, path.Base(src.literal))
	}
	return dst.literal
}

func (f *copyFlags) copy(cmd *cobra.Command, o hdf5.Object, d *hdf5.File, place string) error {
	p := newBar(cmd.ErrOrStderr())
	opts := hdf5.CopyOptions{Parents: true, Shallow: f.shallow, ExpandSoft: f.soft, ExpandExternal: f.external,
		ExpandReferences: f.references, NoAttributes: f.bare, Workers: f.workers}
	if p.shown {
		opts.Progress = p.report
	}
	err := d.Copy(cmd.Context(), o, place, opts)
	p.clear()
	if errors.Is(err, h5err.ErrExists) || errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%w; nothing is replaced, DST:/path names another place", err)
	}
	return err
}
