package format

import (
	"encoding/binary"
	"errors"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/checksum"
	"gables/internal/wire"
)

// seal appends the checksum.
func sealChunkIndex(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, checksum.Lookup3(b))
}

func TestStoredSizesAreAsWideAsLibhdf5Computes(t *testing.T) {
	s := wire.Sizes{Offset: 8, Length: 4}
	for _, c := range []struct {
		version uint8
		bytes   uint64
		want    int
	}{{4, 1, 2}, {4, 255, 2}, {4, 256, 3}, {4, 65535, 3}, {4, 65536, 4}, {4, 1<<24 - 1, 4}, {4, 1 << 24, 5}, {4, 1<<32 - 1, 5},
		{4, 1 << 32, 6}, {4, ^uint64(0), 8}, {5, 256, 4}, {5, 1, 4}} {
		if got := ChunkSizeWidth(c.version, c.bytes, s); got != c.want {
			t.Errorf("version %d, %d bytes: %d, want %d", c.version, c.bytes, got, c.want)
		}
	}
}

func TestElementsOfEachWidth(t *testing.T) {
	for _, off := range []int{2, 4, 8} {
		shape := ChunkElementShape{Address: off, Size: 3}
		var raw []byte
		raw = append(raw, []byte{0x12, 0x34, 0, 0, 0, 0, 0, 0}[:off]...)
		raw = append(raw, 7, 8, 9, 1, 0, 0, 0x80)
		for range off {
			raw = append(raw, 0xff)
		}
		raw = append(raw, 0, 0, 0, 0, 0, 0, 0)
		e, err := DecodeChunkPage(sealChunkIndex(raw), shape)
		if err != nil || e.Len() != 2 {
			t.Fatal(err)
		}
		if a, n, m := e.At(0); a != 0x3412 || n != 0x090807 || m != 0x80000001 {
			t.Fatal(off, a, n, m)
		}
		if a, _, _ := e.At(1); a.Defined() {
			t.Fatal(off, a)
		}
	}
}

// eaHeader is the header that libhdf5 writes by default, with one byte changed.
func eaHeader(at int, to byte) []byte {
	b := append([]byte("EAHD"), 0, 0, 8, 32, 4, 16, 4, 10)
	b = append(b, make([]byte, 48)...)
	b = binary.LittleEndian.AppendUint64(b, 0x1000)
	if at >= 0 {
		b[at] = to
	}
	return sealChunkIndex(b)
}

