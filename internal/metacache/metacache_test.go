package metacache

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

func cache(n int, l wire.Limits) *Cache {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return New(driver.Memory(b), wire.Sizes{Offset: 4, Length: 8}, l)
}

func TestBytesLieInTheFileOrAreRefused(t *testing.T) {
	c := cache(100, wire.Limits{Metadata: 50, Cache: 1 << 20})
	if b, err := c.Bytes(90, 10); err != nil || !bytes.Equal(b, []byte{90, 91, 92, 93, 94, 95, 96, 97, 98, 99}) {
		t.Errorf("% x, %v", b, err)
	}
	if b, err := c.Bytes(100, 0); err != nil || len(b) != 0 {
		t.Errorf("nothing at the end: %v", err)
	}
	for _, x := range []struct {
		addr wire.Address
		n    uint64
		want error
	}{
		{90, 11, h5err.ErrTruncated}, {101, 0, h5err.ErrTruncated}, {math.MaxUint64 - 1, 2, h5err.ErrTruncated},
		{5, math.MaxUint64, h5err.ErrTruncated}, {wire.Undefined, 0, h5err.ErrCorrupt}, {0, 51, h5err.ErrLimit},
	} {
		if _, err := c.Bytes(x.addr, x.n); !errors.Is(err, x.want) {
			t.Errorf("%d at %d: got %v, want %v", x.n, x.addr, err, x.want)
		}
	}
	if b, err := c.Prefix(95, 512); err != nil || len(b) != 5 {
		t.Errorf("prefix: %d bytes, %v", len(b), err)
	}
	if _, err := c.Prefix(100, 1); !errors.Is(err, h5err.ErrTruncated) {
		t.Errorf("prefix behind the end: %v", err)
	}
	if c.Sizes() != (wire.Sizes{Offset: 4, Length: 8}) || c.Limits().Metadata != 50 || c.End() != 100 || c.Driver() == nil {
		t.Error("what was given is not what is had")
	}
}

// Bytes must be the caller's own, as records outlive the map of the file.
func TestBytesAreACopy(t *testing.T) {
	b := []byte{1, 2, 3}
	c := New(driver.Memory(b), wire.Sizes{}, wire.DefaultLimits())
	got, err := c.Bytes(0, 3)
	if err != nil {
		t.Fatal(err)
	}
	if b[0] = 9; got[0] != 1 {
		t.Error("the file's own memory was given out")
	}
}

// short is a driver whose file has become shorter than it says.
type short struct {
	driver.Memory
	err error
}

func (s short) Size() uint64 { return 100 }
func (s short) ReadAt(p []byte, off uint64) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	return 1, io.EOF
}

func TestAShortReadIsATruncatedFile(t *testing.T) {
	c := New(short{}, wire.Sizes{}, wire.DefaultLimits())
	if _, err := c.Bytes(0, 8); !errors.Is(err, h5err.ErrTruncated) {
		t.Errorf("got %v", err)
	}
	if b, err := c.Prefix(0, 8); err != nil || len(b) != 1 {
		t.Errorf("prefix where a member of a set ends: %d bytes, %v", len(b), err)
	}
	broken := errors.New("cable")
	c = New(short{err: broken}, wire.Sizes{}, wire.DefaultLimits())
	if _, err := c.Bytes(0, 8); !errors.Is(err, broken) || errors.Is(err, h5err.ErrTruncated) {
		t.Errorf("got %v", err)
	}
}

func TestARecordIsDecodedOnceForAll(t *testing.T) {
	c := cache(10, wire.DefaultLimits())
	var decoded atomic.Int32
	var wg sync.WaitGroup
	for range 64 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			v, err := Load(c, SymbolNode, 3, func() (*int, int64, error) {
				n := int(decoded.Add(1))
				return &n, 8, nil
			})
			if err != nil || *v != 1 {
				t.Errorf("%v, %v", v, err)
			}
		}()
	}
	wg.Wait()
	if n := decoded.Load(); n != 1 {
		t.Errorf("decoded %d times", n)
	}
}

func TestKindsAtOneAddressAreTwoRecords(t *testing.T) {
	c := cache(10, wire.DefaultLimits())
	for i, kind := range []Kind{LocalHeap, GlobalHeap, LocalHeap} {
		v, err := Load(c, kind, 5, func() (string, int64, error) { return fmt.Sprint(kind), 1, nil })
		if err != nil || v != fmt.Sprint(kind) {
			t.Errorf("%d: %q, %v", i, v, err)
		}
	}
	// A damaged file may have two users of a kind that want different things.
	n, err := Load(c, LocalHeap, 5, func() (int, int64, error) { return 7, 1, nil })
	if err != nil || n != 7 {
		t.Errorf("%d, %v", n, err)
	}
}

func TestAnErrorIsNotKept(t *testing.T) {
	c := cache(10, wire.DefaultLimits())
	for i := range 3 {
		_, err := Load(c, ObjectHeader, 1, func() (int, int64, error) { return 0, 1 << 40, fmt.Errorf("try %d", i) })
		if err == nil || err.Error() != fmt.Sprintf("try %d", i) {
			t.Errorf("got %v", err)
		}
	}
	if v, err := Load(c, ObjectHeader, 1, func() (int, int64, error) { return 4, 1, nil }); v != 4 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
	for i := range c.shards {
		if s := &c.shards[i]; s.size > 1<<30 {
			t.Errorf("a failed record counts: %d bytes", s.size)
		}
	}
}

func TestTheCacheStaysBelowItsLimit(t *testing.T) {
	const limit = 1 << 20
	c := cache(10, wire.Limits{Cache: limit, Metadata: 1})
	for i := range 100_000 {
		if _, err := Load(c, BTreeV1Node, wire.Address(i*8), func() (int, int64, error) { return i, 1000, nil }); err != nil {
			t.Fatal(err)
		}
	}
	total, entries := int64(0), 0
	for i := range c.shards {
		total += c.shards[i].size
		entries += len(c.shards[i].m)
	}
	if total > limit || entries > limit/1000 || entries < limit/4000 {
		t.Errorf("%d bytes in %d entries", total, entries)
	}
	// What is larger than the whole cache is given all the same.
	v, err := Load(c, BTreeV1Node, 1, func() (int, int64, error) { return 5, 1 << 40, nil })
	if v != 5 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}

func TestReadsAreCounted(t *testing.T) {
	c := cache(100, wire.DefaultLimits())
	for range 3 {
		if _, err := c.Bytes(4, 4); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Bytes(99, 4); err == nil || c.Reads() != 3 {
		t.Errorf("%d reads reached the driver, %v", c.Reads(), err)
	}
}
