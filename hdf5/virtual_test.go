package hdf5_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"gables/hdf5"
	"gables/hdf5/dataspace"
	"gables/hdf5/datatype"
	"gables/hdf5/driver"
	"gables/hdf5/h5err"
)

// virtualCase is what libhdf5 reads; see testdata/virtual/make.py.
type virtualCase struct {
	File, Path, Value string
	Shape             []uint64
	Reads             []struct{ Sel, Value string }
}

func virtualCases(t *testing.T) (list []virtualCase) {
	t.Helper()
	b, err := os.ReadFile("testdata/virtual/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) < 60 {
		t.Fatalf("only %d cases", len(list))
	}
	return list
}

func openVirtual(t *testing.T, file, path string) *hdf5.Dataset {
	t.Helper()
	d, err := open(t, "virtual/"+file).Dataset(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// readRaw gives the selected elements as stored; sel "" selects all.
func readRaw(d *hdf5.Dataset, sel string) ([]byte, error) {
	s := dataspace.All()
	if sel != "" {
		s = hdf5.Sel(sel)
	}
	b, err := d.Space().Bind(s)
	if err != nil {
		return nil, err
	}
	buf := make([]byte, int(b.Count())*d.Type().Size)
	for i := range buf {
		buf[i] = 0xa5 // what is left out shows
	}
	_, err = d.ReadRaw(context.Background(), buf, s)
	return buf, err
}

func digestOf(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b))[:16] }

func TestVirtualDatasetsReadAsInLibhdf5(t *testing.T) {
	for _, c := range virtualCases(t) {
		d := openVirtual(t, c.File, c.Path)
		if !slices.Equal(d.Shape(), c.Shape) {
			t.Errorf("%s %s: shape %v, want %v", c.File, c.Path, d.Shape(), c.Shape)
			continue
		}
		b, err := readRaw(d, "")
		if err != nil || digestOf(b) != c.Value {
			t.Errorf("%s %s: %v, got %x", c.File, c.Path, err, b)
		}
		for _, r := range c.Reads {
			if b, err := readRaw(d, r.Sel); err != nil || digestOf(b) != r.Value {
				t.Errorf("%s %s [%s]: %v, got %x", c.File, c.Path, r.Sel, err, b)
			}
		}
	}
}

// A sink that converts must get each element once, so it is served another way.
func TestVirtualDatasetsConvertLikeTheirBytes(t *testing.T) {
	ctx := context.Background()
	n := 0
	for _, c := range virtualCases(t) {
		d := openVirtual(t, c.File, c.Path)
		conv, err := datatype.Compile(d.Type(), reflect.TypeFor[float64](), datatype.Options{})
		if err != nil {
			continue
		}
		for _, r := range append(c.Reads, struct{ Sel, Value string }{}) {
			raw, err := readRaw(d, r.Sel)
			if err != nil {
				t.Fatal(err)
			}
			want := make([]float64, len(raw)/d.Type().Size)
			if err := datatype.Decode(conv, want, raw, nil); err != nil {
				continue
			}
			sel := dataspace.All()
			if r.Sel != "" {
				sel = hdf5.Sel(r.Sel)
			}
			n++
			if got, err := hdf5.Read[float64](ctx, d, sel); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s %s [%s]: %v, got %v, want %v", c.File, c.Path, r.Sel, err, got, want)
			}
		}
	}
	if n < 200 {
		t.Errorf("only %d reads", n)
	}
}

func TestVirtualScanDeliversAllElements(t *testing.T) {
	for _, c := range virtualCases(t) {
		d := openVirtual(t, c.File, c.Path)
		blocks := map[uint64][]byte{}
		var mu sync.Mutex
		err := d.Scan(context.Background(), dataspace.All(), 2, func(b hdf5.Block) error {
			mu.Lock()
			defer mu.Unlock()
			blocks[b.Seq] = bytes.Clone(b.Data)
			return nil
		})
		var all []byte
		for i := range uint64(len(blocks)) {
			all = append(all, blocks[i]...)
		}
		if err != nil || digestOf(all) != c.Value {
			t.Errorf("%s %s: %v, got %x", c.File, c.Path, err, all)
		}
	}
}

func TestVirtualDatasetsServeManyGoroutines(t *testing.T) {
	cases := virtualCases(t)
	files := map[string]*hdf5.File{}
	datasets := make([]*hdf5.Dataset, len(cases))
	for i, c := range cases {
		if files[c.File] == nil {
			files[c.File] = open(t, "virtual/"+c.File)
		}
		var err error
		if datasets[i], err = files[c.File].Dataset(c.Path); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range cases {
				k := (i*7 + g*13) % len(cases)
				if b, err := readRaw(datasets[k], ""); err != nil || digestOf(b) != cases[k].Value {
					t.Errorf("%s %s: %v, got %x", cases[k].File, cases[k].Path, err, b)
				}
			}
		})
	}
	wg.Wait()
}

