package btree

import (
	"gables/hdf5/h5err"
	"gables/internal/format"
)

// gather appends the records and children of a node to those being moved.
func (t *V2Edit) gather(s *v2Step) {
	b, end := s.b.Bytes(), t.h.RecordAt(s.n)
	t.records = append(t.records, b[t.h.RecordAt(0):end]...)
	if s.depth > 0 {
		t.pointer = append(t.pointer, b[end:t.h.ChildAt(s.depth, s.n, s.n+1)]...)
	}
}

// fill gives a node the records from lo up to hi of those being moved, with
// their children, and tells what a pointer to it is to say.
func (t *V2Edit) fill(s *v2Step, lo, hi int) (format.BTreeV2Child, error) {
	old := s.n
	s.n = hi - lo
	used := t.h.UsedBytes(s.depth, uint64(s.n))
	head := t.h.RecordAt(0)
	p := s.b.Edit(head, int(max(used, t.h.UsedBytes(s.depth, uint64(old)))))
	n := copy(p, t.records[lo*t.h.RecordSize:hi*t.h.RecordSize])
	c := format.BTreeV2Child{Address: s.b.Address(), Records: uint64(s.n), Total: uint64(s.n)}
	if s.depth > 0 {
		size := t.h.PointerSize(s.depth)
		n += copy(p[n:], t.pointer[lo*size:(hi+1)*size])
		for i := lo; i <= hi; i++ {
			below, err := t.h.LoadChild(t.pointer[i*size:(i+1)*size], s.depth)
			if err != nil {
				return c, h5err.At(err, v2NodeName, uint64(s.b.Address()))
			}
			c.Total += below.Total
		}
	}
	clear(p[n:])
	t.seal(s)
	return c, nil
}

// reset forgets what was moved.
func (t *V2Edit) reset() { t.records, t.pointer = t.records[:0], t.pointer[:0] }

// split halves child i of s; the record between the halves goes up into s, which
// has room for it.
func (t *V2Edit) split(s *v2Step, i int) error {
	if s.n >= int(t.h.MaxRecords(s.depth)) {
		return h5err.At(h5err.Corrupt(v2NodeName, "records", "children have more than the tree allows"), v2NodeName, uint64(s.b.Address()))
	}
	left, err := t.below(s, i)
	if err != nil {
		return err
	}
	right, err := t.newNode(left.depth)
	if err != nil {
		return err
	}
	t.reset()
	t.gather(&left)
	n := left.n
	l, err := t.fill(&left, 0, n/2)
	if err != nil {
		return err
	}
	r, err := t.fill(&right, n/2+1, n)
	if err != nil {
		return err
	}
	size := t.h.RecordSize
	t.insertPair(s, i, t.records[n/2*size:(n/2+1)*size])
	if err := t.setChild(s, i, l); err != nil {
		return err
	}
	if err := t.setChild(s, i+1, r); err != nil {
		return err
	}
	return t.recount(s)
}

// insertPair makes room for a record at place i and for the child behind it.
func (t *V2Edit) insertPair(s *v2Step, i int, record []byte) {
	at, size, ptr := t.h.RecordAt(i), t.h.RecordSize, t.h.PointerSize(s.depth)
	gap := t.h.ChildAt(s.depth, s.n, i+1) - at
	p := s.b.Edit(at, t.h.ChildAt(s.depth, s.n+1, s.n+2))
	copy(p[gap+size+ptr:], p[gap:])
	copy(p[size:], p[:gap])
	copy(p, record)
	s.n++
}

// removePair takes out record i and the child behind it.
func (t *V2Edit) removePair(s *v2Step, i int) {
	at, size, ptr := t.h.RecordAt(i), t.h.RecordSize, t.h.PointerSize(s.depth)
	gap := t.h.ChildAt(s.depth, s.n, i+1) - at
	p := s.b.Edit(at, t.h.ChildAt(s.depth, s.n, s.n+1))
	copy(p, p[size:gap])
	copy(p[gap-size:], p[gap+ptr:])
	clear(p[len(p)-size-ptr:])
	s.n--
	t.seal(s)
}

// recount tells the pointer to s how many records it has now.
func (t *V2Edit) recount(s *v2Step) error {
	if len(t.path) == 0 {
		t.h.RootRecords = uint64(s.n)
		return t.finish()
	}
	up := &t.path[len(t.path)-1]
	c, err := t.child(up, up.i)
	if err != nil {
		return err
	}
	c.Records = uint64(s.n)
	return t.setChild(up, up.i, c)
}

// pair gathers children i and i+1 of s with the record between them.
func (t *V2Edit) pair(s *v2Step, i int) (left, right v2Step, err error) {
	if left, err = t.below(s, i); err != nil {
		return left, right, err
	}
	if right, err = t.below(s, i+1); err != nil {
		return left, right, err
	}
	if left.b == right.b {
		return left, right, h5err.At(h5err.Corrupt(v2NodeName, "children", "the same node twice"), v2NodeName, uint64(s.b.Address()))
	}
	t.reset()
	t.gather(&left)
	t.records = append(t.records, t.record(s, i)...)
	t.gather(&right)
	return left, right, nil
}

// level gives children i and i+1 of s the same number of records, an odd one to
// the left if heavy says so.
func (t *V2Edit) level(s *v2Step, i int, heavy bool) error {
	left, right, err := t.pair(s, i)
	if err != nil {
		return err
	}
	all := left.n + right.n + 1
	mid := (all - 1) / 2
	if heavy {
		mid = all / 2
	}
	l, err := t.fill(&left, 0, mid)
	if err != nil {
		return err
	}
	r, err := t.fill(&right, mid+1, all)
	if err != nil {
		return err
	}
	size := t.h.RecordSize
	s.b.Put(t.h.RecordAt(i), t.records[mid*size:(mid+1)*size])
	if err := t.setChild(s, i, l); err != nil {
		return err
	}
	return t.setChild(s, i+1, r)
}

// merge puts all records of children i and i+1 of s into one.
func (t *V2Edit) merge(s *v2Step, i int) error {
	left, right, err := t.pair(s, i)
	if err != nil {
		return err
	}
	l, err := t.fill(&left, 0, left.n+right.n+1)
	if err != nil {
		return err
	}
	t.free(right.b.Address())
	t.removePair(s, i)
	if err := t.setChild(s, i, l); err != nil {
		return err
	}
	return t.recount(s)
}
