package journal

import (
	"errors"
	"fmt"
	"io/fs"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/draft"
)

// Create builds a new file beside the place where its first commit puts it.
// Until then a file that has the name stays as it is; only a log that lies
// there is applied to it. With Exclusive it must not exist: fs.ErrExist, now or
// from that commit. A journal that is closed before it leaves nothing.
func Create(dir driver.Folder, name string, o Options) (*Journal, error) {
	log, err := lockLog(dir, name, o)
	if err != nil {
		return nil, err
	}
	j, err := create(dir, name, log, o)
	if err != nil {
		return nil, errors.Join(err, dropLog(dir, name, log))
	}
	return j, nil
}

func create(dir driver.Folder, name string, log driver.Storage, o Options) (*Journal, error) {
	if err := makeWay(dir, name, log, o); err != nil {
		return nil, err
	}
	// One that a crash left: it may share its bytes with a file that was renamed.
	if err := dir.Remove(name + newSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	file, err := dir.Open(name+newSuffix, true)
	if err != nil {
		return nil, err
	}
	if !o.NoLock {
		if err := file.Lock(false); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	j := newJournal(file, dir, name, o)
	j.setLog(log)
	j.building = true
	return j, nil
}

// makeWay applies the log of the file that will be replaced, so that losing it
// later loses nothing of that file.
func makeWay(dir driver.Folder, name string, log driver.Storage, o Options) error {
	old, err := dir.Open(name, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.Exclusive {
		return errors.Join(&fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}, old.Close())
	}
	if !o.NoLock {
		if err := old.Lock(false); err != nil {
			return errors.Join(fmt.Errorf("%s: another program writes to it: %w", name, err), old.Close())
		}
	}
	boot := systemBoot()
	if o.Boot != nil {
		boot = *o.Boot
	}
	f, ok, err := scan(log, boot, stageMemory)
	if err == nil && ok && len(f.layers) > 0 {
		o.Level = Full
		var j *Journal
		if j, err = attach(old, dir, name, log, o); err == nil && len(j.current.Load().layers) > 0 {
			err = fmt.Errorf("%s: its log can't be applied while another program reads it: %w", name, h5err.ErrLocked)
		}
	}
	return errors.Join(err, old.Close())
}

// build writes the first commit and puts the file in its place.
func (j *Journal) build(frames []draft.Extent, end uint64, superblock []byte) (uint64, error) {
	if err := j.whole(frames, end, superblock); err != nil {
		return 0, j.fail(err)
	}
	// The log's bytes are those of the file that is replaced, if it had one.
	if err := j.wipe(true); err != nil {
		return 0, j.fail(err)
	}
	rename := j.dir.Rename
	if j.o.Exclusive {
		rename = j.dir.RenameNew
	}
	if err := rename(j.name+newSuffix, j.name); err != nil {
		return 0, j.fail(err)
	}
	j.building = false
	j.inFile, j.plain, j.committed = superblock, superblock, superblock
	j.checkpointed, j.floor, j.shown = 1, end, end
	j.w.place, j.w.good, j.w.commits = place{}, place{}, 0
	j.publish(1, end, nil)
	if j.o.Level != Off {
		if err := j.dir.Sync(); err != nil {
			return 0, j.poison(err)
		}
		j.linked = true
	}
	return 1, nil
}

// whole makes the new file complete and durable.
func (j *Journal) whole(frames []draft.Extent, end uint64, superblock []byte) error {
	for _, f := range frames {
		if err := j.write(f.Data, f.At); err != nil {
			return err
		}
	}
	if err := j.write(superblock, j.sbAt); err != nil {
		return err
	}
	if err := j.file.Truncate(end); err != nil {
		return err
	}
	j.size.Store(end)
	return j.sync()
}
