package format

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"gables/hdf5/dataspace"
	"gables/hdf5/h5err"
	"gables/internal/wire"
)

func TestPrefixesOfAllFlagsComeBack(t *testing.T) {
	r := roll{Rand: rand.New(rand.NewPCG(3, 4))}
	for i := range 64 * 20 {
		h := &ObjectHeader{Version: 1, RefCount: r.Uint32(), MessagesCount: r.u16(), ChunkSize: uint64(r.Uint32() &^ 7), PrefixSize: 16}
		if i%20 > 0 {
			h = &ObjectHeader{Version: 2, Flags: uint8(i % 64), RefCount: 1}
			h.ChunkSize = r.Uint64() >> (64 - 8<<(h.Flags&HeaderSizeWidth))
			if h.Flags&HeaderTimes != 0 {
				h.HasTimes, h.Access, h.Modification, h.Change, h.Birth = true, r.time(), r.time(), r.time(), r.time()
			}
			if h.Flags&HeaderPhaseChange != 0 {
				h.MaxCompact, h.MinDense = r.u16(), r.u16()
			}
			h.PrefixSize = uint64(h.PrefixBytes())
		}
		comesBack(t, "prefix", h, AppendObjectHeaderPrefix, DecodeObjectHeader)
	}
	for n, want := range map[uint64]uint8{0: 0, 255: 0, 256: 1, 65535: 1, 65536: 2, 1<<32 - 1: 2, 1 << 32: 3, 1 << 63: 3} {
		if got := SizeWidthFlag(n); got != want {
			t.Errorf("%d: %d, want %d", n, got, want)
		}
	}
}

// headerForms are a header of each form that messages take.
var headerForms = []*ObjectHeader{{Version: 1}, {Version: 2}, {Version: 2, Flags: HeaderTracksOrder | 1}}

func TestMessagesAndTheSpaceBetweenComeBack(t *testing.T) {
	r := roll{Rand: rand.New(rand.NewPCG(5, 6))}
	for i := range 600 {
		h := *headerForms[i%3]
		h.Flags = h.Flags&^HeaderSizeWidth | 2
		var want []Message
		var body []byte
		for range r.IntN(6) {
			m := Message{Type: MessageType(r.IntN(0x19)), Flags: uint8(r.IntN(4)), Data: r.bytes(40)}
			if h.TracksOrder() {
				m.Order = r.u16()
			}
			from, err := len(body), error(nil)
			if body, err = AppendMessage(body, &h, &m); err != nil || len(body)-from != h.MessageSize(len(m.Data)) {
				t.Fatalf("%+v: %d bytes, %v", m, len(body)-from, err)
			}
			if h.Version == 1 {
				m.Data = append(m.Data, make([]byte, -len(m.Data)&7)...)
			}
			want = append(want, m)
		}
		b, err := AppendObjectHeader([]byte("before"), &h, body)
		if err != nil {
			t.Fatal(err)
		}
		b = b[6:]
		got, err := DecodeObjectHeader(b)
		if err != nil || got.ChunkSize != uint64(len(body)) {
			t.Fatalf("%+v, %v", got, err)
		}
		messages := b[got.PrefixSize:]
		if h.Version == 2 {
			if messages, err = VerifyObjectHeader(got, b); err != nil {
				t.Fatal(err)
			}
		}
		same(t, got, messages, want)
		block := AppendContinuation([]byte("before"), &h, body)[6:]
		if len(block) != len(body)+h.ContinuationOverhead() {
			t.Errorf("a block of %d bytes", len(block))
		}
		if messages, err = DecodeContinuation(&h, block); err != nil {
			t.Fatal(err)
		}
		same(t, got, messages, want)
	}
}

func same(t *testing.T, h *ObjectHeader, b []byte, want []Message) {
	t.Helper()
	got, err := DecodeMessages(h, b, nil)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d messages, want %d: %v", len(got), len(want), err)
	}
	for i := range got {
		if g, w := got[i], want[i]; g.Type != w.Type || g.Flags != w.Flags || g.Order != w.Order || !bytes.Equal(g.Data, w.Data) {
			t.Fatalf("got %+v, want %+v", g, w)
		}
	}
}

