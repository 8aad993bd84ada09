package hdf5_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"gables/hdf5"
	"gables/hdf5/datatype"
	"gables/hdf5/driver"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/testkit"
)

// The superblock's end of file is that of the last block, also after the file
// has become shorter, and the file on the medium has that length.
func TestTheEndOfFileIsThatOfTheLastBlock(t *testing.T) {
	ctx := context.Background()
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		path := filepath.Join(t.TempDir(), "a.h5")
		for round := range 6 {
			fatal(t, hdf5.Update(path, func(f *hdf5.File) error {
				if round%2 == 1 {
					return f.Remove("/x")
				}
				_, err := hdf5.Append(ctx, growing(t, f, "/x", 100), numbered[float64](5000))
				return err
			}, hdf5.WithLibver(low)))
			info, err := os.Stat(path)
			fatal(t, err)
			f := openFile(t, path)
			if end := f.Superblock().EndOfFile; end != uint64(info.Size()) {
				t.Errorf("round %d: end of file %d, the file has %d bytes", round, end, info.Size())
			}
			if r := undamaged(t, f); r.Live > r.Size || round%2 == 0 && r.Live < 40000 {
				t.Errorf("round %d: %d live bytes of %d", round, r.Live, r.Size)
			}
			fatal(t, f.Close())
			if left, _ := filepath.Glob(filepath.Dir(path) + "/*"); len(left) != 1 {
				t.Errorf("round %d leaves %v", round, left)
			}
		}
	})
}

// Positions count from the superblock, wherever that lies; what is before it is
// the user's.
func TestUserBlocksAreKeptAndCountOnce(t *testing.T) {
	ctx := context.Background()
	everywhere(t, func(t *testing.T, low hdf5.Libver) {
		image := made(t, func(f *hdf5.File) { ofEverything(t, f) }, hdf5.WithLibver(low), hdf5.WithUserBlock(1024))
		if n := bytes.Index(image, []byte("\x89HDF")); n != 1024 {
			t.Fatalf("the superblock is at %d", n)
		}
		copy(image, "#!/bin/sh\n")
		for i := range image[10:1024] {
			image[10+i] = byte(i)
		}
		block := bytes.Clone(image[:1024])
		image = changed(t, image, func(f *hdf5.File) {
			_, err := hdf5.Append(ctx, dataset(t, f, "/grown"), numbered[float64](1000))
			fatal(t, err)
			fatal(t, f.Remove("/g/int"))
			group(t, f, "/new", hdf5.GroupOptions{})
		})
		if !bytes.Equal(image[:1024], block) {
			t.Error("the user block has changed")
		}
		equal(t, dataset(t, openImage(t, image), "/grown"), append(numbered[float64](17), numbered[float64](1000)...))
		// The same file without its user block, and with a larger one.
		for _, moved := range [][]byte{image[1024:], append(make([]byte, 1024), image...)} {
			f, err := hdf5.OpenBytes(moved)
			fatal(t, err)
			equal(t, dataset(t, f, "/grown"), append(numbered[float64](17), numbered[float64](1000)...))
			fatal(t, f.Close())
			later := changed(t, moved, func(f *hdf5.File) { group(t, f, "/later", hdf5.GroupOptions{}) })
			if _, err := openImage(t, later).Group("/later"); err != nil {
				t.Error(err)
			}
		}
	})
}

// Files whose addresses and lengths have other widths than 8 are edited in them.
func TestFilesOfOtherWidthsAreEdited(t *testing.T) {
	ctx := context.Background()
	for _, o := range []int{4, 8} {
		for _, l := range []int{4, 8} {
			for _, v := range []int{0, 3} {
				name := fmt.Sprintf("sizes_%d_%d_v%d.h5", o, l, v)
				image, err := os.ReadFile("testdata/" + name)
				fatal(t, err)
				for round := range 3 {
					image = changed(t, image, func(f *hdf5.File) {
						if _, err := f.Group("/new"); err == nil {
							fatal(t, f.Remove("/new"))
						}
						g := group(t, f, "/new", hdf5.GroupOptions{})
						for i := range 20 {
							fatal(t, hdf5.SetAttribute(g, shuffledName(i), int32(i)))
							fatal(t, f.CreateSoftLink("/new/"+shuffledName(i), "/ints", hdf5.LinkOptions{}))
						}
						for k, filters := range [][]filter.Stage{nil, {gzipped}} {
							for j, most := range [][]uint64{{500}, {unlimited}} {
								d := created[*hdf5.Dataset](t)(f.CreateDataset(fmt.Sprintf("/new/x%d%d", k, j), int32le, []uint64{500},
									hdf5.DatasetOptions{MaxShape: most, Chunk: []uint64{3}, Filters: filters}))
								fatal(t, hdf5.Write(ctx, d, numbered[int32](500)))
							}
						}
						if round > 0 {
							return // the texts of a deleted dataset would stay in their heap
						}
						d := created[*hdf5.Dataset](t)(f.CreateDataset("/new text", datatype.VLString(datatype.UTF8), []uint64{3}, hdf5.DatasetOptions{}))
						fatal(t, hdf5.Write(ctx, d, []string{"a", "", "long enough"}))
					})
				}
				f := openImage(t, image)
				if sb := f.Superblock(); sb.OffsetSize != o || sb.LengthSize != l || sb.Version != v {
					t.Errorf("%s: %+v", name, sb)
				}
				ints(t, f)
				for _, path := range []string{"/new/x00", "/new/x01", "/new/x10", "/new/x11"} {
					equal(t, dataset(t, f, path), numbered[int32](500))
				}
				equal(t, dataset(t, f, "/new text"), []string{"a", "", "long enough"})
				if n := len(attributeNames(t, created[*hdf5.Group](t)(f.Group("/new")))); n != 20 {
					t.Errorf("%s: %d attributes", name, n)
				}
			}
		}
	}
}

