package journal_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/journal"
	"gables/internal/testkit"
)

func worldFS(seed uint64) (*world, *testkit.CrashFS) {
	w := newWorld(seed, 0, 0, 4, 900)
	w.fs = testkit.NewCrashFS(map[string][]byte{fileName: w.now.image(0)})
	w.note()
	return w, w.fs
}

func TestSecondWriterIsRefused(t *testing.T) {
	_, fs := worldFS(50)
	j := open(t, fs, options(journal.Full))
	for range 2 {
		file, err := fs.Open(fileName, false)
		must(t, err)
		if _, err := journal.Open(file, fs, fileName, options(journal.Full)); !errors.Is(err, h5err.ErrLocked) {
			t.Errorf("second writer: %v", err)
		}
		if _, err := journal.Create(fs, fileName, options(journal.Full)); !errors.Is(err, h5err.ErrLocked) {
			t.Errorf("second creator: %v", err)
		}
	}
	if state, err := journal.Look(fs, fileName); state != journal.Live || err != nil {
		t.Errorf("a reader sees %v, %v", state, err)
	}
	must(t, j.Close())
	j = open(t, fs, options(journal.Full))
	must(t, j.Close())
}

// TestReaderElsewhereMakesCheckpointsWait: libhdf5's readers hold the shared
// lock as long as they have the file open, its writers the exclusive one.
func TestReaderElsewhereMakesCheckpointsWait(t *testing.T) {
	w, fs := worldFS(51)
	j := open(t, fs, options(journal.Full))
	reader, err := fs.Open(fileName, false)
	must(t, err)
	must(t, reader.Lock(false))
	for range 5 {
		must(t, w.edit(j, 4))
		must(t, w.commit(j))
		if done, err := j.Checkpoint(); done || err != nil {
			t.Fatalf("checkpoint while another reads: %v, %v", done, err)
		}
		if got, err := w.check(reader); got != 0 || err != nil {
			t.Fatalf("the reader sees transaction %d, %v", got, err)
		}
		if j.Released() != 0 {
			t.Error("space that the reader sees is given out")
		}
	}
	writer, err := fs.Open(fileName, false)
	must(t, err)
	if err := writer.Lock(true); !errors.Is(err, h5err.ErrLocked) {
		t.Errorf("a writer that knows no logs is let in: %v", err)
	}
	// The log stays when the reader does.
	must(t, j.Close())
	if state, err := journal.Look(fs, fileName); state != journal.Waiting || err != nil {
		t.Errorf("the log is %v, %v", state, err)
	}
	j = open(t, fs, options(journal.Full))
	if got, err := w.check(j.Current()); got != 5 || err != nil {
		t.Errorf("opened again: transaction %d, %v", got, err)
	}
	must(t, w.edit(j, 4))
	must(t, w.commit(j))
	must(t, reader.Close())
	if done, err := j.Checkpoint(); !done || err != nil {
		t.Errorf("checkpoint: %v, %v", done, err)
	}
	must(t, j.Close())
	if got, err := w.plain(fs); got != 6 || err != nil {
		t.Errorf("transaction %d, %v", got, err)
	}
}

func TestBusyReadersInTheProcessMakeCheckpointsWait(t *testing.T) {
	w, fs := worldFS(52)
	busy := true
	o := options(journal.Full)
	o.Busy = func() bool { return busy }
	j := open(t, fs, o)
	must(t, w.edit(j, 4))
	must(t, w.commit(j))
	if done, err := j.Checkpoint(); done || err != nil {
		t.Errorf("checkpoint: %v, %v", done, err)
	}
	busy = false
	if done, err := j.Checkpoint(); !done || err != nil {
		t.Errorf("checkpoint: %v, %v", done, err)
	}
	must(t, j.Close())
}

