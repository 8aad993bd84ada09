package hdf5_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"gables/hdf5"
	"gables/internal/testkit"
	"gables/internal/workload"
)

// faultKind is how an operation fails.
type faultKind struct {
	name                 string
	err                  error
	short, sticky, reads bool
}

var faultKinds = []faultKind{
	{name: "EIO", err: syscall.EIO},
	{name: "ENOSPC, half written", err: syscall.ENOSPC, short: true},
	{name: "short write", err: errors.New("short write"), short: true},
	{name: "EIO for good", err: syscall.EIO, sticky: true},
	{name: "EIO while reading too", err: syscall.EIO, reads: true},
}

// faulty is a writer in a folder where an operation fails.
type faulty struct {
	*recording
	faults *testkit.FaultFS
	begins bool // the file is made anew
	s      *workload.Session
	f      *hdf5.File
	rnd    *rand.Rand
}

// fault runs turns of a workload as a program does that goes on after an error,
// until nothing is written any more.
func (c crashCase) fault(t *testing.T, kind faultKind, seed uint64, at int) *faulty {
	t.Helper()
	x := &faulty{recording: c.begin(t), rnd: rand.New(rand.NewPCG(uint64(at), 4))}
	x.faults = &testkit.FaultFS{Folder: x.fs, At: at, Err: kind.err, Short: kind.short, Sticky: kind.sticky, Reads: kind.reads}
	model := x.old
	if x.begins = c.mode != hdf5.ModeReadWrite; x.begins {
		model = workload.NewModel()
	}
	x.s = workload.NewSession(seed, model, workload.Options{Objects: 40, Large: 200})
	var err error
	if x.f, err = hdf5.OpenIn(x.faults, crashFile, c.mode, c.options()...); err != nil {
		if !x.faults.Failed() {
			t.Fatal(err)
		}
		return x
	}
	alive := true
	for i := 0; i < 6 && alive; i++ {
		alive = x.turn(t)
	}
	x.close(t, alive)
	return x
}

func (x *faulty) begun() {
	x.add(x.s.Model)
	x.note(flushEvent{begun: len(x.states) - 1, acked: x.events[len(x.events)-1].acked})
}

func (x *faulty) acked() {
	x.s.Committed = x.s.Model.Clone()
	x.note(flushEvent{begun: len(x.states) - 1, acked: len(x.states) - 1})
}

// turn makes changes and commits them; alive is false once nothing is written
// any more.
func (x *faulty) turn(t *testing.T) (alive bool) {
	t.Helper()
	for range 6 {
		if what, err := x.s.Step(x.f); err != nil {
			x.isFault(t, err)
			// A change that failed must be undone, or its transaction be lost.
			if x.rnd.IntN(2) == 0 {
				break
			}
			return x.rollback(t, fmt.Errorf("%s: %w", what, err))
		}
	}
	x.begun()
	if err := x.f.Flush(x.ctx); err != nil {
		x.isFault(t, err)
		return x.rollback(t, err)
	}
	x.acked()
	return true
}

func (x *faulty) isFault(t *testing.T, err error) {
	t.Helper()
	if !x.faults.Failed() {
		t.Fatalf("an error without a fault: %v", err)
	}
}

// rollback goes back to the last commit, which is the one that failed if that
// was past its commit point.
func (x *faulty) rollback(t *testing.T, cause error) (alive bool) {
	t.Helper()
	if err := x.f.Rollback(); err != nil {
		x.poisoned(t, err)
		return false
	}
	m, err := workload.Adopt(x.ctx, x.f)
	if err != nil {
		if !x.faults.Sticky {
			t.Fatalf("after %v and a rollback: %v", cause, err)
		}
		return false
	}
	e := x.events[len(x.events)-1]
	begins := x.begins && e.acked == 0 && m.Sum() == workload.NewModel().Sum()
	if err := x.which(m, e.acked, e.begun); err != nil && !begins {
		t.Fatalf("after %v and a rollback: %v", cause, err)
	}
	x.s.Model, x.s.Committed = m.Clone(), m.Clone()
	if e.begun > e.acked && m.Sum() == x.sums[e.begun] {
		x.note(flushEvent{begun: e.begun, acked: e.begun})
	}
	return true
}

