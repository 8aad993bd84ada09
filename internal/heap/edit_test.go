package heap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/checksum"
	"gables/internal/draft"
	"gables/internal/freespace"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// paper is a file in memory with a draft over it.
type paper struct {
	t testing.TB
	b []byte
	s wire.Sizes
	d *draft.Draft
	n uint64 // commits
}

func newPaper(t testing.TB, b []byte, s wire.Sizes) *paper {
	p := &paper{t: t, b: b, s: s}
	p.d = draft.New(p, p, freespace.New(uint64(len(b))), s, wire.DefaultLimits())
	return p
}

func (p *paper) WriteFresh(q []byte, at uint64) error {
	if n := int(at) + len(q); n > len(p.b) {
		p.b = append(p.b, make([]byte, n-len(p.b))...)
	}
	copy(p.b[at:], q)
	return nil
}

func (p *paper) Size() uint64 { return uint64(len(p.b)) }
func (p *paper) Close() error { return nil }
func (p *paper) ReadAt(q []byte, at uint64) (int, error) {
	return bytes.NewReader(p.b).ReadAt(q, int64(at))
}

func (p *paper) Stage(q []byte, at uint64) error { return p.WriteFresh(q, at) }

// commit writes what changed.
func (p *paper) commit() {
	p.t.Helper()
	p.n++
	fresh, over := p.d.Changes()
	for _, e := range append(fresh, over...) {
		if err := p.WriteFresh(e.Data, e.At); err != nil {
			p.t.Fatal(err)
		}
	}
	p.d.Space.Commit(p.n)
	p.d.Space.Release(p.n)
	if end := int(p.d.Space.End()); end > len(p.b) {
		p.b = append(p.b, make([]byte, end-len(p.b))...)
	}
	p.d.Committed(p)
}

func (p *paper) abort() { p.d.Abort(p) }

// cache reads the draft's state.
func (p *paper) cache() *metacache.Cache { return metacache.New(p.d, p.s, wire.DefaultLimits()) }

