package journal_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"syscall"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/draft"
	"gables/internal/journal"
	"gables/internal/testkit"
)

// TestLargeOverwriteLiesInTheLog: megabytes that replace visible bytes, more than
// may be kept in memory, while older snapshots are read.
func TestLargeOverwriteLiesInTheLog(t *testing.T) {
	const size = 7 << 20
	w := newWorld(60, 0, 0, 1, 100)
	want := [][]byte{make([]byte, size)}
	copy(want[0], w.superblock(size))
	fs := testkit.NewCrashFS(map[string][]byte{fileName: want[0]})
	o := options(journal.Full)
	o.Memory = 1 << 20
	j := open(t, fs, o)
	held := []*journal.Snapshot{j.Pin()}
	for i := range 3 {
		next := bytes.Clone(want[len(want)-1])
		for k := range 2 {
			at, n := 5000+k*3000000+i*100000, 2900000
			p := bytes.Repeat([]byte{byte(1 + i + 7*k)}, n)
			must(t, j.Stage(p, uint64(at)))
			copy(next[at:], p)
		}
		same(t, j.Working(), next)
		_, err := j.Commit(nil, size, w.superblock(size))
		must(t, err)
		want, held = append(want, next), append(held, j.Pin())
		if i > 0 {
			done, err := j.Checkpoint()
			must(t, err)
			if !done {
				t.Fatal("busy")
			}
		}
		for k, s := range held {
			same(t, s, want[k])
		}
	}
	for _, s := range held {
		s.Unpin()
	}
	must(t, j.Close())
	if !bytes.Equal(fs.Files()[fileName], want[3]) {
		t.Error("the file is another")
	}
}

func same(t *testing.T, d interface {
	ReadAt(p []byte, off uint64) (int, error)
}, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := d.ReadAt(got, 0); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("other bytes, or %v", err)
	}
}

func TestImpossibleCommitIsRefusedAndAborted(t *testing.T) {
	w, fs := worldFS(61)
	j := open(t, fs, options(journal.Full))
	sb := w.now.superblock
	for name, c := range map[string]struct {
		frames     []draft.Extent
		end        uint64
		superblock []byte
		want       error
	}{
		"frame behind the end": {[]draft.Extent{{At: w.now.end - 1, Data: []byte("ab")}}, w.now.end, sb, h5err.ErrCorrupt},
		"end in superblock":    {nil, 50, sb, h5err.ErrCorrupt},
		"other superblock":     {nil, w.now.end, sb[:50], h5err.ErrUnsupported},
		"no superblock":        {nil, w.now.end, nil, h5err.ErrUnsupported},
	} {
		must(t, j.Stage([]byte("x"), w.fixed[0]+9))
		if _, err := j.Commit(c.frames, c.end, c.superblock); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, d := range []interface {
		ReadAt(p []byte, off uint64) (int, error)
	}{j.Current(), j.Working()} {
		if err := w.states[0].check(j.Current(), 0); err != nil {
			t.Errorf("%T: %v", d, err)
		}
	}
	must(t, j.Close())
}

// TestFaultWhileAFileIsCreatedKeepsTheOldOne fails every operation of a creation
// over a file.
func TestFaultWhileAFileIsCreatedKeepsTheOldOne(t *testing.T) {
	old := newWorld(62, 2, 0, 3, 500).now.image(0)
	for n := 0; ; n++ {
		w := newWorld(63, 0, 0, 4, 800)
		w.fs = testkit.NewCrashFS(map[string][]byte{fileName: old})
		w.note()
		faults := &testkit.FaultFS{Folder: w.fs, At: n, Err: syscall.EIO, Short: n%2 == 0}
		err := w.createFaulty(faults)
		if err != nil && !faults.Failed() {
			t.Fatal(err)
		}
		for name, image := range w.fs.Images(rand.New(rand.NewPCG(uint64(n), 1)), w.fs.Count(), 6) {
			if err := w.judgeNew(image, name, w.fs.Count(), old); err != nil {
				t.Fatalf("fault at operation %d, %s: %v", n, name, err)
			}
		}
		if !faults.Failed() {
			break
		}
	}
}

// createFaulty creates a file, tries once more when that fails, and closes.
func (w *world) createFaulty(faults *testkit.FaultFS) error {
	j, err := journal.Create(faults, fileName, options(journal.Full))
	if err != nil {
		return err
	}
	for range 2 {
		if err = j.WriteFresh(w.now.image(0), 0); err == nil {
			if err = w.commit(j); err == nil {
				break
			}
		}
		if j.Err() != nil {
			break
		}
		if aborted := j.Abort(); aborted != nil {
			return errors.Join(err, aborted, j.Close())
		}
	}
	return errors.Join(err, j.Close())
}
