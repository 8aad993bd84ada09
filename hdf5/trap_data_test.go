package hdf5_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gables/hdf5"
	"gables/hdf5/h5err"
)

// chunks lists a dataset's chunks.
func chunks(t *testing.T, d *hdf5.Dataset) []hdf5.Chunk {
	t.Helper()
	var list []hdf5.Chunk
	err := d.Chunks(context.Background(), func(c hdf5.Chunk) error {
		c.Offset = append([]uint64(nil), c.Offset...)
		list = append(list, c)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Edge chunks are stored whole; where the layout says so they are stored
// without the filters. TestTrapFilesReadAsLibhdf5ReadsThem compares the values.
func TestEdgeChunksAreStoredWhole(t *testing.T) {
	f := openTrap(t, "edges")
	for rank, index := range map[string]string{"fixed": "fixed_array", "None_11_5": "extensible_array", "None_None_5": "btree_v2"} {
		const whole = 3 * 4 * 2 * 4
		d := dataset(t, f, "/unfiltered edge "+rank)
		l, err := d.Layout()
		if err != nil || !l.UnfilteredEdge || l.Index != index {
			t.Errorf("%s: %+v, %v", rank, l, err)
		}
		edges := 0
		for _, c := range chunks(t, d) {
			edge := c.Offset[0]+3 > 7 || c.Offset[1]+4 > 11 || c.Offset[2]+2 > 5
			if edge && c.Size != whole {
				t.Errorf("%s: the edge chunk at %v has %d bytes", rank, c.Offset, c.Size)
			}
			if edge {
				edges++
			}
		}
		if edges == 0 {
			t.Errorf("%s has no edge chunks", rank)
		}
		for _, c := range chunks(t, dataset(t, f, "/plain "+rank)) {
			if c.Size != whole {
				t.Errorf("%s: the chunk at %v has %d bytes", rank, c.Offset, c.Size)
			}
		}
		if l, _ := dataset(t, f, "/gzip "+rank).Layout(); l.UnfilteredEdge {
			t.Errorf("%s: all chunks of this one are filtered", rank)
		}
	}
	// Every window of an edge, through the cache of decoded chunks as well.
	d := dataset(t, f, "/unfiltered edge None_11_5")
	all, err := hdf5.Read[int32](context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 7 {
		for j := range 11 {
			got, err := hdf5.Read[int32](context.Background(), d, hdf5.Sel(fmt.Sprintf("%d, %d, 1:5:2", i, j)))
			if at := (i*11 + j) * 5; err != nil || len(got) != 2 || got[0] != all[at+1] || got[1] != all[at+3] {
				t.Errorf("(%d, %d): %v, %v", i, j, got, err)
			}
		}
	}
}

func TestMaskBitsOfAChunkSkipItsFilters(t *testing.T) {
	for _, name := range []string{"masks_earliest", "masks_latest"} {
		f := openTrap(t, name)
		want := []uint32{0, 0b110, 0b111, 0b101}
		for i, c := range chunks(t, dataset(t, f, "/masks")) {
			if c.FilterMask != want[i] {
				t.Errorf("%s: chunk %d has mask %03b", name, i, c.FilterMask)
			}
		}
		for i, c := range chunks(t, dataset(t, f, "/optional lzf")) {
			if c.FilterMask != 1 || c.Size != 1000 {
				t.Errorf("%s: chunk %d of noise has mask %b and %d bytes", name, i, c.FilterMask, c.Size)
			}
		}
	}
}

func TestAnUnknownFilterFailsItsDatasetAlone(t *testing.T) {
	for _, name := range []string{"masks_earliest", "masks_latest"} {
		f := openTrap(t, name)
		d := dataset(t, f, "/unknown")
		if _, err := d.ReadAny(context.Background()); !errors.Is(err, h5err.ErrUnsupported) || !strings.Contains(err.Error(), "filter 300") {
			t.Errorf("%s: %v", name, err)
		}
		got, err := hdf5.Read[int32](context.Background(), d, hdf5.Sel("0:10"))
		if err != nil || got[9] != 9 {
			t.Errorf("%s: a chunk that skipped the filter: %v, %v", name, got, err)
		}
		if errs := readAll(f); len(errs) != 1 {
			t.Errorf("%s: %v", name, errs)
		}
		if s := d.Filters(); len(s) != 1 || s[0].ID != 300 || fmt.Sprint(s[0].Values) != "[1 2 3]" || !s[0].Optional {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// An element of length 0 may carry any address, and any index.
func TestEmptyVariableLengthElementsHaveNoAddress(t *testing.T) {
	for _, name := range []string{"graph_latest", "graph_earliest"} {
		for _, path := range []string{"/vl", "/text"} {
			image := trapImage(t, name)
			f := openImage(t, image)
			d := dataset(t, f, path)
			l, err := d.Layout()
			if err != nil || l.Class != "contiguous" {
				t.Fatal(l.Class, err)
			}
			before, err := d.ReadAny(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			// Element 1 is empty: length 4, address 8, index 4.
			at := int(l.Address) + 16
			if n := binary.LittleEndian.Uint32(image[at:]); n != 0 {
				t.Fatalf("%s of %s: element 1 has length %d", path, name, n)
			}
			copy(image[at+4:], "\x07any thing!!")
			after, err := dataset(t, openImage(t, image), path).ReadAny(context.Background())
			if fmt.Sprint(after) != fmt.Sprint(before) || err != nil {
				t.Errorf("%s of %s: %v, %v", path, name, after, err)
			}
			// With a length, the address counts.
			image[at] = 3
			if _, err := dataset(t, openImage(t, image), path).ReadAny(context.Background()); err == nil {
				t.Errorf("%s of %s: an element without data was read", path, name)
			}
		}
	}
}

func TestFillValuesSayWhoDefinedThem(t *testing.T) {
	for _, name := range []string{"fill_latest", "fill_earliest"} {
		f := openTrap(t, name)
		for path, want := range map[string]hdf5.FillValue{
			"/chunk never incr user":      {Defined: "user", Time: "never", Alloc: "incr", Value: []byte{0xff, 0xf9}},
			"/contig alloc late default":  {Defined: "default", Time: "alloc", Alloc: "late"},
			"/contig never late user":     {Defined: "user", Time: "never", Alloc: "late", Value: []byte{0xff, 0xf9}},
			"/chunk ifset early user":     {Defined: "user", Time: "ifset", Alloc: "early", Value: []byte{0xff, 0xf9}},
			"/chunk never late undefined": {Defined: "undefined", Time: "never", Alloc: "late"},
		} {
			got := dataset(t, f, path).FillValue()
			if got.Defined != want.Defined || got.Time != want.Time || got.Alloc != want.Alloc || !bytes.Equal(got.Value, want.Value) {
				t.Errorf("%s of %s: %+v", path, name, got)
			}
		}
		// A chunk that was never written, beside one that was.
		got, err := hdf5.Read[int16](context.Background(), dataset(t, f, "/chunk ifset incr user"))
		if fmt.Sprint(got) != "[-7 -7 -7 -7 500 -7 -7 -7]" || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if got, err = hdf5.Read[int16](context.Background(), dataset(t, f, "/chunk never incr user")); fmt.Sprint(got[:3], got[4]) != "[0 0 0] 500" || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestRawFilesAreOneDatasetsAffair(t *testing.T) {
	f := openFile(t, "testdata/raw.h5")
	ctx := context.Background()
	got, err := hdf5.Read[int32](ctx, dataset(t, f, "/short"))
	// Eight elements of the first file from its third on, five of the second, zeros behind its end.
	if want := "[2 3 4 5 6 7 8 9 10 11 12 13 14 0 0 0 0 0 0 0]"; fmt.Sprint(got) != want || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err = hdf5.Read[int32](ctx, dataset(t, f, "/short"), hdf5.Sel("14:5:-3")); fmt.Sprint(got) != "[0 13 10]" || err != nil {
		t.Errorf("a selection backwards: %v, %v", got, err)
	}
	if got, err = hdf5.Read[int32](ctx, dataset(t, f, "/short"), hdf5.Sel("5:15:3")); fmt.Sprint(got) != "[7 10 13 0]" || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := dataset(t, f, "/absent").ReadAny(ctx); !errors.Is(err, h5err.ErrNotFound) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
	if _, err := dataset(t, f, "/outside").ReadAny(ctx); !errors.Is(err, h5err.ErrOutside) {
		t.Errorf("outside: %v", err)
	}
	l, err := dataset(t, f, "/short").Layout()
	if err != nil || len(l.External) != 2 || l.External[0] != (hdf5.ExternalFile{Name: "raw_a.bin", Offset: 8, Size: 32}) {
		t.Errorf("%+v, %v", l.External, err)
	}
	// The user may allow all files of the system.
	allowed := openFile(t, "testdata/raw.h5", hdf5.WithOutsideFiles())
	if _, err := dataset(t, allowed, "/outside").ReadAny(ctx); errors.Is(err, h5err.ErrOutside) {
		t.Errorf("allowed: %v", err)
	}
}

// A symbolic link, a pipe or a folder in place of a raw file must not lead out
// of the folder, block or crash.
func TestRawFilesAreRegularFilesOfTheFolder(t *testing.T) {
	dir := t.TempDir()
	b, err := os.ReadFile("testdata/raw.h5")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "raw.h5"), b, 0o600)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "raw_b.bin"), nil, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, bytes.Repeat([]byte("s"), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "raw_a.bin")); err != nil {
		t.Skip(err)
	}
	f := openFile(t, filepath.Join(dir, "raw.h5"))
	if _, err := dataset(t, f, "/short").ReadAny(context.Background()); !errors.Is(err, h5err.ErrOutside) {
		t.Errorf("a symbolic link: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "raw_a.bin")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "raw_a.bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := dataset(t, f, "/short").ReadAny(context.Background()); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := dataset(t, f, "/absent").ReadAny(context.Background()); !errors.Is(err, h5err.ErrNotFound) {
		t.Errorf("another dataset: %v", err)
	}
}
