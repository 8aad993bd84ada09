package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"gables/hdf5/h5err"
	"gables/internal/format"
)

// beforeMost is how many bytes are kept for one older snapshot; checkpoints wait
// for it rather than take more memory.
const beforeMost = 256 << 20

// Checkpoint writes the last commit into the file. done is false when that must
// wait: another program reads the file, or readers in the process do so in a
// way that would show. Then nothing has changed. An error may have ended all
// writing: Err tells.
func (j *Journal) Checkpoint() (done bool, err error) {
	if err := j.writable(); err != nil {
		if errors.Is(err, h5err.ErrLocked) {
			return false, nil
		}
		return false, err
	}
	s := j.current.Load()
	if len(s.layers) == 0 {
		return true, nil
	}
	all := s.layers.flat()
	if j.o.Busy != nil && j.o.Busy() || j.tooMuch(all) {
		return false, nil
	}
	if ok, err := j.lockOut(); !ok {
		return false, err
	}
	defer func() { j.letIn() }()
	if err := j.unchanged(); err != nil {
		return false, j.poison(err)
	}
	if err := j.settle(); err != nil {
		return false, j.poison(err)
	}
	if err := j.keep(all); err != nil {
		return false, err
	}
	if err := j.apply(all); err != nil {
		return false, j.poison(err)
	}
	j.inFile, j.plain = j.committed, j.committed
	j.checkpointed, j.shown = s.transaction, s.end
	j.publish(s.transaction, s.end, nil)
	if err := j.reset(); err != nil {
		return false, j.poison(err)
	}
	return true, nil
}

// settle makes the log, and what it counts on, durable.
func (j *Journal) settle() error {
	if j.o.Level == Off {
		return nil
	}
	if j.fileDirty.Load() {
		if err := j.sync(); err != nil {
			return err
		}
	}
	if j.unsettled {
		j.w.add(frame{kind: frameSettle, address: j.current.Load().transaction}, nil)
		if err := j.w.flush(j.log); err != nil {
			return err
		}
		j.w.good = j.w.place
		j.unsettled = false
	}
	return j.syncLog()
}

// keep gives older snapshots what the file holds where it will be overwritten.
func (j *Journal) keep(all layer) error {
	if len(j.pinned()) == 0 {
		return nil
	}
	before := make(layer, 0, len(all))
	for _, e := range all {
		p := make([]byte, e.n)
		n, err := j.file.ReadAt(p, e.at)
		if n < len(p) && err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		before = append(before, extent{at: e.at, n: e.n, data: p})
	}
	n := &node{before: before}
	j.tail.next.Store(n)
	j.tail = n
	for _, o := range j.pinned() {
		o.node.shorten(n)
	}
	return nil
}

// tooMuch tells whether a checkpoint would keep too many bytes for a snapshot
// that is pinned.
func (j *Journal) tooMuch(all layer) bool {
	old := j.pinned()
	if len(old) == 0 {
		return false
	}
	n := all.size()
	for x := old[0].node.next.Load(); x != nil; x = x.next.Load() {
		n += x.before.size()
	}
	return n > beforeMost
}

// apply writes the extents into the file: between the mark that keeps others
// out and the superblock that lets them in nothing is seen.
func (j *Journal) apply(all layer) error {
	if err := j.mark(); err != nil {
		return err
	}
	if err := j.spread(without(all, j.sbAt, len(j.committed))); err != nil {
		return err
	}
	if err := j.sync(); err != nil {
		return err
	}
	if err := j.write(j.committed, j.sbAt); err != nil {
		return err
	}
	return j.sync()
}

// mark keeps other programs out of a file that is being changed.
func (j *Journal) mark() error {
	if j.o.Level == Off {
		return nil
	}
	marked := bytes.Clone(j.plain)
	if err := format.MarkSuperblock(marked, true); err != nil {
		return err
	}
	if err := j.write(marked, j.sbAt); err != nil {
		return err
	}
	return j.sync()
}

// spread writes extents to their places, neighbours with one call.
func (j *Journal) spread(all layer) error {
	var run []byte
	at := uint64(0)
	for _, e := range all {
		if len(run) > 0 && (at+uint64(len(run)) != e.at || len(run)+e.n > runMost) {
			if err := j.write(run, at); err != nil {
				return err
			}
			run = run[:0]
		}
		if e.n >= runMost {
			if err := j.copyOut(e); err != nil {
				return err
			}
			continue
		}
		if len(run) == 0 {
			at = e.at
		}
		old := len(run)
		run = append(run, make([]byte, e.n)...)
		if err := e.read(run[old:], e.at, j.log); err != nil {
			return err
		}
	}
	return j.write(run, at)
}

// runMost is how many bytes of neighbours are written with one call.
const runMost = 1 << 20

