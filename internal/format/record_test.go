package format

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"gables/hdf5/h5err"
	"gables/internal/checksum"
	"gables/internal/wire"
)

// unlike are widths that tell an offset from a length.
var unlike = []wire.Sizes{{Offset: 8, Length: 8}, {Offset: 4, Length: 8}, {Offset: 8, Length: 4}, {Offset: 2, Length: 4}, {Offset: 4, Length: 2}}

// record builds the bytes of a record.
type record struct {
	b []byte
	s wire.Sizes
}

func (r *record) raw(b ...byte) *record { r.b = append(r.b, b...); return r }
func (r *record) text(s string) *record { r.b = append(r.b, s...); return r }
func (r *record) zero(n int) *record    { return r.raw(make([]byte, n)...) }
func (r *record) uint(v uint64, n int) *record {
	b := binary.LittleEndian.AppendUint64(nil, v)
	return r.raw(b[:n]...)
}
func (r *record) u16(v uint16) *record    { return r.uint(uint64(v), 2) }
func (r *record) u32(v uint32) *record    { return r.uint(uint64(v), 4) }
func (r *record) u64(v uint64) *record    { return r.uint(v, 8) }
func (r *record) offset(v uint64) *record { return r.uint(v, r.s.Offset) }
func (r *record) length(v uint64) *record { return r.uint(v, r.s.Length) }

// sum appends the checksum of all that precedes.
func (r *record) sum() *record { return r.u32(checksum.Lookup3(r.b)) }

func rec(s wire.Sizes) *record { return &record{s: s} }

// mustFail holds every shorter form of b, and b with one byte changed, to an
// error or at least to no panic: cut says what the shorter forms give.
func mustFail(t *testing.T, name string, b []byte, cut error, decode func([]byte) error) {
	t.Helper()
	if err := decode(b); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	for n := range b {
		if err := decode(b[:n:n]); !errors.Is(err, cut) {
			t.Errorf("%s: %d of %d bytes: got %v, want %v", name, n, len(b), err, cut)
		}
	}
}

// mustCheck holds every changed byte of a checksummed record to ErrChecksum.
func mustCheck(t *testing.T, name string, b []byte, decode func([]byte) error) {
	t.Helper()
	if err := decode(b); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	for i := range b {
		c := bytes.Clone(b)
		c[i] ^= 0x04
		if err := decode(c); !errors.Is(err, h5err.ErrChecksum) {
			t.Errorf("%s: byte %d of %d changed: got %v, want ErrChecksum", name, i, len(b), err)
		}
	}
	for n := range b {
		if err := decode(b[:n:n]); !errors.Is(err, h5err.ErrChecksum) && !errors.Is(err, h5err.ErrCorrupt) && !errors.Is(err, h5err.ErrTruncated) {
			t.Errorf("%s: %d of %d bytes: got %v", name, n, len(b), err)
		}
	}
}

func wants(t *testing.T, name string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", name, err, want)
	}
}

// realFiles gives files that libhdf5 wrote; see hdf5/testdata/traps/make.py.
func realFiles(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("../../hdf5/testdata/traps/*.h5.gz")
	if err != nil || len(names) < 20 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		files[filepath.Base(name)] = b
	}
	return files
}

// realMessages gives the messages of all version 2 headers, by type, each once.
func realMessages(t testing.TB) (map[MessageType][][]byte, wire.Sizes) {
	t.Helper()
	list, seen := map[MessageType][][]byte{}, map[string]bool{}
	for _, b := range realFiles(t) {
		if b[8] < 2 || b[9] != 8 || b[10] != 8 {
			continue
		}
		for at := 0; ; at++ {
			i := bytes.Index(b[at:], []byte("OHDR"))
			if i < 0 {
				break
			}
			at += i
			for _, m := range headerMessages(b[at:]) {
				if !m.Shared() && !seen[string(m.Data)] {
					seen[string(m.Data)] = true
					list[m.Type] = append(list[m.Type], m.Data)
				}
			}
		}
	}
	return list, wire.Sizes{Offset: 8, Length: 8}
}