func TestExtensibleArrayHeaderFieldsAreJudged(t *testing.T) {
	s, shape := wire.Sizes{Offset: 8, Length: 8}, ChunkElementShape{Address: 8}
	for _, c := range []struct {
		name string
		at   int
		to   byte
		want error
	}{
		{"good", -1, 0, nil},
		{"signature", 0, 'X', h5err.ErrCorrupt},
		{"version", 4, 1, h5err.ErrUnsupported},
		{"client of filtered chunks", 5, 1, h5err.ErrCorrupt},
		{"unknown client", 5, 2, h5err.ErrUnsupported},
		{"element size", 6, 9, h5err.ErrCorrupt},
		{"max bits 0", 7, 0, h5err.ErrCorrupt},
		{"max bits 3 below min elements", 7, 3, h5err.ErrCorrupt},
		{"max bits 64", 7, 64, h5err.ErrUnsupported},
		{"max bits 65", 7, 65, h5err.ErrCorrupt},
		{"min elements no power of two", 9, 12, h5err.ErrCorrupt},
		{"min elements 0", 9, 0, h5err.ErrCorrupt},
		{"min pointers no power of two", 10, 5, h5err.ErrCorrupt},
		{"min pointers 1", 10, 1, h5err.ErrCorrupt},
		{"page bits 0", 11, 0, h5err.ErrCorrupt},
		{"page smaller than direct blocks", 11, 4, h5err.ErrCorrupt},
	} {
		h, err := DecodeExtensibleArrayHeader(eaHeader(c.at, c.to), s, 0, shape)
		if !errors.Is(err, c.want) || (err == nil) != (h != nil && c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestSuperBlocksAreContiguous(t *testing.T) {
	h, err := DecodeExtensibleArrayHeader(eaHeader(-1, 0), wire.Sizes{Offset: 8, Length: 8}, 0, ChunkElementShape{Address: 8})
	if err != nil {
		t.Fatal(err)
	}
	first, block := uint64(0), uint64(0)
	for s := range h.SuperBlocks() {
		sb := h.SuperBlock(s)
		if sb.First != first || sb.FirstBlock != block {
			t.Fatalf("super block %d: first element %d, block %d; want %d, %d", s, sb.First, sb.FirstBlock, first, block)
		}
		if h.SuperBlockOf(first) != s || first > 0 && h.SuperBlockOf(first-1) != s-1 {
			t.Fatal("elements around", first, "are in other super blocks")
		}
		first += sb.Blocks * sb.BlockElements
		block += sb.Blocks
	}
	if direct := h.SuperBlock(3); !direct.Direct || h.SuperBlock(4).Direct {
		t.Fatal("four super blocks of six data blocks stand in the index block")
	}
	if first < 1<<32 {
		t.Fatal("the array holds only", first)
	}
}

func TestFixedArrayHeaderFieldsAreJudged(t *testing.T) {
	s, shape := wire.Sizes{Offset: 8, Length: 8}, ChunkElementShape{Address: 8, Size: 2}
	for _, c := range []struct {
		name string
		at   int
		to   byte
		want error
	}{
		{"good", 4, 0, nil},
		{"signature", 3, 'X', h5err.ErrCorrupt},
		{"version", 4, 1, h5err.ErrUnsupported},
		{"client", 5, 0, h5err.ErrCorrupt},
		{"element size", 6, 8, h5err.ErrCorrupt},
		{"page bits", 7, 0, h5err.ErrCorrupt},
		{"page bits of 2^33", 7, 33, h5err.ErrCorrupt},
		{"elements", 15, 0xff, h5err.ErrCorrupt},
	} {
		b := append([]byte("FAHD"), 0, 1, 14, 10)
		b = binary.LittleEndian.AppendUint64(b, 5000)
		b = binary.LittleEndian.AppendUint64(b, 0x1000)
		b[c.at] = c.to
		h, err := DecodeFixedArrayHeader(sealChunkIndex(b), s, 0, shape)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if c.want == nil && (!h.Paged() || h.Pages() != 5) {
			t.Errorf("%s: %d pages", c.name, h.Pages())
		}
	}
}

func FuzzBTreeV2Header(f *testing.F) {
	f.Add([]byte("BTHD\x00\x0a\x00\x08\x00\x00\x18\x00\x01\x00\x64\x28\x00\x10\x00\x00\x00\x00\x00\x00\x02\x00\x09\x00\x00\x00\x00\x00\x00\x00"), uint8(8))
	f.Fuzz(func(t *testing.T, b []byte, width uint8) {
		s := wire.Sizes{Offset: 2 << (width % 3), Length: 2 << (width / 3 % 3)}
		h, err := DecodeBTreeV2Header(sealChunkIndex(b), s)
		if err != nil {
			return
		}
		for d := range h.Depth + 1 {
			if most := h.MaxRecords(d); most == 0 || h.UsedBytes(d, most) > uint64(h.NodeSize) {
				t.Fatalf("depth %d: %d records in %d of %d bytes", d, most, h.UsedBytes(d, most), h.NodeSize)
			}
		}
	})
}

func FuzzBTreeV2Node(f *testing.F) {
	header := []byte("BTHD\x00\x0a\x00\x08\x00\x00\x18\x00\x01\x00\x64\x28\x00\x10\x00\x00\x00\x00\x00\x00\x02\x00\x09\x00\x00\x00\x00\x00\x00\x00")
	h, err := DecodeBTreeV2Header(sealChunkIndex(header), wire.Sizes{Offset: 8, Length: 8})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append([]byte("BTIN\x00\x0a"), make([]byte, 24+2*9)...), uint8(1), uint16(1))
	f.Add(append([]byte("BTLF\x00\x0a"), make([]byte, 48)...), uint8(0), uint16(2))
	f.Fuzz(func(t *testing.T, b []byte, depth uint8, records uint16) {
		d := int(depth % 2)
		n, err := DecodeBTreeV2Node(sealChunkIndex(b), h, d, uint64(records))
		if err != nil {
			return
		}
		for i := range n.Count {
			n.Record(i)
		}
		for i := 0; d > 0 && i <= n.Count; i++ {
			n.Child(i)
		}
	})
}
