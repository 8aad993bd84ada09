package journal_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"gables/internal/journal"
	"gables/internal/testkit"
)

// run records transactions on a file that exists. Each is followed by a
// checkpoint with a chance of one in every.
func run(t testing.TB, w *world, o journal.Options, transactions, blocks, every int) {
	t.Helper()
	w.fs = testkit.NewCrashFS(map[string][]byte{fileName: w.now.image(w.base)})
	w.note()
	j := open(t, w.fs, o)
	for range transactions {
		must(t, w.edit(j, blocks))
		if w.r.IntN(5) == 0 {
			must(t, w.abort(j))
			continue
		}
		must(t, w.commit(j))
		if w.r.IntN(every) == 0 {
			must(t, w.checkpoint(j))
		}
	}
	must(t, j.Close())
	w.note()
	w.last().checkpointed = w.last().acked
}

// judge tries one image of the state after n operations: what is recovered is
// what was acknowledged or the commit under way; what other programs see
// meanwhile is whole.
func (w *world) judge(image *testkit.CrashFS, name string, n int, level journal.Level, boot uint64) error {
	e := w.at(n)
	if !strings.Contains(name, "torn") {
		got, err := w.plain(image)
		if err != nil && !errors.Is(err, errMarked) {
			return fmt.Errorf("as other programs see it: %w", err)
		}
		if err == nil && got < e.checkpointed {
			return fmt.Errorf("other programs see transaction %d, %d was checkpointed", got, e.checkpointed)
		}
	}
	got, err := w.recoverImage(image, boot)
	if err != nil {
		return fmt.Errorf("transaction %d was acknowledged: %w", e.acked, err)
	}
	least := e.acked
	if level == journal.Normal && boot == otherBoot {
		least = e.checkpointed
	}
	if got < least || got > max(e.begun, least) {
		return fmt.Errorf("transaction %d, want %d to %d", got, least, e.begun)
	}
	return nil
}

// crash tries images after the operations of a recording, and gives how many
// there were and what was wrong.
func (w *world) crash(fs *testkit.CrashFS, r *rand.Rand, level journal.Level, points []int, random int) (tried int, wrong []error) {
	ops := fs.Ops()
	for _, n := range points {
		for name, image := range fs.Images(r, n, random) {
			tried++
			if err := w.judge(image, name, n, level, otherBoot); err != nil {
				what := "nothing"
				if n > 0 {
					what = ops[n-1].String()
				}
				wrong = append(wrong, fmt.Errorf("after %d of %d (%s), %s: %w", n, len(ops), what, name, err))
			}
		}
	}
	return tried, wrong
}

func each(n int) []int {
	list := make([]int, n+1)
	for i := range list {
		list[i] = i
	}
	return list
}

func report(t *testing.T, tried int, wrong []error) {
	t.Helper()
	for i, err := range wrong {
		if i == 5 {
			break
		}
		t.Error(err)
	}
	t.Logf("%d images, %d wrong", tried, len(wrong))
}

func TestEveryCrashOfSmallWorkloadsShowsTheLastCommit(t *testing.T) {
	for _, c := range []struct {
		level   journal.Level
		version uint8
		base    uint64
		every   int
	}{
		{journal.Full, 0, 0, 1}, {journal.Full, 2, 512, 1}, {journal.Full, 0, 0, 3}, {journal.Full, 3, 0, 3},
		{journal.Normal, 0, 512, 1}, {journal.Normal, 0, 0, 3}, {journal.Normal, 2, 0, 5},
	} {
		for seed := range uint64(rounds()) {
			w := newWorld(seed, c.version, c.base, 4, 900)
			run(t, w, options(c.level), 7, 3, c.every)
			tried, wrong := w.crash(w.fs, rand.New(rand.NewPCG(seed, 2)), c.level, each(w.fs.Count()), 8)
			if len(wrong) > 0 {
				t.Errorf("level %d, superblock %d at %d, checkpoint each %d:", c.level, c.version, c.base, c.every)
			}
			report(t, tried, wrong)
		}
	}
}
