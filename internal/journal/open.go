package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"runtime"
	"time"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/wire"
)

// Open attaches a writer to a file, which it owns from then on, also when it
// fails. A log that lies beside the file is recovered. ErrLocked: another
// writer has the file, here or in another program. ErrChanged: the log is not
// this file's. ErrOpenForWrite: another program was cut off while it wrote, or
// is at it.
func Open(file driver.Storage, dir driver.Folder, name string, o Options) (*Journal, error) {
	log, err := lockLog(dir, name, o)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	j, err := attach(file, dir, name, log, o)
	if err != nil {
		return nil, errors.Join(err, file.Close(), dropLog(dir, name, log))
	}
	return j, nil
}

// dropLog closes a log, and removes one that holds nothing at all.
func dropLog(dir driver.Folder, name string, log driver.Storage) error {
	var err error
	if log.Size() == 0 && runtime.GOOS != "windows" {
		err = dir.Remove(name + Suffix)
	}
	return errors.Join(err, log.Close())
}

// lockLog opens the log and takes its lock, which makes this the only writer.
func lockLog(dir driver.Folder, name string, o Options) (driver.Storage, error) {
	const tries = 6
	var err error
	for i := range tries {
		var log driver.Storage
		if log, err = dir.Open(name+Suffix, true); err != nil || o.NoLock {
			return log, err
		}
		if err = log.Lock(true); err == nil {
			var same bool
			if same, err = sameLog(dir, name, log); same && err == nil {
				return log, nil
			}
		}
		if err = errors.Join(err, log.Close()); err != nil && !errors.Is(err, h5err.ErrLocked) {
			return nil, err
		}
		// A reader that looks at the log holds it for a moment.
		time.Sleep(time.Duration(i) * time.Millisecond)
	}
	return nil, fmt.Errorf("%s: another writer has it open: %w", name, errors.Join(err, h5err.ErrLocked))
}

// sameLog tells whether the log still has its name: its last owner may have
// removed it while its lock was waited for.
func sameLog(dir driver.Folder, name string, log driver.Storage) (bool, error) {
	l, ok := log.(driver.Samer)
	if !ok {
		return true, nil
	}
	other, err := dir.Open(name+Suffix, false)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	same := l.Same(other)
	return same, other.Close()
}

// attach takes the file's lock and brings it up to date.
func attach(file driver.Storage, dir driver.Folder, name string, log driver.Storage, o Options) (*Journal, error) {
	if !o.NoLock {
		if err := file.Lock(false); err != nil {
			return nil, fmt.Errorf("%s: another program writes to it: %w", name, err)
		}
	}
	j := newJournal(file, dir, name, o)
	j.setLog(log)
	f, ok, err := scan(log, j.boot, j.o.Memory)
	if err != nil {
		return nil, fmt.Errorf("%s%s: %w", name, Suffix, err)
	}
	if !ok {
		return j, j.readSuperblock()
	}
	// What an earlier writer promised is kept, whatever this one promises.
	j.o.Level = Full
	err = j.recover(f)
	if j.o.Level = o.Level; o.Level == Off && err == nil && len(j.current.Load().layers) > 0 {
		err = fmt.Errorf("%s: its log can't be applied while another program reads it: %w", name, h5err.ErrLocked)
	}
	return j, err
}

// readSuperblock takes the state that the file shows.
func (j *Journal) readSuperblock() error {
	at, b, end, err := locate(j.file)
	if err != nil {
		return err
	}
	if format.SuperblockMarked(b) {
		return fmt.Errorf("%s: a writer was interrupted, and left no log: %w", j.name, h5err.ErrOpenForWrite)
	}
	j.sbAt, j.inFile, j.plain, j.committed = at, b, b, b
	// A file may be longer: by what a writer left that was cut off, for one.
	j.shown = min(end, j.size.Load())
	j.publish(0, j.shown, nil)
	return nil
}

func (j *Journal) setLog(log driver.Storage) {
	j.log = log
	j.w = logWriter{size: log.Size(), attempt: rand.Uint32()}
}

// recover makes what the log holds the current state and applies it. When
// another program reads the file, the log stays in use.
func (j *Journal) recover(f found) error {
	j.w.place, j.w.good, j.w.commits = f.place, f.place, f.commits
	if len(f.layers) == 0 {
		return errors.Join(j.readSuperblock(), j.reset())
	}
	b := make([]byte, len(f.id.superblock))
	n, err := j.file.ReadAt(b, f.id.at)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := f.belongs(j.name, b[:n], j.file.Size()); err != nil {
		return err
	}
	j.sbAt, j.inFile, j.plain, j.committed = f.id.at, b, f.id.superblock, f.superblock
	j.checkpointed = f.id.transaction
	j.floor, j.shown = f.id.size, f.id.size
	// The process that wrote them may have died before it synced.
	j.w.dirty, j.unsettled = true, f.unsettled
	j.fileDirty.Store(true)
	j.first = time.Now()
	j.publish(f.transaction, f.end, f.layers)
	// What was written for transactions that were never committed.
	if end := max(f.end, f.id.size); j.file.Size() > end {
		if err := j.file.Truncate(end); err != nil {
			return err
		}
		j.size.Store(end)
	}
	_, err = j.Checkpoint()
	return err
}

// closeLog gives the lock back, and removes a log that is no longer needed.
func (j *Journal) closeLog(done bool) error {
	if !done || j.Err() != nil {
		return j.log.Close()
	}
	// Made empty first: should the removal be lost with the power, what the
	// log held must not be applied over what others have written since.
	if err := j.wipe(true); err != nil {
		return errors.Join(err, j.log.Close())
	}
	if runtime.GOOS == "windows" {
		// An open file can't be removed there, so nobody else's is.
		err := j.log.Close()
		_ = j.dir.Remove(j.name + Suffix)
		return err
	}
	return errors.Join(j.dir.Remove(j.name+Suffix), j.log.Close())
}

// locate finds the superblock at 0, 512, 1024, 2048 and so on, and the end of
// the file that it tells. Spec: II.A.
func locate(d driver.Driver) (at uint64, superblock []byte, end uint64, err error) {
	for ; at < d.Size() && at < 1<<62; at = max(512, at*2) {
		b := make([]byte, format.SuperblockSize)
		n, err := d.ReadAt(b, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, nil, 0, err
		}
		b = b[:n]
		if n < len(format.Signature) || string(b[:8]) != format.Signature {
			continue
		}
		s, err := format.DecodeSuperblock(b)
		if err != nil {
			return 0, nil, 0, h5err.At(err, "superblock", at)
		}
		end, ok := wire.Add(at, uint64(s.EndOfFile))
		if !ok {
			end = math.MaxUint64
		}
		return at, b[:format.SuperblockBytes(s.Version, s.Sizes)], end, nil
	}
	return 0, nil, 0, h5err.New(h5err.ErrNotHDF5, "superblock", "signature", "absent")
}
