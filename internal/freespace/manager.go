// Package freespace gives out and takes back ranges of a file. It does no I/O
// and knows no record of the format but the sizes that it is asked for. A
// Manager belongs to one goroutine at a time.
package freespace

// Kind is what a range is for. Files with paged aggregation keep the kinds in
// pages of their own.
type Kind uint8

// The kinds.
const (
	Metadata Kind = iota
	Raw
)

// Manager knows the end of the file and what is free below it. All positions
// are relative to the base address.
//
// A range goes through these states: given out since the last commit (fresh:
// it may be written directly); in use; freed in this transaction (pending);
// freed by a committed transaction that older readers, or the main file before
// its checkpoint, may still see (waiting); free.
type Manager struct {
	end       uint64 // of what is allocated
	committed uint64 // end at the last commit
	free      Ranges
	fresh     Ranges // given out since the last commit, also what was taken back since
	pending   Ranges
	waiting   []waiting

	inOp  bool
	taken []Range // given out in the operation under way
	freed []Range // taken back in it
}

// waiting is what a transaction freed.
type waiting struct {
	transaction uint64
	ranges      []Range
}

// New manages a file whose allocated part ends at end.
func New(end uint64) *Manager { return &Manager{end: end, committed: end} }

// End is the first position behind all that is given out.
func (m *Manager) End() uint64 { return m.end }

// Committed is End as of the last commit.
func (m *Manager) Committed() uint64 { return m.committed }

// Alloc gives out n bytes, n > 0.
func (m *Manager) Alloc(k Kind, n uint64) uint64 {
	r, ok := m.fit(n)
	if ok {
		m.free.Remove(r)
	} else {
		r = Range{m.end, m.end + n}
		m.end += n
	}
	m.fresh.Add(r)
	if m.inOp {
		m.taken = append(m.taken, r)
	}
	return r.At
}

// fit finds the smallest free range that has room.
func (m *Manager) fit(n uint64) (Range, bool) {
	best := Range{0, ^uint64(0)}
	for _, r := range m.free.All() {
		if r.Size() >= n && r.Size() < best.Size() {
			best = r
		}
	}
	if best.End == ^uint64(0) {
		return Range{}, false
	}
	return Range{best.At, best.At + n}, true
}

// Free takes n bytes at at back; they are not given out again before the
// operation ends and, unless they are fresh, not before Release.
func (m *Manager) Free(k Kind, at, n uint64) {
	if n == 0 {
		return
	}
	r := Range{at, at + n}
	if m.inOp {
		m.freed = append(m.freed, r)
		return
	}
	m.settle(r)
}

func (m *Manager) settle(r Range) {
	if !m.fresh.Holds(r) {
		m.pending.Add(r)
		return
	}
	m.giveBack(r)
}

// giveBack makes r free, or the file shorter where it is its end.
func (m *Manager) giveBack(r Range) {
	m.free.Add(r)
	if list := m.free.All(); len(list) > 0 {
		if last := list[len(list)-1]; last.End == m.end && last.End > m.committed {
			last.At = max(last.At, m.committed)
			m.free.Remove(last)
			m.end = last.At
		}
	}
}

// Fresh tells whether the n bytes at at were given out since the last commit,
// so that no reader and no crash can see what is written there.
func (m *Manager) Fresh(at, n uint64) bool { return m.fresh.Holds(Range{at, at + n}) }

// Begin starts an operation that Finish or Rollback ends.
func (m *Manager) Begin() { m.inOp, m.taken, m.freed = true, m.taken[:0], m.freed[:0] }

// Finish keeps what the operation did.
func (m *Manager) Finish() {
	m.inOp = false
	for _, r := range m.freed {
		m.settle(r)
	}
}

// Rollback undoes what the operation did.
func (m *Manager) Rollback() {
	m.inOp = false
	for _, r := range m.taken {
		m.giveBack(r)
	}
}

// Commit makes what was done part of the file as of that transaction.
func (m *Manager) Commit(transaction uint64) {
	if list := m.pending.All(); len(list) > 0 {
		m.waiting = append(m.waiting, waiting{transaction, append([]Range(nil), list...)})
	}
	m.pending.Clear()
	m.fresh.Clear()
	m.committed = m.end
}

// Abort undoes all since the last commit.
func (m *Manager) Abort() {
	m.pending.Clear()
	for _, r := range m.fresh.All() {
		m.free.Add(r)
	}
	m.fresh.Clear()
	m.free.Remove(Range{m.committed, ^uint64(0)})
	m.end = m.committed
	m.inOp = false
}

// Release makes free what transactions up to the given one have freed.
func (m *Manager) Release(transaction uint64) {
	n := 0
	for ; n < len(m.waiting) && m.waiting[n].transaction <= transaction; n++ {
		for _, r := range m.waiting[n].ranges {
			m.free.Add(r)
		}
	}
	m.waiting = m.waiting[n:]
}

// FreeSpace is how many bytes are free, or will be when readers have gone.
func (m *Manager) FreeSpace() uint64 {
	n := m.free.Size() + m.pending.Size()
	for _, w := range m.waiting {
		for _, r := range w.ranges {
			n += r.Size()
		}
	}
	return n
}
