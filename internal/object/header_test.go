package object

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"gables/hdf5/driver"
	"gables/hdf5/filter"
	"gables/hdf5/h5err"
	"gables/internal/checksum"
	"gables/internal/format"
	"gables/internal/metacache"
	"gables/internal/wire"
)

var s48 = wire.Sizes{Offset: 4, Length: 8}

// image is a file under construction.
type image struct{ b []byte }

// at puts bytes at an address.
func (f *image) at(addr int, parts ...[]byte) *image {
	for _, p := range parts {
		if need := addr + len(p); need > len(f.b) {
			f.b = append(f.b, make([]byte, need-len(f.b))...)
		}
		copy(f.b[addr:], p)
		addr += len(p)
	}
	return f
}

func (f *image) graph() *Graph {
	return &Graph{Cache: metacache.New(driver.Memory(f.b), s48, wire.DefaultLimits()), Filters: &filter.Registry{}}
}

func number(v uint64, n int) []byte { return binary.LittleEndian.AppendUint64(nil, v)[:n] }

func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// v1 is a message of a version 1 header, padded to 8.
func v1(kind format.MessageType, flags byte, data []byte) []byte {
	data = append(data, make([]byte, (8-len(data)%8)%8)...)
	return join(number(uint64(kind), 2), number(uint64(len(data)), 2), []byte{flags, 0, 0, 0}, data)
}

// headerV1 is a version 1 header with these messages in its first chunk.
func headerV1(references uint32, messages ...[]byte) []byte {
	body := join(messages...)
	return join([]byte{1, 0}, number(uint64(len(messages)), 2), number(uint64(references), 4), number(uint64(len(body)), 4), make([]byte, 4), body)
}

func v2(kind format.MessageType, flags byte, data []byte) []byte {
	return join([]byte{byte(kind)}, number(uint64(len(data)), 2), []byte{flags}, data)
}

func sum(b []byte) []byte { return append(b, number(uint64(checksum.Lookup3(b)), 4)...) }

func headerV2(messages ...[]byte) []byte {
	body := join(messages...)
	return sum(join([]byte("OHDR\x02\x01"), number(uint64(len(body)), 2), body))
}

// continuation is the data of a continuation message.
func continuation(addr, size int) []byte {
	return join(number(uint64(addr), 4), number(uint64(size), 8))
}

func TestContinuationsAreFollowedInTheOrderInWhichTheyAreMet(t *testing.T) {
	comment := func(s string) []byte { return []byte(s + "\x00") }
	old := v1(format.MsgComment, 0, comment("second"))
	f := (&image{}).at(0x40, headerV1(3, v1(format.MsgContinuation, 0, continuation(0x200, len(old))), v1(format.MsgComment, 0, comment("first")))).
		at(0x200, old)
	h, err := f.graph().Open(0x40)
	if err != nil {
		t.Fatal(err)
	}
	if h.Chunks != 2 || h.References() != 3 || len(h.Messages) != 3 || format.DecodeComment(h.Messages[2].Data) != "second" || h.Address != 0x40 {
		t.Errorf("%+v", h)
	}
	// In version 2, one continuation may lead to the next.
	third := sum(join([]byte("OCHK"), v2(format.MsgComment, 0, comment("third"))))
	second := sum(join([]byte("OCHK"), v2(format.MsgContinuation, 0, continuation(0x300, len(third))), v2(format.MsgRefCount, 0, []byte{0, 7, 0, 0, 0})))
	f = (&image{}).at(0x40, headerV2(v2(format.MsgContinuation, 0, continuation(0x200, len(second))))).at(0x200, second).at(0x300, third)
	if h, err = f.graph().Open(0x40); err != nil || h.Chunks != 3 || h.References() != 7 || h.Find(format.MsgComment) == nil {
		t.Errorf("%+v, %v", h, err)
	}
	f.b[0x305] ^= 1
	if _, err = f.graph().Open(0x40); !errors.Is(err, h5err.ErrChecksum) || !strings.Contains(err.Error(), "0x300") {
		t.Errorf("a changed continuation: %v", err)
	}
}

