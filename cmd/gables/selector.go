package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gables/export"
	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
)

// selector is FILE, FILE:/path or FILE:/path[slice], taken apart.
type selector struct {
	file    string
	path    string // begins with "/"
	slice   string // between the brackets
	sliced  bool   // whether there were brackets
	literal string // path and slice as written, for names that end in a bracket
}

const selectorHelp = `FILE:/path[slice] names a part of a file: an object by its path, and of a
dataset the elements that a Python index would take, such as [0:10], [5, ::2]
or [..., -1]. FILE alone is the root group. Quote it against the shell.`

// isFile tells whether a regular file, or anything else that can be opened,
// has that name.
func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir()
}

// parseSelector takes an argument apart. The file's name may hold ":" and "[":
// the path begins at the last ":" before which there is a file, or at the last
// ":/" where there is none. exists tells what files there are.
func parseSelector(arg string, exists func(string) bool) selector {
	if exists(arg) {
		return selector{file: arg, path: "/", literal: "/"}
	}
	cut := -1
	for i := len(arg) - 1; i > 0 && cut < 0; i-- {
		if arg[i] == ':' && exists(arg[:i]) {
			cut = i
		}
	}
	if cut < 0 {
		cut = strings.LastIndex(arg, ":/")
		if cut <= 0 || cut == 1 && isLetter(arg[0]) { // C:/x.h5
			return selector{file: arg, path: "/", literal: "/"}
		}
	}
	s := selector{file: arg[:cut], literal: arg[cut+1:]}
	if !strings.HasPrefix(s.literal, "/") {
		s.literal = "/" + s.literal
	}
	s.path = s.literal
	if i := sliceStart(s.literal); i > 0 {
		s.path, s.slice, s.sliced = s.literal[:i], s.literal[i+1:len(s.literal)-1], true
	}
	return s
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// sliceStart finds the "[" that the last character, a "]", closes; -1 when
// there is none.
func sliceStart(s string) int {
	if !strings.HasSuffix(s, "]") {
		return -1
	}
	depth := 0
	for i := len(s) - 1; i >= 0; i-- {
		switch s[i] {
		case ']':
			depth++
		case '[':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// String is the selector as it would be written.
func (s selector) String() string { return s.file + ":" + s.literal }

// source is an open file and the object that was asked for in it.
type source struct {
	selector
	f      *hdf5.File
	object hdf5.Object
}

// open opens the file and the object of an argument. The file must be closed.
func open(ctx context.Context, arg string) (*source, error) {
	s := &source{selector: parseSelector(arg, isFile)}
	var err error
	if s.f, err = openFile(s.file); err != nil {
		return nil, err
	}
	s.object, err = s.f.Object(s.path)
	if s.sliced && errors.Is(err, h5err.ErrNotFound) {
		if o, e := s.f.Object(s.literal); e == nil {
			s.object, err, s.sliced, s.slice, s.path = o, nil, false, "", s.literal
		}
	}
	if err != nil {
		err = explain(ctx, s.f, s.path, err)
		s.f.Close()
		return nil, err
	}
	return s, nil
}

// openFile opens a file and, if there is none, guesses what was meant.
func openFile(name string) (*hdf5.File, error) {
	f, err := hdf5.Open(name)
	if err == nil {
		return f, nil
	}
	if info, e := os.Stat(name); e == nil && info.IsDir() {
		return nil, unread(fmt.Errorf("%s is a folder, not an HDF5 file", name))
	}
	for dir := filepath.Dir(name); dir != "." && len(dir) > 1 && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if isFile(dir) {
			inner := filepath.ToSlash(strings.TrimPrefix(name, dir))
			return nil, unread(fmt.Errorf("%s is a file: write %s:%s for what is in it", dir, dir, inner))
		}
	}
	if os.IsNotExist(err) && strings.HasPrefix(name, "/") {
		err = fmt.Errorf("%w (what is in a file is written FILE:/path, as one argument)", err)
	}
	return nil, unread(h5err.In(err, withoutPathError(err, name), ""))
}

// withoutPathError gives the file's name for an error that does not hold it.
func withoutPathError(err error, name string) string {
	if strings.Contains(err.Error(), name) {
		return ""
	}
	return name
}

// openDataset is open for commands that need a dataset.
func openDataset(ctx context.Context, arg string) (*source, *hdf5.Dataset, error) {
	s, err := open(ctx, arg)
	if err != nil {
		return nil, nil, err
	}
	d, ok := s.object.(*hdf5.Dataset)
	if !ok {
		err := unread(fmt.Errorf("%s is a %s, not a dataset%s: %w", s, hdf5.KindOf(s.object), s.datasetHint(ctx), h5err.ErrType))
		s.f.Close()
		return nil, nil, err
	}
	return s, d, nil
}

// selection is the part of the dataset that the brackets name.
func (s *source) selection() dataspace.Selection {
	if !s.sliced {
		return dataspace.All()
	}
	return dataspace.Text(s.slice)
}

// noSlice refuses brackets where a command takes whole objects.
func (s *source) noSlice() error {
	if s.sliced {
		return fmt.Errorf("%s: a slice has no meaning here", s)
	}
	return nil
}

// datasetHint names some datasets of a group.
func (s *source) datasetHint(ctx context.Context) string {
	g, ok := s.object.(*hdf5.Group)
	if !ok {
		return ""
	}
	var names []string
	for l, err := range g.Links(ctx, hdf5.ByName) {
		if err != nil || len(names) == 5 {
			break
		}
		if o, err := g.Object(l.Name); err == nil && hdf5.KindOf(o) == "dataset" {
			names = append(names, export.Escape(join(s.path, l.Name)))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " (it holds " + strings.Join(names, ", ") + ")"
}

// join gives the path of a link in a group.
func join(group, name string) string {
	if strings.HasSuffix(group, "/") {
		return group + name
	}
	return group + "/" + name
}
