package journal_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"gables/hdf5/driver"
	"gables/internal/journal"
)

// BenchmarkCommit commits a few hundred bytes in place and a few kilobytes of
// fresh space; on disk that is the price of the syncs.
func BenchmarkCommit(b *testing.B) {
	for _, c := range []struct {
		name  string
		level journal.Level
		disk  bool
		lazy  bool
	}{
		{"disk/full", journal.Full, true, false}, {"disk/full/lazy", journal.Full, true, true},
		{"disk/normal/lazy", journal.Normal, true, true}, {"disk/off", journal.Off, true, false},
		{"memory/full", journal.Full, false, false}, {"memory/full/lazy", journal.Full, false, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			l := newLedger()
			o := options(c.level)
			if c.lazy {
				o.LazyBytes = 4 << 20
			}
			j := open(b, benchFolder(b, l, c.disk), o)
			r := rand.New(rand.NewPCG(1, 1))
			b.ReportAllocs()
			for b.Loop() {
				frames, err := l.next(j, r)
				must(b, err)
				_, err = j.Commit(frames, l.space.End(), l.w.superblock(l.space.End()))
				must(b, err)
				l.space.Commit(j.Current().Transaction())
				if j.Due() {
					_, err := j.Checkpoint()
					must(b, err)
				}
			}
			must(b, j.Close())
		})
	}
}

func benchFolder(b *testing.B, l *ledger, disk bool) driver.Folder {
	if disk {
		dir := b.TempDir()
		must(b, os.WriteFile(filepath.Join(dir, fileName), l.image(), 0o666))
		folder, err := driver.OpenDir(dir, driver.LockBestEffort, 0)
		must(b, err)
		return folder
	}
	shelf := driver.NewShelf()
	file, err := shelf.Open(fileName, true)
	must(b, err)
	_, err = file.WriteAt(l.image(), 0)
	must(b, err)
	return shelf
}
