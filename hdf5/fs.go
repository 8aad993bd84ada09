package hdf5

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
)

// FS shows the file as a file system: groups are folders, datasets are files
// whose content is the elements as stored, row-major. Hard and soft links that
// resolve within the file are shown; a link back to a group that is above it is
// not, so that a walk always ends, and neither are names that no fs.FS may
// have. The files are io.ReaderAt and io.Seeker too. FS is safe for concurrent
// use, what it opens is not.
func (f *File) FS() fs.FS { return fileSystem{f} }

type fileSystem struct{ f *File }

// Open opens a group or a dataset by its path without the leading slash.
func (s fileSystem) Open(name string) (fs.File, error) {
	o, above, err := s.find(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	info := newFileInfo(name, o)
	switch o := o.(type) {
	case *Group:
		return &folderFile{g: o, info: info, above: above}, nil
	case *Dataset:
		return &datasetFile{d: o, info: info}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// find resolves a path and gives the addresses of the groups along it.
func (s fileSystem) find(name string) (Object, []uint64, error) {
	if !fs.ValidPath(name) {
		return nil, nil, fs.ErrInvalid
	}
	root, err := s.f.Root()
	if err != nil {
		return nil, nil, absent(err)
	}
	above := []uint64{root.Address()}
	if name == "." {
		return root, above, nil
	}
	var o Object = root
	for part := range strings.SplitSeq(name, "/") {
		g, ok := o.(*Group)
		if !ok {
			return nil, nil, fs.ErrNotExist
		}
		if o, err = child(g, part, above); err != nil {
			return nil, nil, err
		}
		above = append(above, o.Address())
	}
	return o, above, nil
}

// child opens one entry of a group; those that the view hides are not there.
func child(g *Group, name string, above []uint64) (Object, error) {
	o, err := g.Object(name)
	if err != nil {
		return nil, absent(err)
	}
	if _, group := o.(*Group); o.File() != g.f || (group && slices.Contains(above, o.Address())) {
		return nil, fs.ErrNotExist
	}
	if _, named := o.(*NamedDatatype); named {
		return nil, fs.ErrNotExist
	}
	return o, nil
}

// absent tells fs's callers what is not there in fs's words.
func absent(err error) error {
	switch {
	case errors.Is(err, h5err.ErrNotFound), errors.Is(err, h5err.ErrLimit):
		// A soft link that leads to itself leads nowhere.
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	case errors.Is(err, h5err.ErrClosed):
		return fmt.Errorf("%w: %w", fs.ErrClosed, err)
	}
	return err
}

// fileInfo describes an object as fs.FileInfo and fs.DirEntry.
type fileInfo struct {
	name string
	size int64
	mode fs.FileMode
	time time.Time
	o    Object
}

func newFileInfo(name string, o Object) *fileInfo {
	i := &fileInfo{name: name[strings.LastIndexByte(name, '/')+1:], mode: 0o444, time: o.Modified(), o: o}
	switch o := o.(type) {
	case *Group:
		i.mode = fs.ModeDir | 0o555
	case *Dataset:
		if n, err := o.bytes(); err == nil {
			i.size = int64(min(n, 1<<63-1))
		}
	}
	return i
}

func (i *fileInfo) Name() string               { return i.name }
func (i *fileInfo) Size() int64                { return i.size }
func (i *fileInfo) Mode() fs.FileMode          { return i.mode }
func (i *fileInfo) Type() fs.FileMode          { return i.mode.Type() }
func (i *fileInfo) ModTime() time.Time         { return i.time }
func (i *fileInfo) IsDir() bool                { return i.mode.IsDir() }
func (i *fileInfo) Sys() any                   { return i.o }
func (i *fileInfo) Info() (fs.FileInfo, error) { return i, nil }
func (i *fileInfo) String() string             { return fs.FormatDirEntry(i) }

// folderFile is an open group.
type folderFile struct {
	g       *Group
	info    *fileInfo
	above   []uint64
	entries []fs.DirEntry // what ReadDir has not given yet
	read    bool
}

func (d *folderFile) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *folderFile) Close() error               { return nil }
func (d *folderFile) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.name, Err: errors.New("is a group")}
}

