package format

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// freeSpace is a manager and its list as libhdf5 stored them; see
// testdata/freespace_make.py.
type freeSpace struct {
	addr       wire.Address
	head, list []byte
}

func freeSpaces(t testing.TB) []freeSpace {
	t.Helper()
	text, err := os.ReadFile("testdata/freespace.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []freeSpace
	for line := range strings.Lines(string(text)) {
		var f freeSpace
		var head, list string
		if _, err := fmt.Sscanf(line, "%x %s %s", &f.addr, &head, &list); err != nil {
			t.Fatal(err)
		}
		f.head, _ = hex.DecodeString(head)
		f.list, _ = hex.DecodeString(list)
		all = append(all, f)
	}
	return all
}

func TestFreeSpaceOfLibhdf5IsRepeatedByteForByte(t *testing.T) {
	s := unlike[0]
	equal, classes := 0, map[[2]uint8]bool{}
	for _, f := range freeSpaces(t) {
		h, err := DecodeFreeSpaceManager(f.head, s)
		if err != nil {
			t.Fatal(err)
		}
		list, err := h.DecodeFreeSections(f.list, f.addr, s)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			classes[[2]uint8{h.Client, c.Class}] = true
		}
		was := *h
		got, err := h.AppendFreeSections(nil, list, f.addr, s)
		if err != nil {
			t.Fatal(err)
		}
		// Lists in files with pages may end in bytes that nothing uses.
		if was.ListSize = h.ListSize; *h != was {
			t.Errorf("manager at 0x%x: %+v, want %+v", uint64(f.addr), *h, was)
		}
		if bytes.Equal(got, f.list) {
			equal++
		} else if n := len(got) - 4; n >= len(f.list) || !bytes.Equal(got[:n], f.list[:n]) {
			t.Errorf("manager at 0x%x: another list", uint64(f.addr))
		}
		h.ListSize = uint64(len(f.list))
		if head, err := AppendFreeSpaceManager(nil, h, s); err != nil || !bytes.Equal(head, f.head) {
			t.Errorf("manager at 0x%x: % x, %v", uint64(f.addr), head, err)
		}
	}
	for _, c := range [][2]uint8{{FreeSpaceOfHeap, SectionSingle}, {FreeSpaceOfHeap, SectionFirstRow}, {FreeSpaceOfFile, SectionSimple},
		{FreeSpaceOfFile, SectionSmall}, {FreeSpaceOfFile, SectionLarge}} {
		if !classes[c] {
			t.Errorf("no section of client and class %v", c)
		}
	}
	if equal < 8 {
		t.Errorf("only %d lists are equal", equal)
	}
}

func TestFreeSpaceIsDecodedAsItWasAppended(t *testing.T) {
	for _, s := range unlike {
		r := roll{rand.New(rand.NewPCG(uint64(s.Offset), uint64(s.Length))), s}
		for range 200 {
			h := &FreeSpaceManager{Client: uint8(r.IntN(2)), Ghosts: r.fits(1), Classes: r.u16(), Shrink: r.u16(), Expand: r.u16(),
				AddressBits: uint16(1 + r.IntN(64)), MaxSection: 1 + r.fits(s.Length)/2, List: wire.Address(r.fits(s.Offset)), ListRoom: 30000}
			var list []FreeSection
			for range r.IntN(30) {
				c := FreeSection{At: r.Uint64() & (1<<h.AddressBits - 1), Size: 1 + r.Uint64N(h.MaxSection)>>r.IntN(8)}
				if c.Class = uint8(r.IntN(4)); h.extra(c.Class) > 0 {
					c.Extra = bytes.Repeat([]byte{7}, h.extra(c.Class))
				}
				list = append(list, c)
			}
			addr := wire.Address(r.fits(s.Offset))
			b, err := h.AppendFreeSections([]byte("before"), list, addr, s)
			if err != nil {
				if s.Length > 2 {
					t.Fatal(err)
				}
				continue
			}
			head, err := AppendFreeSpaceManager([]byte("head"), h, s)
			if err != nil {
				if s.Length > 2 {
					t.Fatal(err)
				}
				continue
			}
			if len(head) != 4+FreeSpaceManagerSize(s) || len(b) != 6+int(h.ListSize) {
				t.Fatalf("%v: %d and %d bytes", s, len(head), len(b))
			}
			got, err := DecodeFreeSpaceManager(head[4:], s)
			if err != nil || *got != *h {
				t.Fatalf("%v: %+v, %v; want %+v", s, got, err, h)
			}
			again, err := h.DecodeFreeSections(b[6:], addr, s)
			if err != nil || len(list) != len(again) || len(list) > 0 && !reflect.DeepEqual(again, list) {
				t.Fatalf("%v: %v, %v; want %v", s, again, err, list)
			}
		}
	}
}

