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

// Options say how space is given out. The zero value packs everything.
type Options struct {
	// Blocks is the size of the blocks that smaller ranges of one kind are cut
	// from, so that they lie together; by Kind, 0 for none. Not used with pages.
	Blocks [2]uint64
	// Page is the page size of a file with paged aggregation: smaller ranges
	// lie within a page with others of their kind, larger ones begin at a page.
	// 0 for files without pages.
	Page uint64
	// Ranges of at least Threshold bytes begin at multiples of Alignment, which
	// may be 0 or 1 for any position. With pages only those of less than a page.
	Threshold, Alignment uint64
}

// Usual is what libhdf5 does unless told otherwise.
func Usual() Options { return Options{Blocks: [2]uint64{2048, 2048}} }

// Class is which free ranges may be joined: by Kind for what is smaller than a
// page, Large for the rest. Without pages all is Large.
type Class uint8

// The classes.
const (
	SmallMetadata Class = Class(Metadata)
	SmallRaw      Class = Class(Raw)
	Large         Class = 2
)

// Manager knows the end of the file and what is free below it. All positions
// are relative to the base address. Each call takes O(log n) for n free ranges.
//
// A range goes through these states: given out since the last commit (fresh:
// it may be written directly); in use; freed in this transaction (pending);
// freed by a committed transaction that older readers, or the main file before
// its checkpoint, may still see (waiting); free.
type Manager struct {
	o         Options
	end       uint64    // of what is allocated
	committed uint64    // end at the last commit
	low       uint64    // the lowest end since then
	free      [3]Ranges // by Class
	blocks    [2]Range  // by Kind: the rest of the block that small ranges are cut from
	fresh     [3]Ranges // given out since the last commit
	pending   [3]Ranges
	waiting   []waiting

	held  int // who still looks at fresh space that was taken back
	inOp  bool
	taken []owned // given out in the operation under way
	freed []owned // taken back in it
}

// owned is a range and which others it may join.
type owned struct {
	c Class
	r Range
}

// waiting is what a transaction freed.
type waiting struct {
	transaction uint64
	ranges      []owned
}

// New manages a file whose allocated part ends at end, in the usual way.
func New(end uint64) *Manager { return NewWith(end, Usual()) }

// NewWith manages a file whose allocated part ends at end.
func NewWith(end uint64, o Options) *Manager {
	m := &Manager{o: o, end: end, committed: end, low: end}
	for i := range m.free {
		m.free[i].sorted = true
	}
	for k := range Large {
		m.free[k].page, m.pending[k].page, m.fresh[k].page = o.Page, o.Page, o.Page
	}
	return m
}

// End is the first position behind all that is given out.
func (m *Manager) End() uint64 { return m.end }

// Committed is End as of the last commit.
func (m *Manager) Committed() uint64 { return m.committed }

// classOf says where a range belongs when it is free.
func (m *Manager) classOf(k Kind, r Range) Class {
	if p := m.o.Page; p == 0 || r.Size() >= p || r.At/p != (r.End-1)/p {
		return Large
	}
	return Class(k)
}

// Alloc gives out n bytes, n > 0.
func (m *Manager) Alloc(k Kind, n uint64) uint64 {
	var r Range
	align := uint64(1)
	if m.o.Alignment > 1 && n >= m.o.Threshold {
		align = m.o.Alignment
	}
	switch {
	case m.o.Page != 0 && n < m.o.Page:
		r = m.inPage(k, n, align)
	case m.o.Page != 0:
		r = m.atEndOr(n, m.o.Page)
		m.fillPage()
	case n < m.o.Blocks[k] && align == 1:
		r = m.inBlock(k, n)
	default:
		r = m.atEndOr(n, align)
	}
	m.give(owned{m.classOf(k, r), r})
	return r.At
}

func (m *Manager) give(o owned) {
	m.fresh[o.c].Add(o.r)
	if m.inOp {
		m.taken = append(m.taken, o)
	}
}

// atEndOr takes n bytes of the free space that is Large, or new ones.
func (m *Manager) atEndOr(n, align uint64) Range {
	r, ok := m.free[Large].fit(n, align)
	if ok {
		m.free[Large].Remove(r)
		return r
	}
	return m.atEnd(n, align)
}

// atEnd makes the file longer, and uses free space at its end.
func (m *Manager) atEnd(n, align uint64) Range {
	start := m.end
	if last, ok := m.free[Large].Last(); ok && last.End == m.end {
		start = last.At
	}
	at := roundUp(start, align)
	r := Range{at, at + n}
	if at > m.end {
		m.free[Large].Add(Range{m.end, at})
	}
	m.free[Large].Remove(r)
	m.end = max(m.end, r.End)
	return r
}

// fillPage makes the file end with a page.
func (m *Manager) fillPage() {
	if end := roundUp(m.end, m.o.Page); end > m.end {
		m.free[Large].Add(Range{m.end, end})
		m.end = end
	}
}