func TestChangeByAnotherProgramIsRefused(t *testing.T) {
	for name, change := range map[string]func(s driver.Storage) error{
		"longer":     func(s driver.Storage) error { _, err := s.WriteAt([]byte("more"), s.Size()); return err },
		"shorter":    func(s driver.Storage) error { return s.Truncate(s.Size() - 1) },
		"superblock": func(s driver.Storage) error { _, err := s.WriteAt([]byte{7}, 16); return err },
	} {
		w, fs := worldFS(53)
		j := open(t, fs, options(journal.Full))
		must(t, w.edit(j, 4))
		must(t, w.commit(j))
		s, err := fs.Open(fileName, false)
		must(t, err)
		must(t, change(s))
		n := fs.Count()
		if _, err := j.Checkpoint(); !errors.Is(err, h5err.ErrChanged) || !errors.Is(j.Err(), h5err.ErrChanged) {
			t.Errorf("%s: checkpoint: %v", name, err)
		}
		if fs.Count() != n {
			t.Errorf("%s: something was written", name)
		}
		if got, err := w.check(j.Current()); name != "shorter" && (got != 1 || err != nil) {
			t.Errorf("%s: transaction %d, %v", name, got, err)
		}
		_ = j.Close()
		s, err = fs.Open(fileName, false)
		must(t, err)
		if name == "longer" {
			continue // the superblock is the log's: what was appended is cut off
		}
		if _, err := journal.Open(s, fs, fileName, options(journal.Full)); !errors.Is(err, h5err.ErrChanged) {
			t.Errorf("%s: opened again: %v", name, err)
		}
	}
}

// TestWriterThatLostItsLockWritesNothing: changing the mode of a lock loses it
// for a moment, in which another program may take it.
func TestWriterThatLostItsLockWritesNothing(t *testing.T) {
	w, fs := worldFS(54)
	snatch := &snatcher{Folder: fs}
	j := open(t, snatch, options(journal.Full))
	must(t, w.edit(j, 4))
	must(t, w.commit(j))
	snatch.armed = true
	if done, err := j.Checkpoint(); done || err != nil {
		t.Fatalf("checkpoint: %v, %v", done, err)
	}
	n := fs.Count()
	if err := j.WriteFresh([]byte("x"), 9000); !errors.Is(err, h5err.ErrLocked) {
		t.Errorf("write: %v", err)
	}
	if _, err := j.Commit(nil, w.now.end, w.now.superblock); !errors.Is(err, h5err.ErrLocked) {
		t.Errorf("commit: %v", err)
	}
	if fs.Count() != n {
		t.Error("something was written")
	}
	must(t, snatch.other.Close())
	if done, err := j.Checkpoint(); !done || err != nil {
		t.Errorf("checkpoint: %v, %v", done, err)
	}
	must(t, j.Close())
	if got, err := w.plain(fs); got != 1 || err != nil {
		t.Errorf("transaction %d, %v", got, err)
	}
}

// snatcher takes the lock of a file for another program when the first one
// changes its mode.
type snatcher struct {
	driver.Folder
	armed bool
	other driver.Storage
}

func (s *snatcher) Open(name string, create bool) (driver.Storage, error) {
	f, err := s.Folder.Open(name, create)
	if name == fileName && err == nil {
		return &snatched{f, s}, nil
	}
	return f, err
}

type snatched struct {
	driver.Storage
	s *snatcher
}

func (f *snatched) Lock(exclusive bool) error {
	if exclusive && f.s.armed {
		f.s.armed = false
		if err := f.Unlock(); err != nil {
			return err
		}
		var err error
		if f.s.other, err = f.s.Folder.Open(fileName, false); err != nil {
			return err
		}
		if err := f.s.other.Lock(true); err != nil {
			return err
		}
	}
	return f.Storage.Lock(exclusive)
}

func TestFileThatAnotherProgramLeftHalfWrittenIsRefused(t *testing.T) {
	w := newWorld(55, 2, 0, 4, 900)
	b := w.now.image(0)
	must(t, format.MarkSuperblock(b, true))
	fs := testkit.NewCrashFS(map[string][]byte{fileName: b})
	file, err := fs.Open(fileName, false)
	must(t, err)
	if _, err := journal.Open(file, fs, fileName, options(journal.Full)); !errors.Is(err, h5err.ErrOpenForWrite) {
		t.Error(err)
	}
	if files := fs.Files(); len(files) != 1 {
		t.Errorf("left %d files", len(files))
	}
}

