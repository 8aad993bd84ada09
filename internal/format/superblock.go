package format

import (
	"bytes"

	"gables/hdf5/h5err"
	"gables/internal/wire"
)

// Signature begins every HDF5 file, at 0, 512, 1024, 2048 … (Spec: II.A).
const Signature = "\x89HDF\r\n\x1a\n"

// SuperblockSize is enough for a superblock of any version.
const SuperblockSize = 24 + 4 + 4*8 + 40

// Consistency flags of superblock versions 2 and 3 (Spec: II.A).
const (
	FlagWriteAccess = 0x01 // open for writing
	FlagSWMRWrite   = 0x04 // open for single-writer/multiple-reader writing

	// FlagLockOut is a bit that libhdf5 does not know: it refuses a file that has
	// it set. Below version 3 it takes no notice of the others (tried with 1.10.8,
	// 1.14.6 and 2.0).
	FlagLockOut = 0x08
)

// Superblock is the entry to a file.
//
//	version 0, 1: signature 8, version, free-space version, root version, 0,
//	  shared header version, size of offsets, size of lengths, 0, leaf K 2,
//	  internal K 2, flags 4, [1: indexed storage K 2, 0 2], base, free space,
//	  end of file, driver info, root symbol table entry
//	version 2, 3: signature 8, version, size of offsets, size of lengths,
//	  flags, base, extension, end of file, root header, checksum 4
//
// Spec: II.A.
type Superblock struct {
	Version    uint8
	Sizes      wire.Sizes
	Flags      uint32
	LeafK      uint16 // group leaf node K; versions 0 and 1
	InternalK  uint16 // group internal node K; versions 0 and 1
	ChunkK     uint16 // indexed storage internal node K; version 1
	Base       wire.Address
	FreeSpace  wire.Address // versions 0 and 1
	Extension  wire.Address // versions 2 and 3
	EndOfFile  wire.Address
	DriverInfo wire.Address     // versions 0 and 1
	RootEntry  SymbolTableEntry // versions 0 and 1
	Root       wire.Address     // object header of the root group
}

// DecodeSuperblock reads the superblock at the start of b, which may be longer.
// Spec: II.A.
func DecodeSuperblock(b []byte) (*Superblock, error) {
	const name = "superblock"
	if !bytes.HasPrefix(b, []byte(Signature)) {
		return nil, h5err.New(h5err.ErrNotHDF5, name, "signature", "absent")
	}
	if len(b) < 16 {
		return nil, h5err.New(h5err.ErrTruncated, name, "", "%d bytes", len(b))
	}
	var s *Superblock
	var err error
	switch v := b[8]; v {
	case 0, 1:
		s, err = decodeSuperblockV0(b)
	case 2, 3:
		s, err = decodeSuperblockV2(b)
	default:
		return nil, unknownVersion(name, v, "0 to 3")
	}
	return s, inRecord(name, err)
}

func decodeSuperblockV0(b []byte) (*Superblock, error) {
	s := &Superblock{Version: b[8], Sizes: wire.Sizes{Offset: int(b[13]), Length: int(b[14])},
		Extension: wire.Undefined}
	if err := checkSizes(s.Sizes); err != nil {
		return nil, err
	}
	if b[9] != 0 || b[10] != 0 || b[12] != 0 {
		return nil, h5err.Unsupported("superblock", "version of free space, root or shared header", "got %d, %d, %d, want 0", b[9], b[10], b[12])
	}
	n := SuperblockBytes(s.Version, s.Sizes)
	if len(b) < n {
		return nil, h5err.New(h5err.ErrTruncated, "superblock", "", "%d of %d bytes", len(b), n)
	}
	r := wire.NewReader(b, s.Sizes)
	r.Skip(16)
	s.LeafK, s.InternalK, s.Flags = r.U16(), r.U16(), r.U32()
	if s.Version == 1 {
		s.ChunkK = r.U16()
		r.Skip(2)
	}
	s.Base, s.FreeSpace, s.EndOfFile, s.DriverInfo = r.Address(), r.Address(), r.Address(), r.Address()
	s.RootEntry = DecodeSymbolTableEntry(r)
	s.Root = s.RootEntry.Header
	if r.Err() == nil && (s.LeafK == 0 || s.InternalK == 0) {
		return nil, h5err.Corrupt("superblock", "group node K", "leaf %d, internal %d", s.LeafK, s.InternalK)
	}
	return s, r.Err()
}

