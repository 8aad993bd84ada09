package btree

import (
	"bytes"
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

// names is a local heap of a test.
type names struct {
	text []byte
	at   map[string]uint64
}

func newNames() *names { return &names{text: make([]byte, 8), at: map[string]uint64{}} }

func (n *names) add(name string) uint64 {
	if at, ok := n.at[name]; ok {
		return at
	}
	at := uint64(len(n.text))
	n.text = append(append(n.text, name...), 0)
	n.at[name] = at
	return at
}

func (n *names) name(off uint64) ([]byte, error) {
	if off >= uint64(len(n.text)) {
		return nil, h5err.Corrupt("local heap", "offset", "%d", off)
	}
	b := n.text[off:]
	return b[:bytes.IndexByte(b, 0)], nil
}

// checkV1 holds a tree to the rules of neighbours: keys are shared, siblings
// are linked, levels fall. It gives the leaves' children.
func checkV1(t *testing.T, e *v1Edit) (children []wire.Address, keys [][]byte) {
	t.Helper()
	level := []wire.Address{e.root}
	var edges [][]byte
	for first := true; ; first = false {
		var next []wire.Address
		var nextEdges [][]byte
		height := 0
		for i, addr := range level {
			b, l, n, err := e.node(addr)
			if err != nil {
				t.Fatal(err)
			}
			height = l
			left, right := e.shape.Siblings(b.Bytes())
			if i > 0 && left != level[i-1] || i == 0 && left.Defined() || i+1 < len(level) && right != level[i+1] || i+1 == len(level) && right.Defined() {
				t.Fatalf("level %d node %d: siblings 0x%x 0x%x", l, i, uint64(left), uint64(right))
			}
			if n == 0 && (l > 0 || !first) {
				t.Fatalf("level %d node %d is empty", l, i)
			}
			for j := 0; j <= n && n > 0; j++ {
				key := slices.Clone(e.shape.Key(b.Bytes(), j))
				if !first && j == 0 && !bytes.Equal(key, edges[i]) || !first && j == n && !bytes.Equal(key, edges[i+1]) {
					t.Fatalf("level %d node %d key %d: % x, parent has % x", l, i, j, key, edges[i:i+2])
				}
				if j < n {
					next = append(next, e.shape.Child(b.Bytes(), j))
					nextEdges = append(nextEdges, key)
				} else if i == len(level)-1 {
					nextEdges = append(nextEdges, key)
				}
			}
		}
		if height == 0 {
			return next, nextEdges
		}
		level, edges = next, nextEdges
	}
}

// program runs random edits on a group and a map.
type program struct {
	t     *testing.T
	rng   *rand.Rand
	heap  *names
	s     *Symbols
	model map[string]uint64
	pool  int
}

func (p *program) step(grow bool) {
	name := fmt.Sprintf("n%d", p.rng.IntN(p.pool))
	_, there := p.model[name]
	switch op := p.rng.IntN(10); {
	case op < 2:
		e, ok, err := p.s.Find([]byte(name))
		if err != nil || ok != there || ok && uint64(e.Header) != p.model[name] {
			p.t.Fatal(name, e, ok, err)
		}
	case op < 3:
		v := p.rng.Uint64N(1 << 20)
		err := p.s.Replace([]byte(name), p.entry(name, v))
		if there != (err == nil) || !there && !errors.Is(err, h5err.ErrNotFound) {
			p.t.Fatal(name, err)
		}
		if there {
			p.model[name] = v
		}
	case grow == (op < 9):
		v := p.rng.Uint64N(1 << 20)
		err := p.s.Insert(p.entry(name, v))
		if there != (err != nil) || there && !errors.Is(err, h5err.ErrExists) {
			p.t.Fatal(name, err)
		}
		if !there {
			p.model[name] = v
		}
	default:
		e, err := p.s.Remove([]byte(name))
		if there != (err == nil) || there && uint64(e.Header) != p.model[name] {
			p.t.Fatal(name, err)
		}
		delete(p.model, name)
	}
}

func (p *program) entry(name string, v uint64) format.SymbolTableEntry {
	return format.SymbolTableEntry{NameOffset: p.heap.add(name), Header: wire.Address(v)}
}

func (p *program) check() {
	p.t.Helper()
	checkV1(p.t, &p.s.tree)
	var got []string
	cache := over(p.s.tree.d)
	last := ""
	for e, err := range V1Leaves(cache, p.s.tree.root, format.BTreeV1Group, p.s.tree.shape.KeySize) {
		if err != nil {
			p.t.Fatal(err)
		}
		b, err := cache.Bytes(e.Child, uint64(p.s.at(p.s.slots)))
		if err != nil {
			p.t.Fatal(err)
		}
		entries, err := format.DecodeSymbolNode(b, cache.Sizes())
		if err != nil || len(entries) == 0 {
			p.t.Fatal(len(entries), err)
		}
		left, _ := p.heap.name(wire.Uint(e.Key))
		if string(left) != last {
			p.t.Fatalf("left key %q, want %q", left, last)
		}
		for _, e := range entries {
			name, _ := p.heap.name(e.NameOffset)
			if last = string(name); uint64(e.Header) != p.model[last] {
				p.t.Fatal(last, e)
			}
			got = append(got, last)
		}
		if right, _ := p.heap.name(wire.Uint(e.NextKey)); string(right) != last {
			p.t.Fatalf("right key %q, want %q", right, last)
		}
	}
	if want := slices.Sorted(maps.Keys(p.model)); !slices.Equal(got, want) {
		p.t.Fatalf("%d names, want %d", len(got), len(want))
	}
}

func TestGroupsAreEditedAsAMapIs(t *testing.T) {
	for i, c := range []struct {
		sizes        wire.Sizes
		leafK, inner int
	}{{wire.Sizes{Offset: 8, Length: 8}, 4, 16}, {wire.Sizes{Offset: 4, Length: 8}, 1, 1}, {wire.Sizes{Offset: 8, Length: 4}, 2, 3}, {wire.Sizes{Offset: 4, Length: 4}, 5, 2}} {
		d := edit(make([]byte, 96), c.sizes)
		root, err := NewSymbols(d, c.inner)
		if err != nil {
			t.Fatal(err)
		}
		p := &program{t: t, rng: rand.New(rand.NewPCG(uint64(i), 7)), heap: newNames(), model: map[string]uint64{}, pool: 600}
		if p.s, err = EditSymbols(d, root, c.leafK, c.inner, p.heap.name); err != nil {
			t.Fatal(err)
		}
		for phase := range 6 {
			for range 1500 {
				p.step(phase%2 == 0)
			}
			p.check()
		}
		for name := range maps.Clone(p.model) {
			if _, err := p.s.Remove([]byte(name)); err != nil {
				t.Fatal(err)
			}
			delete(p.model, name)
		}
		p.check()
		for range 300 {
			p.step(true)
		}
		p.check()
		if err := p.s.Free(nil); err != nil {
			t.Fatal(err)
		}
		if inUse(d) != 96 {
			t.Fatalf("%d bytes are left when all is freed", inUse(d)-96)
		}
	}
}

// editGroup edits the group that libhdf5 wrote.
func editGroup(t testing.TB, g *oldGroup) (*draft.Draft, *Symbols) {
	t.Helper()
	d := edit(g.file, g.cache.Sizes())
	s, err := EditSymbols(d, g.root, 4, 16, func(off uint64) ([]byte, error) { return []byte(g.name(off)), nil })
	if err != nil {
		t.Fatal(err)
	}
	return d, s
}

func TestGroupsOfLibhdf5AreEdited(t *testing.T) {
	g := openGroup(t)
	d, s := editGroup(t, g)
	rng := rand.New(rand.NewPCG(1, 2))
	links := map[string]format.SymbolTableEntry{}
	err := s.Each(func(e format.SymbolTableEntry) error { links[g.name(e.NameOffset)] = e; return nil })
	if err != nil || len(links) != 900 {
		t.Fatal(len(links), err)
	}
	out := map[string]bool{}
	for step := range 20000 {
		name := fmt.Sprintf("name%d", rng.IntN(900))
		switch {
		case out[name]:
			if err := s.Insert(links[name]); err != nil {
				t.Fatal(err)
			}
			delete(out, name)
		case step < 10000 || rng.IntN(3) == 0:
			if _, err := s.Remove([]byte(name)); err != nil {
				t.Fatal(err)
			}
			out[name] = true
		}
	}
	checkV1(t, &s.tree)
	var left []string
	for name := range links {
		if !out[name] {
			left = append(left, name)
		}
	}
	witness(t, "edit_group.py", applied(t, g.file, d), strings.Join(left, ","))
}

func TestAFailedInsertLeavesTheGroupAsItWas(t *testing.T) {
	g := openGroup(t)
	_, s := editGroup(t, g)
	for range 2 {
		err := s.Insert(format.SymbolTableEntry{NameOffset: 8, Header: 1})
		if !errors.Is(err, h5err.ErrExists) {
			t.Fatal(err)
		}
		checkV1(t, &s.tree)
	}
}

func TestSymbolRecordsOfLibhdf5AreRepeatedByteForByte(t *testing.T) {
	g := openGroup(t)
	for _, at := range find(g.file, "TREE") {
		node := g.file[at : at+int(format.BTreeV1NodeSize(g.cache.Sizes(), 8, 32))]
		n, err := format.DecodeBTreeV1Node(node, g.cache.Sizes(), 0, 8)
		if err != nil {
			t.Fatal(err)
		}
		shape := format.BTreeV1Shape{Sizes: g.cache.Sizes(), KeySize: 8, Slots: 32}
		left, right := shape.Siblings(node)
		got, err := format.AppendBTreeV1Node(nil, n, left, right, 32, g.cache.Sizes())
		if used := int(n.Size()); err != nil || len(got) != len(node) || !bytes.Equal(got[:used], node[:used]) {
			t.Fatalf("node at 0x%x: %v", at, err)
		}
	}
	for _, at := range find(g.file, "SNOD") {
		node := g.file[at : at+format.SymbolNodeSize(g.cache.Sizes(), 8)]
		entries, err := format.DecodeSymbolNode(node, g.cache.Sizes())
		if err != nil {
			t.Fatal(err)
		}
		got, err := format.AppendSymbolNode(nil, entries, 8, g.cache.Sizes())
		if err != nil || !bytes.Equal(got, node) {
			t.Fatalf("node at 0x%x: %v", at, err)
		}
	}
}

func BenchmarkSymbols(b *testing.B) {
	const links = 100_000
	heap := newNames()
	offsets := make([]uint64, links)
	for i := range offsets {
		offsets[i] = heap.add(fmt.Sprintf("group_member_%06d", i))
	}
	for _, order := range []string{"in order", "at random"} {
		b.Run(order, func(b *testing.B) {
			list := slices.Clone(offsets)
			if order == "at random" {
				rand.New(rand.NewPCG(3, 4)).Shuffle(links, func(i, j int) { list[i], list[j] = list[j], list[i] })
			}
			var s *Symbols
			for i := range b.N {
				if i%links == 0 {
					d := edit(make([]byte, 96), wire.Sizes{Offset: 8, Length: 8})
					root, _ := NewSymbols(d, 16)
					s, _ = EditSymbols(d, root, 4, 16, heap.name)
				}
				if err := s.Insert(format.SymbolTableEntry{NameOffset: list[i%links], Header: 1}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
