package format

import (
	"time"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

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

// Flags of a version 2 object header. Spec: IV.A.1.b.
const (
	HeaderSizeWidth   = 0x03 // code of the width of the first chunk's size: 0 to 3 for 1, 2, 4, 8 bytes
	HeaderTracksOrder = 0x04 // of attributes' creation
	HeaderIndexOrder  = 0x08 // of attributes' creation
	HeaderPhaseChange = 0x10 // MaxCompact and MinDense are stored; else they are 8 and 6
	HeaderTimes       = 0x20
	headerFlagsKnown  = 0x3f
)

// TracksOrder tells whether attribute messages carry their creation order.
func (h *ObjectHeader) TracksOrder() bool { return h.Version == 2 && h.Flags&HeaderTracksOrder != 0 }

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
	if h.Flags&^uint8(headerFlagsKnown) != 0 {
		return nil, h5err.Corrupt("object header", "flags", "0x%02x has reserved bits", h.Flags)
	}
	if h.Flags&HeaderTimes != 0 {
		h.HasTimes = true
		stamp := func() time.Time { return time.Unix(int64(r.U32()), 0).UTC() }
		h.Access, h.Modification, h.Change, h.Birth = stamp(), stamp(), stamp(), stamp()
	}
	if h.Flags&HeaderPhaseChange != 0 {
		h.MaxCompact, h.MinDense = r.U16(), r.U16()
	}
	h.ChunkSize = r.Uint(1 << (h.Flags & HeaderSizeWidth))
	h.PrefixSize = uint64(r.Pos())
	return h, r.Err()
}

// ObjectHeaderVersion is the version that libhdf5 chooses, unless creation order
// of attributes is tracked, which needs 2.
func ObjectHeaderVersion(low Bound) uint8 { return low.of([...]uint8{1, 2, 2, 2, 2, 2}) }

// PrefixBytes is the size of the prefix that AppendObjectHeaderPrefix makes.
func (h *ObjectHeader) PrefixBytes() int {
	if h.Version == 1 {
		return 16
	}
	n := 6 + 1<<(h.Flags&HeaderSizeWidth)
	if h.Flags&HeaderTimes != 0 {
		n += 16
	}
	if h.Flags&HeaderPhaseChange != 0 {
		n += 4
	}
	return n
}

// SizeWidthFlag is the code in Flags of the narrowest width that holds a first
// chunk of n bytes of messages, which is what libhdf5 chooses.
func SizeWidthFlag(n uint64) uint8 { return widthFlag(n) }

// AppendObjectHeaderPrefix appends the prefix of an object header. In version 2
// Flags say which fields are stored and how wide ChunkSize is. ErrLimit says
// that a field does not fit, ErrUnsupported that the format has no such prefix.
// Spec: IV.A.1.
func AppendObjectHeaderPrefix(b []byte, h *ObjectHeader) ([]byte, error) {
	e := newEncoder("object header", b, wire.Sizes{})
	switch h.Version {
	case 1:
		if h.ChunkSize%8 != 0 {
			e.fail(noForm("size", "%d is not a multiple of 8", h.ChunkSize))
		}
		e.U8(1)
		e.Zero(1)
		e.U16(h.MessagesCount)
		e.U32(h.RefCount)
		e.uint("size", h.ChunkSize, 4)
		e.Zero(4)
	case 2:
		e.objectHeaderV2(h)
	default:
		e.fail(unknownVersion("", h.Version, "1 and 2"))
	}
	return e.done(b)
}

func (e *encoder) objectHeaderV2(h *ObjectHeader) {
	if h.Flags&^uint8(headerFlagsKnown) != 0 {
		e.fail(noForm("flags", "0x%02x", h.Flags))
	}
	e.String("OHDR")
	e.U8(2)
	e.U8(h.Flags)
	if h.Flags&HeaderTimes != 0 {
		e.seconds("access time", h.Access)
		e.seconds("modification time", h.Modification)
		e.seconds("change time", h.Change)
		e.seconds("birth time", h.Birth)
	}
	if h.Flags&HeaderPhaseChange != 0 {
		e.U16(h.MaxCompact)
		e.U16(h.MinDense)
	}
	e.uint("size", h.ChunkSize, 1<<(h.Flags&HeaderSizeWidth))
}

// AppendObjectHeader appends the first chunk of an object header: the prefix
// with the size of messages, these, and in version 2 their checksum. Its errors
// are those of AppendObjectHeaderPrefix. Spec: IV.A.1.
func AppendObjectHeader(b []byte, h *ObjectHeader, messages []byte) ([]byte, error) {
	full := *h
	full.ChunkSize = uint64(len(messages))
	out, err := AppendObjectHeaderPrefix(b, &full)
	if err != nil {
		return b, err
	}
	out = append(out, messages...)
	if h.Version == 2 {
		out = append(out, 0, 0, 0, 0)
		SealObjectHeader(out[len(b):])
	}
	return out, nil
}

// SealObjectHeader writes the checksum of a version 2 first chunk, prefix
// included, or continuation block into the last four bytes of b, which are all
// of it, at least 4. Spec: IV.A.1.b.
func SealObjectHeader(b []byte) { seal(b) }

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

// ContinuationOverhead is how many bytes a continuation block of h takes beside
// its messages.
func (h *ObjectHeader) ContinuationOverhead() int {
	if h.Version == 1 {
		return 0
	}
	return 8
}

// AppendContinuation appends a continuation block of h: the messages alone in
// version 1; between "OCHK" and the checksum in version 2. It can't fail.
// Spec: IV.A.2.q.
func AppendContinuation(b []byte, h *ObjectHeader, messages []byte) []byte {
	if h.Version == 1 {
		return append(b, messages...)
	}
	out := append(append(append(b, "OCHK"...), messages...), 0, 0, 0, 0)
	SealObjectHeader(out[len(b):])
	return out
}
