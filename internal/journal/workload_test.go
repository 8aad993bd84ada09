package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"testing"
	"time"

	"gables/internal/journal"
	"gables/internal/testkit"
)

// pins holds snapshots, and drops them at random.
type pins struct {
	w    *world
	held []*journal.Snapshot
}

// step checks what is held, and takes or drops some.
func (p *pins) step(j *journal.Journal) error {
	for _, s := range p.held {
		if t, err := p.w.check(s); err != nil || t != s.Transaction() {
			return fmt.Errorf("snapshot of %d, now %d: shows %d: %w", s.Transaction(), j.Current().Transaction(), t, err)
		}
	}
	if p.w.r.IntN(3) == 0 {
		p.held = append(p.held, j.Pin())
	}
	if n := len(p.held); n > 0 && p.w.r.IntN(4) == 0 {
		i := p.w.r.IntN(n)
		p.held[i].Unpin()
		p.held = append(p.held[:i], p.held[i+1:]...)
	}
	return nil
}

func (p *pins) drop() {
	for _, s := range p.held {
		s.Unpin()
	}
	p.held = nil
}

// runLarge records many transactions, with snapshots held and staged bytes that
// lie in the log only.
func runLarge(t *testing.T, w *world, o journal.Options, transactions, every int) {
	t.Helper()
	w.fs = testkit.NewCrashFS(map[string][]byte{fileName: w.now.image(w.base)})
	w.note()
	j := open(t, w.fs, o)
	held := pins{w: w}
	for range transactions {
		must(t, held.step(j))
		must(t, w.edit(j, 12))
		if _, err := w.check(j.Current()); err != nil {
			t.Fatal(err)
		}
		if w.r.IntN(9) == 0 {
			must(t, w.abort(j))
			continue
		}
		must(t, w.commit(j))
		if w.r.IntN(every) == 0 {
			must(t, w.checkpoint(j))
		}
		if _, err := w.check(j.Working()); err != nil {
			t.Fatal(err)
		}
	}
	held.drop()
	must(t, j.Close())
	w.note()
	w.last().checkpointed = w.last().acked
}

func TestSampledCrashesOfLargeWorkloadsShowTheLastCommit(t *testing.T) {
	for seed := range uint64(rounds()) {
		for _, level := range []journal.Level{journal.Full, journal.Normal} {
			w := newWorld(100+seed, uint8(seed%2)*2, 512*(seed/2%2), 30, 4000)
			o := options(level)
			o.Memory = 1500
			runLarge(t, w, o, 40, 1+int((seed+1)%3)*3)
			r := rand.New(rand.NewPCG(seed, 5))
			var points []int
			for range 40 {
				points = append(points, r.IntN(w.fs.Count()+1))
			}
			tried, wrong := w.crash(w.fs, r, level, points, 10)
			report(t, tried, wrong)
		}
	}
}

// TestCrashesDuringRecoveryLoseNothing crashes, crashes while that is recovered,
// and once more.
func TestCrashesDuringRecoveryLoseNothing(t *testing.T) {
	for _, level := range []journal.Level{journal.Full, journal.Normal} {
		w := newWorld(7, 0, 0, 6, 900)
		run(t, w, options(level), 8, 4, 3)
		r := rand.New(rand.NewPCG(8, 8))
		tried := 0
		for range 15 * rounds() {
			n := r.IntN(w.fs.Count() + 1)
			for name, image := range w.fs.Images(r, n, 2) {
				want, err := w.recoverImage(image, otherBoot)
				must(t, err)
				m := r.IntN(image.Count() + 1)
				for again, second := range image.Images(r, m, 2) {
					cut := r.IntN(3)
					tried++
					if err := w.twice(second, r, cut, want); err != nil {
						t.Fatalf("after %d, %s; then after %d, %s: %v", n, name, m, again, err)
					}
				}
			}
		}
		t.Logf("%d images", tried)
	}
}

// twice recovers an image that a crash during recovery left, and crashes once
// more if cut is 0.
func (w *world) twice(image *testkit.CrashFS, r *rand.Rand, cut int, want uint64) error {
	got, err := w.recoverImage(image, otherBoot)
	if err != nil || got != want {
		return fmt.Errorf("transaction %d, was %d: %w", got, want, err)
	}
	if cut > 0 {
		return nil
	}
	n := r.IntN(image.Count() + 1)
	for name, third := range image.Images(r, n, 1) {
		if got, err := w.recoverImage(third, otherBoot); err != nil || got != want {
			return fmt.Errorf("then after %d, %s: transaction %d, was %d: %w", n, name, got, want, err)
		}
	}
	return nil
}