func TestFreeSpaceThatBreaksARuleIsRefused(t *testing.T) {
	s := unlike[0]
	f := freeSpaces(t)[0]
	mustCheck(t, "manager", f.head, func(b []byte) error { _, err := DecodeFreeSpaceManager(b, s); return err })
	h, _ := DecodeFreeSpaceManager(f.head, s)
	mustCheck(t, "list", f.list, func(b []byte) error { _, err := h.DecodeFreeSections(b, f.addr, s); return err })
	_, err := h.DecodeFreeSections(f.list, f.addr+1, s)
	wants(t, "another manager's list", err, h5err.ErrCorrupt)
	h.Stored++
	_, err = h.DecodeFreeSections(f.list, f.addr, s)
	wants(t, "more sections than bytes", err, h5err.ErrCorrupt)
	h.Stored = 1 << 60
	_, err = h.DecodeFreeSections(f.list, f.addr, s)
	wants(t, "a vast number of sections", err, h5err.ErrCorrupt)
	for name, c := range map[string]struct {
		change func(h *FreeSpaceManager)
		want   error
	}{
		"client":     {func(h *FreeSpaceManager) { h.Client = 2 }, h5err.ErrUnsupported},
		"no bits":    {func(h *FreeSpaceManager) { h.AddressBits = 0 }, h5err.ErrCorrupt},
		"65 bits":    {func(h *FreeSpaceManager) { h.AddressBits = 65 }, h5err.ErrCorrupt},
		"no section": {func(h *FreeSpaceManager) { h.MaxSection = 0 }, h5err.ErrCorrupt},
		"no room":    {func(h *FreeSpaceManager) { h.ListRoom = h.ListSize - 1 }, h5err.ErrCorrupt},
		"short list": {func(h *FreeSpaceManager) { h.ListSize = 16 }, h5err.ErrCorrupt},
	} {
		h, _ := DecodeFreeSpaceManager(f.head, s)
		c.change(h)
		b, err := AppendFreeSpaceManager(nil, h, s)
		if err != nil {
			t.Fatal(err)
		}
		_, err = DecodeFreeSpaceManager(b, s)
		wants(t, name, err, c.want)
	}
	if _, err := h.AppendFreeSections(nil, []FreeSection{{At: 1, Size: 1, Class: SectionIndirect}}, 0, s); err == nil && h.Client == FreeSpaceOfHeap {
		t.Error("an indirect section without its block was stored")
	}
}

func FuzzFreeSpace(f *testing.F) {
	for _, x := range freeSpaces(f) {
		f.Add(x.head, x.list, uint64(x.addr), uint8(0))
	}
	f.Fuzz(func(t *testing.T, head, list []byte, addr uint64, w uint8) {
		s := unlike[int(w)%len(unlike)]
		if len(head) < 4 || len(list) < 4 {
			return
		}
		seal(head)
		seal(list)
		h, err := DecodeFreeSpaceManager(head, s)
		if err != nil {
			return
		}
		sections, err := h.DecodeFreeSections(list, wire.Address(addr), s)
		if err != nil {
			return
		}
		b, err := h.AppendFreeSections(nil, sections, wire.Address(addr), s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := h.DecodeFreeSections(b, wire.Address(addr), s)
		if err != nil || len(again) != len(sections) || len(again) > 0 && !reflect.DeepEqual(again, sections) {
			t.Fatalf("%v, %v; want %v", again, err, sections)
		}
	})
}
