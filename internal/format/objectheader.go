package format

import (
	"fmt"
	"time"

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

// ObjectHeader is the prefix of an object header. Spec: IV.A.1.
type ObjectHeader struct {
	Version       uint8
	Flags         uint8  // version 2
	RefCount      uint32 // version 1: hard links to the object
	Access        time.Time
	Modification  time.Time
	Change        time.Time
	Birth         time.Time
	HasTimes      bool
	MaxCompact    uint16 // attributes: most that stay compact
	MinDense      uint16 // attributes: fewest that stay dense
	ChunkSize     uint64 // bytes of messages in the first chunk
	PrefixSize    uint64 // bytes before the first message
	MessagesCount uint16 // version 1
}

// TracksOrder tells whether attribute messages carry their creation order.
func (h *ObjectHeader) TracksOrder() bool { return h.Version == 2 && h.Flags&0x04 != 0 }

// ObjectHeaderPrefixSize is enough bytes for the longest prefix.
const ObjectHeaderPrefixSize = 34

// DecodeObjectHeader reads the prefix of an object header; b may be longer. A
// version 2 prefix is covered by the checksum at the end of its first chunk,
// which VerifyObjectHeader compares.
//
//	version 1: version, reserved, messages 2, references 4, size 4, reserved 4
//	version 2: "OHDR", version, flags, [times 4·4], [phase change 2·2], size 1–8
//
// Spec: IV.A.1.
func DecodeObjectHeader(b []byte) (*ObjectHeader, error) {
	r := wire.NewReader(b, wire.Sizes{})
	if len(b) >= 4 && string(b[:4]) == "OHDR" {
		h, err := decodeObjectHeaderV2(r)
		return h, inRecord("object header", err)
	}
	h := &ObjectHeader{Version: r.U8()}
	if h.Version != 1 && r.Err() == nil {
		if b[0] == 0 || b[0] > 8 {
			return nil, h5err.Corrupt("object header", "version or signature", "bytes % x", b[:min(len(b), 4)])
		}
		return nil, unknownVersion("object header", h.Version, "1 and 2")
	}
	r.Skip(1)
	h.MessagesCount, h.RefCount, h.ChunkSize = r.U16(), r.U32(), uint64(r.U32())
	r.Skip(4)
	h.PrefixSize = 16
	return h, inRecord("object header", r.Err())
}

func decodeObjectHeaderV2(r *wire.Reader) (*ObjectHeader, error) {
	r.Skip(4)
	h := &ObjectHeader{Version: r.U8(), Flags: r.U8(), RefCount: 1}
	if h.Version != 2 && r.Err() == nil {
		return nil, unknownVersion("object header", h.Version, "1 and 2")
	}
	if h.Flags&^uint8(0x3f) != 0 {
		return nil, h5err.Corrupt("object header", "flags", "0x%02x has reserved bits", h.Flags)
	}
	if h.Flags&0x20 != 0 {
		h.HasTimes = true
		stamp := func() time.Time { return time.Unix(int64(r.U32()), 0).UTC() }
		h.Access, h.Modification, h.Change, h.Birth = stamp(), stamp(), stamp(), stamp()
	}
	if h.Flags&0x10 != 0 {
		h.MaxCompact, h.MinDense = r.U16(), r.U16()
	}
	h.ChunkSize = r.Uint(1 << (h.Flags & 3))
	h.PrefixSize = uint64(r.Pos())
	return h, r.Err()
}

// VerifyObjectHeader compares the checksum of a version 2 first chunk, prefix
// included, and gives the messages' bytes. Spec: IV.A.1.b.
func VerifyObjectHeader(h *ObjectHeader, b []byte) ([]byte, error) {
	body, err := verify("object header", b)
	if err != nil {
		return nil, err
	}
	return body[h.PrefixSize:], nil
}

// DecodeContinuation gives the messages' bytes of a continuation block: all of
// b in version 1; between "OCHK" and the checksum in version 2.
// Spec: IV.A.2.q.
func DecodeContinuation(h *ObjectHeader, b []byte) ([]byte, error) {
	if h.Version == 1 {
		return b, nil
	}
	const name = "object header continuation block"
	body, err := verify(name, b)
	if err != nil {
		return nil, err
	}
	r := wire.NewReader(body, wire.Sizes{})
	r.Signature("OCHK")
	rest := r.Rest()
	return rest, inRecord(name, r.Err())
}

// DecodeMessages splits the messages of one chunk of h and appends them to
// list. A gap too small for a message may end a version 2 chunk.
// Spec: IV.A.1.a and b.
func DecodeMessages(h *ObjectHeader, b []byte, list []Message) ([]Message, error) {
	r := wire.NewReader(b, wire.Sizes{})
	head := 8
	if h.Version == 2 {
		head = 4
		if h.TracksOrder() {
			head = 6
		}
	}
	for r.Err() == nil && r.Len() >= head {
		var m Message
		var n int
		if h.Version == 1 {
			m.Type, n, m.Flags = MessageType(r.U16()), int(r.U16()), r.U8()
			r.Skip(3)
			if n%8 != 0 {
				return list, h5err.Corrupt("object header message", "size", "%d is not a multiple of 8", n)
			}
		} else {
			m.Type, n, m.Flags = MessageType(r.U8()), int(r.U16()), r.U8()
			if h.TracksOrder() {
				m.Order = r.U16()
			}
		}
		m.Data = r.Bytes(n)
		if r.Err() != nil {
			return list, fmt.Errorf("object header message of type 0x%02x: %w", uint16(m.Type), r.Err())
		}
		if err := m.check(); err != nil {
			return list, err
		}
		list = append(list, m)
	}
	if h.Version == 1 && r.Len() > 0 {
		return list, h5err.Corrupt("object header", "message", "%d bytes remain, too few for a message", r.Len())
	}
	return list, nil
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

// SharedMessage points to the real body of a message: in the header of a
// committed datatype, or in the heap of shared messages.
// Spec: IV.A.2, "shared message".
type SharedMessage struct {
	InHeap bool
	HeapID [8]byte      // InHeap: fractal heap ID in the shared message heap
	Header wire.Address // otherwise: object header that has the message
}

// DecodeSharedMessage reads a pointer to a shared message: version, type, then
// [version 1: 6 reserved] an address, or [version 3, type 1] a heap ID.
// Spec: IV.A.2, "shared message".
func DecodeSharedMessage(b []byte, s wire.Sizes) (SharedMessage, error) {
	const name = "shared message"
	r := wire.NewReader(b, s)
	var m SharedMessage
	v, t := r.U8(), r.U8()
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
	case v == 3 && t == 1:
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
