package hdf5_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
)

// unpacked puts files of testdata/traps into a folder.
func unpacked(t testing.TB, names ...string) []string {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for _, name := range names {
		path := filepath.Join(dir, name+".h5")
		if err := os.WriteFile(path, trapImage(t, name), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// summary is what a file holds, as text.
func summary(f *hdf5.File) (string, error) {
	var b bytes.Buffer
	for o, err := range f.Walk(context.Background()) {
		if err != nil {
			return "", err
		}
		fmt.Fprintln(&b, o.Path(), hdf5.KindOf(o), o.References())
		for a, err := range o.Attributes() {
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "%s %x\n", a.Name(), a.Bytes())
		}
		if d, ok := o.(*hdf5.Dataset); ok {
			list, err := d.ReadAny(context.Background())
			if err != nil {
				return "", err
			}
			fmt.Fprintln(&b, list)
		}
	}
	return b.String(), nil
}

func TestManyGoroutinesOpenReadAndCloseTheSameAndOtherFiles(t *testing.T) {
	paths := unpacked(t, "graph_latest", "graph_earliest", "attrs_order", "btreek_v1", "fill_latest", "edges", "sohm_btree")
	want := map[string]string{}
	for _, p := range paths {
		f := openFile(t, p)
		s, err := summary(f)
		if err != nil || len(s) < 100 {
			t.Fatalf("%s: %d bytes, %v", p, len(s), err)
		}
		want[p] = s
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			r := rand.New(rand.NewPCG(uint64(g), 5))
			for range rounds {
				p := paths[r.IntN(len(paths))]
				f, err := hdf5.Open(p, hdf5.WithWorkers(1+r.IntN(3)), hdf5.WithChunkCache(int64(r.IntN(2)*4096)))
				if err != nil {
					t.Error(err)
					return
				}
				s, err := summary(f)
				if err != nil || s != want[p] {
					t.Errorf("%s: another content, %v", p, err)
				}
				if err := f.Close(); err != nil {
					t.Error(err)
				}
				if err := f.Close(); !errors.Is(err, h5err.ErrClosed) {
					t.Errorf("a second Close: %v", err)
				}
			}
		}()
	}
	wg.Wait()
	for _, f := range hdf5.OpenFiles() {
		if slices.Contains(paths, f.Name()) {
			t.Errorf("%s is still open", f.Name())
		}
	}
}

// Selections of one dataset from many goroutines, through the cache of chunks.
func TestManyGoroutinesReadOneDataset(t *testing.T) {
	f := openFile(t, unpacked(t, "edges")[0], hdf5.WithChunkCache(2000), hdf5.WithWorkers(4))
	for _, path := range []string{"/gzip None_11_5", "/unfiltered edge fixed", "/check None_None_5", "/plain 20_20_20"} {
		d := dataset(t, f, path)
		all, err := hdf5.Read[int32](context.Background(), d)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for g := range 16 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				r := rand.New(rand.NewPCG(uint64(g), 9))
				for range 40 {
					i, j := uint64(r.IntN(7)), uint64(r.IntN(11))
					got, err := hdf5.Read[int64](context.Background(), d, dataspace.Box([]uint64{i, j, 0}, []uint64{7 - i, 11 - j, 5}))
					if err != nil {
						t.Error(err)
						return
					}
					at := 0
					for a := i; a < 7; a++ {
						for b := j; b < 11; b++ {
							for c := range uint64(5) {
								if got[at] != int64(all[(a*11+b)*5+c]) {
									t.Errorf("%s: (%d, %d, %d) is %d", path, a, b, c, got[at])
									return
								}
								at++
							}
						}
					}
				}
			}()
		}
		wg.Wait()
	}
}

// Close waits for the calls that have begun, and all that begin later give
// ErrClosed: no third thing is seen.
func TestCloseWaitsForReadersAndStopsOthers(t *testing.T) {
	path := unpacked(t, "edges")[0]
	for round := range 20 {
		f, err := hdf5.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		d := dataset(t, f, "/gzip fixed")
		var wg sync.WaitGroup
		var reads, closed atomic.Int64
		began := make(chan struct{})
		for range 8 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for n := 0; ; n++ {
					got, err := hdf5.Read[int32](context.Background(), d)
					if errors.Is(err, h5err.ErrClosed) {
						closed.Add(1)
						return
					}
					if err != nil || len(got) != 385 || got[384] != 384 {
						t.Errorf("%d elements, %v", len(got), err)
						return
					}
					if reads.Add(1) == 1 {
						close(began)
					}
				}
			}()
		}
		<-began
		var oks atomic.Int64
		for range 3 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				if err := f.Close(); err == nil {
					oks.Add(1)
				} else if !errors.Is(err, h5err.ErrClosed) {
					t.Error(err)
				}
			}()
		}
		wg.Wait()
		if closed.Load() != 8 || oks.Load() != 1 {
			t.Errorf("round %d: %d readers saw the file closed, %d calls closed it", round, closed.Load(), oks.Load())
		}
	}
}

