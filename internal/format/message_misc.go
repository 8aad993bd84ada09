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

// FileSpaceInfo says how the file's free space is managed. Spec: IV.A.2.x.
type FileSpaceInfo struct {
	Version   uint8
	Strategy  string // "fsm-aggr", "page", "aggr", "none"
	Persist   bool
	Threshold uint64 // smallest free range that is remembered
	PageSize  uint64
	Managers  []wire.Address // free-space manager headers
}

// DecodeFileSpaceInfo reads a file space info message of version 0 or 1.
// Spec: IV.A.2.x.
func DecodeFileSpaceInfo(b []byte, s wire.Sizes) (*FileSpaceInfo, error) {
	const name = "file space info message"
	r := wire.NewReader(b, s)
	f := &FileSpaceInfo{Version: r.U8()}
	strategy := r.U8()
	n := 0
	switch {
	case r.Err() != nil:
	case f.Version == 0:
		// Strategies of 1.10's predecessors: 1 persist, 2 managers, 3 aggregators, 4 none.
		f.Strategy = [...]string{"unknown", "fsm-aggr", "fsm-aggr", "aggr", "none"}[min(int(strategy), 4)]
		f.Persist, f.Threshold, n = strategy == 1, r.Length(), 6
		if !f.Persist {
			n = 0
		}
	case f.Version == 1:
		f.Strategy = [...]string{"fsm-aggr", "page", "aggr", "none", "unknown"}[min(int(strategy), 4)]
		f.Persist = r.U8() != 0
		f.Threshold, f.PageSize = r.Length(), r.Length()
		r.Skip(2)
		r.Address()
		if f.Persist {
			n = 12
		}
	default:
		return nil, unknownVersion(name, f.Version, "0 and 1")
	}
	for range n {
		if a := r.Address(); a.Defined() {
			f.Managers = append(f.Managers, a)
		}
	}
	return f, inRecord(name, r.Err())
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
		r.Skip(1)
		types := r.U16()
		r.Skip(4 + 2 + 2 + 2)
		r.Address()
		list = append(list, SharedIndex{MessageTypes: types, Heap: r.Address()})
	}
	return list, inRecord(name, r.Err())
}