func headerMessages(b []byte) []Message {
	h, err := DecodeObjectHeader(b)
	if err != nil || h.PrefixSize+h.ChunkSize+4 > uint64(len(b)) {
		return nil
	}
	body, err := VerifyObjectHeader(h, b[:h.PrefixSize+h.ChunkSize+4])
	if err != nil {
		return nil
	}
	list, err := DecodeMessages(h, body, nil)
	if err != nil {
		return nil
	}
	return list
}

// decoders decode a message of each type for the sake of its errors.
func decoders(s wire.Sizes) map[MessageType]func([]byte) error {
	only := func(_ any, err error) error { return err }
	return map[MessageType]func([]byte) error{
		MsgDataspace:      func(b []byte) error { return only(DecodeDataspace(b, s)) },
		MsgLinkInfo:       func(b []byte) error { return only(DecodeLinkInfo(b, s)) },
		MsgFillOld:        func(b []byte) error { return only(DecodeFillOld(b)) },
		MsgFill:           func(b []byte) error { return only(DecodeFill(b)) },
		MsgLink:           func(b []byte) error { return only(DecodeLink(b, s)) },
		MsgExternalFiles:  func(b []byte) error { return only(DecodeExternalFiles(b, s)) },
		MsgLayout:         func(b []byte) error { return only(DecodeLayout(b, s)) },
		MsgFilterPipeline: func(b []byte) error { return only(DecodePipeline(b)) },
		MsgAttribute:      func(b []byte) error { return only(DecodeAttribute(b)) },
		MsgComment:        func(b []byte) error { DecodeComment(b); return nil },
		MsgModTimeOld:     func(b []byte) error { return only(DecodeModTimeOld(b)) },
		MsgSharedTable:    func(b []byte) error { return only(DecodeSharedTableMessage(b, s)) },
		MsgContinuation:   func(b []byte) error { return only(DecodeContinuationMessage(b, s)) },
		MsgSymbolTable:    func(b []byte) error { return only(DecodeSymbolTable(b, s)) },
		MsgModTime:        func(b []byte) error { return only(DecodeModTime(b)) },
		MsgBTreeK:         func(b []byte) error { return only(DecodeBTreeK(b)) },
		MsgDriverInfo:     func(b []byte) error { return only(DecodeDriverInfoMessage(b)) },
		MsgAttributeInfo:  func(b []byte) error { return only(DecodeAttributeInfo(b, s)) },
		MsgRefCount:       func(b []byte) error { return only(DecodeRefCount(b)) },
		MsgFileSpaceInfo:  func(b []byte) error { return only(DecodeFileSpaceInfo(b, s)) },
	}
}

func TestMessagesOfLibhdf5AreUnderstood(t *testing.T) {
	messages, s := realMessages(t)
	for kind, decode := range decoders(s) {
		for _, b := range messages[kind] {
			if err := decode(b); err != nil {
				t.Errorf("type 0x%02x: % x: %v", uint16(kind), b, err)
			}
		}
	}
	for _, kind := range []MessageType{MsgDataspace, MsgLinkInfo, MsgFill, MsgLink, MsgLayout, MsgFilterPipeline, MsgAttribute, MsgSharedTable,
		MsgContinuation, MsgBTreeK, MsgAttributeInfo, MsgRefCount, MsgFileSpaceInfo} {
		if len(messages[kind]) == 0 {
			t.Errorf("no message of type 0x%02x was met", uint16(kind))
		}
	}
}

// FuzzMessages decodes bytes as every type of message.
func FuzzMessages(f *testing.F) {
	messages, _ := realMessages(f)
	for kind, list := range messages {
		for _, b := range list[:min(len(list), 12)] {
			f.Add(b, uint8(kind), uint8(0))
		}
	}
	f.Add(rec(unlike[0]).raw(3, 0, 4, 0).text("a.nc").b, uint8(MsgComment), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, kind, sizes uint8) {
		s := unlike[int(sizes)%len(unlike)]
		d := decoders(s)
		if decode := d[MessageType(kind)]; decode != nil {
			if err := decode(b); err != nil {
				known(t, err)
			}
		}
		if m, err := DecodeSharedMessage(b, s); err != nil {
			known(t, err)
		} else if m.InHeap && m.Header != 0 {
			t.Errorf("%+v is in two places", m)
		}
		if _, err := DecodeSelection(wire.NewReader(b, s)); err != nil {
			known(t, err)
		}
	})
}

