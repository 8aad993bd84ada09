package journal

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"gables/hdf5/h5err"
	"gables/internal/draft"
)

// stageMemory is how many staged bytes are kept in memory by default.
const stageMemory = 16 << 20

// WriteFresh writes to space that no committed state uses. Positions are those
// of the whole file. Any number of goroutines may call it for ranges apart.
func (j *Journal) WriteFresh(p []byte, at uint64) error {
	if err := j.writable(); err != nil {
		return err
	}
	j.fileDirty.Store(true)
	j.reach(at + uint64(len(p)))
	_, err := j.file.WriteAt(p, at)
	if err != nil {
		j.torn.Store(true)
	}
	return err
}

// reach notes that the file may be as long as end.
func (j *Journal) reach(end uint64) {
	for {
		n := j.size.Load()
		if end <= n || j.size.CompareAndSwap(n, end) {
			return
		}
	}
}

// Stage takes p, which replaces visible bytes when the transaction commits.
// Working shows it at once. p is copied.
func (j *Journal) Stage(p []byte, at uint64) error {
	if err := j.writable(); err != nil {
		return err
	}
	if j.building {
		return j.WriteFresh(p, at)
	}
	for len(p) > 0 {
		n := min(len(p), payloadMost)
		if err := j.stage(p[:n], at); err != nil {
			return err
		}
		p, at = p[n:], at+uint64(n)
	}
	return nil
}

func (j *Journal) stage(p []byte, at uint64) error {
	e := extent{at: at, n: len(p)}
	logged := j.o.Level != Off
	if logged {
		j.begin()
		e.pos = j.w.add(frame{kind: frameData, address: at}, p)
	}
	if logged && j.inStage+int64(len(p)) > j.o.Memory {
		if err := j.w.flush(j.log); err != nil {
			return err
		}
	} else {
		e.data = append(make([]byte, 0, len(p)), p...)
		j.inStage += int64(len(p))
		if len(j.w.buf) > flushAt {
			if err := j.w.flush(j.log); err != nil {
				return err
			}
		}
	}
	j.staged = j.staged.with(layer{e})
	return nil
}

// begin starts a round of the log, if none is under way.
func (j *Journal) begin() {
	var salt [8]byte
	_, _ = rand.Read(salt[:])
	j.w.begin(binary.LittleEndian.Uint64(salt[:]), j.identity())
}

// identity is the file as it is now.
func (j *Journal) identity() identity {
	return identity{at: j.sbAt, superblock: j.plain, size: j.shown, transaction: j.checkpointed}
}

// Commit makes a transaction of what was staged, the frames, and the
// superblock, and gives its number. What was written with WriteFresh is a part
// of it. end is the file's end. When Commit returns without an error the
// transaction is as durable as the level says, and readers see it. The frames
// and the superblock are the journal's from then on: nobody may write to them.
//
// An error aborts the transaction: what was staged is forgotten, the file shows
// the last commit. When Err is not nil afterwards, it is not known which of the
// two the next Open will find.
func (j *Journal) Commit(frames []draft.Extent, end uint64, superblock []byte) (uint64, error) {
	if err := j.writable(); err != nil {
		return 0, err
	}
	if err := j.checkCommit(frames, end, superblock); err != nil {
		return 0, j.fail(err)
	}
	if j.building {
		return j.build(frames, end, superblock)
	}
	if err := j.extend(end); err != nil {
		return 0, j.fail(err)
	}
	if j.o.Level == Full && j.fileDirty.Load() {
		if err := j.sync(); err != nil {
			return 0, j.fail(err)
		}
	}
	last := j.current.Load()
	t := last.transaction + 1
	l := j.gather(frames, superblock)
	if j.o.Level != Off {
		if err := j.logCommit(t, frames, end, superblock); err != nil {
			return 0, err
		}
	}
	if len(last.layers) == 0 {
		j.first = time.Now()
	}
	j.committed = superblock
	j.staged, j.inStage = nil, 0
	j.publish(t, end, last.layers.with(l))
	if j.o.Level == Off {
		// The caller may have to come back for this one: then memory has it.
		if _, err := j.Checkpoint(); err != nil {
			return t, err
		}
	}
	return t, nil
}

func (j *Journal) checkCommit(frames []draft.Extent, end uint64, superblock []byte) error {
	if len(superblock) == 0 || len(superblock) > superblocks || j.sbAt%512+uint64(len(superblock)) > 512 {
		return fmt.Errorf("superblock of %d bytes at %d does not lie in one sector: %w", len(superblock), j.sbAt, h5err.ErrUnsupported)
	}
	if len(j.committed) != 0 && len(j.committed) != len(superblock) {
		return fmt.Errorf("superblock has %d bytes, had %d: %w", len(superblock), len(j.committed), h5err.ErrUnsupported)
	}
	if j.sbAt+uint64(len(superblock)) > end {
		return fmt.Errorf("the file ends at %d, inside its superblock: %w", end, h5err.ErrCorrupt)
	}
	for _, f := range frames {
		if f.At > end || uint64(len(f.Data)) > end-f.At {
			return fmt.Errorf("%d bytes at %d lie behind the end of the file, %d: %w", len(f.Data), f.At, end, h5err.ErrCorrupt)
		}
	}
	return nil
}