func TestContinuationsThatGoInCirclesEnd(t *testing.T) {
	self := v1(format.MsgContinuation, 0, continuation(0x200, 24))
	f := (&image{}).at(0x40, headerV1(1, v1(format.MsgContinuation, 0, continuation(0x200, 24)))).at(0x200, self).at(0x400, []byte{0})
	if _, err := f.graph().Open(0x40); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("a block that continues itself: %v", err)
	}
	f = (&image{}).at(0x40, headerV1(1, self, self)).at(0x200, v1(format.MsgNIL, 0, make([]byte, 16)))
	if _, err := f.graph().Open(0x40); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("a block that is continued twice: %v", err)
	}
	for name, c := range map[string]struct {
		addr, size int
		want       error
	}{
		"behind the end":   {0x1000, 24, h5err.ErrTruncated},
		"longer than file": {0x40, 0x1000, h5err.ErrTruncated},
		"negative size":    {0x40, -1, h5err.ErrTruncated},
		"huge size":        {0x40, 1 << 30, h5err.ErrTruncated},
	} {
		f := (&image{}).at(0x40, headerV1(1, v1(format.MsgContinuation, 0, continuation(c.addr, c.size))))
		if _, err := f.graph().Open(0x40); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	f = (&image{}).at(0x40, headerV1(1, v1(format.MsgContinuation, 0, join(number(0xffffffff, 4), number(24, 8)))))
	if _, err := f.graph().Open(0x40); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("undefined address: %v", err)
	}
}

// Blocks that overlap would turn a small file into a large list of messages.
func TestContinuationsThatOverlapAreBounded(t *testing.T) {
	const blocks = 200
	var list [][]byte
	for i := range blocks {
		list = append(list, v1(format.MsgContinuation, 0, continuation(0x40+16+24*i, 24*(blocks-i))))
	}
	g := (&image{}).at(0x40, headerV1(1, list...)).graph()
	if _, err := g.Open(0x40); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	if n := g.Cache.Reads(); n > 10 {
		t.Errorf("%d reads", n)
	}
}

func TestHeadersBehindTheEndAreTruncated(t *testing.T) {
	whole := headerV1(1, v1(format.MsgComment, 0, make([]byte, 40)))
	for _, header := range [][]byte{whole, headerV2(v2(format.MsgComment, 0, make([]byte, 40)))} {
		for n := range header {
			f := (&image{}).at(0, header[:n])
			if _, err := f.graph().Open(0); !errors.Is(err, h5err.ErrTruncated) && !errors.Is(err, h5err.ErrCorrupt) {
				t.Errorf("%d of %d bytes: %v", n, len(header), err)
			}
		}
	}
	if _, err := (&image{whole}).graph().Open(wire.Address(len(whole))); !errors.Is(err, h5err.ErrTruncated) {
		t.Errorf("at the end: %v", err)
	}
	if _, err := (&image{whole}).graph().Open(wire.Undefined); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("undefined: %v", err)
	}
	huge := sum(join([]byte("OHDR\x02\x03"), number(^uint64(0)-5, 8)))
	if _, err := (&image{huge}).graph().Open(0); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("a size that wraps: %v", err)
	}
}

func TestMessagesOfWhichThereIsOneDoNotOccurTwice(t *testing.T) {
	space := []byte{2, 0, 0, 0}
	for kind, want := range map[format.MessageType]error{
		format.MsgDataspace: h5err.ErrCorrupt, format.MsgDatatype: h5err.ErrCorrupt, format.MsgLayout: h5err.ErrCorrupt,
		format.MsgFilterPipeline: h5err.ErrCorrupt, format.MsgAttribute: nil, format.MsgLink: nil, format.MsgNIL: nil, 0x60: nil,
	} {
		f := (&image{}).at(8, headerV2(v2(kind, 0, space), v2(kind, 0, space)))
		if _, err := f.graph().Open(8); !errors.Is(err, want) {
			t.Errorf("type 0x%02x: got %v, want %v", uint16(kind), err, want)
		}
	}
	f := (&image{}).at(8, headerV2(v2(format.MsgRefCount, 0, []byte{9, 0, 0, 0, 0})))
	if _, err := f.graph().Open(8); !errors.Is(err, h5err.ErrUnsupported) {
		t.Errorf("a reference count of version 9: %v", err)
	}
}

func TestKindsFollowFromTheMessages(t *testing.T) {
	for _, c := range []struct {
		messages []format.MessageType
		want     Kind
	}{
		{nil, KindUnknown},
		{[]format.MessageType{format.MsgDatatype}, KindDatatype},
		{[]format.MessageType{format.MsgDataspace}, KindUnknown},
		{[]format.MessageType{format.MsgDatatype, format.MsgDataspace}, KindDataset},
		{[]format.MessageType{format.MsgSymbolTable}, KindGroup},
		{[]format.MessageType{format.MsgLinkInfo, format.MsgGroupInfo}, KindGroup},
	} {
		h := &Header{}
		for _, m := range c.messages {
			h.Messages = append(h.Messages, format.Message{Type: m})
		}
		if got := h.Kind(); got != c.want {
			t.Errorf("%v: got %d, want %d", c.messages, got, c.want)
		}
	}
}

