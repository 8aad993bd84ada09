package heap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gables/hdf5/filter"
	"gables/hdf5/filter/deflate"
	"gables/hdf5/filter/fletcher32"
	"gables/hdf5/h5err"
	"gables/internal/btree"
	"gables/internal/checksum"
	"gables/internal/format"
	"gables/internal/metacache"
	"gables/internal/wire"
)

var filters = filter.NewRegistry(deflate.New(), fletcher32.New())

// links reads the links of every dense group: the name index of each heap,
// which libhdf5 writes right behind it, leads to the heap IDs. It gives names
// with targets, and how often IDs of each type occur.
func links(t *testing.T, b []byte, s wire.Sizes) (map[string]string, [4]int) {
	t.Helper()
	c := memory(b, s)
	names, types := map[string]string{}, [4]int{}
	for _, at := range places(b, "FRHP") {
		f, err := OpenFractal(c, at, filters)
		if err != nil {
			t.Fatal(err)
		}
		for _, tree := range places(b, "BTHD") {
			x, err := btree.OpenV2(c, tree)
			if err != nil || x.Type() != 5 || tree < at {
				continue
			}
			for record, err := range x.All() {
				if err != nil {
					t.Fatal(err)
				}
				id := record[4 : 4+f.IDLength()]
				o, err := f.Object(id)
				if err != nil {
					t.Fatalf("heap at 0x%x, ID % x: %v", uint64(at), id, err)
				}
				l, err := format.DecodeLink(o, s)
				if err != nil {
					t.Fatal(err)
				}
				types[id[0]>>4&3]++
				names[l.Name] = l.Target
			}
			break
		}
	}
	return names, types
}

func TestHeapsOfManyRowsGiveEveryObject(t *testing.T) {
	for _, name := range []string{"heap_plain", "heap_filtered"} {
		b := real(t, name)
		got, types := links(t, b, widths[0])
		for i := range 700 {
			n := fmt.Sprintf("%03d%s", i*509%709, strings.Repeat("x", 1000))
			if got[n] != fmt.Sprintf("t%d", i) {
				t.Fatalf("%s: link %d leads to %q", name, i, got[n])
			}
		}
		for i := range 12 {
			n := fmt.Sprintf("%02d%s", i, strings.Repeat("y", map[bool]int{false: 6000, true: 100}[i%2 == 1]))
			if got[n] != fmt.Sprintf("h%d", i) {
				t.Errorf("%s: link %d leads to %q", name, i, got[n])
			}
		}
		if len(got) != 700+12+9 || got["n8"] != "r8" || types != [4]int{700 + 6 + 9, 6, 0, 0} {
			t.Errorf("%s: %d links, %v objects managed, huge and tiny", name, len(got), types)
		}
		if n := len(places(b, "FHIB")); n < 4 {
			t.Errorf("%s: %d indirect blocks: the heap is too small to have several rows of them", name, n)
		}
	}
}

// With addresses of 2 bytes, a short link fits its ID, and so does the place
// of a huge object.
func TestTinyObjectsLieInTheirIDs(t *testing.T) {
	got, types := links(t, real(t, "heap_tiny"), wire.Sizes{Offset: 2, Length: 4})
	if types[0] == 0 || types[1] != 1 || types[2] != 12 || len(got) != 14 {
		t.Errorf("%d links, %v objects managed, huge and tiny", len(got), types)
	}
	for _, n := range []string{"a", "l", "two", strings.Repeat("x", 5000)} {
		if _, ok := got[n]; !ok {
			t.Errorf("no link %.10q", n)
		}
	}
}

func TestIDsThatBreakARuleAreRefused(t *testing.T) {
	b := real(t, "heap_plain")
	f, err := OpenFractal(memory(b, widths[0]), places(b, "FRHP")[0], filters)
	if err != nil {
		t.Fatal(err)
	}
	if f.IDLength() != 7 {
		t.Fatalf("IDs of %d bytes", f.IDLength())
	}
	for name, id := range map[string]string{
		"empty": "", "version": "\x40\x00\x00\x00\x00\x10\x00", "type": "\x30\x00\x00\x00\x00\x10\x00", "short": "\x00\x00\x00",
		"offset beyond the heap": "\x00\xff\xff\xff\xff\x01\x00", "length beyond the block": "\x00\x20\x00\x00\x00\xff\xff",
		"offset in the last row": "\x00\x00\x00\x00\x7f\x01\x00",
		"tiny beyond the ID":     "\x2f\x01\x02\x03\x04\x05\x06", "no huge objects": "\x10\x01\x00\x00\x00\x00\x00", "short huge": "\x10\x01",
	} {
		if o, err := f.Object([]byte(id)); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%s: %d bytes, %v", name, len(o), err)
		}
	}
	if o, err := f.Object([]byte("\x24abcdef")); err != nil || string(o) != "abcde" {
		t.Errorf("tiny: %q, %v", o, err)
	}
}

