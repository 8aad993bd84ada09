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
	sb, at, err := r.check(ctx, path, o, opts)
	if err != nil {
		return r, err
	}
	if r.Report.Damaged() {
		return r, h5err.In(h5err.New(h5err.ErrCorrupt, "", "", "%d damages; nothing was changed", r.Report.Damages), path, "")
	}
	next := *sb
	next.Flags &^= format.FlagWriteAccess | format.FlagSWMRWrite | format.FlagLockOut | 0x02
	r.Marked = next.Flags != sb.Flags
	if end := r.needs(sb); end != 0 {
		next.EndOfFile, r.End = wire.Address(end), end
	}
	if !r.Marked && r.End == 0 {
		return r, nil
	}
	if err := storeSuperblock(path, at, sb, &next, newConfig(opts)); err != nil {
		return r, h5err.In(err, path, "")
	}
	r.Cleared = r.Marked
	return r, nil
}

// needs is the end of file address where the stored one is too small for what
// is there; 0 when it is not.
func (r *Repaired) needs(sb *format.Superblock) uint64 {
	for _, x := range r.Report.Findings {
		if x.Structure == "superblock" && errors.Is(x.Err, h5err.ErrCorrupt) {
			return r.Report.Size - r.userBlock() + uint64(sb.Base)
		}
	}
	return 0
}

func (r *Repaired) userBlock() uint64 {
	for _, u := range r.Report.Used {
		if u.Kind == "user block" {
			return u.Bytes
		}
	}
	return 0
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

// check checks the file in full and gives its superblock and where that is.
func (r *Repaired) check(ctx context.Context, path string, o CheckOptions, opts []Option) (*format.Superblock, uint64, error) {
	f, err := Open(path, opts...)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	o.Quick = false
	if r.Report, err = Check(ctx, f, o); err != nil {
		return nil, 0, err
	}
	s := f.now()
	if s.driver != "sec2" {
		return nil, 0, h5err.In(h5err.Unsupported("superblock", "driver", "a %s file can't be repaired", s.driver), path, "")
	}
	return s.sb, s.at, nil
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
