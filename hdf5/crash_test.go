package hdf5_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gables/hdf5"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/journal"
	"gables/internal/testkit"
	"gables/internal/workload"
)

const crashFile = "a.h5"

// recording is a workload on a CrashFS: what was flushed when so many
// operations had been recorded.
type recording struct {
	fs     *testkit.CrashFS
	old    *workload.Object // in the file when it was opened; nil: there was none
	states []*workload.Object
	sums   []uint32
	events []flushEvent
	level  hdf5.Durability
	lazy   bool
	ctx    context.Context
}

// flushEvent tells the last state that was begun and acknowledged, as of ops.
// State 0 is what was there before.
type flushEvent struct{ ops, begun, acked int }

// crashCase is one kind of file and of writing it.
type crashCase struct {
	name  string
	base  string // in testdata; empty: a new file
	mode  hdf5.Mode
	low   hdf5.Libver
	level hdf5.Durability
	lazy  bool
	opts  []hdf5.Option
}

var crashCases = []crashCase{
	{name: "new file, earliest", mode: hdf5.ModeCreate, low: hdf5.Earliest},
	{name: "new file, v110", mode: hdf5.ModeCreateNew, low: hdf5.V110},
	{name: "new file, v114, user block, lazy", mode: hdf5.ModeCreate, low: hdf5.V114, lazy: true, opts: []hdf5.Option{hdf5.WithUserBlock(512)}},
	{name: "in the place of another", base: "sizes_8_8_v0.h5", mode: hdf5.ModeCreate, low: hdf5.V18},
	{name: "libhdf5's, earliest", base: "sizes_8_8_v0.h5", mode: hdf5.ModeReadWrite},
	{name: "libhdf5's, latest, small caches", base: "sizes_8_8_v3.h5", mode: hdf5.ModeReadWrite,
		opts: []hdf5.Option{hdf5.WithWriteCache(1000), hdf5.WithChunkCache(0)}},
	{name: "libhdf5's, narrow sizes, lazy", base: "sizes_4_4_v0.h5", mode: hdf5.ModeReadWrite, lazy: true},
	{name: "libhdf5's, user block", base: "userblock.h5", mode: hdf5.ModeReadWrite},
	{name: "persistent free space", base: "crash/persist.h5", mode: hdf5.ModeReadWrite},
	{name: "persistent free space, pages", base: "crash/paged.h5", mode: hdf5.ModeReadWrite, lazy: true},
	{name: "normal, earliest", base: "sizes_8_8_v0.h5", mode: hdf5.ModeReadWrite, level: hdf5.Normal},
	{name: "normal, v110, lazy", mode: hdf5.ModeCreate, low: hdf5.V110, level: hdf5.Normal, lazy: true},
}

func (c crashCase) options() []hdf5.Option {
	o := append([]hdf5.Option{hdf5.WithLibver(c.low), hdf5.WithDurability(c.level), hdf5.WithBoot(firstBoot), hdf5.WithWorkers(1)}, c.opts...)
	if c.lazy {
		o = append(o, hdf5.WithLazyCheckpoints(30_000, time.Hour))
	}
	return o
}

// begin prepares the medium, and the model of the file that is on it.
func (c crashCase) begin(t testing.TB) *recording {
	t.Helper()
	r := &recording{level: c.level, lazy: c.lazy, ctx: context.Background()}
	files := map[string][]byte{}
	if c.base != "" {
		image, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(c.base)))
		if err != nil {
			t.Fatal(err)
		}
		files[crashFile] = image
		if r.old, err = seen(hdf5.OpenBytes(image)); err != nil {
			t.Fatal(err)
		}
	}
	r.fs = testkit.NewCrashFS(files)
	r.add(r.old)
	r.events = []flushEvent{{}}
	return r
}

// seen reads all of a file that was just opened, and closes it.
func seen(f *hdf5.File, err error) (*workload.Object, error) {
	if err != nil {
		return nil, err
	}
	m, err := workload.Adopt(context.Background(), f)
	return m, errors.Join(err, f.Close())
}

func (r *recording) add(m *workload.Object) {
	if m == nil {
		r.states, r.sums = append(r.states, nil), append(r.sums, 0)
		return
	}
	m = m.Clone()
	r.states, r.sums = append(r.states, m), append(r.sums, m.Sum())
}

