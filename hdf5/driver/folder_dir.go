package driver

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// Dir is a directory of the system. It follows no link out of the directory:
// who opens a file through a symbolic link opens the Dir that the file is in.
// It is safe for any number of goroutines.
type Dir struct {
	root    *os.Root
	locking Locking
	mode    fs.FileMode
}

// OpenDir opens the directory at path. Files that it creates get the
// permission bits of mode less the process's mask; 0 means 0666.
func OpenDir(path string, locking Locking, mode fs.FileMode) (*Dir, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	if mode &= fs.ModePerm; mode == 0 {
		mode = 0o666
	}
	return &Dir{root: root, locking: locking, mode: mode}, nil
}

// Close frees the directory; files opened through it stay open.
func (d *Dir) Close() error { return d.root.Close() }

// plain refuses what is not the name of an entry.
func plain(op string, names ...string) error {
	for _, n := range names {
		if n == "" || n == "." || n == ".." || strings.ContainsAny(n, `/\`+"\x00") {
			return &fs.PathError{Op: op, Path: n, Err: fs.ErrInvalid}
		}
	}
	return nil
}

// Open opens a regular file, or creates it.
func (d *Dir) Open(name string, create bool) (Storage, error) {
	if err := plain("open", name); err != nil {
		return nil, err
	}
	flags := os.O_RDWR
	if info, err := d.root.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil, irregular(name)
	} else if create {
		flags |= os.O_CREATE
	}
	f, err := d.root.OpenFile(name, flags, d.mode)
	if err != nil {
		return nil, err
	}
	return NewDisk(f, d.locking)
}

// Rename puts from in the place of to, whose permissions it gets.
func (d *Dir) Rename(from, to string) error {
	if err := plain("rename", from, to); err != nil {
		return err
	}
	if info, err := d.root.Stat(to); err == nil && info.Mode().IsRegular() {
		// Where the permissions can't be set, those of a new file must do.
		_ = d.root.Chmod(from, info.Mode().Perm())
	}
	return d.root.Rename(from, to)
}

// RenameNew is Rename where to must be absent.
func (d *Dir) RenameNew(from, to string) error {
	if err := plain("rename", from, to); err != nil {
		return err
	}
	err := renameNew(d.root, from, to)
	if !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	// Between the link and the removal the file has two names, both whole.
	if err = d.root.Link(from, to); err == nil {
		return d.root.Remove(from)
	}
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	// A file system without links: two programs may both find to absent.
	if _, err := d.root.Lstat(to); err == nil {
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	}
	return d.root.Rename(from, to)
}

// Remove deletes a file.
func (d *Dir) Remove(name string) error {
	if err := plain("remove", name); err != nil {
		return err
	}
	return d.root.Remove(name)
}

// Sync waits until the entries of the directory are on the medium.
func (d *Dir) Sync() error { return syncFolder(d.root) }