// extend makes the file as long as its superblock will say.
func (j *Journal) extend(end uint64) error {
	if j.torn.Swap(false) {
		j.size.Store(j.file.Size())
	}
	if j.file.Size() >= end {
		return nil
	}
	j.fileDirty.Store(true)
	j.reach(end)
	return j.file.Truncate(end)
}

// gather makes the layer of the transaction.
func (j *Journal) gather(frames []draft.Extent, superblock []byte) layer {
	list := make([]extent, 0, len(frames)+1)
	for _, f := range frames {
		if len(f.Data) > 0 {
			list = append(list, extent{at: f.At, n: len(f.Data), data: f.Data})
		}
	}
	l := merged(sorted(list), j.staged.flat(), true)
	return merged(layer{{at: j.sbAt, n: len(superblock), data: superblock}}, l, false)
}

// logCommit appends the transaction to the log and makes it durable.
func (j *Journal) logCommit(t uint64, frames []draft.Extent, end uint64, superblock []byte) error {
	j.begin()
	for _, f := range frames {
		for at, p := f.At, f.Data; len(p) > 0; {
			n := min(len(p), payloadMost)
			j.w.add(frame{kind: frameData, address: at}, p[:n])
			at, p = at+uint64(n), p[n:]
			if len(j.w.buf) > flushAt {
				if err := j.w.flush(j.log); err != nil {
					return j.fail(err)
				}
			}
		}
	}
	j.w.add(frame{kind: frameData, address: j.sbAt}, superblock)
	f := frame{kind: frameCommit, address: t, count: j.w.count}
	if j.o.Level == Full {
		f.flags = flagSettled
	}
	payload := binary.LittleEndian.AppendUint64(nil, end)
	j.w.add(f, binary.LittleEndian.AppendUint64(payload, j.boot))
	j.w.big = true
	if err := j.w.flush(j.log); err != nil {
		return j.fail(err)
	}
	if j.o.Level == Full {
		if err := j.syncLog(); err != nil {
			return j.poison(err)
		}
		j.unsettled = false
	} else {
		j.unsettled = true
	}
	j.w.good = j.w.place
	j.w.commits++
	j.w.next()
	return nil
}

// spill puts what level Off has in memory only, as another program reads the
// file, into the log.
func (j *Journal) spill() error {
	s := j.current.Load()
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.begin()
	for _, e := range without(s.layers.flat(), j.sbAt, len(j.committed)) {
		for at := e.at; at < e.end(); at += payloadMost {
			part := e.cut(at, min(e.end(), at+payloadMost))
			j.w.add(frame{kind: frameData, address: at}, part.data)
			if err := j.w.flush(j.log); err != nil {
				return err
			}
		}
	}
	j.w.add(frame{kind: frameData, address: j.sbAt}, j.committed)
	end := binary.LittleEndian.AppendUint64(nil, s.end)
	f := frame{kind: frameCommit, flags: flagSettled, address: j.checkpointed + 1, count: j.w.count}
	j.w.add(f, binary.LittleEndian.AppendUint64(end, j.boot))
	if err := j.w.flush(j.log); err != nil {
		return err
	}
	return j.syncLog()
}

// syncLog makes the log durable, and its name the first time.
func (j *Journal) syncLog() error {
	if !j.w.dirty {
		return nil
	}
	if err := j.log.Sync(); err != nil {
		return err
	}
	if !j.linked {
		if err := j.dir.Sync(); err != nil {
			return err
		}
		j.linked = true
	}
	j.w.dirty = false
	return nil
}

// fail aborts the transaction for a reason.
func (j *Journal) fail(cause error) error {
	if err := j.Abort(); err != nil {
		return fmt.Errorf("%w, after: %w", err, cause)
	}
	return cause
}

// Abort drops what was staged. Space written with WriteFresh may be written
// anew. The file is cut to its last end where that is longer than it was found.
func (j *Journal) Abort() error {
	if err := j.Err(); err != nil {
		return err
	}
	j.staged, j.inStage = nil, 0
	if j.building {
		j.size.Store(0)
		j.torn.Store(false)
		return j.file.Truncate(0)
	}
	retract := j.w.big
	begun := j.w.begun
	j.w.rewind()
	if retract && begun {
		if err := j.retract(); err != nil {
			return j.poison(err)
		}
	}
	j.torn.Store(false)
	if end := max(j.current.Load().end, j.floor); j.size.Load() > end && !j.lockLost.Load() {
		// A failure costs space only; the size is asked for anew.
		_ = j.file.Truncate(end)
		j.size.Store(j.file.Size())
	}
	return nil
}

// retract makes sure that a commit whose writing failed is not found in the log
// later, when its space has been given to others.
func (j *Journal) retract() error {
	at := j.w.good.at
	if !j.w.good.begun {
		at = 0
	}
	if at >= j.w.size {
		return nil
	}
	zeros := make([]byte, min(frameSize, j.w.size-at))
	if _, err := j.log.WriteAt(zeros, at); err != nil {
		return err
	}
	j.w.dirty = true
	return j.syncLog()
}
