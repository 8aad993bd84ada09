package heap

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// smallHeap grows through many rows with few bytes.
var smallHeap = FractalParams{7, 200, 2, 128, 256, 28, 1, true}

// checkFractal reads every object with the reader, and judges the header.
func checkFractal(t *testing.T, p *paper, e *FractalEdit, objects map[string]string) {
	t.Helper()
	f, err := OpenFractal(p.cache(), e.addr, filters)
	if err != nil {
		t.Fatal(err)
	}
	var n [3]uint64
	var size [3]uint64
	for id, want := range objects {
		got, err := f.Object([]byte(id))
		if err != nil || string(got) != want {
			t.Fatalf("ID % x: %d bytes, %v; want %d", id, len(got), err, len(want))
		}
		if got, err := e.Object([]byte(id)); err != nil || string(got) != want {
			t.Fatalf("ID % x: the editor has %d bytes, %v; want %d", id, len(got), err, len(want))
		}
		kind := id[0] >> 4 & 3
		n[kind]++
		size[kind] += uint64(len(want))
	}
	st, err := e.open()
	if err != nil {
		t.Fatal(err)
	}
	h := st.h
	if h.Objects != n[idManaged] || h.HugeObjects != n[idHuge] || h.HugeSize != size[idHuge] ||
		h.TinyObjects != n[idTiny] || h.TinySize != size[idTiny] {
		t.Fatalf("%+v; want objects %v of %v bytes", h, n, size)
	}
	if n[idManaged] == 0 {
		if h.Root.Defined() || h.Manager.Defined() || h.Managed != 0 || h.Iterator != 0 || h.FreeSpace != 0 || h.Allocated != 0 {
			t.Fatalf("an empty heap has %+v", h)
		}
		return
	}
	all, managed := st.firstFree(), h.StartBlock
	if h.RootRows > 0 {
		if all, err = st.total(h.RootRows); err != nil {
			t.Fatal(err)
		}
		managed = h.RowOffset(h.RootRows)
	}
	if h.FreeSpace != all-size[idManaged] || h.Managed != managed {
		t.Fatalf("%d bytes free in %d, want %d in %d", h.FreeSpace, h.Managed, all-size[idManaged], managed)
	}
	checkSections(t, st)
}

// checkSections holds free sections to their blocks, apart from each other.
func checkSections(t *testing.T, st *fractalState) {
	t.Helper()
	f, err := st.space()
	if err != nil {
		t.Fatal(err)
	}
	if f == nil {
		return
	}
	if f.h.ListSize != f.h.ListRoom {
		t.Fatalf("a list of %d bytes in %d, which libhdf5 does not change", f.h.ListSize, f.h.ListRoom)
	}
	taken := map[uint64]bool{}
	for _, c := range f.list {
		if _, err := st.place(c.At, c.Size); err != nil {
			t.Fatal(err)
		}
		for at := c.At; at < c.At+c.Size; at++ {
			if taken[at] {
				t.Fatalf("offset %d is in two sections", at)
			}
			taken[at] = true
		}
	}
}

func anyObject(rnd *rand.Rand, p FractalParams) []byte {
	n := 1 + rnd.IntN(int(p.MaxManaged))>>rnd.IntN(6)
	switch rnd.IntN(20) {
	case 0:
		n = int(p.MaxManaged) + 1 + rnd.IntN(3000)
	case 1:
		n = int(p.MaxManaged) + rnd.IntN(2)
	case 2:
		n = 1 + rnd.IntN(17)
	}
	return bytes.Repeat([]byte{byte(rnd.Uint32())}, n)
}

func changeFractal(t *testing.T, rnd *rand.Rand, e *FractalEdit, p FractalParams, objects map[string]string, more int) {
	t.Helper()
	if rnd.IntN(10) >= more && len(objects) > 0 {
		for id, old := range objects {
			if rnd.IntN(3) > 0 {
				if err := e.Remove([]byte(id)); err != nil {
					t.Fatal(err)
				}
				delete(objects, id)
				return
			}
			data := anyObject(rnd, p)
			if rnd.IntN(2) == 0 {
				data = bytes.Repeat([]byte{'r'}, len(old))
			}
			now, err := e.Replace([]byte(id), data)
			if err != nil {
				t.Fatal(err)
			}
			delete(objects, id)
			keepObject(t, e, objects, now, data)
			return
		}
	}
	data := anyObject(rnd, p)
	id, err := e.Insert(data)
	if err != nil {
		t.Fatal(err)
	}
	keepObject(t, e, objects, id, data)
}

// keepObject puts an object into the model. Equal tiny objects have equal IDs:
// one of them is removed.
func keepObject(t *testing.T, e *FractalEdit, objects map[string]string, id, data []byte) {
	t.Helper()
	if old, taken := objects[string(id)]; taken {
		if id[0]>>4&3 != idTiny {
			t.Fatalf("ID % x is given out again, for %d bytes after %d", id, len(data), len(old))
		}
		if err := e.Remove(id); err != nil {
			t.Fatal(err)
		}
	}
	objects[string(id)] = string(data)
}

