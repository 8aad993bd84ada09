package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"gables/digest"
	"gables/hdf5/h5err"
)

// digestFlags are the flags of gables digest.
type digestFlags struct {
	json, equal, full bool
	under             string
	limit             int64
}

func newDigest() *cobra.Command {
	var f digestFlags
	cmd := &cobra.Command{
		Use:   "digest FILE...",
		Short: "Checksums of all values, the same for every layout",
		Long: `Prints the SHA-256 of each value of an HDF5 file: of datasets, attributes, the
links of groups and committed datatypes, and a total over all of them. The sums
are over canonical bytes (row-major, little-endian, without padding), so files
that hold the same data have the same sums, however they are chunked, filtered
or ordered.

With --json, one manifest a file: objects with shapes, types, storage, links
and values. A file that can't be opened gives a manifest with "error".`,
		Example: `  gables digest run.h5
  gables digest run.h5 --objects /detector
  gables digest --equal before.h5 repacked.h5 && echo same
  gables digest --json run.h5 | jq '.objects[].path'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	cmd.Flags().BoolVar(&f.json, "json", false, "print manifests, one JSON document a line")
	cmd.Flags().BoolVar(&f.equal, "equal", false, "compare two files, print what differs; exit 0 only if they hold the same")
	cmd.Flags().BoolVar(&f.full, "full", false, "hash datasets of any size, not a corner of those over --limit")
	cmd.Flags().Int64Var(&f.limit, "limit", digest.DefaultLimit, "bytes in memory beyond which only a corner of a dataset is hashed")
	cmd.Flags().StringVar(&f.under, "objects", "", "only the object at this path and those below it")
	cmd.MarkFlagsMutuallyExclusive("json", "equal")
	cmd.MarkFlagsMutuallyExclusive("full", "limit")
	return cmd
}

func (f *digestFlags) options(progress func(string, uint64)) digest.Options {
	o := digest.Options{Limit: f.limit, Under: f.under, Progress: progress}
	if f.full {
		o.Limit = -1
	}
	return o
}

func (f *digestFlags) run(cmd *cobra.Command, args []string) error {
	if f.limit < 1 {
		return errors.New("--limit must be positive")
	}
	if f.equal {
		if len(args) != 2 {
			return fmt.Errorf("--equal compares two files, got %d", len(args))
		}
		return f.compare(cmd, args)
	}
	var first error
	for _, path := range args {
		if err := f.one(cmd, path); err != nil && (first == nil || exitCode(err) > exitCode(first)) {
			first = err
		}
		if cmd.Context().Err() != nil {
			return cmd.Context().Err()
		}
	}
	return first
}

// manifest digests one file and tells on standard error what was left out.
func (f *digestFlags) manifest(cmd *cobra.Command, path string) (*digest.Manifest, error) {
	p := newProgress(cmd.ErrOrStderr())
	m, err := digest.Path(cmd.Context(), path, f.options(p.report()))
	p.clear()
	if ctxErr := cmd.Context().Err(); ctxErr != nil {
		return nil, ctxErr
	}
	return m, err
}

func (f *digestFlags) one(cmd *cobra.Command, path string) error {
	m, err := f.manifest(cmd, path)
	if m == nil {
		return err
	}
	out := cmd.OutOrStdout()
	switch {
	case f.json:
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		if e := enc.Encode(m); e != nil {
			return unread(e)
		}
	case err == nil:
		if e := m.WriteText(out); e != nil {
			return unread(e)
		}
		tell(cmd.ErrOrStderr(), path, m)
	}
	switch {
	case err != nil:
		return unread(h5err.In(err, path, ""))
	case m.Damaged():
		return differs()
	}
	return nil
}

// tell lists what the digest does not cover.
func tell(w io.Writer, path string, m *digest.Manifest) {
	for _, s := range m.Incomplete() {
		fmt.Fprintf(w, "gables: %s: %s\n", printable(path), s)
	}
}

func (f *digestFlags) compare(cmd *cobra.Command, args []string) error {
	var two [2]*digest.Manifest
	for i, path := range args {
		var err error
		if two[i], err = f.manifest(cmd, path); err != nil {
			return unread(h5err.In(err, path, ""))
		}
		tell(cmd.ErrOrStderr(), path, two[i])
	}
	for _, l := range digest.Differences(two[0], two[1]) {
		fmt.Fprintln(cmd.OutOrStdout(), l)
	}
	if !digest.Equal(two[0], two[1]) {
		return differs()
	}
	return nil
}

// progress is a line on a terminal, once the work takes long.
type progress struct {
	w     io.Writer // nil where there is no terminal
	begun time.Time
	last  time.Time
}

func newProgress(w io.Writer) *progress {
	p := &progress{begun: time.Now()}
	if file, ok := w.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.w = w
		}
	}
	return p
}

// report gives the callback, or nil where nobody would see it.
func (p *progress) report() func(path string, bytes uint64) {
	if p.w == nil {
		return nil
	}
	return func(path string, bytes uint64) {
		const patience, interval = time.Second, 100 * time.Millisecond
		now := time.Now()
		if now.Sub(p.begun) < patience || now.Sub(p.last) < interval {
			return
		}
		p.last = now
		fmt.Fprintf(p.w, "\r\x1b[K%s  %d MiB", printable(path), bytes>>20)
	}
}

// clear takes the line away.
func (p *progress) clear() {
	if !p.last.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