// known holds an error to the sentinels that a decoder may give.
func known(t *testing.T, err error) {
	t.Helper()
	for _, s := range []error{h5err.ErrCorrupt, h5err.ErrUnsupported, h5err.ErrChecksum, h5err.ErrLimit, h5err.ErrTruncated, h5err.ErrNotHDF5} {
		if errors.Is(err, s) {
			return
		}
	}
	t.Fatalf("an error without a sentinel: %v", err)
}

// FuzzRecords decodes bytes as every record that has no message; the checksum
// is made right, so that what is behind it is reached.
func FuzzRecords(f *testing.F) {
	for _, b := range realFiles(f) {
		f.Add(b[:min(len(b), 128)], uint8(0))
		for _, sig := range []string{"OHDR", "OCHK", "FRHP", "FHIB", "SMTB", "SNOD", "HEAP"} {
			if i := bytes.Index(b, []byte(sig)); i >= 0 {
				f.Add(b[i:min(len(b), i+400)], uint8(0))
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, sizes uint8) {
		s := unlike[int(sizes)%len(unlike)]
		fixed := (&record{b: bytes.Clone(b)}).sum().b
		var errs []error
		keep := func(_ any, err error) { errs = append(errs, err) }
		keep(DecodeSuperblock(b))
		if len(b) > 12 && b[8] >= 2 {
			if n := 12 + 4*int(b[9]); n+4 <= len(b) && n < 48 {
				c := (&record{b: bytes.Clone(b[:n])}).sum().b
				keep(DecodeSuperblock(c))
			}
		}
		h, err := DecodeObjectHeader(b)
		keep(h, err)
		if err == nil && h.PrefixSize <= uint64(len(b)) {
			keep(VerifyObjectHeader(h, fixed))
			keep(DecodeMessages(h, b[h.PrefixSize:], nil))
			keep(DecodeContinuation(h, fixed))
		}
		keep(DecodeSymbolNode(b, s))
		keep(DecodeLocalHeap(b, s))
		keep(DecodeSharedTable(fixed, 1+int(sizes)%8, s))
		if info, err := DecodeDriverInfo(b); err == nil {
			keep(info.Multi())
			keep(info.Family())
		}
		heap, err := DecodeFractalHeap(fixed, s)
		keep(heap, err)
		if err == nil {
			fuzzHeap(t, heap, fixed, s)
		}
		for _, err := range errs {
			if err != nil {
				known(t, err)
			}
		}
	})
}

// fuzzHeap does what the heap's reader does with the numbers of its header.
func fuzzHeap(t *testing.T, h *FractalHeap, b []byte, s wire.Sizes) {
	t.Helper()
	for _, offset := range []uint64{0, 1, h.StartBlock, h.StartBlock*h.TableWidth + 1, h.MaxDirect, 1 << 40, 1<<63 + 1, ^uint64(0)} {
		if h.OffsetSize < 8 {
			offset &= 1<<(8*h.OffsetSize) - 1
		}
		row, col := h.Locate(offset)
		if row < 0 || row > 64 || row < h.RootRows && col >= h.TableWidth {
			t.Fatalf("offset 0x%x lies in row %d, column %d", offset, row, col)
		}
		if row >= h.MaxDirectRows && h.RowBlockSize(row) >= h.StartBlock*h.TableWidth {
			if n := h.ChildRows(row); n < 1 || n > row {
				t.Fatalf("row %d has blocks of %d rows", row, n)
			}
		}
	}
	if _, err := h.DecodeIndirectBlock(b, min(h.RootRows, 20), s); err != nil {
		known(t, err)
	}
	if err := h.CheckDirectBlock(b, s); err != nil {
		known(t, err)
	}
}
