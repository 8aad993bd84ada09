package heap

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"gables/internal/btree"
	"gables/internal/checksum"
	"gables/internal/wire"
)

// pointAt writes now in the place of old, once, in an object header of version
// 2, and its checksum.
func pointAt(t *testing.T, p *paper, old, now wire.Address) {
	t.Helper()
	for _, at := range places(p.b, "OHDR") {
		b := p.b[at:]
		head := 6
		if b[5]&0x20 != 0 {
			head += 16
		}
		if b[5]&0x10 != 0 {
			head += 4
		}
		n := 1 << (b[5] & 3)
		size := head + n + int(wire.Uint(b[head:head+n]))
		i := bytes.Index(b[:size], number(uint64(old), 8))
		if i < 0 {
			continue
		}
		block, err := p.d.Block(at, size+4)
		if err != nil {
			t.Fatal(err)
		}
		block.Put(i, number(uint64(now), 8))
		sum := checksum.Lookup3(block.Bytes()[:size])
		block.Put(size, binary.LittleEndian.AppendUint32(nil, sum))
		return
	}
	t.Fatalf("no header has the address 0x%x", uint64(old))
}

// rebuild moves all objects of the heap that the trees of types lead to into a
// heap that we make, or when same is set edits the heap where it is.
func rebuild(t *testing.T, p *paper, rnd *rand.Rand, params FractalParams, same bool, types ...uint8) {
	t.Helper()
	for _, at := range places(p.b, "FRHP") {
		if e, err := EditFractal(p.d, at); err != nil {
			continue // what is left of an old one
		} else if n, err := e.IDLength(); err != nil || n != params.IDLength {
			continue
		}
		trees := map[uint8]*btree.V2Edit{}
		for _, tree := range places(p.b, "BTHD") {
			if x, err := btree.EditV2(p.d, tree); err == nil {
				if n, err := x.Count(); err == nil && n > 0 {
					trees[x.Type()] = x
				}
			}
		}
		if trees[types[0]] == nil || !leadsTo(t, p, at, trees[types[0]], types[0], params.IDLength) {
			continue
		}
		moved(t, p, rnd, at, params, same, trees, types)
		return
	}
	t.Fatal("no heap")
}

// idAt is where a record has the heap ID.
var idAt = map[uint8]int{5: 4, 6: 8, 8: 0, 9: 0}

// keyAt is where it has what it is found by: hash or creation order.
var keyAt = map[uint8][2]int{5: {0, 4}, 6: {0, 8}, 8: {13, 17}, 9: {9, 13}}

func leadsTo(t *testing.T, p *paper, at wire.Address, tree *btree.V2Edit, kind uint8, n int) bool {
	t.Helper()
	e, _ := EditFractal(p.d, at)
	ok := true
	err := tree.Each(func(r []byte) error {
		_, err := e.Object(r[idAt[kind] : idAt[kind]+n])
		ok = ok && err == nil
		return nil
	})
	return ok && err == nil
}

func moved(t *testing.T, p *paper, rnd *rand.Rand, at wire.Address, params FractalParams, same bool, trees map[uint8]*btree.V2Edit, types []uint8) {
	t.Helper()
	old, _ := EditFractal(p.d, at)
	now := old
	if !same {
		addr, err := NewFractal(p.d, params)
		if err != nil {
			t.Fatal(err)
		}
		if now, err = EditFractal(p.d, addr); err != nil {
			t.Fatal(err)
		}
	}
	var records [][]byte
	if err := trees[types[0]].Each(func(r []byte) error { records = append(records, bytes.Clone(r)); return nil }); err != nil {
		t.Fatal(err)
	}
	var junk [][]byte
	n, ids := params.IDLength, map[string][]byte{}
	for _, i := range rnd.Perm(len(records)) {
		id := records[i][idAt[types[0]]:][:n]
		data, err := old.Object(id)
		if err != nil {
			t.Fatal(err)
		}
		data = bytes.Clone(data)
		if err := old.Remove(id); err != nil {
			t.Fatal(err)
		}
		extra, err := now.Insert(bytes.Repeat([]byte{0xdb}, 1+rnd.IntN(3000)>>rnd.IntN(5)))
		if err != nil {
			t.Fatal(err)
		}
		junk = append(junk, extra)
		if ids[string(id)], err = now.Insert(data); err != nil {
			t.Fatal(err)
		}
		if rnd.IntN(2) == 0 {
			if err := now.Remove(junk[0]); err != nil {
				t.Fatal(err)
			}
			junk = junk[1:]
		}
	}
	for _, id := range junk {
		if err := now.Remove(id); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range types {
		renumber(t, trees[kind], kind, n, ids)
	}
	if !same {
		if err := old.Free(); err != nil {
			t.Fatal(err)
		}
		pointAt(t, p, at, now.addr)
	}
}

// renumber puts new IDs into all records of a tree.
func renumber(t *testing.T, tree *btree.V2Edit, kind uint8, n int, ids map[string][]byte) {
	t.Helper()
	if tree == nil {
		return
	}
	var records [][]byte
	if err := tree.Each(func(r []byte) error { records = append(records, bytes.Clone(r)); return nil }); err != nil {
		t.Fatal(err)
	}
	key, at := keyAt[kind], idAt[kind]
	for i, want := range records {
		err := tree.Update(func(r []byte) (int, error) {
			return cmp.Compare(wire.Uint(want[key[0]:key[1]]), wire.Uint(r[key[0]:key[1]])), nil
		}, func(r []byte) { copy(r[at:at+n], ids[string(want[at:at+n])]) })
		if err != nil {
			t.Fatalf("record %d: %v", i, err)
		}
	}
}

func TestLibhdf5GoesOnInAFractalHeapOfOurs(t *testing.T) {
	for _, same := range []bool{false, true} {
		for _, links := range []int{60, 2000} {
			name := filepath.Join(t.TempDir(), "fractal.h5")
			witness(t, "fractal-make", name, fmt.Sprint(links))
			rnd := rand.New(rand.NewPCG(uint64(links), 1))
			for round := range 3 {
				p := newPaper(t, readFile(t, name), widths[0])
				rebuild(t, p, rnd, LinkHeap, same, 5, 6)
				rebuild(t, p, rnd, AttributeHeap, same, 8)
				p.save(name)
				witness(t, "fractal-edit", name, fmt.Sprint(links), fmt.Sprint(round))
			}
			witness(t, "fractal-end", name, fmt.Sprint(links), "3")
		}
	}
}
