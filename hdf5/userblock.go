package hdf5

import (
	"io"

	"gables/hdf5/h5err"
)

// ReadUserBlock reads from the user block, the Superblock.BaseAddress bytes
// before the superblock, which belong to other programs. It gives io.EOF as
// io.ReaderAt does.
func (f *File) ReadUserBlock(p []byte, off uint64) (int, error) {
	s, err := f.enter()
	if err != nil {
		return 0, err
	}
	defer f.leave(s)
	if off >= s.at {
		return 0, io.EOF
	}
	most := min(uint64(len(p)), s.at-off)
	var n int
	if s.w != nil {
		n, err = s.w.j.Working().ReadAt(p[:most], off)
	} else {
		n, err = s.drv.ReadAt(p[:most], off)
	}
	if uint64(n) == most {
		if most < uint64(len(p)) {
			return n, io.EOF
		}
		return n, nil
	}
	return n, h5err.In(err, f.name, "")
}

// WriteUserBlock writes into the user block, whose size WithUserBlock sets when
// the file is made; other handles see it after Flush. ErrSelection: p does not
// fit into it.
func (f *File) WriteUserBlock(p []byte, off uint64) error {
	w, err := f.edit()
	if err != nil {
		return err
	}
	defer f.done()
	if off > w.base || uint64(len(p)) > w.base-off {
		return h5err.In(h5err.New(h5err.ErrSelection, "", "", "%d bytes at %d of a user block of %d", len(p), off, w.base), f.name, "")
	}
	return h5err.In(w.edit(func() error {
		w.draft.Touch()
		return w.j.Stage(p, off)
	}), f.name, "")
}