// TestProcessThatDiesLosesNoCommit: the machine goes on, so all that was written
// is there.
func TestProcessThatDiesLosesNoCommit(t *testing.T) {
	for _, level := range []journal.Level{journal.Full, journal.Normal} {
		for seed := range uint64(4) {
			w := newWorld(20+seed, 0, 0, 5, 900)
			run(t, w, options(level), 10, 4, 4)
			for n := range w.fs.Count() + 1 {
				for name, image := range w.fs.Images(rand.New(rand.NewPCG(1, 1)), n, 0) {
					if name != "all" {
						break
					}
					if err := w.judge(image, name, n, journal.Full, 1); err != nil {
						t.Fatalf("level %d, after %d: %v", level, n, err)
					}
				}
			}
		}
	}
}

// createRun records a file that is created, over an old one or not.
func createRun(t *testing.T, w *world, old []byte, o journal.Options) error {
	t.Helper()
	files := map[string][]byte{}
	if old != nil {
		files[fileName] = old
	}
	w.fs = testkit.NewCrashFS(files)
	w.note()
	j, err := journal.Create(w.fs, fileName, o)
	if err != nil {
		return err
	}
	must(t, j.WriteFresh(w.now.image(w.base), 0))
	must(t, w.commit(j))
	w.note()
	w.last().checkpointed = 1
	for range 3 {
		must(t, w.edit(j, 3))
		must(t, w.commit(j))
		must(t, w.checkpoint(j))
	}
	return j.Close()
}

func TestNewFileIsThereWholeOrNotAtAll(t *testing.T) {
	old := newWorld(30, 2, 0, 3, 500)
	for _, exclusive := range []bool{false, true} {
		for _, was := range [][]byte{nil, old.now.image(0)} {
			o := options(journal.Full)
			o.Exclusive = exclusive
			w := newWorld(31, 0, 0, 4, 800)
			err := createRun(t, w, was, o)
			if exclusive && was != nil {
				if !errors.Is(err, fs.ErrExist) || !bytes.Equal(w.fs.Files()[fileName], was) {
					t.Errorf("an exclusive creation over a file: %v", err)
				}
				continue
			}
			must(t, err)
			r := rand.New(rand.NewPCG(9, 9))
			tried := 0
			for n := range w.fs.Count() + 1 {
				for name, image := range w.fs.Images(r, n, 10) {
					tried++
					if err := w.judgeNew(image, name, n, was); err != nil {
						t.Fatalf("after %d, %s: %v", n, name, err)
					}
				}
			}
			t.Logf("%d images", tried)
		}
	}
}

// judgeNew allows the old file, or none, until the first commit has returned.
func (w *world) judgeNew(image *testkit.CrashFS, name string, n int, was []byte) error {
	if w.at(n).acked > 0 {
		return w.judge(image, name, n, journal.Full, otherBoot)
	}
	now, ok := image.Files()[fileName]
	if ok == (was != nil) && bytes.Equal(now, was) {
		// What lies about must not be in the way.
		j, err := journal.Create(image, fileName, options(journal.Full))
		if err != nil {
			return err
		}
		return j.Close()
	}
	return w.judge(image, name, n, journal.Full, otherBoot)
}

func TestAFileThatIsNeverCommittedLeavesNothing(t *testing.T) {
	fs := testkit.NewCrashFS(nil)
	j, err := journal.Create(fs, fileName, options(journal.Full))
	must(t, err)
	must(t, j.WriteFresh([]byte("abc"), 0))
	must(t, j.Close())
	if files := fs.Files(); len(files) > 0 {
		t.Errorf("left %v", files)
	}
}

func TestLazyPolicyIsDueBySizeOrAge(t *testing.T) {
	w := newWorld(3, 0, 0, 4, 900)
	fs := testkit.NewCrashFS(map[string][]byte{fileName: w.now.image(0)})
	o := options(journal.Full)
	o.LazyBytes, o.LazyAge = 5000, time.Hour
	j := open(t, fs, o)
	n := 0
	for ; !j.Due() && n < 100; n++ {
		must(t, w.edit(j, 4))
		must(t, w.commit(j))
	}
	if n < 2 || n == 100 {
		t.Errorf("due after %d transactions", n)
	}
	must(t, w.checkpoint(j))
	if j.Due() {
		t.Error("due after a checkpoint")
	}
	must(t, j.Close())
}