// inPage takes n bytes within a page of that kind.
func (m *Manager) inPage(k Kind, n, align uint64) Range {
	free := &m.free[k]
	r, ok := free.fit(n, align)
	if !ok {
		page := m.atEndOr(m.o.Page, m.o.Page)
		free.Add(page)
		if r, ok = free.fit(n, align); !ok {
			// The alignment is larger than what is left of a page.
			r = Range{page.At, page.At + n}
		}
	}
	free.Remove(r)
	return r
}

// inBlock takes n bytes of a fragment, of the block of that kind, or of a new
// one, which follows the old one where the file ends with it.
func (m *Manager) inBlock(k Kind, n uint64) Range {
	size, free := m.o.Blocks[k], &m.free[Large]
	r, ok := free.fit(n, 1)
	if ok && free.sizeOf(r) < size {
		free.Remove(r)
		return r
	}
	b := &m.blocks[k]
	switch {
	case b.Size() >= n:
	case ok:
		m.giveBack(Large, *b)
		block, _ := free.fit(size, 1)
		free.Remove(block)
		*b = block
	case b.End == m.end && b.Size() > 0:
		m.end += size
		b.End = m.end
	default:
		m.giveBack(Large, *b)
		*b = m.atEnd(size, 1)
	}
	r = Range{b.At, b.At + n}
	b.At += n
	return r
}

// sizeOf is the size of the range that holds r.
func (s *Ranges) sizeOf(r Range) uint64 {
	p, _ := s.list.at(s.over(r.At))
	return p.b - p.a
}

// Extend makes the n bytes at at longer by more where they are, if what
// follows is free or the end of the file, and tells whether it did.
func (m *Manager) Extend(k Kind, at, n, more uint64) bool {
	next := Range{at + n, at + n + more}
	c := m.classOf(k, Range{at, at + n})
	if more == 0 {
		return true
	}
	if c != Large {
		if m.classOf(k, Range{at, next.End}) != c || !m.free[c].Holds(next) {
			return false
		}
		m.free[c].Remove(next)
		m.give(owned{c, next})
		return true
	}
	if m.o.Page != 0 && at%m.o.Page != 0 {
		return false
	}
	if !m.extendBlock(next) && !m.extendLarge(next) {
		return false
	}
	m.give(owned{Large, next})
	return true
}

// extendBlock takes r from the block that begins with it.
func (m *Manager) extendBlock(r Range) bool {
	for i := range m.blocks {
		b := &m.blocks[i]
		if b.Size() == 0 || b.At != r.At {
			continue
		}
		if b.End == m.end && b.End < r.End {
			m.end, b.End = r.End, r.End
		}
		if b.End < r.End {
			return false
		}
		b.At = r.End
		return true
	}
	return false
}

// extendLarge takes r from the free space, or the end of the file.
func (m *Manager) extendLarge(r Range) bool {
	free := &m.free[Large]
	inside := Range{r.At, min(r.End, m.end)}
	if r.At > m.end || !free.Holds(inside) {
		return false
	}
	free.Remove(inside)
	m.end = max(m.end, r.End)
	if m.o.Page != 0 {
		m.fillPage()
	}
	return true
}

// Free takes n bytes at at back; they are not given out again before the
// operation ends and, unless they are fresh, not before Release.
func (m *Manager) Free(k Kind, at, n uint64) {
	if n == 0 {
		return
	}
	r := Range{at, at + n}
	o := owned{m.classOf(k, r), r}
	if m.inOp {
		m.freed = append(m.freed, o)
		return
	}
	m.settle(o)
}

func (m *Manager) settle(o owned) {
	if m.held > 0 || !m.fresh[o.c].Holds(o.r) {
		m.pending[o.c].Add(o.r)
		return
	}
	m.fresh[o.c].Remove(o.r)
	m.giveBack(o.c, o.r)
	m.shrink(m.committed)
}

// Hold keeps fresh space that is taken back from being given out again, until
// Unhold was called as often: somebody reads what was written there.
func (m *Manager) Hold() { m.held++ }

// Unhold ends what Hold began.
func (m *Manager) Unhold() { m.held-- }

// Held tells whether somebody reads fresh space, so that it must not be written
// over.
func (m *Manager) Held() bool { return m.held > 0 }

// giveBack makes r free. A page without anything in it serves any kind.
func (m *Manager) giveBack(c Class, r Range) {
	if r.Size() == 0 {
		return
	}
	m.free[c].Add(r)
	if c == Large {
		return
	}
	if at := r.At / m.o.Page * m.o.Page; m.free[c].Holds(Range{at, at + m.o.Page}) {
		m.free[c].Remove(Range{at, at + m.o.Page})
		m.free[Large].Add(Range{at, at + m.o.Page})
	}
}

// shrink makes the file shorter by the free space at its end, down to floor.
func (m *Manager) shrink(floor uint64) {
	last, ok := m.free[Large].Last()
	if !ok || last.End != m.end || last.End <= floor {
		return
	}
	last.At = max(last.At, floor)
	if m.o.Page != 0 {
		if last.At = roundUp(last.At, m.o.Page); last.At >= m.end {
			return
		}
	}
	m.free[Large].Remove(last)
	m.end = last.At
	m.low = min(m.low, m.end)
}

