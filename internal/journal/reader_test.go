package journal_test

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"gables/hdf5/driver"
	"gables/internal/draft"
	"gables/internal/freespace"
	"gables/internal/journal"
)

// ledger is a file of cells that add up: each transaction changes some in
// place, and writes a record into fresh space, to which the first cell leads.
type ledger struct {
	w     *world
	space *freespace.Manager
	cells [][]byte
	rec   draft.Extent
}

const (
	cellSize  = 200
	cellCount = 64
	cellsAt   = 1024
)

func newLedger() *ledger {
	l := &ledger{w: newWorld(1, 0, 0, 1, 100), space: freespace.New(cellsAt + cellCount*cellSize)}
	for range cellCount {
		l.cells = append(l.cells, make([]byte, cellSize))
	}
	return l
}

func (l *ledger) image() []byte {
	b := make([]byte, l.space.End())
	copy(b, l.w.superblock(l.space.End()))
	return b
}

// next changes some cells and gives the frames of the transaction. The head has
// the transaction, the record's place, and the sum of all cells.
func (l *ledger) next(j *journal.Journal, r *rand.Rand) ([]draft.Extent, error) {
	l.space.Release(j.Released())
	t := j.Current().Transaction() + 1
	if l.rec.Data != nil {
		l.space.Free(freespace.Raw, l.rec.At, uint64(len(l.rec.Data)))
	}
	l.rec.Data = make([]byte, 100+r.IntN(5000))
	for i := range l.rec.Data {
		l.rec.Data[i] = byte(t + uint64(i)*7)
	}
	l.rec.At = l.space.Alloc(freespace.Raw, uint64(len(l.rec.Data)))
	if err := j.WriteFresh(l.rec.Data, l.rec.At); err != nil {
		return nil, err
	}
	var frames []draft.Extent
	for i := 1 + r.IntN(8); i < cellCount; i += 1 + r.IntN(20) {
		lo := r.IntN(cellSize)
		hi := lo + 1 + r.IntN(cellSize-lo)
		for k := lo; k < hi; k++ {
			l.cells[i][k] = byte(r.Uint32())
		}
		frames = append(frames, draft.Extent{At: uint64(cellsAt + i*cellSize + lo), Data: append([]byte(nil), l.cells[i][lo:hi]...)})
	}
	head := binary.LittleEndian.AppendUint64(nil, t)
	head = binary.LittleEndian.AppendUint64(head, l.rec.At)
	head = binary.LittleEndian.AppendUint64(head, uint64(len(l.rec.Data)))
	sum := crc32.NewIEEE()
	for _, c := range l.cells[1:] {
		sum.Write(c)
	}
	sum.Write(l.rec.Data)
	head = binary.LittleEndian.AppendUint32(head, sum.Sum32())
	return append(frames, draft.Extent{At: cellsAt, Data: head}), nil
}

// audit reads a snapshot in pieces and adds up.
func audit(s *journal.Snapshot, r *rand.Rand) error {
	if s.Transaction() == 0 {
		return nil
	}
	t, err := total(s, r)
	if err == nil && t != s.Transaction() {
		err = fmt.Errorf("snapshot of %d shows %d", s.Transaction(), t)
	}
	return err
}

// total adds up what d shows, and gives the transaction that it tells.
func total(d driver.Driver, r *rand.Rand) (uint64, error) {
	b := make([]byte, cellCount*cellSize)
	for lo := 0; lo < len(b); {
		hi := min(len(b), lo+1+r.IntN(4000))
		if _, err := d.ReadAt(b[lo:hi], uint64(cellsAt+lo)); err != nil {
			return 0, err
		}
		lo = hi
	}
	t := binary.LittleEndian.Uint64(b)
	if t == 0 {
		return 0, nil
	}
	rec := make([]byte, min(binary.LittleEndian.Uint64(b[16:]), 1<<20))
	if _, err := d.ReadAt(rec, binary.LittleEndian.Uint64(b[8:])); err != nil {
		return t, err
	}
	sum := crc32.NewIEEE()
	sum.Write(b[cellSize:])
	sum.Write(rec)
	if sum.Sum32() != binary.LittleEndian.Uint32(b[24:]) {
		return t, fmt.Errorf("transaction %d does not add up", t)
	}
	return t, nil
}

// readAndWrite lets readers audit pinned snapshots while a writer commits.
func readAndWrite(t *testing.T, l *ledger, j *journal.Journal, readers, transactions int) {
	t.Helper()
	var stop atomic.Bool
	var audits atomic.Int64
	var wait sync.WaitGroup
	for i := range readers {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for !stop.Load() {
				s := j.Pin()
				// Some hold theirs for long.
				for range 1 + r.IntN(1+i*3) {
					if err := audit(s, r); err != nil {
						t.Error(err)
						stop.Store(true)
						break
					}
					audits.Add(1)
				}
				s.Unpin()
			}
		})
	}
	r := rand.New(rand.NewPCG(77, 1))
	for range transactions {
		if stop.Load() {
			break
		}
		frames, err := l.next(j, r)
		must(t, err)
		_, err = j.Commit(frames, l.space.End(), l.w.superblock(l.space.End()))
		must(t, err)
		l.space.Commit(j.Current().Transaction())
		if r.IntN(3) == 0 {
			if done, err := j.Checkpoint(); err != nil || !done {
				t.Fatalf("checkpoint: %v, %v", done, err)
			}
		}
	}
	stop.Store(true)
	wait.Wait()
	if s := j.Pin(); true {
		must(t, audit(s, r))
		s.Unpin()
	}
	t.Logf("%d audits of %d transactions; the file has %d bytes", audits.Load(), transactions, l.space.End())
	if most := uint64(cellsAt + cellCount*cellSize + 100*5200*(readers+1)); l.space.End() > most {
		t.Errorf("space is not used again: %d bytes", l.space.End())
	}
	must(t, j.Close())
}

func TestReadersSeeWholeTransactionsWhileAWriterCommits(t *testing.T) {
	transactions := 300 * rounds()
	t.Run("InMemory", func(t *testing.T) {
		l := newLedger()
		j := journal.Memory(driver.NewBuffer(l.image()), journal.Options{})
		readAndWrite(t, l, j, 16, transactions)
	})
	t.Run("InAFolderInMemory", func(t *testing.T) {
		l := newLedger()
		shelf := driver.NewShelf()
		file, err := shelf.Open(fileName, true)
		must(t, err)
		_, err = file.WriteAt(l.image(), 0)
		must(t, err)
		must(t, file.Close())
		readAndWrite(t, l, open(t, shelf, options(journal.Full)), 16, transactions)
	})
	t.Run("OnDisk", func(t *testing.T) {
		l := newLedger()
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, fileName), l.image(), 0o666))
		folder, err := driver.OpenDir(dir, driver.LockBestEffort, 0)
		must(t, err)
		readAndWrite(t, l, open(t, folder, options(journal.Off)), 16, transactions)
		must(t, folder.Close())
	})
}