// libhdf5 gives up a chunk that has both NIL messages and a gap.
func TestUnusedSpaceIsFilledExactly(t *testing.T) {
	for _, h := range headerForms {
		head, step := h.MessageHeaderSize(), 1
		if h.Version == 1 {
			step = 8
		}
		sizes := []int{}
		for n := 0; n < 40; n += step {
			sizes = append(sizes, n)
		}
		for n := 65536 - 32; n < 65536+32; n += step {
			sizes = append(sizes, n, n+65536)
		}
		for _, n := range sizes {
			b, err := AppendNIL(nil, h, n)
			if err != nil || len(b) != n {
				t.Fatalf("version %d: %d bytes for %d, %v", h.Version, len(b), n, err)
			}
			list, err := DecodeMessages(h, b, nil)
			if err != nil || (len(list) == 0) != (n < head) {
				t.Fatalf("version %d: %d bytes are %d messages, %v", h.Version, n, len(list), err)
			}
			used := 0
			for _, m := range list {
				used += h.MessageSize(len(m.Data))
				if m.Type != MsgNIL || m.Flags != 0 || m.Order != 0 {
					t.Errorf("%+v", m)
				}
			}
			if n >= head && used != n {
				t.Errorf("version %d: messages fill %d of %d bytes", h.Version, used, n)
			}
		}
	}
}

func TestMessagesAreMetOneByOne(t *testing.T) {
	for _, h := range headerForms {
		b, _ := AppendMessage(nil, h, &Message{Type: MsgComment, Flags: 1, Data: []byte("12345678")})
		b, _ = AppendMessage(b, h, &Message{Type: MsgRefCount, Data: make([]byte, 8)})
		m, n, err := NextMessage(h, b, 0)
		if err != nil || n != h.MessageSize(8) || m.Type != MsgComment || &m.Data[0] != &b[h.MessageHeaderSize()] {
			t.Errorf("%+v, %d, %v", m, n, err)
		}
		m, k, err := NextMessage(h, b, n)
		if err != nil || k != n || m.Type != MsgRefCount {
			t.Errorf("%+v, %d, %v", m, k, err)
		}
		if _, k, err = NextMessage(h, b, 2*n); k != 0 || err != nil {
			t.Errorf("the end: %d, %v", k, err)
		}
	}
}

func TestSuperblocksAreMarkedInPlace(t *testing.T) {
	at := map[uint8]int{0: 20, 1: 20, 2: 11, 3: 11}
	bit := map[uint8]byte{0: FlagLockOut, 1: FlagLockOut, 2: FlagLockOut, 3: FlagWriteAccess}
	r := roll{Rand: rand.New(rand.NewPCG(7, 8))}
	for i := range 400 {
		r.s = unlike[i%len(unlike)]
		sb := r.superblock()
		sb.Flags &^= FlagLockOut | FlagWriteAccess
		plain, err := AppendSuperblock(nil, sb)
		if err != nil {
			t.Fatal(err)
		}
		b := append(bytes.Clone(plain), "behind, which is longer than a checksum"...)
		for _, on := range []bool{true, true, false, false} {
			if err := MarkSuperblock(b, on); err != nil || SuperblockMarked(b) != on || !bytes.HasSuffix(b, []byte("a checksum")) {
				t.Fatalf("%v, %t", err, on)
			}
			want := *sb
			if on {
				want.Flags |= uint32(bit[sb.Version])
			}
			if got, err := DecodeSuperblock(b); err != nil || !reflect.DeepEqual(*got, want) {
				t.Fatalf("%v\n got %+v\nwant %+v", err, got, want)
			}
			if on && b[at[sb.Version]] != plain[at[sb.Version]]|bit[sb.Version] {
				t.Fatalf("version %d: byte %d is 0x%02x", sb.Version, at[sb.Version], b[at[sb.Version]])
			}
		}
		if !bytes.HasPrefix(b, plain) {
			t.Fatalf("version %d: not as before", sb.Version)
		}
		b[len(plain)-1] ^= 1
		before := bytes.Clone(b)
		if err := MarkSuperblock(b, true); sb.Version >= 2 && (!errors.Is(err, h5err.ErrChecksum) || !bytes.Equal(b, before)) {
			t.Fatalf("a bad checksum: %v", err)
		}
	}
	for _, b := range [][]byte{nil, []byte(Signature), make([]byte, 100), append([]byte(Signature+"\x04"), bytes.Repeat([]byte{0xff}, 90)...)} {
		if SuperblockMarked(b) || MarkSuperblock(b, true) == nil {
			t.Errorf("% x", b)
		}
	}
	if n := SuperblockBytes(4, unlike[0]); n != 0 {
		t.Errorf("version 4 has %d bytes", n)
	}
}

