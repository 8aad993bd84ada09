package format

import (
	"bytes"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/checksum"
	"gables/internal/wire"
)

// fractal builds a header; each number has a place of its own.
func fractal(s wire.Sizes, filters []byte, width uint16, start, direct uint64, bits, rows, idLen uint16) *record {
	r := rec(s).text("FRHP").raw(0).u16(idLen).u16(uint16(len(filters))).raw(2).u32(4096)
	r.length(3).offset(0x111).length(5).offset(0x222)
	for i := range uint64(8) {
		r.length(10 + i)
	}
	r.u16(width).length(start).length(direct).u16(bits).u16(1).offset(0x333).u16(rows)
	if len(filters) > 0 {
		r.length(0x444).u32(2).raw(filters...)
	}
	return r.sum()
}

var deflate6 = []byte{2, 1, 1, 0, 1, 0, 1, 0, 6, 0, 0, 0}

func TestFractalHeapHeaderHasItsFields(t *testing.T) {
	for _, s := range unlike {
		for _, filters := range [][]byte{nil, deflate6} {
			b := fractal(s, filters, 4, 512, 16384, 32, 3, 9).b
			h, err := DecodeFractalHeap(b, s)
			if err != nil {
				t.Errorf("%v: %v", s, err)
				continue
			}
			if h.IDLength != 9 || h.Flags != 2 || !h.ChecksumPresent || h.MaxManaged != 4096 || h.HugeTree != 0x111 || h.TableWidth != 4 ||
				h.StartBlock != 512 || h.MaxDirect != 16384 || h.MaxHeapBits != 32 || h.Root != 0x333 || h.RootRows != 3 {
				t.Errorf("%v: %+v", s, h)
			}
			if h.OffsetSize != 4 || h.LengthSize != 2 || h.MaxDirectRows != 7 || h.HugeIDSize != 8 || h.TinyExtended {
				t.Errorf("%v: %+v", s, h)
			}
			if filters != nil && (h.RootSize != 0x444 || h.RootMask != 2 || len(h.Filters) != 1 || h.Filters[0].ID != 1) {
				t.Errorf("%v: %+v", s, h)
			}
			direct := s.Offset + s.Length
			if filters != nil {
				direct += s.Length + 4
			}
			if h.HugeDirect != (direct <= 8) {
				t.Errorf("%v, filtered %v: huge objects in the ID: %v", s, h.HasFilters, h.HugeDirect)
			}
			if n := FractalHeapSize(b[:FractalHeapPrefix], s); n != uint64(len(b)) {
				t.Errorf("%v: a header of %d bytes, want %d", s, n, len(b))
			}
			mustCheck(t, "header", b, func(b []byte) error { _, err := DecodeFractalHeap(b, s); return err })
		}
	}
}

func TestTinyObjectsHaveALongFormFromIDsOf19On(t *testing.T) {
	for n, want := range map[uint16]bool{7: false, 8: false, 17: false, 18: false, 19: true, 100: true} {
		h, err := DecodeFractalHeap(fractal(unlike[0], nil, 4, 512, 1024, 16, 0, n).b, unlike[0])
		if err != nil || h.TinyExtended != want {
			t.Errorf("%d: %v, %v", n, h, err)
		}
	}
}

func TestFractalHeapsThatBreakARuleAreRefused(t *testing.T) {
	s := unlike[0]
	for name, b := range map[string]*record{
		"width 3":         fractal(s, nil, 3, 512, 1024, 16, 0, 8),
		"width 0":         fractal(s, nil, 0, 512, 1024, 16, 0, 8),
		"start 0":         fractal(s, nil, 4, 0, 1024, 16, 0, 8),
		"start 500":       fractal(s, nil, 4, 500, 1024, 16, 0, 8),
		"largest below":   fractal(s, nil, 4, 512, 256, 16, 0, 8),
		"largest 8 GiB":   fractal(s, nil, 4, 512, 1<<33, 40, 0, 8),
		"bits 0":          fractal(s, nil, 4, 512, 1024, 0, 0, 8),
		"bits 65":         fractal(s, nil, 4, 512, 1024, 65, 0, 8),
		"rows":            fractal(s, nil, 4, 512, 1024, 16, 7, 8),
		"ID of 2":         fractal(s, nil, 4, 512, 1024, 16, 0, 2),
		"ID of 5000":      fractal(s, nil, 4, 512, 1024, 16, 0, 5000),
		"signature":       (&record{b: append([]byte("FRHQ"), fractal(s, nil, 4, 512, 1024, 16, 0, 8).b[4:142]...)}).sum(),
		"filters too far": fractal(s, []byte{2, 1, 1, 0, 1, 0, 9, 0, 6, 0, 0, 0}, 4, 512, 1024, 16, 0, 8),
	} {
		_, err := DecodeFractalHeap(b.b, s)
		wants(t, name, err, h5err.ErrCorrupt)
	}
	b := fractal(s, nil, 4, 512, 1024, 16, 6, 8).b
	_, err := DecodeFractalHeap(b, s)
	wants(t, "most rows", err, nil)
	b[4] = 1
	_, err = DecodeFractalHeap((&record{b: b[:len(b)-4]}).sum().b, s)
	wants(t, "version", err, h5err.ErrUnsupported)
}

