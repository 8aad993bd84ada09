// Package metacache gives the metadata of one file: raw bytes by address, and
// decoded records, each decoded once however many goroutines ask. A Cache is
// safe for any number of goroutines; no lock is held over I/O or decoding.
package metacache

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

const shardCount = 32

// Cache belongs to one open file.
type Cache struct {
	drv    driver.Driver
	sizes  wire.Sizes
	limits wire.Limits
	shards []shard
	reads  atomic.Int64
}

// key tells records of different kinds at one address apart.
type key struct {
	addr wire.Address
	kind Kind
}

// Kind names the record that is cached at an address.
type Kind uint8

// The kinds of cached records.
const (
	ObjectHeader Kind = iota
	BTreeV1Node
	BTreeV2Header
	BTreeV2Node
	SymbolNode
	LocalHeap
	GlobalHeap
	FractalHeap
	FractalHeapBlock
	FractalHeapIndirect
	ChunkIndexHeader
	ChunkIndexBlock
	SharedMessageTable
	CommittedDatatype
)

type shard struct {
	mu   sync.Mutex // guards m and size
	m    map[key]*entry
	size int64
}

type entry struct {
	once sync.Once
	val  any
	err  error
	size int64 // guarded by the shard's mu; 0 until loaded
}

// New reads through d, whose position 0 is the file's base address.
func New(d driver.Driver, sizes wire.Sizes, limits wire.Limits) *Cache {
	return &Cache{drv: d, sizes: sizes, limits: limits, shards: make([]shard, shardCount)}
}

// NewBrief is New for a cache that will hold little and not for long.
func NewBrief(d driver.Driver, sizes wire.Sizes, limits wire.Limits) *Cache {
	return &Cache{drv: d, sizes: sizes, limits: limits, shards: make([]shard, 1)}
}

// Sizes gives the widths of addresses and lengths in this file.
func (c *Cache) Sizes() wire.Sizes { return c.sizes }

// Limits gives the bounds that decoders must keep.
func (c *Cache) Limits() *wire.Limits { return &c.limits }

// Driver gives the source of raw data; position 0 is the base address.
func (c *Cache) Driver() driver.Driver { return c.drv }

// Reads counts the reads that reached the driver.
func (c *Cache) Reads() int64 { return c.reads.Load() }

// End is the number of bytes that can be read.
func (c *Cache) End() uint64 { return c.drv.Size() }

// Bytes reads exactly n bytes at addr into new memory. Bytes beyond the end of
// the file are ErrTruncated, more than Limits.Metadata are ErrLimit.
func (c *Cache) Bytes(addr wire.Address, n uint64) ([]byte, error) {
	if err := c.check(addr, n); err != nil {
		return nil, err
	}
	if n > uint64(c.limits.Metadata) {
		return nil, fmt.Errorf("metadata record of %d bytes: %w", n, h5err.ErrLimit)
	}
	buf := make([]byte, n)
	if err := c.ReadFull(buf, addr); err != nil {
		return nil, err
	}
	return buf, nil
}

// Prefix reads at most n bytes at addr: fewer where the file ends, an error
// only where there are none.
func (c *Cache) Prefix(addr wire.Address, n uint64) ([]byte, error) {
	if err := c.check(addr, 1); err != nil {
		return nil, err
	}
	n = min(n, c.End()-uint64(addr))
	if n > uint64(c.limits.Metadata) {
		return nil, fmt.Errorf("metadata record of %d bytes: %w", n, h5err.ErrLimit)
	}
	buf := make([]byte, n)
	got, err := c.read(buf, addr)
	if got > 0 && errors.Is(err, h5err.ErrTruncated) {
		return buf[:got], nil // the member of a multi-file ends before its region
	}
	if err != nil {
		return nil, err
	}
	return buf, nil
}

// ReadFull fills buf from addr.
func (c *Cache) ReadFull(buf []byte, addr wire.Address) error {
	if err := c.check(addr, uint64(len(buf))); err != nil {
		return err
	}
	_, err := c.read(buf, addr)
	return err
}

// read tells how many bytes of buf it could fill; fewer than all is an error.
func (c *Cache) read(buf []byte, addr wire.Address) (int, error) {
	c.reads.Add(1)
	n, err := c.drv.ReadAt(buf, uint64(addr))
	if n == len(buf) {
		return n, nil
	}
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return n, fmt.Errorf("read %d of %d bytes at 0x%x: %w", n, len(buf), uint64(addr), h5err.ErrTruncated)
	}
	return n, fmt.Errorf("read %d bytes at 0x%x: %w", len(buf), uint64(addr), err)
}

// check refuses what no read could give.
func (c *Cache) check(addr wire.Address, n uint64) error {
	if !addr.Defined() {
		return fmt.Errorf("address is undefined: %w", h5err.ErrCorrupt)
	}
	end, ok := wire.Add(uint64(addr), n)
	if !ok || end > c.End() {
		return fmt.Errorf("%d bytes at 0x%x lie beyond the end of the file (%d bytes): %w",
			n, uint64(addr), c.End(), h5err.ErrTruncated)
	}
	return nil
}

// Load gives the record of that kind at addr, decoding it unless it is cached.
// decode says how many bytes the record keeps alive; it must not call Load. An
// error is given to all that wait for it and is not kept.
func Load[T any](c *Cache, kind Kind, addr wire.Address, decode func() (T, int64, error)) (T, error) {
	k := key{addr, kind}
	s := &c.shards[(uint64(addr)>>3^uint64(addr)>>9^uint64(kind))%uint64(len(c.shards))]
	s.mu.Lock()
	e, ok := s.m[k]
	if !ok {
		e = &entry{}
		if s.m == nil { // a writer makes many caches, and most stay nearly empty
			s.m = map[key]*entry{}
		}
		s.m[k] = e
	}
	s.mu.Unlock()
	e.once.Do(func() {
		v, size, err := decode()
		e.val, e.err = v, err
		s.settle(k, e, size+128, c.limits.Cache/int64(len(c.shards)))
	})
	if e.err != nil {
		var zero T
		return zero, e.err
	}
	if v, ok := e.val.(T); ok {
		return v, nil
	}
	// Two records of a damaged file may claim one address.
	v, _, err := decode()
	return v, err
}

// Clear forgets all records; those that are in use stay valid.
func (c *Cache) Clear() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		clear(s.m)
		s.size = 0
		s.mu.Unlock()
	}
}

// settle drops a failed entry, and makes room for one that succeeded.
func (s *shard) settle(k key, e *entry, size, limit int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.err != nil {
		if s.m[k] == e {
			delete(s.m, k)
		}
		return
	}
	e.size = size
	s.size += size
	for old, victim := range s.m {
		if s.size <= limit {
			return
		}
		if victim == e || victim.size == 0 {
			continue
		}
		delete(s.m, old)
		s.size -= victim.size
	}
}
