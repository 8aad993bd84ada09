package journal_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"gables/hdf5/driver"
	"gables/internal/freespace"
	"gables/internal/journal"
)

const childFolder = "GABLES_KILLED_WRITER"

// TestMain makes the test binary a writer that is killed, when it is told to.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		fmt.Println(writeUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeUntilKilled commits, and tells each transaction when it is acknowledged.
// Transactions are numbered on over the lives of the file.
func writeUntilKilled(dir string) error {
	folder, err := driver.OpenDir(dir, driver.LockAlways, 0)
	if err != nil {
		return err
	}
	file, err := folder.Open(fileName, false)
	if err != nil {
		return err
	}
	seed, _ := strconv.Atoi(os.Getenv("GABLES_SEED"))
	r := rand.New(rand.NewPCG(uint64(seed), 1))
	j, err := journal.Open(file, folder, fileName, journal.Options{Level: journal.Level(seed % 2)})
	if err != nil {
		return err
	}
	l := newLedger()
	l.space = freespace.New(j.Current().Size())
	for i := range l.cells {
		if _, err := j.Current().ReadAt(l.cells[i], uint64(cellsAt+i*cellSize)); err != nil {
			return err
		}
	}
	for {
		frames, err := l.next(j, r)
		if err != nil {
			return err
		}
		t, err := j.Commit(frames, l.space.End(), l.w.superblock(l.space.End()))
		if err != nil {
			return err
		}
		fmt.Println(t)
		l.space.Commit(t)
		if r.IntN(4) == 0 {
			if _, err := j.Checkpoint(); err != nil {
				return err
			}
		}
	}
}

// TestWriterThatIsKilledLosesNoCommit kills a real process on real files, again
// and again on the same one.
func TestWriterThatIsKilledLosesNoCommit(t *testing.T) {
	me, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, fileName), newLedger().image(), 0o666))
	r := rand.New(rand.NewPCG(5, 5))
	commits, recovered := uint64(0), 0
	for seed := range 6 * rounds() {
		child := exec.Command(me)
		child.Env = append(os.Environ(), childFolder+"="+dir, "GABLES_SEED="+strconv.Itoa(seed))
		out, err := child.StdoutPipe()
		if err == nil {
			err = child.Start()
		}
		if err != nil {
			t.Skip(err)
		}
		lines := bufio.NewScanner(out)
		acked := uint64(0)
		for start := time.Now(); lines.Scan(); {
			n, err := strconv.ParseUint(lines.Text(), 10, 64)
			if err != nil {
				t.Fatal(lines.Text())
			}
			acked = n
			if time.Since(start) > time.Duration(r.IntN(60))*time.Millisecond {
				must(t, child.Process.Kill())
			}
		}
		_ = child.Wait()
		folder, err := driver.OpenDir(dir, driver.LockAlways, 0)
		must(t, err)
		state, err := journal.Look(folder, fileName)
		must(t, err)
		if state == journal.Waiting {
			recovered++
		}
		j := open(t, folder, journal.Options{})
		got, err := total(j.Current(), r)
		if err != nil || got < acked {
			t.Fatalf("%d was acknowledged, %d is there: %v", acked, got, err)
		}
		commits += got
		must(t, j.Close())
		must(t, folder.Close())
	}
	t.Logf("%d commits, %d recoveries", commits, recovered)
}
