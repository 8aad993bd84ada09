package btree

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/draft"
	"gables/internal/format"
	"gables/internal/wire"
)

// byNumber orders records by their first eight bytes.
func byNumber(want uint64) func([]byte) (int, error) {
	return func(r []byte) (int, error) { return cmp.Compare(want, binary.LittleEndian.Uint64(r)), nil }
}

func numbered(n uint64, size int, fill byte) []byte {
	r := bytes.Repeat([]byte{fill}, size)
	binary.LittleEndian.PutUint64(r, n)
	return r
}

// checkV2 holds the nodes to libhdf5's bounds, the pointers to what they count,
// and compares the records, as the reading half has them, with want.
func checkV2(t *testing.T, e *V2Edit, want [][]byte) {
	t.Helper()
	if err := e.begin(); err != nil {
		t.Fatal(err)
	}
	if e.h.Root.Defined() {
		root := format.BTreeV2Child{Address: e.h.Root, Records: e.h.RootRecords, Total: e.h.Total}
		checkV2Node(t, e, root, e.h.Depth, true)
	}
	r, err := OpenV2(over(e.d), e.addr)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for record, err := range r.All() {
		if err != nil || i >= len(want) || !bytes.Equal(record, want[i]) {
			t.Fatalf("record %d of %d is % x: %v", i, len(want), record, err)
		}
		i++
	}
	if i != len(want) || r.Count() != uint64(i) {
		t.Fatalf("%d records, header has %d, want %d", i, r.Count(), len(want))
	}
}

func checkV2Node(t *testing.T, e *V2Edit, at format.BTreeV2Child, depth int, root bool) {
	t.Helper()
	s, err := e.node(at, depth)
	if err != nil {
		t.Fatal(err)
	}
	if s.n > e.h.SplitRecords(depth) || s.n == 0 || !root && s.n < e.h.MergeRecords(depth) {
		t.Fatalf("depth %d: %d records, bounds are %d and %d", depth, s.n, e.h.MergeRecords(depth), e.h.SplitRecords(depth))
	}
	total := uint64(s.n)
	for i := 0; depth > 0 && i <= s.n; i++ {
		c, err := e.child(&s, i)
		if err != nil {
			t.Fatal(err)
		}
		checkV2Node(t, e, c, depth-1, false)
		total += c.Total
	}
	if total != at.Total {
		t.Fatalf("depth %d: %d records below, pointer has %d", depth, total, at.Total)
	}
}