func decodeSuperblockV2(b []byte) (*Superblock, error) {
	s := &Superblock{Version: b[8], Sizes: wire.Sizes{Offset: int(b[9]), Length: int(b[10])},
		Flags: uint32(b[11]), FreeSpace: wire.Undefined, DriverInfo: wire.Undefined}
	if err := checkSizes(s.Sizes); err != nil {
		return nil, err
	}
	n := SuperblockBytes(s.Version, s.Sizes)
	if len(b) < n {
		return nil, h5err.New(h5err.ErrTruncated, "superblock", "", "%d of %d bytes", len(b), n)
	}
	body, err := verify("superblock", b[:n])
	if err != nil {
		return nil, err
	}
	r := wire.NewReader(body, s.Sizes)
	r.Skip(12)
	s.Base, s.Extension, s.EndOfFile, s.Root = r.Address(), r.Address(), r.Address(), r.Address()
	return s, r.Err()
}

// checkSizes holds the widths to those that can be read; the format also
// defines 16 and 32, which nothing writes.
func checkSizes(s wire.Sizes) error {
	for _, n := range []int{s.Offset, s.Length} {
		switch n {
		case 2, 4, 8:
		case 16, 32:
			return h5err.Unsupported("superblock", "size of offsets or lengths", "%d bytes", n)
		default:
			return h5err.Corrupt("superblock", "size of offsets or lengths", "%d bytes", n)
		}
	}
	return nil
}

// SuperblockVersion is the version that libhdf5 chooses, unless the file needs
// more: a B-tree K of chunks other than 32 needs 1, what only an extension can
// tell (file space, shared messages) needs 2. Source: libhdf5's H5Fsuper.c.
func SuperblockVersion(low Bound) uint8 { return low.of([...]uint8{0, 2, 3, 3, 3, 3}) }

// SuperblockBytes is the size of a superblock; 0 for a version that is not known.
func SuperblockBytes(version uint8, s wire.Sizes) int {
	switch version {
	case 0:
		return 24 + 4*s.Offset + SymbolTableEntrySize(s)
	case 1:
		return 24 + 4 + 4*s.Offset + SymbolTableEntrySize(s)
	case 2, 3:
		return 12 + 4*s.Offset + 4
	}
	return 0
}

// AppendSuperblock appends a superblock. Versions 0 and 1 take the root group
// from RootEntry, 2 and 3 from Root. ErrLimit: a field does not fit;
// ErrUnsupported: the format has no such superblock. Spec: II.A.
func AppendSuperblock(b []byte, s *Superblock) ([]byte, error) {
	e := newEncoder("superblock", b, s.Sizes)
	if err := checkSizes(s.Sizes); err != nil {
		return b, err
	}
	e.String(Signature)
	e.U8(s.Version)
	switch s.Version {
	case 0, 1:
		e.superblockV0(s)
	case 2, 3:
		e.U8(uint8(s.Sizes.Offset))
		e.U8(uint8(s.Sizes.Length))
		e.uint("flags", uint64(s.Flags), 1)
		e.address("base address", s.Base)
		e.address("extension", s.Extension)
		e.address("end of file", s.EndOfFile)
		e.address("root group", s.Root)
		e.Zero(4)
		seal(e.Buf[len(b):])
	default:
		e.fail(unknownVersion("", s.Version, "0 to 3"))
	}
	return e.done(b)
}

func (e *encoder) superblockV0(s *Superblock) {
	if s.LeafK == 0 || s.InternalK == 0 {
		e.fail(noForm("group node K", "leaf %d, internal %d", s.LeafK, s.InternalK))
	}
	e.Zero(4)
	e.U8(uint8(s.Sizes.Offset))
	e.U8(uint8(s.Sizes.Length))
	e.Zero(1)
	e.U16(s.LeafK)
	e.U16(s.InternalK)
	e.U32(s.Flags)
	if s.Version == 1 {
		e.U16(s.ChunkK)
		e.Zero(2)
	}
	e.address("base address", s.Base)
	e.address("free space", s.FreeSpace)
	e.address("end of file", s.EndOfFile)
	e.address("driver info", s.DriverInfo)
	e.symbolTableEntry(&s.RootEntry)
}

// lockOut is the byte of an encoded superblock, and the bit in it, that keeps
// other programs out; bit 0 when b is no superblock.
func lockOut(b []byte) (at int, bit byte) {
	switch {
	case len(b) < 24 || string(b[:8]) != Signature:
		return 0, 0
	case b[8] < 2:
		return 20, FlagLockOut
	case b[8] == 2:
		return 11, FlagLockOut
	case b[8] == 3:
		return 11, FlagWriteAccess
	}
	return 0, 0
}

