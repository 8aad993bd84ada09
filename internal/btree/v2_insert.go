package btree

import (
	"fmt"

	"gables/hdf5/h5err"
	"gables/internal/format"
)

// Insert adds a record, of RecordSize bytes, where cmp says that it belongs.
// ErrExists when cmp is 0 for a record of the tree.
func (t *V2Edit) Insert(record []byte, cmp func(record []byte) (int, error)) error {
	return t.d.Do(func() error { return t.insert(record, false, cmp) })
}

// Put adds a record, or writes over the one for which cmp is 0.
func (t *V2Edit) Put(record []byte, cmp func(record []byte) (int, error)) error {
	return t.d.Do(func() error { return t.insert(record, true, cmp) })
}

func (t *V2Edit) insert(record []byte, replace bool, cmp func([]byte) (int, error)) error {
	if len(record) != t.h.RecordSize {
		return h5err.Corrupt(v2NodeName, "record", "%d bytes, want %d", len(record), t.h.RecordSize)
	}
	if err := t.begin(); err != nil {
		return err
	}
	s, err := t.openRoot()
	for edge := true; err == nil; {
		var i int
		var found bool
		i, found, err = t.search(&s, edge, cmp)
		if err == nil && !found && s.depth > 0 {
			i, found, err = t.makeRoom(&s, i, cmp)
		}
		switch {
		case err != nil:
			return err
		case found && replace:
			s.b.Put(t.h.RecordAt(i), record)
			t.seal(&s)
			return nil
		case found:
			return fmt.Errorf("record: %w", h5err.ErrExists)
		case s.depth == 0:
			return t.insertInto(&s, i, record)
		}
		edge = edge && i == s.n
		s.i = i
		t.path = append(t.path, s)
		s, err = t.below(&s, i)
	}
	return err
}

// openRoot gives the root, which is made or split if need be.
func (t *V2Edit) openRoot() (v2Step, error) {
	if !t.h.Root.Defined() {
		s, err := t.newNode(0)
		if err != nil {
			return s, err
		}
		return s, t.h.SetRoot(s.b.Address(), 0, 0)
	}
	s, err := t.root()
	if err != nil || s.n < t.h.SplitRecords(s.depth) {
		return s, err
	}
	old := format.BTreeV2Child{Address: t.h.Root, Records: t.h.RootRecords, Total: t.h.Total}
	if err := t.h.SetRoot(old.Address, 0, t.h.Depth+1); err != nil {
		return s, err
	}
	if err := t.checkDepth(); err != nil {
		return s, err
	}
	up, err := t.newNode(t.h.Depth)
	if err != nil {
		return s, err
	}
	t.h.Root = up.b.Address()
	if err := t.setChild(&up, 0, old); err != nil {
		return s, err
	}
	return up, t.split(&up, 0)
}

// makeRoom sees to it that the child into which the record belongs can take one
// more, and gives that child, or the record if it came up into s.
func (t *V2Edit) makeRoom(s *v2Step, i int, cmp func([]byte) (int, error)) (at int, found bool, err error) {
	most := t.h.SplitRecords(s.depth - 1)
	for tries := 0; ; tries++ {
		c, err := t.child(s, i)
		if err != nil || int(c.Records) < most {
			return i, false, err
		}
		left, room, err := t.roomier(s, i)
		if err != nil {
			return 0, false, err
		}
		// A neighbour that is nearly full would be full again at once.
		if tries < 2 && room > most/32 {
			err = t.level(s, left, left != i)
		} else {
			err = t.split(s, i)
		}
		if err != nil {
			return 0, false, err
		}
		if i, found, err = t.search(s, false, cmp); err != nil || found {
			return i, found, err
		}
	}
}

// roomier gives the left one of child i and that neighbour which has more room,
// and how many records the neighbour can take.
func (t *V2Edit) roomier(s *v2Step, i int) (left, room int, err error) {
	most := t.h.SplitRecords(s.depth - 1)
	left, room = i, -1
	for _, at := range [2]int{i - 1, i + 1} {
		if at < 0 || at > s.n {
			continue
		}
		c, err := t.child(s, at)
		if err != nil {
			return 0, 0, err
		}
		if r := most - int(c.Records); r > room {
			left, room = min(at, i), r
		}
	}
	return left, room, nil
}

// insertInto puts a record at place i of the leaf s, and counts it in all nodes
// above.
func (t *V2Edit) insertInto(s *v2Step, i int, record []byte) error {
	size := t.h.RecordSize
	p := s.b.Edit(t.h.RecordAt(i), t.h.RecordAt(s.n+1))
	copy(p[size:], p)
	copy(p, record)
	s.n++
	t.seal(s)
	return t.count(1)
}

// count adds a record of the leaf at the end of the path to the counts above
// it, or takes one off, and writes the header.
func (t *V2Edit) count(by uint64) error {
	for k := range t.path {
		s := &t.path[k]
		c, err := t.child(s, s.i)
		if err != nil {
			return err
		}
		c.Total += by
		if s.depth == 1 {
			c.Records += by
		}
		if err := t.setChild(s, s.i, c); err != nil {
			return err
		}
	}
	if t.h.Depth == 0 {
		t.h.RootRecords += by
	}
	t.h.Total += by
	return t.finish()
}