func TestVirtualFaultsAreErrorsOfTheRead(t *testing.T) {
	for path, want := range map[string]error{
		"e_group": h5err.ErrType, "e_count": h5err.ErrCorrupt, "e_outside": h5err.ErrOutside, "e_absolute": h5err.ErrOutside,
		"e_damaged": h5err.ErrCorrupt, "e_damaged_unlimited": h5err.ErrCorrupt, "e_self": h5err.ErrCorrupt,
		"e_self_unlimited": h5err.ErrCorrupt, "e_ring_a": h5err.ErrCorrupt, "e_ring_b": h5err.ErrCorrupt, "e_max": h5err.ErrCorrupt,
		"e_vl": h5err.ErrUnsupported, "e_type": h5err.ErrUnsupported, "e_member": h5err.ErrUnsupported, "deep17": h5err.ErrLimit,
	} {
		d := openVirtual(t, "special.h5", path)
		for range 2 {
			if _, err := readRaw(d, ""); !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", path, err, want)
			}
		}
		// The description is there all the same.
		if l, err := d.Layout(); err != nil || l.Class != "virtual" || len(l.Virtual) != 1 {
			t.Errorf("%s: layout %+v, %v", path, l, err)
		}
	}
}

func TestVirtualPartsWithoutASourceElementHaveTheFillValue(t *testing.T) {
	short, err := hdf5.Read[int32](context.Background(), openVirtual(t, "special.h5", "x_short"))
	if want := []int32{1, 2, 3, 4, 5, -3, -3, -3}; err != nil || !slices.Equal(short, want) {
		t.Errorf("got %v, %v, want %v", short, err, want)
	}
	text, err := hdf5.Read[string](context.Background(), openVirtual(t, "special.h5", "x_gap_text"))
	if want := []string{"abc", "ab", "", ""}; err != nil || !slices.Equal(text, want) {
		t.Errorf("got %q, %v, want %q", text, err, want)
	}
}