// poisoned tries that nothing is written any more.
func (x *faulty) poisoned(t *testing.T, cause error) {
	t.Helper()
	n := x.fs.Count()
	_, create := x.f.CreateGroup("/poison", hdf5.GroupOptions{})
	if create == nil && !x.faults.Sticky {
		t.Errorf("a group is made after %v", cause)
	}
	flush := x.f.Flush(x.ctx)
	if flush == nil {
		t.Errorf("a flush is obeyed after %v", cause)
	}
	if x.fs.Count() != n && !x.faults.Sticky {
		t.Errorf("something was done to the file after %v", cause)
	}
}

// close ends the writing. What Close still commits is in flight.
func (x *faulty) close(t *testing.T, alive bool) {
	t.Helper()
	if err := x.f.Close(); err != nil && alive {
		x.isFault(t, err)
	}
	x.note(x.events[len(x.events)-1])
}

// settled tries what is left: with everything that was written, and after a
// loss of power on top.
func (x *faulty) settled(rnd *rand.Rand) (tried int, wrong []error) {
	for _, n := range []int{x.fs.Count(), rnd.IntN(x.fs.Count() + 1)}[rnd.IntN(2):] {
		for name, image := range x.fs.Images(rnd, n, 2) {
			tried++
			if err := x.judge(image, name, n, rnd); err != nil {
				wrong = append(wrong, fmt.Errorf("crash after %d of %d, %s: %w", n, x.fs.Count(), name, err))
			}
		}
	}
	return tried, wrong
}

// faults fails each step-th operation from first on, until there is none left.
func (c crashCase) faults(t *testing.T, kind faultKind, seed uint64, first, step int) {
	t.Helper()
	images, faults := 0, 0
	for at := first; !t.Failed(); at += step {
		x := c.fault(t, kind, seed, at)
		n, wrong := x.settled(rand.New(rand.NewPCG(uint64(at), 6)))
		images += n
		for _, err := range wrong[:min(len(wrong), 3)] {
			t.Errorf("%s, seed %d, %s at operation %d: %v", c.name, seed, kind.name, at, err)
		}
		if !x.faults.Failed() {
			break
		}
		faults++
	}
	t.Logf("%s, %s: %d faults, %d images", c.name, kind.name, faults, images)
}

// TestEveryFaultLeavesTheLastFlush fails each operation in one of the cases; in
// more rounds in each of them.
func TestEveryFaultLeavesTheLastFlush(t *testing.T) {
	step, cases := 11, []int{0, 1, 4, 7, 9}
	if testing.Short() {
		step = 41
	}
	if workload.Rounds() > 1 {
		step, cases = 1, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	}
	for round := range (workload.Rounds() + 4) / 5 {
		for _, k := range cases {
			for i, kind := range faultKinds {
				stride := step
				if kind.reads {
					stride *= 8
				}
				crashCases[k].faults(t, kind, uint64(5+round), (4*i+k)%stride, stride)
				if t.Failed() {
					return
				}
			}
		}
	}
}

// TestFullDiskIsMetBeforeTheCommit fills the disk and makes room again, and dies:
// what the transactions that failed had in mind must not be in the file.
func TestFullDiskIsMetBeforeTheCommit(t *testing.T) {
	for _, k := range []int{4, 8, 9} {
		if err := crashCases[k].fullDisk(t); err != nil {
			t.Errorf("%s: %v", crashCases[k].name, err)
		}
	}
}

func (c crashCase) fullDisk(t *testing.T) error {
	r := c.begin(t)
	faults := &testkit.FaultFS{Folder: r.fs, At: -1, Err: syscall.ENOSPC, Sticky: true, Short: true}
	f, err := hdf5.OpenIn(faults, crashFile, c.mode, c.options()...)
	fatal(t, err)
	s := workload.NewSession(9, r.old, workload.Options{})
	for range 5 {
		_, err := f.CreateGroup("/full", hdf5.GroupOptions{})
		fatal(t, err)
		faults.At = faults.Count()
		if err := f.Flush(r.ctx); !errors.Is(err, syscall.ENOSPC) {
			return fmt.Errorf("flush on a full disk: %w", err)
		}
		faults.At = -1
		if err := errors.Join(f.Rollback(), same(f, nil, s.Committed), s.Turn(r.ctx, f, 10, nil)); err != nil {
			return err
		}
		for seed := range uint64(4) {
			image := testkit.NewCrashFS(r.fs.Files())
			if err := r.goOn(image, s.Committed, rand.New(rand.NewPCG(seed, 1))); err != nil {
				return err
			}
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	m, err := seen(hdf5.OpenBytes(r.fs.Files()[crashFile]))
	if err == nil && m.Sum() != s.Committed.Sum() {
		err = errors.New(strings.Join(workload.Differences(m, s.Committed), "\n"))
	}
	return err
}
