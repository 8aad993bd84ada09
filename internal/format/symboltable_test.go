package format

import (
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// Entries of the three cache types, each field with a value of its own.
func symbolNode(s wire.Sizes) *record {
	r := rec(s).text("SNOD").raw(1, 0).u16(3)
	r.length(0x08).offset(0x111).u32(0).zero(4).zero(16)
	r.length(0x10).offset(0x222).u32(1).zero(4).offset(0x333).offset(0x444).zero(16 - 2*s.Offset)
	return r.length(0x18).offset(0).u32(2).zero(4).u32(0x28).zero(12)
}

// In libhdf5 a name's offset is as wide as a length.
func TestSymbolsHaveThreeCacheTypes(t *testing.T) {
	for _, s := range unlike {
		b := symbolNode(s).b
		list, err := DecodeSymbolNode(append(b, 0xee, 0xee), s)
		if err != nil || len(list) != 3 {
			t.Errorf("%v: %d entries, %v", s, len(list), err)
			continue
		}
		want := []SymbolTableEntry{{NameOffset: 8, Header: 0x111}, {NameOffset: 0x10, Header: 0x222, CacheType: CacheGroup, BTree: 0x333, Heap: 0x444},
			{NameOffset: 0x18, CacheType: CacheSoftLink, LinkOffset: 0x28}}
		for i := range want {
			if list[i] != want[i] {
				t.Errorf("%v: entry %d:\n got %+v\nwant %+v", s, i, list[i], want[i])
			}
		}
		if n := 8 + 3*SymbolTableEntrySize(s); n != len(b) {
			t.Errorf("%v: a node of %d bytes, want %d", s, n, len(b))
		}
		mustFail(t, "node", b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeSymbolNode(b, s); return err })
	}
}

func TestSymbolNodesThatBreakARuleAreRefused(t *testing.T) {
	s := unlike[0]
	change := func(i int, v byte) []byte {
		b := symbolNode(s).b
		b[i] = v
		return b
	}
	for _, c := range []struct {
		name string
		b    []byte
		want error
	}{
		{"signature", change(0, 'X'), h5err.ErrCorrupt}, {"version", change(4, 2), h5err.ErrUnsupported},
		{"symbols", change(6, 4), h5err.ErrCorrupt}, {"cache type", change(8+16, 3), h5err.ErrCorrupt},
	} {
		_, err := DecodeSymbolNode(c.b, s)
		wants(t, c.name, err, c.want)
	}
	if list, err := DecodeSymbolNode(rec(s).text("SNOD").raw(1, 0).u16(0).b, s); err != nil || len(list) != 0 {
		t.Errorf("an empty node: %d, %v", len(list), err)
	}
}

func TestLocalHeapHasItsFields(t *testing.T) {
	for _, s := range unlike {
		r := rec(s).text("HEAP").zero(4).length(0x58).length(1).offset(0x2c8)
		h, err := DecodeLocalHeap(r.b, s)
		if err != nil || *h != (LocalHeap{DataSize: 0x58, FreeList: 1, Data: 0x2c8}) || LocalHeapSize(s) != uint64(len(r.b)) {
			t.Errorf("%v: %+v, %v", s, h, err)
		}
		mustFail(t, "heap", r.b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeLocalHeap(b, s); return err })
		r.b[4] = 1
		_, err = DecodeLocalHeap(r.b, s)
		wants(t, "version", err, h5err.ErrUnsupported)
		m := rec(s).offset(0x88).offset(0x2a8)
		if st, err := DecodeSymbolTable(m.b, s); err != nil || *st != (SymbolTable{0x88, 0x2a8}) {
			t.Errorf("%v: %+v, %v", s, st, err)
		}
		mustFail(t, "message", m.b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeSymbolTable(b, s); return err })
	}
}
