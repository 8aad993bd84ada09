package chunkio

import (
	"container/list"
	"sync"

	"gables/hdf5/driver"
	"gables/internal/wire"
)

const cacheShards = 8

// ChunkCache keeps decoded chunks that were read in parts, the least recently
// used leaving first. A chunk that several goroutines want is decoded once; no
// lock is held meanwhile.
type ChunkCache struct {
	limit  int64 // bytes of one shard
	total  int64 // bytes of the last shard, which has the chunks that are too large for the others
	shards [cacheShards + 1]cacheShard
}

type cacheShard struct {
	mu    sync.Mutex // guards all below
	m     map[cacheKey]*list.Element
	order list.List // of *cached, most recently used first
	size  int64
	spare []byte // memory of a chunk that has left: new memory costs page faults and collections
}

// cacheKey is where a chunk lies: the same address may hold another chunk in
// another epoch of the file.
type cacheKey struct {
	addr  wire.Address
	epoch uint64
}

// cached is a chunk that is decoded once. Who uses data has a pin; when the
// chunk has left the cache and the last pin is gone, the memory serves another.
type cached struct {
	shard *cacheShard
	key   cacheKey
	n     int  // bytes of the decoded chunk
	pins  int  // guarded by shard.mu
	gone  bool // no longer in the cache; guarded by shard.mu
	once  sync.Once
	data  []byte
	err   error
}

// NewChunkCache keeps up to limit bytes; nil, which caches nothing, for 0.
func NewChunkCache(limit int64) *ChunkCache {
	if limit <= 0 {
		return nil
	}
	c := &ChunkCache{limit: limit / cacheShards, total: limit}
	for i := range c.shards {
		c.shards[i].m = map[cacheKey]*list.Element{}
	}
	return c
}

// fits tells whether a chunk of n bytes is worth keeping.
func (c *ChunkCache) fits(n int) bool { return c != nil && int64(n) <= c.total }

func (c *ChunkCache) shardOf(key cacheKey, n int) (s *cacheShard, limit int64) {
	if int64(n) > c.limit {
		return &c.shards[cacheShards], c.total
	}
	return &c.shards[(uint64(key.addr)*0x9e3779b97f4a7c15)>>61], c.limit
}

// pin gives the chunk of n bytes at key, whose data must not be written to and
// is valid until unpin, which must follow when there is no error.
func (c *ChunkCache) pin(key cacheKey, n int, decode func([]byte) error) (*cached, error) {
	s, limit := c.shardOf(key, n)
	e := s.entry(key, n, limit)
	if e.n != n {
		// Two datasets of a damaged file claim one chunk.
		e.unpin()
		e = &cached{shard: s, key: key, n: n, pins: 1, gone: true}
	}
	e.once.Do(func() {
		e.data = s.room(n)
		// A fault of the map must not leave an entry that looks decoded.
		e.err = driver.Guard(func() error { return decode(e.data) })
	})
	if e.err != nil {
		s.drop(e)
		e.unpin()
		return nil, e.err
	}
	return e, nil
}

// unpin ends a use of the chunk.
func (e *cached) unpin() {
	e.shard.mu.Lock()
	defer e.shard.mu.Unlock()
	if e.pins--; e.pins == 0 && e.gone {
		e.shard.keep(e)
	}
}

// mostSpare is the largest memory that a shard keeps for the next chunk.
const mostSpare = 4 << 20

// keep takes the memory of a chunk that nobody uses or can find; mu is held.
func (s *cacheShard) keep(e *cached) {
	if n := cap(e.data); n > 0 && n <= mostSpare {
		s.spare = e.data
	}
	e.data = nil
}

// room gives memory for n bytes, which may hold those of an earlier chunk.
func (s *cacheShard) room(n int) []byte {
	s.mu.Lock()
	b := s.spare
	s.spare = nil
	s.mu.Unlock()
	if cap(b) < n || cap(b)/2 > n {
		b = make([]byte, n)
	}
	return b[:n]
}

// entry finds or makes the entry of a chunk, and pins it.
func (s *cacheShard) entry(key cacheKey, n int, limit int64) *cached {
	s.mu.Lock()
	defer s.mu.Unlock()
	if el, ok := s.m[key]; ok {
		s.order.MoveToFront(el)
		e := el.Value.(*cached)
		e.pins++
		return e
	}
	e := &cached{shard: s, key: key, n: n, pins: 1}
	s.m[key] = s.order.PushFront(e)
	s.size += int64(n)
	for s.size > limit && s.order.Len() > 1 {
		s.remove(s.order.Back())
	}
	return e
}

func (s *cacheShard) remove(el *list.Element) {
	e := s.order.Remove(el).(*cached)
	delete(s.m, e.key)
	s.size -= int64(e.n)
	if e.gone = true; e.pins == 0 {
		s.keep(e)
	}
}

// drop forgets a chunk that could not be decoded.
func (s *cacheShard) drop(e *cached) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if el, ok := s.m[e.key]; ok && el.Value.(*cached) == e {
		s.remove(el)
	}
}