func newV2Edit(t testing.TB, s wire.Sizes, p V2Params) *V2Edit {
	t.Helper()
	d := edit(make([]byte, 96), s)
	addr, err := NewV2(d, p)
	if err != nil {
		t.Fatal(err)
	}
	e, err := EditV2(d, addr)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestRecordsAreEditedAsAMapIs(t *testing.T) {
	wide := wire.Sizes{Offset: 8, Length: 8}
	for i, c := range []struct {
		s wire.Sizes
		p V2Params
	}{
		{wide, V2Params{10, 2048, 24, 100, 40}}, {wide, V2Params{5, 512, 11, 100, 40}}, {wide, V2Params{11, 200, 28, 100, 40}},
		{wire.Sizes{Offset: 4, Length: 8}, V2Params{8, 128, 17, 100, 40}}, {wire.Sizes{Offset: 8, Length: 4}, V2Params{1, 160, 16, 100, 40}},
		{wire.Sizes{Offset: 2, Length: 2}, V2Params{6, 100, 15, 100, 30}}, {wide, V2Params{9, 150, 13, 100, 0}},
	} {
		rng := rand.New(rand.NewPCG(uint64(i), 1))
		e := newV2Edit(t, c.s, c.p)
		model := map[uint64][]byte{}
		check := func() {
			t.Helper()
			var want [][]byte
			for _, k := range slices.Sorted(maps.Keys(model)) {
				want = append(want, model[k])
			}
			checkV2(t, e, want)
		}
		pool := uint64(1500)
		for phase := range 8 {
			for range 1200 {
				k := rng.Uint64N(pool)
				editV2Step(t, e, model, k, rng.IntN(10) < 8 == (phase%2 == 0), byte(rng.Uint32()))
			}
			check()
		}
		for _, k := range slices.Sorted(maps.Keys(model)) {
			editV2Step(t, e, model, k, false, 0)
		}
		check()
		for k := range pool {
			editV2Step(t, e, model, k, true, 3)
		}
		check()
		n := 0
		if err := e.Free(func([]byte) error { n++; return nil }); err != nil || n != int(pool) || inUse(e.d) != 96 {
			t.Fatal(n, inUse(e.d), err)
		}
	}
}

// editV2Step inserts or removes one record, or updates what is there.
func editV2Step(t *testing.T, e *V2Edit, model map[uint64][]byte, k uint64, insert bool, fill byte) {
	t.Helper()
	old, there := model[k]
	if !insert {
		got, err := e.Remove(byNumber(k))
		if there != (err == nil) || there && !bytes.Equal(got, old) || !there && !errors.Is(err, h5err.ErrNotFound) {
			t.Fatal(k, got, err)
		}
		delete(model, k)
		return
	}
	r := numbered(k, e.RecordSize(), fill)
	err := e.Insert(r, byNumber(k))
	if there != (err != nil) || there && !errors.Is(err, h5err.ErrExists) {
		t.Fatal(k, err)
	}
	if there {
		if err := e.Update(byNumber(k), func(p []byte) { copy(p, r) }); err != nil {
			t.Fatal(err)
		}
	}
	model[k] = r
	if got, ok, err := e.Find(byNumber(k)); err != nil || !ok || !bytes.Equal(got, r) {
		t.Fatal(k, got, ok, err)
	}
}

func TestAppendedRecordsFillTheirNodes(t *testing.T) {
	e := newV2Edit(t, wire.Sizes{Offset: 8, Length: 8}, V2Params{10, 2048, 24, 100, 40})
	const n = 50_000
	for k := range uint64(n) {
		if err := e.Insert(numbered(k, 24, 0), byNumber(k)); err != nil {
			t.Fatal(err)
		}
	}
	if most := uint64(n * 24 * 11 / 10); inUse(e.d) > most {
		t.Fatalf("%d bytes for %d of records", inUse(e.d), n*24)
	}
}

// editTree gives an editor of the v2 B-tree of a type in a file.
func editTree(t *testing.T, d *draft.Draft, file []byte, kind uint8) *V2Edit {
	t.Helper()
	for _, at := range find(file, "BTHD") {
		e, err := EditV2(d, wire.Address(at))
		if err != nil {
			t.Fatal(err)
		}
		if e.Type() == kind {
			return e
		}
	}
	t.Fatalf("no tree of type %d", kind)
	return nil
}

// reorder takes records of two indexes of the same things out and puts them
// back, at random, and leaves some out: those that keep says.
func reorder(t *testing.T, e *V2Edit, keyAt, keySize int, keep func(r []byte) bool) {
	t.Helper()
	key := func(r []byte) uint64 { return wire.Uint(r[keyAt : keyAt+keySize]) }
	compare := func(want []byte) func([]byte) (int, error) {
		return func(r []byte) (int, error) {
			return cmp.Or(cmp.Compare(key(want), key(r)), bytes.Compare(want, r)), nil
		}
	}
	var all [][]byte
	if err := e.Each(func(r []byte) error { all = append(all, bytes.Clone(r)); return nil }); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, uint64(len(all))))
	out := make([]bool, len(all))
	for range 10 * len(all) {
		i := rng.IntN(len(all))
		if out[i] {
			if err := e.Insert(all[i], compare(all[i])); err != nil {
				t.Fatal(err)
			}
		} else if got, err := e.Remove(compare(all[i])); err != nil || !bytes.Equal(got, all[i]) {
			t.Fatal(err)
		}
		out[i] = !out[i]
	}
	var want [][]byte
	for i, r := range all {
		if stays := keep(r); stays {
			want = append(want, r)
			if out[i] {
				if err := e.Insert(r, compare(r)); err != nil {
					t.Fatal(err)
				}
			}
		} else if !out[i] {
			if _, err := e.Remove(compare(r)); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.SortFunc(want, func(a, b []byte) int { return cmp.Compare(key(a), key(b)) })
	checkV2(t, e, want)
}

func TestIndexesOfLibhdf5AreEdited(t *testing.T) {
	file := slurp(t, "links")
	d := edit(file, wire.Sizes{Offset: 8, Length: 8})
	ids := map[string]bool{} // heap IDs of links that stay
	rng := rand.New(rand.NewPCG(9, 9))
	byName, byOrder := editTree(t, d, file, 5), editTree(t, d, file, 6)
	if err := byName.Each(func(r []byte) error { ids[string(r[4:])] = rng.IntN(3) > 0; return nil }); err != nil {
		t.Fatal(err)
	}
	reorder(t, byName, 0, 4, func(r []byte) bool { return ids[string(r[4:])] })
	var left []string
	if err := byOrder.Each(func(r []byte) error {
		if ids[string(r[8:])] {
			left = append(left, fmt.Sprintf("link%05d", binary.LittleEndian.Uint64(r)))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	reorder(t, byOrder, 0, 8, func(r []byte) bool { return ids[string(r[8:])] })
	witness(t, "edit_links.py", applied(t, file, d), strings.Join(left, ","))
}

func TestAttributeIndexesOfLibhdf5AreEdited(t *testing.T) {
	file := slurp(t, "attributes")
	d := edit(file, wire.Sizes{Offset: 8, Length: 8})
	all := func([]byte) bool { return true }
	reorder(t, editTree(t, d, file, 8), 13, 4, all)
	reorder(t, editTree(t, d, file, 9), 9, 4, all)
	witness(t, "edit_attributes.py", applied(t, file, d))
}

func TestV2RecordsOfLibhdf5AreRepeatedByteForByte(t *testing.T) {
	s := wire.Sizes{Offset: 8, Length: 8}
	for _, name := range []string{"links", "attributes"} {
		file := slurp(t, name)
		for _, at := range find(file, "BTHD") {
			want := file[at : at+int(format.BTreeV2HeaderSize(s))]
			h, err := format.DecodeBTreeV2Header(want, s)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := format.AppendBTreeV2Header(nil, h, s); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("header at 0x%x: % x, want % x: %v", at, got, want, err)
			}
			used := h.UsedBytes(h.Depth, h.RootRecords)
			want = file[h.Root : uint64(h.Root)+used]
			n, err := format.DecodeBTreeV2Node(want, h, h.Depth, h.RootRecords)
			if err != nil {
				t.Fatal(err)
			}
			if got := format.AppendBTreeV2Node(nil, n); !bytes.Equal(got, want) {
				t.Fatalf("node at 0x%x", uint64(h.Root))
			}
		}
	}
}

func BenchmarkV2(b *testing.B) {
	for _, order := range []string{"append", "random"} {
		b.Run(order, func(b *testing.B) {
			e := newV2Edit(b, wire.Sizes{Offset: 8, Length: 8}, V2Params{10, 2048, 24, 100, 40})
			for i := range b.N {
				k := uint64(i)
				if order == "random" {
					k *= 0x9e3779b97f4a7c15
				}
				if err := e.Insert(numbered(k, 24, 0), byNumber(k)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
