package main

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/term"

	"gables/export"
)

// isTerminal tells whether w is shown to a person.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// lineWidth is how many characters a line of w may have; 0 means any number.
func lineWidth(w io.Writer) int {
	const customary = 80
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return customary
	}
	if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 20 {
		return n
	}
	return customary
}

// palette colours text, or leaves it as it is.
type palette struct{ on bool }

// newPalette colours only on terminals, unless NO_COLOR forbids it.
func newPalette(w io.Writer) palette {
	return palette{isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (p palette) paint(code, s string) string {
	if !p.on || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p palette) faint(s string) string { return p.paint("2", s) }
func (p palette) bold(s string) string  { return p.paint("1", s) }
func (p palette) fault(s string) string { return p.paint("31", s) }
func (p palette) link(s string) string  { return p.paint("36", s) }

// name colours an object's name by its kind and escapes it.
func (p palette) name(name, kind string) string {
	s := export.Escape(name)
	switch kind {
	case "group":
		return p.paint("1;34", s)
	case "datatype":
		return p.paint("35", s)
	}
	return s
}

// quiet makes a reader's leaving a pipe, and Ctrl-C, no error worth a word; the
// code is what a shell gives for it.
func quiet(err error) error {
	const brokenPipe = 141
	switch {
	case errors.Is(err, syscall.EPIPE):
		return &exitError{code: brokenPipe}
	case errors.Is(err, context.Canceled):
		return &exitError{code: exitCancelled}
	}
	return err
}
