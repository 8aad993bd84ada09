package chunkio

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// get gives a copy of a chunk.
func (c *ChunkCache) get(addr wire.Address, n int, decode func([]byte) error) ([]byte, error) {
	e, err := c.pin(cacheKey{addr: addr}, n, decode)
	if err != nil {
		return nil, err
	}
	defer e.unpin()
	return bytes.Clone(e.data), nil
}

func TestAPinnedChunkKeepsItsMemoryAndAnotherTakesItLater(t *testing.T) {
	s := &NewChunkCache(1).shards[0]
	take := func(addr wire.Address) *cached {
		e := s.entry(cacheKey{addr: addr}, 10, 10)
		e.once.Do(func() { e.data = s.room(10) })
		return e
	}
	first := take(1)
	second := take(2)
	if !first.gone || &first.data[0] == &second.data[0] {
		t.Fatal("the second chunk takes the first one's memory while that is in use")
	}
	memory := &first.data[0]
	first.unpin()
	third := take(3)
	if &third.data[0] != memory {
		t.Error("the memory of a chunk that nobody uses is not taken again")
	}
	second.unpin()
	third.unpin()
	if third.gone || third.data == nil {
		t.Error("a chunk in the cache has lost its memory")
	}
}

func TestAChunkThatManyWantIsDecodedOnce(t *testing.T) {
	c := NewChunkCache(1 << 20)
	var decoded atomic.Int32
	var wg sync.WaitGroup
	for range 64 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			b, err := c.get(77, 100, func(buf []byte) error {
				decoded.Add(1)
				copy(buf, "chunk")
				return nil
			})
			if err != nil || len(b) != 100 || !bytes.HasPrefix(b, []byte("chunk")) {
				t.Errorf("%q, %v", b, err)
			}
		}()
	}
	wg.Wait()
	if decoded.Load() != 1 {
		t.Errorf("decoded %d times", decoded.Load())
	}
}

func TestAChunkThatFailsIsTriedAgain(t *testing.T) {
	c := NewChunkCache(1 << 20)
	if _, err := c.get(5, 10, func([]byte) error { return h5err.ErrChecksum }); !errors.Is(err, h5err.ErrChecksum) {
		t.Errorf("got %v", err)
	}
	b, err := c.get(5, 10, func(buf []byte) error { buf[0] = 9; return nil })
	if err != nil || b[0] != 9 {
		t.Errorf("% x, %v", b, err)
	}
}

func TestTwoLengthsAtOneAddressAreTwoChunks(t *testing.T) {
	c := NewChunkCache(1 << 20)
	for _, n := range []int{10, 20, 10, 5} {
		b, err := c.get(5, n, func(buf []byte) error { buf[0] = byte(n); return nil })
		if err != nil || len(b) != n || b[0] != byte(n) {
			t.Errorf("%d bytes: % x, %v", n, b, err)
		}
	}
	if NewChunkCache(0) != nil || NewChunkCache(-1) != nil {
		t.Error("a cache of nothing is none")
	}
}

func TestTheLeastRecentlyUsedChunkLeavesFirst(t *testing.T) {
	s := &cacheShard{m: NewChunkCache(8).shards[0].m}
	for _, a := range []wire.Address{1, 2, 3, 1, 4} {
		s.entry(cacheKey{addr: a}, 30, 100)
	}
	for a, kept := range map[wire.Address]bool{1: true, 2: false, 3: true, 4: true} {
		if _, ok := s.m[cacheKey{addr: a}]; ok != kept {
			t.Errorf("chunk %d: kept %v", a, ok)
		}
	}
	if s.size != 90 || s.order.Len() != 3 {
		t.Errorf("%d bytes in %d chunks", s.size, s.order.Len())
	}
	// One that is larger than the cache takes all of it, and leaves again.
	s.entry(cacheKey{addr: 9}, 1000, 100)
	if s.order.Len() != 1 || s.size != 1000 {
		t.Errorf("%d bytes in %d chunks", s.size, s.order.Len())
	}
	s.entry(cacheKey{addr: 10}, 1, 100)
	if s.order.Len() != 1 || s.size != 1 {
		t.Errorf("%d bytes in %d chunks", s.size, s.order.Len())
	}
}