func TestAClosedFileSaysSoEverywhere(t *testing.T) {
	f := openFile(t, unpacked(t, "graph_latest")[0])
	ctx := context.Background()
	root, err := f.Root()
	if err != nil {
		t.Fatal(err)
	}
	d := dataset(t, f, "/refs")
	a, err := dataset(t, f, "/typed").Attribute("typed")
	if err != nil {
		t.Fatal(err)
	}
	heap := f.Heap()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	calls := map[string]func() error{
		"Object":     func() error { _, err := f.Object("/a"); return err },
		"ObjectAt":   func() error { _, err := f.ObjectAt(48, ""); return err },
		"Root":       func() error { _, err := f.Root(); return err },
		"Link":       func() error { _, err := root.Link("a"); return err },
		"Storage":    func() error { _, err := root.Storage(); return err },
		"Attribute":  func() error { _, err := root.Attribute("a"); return err },
		"Any":        func() error { _, err := a.Any(); return err },
		"ReadAny":    func() error { _, err := d.ReadAny(ctx); return err },
		"ReadRaw":    func() error { _, err := d.ReadRaw(ctx, make([]byte, 100)); return err },
		"Chunks":     func() error { return d.Chunks(ctx, nil) },
		"Scan":       func() error { return d.Scan(ctx, dataspace.All(), 1, nil) },
		"Stream":     func() error { return d.Stream(ctx, dataspace.All(), 0, nil) },
		"Heap":       func() error { _, err := heap.Object(48, 1); return err },
		"Layout":     func() error { _, err := d.Layout(); return err },
		"Attributes": func() error { return firstError(root.Attributes()) },
		"Links":      func() error { return firstError(root.Links(ctx, hdf5.ByName)) },
		"stream":     func() error { return firstError(root.Links(ctx, hdf5.AsStored)) },
		"Walk":       func() error { return firstError(f.Walk(ctx)) },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, h5err.ErrClosed) {
			t.Errorf("%s: got %v, want ErrClosed", name, err)
		}
	}
}

// firstError gives the first error of a sequence.
func firstError[T any](seq func(func(T, error) bool)) error {
	var first error
	seq(func(_ T, err error) bool {
		first = err
		return err == nil
	})
	return first
}

// A caller that has a link, an object or an attribute in hand may close the file.
func TestAFileMayBeClosedWhileItIsWalked(t *testing.T) {
	for name, walk := range map[string]func(f *hdf5.File) error{
		"walk": func(f *hdf5.File) error {
			for _, err := range f.Walk(context.Background()) {
				if err != nil {
					return err
				}
				f.Close()
			}
			return nil
		},
		"links": func(f *hdf5.File) error {
			g, err := f.Group("/indexed")
			if err != nil {
				return err
			}
			for _, err := range g.Links(context.Background(), hdf5.AsStored) {
				if err != nil {
					return err
				}
				f.Close()
			}
			return nil
		},
	} {
		f := openFile(t, unpacked(t, "order_dense")[0])
		done := make(chan error, 1)
		go func() { done <- walk(f) }()
		select {
		case err := <-done:
			if !errors.Is(err, h5err.ErrClosed) {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: Close waits for its own caller", name)
		}
	}
}

func TestHandlesOfOnePathShareItsCaches(t *testing.T) {
	path := unpacked(t, "attrs_order")[0]
	first := openFile(t, path)
	if errs := readAll(first); len(errs) > 0 {
		t.Fatal(errs)
	}
	before := first.Reads()
	second := openFile(t, path)
	if errs := readAll(second); len(errs) > 0 {
		t.Fatal(errs)
	}
	if n := second.Reads() - before; n != 0 {
		t.Errorf("%d reads for what is known", n)
	}
	// What is closed is the handle alone.
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if errs := readAll(second); len(errs) > 0 {
		t.Error(errs)
	}
	// Other limits are another store, as they change what is an error.
	limits := hdf5.DefaultLimits()
	limits.Objects = 40
	third := openFile(t, path, hdf5.WithLimits(limits))
	if errs := readAll(third); len(errs) == 0 {
		t.Error("the limits of another handle were taken")
	}
}

// A file that was replaced or changed is another file, under the same name.
func TestAReplacedFileIsReadAnew(t *testing.T) {
	path := unpacked(t, "graph_latest")[0]
	first := openFile(t, path)
	if err := os.WriteFile(path+".new", trapImage(t, "order_compact"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Skip(err) // a system that does not replace open files
	}
	second := openFile(t, path)
	if _, err := second.Group("/indexed"); err != nil {
		t.Errorf("the new file: %v", err)
	}
	if _, err := first.Group("/a"); err != nil {
		t.Errorf("the old file: %v", err)
	}
}

func TestAFileThatCanNotBeOpenedLeavesNothingBehind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.h5")
	if err := os.WriteFile(path, trapImage(t, "graph_latest")[:3000], 0o600); err != nil {
		t.Fatal(err)
	}
	before := len(hdf5.OpenFiles())
	var wg sync.WaitGroup
	for range 32 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if _, err := hdf5.Open(path); !errors.Is(err, h5err.ErrTruncated) {
				t.Errorf("got %v", err)
			}
		}()
	}
	wg.Wait()
	if n := len(hdf5.OpenFiles()); n != before {
		t.Errorf("%d files are open, %d were before", n, before)
	}
	if _, err := hdf5.Open(path); !errors.Is(err, h5err.ErrTruncated) {
		t.Errorf("got %v", err)
	}
}

func TestACancelledReadIsToldAsSuch(t *testing.T) {
	f := openFile(t, unpacked(t, "edges")[0])
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	d := dataset(t, f, "/gzip fixed")
	for name, err := range map[string]error{
		"read":   func() error { _, err := d.ReadAny(ctx); return err }(),
		"scan":   d.Scan(ctx, dataspace.All(), 2, func(hdf5.Block) error { return nil }),
		"stream": d.Stream(ctx, dataspace.All(), 0, func(hdf5.Block) error { return nil }),
		"chunks": d.Chunks(ctx, func(hdf5.Chunk) error { return nil }),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	broken := errors.New("broken")
	err := d.Scan(context.Background(), dataspace.All(), 3, func(hdf5.Block) error { return broken })
	if !errors.Is(err, broken) {
		t.Errorf("an error of the caller's: %v", err)
	}
}