func TestSizesOfADataspaceAreChangedInPlace(t *testing.T) {
	const endless = dataspace.Unlimited
	for _, s := range unlike {
		for version := uint8(1); version <= 2; version++ {
			d := &dataspace.Dataspace{Kind: dataspace.Simple, Dims: []uint64{3, 4, 5}, MaxDims: []uint64{endless, 40, 5}}
			b, err := AppendDataspace(nil, d, version, s)
			if err != nil {
				t.Fatal(err)
			}
			b = append(b, 0xee)
			if err := SetDataspaceDims(b, []uint64{0x7f01, 40, 0}, s); err != nil {
				t.Fatal(err)
			}
			d.Dims = []uint64{0x7f01, 40, 0}
			want, _ := AppendDataspace(nil, d, version, s)
			if !bytes.Equal(b, append(want, 0xee)) {
				t.Errorf("%v, version %d:\n got % x\nwant % x", s, version, b, want)
			}
			before := bytes.Clone(b)
			wants(t, "above the limit", SetDataspaceDims(b, []uint64{1, 41, 0}, s), h5err.ErrSelection)
			wants(t, "rank", SetDataspaceDims(b, []uint64{1, 1}, s), h5err.ErrSelection)
			wants(t, "unlimited", SetDataspaceDims(b, []uint64{endless, 1, 1}, s), h5err.ErrLimit)
			wants(t, "cut", SetDataspaceDims(b[:9], []uint64{1, 1, 1}, s), h5err.ErrCorrupt)
			if !bytes.Equal(b, before) {
				t.Errorf("an error changed % x to % x", before, b)
			}
		}
		fixed, _ := AppendDataspace(nil, &dataspace.Dataspace{Kind: dataspace.Simple, Dims: []uint64{3}}, 1, s)
		wants(t, "without limits", SetDataspaceDims(fixed, []uint64{4}, s), h5err.ErrSelection)
		scalar, _ := AppendDataspace(nil, &dataspace.Dataspace{}, 1, s)
		wants(t, "scalar", SetDataspaceDims(scalar, nil, s), h5err.ErrSelection)
	}
}