// ReadDir lists the group by name.
func (d *folderFile) ReadDir(n int) ([]fs.DirEntry, error) {
	if !d.read {
		if err := d.list(); err != nil {
			return nil, &fs.PathError{Op: "readdir", Path: d.info.name, Err: err}
		}
	}
	if n <= 0 {
		n = len(d.entries)
	} else if len(d.entries) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.entries))
	list := d.entries[:n:n]
	d.entries = d.entries[n:]
	return list, nil
}

func (d *folderFile) list() error {
	for l, err := range d.g.Links(context.Background(), ByName) {
		if err != nil {
			return absent(err)
		}
		if !utf8.ValidString(l.Name) || !fs.ValidPath(l.Name) || l.Name == "." || l.Kind > SoftLink {
			continue
		}
		o, err := child(d.g, l.Name, d.above)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		d.entries = append(d.entries, newFileInfo(l.Name, o))
	}
	slices.SortFunc(d.entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	d.read = true
	return nil
}

// datasetFile is an open dataset.
type datasetFile struct {
	d    *Dataset
	info *fileInfo
	pos  int64
}

func (f *datasetFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *datasetFile) Close() error               { return nil }

func (f *datasetFile) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.pos)
	f.pos += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (f *datasetFile) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.pos
	case io.SeekEnd:
		offset += f.info.size
	}
	if offset < 0 || whence < io.SeekStart || whence > io.SeekEnd {
		return 0, &fs.PathError{Op: "seek", Path: f.info.name, Err: fs.ErrInvalid}
	}
	f.pos = offset
	return offset, nil
}

// ReadAt reads whole elements and gives the bytes asked for.
func (f *datasetFile) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, &fs.PathError{Op: "read", Path: f.info.name, Err: fs.ErrInvalid}
	}
	if off >= f.info.size {
		return 0, io.EOF
	}
	want := min(int64(len(p)), f.info.size-off)
	if want == 0 {
		return 0, nil
	}
	es := int64(f.d.dtype.Size)
	first, last := off/es, (off+want-1)/es+1
	buf := p[:want]
	if off%es != 0 || want%es != 0 {
		buf = make([]byte, (last-first)*es)
	}
	for _, b := range flatBoxes(f.d.space.Dims, uint64(first), uint64(last-first)) {
		n := b.count * uint64(es)
		if _, err := f.d.ReadRaw(context.Background(), buf[b.at*uint64(es):][:n], b.sel); err != nil {
			return 0, &fs.PathError{Op: "read", Path: f.info.name, Err: absent(err)}
		}
	}
	if len(buf) != int(want) || &buf[0] != &p[0] {
		copy(p[:want], buf[off-first*es:])
	}
	if want < int64(len(p)) {
		return int(want), io.EOF
	}
	return int(want), nil
}

// flatBox is a part of a range of consecutive elements that is a box.
type flatBox struct {
	sel       dataspace.Selection
	at, count uint64 // position in the range, and elements
}

// flatBoxes cuts count elements from first, counted row-major, into boxes.
func flatBoxes(dims []uint64, first, count uint64) []flatBox {
	if len(dims) == 0 {
		return []flatBox{{dataspace.All(), 0, count}}
	}
	var list []flatBox
	for at := uint64(0); at < count; {
		start, ext := make([]uint64, len(dims)), make([]uint64, len(dims))
		rest, inner, axis := first+at, uint64(1), len(dims)-1
		for i := len(dims) - 1; i >= 0; i-- {
			start[i], ext[i] = rest%dims[i], 1
			rest /= dims[i]
		}
		// The box grows over whole inner dimensions while it begins at their start.
		for axis > 0 && start[axis] == 0 && inner*dims[axis] <= count-at {
			ext[axis] = dims[axis]
			inner *= dims[axis]
			axis--
		}
		ext[axis] = min((count-at)/inner, dims[axis]-start[axis])
		n := inner * ext[axis]
		list = append(list, flatBox{dataspace.Box(start, ext), at, n})
		at += n
	}
	return list
}
