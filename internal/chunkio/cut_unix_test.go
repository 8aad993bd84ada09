//go:build unix

package chunkio

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"gables/hdf5/dataspace"
	"gables/hdf5/driver"
	"gables/hdf5/h5err"
	"gables/internal/format"
	"gables/internal/metacache"
	"gables/internal/wire"
)

// cutFile maps a dataset's file and then takes most of the file away.
func cutFile(t *testing.T, p *plan) (*Dataset, *Dataset) {
	t.Helper()
	file, index := p.build()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := driver.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if d.View(0, 1) == nil {
		t.Skip("this file system has no maps")
	}
	if err := os.Truncate(name, int64(os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	pool := NewPool(4)
	chunked := p.dataset(t, d, index, NewChunkCache(1<<24), pool)
	contiguous := &Dataset{Cache: metacache.New(d, wire.Sizes{Offset: 8, Length: 8}, wire.DefaultLimits()), Dims: p.dims, ElementSize: p.es,
		Layout: &format.Layout{Class: format.LayoutContiguous, Address: 8}, Pool: pool}
	return chunked, contiguous
}

// A file that another process cuts while it is read is ErrTruncated, in the
// caller's goroutine and in every helper, and again when it is read again.
func TestAFileThatIsCutWhileItIsReadIsAnError(t *testing.T) {
	const n = 1 << 22
	for _, filtered := range []bool{false, true} {
		p := &plan{dims: []uint64{n}, chunk: []uint64{n / 16}, es: 1, elements: make([]byte, n), filtered: filtered, absent: func([]uint64) bool { return false }}
		chunked, contiguous := cutFile(t, p)
		for _, ds := range []*Dataset{chunked, contiguous} {
			for _, sel := range []dataspace.Selection{
				dataspace.All(),
				dataspace.Hyperslab([]uint64{1}, []uint64{3}, []uint64{n / 4}, nil),
				dataspace.Box([]uint64{n - 100}, []uint64{7}),
			} {
				b, err := sel.Bind(p.dims)
				if err != nil {
					t.Fatal(err)
				}
				out := make([]byte, b.Count())
				for try := range 3 {
					for _, s := range []Sink{&collector{es: 1, out: out}, &straight{collector{es: 1, out: out}}} {
						if err := ds.Read(context.Background(), b, s, 0); !errors.Is(err, h5err.ErrTruncated) {
							t.Errorf("%s, filtered %v, try %d: got %v", ds.Layout.Class, filtered, try, err)
						}
					}
				}
				sum := byte(0)
				err = ds.Scan(context.Background(), b, Whole, 1, func(k Block) error {
					for _, v := range k.Data {
						sum += v
					}
					return nil
				})
				if !errors.Is(err, h5err.ErrTruncated) {
					t.Errorf("%s, filtered %v: scan gave %v, sum %d", ds.Layout.Class, filtered, err, sum)
				}
			}
		}
	}
}
