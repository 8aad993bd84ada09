package journal_test

import (
	"math/rand/v2"
	"testing"

	"gables/internal/journal"
	"gables/internal/testkit"
)

// roles names each sync of a recording of level Full: by what came before it.
func roles(ops []testkit.Op, file, log int) map[int]string {
	names := map[int]string{}
	after := []string{"sync of the mark", "sync of the applied frames", "sync of the superblock"}
	step := len(after)
	applying := false
	for i, o := range ops {
		switch {
		case o.Kind == testkit.OpSync && o.File == log:
			names[i], step = "sync of the log", 0
		case o.Kind == testkit.OpWrite && o.File == file:
			// Behind the log's sync the file is written to by a checkpoint, which begins
			// with the superblock, or by the next transaction.
			if step == 0 {
				applying = o.Off == 0
			}
		case o.Kind == testkit.OpSync && o.File == file:
			if step < len(after) && applying {
				names[i] = after[step]
				step++
				continue
			}
			names[i] = "sync of fresh space"
		case o.Kind == testkit.OpDirSync:
			names[i] = "sync of the directory"
		}
	}
	return names
}

// TestWithoutOneSyncOrTheLogTheSuiteGoesRed shows that the images find what the
// protocol is for.
func TestWithoutOneSyncOrTheLogTheSuiteGoesRed(t *testing.T) {
	w := newWorld(11, 0, 0, 5, 900)
	run(t, w, options(journal.Full), 12, 4, 1)
	ops := w.fs.Ops()
	file, log := 0, -1
	for _, o := range ops {
		if o.Kind == testkit.OpCreate {
			log = o.File
		}
	}
	names := roles(ops, file, log)
	judge := func(fs *testkit.CrashFS, dropped func(i int) bool) (tried, wrong int) {
		// The recording without some operations: what was known moves along.
		cut := *w
		cut.events = nil
		for _, e := range w.events {
			n := 0
			for i := range e.ops {
				if !dropped(i) {
					n++
				}
			}
			e.ops = n
			cut.events = append(cut.events, e)
		}
		n, list := cut.crash(fs, rand.New(rand.NewPCG(3, 3)), journal.Full, each(len(fs.Ops())), 6)
		return n, len(list)
	}
	for _, role := range []string{"", "sync of fresh space", "sync of the log", "sync of the mark", "sync of the applied frames",
		"sync of the superblock", "sync of the directory"} {
		dropped := func(i int) bool { return role != "" && names[i] == role }
		tried, wrong := judge(w.fs.Without(func(i int, _ testkit.Op) bool { return dropped(i) }), dropped)
		t.Logf("without %q: %d of %d images wrong", role, wrong, tried)
		if (wrong > 0) != (role != "") {
			t.Errorf("without %q: %d of %d images are wrong", role, wrong, tried)
		}
	}
	dropped := func(i int) bool { return ops[i].File == log && ops[i].Kind == testkit.OpWrite }
	if tried, wrong := judge(w.fs.Without(func(i int, _ testkit.Op) bool { return dropped(i) }), dropped); wrong == 0 {
		t.Errorf("without the log all of %d images are right", tried)
	}
}