func TestFractalHeapsKeepObjectsWhateverHappens(t *testing.T) {
	longID := smallHeap
	longID.IDLength, longID.Checksums = 30, false
	for i, c := range []struct {
		p FractalParams
		s wire.Sizes
	}{
		{smallHeap, widths[0]}, {LinkHeap, widths[0]}, {AttributeHeap, widths[1]}, {longID, widths[0]}, {longID, widths[2]},
		{FractalParams{8, 100, 1, 128, 128, 20, 1, true}, widths[0]}, {FractalParams{17, 500, 8, 256, 1024, 30, 3, true}, wire.Sizes{Offset: 4, Length: 4}},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) { fractalProgram(t, c.p, c.s, uint64(i)) })
	}
}

func fractalProgram(t *testing.T, params FractalParams, s wire.Sizes, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 9))
	p := newPaper(t, make([]byte, 100), s)
	addr, err := NewFractal(p.d, params)
	if err != nil {
		t.Fatal(err)
	}
	e, err := EditFractal(p.d, addr)
	if err != nil {
		t.Fatal(err)
	}
	p.commit()
	objects, committed := map[string]string{}, map[string]string{}
	for i := range 800 {
		before := maps.Clone(objects)
		undo := rnd.IntN(20) == 0
		more := []int{8, 5, 2}[i/100%3]
		err := p.d.Do(func() error {
			for range 1 + rnd.IntN(3) {
				changeFractal(t, rnd, e, params, objects, more)
			}
			if undo {
				return errUndo
			}
			return nil
		})
		if undo {
			objects = before
		} else if err != nil {
			t.Fatal(err)
		}
		switch rnd.IntN(80) {
		case 0:
			p.commit()
			committed = maps.Clone(objects)
		case 1:
			p.abort()
			objects = maps.Clone(committed)
		case 2:
			checkFractal(t, p, e, objects)
		case 3:
			if err := p.d.Spill(0); err != nil {
				t.Fatal(err)
			}
		}
	}
	checkFractal(t, p, e, objects)
	if err := e.Free(); err != nil {
		t.Fatal(err)
	}
	p.commit()
	if free, end := p.d.Space.FreeSpace(), p.d.Space.End(); free != end-100 {
		t.Errorf("%d of %d bytes were given back", free, end-100)
	}
}

func TestAHeapGrowsThroughNestedBlocks(t *testing.T) {
	p := newPaper(t, make([]byte, 100), widths[0])
	addr, _ := NewFractal(p.d, LinkHeap)
	e, _ := EditFractal(p.d, addr)
	ids := make([][]byte, 60000)
	for i := range ids {
		var err error
		if ids[i], err = e.Insert(fmt.Appendf(nil, "the link message of object number %d in a large group", i)); err != nil {
			t.Fatal(err)
		}
	}
	st, err := e.open()
	if err != nil {
		t.Fatal(err)
	}
	if st.h.RootRows <= st.h.MaxDirectRows {
		t.Errorf("%d rows: no indirect blocks below the root", st.h.RootRows)
	}
	f, err := OpenFractal(p.cache(), addr, filters)
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		if got, err := f.Object(id); err != nil || string(got) != fmt.Sprintf("the link message of object number %d in a large group", i) {
			t.Fatalf("object %d: %q, %v", i, got, err)
		}
	}
}

func TestHeapsTellIDsThatBreakARule(t *testing.T) {
	p := newPaper(t, make([]byte, 100), widths[0])
	addr, _ := NewFractal(p.d, LinkHeap)
	e, _ := EditFractal(p.d, addr)
	first, _ := e.Insert([]byte("first object"))
	if _, err := e.Insert([]byte("second object")); err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string][]byte{
		"short": first[:6], "empty": nil, "version": {0x40, 0, 0, 0, 0, 0, 0}, "type": {0x30, 0, 0, 0, 0, 0, 0},
		"in the block's head": {0, 3, 0, 0, 0, 4, 0}, "beyond": {0, 0, 0, 1, 0, 4, 0}, "too long": {0, 30, 0, 0, 0, 0, 2},
		"huge": {0x10, 1, 0, 0, 0, 0, 0},
	} {
		if err := e.Remove(id); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%s: removed with %v", name, err)
		}
		if _, err := e.Object(id); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%s: read with %v", name, err)
		}
	}
	if err := e.Remove(first); err != nil {
		t.Fatal(err)
	}
	if err := e.Remove(first); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("removed twice: %v", err)
	}
	p.commit()
	p.b[addr+20] ^= 1
	fresh := newPaper(t, p.b, p.s)
	if _, err := EditFractal(fresh.d, addr); !errors.Is(err, h5err.ErrChecksum) {
		t.Errorf("damaged header: %v", err)
	}
}

func BenchmarkFractalInsert(b *testing.B) {
	var e *FractalEdit
	data := bytes.Repeat([]byte("x"), 40)
	for i := 0; b.Loop(); i++ {
		if i%100_000 == 0 {
			p := newPaper(b, make([]byte, 100), widths[0])
			addr, _ := NewFractal(p.d, LinkHeap)
			e, _ = EditFractal(p.d, addr)
		}
		if _, err := e.Insert(data); err != nil {
			b.Fatal(err)
		}
	}
}
