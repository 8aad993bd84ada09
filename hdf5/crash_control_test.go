package hdf5_test

import (
	"math/rand/v2"
	"testing"

	"gables/hdf5"
	"gables/internal/testkit"
)

// without is the recording as if some operations had not taken place.
func (r *recording) without(dropped func(i int) bool) *recording {
	cut := *r
	cut.fs = r.fs.Without(func(i int, _ testkit.Op) bool { return dropped(i) })
	cut.events = nil
	for _, e := range r.events {
		n := 0
		for i := range e.ops {
			if !dropped(i) {
				n++
			}
		}
		e.ops = n
		cut.events = append(cut.events, e)
	}
	return &cut
}

// syncRoles names the syncs of a recording in which each flush is checkpointed
// at once: by those that came since the log's.
func syncRoles(ops []testkit.Op) map[int]string {
	steps := []string{"mark", "applied frames", "superblock"}
	names, step := map[int]string{}, len(steps)
	for i, o := range ops {
		switch {
		case o.Kind == testkit.OpDirSync:
			names[i] = "folder"
		case o.Kind != testkit.OpSync:
		case o.File != 0:
			names[i], step = "log", 0
		case step < len(steps):
			names[i] = steps[step]
			step++
		default:
			names[i] = "fresh space"
		}
	}
	return names
}

// superblocks are the points behind the writes of the superblock.
func (r *recording) superblocks() []int {
	var list []int
	for i, o := range r.fs.Ops() {
		if o.Kind == testkit.OpWrite && o.File == 0 && o.Off == 0 {
			list = append(list, i+1)
		}
	}
	return list
}

// TestWithoutOneKindOfSyncOrTheLogCrashesShow is the control of the crash test:
// what it finds must be there to be found.
func TestWithoutOneKindOfSyncOrTheLogCrashesShow(t *testing.T) {
	if testing.Short() {
		t.Skip("tries many images")
	}
	r := crashCases[4].run(t, 17, 10, 12)
	ops := r.fs.Ops()
	names := syncRoles(ops)
	tried := func(what string, r *recording) {
		rnd := rand.New(rand.NewPCG(8, 8))
		points := r.anywhere(rnd, 20)
		if what != "everything" {
			// Few are needed where something is wrong. What misses the sync of the applied
			// frames shows between the superblock's write and its sync alone.
			points = append(r.superblocks(), r.anywhere(rnd, 200)...)
		}
		n, wrong := r.crash(rnd, points, 12, 1)
		t.Logf("%s: %d of %d images wrong", what, len(wrong), n)
		if (len(wrong) > 0) != (what != "everything") {
			t.Errorf("%s: %d of %d images are wrong", what, len(wrong), n)
		}
	}
	tried("everything", r)
	for _, role := range []string{"log", "fresh space", "mark", "applied frames", "superblock", "folder"} {
		tried("without the sync of the "+role, r.without(func(i int) bool { return names[i] == role }))
	}
	tried("without what is written to the log", r.without(func(i int) bool { return ops[i].File != 0 && ops[i].Kind == testkit.OpWrite }))
	bare := crashCases[4]
	bare.level = hdf5.NoDurability
	off := bare.run(t, 17, 10, 12)
	off.level = hdf5.Full
	tried("as libhdf5 writes", off)
}
