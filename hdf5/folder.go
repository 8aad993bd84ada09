package hdf5

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
)

// folder is where the files that a file refers to are looked for. Unless the
// user allowed more, they must lie below it; os.Root sees to that, symbolic
// links included.
type folder struct {
	dir  string // a folder of the system; "" when there is none
	fsys fs.FS  // or of a file system
	sub  string // folder in fsys
}

// slash gives a name with slashes, as names inside files have.
func (f folder) slash(name string) string {
	if f.dir != "" {
		return filepath.ToSlash(name)
	}
	return name
}

// open opens a regular file by a name that stands in a file.
func (f folder) open(name string, conf config) (driver.Driver, error) {
	d, _, err := f.find(name, conf)
	return d, err
}

// find opens a regular file and gives the folder it lies in.
func (f folder) find(name string, conf config) (driver.Driver, folder, error) {
	switch {
	case f.fsys != nil:
		full := path.Join(f.sub, path.Clean("/" + name)[1:])
		if path.IsAbs(name) || path.Join(f.sub, name) != full {
			return nil, folder{}, outside(name)
		}
		d, err := driver.OpenFS(f.fsys, full, conf.limits.Alloc)
		return d, folder{fsys: f.fsys, sub: path.Dir(full)}, err
	case f.dir == "":
		return nil, folder{}, fmt.Errorf("%q can't be opened, as the file that refers to it has no folder: %w", name, h5err.ErrOutside)
	case conf.outside:
		return f.anywhere(name)
	}
	return f.below(name)
}

func outside(name string) error {
	return fmt.Errorf("%q is not below the folder of the file that refers to it (WithOutsideFiles would allow it): %w", name, h5err.ErrOutside)
}

// below opens a file in the folder or deeper, and nothing that leads out of it.
func (f folder) below(name string) (driver.Driver, folder, error) {
	rel := filepath.FromSlash(name)
	if filepath.IsAbs(rel) {
		abs, err := filepath.Abs(f.dir)
		if err != nil {
			return nil, folder{}, err
		}
		if rel, err = filepath.Rel(abs, rel); err != nil {
			return nil, folder{}, outside(name)
		}
	}
	if !filepath.IsLocal(rel) {
		return nil, folder{}, outside(name)
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, folder{}, err
	}
	defer root.Close()
	// The kind is asked for first, as opening a FIFO would block.
	info, err := root.Stat(rel)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return nil, folder{}, fmt.Errorf("%w: %w", outside(name), err)
		}
		return nil, folder{}, err
	}
	if !info.Mode().IsRegular() {
		return nil, folder{}, &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("not a regular file: %w", fs.ErrInvalid)}
	}
	file, err := root.Open(rel)
	if err != nil {
		return nil, folder{}, err
	}
	d, err := driver.NewFile(file)
	return d, folder{dir: filepath.Dir(filepath.Join(f.dir, rel))}, err
}

// anywhere opens a file as libhdf5 does: an absolute name as it is, or else its
// last part in the folder; a relative name from the folder.
func (f folder) anywhere(name string) (driver.Driver, folder, error) {
	full := filepath.FromSlash(name)
	if !filepath.IsAbs(full) {
		full = filepath.Join(f.dir, full)
	} else if _, err := os.Stat(full); errors.Is(err, fs.ErrNotExist) {
		full = filepath.Join(f.dir, filepath.Base(full))
	}
	d, err := driver.OpenFile(full)
	return d, folder{dir: filepath.Dir(full)}, err
}

// write writes to a regular file by a name that stands in a file, which it makes
// if it is absent. The same bounds hold as for reading.
func (f folder) write(name string, p []byte, off uint64, conf config) error {
	if f.dir == "" {
		return fmt.Errorf("%q can't be opened, as the file that refers to it has no folder: %w", name, h5err.ErrOutside)
	}
	file, err := f.openForWriting(name, conf)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(p, int64(off))
	return errors.Join(err, file.Close())
}

func (f folder) openForWriting(name string, conf config) (*os.File, error) {
	rel := filepath.FromSlash(name)
	if conf.outside {
		if !filepath.IsAbs(rel) {
			rel = filepath.Join(f.dir, rel)
		}
		return os.OpenFile(rel, os.O_RDWR|os.O_CREATE, 0o666)
	}
	if !filepath.IsLocal(rel) {
		return nil, outside(name)
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	// The kind is asked for first, as opening a FIFO would block.
	if info, err := root.Stat(rel); err == nil && !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("not a regular file: %w", fs.ErrInvalid)}
	}
	return root.OpenFile(rel, os.O_RDWR|os.O_CREATE, 0o666)
}
