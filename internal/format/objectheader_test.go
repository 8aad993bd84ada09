package format

import (
	"bytes"
	"testing"
	"time"

	"gables/hdf5/h5err"
)

func TestOldHeaderPrefixHasItsFields(t *testing.T) {
	b := rec(unlike[0]).raw(1, 0).u16(9).u32(3).u32(0x1234).zero(4).b
	h, err := DecodeObjectHeader(b)
	if err != nil || h.Version != 1 || h.MessagesCount != 9 || h.RefCount != 3 || h.ChunkSize != 0x1234 || h.PrefixSize != 16 || h.TracksOrder() {
		t.Errorf("%+v, %v", h, err)
	}
	mustFail(t, "prefix", b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeObjectHeader(b); return err })
}

func TestNewHeaderPrefixHasItsFields(t *testing.T) {
	for flags := range 64 {
		width := 1 << (flags & 3)
		r := rec(unlike[0]).text("OHDR").raw(2, byte(flags))
		if flags&0x20 != 0 {
			r.u32(1).u32(2).u32(0x80000003).u32(4)
		}
		if flags&0x10 != 0 {
			r.u16(11).u16(12)
		}
		want := uint64(0x77)
		r.uint(want, width)
		h, err := DecodeObjectHeader(r.b)
		if err != nil || h.ChunkSize != want || h.PrefixSize != uint64(len(r.b)) || h.RefCount != 1 || h.TracksOrder() != (flags&4 != 0) {
			t.Fatalf("flags 0x%02x: %+v, %v", flags, h, err)
		}
		if len(r.b) > ObjectHeaderPrefixSize {
			t.Errorf("a prefix of %d bytes", len(r.b))
		}
		if h.HasTimes && (!h.Access.Equal(time.Unix(1, 0)) || !h.Modification.Equal(time.Unix(2, 0)) || !h.Change.Equal(time.Unix(0x80000003, 0)) || !h.Birth.Equal(time.Unix(4, 0))) {
			t.Errorf("times %+v", h)
		}
		if flags&0x10 != 0 && (h.MaxCompact != 11 || h.MinDense != 12) {
			t.Errorf("phase change %d, %d", h.MaxCompact, h.MinDense)
		}
		mustFail(t, "prefix", r.b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeObjectHeader(b); return err })
	}
}

func TestHeadersThatAreNoneAreTold(t *testing.T) {
	for _, c := range []struct {
		b    string
		want error
	}{
		{"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", h5err.ErrCorrupt},
		{"\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", h5err.ErrUnsupported},
		{"TREE\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", h5err.ErrCorrupt},
		{"OHDR\x03\x00\x10\x00\x00", h5err.ErrUnsupported},
		{"OHDR\x02\x40\x10\x00\x00", h5err.ErrCorrupt},
		{"OHDR\x02\x80\x10\x00\x00", h5err.ErrCorrupt},
	} {
		_, err := DecodeObjectHeader([]byte(c.b))
		wants(t, c.b[:4], err, c.want)
	}
}

// message is one message as a header has it.
func message(version int, order bool, kind uint16, flags byte, data string) []byte {
	r := rec(unlike[0])
	switch {
	case version == 1:
		r.u16(kind).u16(uint16(len(data))).raw(flags).zero(3)
	case order:
		r.raw(byte(kind)).u16(uint16(len(data))).raw(flags).u16(kind + 1000)
	default:
		r.raw(byte(kind)).u16(uint16(len(data))).raw(flags)
	}
	return r.text(data).b
}

func TestMessagesAreSplit(t *testing.T) {
	for _, c := range []struct {
		h     ObjectHeader
		order bool
	}{{ObjectHeader{Version: 1}, false}, {ObjectHeader{Version: 2}, false}, {ObjectHeader{Version: 2, Flags: 4}, true}} {
		v := int(c.h.Version)
		b := append(message(v, c.order, 0x0c, 0x02, "12345678"), message(v, c.order, 0x11, 0x01, "")...)
		b = append(b, message(v, c.order, 0x30, 0x08, "ABCDEFGHabcdefgh")...)
		list, err := DecodeMessages(&c.h, b, nil)
		if err != nil || len(list) != 3 {
			t.Fatalf("version %d: %d messages, %v", v, len(list), err)
		}
		if m := list[0]; m.Type != MsgAttribute || !m.Shared() || string(m.Data) != "12345678" || c.order != (m.Order == 1012) {
			t.Errorf("%+v", m)
		}
		if m := list[2]; m.Type != 0x30 || m.Shared() || m.Flags != 8 || len(m.Data) != 16 {
			t.Errorf("%+v", m)
		}
		more, err := DecodeMessages(&c.h, message(v, c.order, 1, 0, ""), list)
		if err != nil || len(more) != 4 {
			t.Errorf("a second chunk: %d messages, %v", len(more), err)
		}
		_, err = DecodeMessages(&c.h, b[:len(b)-1], nil)
		wants(t, "cut", err, h5err.ErrCorrupt)
	}
	// Version 2 may end in a gap, version 1 may not, and pads its messages to 8.
	if list, err := DecodeMessages(&ObjectHeader{Version: 2}, make([]byte, 4+3), nil); err != nil || len(list) != 1 {
		t.Errorf("gap: %d, %v", len(list), err)
	}
	_, err := DecodeMessages(&ObjectHeader{Version: 1}, make([]byte, 8+3), nil)
	wants(t, "gap in version 1", err, h5err.ErrCorrupt)
	_, err = DecodeMessages(&ObjectHeader{Version: 1}, message(1, false, 1, 0, "1234"), nil)
	wants(t, "no multiple of 8", err, h5err.ErrCorrupt)
}

