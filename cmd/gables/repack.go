package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gables/export"
	"gables/hdf5"
	"gables/hdf5/filter"
	"gables/repack"
)

// repackFlags are the flags of gables repack.
type repackFlags struct {
	filters, chunks, libver string
	workers                 int
	json                    bool
}

func newRepack() *cobra.Command {
	var f repackFlags
	cmd := &cobra.Command{
		Use:   "repack SRC DST",
		Short: "Write a file anew: without lost space, with other filters, chunks or encodings",
		Long: `Copies a whole file into a new one, without the space that nobody uses any more.
Values, attributes, links, committed datatypes, orders of creation, times,
comments and the user block are kept. DST is built beside its place and renamed;
it may be SRC.

--filters takes the place of all pipelines, in the order in which they are
applied; contiguous datasets of 1 KiB and more are cut into chunks for them. A
dataset that the filters can't be applied to keeps its own, which is told on
standard error. There are:
  ` + strings.ReplaceAll(hdf5.FilterNames, "), ", "),\n  ") + `

--chunks is for the datasets of that rank. With contiguous, those that can't grow
are stored unchunked.

` + exitHelp,
		Example: `  gables repack run.h5 smaller.h5
  gables repack --filters shuffle,gzip=4 run.h5 packed.h5
  gables repack --filters blosc2:zstd=5:bitshuffle --chunks 64,64 run.h5 fast.h5
  gables repack --filters none --chunks contiguous run.h5 plain.h5
  gables repack --libver latest old.h5 old.h5     # in its place`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: completeSelector,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0], args[1]) },
	}
	cmd.Flags().StringVar(&f.filters, "filters", "", "pipeline, as shuffle,gzip=4, or none; left out: as they are")
	cmd.Flags().StringVar(&f.chunks, "chunks", "", "extents of a chunk, as 64,64, or contiguous; left out: as they are")
	cmd.Flags().StringVar(&f.libver, "libver", "", "how new the encodings are: earliest, v18, v110, v112, v114 or latest; left out: as SRC")
	cmd.Flags().IntVar(&f.workers, "workers", 0, "most goroutines at work, 0 for one a processor")
	cmd.Flags().BoolVar(&f.json, "json", false, "print sizes and what kept its storage as JSON")
	return cmd
}

// repackResult is what is told of a repacking.
type repackResult struct {
	Before uint64    `json:"before"` // bytes
	After  uint64    `json:"after"`
	Kept   []keptSet `json:"kept"`
}

type keptSet struct {
	Path text `json:"path"`
	Why  text `json:"why"`
}

func (f *repackFlags) options(cmd *cobra.Command) (repack.Options, error) {
	o := repack.Options{Workers: f.workers}
	var err error
	if f.workers < 0 {
		return o, errors.New("--workers takes no negative number")
	}
	if cmd.Flags().Changed("filters") {
		if o.Filters, err = hdf5.ParseFilters(f.filters); err != nil {
			return o, fmt.Errorf("--filters: %w", err)
		}
	}
	if f.libver != "" {
		low, err := hdf5.ParseLibver(f.libver)
		if err != nil {
			return o, fmt.Errorf("--libver: %w", err)
		}
		o.Libver = &low
	}
	switch f.chunks {
	case "":
	case "contiguous":
		if o.Contiguous = true; len(o.Filters) > 0 {
			return o, errors.New("contiguous data can't be filtered: --filters none")
		}
		o.Filters = []filter.Stage{}
	default:
		for s := range strings.SplitSeq(f.chunks, ",") {
			n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
			if err != nil || n == 0 {
				return o, fmt.Errorf("--chunks: %q is no extent; 64,64 or contiguous", s)
			}
			o.Chunks = append(o.Chunks, n)
		}
	}
	return o, nil
}

func (f *repackFlags) run(cmd *cobra.Command, from, to string) error {
	o, err := f.options(cmd)
	if err != nil {
		return err
	}
	src, err := openFile(from)
	if err != nil {
		return err
	}
	defer src.Close()
	r := repackResult{Before: src.Size(), Kept: []keptSet{}}
	o.Kept = func(path string, why error) {
		r.Kept = append(r.Kept, keptSet{text(path), text(why.Error())})
	}
	p := newBar(cmd.ErrOrStderr())
	if p.shown {
		o.Progress = p.report
	}
	err = repack.File(cmd.Context(), src, to, o)
	p.clear()
	if ctxErr := cmd.Context().Err(); ctxErr != nil {
		return ctxErr
	}
	if err != nil {
		return unread(err)
	}
	if info, err := os.Stat(to); err == nil {
		r.After = uint64(info.Size())
	}
	return f.print(cmd, to, r)
}

func (f *repackFlags) print(cmd *cobra.Command, to string, r repackResult) error {
	if f.json {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetEscapeHTML(false)
		return enc.Encode(r)
	}
	for _, k := range r.Kept {
		fmt.Fprintf(cmd.ErrOrStderr(), "gables: %s keeps its filters: %s\n", export.Escape(string(k.Path)), export.Escape(string(k.Why)))
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %d bytes, before %d\n", export.Escape(to), r.After, r.Before)
	return err
}
