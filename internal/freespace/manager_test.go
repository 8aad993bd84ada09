package freespace

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// States of a byte in the model.
const (
	isFree = iota
	isUsed
	isPending // freed since the last commit
	isWaiting // freed by a commit that was not released
)

type item struct {
	k     Kind
	at, n uint64
	fresh bool
}

// model is a file as a bitmap.
type model struct {
	t     *testing.T
	m     *Manager
	o     Options
	rnd   *rand.Rand
	state []byte
	items []item
	saved []byte // at the last commit
	old   []item
	count uint64
}

func (x *model) mark(at, n uint64, from, to byte) {
	x.t.Helper()
	for int(at+n) > len(x.state) {
		x.state = append(x.state, isFree)
	}
	for i := at; i < at+n; i++ {
		if x.state[i] != from {
			x.t.Fatalf("byte %d is in state %d, want %d, before it is %d", i, x.state[i], from, to)
		}
		x.state[i] = to
	}
}

func (x *model) place(i item) {
	x.t.Helper()
	if p := x.o.Page; p != 0 && i.n >= p && i.at%p != 0 {
		x.t.Fatalf("%d bytes at %d do not begin a page", i.n, i.at)
	} else if p != 0 && i.n < p && i.at/p != (i.at+i.n-1)/p {
		x.t.Fatalf("%d bytes at %d cross a page", i.n, i.at)
	}
	if x.o.Alignment > 1 && i.n >= x.o.Threshold && (x.o.Page == 0 || i.n < x.o.Page) && i.at%x.o.Alignment != 0 {
		x.t.Fatalf("%d bytes at %d are not aligned", i.n, i.at)
	}
	x.mark(i.at, i.n, isFree, isUsed)
	if !x.m.Fresh(i.at, i.n) || i.at+i.n > x.m.End() {
		x.t.Fatalf("%d bytes at %d are not fresh, or beyond the end %d", i.n, i.at, x.m.End())
	}
}

func (x *model) alloc() {
	n := 1 + x.rnd.Uint64N(3000)>>x.rnd.IntN(9)
	if x.rnd.IntN(30) == 0 {
		n = 1 + x.rnd.Uint64N(20000)
	}
	i := item{k: Kind(x.rnd.IntN(2)), n: n, fresh: true}
	i.at = x.m.Alloc(i.k, n)
	x.place(i)
	x.items = append(x.items, i)
}

func (x *model) extend() {
	if len(x.items) == 0 {
		return
	}
	i := &x.items[x.rnd.IntN(len(x.items))]
	more := 1 + x.rnd.Uint64N(500)
	if x.m.Extend(i.k, i.at, i.n, more) {
		x.mark(i.at+i.n, more, isFree, isUsed)
		if p := x.o.Page; p != 0 && i.n < p && i.at/p != (i.at+i.n+more-1)/p {
			x.t.Fatalf("%d bytes at %d cross a page after %d more", i.n, i.at, more)
		}
		i.n += more
		i.fresh = i.fresh && x.m.Fresh(i.at, i.n)
	}
}

// release frees an item; the state is changed by the caller's undo or done.
func (x *model) release() (item, bool) {
	if len(x.items) == 0 {
		return item{}, false
	}
	j := x.rnd.IntN(len(x.items))
	i := x.items[j]
	x.items[j] = x.items[len(x.items)-1]
	x.items = x.items[:len(x.items)-1]
	x.m.Free(i.k, i.at, i.n)
	return i, true
}

func (x *model) freed(i item) {
	if i.fresh {
		x.mark(i.at, i.n, isUsed, isFree)
	} else {
		x.mark(i.at, i.n, isUsed, isPending)
	}
}

func (x *model) operation() {
	before, items := append([]byte(nil), x.state...), append([]item(nil), x.items...)
	x.m.Begin()
	var gone []item
	for range 1 + x.rnd.IntN(8) {
		switch x.rnd.IntN(5) {
		case 0, 1:
			x.alloc()
		case 2:
			x.extend()
		default:
			if i, ok := x.release(); ok {
				gone = append(gone, i)
			}
		}
	}
	if x.rnd.IntN(4) == 0 {
		x.m.Rollback()
		x.state, x.items = before, items
		return
	}
	x.m.Finish()
	for _, i := range gone {
		x.freed(i)
	}
}