// Trim gives up the free space at the end of the file, also what lies below
// the end at the last commit. Without it the file never gets shorter.
func (m *Manager) Trim() { m.shrink(0) }

// Fresh tells whether the n bytes at at were given out since the last commit,
// so that no reader and no crash can see what is written there.
func (m *Manager) Fresh(at, n uint64) bool {
	r := Range{at, at + n}
	return m.fresh[Large].Holds(r) || m.fresh[Metadata].Holds(r) || m.fresh[Raw].Holds(r)
}

// Begin starts an operation that Finish or Rollback ends.
func (m *Manager) Begin() { m.inOp, m.taken, m.freed = true, m.taken[:0], m.freed[:0] }

// Finish keeps what the operation did.
func (m *Manager) Finish() {
	m.inOp = false
	for _, o := range m.freed {
		m.settle(o)
	}
}

// Rollback undoes what the operation did.
func (m *Manager) Rollback() {
	m.inOp = false
	for _, o := range m.taken {
		m.fresh[o.c].Remove(o.r)
		m.giveBack(o.c, o.r)
	}
	m.shrink(m.committed)
}

// Put makes known that a range is free, as a file says that is being opened.
// It reports whether the range lies in the file and was not free already.
func (m *Manager) Put(c Class, at, n uint64) bool {
	r := Range{at, at + n}
	if c > Large || n == 0 || r.End < at || r.End > m.end {
		return false
	}
	if m.o.Page == 0 {
		c = Large
	} else if c != Large && m.classOf(Kind(c), r) == Large {
		c = Large
	}
	for i := range m.free {
		if m.free[i].Touches(r) || m.pending[i].Touches(r) || m.fresh[i].Touches(r) {
			return false
		}
	}
	m.giveBack(c, r)
	return true
}

// Settle gives up the blocks that small ranges are cut from, and what of them
// is at the end of the file.
func (m *Manager) Settle() {
	m.dropBlocks()
	m.shrink(m.committed)
}

// Unused gives what is free, or will be when the transaction is committed and
// readers have gone, by Class in ascending order.
func (m *Manager) Unused() [3][]Range {
	var all [3][]Range
	for c := range m.free {
		set := Ranges{page: m.free[c].page}
		for r := range m.free[c].Each() {
			set.Add(r)
		}
		for r := range m.pending[c].Each() {
			set.Add(r)
		}
		for _, w := range m.waiting {
			for _, o := range w.ranges {
				if int(o.c) == c {
					set.Add(o.r)
				}
			}
		}
		if Class(c) == Large {
			set.Add(m.blocks[0])
			set.Add(m.blocks[1])
		}
		all[c] = set.All()
	}
	return all
}

// Commit makes what was done part of the file as of that transaction. The
// rests of blocks are free from then on, and no longer in the file where they
// are at its end.
func (m *Manager) Commit(transaction uint64) {
	m.dropBlocks()
	m.shrink(m.committed)
	w := waiting{transaction: transaction}
	for c := range m.pending {
		for r := range m.pending[c].Each() {
			w.ranges = append(w.ranges, owned{Class(c), r})
		}
		m.pending[c].Clear()
		m.fresh[c].Clear()
	}
	if len(w.ranges) > 0 {
		m.waiting = append(m.waiting, w)
	}
	m.committed, m.low = m.end, m.end
}

func (m *Manager) dropBlocks() {
	for i := range m.blocks {
		m.giveBack(Large, m.blocks[i])
		m.blocks[i] = Range{}
	}
}

// Abort undoes all since the last commit.
func (m *Manager) Abort() {
	m.inOp = false
	m.dropBlocks()
	for c := range m.pending {
		m.pending[c].Clear()
		for r := range m.fresh[c].Each() {
			m.giveBack(Class(c), r)
		}
		m.fresh[c].Clear()
	}
	for c := range m.free {
		m.free[c].Remove(Range{m.committed, ^uint64(0)})
	}
	if m.low < m.committed {
		m.free[Large].Add(Range{m.low, m.committed})
	}
	m.end, m.low = m.committed, m.committed
}

// Release makes free what transactions up to the given one have freed.
func (m *Manager) Release(transaction uint64) {
	n := 0
	for ; n < len(m.waiting) && m.waiting[n].transaction <= transaction; n++ {
		for _, o := range m.waiting[n].ranges {
			m.giveBack(o.c, o.r)
		}
	}
	m.waiting = m.waiting[n:]
}

// FreeSpace is how many bytes are free, or will be when readers have gone.
func (m *Manager) FreeSpace() uint64 {
	n := m.blocks[0].Size() + m.blocks[1].Size()
	for c := range m.free {
		n += m.free[c].Size() + m.pending[c].Size()
	}
	for _, w := range m.waiting {
		for _, o := range w.ranges {
			n += o.r.Size()
		}
	}
	return n
}
