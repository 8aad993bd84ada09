package chunkio

import (
	"container/list"
	"sync"

	"gables/internal/wire"
)

const cacheShards = 8

// ChunkCache keeps decoded chunks that were read in parts, the least recently
// used leaving first. A chunk that several goroutines want is decoded once; no
// lock is held meanwhile.
type ChunkCache struct {
	limit  int64 // bytes of one shard
	shards [cacheShards]cacheShard
}

type cacheShard struct {
	mu    sync.Mutex // guards all below
	m     map[wire.Address]*list.Element
	order list.List // of *cached, most recently used first
	size  int64
}

type cached struct {
	addr wire.Address
	n    int // bytes of the decoded chunk
	once sync.Once
	data []byte
	err  error
}

// NewChunkCache keeps up to limit bytes; nil, which caches nothing, for 0.
func NewChunkCache(limit int64) *ChunkCache {
	if limit <= 0 {
		return nil
	}
	c := &ChunkCache{limit: limit / cacheShards}
	for i := range c.shards {
		c.shards[i].m = map[wire.Address]*list.Element{}
	}
	return c
}

// get gives the n bytes of the chunk at addr, which must not be written to.
func (c *ChunkCache) get(addr wire.Address, n int, decode func([]byte) error) ([]byte, error) {
	s := &c.shards[(uint64(addr)*0x9e3779b97f4a7c15)>>61]
	e := s.entry(addr, n, c.limit)
	if e.n != n {
		// Two datasets of a damaged file claim one chunk.
		buf := make([]byte, n)
		return buf, decode(buf)
	}
	e.once.Do(func() {
		buf := make([]byte, n)
		if e.err = decode(buf); e.err == nil {
			e.data = buf
		}
	})
	if e.err != nil {
		s.drop(e)
	}
	return e.data, e.err
}

// entry finds or makes the entry of a chunk.
func (s *cacheShard) entry(addr wire.Address, n int, limit int64) *cached {
	s.mu.Lock()
	defer s.mu.Unlock()
	if el, ok := s.m[addr]; ok {
		s.order.MoveToFront(el)
		return el.Value.(*cached)
	}
	e := &cached{addr: addr, n: n}
	s.m[addr] = s.order.PushFront(e)
	s.size += int64(n)
	for s.size > limit && s.order.Len() > 1 {
		s.remove(s.order.Back())
	}
	return e
}

func (s *cacheShard) remove(el *list.Element) {
	e := s.order.Remove(el).(*cached)
	delete(s.m, e.addr)
	s.size -= int64(e.n)
}

// drop forgets a chunk that could not be decoded.
func (s *cacheShard) drop(e *cached) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if el, ok := s.m[e.addr]; ok && el.Value.(*cached) == e {
		s.remove(el)
	}
}