func (x *model) commit() {
	x.count++
	if x.rnd.IntN(2) == 0 {
		x.m.Trim()
	}
	x.m.Commit(x.count)
	for i, s := range x.state {
		if s == isPending {
			x.state[i] = isWaiting
		}
	}
	if x.rnd.IntN(2) == 0 {
		x.m.Release(x.count)
		for i, s := range x.state {
			if s == isWaiting {
				x.state[i] = isFree
			}
		}
	}
	for i := range x.items {
		x.items[i].fresh = false
	}
	x.saved = append(x.saved[:0], x.state...)
	x.old = append(x.old[:0], x.items...)
}

func (x *model) check() {
	x.t.Helper()
	not := uint64(0)
	for i, s := range x.state {
		if s != isFree && uint64(i) >= x.m.End() {
			x.t.Fatalf("byte %d is used, the end is %d", i, x.m.End())
		}
		if s == isUsed {
			not++
		}
	}
	if free := x.m.FreeSpace(); free+not != x.m.End() {
		x.t.Fatalf("%d bytes used and %d free, the end is %d", not, free, x.m.End())
	}
	for c := range x.m.free {
		checkRanges(x.t, &x.m.free[c])
	}
	x.checkPages()
}

// checkPages holds small ranges of two kinds, and large ones, to pages apart.
func (x *model) checkPages() {
	x.t.Helper()
	if x.o.Page == 0 {
		return
	}
	kinds := map[uint64]Kind{}
	for _, i := range x.items {
		k := i.k
		if i.n >= x.o.Page {
			k = 2
		}
		for p := i.at / x.o.Page; p <= (i.at+i.n-1)/x.o.Page; p++ {
			if old, ok := kinds[p]; ok && old != k {
				x.t.Fatalf("page %d has ranges of kinds %d and %d", p, old, k)
			}
			kinds[p] = k
		}
	}
}

// checkRanges holds a set to its rules, and its index to the set.
func checkRanges(t *testing.T, s *Ranges) {
	t.Helper()
	last, size, n := Range{}, uint64(0), 0
	for r := range s.Each() {
		if r.At >= r.End || n > 0 && (r.At < last.End || r.At == last.End && !s.apart(r.At)) {
			t.Fatalf("%v follows %v", r, last)
		}
		if s.sorted {
			if p, ok := s.sizes.at(s.sizes.find(pair{r.Size(), r.At})); !ok || p != (pair{r.Size(), r.At}) {
				t.Fatalf("%v is not found by its size", r)
			}
		}
		last, size, n = r, size+r.Size(), n+1
	}
	if size != s.size || n != s.list.n || s.sorted && s.sizes.n != n {
		t.Fatalf("%d ranges of %d bytes, counted %d of %d", n, size, s.list.n, s.size)
	}
}

var ways = []Options{
	{}, Usual(), {Blocks: [2]uint64{2048, 0}}, {Blocks: [2]uint64{512, 4096}},
	{Page: 4096}, {Page: 512}, {Page: 3000, Blocks: [2]uint64{2048, 2048}},
	{Threshold: 1, Alignment: 16}, {Threshold: 500, Alignment: 4096, Blocks: [2]uint64{2048, 2048}},
	{Page: 4096, Threshold: 100, Alignment: 64},
}

