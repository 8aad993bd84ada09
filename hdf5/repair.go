package hdf5

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/journal"
	"gables/internal/wire"
)

// Repaired says what Repair found and did.
type Repaired struct {
	Replayed bool    // the log that lay beside the file was applied
	Marked   bool    // the file was marked as being written
	Cleared  bool    // the mark was taken away
	End      uint64  // the end of file address that was stored in place of one too small; 0: it was right
	Report   *Report // of the check; nil when the file could not be opened
}

// Repair brings back into use the file at path that a writer left behind when
// it was cut off: it applies a log, and takes away the mark that says that the
// file is being written, with the end of file address that goes with it. The
// mark goes only when a full check finds no damage; nothing else of the file is
// ever changed. ErrCorrupt: there is damage, which Salvage leaves behind.
// ErrLocked: a writer has the file; ErrChanged: the log is another file's; and
// those of Open.
func Repair(ctx context.Context, path string, o CheckOptions, opts ...Option) (*Repaired, error) {
	r := &Repaired{}
	var err error
	if r.Replayed, err = replay(path, newConfig(opts)); err != nil {
		return r, h5err.In(err, path, "")
	}
	was, at, err := superblockOf(path)
	if err != nil {
		return r, h5err.In(err, path, "")
	}
	next, err := r.check(ctx, path, was, at, o, opts)
	if err != nil {
		return r, err
	}
	if *next == *was {
		return r, nil
	}
	if err := storeSuperblock(path, at, was, next, newConfig(opts)); err != nil {
		return r, h5err.In(err, path, "")
	}
	r.Cleared = r.Marked
	return r, nil
}

// superblockOf reads a file's superblock and tells where it is.
func superblockOf(path string) (sb *format.Superblock, at uint64, err error) {
	d, err := driver.OpenFile(path)
	if err != nil {
		return nil, 0, err
	}
	s := &store{home: makeHome(newConfig(nil), path, folder{}), drv: d}
	err = s.findSuperblock()
	return s.sb, s.at, errors.Join(err, d.Close())
}

// check checks the file in full as it would be with the superblock that it
// gives: unmarked, and with an end that takes in all structures.
func (r *Repaired) check(ctx context.Context, path string, was *format.Superblock, at uint64, o CheckOptions, opts []Option) (*format.Superblock, error) {
	next := *was
	next.Flags &^= format.FlagWriteAccess | format.FlagSWMRWrite | format.FlagLockOut | flagNotConsistent
	r.Marked = next.Flags != was.Flags
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	size := wire.Address(uint64(info.Size()) - at + uint64(was.Base))
	if was.EndOfFile > size {
		next.EndOfFile = size
	}
	if err := r.tryCheck(ctx, path, &next, at, o, opts); err != nil {
		return nil, err
	}
	if r.shortEnd() && r.Report.Damages == 1 && next.EndOfFile < size {
		next.EndOfFile = size
		if err := r.tryCheck(ctx, path, &next, at, o, opts); err != nil {
			return nil, err
		}
	}
	if r.Report.Damaged() {
		return nil, h5err.In(h5err.New(h5err.ErrCorrupt, "", "", "%d damages; nothing was changed", r.Report.Damages), path, "")
	}
	if next.EndOfFile != was.EndOfFile {
		r.End = uint64(next.EndOfFile)
	}
	return &next, nil
}

// flagNotConsistent is a bit of the consistency flags of old superblocks.
const flagNotConsistent = 0x02

// tryCheck checks the file with another superblock laid over its own.
func (r *Repaired) tryCheck(ctx context.Context, path string, sb *format.Superblock, at uint64, o CheckOptions, opts []Option) error {
	record, err := format.AppendSuperblock(nil, sb)
	if err != nil {
		return h5err.In(err, path, "")
	}
	d, err := driver.OpenFile(path)
	if err != nil {
		return err
	}
	f, err := openDriver(path, folder{dir: filepath.Dir(path)}, driver.Patched(d, []driver.Patch{{Start: at, Data: record}}), opts)
	if err != nil {
		return err
	}
	defer f.Close()
	if s := f.now(); s.driver != "sec2" {
		return h5err.In(h5err.Unsupported("superblock", "driver", "a %s file can't be repaired", s.driver), path, "")
	}
	o.Quick = false
	r.Report, err = Check(ctx, f, o)
	return err
}

// shortEnd tells whether structures reach beyond the stored end of the file.
func (r *Repaired) shortEnd() bool {
	for _, x := range r.Report.Findings {
		var fe *h5err.FormatError
		if x.Severity == Damage && x.Structure == "superblock" && errors.As(x.Err, &fe) && fe.Field == "end of file address" {
			return true
		}
	}
	return false
}

// replay applies the log beside a file, and tells whether there was one.
func replay(path string, conf config) (bool, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false, err
	}
	if _, err := os.Lstat(real + journal.Suffix); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	dir, err := driver.OpenDir(filepath.Dir(real), conf.locking(), 0)
	if err != nil {
		return false, err
	}
	defer dir.Close()
	state, err := journal.Look(dir, filepath.Base(real))
	switch {
	case err != nil:
		return false, err
	case state == journal.Live:
		return false, fmt.Errorf("a writer has the file open: %w", h5err.ErrLocked)
	case state == journal.Clean:
		return false, nil
	}
	st, err := driver.OpenDisk(real, conf.locking())
	if err != nil {
		return false, err
	}
	return true, journal.Recover(st, dir, filepath.Base(real), conf.journal(nil))
}

// storeSuperblock puts a superblock in the place of the one that was checked, in
// one write, while nobody else has the file.
func storeSuperblock(path string, at uint64, was, next *format.Superblock, conf config) (err error) {
	st, err := driver.OpenDisk(path, conf.locking())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	if err := st.Lock(true); err != nil {
		return err
	}
	b := make([]byte, format.SuperblockBytes(was.Version, was.Sizes))
	if _, err := st.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	now, err := format.DecodeSuperblock(b)
	if err != nil {
		return err
	}
	if *now != *was {
		return fmt.Errorf("the superblock changed after the check: %w", h5err.ErrChanged)
	}
	record, err := format.AppendSuperblock(nil, next)
	if err != nil {
		return err
	}
	// Bytes that mean nothing stay what they are in what was found.
	if next.Version < 2 {
		record = patchOld(b, now, next)
	}
	if _, err := st.WriteAt(record, at); err != nil {
		return err
	}
	return st.Sync()
}

// patchOld changes flags and end of file in an old superblock alone. Spec: II.A.
func patchOld(b []byte, was, next *format.Superblock) []byte {
	out := append([]byte(nil), b...)
	wire.PutUint(out[20:24], uint64(next.Flags))
	from := 24 + 2*next.Sizes.Offset
	if was.Version == 1 {
		from += 4
	}
	wire.PutUint(out[from:from+next.Sizes.Offset], uint64(next.EndOfFile))
	return out
}
