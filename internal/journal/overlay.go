package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
)

// State is what a log beside a file means to one who wants to read it.
type State uint8

// The states.
const (
	// Clean: the file is all there is.
	Clean State = iota
	// Live: a writer has the file open. The file shows its last checkpoint.
	Live
	// Waiting: a writer was cut off. Recover, or read through an Overlay.
	Waiting
)

// Look tells what the log beside the file of that name means. It needs to open
// the log for writing, if there is one; where that can't be, try Overlay.
func Look(dir driver.Folder, name string) (State, error) {
	log, err := dir.Open(name+Suffix, false)
	if errors.Is(err, fs.ErrNotExist) {
		return Clean, nil
	}
	if err != nil {
		return Clean, err
	}
	if err := log.Lock(false); errors.Is(err, h5err.ErrLocked) {
		return Live, log.Close()
	} else if err != nil {
		return Clean, errors.Join(err, log.Close())
	}
	f, ok, err := scan(log, systemBoot(), stageMemory)
	if err = errors.Join(err, log.Close()); err != nil {
		return Clean, fmt.Errorf("%s%s: %w", name, Suffix, err)
	}
	if ok && len(f.layers) > 0 {
		return Waiting, nil
	}
	return Clean, nil
}

// Recover applies the log beside a file, which it closes.
func Recover(file driver.Storage, dir driver.Folder, name string, o Options) error {
	o.Level = Full
	j, err := Open(file, dir, name, o)
	if err != nil {
		return err
	}
	return j.Close()
}

// Overlay shows a file with what its log holds, and writes nothing: for media
// that can't be written. It owns both from then on, also when it fails. boot is
// Options.Boot. The file comes back as it is when the log holds nothing.
func Overlay(file, log driver.Driver, name string, boot *uint64) (driver.Driver, error) {
	if boot == nil {
		b := systemBoot()
		boot = &b
	}
	f, ok, err := scan(log, *boot, stageMemory)
	if err == nil && (!ok || len(f.layers) == 0) {
		return file, log.Close()
	}
	if err == nil {
		b := make([]byte, len(f.id.superblock))
		var n int
		if n, err = file.ReadAt(b, f.id.at); err == nil || errors.Is(err, io.EOF) {
			err = f.belongs(name, b[:n], file.Size())
		}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close(), log.Close())
	}
	return &overlay{file, log, f.layers, f.end}, nil
}

type overlay struct {
	file, log driver.Driver
	layers    layers
	end       uint64
}

// Size is the end of the file as of its last commit.
func (o *overlay) Size() uint64 { return o.end }

// Close closes the file and the log.
func (o *overlay) Close() error { return errors.Join(o.file.Close(), o.log.Close()) }

// ReadAt reads the last commit.
func (o *overlay) ReadAt(p []byte, off uint64) (int, error) {
	if off >= o.end {
		return 0, io.EOF
	}
	short := error(nil)
	if left := o.end - off; uint64(len(p)) > left {
		p, short = p[:left], io.EOF
	}
	if err := o.layers.read(p, off, o.log, bare{o.file}); err != nil {
		return 0, err
	}
	return len(p), short
}
