package heap

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// objectID is where an object of the global heap is.
type objectID struct {
	addr  wire.Address
	index uint16
}

func checkGlobal(t *testing.T, p *paper, objects map[objectID]string) {
	t.Helper()
	c := p.cache()
	count := map[wire.Address]int{}
	for id, want := range objects {
		got, err := GlobalObject(c, id.addr, uint32(id.index))
		if err != nil || string(got) != want {
			t.Fatalf("object %v: %d bytes, %v; want %d", id, len(got), err, len(want))
		}
		count[id.addr]++
	}
	for addr, n := range count {
		col, _, err := readCollection(c, addr)
		if err != nil || len(col.objects) != n {
			t.Fatalf("collection at %d: %d objects, %v; want %d", addr, len(col.objects), err, n)
		}
	}
}

func changeGlobal(t *testing.T, rnd *rand.Rand, e *GlobalEdit, objects map[objectID]string) {
	t.Helper()
	if rnd.IntN(5) < 2 && len(objects) > 0 {
		for id := range objects {
			if err := e.Remove(id.addr, id.index); err != nil {
				t.Fatal(err)
			}
			delete(objects, id)
			return
		}
	}
	var values [][]byte
	for range 1 + rnd.IntN(12)>>rnd.IntN(4) {
		n := rnd.IntN(200) >> rnd.IntN(6)
		if rnd.IntN(100) == 0 {
			n = rnd.IntN(20000)
		}
		values = append(values, bytes.Repeat([]byte{byte(rnd.Uint32())}, n))
	}
	err := e.InsertAll(values, func(i int, addr wire.Address, index uint16) {
		id := objectID{addr, index}
		if _, taken := objects[id]; taken || index == 0 {
			t.Fatalf("object %v is given out twice", id)
		}
		objects[id] = string(values[i])
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestGlobalHeapsKeepObjectsWhateverHappens(t *testing.T) {
	for i, s := range widths[:3] {
		rnd := rand.New(rand.NewPCG(uint64(i), 8))
		p := newPaper(t, make([]byte, 100), s)
		e := EditGlobal(p.d)
		objects, committed := map[objectID]string{}, map[objectID]string{}
		p.commit()
		for range 1000 {
			before := maps.Clone(objects)
			undo := rnd.IntN(20) == 0
			err := p.d.Do(func() error {
				for range 1 + rnd.IntN(3) {
					changeGlobal(t, rnd, e, objects)
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
			switch rnd.IntN(60) {
			case 0:
				p.commit()
				committed = maps.Clone(objects)
			case 1:
				p.abort()
				objects = maps.Clone(committed)
			case 2:
				checkGlobal(t, p, objects)
			case 3:
				if err := p.d.Spill(0); err != nil {
					t.Fatal(err)
				}
			}
		}
		checkGlobal(t, p, objects)
		p.commit()
		for id, want := range objects {
			if got, err := e.Object(id.addr, id.index); err != nil || string(got) != want {
				t.Fatalf("object %v: %v", id, err)
			}
			if err := e.Remove(id.addr, id.index); err != nil {
				t.Fatal(err)
			}
		}
		p.commit()
		if free, want := p.d.Space.FreeSpace(), p.d.Space.End()-100; free != want {
			t.Errorf("%d bytes of empty collections given back, want %d", free, want)
		}
	}
}

func TestReferenceCountsStayInRange(t *testing.T) {
	p := newPaper(t, make([]byte, 100), widths[0])
	e := EditGlobal(p.d)
	addr, index, err := e.Insert([]byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ by, want int }{{0, 0}, {3, 3}, {-2, 1}, {65534, 65535}, {1, -1}, {-65536, -1}, {-65535, 0}, {-1, -1}} {
		got, err := e.Link(addr, index, c.by)
		if c.want < 0 {
			if !errors.Is(err, h5err.ErrLimit) {
				t.Errorf("%+d: %d, %v", c.by, got, err)
			}
		} else if err != nil || got != c.want {
			t.Errorf("%+d: %d, %v; want %d", c.by, got, err, c.want)
		}
	}
	if _, err := e.Link(addr, index+1, 1); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("no such object: %v", err)
	}
	if err := e.Remove(addr, 0); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("object 0 is not one: %v", err)
	}
}

func TestACollectionRunsOutOfIndexes(t *testing.T) {
	p := newPaper(t, make([]byte, 100), widths[0])
	e := EditGlobal(p.d)
	first, _, err := e.Insert([]byte("stays"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxIndex + 10 {
		addr, index, err := e.Insert(nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := addr == first || i >= maxIndex-1; !want {
			t.Fatalf("object %d went to another collection", i)
		}
		if err := e.Remove(addr, index); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := e.Object(first, 1); err != nil || string(got) != "stays" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestEditorsTellDamagedCollections(t *testing.T) {
	s := widths[0]
	good := global(s, 24, object{1, "one"}, object{2, "two"})
	for name, damage := range map[string]func(b []byte){
		"signature":   func(b []byte) { b[0] = 'X' },
		"version":     func(b []byte) { b[4] = 2 },
		"small":       func(b []byte) { b[8] = 16 },
		"odd":         func(b []byte) { b[8]-- },
		"object size": func(b []byte) { b[16+8] = 200 },
		"huge object": func(b []byte) { copy(b[16+8:], bytes.Repeat([]byte{0xff}, 8)) },
	} {
		b := bytes.Clone(good)
		damage(b)
		e := EditGlobal(newPaper(t, b, s).d)
		if err := e.Remove(0, 1); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	e := EditGlobal(newPaper(t, good[:len(good)-8], s).d)
	if err := e.Remove(0, 1); !errors.Is(err, h5err.ErrTruncated) {
		t.Errorf("cut: %v", err)
	}
}

func TestLibhdf5GoesOnInCollectionsOfOurs(t *testing.T) {
	name := filepath.Join(t.TempDir(), "global.h5")
	witness(t, "global-make", name)
	for round := range 4 {
		p := newPaper(t, readFile(t, name), widths[0])
		e := EditGlobal(p.d)
		for _, at := range places(p.b, "GCOL") {
			b, r, err := e.load(at)
			if err != nil {
				t.Fatal(err)
			}
			_ = eachObject(b.Bytes(), p.s, func(o globalObject) bool {
				r.at, r.last = o.at+o.size, max(r.last, o.index)
				return true
			})
			e.remember(r)
		}
		var ids []objectID
		for i := range 500 {
			addr, index, err := e.Insert(bytes.Repeat([]byte{'q'}, i*7%120))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, objectID{addr, index})
		}
		for i, id := range ids {
			if i%5 == round {
				continue
			}
			if err := e.Remove(id.addr, id.index); err != nil {
				t.Fatal(err)
			}
		}
		p.save(name)
		witness(t, "global-edit", name, fmt.Sprint(round))
	}
}

func BenchmarkInsertSmallStrings(b *testing.B) {
	values := make([][]byte, 1000)
	for i := range values {
		values[i] = fmt.Appendf(nil, "string %d", i)
	}
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var e *GlobalEdit
			for i := 0; b.Loop(); i++ {
				if i%(1000_000/n) == 0 {
					e = EditGlobal(newPaper(b, make([]byte, 100), widths[0]).d)
				}
				if err := e.InsertAll(values[:n], func(int, wire.Address, uint16) {}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/value")
		})
	}
}
