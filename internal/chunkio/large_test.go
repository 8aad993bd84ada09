package chunkio

import "testing"

func TestLargeChunksTakeFewWorkersAndOnePlaceInTheCache(t *testing.T) {
	for _, x := range []struct{ elems, workers, want int }{
		{1 << 10, 8, 8}, {1 << 20, 0, 4}, {16 << 20, 8, 4}, {64 << 20, 8, 1}, {128 << 20, 8, 1},
	} {
		d := &Dataset{ElementSize: 8, Pool: NewPool(4), chunkElems: uint64(x.elems)}
		if got := d.workersFor(x.workers); got != x.want {
			t.Errorf("%d elements, %d workers: got %d, want %d", x.elems, x.workers, got, x.want)
		}
	}
	c := NewChunkCache(800)
	if !c.fits(800) || c.fits(801) || (*ChunkCache)(nil).fits(1) {
		t.Error("what fits the cache is what its limit says")
	}
	for addr := range 20 {
		e, err := c.pin(cacheKey{addr: 64}, 500+addr, func([]byte) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		e.unpin()
	}
	held := int64(0)
	for i := range c.shards {
		held += c.shards[i].size
	}
	if held > 800 {
		t.Errorf("%d bytes are held, the limit is 800", held)
	}
}
