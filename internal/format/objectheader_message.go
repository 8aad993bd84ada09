package format

import (
	"fmt"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// MessageType numbers the object header messages. Spec: IV.A.2.
type MessageType uint16

// The message types.
const (
	MsgNIL            MessageType = 0x00
	MsgDataspace      MessageType = 0x01
	MsgLinkInfo       MessageType = 0x02
	MsgDatatype       MessageType = 0x03
	MsgFillOld        MessageType = 0x04
	MsgFill           MessageType = 0x05
	MsgLink           MessageType = 0x06
	MsgExternalFiles  MessageType = 0x07
	MsgLayout         MessageType = 0x08
	MsgGroupInfo      MessageType = 0x0A
	MsgFilterPipeline MessageType = 0x0B
	MsgAttribute      MessageType = 0x0C
	MsgComment        MessageType = 0x0D
	MsgModTimeOld     MessageType = 0x0E
	MsgSharedTable    MessageType = 0x0F
	MsgContinuation   MessageType = 0x10
	MsgSymbolTable    MessageType = 0x11
	MsgModTime        MessageType = 0x12
	MsgBTreeK         MessageType = 0x13
	MsgDriverInfo     MessageType = 0x14
	MsgAttributeInfo  MessageType = 0x15
	MsgRefCount       MessageType = 0x16
	MsgFileSpaceInfo  MessageType = 0x17
	MsgCacheImage     MessageType = 0x18
)

// Message flags. Spec: IV.A.1.b.
const (
	MsgFlagShared       = 0x02
	MsgFlagFailWriting  = 0x08 // a writer that does not know the type must leave the object alone
	MsgFlagMark         = 0x10 // a writer that does not know the type sets MsgFlagWasUnknown
	MsgFlagWasUnknown   = 0x20
	MsgFlagFailAlways   = 0x80 // a reader that does not know the type must give up the object
	maxMessageTypeKnown = MsgCacheImage
)

// Message is one message of an object header, still encoded.
type Message struct {
	Type  MessageType
	Flags uint8
	Order uint16 // creation order of an attribute message, where the header tracks it
	Data  []byte
}

// known tells whether the format gives the number a meaning.
func (t MessageType) known() bool { return t <= maxMessageTypeKnown && t != 0x09 }

// Shared tells whether Data is a pointer to the message's real body.
func (m *Message) Shared() bool { return m.Flags&MsgFlagShared != 0 }

// MessageHeaderSize is how many bytes precede the data of a message of h.
func (h *ObjectHeader) MessageHeaderSize() int {
	switch {
	case h.Version == 1:
		return 8
	case h.TracksOrder():
		return 6
	}
	return 4
}

// MessageSize is how many bytes a message of h with n bytes of data takes.
func (h *ObjectHeader) MessageSize(n int) int {
	if h.Version == 1 {
		n = (n + 7) &^ 7
	}
	return h.MessageHeaderSize() + n
}

// NextMessage decodes the message at b[at:], where b are all messages of one
// chunk of h, and gives the bytes that it takes: 0 at the end and at the gap
// that may end a version 2 chunk. Data is part of b. Spec: IV.A.1.a and b.
func NextMessage(h *ObjectHeader, b []byte, at int) (m Message, n int, err error) {
	head := h.MessageHeaderSize()
	if left := len(b) - at; left < head {
		if h.Version == 1 && left > 0 {
			return m, 0, h5err.Corrupt("object header", "message", "%d bytes remain, too few for a message", left)
		}
		return m, 0, nil
	}
	r := wire.NewReader(b[at:], wire.Sizes{})
	if h.Version == 1 {
		m.Type, n, m.Flags = MessageType(r.U16()), int(r.U16()), r.U8()
		r.Skip(3)
		if n%8 != 0 {
			return m, 0, h5err.Corrupt("object header message", "size", "%d is not a multiple of 8", n)
		}
	} else {
		m.Type, n, m.Flags = MessageType(r.U8()), int(r.U16()), r.U8()
		if h.TracksOrder() {
			m.Order = r.U16()
		}
	}
	m.Data = r.Bytes(n)
	if r.Err() != nil {
		return m, 0, fmt.Errorf("object header message of type 0x%02x: %w", uint16(m.Type), r.Err())
	}
	return m, head + n, m.check()
}

// DecodeMessages splits the messages of one chunk of h and appends them to
// list. A gap too small for a message may end a version 2 chunk.
// Spec: IV.A.1.a and b.
func DecodeMessages(h *ObjectHeader, b []byte, list []Message) ([]Message, error) {
	for at := 0; ; {
		m, n, err := NextMessage(h, b, at)
		if err != nil || n == 0 {
			return list, err
		}
		list = append(list, m)
		at += n
	}
}

// Change enforces the flags that concern who changes the object, and tells
// whether it set one.
func (m *Message) Change() (marked bool, err error) {
	if m.Type.known() {
		return false, nil
	}
	if m.Flags&MsgFlagFailWriting != 0 {
		return false, h5err.Unsupported("object header message", "type", "0x%02x, which a writer must know", uint16(m.Type))
	}
	if marked = m.Flags&MsgFlagMark != 0 && m.Flags&MsgFlagWasUnknown == 0; marked {
		m.Flags |= MsgFlagWasUnknown
	}
	return marked, nil
}

// check enforces the flags that concern every reader.
func (m *Message) check() error {
	if m.Flags&MsgFlagShared != 0 && m.Flags&0x04 != 0 {
		return h5err.Corrupt("object header message", "flags", "type 0x%02x is shared and must not be", uint16(m.Type))
	}
	if !m.Type.known() && m.Flags&MsgFlagFailAlways != 0 {
		return h5err.Unsupported("object header message", "type", "0x%02x, which a reader must know", uint16(m.Type))
	}
	return nil
}

// AppendMessage appends a message of h, in version 1 with its data padded to a
// multiple of 8 bytes. ErrLimit says that a field does not fit: data has at most
// 65,535 bytes, in version 1 65,528. Spec: IV.A.1.a and b.
func AppendMessage(b []byte, h *ObjectHeader, m *Message) ([]byte, error) {
	e := newEncoder("object header message", b, wire.Sizes{})
	if err := m.check(); err != nil {
		return b, noForm("flags", "0x%02x: %v", m.Flags, err)
	}
	size := h.MessageSize(len(m.Data)) - h.MessageHeaderSize()
	if h.Version == 1 {
		e.U16(uint16(m.Type))
		e.uint("size", uint64(size), 2)
		e.U8(m.Flags)
		e.Zero(3)
	} else {
		e.uint("type", uint64(m.Type), 1)
		e.uint("size", uint64(size), 2)
		e.U8(m.Flags)
		if h.TracksOrder() {
			e.U16(m.Order)
		}
	}
	if e.err == nil {
		e.Bytes(m.Data)
		e.Zero(size - len(m.Data))
	}
	return e.done(b)
}

// AppendNIL fills n bytes of a chunk of h that hold nothing: with NIL messages,
// or in version 2, where n is too small for one, with a gap. A gap must be the
// end of its chunk, which must then have no NIL message: libhdf5 gives up such an
// object. ErrUnsupported says that version 1 can't fill n bytes: it must be a
// multiple of 8. Spec: IV.A.2.a.
func AppendNIL(b []byte, h *ObjectHeader, n int) ([]byte, error) {
	head, most := h.MessageHeaderSize(), maxMessageData
	if h.Version == 1 {
		most = maxMessageData &^ 7
		if n%8 != 0 {
			return b, inRecord("object header message", noForm("size of unused space", "%d", n))
		}
	}
	for n >= head {
		take := min(n, head+most)
		if rest := n - take; rest > 0 && rest < head {
			take -= head
		}
		var err error
		if b, err = AppendMessage(b, h, &Message{Type: MsgNIL, Data: zeros[:take-head]}); err != nil {
			return b, err
		}
		n -= take
	}
	return append(b, zeros[:max(n, 0)]...), nil
}

// maxMessageData is the most bytes of data that a message's size can tell.
const maxMessageData = 1<<16 - 1

var zeros [maxMessageData]byte

// Continuation is where more messages lie. Spec: IV.A.2.q.
type Continuation struct {
	Address wire.Address
	Size    uint64
}

// DecodeContinuationMessage reads address and length. Spec: IV.A.2.q.
func DecodeContinuationMessage(b []byte, s wire.Sizes) (Continuation, error) {
	r := wire.NewReader(b, s)
	c := Continuation{Address: r.Address(), Size: r.Length()}
	return c, inRecord("continuation message", r.Err())
}

// AppendContinuationMessage appends address and length. Spec: IV.A.2.q.
func AppendContinuationMessage(b []byte, c Continuation, s wire.Sizes) ([]byte, error) {
	e := newEncoder("continuation message", b, s)
	e.address("address", c.Address)
	e.length("size", c.Size)
	return e.done(b)
}

// SharedMessage points to the real body of a message: in the header of a
// committed datatype, or in the heap of shared messages.
// Spec: IV.A.2, "shared message".
type SharedMessage struct {
	Version uint8 // 1 to 3; 0 is for AppendSharedMessage, which then takes libhdf5's choice
	InHeap  bool
	HeapID  [8]byte      // InHeap: fractal heap ID in the shared message heap
	Header  wire.Address // otherwise: object header that has the message
}

// Types of a pointer to a shared message. Spec: IV.A.2, "shared message".
const (
	sharedInHeap    = 1
	sharedCommitted = 2
)

// DecodeSharedMessage reads a pointer to a shared message: version, type, then
// [version 1: 6 reserved] an address, or [version 3, type 1] a heap ID.
// Spec: IV.A.2, "shared message".
func DecodeSharedMessage(b []byte, s wire.Sizes) (SharedMessage, error) {
	const name = "shared message"
	r := wire.NewReader(b, s)
	var m SharedMessage
	v, t := r.U8(), r.U8()
	m.Version = v
	switch {
	case r.Err() != nil:
	case v == 1:
		r.Skip(6)
		// H5Oshared.c of 1.4 and before wrote a symbol table entry here; its
		// header address follows the name offset.
		r.Skip(s.Length)
		m.Header = r.Address()
	case v == 2:
		m.Header = r.Address()
	case v == 3 && t == sharedInHeap:
		copy(m.HeapID[:], r.Bytes(8))
		m.InHeap = true
	case v == 3 && (t == 2 || t == 3 || t == 0):
		m.Header = r.Address()
	case v == 3:
		return m, h5err.Corrupt(name, "type", "%d", t)
	default:
		return m, unknownVersion(name, v, "1 to 3")
	}
	return m, inRecord(name, r.Err())
}

// AppendSharedMessage appends a pointer to a shared message. libhdf5 has
// written version 2 for a message in an object header and 3 for one in the heap
// since 1.8, whatever the bounds. ErrUnsupported says that the version is not
// known or can't point into the heap. Spec: IV.A.2, "shared message".
func AppendSharedMessage(b []byte, m SharedMessage, s wire.Sizes) ([]byte, error) {
	e := newEncoder("shared message", b, s)
	version := m.Version
	if version == 0 {
		version = 2
		if m.InHeap {
			version = 3
		}
	}
	if m.InHeap && version != 3 {
		e.fail(noForm("type", "version %d can't point into the heap", version))
	}
	e.U8(version)
	switch {
	case version == 1:
		e.Zero(1 + 6)
		// The whole of a symbol table entry, as the releases that read it expect.
		e.symbolTableEntry(&SymbolTableEntry{Header: m.Header})
	case version > 3:
		e.fail(unknownVersion("", version, "1 to 3"))
	case m.InHeap:
		e.U8(sharedInHeap)
		e.Bytes(m.HeapID[:])
	default:
		e.U8(sharedCommitted)
		e.address("object header", m.Header)
	}
	return e.done(b)
}
