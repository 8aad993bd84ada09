package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"gables/export"
)

// infoFlags are the flags of gables info.
type infoFlags struct{ json, bytes, quick, space bool }

func newInfo() *cobra.Command {
	var f infoFlags
	cmd := &cobra.Command{
		Use:   "info FILE[:/path]",
		Short: "Tell how a file or an object is stored",
		Long: `Tells of a file: superblock, sizes, free space strategy, which library releases
read it, how many objects it holds, the attributes of its root. Of an object:
header, shape, type, layout, chunks and their index, filters with their
parameters, fill value, sizes. FILE:/ is the root group.

` + selectorHelp + "\n\n" + exitHelp,
		Example: `  gables info run.h5
  gables info run.h5:/detector/image
  gables info --space run.h5                       # in use, free and lost bytes
  gables info --json run.h5:/detector/image | jq .storage`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeOne,
		RunE:              func(cmd *cobra.Command, args []string) error { return quiet(f.run(cmd, args[0])) },
	}
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object")
	cmd.Flags().BoolVarP(&f.bytes, "bytes", "b", false, "print sizes in bytes, not in human units")
	cmd.Flags().BoolVar(&f.space, "space", false, "of a file: tell what its bytes are used for, which reads all its structures")
	cmd.Flags().BoolVarP(&f.quick, "quick", "q", false, "of a file: do not count the objects")
	return cmd
}

func (f *infoFlags) run(cmd *cobra.Command, arg string) error {
	ctx := cmd.Context()
	s, err := open(ctx, arg)
	if err != nil {
		return err
	}
	defer s.f.Close()
	if err := s.noSlice(); err != nil {
		return err
	}
	r := &report{exact: f.bytes, p: newPalette(cmd.OutOrStdout())}
	about := &informer{infoFlags: f, ctx: ctx, report: r, values: export.NewContext(ctx, s.f)}
	if s.file == arg {
		err = about.file(s.f)
	} else {
		err = about.object(s.object, s.path)
	}
	if err != nil {
		return err
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	if f.json {
		err = writeJSON(out, r)
	} else {
		err = r.print(out)
	}
	if e := out.Flush(); err == nil {
		err = e
	}
	if err == nil && r.damaged {
		err = differs()
	}
	return err
}

// report is a list of facts under headings, in the order of their making.
type report struct {
	sections []section
	exact    bool // sizes in bytes
	damaged  bool // something could not be read
	p        palette
}

type section struct {
	title string // empty for the first one
	facts []fact
}

// fact is a value: a string, text, number, bool, []uint64, bytes or raw JSON.
type fact struct {
	key   string
	value any
	plain string // for people; empty: made of value
}

// bytesValue is a number of bytes.
type bytesValue uint64

// head begins a section.
func (r *report) head(title string) { r.sections = append(r.sections, section{title: title}) }

func (r *report) add(key string, value any) { r.addPlain(key, value, "") }

// addPlain adds a fact that people read in other words than programs.
func (r *report) addPlain(key string, value any, plain string) {
	s := &r.sections[len(r.sections)-1]
	s.facts = append(s.facts, fact{key, value, plain})
}

// fault adds an error in a fact's place.
func (r *report) fault(key string, err error) {
	r.damaged = true
	r.addPlain(key, text(err.Error()), r.p.fault(export.Escape(err.Error())))
}

func (r *report) plain(f fact) string {
	if f.plain != "" {
		return f.plain
	}
	switch v := f.value.(type) {
	case bytesValue:
		exact := strconv.FormatUint(uint64(v), 10) + " bytes"
		if r.exact || v < 1024 {
			return exact
		}
		return humanSize(uint64(v)) + " (" + exact + ")"
	case []uint64:
		return tuple(v)
	case bool:
		if v {
			return "yes"
		}
		return "no"
	}
	return export.Escape(fmt.Sprint(f.value))
}

// print writes aligned lines.
func (r *report) print(w io.Writer) error {
	for i, s := range r.sections {
		if len(s.facts) == 0 {
			continue
		}
		if s.title != "" {
			if i > 0 {
				fmt.Fprintln(w)
			}
			fmt.Fprintln(w, r.p.bold(s.title))
		}
		width := 0
		for _, f := range s.facts {
			width = max(width, utf8.RuneCountInString(export.Escape(f.key)))
		}
		for _, f := range s.facts {
			key := export.Escape(f.key)
			pad := strings.Repeat(" ", width-utf8.RuneCountInString(key))
			if _, err := fmt.Fprintf(w, "  %s%s  %s\n", r.p.faint(key), pad, strings.TrimRight(r.plain(f), " ")); err != nil {
				return err
			}
		}
	}
	return nil
}

// MarshalJSON nests sections under their titles; keys are in snake case, but
// for names that come from the file.
func (r *report) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for _, s := range r.sections {
		if len(s.facts) == 0 {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		if s.title != "" {
			fmt.Fprintf(&b, "%q:{", snake(s.title))
		}
		for i, f := range s.facts {
			if i > 0 {
				b.WriteByte(',')
			}
			key := f.key
			if s.title != "attributes" {
				key = snake(key)
			}
			v, err := json.Marshal(f.value)
			if err != nil {
				return nil, err
			}
			b.Write(append(export.AppendJSON(nil, key), ':'))
			b.Write(v)
		}
		if s.title != "" {
			b.WriteByte('}')
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func snake(s string) string { return strings.ReplaceAll(strings.ToLower(s), " ", "_") }