func (r *recording) note(e flushEvent) {
	e.ops = r.fs.Count()
	r.events = append(r.events, e)
}

// at gives what was known after n operations.
func (r *recording) at(n int) flushEvent {
	e := flushEvent{}
	for _, x := range r.events {
		if x.ops <= n {
			e = x
		}
	}
	return e
}

// run records turns of a workload.
func (c crashCase) run(t testing.TB, seed uint64, turns, steps int) *recording {
	t.Helper()
	r := c.begin(t)
	f, err := hdf5.OpenIn(r.fs, crashFile, c.mode, c.options()...)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	model := r.old
	if c.mode != hdf5.ModeReadWrite {
		model = workload.NewModel()
	}
	s := workload.NewSession(seed, model, workload.Options{Objects: 40, Large: 300})
	if c.mode != hdf5.ModeReadWrite {
		r.turn(t, s, f, 1) // a file that is built has a state from its first flush on
	}
	for range turns {
		r.turn(t, s, f, steps)
	}
	if err := f.Close(); err != nil {
		t.Fatalf("%s, seed %d: %v", c.name, seed, err)
	}
	r.note(r.events[len(r.events)-1])
	return r
}

func (r *recording) turn(t testing.TB, s *workload.Session, f *hdf5.File, steps int) {
	t.Helper()
	flushes := s.Flushes
	err := s.Turn(r.ctx, f, steps, func(m *workload.Object) {
		r.add(m)
		r.note(flushEvent{begun: len(r.states) - 1, acked: len(r.states) - 2})
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Flushes > flushes {
		r.note(flushEvent{begun: len(r.states) - 1, acked: len(r.states) - 1})
	}
}

// which finds the state that m is, among those from least to most.
func (r *recording) which(m *workload.Object, least, most int) error {
	sum := m.Sum()
	for i := most; i >= least; i-- {
		if r.states[i] != nil && r.sums[i] == sum {
			return nil
		}
	}
	for i, s := range r.sums {
		if r.states[i] != nil && s == sum {
			return fmt.Errorf("state %d, want %d to %d", i, least, most)
		}
	}
	text := "no state at all"
	if s := r.states[most]; s != nil {
		diff := workload.Differences(m, s)
		text = fmt.Sprintf("%d differences from state %d: %s", len(diff), most, strings.Join(diff[:min(len(diff), 6)], "; "))
	}
	return errors.New(text)
}

// marked tells whether libhdf5 refuses the file.
func marked(b []byte) bool {
	for at := 0; at+128 < len(b); at = max(512, 2*at) {
		if string(b[at:at+8]) == format.Signature {
			return format.SuperblockMarked(b[at : at+128])
		}
	}
	return false
}

// plain reads the image as a program does that knows nothing of logs: it must
// see a state, or be refused.
func (r *recording) plain(image *testkit.CrashFS, e flushEvent, whole bool) error {
	b, ok := image.Files()[crashFile]
	if !ok && r.states[0] == nil {
		return nil
	}
	if marked(b) {
		if whole {
			return h5err.ErrOpenForWrite
		}
		return nil
	}
	f, err := hdf5.OpenBytes(b)
	if errors.Is(err, h5err.ErrChecksum) && strings.Contains(err.Error(), "superblock") && !whole {
		return nil // it was cut off while it was marked, which is refused too
	}
	m, err := seen(f, err)
	if err != nil {
		return err
	}
	least := 0
	if whole {
		least = e.acked
	}
	return r.which(m, least, e.begun)
}

// The starts of the machine: the writer's, and the one after a loss of power.
const (
	firstBoot = 1
	nextBoot  = 2
)

// recovered opens an image after a crash: it must be what was acknowledged, or
// under way. A level that syncs at checkpoints alone may lose what came after
// the last one with the power.
func (r *recording) recovered(image *testkit.CrashFS, e flushEvent, boot uint64) (*workload.Object, error) {
	least := e.acked
	if r.level != hdf5.Full && r.lazy && boot != firstBoot {
		least = 0
	}
	f, err := hdf5.OpenIn(image, crashFile, hdf5.ModeReadWrite, hdf5.WithBoot(boot), hdf5.WithWorkers(1))
	if errors.Is(err, fs.ErrNotExist) && r.states[0] == nil && least == 0 {
		return nil, nil
	}
	m, err := seen(f, err)
	if err != nil {
		return nil, err
	}
	if err := r.which(m, least, e.begun); err != nil {
		return m, err
	}
	for name := range image.Files() {
		if strings.HasSuffix(name, journal.Suffix) {
			return m, fmt.Errorf("%s was left", name)
		}
	}
	return m, nil
}

// judge tries an image.
func (r *recording) judge(image *testkit.CrashFS, name string, n int, rnd *rand.Rand) error {
	e := r.at(n)
	if !strings.Contains(name, "torn") {
		if err := r.plain(image, e, false); err != nil {
			return fmt.Errorf("as other programs see it: %w", err)
		}
	}
	boot := uint64(nextBoot)
	if name == "all" && rnd.IntN(2) == 0 {
		boot = firstBoot // only the process has died
	}
	m, err := r.recovered(image, e, boot)
	if err != nil || m == nil {
		return err
	}
	if r.level == hdf5.Full {
		if err := r.plain(image, e, true); err != nil {
			return fmt.Errorf("as other programs see it afterwards: %w", err)
		}
	}
	switch rnd.IntN(4) {
	case 0:
		return r.again(image, e, rnd)
	case 1:
		return r.goOn(image, m, rnd)
	}
	return nil
}

// again crashes the recovery.
func (r *recording) again(image *testkit.CrashFS, e flushEvent, rnd *rand.Rand) error {
	n := rnd.IntN(image.Count() + 1)
	for name, second := range image.Images(rnd, n, 1) {
		if rnd.IntN(3) > 0 {
			continue
		}
		if _, err := r.recovered(second, e, nextBoot); err != nil {
			return fmt.Errorf("recovery crashed after %d operations, %s: %w", n, name, err)
		}
	}
	return nil
}

// goOn changes the file that was recovered: what is free there must be free.
func (r *recording) goOn(image *testkit.CrashFS, m *workload.Object, rnd *rand.Rand) error {
	f, err := hdf5.OpenIn(image, crashFile, hdf5.ModeReadWrite, hdf5.WithWorkers(1))
	if err != nil {
		return err
	}
	s := workload.NewSession(rnd.Uint64(), m, workload.Options{Objects: 40, Large: 100})
	for range 2 {
		if err := s.Turn(r.ctx, f, 10, nil); err != nil {
			return errors.Join(fmt.Errorf("going on: %w", err), f.Close())
		}
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("going on: %w", err)
	}
	f, err = hdf5.OpenBytes(image.Files()[crashFile])
	if err = same(f, err, s.Committed); err != nil {
		return fmt.Errorf("going on: %w", err)
	}
	return f.Close()
}

// anywhere gives so many points in the recording: numbers of operations.
func (r *recording) anywhere(rnd *rand.Rand, points int) []int {
	list := make([]int, points)
	for i := range list {
		list[i] = rnd.IntN(r.fs.Count() + 1)
	}
	return list
}

// crash tries images of points in the recording, until enough are wrong.
func (r *recording) crash(rnd *rand.Rand, points []int, random, enough int) (tried int, wrong []error) {
	ops := r.fs.Ops()
	for _, n := range points {
		if len(wrong) >= enough {
			break
		}
		for name, image := range r.fs.Images(rnd, n, random) {
			tried++
			if err := r.judge(image, name, n, rnd); err != nil {
				what := "nothing"
				if n > 0 {
					what = ops[n-1].String()
				}
				e := r.at(n)
				wrong = append(wrong, fmt.Errorf("after %d of %d (%s; state %d acknowledged, %d begun), %s: %w", n, len(ops), what, e.acked, e.begun, name, err))
			}
		}
	}
	return tried, wrong
}

func TestCrashAnywhereShowsTheLastFlush(t *testing.T) {
	points := 12
	if testing.Short() {
		points = 2
	}
	tried := 0
	for k, c := range crashCases {
		for round := range workload.Rounds() {
			seed := uint64(1000*round + k)
			r := c.run(t, seed, 8, 8)
			rnd := rand.New(rand.NewPCG(seed, 3))
			n, wrong := r.crash(rnd, r.anywhere(rnd, points), 4, 3)
			tried += n
			for _, err := range wrong {
				t.Errorf("%s, seed %d: %v", c.name, seed, err)
			}
		}
	}
	t.Logf("%d images", tried)
}
