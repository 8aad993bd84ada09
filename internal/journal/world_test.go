package journal_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"gables/hdf5/driver"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/freespace"
	"gables/internal/journal"
	"gables/internal/testkit"
	"gables/internal/wire"
)

const fileName = "a.h5"

// state is what a reader must see after a transaction.
type state struct {
	transaction uint64
	end         uint64
	superblock  []byte
	live        map[uint64][]byte // position → bytes, never changed
}

// event says what was known when so many operations had been recorded.
type event struct {
	ops                        int
	begun, acked, checkpointed uint64
}

// world is a synthetic file: a superblock, blocks that are edited in place, the
// first of which begins with the transaction's number, and blocks that come and go.
type world struct {
	r       *rand.Rand
	version uint8
	base    uint64
	fixed   []uint64
	space   *freespace.Manager
	now     state
	states  map[uint64]state
	events  []event
	fs      *testkit.CrashFS
	large   int // of blocks
	// uncommitted
	frames []draft.Extent
}

func newWorld(seed uint64, version uint8, base uint64, fixed, large int) *world {
	w := &world{r: rand.New(rand.NewPCG(seed, 1)), version: version, base: base, states: map[uint64]state{}, large: large}
	w.now.live = map[uint64][]byte{}
	at := base + 128
	for range fixed {
		b := w.random(20 + w.r.IntN(large))
		w.fixed = append(w.fixed, at)
		w.now.live[at] = b
		at += uint64(len(b)) + uint64(w.r.IntN(300))
	}
	w.now.end = at
	w.now.superblock = w.superblock(at)
	binary.LittleEndian.PutUint64(w.now.live[w.fixed[0]], 0)
	w.space = freespace.New(at)
	w.states[0] = w.now
	return w
}

func (w *world) random(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(w.r.Uint32())
	}
	return b
}

func (w *world) superblock(end uint64) []byte {
	s := &format.Superblock{Version: w.version, Sizes: wire.Sizes{Offset: 8, Length: 8}, LeafK: 4, InternalK: 16, ChunkK: 32,
		FreeSpace: wire.Undefined, Extension: wire.Undefined, DriverInfo: wire.Undefined, EndOfFile: wire.Address(end), Root: 96,
		RootEntry: format.SymbolTableEntry{Header: 96}}
	b, err := format.AppendSuperblock(nil, s)
	if err != nil {
		panic(err)
	}
	return b
}

// image is the bytes of a file in a state.
func (s state) image(base uint64) []byte {
	b := make([]byte, s.end)
	copy(b[base:], s.superblock)
	for at, p := range s.live {
		copy(b[at:], p)
	}
	return b
}

// edit changes some of the state: through the journal where it may, else into
// frames that the next commit takes.
func (w *world) edit(j *journal.Journal, blocks int) error {
	next := state{transaction: w.now.transaction, end: w.now.end, live: maps.Clone(w.now.live)}
	w.space.Release(j.Released())
	for range w.r.IntN(blocks + 1) {
		if err := w.editFixed(j, &next); err != nil {
			return err
		}
	}
	for range w.r.IntN(blocks + 1) {
		p := w.random(1 + w.r.IntN(w.large))
		at := w.space.Alloc(freespace.Raw, uint64(len(p)))
		if err := j.WriteFresh(p, at); err != nil {
			return err
		}
		next.live[at] = p
	}
	for _, at := range slices.Sorted(maps.Keys(next.live)) {
		if !slices.Contains(w.fixed, at) && w.r.IntN(6) == 0 {
			w.space.Free(freespace.Raw, at, uint64(len(next.live[at])))
			delete(next.live, at)
		}
	}
	next.end = w.space.End()
	w.now = next
	return nil
}

func (w *world) editFixed(j *journal.Journal, next *state) error {
	i := w.r.IntN(len(w.fixed))
	at := w.fixed[i]
	b := slices.Clone(next.live[at])
	lo := w.r.IntN(len(b))
	p := w.random(1 + w.r.IntN(len(b)-lo))
	if i == 0 && lo < 8 {
		return nil
	}
	copy(b[lo:], p)
	next.live[at] = b
	if w.r.IntN(3) == 0 {
		// What is staged must not hide a frame made before it.
		return errors.Join(w.stage(j, p, at+uint64(lo)))
	}
	w.frames = append(w.frames, draft.Extent{At: at + uint64(lo), Data: p})
	return nil
}

// stage stages p; frames so far are staged too, to keep the order.
func (w *world) stage(j *journal.Journal, p []byte, at uint64) error {
	for _, f := range w.frames {
		if err := j.Stage(f.Data, f.At); err != nil {
			return err
		}
	}
	w.frames = nil
	return j.Stage(p, at)
}

func (w *world) note() {
	if w.fs == nil {
		return
	}
	e := event{}
	if len(w.events) > 0 {
		e = w.events[len(w.events)-1]
	}
	e.ops = w.fs.Count()
	w.events = append(w.events, e)
}

func (w *world) last() *event { return &w.events[len(w.events)-1] }