// TestCommitsOfLevelOffOutliveAReaderElsewhere: they can't go into the file, so
// Close leaves them in a log.
func TestCommitsOfLevelOffOutliveAReaderElsewhere(t *testing.T) {
	w, fs := worldFS(59)
	j := open(t, fs, options(journal.Off))
	must(t, w.edit(j, 4))
	must(t, w.commit(j))
	reader, err := fs.Open(fileName, false)
	must(t, err)
	must(t, reader.Lock(false))
	for range 3 {
		must(t, w.edit(j, 4))
		must(t, w.commit(j))
	}
	must(t, j.Close())
	if got, err := w.check(reader); got != 1 || err != nil {
		t.Errorf("the reader sees transaction %d, %v", got, err)
	}
	file, err := fs.Open(fileName, false)
	must(t, err)
	if _, err := journal.Open(file, fs, fileName, options(journal.Off)); !errors.Is(err, h5err.ErrLocked) {
		t.Errorf("opened without a log while the old one can't be applied: %v", err)
	}
	must(t, reader.Close())
	j = open(t, fs, options(journal.Off))
	if got, err := w.check(j.Current()); got != 4 || err != nil {
		t.Errorf("transaction %d, %v", got, err)
	}
	must(t, j.Close())
}

func TestFileThatIsNoLogIsNotOverwritten(t *testing.T) {
	w := newWorld(56, 0, 0, 4, 900)
	fs := testkit.NewCrashFS(map[string][]byte{fileName: w.now.image(0), fileName + journal.Suffix: []byte("dear diary, today I was named badly")})
	file, err := fs.Open(fileName, false)
	must(t, err)
	if _, err := journal.Open(file, fs, fileName, options(journal.Full)); !errors.Is(err, h5err.ErrCorrupt) {
		t.Error(err)
	}
}

// TestWhatWasAppliedIsNotAppliedAgain: a process died after its checkpoint, and
// another program changed the file since.
func TestWhatWasAppliedIsNotAppliedAgain(t *testing.T) {
	for _, commits := range []int{1, 3} {
		w, fs := worldFS(57)
		j := open(t, fs, options(journal.Full))
		for range commits {
			must(t, w.edit(j, 4))
			must(t, w.commit(j))
		}
		must(t, w.checkpoint(j))
		for _, image := range fs.Images(rand.New(rand.NewPCG(1, 1)), fs.Count(), 0) {
			other, err := image.Open(fileName, false)
			must(t, err)
			_, err = other.WriteAt([]byte("changed"), w.fixed[0]+8)
			must(t, err)
			if state, err := journal.Look(image, fileName); state != journal.Clean || err != nil {
				t.Errorf("the log is %v, %v", state, err)
			}
			must(t, open(t, image, options(journal.Full)).Close())
			got := make([]byte, 7)
			if _, err := other.ReadAt(got, w.fixed[0]+8); err != nil || string(got) != "changed" {
				t.Errorf("now it is %q, %v", got, err)
			}
			break
		}
	}
}

func TestOverlayShowsTheLogAndWritesNothing(t *testing.T) {
	w := newWorld(58, 0, 0, 4, 900)
	run(t, w, options(journal.Full), 6, 3, 1000)
	r := rand.New(rand.NewPCG(2, 2))
	fs := w.fs
	tried := 0
	for n := range fs.Count() {
		for name, image := range fs.Images(r, n, 3) {
			files := image.Files()
			log, ok := files[fileName+journal.Suffix]
			if !ok {
				continue
			}
			tried++
			d, err := journal.Overlay(driver.Memory(files[fileName]), driver.Memory(log), fileName, &otherBoot)
			must(t, err)
			got, err := w.check(d)
			if e := w.at(n); err != nil || got < e.acked || got > e.begun {
				t.Fatalf("after %d, %s: transaction %d, want %d to %d: %v", n, name, got, e.acked, e.begun, err)
			}
			must(t, d.Close())
		}
	}
	if tried < 100 {
		t.Errorf("%d images", tried)
	}
}