// MarkSuperblock sets or clears, in place, the mark in the superblock at the
// start of b that makes libhdf5 refuse the file: FlagWriteAccess in version 3,
// FlagLockOut before. Superblocks that don't
// decode are not touched: it gives DecodeSuperblock's error. Spec: II.A.
func MarkSuperblock(b []byte, on bool) error {
	s, err := DecodeSuperblock(b)
	if err != nil {
		return err
	}
	at, bit := lockOut(b)
	b[at] &^= bit
	if on {
		b[at] |= bit
	}
	if s.Version >= 2 {
		seal(b[:SuperblockBytes(s.Version, s.Sizes)])
	}
	return nil
}

// SuperblockMarked tells whether MarkSuperblock's mark is set in the superblock
// at the start of b; false when there is none.
func SuperblockMarked(b []byte) bool {
	at, bit := lockOut(b)
	return bit != 0 && b[at]&bit != 0
}

// DriverInfo says how the file's address space is spread over several files.
// Spec: II.B; as a message IV.A.2.u.
type DriverInfo struct {
	Name string // eight characters: NCSAfami, NCSAmult
	Data []byte
}

// DecodeDriverInfo reads the driver information block: version, 3 reserved,
// size 4, identification 8, information. Spec: II.B.
func DecodeDriverInfo(b []byte) (*DriverInfo, error) {
	r := wire.NewReader(b, wire.Sizes{})
	if v := r.U8(); v != 0 && r.Err() == nil {
		return nil, unknownVersion("driver info", v, "0")
	}
	r.Skip(3)
	n := r.U32()
	name := string(r.Bytes(8))
	if int64(n) > int64(r.Len()) {
		return nil, h5err.Corrupt("driver info", "size", "%d bytes, %d remain", n, r.Len())
	}
	data := r.Bytes(int(n))
	return &DriverInfo{Name: name, Data: data}, inRecord("driver info", r.Err())
}

// DecodeDriverInfoMessage reads the same from a superblock extension: version,
// identification 8, size 2, information. Spec: IV.A.2.u.
func DecodeDriverInfoMessage(b []byte) (*DriverInfo, error) {
	r := wire.NewReader(b, wire.Sizes{})
	if v := r.U8(); v != 0 && r.Err() == nil {
		return nil, unknownVersion("driver info message", v, "0")
	}
	name := string(r.Bytes(8))
	data := r.Bytes(int(r.U16()))
	return &DriverInfo{Name: name, Data: data}, inRecord("driver info message", r.Err())
}

// MultiMember is one file of a multi-file.
type MultiMember struct {
	Address uint64 // first position of the member's region
	End     uint64 // end of allocated positions
	Pattern string // file name with %s for the common part
}

// Multi decodes the information of the multi-file driver: a map from the six
// memory types to members, then each distinct member's address and end of
// allocation, then its name, NUL-padded to 8. Source: libhdf5's H5FDmulti.c.
func (d *DriverInfo) Multi() ([]MultiMember, error) {
	r := wire.NewReader(d.Data, wire.Sizes{Offset: 8, Length: 8})
	m := r.Bytes(6)
	r.Skip(2)
	if r.Err() != nil {
		return nil, inRecord("driver info", r.Err())
	}
	seen := [7]bool{}
	var members []MultiMember
	for i, t := range m {
		if t == 0 {
			t = byte(i + 1)
		}
		if t > 6 {
			return nil, h5err.Corrupt("driver info", "memory type map", "entry %d is %d", i, t)
		}
		if seen[t] {
			continue
		}
		seen[t] = true
		members = append(members, MultiMember{Address: r.U64(), End: r.U64()})
	}
	for i := range members {
		start := r.Pos()
		members[i].Pattern = r.CString()
		if pad := (r.Pos() - start) % 8; pad != 0 {
			r.Skip(8 - pad)
		}
	}
	return members, inRecord("driver info", r.Err())
}

// Family decodes the information of the family driver: bytes in each member.
func (d *DriverInfo) Family() (uint64, error) {
	r := wire.NewReader(d.Data, wire.Sizes{})
	n := r.U64()
	if r.Err() == nil && n == 0 {
		return 0, h5err.Corrupt("driver info", "family member size", "0")
	}
	return n, inRecord("driver info", r.Err())
}
