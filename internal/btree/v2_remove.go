package btree

import (
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// Remove takes the record for which cmp is 0 out and gives it. ErrNotFound if
// there is none.
func (t *V2Edit) Remove(cmp func(record []byte) (int, error)) (record []byte, err error) {
	err = t.d.Do(func() error {
		if err := t.begin(); err != nil {
			return err
		}
		if !t.h.Root.Defined() {
			return errNotInTree
		}
		record, err = t.remove(cmp)
		return err
	})
	return record, err
}

// remove descends to a leaf: that of the wanted record, or where an inner node
// has it, that of its successor, which takes its place.
func (t *V2Edit) remove(cmp func([]byte) (int, error)) ([]byte, error) {
	s, err := t.root()
	if err != nil {
		return nil, err
	}
	holder := -1 // where on the path the record is
	for s.depth > 0 {
		i, found := 0, false
		if holder < 0 {
			if i, found, err = t.search(&s, false, cmp); err != nil {
				return nil, err
			}
		}
		target := i
		if found {
			target++
		}
		again, err := t.spare(&s, target)
		if err != nil {
			return nil, err
		}
		if again {
			continue
		}
		if found {
			holder = len(t.path)
		}
		s.i = target
		t.path = append(t.path, s)
		if s, err = t.below(&s, target); err != nil {
			return nil, err
		}
	}
	if holder < 0 {
		i, found, err := t.search(&s, false, cmp)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, errNotInTree
		}
		old := append([]byte(nil), t.record(&s, i)...)
		return old, t.removeFrom(&s, i)
	}
	if s.n == 0 {
		return nil, h5err.At(h5err.Corrupt(v2NodeName, "records", "none in a leaf that is not the root"), v2NodeName, uint64(s.b.Address()))
	}
	at := &t.path[holder]
	old := append([]byte(nil), t.record(at, at.i-1)...)
	at.b.Put(t.h.RecordAt(at.i-1), t.record(&s, 0))
	t.seal(at)
	return old, t.removeFrom(&s, 0)
}

// removeFrom closes the gap of record i of the leaf s.
func (t *V2Edit) removeFrom(s *v2Step, i int) error {
	size := t.h.RecordSize
	p := s.b.Edit(t.h.RecordAt(i), t.h.RecordAt(s.n)+4)
	copy(p, p[size:len(p)-4])
	clear(p[len(p)-4-size:])
	s.n--
	t.seal(s)
	if err := t.count(^uint64(0)); err != nil {
		return err
	}
	if s.n > 0 || t.h.Depth > 0 {
		return nil
	}
	t.free(s.b.Address())
	if err := t.h.SetRoot(wire.Undefined, 0, 0); err != nil {
		return err
	}
	return t.finish()
}

// spare sees to it that child i of s can lose a record; again says that the
// children of s, or s itself, are others now.
func (t *V2Edit) spare(s *v2Step, i int) (again bool, err error) {
	c, err := t.child(s, i)
	if err != nil {
		return false, err
	}
	least := max(t.h.MergeRecords(s.depth-1), 1)
	if int(c.Records) > least || s.n == 0 {
		return false, nil
	}
	left, most, all := -1, -1, 0
	for _, at := range [2]int{i - 1, i + 1} {
		if at < 0 || at > s.n {
			continue
		}
		b, err := t.child(s, at)
		if err != nil {
			return false, err
		}
		if int(b.Records) > most {
			left, most, all = min(at, i), int(b.Records), int(b.Records+c.Records)+1
		}
	}
	switch {
	case all <= 2*least+2 && all <= t.h.SplitRecords(s.depth-1):
		err = t.merge(s, left)
	case all/2 > int(c.Records):
		return true, t.level(s, left, left == i)
	default:
		return false, nil // no neighbour can lend one
	}
	if err != nil || s.n > 0 || len(t.path) > 0 {
		return true, err
	}
	return true, t.lower(s)
}

// lower makes the only child of the root, which has no record left, the root.
func (t *V2Edit) lower(s *v2Step) error {
	c, err := t.child(s, 0)
	if err != nil {
		return err
	}
	t.free(s.b.Address())
	if err := t.h.SetRoot(c.Address, c.Records, t.h.Depth-1); err != nil {
		return err
	}
	if err := t.finish(); err != nil {
		return err
	}
	*s, err = t.root()
	return err
}