// commit commits the edits as the next transaction.
func (w *world) commit(j *journal.Journal) error {
	t := j.Current().Transaction() + 1
	number := binary.LittleEndian.AppendUint64(nil, t)
	first := slices.Clone(w.now.live[w.fixed[0]])
	copy(first, number)
	w.now.live[w.fixed[0]] = first
	w.frames = append(w.frames, draft.Extent{At: w.fixed[0], Data: number})
	w.now.transaction, w.now.superblock = t, w.superblock(w.now.end)
	w.states[t] = w.now
	if w.fs != nil {
		w.note()
		w.last().begun = t
	}
	got, err := j.Commit(w.frames, w.now.end, w.now.superblock)
	w.frames = nil
	if err != nil {
		return err
	}
	if got != t {
		return fmt.Errorf("transaction %d, want %d", got, t)
	}
	w.space.Commit(t)
	if w.fs != nil {
		w.note()
		w.last().acked = t
	}
	return nil
}

func (w *world) checkpoint(j *journal.Journal) error {
	done, err := j.Checkpoint()
	if err == nil && done && w.fs != nil {
		w.note()
		w.last().checkpointed = j.Current().Transaction()
	}
	return err
}

// abort goes back to the last commit.
func (w *world) abort(j *journal.Journal) error {
	w.frames = nil
	w.space.Abort()
	w.now = w.states[j.Current().Transaction()]
	return j.Abort()
}

// at gives what was known after n operations.
func (w *world) at(n int) event {
	e := event{}
	for _, x := range w.events {
		if x.ops > n {
			break
		}
		e = x
	}
	return e
}

// check compares what d shows with the state of the transaction that it names,
// which it gives.
func (w *world) check(d driver.Driver) (uint64, error) {
	number := make([]byte, 8)
	if _, err := d.ReadAt(number, w.fixed[0]); err != nil {
		return 0, err
	}
	t := binary.LittleEndian.Uint64(number)
	s, ok := w.states[t]
	if !ok {
		return t, fmt.Errorf("there is no transaction %d", t)
	}
	if d.Size() < s.end {
		return t, fmt.Errorf("transaction %d: %d bytes, want %d", t, d.Size(), s.end)
	}
	return t, s.check(d, w.base)
}

func (s state) check(d driver.Driver, base uint64) error {
	for _, at := range slices.Sorted(maps.Keys(s.live)) {
		want := s.live[at]
		got := make([]byte, len(want))
		if _, err := d.ReadAt(got, at); err != nil {
			return fmt.Errorf("transaction %d, block at %d: %w", s.transaction, at, err)
		}
		if !bytes.Equal(got, want) {
			i := 0
			for got[i] == want[i] {
				i++
			}
			return fmt.Errorf("transaction %d, block at %d of %d bytes differs from byte %d on", s.transaction, at, len(want), i)
		}
	}
	got := make([]byte, len(s.superblock))
	if _, err := d.ReadAt(got, base); err != nil || !bytes.Equal(got, s.superblock) {
		return fmt.Errorf("transaction %d: superblock differs: %w", s.transaction, errors.Join(err, errors.New("bytes")))
	}
	return nil
}

// rounds is how much is tried: 1 where each change is tested; the environment
// variable GABLES_ROUNDS makes it more.
func rounds() int {
	if n, err := strconv.Atoi(os.Getenv("GABLES_ROUNDS")); err == nil && n > 0 {
		return n
	}
	return 1
}

var otherBoot = uint64(2)

func options(level journal.Level) journal.Options {
	boot := uint64(1)
	return journal.Options{Level: level, Boot: &boot}
}

// recoverImage opens an image after a loss of power and gives the transaction that
// it shows. closed: the file must then need no log.
func (w *world) recoverImage(image driver.Folder, boot uint64) (uint64, error) {
	file, err := image.Open(fileName, false)
	if err != nil {
		return 0, err
	}
	o := options(journal.Full)
	o.Boot = &boot
	j, err := journal.Open(file, image, fileName, o)
	if err != nil {
		return 0, err
	}
	t, err := w.check(j.Current())
	if err == nil {
		_, err = w.check(j.Working())
	}
	if err := errors.Join(err, j.Close()); err != nil {
		return t, err
	}
	again, err := w.plain(image)
	if err == nil && again != t {
		err = fmt.Errorf("transaction %d, when closed %d", t, again)
	}
	if _, gone := image.Open(fileName+journal.Suffix, false); !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, errors.New("the log was left"))
	}
	return t, err
}

// plain reads the file as a program does that knows nothing of logs; such a
// program refuses a marked one: errMarked.
func (w *world) plain(image driver.Folder) (uint64, error) {
	file, err := image.Open(fileName, false)
	if err != nil {
		return 0, err
	}
	b := make([]byte, 128)
	if _, err := file.ReadAt(b, w.base); err != nil {
		return 0, err
	}
	if format.SuperblockMarked(b) {
		return 0, errMarked
	}
	return w.check(file)
}

var errMarked = errors.New("marked")

func open(t testing.TB, dir driver.Folder, o journal.Options) *journal.Journal {
	t.Helper()
	file, err := dir.Open(fileName, false)
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(file, dir, fileName, o)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