func TestVirtualVariableLengthDataIsReadFromItsOwnFile(t *testing.T) {
	got, err := hdf5.Read[string](context.Background(), openVirtual(t, "special.h5", "vl_same"))
	if err != nil || !slices.Equal(got, []string{"a", "bc"}) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestVirtualSourceNamesAreShownAsStored(t *testing.T) {
	l, err := openVirtual(t, "shared.h5", "x").Layout()
	if err != nil || len(l.Virtual) != 12 {
		t.Fatalf("%+v, %v", l, err)
	}
	for i, v := range l.Virtual {
		file := "a_file_with_a_long_name.h5"
		if i%3 == 0 {
			file = "."
		}
		if want := (hdf5.VirtualSource{File: file, Dataset: "a_dataset_with_a_long_name"}); v != want {
			t.Errorf("mapping %d: %+v, want %+v", i, v, want)
		}
	}
}

// countingDriver counts the bytes that are read.
type countingDriver struct {
	driver.Driver
	n atomic.Int64
}

func (c *countingDriver) ReadAt(p []byte, off uint64) (int, error) {
	c.n.Add(int64(len(p)))
	return c.Driver.ReadAt(p, off)
}

func TestVirtualReadsTakeOnlyWhatTheyNeed(t *testing.T) {
	b, err := os.ReadFile("testdata/virtual/special.h5")
	if err != nil {
		t.Fatal(err)
	}
	c := &countingDriver{Driver: driver.Memory(b)}
	f, err := hdf5.OpenDriver("special.h5", c)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := f.Dataset("x_large")
	if err != nil {
		t.Fatal(err)
	}
	read := func(sel string, first byte, most int64) {
		t.Helper()
		before := c.n.Load()
		got, err := hdf5.Read[uint8](context.Background(), d, hdf5.Sel(sel))
		if err != nil || got[0] != first {
			t.Fatalf("[%s]: %v, %v", sel, got[0], err)
		}
		if n := c.n.Load() - before; n > most {
			t.Errorf("[%s] took %d bytes, at most %d are needed", sel, n, most)
		}
	}
	read("60:61, 5:55", 500%251, 6000) // opens the source
	read("149:150, 5:55", 4950%251, 50)
	read("0:50, :", 0, 0)
	// Close behind a row, the window of a contiguous read goes to its end.
	read("148:150, 20:30", (4900+15)%251, 100)
}

func TestVirtualReadsEndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	d := openVirtual(t, "special.h5", "v_path")
	if _, err := hdf5.Read[int32](ctx, d); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestVirtualSourcesAreClosedWithTheirFile(t *testing.T) {
	f, err := hdf5.Open("testdata/virtual/shared.h5")
	if err != nil {
		t.Fatal(err)
	}
	d, err := f.Dataset("w")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readRaw(d, ""); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := readRaw(d, ""); !errors.Is(err, h5err.ErrClosed) {
		t.Errorf("got %v, want %v", err, h5err.ErrClosed)
	}
}

func TestVirtualExtentsFollowTheSources(t *testing.T) {
	dir := t.TempDir()
	copyFile := func(name string) {
		t.Helper()
		b, err := os.ReadFile("testdata/virtual/" + name)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	copyFile("random_latest.h5")
	shrunk := 0
	f, err := hdf5.Open(filepath.Join(dir, "random_latest.h5"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, c := range virtualCases(t) {
		if c.File != "random_latest.h5" {
			continue
		}
		d, err := f.Dataset(c.Path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readRaw(d, ""); err != nil {
			t.Errorf("%s without the other file: %v", c.Path, err)
		}
		if !slices.Equal(d.Shape(), c.Shape) {
			shrunk++
		}
	}
	if shrunk == 0 {
		t.Error("no dataset shrank with its source")
	}
}

// FuzzVirtualRead puts other mappings into a file and reads what comes of them.
func FuzzVirtualRead(f *testing.F) {
	image, err := os.ReadFile("testdata/virtual/shared.h5")
	if err != nil {
		f.Fatal(err)
	}
	at := bytes.Index(image, []byte("GCOL"))
	size := int(binary.LittleEndian.Uint64(image[at+24:]))
	f.Add(image[at+32 : at+32+size-4])
	seeds, err := filepath.Glob("../internal/format/testdata/virtual/*.bin")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range seeds {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[:len(b)-4])
	}
	f.Fuzz(func(t *testing.T, mappings []byte) {
		if len(mappings) > size-4 || len(mappings) < 1 {
			return
		}
		b := bytes.Clone(image)
		binary.LittleEndian.PutUint64(b[at+24:], uint64(len(mappings)+4))
		copy(b[at+32:], mappings)
		binary.LittleEndian.PutUint32(b[at+32+len(mappings):], lookup3(mappings))
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		h, err := hdf5.OpenBytes(b)
		if err != nil {
			return
		}
		defer h.Close()
		d, err := h.Dataset("v")
		if err != nil {
			return
		}
		n, err := d.Space().Count()
		if err != nil || n > 1<<16 {
			return
		}
		whole, err := hdf5.Read[int32](ctx, d)
		if errors.Is(err, context.DeadlineExceeded) {
			t.Fatal("a read of at most 65536 elements took 10 s")
		}
		if err != nil {
			return
		}
		part, err := hdf5.Read[float64](ctx, d, hdf5.Sel("::5"))
		if err != nil {
			t.Fatalf("all was read, a part not: %v", err)
		}
		for i, v := range part {
			if v != float64(whole[i*5]) {
				t.Fatalf("element %d is %v, and %d among all", i*5, v, whole[i*5])
			}
		}
	})
}

// lookup3 is the format's checksum of metadata, written down again.
func lookup3(k []byte) uint32 {
	rot := func(x uint32, n int) uint32 { return x<<n | x>>(32-n) }
	a := 0xdeadbeef + uint32(len(k))
	b, c := a, a
	for len(k) > 12 {
		a += binary.LittleEndian.Uint32(k)
		b += binary.LittleEndian.Uint32(k[4:])
		c += binary.LittleEndian.Uint32(k[8:])
		for i, n := range []int{4, 6, 8, 16, 19, 4} {
			p := []*uint32{&a, &b, &c}
			x, y, z := p[i%3], p[(i+2)%3], p[(i+1)%3]
			*x -= *y
			*x ^= rot(*y, n)
			*y += *z
		}
		k = k[12:]
	}
	if len(k) == 0 {
		return c
	}
	tail := append(bytes.Clone(k), make([]byte, 12)...)
	a += binary.LittleEndian.Uint32(tail)
	b += binary.LittleEndian.Uint32(tail[4:])
	c += binary.LittleEndian.Uint32(tail[8:])
	for i, n := range []int{14, 11, 25, 16, 4, 14, 24} {
		p := []*uint32{&c, &a, &b}
		x, y := p[i%3], p[(i+2)%3]
		*x ^= *y
		*x -= rot(*y, n)
	}
	return c
}

func BenchmarkVirtualRead(b *testing.B) {
	f, err := hdf5.Open("testdata/virtual/special.h5")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	d, err := f.Dataset("x_large")
	if err != nil {
		b.Fatal(err)
	}
	out := make([]uint8, 200*60)
	b.SetBytes(int64(len(out)) * int64(unsafe.Sizeof(out[0])))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := hdf5.ReadInto(context.Background(), d, out); err != nil {
			b.Fatal(err)
		}
	}
}
