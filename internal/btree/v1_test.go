package btree

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// oldGroup is the root group of group.h5, whose links are name0 to name899.
type oldGroup struct {
	file  []byte
	cache *metacache.Cache
	root  wire.Address
	names []byte // data of the local heap
}

func openGroup(t testing.TB) *oldGroup {
	t.Helper()
	g := &oldGroup{file: slurp(t, "group")}
	g.cache = open(g.file)
	s, err := format.DecodeSuperblock(g.file)
	if err != nil {
		t.Fatal(err)
	}
	heap, err := format.DecodeLocalHeap(g.file[s.RootEntry.Heap:], g.cache.Sizes())
	if err != nil {
		t.Fatal(err)
	}
	g.root, g.names = s.RootEntry.BTree, g.file[heap.Data:uint64(heap.Data)+heap.DataSize]
	return g
}

func (g *oldGroup) name(off uint64) string {
	b := g.names[off:]
	return string(b[:bytes.IndexByte(b, 0)])
}

// symbols gives the names of one symbol table node.
func (g *oldGroup) symbols(t testing.TB, addr wire.Address) []string {
	t.Helper()
	entries, err := format.DecodeSymbolNode(g.file[addr:], g.cache.Sizes())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, g.name(e.NameOffset))
	}
	return names
}

func (g *oldGroup) find(name string) (V1Entry, bool, error) {
	return V1Find(g.cache, g.root, format.BTreeV1Group, 8, func(left, right []byte) (int, error) {
		if name <= g.name(wire.Uint(left)) {
			return -1, nil
		}
		if name > g.name(wire.Uint(right)) {
			return 1, nil
		}
		return 0, nil
	})
}

func TestNamesOfAnOldGroupAreFound(t *testing.T) {
	g := openGroup(t)
	for i := range 900 {
		name := fmt.Sprintf("name%d", i)
		e, ok, err := g.find(name)
		if err != nil || !ok || !slices.Contains(g.symbols(t, e.Child), name) {
			t.Fatal(name, ok, err)
		}
	}
	for _, name := range []string{"", "a", "name", "name9999", "z"} {
		e, ok, err := g.find(name)
		if err != nil || ok && slices.Contains(g.symbols(t, e.Child), name) {
			t.Fatal(name, ok, err)
		}
	}
}

func TestLeavesOfAnOldGroupAreInNameOrder(t *testing.T) {
	g := openGroup(t)
	var got, want []string
	for e, err := range V1Leaves(g.cache, g.root, format.BTreeV1Group, 8) {
		if err != nil {
			t.Fatal(err)
		}
		names := g.symbols(t, e.Child)
		if last := names[len(names)-1]; g.name(wire.Uint(e.NextKey)) != last {
			t.Fatalf("key behind %s is %s", last, g.name(wire.Uint(e.NextKey)))
		}
		got = append(got, names...)
	}
	for i := range 900 {
		want = append(want, fmt.Sprintf("name%d", i))
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("%d names, want %d", len(got), len(want))
	}
}

// leavesError gives the error that ends a walk.
func leavesError(file []byte, root wire.Address, nodeType uint8) (n int, last error) {
	for _, err := range V1Leaves(open(file), root, nodeType, 8) {
		n, last = n+1, err
	}
	return n, last
}

func TestBrokenV1NodesAreNoticed(t *testing.T) {
	g := openGroup(t)
	inner := wire.Uint(g.file[g.root+32:])
	for _, c := range []struct {
		name string
		edit func(file []byte)
		kind uint8
		want error
	}{
		{"signature", func(b []byte) { b[g.root] = 'X' }, 0, h5err.ErrCorrupt},
		{"node type", func([]byte) {}, 1, h5err.ErrCorrupt},
		{"level", func(b []byte) { b[g.root+5] = 9 }, 0, h5err.ErrCorrupt},
		{"level above limit", func(b []byte) { b[g.root+5] = 200 }, 0, h5err.ErrLimit},
		{"child is its own parent", func(b []byte) { copy(b[g.root+32:], []byte{byte(g.root), byte(g.root >> 8), 0, 0, 0, 0, 0, 0}) }, 0, h5err.ErrCorrupt},
		{"child twice", func(b []byte) { copy(b[g.root+48:g.root+56], b[g.root+32:g.root+40]) }, 0, nil},
		{"child undefined", func(b []byte) { copy(b[g.root+32:], bytes.Repeat([]byte{255}, 8)) }, 0, h5err.ErrCorrupt},
		{"child behind the end", func(b []byte) { b[g.root+36] = 1 }, 0, h5err.ErrTruncated},
		{"entries behind the end", func(b []byte) { b[inner+6], b[inner+7] = 255, 255 }, 0, h5err.ErrTruncated},
	} {
		file := slices.Clone(g.file)
		c.edit(file)
		n, err := leavesError(file, g.root, c.kind)
		if !errors.Is(err, c.want) || n > len(file) {
			t.Errorf("%s: %v after %d, want %v", c.name, err, n, c.want)
		}
	}
}

func TestV1NodesReachedTwiceEndTheWalk(t *testing.T) {
	const levels, entries, slot = 12, 60, 1024
	file := make([]byte, levels*slot)
	for l := range levels {
		b := file[(levels-1-l)*slot:]
		copy(b, []byte{'T', 'R', 'E', 'E', 0, byte(l), entries, 0})
		for i := range entries {
			b[24+8+16*i+1] = byte((levels - l) * slot >> 8)
		}
	}
	if n, err := leavesError(file, 0, 0); !errors.Is(err, h5err.ErrCorrupt) || n > len(file) {
		t.Fatal(n, err)
	}
}

func FuzzBTreeV1(f *testing.F) {
	g := openGroup(f)
	nodes := find(g.file, "TREE")
	f.Add([]byte{})
	f.Add([]byte{0, 5, 0, 3, 1, 32, 0, 2})
	f.Fuzz(func(t *testing.T, edits []byte) {
		b := slices.Clone(g.file)
		for ; len(edits) >= 4; edits = edits[4:] {
			at := nodes[int(edits[0])%len(nodes)] + int(edits[1]) + int(edits[2]&3)<<8
			b[at%len(b)] = edits[3]
		}
		if n, err := leavesError(b, g.root, 0); n > len(b) {
			t.Fatal(n, err)
		}
		V1Find(open(b), g.root, 0, 8, func(left, right []byte) (int, error) {
			return bytes.Compare(left, right), nil
		})
	})
}
