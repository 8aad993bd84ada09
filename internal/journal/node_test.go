package journal

import (
	"bytes"
	"testing"

	"gables/hdf5/driver"
	"gables/internal/draft"
)

func TestSnapshotHeldForLongLooksThroughFewNodes(t *testing.T) {
	const size = 4000
	j := Memory(driver.NewBuffer(bytes.Repeat([]byte{1}, size)), Options{})
	commit := func(b byte, at uint64) {
		_, err := j.Commit([]draft.Extent{{At: at, Data: bytes.Repeat([]byte{b}, 50)}}, size, make([]byte, 96))
		must(t, err)
	}
	type held struct {
		s    *Snapshot
		want []byte
	}
	var all []held
	for i := range 400 {
		if i%70 == 5 {
			s := j.Pin()
			want := make([]byte, size)
			_, err := s.ReadAt(want, 0)
			must(t, err)
			all = append(all, held{s, want})
		}
		commit(byte(i), uint64(100+(i*37)%3800))
		for _, h := range all {
			got := make([]byte, size)
			_, err := h.s.ReadAt(got, 0)
			must(t, err)
			if !bytes.Equal(got, h.want) {
				t.Fatalf("after %d commits the snapshot of %d has changed", i+1, h.s.Transaction())
			}
		}
	}
	for _, h := range all {
		n := 0
		for x := h.s.node.next.Load(); x != nil; x = x.next.Load() {
			n++
		}
		if n > chainMost+2 {
			t.Errorf("the snapshot of %d looks through %d nodes", h.s.Transaction(), n)
		}
		if r := j.Released(); r > h.s.Transaction() {
			t.Errorf("%d is released while the snapshot of %d is held", r, h.s.Transaction())
		}
		h.s.Unpin()
	}
	if j.Released() != 400 || len(j.old) != 0 {
		t.Errorf("%d is released, %d snapshots are kept", j.Released(), len(j.old))
	}
}

func TestWorkingShowsWhatIsStagedOverFreshSpace(t *testing.T) {
	j := Memory(driver.NewBuffer(bytes.Repeat([]byte{1}, 200)), Options{})
	must(t, j.WriteFresh([]byte{2, 2, 2}, 300))
	must(t, j.Stage([]byte{3, 3}, 199))
	got := make([]byte, 110)
	_, err := j.Working().ReadAt(got, 195)
	if want := append(append([]byte{1, 1, 1, 1, 3, 3}, make([]byte, 99)...), 2, 2, 2); err == nil || !bytes.Equal(got[:108], want) || j.Working().Size() != 303 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := j.Current().ReadAt(got[:5], 195); err != nil || !bytes.Equal(got[:5], []byte{1, 1, 1, 1, 1}) {
		t.Errorf("readers see %v, %v", got[:5], err)
	}
	must(t, j.Abort())
	if j.Working().Size() != 200 {
		t.Errorf("%d bytes after Abort", j.Working().Size())
	}
}
