package hdf5

import (
	"errors"
	"fmt"
	"io"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/chunkio"
	"gables/internal/format"
	"gables/internal/heap"
)

// externalFiles decodes the names of a dataset's raw files (Spec: IV.A.2.h).
func (d *Dataset) externalFiles() ([]ExternalFile, error) {
	m := d.h.Find(format.MsgExternalFiles)
	if m == nil {
		return nil, nil
	}
	c := d.s.graph.Cache
	e, err := format.DecodeExternalFiles(m.Data, c.Sizes())
	if err != nil {
		return nil, err
	}
	names, err := heap.OpenLocal(c, e.Heap)
	if err != nil {
		return nil, err
	}
	var list []ExternalFile
	for _, x := range e.Files {
		name, err := names.Name(x.NameOffset)
		if err != nil {
			return nil, err
		}
		list = append(list, ExternalFile{Name: string(name), Offset: x.Offset, Size: x.Size, Unlimited: x.Size == ^uint64(0)})
	}
	return list, nil
}

// openExternal makes the raw files one driver; nil when there are none. The
// files are opened for each read and closed after it, so that a dataset needs
// no closing.
func (d *Dataset) openExternal() (driver.Driver, error) {
	files, err := d.externalFiles()
	if err != nil || len(files) == 0 {
		return nil, err
	}
	size, err := d.bytes()
	if err != nil {
		return nil, err
	}
	room := uint64(0)
	for _, x := range files {
		if room += x.Size; x.Unlimited || room < x.Size {
			room = ^uint64(0)
			break
		}
	}
	if room < size {
		return nil, h5err.Corrupt("external data files message", "size", "%d bytes for data of %d", room, size)
	}
	return &rawFiles{d.s.home, files, size}, nil
}

// rawFiles reads a dataset's data from its raw files, one after the other.
// Names are relative to the HDF5 file's folder; libhdf5 takes the working
// folder, which depends on who reads. A file that is missing is an error; one
// that is short reads as zeros behind its end, as in libhdf5.
type rawFiles struct {
	home  *home
	files []ExternalFile
	size  uint64
}

func (r *rawFiles) Size() uint64 { return r.size }
func (r *rawFiles) Close() error { return nil }

func (r *rawFiles) ReadAt(p []byte, off uint64) (int, error) {
	done := 0
	start := uint64(0)
	for _, x := range r.files {
		if done == len(p) {
			break
		}
		at := off + uint64(done)
		if !x.Unlimited && at-start >= x.Size {
			start += x.Size
			continue
		}
		n := uint64(len(p) - done)
		if !x.Unlimited {
			n = min(n, x.Size-(at-start))
		}
		if err := r.readOne(p[done:done+int(n)], x, at-start); err != nil {
			return done, err
		}
		done += int(n)
		start += x.Size
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

func (r *rawFiles) readOne(p []byte, x ExternalFile, at uint64) error {
	d, err := r.home.folder.open(x.Name, r.home.conf)
	if err != nil {
		if isAbsent(err) {
			err = fmt.Errorf("%w: %w", h5err.ErrNotFound, err)
		}
		return &h5err.FormatError{Structure: "external raw file", Detail: x.Name, Err: err}
	}
	defer d.Close()
	pos := x.Offset + at
	if pos < at {
		return h5err.Corrupt("external data files message", "offset", "%d", x.Offset)
	}
	n, err := d.ReadAt(p, pos)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	clear(p[n:])
	return nil
}

// externalStorage gives the raw files for writing; nil when the dataset's data
// is in the file. What is written there is not a part of the transaction: raw
// files have no log.
func (d *Dataset) externalStorage() (chunkio.ExternalWriter, error) {
	r, err := d.openExternal()
	if err != nil || r == nil {
		return nil, err
	}
	return r.(*rawFiles), nil
}

// WriteAt writes the dataset's data into its raw files, which are made where
// they are absent.
func (r *rawFiles) WriteAt(p []byte, off uint64) error {
	start := uint64(0)
	for _, x := range r.files {
		if len(p) == 0 {
			return nil
		}
		if !x.Unlimited && off-start >= x.Size {
			start += x.Size
			continue
		}
		n := uint64(len(p))
		if !x.Unlimited {
			n = min(n, x.Size-(off-start))
		}
		if err := r.home.folder.write(x.Name, p[:n], x.Offset+off-start, r.home.conf); err != nil {
			return &h5err.FormatError{Structure: "external raw file", Detail: x.Name, Err: err}
		}
		p, off, start = p[n:], off+n, start+x.Size
	}
	if len(p) > 0 {
		return h5err.Limit("external data files message", "size", "%d bytes beyond the last raw file", len(p))
	}
	return nil
}