func TestManyGoroutinesShareASmallCache(t *testing.T) {
	c := NewChunkCache(4000)
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 400 {
				a := wire.Address((i*7 + g) % 50)
				fails := a%11 == 3
				b, err := c.get(a, 100, func(buf []byte) error {
					for k := range buf {
						buf[k] = byte(a)
					}
					if fails {
						return h5err.ErrCorrupt
					}
					return nil
				})
				if fails != (err != nil) || !fails && !bytes.Equal(b, bytes.Repeat([]byte{byte(a)}, 100)) {
					t.Errorf("chunk %d: % x, %v", a, b, err)
					return
				}
			}
		}()
	}
	wg.Wait()
	for i := range c.shards {
		if s := &c.shards[i]; s.size > max(c.limit, 100) || s.size != int64(100*s.order.Len()) || len(s.m) != s.order.Len() {
			t.Errorf("shard %d: %d bytes in %d of %d chunks", i, s.size, s.order.Len(), len(s.m))
		}
	}
}

func TestTheFirstErrorEndsAllWorkersOfACall(t *testing.T) {
	p := NewPool(4)
	broken := errors.New("broken")
	var began atomic.Int32
	err := p.Do(context.Background(), 0, func(ctx context.Context) error {
		if began.Add(1) == 2 {
			return broken
		}
		<-ctx.Done()
		if context.Cause(ctx) != broken {
			t.Errorf("cause %v", context.Cause(ctx))
		}
		return ctx.Err()
	})
	if err != broken || began.Load() != 4 {
		t.Errorf("%v after %d workers", err, began.Load())
	}
	// All helpers are back, whatever became of the call.
	if err := p.Do(context.Background(), 9, func(context.Context) error { return nil }); err != nil || len(p.tokens) != 0 {
		t.Errorf("%v, %d tokens taken", err, len(p.tokens))
	}
}

func TestACallerWorksAlsoWithoutHelpers(t *testing.T) {
	p := NewPool(3)
	inner := int32(0)
	err := p.Do(context.Background(), 0, func(ctx context.Context) error {
		// The helpers may all be taken: nobody waits for one.
		return p.Do(ctx, 0, func(context.Context) error {
			atomic.AddInt32(&inner, 1)
			return nil
		})
	})
	if err != nil || inner < 3 {
		t.Errorf("%v, %d calls", err, inner)
	}
	if NewPool(0).Size() < 1 || NewPool(1).Size() != 1 {
		t.Error("a pool has at least the caller")
	}
}

func TestACancelledReadStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p := NewPool(2)
	boxes := 0
	endless := func(yield func([]uint64) bool) {
		for i := uint64(0); yield([]uint64{i}); i++ {
			boxes++
		}
	}
	var seen atomic.Int32
	err := p.each(ctx, endless, 0, func(next func([]uint64) ([]uint64, bool)) error {
		var buf []uint64
		for ok := true; ok; {
			if buf, ok = next(buf[:0]); seen.Add(1) == 100 {
				cancel()
			}
		}
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) || seen.Load() > 200 {
		t.Errorf("%v after %d boxes", err, seen.Load())
	}
}

func TestEveryBoxIsHandedOutOnce(t *testing.T) {
	for _, n := range []uint64{0, 1, 2, 3, 100} {
		for _, workers := range []int{1, 4} {
			var mu sync.Mutex // guards got
			got := map[uint64]int{}
			boxes := func(yield func([]uint64) bool) {
				for i := range n {
					if !yield([]uint64{i, 2 * i}) {
						return
					}
				}
			}
			err := NewPool(4).each(context.Background(), boxes, workers, func(next func([]uint64) ([]uint64, bool)) error {
				for {
					c, ok := next([]uint64{55})
					if !ok {
						return nil
					}
					mu.Lock()
					got[c[1]]++
					if c[0] != 55 || c[2] != 2*c[1] {
						t.Errorf("%v", c)
					}
					mu.Unlock()
				}
			})
			if err != nil || uint64(len(got)) != n {
				t.Errorf("%d boxes, %d workers: %v, %v", n, workers, got, err)
			}
			for i, k := range got {
				if k != 1 {
					t.Errorf("box %d came %d times", i, k)
				}
			}
		}
	}
}
