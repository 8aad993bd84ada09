package journal_test

import (
	"errors"
	"math/rand/v2"
	"syscall"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/journal"
	"gables/internal/testkit"
)

// faulty runs transactions in a folder in which an operation fails, the way a
// writer goes on: it aborts and tries again until the journal says that nothing
// is written any more.
func faulty(t *testing.T, w *world, faults *testkit.FaultFS, o journal.Options, transactions int) {
	t.Helper()
	file, err := faults.Open(fileName, false)
	must(t, err)
	j, err := journal.Open(file, faults, fileName, o)
	if err != nil {
		if !faults.Failed() {
			t.Fatal(err)
		}
		return
	}
	for range transactions {
		err := w.edit(j, 3)
		if err == nil {
			err = w.commit(j)
		}
		committed := err == nil
		if err == nil && w.r.IntN(2) == 0 {
			err = w.checkpoint(j)
		}
		if err == nil {
			continue
		}
		if !faults.Failed() {
			t.Fatalf("an error without a fault: %v", err)
		}
		if _, wrong := w.check(j.Current()); wrong != nil {
			t.Fatalf("after %v readers see: %v", err, wrong)
		}
		if j.Err() != nil {
			poisoned(t, w, j)
			break
		}
		if !committed {
			if err := w.abort(j); err != nil && j.Err() == nil {
				t.Fatal(err)
			}
		}
	}
	// Whatever Close gives, the next Open finds the state.
	_ = j.Close()
}

// poisoned tries that nothing more is written.
func poisoned(t *testing.T, w *world, j *journal.Journal) {
	t.Helper()
	n := w.fs.Count()
	_, commit := j.Commit(nil, w.now.end, w.now.superblock)
	_, checkpoint := j.Checkpoint()
	for i, err := range []error{j.WriteFresh([]byte("x"), 5000), j.Stage([]byte("x"), 10), commit, checkpoint, j.Abort()} {
		if err == nil {
			t.Errorf("call %d is obeyed after %v", i, j.Err())
		}
	}
	if w.fs.Count() != n {
		t.Errorf("something was done after %v", j.Err())
	}
}

func TestEveryFaultLeavesTheLastCommit(t *testing.T) {
	kinds := []testkit.FaultFS{{Err: syscall.EIO}, {Err: syscall.ENOSPC, Short: true}, {Err: nil, Short: true}, {Err: syscall.EIO, Sticky: true}}
	for _, level := range []journal.Level{journal.Full, journal.Normal} {
		for k := range kinds {
			images := 0
			for n := 0; ; n++ {
				w := newWorld(40, 0, 0, 4, 900)
				w.fs = testkit.NewCrashFS(map[string][]byte{fileName: w.now.image(0)})
				w.note()
				faults := &testkit.FaultFS{Folder: w.fs, At: n, Err: kinds[k].Err, Short: kinds[k].Short, Sticky: kinds[k].Sticky}
				if faults.Err == nil {
					faults.Err = errors.New("short write")
				}
				faulty(t, w, faults, options(level), 8)
				r := rand.New(rand.NewPCG(uint64(n), 6))
				points := []int{w.fs.Count(), w.fs.Count(), r.IntN(w.fs.Count() + 1)}
				tried, wrong := w.crash(w.fs, r, level, points[:1+n%3], 4)
				images += tried
				for _, err := range wrong {
					t.Errorf("level %d, fault %d (%v) at operation %d: %v", level, k, kinds[k].Err, n, err)
				}
				if len(wrong) > 0 {
					return
				}
				if !faults.Failed() {
					break
				}
			}
			t.Logf("level %d, fault %d: %d images", level, k, images)
		}
	}
}

func TestFailedReadIsNoFailedWrite(t *testing.T) {
	for n := range 60 {
		w := newWorld(41, 0, 0, 4, 900)
		w.fs = testkit.NewCrashFS(map[string][]byte{fileName: w.now.image(0)})
		w.note()
		faults := &testkit.FaultFS{Folder: w.fs, At: n, Err: syscall.EIO, Reads: true}
		faulty(t, w, faults, options(journal.Full), 4)
		for name, image := range w.fs.Images(rand.New(rand.NewPCG(1, 1)), w.fs.Count(), 0) {
			if err := w.judge(image, name, w.fs.Count(), journal.Full, otherBoot); err != nil {
				t.Fatalf("operation %d, %s: %v", n, name, err)
			}
		}
	}
}

func TestDiskThatIsFullIsMetBeforeTheCommit(t *testing.T) {
	w := newWorld(42, 0, 0, 4, 900)
	fs := testkit.NewCrashFS(map[string][]byte{fileName: w.now.image(0)})
	faults := &testkit.FaultFS{Folder: fs, At: -1, Err: syscall.ENOSPC, Sticky: true}
	j := open(t, faults, options(journal.Full))
	must(t, w.edit(j, 3))
	faults.At = faults.Count()
	if err := w.commit(j); !errors.Is(err, syscall.ENOSPC) || j.Err() != nil {
		t.Errorf("commit: %v; afterwards: %v", err, j.Err())
	}
	faults.At = -1
	must(t, w.abort(j))
	must(t, w.edit(j, 3))
	must(t, w.commit(j))
	must(t, j.Close())
	if got, err := w.plain(fs); err != nil || got != 1 {
		t.Errorf("transaction %d: %v", got, err)
	}
}

func TestClosedJournalObeysNoCall(t *testing.T) {
	w := newWorld(43, 0, 0, 4, 900)
	fs := testkit.NewCrashFS(map[string][]byte{fileName: w.now.image(0)})
	j := open(t, fs, options(journal.Full))
	must(t, j.Close())
	must(t, j.Close())
	if err := j.WriteFresh([]byte("x"), 9000); !errors.Is(err, h5err.ErrClosed) {
		t.Error(err)
	}
}
