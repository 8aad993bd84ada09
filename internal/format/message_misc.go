package format

import (
	"strings"
	"time"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// DecodeComment reads an object comment. Spec: IV.A.2.n.
func DecodeComment(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}

// AppendComment appends an object comment; what follows a NUL in it is not part
// of it and is left out. It can't fail. Spec: IV.A.2.n.
func AppendComment(b []byte, text string) []byte {
	text, _, _ = strings.Cut(text, "\x00")
	return append(append(b, text...), 0)
}

// DecodeModTime reads a modification time: version, reserved 3, seconds 4.
// Spec: IV.A.2.s.
func DecodeModTime(b []byte) (time.Time, error) {
	const name = "modification time message"
	r := wire.NewReader(b, wire.Sizes{})
	if v := r.U8(); v != 1 && r.Err() == nil {
		return time.Time{}, unknownVersion(name, v, "1")
	}
	r.Skip(3)
	t := time.Unix(int64(r.U32()), 0).UTC()
	return t, inRecord(name, r.Err())
}

// AppendModTime appends a modification time; ErrLimit says that t lies before
// 1970 or after 2106. Spec: IV.A.2.s.
func AppendModTime(b []byte, t time.Time) ([]byte, error) {
	e := newEncoder("modification time message", b, wire.Sizes{})
	e.U8(1)
	e.Zero(3)
	e.seconds("time", t)
	return e.done(b)
}

// DecodeModTimeOld reads YYYYMMDDhhmmss in UTC. Spec: IV.A.2.o.
func DecodeModTimeOld(b []byte) (time.Time, error) {
	const name = "old modification time message"
	if len(b) < 14 {
		return time.Time{}, h5err.Corrupt(name, "", "%d bytes", len(b))
	}
	t, err := time.Parse("20060102150405", string(b[:14]))
	if err != nil {
		return time.Time{}, h5err.Corrupt(name, "", "%q", b[:14])
	}
	return t, nil
}

// DecodeRefCount reads an object reference count: version, count 4.
// Spec: IV.A.2.w.
func DecodeRefCount(b []byte) (uint32, error) {
	const name = "object reference count message"
	r := wire.NewReader(b, wire.Sizes{})
	if v := r.U8(); v != 0 && r.Err() == nil {
		return 0, unknownVersion(name, v, "0")
	}
	n := r.U32()
	return n, inRecord(name, r.Err())
}

// AppendRefCount appends an object reference count. It can't fail.
// Spec: IV.A.2.w.
func AppendRefCount(b []byte, n uint32) []byte {
	a := wire.Appender{Buf: b}
	a.U8(0)
	a.U32(n)
	return a.Buf
}

// BTreeK are the v1 B-tree K values of a superblock extension.
// Spec: IV.A.2.t.
type BTreeK struct{ Chunk, GroupInternal, GroupLeaf uint16 }

// DecodeBTreeK reads version and the three values. Spec: IV.A.2.t.
func DecodeBTreeK(b []byte) (*BTreeK, error) {
	const name = "B-tree K message"
	r := wire.NewReader(b, wire.Sizes{})
	if v := r.U8(); v != 0 && r.Err() == nil {
		return nil, unknownVersion(name, v, "0")
	}
	k := &BTreeK{Chunk: r.U16(), GroupInternal: r.U16(), GroupLeaf: r.U16()}
	return k, inRecord(name, r.Err())
}

// AppendBTreeK appends a B-tree K message. It can't fail. Spec: IV.A.2.t.
func AppendBTreeK(b []byte, k *BTreeK) []byte {
	a := wire.Appender{Buf: b}
	a.U8(0)
	a.U16(k.Chunk)
	a.U16(k.GroupInternal)
	a.U16(k.GroupLeaf)
	return a.Buf
}

// SharedTable points to the table of shared messages. Spec: IV.A.2.p.
type SharedTable struct {
	Address wire.Address
	Indexes int
}

// DecodeSharedTableMessage reads version, address, indexes. Spec: IV.A.2.p.
func DecodeSharedTableMessage(b []byte, s wire.Sizes) (*SharedTable, error) {
	const name = "shared message table message"
	r := wire.NewReader(b, s)
	if v := r.U8(); v != 0 && r.Err() == nil {
		return nil, unknownVersion(name, v, "0")
	}
	t := &SharedTable{Address: r.Address(), Indexes: int(r.U8())}
	if r.Err() == nil && (t.Indexes == 0 || t.Indexes > 8) {
		return nil, h5err.Corrupt(name, "number of indexes", "%d", t.Indexes)
	}
	return t, inRecord(name, r.Err())
}

// SharedIndex is one index of the table of shared messages. Spec: III.G.
type SharedIndex struct {
	MessageTypes uint16 // bit per message type that is shared through it
	Heap         wire.Address
	InTree       bool   // the index is a B-tree v2; else a list
	ListMost     uint16 // messages that a list has room for
	Messages     uint16
	Index        wire.Address // of the list or B-tree
}

// SharedTableSize is the size of a table of n indexes.
func SharedTableSize(n int, s wire.Sizes) uint64 { return uint64(4 + n*(14+2*s.Offset) + 4) }

// DecodeSharedTable reads "SMTB", then for each index version, type, message
// types 2, smallest size 4, list cutoff 2, B-tree cutoff 2, messages 2, index
// address, heap address; checksum 4. Spec: III.G.
func DecodeSharedTable(b []byte, n int, s wire.Sizes) ([]SharedIndex, error) {
	const name = "shared message table"
	body, err := verify(name, b)
	if err != nil {
		return nil, err
	}
	r := wire.NewReader(body, s)
	r.Signature("SMTB")
	list := make([]SharedIndex, 0, n)
	for i := 0; i < n && r.Err() == nil; i++ {
		if v := r.U8(); v != 0 && r.Err() == nil {
			return nil, unknownVersion(name, v, "0")
		}
		x := SharedIndex{InTree: r.U8() == 1, MessageTypes: r.U16()}
		r.Skip(4)
		x.ListMost = r.U16()
		r.Skip(2)
		x.Messages, x.Index, x.Heap = r.U16(), r.Address(), r.Address()
		list = append(list, x)
	}
	return list, inRecord(name, r.Err())
}

// SharedListSize is the size of a list of n shared messages: "SMLI", for each
// its place 1, hash 4, and what is longer: reference count 4 and heap ID 8, or
// reserved 1, type 1, index 2 and address; checksum 4. Spec: III.G.
func SharedListSize(n int, s wire.Sizes) uint64 {
	return uint64(4 + n*(1+4+max(4+8, 1+1+2+s.Offset)) + 4)
}

// CheckSharedList compares signature and checksum of a list of shared messages,
// of which b is the part that is used. Spec: III.G.
func CheckSharedList(b []byte) error {
	const name = "shared message list"
	_, err := verifyTagged(name, "SMLI", b)
	return inRecord(name, err)
}
