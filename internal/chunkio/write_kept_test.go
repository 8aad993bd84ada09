package chunkio

import "testing"

func TestKeptChunksAreTheirWritersAndFew(t *testing.T) {
	b := &Budget{Most: 8 * keptShare * keptChunks}
	w, other := &Writer{Dirty: b}, &Writer{Dirty: b}
	chunk := func(i uint64, n int) *dirtyChunk { return &dirtyChunk{scaled: []uint64{i}, data: make([]byte, n)} }
	for i := range uint64(keptChunks) + 1 {
		b.keep(w, chunk(i, 8))
	}
	b.keep(w, chunk(100, 9)) // too large
	if b.take(w, []uint64{0}) != nil || b.take(w, []uint64{100}) != nil || b.take(other, []uint64{5}) != nil {
		t.Error("a chunk is kept that should not be")
	}
	if c := b.take(w, []uint64{5}); c == nil || b.take(w, []uint64{5}) != nil {
		t.Error("a kept chunk is not given once")
	}
	b.keep(other, chunk(7, 8))
	w.Forget()
	if b.take(w, []uint64{6}) != nil || b.take(other, []uint64{7}) == nil {
		t.Error("Forget drops what is the writer's, and that alone")
	}
}