// without gives the extents that are not between at and at+n.
func without(all layer, at uint64, n int) layer {
	end := at + uint64(n)
	out := make(layer, 0, len(all)+1)
	for _, e := range all {
		if e.end() <= at || e.at >= end {
			out = append(out, e)
			continue
		}
		if e.at < at {
			out = append(out, e.cut(e.at, at))
		}
		if e.end() > end {
			out = append(out, e.cut(end, e.end()))
		}
	}
	return out
}

// copyOut writes a long extent.
func (j *Journal) copyOut(e extent) error {
	if e.data != nil {
		return j.write(e.data, e.at)
	}
	p := make([]byte, runMost)
	for e.n > 0 {
		p = p[:min(len(p), e.n)]
		if err := e.read(p, e.at, j.log); err != nil {
			return err
		}
		if err := j.write(p, e.at); err != nil {
			return err
		}
		e.at, e.pos, e.n = e.at+uint64(len(p)), e.pos+uint64(len(p)), e.n-len(p)
	}
	return nil
}

// write writes into the file.
func (j *Journal) write(p []byte, at uint64) error {
	if len(p) == 0 {
		return nil
	}
	j.fileDirty.Store(true)
	j.reach(at + uint64(len(p)))
	_, err := j.file.WriteAt(p, at)
	return err
}

const logKeep = 16 << 20 // how much of the log stays for the next round

// reset makes the log empty: the next commit begins a round with a new salt. A
// round of one commit may be found again after a loss of power, whole or not at
// all, and is then applied once more without harm. Of several commits only the
// first might be found, so that their end is made durable.
func (j *Journal) reset() error {
	if j.log == nil {
		return nil
	}
	j.floor = j.size.Load()
	if !j.w.begun {
		return nil
	}
	for _, s := range j.pinned() {
		for _, l := range s.layers {
			if l.inLog() {
				return j.resetWithin()
			}
		}
	}
	if err := j.wipe(j.w.commits > 1); err != nil {
		return err
	}
	if j.w.commits > 1 && j.w.size > logKeep && j.log.Truncate(logKeep) == nil {
		j.w.size, j.w.dirty = logKeep, true
	}
	j.w.place, j.w.good = place{}, place{}
	j.w.next()
	return nil
}

// resetWithin ends what must be applied without giving up the log's bytes,
// which pinned snapshots still show.
func (j *Journal) resetWithin() error {
	id := j.identity()
	payload := make([]byte, 8, 8+len(id.superblock))
	for i := range 8 {
		payload[i] = byte(id.size >> (8 * i))
	}
	j.w.add(frame{kind: frameCheckpoint, address: id.transaction}, append(payload, id.superblock...))
	if err := j.w.flush(j.log); err != nil {
		return err
	}
	j.w.good = j.w.place
	j.w.commits++
	j.w.next()
	return nil
}

// wipe makes the log empty: for a process that comes after this one has died,
// or, durably, for one that comes after a loss of power too.
func (j *Journal) wipe(durable bool) error {
	if j.w.size < frameSize {
		return nil
	}
	if _, err := j.log.WriteAt(make([]byte, frameSize), 0); err != nil {
		return err
	}
	j.w.dirty = true
	if !durable {
		return nil
	}
	return j.syncLog()
}

// unchanged tells whether the file is as this writer left it.
func (j *Journal) unchanged() error {
	if j.dir == nil {
		return nil
	}
	if size := j.file.Size(); size != j.size.Load() {
		return fmt.Errorf("%s has %d bytes, should have %d: %w", j.name, size, j.size.Load(), h5err.ErrChanged)
	}
	b := make([]byte, len(j.inFile))
	if err := readFull(j.file, b, j.sbAt); err != nil {
		return err
	}
	if !bytes.Equal(b, j.inFile) {
		return fmt.Errorf("%s: superblock is another: %w", j.name, h5err.ErrChanged)
	}
	return nil
}

// lockOut takes the file for this program alone; ok is false when another has
// it open.
func (j *Journal) lockOut() (ok bool, err error) {
	if j.o.NoLock {
		return true, nil
	}
	err = j.file.Lock(true)
	if err == nil {
		return true, nil
	}
	// Changing the mode lost the lock that was held.
	j.letIn()
	if errors.Is(err, h5err.ErrLocked) {
		err = nil
	}
	return false, err
}

// letIn lets other programs read the file.
func (j *Journal) letIn() {
	if !j.o.NoLock && !j.building {
		j.lockLost.Store(j.file.Lock(false) != nil)
	}
}

// regain takes the shared lock again after it was lost to another program,
// which must not have changed the file.
func (j *Journal) regain() error {
	j.regaining.Lock()
	defer j.regaining.Unlock()
	if !j.lockLost.Load() {
		return j.Err()
	}
	if err := j.file.Lock(false); err != nil {
		return fmt.Errorf("%s: another program writes to the file: %w", j.name, err)
	}
	if err := j.unchanged(); err != nil {
		return j.poison(err)
	}
	j.lockLost.Store(false)
	return nil
}