// A file of narrow addresses ends where they end.
func TestNarrowAddressesDoNotWrapAround(t *testing.T) {
	ctx := context.Background()
	image, err := os.ReadFile("testdata/offset2.h5")
	fatal(t, err)
	f, err := hdf5.OpenImage(image)
	fatal(t, err)
	defer f.Close()
	d := created[*hdf5.Dataset](t)(f.CreateDataset("/large", int32le, []uint64{20000}, hdf5.DatasetOptions{}))
	err = hdf5.Write(ctx, d, numbered[int32](20000))
	if err == nil {
		err = f.Flush(ctx)
	}
	if !errors.Is(err, h5err.ErrLimit) {
		t.Errorf("80,000 bytes with addresses of 16 bits: %v", err)
	}
	fatal(t, f.Rollback())
	group(t, f, "/small", hdf5.GroupOptions{})
	image, err = f.Image(ctx)
	fatal(t, err)
	sizesContent(t, "offset2.h5", openImage(t, image))
}

// Messages of types that nobody knows: a writer leaves the object alone, marks
// the message, or keeps it, as its flags say.
func TestUnknownMessagesAreHeededByAWriter(t *testing.T) {
	whole := trapImage(t, "fill_earliest")
	const path = "/record"
	m, ok := find(t, whole, path, 0)
	if !ok {
		t.Fatal("the header has no room for another message")
	}
	for _, c := range []struct {
		flags, after byte
		want         error
	}{{0, 0, nil}, {0x08, 0x08, h5err.ErrUnsupported}, {0x10, 0x30, nil}, {0x30, 0x30, nil}} {
		image := bytes.Clone(whole)
		binary.LittleEndian.PutUint16(image[m.head:], 0x60)
		image[m.head+4] = c.flags
		f, err := hdf5.OpenImage(image)
		fatal(t, err)
		if err := hdf5.SetAttribute(dataset(t, f, path), "new", int32(1)); !errors.Is(err, c.want) {
			t.Errorf("flags 0x%02x: %v", c.flags, err)
		}
		image, err = f.Image(context.Background())
		fatal(t, err)
		fatal(t, f.Close())
		if k, ok := find(t, image, path, 0x60); !ok || image[k.head+4] != c.after {
			t.Errorf("flags 0x%02x became 0x%02x, %v", c.flags, image[k.head+4], ok)
		}
	}
}