// save gives the file's bytes with the superblock's end of file set.
func (p *paper) save(name string) {
	p.t.Helper()
	p.commit()
	b := bytes.Clone(p.b)
	switch b[8] {
	case 0:
		binary.LittleEndian.PutUint64(b[40:], uint64(len(b)))
	default:
		binary.LittleEndian.PutUint64(b[28:], uint64(len(b)))
		binary.LittleEndian.PutUint32(b[44:], checksum.Lookup3(b[:44]))
	}
	if err := os.WriteFile(name, b, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// witness runs a step of testdata/edit_witness.py where GABLES_PYTHON names an
// interpreter with h5py.
func witness(t *testing.T, step string, args ...string) string {
	t.Helper()
	program := os.Getenv("GABLES_PYTHON")
	if program == "" {
		t.Skip("GABLES_PYTHON is not set")
	}
	cmd := exec.Command(program, append([]string{filepath.Join("testdata", "edit_witness.py"), step}, args...)...)
	cmd.Env = append(os.Environ(), "HDF5_USE_FILE_LOCKING=FALSE", "PYTHONDONTWRITEBYTECODE=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", step, args, err, out)
	}
	return string(out)
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var errUndo = errors.New("undo")

// freeLocal checks the free list by libhdf5's rules and gives its bytes.
func freeLocal(t *testing.T, p *paper, e *LocalEdit, names map[uint64]string) uint64 {
	t.Helper()
	st, err := e.open()
	if err != nil {
		t.Fatal(err)
	}
	used := make([]bool, st.h.DataSize)
	take := func(at, n uint64, what string) {
		for i := at; i < at+n; i++ {
			if used[i] {
				t.Fatalf("%s: byte %d is taken twice", what, i)
			}
			used[i] = true
		}
	}
	for at, n := range names {
		take(at, align8(uint64(len(n))+1), fmt.Sprintf("name %q", n))
	}
	list, err := st.list()
	if err != nil {
		t.Fatal(err)
	}
	total := uint64(0)
	for _, f := range list {
		if f.at%8 != 0 || f.size%8 != 0 || f.size < localFree(p.s) {
			t.Fatalf("free block of %d bytes at %d", f.size, f.at)
		}
		take(f.at, f.size, "free")
		total += f.size
	}
	return total
}

func TestLocalHeapsKeepNamesWhateverHappens(t *testing.T) {
	for i, s := range widths[:3] {
		rnd := rand.New(rand.NewPCG(uint64(i), 7))
		p := newPaper(t, make([]byte, 100), s)
		addr, err := NewLocal(p.d, 88)
		if err != nil {
			t.Fatal(err)
		}
		e, err := EditLocal(p.d, addr)
		if err != nil {
			t.Fatal(err)
		}
		names := map[uint64]string{0: ""}
		committed := map[uint64]string{0: ""}
		p.commit()
		for range 1000 {
			before := clone(names)
			undo := rnd.IntN(20) == 0
			err := p.d.Do(func() error {
				for range 1 + rnd.IntN(3) {
					changeLocal(t, rnd, e, names)
				}
				if undo {
					return errUndo
				}
				return nil
			})
			if undo {
				names = before
			} else if err != nil {
				t.Fatal(err)
			}
			switch rnd.IntN(60) {
			case 0:
				p.commit()
				committed = clone(names)
			case 1:
				p.abort()
				names = clone(committed)
			case 2:
				freeLocal(t, p, e, names)
			}
		}
		freeLocal(t, p, e, names)
		l, err := OpenLocal(p.cache(), addr)
		if err != nil {
			t.Fatal(err)
		}
		for at, want := range names {
			if got, err := l.Name(at); err != nil || string(got) != want {
				t.Fatalf("offset %d: %q, %v; want %q", at, got, err, want)
			}
			if err := e.Remove(at, []byte(want+"x")); !errors.Is(err, h5err.ErrCorrupt) {
				t.Fatalf("removed another name: %v", err)
			}
		}
		p.commit()
		used := p.d.Space.FreeSpace()
		st, _ := e.open()
		if err := e.Free(); err != nil {
			t.Fatal(err)
		}
		if got := p.d.Space.FreeSpace() - used; got != st.h.DataSize+localHead(s) {
			t.Errorf("%d bytes given back", got)
		}
	}
}

func clone(m map[uint64]string) map[uint64]string {
	c := make(map[uint64]string, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

func changeLocal(t *testing.T, rnd *rand.Rand, e *LocalEdit, names map[uint64]string) {
	t.Helper()
	if rnd.IntN(5) < 2 && len(names) > 1 {
		for at, n := range names {
			if at == 0 {
				continue
			}
			if err := e.Remove(at, []byte(n)); err != nil {
				t.Fatal(err)
			}
			delete(names, at)
			return
		}
	}
	n := strings.Repeat(string(rune('a'+rnd.IntN(26))), rnd.IntN(40)>>rnd.IntN(4))
	if rnd.IntN(100) == 0 {
		n = strings.Repeat("long", rnd.IntN(500))
	}
	at, err := e.Insert([]byte(n))
	if err != nil {
		t.Fatal(err)
	}
	if old, taken := names[at]; taken {
		t.Fatalf("offset %d is %q's and %q's", at, old, n)
	}
	names[at] = n
}

func TestAHundredThousandNamesAreInsertedInLinearTime(t *testing.T) {
	p := newPaper(t, make([]byte, 100), widths[0])
	addr, err := NewLocal(p.d, 88)
	if err != nil {
		t.Fatal(err)
	}
	e, _ := EditLocal(p.d, addr)
	offsets := make([]uint64, 100_000)
	for i := range offsets {
		if offsets[i], err = e.Insert(fmt.Appendf(nil, "dataset number %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(len(offsets)) {
		if err := e.Remove(offsets[i], fmt.Appendf(nil, "dataset number %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	st, _ := e.open()
	size := st.h.DataSize
	if list, err := st.tidy(); err != nil || len(list) != 1 || list[0].size != size-8 {
		t.Errorf("%d of %d bytes are free, %v", len(list), size, err)
	}
}

func TestDamagedFreeListsAreTold(t *testing.T) {
	s := widths[0]
	for name, damage := range map[string]func(st *localState){
		"offset beyond": func(st *localState) { st.link(noFree, 1<<40) },
		"offset at end": func(st *localState) { st.link(noFree, 80) },
		"no size":       func(st *localState) { putFree(st.data, s, freeBlock{8, 0}, noFree) },
		"size beyond":   func(st *localState) { putFree(st.data, s, freeBlock{8, 88}, noFree) },
		"circle":        func(st *localState) { putFree(st.data, s, freeBlock{8, 16}, 8) },
		"overlap": func(st *localState) {
			putFree(st.data, s, freeBlock{8, 32}, 24)
			putFree(st.data, s, freeBlock{24, 32}, noFree)
		},
	} {
		p := newPaper(t, make([]byte, 100), s)
		addr, _ := NewLocal(p.d, 88)
		e, _ := EditLocal(p.d, addr)
		st, _ := e.open()
		damage(st)
		if _, err := e.Insert(bytes.Repeat([]byte("n"), 60)); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLibhdf5GoesOnInALocalHeapOfOurs(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "local.h5")
	witness(t, "local-make", name)
	for round := range 4 {
		p := newPaper(t, readFile(t, name), widths[0])
		for _, at := range places(p.b, "HEAP") {
			e, err := EditLocal(p.d, at)
			if err != nil {
				t.Fatal(err)
			}
			var offsets []uint64
			for i := range 300 {
				o, err := e.Insert(fmt.Appendf(nil, "%d%s", i, strings.Repeat("z", i%37)))
				if err != nil {
					t.Fatal(err)
				}
				offsets = append(offsets, o)
			}
			for i, o := range offsets {
				if i%3 == round%3 {
					continue
				}
				if err := e.Remove(o, fmt.Appendf(nil, "%d%s", i, strings.Repeat("z", i%37))); err != nil {
					t.Fatal(err)
				}
			}
		}
		p.save(name)
		witness(t, "local-edit", name, fmt.Sprint(round))
	}
}
