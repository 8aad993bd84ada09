package btree

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/wire"
)

func newChunks(t testing.TB, s wire.Sizes, dims []uint64, k int) *V1Chunks {
	t.Helper()
	d := edit(make([]byte, 96), s)
	root, err := NewV1Chunks(d, len(dims)-1, k)
	if err != nil {
		t.Fatal(err)
	}
	c, err := EditV1Chunks(d, root, dims, k)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// checkChunks compares a tree with a map, through the reading half.
func checkChunks(t *testing.T, c *V1Chunks, model map[[2]uint64]V1Chunk) {
	t.Helper()
	checkV1(t, &c.tree)
	n := 0
	cache := over(c.tree.d)
	for e, err := range V1Leaves(cache, c.tree.root, format.BTreeV1Chunks, c.tree.shape.KeySize) {
		if err != nil {
			t.Fatal(err)
		}
		at := [2]uint64{binary.LittleEndian.Uint64(e.Key[8:]), binary.LittleEndian.Uint64(e.Key[16:])}
		got := V1Chunk{e.Child, binary.LittleEndian.Uint32(e.Key), binary.LittleEndian.Uint32(e.Key[4:])}
		if model[at] != got {
			t.Fatalf("chunk %d: %+v, want %+v", at, got, model[at])
		}
		n++
	}
	if n != len(model) {
		t.Fatalf("%d chunks, want %d", n, len(model))
	}
}

func TestChunkTreesAreEditedAsAMapIs(t *testing.T) {
	for i, k := range []int{32, 1, 2, 5} {
		rng := rand.New(rand.NewPCG(uint64(i), 1))
		c := newChunks(t, wire.Sizes{Offset: 4 << (i % 2), Length: 8}, []uint64{3, 10, 4}, k)
		model := map[[2]uint64]V1Chunk{}
		for phase := range 6 {
			for range 2000 {
				at := [2]uint64{3 * rng.Uint64N(30), 10 * rng.Uint64N(40)}
				_, there := model[at]
				if rng.IntN(10) < 7 == (phase%2 == 0) {
					v := V1Chunk{wire.Address(rng.Uint64N(1 << 30)), rng.Uint32(), rng.Uint32()}
					old, replaced, err := c.Put(at[:], v)
					if err != nil || replaced != there || replaced && old != model[at] {
						t.Fatal(at, old, replaced, err)
					}
					model[at] = v
					continue
				}
				old, err := c.Remove(at[:])
				if there != (err == nil) || there && old != model[at] || !there && !errors.Is(err, h5err.ErrNotFound) {
					t.Fatal(at, old, err)
				}
				delete(model, at)
				if got, ok, err := c.Find(at[:]); ok || err != nil {
					t.Fatal(at, got, err)
				}
			}
			checkChunks(t, c, model)
		}
		if err := c.Free(); err != nil || inUse(c.tree.d) != 96 {
			t.Fatal(inUse(c.tree.d), err)
		}
	}
}

func TestAppendedChunksFillTheirNodes(t *testing.T) {
	c := newChunks(t, wire.Sizes{Offset: 8, Length: 8}, []uint64{100, 8}, DefaultChunkK)
	const n = 20_000
	for i := range uint64(n) {
		if _, _, err := c.Put([]uint64{100 * i}, V1Chunk{Address: 1, Size: 800}); err != nil {
			t.Fatal(err)
		}
	}
	nodes := int(c.tree.d.Space.End()-96) / c.tree.shape.Size()
	if most := n/57 + n/57/57 + 4; nodes > most {
		t.Fatalf("%d nodes, want %d at most", nodes, most)
	}
}

func BenchmarkV1ChunksAppend(b *testing.B) {
	c := newChunks(b, wire.Sizes{Offset: 8, Length: 8}, []uint64{100, 8}, DefaultChunkK)
	for i := range b.N {
		if _, _, err := c.Put([]uint64{100 * uint64(i)}, V1Chunk{Address: 1, Size: 800}); err != nil {
			b.Fatal(err)
		}
	}
}