func TestSharedMessagesLieInTheHeaderThatTheyNameOnce(t *testing.T) {
	committed := headerV1(1, v1(format.MsgDatatype, 0, []byte("datatype")), v1(format.MsgComment, format.MsgFlagShared, []byte{2, 0, 0x40, 0, 0, 0}))
	f := (&image{}).at(0x40, committed)
	g := f.graph()
	pointer := func(kind format.MessageType, b ...byte) *format.Message {
		return &format.Message{Type: kind, Flags: format.MsgFlagShared, Data: b}
	}
	body, at, err := g.Body(pointer(format.MsgDatatype, 2, 0, 0x40, 0, 0, 0))
	if err != nil || string(body) != "datatype" || at != 0x40 {
		t.Errorf("%q at 0x%x, %v", body, uint64(at), err)
	}
	body, at, err = g.Body(&format.Message{Type: format.MsgDatatype, Data: []byte{2, 0}})
	if err != nil || len(body) != 2 || at.Defined() {
		t.Errorf("a message that is not shared: % x, %v", body, err)
	}
	for name, m := range map[string]*format.Message{
		"no such message": pointer(format.MsgLayout, 2, 0, 0x40, 0, 0, 0),
		"shared again":    pointer(format.MsgComment, 2, 0, 0x40, 0, 0, 0),
		"no heap":         pointer(format.MsgDatatype, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0),
		"undefined":       pointer(format.MsgDatatype, 2, 0, 0xff, 0xff, 0xff, 0xff),
		"short":           pointer(format.MsgDatatype, 2, 0, 0x40),
	} {
		if _, _, err := g.Body(m); !errors.Is(err, h5err.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	g.Shared = []format.SharedIndex{{MessageTypes: 1 << format.MsgDataspace, Heap: 0x40}}
	if _, _, err := g.Body(pointer(format.MsgDataspace, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0)); !errors.Is(err, h5err.ErrTruncated) && !errors.Is(err, h5err.ErrCorrupt) && !errors.Is(err, h5err.ErrChecksum) {
		t.Errorf("a heap that is none: %v", err)
	}
	if _, _, err := g.Body(pointer(format.MsgRefCount, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0)); !errors.Is(err, h5err.ErrCorrupt) {
		t.Errorf("a type that no index can hold: %v", err)
	}
}

func TestManyGoroutinesOpenOneHeaderOnce(t *testing.T) {
	g := (&image{}).at(8, headerV2(v2(format.MsgComment, 0, []byte("c\x00")))).graph()
	var wg sync.WaitGroup
	headers := make([]*Header, 50)
	for i := range headers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			headers[i], _ = g.Open(8)
		}()
	}
	wg.Wait()
	for _, h := range headers {
		if h == nil || h != headers[0] {
			t.Fatal("two headers at one address")
		}
	}
	if n := g.Cache.Reads(); n != 1 {
		t.Errorf("%d reads", n)
	}
}

func FuzzHeader(f *testing.F) {
	f.Add((&image{}).at(0, headerV1(1, v1(format.MsgContinuation, 0, continuation(0x80, 24)))).at(0x80, v1(format.MsgAttribute, 2, []byte("12345678"))).b)
	f.Add(headerV2(v2(format.MsgLink, 0, []byte("\x01\x00\x01n\x10\x00\x00\x00")), v2(format.MsgLinkInfo, 0, append([]byte{0, 0}, make([]byte, 8)...))))
	f.Add(headerV2(v2(format.MsgAttributeInfo, 0, append([]byte{0, 0}, make([]byte, 8)...))))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 12 && string(b[:4]) == "OHDR" {
			// Make the checksum of the first chunk right.
			if h, err := format.DecodeObjectHeader(b); err == nil && h.ChunkSize < uint64(len(b)) {
				if n := h.PrefixSize + h.ChunkSize; n+4 <= uint64(len(b)) {
					b = append([]byte(nil), b...)
					binary.LittleEndian.PutUint32(b[n:], checksum.Lookup3(b[:n]))
				}
			}
		}
		g := (&image{b}).graph()
		h, err := g.Open(0)
		if err != nil {
			known(t, err)
			return
		}
		if h.Kind() == KindGroup {
			for l, err := range g.Links(h) {
				if err != nil {
					known(t, err)
				} else if _, _, err := g.Lookup(h, l.Name); err != nil {
					known(t, err)
				}
			}
		}
		for a, err := range g.Attributes(h) {
			if err != nil {
				known(t, err)
			} else if _, _, err := g.LookupAttribute(h, a.Name); err != nil {
				known(t, err)
			}
		}
		for i := range h.Messages {
			if _, _, err := g.Body(&h.Messages[i]); err != nil {
				known(t, err)
			}
		}
	})
}

func known(t *testing.T, err error) {
	t.Helper()
	for _, s := range []error{h5err.ErrCorrupt, h5err.ErrUnsupported, h5err.ErrChecksum, h5err.ErrLimit, h5err.ErrTruncated, h5err.ErrType} {
		if errors.Is(err, s) {
			return
		}
	}
	t.Fatal(fmt.Errorf("an error without a sentinel: %w", err))
}