// Groups, datasets and attributes that many goroutines make through one handle
// are all there, in files that have nothing wrong.
func TestManyGoroutinesCreateThroughOneHandle(t *testing.T) {
	ctx := context.Background()
	const files, makers, each = 10, 8, 12
	for n := range files {
		low := bounds[n%len(bounds)]
		f, err := hdf5.Create(filepath.Join(t.TempDir(), "a.h5"), hdf5.WithLibver(low), hdf5.WithDurability(hdf5.NoDurability))
		fatal(t, err)
		var wg sync.WaitGroup
		for g := range makers {
			wg.Go(func() {
				for i := range each {
					if err := makeOne(ctx, f, g, i); err != nil {
						t.Error(err)
					}
					if i == g {
						if err := f.Flush(ctx); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
		name := f.Name()
		fatal(t, f.Close())
		r := openFile(t, name)
		undamaged(t, r)
		for g := range makers {
			for i := range each {
				d := dataset(t, r, fmt.Sprintf("/common/g%d/d%d", g, i))
				equal(t, d, numbered[float64](100+i))
				if v, err := hdf5.AttributeValue[int32](d, "i"); v != int32(i) || err != nil {
					t.Errorf("%s: %d, %v", d.Path(), v, err)
				}
				equal(t, dataset(t, r, fmt.Sprintf("/common/all %d %d", g, i)), numbered[float64](100+i))
			}
		}
	}
}

func makeOne(ctx context.Context, f *hdf5.File, g, i int) error {
	path := fmt.Sprintf("/common/g%d/d%d", g, i)
	d, err := f.CreateDataset(path, datatype.Float64(datatype.LittleEndian), []uint64{0},
		hdf5.DatasetOptions{Parents: true, MaxShape: []uint64{unlimited}, Chunk: []uint64{16}, Filters: []filter.Stage{gzipped}})
	if err != nil {
		return err
	}
	if _, err := hdf5.Append(ctx, d, numbered[float64](100+i)); err != nil {
		return err
	}
	if err := hdf5.SetAttribute(d, "i", int32(i)); err != nil {
		return err
	}
	return f.CreateHardLink(fmt.Sprintf("/common/all %d %d", g, i), d, hdf5.LinkOptions{})
}

// A write that fails at any point leaves the last commit. The same handle goes
// on, or a new one, and nothing lies where something else does.
func TestSpaceIsNotGivenOutTwiceAfterAFailedWrite(t *testing.T) {
	ctx := context.Background()
	steps := func(f *hdf5.File, round int) error {
		for i := range 3 {
			path := fmt.Sprintf("/r%d/d%d", round, i)
			d, err := f.CreateDataset(path, datatype.Float64(datatype.LittleEndian), []uint64{0},
				hdf5.DatasetOptions{Parents: true, MaxShape: []uint64{unlimited}, Chunk: []uint64{50}})
			if err != nil {
				return err
			}
			if _, err := hdf5.Append(ctx, d, numbered[float64](500)); err != nil {
				return err
			}
		}
		if round%10 > 0 {
			if err := f.Remove(fmt.Sprintf("/r%d/d1", round-1)); err != nil {
				return err
			}
		}
		return f.Flush(ctx)
	}
	failed := 0
	for at := 0; ; at += 3 {
		shelf := driver.NewShelf()
		faults := &testkit.FaultFS{Folder: shelf, At: -1, Err: syscall.EIO, Short: at%2 == 0}
		f, err := hdf5.OpenIn(faults, "a.h5", hdf5.ModeCreate)
		fatal(t, err)
		fatal(t, steps(f, 0))
		faults.At = faults.Count() + at
		done := 1
		for round := 1; round < 4; round++ {
			if err := steps(f, round); err != nil {
				if err := f.Rollback(); err != nil {
					break // the journal gave up: a new handle has to recover
				}
				continue
			}
			done = round + 1
		}
		closing := f.Close()
		if !faults.Failed() {
			fatal(t, closing)
			break
		}
		failed++
		again, err := hdf5.OpenIn(shelf, "a.h5", hdf5.ModeReadWrite)
		if err != nil {
			t.Fatalf("after fault %d: %v", at, err)
		}
		fatal(t, steps(again, 10*done))
		undamaged(t, again)
		for o, err := range again.Walk(ctx) {
			fatal(t, err)
			if d, ok := o.(*hdf5.Dataset); ok {
				equal(t, d, numbered[float64](500))
			}
		}
		if _, err := again.Object(fmt.Sprintf("/r%d/d2", done-1)); err != nil {
			t.Errorf("fault %d: a flush that was acknowledged is gone: %v", at, err)
		}
		fatal(t, again.Close())
	}
	if failed < 5 {
		t.Errorf("only %d faults happened", failed)
	}
}

// Files of libhdf5 with all that it can write are the same for it after objects
// have come and gone: paged space, shared messages, other B-tree sizes, heaps.
func TestTrapFilesAreTheSameAfterAnEdit(t *testing.T) {
	ctx := context.Background()
	m, err := manifest()
	fatal(t, err)
	for name, objects := range m {
		t.Run(name, func(t *testing.T) {
			f, err := hdf5.OpenImage(trapImage(t, name))
			fatal(t, err)
			group(t, f, "/come/and/gone", hdf5.GroupOptions{Parents: true})
			d := growing(t, f, "/come/and/x", 5)
			for i := range 30 {
				_, err := hdf5.Append(ctx, d, numbered[float64](20))
				fatal(t, err)
				fatal(t, hdf5.SetAttribute(d, shuffledName(i), float64(i)))
				fatal(t, f.CreateSoftLink("/come/"+shuffledName(i), "/nowhere", hdf5.LinkOptions{}))
			}
			fatal(t, f.Flush(ctx))
			undamaged(t, f)
			fatal(t, f.Remove("/come"))
			image, err := f.Image(ctx)
			fatal(t, err)
			fatal(t, f.Close())
			again := openImage(t, image)
			undamaged(t, again)
			compareFile(t, again, objects)
		})
	}
}