// Each file of testdata/headers was written with one low bound throughout.
func TestVersionsAreThoseThatLibhdf5Chooses(t *testing.T) {
	bounds := map[string]Bound{"earliest": BoundEarliest, "v108": BoundV18, "v110": BoundV110, "latest": BoundV200, "pytables": BoundEarliest}
	files, seen := headerFiles(t), 0
	for name, low := range bounds {
		w := walkHeaders(files[name], func(err error) { t.Fatalf("%s: %v", name, err) })
		chosen := func(what string, got, want uint8) {
			if seen++; got != want {
				t.Errorf("%s: %s has version %d, want %d", name, what, got, want)
			}
		}
		chosen("superblock", w.sb.Version, SuperblockVersion(low))
		for _, c := range w.chunks {
			if !c.h.TracksOrder() && c.h.Flags == 0 {
				chosen("object header", c.h.Version, ObjectHeaderVersion(low))
			}
			list, err := DecodeMessages(c.h, c.messages, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range list {
				switch {
				case m.Shared():
				case m.Type == MsgDataspace:
					d, _ := DecodeDataspace(m.Data, w.s)
					chosen("dataspace", m.Data[0], DataspaceVersion(d, low))
					if (d.MaxDims == nil) != (d.Kind != dataspace.Simple) {
						t.Errorf("%s: %v without maximum sizes", name, d)
					}
				case m.Type == MsgAttribute:
					a, _ := DecodeAttribute(m.Data)
					chosen("attribute "+a.Name, a.Version, AttributeVersion(a, low))
				case m.Type == MsgFill:
					chosen("fill value", m.Data[0], FillVersion(low))
				case m.Type == MsgFilterPipeline:
					chosen("pipeline", m.Data[0], PipelineVersion(low))
				}
			}
		}
	}
	if seen < 1000 {
		t.Errorf("%d versions", seen)
	}
}

// FuzzAppend decodes bytes as a message of each type, a superblock and an object
// header, and appends them: what was appended must come out the same again.
func FuzzAppend(f *testing.F) {
	for _, b := range headerFiles(f) {
		w := walkHeaders(b, func(err error) { f.Fatal(err) })
		f.Add(w.b[:96], uint8(0), uint8(0))
		f.Add(w.chunks[0].raw, uint8(0), uint8(0))
		for _, c := range w.chunks[:min(len(w.chunks), 20)] {
			list, err := DecodeMessages(c.h, c.messages, nil)
			if err != nil {
				f.Fatal(err)
			}
			for _, m := range list {
				f.Add(m.Data, uint8(m.Type), uint8(0))
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, kind, sizes uint8) {
		s := unlike[int(sizes)%len(unlike)]
		fuzzSuperblock(t, b)
		fuzzHeader(t, b)
		rewrite := rewriters(s)[MessageType(kind)]
		if rewrite == nil {
			rewrite = sized(s, DecodeSharedMessage, AppendSharedMessage)
		}
		once, err := rewrite(b)
		if err != nil {
			known(t, err)
			return
		}
		twice, err := rewrite(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%v\nonce  % x\ntwice % x", err, once, twice)
		}
		if err := SetDataspaceDims(bytes.Clone(b), []uint64{1}, s); err != nil && !errors.Is(err, h5err.ErrSelection) {
			known(t, err)
		}
	})
}

func fuzzSuperblock(t *testing.T, b []byte) {
	b = bytes.Clone(b)
	if len(b) > 12 && b[8] >= 2 && b[9] <= 8 {
		if n := SuperblockBytes(b[8], wire.Sizes{Offset: int(b[9])}); n > 0 && n <= len(b) {
			seal(b[:n])
		}
	}
	sb, err := DecodeSuperblock(b)
	if err != nil {
		return
	}
	out, err := AppendSuperblock(nil, sb)
	if err != nil {
		t.Fatalf("%+v: %v", sb, err)
	}
	if again, err := DecodeSuperblock(out); err != nil || *again != *sb {
		t.Fatalf("%v\n got %+v\nwant %+v", err, again, sb)
	}
	if err := MarkSuperblock(b, true); err != nil || !SuperblockMarked(b) {
		t.Fatalf("%v", err)
	}
}

func fuzzHeader(t *testing.T, b []byte) {
	h, err := DecodeObjectHeader(b)
	if err != nil || h.PrefixSize > uint64(len(b)) {
		return
	}
	list, err := DecodeMessages(h, b[h.PrefixSize:], nil)
	if err != nil {
		return
	}
	var body []byte
	for _, m := range list {
		if body, err = AppendMessage(body, h, &m); err != nil {
			t.Fatalf("%+v: %v", m, err)
		}
	}
	same(t, h, body, list)
	if h.Version == 2 && h.ChunkSize != uint64(len(body)) && len(body) > 255 {
		return // the width may not hold what there is
	}
	out, err := AppendObjectHeader(nil, h, body)
	if err != nil {
		t.Fatalf("%+v: %v", h, err)
	}
	if h.Version == 2 {
		if _, err := VerifyObjectHeader(h, out); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkAppendLink(b *testing.B) {
	l, s := &Link{Name: "a name of a link", HasOrder: true}, wire.Sizes{Offset: 8, Length: 8}
	buf := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := AppendLink(buf, l, s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendSymbolTableEntry(b *testing.B) {
	e, s := &SymbolTableEntry{NameOffset: 8, Header: 800, CacheType: CacheGroup, BTree: 3, Heap: 4}, wire.Sizes{Offset: 8, Length: 8}
	buf := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := AppendSymbolTableEntry(buf, e, s); err != nil {
			b.Fatal(err)
		}
	}
}