func TestExtendedTinyIDsHaveTwelveBitsOfLength(t *testing.T) {
	f := &Fractal{h: &format.FractalHeap{TinyExtended: true, IDLength: 400}}
	id := append([]byte{0x21, 0x03}, bytes.Repeat([]byte("z"), 398)...)
	if o, err := f.Object(id); err != nil || len(o) != 0x104 {
		t.Errorf("%d bytes, %v", len(o), err)
	}
	for _, bad := range [][]byte{{0x20}, {0x2f, 0xff, 1, 2}, {0x20, 0x01, 9}} {
		if _, err := f.Object(bad); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("% x: %v", bad, err)
		}
	}
}

func TestEveryBlockOfAHeapIsChecked(t *testing.T) {
	whole := real(t, "checks_latest")
	for _, sig := range []string{"FRHP", "FHIB", "FHDB"} {
		at := places(whole, sig)
		if len(at) == 0 {
			t.Fatalf("no %s", sig)
		}
		failed := 0
		for _, a := range at {
			b := bytes.Clone(whole)
			b[a+20] ^= 0x40
			failed += checksumFaults(b)
		}
		if failed == 0 {
			t.Errorf("%s: nobody noticed a changed byte", sig)
		}
	}
}

// checksumFaults reads all objects and counts ErrChecksum.
func checksumFaults(b []byte) int {
	c, n := memory(b, widths[0]), 0
	for _, at := range places(b, "FRHP") {
		f, err := OpenFractal(c, at, filters)
		if errors.Is(err, h5err.ErrChecksum) {
			n++
		}
		if err != nil {
			continue
		}
		for offset := uint64(30); offset < 1<<14; offset += 256 {
			id := append([]byte{0}, number(offset, f.h.OffsetSize)...)
			id = append(id, number(4, f.h.LengthSize)...)
			if _, err := f.Object(id); errors.Is(err, h5err.ErrChecksum) {
				return n + 1
			}
		}
	}
	return n
}

func TestAFilterOfAHeapThatIsUnknownIsUnsupported(t *testing.T) {
	b := real(t, "heap_filtered")
	f, err := OpenFractal(memory(b, widths[0]), places(b, "FRHP")[0], &filter.Registry{})
	if err != nil {
		t.Fatal(err)
	}
	// Blocks that were never needed have no place.
	needed := 0
	for offset := uint64(0); offset < 1<<19; offset += 1 << 12 {
		_, err := f.Object(append(append([]byte{0}, number(offset, f.h.OffsetSize)...), 1, 0))
		if errors.Is(err, h5err.ErrUnsupported) {
			needed++
		} else if !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("offset %d: got %v", offset, err)
		}
	}
	if needed == 0 {
		t.Error("no block needed the filter")
	}
}

func TestABlockThatInflatesBeyondTheLimitIsRefused(t *testing.T) {
	b := real(t, "heap_filtered")
	c := memory(b, widths[0])
	limits := wire.DefaultLimits()
	limits.Metadata = 4000
	small := metacache.New(c.Driver(), widths[0], limits)
	f, err := OpenFractal(small, places(b, "FRHP")[0], filters)
	if err != nil {
		t.Fatal(err)
	}
	sawLimit := false
	for offset := uint64(0); offset < 1<<19; offset += 1 << 12 {
		_, err := f.Object(append(append([]byte{0}, number(offset, f.h.OffsetSize)...), 1, 0))
		sawLimit = sawLimit || errors.Is(err, h5err.ErrLimit)
		if err != nil {
			known(t, err)
		}
	}
	if !sawLimit {
		t.Error("no block was too large")
	}
}

// FuzzFractal changes the header of a heap of libhdf5's, makes its checksum
// right and asks for any ID.
func FuzzFractal(f *testing.F) {
	whole := real(f, "heap_plain")[:1<<15]
	at := places(whole, "FRHP")[0]
	f.Add([]byte("\x00\x20\x00\x00\x00\x10\x00"), uint16(110), uint8(0))
	f.Add([]byte("\x24abcdef"), uint16(100), uint8(9))
	f.Add([]byte("\x10\x01\x00\x00\x00\x00\x00"), uint16(14), uint8(1))
	f.Fuzz(func(t *testing.T, id []byte, where uint16, change uint8) {
		b := bytes.Clone(whole)
		header := b[at:]
		n := format.FractalHeapSize(header[:9], widths[0])
		header[5+int(where)%int(n-9)] ^= change
		if n = format.FractalHeapSize(header[:9], widths[0]); n > 4000 {
			return
		}
		binary.LittleEndian.PutUint32(header[n-4:], checksum.Lookup3(header[:n-4]))
		h, err := OpenFractal(memory(b, widths[0]), at, filters)
		if err != nil {
			known(t, err)
			return
		}
		if _, err := h.Object(id); err != nil {
			known(t, err)
		}
	})
}