func TestNoByteIsGivenOutTwiceAndNoneIsLost(t *testing.T) {
	for w, o := range ways {
		for seed := range uint64(4) {
			t.Run(fmt.Sprint(w, seed), func(t *testing.T) {
				start := uint64(1000)
				if o.Page != 0 {
					start = o.Page // the superblock has a page
				}
				x := &model{t: t, m: NewWith(start, o), o: o, rnd: rand.New(rand.NewPCG(uint64(w), seed))}
				x.mark(0, start, isFree, isUsed)
				x.saved = append(x.saved, x.state...)
				for range 500 {
					switch r := x.rnd.IntN(100); {
					case r < 50:
						x.operation()
					case r < 65:
						x.alloc()
					case r < 70:
						x.extend()
					case r < 90:
						if i, ok := x.release(); ok {
							x.freed(i)
						}
					case r < 97:
						x.commit()
					case r < 99:
						x.m.Trim()
					default:
						x.m.Abort()
						x.state = append(x.state[:0], x.saved...)
						x.items = append(x.items[:0], x.old...)
					}
					x.check()
				}
				for len(x.items) > 0 {
					i, _ := x.release()
					x.freed(i)
				}
				x.count++
				x.m.Commit(x.count)
				x.m.Release(x.count)
				x.m.Trim()
				if x.m.End() != start || x.m.FreeSpace() != 0 {
					t.Errorf("after all was freed the file ends at %d and has %d bytes free, want %d", x.m.End(), x.m.FreeSpace(), start)
				}
			})
		}
	}
}

func TestSmallMetadataLiesTogether(t *testing.T) {
	m := New(0)
	var meta []uint64
	for range 40 {
		meta = append(meta, m.Alloc(Metadata, 100))
		m.Alloc(Raw, 5000)
	}
	apart := 0
	for i := range meta[1:] {
		if meta[i+1] != meta[i]+100 {
			apart++
		}
	}
	if apart != 1 {
		t.Errorf("40 records of 100 bytes lie in %d blocks, want 2", apart+1)
	}
	m = New(0)
	m.Alloc(Metadata, 100)
	m.Commit(1)
	if m.End() != 100 {
		t.Errorf("the rest of the block is in the file: it ends at %d", m.End())
	}
}

func TestRangesAreWhatABitmapSays(t *testing.T) {
	for _, page := range []uint64{0, 64} {
		rnd := rand.New(rand.NewPCG(page, 2))
		s := Ranges{sorted: true, page: page}
		const size = 30000
		var bits [size]bool
		for i := range 40000 {
			at := rnd.Uint64N(size)
			r := Range{at, min(at+rnd.Uint64N(60), size)}
			if rnd.IntN(2000) == 0 {
				r.End = min(at+5000, size)
			}
			if page != 0 {
				r.End = min(r.End, at/page*page+page)
			}
			holds, touches := true, false
			for _, b := range bits[r.At:r.End] {
				holds, touches = holds && b, touches || b
			}
			if s.Holds(r) != holds || s.Touches(r) != touches {
				t.Fatalf("%v: holds %v, touches %v", r, s.Holds(r), s.Touches(r))
			}
			add := rnd.IntN(2) == 0
			if add {
				s.Add(r)
			} else {
				s.Remove(r)
			}
			for j := r.At; j < r.End; j++ {
				bits[j] = add
			}
			if i%1000 == 0 {
				checkRanges(t, &s)
			}
		}
		n := uint64(0)
		for _, b := range bits {
			if b {
				n++
			}
		}
		checkRanges(t, &s)
		if s.Size() != n {
			t.Errorf("%d bytes, want %d", s.Size(), n)
		}
	}
}

func BenchmarkAMillionFragments(b *testing.B) {
	m := NewWith(0, Options{})
	rnd := rand.New(rand.NewPCG(1, 1))
	at := make([]uint64, 2_000_000)
	for i := range at {
		at[i] = m.Alloc(Raw, 64+uint64(i)%64)
	}
	for i := 0; i < len(at); i += 2 {
		m.Free(Raw, at[i], 64+uint64(i)%64)
	}
	if m.free[Large].Count() < 900_000 {
		b.Fatal(m.free[Large].Count())
	}
	for b.Loop() {
		n := 64 + rnd.Uint64N(64)
		m.Free(Raw, m.Alloc(Raw, n), n)
	}
}

func BenchmarkAllocAtTheEnd(b *testing.B) {
	m := New(0)
	for b.Loop() {
		m.Alloc(Raw, 4000)
	}
}
