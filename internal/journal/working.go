package journal

import (
	"errors"
	"io"

	"gables/hdf5/driver"
)

// Working is what the writer sees: what is staged over the last commit, and
// the space that was written fresh. It follows the journal, and may be read by
// any number of goroutines while nobody changes it.
func (j *Journal) Working() driver.Driver { return working{j} }

type working struct{ j *Journal }

// Size is the end of the file or of what was written behind it.
func (w working) Size() uint64 {
	if w.j.building {
		return w.j.size.Load()
	}
	return max(w.j.current.Load().end, w.j.size.Load())
}

// Close does nothing: the file is the journal's.
func (w working) Close() error { return nil }

// ReadAt reads what the writer sees.
func (w working) ReadAt(p []byte, off uint64) (int, error) {
	size := w.Size()
	if off >= size {
		return 0, io.EOF
	}
	short := error(nil)
	if left := size - off; uint64(len(p)) > left {
		p, short = p[:left], io.EOF
	}
	if err := w.j.readStaged(p, off, committed(w)); err != nil {
		return 0, err
	}
	return len(p), short
}

// readStaged needs the log's bytes to be in the log.
func (j *Journal) readStaged(p []byte, off uint64, below under) error {
	return j.staged.read(p, off, j.log, below)
}

// committed is what lies under what is staged.
type committed struct{ j *Journal }

func (c committed) readUnder(p []byte, off uint64) error {
	return c.j.current.Load().layers.read(p, off, c.j.log, bare{c.j.file})
}

// bare is the file itself; behind its end are zeros.
type bare struct{ file driver.Driver }

func (b bare) readUnder(p []byte, off uint64) error {
	n, err := b.file.ReadAt(p, off)
	if errors.Is(err, io.EOF) {
		clear(p[n:])
		err = nil
	}
	return err
}
