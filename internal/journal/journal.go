package journal

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
)

// Level says what survives a crash.
type Level uint8

// The levels.
const (
	// Full keeps every commit that returned, also when power is lost.
	Full Level = iota
	// Normal loses no commit when the process dies. When power is lost it may
	// lose those since the last checkpoint; the file is consistent.
	Normal
	// Off writes into the file at once, as libhdf5 does: readers in the process
	// see whole commits, a crash may leave anything.
	Off
)

// Suffix makes the name of the log from that of the file.
const Suffix = ".h5wal"

// newSuffix makes the name of a file that is being built.
const newSuffix = ".h5new"

// Options are what a writer may choose.
type Options struct {
	Level     Level
	Base      uint64 // Create and Memory: position of the superblock
	Exclusive bool   // Create: the file must not exist
	NoLock    bool   // lock nothing
	// Busy tells whether readers in the process look at the file's bytes
	// directly: checkpoints wait for them. May be nil.
	Busy func() bool
	// LazyBytes and LazyAge are how large the log and how old its first commit
	// may become before Due asks for a checkpoint. Both 0: always.
	LazyBytes uint64
	LazyAge   time.Duration
	// Memory is how many staged bytes are kept in memory until they are in the
	// file; more are read back from the log. 0 is 16 MiB.
	Memory int64
	// Boot is different after each start of the machine; 0 is unknown. What the
	// system says is taken when it is nil.
	Boot *uint64
}

// Journal writes one file. The package says which methods are for whom.
type Journal struct {
	o    Options
	file driver.Storage
	dir  driver.Folder // nil for a file in memory
	name string
	boot uint64

	log    driver.Storage // nil for a file in memory
	w      logWriter
	linked bool // the log's name is on the medium

	current atomic.Pointer[Snapshot]
	old     []*Snapshot // that were pinned when last looked at
	tail    *node

	staged  layers
	inStage int64 // bytes of it in memory

	checkpointed uint64
	first        time.Time // of the first commit that the file does not show
	sbAt         uint64
	inFile       []byte // the superblock as the file has it
	plain        []byte // as of the last checkpoint
	committed    []byte // as of the last commit

	fileDirty atomic.Bool   // written since it was synced
	torn      atomic.Bool   // a write failed, so size may be too large
	size      atomic.Uint64 // of the file, as far as it is ours
	floor     uint64        // size when the writer came or made its last checkpoint
	shown     uint64        // the file's end as of its last checkpoint
	unsettled bool          // commits in the log count on bytes that were not synced

	broken    atomic.Pointer[error]
	lockLost  atomic.Bool // cleared under regaining
	regaining sync.Mutex
	building  bool // under a name of its own until the first commit
	closed    bool
}

func newJournal(file driver.Storage, dir driver.Folder, name string, o Options) *Journal {
	if o.Memory == 0 {
		o.Memory = stageMemory
	}
	j := &Journal{o: o, file: file, dir: dir, name: name, tail: &node{}, sbAt: o.Base}
	j.size.Store(file.Size())
	j.floor = file.Size()
	if o.Boot != nil {
		j.boot = *o.Boot
	} else {
		j.boot = systemBoot()
	}
	j.publish(0, file.Size(), nil)
	return j
}

// Memory writes a file image in memory, which it owns from then on. There is
// no log, and every commit is in the image at once unless Busy forbids.
func Memory(st driver.Storage, o Options) *Journal {
	o.Level, o.NoLock = Off, true
	return newJournal(st, nil, "", o)
}

// publish makes a state current.
func (j *Journal) publish(transaction, end uint64, l layers) {
	s := &Snapshot{j: j, transaction: transaction, end: end, layers: l, node: j.tail}
	if last := j.current.Swap(s); last != nil {
		j.old = append(j.old, last)
	}
	j.pinned()
}

// pinned gives the older snapshots that are pinned. One that is not can't be
// pinned again.
func (j *Journal) pinned() []*Snapshot {
	j.old = slices.DeleteFunc(j.old, func(s *Snapshot) bool { return s.refs.Load() == 0 })
	return j.old
}

// Released is the newest transaction whose freed space may be given out: the
// file shows it, durably, and no pinned snapshot is older.
func (j *Journal) Released() uint64 {
	t := j.checkpointed
	for _, s := range j.pinned() {
		t = min(t, s.transaction)
	}
	return t
}

// Superblock gives the position and size of the superblock.
func (j *Journal) Superblock() (at uint64, size int) { return j.sbAt, len(j.committed) }

// Due tells whether the lazy policy asks for a checkpoint.
func (j *Journal) Due() bool {
	if len(j.current.Load().layers) == 0 {
		return false
	}
	if j.o.LazyBytes == 0 && j.o.LazyAge == 0 {
		return true
	}
	return j.o.LazyBytes > 0 && j.w.at >= j.o.LazyBytes || j.o.LazyAge > 0 && time.Since(j.first) >= j.o.LazyAge
}

// Err is why nothing can be written any more, or nil.
func (j *Journal) Err() error {
	if e := j.broken.Load(); e != nil {
		return *e
	}
	return nil
}

// poison ends all writing: after a failed sync nobody knows what the medium
// holds. The log stays for the next Open.
func (j *Journal) poison(cause error) error {
	err := fmt.Errorf("%s: nothing more is written through this handle; opening the file anew recovers it: %w", j.name, cause)
	j.broken.CompareAndSwap(nil, &err)
	return err
}

// writable tells why a writer's call can't be obeyed.
func (j *Journal) writable() error {
	if j.closed {
		return h5err.ErrClosed
	}
	if err := j.Err(); err != nil {
		return err
	}
	if j.lockLost.Load() {
		return j.regain()
	}
	return nil
}

// sync makes the file's bytes durable where the level asks for it.
func (j *Journal) sync() error {
	if j.o.Level == Off {
		return nil
	}
	// Cleared first: what is written meanwhile is dirty again.
	j.fileDirty.Store(false)
	if err := j.file.Sync(); err != nil {
		j.fileDirty.Store(true)
		return err
	}
	return nil
}

// Close brings the file up to the last commit, where no reader elsewhere stands
// in the way, gives back the locks and closes the file. Nobody may read from
// snapshots any more. It is safe to call it twice.
func (j *Journal) Close() error {
	if j.closed {
		return nil
	}
	done, err := j.building, j.Err()
	if err == nil && !j.building {
		done, err = j.finish()
	}
	j.closed = true
	err = errors.Join(err, j.file.Close())
	if j.building {
		err = errors.Join(err, j.dir.Remove(j.name+newSuffix))
	}
	if j.log != nil {
		err = errors.Join(err, j.closeLog(done))
	}
	return err
}

// finish makes the last commit durable, in the file or in the log.
func (j *Journal) finish() (done bool, err error) {
	if err := j.Abort(); err != nil {
		return false, err
	}
	if j.log == nil {
		j.o.Busy = nil
	}
	if done, err = j.Checkpoint(); done || err != nil || j.log == nil {
		return done, err
	}
	if j.o.Level == Off {
		err = j.spill()
	} else {
		err = j.settle()
	}
	if err != nil {
		err = j.poison(err)
	}
	return false, err
}
