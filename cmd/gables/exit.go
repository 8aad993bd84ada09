package main

import (
	"context"
	"errors"
	"io/fs"

	"gables/hdf5/h5err"
)

// Exit codes. What a command could read is on standard output in every case.
const (
	exitOK        = 0
	exitDiffers   = 1   // the data differ, or were damaged in part
	exitUsage     = 2   // the command line makes no sense
	exitUnread    = 3   // a file, or what was asked for in it, can't be opened or read
	exitCancelled = 130 // Ctrl-C
)

const exitHelp = `Exit codes:
  0    success
  1    the data differ, or a part of them is damaged or can't be read
  2    wrong usage
  3    a file, or what was asked for in it, can't be opened or read
  130  interrupted`

// exitError carries an exit code that the error alone does not tell. Its text
// may be empty: then nothing is printed.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// differs ends a command with exitDiffers after it has told why.
func differs() error { return &exitError{code: exitDiffers} }

// unread says that a file could not be read, whatever the cause.
func unread(err error) error { return &exitError{code: exitUnread, err: err} }

// readErrors are the reasons for which reading fails.
var readErrors = []error{h5err.ErrNotHDF5, h5err.ErrCorrupt, h5err.ErrChecksum, h5err.ErrTruncated, h5err.ErrUnsupported,
	h5err.ErrLimit, h5err.ErrNotFound, h5err.ErrType, h5err.ErrOutside, h5err.ErrLocked, h5err.ErrClosed}

// exitCode maps an error to the process's exit code; an error of unknown kind
// comes from the parsing of the command line.
func exitCode(err error) int {
	var e *exitError
	var p *fs.PathError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &e):
		return e.code
	case errors.Is(err, context.Canceled):
		return exitCancelled
	case errors.As(err, &p):
		return exitUnread
	}
	for _, sentinel := range readErrors {
		if errors.Is(err, sentinel) {
			return exitUnread
		}
	}
	return exitUsage
}