func TestFlagsOfUnknownMessagesAreHeeded(t *testing.T) {
	for _, c := range []struct {
		kind  uint16
		flags byte
		want  error
	}{
		{0x30, 0x00, nil}, {0x30, 0x08, nil}, {0x30, 0x10, nil}, {0x30, 0x80, h5err.ErrUnsupported},
		{0x19, 0x80, h5err.ErrUnsupported}, {0x09, 0x80, h5err.ErrUnsupported}, {0x09, 0x08, nil},
		{0x18, 0x80, nil}, {0x01, 0x80, nil}, {0x01, 0x06, h5err.ErrCorrupt}, {0x01, 0x04, nil}, {0x01, 0x02, nil},
	} {
		for v := 1; v <= 2; v++ {
			_, err := DecodeMessages(&ObjectHeader{Version: uint8(v)}, message(v, false, c.kind, c.flags, "12345678"), nil)
			wants(t, string(message(v, false, c.kind, c.flags, "")), err, c.want)
		}
	}
	// Version 1 has types of two bytes.
	_, err := DecodeMessages(&ObjectHeader{Version: 1}, message(1, false, 0x0101, 0x80, ""), nil)
	wants(t, "0x0101", err, h5err.ErrUnsupported)
}

func TestContinuationsHaveSignatureAndChecksum(t *testing.T) {
	b := rec(unlike[0]).text("OCHK").text("messages").sum().b
	decode := func(b []byte) error {
		body, err := DecodeContinuation(&ObjectHeader{Version: 2}, b)
		if err == nil && string(body) != "messages" {
			t.Errorf("got %q", body)
		}
		return err
	}
	mustCheck(t, "continuation", b, decode)
	_, err := DecodeContinuation(&ObjectHeader{Version: 2}, rec(unlike[0]).text("OHDR").sum().b)
	wants(t, "signature", err, h5err.ErrCorrupt)
	if body, err := DecodeContinuation(&ObjectHeader{Version: 1}, []byte("anything")); err != nil || string(body) != "anything" {
		t.Errorf("version 1 has neither: %q, %v", body, err)
	}
	for _, s := range unlike {
		m := rec(s).offset(0x1234).length(0x56)
		c, err := DecodeContinuationMessage(m.b, s)
		if err != nil || c != (Continuation{0x1234, 0x56}) {
			t.Errorf("%v: %+v, %v", s, c, err)
		}
		mustFail(t, "message", m.b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeContinuationMessage(b, s); return err })
	}
}

func TestPointersToSharedMessagesHaveThreeVersions(t *testing.T) {
	for _, s := range unlike {
		id := []byte("\x00heap ID")
		for _, c := range []struct {
			name string
			b    []byte
			want SharedMessage
		}{
			{"1", rec(s).raw(1, 0).zero(6).length(0x16).offset(0x321).b, SharedMessage{Version: 1, Header: 0x321}},
			{"2", rec(s).raw(2, 0).offset(0x321).b, SharedMessage{Version: 2, Header: 0x321}},
			{"3, committed", rec(s).raw(3, 2).offset(0x321).b, SharedMessage{Version: 3, Header: 0x321}},
			{"3, heap", rec(s).raw(3, 1).raw(id...).b, SharedMessage{Version: 3, InHeap: true, HeapID: [8]byte(id)}},
		} {
			m, err := DecodeSharedMessage(c.b, s)
			if err != nil || m != c.want {
				t.Errorf("%v, version %s: %+v, %v", s, c.name, m, err)
			}
			mustFail(t, c.name, c.b, h5err.ErrCorrupt, func(b []byte) error { _, err := DecodeSharedMessage(b, s); return err })
		}
	}
	_, err := DecodeSharedMessage(make([]byte, 20), unlike[0])
	wants(t, "version 0", err, h5err.ErrUnsupported)
	_, err = DecodeSharedMessage(append([]byte{4, 2}, make([]byte, 20)...), unlike[0])
	wants(t, "version 4", err, h5err.ErrUnsupported)
	_, err = DecodeSharedMessage(append([]byte{3, 4}, make([]byte, 20)...), unlike[0])
	wants(t, "type 4", err, h5err.ErrCorrupt)
}

func TestTheFirstChunkIsCoveredByItsChecksum(t *testing.T) {
	b := rec(unlike[0]).text("OHDR").raw(2, 0, 8).text("messages").sum().b
	h, err := DecodeObjectHeader(b)
	if err != nil {
		t.Fatal(err)
	}
	body, err := VerifyObjectHeader(h, b)
	if err != nil || !bytes.Equal(body, []byte("messages")) {
		t.Errorf("%q, %v", body, err)
	}
	mustCheck(t, "first chunk", b, func(b []byte) error { _, err := VerifyObjectHeader(h, b); return err })
}