// The doubling table of the specification: rows 0 and 1 have blocks of the
// starting size, each row after them has blocks twice as large.
func TestOffsetsLieInTheRowsOfTheDoublingTable(t *testing.T) {
	h := &FractalHeap{TableWidth: 4, StartBlock: 512, MaxDirect: 2048, MaxHeapBits: 40, IDLength: 8}
	if err := h.derive(unlike[0]); err != nil {
		t.Fatal(err)
	}
	if h.MaxDirectRows != 4 {
		t.Errorf("%d direct rows", h.MaxDirectRows)
	}
	offset := uint64(0)
	for row := range 20 {
		size := uint64(512)
		if row > 1 {
			size <<= row - 1
		}
		if h.RowOffset(row) != offset || h.RowBlockSize(row) != size {
			t.Errorf("row %d: blocks of %d at %d, want %d at %d", row, h.RowBlockSize(row), h.RowOffset(row), size, offset)
		}
		for col := range uint64(4) {
			for _, in := range []uint64{0, 1, size - 1} {
				if r, c := h.Locate(offset + in); r != row || c != col {
					t.Errorf("offset %d: row %d, column %d; want %d, %d", offset+in, r, c, row, col)
				}
			}
			offset += size
		}
		if row >= h.MaxDirectRows {
			// The rows of the child hold as many bytes as the block covers.
			if n := h.ChildRows(row); h.RowOffset(n) != size {
				t.Errorf("row %d: %d rows hold %d of %d bytes", row, n, h.RowOffset(n), size)
			}
		}
	}
}

func TestIndirectBlocksHaveTheirEntries(t *testing.T) {
	for _, s := range unlike {
		for _, filters := range [][]byte{nil, deflate6} {
			h, err := DecodeFractalHeap(fractal(s, filters, 2, 512, 512, 24, 4, 8).b, s)
			if err != nil {
				t.Fatal(err)
			}
			r := rec(s).text("FHIB").raw(0).offset(0x555).uint(0x666, h.OffsetSize)
			for i := range uint64(8) {
				r.offset(0x10 + i)
				if filters != nil && i < 4 {
					r.length(0x20 + i).u32(uint32(i))
				}
			}
			r.sum()
			if n := h.IndirectBlockSize(4, s); n != uint64(len(r.b)) {
				t.Errorf("%v: a block of %d bytes, want %d", s, n, len(r.b))
			}
			list, err := h.DecodeIndirectBlock(r.b, 4, s)
			if err != nil || len(list) != 8 || list[7] != (HeapBlock{Address: 0x17}) {
				t.Errorf("%v: %+v, %v", s, list, err)
			}
			if err == nil && filters != nil && list[3] != (HeapBlock{0x13, 0x23, 3}) {
				t.Errorf("%v: %+v", s, list[3])
			}
			mustCheck(t, "block", r.b, func(b []byte) error { _, err := h.DecodeIndirectBlock(b, 4, s); return err })
			_, err = h.DecodeIndirectBlock(r.b, 5, s)
			wants(t, "more rows than bytes", err, h5err.ErrCorrupt)
		}
	}
}

func TestDirectBlocksAreChecked(t *testing.T) {
	s := unlike[1]
	h := &FractalHeap{OffsetSize: 3, ChecksumPresent: true}
	r := rec(s).text("FHDB").raw(0).offset(0x555).uint(0x666, 3)
	at := len(r.b)
	r.zero(4).text("objects")
	sum := rec(s).u32(checksum.Lookup3(r.b)).b
	copy(r.b[at:], sum)
	before := bytes.Clone(r.b)
	mustCheck(t, "block", r.b, func(b []byte) error {
		err := h.CheckDirectBlock(b, s)
		if len(b) < len(before) || b[0] != 'F' || b[1] != 'H' || b[2] != 'D' || b[3] != 'B' || b[4] != 0 {
			if err == nil {
				t.Errorf("% x passes", b)
			}
			return map[bool]error{true: nil, false: h5err.ErrChecksum}[err == nil]
		}
		return err
	})
	if !bytes.Equal(r.b, before) {
		t.Error("checking wrote to the block")
	}
	h.ChecksumPresent = false
	r.b[at] ^= 1
	wants(t, "without checksums", h.CheckDirectBlock(r.b, s), nil)
	r.b[4] = 1
	wants(t, "version", h.CheckDirectBlock(r.b, s), h5err.ErrUnsupported)
	r.b[0] = 'X'
	wants(t, "signature", h.CheckDirectBlock(r.b, s), h5err.ErrCorrupt)
}
